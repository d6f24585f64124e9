#include "run/worker.h"

gs_status gs_worker_create(const gs_experiment *experiment, gs_isa isa, gs_worker *worker, gs_error *error) {
    gs_layers largest_generator;
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &largest_generator);
    *worker = (gs_worker){
        .experiment = experiment,
        .generator_stride = largest_generator.parameter_count,
        .samples_stride = experiment->check_samples * experiment->data.dimension,
        .epochs_stride = gs_experiment_largest(experiment, GS_SETTING_EPOCHS),
    };
    gs_status status = gs_trainer_create(experiment, isa, &worker->trainer, error);
    if (status != GS_OK) {
        return status;
    }
    worker->training = gs_training_create(experiment, gs_trainer_lanes(worker->trainer));
    worker->check = gs_check_create(experiment->data.dimension);
    if (worker->training == NULL || worker->check == NULL) {
        return gs_fail(error, GS_ERROR_RUN,
                       "out of memory for the results of one pack of trials; "
                       "use fewer threads, or keep less of each trial");
    }
    return gs_checker_create(experiment, &worker->checker, error);
}

void gs_worker_free(gs_worker *worker) {
    gs_checker_free(worker->checker);
    gs_check_free(worker->check);
    gs_training_free(worker->training);
    gs_trainer_free(worker->trainer);
    *worker = (gs_worker){0};
}

gs_status gs_worker_check(gs_worker *worker, const gs_settings *settings, int row, gs_error *error) {
    const gs_experiment *experiment = worker->experiment;
    const float *samples = worker->training->samples + row * worker->samples_stride;
    const float *weight = NULL, *bias = NULL; // stay NULL when the generator has hidden layers: its law is not normal
    if (experiment->generator.hidden_count == 0) {
        weight = worker->training->generator + row * worker->generator_stride;
        bias = weight + experiment->data.dimension * settings->latent_dim;
    }
    const gs_status status = gs_check_samples(worker->checker, samples, experiment->check_samples, weight, bias,
                                              settings->latent_dim, worker->check, error);
    gs_check_outcome(settings, experiment->tolerance, worker->training->loss_D + row * worker->epochs_stride,
                     worker->training->loss_G + row * worker->epochs_stride, worker->training->diverged_epoch[row] != 0,
                     &worker->training->ending[row], worker->check);
    return status;
}

void gs_worker_last_losses(const gs_worker *worker, const gs_settings *settings, int row, float *loss_D,
                           float *loss_G) {
    const int64_t last = row * worker->epochs_stride + settings->epochs - 1;
    *loss_D = worker->training->loss_D[last];
    *loss_G = worker->training->loss_G[last];
}
