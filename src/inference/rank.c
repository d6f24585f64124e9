#include "inference/rank.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

static const double CONFIDENCE = 0.95;
static const double ROUNDING = 1e-12; // of a correlation

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
