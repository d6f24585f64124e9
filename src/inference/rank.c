#include "inference/rank.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>

static const double CONFIDENCE = 0.95;
static const double ROUNDING = 1e-12;                       // of a correlation
enum { GROUPS = 31, FEWEST_GROUPS = 5, FEWEST_PAIRS = 10 }; ///< a prime: seeds in any steps are dealt evenly
static const double MOST = 1 - 1e-9;                        ///< whose atanh is looked at

gs_rank_correlation gs_rank_correlate(const double *x, const double *y, int64_t count, double *work) {
    gs_rank_correlation found = {NAN, {NAN, NAN}};
    if (count < 2) {
        return found;
    }
    const double r = gsl_stats_spearman(x, 1, y, 1, (size_t)count, work);
    found.correlation = 1 - fabs(r) < ROUNDING ? copysign(1, r) : r;
    if (count > 3 && !isnan(r)) {
        const double half = gsl_cdf_ugaussian_Pinv((1 + CONFIDENCE) / 2) * sqrt((1 + r * r / 2) / ((double)count - 3));
        found.interval = fabs(found.correlation) == 1 ? (gs_interval){found.correlation, found.correlation}
                                                      : (gs_interval){tanh(atanh(r) - half), tanh(atanh(r) + half)};
    }
    return found;
}

/// Ranks of the values that are not in a group, equal ones with their middle rank, from the order of all values:
/// sorting again for each group would take most of a report's time.
/// @param ranks  one for each such value, in the order of the pairs
static void rank_without_group(const double *values, const size_t *order, const int64_t *cluster, int group,
                               int64_t count, double *ranks) {
    double before = 0;
    for (int64_t first = 0, end; first < count; first = end) {
        double equal = 0;
        end = first;
        do {
            equal += cluster[order[end++]] % GROUPS != group;
        } while (end < count && values[order[end]] == values[order[first]]);
        for (int64_t i = first; i < end; i++) {
            ranks[order[i]] = before + (equal + 1) / 2;
        }
        before += equal;
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        ranks[kept] = ranks[i];
        kept += cluster[i] % GROUPS != group;
    }
}

/// atanh of the correlation of all pairs but those of one group, NaN when one quantity is constant among them;
/// `left_out` says how many there are in the group.
static double without_group(const double *x, const double *y, const int64_t *cluster, int group, int64_t count,
                            double *work, const size_t *orders, int64_t *left_out) {
    double *of_x = work, *of_y = work + count;
    *left_out = 0;
    for (int64_t i = 0; i < count; i++) {
        *left_out += cluster[i] % GROUPS == group;
    }
    if (count - *left_out < 2) {
        return NAN;
    }
    rank_without_group(x, orders, cluster, group, count, of_x);
    rank_without_group(y, orders + count, cluster, group, count, of_y);
    const double r = gsl_stats_correlation(of_x, 1, of_y, 1, (size_t)(count - *left_out));
    return isnan(r) ? (double)NAN : atanh(fmin(MOST, fmax(-MOST, r)));
}

gs_rank_correlation gs_rank_correlate_clusters(const double *x, const double *y, const int64_t *cluster, int64_t count,
                                               double *work, size_t *orders) {
    gs_rank_correlation found = gs_rank_correlate(x, y, count, work);
    double z[GROUPS], sum = 0, squares = 0;
    int groups = 0;
    bool known = true; // where all that one quantity differs in is one group, nothing is known without it
    found.interval = (gs_interval){NAN, NAN};
    gsl_sort_index(orders, x, 1, (size_t)count);
    gsl_sort_index(orders + count, y, 1, (size_t)count);
    for (int group = 0; group < GROUPS && count >= FEWEST_PAIRS && !isnan(found.correlation); group++) {
        int64_t left_out;
        const double without = without_group(x, y, cluster, group, count, work, orders, &left_out);
        if (left_out > 0) {
            known = known && !isnan(without);
            z[groups] = without;
            sum += z[groups++];
        }
    }
    for (int i = 0; i < groups; i++) {
        const double deviation = z[i] - sum / groups;
        squares += deviation * deviation;
    }
    if (groups >= FEWEST_GROUPS && known) {
        const double half =
            gsl_cdf_tdist_Pinv((1 + CONFIDENCE) / 2, groups - 1) * sqrt((groups - 1.0) / groups * squares);
        const double center = atanh(fmin(MOST, fmax(-MOST, found.correlation)));
        found.interval = fabs(found.correlation) == 1 ? (gs_interval){found.correlation, found.correlation}
                                                      : (gs_interval){tanh(center - half), tanh(center + half)};
    }
    return found;
}
