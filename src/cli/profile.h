/// Where the time of a run went, as `gansweep run --profile` prints it.
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include <stdio.h>

#include "gansweep/run.h"

/// Moments of a run, seconds_now() each.
typedef struct {
    double start, created, trained, closed, summarised;
} run_times;

double seconds_now(void);

void print_profile(const gs_profile *profile, const run_times *times, FILE *stream);

#endif
