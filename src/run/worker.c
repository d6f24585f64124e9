#include "run/worker.h"

gs_status gs_worker_create(const gs_experiment *experiment, gs_isa isa, gs_worker *worker, gs_error *error) {
    gs_layers largest_generator, discriminator;
    gs_discriminator_layers(experiment, &discriminator);
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &largest_generator);
    *worker = (gs_worker){
        .experiment = experiment,
        .generator_stride = largest_generator.parameter_count,
        .discriminator_stride = discriminator.parameter_count,
        .real_stride = experiment->data.n * experiment->data.dimension,
        .latents_stride = experiment->check_samples * gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM),
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
    const gs_training *training = worker->training;
    const gs_trained trained = {
        .loss_D = training->loss_D + row * worker->epochs_stride,
        .loss_G = training->loss_G + row * worker->epochs_stride,
        .generator = training->generator + row * worker->generator_stride,
        .discriminator = training->discriminator + row * worker->discriminator_stride,
        .samples = training->samples + row * worker->samples_stride,
        .real = training->real == NULL ? NULL : training->real + row * worker->real_stride,
        .latents = training->latents == NULL ? NULL : training->latents + row * worker->latents_stride,
        .ending = &training->ending[row],
        .diverged = training->diverged_epoch[row] != 0,
    };
    return gs_check_trained(worker->checker, settings, &trained, worker->check, error);
}

void gs_worker_last_losses(const gs_worker *worker, const gs_settings *settings, int row, float *loss_D,
                           float *loss_G) {
    const int64_t last = row * worker->epochs_stride + settings->epochs - 1;
    *loss_D = worker->training->loss_D[last];
    *loss_G = worker->training->loss_G[last];
}
