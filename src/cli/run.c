#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cluster.h"
#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/dry_run.h"
#include "cli/forecast.h"
#include "cli/interrupt.h"
#include "cli/origin.h"
#include "cli/training.h"
#include "cluster/mpi.h"
#include "cluster/part_files.h"

typedef struct {
    const char *output; ///< NULL: named after the experiment
    const char *shard;  ///< "3/10"; NULL: all trials
    text_list settings;
    double checkpoint;
    int threads, isa, parts; ///< parts 0: not said
    int nodes, cores, disk;  ///< of a cluster that is planned for; 0: not said
    bool resume, force, quiet, dry_run, profile, is_virtual;
} run_arguments;

#define INTO(member) offsetof(run_arguments, member)

enum { MOST_NODES = 1000000, MOST_MEGABYTES = 1000000000, MEGABYTES_OF_A_DISK = 1000 };

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
    {.name = "--shard",
     .kind = OPTION_TEXT,
     .argument = "I/N",
     .description =
         "train only the I-th of N fair shares of the trials, I = 1 to N, into a file of its own; without -o "
         "its name ends with -I-of-N.h5. gansweep merge joins them",
     .offset = INTO(shard)},
    {.name = "--parts",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "under mpirun or srun: cut the trials into N shards that the processes take in turn, each a file "
                    "until all are joined; without it about 32 a process. One process alone can do it, too",
     .offset = INTO(parts),
     .smallest = 1,
     .largest = GS_MOST_SHARDS},
    {.name = "--virtual",
     .kind = OPTION_FLAG,
     .description = "keep the parts, and join them in a small file whose datasets lead to theirs",
     .offset = INTO(is_virtual)},
    THREADS_OPTION(INTO(threads)),
    ISA_OPTION(INTO(isa)),
    CHECKPOINT_OPTION(INTO(checkpoint)),
    {.name = "--resume",
     .kind = OPTION_FLAG,
     .description = "go on with the results file if there is one of this experiment: train what is pending",
     .offset = INTO(resume)},
    {.name = "--force",
     .kind = OPTION_FLAG,
     .description = "replace the results file if it exists",
     .offset = INTO(force)},
    QUIET_OPTION(INTO(quiet), "neither progress nor summary"),
    PROFILE_OPTION(INTO(profile)),
    {.name = "--dry-run",
     .letter = 'n',
     .kind = OPTION_FLAG,
     .description = "say trials, packs, lane use, file size and expected time, and train nothing",
     .offset = INTO(dry_run)},
    {.name = "--nodes",
     .kind = OPTION_INTEGER,
     .argument = "M",
     .description = "with --dry-run: say what it takes on M machines like this one, under mpirun or srun",
     .offset = INTO(nodes),
     .smallest = 1,
     .largest = MOST_NODES},
    {.name = "--cores",
     .kind = OPTION_INTEGER,
     .argument = "C",
     .description = "with --dry-run: each of them has C cores; without it as many as this one",
     .offset = INTO(cores),
     .smallest = 1,
     .largest = MOST_THREADS},
    {.name = "--disk",
     .kind = OPTION_INTEGER,
     .argument = "MB",
     .description = "with --nodes or --cores: megabytes a second that their file system takes from all of them "
                    "together; 1000 without it",
     .offset = INTO(disk),
     .smallest = 1,
     .largest = MOST_MEGABYTES},
};

static int run(int argument_count, char **typed, gs_error *error);

const cli_command run_command = {
    .name = "run",
    .summary = "train all trials of an experiment into a results file",
    .description = "Plans the experiment, trains every trial, checks every trained generator's covariance against the "
                   "truth, and stores losses, parameters, samples and checks in one HDF5 file. Built with MPI "
                   "(gansweep --version says so) and started by mpirun or srun, all processes train together; "
                   "docs/clusters.md says how.",
    .operands = {"EXPERIMENT"},
    .options = run_options,
    .option_count = sizeof run_options / sizeof *run_options,
    .examples = "  gansweep run experiments/d2l.yaml\n"
                "  gansweep run experiments/d2l.yaml --dry-run --set seed=1:1000000\n"
                "  gansweep run experiments/d2l.yaml -o d2l.h5 --resume    # the same line begins and goes on\n"
                "  gansweep run experiments/learning-rates.yaml -o rates.h5 --set lr_D=0.01,0.05 --threads 8\n"
                "  gansweep run experiments/d2l.yaml --shard 3/10          # d2l-03-of-10.h5, on any machine\n"
                "  mpirun -n 8 gansweep run experiments/d2l.yaml --resume  # again after a kill, with any number\n"
                "  gansweep run experiments/d2l.yaml --dry-run --nodes 100 --cores 64 --set seed=1:1000000000\n",
    .run = run,
};

