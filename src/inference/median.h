/// The median of what was seen, and where the median of all that could be seen lies.
#ifndef GANSWEEP_INFERENCE_MEDIAN_H
#define GANSWEEP_INFERENCE_MEDIAN_H

#include "inference/bootstrap.h"

typedef struct {
    double median; ///< mean of the middle two of an even number; NaN for none
    gs_interval interval;
    double confidence; ///< that the interval has: whatever the law, if the values are independent
} gs_median;

/// Median with the interval from the r-th smallest to the r-th largest value, which has the confidence
/// 1 - 2 P(B <= r - 1), B binomial of `count` trials with chance 1/2 (David & Nagaraja 2003, Order Statistics, section
/// 7.1): r is the greatest with at least the wanted confidence. Of few values - 5 or less, for 95 % - even the whole
/// range has less, which `confidence` says.
/// @param values  [count] are sorted; no NaN among them, infinities are values
/// @param count  up to 2^32 - 1
gs_median gs_median_of(double *values, int64_t count, double confidence);

#endif
