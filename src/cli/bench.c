#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "numeric/format.h"
#include "speed/rate.h"
#include "speed/wall.h"

typedef struct {
    int repeats, threads, epochs, format;
    bool peak;
} bench_arguments;

typedef enum { BENCH_TABLE, BENCH_JSON, BENCH_FORMAT_COUNT } bench_format;
static const char *const format_names[BENCH_FORMAT_COUNT] = {"table", "json"};

enum { PRESET_REPEATS = 5, PRESET_EPOCHS = 20, MOST_EPOCHS = 1000 };

static const cli_option bench_options[] = {
    {.name = "--peak",
     .kind = OPTION_FLAG,
     .description = "only what this processor can do, and the share of it that a step of training reaches",
     .offset = offsetof(bench_arguments, peak)},
    {.name = "--repeats",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description =
         "measurements of each rate of training, of which the median, the lowest and the highest are printed; "
         "5 if not given",
     .offset = offsetof(bench_arguments, repeats),
     .smallest = 1,
     .largest = GS_MOST_REPEATS},
    {.name = "--threads",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "most threads; without it OMP_NUM_THREADS, or the processors that this process may use",
     .offset = offsetof(bench_arguments, threads),
     .smallest = 1,
     .largest = MOST_THREADS},
    {.name = "--epochs",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description =
         "epochs of each training; a trial of fewer is a shorter one, and its start weighs more; 20 if not given",
     .offset = offsetof(bench_arguments, epochs),
     .smallest = 1,
     .largest = MOST_EPOCHS},
    {.name = "--format",
     .kind = OPTION_CHOICE,
     .argument = "NAME",
     .description = "table or json",
     .offset = offsetof(bench_arguments, format),
     .choices = format_names,
     .choice_count = BENCH_FORMAT_COUNT},
};

static int bench(int argument_count, char **typed, gs_error *error);

const cli_command bench_command = {
    .name = "bench",
    .summary = "how fast this machine trains, and how fast it could",
    .description =
        "Measures training alone, without checks and files: trials and examples a second by instruction set, "
        "threads, batch size and shape, against a plain scalar C loop in the same run, and against the "
        "throughput of this processor's own operations. Takes about 20 seconds.",
    .options = bench_options,
    .option_count = sizeof bench_options / sizeof *bench_options,
    .examples = "  gansweep bench --peak\n"
                "  gansweep bench --repeats 15 --format json > speed.json\n",
    .run = bench,
};

/// A shape of work, as an experiment says it.
typedef struct {
    const char *name, *data, *model;
    int n, batch_size;
} bench_shape;

static const char PLANE[] = "{law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: %d}";
static const bench_shape D2L_SHAPE = {"2-5-3-1", PLANE, "{latent_dim: 2, generator: [], discriminator: [5, 3]}", 1000,
                                      8};
static const bench_shape OTHER_SHAPES[] = {
    {"2-64-64-1", PLANE, "{latent_dim: 2, generator: [], discriminator: [64, 64]}", 200, 8},
    {"2-64-64-1, G 16-32-2", PLANE, "{latent_dim: 16, generator: [32], discriminator: [64, 64]}", 200, 8},
    {"8-16-16-1, G 16-8",
     "{law: gaussian, A: [[1,0,0,0,0,0,0,0], [0,1,0,0,0,0,0,0], [0,0,1,0,0,0,0,0], [0,0,0,1,0,0,0,0], "
     "[0,0,0,0,1,0,0,0], [0,0,0,0,0,1,0,0], [0,0,0,0,0,0,1,0], [0,0,0,0,0,0,0,1]], b: [0,0,0,0,0,0,0,0], n: %d}",
     "{latent_dim: 16, generator: [], discriminator: [16, 16]}", 1000, 8},
    {"2-5-3-1, batch 64", PLANE, "{latent_dim: 2, generator: [], discriminator: [5, 3]}", 1000, 64},
};

