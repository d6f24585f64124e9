/// The bootstrap of means: how far they would be from those of other seeds.
///
/// Units are drawn, not trials: trials that share their data are one unit, since they are not independent. A mean is a
/// ratio of two sums over units, of a quantity and of numbers of trials.
#ifndef GANSWEEP_INFERENCE_BOOTSTRAP_H
#define GANSWEEP_INFERENCE_BOOTSTRAP_H

#include <stdint.h>

enum { GS_MOST_MEANS = 2 };

/// What is known of independent units.
typedef struct {
    int64_t count;                     ///< of units
    int mean_count;                    ///< 1 to GS_MOST_MEANS
    const double *sums[GS_MOST_MEANS]; ///< [mean_count][count] sum of a quantity over the trials of a unit; finite
    const double *trials;              ///< [count] trials of a unit, above 0; NULL: one each
} gs_units;

typedef struct {
    double low, high;
} gs_interval;

/// Mean of one quantity over all trials; NaN without any.
double gs_units_mean(const gs_units *units, int quantity);

/// Standard error of that mean: of the mean of independent numbers, s / sqrt n, and of a ratio estimator when units
/// have several trials (Cochran 1977, equation 6.13, without the correction for a finite population). NaN for fewer
/// than two units.
double gs_units_standard_error(const gs_units *units, int quantity);

/// Acceleration of BCa from the jackknife over units (Efron 1987, equation 6.6): sum u^3 / (6 (sum u^2)^(3/2)) with
/// u = mean of the jackknife's values - value. 0 when all are equal, and where they are too great to be subtracted.
double gs_units_acceleration(const gs_units *units, int quantity);

/// Means of resamples of the units with replacement: each has `count` of them, drawn with equal chances.
///
/// A pure function of its arguments: the threads share the resamples and change nothing.
/// @param seed  of the generator (Philox4x32-10)
/// @param units  up to 2^32 - 1 of them, at least 1
/// @param replicates  [mean_count][resamples]
void gs_bootstrap_means(const gs_units *units, int64_t resamples, uint64_t seed, int threads,
                        double *const replicates[GS_MOST_MEANS]);

/// Bias-corrected and accelerated interval (Efron 1987; Efron & Tibshirani 1993, section 14.3). Replicates equal to the
/// estimate count half as below it.
/// @param replicates  [count] are sorted
/// @param confidence  0.95 for 95 %
gs_interval gs_bca_interval(double estimate, double *replicates, int64_t count, double acceleration, double confidence);

/// Units from which on a mean's interval is BCa's. Of fewer, resamples vary too little: of normal units BCa's 95 %
/// cover in 49 % of two, 90 % of ten, 92 % of twenty; Student's t interval, mean -+ t standard errors, in 95 % of any
/// number.
enum { GS_UNITS_FOR_BCA = 50 };

/// The interval of a mean: BCa, or Student's t of fewer than GS_UNITS_FOR_BCA units; NaN of fewer than two.
/// @param replicates  [count] of gs_bootstrap_means, sorted by this; of few units they are not looked at
gs_interval gs_units_interval(const gs_units *units, int quantity, double *replicates, int64_t count,
                              double confidence);

#endif