/// One of how many shards; `of` 0: the whole experiment.
typedef struct {
    int number, of;
} shard_choice;

/// One run from its experiment to its results.
typedef struct {
    const run_arguments *arguments;
    int argument_count; ///< as typed, for the provenance
    char **typed;
    gs_experiment *experiment;
    gs_plan *plan;
    shard_choice shard;
    char *path; ///< of the results file
    gs_run_options options;
} run_task;

/// "3/10"
static gs_status read_shard(const char *text, shard_choice *shard, gs_error *error) {
    if (text == NULL) {
        return GS_OK;
    }
    const char *at = gs_part_read_number(text, &shard->number);
    at = at == NULL || *at != '/' ? NULL : gs_part_read_number(at + 1, &shard->of);
    return at != NULL && *at == '\0' && shard->number <= shard->of
               ? GS_OK
               : gs_fail(error, GS_ERROR_INPUT, "--shard: '%.100s' is not I/N with I from 1 to N and N up to %d", text,
                         GS_MOST_SHARDS);
}

/// Restricts the plan to the shard's trials.
static gs_status take_shard(run_task *sweep, gs_error *error) {
    gs_trial_range range;
    gs_error reason;
    if (sweep->shard.of == 0) {
        return GS_OK;
    }
    gs_status status = gs_plan_shard(sweep->experiment, sweep->shard.number, sweep->shard.of, &range, &reason);
    if (status == GS_OK) {
        status = gs_plan_restrict(sweep->plan, range, &reason);
    }
    return status == GS_OK ? GS_OK : gs_fail(error, status, "--shard: %s", reason.message);
}

