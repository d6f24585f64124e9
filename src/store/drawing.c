/// The plots of a file that is being written.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/io.h"
#include "store/store.h"

/// Drawing takes at most one part in so many of the time between two drawings.
static const double DRAWING_SHARE = 100;
/// What a drawing is expected to take, of trials that were finished before.
static const double SECONDS_OF_A_TRIAL = 2e-6, MOST_EXPECTED = 5;
static const double SHORT_DRAWING = 0.25; // seconds: a run that is stopped waits for no longer one

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/// The rows of a store, as gs_plots_draw reads them.
static gs_status read_rows(void *source, const char *dataset, int64_t first, int64_t count, void *into,
                           gs_error *error) {
    gs_store *store = source;
    if (gs_store_is_stopped(store) && now() - store->drawing_began > SHORT_DRAWING) {
        store->drawing_was_stopped = true;
        return gs_fail(error, GS_ERROR_RUN, "stopped");
    }
    const int column = gs_layout_find(store->layout, dataset);
    const int64_t row_bytes = store->layout->columns[column].dataset.row_bytes;
    const int64_t address = store->addresses[column] + gs_layout_place(store->layout, column, first) * row_bytes;
    if (!gs_read_at(store->file, into, (size_t)(count * row_bytes), address)) {
        return gs_fail(error, GS_ERROR_RUN, "%s: %s can't be read: %s", store->path, dataset, gs_read_failure());
    }
    return GS_OK;
}

gs_status gs_store_write_drawing(const gs_store *store, const unsigned char *drawing, gs_error *error) {
    for (int i = 0; i < gs_plots_part_count(store->layout->plots); i++) {
        const gs_plot_part *part = gs_plots_part(store->layout->plots, i);
        if (!gs_write_at(store->file, drawing + part->offset, (size_t)part->bytes, store->part_addresses[i])) {
            return gs_store_fail(error, store, part->name, strerror(errno));
        }
    }
    return GS_OK;
}

gs_status gs_store_draw(gs_store *store, bool complete, gs_error *error) {
    store->drawing_began = now();
    store->drawing_was_stopped = false;
    unsigned char *drawing = malloc((size_t)gs_plots_bytes(store->layout->plots));
    gs_status status = drawing == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the plots") : GS_OK;
    if (status == GS_OK) {
        status = gs_plots_draw(store->layout->plots, read_rows, store, complete, drawing, error);
    }
    if (status == GS_OK) {
        status = gs_store_write_drawing(store, drawing, error);
    }
    free(drawing);
    store->drawn_at = now();
    store->drawing_seconds = store->drawn_at - store->drawing_began;
    return status;
}

void gs_store_expect_drawing(gs_store *store) {
    const double seconds = SECONDS_OF_A_TRIAL * (double)(store->ledger.done + store->ledger.diverged);
    store->drawing_seconds = seconds < MOST_EXPECTED ? seconds : MOST_EXPECTED;
    store->drawn_at = now();
}

bool gs_store_drawing_is_due(const gs_store *store) {
    return now() - store->drawn_at >= DRAWING_SHARE * store->drawing_seconds;
}
