/// What a run would be, without running it.
#ifndef CLI_DRY_RUN_H
#define CLI_DRY_RUN_H

#include "gansweep/run.h"

/// Says trials, configurations, packs, lane use, file size and expected time on standard output; warns on standard
/// error when the file would not fit its disk.
/// @param path  of the results file
gs_status dry_run(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options, const char *path,
                  gs_error *error);

/// Title, trials, packs and lane use.
void print_work(const gs_experiment *experiment, const gs_plan *plan, gs_isa isa);

#endif
