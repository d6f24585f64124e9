#include "report/members.h"

#include <stdlib.h>

/// Sorts the runs by configuration, by counting.
gs_status gs_members_create(const gs_plan *plan, gs_members *members, gs_error *error) {
    const int64_t configurations = gs_plan_configuration_count(plan);
    const int64_t run_length = gs_plan_run_length(plan);
    const int64_t runs = gs_plan_trial_count(plan) / run_length;
    *members = (gs_members){.run_length = run_length,
                            .runs = malloc((size_t)runs * sizeof(int64_t)),
                            .first = calloc((size_t)configurations + 1, sizeof(int64_t))};
    int64_t *next = calloc((size_t)configurations, sizeof *next);
    if (members->runs == NULL || members->first == NULL || next == NULL) {
        free(next);
        gs_members_free(members);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the trials of %lld configurations",
                       (long long)configurations);
    }
    for (int64_t run = 0; run < runs; run++) {
        members->first[gs_plan_configuration(plan, run * run_length) + 1]++;
    }
    for (int64_t i = 0; i < configurations; i++) {
        const int64_t trials = members->first[i + 1] * run_length;
        members->most_trials = trials > members->most_trials ? trials : members->most_trials;
        members->first[i + 1] += members->first[i];
        next[i] = members->first[i];
    }
    for (int64_t run = 0; run < runs; run++) {
        members->runs[next[gs_plan_configuration(plan, run * run_length)]++] = run;
    }
    free(next);
    return GS_OK;
}

void gs_members_free(gs_members *members) {
    free(members->runs);
    free(members->first);
    *members = (gs_members){0};
}

int64_t gs_members_count(const gs_members *members, int64_t configuration) {
    return (members->first[configuration + 1] - members->first[configuration]) * members->run_length;
}

int64_t gs_members_trial(const gs_members *members, int64_t configuration, int64_t index) {
    const int64_t run = members->runs[members->first[configuration] + index / members->run_length];
    return run * members->run_length + index % members->run_length;
}
