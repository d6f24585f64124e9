#include "inference/hotelling.h"

#include <gsl/gsl_cdf.h>
#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/// Row-major lower triangle, read in column-major order.
static const char STORED_TRIANGLE = 'U';

size_t gs_hotelling_work(int dimension) {
    const size_t d = (size_t)dimension;
    return d * d + 4 * d;
}

static void find_mean(const double *points, int64_t count, int d, double *mean) {
    memset(mean, 0, (size_t)d * sizeof *mean);
    for (int64_t i = 0; i < count; i++) {
        for (int k = 0; k < d; k++) {
            mean[k] += points[i * d + k];
        }
    }
    for (int k = 0; k < d; k++) {
        mean[k] /= (double)count; // once: that of equal points is then exactly theirs
    }
}

/// Adds sum (p - mean) (p - mean)^T to the lower triangle of `scatter`.
static void add_scatter(const double *points, int64_t count, int d, const double *mean, double *scatter) {
    for (int64_t i = 0; i < count; i++) {
        const double *point = points + i * d;
        for (int row = 0; row < d; row++) {
            for (int column = 0; column <= row; column++) {
                scatter[(ptrdiff_t)row * d + column] += (point[row] - mean[row]) * (point[column] - mean[column]);
            }
        }
    }
}

/// v^T S^-1 v, +inf when S is not positive definite. Everything is first divided by standard deviations, so that no
/// component's unit decides whether S counts as singular; a component that never varies nor differs is left out.
/// @param S  lower triangle; is overwritten, as is v
/// @param solution  [d] work space
static double quadratic_form(double *S, double *v, double *solution, int d) {
    double *const deviation = solution;
    double form = 0;
    for (int row = 0; row < d; row++) {
        double *const S_row = S + (ptrdiff_t)row * d;
        S_row[row] = S_row[row] == 0 && v[row] == 0 ? 1 : S_row[row];
        deviation[row] = sqrt(S_row[row]);
        if (deviation[row] == 0) {
            return INFINITY;
        }
        v[row] /= deviation[row];
        for (int column = 0; column <= row; column++) {
            S_row[column] /= deviation[row] * deviation[column];
        }
    }
    memcpy(solution, v, (size_t)d * sizeof *v);
    if (LAPACKE_dposv_work(LAPACK_COL_MAJOR, STORED_TRIANGLE, d, 1, S, d, solution, d) != 0) {
        return INFINITY;
    }
    for (int k = 0; k < d; k++) {
        form += v[k] * solution[k];
    }
    return form;
}

gs_sample_test gs_hotelling_test(const gs_samples *samples, double *work) {
    const int d = samples->dimension;
    const double m = (double)samples->x_count, n = (double)samples->y_count;
    double *const S = work, *const difference = work + (ptrdiff_t)d * d, *const solution = difference + d;
    double *const mean_x = solution + d, *const mean_y = mean_x + d;
    if (m + n - 2 < d) {
        return (gs_sample_test){NAN, NAN};
    }
    bool equal = true;
    memset(S, 0, (size_t)d * (size_t)d * sizeof *S);
    find_mean(samples->x, samples->x_count, d, mean_x);
    find_mean(samples->y, samples->y_count, d, mean_y);
    add_scatter(samples->x, samples->x_count, d, mean_x, S);
    add_scatter(samples->y, samples->y_count, d, mean_y, S);
    for (int k = 0; k < d; k++) {
        difference[k] = mean_x[k] - mean_y[k];
        equal = equal && difference[k] == 0;
    }
    if (equal) {
        return (gs_sample_test){0, 1};
    }
    for (ptrdiff_t k = 0; k < (ptrdiff_t)d * d; k++) {
        S[k] /= m + n - 2;
    }
    const double t2 = m * n / (m + n) * quadratic_form(S, difference, solution, d);
    const double freedom = m + n - d - 1, f = freedom / (d * (m + n - 2)) * t2;
    return (gs_sample_test){t2, isinf(t2) ? 0 : gsl_cdf_fdist_Q(f, d, freedom)};
}
