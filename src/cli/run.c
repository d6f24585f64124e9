#include <errno.h> // program_invocation_name
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/dry_run.h"
#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/progress.h"
#include "report/format.h"

enum { MOST_THREADS = 4096, HOST_BYTES = 256, SIGNAL_CODE = 128 };
/// Larger sweeps are not read back for a summary that nobody asked for.
static const int64_t MOST_TRIALS_SUMMARISED = 4000000;

typedef struct {
    const char *output; ///< NULL: named after the experiment
    text_list settings;
    int threads, isa;
    bool force, quiet, dry_run, profile;
} run_arguments;

#define INTO(member) offsetof(run_arguments, member)

static const cli_option run_options[] = {
    {.name = "--output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .description = "the results file; without it the experiment's name with .h5, in the current folder",
     .offset = INTO(output)},
    {.name = "--set",
     .kind = OPTION_TEXTS,
     .argument = "NAME=VALUES",
     .description = "override a setting: lr_D=0.01,0.05 or seed=1:200; may be given several times",
     .offset = INTO(settings)},
    {.name = "--threads",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "threads; without it OMP_NUM_THREADS, or the processors that this process may use",
     .offset = INTO(threads),
     .smallest = 1,
     .largest = MOST_THREADS},
    {.name = "--isa",
     .kind = OPTION_CHOICE,
     .argument = "NAME",
     .description = "instruction set: auto, portable, neon, avx2 or avx512; the numbers are the same with each",
     .offset = INTO(isa),
     .choices = gs_isa_names,
     .choice_count = GS_ISA_COUNT},
    {.name = "--force",
     .kind = OPTION_FLAG,
     .description = "replace the results file if it exists",
     .offset = INTO(force)},
    {.name = "--quiet",
     .letter = 'q',
     .kind = OPTION_FLAG,
     .description = "neither progress nor summary",
     .offset = INTO(quiet)},
    {.name = "--profile",
     .kind = OPTION_FLAG,
     .description = "say at the end where the time went: training, checks, LAPACKE, writing, progress",
     .offset = INTO(profile)},
    {.name = "--dry-run",
     .letter = 'n',
     .kind = OPTION_FLAG,
     .description = "say trials, packs, lane use, file size and expected time, and train nothing",
     .offset = INTO(dry_run)},
};

static int run(int argument_count, char **typed, gs_error *error);

const cli_command run_command = {
    .name = "run",
    .summary = "train all trials of an experiment into a results file",
    .description = "Plans the experiment, trains every trial, checks every trained generator's covariance against the "
                   "truth, and stores losses, parameters, samples and checks in one HDF5 file.",
    .operands = {"EXPERIMENT"},
    .options = run_options,
    .option_count = sizeof run_options / sizeof *run_options,
    .examples = "  gansweep run experiments/d2l.yaml\n"
                "  gansweep run experiments/d2l.yaml --dry-run --set seed=1:1000000\n"
                "  gansweep run experiments/learning-rates.yaml -o rates.h5 --set lr_D=0.01,0.05 --threads 8\n",
    .run = run,
};

/// One run from its experiment to its results.
typedef struct {
    const run_arguments *arguments;
    int argument_count; ///< as typed, for the provenance
    char **typed;
    gs_experiment *experiment;
    gs_plan *plan;
    char *path; ///< of the results file
    gs_run_options options;
} run_task;

/// "experiments/d2l.yaml" -> "d2l.h5"; NULL when out of memory.
static char *default_path(const char *experiment) {
    const char *slash = strrchr(experiment, '/');
    const char *name = slash == NULL ? experiment : slash + 1;
    const char *dot = strrchr(name, '.');
    const size_t length = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    char *path = NULL;
    return asprintf(&path, "%.*s.h5", (int)length, name) < 0 ? NULL : path;
}

/// With --force a slip of the fingers must not replace the experiment by its results.
static gs_status refuse_own_experiment(const run_task *sweep, const char *experiment_path, gs_error *error) {
    struct stat experiment, results;
    if (stat(experiment_path, &experiment) == 0 && stat(sweep->path, &results) == 0 &&
        experiment.st_dev == results.st_dev && experiment.st_ino == results.st_ino) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%s: the results can't replace their own experiment; another name was expected", sweep->path);
    }
    return GS_OK;
}

