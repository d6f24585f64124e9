#include "report/baseline.h"

#include <string.h>

#include "gansweep/run.h"
#include "run/worker.h"

enum { FEWEST_TRIALS = 16 };
/// Examples times parameters that the baselines of all kinds together may cost: a second or two on one thread.
static const double MOST_WORK = 4e9;

// ---- how many kinds there are, and what one may cost ----

/// Settings that tell kinds apart.
static const gs_setting KIND[] = {GS_SETTING_CONVENTION, GS_SETTING_GENERATOR_LOSS, GS_SETTING_LATENT_DIM};
enum { KIND_SETTINGS = sizeof KIND / sizeof *KIND };

static double smaller(double a, double b) {
    return a < b ? a : b;
}

/// Different combinations of what a zip has of these settings.
static int64_t count_zipped(const gs_experiment *experiment) {
    enum { LATENTS = GS_MAX_DIMENSION + 1 };
    bool seen[GS_CONVENTION_COUNT][GS_GENERATOR_LOSS_COUNT][LATENTS] = {{{false}}};
    int64_t rows = 1, found = 0;
    for (int i = 0; i < KIND_SETTINGS; i++) {
        rows = experiment->values[KIND[i]].zipped ? experiment->values[KIND[i]].count : rows;
    }
    for (int64_t row = 0; row < rows; row++) {
        int64_t at[KIND_SETTINGS];
        for (int i = 0; i < KIND_SETTINGS; i++) {
            const gs_values *values = &experiment->values[KIND[i]];
            at[i] = values->zipped ? gs_values_integer(values, row) : 0;
        }
        bool *place = &seen[at[0]][at[1]][at[2]];
        found += !*place;
        *place = true;
    }
    return found;
}

/// Kinds of untrained nets in an experiment. Of those that a design draws at most so many: how often it draws one twice
/// is not counted. A part of a sweep counts as the whole does, so that their baselines are the same.
static double count_kinds(const gs_experiment *experiment) {
    double crossed = (double)count_zipped(experiment), drawn = 1;
    for (int i = 0; i < KIND_SETTINGS; i++) {
        const gs_values *values = &experiment->values[KIND[i]];
        if (values->drawn != NULL) {
            const double most = KIND[i] == GS_SETTING_CONVENTION ? (double)GS_CONVENTION_COUNT
                                : KIND[i] == GS_SETTING_GENERATOR_LOSS
                                    ? (double)GS_GENERATOR_LOSS_COUNT
                                    : (double)gs_experiment_largest(experiment, KIND[i]);
            drawn = smaller(drawn * most, (double)values->count);
        } else if (!values->zipped) {
            crossed *= (double)values->count;
        }
    }
    return crossed * drawn;
}

void gs_baseline_start(gs_baseline *baseline, const gs_experiment *experiment) {
    gs_layers generator, discriminator;
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &generator);
    gs_discriminator_layers(experiment, &discriminator);
    const double parameters = (double)(generator.parameter_count + discriminator.parameter_count);
    const double examples = (double)(experiment->data.n + experiment->check_samples);
    const double affordable = MOST_WORK / (parameters * examples * count_kinds(experiment));
    *baseline = (gs_baseline){.most = GS_BASELINE_TRIALS};
    if (affordable < GS_BASELINE_TRIALS) {
        baseline->most = affordable > FEWEST_TRIALS ? (int)affordable : FEWEST_TRIALS;
    }
}

bool gs_baseline_is_for(const gs_baseline *baseline, const gs_settings *settings) {
    const gs_settings *own = &baseline->settings[0];
    return own->convention == settings->convention && own->generator_loss == settings->generator_loss &&
           own->latent_dim == settings->latent_dim;
}

static bool has_seeds(const gs_baseline *baseline, const gs_settings *settings) {
    for (int i = 0; i < baseline->count; i++) {
        const gs_settings *own = &baseline->settings[i];
        if (own->seed == settings->seed && own->data_seed == settings->data_seed &&
            own->shuffle_seed == settings->shuffle_seed) {
            return true;
        }
    }
    return false;
}

