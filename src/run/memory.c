#include "run/memory.h"

#include <malloc.h>

#include "run/worker.h"

enum {
    BLOCK_BYTES = 4 << 20, ///< of rows that a thread gathers before it writes them
    MOST_PACKS_OF_A_BLOCK = 128,
};

int gs_packs_of_a_block(const gs_layout *layout, int lanes) {
    int64_t row_bytes = 0;
    for (int i = 0; i < gs_layout_dataset_count(layout); i++) {
        row_bytes += gs_layout_dataset(layout, i)->row_bytes;
    }
    const int64_t packs = BLOCK_BYTES / (row_bytes * lanes + 1);
    return packs < 1 ? 1 : packs > MOST_PACKS_OF_A_BLOCK ? MOST_PACKS_OF_A_BLOCK : (int)packs;
}

static double allocated_bytes(void) {
    const struct mallinfo2 now = mallinfo2();
    return (double)now.uordblks + (double)now.hblkhd;
}

gs_status gs_run_thread_bytes(const gs_experiment *experiment, const gs_plan *plan, gs_isa isa, double *bytes,
                              gs_error *error) {
    gs_layout *layout;
    gs_block *block = NULL;
    gs_worker worker = {0};
    gs_status status = gs_layout_create(experiment, plan, &layout, error);
    if (status != GS_OK) {
        return status;
    }
    const double before = allocated_bytes();
    status = gs_worker_create(experiment, isa, &worker, error);
    if (status == GS_OK) {
        const int lanes = gs_trainer_lanes(worker.trainer);
        status = gs_block_create(layout, gs_packs_of_a_block(layout, lanes) * lanes, &block, error);
    }
    *bytes = allocated_bytes() - before;
    gs_block_free(block);
    gs_worker_free(&worker);
    gs_layout_free(layout);
    return status;
}
