/// The pass over all rows: from the files, through every check, into the new one.
#ifndef GANSWEEP_MERGE_COPY_H
#define GANSWEEP_MERGE_COPY_H

#include "merge/parts.h"
#include "store/store.h"

typedef struct {
    const gs_parts *parts;
    const gs_merge_options *options;
    gs_merged *merged; ///< filled: ledger and contents
} gs_copy;

/// Copies all rows of trials into the file that is being made, or, when it is to be virtual, only checks them.
gs_status gs_copy_rows(const gs_copy *copy, gs_store *store, gs_error *error);

#endif
