#include "store/rows.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

#include "store/block.h"
#include "store/results.h"

enum {
    CHUNK_BYTES = 4 << 20,
    MOST_TRIALS = 1 << 14,
};

int64_t gs_rows_capacity(const gs_layout *layout) {
    const int64_t trials = CHUNK_BYTES / gs_layout_trial_bytes(layout);
    return trials < 1 ? 1 : trials > MOST_TRIALS ? MOST_TRIALS : trials;
}

void gs_rows_free(gs_rows *rows) {
    for (int i = 0; rows->rows != NULL && i < rows->layout->count; i++) {
        free(rows->rows[i]);
    }
    free(rows->rows);
    free(rows->expected);
    free(rows->row);
    free(rows->settings);
    free(rows->damaged);
    free(rows->unlike);
    free(rows->digests);
}

bool gs_rows_create(const gs_layout *layout, int64_t capacity, gs_rows *rows) {
    const size_t trials = (size_t)capacity;
    *rows = (gs_rows){.layout = layout, .capacity = capacity};
    rows->rows = calloc((size_t)layout->count, sizeof *rows->rows);
    rows->expected = malloc(trials * GS_WIDEST_PLANNED);
    rows->row = malloc((size_t)gs_layout_trial_bytes(layout));
    rows->settings = calloc(trials, sizeof *rows->settings);
    rows->damaged = calloc(trials * (size_t)layout->count, sizeof *rows->damaged);
    rows->unlike = calloc(trials, sizeof *rows->unlike);
    rows->digests = calloc(trials, sizeof *rows->digests);
    bool complete = rows->rows != NULL && rows->expected != NULL && rows->row != NULL && rows->settings != NULL &&
                    rows->damaged != NULL && rows->unlike != NULL && rows->digests != NULL;
    for (int i = 0; i < layout->count && complete; i++) {
        if (layout->columns[i].dataset.by_trial) {
            rows->rows[i] = malloc(trials * (size_t)layout->columns[i].dataset.row_bytes);
            complete = rows->rows[i] != NULL;
        }
    }
    return complete;
}

gs_status gs_rows_read(gs_rows *rows, const gs_results *results, int64_t first, int64_t count, gs_error *error) {
    const gs_layout *layout = rows->layout;
    gs_status status = GS_OK;
    rows->first = first;
    rows->count = count;
    for (int i = layout->count - 1; i >= 0 && status == GS_OK; i--) {
        if (layout->columns[i].dataset.by_trial) {
            status =
                gs_results_read_unchecked(results, layout->columns[i].dataset.name, first, count, rows->rows[i], error);
        }
    }
    return status;
}

/// Compares a planned column with the plan and puts right, in memory, what is not as it must be.
static void check_planned(gs_rows *rows, int column) {
    const gs_layout *layout = rows->layout;
    const gs_dataset *dataset = &layout->columns[column].dataset;
    const int64_t row_bytes = dataset->row_bytes;
    gs_column_plan(layout, column, rows->first, rows->count, dataset->coordinate ? NULL : rows->settings,
                   rows->expected);
    for (int64_t i = 0; i < rows->count; i++) {
        unsigned char *row = rows->rows[column] + i * row_bytes;
        const bool damaged = memcmp(row, rows->expected + i * row_bytes, (size_t)row_bytes) != 0;
        rows->damaged[i * layout->count + column] = damaged;
        if (damaged) {
            memcpy(row, rows->expected + i * row_bytes, (size_t)row_bytes);
        }
    }
}

/// Puts the datasets before `checksum` of one trial after each other; of a pending one only what the plan says.
static size_t gather_row(const gs_rows *rows, int64_t i, bool finished) {
    const gs_layout *layout = rows->layout;
    size_t used = 0;
    for (int column = 0; column < layout->count; column++) {
        const gs_dataset *dataset = &layout->columns[column].dataset;
        const gs_moment moment = layout->columns[column].moment;
        if (dataset->by_trial && (moment == GS_WRITTEN_AT_CREATION || (finished && moment == GS_WRITTEN_AS_DATA))) {
            memcpy(rows->row + used, rows->rows[column] + i * dataset->row_bytes, (size_t)dataset->row_bytes);
            used += (size_t)dataset->row_bytes;
        }
    }
    return used;
}

/// Checks one trial's row and makes the digest that stands for it in the hash of all datasets.
static void check_trial(gs_rows *rows, int64_t i, int checksum_column, int diverged_column) {
    const gs_layout *layout = rows->layout;
    const unsigned char status = rows->rows[layout->count - 1][i];
    const bool finished = status != GS_PENDING;
    const size_t bytes = gather_row(rows, i, finished);
    uint32_t checksum;
    int64_t diverged_epoch;
    XXH128_canonical_t digest;
    memcpy(&checksum, rows->rows[checksum_column] + i * (int64_t)sizeof checksum, sizeof checksum);
    memcpy(&diverged_epoch, rows->rows[diverged_column] + i * (int64_t)sizeof diverged_epoch, sizeof diverged_epoch);
    rows->unlike[i] = finished && (status > GS_DIVERGED || checksum != gs_row_checksum(rows->row, bytes) ||
                                   (status == GS_DIVERGED) != (diverged_epoch != 0));
    XXH128_canonicalFromHash(&digest, XXH3_128bits_withSeed(rows->row, bytes, status));
    memcpy(rows->digests[i], &digest, sizeof digest);
    if (!finished && checksum != 0) {
        rows->whole_pending += checksum == gs_row_checksum(rows->row, gather_row(rows, i, true));
    }
}

void gs_rows_check(gs_rows *rows) {
    const gs_layout *layout = rows->layout;
    const int checksum_column = gs_layout_find(layout, "checksum");
    const int diverged_column = gs_layout_find(layout, "diverged_epoch");
    for (int64_t i = 0; i < rows->count; i++) {
        gs_plan_settings(layout->plan, rows->first + i, &rows->settings[i]);
    }
    rows->whole_pending = 0;
    memset(rows->damaged, 0, (size_t)(rows->count * layout->count) * sizeof *rows->damaged);
    for (int column = 0; column < layout->count; column++) {
        if (layout->columns[column].dataset.by_trial && layout->columns[column].moment == GS_WRITTEN_AT_CREATION) {
            check_planned(rows, column);
        }
    }
    for (int64_t i = 0; i < rows->count; i++) {
        check_trial(rows, i, checksum_column, diverged_column);
    }
}

void gs_rows_make_pending(gs_rows *rows, int64_t i) {
    for (int column = 0; column < rows->layout->count; column++) {
        const gs_dataset *dataset = &rows->layout->columns[column].dataset;
        if (dataset->by_trial && rows->layout->columns[column].moment != GS_WRITTEN_AT_CREATION) {
            gs_element_clear(dataset->element, dataset->row_bytes, rows->rows[column] + i * dataset->row_bytes);
        }
    }
}
