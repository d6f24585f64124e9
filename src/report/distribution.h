/// Statistics of one quantity over many trials, and of shares of trials.
#ifndef REPORT_DISTRIBUTION_H
#define REPORT_DISTRIBUTION_H

#include "gansweep/report.h"

/// @param values  [count] are sorted in place; no NaN among them
gs_distribution gs_distribution_of(double *values, int64_t count);

/// NaN without any.
double gs_mean_of(const double *values, int64_t count);

/// With Wilson's interval of 95 %.
gs_share gs_share_of(int64_t count, int64_t of);

/// Pairs by what is true of their first and of their second member; not whole where several pairs count as one.
typedef struct {
    double both, only_first, only_second, neither;
} gs_paired_counts;

/// 95 % interval of a difference of two shares of the same pairs, second - first: Newcombe, Improved confidence
/// intervals for the difference between binomial proportions based on paired data, Stat. Med. 17, 1998, method 10. It
/// is made of Wilson's intervals of both, so that it has a width where no two pairs differ.
/// @param pairs  at least one
gs_mean_interval gs_paired_shares_interval(const gs_paired_counts *pairs);

#endif