/// All that the sections share.
typedef struct {
    const bench_arguments *arguments;
    gs_isa isa; ///< the best that this processor has
    int threads;
    gs_peak peak; ///< of `isa`
    bool json, first_section;
    gs_error *error;
} bench_task;

static const double SECONDS_OF_A_MEASUREMENT = 0.1;

static gs_status read_shape(const bench_task *task, const bench_shape *shape, gs_experiment **experiment) {
    char text[2048], data[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(data, sizeof data, shape->data, shape->n);
#pragma GCC diagnostic pop
    (void)snprintf(text, sizeof text,
                   "data: %s\nmodel: %s\nparameters: {seed: 1, batch_size: %d}\ntrain: {epochs: %d}\n"
                   "keep: {samples: 0}\ncheck: {samples: 16}\n",
                   data, shape->model, shape->batch_size, task->arguments->epochs);
    return gs_experiment_parse(text, strlen(text), "bench", NULL, 0, experiment, task->error);
}

static void begin_section(bench_task *task, const char *name, const char *heading) {
    if (task->json) {
        (void)printf("%s\n  \"%s\": [", task->first_section ? "{" : ",", name);
    } else {
        (void)printf("%s%s\n", task->first_section ? "" : "\n", heading);
    }
    task->first_section = false;
}

static void end_section(const bench_task *task) {
    if (task->json) {
        (void)printf("\n  ]");
    }
    (void)fflush(stdout);
}

static const char *separator(int row) {
    return row == 0 ? "" : ",";
}

static int64_t steps_of(const bench_task *task, const bench_shape *shape) {
    return (int64_t)((shape->n + shape->batch_size - 1) / shape->batch_size) * task->arguments->epochs;
}

// ---- sections ----

/// What the figures depend on; a table has it in its headings.
static void print_conditions(bench_task *task) {
    begin_section(task, "conditions", "");
    (void)printf("\n    {\"version\": \"%s\", \"isa\": \"%s\", \"epochs\": %d, \"examples_of_an_epoch\": %d, "
                 "\"repeats\": %d, \"most_threads\": %d}",
                 GANSWEEP_VERSION, gs_isa_names[task->isa], task->arguments->epochs, D2L_SHAPE.n,
                 task->arguments->repeats, task->threads);
    end_section(task);
}

static double operations_of(const gs_wall *wall) {
    double operations = 0;
    for (int i = 0; i < GS_OPERATION_COUNT; i++) {
        operations += wall->operations[i];
    }
    return operations;
}

/// The operations of a step and what each kind takes.
static void print_operations(bench_task *task, const gs_wall *wall) {
    static const char HEADING[] = "Operations of one step (2-5-3-1, batch 8) of a pack, and what they take on one core";
    begin_section(task, "operations", HEADING);
    if (!task->json) {
        (void)printf("%-20s %10s %12s %15s %16s\n", gs_isa_names[task->isa], "in a step", "alone, ns", "beside fma, ns",
                     "in the wall, ns");
    }
    for (int i = 0; i < GS_OPERATION_COUNT; i++) {
        const double alone = 1e9 * task->peak.alone[i], beside = 1e9 * task->peak.beside[i];
        const double in_wall = wall->operations[i] * (gs_wall_takes_beside((gs_operation)i) ? beside : alone);
        (void)printf(task->json ? "%s\n    {\"operation\": \"%s\", \"count\": %.9g, \"alone_ns\": %.6g, "
                                  "\"beside_ns\": %.6g, \"wall_ns\": %.6g}"
                                : "%.0s%-20s %10.1f %12.3f %15.3f %16.1f\n",
                     separator(i), gs_operation_names[i], wall->operations[i], alone, beside, in_wall);
    }
    end_section(task);
}

/// @param step  seconds that a step takes
static void print_wall(bench_task *task, const gs_wall *wall, double step) {
    const int lanes = gs_isa_lanes(task->isa);
    begin_section(task, "wall", "The wall: those times added up, or the divider's if that is longer");
    (void)printf(task->json
                     ? "\n    {\"isa\": \"%s\", \"lanes\": %d, \"operations\": %.9g, \"load_ns\": %.6g, "
                       "\"issue_ns\": %.6g, \"divider_ns\": %.6g, \"wall_ns\": %.6g, \"step_ns\": %.6g, "
                       "\"share\": %.6g, \"wall_trials_a_second\": %.6g, \"side_by_side_ns\": %.6g, "
                       "\"share_side_by_side\": %.6g}"
                     : "%s, %d lanes: %.0f operations a step (a load takes %.3f ns); one kind after the other %.0f ns, "
                       "divider %.0f ns: wall %.0f ns\n"
                       "a step takes %.0f ns: %.3g of the wall, which stands at %.0f trials/s a core\n"
                       "without what runs beside multiply-adds for nothing it would stand at %.0f ns: %.3g of it\n",
                 gs_isa_names[task->isa], lanes, operations_of(wall), 1e9 * task->peak.load, 1e9 * wall->issue,
                 1e9 * wall->divider, 1e9 * wall->seconds, 1e9 * step, wall->seconds / step,
                 lanes / wall->seconds / (double)steps_of(task, &D2L_SHAPE), 1e9 * wall->side_by_side,
                 wall->side_by_side / step);
    end_section(task);
}

static gs_status bench_peak(bench_task *task) {
    gs_experiment *experiment;
    gs_wall wall;
    gs_rate trials;
    const int lanes = gs_isa_lanes(task->isa);
    gs_status status = read_shape(task, &D2L_SHAPE, &experiment);
    if (status != GS_OK) {
        return status;
    }
    status = gs_wall_find(experiment, lanes, &task->peak, &wall, task->error);
    if (status == GS_OK) {
        status = gs_rate_of_training(experiment, task->isa, 1, task->arguments->repeats, SECONDS_OF_A_MEASUREMENT,
                                     &trials, task->error);
    }
    gs_experiment_free(experiment);
    if (status == GS_OK) {
        print_operations(task, &wall);
        print_wall(task, &wall, lanes / trials.median / (double)steps_of(task, &D2L_SHAPE));
    }
    return status;
}

/// A row of rates beside the scalar loop's; `row` is its number in the section.
static gs_status print_against_scalar(bench_task *task, const gs_experiment *experiment, gs_isa isa,
                                      int packs_of_a_seed, int row) {
    gs_rate trials, scalar, ratio;
    const gs_status status = gs_rate_against_scalar(experiment, isa, packs_of_a_seed, task->arguments->repeats,
                                                    SECONDS_OF_A_MEASUREMENT, &trials, &scalar, &ratio, task->error);
    if (status != GS_OK) {
        return status;
    }
    const double examples = (double)task->arguments->epochs * D2L_SHAPE.n;
    if (row == 0 && !task->json) {
        (void)printf("%-9s %5s %10s %22s %13s %14s %10s %16s\n", "", "lanes", "trials/s", "(low ... high)",
                     "M examples/s", "ns/model/step", "scalar/s", "ratio");
    }
    (void)printf(task->json ? "%s\n    {\"isa\": \"%s\", \"lanes\": %d, \"trials_a_second\": %.6g, \"low\": %.6g, "
                              "\"high\": %.6g, \"examples_a_second\": %.6g, \"ns_a_model_and_step\": %.6g, "
                              "\"scalar_trials_a_second\": %.6g, \"ratio\": %.6g, \"ratio_low\": %.6g, "
                              "\"ratio_high\": %.6g}"
                            : "%.0s%-9s %5d %10.1f %10.1f ... %7.1f %13.2f %14.2f %10.1f %5.1f (%.1f ... %.1f)\n",
                 separator(row), gs_isa_names[isa], gs_isa_lanes(isa), trials.median, trials.low, trials.high,
                 trials.median * examples / (task->json ? 1 : 1e6),
                 1e9 / trials.median / (double)steps_of(task, &D2L_SHAPE), scalar.median, ratio.median, ratio.low,
                 ratio.high);
    return GS_OK;
}

static gs_status bench_instruction_sets(bench_task *task) {
    gs_experiment *experiment;
    gs_status status = read_shape(task, &D2L_SHAPE, &experiment);
    if (status != GS_OK) {
        return status;
    }
    char heading[128];
    (void)snprintf(heading, sizeof heading,
                   "One core, 2-5-3-1, batch 8, epochs: %d of %d examples each; the scalar C loop in turn",
                   task->arguments->epochs, D2L_SHAPE.n);
    begin_section(task, "instruction_sets", heading);
    int row = 0;
    for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT && status == GS_OK; isa++) {
        if (gs_isa_available((gs_isa)isa)) {
            status = print_against_scalar(task, experiment, (gs_isa)isa, 1, row++);
        }
    }
    gs_experiment_free(experiment);
    end_section(task);
    return status;
}

