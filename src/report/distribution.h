/// Statistics of one quantity over many trials, and of shares of trials.
#ifndef REPORT_DISTRIBUTION_H
#define REPORT_DISTRIBUTION_H

#include "gansweep/report.h"

/// @param values  [count] are sorted in place; no NaN among them
gs_distribution gs_distribution_of(double *values, int64_t count);

gs_share gs_share_of(int64_t count, int64_t of);

#endif
