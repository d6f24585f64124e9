/// The training of one trial in plain scalar C, written to be checked against the textbook by eye.
///
/// In float it does the same operations in the same order as the packed kernel and gives the same bits; in double the
/// same source is what frameworks compute in float64 (there tanh, exp and log are libm's). Both start from the same
/// float32 draws. For tests and for reading: it is not what the program runs.
#ifndef GANSWEEP_TRAIN_REFERENCE_H
#define GANSWEEP_TRAIN_REFERENCE_H

#include "gansweep/train.h"

/// Called after every step with the batch's losses (sums over its examples), all parameters, and the gradients that
/// took them there (all in gs_layers order): of the discriminator's loss before its update, and of the generator's loss
/// through the updated discriminator; sums or means over the batch, as the convention says.
typedef void (*gs_observe_float)(void *context, int64_t step, float loss_D, float loss_G, const float *D,
                                 const float *G, const float *gradient_D, const float *gradient_G);
typedef void (*gs_observe_double)(void *context, int64_t step, double loss_D, double loss_G, const double *D,
                                  const double *G, const double *gradient_D, const double *gradient_G);

/// Trains one trial for at most `steps` steps (or all of its epochs when `steps` is negative).
/// @param loss_D, loss_G  [epochs] nats per example, of the completed epochs
/// @param D, G  [parameters of each network] result
/// @return false when out of memory
bool gs_reference_float(const gs_experiment *experiment, const gs_settings *settings, int64_t steps, float *loss_D,
                        float *loss_G, float *D, float *G, gs_observe_float observe, void *context);
bool gs_reference_double(const gs_experiment *experiment, const gs_settings *settings, int64_t steps, double *loss_D,
                         double *loss_G, double *D, double *G, gs_observe_double observe, void *context);

/// The same from the parameters that D and G hold, instead of the convention's initial ones.
bool gs_reference_float_from(const gs_experiment *experiment, const gs_settings *settings, int64_t steps, float *loss_D,
                             float *loss_G, float *D, float *G, gs_observe_float observe, void *context);
bool gs_reference_double_from(const gs_experiment *experiment, const gs_settings *settings, int64_t steps,
                              double *loss_D, double *loss_G, double *D, double *G, gs_observe_double observe,
                              void *context);

/// What the trained nets D and G show on all real rows and all checked samples.
/// @return false when out of memory
bool gs_reference_float_end(const gs_experiment *experiment, const gs_settings *settings, const float *D,
                            const float *G, gs_ending *ending);
bool gs_reference_double_end(const gs_experiment *experiment, const gs_settings *settings, const double *D,
                             const double *G, gs_ending *ending);

#endif
