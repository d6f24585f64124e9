/// One thread's hands: a trainer, the buffer that it fills with a pack's results, and a checker.
///
/// Row `row` of the buffer belongs to trial `row` of the pack; rows are as long as the experiment's largest trial
/// needs.
#ifndef RUN_WORKER_H
#define RUN_WORKER_H

#include "gansweep/check.h"
#include "gansweep/train.h"

typedef struct {
    const gs_experiment *experiment;
    gs_trainer *trainer;
    gs_training *training;
    gs_checker *checker;
    gs_check *check;                                ///< of the trial last checked
    int64_t generator_stride, discriminator_stride; ///< floats of one row of training->generator, ...
    int64_t samples_stride, real_stride, latents_stride;
    int64_t epochs_stride; ///< floats of one row of training->loss_D
} gs_worker;

/// @param experiment  must outlive the worker
/// @param worker  ended with gs_worker_free(), also after a failure
gs_status gs_worker_create(const gs_experiment *experiment, gs_isa isa, gs_worker *worker, gs_error *error);
void gs_worker_free(gs_worker *worker);

/// Checks trial `row` of the pack that was trained last; the result is in worker->check.
gs_status gs_worker_check(gs_worker *worker, const gs_settings *settings, int row, gs_error *error);

/// Losses of a trial's own last epoch.
void gs_worker_last_losses(const gs_worker *worker, const gs_settings *settings, int row, float *loss_D, float *loss_G);

#endif
