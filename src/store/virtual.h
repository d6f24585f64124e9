/// Reading the rows of a virtual file: they lie in other files of its folder, each of which is checked like any results
/// file before one of its rows is believed. libhdf5 is not asked to follow the mapping: it would read whatever is
/// there.
#ifndef GANSWEEP_STORE_VIRTUAL_H
#define GANSWEEP_STORE_VIRTUAL_H

#include "store/layout.h"
#include "store/sources.h"

/// The sources, open.
typedef struct gs_virtual gs_virtual;

/// @param path  of the virtual file, in whose folder the sources are
/// @param resolved  the experiment as it was understood, which must be theirs
/// @return GS_ERROR_RESULTS, with the source's name, when one is missing, is not the file that was merged, or is
///         damaged
gs_status gs_virtual_open(const char *path, const gs_source_files *sources, const char *resolved,
                          int64_t numerics_version, gs_virtual **opened, gs_error *error);
void gs_virtual_close(gs_virtual *opened);

/// Reads rows of trials [first, first + count) of one column, which are there. Safe to call from several threads.
gs_status gs_virtual_read(const gs_virtual *opened, const gs_layout *layout, int column, int64_t first, int64_t count,
                          void *into, gs_error *error);

#endif
