/// Rows of finished trials in memory, column by column, as they will stand in the file.
#include "store/block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

gs_status gs_block_create(const gs_layout *layout, int capacity, gs_block **block, gs_error *error) {
    gs_block *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the rows of %d trials", capacity);
    }
    made->layout = layout;
    made->capacity = capacity;
    made->trials = calloc((size_t)capacity, sizeof *made->trials);
    made->rows = calloc((size_t)layout->count, sizeof *made->rows);
    bool complete = made->trials != NULL && made->rows != NULL;
    for (int i = 0; i < layout->count && complete; i++) {
        if (layout->columns[i].dataset.by_trial) {
            made->rows[i] = calloc((size_t)capacity, (size_t)layout->columns[i].dataset.row_bytes);
            complete = made->rows[i] != NULL;
        }
    }
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
    free(block->rows);
    free(block->trials);
    free(block);
}

void gs_block_clear(gs_block *block) {
    block->count = 0;
}

int gs_block_count(const gs_block *block) {
    return block->count;
}

void gs_block_append(gs_block *block, int64_t trial, const gs_settings *settings, const gs_training *training, int row,
                     const gs_check *check) {
    assert(block->count < block->capacity);
    assert(block->count == 0 || block->trials[block->count - 1] < trial);
    const gs_source source = {block->layout, trial, settings, training, row, check};
    XXH32_state_t hash;
    XXH32_reset(&hash, 0);
    for (int i = 0; i < block->layout->count; i++) {
        const gs_column *column = &block->layout->columns[i];
        if (!column->dataset.by_trial) {
            continue;
        }
        unsigned char *into = block->rows[i] + block->count * column->dataset.row_bytes;
        if (column->moment == GS_WRITTEN_CHECKSUM) {
            const uint32_t checksum = XXH32_digest(&hash);
            memcpy(into, &checksum, sizeof checksum);
        } else if (column->moment == GS_WRITTEN_STATUS) {
            *into = training->diverged_epoch[row] == 0 ? GS_DONE : GS_DIVERGED;
        } else {
            gs_element_clear(column->dataset.element, column->dataset.row_bytes, into);
            column->fill(column, &source, into);
            gs_column_canonicalise(column, into);
            XXH32_update(&hash, into, (size_t)column->dataset.row_bytes);
        }
    }
    block->trials[block->count++] = trial;
}
