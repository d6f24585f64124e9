#include "numeric/quantile.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void gs_sort(double *values, int64_t count) {
    if (count > 0) {
        qsort(values, (size_t)count, sizeof *values, compare);
    }
}

/// Where a quantile lies: `fraction` of the way from the order statistic `below` to the next.
typedef struct {
    int64_t below;
    double fraction;
} place;

static place place_of(int64_t count, double probability) {
    const double at = probability * (double)(count - 1);
    return (place){(int64_t)at, at - (double)(int64_t)at};
}

/// An infinite neighbour with weight 0 must not make NaN, nor two infinities that are equal.
static double interpolate(double low, double high, double fraction) {
    return fraction == 0 || low == high ? low : low + fraction * (high - low);
}

double gs_quantile(const double *ascending, int64_t count, double probability) {
    if (count == 0 || isnan(probability)) {
        return NAN;
    }
    const place at = place_of(count, probability);
    const int64_t above = at.below + (at.fraction > 0);
    return interpolate(ascending[at.below], ascending[above], at.fraction);
}

double gs_quantile_of_unsorted(double *values, int64_t count, double probability) {
    if (count == 0 || isnan(probability)) {
        return NAN;
    }
    const place at = place_of(count, probability);
    const double low = gsl_stats_select(values, 1, (size_t)count, (size_t)at.below); // what follows it is not less
    double high = low;
    if (at.fraction > 0) {
        high = values[at.below + 1];
        for (int64_t i = at.below + 2; i < count; i++) {
            high = values[i] < high ? values[i] : high;
        }
    }
    return interpolate(low, high, at.fraction);
}
