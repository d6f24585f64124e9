/// Mean and covariance of float32 samples, in double.
///
/// Two passes: the mean, then the products of what is left after subtracting it. Both sum in one fixed order that a
/// vector unit can follow without reordering anything: four rows at a time, (r0 + r1) + (r2 + r3), added to the running
/// sum; the last count mod 4 rows one by one. So the bits do not depend on the compiler, and a sum of equal floats is
/// exact (up to 2^29 rows): constant samples have a covariance of exactly 0.
#ifndef GANSWEEP_CHECK_MOMENTS_H
#define GANSWEEP_CHECK_MOMENTS_H

#include <stdint.h>

/// Rows that are summed pairwise before they join the running sum.
enum { ROWS_PER_BLOCK = 4 };

/// @param samples  [count x dimension], row-major
/// @param mean  [dimension] out; not finite exactly when a sample in that column is not
void gs_sample_mean(const float *samples, int64_t count, int dimension, double *mean);

/// @param count  at least 2
/// @param covariance  [dimension x dimension] out, symmetric, divisor count - 1
/// @param rows  [ROWS_PER_BLOCK x dimension] scratch
void gs_sample_covariance(const float *samples, int64_t count, int dimension, const double *mean, double *covariance,
                          double *rows);

#endif
