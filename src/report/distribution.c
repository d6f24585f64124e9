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

gs_share gs_share_of(int64_t count, int64_t of) {
    if (of == 0) {
        return (gs_share){.share = NAN, .low = NAN, .high = NAN};
    }
    const double n = (double)of, p = (double)count / n;
    const double z = gsl_cdf_ugaussian_Pinv((1 + CONFIDENCE) / 2);
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (gs_share){
        .count = count,
        .of = of,
        .share = p,
        .low = count == 0 ? 0 : centre - half, // exactly 0 and 1 at the ends, where rounding would miss them
        .high = count == of ? 1 : centre + half,
    };
}

double gs_chi_squared_p(double statistic, double degrees_of_freedom) {
    if (isnan(statistic)) {
        return NAN;
    }
    return isinf(statistic) ? 0 : gsl_cdf_chisq_Q(statistic, degrees_of_freedom);
}