static gs_status bench_shared_seeds(bench_task *task) {
    enum { PACKS_OF_A_SEED = 16 }; // as the plan orders them
    gs_experiment *experiment;
    gs_status status = read_shape(task, &D2L_SHAPE, &experiment);
    if (status != GS_OK) {
        return status;
    }
    begin_section(task, "shared_seeds",
                  "The same as a sweep of learning rates: 16 packs after each other have the same seeds");
    status = print_against_scalar(task, experiment, task->isa, PACKS_OF_A_SEED, 0);
    gs_experiment_free(experiment);
    end_section(task);
    return status;
}

static gs_status bench_threads(bench_task *task) {
    gs_experiment *experiment;
    gs_status status = read_shape(task, &D2L_SHAPE, &experiment);
    if (status != GS_OK) {
        return status;
    }
    begin_section(task, "threads", "Threads");
    if (!task->json) {
        (void)printf("%-9s %10s %22s %12s\n", "threads", "trials/s", "(low ... high)", "times one");
    }
    double one = 0;
    int row = 0;
    for (int threads = 1; threads <= task->threads && status == GS_OK;) {
        gs_rate trials;
        status = gs_rate_of_training(experiment, task->isa, threads, task->arguments->repeats, SECONDS_OF_A_MEASUREMENT,
                                     &trials, task->error);
        if (status == GS_OK) {
            one = threads == 1 ? trials.median : one;
            (void)printf(task->json
                             ? "%s\n    {\"threads\": %d, \"trials_a_second\": %.6g, \"low\": %.6g, \"high\": %.6g, "
                               "\"times_one\": %.6g}"
                             : "%.0s%-9d %10.1f %10.1f ... %7.1f %12.2f\n",
                         separator(row++), threads, trials.median, trials.low, trials.high, trials.median / one);
        }
        threads = threads < task->threads && 2 * threads > task->threads ? task->threads : 2 * threads;
    }
    gs_experiment_free(experiment);
    end_section(task);
    return status;
}

