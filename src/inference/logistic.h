/// A logistic classifier of two samples.
///
/// log P(y | z) / P(x | z) is a linear function of z and, where there is room for them, of all products z_i z_j. For
/// two normal laws it is exactly of this form, so that with the products no classifier does better in the long run; a
/// linear one can't see a wrong covariance. z is the point less the training points' mean, over their standard
/// deviation; a component that does not vary is left out.
///
/// Coefficients minimise the sum of log losses + ridge |coefficients|^2 / 2 by Newton's method, whose steps are halved
/// until the sum sinks. The ridge only keeps them finite where the samples can be told apart without an error.
#ifndef GANSWEEP_INFERENCE_LOGISTIC_H
#define GANSWEEP_INFERENCE_LOGISTIC_H

#include <stdbool.h>

#include "inference/samples.h"

#define GS_LOGISTIC_RIDGE 0.01 // in nats, of all coefficients, the constant's included

/// There are products of components where a feature then has at least this many training points.
enum { GS_LOGISTIC_POINTS_PER_FEATURE = 4 };

/// Work space of one thread.
typedef struct gs_logistic gs_logistic;

/// @param training_points  of both samples, most that it will learn from
/// @return NULL when out of memory
gs_logistic *gs_logistic_create(int dimension, int64_t training_points);
void gs_logistic_free(gs_logistic *logistic);

/// Number of features of a point, 1 among them: with products of components or without.
int64_t gs_logistic_feature_count(int dimension, int64_t training_points);

/// Learns to tell y from x.
/// @return the coefficients [features]: of 1, z_1, z_2, ..., and of z_1 z_1, z_2 z_1, z_2 z_2, z_3 z_1, ...; kept by
///         `logistic` until it learns anew
const double *gs_logistic_learn(gs_logistic *logistic, const gs_samples *training);

/// Calls each point by the more probable sample, of equal ones x.
/// @param called_y  [x_count + y_count]
void gs_logistic_classify(gs_logistic *logistic, const gs_samples *points, bool *called_y);

#endif
