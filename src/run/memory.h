/// How many rows a thread gathers before it writes them, and what memory it takes.
#ifndef RUN_MEMORY_H
#define RUN_MEMORY_H

#include "gansweep/run.h"

/// Packs of the block of rows that a thread gathers: some megabytes.
int gs_packs_of_a_block(const gs_layout *layout, int lanes);

/// Memory that one thread of a run takes at most; pages that it never writes are counted, too. It is found by taking
/// and freeing it.
/// @param bytes  0 where the allocator does not tell (AddressSanitizer's)
gs_status gs_run_thread_bytes(const gs_experiment *experiment, const gs_plan *plan, gs_isa isa, double *bytes,
                              gs_error *error);

#endif
