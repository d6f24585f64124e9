/// Rows of consecutive trials in memory, column by column, and what is wrong with them: what verifying a file and
/// merging several have in common.
#ifndef GANSWEEP_STORE_ROWS_H
#define GANSWEEP_STORE_ROWS_H

#include "store/layout.h"

enum { GS_DIGEST_BYTES = 16 };

/// One a thread.
typedef struct {
    const gs_layout *layout;
    int64_t capacity;
    int64_t first, count;    ///< trials
    unsigned char **rows;    ///< [layout->count] each [capacity x row_bytes]; NULL unless by_trial
    unsigned char *expected; ///< [capacity x GS_WIDEST_PLANNED] a planned column as it must be
    unsigned char *row;      ///< of one trial, the datasets after each other
    gs_settings *settings;   ///< [capacity]
    bool *damaged;           ///< [capacity x layout->count] whether a planned row was not as it must be
    bool *unlike;            ///< [capacity] whether a finished trial does not match its checksum or its status
    int64_t whole_pending;   ///< pending trials whose rows match their checksums
    unsigned char (*digests)[GS_DIGEST_BYTES]; ///< [capacity] what stands for each trial in the hash of the contents
} gs_rows;

/// Trials that some megabytes hold.
int64_t gs_rows_capacity(const gs_layout *layout);

/// @param layout  must outlive the rows
/// @return false when out of memory; gs_rows_free() ends it in any case
bool gs_rows_create(const gs_layout *layout, int64_t capacity, gs_rows *rows);
void gs_rows_free(gs_rows *rows);

/// Reads all rows of trials [first, first + count) of a file of the same experiment, count <= capacity; their status
/// first, since a file that grows has it last.
gs_status gs_rows_read(gs_rows *rows, const gs_results *results, int64_t first, int64_t count, gs_error *error);

/// Compares planned columns with the plan, puts right, in memory, what is not as it must be, compares finished trials
/// with their checksums, and makes the digests.
void gs_rows_check(gs_rows *rows);

/// Makes the row of a trial, 0 <= i < count, what that of a pending one is.
void gs_rows_make_pending(gs_rows *rows, int64_t i);

#endif