/// The command as a shell reads it; NULL when out of memory.
static char *command_line(const run_task *sweep) {
    char *line = NULL;
    size_t length;
    FILE *stream = open_memstream(&line, &length);
    if (stream == NULL) {
        return NULL;
    }
    (void)fputs("gansweep run", stream);
    for (int i = 0; i < sweep->argument_count; i++) {
        char *quoted = shell_quoted(sweep->typed[i]);
        (void)fprintf(stream, " %s", quoted == NULL ? "?" : quoted);
        free(quoted);
    }
    return fclose(stream) == 0 ? line : NULL;
}

static gs_status create_store(const run_task *sweep, gs_store **store, gs_error *error) {
    char host[HOST_BYTES] = "";
    (void)gethostname(host, sizeof host - 1);
    char *line = command_line(sweep);
    const gs_isa isa = sweep->options.isa == GS_ISA_AUTO ? gs_isa_best() : sweep->options.isa;
    const gs_provenance provenance = {
        .version = GANSWEEP_VERSION,
        .isa = gs_isa_names[isa],
#ifdef __clang__
        .compiler = __VERSION__,
#else
        .compiler = "gcc " __VERSION__,
#endif
        .command_line = line == NULL ? "" : line,
        .host = host,
        .threads = gs_run_threads_used(sweep->plan, &sweep->options),
    };
    const gs_status status = gs_store_create(sweep->path, sweep->experiment, sweep->plan, &provenance,
                                             sweep->arguments->force, &interrupted, store, error);
    free(line);
    return status;
}

/// What was found, where it is and how it is opened.
static gs_status summarise(const run_task *sweep, const gs_progress *progress, gs_error *error) {
    if (progress->trials <= MOST_TRIALS_SUMMARISED) {
        gs_results *results;
        gs_status status = gs_results_open(sweep->path, &results, error);
        if (status != GS_OK) {
            return status;
        }
        gs_report *report = NULL;
        status = gs_report_create(results, &report, error);
        if (status == GS_OK) {
            status = gs_report_print(report, results, sweep->path, GS_FORMAT_TABLE, stdout, error);
        }
        gs_report_free(report);
        gs_results_close(results);
        if (status != GS_OK) {
            return status;
        }
    }
    char trials[GS_FORMAT_BYTES], time[GS_FORMAT_BYTES], rate[GS_FORMAT_BYTES];
    char *path = shell_quoted(sweep->path), *program = shell_quoted(program_invocation_name);
    if (path == NULL || program == NULL) {
        free(path);
        free(program);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the summary");
    }
    (void)printf("\n%s trial%s in %s, %s trials/s with %d thread%s. The results are in %s:\n",
                 gs_format_count(progress->trials, trials), progress->trials == 1 ? "" : "s",
                 gs_format_duration(progress->seconds, time),
                 gs_format_count((int64_t)((double)progress->done / progress->seconds + 0.5), rate),
                 gs_run_threads_used(sweep->plan, &sweep->options),
                 gs_run_threads_used(sweep->plan, &sweep->options) == 1 ? "" : "s", sweep->path);
    (void)printf("  %s report %s\n  %s show %s 0\n  %s list %s\n", program, path, program, path, program, path);
    (void)printf("  python3 -c 'import sys, xarray; print(xarray.open_dataset(sys.argv[1], engine=\"h5netcdf\"))' %s\n",
                 path);
    (void)printf("  python3 -c 'import sys, h5py; print(h5py.File(sys.argv[1])[\"loss_G\"][:, -1])' %s\n", path);
    free(path);
    free(program);
    return GS_OK;
}

/// Names a signal for people.
static const char *signal_name(int signal) {
    return signal == SIGINT ? "SIGINT" : signal == SIGTERM ? "SIGTERM" : "SIGHUP";
}

/// Adds to a line of failure what is not lost.
static int say_what_is_kept(const run_task *sweep, const gs_progress *progress, int code, const char *reason,
                            gs_error *error) {
    char done[GS_FORMAT_BYTES], trials[GS_FORMAT_BYTES];
    (void)gs_fail(error, GS_ERROR_RUN, "%.700s: %s of %s trials are finished and kept in %.200s", reason,
                  gs_format_count(progress->done, done), gs_format_count(progress->trials, trials), sweep->path);
    return code;
}

