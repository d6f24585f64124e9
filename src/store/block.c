/// Rows of finished trials in memory, column by column, as they will stand in the file.
#include "store/block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/// Most bytes of rows that are put together to be written in one call.
enum { RUN_BYTES = 1 << 18 };

uint32_t gs_row_checksum(const void *row, size_t bytes) {
    return XXH32(row, bytes, 0);
}

gs_status gs_block_create(const gs_layout *layout, int capacity, gs_block **block, gs_error *error) {
    gs_block *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the rows of %d trials", capacity);
    }
    made->layout = layout;
    made->capacity = capacity;
    made->trials = calloc((size_t)capacity, sizeof *made->trials);
    made->order = calloc((size_t)capacity, sizeof *made->order);
    made->rows = calloc((size_t)layout->count, sizeof *made->rows);
    bool complete = made->trials != NULL && made->order != NULL && made->rows != NULL;
    for (int i = 0; i < layout->count && complete; i++) {
        const gs_dataset *dataset = &layout->columns[i].dataset;
        if (dataset->by_trial) {
            made->rows[i] = calloc((size_t)capacity, (size_t)dataset->row_bytes);
            complete = made->rows[i] != NULL;
        }
    }
    made->run = malloc(RUN_BYTES);
    made->row = complete ? calloc(1, (size_t)gs_layout_trial_bytes(layout)) : NULL;
    complete = complete && made->run != NULL && made->row != NULL;
    if (!complete) {
        gs_block_free(made);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the rows of %d trials", capacity);
    }
    *block = made;
    return GS_OK;
}

void gs_block_free(gs_block *block) {
    if (block == NULL) {
        return;
    }
    for (int i = 0; block->rows != NULL && i < block->layout->count; i++) {
        free(block->rows[i]);
    }
    free(block->run);
    free(block->row);
    free(block->rows);
    free(block->order);
    free(block->trials);
    free(block);
}

void gs_block_clear(gs_block *block) {
    block->count = 0;
}

int gs_block_count(const gs_block *block) {
    return block->count;
}

/// Notes the last row's place among the trials. Packs come in the plan's order, which is not that of the trials.
static void insert_in_order(gs_block *block, int64_t trial) {
    int low = 0, high = block->count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (block->trials[block->order[middle]] < trial) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low == block->count || block->trials[block->order[low]] != trial);
    memmove(block->order + low + 1, block->order + low, (size_t)(block->count - low) * sizeof *block->order);
    block->order[low] = block->count;
    block->trials[block->count++] = trial;
}

int gs_block_rows(const gs_block *block, int column, int first, int count, const unsigned char **rows) {
    const int64_t row_bytes = block->layout->columns[column].dataset.row_bytes;
    int together = 1;
    while (together < count && block->order[first + together] == block->order[first] + together) {
        together++;
    }
    *rows = block->rows[column] + block->order[first] * row_bytes;
    if (together == count || row_bytes > RUN_BYTES / 2) {
        return together;
    }
    const int most = (int)(RUN_BYTES / row_bytes), gathered = count < most ? count : most;
    for (int i = 0; i < gathered; i++) {
        memcpy(block->run + i * row_bytes, block->rows[column] + block->order[first + i] * row_bytes,
               (size_t)row_bytes);
    }
    *rows = block->run;
    return gathered;
}

void gs_block_append(gs_block *block, int64_t trial, const gs_settings *settings, const gs_training *training, int row,
                     const gs_check *check) {
    assert(block->count < block->capacity);
    const gs_source source = {block->layout, trial, settings, training, row, check};
    size_t used = 0; // of the row
    for (int i = 0; i < block->layout->count; i++) {
        const gs_column *column = &block->layout->columns[i];
        if (!column->dataset.by_trial) {
            continue;
        }
        const size_t bytes = (size_t)column->dataset.row_bytes;
        unsigned char *into = block->rows[i] + block->count * column->dataset.row_bytes;
        if (column->moment == GS_WRITTEN_CHECKSUM) {
            const uint32_t checksum = gs_row_checksum(block->row, used);
            memcpy(into, &checksum, sizeof checksum);
        } else if (column->moment == GS_WRITTEN_STATUS) {
            *into = training->diverged_epoch[row] == 0 ? GS_DONE : GS_DIVERGED;
        } else {
            unsigned char *const part = block->row + used;
            gs_element_clear(column->dataset.element, column->dataset.row_bytes, part);
            column->fill(column, &source, part);
            gs_column_canonicalise(column, part);
            memcpy(into, part, bytes);
            used += bytes;
        }
    }
    insert_in_order(block, trial);
}
