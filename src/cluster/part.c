#include "cluster/part.h"

#include <stdlib.h>

#include "cluster/part_files.h"
#include "gansweep/verify.h"

gs_status gs_part_plan(const gs_job *job, int number, gs_plan **plan, gs_error *error) {
    gs_trial_range range;
    gs_plan *made = NULL;
    gs_status status = gs_plan_shard(job->experiment, number, job->parts, &range, error);
    if (status == GS_OK) {
        status = gs_plan_create(job->experiment, &made, error);
    }
    if (status == GS_OK) {
        status = gs_plan_restrict(made, range, error);
    }
    if (status != GS_OK) {
        gs_plan_free(made);
        return status;
    }
    *plan = made;
    return GS_OK;
}

gs_status gs_part_compare(const gs_job *job, int number, const gs_results *results, gs_error *error) {
    gs_trial_range mine;
    gs_status status = gs_results_compare(results, job->experiment, error);
    if (status == GS_OK) {
        status = gs_plan_shard(job->experiment, number, job->parts, &mine, error);
    }
    if (status != GS_OK) {
        return status;
    }
    const gs_trial_range theirs = gs_plan_part(gs_results_plan(results));
    char *path = gs_part_path(job->path, number, job->parts);
    if (theirs.first != mine.first || theirs.count != mine.count) {
        status =
            gs_fail(error, GS_ERROR_RESULTS,
                    "%s: it has the trials %lld to %lld of this experiment, and part %d of %d has %lld to %lld",
                    path == NULL ? "" : path, (long long)theirs.first, (long long)(theirs.first + theirs.count - 1),
                    number, job->parts, (long long)mine.first, (long long)(mine.first + mine.count - 1));
    }
    free(path);
    return status;
}

static gs_status create(const gs_job *job, const char *path, gs_part *part, gs_error *error) {
    const gs_status status = gs_part_plan(job, part->number, &part->own_plan, error);
    part->experiment = job->experiment;
    part->plan = part->own_plan;
    return status == GS_OK ? gs_store_create(path, job->experiment, part->plan, &job->provenance, false, job->stop,
                                             &part->store, error)
                           : status;
}

/// Rows that are not right would be kept for good.
static gs_status check(const gs_job *job, const char *path, const gs_results *results, gs_error *error) {
    gs_verification *found = NULL;
    const gs_verify_options options = {.threads = 1, .isa = job->run.isa, .stop = job->stop}; // beside the training
    gs_status status = gs_verify(results, &options, &found, error);
    if (status == GS_OK && found->damage_count > 0) {
        status = gs_fail(error, GS_ERROR_RESULTS,
                         "%s: it is damaged, in %lld places: gansweep resume --repair makes these again", path,
                         (long long)found->damage_count);
    }
    gs_verification_free(found);
    return status;
}

static gs_status go_on(const gs_job *job, const char *path, gs_part *part, gs_error *error) {
    gs_status status = gs_results_open(path, &part->results, error);
    if (status != GS_OK) {
        return status;
    }
    status = gs_part_compare(job, part->number, part->results, error);
    if (status == GS_OK) {
        status = gs_store_resume(part->results, job->stop, &part->store, error);
    }
    if (status == GS_OK) {
        status = check(job, path, part->results, error);
    }
    if (status == GS_OK) {
        part->experiment = gs_results_experiment(part->results);
        part->plan = gs_results_plan(part->results);
        const gs_ledger before = gs_store_ledger(part->store);
        part->done_before = before.done + before.diverged;
        part->diverged_before = before.diverged;
    }
    return status;
}

gs_status gs_part_open(const gs_job *job, int number, gs_part *part, gs_error *error) {
    *part = (gs_part){.number = number};
    char *path = gs_part_path(job->path, number, job->parts);
    if (path == NULL) {
        *part = (gs_part){0};
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the name of a part");
    }
    const bool is_there = job->states[number - 1] == GS_PART_UNFINISHED;
    const gs_status status = is_there ? go_on(job, path, part, error) : create(job, path, part, error);
    if (status != GS_OK) {
        int64_t none;
        (void)gs_part_close(part, &none, NULL);
    }
    free(path);
    return status;
}

gs_status gs_part_close(gs_part *part, int64_t *lost, gs_error *error) {
    gs_status status = GS_OK;
    *lost = 0;
    if (part->store != NULL) {
        gs_ledger ledger = {0};
        status = gs_store_close(part->store, part->seconds, &ledger, error);
        *lost = part->done_before + part->done - (ledger.done + ledger.diverged);
    }
    gs_results_close(part->results);
    gs_plan_free(part->own_plan);
    *part = (gs_part){0};
    return status;
}
