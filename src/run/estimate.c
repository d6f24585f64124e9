#include <omp.h>
#include <stdlib.h>
#include <time.h>

#include "gansweep/run.h"
#include "run/worker.h"

enum {
    MOST_SHAPES = 16,             ///< spread evenly over the plan
    CALIBRATION_WORK = 400000,    ///< examples times parameters of one epoch of one lane: some milliseconds
    EPOCHS_OF_THE_LONGER_RUN = 3, ///< against one epoch: the difference is free of what is done once a trial
};
static const double CALIBRATION_SECONDS = 0.2;

/// One shape of work of the plan, and what one pack of it takes.
typedef struct {
    gs_settings settings;
    double seconds; ///< of a pack; 0: not measured
    double work;    ///< examples of one trial, for the shapes that the time did not reach
} gs_shape;

/// Shapes of packs at evenly spaced places of the plan: the sample mean over them estimates the plan's mean pack.
static int choose_shapes(const gs_experiment *experiment, const gs_plan *plan, int lanes, gs_shape *shapes) {
    const int64_t packs = gs_plan_pack_count(plan, lanes);
    const int count = packs < MOST_SHAPES ? (int)packs : MOST_SHAPES;
    for (int i = 0; i < count; i++) {
        int64_t trials[GS_MAX_LANES];
        const int64_t pack = packs / count * i + packs % count * i / count + packs / count / 2;
        (void)gs_plan_pack(plan, lanes, pack, trials);
        shapes[i] = (gs_shape){0};
        gs_plan_settings(plan, trials[0], &shapes[i].settings);
        shapes[i].work = (double)shapes[i].settings.epochs * (double)experiment->data.n;
    }
    return count;
}

/// `most` cut to what a calibration has time for when each costs `parameters`, but at least `fewest`.
static int64_t affordable(int64_t parameters, int64_t fewest, int64_t most) {
    const int64_t count = CALIBRATION_WORK / parameters;
    return count >= most ? most : count > fewest ? count : fewest;
}

/// The experiment with one shape, few epochs, and no more examples and samples than a calibration has time for; of
/// examples a whole number of batches, since an update costs as much as many examples. Its lists of values are single
/// values, and everything else is still owned by the original.
static gs_experiment small_experiment(const gs_experiment *experiment, const gs_settings *settings) {
    gs_layers generator, discriminator;
    gs_generator_layers(experiment, settings->latent_dim, &generator);
    gs_discriminator_layers(experiment, &discriminator);
    gs_experiment small = *experiment;
    const int64_t examples =
        affordable(generator.parameter_count + discriminator.parameter_count, settings->batch_size, experiment->data.n);
    small.data.n = examples < experiment->data.n ? examples - examples % settings->batch_size : examples;
    small.check_samples =
        affordable(generator.parameter_count, experiment->data.dimension + 2, experiment->check_samples);
    small.values[GS_SETTING_EPOCHS] = (gs_values){.count = 1, .first = EPOCHS_OF_THE_LONGER_RUN, .step = 1};
    small.values[GS_SETTING_LATENT_DIM] = (gs_values){.count = 1, .first = settings->latent_dim, .step = 1};
    small.values[GS_SETTING_BATCH_SIZE] = (gs_values){.count = 1, .first = settings->batch_size, .step = 1};
    return small;
}

/// Seconds that this thread has had a processor: what else the machine does is not in them.
static double processor_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// Of one full pack.
typedef struct {
    double training, checking; ///< seconds
} gs_pack_time;

/// Trains and checks one full pack for a number of epochs. It has seeds of its own: packs of equal seeds share what
/// they draw.
static gs_status time_pack(gs_worker *worker, gs_settings settings, int64_t epochs, int turn, gs_pack_time *time,
                           gs_error *error) {
    gs_settings pack[GS_MAX_LANES];
    const int lanes = gs_trainer_lanes(worker->trainer);
    settings.epochs = epochs;
    settings.seed = settings.data_seed = settings.shuffle_seed = turn;
    for (int row = 0; row < lanes; row++) {
        pack[row] = settings;
    }
    const double start = processor_seconds();
    (void)gs_train(worker->trainer, pack, lanes, NULL, worker->training);
    const double trained = processor_seconds();
    gs_status status = GS_OK;
    for (int row = 0; row < lanes && status == GS_OK; row++) {
        status = gs_worker_check(worker, &pack[row], row, error);
    }
    *time = (gs_pack_time){trained - start, processor_seconds() - trained};
    return status;
}

/// What drawing a sample costs, as a share of training with an example: G forward, against both networks forward and
/// backward, which is about three times forward.
static double share_of_a_sample(const gs_experiment *experiment, const gs_settings *settings) {
    gs_layers generator, discriminator;
    gs_generator_layers(experiment, settings->latent_dim, &generator);
    gs_discriminator_layers(experiment, &discriminator);
    return (double)generator.parameter_count /
           (3 * (double)(generator.parameter_count + discriminator.parameter_count));
}