/// "experiments/d2l.yaml" -> "d2l.h5", or "d2l-03-of-10.h5"; NULL when out of memory.
static char *default_path(const char *experiment, shard_choice shard) {
    const char *slash = strrchr(experiment, '/');
    const char *name = slash == NULL ? experiment : slash + 1;
    const char *dot = strrchr(name, '.');
    const size_t length = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    char *path = NULL;
    if (asprintf(&path, "%.*s.h5", (int)length, name) < 0 || shard.of == 0) {
        return path;
    }
    char *of_shard = gs_part_path(path, shard.number, shard.of);
    free(path);
    return of_shard;
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

static gs_status create_store(const run_task *sweep, gs_store **store, gs_error *error) {
    file_origin origin;
    begin_origin("run", sweep->argument_count, sweep->typed, &origin);
    const gs_isa isa = sweep->options.isa == GS_ISA_AUTO ? gs_isa_best() : sweep->options.isa;
    origin.provenance.isa = gs_isa_names[isa];
    origin.provenance.threads = gs_run_threads_used(sweep->plan, &sweep->options);
    const gs_status status = gs_store_create(sweep->path, sweep->experiment, sweep->plan, &origin.provenance,
                                             sweep->arguments->force, &interrupted, store, error);
    end_origin(&origin);
    return status;
}

/// Creates the results file and trains everything.
static int begin(const run_task *sweep, training_task *task, gs_error *error) {
    const gs_status status = create_store(sweep, &task->store, error);
    task->times.created = seconds_now();
    if (status != GS_OK) {
        return interrupted ? SIGNAL_CODE + interrupted : (int)status;
    }
    return train_pending(task, error);
}

/// A shard's file goes on with its own trials.
static gs_status compare_parts(const gs_results *results, const run_task *sweep, gs_error *error) {
    const gs_trial_range theirs = gs_plan_part(gs_results_plan(results)), mine = gs_plan_part(sweep->plan);
    return theirs.first == mine.first && theirs.count == mine.count
               ? GS_OK
               : gs_fail(error, GS_ERROR_RESULTS,
                         "%s: it has the trials %lld to %lld of this experiment, and this run %lld to %lld; give "
                         "another name, or go on with the file's own by gansweep resume",
                         sweep->path, (long long)theirs.first, (long long)(theirs.first + theirs.count - 1),
                         (long long)mine.first, (long long)(mine.first + mine.count - 1));
}

/// Goes on with the results file, which must belong to this experiment.
static int go_on(const run_task *sweep, training_task *task, gs_error *error) {
    gs_results *results;
    gs_status status = gs_results_open(sweep->path, &results, error);
    if (status != GS_OK) {
        return status;
    }
    status = gs_results_compare(results, sweep->experiment, error);
    if (status == GS_OK) {
        status = compare_parts(results, sweep, error);
    }
    const int code = status == GS_OK ? resume_training(results, false, task, error) : (int)status;
    gs_results_close(results);
    return code;
}

/// Whoever goes on with a sweep that mpirun began would train all of it again without its parts.
static gs_status refuse_parts(const run_task *sweep, gs_error *error) {
    gs_part_families families;
    gs_error ignored;
    gs_status status = GS_OK;
    (void)gs_part_families_find(sweep->path, &families, &ignored); // a folder that can't be read is said to be so later
    if (families.count > 0) {
        status = gs_fail(error, GS_ERROR_INPUT,
                         "%s is a part of these results: go on with the parts by --parts %d --resume, or mpirun; join "
                         "shards by gansweep merge; or begin anew without --resume",
                         families.list[0].name, families.list[0].parts);
    }
    gs_part_families_free(&families);
    return status;
}

static int train(const run_task *sweep, gs_error *error) {
    training_task task = {.experiment = sweep->experiment,
                          .plan = sweep->plan,
                          .path = sweep->path,
                          .options = sweep->options,
                          .quiet = sweep->arguments->quiet,
                          .profile = sweep->arguments->profile,
                          .times = {.start = seconds_now()}};
    catch_interruptions();
    struct stat found;
    const bool there = lstat(sweep->path, &found) == 0;
    if (sweep->arguments->resume && !there && sweep->shard.of == 0 && refuse_parts(sweep, error) != GS_OK) {
        return GS_ERROR_INPUT;
    }
    return sweep->arguments->resume && there ? go_on(sweep, &task, error) : begin(sweep, &task, error);
}

/// Everything before the first file is made.
static gs_status prepare(run_task *sweep, const char *experiment_path, gs_error *error) {
    const run_arguments *arguments = sweep->arguments;
    gs_status status = gs_experiment_read(experiment_path, arguments->settings.texts, arguments->settings.count,
                                          &sweep->experiment, error);
    if (status == GS_OK) {
        status = gs_plan_create(sweep->experiment, &sweep->plan, error);
    }
    if (status == GS_OK) {
        status = take_shard(sweep, error);
    }
    if (status != GS_OK) {
        return status;
    }
    sweep->path = arguments->output == NULL ? default_path(experiment_path, sweep->shard) : strdup(arguments->output);
    if (sweep->path == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the name of the results file");
    }
    return arguments->dry_run ? GS_OK : refuse_own_experiment(sweep, experiment_path, error);
}

/// Whether processes train together. Those of srun need not: each may have a shard of its own.
static bool is_cluster(const gs_launch *launch, const run_arguments *arguments) {
    const bool several = launch->processes > 1 && (launch->is_mpi || arguments->shard == NULL);
    return several || (launch->is_mpi && gs_mpi_library() != NULL) || arguments->parts > 0 || arguments->is_virtual;
}

static bool is_forecast(const run_arguments *arguments) {
    return arguments->nodes > 0 || arguments->cores > 0;
}

/// Options of planning for other machines, which one process does.
static gs_status check_planning(const gs_launch *launch, const run_arguments *arguments, gs_error *error) {
    if (!is_forecast(arguments)) {
        return arguments->disk == 0 ? GS_OK
                                    : gs_fail(error, GS_ERROR_INPUT,
                                              "--disk is that of a cluster: --dry-run with --nodes or --cores was "
                                              "expected");
    }
    if (!arguments->dry_run) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "--nodes and --cores plan for other machines and train nothing: --dry-run was expected; a run "
                       "has --threads, and mpirun or srun");
    }
    if (launch->processes > 1) {
        return gs_fail(error, GS_ERROR_INPUT, "--nodes and --cores plan for other machines: leave out %s",
                       launch->launcher);
    }
    return arguments->shard == NULL && arguments->threads == 0
               ? GS_OK
               : gs_fail(error, GS_ERROR_INPUT,
                         "--nodes and --cores say who trains the whole sweep: leave out --shard and --threads");
}

