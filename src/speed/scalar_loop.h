/// The program that a careful person writes first: one trial at a time in plain scalar C with libm, compiled with -O3
/// for the processor at hand. Every ratio of speed that this project states is measured against it, in the same run.
#ifndef GANSWEEP_SPEED_SCALAR_LOOP_H
#define GANSWEEP_SPEED_SCALAR_LOOP_H

#include <stdint.h>

typedef struct {
    float loss_D, loss_G;        ///< nats per example over the last epoch
    float weight[2][2], bias[2]; ///< the trained generator
    double frechet_distance;     ///< of its exact law to N(b, A^T A), data units squared
} scalar_result;

/// Trains the d2l.ai GAN (2-5-3-1, n = 1000, batch 8, mxnet convention) with a random generator of its own.
void scalar_train(uint64_t seed, int epochs, scalar_result *result);

/// What scalar_train is called when it is compiled for one level of x86-64 processors, as `gansweep bench` has it: a
/// program that is built on one machine and runs on another can't be compiled "for the processor at hand".
typedef void scalar_training(uint64_t seed, int epochs, scalar_result *result);
scalar_training gs_scalar_train_baseline;
#if defined(__x86_64__)
scalar_training gs_scalar_train_v3, gs_scalar_train_v4;
#endif

#endif
