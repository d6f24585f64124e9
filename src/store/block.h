/// The rows of a block, as the file is written from them.
#ifndef GANSWEEP_STORE_BLOCK_H
#define GANSWEEP_STORE_BLOCK_H

#include "store/layout.h"

struct gs_block {
    const gs_layout *layout;
    int capacity, count;
    int64_t *trials;      ///< [count] ascending
    unsigned char **rows; ///< [layout->count] each [capacity x row_bytes]; NULL unless by_trial
};

#endif