static gs_status check_options(const gs_launch *launch, const run_arguments *arguments, shard_choice *shard,
                               gs_error *error) {
    gs_status status = check_isa(arguments->isa, error);
    if (status == GS_OK) {
        status = check_planning(launch, arguments, error);
    }
    if (status == GS_OK && arguments->resume && arguments->force) {
        status = gs_fail(error, GS_ERROR_INPUT,
                         "--resume goes on with the results file and --force replaces it: one of them");
    }
    if (status == GS_OK) {
        status = read_shard(arguments->shard, shard, error);
    }
    if (status == GS_OK && shard->of != 0 && is_cluster(launch, arguments)) {
        status =
            gs_fail(error, GS_ERROR_INPUT,
                    "--shard is a part that one process trains alone, and here processes take parts in turn: leave "
                    "out either --shard, or --parts, --virtual and mpirun");
    }
    return status;
}

static int forecast_sweep(const run_task *sweep, gs_error *error) {
    const run_arguments *arguments = sweep->arguments;
    const double megabyte = 1e6;
    const gs_cluster cluster = {.nodes = arguments->nodes > 0 ? arguments->nodes : 1,
                                .cores = arguments->cores > 0 ? arguments->cores : gs_run_threads(&sweep->options),
                                .disk = megabyte * (arguments->disk > 0 ? arguments->disk : MEGABYTES_OF_A_DISK),
                                .parts_asked = arguments->parts,
                                .is_virtual = arguments->is_virtual};
    return (int)forecast(sweep->experiment, sweep->plan, &sweep->options, &cluster, sweep->path, error);
}

static int run_sweep(const gs_launch *launch, run_task *sweep, int code, gs_error *error) {
    const run_arguments *arguments = sweep->arguments;
    if (is_forecast(arguments) && launch->processes <= 1) {
        return code == GS_OK ? forecast_sweep(sweep, error) : code;
    }
    if (is_cluster(launch, arguments)) {
        const cluster_task task = {.experiment = sweep->experiment,
                                   .plan = sweep->plan,
                                   .path = sweep->path,
                                   .options = sweep->options,
                                   .parts = arguments->parts,
                                   .resume = arguments->resume,
                                   .force = arguments->force,
                                   .is_virtual = arguments->is_virtual,
                                   .quiet = arguments->quiet,
                                   .dry_run = arguments->dry_run,
                                   .profile = arguments->profile,
                                   .argument_count = sweep->argument_count,
                                   .typed = sweep->typed};
        return run_on_cluster(launch, &task, code, error);
    }
    if (code != GS_OK) {
        return code;
    }
    return arguments->dry_run ? (int)dry_run(sweep->experiment, sweep->plan, &sweep->options, sweep->path, error)
                              : train(sweep, error);
}

static int run(int argument_count, char **typed, gs_error *error) {
    run_arguments arguments = {.isa = GS_ISA_AUTO, .checkpoint = GS_CHECKPOINT_SECONDS};
    const char *operands[MAX_OPERANDS] = {NULL};
    const gs_launch launch = gs_launch_found();
    run_task sweep = {.arguments = &arguments, .argument_count = argument_count, .typed = typed};
    int code = read_arguments(&run_command, argument_count, typed, &arguments, operands, error);
    if (code == GS_OK) {
        code = check_options(&launch, &arguments, &sweep.shard, error);
    }
    sweep.options = (gs_run_options){.threads = arguments.threads,
                                     .isa = (gs_isa)arguments.isa,
                                     .checkpoint = checkpoint_option(arguments.checkpoint)};
    if (code == GS_OK) {
        code = prepare(&sweep, operands[0], error);
    }
    code = run_sweep(&launch, &sweep, code, error);
    free(sweep.path);
    gs_plan_free(sweep.plan);
    gs_experiment_free(sweep.experiment);
    free(arguments.settings.texts);
    return code;
}
