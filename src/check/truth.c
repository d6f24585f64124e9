/// The true law and its Cholesky factor.
#include "check/truth.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lapacke.h>

/// A^T A counts as singular when the share of a coordinate's variance that the coordinates before it leave unexplained
/// (a squared pivot over the diagonal) is below this: rounding would then decide the fourth digit of the eigenvalues.
static const double SINGULAR_SHARE = 1e-12;

/// covariance = A^T A, and its trace and norm.
static void multiply_out(const double *A, gs_truth *truth) {
    const int d = truth->dimension;
    for (int i = 0; i < d; i++) {
        for (int j = 0; j < d; j++) {
            double sum = 0;
            for (int k = 0; k < d; k++) {
                sum += A[k * d + i] * A[k * d + j];
            }
            truth->covariance[i * d + j] = sum;
            truth->squared_norm += sum * sum;
        }
        truth->trace += truth->covariance[i * d + i];
    }
}

/// factor = L. LAPACK's column-major upper triangle U, Sigma = U^T U, is the row-major lower triangle L = U^T.
static gs_status factorise(gs_truth *truth, gs_error *error) {
    const int d = truth->dimension;
    for (int i = 0; i < d; i++) {
        memcpy(truth->factor + i * d, truth->covariance + i * d, (size_t)(i + 1) * sizeof *truth->factor);
    }
    const lapack_int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', d, truth->factor, d);
    bool regular = info == 0;
    for (int i = 0; i < d && regular; i++) {
        const double pivot = truth->factor[i * d + i];
        regular = pivot * pivot >= SINGULAR_SHARE * truth->covariance[i * d + i];
    }
    if (!regular) {
        return gs_fail(error, GS_ERROR_RUN,
                       "check: A^T A is singular in double precision (LAPACKE_dpotrf: info %d); "
                       "expected an A whose columns are linearly independent",
                       (int)info);
    }
    return GS_OK;
}

gs_status gs_truth_create(const gs_data_law *law, gs_truth **truth, gs_error *error) {
    const size_t d = (size_t)law->dimension;
    gs_status status = GS_OK;
    gs_truth *created = calloc(1, sizeof *created);
    double *memory = calloc(d + 2 * d * d, sizeof *memory);
    if (created == NULL || memory == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "check: out of memory for the true law of dimension %d", law->dimension);
        goto fail;
    }
    *created =
        (gs_truth){.dimension = law->dimension, .mean = memory, .covariance = memory + d, .factor = memory + d + d * d};
    memcpy(created->mean, law->b, d * sizeof *created->mean);
    multiply_out(law->A, created);
    if (!isfinite(created->squared_norm) || created->squared_norm < DBL_MIN) {
        status = gs_fail(error, GS_ERROR_RUN,
                         "check: |A^T A|^2 is %g in double precision; expected an A whose entries a float32 can hold",
                         created->squared_norm);
        goto fail;
    }
    status = factorise(created, error);
    if (status != GS_OK) {
        goto fail;
    }
    *truth = created;
    return GS_OK;
fail:
    free(memory);
    free(created);
    return status;
}

void gs_truth_free(gs_truth *truth) {
    if (truth != NULL) {
        free(truth->mean);
        free(truth);
    }
}

double gs_truth_squared_length(const gs_truth *truth, double *vector) {
    const int d = truth->dimension;
    double squared_length = 0;
    for (int i = 0; i < d; i++) {
        const double *row = truth->factor + i * d;
        double rest = vector[i];
        for (int j = 0; j < i; j++) {
            rest -= row[j] * vector[j];
        }
        vector[i] = rest / row[i];
        squared_length += vector[i] * vector[i];
    }
    return squared_length;
}

void gs_truth_congruence(const gs_truth *truth, const double *symmetric, double *product, double *scratch) {
    const int d = truth->dimension;
    const double *L = truth->factor;
    double *SL = scratch;
    memset(SL, 0, (size_t)d * (size_t)d * sizeof *SL);
    memset(product, 0, (size_t)d * (size_t)d * sizeof *product);
    for (int i = 0; i < d; i++) {
        for (int k = 0; k < d; k++) {
            for (int j = 0; j <= k; j++) {
                SL[i * d + j] += symmetric[i * d + k] * L[k * d + j];
            }
        }
    }
    for (int k = 0; k < d; k++) {
        for (int i = 0; i <= k; i++) {
            for (int j = 0; j <= i; j++) {
                product[i * d + j] += L[k * d + i] * SL[k * d + j];
            }
        }
    }
}