static gs_status bench_batches(bench_task *task) {
    static const int sizes[] = {8, 1, 2, 4, 16, 32, 64, 128, 256, 1000};
    const double examples = (double)task->arguments->epochs * D2L_SHAPE.n;
    double of_8 = 0;
    gs_status status = GS_OK;
    begin_section(task, "batch_sizes", "Batch sizes, one core");
    if (!task->json) {
        (void)printf("%-9s %10s %13s %10s\n", "batch", "trials/s", "M examples/s", "to 8");
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && status == GS_OK; i++) {
        bench_shape shape = D2L_SHAPE;
        gs_experiment *experiment;
        gs_rate trials;
        shape.batch_size = sizes[i];
        status = read_shape(task, &shape, &experiment);
        if (status == GS_OK) {
            status = gs_rate_of_training(experiment, task->isa, 1, task->arguments->repeats, SECONDS_OF_A_MEASUREMENT,
                                         &trials, task->error);
            gs_experiment_free(experiment);
        }
        if (status == GS_OK) {
            of_8 = i == 0 ? trials.median : of_8;
            (void)printf(task->json ? "%s\n    {\"batch_size\": %d, \"trials_a_second\": %.6g, \"examples_a_second\": "
                                      "%.6g, \"to_batch_8\": %.6g}"
                                    : "%.0s%-9d %10.1f %13.2f %10.2f\n",
                         separator((int)i), sizes[i], trials.median, trials.median * examples / (task->json ? 1 : 1e6),
                         trials.median / of_8);
        }
    }
    end_section(task);
    return status;
}

