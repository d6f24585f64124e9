#include "cli/cluster.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/dry_run.h"
#include "cli/interrupt.h"
#include "cli/ledger.h"
#include "cli/origin.h"
#include "cli/progress.h"
#include "cli/share.h"
#include "cli/training.h"
#include "cluster/job.h"
#include "cluster/processors.h"
#include "numeric/format.h"
#include "store/provenance.h"

enum { WITH_BYTES = 96 };

/// A job and what is shown of it.
typedef struct {
    const cluster_task *task;
    gs_team *team;
    gs_job job;
    file_origin origin;
    progress_view view;
    gs_processors host;      ///< of all ranks on this one's host
    double training_seconds; ///< until all ranks were done, and ...
    int64_t messages;        ///< until then
    double waiting_seconds;  ///< ... of these for the last of them
} cluster_run;

// ---- who says what ----

/// Says which rank failed, and where.
static void name_rank(const gs_team *team, gs_error *error) {
    char host[HOST_BYTES] = "";
    (void)gethostname(host, sizeof host - 1);
    if (team->size > 1) {
        const gs_error reason = *error;
        (void)gs_fail(error, GS_ERROR_RUN, "rank %d on %s: %.900s", team->rank, host, reason.message);
    }
}

/// All ranks have the exit code of the lowest one that failed; the others leave the line to it.
static int agree(cluster_run *run, int code, gs_error *error) {
    const int rank = gs_job_agree(&run->job, &code);
    if (rank != run->team->rank && rank >= 0) {
        error->message[0] = '\0';
    } else if (rank >= 0) {
        name_rank(run->team, error);
    }
    return code;
}

/// Ranks that read different experiments would not notice until the end.
static int compare_experiments(const cluster_run *run, gs_error *error) {
    char *mine = gs_resolved_text(run->task->experiment), *first = NULL;
    int bytes = mine == NULL ? 0 : (int)strlen(mine) + 1;
    gs_team_broadcast(run->team, &bytes, sizeof bytes);
    first = calloc((size_t)bytes + 1, 1);
    if (mine == NULL || first == NULL || bytes == 0) {
        gs_mpi_abort(run->team->mpi, gs_fail(error, GS_ERROR_RUN, "out of memory")); // the others wait for this one
        free(mine);
        free(first);
        return GS_ERROR_RUN;
    }
    (void)snprintf(first, (size_t)bytes, "%s", mine);
    gs_team_broadcast(run->team, first, bytes);
    const gs_status status = strcmp(mine, first) == 0
                                 ? GS_OK
                                 : gs_fail(error, GS_ERROR_INPUT, "%s: it is another experiment here than on rank 0",
                                           run->task->experiment->path);
    free(first);
    free(mine);
    return (int)status;
}

// ---- what rank 0 says ----

/// "4 threads of 2 processes"
static void describe_team(const cluster_run *run, char text[WITH_BYTES]) {
    const int threads = run->job.threads, ranks = run->team->size;
    (void)snprintf(text, WITH_BYTES, "%d thread%s of %d process%s", threads, threads == 1 ? "" : "s", ranks,
                   ranks == 1 ? "" : "es");
}

static int say_dry_run(cluster_run *run, gs_error *error) {
    const cluster_task *task = run->task;
    char text[WITH_BYTES], trials[GS_FORMAT_BYTES];
    gs_status status = gs_job_choose_parts(&run->job, error);
    if (status == GS_OK) {
        status = dry_run(task->experiment, task->plan, &run->job.run, task->path, error);
    }
    if (status == GS_OK) {
        describe_team(run, text);
        (void)printf("processes   %s: %d part%s of about %s trials; the time above is of this process alone\n", text,
                     run->job.parts, run->job.parts == 1 ? "" : "s",
                     gs_format_count(gs_plan_trial_count(task->plan) / run->job.parts, trials));
    }
    return (int)status;
}

static int say_complete(const cluster_run *run, gs_error *error) {
    gs_results *results;
    gs_status status = gs_results_open(run->task->path, &results, error);
    if (status == GS_OK) {
        if (!run->task->quiet) {
            (void)printf("%s is complete: no trial is pending.\n", run->task->path);
            status = print_ledger_of(results, error);
        }
        gs_results_close(results);
    }
    return (int)status;
}

/// What was finished when the job ended early, and how to go on.
static void say_what_is_kept(cluster_run *run, int code, gs_error *error) {
    char done[GS_FORMAT_BYTES], trials[GS_FORMAT_BYTES], reason[64];
    const gs_progress progress = gs_job_progress(&run->job);
    (void)snprintf(reason, sizeof reason, "ended by %s",
                   code > GS_SIGNAL_CODE ? interruption_name(code - GS_SIGNAL_CODE) : "a failure");
    (void)gs_fail(error, GS_ERROR_RUN,
                  "%s: %s of %s trials are finished and kept in the parts of %.500s; go on with the same command and "
                  "--resume",
                  reason, gs_format_count(progress.done, done), gs_format_count(progress.trials, trials),
                  run->task->path);
}