/// The portable vectors have no instruction for a multiply-add, which alone takes a hundred times as long without one.
static void say_when_slow(const run_task *sweep) {
    const gs_isa isa = sweep->options.isa == GS_ISA_AUTO ? gs_isa_best() : sweep->options.isa;
    if (isa == GS_ISA_PORTABLE && !sweep->arguments->quiet) {
        (void)fprintf(stderr,
                      "gansweep: note: %s: the same numbers without vector instructions and FMA, about 50 times "
                      "slower than with AVX2\n",
                      sweep->options.isa == GS_ISA_AUTO ? "this processor has none of neon, avx2 and avx512"
                                                        : "--isa portable");
    }
}

static int train(const run_task *sweep, gs_error *error) {
    gs_store *store;
    gs_profile profile = {0};
    run_times times = {.start = seconds_now()};
    catch_interruptions();
    gs_status status = create_store(sweep, &store, error);
    times.created = seconds_now();
    if (status != GS_OK) {
        return interrupted ? SIGNAL_CODE + interrupted : (int)status;
    }
    progress_view view = progress_view_on_stderr();
    gs_run_options options = sweep->options;
    options.progress = sweep->arguments->quiet ? NULL : show_progress;
    options.context = &view;
    options.stop = &interrupted;
    options.profile = &profile;
    say_when_slow(sweep);
    gs_progress progress;
    gs_error first_error = {""};
    status = gs_run(sweep->experiment, sweep->plan, store, &options, &progress, &first_error);
    times.trained = seconds_now();
    const gs_status closed = gs_store_close(store, progress.seconds, status == GS_OK ? &first_error : NULL);
    times.closed = seconds_now();
    status = status == GS_OK ? closed : status;
    if (status != GS_OK) {
        return say_what_is_kept(sweep, &progress, status, first_error.message, error);
    }
    if (progress.done < progress.trials) {
        char reason[32];
        (void)snprintf(reason, sizeof reason, "ended by %s", signal_name(interrupted));
        if (sweep->arguments->profile) {
            times.summarised = seconds_now();
            print_profile(&profile, &times, stdout);
        }
        return say_what_is_kept(sweep, &progress, SIGNAL_CODE + interrupted, reason, error);
    }
    status = sweep->arguments->quiet ? GS_OK : summarise(sweep, &progress, error);
    times.summarised = seconds_now();
    if (status == GS_OK && sweep->arguments->profile) {
        print_profile(&profile, &times, stdout);
    }
    return status;
}

static int run_experiment(run_task *sweep, const char *experiment_path, gs_error *error) {
    const run_arguments *arguments = sweep->arguments;
    gs_status status = gs_experiment_read(experiment_path, arguments->settings.texts, arguments->settings.count,
                                          &sweep->experiment, error);
    if (status == GS_OK) {
        status = gs_plan_create(sweep->experiment, &sweep->plan, error);
    }
    if (status != GS_OK) {
        return status;
    }
    sweep->path = arguments->output == NULL ? default_path(experiment_path) : strdup(arguments->output);
    if (sweep->path == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the name of the results file");
    }
    if (arguments->dry_run) {
        return dry_run(sweep->experiment, sweep->plan, &sweep->options, sweep->path, error);
    }
    status = refuse_own_experiment(sweep, experiment_path, error);
    return status == GS_OK ? train(sweep, error) : (int)status;
}

static int run(int argument_count, char **typed, gs_error *error) {
    run_arguments arguments = {.isa = GS_ISA_AUTO};
    const char *operands[MAX_OPERANDS] = {NULL};
    int code = read_arguments(&run_command, argument_count, typed, &arguments, operands, error);
    if (code == GS_OK && !gs_isa_available((gs_isa)arguments.isa)) {
        code = gs_fail(error, GS_ERROR_INPUT, "--isa: this processor has no %s; the best it has is %s",
                       gs_isa_names[arguments.isa], gs_isa_names[gs_isa_best()]);
    }
    if (code == GS_OK) {
        run_task sweep = {.arguments = &arguments,
                          .argument_count = argument_count,
                          .typed = typed,
                          .options = {.threads = arguments.threads, .isa = (gs_isa)arguments.isa}};
        code = run_experiment(&sweep, operands[0], error);
        free(sweep.path);
        gs_plan_free(sweep.plan);
        gs_experiment_free(sweep.experiment);
    }
    free(arguments.settings.texts);
    return code;
}
