#include "cli/training.h"

#include <errno.h> // program_invocation_name
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/ledger.h"
#include "cli/progress.h"
#include "cli/share.h"
#include "cli/verification.h"
#include "numeric/format.h"

/// Larger sweeps are not read back for a summary that nobody asked for.
static const int64_t MOST_TRIALS_SUMMARISED = 4000000; // a forecast knows of it
enum { MOST_COMMAND_BYTES = 500 };                     ///< of a line of failure

double checkpoint_option(double seconds) {
    return seconds == 0 ? -1 : seconds;
}

static gs_status print_report(const char *path, gs_error *error) {
    gs_results *results;
    gs_report *report = NULL;
    gs_status status = gs_results_open(path, &results, error);
    if (status != GS_OK) {
        return status;
    }
    status = gs_report_create(results, &report, error);
    if (status == GS_OK) {
        status = gs_report_print(report, results, path, GS_FORMAT_TABLE, stdout, error);
    }
    gs_report_free(report);
    gs_results_close(results);
    return status;
}

gs_status summarise(const char *results_path, int64_t first_trial, const gs_progress *progress, const gs_ledger *ledger,
                    const char *with, gs_error *error) {
    const gs_status status = ledger->planned <= MOST_TRIALS_SUMMARISED ? print_report(results_path, error) : GS_OK;
    if (status != GS_OK) {
        return status;
    }
    char trials[GS_FORMAT_BYTES], time[GS_FORMAT_BYTES], rate[GS_FORMAT_BYTES];
    char *path = shell_quoted(results_path), *program = shell_quoted(program_invocation_name);
    if (path == NULL || program == NULL) {
        free(path);
        free(program);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the summary");
    }
    const int64_t trained = progress->done - progress->before;
    (void)printf("\n%s trial%s in %s, %s trials/s with %s. The results are in %s:\n", gs_format_count(trained, trials),
                 trained == 1 ? "" : "s", gs_format_duration(progress->seconds, time),
                 gs_format_count(trained > 0 ? (int64_t)((double)trained / progress->seconds + 0.5) : 0, rate), with,
                 results_path);
    (void)printf("  %s report %s\n  %s show %s %lld\n  %s list %s\n", program, path, program, path,
                 (long long)first_trial, program, path);
    (void)printf("  python3 -c 'import sys, xarray; print(xarray.open_dataset(sys.argv[1], engine=\"h5netcdf\"))' %s\n",
                 path);
    (void)printf("  python3 -c 'import sys, h5py; print(h5py.File(sys.argv[1])[\"loss_G\"][:, -1])' %s\n", path);
    print_ledger(ledger, stdout);
    free(path);
    free(program);
    return GS_OK;
}

/// Whether a resume would take the file: what failed may have been that someone cut or replaced it.
static bool can_go_on(const training_task *task, gs_error *refusal) {
    gs_results *results = NULL;
    gs_status status = gs_results_open(task->path, &results, refusal);
    if (status == GS_OK) {
        status = gs_results_compare(results, task->experiment, refusal);
        gs_results_close(results);
    }
    return status == GS_OK;
}

/// Adds to a line of failure what is not lost, and how to go on.
static int say_what_is_kept(const training_task *task, const gs_ledger *ledger, int code, const char *reason,
                            gs_error *error) {
    char done[GS_FORMAT_BYTES], trials[GS_FORMAT_BYTES], *how = NULL;
    if (access(task->path, F_OK) != 0) {
        (void)gs_fail(error, GS_ERROR_RUN, "%.900s: there is no file of this name any more", reason);
        return code;
    }
    gs_error refusal;
    if (code == GS_ERROR_RUN && !can_go_on(task, &refusal)) {
        (void)gs_fail(error, GS_ERROR_RUN, "%.400s, and can't be resumed: %.500s", reason, refusal.message);
        return code;
    }
    char *path = shell_quoted(task->path), *program = shell_quoted(program_invocation_name);
    // A command that is cut off would name another file.
    const bool whole = path != NULL && program != NULL && strlen(path) + strlen(program) < MOST_COMMAND_BYTES;
    if (asprintf(&how, whole ? ": %s resume %s" : " gansweep resume and that file", program, path) < 0) {
        how = NULL;
    }
    (void)gs_fail(error, GS_ERROR_RUN, "%.400s: %s of %s trials are finished and kept; go on with%s", reason,
                  gs_format_count(ledger->done + ledger->diverged, done), gs_format_count(ledger->planned, trials),
                  how == NULL ? " gansweep resume" : how);
    free(how);
    free(path);
    free(program);
    return code;
}

