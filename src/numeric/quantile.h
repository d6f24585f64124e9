/// Order statistics.
#ifndef GANSWEEP_NUMERIC_QUANTILE_H
#define GANSWEEP_NUMERIC_QUANTILE_H

#include <stdint.h>

/// Puts numbers into ascending order. No NaN among them.
void gs_sort(double *values, int64_t count);

/// Quantile of ascending values by linear interpolation (Hyndman & Fan 1996, type 7: NumPy's and R's preset).
/// Between equal infinities it is that infinity; NaN for no values.
double gs_quantile(const double *ascending, int64_t count, double probability);

/// The same quantile of values in any order, in a time that grows with `count` alone.
/// @param values  [count] are put into another order; no NaN among them
double gs_quantile_of_unsorted(double *values, int64_t count, double probability);

#endif