static gs_status bench_shapes(bench_task *task) {
    gs_status status = GS_OK;
    const int lanes = gs_isa_lanes(task->isa);
    begin_section(task, "shapes", "Other shapes, one core");
    if (!task->json) {
        (void)printf("%-24s %13s %16s %20s %14s\n", "", "M examples/s", "operations/step", "operations/ns",
                     "of the wall");
    }
    for (size_t i = 0; i < sizeof OTHER_SHAPES / sizeof *OTHER_SHAPES && status == GS_OK; i++) {
        const bench_shape *shape = &OTHER_SHAPES[i];
        gs_experiment *experiment;
        gs_rate trials;
        gs_wall wall = {0};
        status = read_shape(task, shape, &experiment);
        if (status != GS_OK) {
            break;
        }
        status = gs_wall_find(experiment, lanes, &task->peak, &wall, task->error);
        if (status == GS_OK) {
            status = gs_rate_of_training(experiment, task->isa, 1, task->arguments->repeats, SECONDS_OF_A_MEASUREMENT,
                                         &trials, task->error);
        }
        gs_experiment_free(experiment);
        if (status == GS_OK) {
            const double step = lanes / trials.median / (double)steps_of(task, shape);
            const double operations = operations_of(&wall);
            const double examples = trials.median * task->arguments->epochs * shape->n;
            (void)printf(task->json ? "%s\n    {\"shape\": \"%s\", \"examples_a_second\": %.6g, \"operations\": %.9g, "
                                      "\"operations_a_second\": %.6g, \"share_of_the_wall\": %.6g}"
                                    : "%.0s%-24s %13.2f %16.0f %20.3f %14.2f\n",
                         separator((int)i), shape->name, examples / (task->json ? 1 : 1e6), operations,
                         operations / step / (task->json ? 1 : 1e9), wall.seconds / step);
        }
    }
    end_section(task);
    return status;
}

static int bench(int argument_count, char **typed, gs_error *error) {
    bench_arguments arguments = {.repeats = PRESET_REPEATS, .epochs = PRESET_EPOCHS};
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_status status = read_arguments(&bench_command, argument_count, typed, &arguments, operands, error);
    if (status != GS_OK) {
        return status;
    }
    bench_task task = {.arguments = &arguments,
                       .isa = gs_isa_best(),
                       .threads = gs_run_threads(&(gs_run_options){.threads = arguments.threads}),
                       .json = arguments.format == BENCH_JSON,
                       .first_section = true,
                       .error = error};
    static gs_status (*const sections[])(bench_task *) = {bench_peak,    bench_instruction_sets, bench_shared_seeds,
                                                          bench_threads, bench_batches,          bench_shapes};
    const int count = arguments.peak ? 1 : (int)(sizeof sections / sizeof *sections);
    (void)gs_peak_measure(task.isa, &task.peak);
    if (task.json) {
        print_conditions(&task);
    }
    for (int i = 0; i < count && status == GS_OK; i++) {
        status = sections[i](&task);
    }
    if (task.json && status == GS_OK) {
        (void)printf("\n}\n");
    }
    return status;
}
