/// Errors are values: every function that can fail returns a gs_status and fills a gs_error.
///
/// A message is one line that says where (file:line:column, key, trial), what, and what was expected. Only the command
/// line prints it and exits; the numeric value of a status is the program's exit code.
#ifndef GANSWEEP_ERROR_H
#define GANSWEEP_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    GS_OK = 0,
    GS_ERROR_RUN = 1,     ///< a failure while running: disk, memory, LAPACK
    GS_ERROR_INPUT = 2,   ///< a bad command line or experiment
    GS_ERROR_RESULTS = 3, ///< a results file that is damaged, is not ours, or does not match
} gs_status;

/// One line of text without a newline; empty when nothing failed.
typedef struct {
    char message[1024];
} gs_error;

/// Fills `error` (may be NULL) as printf does and returns `status`, so that a caller can `return gs_fail(...)`.
/// Control characters in the finished line are replaced by '?', so that hostile input can't write to a terminal.
gs_status gs_fail(gs_error *error, gs_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
