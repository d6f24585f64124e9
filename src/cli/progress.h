/// What a running sweep says on standard error: a bar that is redrawn on a terminal, a line every few seconds
/// elsewhere.
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "gansweep/run.h"
#include "report/screen.h"

typedef struct {
    bool quiet;
    gs_screen screen; ///< of standard error
    double next_line; ///< seconds into the run; where it is not a terminal
} progress_view;

/// @param quiet  nothing is said but what SIGUSR1 asks for
progress_view progress_view_on_stderr(bool quiet);

/// Whether a line can't be written at once: a reader that sleeps must hold up neither training nor a signal.
bool would_wait(int file);

/// A progress callback of gs_run_options; its context is a progress_view.
void show_progress(const gs_progress *progress, void *context);

#endif