void gs_baseline_add(gs_baseline *baseline, const gs_plan *plan, int64_t configuration) {
    const int before = baseline->count;
    const int64_t count = gs_plan_member_count(plan, configuration);
    for (int64_t i = 0; i < count && i < baseline->most && baseline->count < baseline->most; i++) {
        gs_settings settings;
        gs_plan_settings(plan, gs_plan_member(plan, configuration, i), &settings);
        if (has_seeds(baseline, &settings)) {
            continue;
        }
        settings.lr_D = settings.lr_G = 0;
        settings.epochs = 1;
        settings.batch_size = before > 0 ? baseline->settings[0].batch_size : settings.batch_size;
        baseline->settings[baseline->count++] = settings;
    }
    // Seeds that are crossed with the rest are the same in every configuration: the second one adds none.
    baseline->complete = baseline->count == before || baseline->count == baseline->most;
}

static gs_status note(gs_baseline *baseline, gs_worker *worker, int first, int row, gs_error *error) {
    const int i = first + row;
    const gs_status status = gs_worker_check(worker, &baseline->settings[i], row, error);
    float loss_D, loss_G;
    gs_worker_last_losses(worker, &baseline->settings[i], row, &loss_D, &loss_G);
    double(*quantity)[GS_BASELINE_TRIALS] = baseline->quantity;
    quantity[GS_QUANTITY_STATUS][i] = worker->training->diverged_epoch[row] == 0 ? GS_DONE : GS_DIVERGED;
    quantity[GS_QUANTITY_LOSS_D][i] = loss_D;
    quantity[GS_QUANTITY_LOSS_G][i] = loss_G;
    quantity[GS_QUANTITY_COVARIANCE_OK][i] = worker->check->covariance_ok;
    quantity[GS_QUANTITY_OUTCOME][i] = worker->check->outcome;
    quantity[GS_QUANTITY_COVARIANCE_ERROR][i] = worker->check->covariance_error;
    quantity[GS_QUANTITY_FRECHET_DISTANCE][i] = worker->check->frechet_distance;
    quantity[GS_QUANTITY_KL][i] = worker->check->kl_exact;
    quantity[GS_QUANTITY_LRT_JOINT][i] = worker->check->lrt_joint;
    quantity[GS_QUANTITY_END_LOSS_D][i] = worker->training->ending[row].loss_D;
    quantity[GS_QUANTITY_JSD][i] = worker->check->jsd;
    quantity[GS_QUANTITY_LARGEST_REAL][i] = worker->check->jacobian_largest_real;
    quantity[GS_QUANTITY_LARGEST_RATIO][i] = worker->check->jacobian_largest_ratio;
    return status;
}

/// Trains and checks the nets of one pack.
static gs_status measure_pack(gs_baseline *baseline, gs_worker *worker, int first, int lanes, gs_error *error) {
    const int count = baseline->count - first < lanes ? baseline->count - first : lanes;
    gs_status status = GS_OK;
    (void)gs_train(worker->trainer, &baseline->settings[first], count, NULL, worker->training);
    for (int row = 0; row < count && status == GS_OK; row++) {
        status = note(baseline, worker, first, row, error);
    }
    return status;
}

static int count_threads(int packs) {
    const gs_run_options presets = {0};
    const int most = gs_run_threads(&presets);
    return most < packs ? most : packs;
}

gs_status gs_baseline_measure(gs_baseline *baseline, const gs_experiment *experiment, gs_error *error) {
    const int lanes = gs_isa_lanes(gs_isa_best()), packs = (baseline->count + lanes - 1) / lanes;
    gs_status status = GS_OK; // of all threads: of the first that fails
#pragma omp parallel num_threads(count_threads(packs))
    {
        gs_worker worker;
        gs_error failure;
        gs_status own = gs_worker_create(experiment, GS_ISA_AUTO, &worker, &failure);
#pragma omp for schedule(dynamic, 1)
        for (int pack = 0; pack < packs; pack++) {
            if (own == GS_OK) {
                own = measure_pack(baseline, &worker, pack * lanes, lanes, &failure);
            }
        }
        if (own != GS_OK) {
#pragma omp critical(gs_baseline_failure)
            status = status == GS_OK ? gs_fail(error, own, "%s", failure.message) : status;
        }
        gs_worker_free(&worker);
    }
    return status;
}

gs_status gs_baseline_read(void *source, gs_quantity quantity, int64_t epochs, int64_t first, int64_t count,
                           double *into, gs_error *error) {
    (void)epochs, (void)error;
    const gs_baseline *baseline = source;
    memcpy(into, &baseline->quantity[quantity][first], (size_t)count * sizeof *into);
    return GS_OK;
}
