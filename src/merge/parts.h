/// The files that are merged: opened once to see whether they fit together, and remembered by what can't change.
#ifndef GANSWEEP_MERGE_PARTS_H
#define GANSWEEP_MERGE_PARTS_H

#include "gansweep/merge.h"
#include "store/results.h"

typedef struct {
    gs_source_files files; ///< in the order of their trials; their names are as they were given, or those in `folder`
    char *folder;          ///< NULL, or what stands before each name, with its slash
    gs_results *first;     ///< the first one that was given, open: its experiment is that of all
    int64_t pending;       ///< trials that no file has finished
} gs_parts;

/// Opens all files, and refuses those that don't fit together.
gs_status gs_parts_collect(const char *const *files, int count, const gs_merge_options *options, gs_parts *parts,
                           gs_error *error);
void gs_parts_free(gs_parts *parts);

/// Opens one of the files again.
/// @return GS_ERROR_RESULTS when it is not the file any more that it was
gs_status gs_parts_open(const gs_parts *parts, int64_t index, gs_results **results, gs_error *error);

/// Turns the names into those by which a virtual file finds its sources, in its folder.
/// @return GS_ERROR_INPUT when one is not in the folder of the new file, or has a name that libhdf5 takes for another
gs_status gs_parts_name_beside(gs_parts *parts, const char *path, gs_error *error);

/// Refuses to replace one of the files by the new one.
gs_status gs_parts_refuse_target(const gs_parts *parts, const char *path, gs_error *error);

#endif
