/// What is there of a job already: each rank looks at some of its parts.
#include <stdlib.h>
#include <unistd.h>

#include "cluster/part.h"
#include "cluster/part_files.h"

static gs_status look_at(gs_job *job, int number, gs_error *error) {
    gs_results *results = NULL;
    gs_ledger ledger;
    char *path = gs_part_path(job->path, number, job->parts);
    if (path == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the name of a part");
    }
    const bool is_there = access(path, F_OK) == 0;
    gs_status status = is_there ? gs_results_open(path, &results, error) : GS_OK;
    free(path);
    if (!is_there || status != GS_OK) {
        return status;
    }
    status = gs_part_compare(job, number, results, error);
    if (status == GS_OK) {
        status = gs_results_ledger(results, &ledger, error);
    }
    if (status == GS_OK) {
        job->states[number - 1] = ledger.pending == 0 ? GS_PART_FINISHED : GS_PART_UNFINISHED;
        job->before.done += ledger.done + ledger.diverged;
        job->before.diverged += ledger.diverged;
    }
    gs_results_close(results);
    return status;
}

gs_status gs_job_inspect(gs_job *job, gs_error *error) {
    gs_status status = GS_OK;
    job->before = (gs_progress){.trials = gs_plan_trial_count(job->plan)};
    job->states = calloc((size_t)job->parts, sizeof *job->states);
    job->wanted = calloc((size_t)job->parts, sizeof *job->wanted);
    if (job->states == NULL || job->wanted == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the list of %d parts", job->parts);
    }
    for (int number = job->team->rank + 1; number <= job->parts && status == GS_OK && job->resume && *job->stop == 0;
         number += job->team->size) {
        status = look_at(job, number, error);
    }
    return status;
}

gs_status gs_job_share_states(gs_job *job, gs_error *error) {
    int64_t finished[] = {job->before.done, job->before.diverged};
    if (job->states == NULL || job->wanted == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the list of %d parts", job->parts);
    }
    gs_team_largest(job->team, job->states, job->parts);
    gs_team_sum(job->team, finished, 2);
    job->before.done = job->before.before = finished[0];
    job->before.diverged = finished[1];
    for (int number = 1; number <= job->parts; number++) {
        if (job->states[number - 1] != GS_PART_FINISHED) {
            job->wanted[job->wanted_count++] = number;
        }
    }
    return GS_OK;
}
