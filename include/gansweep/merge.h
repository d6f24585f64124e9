/// Joins results files of parts of an experiment into one of all its trials.
///
/// Rows are copied as they are, in order, at the speed of the disk and in memory that does not grow with their number;
/// each is compared with the plan and with its checksum on the way. The new file equals that of one run of the whole
/// experiment in every dataset outside of /provenance, plots included. It appears under its name only when it is
/// complete and on the disk.
#ifndef GANSWEEP_MERGE_H
#define GANSWEEP_MERGE_H

#include "gansweep/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    bool partial;    ///< trials that no file has finished become pending ones; without it they are an error
    bool is_virtual; ///< the rows stay where they are: the new file's datasets lead to them
    bool force;      ///< replaces a file of the same name
    int threads;     ///< 0: as for a run, up to a few
    /// Version, compiler, command line and host; everything else is that of the files.
    gs_provenance provenance;
    /// May be NULL. Called from one thread at a time, some times a second.
    void (*progress)(double share, void *context);
    void *context;
    const volatile int *stop; ///< set by a signal handler to give up, which leaves nothing behind; may be NULL
    struct gs_lock *lock;     ///< of the new file, when the caller holds it; NULL: it is taken and released
} gs_merge_options;

typedef struct {
    gs_ledger ledger;
    char contents[33]; ///< the hash that gs_verify finds of the new file
    int64_t bytes;     ///< of the new file
} gs_merged;

/// @param files  [count] of one experiment, no trial in two of them; in any order
/// @return GS_ERROR_INPUT when trials are missing (unless `partial`) or in two files, and as gs_store_create;
///         GS_ERROR_RESULTS when a file can't be opened, is damaged, or is of another experiment or another version of
///         the numerical contract; GS_ERROR_RUN for any other failure. The message names the file, and nothing is left
///         behind
gs_status gs_merge(const char *path, const char *const *files, int count, const gs_merge_options *options,
                   gs_merged *merged, gs_error *error);

#ifdef __cplusplus
}
#endif
#endif
