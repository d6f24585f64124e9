/// A lower bound of the Jensen-Shannon divergence for generators of any law, from samples.
///
/// Any discriminator's loss is at least ln 2 - JSD, so that ln 2 minus the loss of one that has not seen the samples it
/// is judged on is at most JSD in the mean. This one knows the data's density p and estimates the generator's: a
/// Gaussian, or kernels in its place where they describe samples better. Its logit is log p / q,
///   q = (p + sum over k of N(m + (1 - s^2)^1/2 (x_k - m), s^2 S)) / (h + 1)
/// over the h samples of one half, of mean m and covariance S. Kernels drawn towards the mean keep both (West 1993); s
/// = 1 is the fitted Gaussian, and s is chosen by the likelihood of every sample under the kernels of the others. The p
/// in q is worth one sample: no sample costs more than log(h + 2). Each half is judged by the other one's
/// discriminator.
#ifndef GANSWEEP_CHECK_JENSEN_SHANNON_BOUND_H
#define GANSWEEP_CHECK_JENSEN_SHANNON_BOUND_H

#include "check/directions.h"

/// Of more samples, or real rows, the first so many are looked at: what is done grows with their product.
enum { GS_BOUND_MAX_ROWS = 1024 };

/// Scratch of one thread.
typedef struct gs_jensen_shannon_bound gs_jensen_shannon_bound;

/// @param truth  the law of the data, which must outlive the scratch
/// @return GS_ERROR_RUN when out of memory
gs_status gs_jensen_shannon_bound_create(const gs_truth *truth, gs_jensen_shannon_bound **scratch, gs_error *error);
void gs_jensen_shannon_bound_free(gs_jensen_shannon_bound *scratch);

/// The bound, and what sampling adds to it and takes from it. It is biased low, never high: by what the kernels miss
/// and by what the fit of few samples costs, d (d + 3) / (8 count) nats where the generator is right. It may be
/// negative.
/// @param samples  [count x dimension] independent draws of the generator, row-major
/// @param real  [real_count x dimension] independent draws of the true law, which the generator was not trained on. The
///        loss on data is exact but for what kernels change of it, which is the mean over these rows.
/// @param bound, standard_error  nats; NaN when a value is not finite, half of the samples are not more than the
///        dimension, or real_count < 2. The error is that of the means, given the fits: for a right generator, whose
///        bound is of second order, and for one with long tails it spreads up to twice as much.
/// @return GS_OK, or GS_ERROR_RUN with the LAPACK routine and its info, and both are NaN
gs_status gs_bound_jensen_shannon(gs_jensen_shannon_bound *scratch, const float *samples, int64_t count,
                                  const float *real, int64_t real_count, double *bound, double *standard_error,
                                  gs_error *error);

#endif
