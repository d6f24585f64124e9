/// Which trials a configuration has. Usually they stand side by side in the plan, since seeds vary fastest; a zip of a
/// seed with other settings scatters them in runs of equal length.
#ifndef REPORT_MEMBERS_H
#define REPORT_MEMBERS_H

#include "gansweep/plan.h"

typedef struct {
    int64_t run_length;  ///< trials of a run, all of one configuration
    int64_t *runs;       ///< [runs of the plan] numbers of the runs, configuration by configuration, each ascending
    int64_t *first;      ///< [configurations + 1] where a configuration's runs begin in `runs`
    int64_t most_trials; ///< of the largest configuration
} gs_members;

/// @return GS_ERROR_RUN when out of memory: 8 bytes a run
gs_status gs_members_create(const gs_plan *plan, gs_members *members, gs_error *error);
void gs_members_free(gs_members *members);

/// Trials of a configuration.
int64_t gs_members_count(const gs_members *members, int64_t configuration);

/// Number of a configuration's trial 0 <= index < gs_members_count, ascending.
int64_t gs_members_trial(const gs_members *members, int64_t configuration, int64_t index);

#endif
