/// `gansweep run` as one of several processes, or in parts.
#ifndef CLI_CLUSTER_H
#define CLI_CLUSTER_H

#include "cluster/launch.h"
#include "gansweep/gansweep.h"

/// What the command line asked for.
typedef struct {
    gs_experiment *experiment;
    gs_plan *plan;
    const char *path; ///< of the results file
    gs_run_options options;
    int parts; ///< --parts; 0: as many as are good
    bool resume, force, is_virtual, quiet, dry_run, profile;
    int argument_count; ///< as typed, for the provenance
    char **typed;
} cluster_task;

/// Trains the experiment with all processes of the launch. Collective: each calls it, also one that has failed to read
/// its command line or its experiment.
/// @param task  its fields down to `options` may be missing when `code` is not 0
/// @param code  of what was done before; with its line in `error`
/// @return the exit code; the line is empty where another process says it
int run_on_cluster(const gs_launch *launch, const cluster_task *task, int code, gs_error *error);

#endif
