#include "report/baseline.h"

#include <string.h>

#include "run/worker.h"

enum { FEWEST_TRIALS = 16 };
/// Examples times parameters that a baseline may cost: a second or two on one thread.
static const double MOST_WORK = 4e9;

void gs_baseline_start(gs_baseline *baseline, const gs_experiment *experiment) {
    gs_layers generator, discriminator;
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &generator);
    gs_discriminator_layers(experiment, &discriminator);
    const double parameters = (double)(generator.parameter_count + discriminator.parameter_count);
    const double affordable = MOST_WORK / (parameters * (double)experiment->data.n);
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

gs_status gs_baseline_measure(gs_baseline *baseline, const gs_experiment *experiment, gs_error *error) {
    gs_worker worker;
    gs_status status = gs_worker_create(experiment, GS_ISA_AUTO, &worker, error);
    const int lanes = status == GS_OK ? gs_trainer_lanes(worker.trainer) : 1;
    for (int first = 0; first < baseline->count && status == GS_OK; first += lanes) {
        const int count = baseline->count - first < lanes ? baseline->count - first : lanes;
        (void)gs_train(worker.trainer, &baseline->settings[first], count, NULL, worker.training);
        for (int row = 0; row < count && status == GS_OK; row++) {
            status = note(baseline, &worker, first, row, error);
        }
    }
    gs_worker_free(&worker);
    return status;
}

gs_status gs_baseline_read(void *source, gs_quantity quantity, int64_t epochs, int64_t first, int64_t count,
                           double *into, gs_error *error) {
    (void)epochs, (void)error;
    const gs_baseline *baseline = source;
    memcpy(into, &baseline->quantity[quantity][first], (size_t)count * sizeof *into);
    return GS_OK;
}