/// The portable vectors have no instruction for a multiply-add, which alone takes a hundred times as long without one.
static void say_when_slow(const training_task *task) {
    const gs_isa isa = task->options.isa == GS_ISA_AUTO ? gs_isa_best() : task->options.isa;
    if (isa == GS_ISA_PORTABLE && !task->quiet) {
        (void)fprintf(stderr,
                      "gansweep: note: %s: the same numbers without vector instructions and FMA, about 50 times "
                      "slower than with AVX2\n",
                      task->options.isa == GS_ISA_AUTO ? "this processor has none of neon, avx2 and avx512"
                                                       : "--isa portable");
    }
}

int train_pending(training_task *task, gs_error *error) {
    gs_profile profile = {0};
    progress_view view = progress_view_on_stderr(task->quiet);
    task->options.progress = show_progress;
    task->options.context = &view;
    task->options.stop = &interrupted;
    task->options.ask = &asked_for_progress;
    task->options.profile = &profile;
    say_when_slow(task);
    gs_progress progress = {0};
    gs_ledger ledger = {0};
    gs_error first_error = {""};
    gs_status status = gs_run(task->experiment, task->plan, task->store, &task->options, &progress, &first_error);
    task->times.trained = seconds_now();
    const gs_status closed =
        gs_store_close(task->store, progress.seconds, &ledger, status == GS_OK ? &first_error : NULL);
    task->store = NULL;
    task->times.closed = task->times.summarised = seconds_now();
    status = status == GS_OK ? closed : status;
    if (status != GS_OK) {
        return say_what_is_kept(task, &ledger, status, first_error.message, error);
    }
    if (ledger.pending > 0) {
        char reason[32];
        (void)snprintf(reason, sizeof reason, "ended by %s", interruption_name(interrupted));
        if (task->profile) {
            print_profile(&profile, &task->times, stdout);
        }
        return say_what_is_kept(task, &ledger, SIGNAL_CODE + interrupted, reason, error);
    }
    gs_error reason;
    char with[32];
    const int threads = gs_run_threads_used(task->plan, &task->options);
    (void)snprintf(with, sizeof with, "%d thread%s", threads, threads == 1 ? "" : "s");
    status =
        task->quiet ? GS_OK : summarise(task->path, gs_plan_part(task->plan).first, &progress, &ledger, with, &reason);
    task->times.summarised = seconds_now();
    if (status != GS_OK) {
        return gs_fail(error, status, "all trials are finished and kept; no summary: %s", reason.message);
    }
    if (status == GS_OK && task->profile) {
        print_profile(&profile, &task->times, stdout);
    }
    return status;
}

/// Checks what is there before anything is added to it, since rows that are not right would be kept for good.
static int check_before(const gs_results *results, bool repair, const training_task *task, gs_error *error) {
    gs_verification *found = NULL;
    share_view view = share_view_on_stderr("verifying", task->quiet);
    const gs_verify_options options = {.threads = task->options.threads,
                                       .isa = task->options.isa,
                                       .progress = show_share,
                                       .context = &view,
                                       .stop = &interrupted};
    gs_status status = gs_verify(results, &options, &found, error);
    end_share(&view);
    if (status == GS_OK && found->damage_count > 0) {
        if (repair) {
            print_damage(found, task->quiet ? NULL : stderr);
            status = gs_store_repair(task->store, found->trials, found->trial_count, error);
        } else {
            status = fail_damaged(found, task->path, "; with --repair what is damaged is made again", error);
        }
    }
    gs_verification_free(found);
    return status;
}

int resume_training(const gs_results *results, bool repair, training_task *task, gs_error *error) {
    task->experiment = gs_results_experiment(results);
    task->plan = gs_results_plan(results);
    gs_status status = gs_store_resume(results, &interrupted, &task->store, error);
    if (status != GS_OK) {
        return status;
    }
    status = check_before(results, repair, task, error);
    if (status != GS_OK) {
        (void)gs_store_close(task->store, 0, NULL, NULL);
        return status == GS_ERROR_RUN && interrupted ? SIGNAL_CODE + interrupted : (int)status;
    }
    task->times.created = seconds_now();
    const gs_ledger before = gs_store_ledger(task->store);
    if (before.pending == 0) {
        status = gs_store_close(task->store, 0, NULL, error);
        if (status != GS_OK && interrupted) {
            return SIGNAL_CODE + interrupted;
        }
        if (status == GS_OK && !task->quiet) {
            (void)printf("%s is complete: no trial is pending.\n", task->path);
            print_ledger(&before, stdout);
        }
        return status;
    }
    if (!task->quiet) {
        char finished[GS_FORMAT_BYTES], planned[GS_FORMAT_BYTES], pending[GS_FORMAT_BYTES];
        (void)fprintf(stderr, "%s of %s trials are finished: training the other %s\n",
                      gs_format_count(before.done + before.diverged, finished),
                      gs_format_count(before.planned, planned), gs_format_count(before.pending, pending));
    }
    return train_pending(task, error);
}
