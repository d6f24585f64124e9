/// What a verification says: how far it is, and what it found.
#ifndef CLI_VERIFICATION_H
#define CLI_VERIFICATION_H

#include <stdio.h>

#include "gansweep/verify.h"
#include "report/screen.h"

typedef struct {
    gs_screen screen; ///< of standard error
    bool quiet, shown;
    double begin, next; ///< seconds_now() at the start and at the next line
} verification_view;

verification_view verification_view_on_stderr(bool quiet);
/// A progress callback of gs_verify_options; its context is a verification_view.
void show_verification(double share, void *context);
/// Takes a line that replaces itself off the screen.
void end_verification(const verification_view *view);

/// One line for each damaged row that is listed.
/// @param stream  NULL: nothing is printed
void print_damage(const gs_verification *found, FILE *stream);

/// "FILE: it is damaged: loss_G of trial 17 and others, places in all: 3ADVICE"
gs_status fail_damaged(const gs_verification *found, const char *path, const char *advice, gs_error *error);

#endif