/// Measures one shape: once for warmth, then one epoch and several.
static gs_status measure(const gs_experiment *experiment, gs_isa isa, gs_shape *shape, gs_error *error) {
    const gs_experiment small = small_experiment(experiment, &shape->settings);
    const gs_settings settings = shape->settings;
    gs_worker worker;
    gs_pack_time warming, one_epoch = {0}, several_epochs = {0};
    gs_status status = gs_worker_create(&small, isa, &worker, error);
    if (status == GS_OK) {
        status = time_pack(&worker, settings, 1, 0, &warming, error);
    }
    if (status == GS_OK) {
        status = time_pack(&worker, settings, 1, 1, &one_epoch, error);
    }
    if (status == GS_OK) {
        status = time_pack(&worker, settings, EPOCHS_OF_THE_LONGER_RUN, 2, &several_epochs, error);
    }
    gs_worker_free(&worker);
    double epoch = (several_epochs.training - one_epoch.training) / (EPOCHS_OF_THE_LONGER_RUN - 1);
    epoch = epoch > 0 ? epoch : one_epoch.training;
    const double once = (one_epoch.training > epoch ? one_epoch.training - epoch : 0) +
                        (one_epoch.checking + several_epochs.checking) / 2;
    const double example = epoch / (double)small.data.n;
    const double missing_samples = (double)(experiment->check_samples - small.check_samples);
    shape->seconds = once + example * (double)experiment->data.n * (double)shape->settings.epochs +
                     example * share_of_a_sample(experiment, &settings) * missing_samples;
    return status;
}

static bool equal_shape(const gs_settings *a, const gs_settings *b) {
    return a->batch_size == b->batch_size && a->latent_dim == b->latent_dim && a->epochs == b->epochs;
}

/// Measures the different shapes, in an order that spreads over the plan, until the time is up.
static gs_status measure_shapes(const gs_experiment *experiment, gs_isa isa, gs_shape *shapes, int count,
                                gs_error *error) {
    const double start = omp_get_wtime();
    for (int turn = 0; turn < MOST_SHAPES; turn++) {
        const int i = turn * 7 % MOST_SHAPES; // 7 and MOST_SHAPES have no common factor: every place once
        if (i >= count || shapes[i].seconds > 0) {
            continue;
        }
        if (turn > 0 && omp_get_wtime() - start > CALIBRATION_SECONDS) {
            break;
        }
        const gs_status status = measure(experiment, isa, &shapes[i], error);
        if (status != GS_OK) {
            return status;
        }
        for (int other = 0; other < count; other++) {
            if (equal_shape(&shapes[other].settings, &shapes[i].settings)) {
                shapes[other].seconds = shapes[i].seconds;
            }
        }
    }
    return GS_OK;
}

/// Mean seconds of a pack; a shape that was not measured takes the measured ones' seconds an example.
static double mean_seconds(const gs_shape *shapes, int count) {
    double measured_seconds = 0, measured_work = 0, seconds = 0;
    for (int i = 0; i < count; i++) {
        measured_seconds += shapes[i].seconds;
        measured_work += shapes[i].seconds > 0 ? shapes[i].work : 0;
    }
    for (int i = 0; i < count; i++) {
        seconds += shapes[i].seconds > 0 ? shapes[i].seconds : shapes[i].work * measured_seconds / measured_work;
    }
    return seconds / count;
}

/// Packs a second of all threads together. All measure at once, since threads that share a core or a memory slow each
/// other down; more of them than processors take turns.
static gs_status measure_rate(const gs_experiment *experiment, gs_isa isa, const gs_shape *chosen, int count,
                              int threads, double *packs_a_second, gs_error *error) {
    gs_status first_failure = GS_OK;
    double sum = 0;
#pragma omp parallel num_threads(threads)
    {
        gs_shape shapes[MOST_SHAPES];
        gs_error failure;
        for (int i = 0; i < count; i++) {
            shapes[i] = chosen[i];
        }
        const gs_status status = measure_shapes(experiment, isa, shapes, count, &failure);
#pragma omp critical(gs_estimate)
        {
            if (status == GS_OK) {
                sum += 1 / mean_seconds(shapes, count);
            } else if (first_failure == GS_OK) {
                first_failure = gs_fail(error, status, "%s", failure.message);
            }
        }
    }
    const int processors = omp_get_num_procs();
    *packs_a_second = threads > processors ? sum * processors / threads : sum;
    return first_failure;
}

gs_status gs_run_estimate(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options,
                          double *seconds, gs_error *error) {
    const gs_isa isa = options->isa == GS_ISA_AUTO ? gs_isa_best() : options->isa;
    const int lanes = gs_isa_lanes(isa);
    const int64_t packs = gs_plan_pack_count(plan, lanes);
    const int threads = gs_run_threads_used(plan, options);
    gs_shape chosen[MOST_SHAPES];
    const int count = choose_shapes(experiment, plan, lanes, chosen);
    double packs_a_second;
    const gs_status status = measure_rate(experiment, isa, chosen, count, threads, &packs_a_second, error);
    *seconds = status == GS_OK ? (double)packs / packs_a_second : 0;
    return status;
}
