/// The four conventions as one table: what differs between the published notebooks, and nothing else.
///
/// Adam (Kingma & Ba 2015) is kept in scaled moments, m~ = m / (1 - beta1) and v~ = v / (1 - beta2), one multiply-add
/// each:
///
///     m~ <- beta1 m~ + g        v~ <- beta2 v~ + g^2        w <- w - lr c(t) m~ / (sqrt(v~) + e(t))
///
/// and an m~ that has become subnormal is 0. Rounded, 0.9 times the smallest numbers is themselves, so that m~ of a
/// unit without a gradient would stay there for good, where it moves nothing but is slow on most processors.
///
///     c(t) = sqrt(1 - beta2^t) / (1 - beta1^t) * (1 - beta1) / sqrt(1 - beta2)
///     e(t) = eps / sqrt(1 - beta2)                     eps stands beside sqrt(v): mxnet, tf
///     e(t) = eps sqrt(1 - beta2^t) / sqrt(1 - beta2)   eps stands beside sqrt(v / (1 - beta2^t)): torch
#ifndef GANSWEEP_TRAIN_CONVENTION_H
#define GANSWEEP_TRAIN_CONVENTION_H

#include "gansweep/experiment.h"

#define GS_BETA1 0.9
#define GS_BETA2 0.999

typedef enum {
    GS_INIT_NORMAL_WEIGHTS, ///< weights N(0, 0.02^2), biases 0
    GS_INIT_NORMAL,         ///< weights and biases N(0, 0.02^2)
    GS_INIT_GLOROT_UNIFORM, ///< weights uniform within +-sqrt(6 / (in + out)), biases 0
} gs_initialisation;

typedef struct {
    gs_initialisation discriminator, generator;
    bool mean_gradient;          ///< mean over the batch; otherwise the sum
    bool epsilon_bias_corrected; ///< e(t) carries sqrt(1 - beta2^t)
    double epsilon;
} gs_convention_rule;

static const gs_convention_rule gs_convention_rules[GS_CONVENTION_COUNT] = {
    [GS_MXNET] = {GS_INIT_NORMAL_WEIGHTS, GS_INIT_NORMAL_WEIGHTS, true, false, 1e-8},
    [GS_TORCH] = {GS_INIT_NORMAL, GS_INIT_NORMAL, false, true, 1e-8},
    [GS_TF] = {GS_INIT_NORMAL, GS_INIT_GLOROT_UNIFORM, false, false, 1e-7},
    [GS_TF_AS_DOCUMENTED] = {GS_INIT_NORMAL, GS_INIT_NORMAL, false, false, 1e-7},
};

#endif
