#include "cluster/job.h"

#include <stdlib.h>
#include <string.h>

#include "cluster/part.h"
#include "cluster/part_files.h"
#include "run/waiting.h"

static const double SECONDS_BETWEEN_EXCHANGES = 1.0 / GS_EXCHANGES_A_SECOND;
/// An ended job waits so long for ranks that write what they have: then it is aborted.
static const double SECONDS_TO_END = 60;
/// The next part is claimed when so much of the present one is trained: early enough to make its file, and late enough
/// that no rank holds a part which another one could train.
static const double SHARE_BEFORE_CLAIM = 0.8;
static const double SECONDS_BETWEEN_LOOKS = 0.02;

void gs_job_begin(gs_job *job) {
    (void)pthread_mutex_init(&job->attending, NULL);
    job->began = gs_seconds_now();
}

void gs_job_free(gs_job *job) {
    gs_lock_release(job->lock);
    free(job->states);
    free(job->wanted);
    (void)pthread_mutex_destroy(&job->attending);
}

// ---- among the ranks ----

gs_progress gs_job_progress(gs_job *job) {
    gs_progress progress = job->before;
    const gs_counts sum = gs_team_counts(job->team);
    progress.done += sum.done;
    progress.diverged += sum.diverged;
    progress.prints_ln2 = sum.prints_ln2;
    progress.examples = sum.examples;
    progress.seconds = gs_seconds_now() - job->began;
    return progress;
}

void gs_job_attend(gs_job *job, const gs_counts *counts, bool asked) {
    (void)pthread_mutex_lock(&job->attending);
    job->counts = counts == NULL ? job->counts : *counts;
    const int stopped = *job->stop;
    if (stopped != 0 && job->ended == 0) {
        job->halt = 1;
        gs_team_end_job(job->team, GS_SIGNAL_CODE + stopped);
        job->next_exchange = 0;
    }
    if (asked || gs_seconds_now() >= job->next_exchange) {
        job->next_exchange = gs_seconds_now() + SECONDS_BETWEEN_EXCHANGES;
        const int code = gs_team_exchange(job->team, &job->counts);
        if (code != 0 && job->ended == 0) {
            job->ended = gs_seconds_now();
            job->ended_with = code;
            job->halt = 1;
        }
        if (job->team->rank == 0 && job->progress != NULL) {
            gs_progress progress = gs_job_progress(job);
            progress.asked = asked;
            job->progress(&progress, job->context);
        }
    }
    (void)pthread_mutex_unlock(&job->attending);
}

static bool attend_while_waiting(void *context) {
    gs_job *job = context;
    const bool asked = job->run.ask != NULL && *job->run.ask;
    if (asked) {
        *job->run.ask = 0;
    }
    gs_job_attend(job, NULL, asked);
    return job->ended == 0 || gs_seconds_now() < job->ended + SECONDS_TO_END;
}

int gs_job_agree(gs_job *job, int *code) {
    const int rank = gs_team_agree(job->team, code, attend_while_waiting, job);
    if (rank == GS_GAVE_UP) {
        gs_mpi_abort(job->team->mpi, *code != GS_OK ? *code : job->ended_with);
    }
    return rank;
}

int gs_job_ended_with(gs_job *job) {
    job->ended_with = gs_team_ended(job->team);
    gs_team_broadcast(job->team, &job->ended_with, sizeof job->ended_with);
    return job->ended_with;
}

// ---- training ----

/// What a rank is busy with: a part that is trained, and beside it the end of the part before and the making of the
/// next.
typedef struct {
    gs_job *job;
    gs_part last, present, next; ///< of number 0 when there is none
    gs_counts before;            ///< of this rank, in parts before the present one
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int64_t lost;     ///< trials of parts that were closed beside, and stay pending
    bool claim;       ///< the present part is as good as trained; under `mutex`
    gs_status status; ///< of the thread beside, known when it is joined
    gs_error failure;
} gs_training_parts;

static bool is_ending(const gs_job *job) {
    return *job->stop != 0 || job->halt != 0;
}

/// Claims a part and opens its file. One that could not be made or checked because the job ended is no failure.
/// @param part  of number 0 when none is left
static gs_status take_part(gs_job *job, gs_part *part, gs_error *error) {
    *part = (gs_part){0};
    if (is_ending(job)) {
        return GS_OK;
    }
    const int64_t place = gs_team_claim(job->team);
    const gs_status status = place < job->wanted_count ? gs_part_open(job, job->wanted[place], part, error) : GS_OK;
    return status != GS_OK && is_ending(job) ? GS_OK : status;
}

static gs_counts counts_of(const gs_counts *before, const gs_progress *progress, int64_t diverged_before) {
    return (gs_counts){.done = before->done + progress->done - progress->before,
                       .diverged = before->diverged + progress->diverged - diverged_before,
                       .prints_ln2 = before->prints_ln2 + progress->prints_ln2,
                       .examples = before->examples + progress->examples};
}