/// How the parts were handed out, as --profile says it. Collective.
static void say_traffic(cluster_run *run) {
    enum { MESSAGES, ANSWER, WAIT, COUNT };
    const double microsecond = 1e-6, seconds = run->training_seconds;
    double answer;
    int64_t most[COUNT];
    (void)gs_team_messages(run->team, &answer);
    most[MESSAGES] = run->messages;
    most[ANSWER] = (int64_t)(answer / microsecond);
    most[WAIT] = (int64_t)(run->waiting_seconds / microsecond);
    gs_team_largest_numbers(run->team, most, COUNT);
    if (run->team->rank == 0 && run->task->profile && !run->task->quiet && run->job.wanted_count > 0) {
        (void)printf("\n%d of %d parts were trained, in %.3f s. Of all processes' figures the largest:\n"
                     "  messages to and from process 0 %12lld   %8.2f a second\n"
                     "  waiting for an answer          %12.3f s at most\n"
                     "  waiting for the last process   %12.3f s %7.2f %%\n",
                     run->job.wanted_count, run->job.parts, seconds, (long long)most[MESSAGES],
                     (double)most[MESSAGES] / seconds, microsecond * (double)most[ANSWER],
                     microsecond * (double)most[WAIT], 100 * microsecond * (double)most[WAIT] / seconds);
    }
}

// ---- the steps ----

static int settle(cluster_run *run, gs_error *error) {
    int code = (int)gs_job_settle(&run->job, error);
    code = agree(run, code, error);
    if (code == GS_OK && !run->job.complete) {
        code = (int)gs_job_inspect(&run->job, error);
        if (code == GS_OK && interrupted > 0) {
            code = SIGNAL_CODE + interrupted;
            (void)gs_fail(error, GS_ERROR_RUN, "ended by %s before anything was trained",
                          interruption_name(interrupted));
        }
        code = agree(run, code, error);
    }
    if (code == GS_OK && !run->job.complete) {
        code = (int)gs_job_share_states(&run->job, error);
    }
    return code;
}

/// Trains what is left; rank 0 shows how far all are.
static int train(cluster_run *run, gs_error *error) {
    gs_job *job = &run->job;
    const double begin = seconds_now();
    double waited_before;
    const int64_t messages_before = gs_team_messages(run->team, &waited_before);
    if (run->team->rank == 0 && !run->task->quiet && job->before.done > 0 && job->before.done < job->before.trials) {
        char finished[GS_FORMAT_BYTES], planned[GS_FORMAT_BYTES], pending[GS_FORMAT_BYTES];
        (void)fprintf(stderr, "%s of %s trials are finished: training the other %s\n",
                      gs_format_count(job->before.done, finished), gs_format_count(job->before.trials, planned),
                      gs_format_count(job->before.trials - job->before.done, pending));
    }
    int code = (int)gs_job_train(job, error);
    if (code != GS_OK) { // now: waiting for the others may come to nothing
        name_rank(run->team, error);
        (void)fprintf(stderr, "gansweep: %s\n", error->message);
        (void)fflush(stderr);
    }
    const double done = seconds_now();
    (void)gs_job_agree(job, &code);
    run->waiting_seconds = seconds_now() - done;
    double longest_wait;
    run->messages = gs_team_messages(run->team, &longest_wait) - messages_before;
    run->training_seconds = seconds_now() - begin;
    const int ended = gs_job_ended_with(job);
    code = code != GS_OK ? code : ended;
    error->message[0] = '\0';
    if (run->team->rank == 0) {
        gs_progress progress = gs_job_progress(job);
        progress.finished = true;
        show_progress(&progress, &run->view);
        if (code != GS_OK) {
            say_what_is_kept(run, code, error);
        }
    }
    return code;
}

/// Joining, and why it is to stop: a signal to this rank or to another one.
typedef struct {
    share_view view;
    gs_team *team;
    volatile int stop;
} joining_view;

static void watch_joining(double share, void *context) {
    joining_view *joining = context;
    show_share(share, &joining->view);
    if (interrupted != 0 || gs_team_ended(joining->team) != 0) {
        joining->stop = 1;
    }
}

/// Why the parts were not joined, as far as that is known.
static int explain_joining(const cluster_run *run, const gs_merged *merged, gs_status status, gs_error *error) {
    const gs_error reason = *error;
    const int ended = interrupted != 0 ? SIGNAL_CODE + interrupted : gs_team_ended(run->team);
    if (merged->bytes > 0) {
        (void)gs_fail(error, status, "%.500s is complete, and its parts are no longer needed: %.500s", run->task->path,
                      reason.message);
        return (int)status;
    }
    (void)gs_fail(error, status, "all trials are finished, and kept in the parts: %.800s",
                  ended > SIGNAL_CODE && interrupted == 0 ? "another process was told to end" : reason.message);
    return ended != 0 ? ended : (int)status;
}

