/// The rows of a block, as the file is written from them.
#ifndef GANSWEEP_STORE_BLOCK_H
#define GANSWEEP_STORE_BLOCK_H

#include "store/layout.h"

struct gs_block {
    const gs_layout *layout;
    int capacity, count;
    int64_t *trials;      ///< [count] as they were appended
    int *order;           ///< [count] their places in ascending order of the trials
    unsigned char **rows; ///< [layout->count] each [capacity x row_bytes]; NULL unless by_trial
    unsigned char *row;   ///< of one trial, the datasets after each other, as its checksum takes them
    unsigned char *run;   ///< rows put together to be written
};

/// Rows of one column for trials from the `first`-th in ascending order on, one after the other at `rows`, which stay
/// there until the next call.
/// @return how many, 1 ... count
int gs_block_rows(const gs_block *block, int column, int first, int count, const unsigned char **rows);

/// Checksum of a trial's row of every dataset before `checksum`, one after the other: XXH32, whose four sums each lose
/// nothing of their input, so that no change within four aligned bytes goes unseen.
uint32_t gs_row_checksum(const void *row, size_t bytes);

#endif
