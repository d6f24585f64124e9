#include "experiment/condition.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/// C = A^T A, [n x n] row-major.
static void multiply_by_transpose(const double *A, int n, double *C) {
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++) {
                sum += A[k * n + i] * A[k * n + j];
            }
            C[i * n + j] = sum;
        }
    }
}

/// Largest column sum of a symmetric matrix.
static double one_norm(const double *C, int n) {
    double norm = 0;
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < n; j++) {
            sum += fabs(C[i * n + j]);
        }
        norm = sum > norm ? sum : norm;
    }
    return norm;
}

/// Cholesky: C = L L^T in place, L below and on the diagonal. @return whether C is positive definite
static bool factorise(double *C, int n) {
    for (int j = 0; j < n; j++) {
        for (int i = j; i < n; i++) {
            double sum = C[i * n + j];
            for (int k = 0; k < j; k++) {
                sum -= C[i * n + k] * C[j * n + k];
            }
            if (i == j) {
                if (!(sum > 0)) {
                    return false;
                }
                C[j * n + j] = sqrt(sum);
            } else {
                C[i * n + j] = sum / C[j * n + j];
            }
        }
    }
    return true;
}

/// Sum of the magnitudes in column `column` of (L L^T)^-1.
static double inverse_column_sum(const double *L, int n, int column, double *x) {
    for (int i = 0; i < n; i++) {
        double sum = i == column;
        for (int k = 0; k < i; k++) {
            sum -= L[i * n + k] * x[k];
        }
        x[i] = sum / L[i * n + i];
    }
    double magnitudes = 0;
    for (int i = n - 1; i >= 0; i--) {
        double sum = x[i];
        for (int k = i + 1; k < n; k++) {
            sum -= L[k * n + i] * x[k];
        }
        x[i] = sum / L[i * n + i];
        magnitudes += fabs(x[i]);
    }
    return magnitudes;
}

gs_status gs_reciprocal_condition(const double *A, int dimension, double *reciprocal, gs_error *error) {
    const size_t n = (size_t)dimension;
    double *const C = malloc((n * n + n) * sizeof *C);
    if (C == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory: a covariance of dimension %d", dimension);
    }
    double *const x = C + n * n;
    *reciprocal = 0;
    multiply_by_transpose(A, dimension, C);
    const double norm = one_norm(C, dimension);
    if (factorise(C, dimension)) {
        double inverse_norm = 0;
        for (int column = 0; column < dimension; column++) {
            const double sum = inverse_column_sum(C, dimension, column, x);
            inverse_norm = sum > inverse_norm ? sum : inverse_norm;
        }
        const double product = norm * inverse_norm;
        *reciprocal = product > 0 ? 1 / product : 0;
    }
    free(C);
    return GS_OK;
}
