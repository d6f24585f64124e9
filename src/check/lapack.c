/// The LAPACK calls of a trial's check.
#include "check/lapack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lapacke.h>

/// An eigenvalue under this share of the largest counts as 0. Samples are float32: those of an exactly degenerate law
/// leave a share of about 1e-15 by rounding.
static const double ZERO_SHARE = 1e-12;

/// Row-major lower triangle, read in column-major order.
static const char STORED_TRIANGLE = 'U';
static const char VALUES_ONLY = 'N';
/// Problem type 1 of dsygv: A v = lambda B v.
enum { TYPE_A_V_IS_LAMBDA_B_V = 1, WORK_QUERY = -1 };

static gs_status lapack_failure(gs_error *error, const char *routine, lapack_int info) {
    return gs_fail(error, GS_ERROR_RUN, "check: %s: info %d; expected 0 on a finite symmetric matrix", routine,
                   (int)info);
}

/// Largest work length that dsygv and dsyev ask for, or 0 when they refuse the question.
static int optimal_work_length(int d) {
    double none = 0;
    double of_dsygv = 0;
    double of_dsyev = 0;
    const lapack_int info = LAPACKE_dsygv_work(LAPACK_COL_MAJOR, TYPE_A_V_IS_LAMBDA_B_V, VALUES_ONLY, STORED_TRIANGLE,
                                               d, &none, d, &none, d, &none, &of_dsygv, WORK_QUERY);
    const lapack_int other_info =
        LAPACKE_dsyev_work(LAPACK_COL_MAJOR, VALUES_ONLY, STORED_TRIANGLE, d, &none, d, &none, &of_dsyev, WORK_QUERY);
    if (info != 0 || other_info != 0) {
        return 0;
    }
    return (int)(of_dsygv > of_dsyev ? of_dsygv : of_dsyev);
}

gs_status gs_lapack_create(int dimension, gs_lapack **lapack, gs_error *error) {
    const int work_length = optimal_work_length(dimension);
    if (work_length <= 0) {
        return gs_fail(error, GS_ERROR_RUN, "check: LAPACKE_dsygv and LAPACKE_dsyev do not take dimension %d",
                       dimension);
    }
    const size_t d = (size_t)dimension;
    gs_lapack *created = calloc(1, sizeof *created);
    double *memory = calloc(3 * d * d + d + (size_t)work_length, sizeof *memory);
    if (created == NULL || memory == NULL) {
        free(memory);
        free(created);
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for matrices of dimension %d", dimension);
    }
    *created = (gs_lapack){.dimension = dimension,
                           .work_length = work_length,
                           .left = memory,
                           .right = memory + d * d,
                           .product = memory + 2 * d * d,
                           .vector = memory + 3 * d * d,
                           .work = memory + 3 * d * d + d};
    *lapack = created;
    return GS_OK;
}

void gs_lapack_free(gs_lapack *lapack) {
    if (lapack != NULL) {
        free(lapack->left);
        free(lapack);
    }
}

gs_status gs_generalized_eigenvalues(gs_lapack *lapack, const double *covariance, const gs_truth *truth,
                                     double *eigenvalues, gs_error *error) {
    const int d = lapack->dimension;
    const size_t bytes = (size_t)d * (size_t)d * sizeof *covariance;
    memcpy(lapack->left, covariance, bytes);
    memcpy(lapack->right, truth->covariance, bytes);
    const lapack_int info =
        LAPACKE_dsygv_work(LAPACK_COL_MAJOR, TYPE_A_V_IS_LAMBDA_B_V, VALUES_ONLY, STORED_TRIANGLE, d, lapack->left, d,
                           lapack->right, d, eigenvalues, lapack->work, lapack->work_length);
    if (info != 0) {
        return lapack_failure(error, "LAPACKE_dsygv", info);
    }
    const double smallest = ZERO_SHARE * eigenvalues[d - 1];
    for (int i = 0; i < d; i++) {
        if (eigenvalues[i] < smallest || eigenvalues[i] <= 0) {
            eigenvalues[i] = 0;
        }
    }
    return GS_OK;
}

gs_status gs_trace_of_root(gs_lapack *lapack, const double *covariance, const gs_truth *truth, double *trace,
                           gs_error *error) {
    const int d = lapack->dimension;
    double *eigenvalues = lapack->vector;
    gs_truth_congruence(truth, covariance, lapack->product, lapack->left);
    const lapack_int info = LAPACKE_dsyev_work(LAPACK_COL_MAJOR, VALUES_ONLY, STORED_TRIANGLE, d, lapack->product, d,
                                               eigenvalues, lapack->work, lapack->work_length);
    if (info != 0) {
        return lapack_failure(error, "LAPACKE_dsyev", info);
    }
    double sum = 0;
    for (int i = 0; i < d; i++) {
        if (eigenvalues[i] > 0) {
            sum += sqrt(eigenvalues[i]);
        }
    }
    *trace = sum;
    return GS_OK;
}

gs_status gs_inverse_quadratic_form(gs_lapack *lapack, const double *covariance, const double *vector, double *form,
                                    gs_error *error) {
    const int d = lapack->dimension;
    memcpy(lapack->left, covariance, (size_t)d * (size_t)d * sizeof *covariance);
    memcpy(lapack->vector, vector, (size_t)d * sizeof *vector);
    lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, STORED_TRIANGLE, d, lapack->left, d);
    if (info > 0) {
        *form = INFINITY;
        return GS_OK;
    }
    if (info != 0) {
        return lapack_failure(error, "LAPACKE_dpotrf", info);
    }
    info = LAPACKE_dpotrs_work(LAPACK_COL_MAJOR, STORED_TRIANGLE, d, 1, lapack->left, d, lapack->vector, d);
    if (info != 0) {
        return lapack_failure(error, "LAPACKE_dpotrs", info);
    }
    double sum = 0;
    for (int i = 0; i < d; i++) {
        sum += vector[i] * lapack->vector[i];
    }
    *form = sum;
    return GS_OK;
}
