/// How far work is of which only the share is known: a line on standard error that replaces itself on a terminal after
/// a second, and one every few seconds elsewhere.
#ifndef CLI_SHARE_H
#define CLI_SHARE_H

#include "report/screen.h"

typedef struct {
    const char *doing; ///< "verifying"
    gs_screen screen;  ///< of standard error
    bool quiet, shown;
    double begin, next; ///< seconds_now() at the start and at the next line
} share_view;

/// @param quiet  nothing is said but what SIGUSR1 asks for
share_view share_view_on_stderr(const char *doing, bool quiet);
/// A progress callback; its context is a share_view.
void show_share(double share, void *context);
/// Takes a line that replaces itself off the screen.
void end_share(const share_view *view);

#endif
