#include "inference/median.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "numeric/quantile.h"

/// Confidence of the interval from the r-th smallest to the r-th largest of `count` values, 1 <= r <= (count + 1) / 2.
static double confidence_of(int64_t rank, int64_t count) {
    return 1 - 2 * gsl_cdf_binomial_P((unsigned)(rank - 1), 0.5, (unsigned)count);
}

gs_median gs_median_of(double *values, int64_t count, double confidence) {
    assert(count <= UINT32_MAX);
    if (count == 0) {
        return (gs_median){NAN, {NAN, NAN}, NAN};
    }
    gs_sort(values, count);
    int64_t rank = 1, beyond = (count + 1) / 2 + 1; // the greatest rank that will do lies in [rank, beyond)
    while (beyond - rank > 1) {
        const int64_t middle = rank + (beyond - rank) / 2;
        if (confidence_of(middle, count) >= confidence) {
            rank = middle;
        } else {
            beyond = middle;
        }
    }
    return (gs_median){.median = gs_quantile(values, count, 0.5),
                       .interval = {values[rank - 1], values[count - rank]},
                       .confidence = fmax(confidence_of(rank, count), 0)};
}
