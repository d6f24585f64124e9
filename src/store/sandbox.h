/// Runs a function in a child process that may do nothing but read and answer.
///
/// libhdf5 has crashed and hung on forged files. In a child a crash, a hang or endless memory is one clear line.
#ifndef GANSWEEP_STORE_SANDBOX_H
#define GANSWEEP_STORE_SANDBOX_H

#include "gansweep/error.h"

/// Works in the child, with its own copy of everything; only its status and its message come back.
typedef gs_status gs_sandboxed(void *context, gs_error *error);

/// @return what the function returned; GS_ERROR_RESULTS when it crashed or took too much time or memory; GS_ERROR_RUN
///         when no child could be started
gs_status gs_sandbox_run(gs_sandboxed *work, void *context, gs_error *error);

#endif
