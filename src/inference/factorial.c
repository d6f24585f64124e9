#include "inference/factorial.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

/// A contrast that is smaller than this part of what it was made of is rounding.
static const double ROUNDING = 1e-12;

/// Less the mean over `cells` of them that stand `stride` numbers apart, each with `count` neighbours.
static void subtract_mean(double *values, int64_t cells, int64_t stride, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        double sum = 0;
        for (int64_t cell = 0; cell < cells; cell++) {
            sum += values[cell * stride + i];
        }
        const double mean = sum / (double)cells;
        for (int64_t cell = 0; cell < cells; cell++) {
            values[cell * stride + i] -= mean;
        }
    }
}

void gs_factorial_contrast(double *values, int64_t a, int64_t b, int64_t count) {
    subtract_mean(values, a, b * count, b * count);
    for (int64_t i = 0; i < a && b > 1; i++) {
        subtract_mean(values + i * b * count, b, count, count);
    }
}

static double sum_of_squares(const double *values, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += values[i] * values[i];
    }
    return sum;
}

static double product_of(const double *a, const double *b, int64_t count) {
    double sums[4] = {0}; // independent of each other: four additions at a time
    int64_t k = 0;
    for (; k + 4 <= count; k += 4) {
        for (int lane = 0; lane < 4; lane++) {
            sums[lane] += a[k + lane] * b[k + lane];
        }
    }
    for (; k < count; k++) {
        sums[0] += a[k] * b[k];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Sum of the squares of all elements of x x^T.
/// @param x  [rows][columns]
/// @param of_row  [rows] work space
static double squares_of_products(const double *x, int64_t rows, int64_t columns, int threads, double *of_row) {
    double sum = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (threads > 1)
    for (int64_t i = 0; i < rows; i++) {
        double squares = 0;
        for (int64_t j = 0; j <= i; j++) {
            const double product = product_of(x + i * columns, x + j * columns, columns);
            squares += (j < i ? 2 : 1) * product * product;
        }
        of_row[i] = squares;
    }
    for (int64_t i = 0; i < rows; i++) {
        sum += of_row[i];
    }
    return sum;
}

static void transpose(const double *from, int64_t rows, int64_t columns, double *to) {
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
            to[j * rows + i] = from[i * columns + j];
        }
    }
}

/// (tr S)^2 / (df tr S^2) of the contrasts' covariance S. x x^T and x^T x have the same squares: the smaller one is
/// made.
static double estimate_epsilon(const double *contrasts, int64_t cells, int64_t units, double degrees_of_freedom,
                               double squares, int threads, double *work) {
    double of_products;
    if (cells <= units) {
        of_products = squares_of_products(contrasts, cells, units, threads, work);
    } else {
        transpose(contrasts, cells, units, work);
        of_products = squares_of_products(work, units, cells, threads, work + cells * units);
    }
    const double epsilon = squares * squares / (degrees_of_freedom * of_products);
    return fmin(1, fmax(epsilon, 1 / degrees_of_freedom));
}

gs_factorial_effect gs_factorial_test(const double *means, double *residuals, int64_t a, int64_t b, int64_t units,
                                      double freedom, int threads, double *work) {
    const int64_t cells = a * b;
    const double df = (double)(a - 1) * (double)(b > 1 ? b - 1 : 1), n = (double)units;
    gs_factorial_effect found = {
        .degrees_of_freedom = df, .error_mean_square = NAN, .epsilon = NAN, .F = NAN, .p = NAN};
    memcpy(work, means, (size_t)cells * sizeof *work);
    gs_factorial_contrast(work, a, b, 1);
    const double rounding = ROUNDING * ROUNDING * sum_of_squares(means, cells);
    const double of_contrast = sum_of_squares(work, cells);
    found.sum_of_squares = of_contrast > rounding ? of_contrast : 0;
    if (units < 2) {
        return found;
    }
    gs_factorial_contrast(residuals, a, b, units);
    const double squares = sum_of_squares(residuals, cells * units);
    found.error_mean_square = squares > rounding * n ? squares / (df * (n - 1)) : 0;
    if (found.error_mean_square > 0) {
        found.epsilon = estimate_epsilon(residuals, cells, units, df, squares, threads, work);
        found.F = n * found.sum_of_squares / df / found.error_mean_square;
        found.p = gsl_cdf_fdist_Q(found.F, found.epsilon * df, found.epsilon * df * freedom);
    } else if (found.sum_of_squares > 0) { // all units agree
        found.epsilon = 1;
        found.F = INFINITY;
        found.p = 0;
    }
    return found;
}
