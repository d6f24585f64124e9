/// Runs what calls libhdf5 in a child process.
///
/// libhdf5 has crashed and hung on forged files, and ends the process where memory is short. In a child a crash, a hang
/// or endless memory is one clear line.
#ifndef GANSWEEP_STORE_SANDBOX_H
#define GANSWEEP_STORE_SANDBOX_H

#include "gansweep/error.h"

/// Works in the child, with its own copy of everything; only its status and its message come back.
typedef gs_status gs_sandboxed(void *context, gs_error *error);

typedef enum {
    GS_SANDBOX_READS, ///< a stranger's file: the child may read files, and nothing else
    GS_SANDBOX_MAKES, ///< a file of our own: the child may write
} gs_sandbox_kind;

/// @return what the function returned. When it crashed or took too much time or memory, GS_ERROR_RESULTS for a child
/// that
///         reads and GS_ERROR_RUN for one that makes; GS_ERROR_RUN when no child could be started
gs_status gs_sandbox_run(gs_sandbox_kind kind, gs_sandboxed *work, void *context, gs_error *error);

#endif
