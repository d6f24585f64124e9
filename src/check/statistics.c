/// Distances and test statistics from generalized eigenvalues.
#include "check/statistics.h"

#include <math.h>

#include "numeric/log_exp.h"

static bool singular(const double *eigenvalues) {
    return eigenvalues[0] == 0;
}

/// sum (x - 1 - log x) over x = scale lambda > 0: 0 when all x are 1. Each term is at least 0; a rounding error below
/// it is cut.
static double stein_loss(const double *eigenvalues, int dimension, double scale) {
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
        const double x = scale * eigenvalues[i];
        const double term = x - 1.0 - gs_log(x);
        sum += term > 0 ? term : 0;
    }
    return sum;
}

double gs_affine_invariant_distance(const double *eigenvalues, int dimension) {
    if (singular(eigenvalues)) {
        return INFINITY;
    }
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
        const double logarithm = gs_log(eigenvalues[i]);
        sum += logarithm * logarithm;
    }
    return sqrt(sum);
}

double gs_lrt_covariance(const double *eigenvalues, int dimension, int64_t count) {
    if (singular(eigenvalues)) {
        return INFINITY;
    }
    const double d = dimension;
    const double n = (double)(count - 1);
    const double bartlett = 1.0 - (2.0 * d * d + 3.0 * d - 1.0) / (6.0 * n * (d + 1.0));
    return bartlett * (n * stein_loss(eigenvalues, dimension, 1.0));
}

double gs_lrt_joint(const double *eigenvalues, int dimension, int64_t count, double squared_length) {
    if (singular(eigenvalues)) {
        return INFINITY;
    }
    const double d = dimension;
    const double N = (double)count;
    const double bartlett = 1.0 - (2.0 * d * d + 9.0 * d + 11.0) / (6.0 * N * (d + 3.0));
    return bartlett * (N * (stein_loss(eigenvalues, dimension, (N - 1.0) / N) + squared_length));
}

double gs_kl_divergence(const double *eigenvalues, int dimension, double squared_length) {
    if (singular(eigenvalues)) {
        return INFINITY;
    }
    return 0.5 * (stein_loss(eigenvalues, dimension, 1.0) + squared_length);
}

bool gs_within_tolerance(const double *eigenvalues, int dimension, double tolerance) {
    return eigenvalues[0] >= 1.0 - tolerance && eigenvalues[dimension - 1] <= 1.0 + tolerance;
}
