/// What a verification found.
#ifndef CLI_VERIFICATION_H
#define CLI_VERIFICATION_H

#include <stdio.h>

#include "gansweep/verify.h"

/// One line for each damaged row that is listed.
/// @param stream  NULL: nothing is printed
void print_damage(const gs_verification *found, FILE *stream);

/// "FILE: it is damaged: loss_G of trial 17 and others, places in all: 3ADVICE"
gs_status fail_damaged(const gs_verification *found, const char *path, const char *advice, gs_error *error);

#endif
