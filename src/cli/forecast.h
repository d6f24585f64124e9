/// What a run on a cluster would take, without running it.
#ifndef CLI_FORECAST_H
#define CLI_FORECAST_H

#include "cluster/forecast.h"

/// Says on standard output how long a sweep takes on other machines, for as many trials as it has and for a million to
/// ten billion, how large its files are, what memory and messages it needs, and what was taken for granted.
/// @param options  threads are not looked at
/// @param path  of the results file
gs_status forecast(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options,
                   const gs_cluster *cluster, const char *path, gs_error *error);

#endif
