/// Mean and covariance of float32 samples: one body, inlined once with the size of the d2l training, once with any
/// size.
#include "check/moments.h"

#include <string.h>

/// Dimension of the d2l.ai training, whose loops the compiler unrolls.
enum { D2L_DIMENSION = 2 };

static inline __attribute__((always_inline)) void sum_rows(const float *samples, int64_t count, int dimension,
                                                           double *restrict sum) {
    int64_t row = 0;
    for (; row + ROWS_PER_BLOCK <= count; row += ROWS_PER_BLOCK) {
        const float *r0 = samples + row * dimension;
        const float *r1 = r0 + dimension;
        const float *r2 = r1 + dimension;
        const float *r3 = r2 + dimension;
        for (int j = 0; j < dimension; j++) {
            sum[j] += ((double)r0[j] + (double)r1[j]) + ((double)r2[j] + (double)r3[j]);
        }
    }
    for (; row < count; row++) {
        for (int j = 0; j < dimension; j++) {
            sum[j] += (double)samples[row * dimension + j];
        }
    }
}

/// rows[r][j] = samples[r][j] - mean[j] for `row_count` rows.
static inline __attribute__((always_inline)) void centre_rows(const float *samples, int row_count, int dimension,
                                                              const double *restrict mean, double *restrict rows) {
    for (int r = 0; r < row_count; r++) {
        for (int j = 0; j < dimension; j++) {
            rows[r * dimension + j] = (double)samples[r * dimension + j] - mean[j];
        }
    }
}

/// Adds (x - mean) (x - mean)^T of every row to the lower triangle of `sum`.
static inline __attribute__((always_inline)) void sum_products(const float *samples, int64_t count, int dimension,
                                                               const double *restrict mean, double *restrict sum,
                                                               double *restrict rows) {
    int64_t row = 0;
    for (; row + ROWS_PER_BLOCK <= count; row += ROWS_PER_BLOCK) {
        centre_rows(samples + row * dimension, ROWS_PER_BLOCK, dimension, mean, rows);
        const double *r0 = rows;
        const double *r1 = r0 + dimension;
        const double *r2 = r1 + dimension;
        const double *r3 = r2 + dimension;
        for (int j = 0; j < dimension; j++) {
            for (int k = 0; k <= j; k++) {
                sum[j * dimension + k] += (r0[j] * r0[k] + r1[j] * r1[k]) + (r2[j] * r2[k] + r3[j] * r3[k]);
            }
        }
    }
    for (; row < count; row++) {
        centre_rows(samples + row * dimension, 1, dimension, mean, rows);
        for (int j = 0; j < dimension; j++) {
            for (int k = 0; k <= j; k++) {
                sum[j * dimension + k] += rows[j] * rows[k];
            }
        }
    }
}

void gs_sample_mean(const float *samples, int64_t count, int dimension, double *mean) {
    if (dimension == D2L_DIMENSION) {
        double sum[D2L_DIMENSION] = {0};
        sum_rows(samples, count, D2L_DIMENSION, sum);
        memcpy(mean, sum, sizeof sum);
    } else {
        memset(mean, 0, (size_t)dimension * sizeof *mean);
        sum_rows(samples, count, dimension, mean);
    }
    for (int j = 0; j < dimension; j++) {
        mean[j] /= (double)count;
    }
}

void gs_sample_covariance(const float *samples, int64_t count, int dimension, const double *mean, double *covariance,
                          double *rows) {
    if (dimension == D2L_DIMENSION) {
        const double centre[D2L_DIMENSION] = {mean[0], mean[1]};
        double sum[D2L_DIMENSION * D2L_DIMENSION] = {0};
        double block[ROWS_PER_BLOCK * D2L_DIMENSION];
        sum_products(samples, count, D2L_DIMENSION, centre, sum, block);
        memcpy(covariance, sum, sizeof sum);
    } else {
        memset(covariance, 0, (size_t)dimension * (size_t)dimension * sizeof *covariance);
        sum_products(samples, count, dimension, mean, covariance, rows);
    }
    const double divisor = (double)(count - 1);
    for (int j = 0; j < dimension; j++) {
        for (int k = 0; k <= j; k++) {
            covariance[j * dimension + k] /= divisor;
            covariance[k * dimension + j] = covariance[j * dimension + k];
        }
    }
}