/// The progress callback of the part that is trained.
static void note_progress(const gs_progress *progress, void *context) {
    gs_training_parts *all = context;
    const gs_counts counts = counts_of(&all->before, progress, all->present.diverged_before);
    gs_job_attend(all->job, &counts, progress->asked);
    if ((double)progress->done >= SHARE_BEFORE_CLAIM * (double)progress->trials) {
        (void)pthread_mutex_lock(&all->mutex);
        all->claim = true;
        (void)pthread_cond_signal(&all->wake);
        (void)pthread_mutex_unlock(&all->mutex);
    }
}

static void *work_beside(void *argument) {
    gs_training_parts *all = argument;
    all->status = gs_part_close(&all->last, &all->lost, &all->failure);
    (void)pthread_mutex_lock(&all->mutex);
    while (!all->claim) {
        gs_wait_at_most(&all->wake, &all->mutex, SECONDS_BETWEEN_LOOKS);
    }
    (void)pthread_mutex_unlock(&all->mutex);
    if (all->status == GS_OK) {
        all->status = take_part(all->job, &all->next, &all->failure);
    }
    return NULL;
}

/// Trains the present part, with what goes on beside it.
static gs_status train_present(gs_training_parts *all, gs_error *error) {
    pthread_t beside;
    all->claim = false;
    all->next = (gs_part){0};
    const int failure = gs_start_without_signals(&beside, work_beside, all);
    if (failure != 0) {
        (void)gs_part_close(&all->last, &all->lost, &all->failure);
        all->before.done -= all->lost;
        return gs_fail(error, GS_ERROR_RUN, "can't start a thread: %s", strerror(failure));
    }
    gs_run_options options = all->job->run;
    options.progress = note_progress;
    options.context = all;
    options.stop = &all->job->halt;
    gs_progress summary;
    gs_status status =
        gs_run(all->present.experiment, all->present.plan, all->present.store, &options, &summary, error);
    all->present.seconds = summary.seconds;
    all->present.done = summary.done - summary.before;
    all->before = counts_of(&all->before, &summary, all->present.diverged_before);
    (void)pthread_mutex_lock(&all->mutex);
    all->claim = true;
    (void)pthread_cond_signal(&all->wake);
    (void)pthread_mutex_unlock(&all->mutex);
    (void)pthread_join(beside, NULL);
    all->before.done -= all->lost;
    if (status == GS_OK && all->status != GS_OK) {
        status = gs_fail(error, all->status, "%s", all->failure.message);
    }
    return status;
}

gs_status gs_job_train(gs_job *job, gs_error *error) {
    gs_training_parts all = {.job = job};
    gs_init_waiting(&all.wake, &all.mutex);
    gs_status status = take_part(job, &all.present, error);
    while (status == GS_OK && all.present.number != 0) {
        status = train_present(&all, error);
        all.last = all.present;
        all.present = all.next;
    }
    gs_part *const open[] = {&all.last, &all.present};
    for (int i = 0; i < 2; i++) {
        gs_error reason;
        const gs_status closed = gs_part_close(open[i], &all.lost, &reason);
        all.before.done -= all.lost;
        if (status == GS_OK && closed != GS_OK) {
            status = gs_fail(error, closed, "%s", reason.message);
        }
    }
    (void)pthread_cond_destroy(&all.wake);
    (void)pthread_mutex_destroy(&all.mutex);
    if (status != GS_OK) {
        gs_team_end_job(job->team, (int)status);
    }
    job->next_exchange = 0;
    gs_job_attend(job, &all.before, false); // rank 0 knows the last counts when all agree, and whether a signal came
    return status;
}

// ---- one file ----

static void free_names(char **names, int count) {
    for (int i = 0; names != NULL && i < count; i++) {
        free(names[i]);
    }
    free(names);
}

gs_status gs_job_join(gs_job *job, const gs_merge_options *options, gs_merged *merged, gs_error *error) {
    char **names = calloc((size_t)job->parts, sizeof *names);
    gs_status status = names == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the names of the parts") : GS_OK;
    for (int i = 0; names != NULL && i < job->parts && status == GS_OK; i++) {
        names[i] = gs_part_path(job->path, i + 1, job->parts);
        status = names[i] == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the names of the parts") : GS_OK;
    }
    gs_merge_options locked = *options;
    locked.lock = job->lock; // it is held until the parts are removed
    if (status == GS_OK) {
        status = gs_merge(job->path, (const char *const *)names, job->parts, &locked, merged, error);
    }
    free_names(names, job->parts);
    for (int part = 1; part <= job->parts && status == GS_OK && !job->is_virtual; part++) {
        status = gs_part_remove(job->path, part, job->parts, error);
    }
    return status;
}