/// Makes one file, on all processors of this host, and says what was found. For rank 0.
static int join(cluster_run *run, gs_error *error) {
    const cluster_task *task = run->task;
    gs_progress progress = gs_job_progress(&run->job);
    progress.seconds = run->training_seconds;
    joining_view joining = {.view = share_view_on_stderr("joining the parts", task->quiet), .team = run->team};
    const gs_merge_options options = {.is_virtual = task->is_virtual,
                                      .force = task->force,
                                      .threads =
                                          run->team->size == 1 ? run->job.run.threads : gs_processors_use(&run->host),
                                      .provenance = run->origin.provenance,
                                      .progress = watch_joining,
                                      .context = &joining,
                                      .stop = run->team->size == 1 ? &interrupted : &joining.stop};
    gs_merged merged = {.bytes = 0};
    char with[WITH_BYTES];
    const gs_status status = gs_job_join(&run->job, &options, &merged, error);
    end_share(&joining.view);
    if (status != GS_OK) {
        return explain_joining(run, &merged, status, error);
    }
    describe_team(run, with);
    if (task->quiet) {
        return GS_OK;
    }
    const int code = (int)summarise(task->path, 0, &progress, &merged.ledger, with, error);
    if (task->is_virtual && code == GS_OK) {
        (void)printf("%s leads to the rows of its %d parts: they stay beside it.\n", task->path, run->job.parts);
    }
    return code;
}

static int run_job(cluster_run *run, gs_error *error) {
    int code = settle(run, error);
    if (code != GS_OK) {
        return code;
    }
    if (run->job.complete) {
        return run->team->rank == 0 ? say_complete(run, error) : GS_OK;
    }
    code = train(run, error);
    if (code != GS_OK) {
        return code;
    }
    if (run->team->rank == 0) {
        code = join(run, error);
    }
    code = agree(run, code, error);
    say_traffic(run);
    return code;
}

static void begin_job(cluster_run *run) {
    const cluster_task *task = run->task;
    gs_job *job = &run->job;
    int64_t threads = gs_processors_take(run->team, task->options.threads, &run->host);
    run->view = progress_view_on_stderr(task->quiet);
    begin_origin("run", task->argument_count, task->typed, &run->origin);
    const gs_isa isa = task->options.isa == GS_ISA_AUTO ? gs_isa_best() : task->options.isa;
    run->origin.provenance.isa = gs_isa_names[isa];
    run->origin.provenance.threads = (int)threads;
    *job = (gs_job){.team = run->team,
                    .experiment = task->experiment,
                    .plan = task->plan,
                    .path = task->path,
                    .resume = task->resume,
                    .force = task->force,
                    .is_virtual = task->is_virtual,
                    .parts_asked = task->parts,
                    .run = task->options,
                    .stop = &interrupted,
                    .provenance = run->origin.provenance,
                    .progress = show_progress,
                    .context = &run->view};
    job->run.threads = (int)threads;
    job->run.ask = run->team->rank == 0 ? &asked_for_progress : NULL;
    gs_team_sum(run->team, &threads, 1);
    job->threads = (int)threads;
    gs_job_begin(job);
}

/// Says it now: mpirun ends all that still run as soon as the first process ends with such a code.
static void say_before_leaving(const gs_team *team, int code, gs_error *error) {
    if (team->mpi != NULL && code != GS_OK && error->message[0] != '\0') {
        (void)fprintf(stderr, "gansweep: %s\n", error->message);
        error->message[0] = '\0';
    }
    (void)fflush(stderr);
}

int run_on_cluster(const gs_launch *launch, const cluster_task *task, int code, gs_error *error) {
    gs_team team;
    gs_error refusal;
    const gs_status joined = gs_team_join(launch, &team, &refusal);
    if (joined != GS_OK) {
        if (launch->rank == 0) {
            (void)gs_fail(error, joined, "%s", refusal.message);
        } else {
            error->message[0] = '\0';
        }
        gs_team_leave(&team);
        return (int)joined;
    }
    if (launch->is_mpi) {
        (void)setenv("NO_COLOR", "1", 1); // a launcher's pseudo-terminal hides that the output goes into a log
    }
    cluster_run run = {.task = task, .team = &team, .job = {.team = &team, .stop = &interrupted}};
    catch_interruptions();
    gs_job_begin(&run.job);
    code = agree(&run, code, error);
    gs_job_free(&run.job);
    if (code == GS_OK) {
        begin_job(&run);
        code = agree(&run, team.mpi == NULL ? GS_OK : compare_experiments(&run, error), error);
        if (code == GS_OK && task->dry_run) {
            code = team.rank == 0 ? say_dry_run(&run, error) : GS_OK;
        } else if (code == GS_OK) {
            code = run_job(&run, error);
        }
        gs_job_free(&run.job);
        end_origin(&run.origin);
    }
    say_before_leaving(&team, code, error);
    gs_team_leave(&team);
    return code;
}
