/// Statistics of one quantity over many trials, and of shares of trials.
#ifndef REPORT_DISTRIBUTION_H
#define REPORT_DISTRIBUTION_H

#include "gansweep/report.h"

/// Puts numbers into ascending order. No NaN among them.
void gs_sort(double *values, int64_t count);

/// Quantile of ascending values by linear interpolation (Hyndman & Fan 1996, type 7: NumPy's and R's preset).
/// Between equal infinities it is that infinity; NaN for no values.
double gs_quantile(const double *ascending, int64_t count, double probability);

/// @param values  [count] are sorted in place; no NaN among them
gs_distribution gs_distribution_of(double *values, int64_t count);

gs_share gs_share_of(int64_t count, int64_t of);

#endif
