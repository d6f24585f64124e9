/// The best-response gap: what the optimal discriminator would see.
///
/// Against a frozen generator with density q and data with density p the optimal discriminator's loss is ln 2 - JSD(p,
/// q), the Jensen-Shannon divergence in nats (Goodfellow et al. 2014, theorem 1). A trained discriminator misses
/// JSD - (ln 2 - loss_D) of it.
///
/// Where both laws are Gaussian one integral over the real line gives it in every dimension. With the Mellin transform
/// of log(1 + u) and the Chernoff coefficient C(a) = integral of p^(1-a) q^a, an elementary function,
///   JSD = 1/4 integral of (1 - C(1/2 + i t)) / ((1/4 + t^2) cosh(pi t)) dt.
/// |C| <= 1 for 0 < Re a < 1 (Holder), so that the trapezoidal rule (Trefethen & Weideman 2014, theorem 5.1) is within
/// 1e-16 of it for any two laws, collapsed ones included. docs/statistics.md has the derivation and the errors.
#ifndef GANSWEEP_CHECK_JENSEN_SHANNON_H
#define GANSWEEP_CHECK_JENSEN_SHANNON_H

#include "check/directions.h"

/// JSD(N(0, I), N(shift, diag(variance))) in nats, within 1e-14: 0 ... ln 2, exactly 0 for equal laws and exactly ln 2
/// where a variance is 0.
/// @param variance, shift  [dimension]; a value that is not finite makes the result NaN
double gs_jensen_shannon_of_directions(const double *variance, const double *shift, int dimension);

/// E log(1 + factor q / p) in nats under p = N(0, I), q = N(shift, diag(variance)), within 1e-14: what a discriminator
/// with the logit log p / (factor q) loses on data.
/// @param variance, shift  [dimension] finite, variance > 0
/// @param factor  1/2 ... 1
double gs_mean_loss_on_data(const double *variance, const double *shift, int dimension, double factor);

/// JSD between the true law and that of an affine generator  x = W z + c, z ~ N(0, I): a property of its parameters,
/// without sampling error.
/// @param directions  of the true law, as scratch
/// @param weight  [dimension x latent_dim] W, row-major
/// @param bias  [dimension] c
/// @param divergence  nats; ln 2 when latent_dim < dimension; NaN when W or c is not finite
/// @return GS_OK, or GS_ERROR_RUN with the LAPACK routine and its info, and the divergence is NaN
gs_status gs_jensen_shannon_gaussian(gs_directions *directions, const float *weight, const float *bias,
                                     int64_t latent_dim, double *divergence, gs_error *error);

#endif
