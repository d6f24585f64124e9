#include "report/distribution.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "numeric/quantile.h"

static const double CONFIDENCE = 0.95; // of the Wilson intervals

gs_distribution gs_distribution_of(double *values, int64_t count) {
    if (count == 0) {
        return (gs_distribution){NAN, NAN, NAN, NAN, NAN};
    }
    gs_sort(values, count);
    return (gs_distribution){
        .mean = gsl_stats_mean(values, 1, (size_t)count),
        .standard_deviation = count > 1 ? gsl_stats_sd(values, 1, (size_t)count) : NAN,
        .median = gs_quantile(values, count, 0.50),
        .percentile_5 = gs_quantile(values, count, 0.05),
        .percentile_95 = gs_quantile(values, count, 0.95),
    };
}

double gs_mean_of(const double *values, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

/// Wilson's interval of a share p of n.
static gs_mean_interval wilson(double p, double n) {
    const double z = gsl_cdf_ugaussian_Pinv((1 + CONFIDENCE) / 2);
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (gs_mean_interval){
        .low = p == 0 ? 0 : centre - half, // exactly 0 and 1 at the ends, where rounding would miss them
        .high = p == 1 ? 1 : centre + half,
    };
}

gs_share gs_share_of(int64_t count, int64_t of) {
    if (of == 0) {
        return (gs_share){.share = NAN, .low = NAN, .high = NAN};
    }
    const double share = (double)count / (double)of;
    const gs_mean_interval interval = wilson(share, (double)of);
    return (gs_share){.count = count, .of = of, .share = share, .low = interval.low, .high = interval.high};
}

/// Correlation of the two indicators of a pair, as cautious as Newcombe's: half a pair in favour of none.
static double phi_of(const gs_paired_counts *pairs, double n) {
    const double product = (pairs->both + pairs->only_first) * (pairs->only_second + pairs->neither) *
                           (pairs->both + pairs->only_second) * (pairs->only_first + pairs->neither);
    const double difference = pairs->both * pairs->neither - pairs->only_first * pairs->only_second;
    const double cautious = difference > n / 2 ? difference - n / 2 : fmin(difference, 0);
    return product > 0 ? cautious / sqrt(product) : 0;
}

gs_mean_interval gs_paired_shares_interval(const gs_paired_counts *pairs) {
    const double n = pairs->both + pairs->only_first + pairs->only_second + pairs->neither;
    const double first = (pairs->both + pairs->only_first) / n, second = (pairs->both + pairs->only_second) / n;
    const gs_mean_interval of_first = wilson(first, n), of_second = wilson(second, n);
    const double phi = phi_of(pairs, n);
    const double down[2] = {second - of_second.low, of_first.high - first};
    const double up[2] = {of_second.high - second, first - of_first.low};
    return (gs_mean_interval){
        .low = second - first - sqrt(down[0] * down[0] - 2 * phi * down[0] * down[1] + down[1] * down[1]),
        .high = second - first + sqrt(up[0] * up[0] - 2 * phi * up[0] * up[1] + up[1] * up[1]),
    };
}

double gs_chi_squared_p(double statistic, double degrees_of_freedom) {
    if (isnan(statistic)) {
        return NAN;
    }
    return isinf(statistic) ? 0 : gsl_cdf_chisq_Q(statistic, degrees_of_freedom);
}
