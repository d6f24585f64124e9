/// Diagonalises a Gaussian law and the true one together, by singular values or by generalized eigenvectors.
#include "check/directions.h"

#include <stdlib.h>
#include <string.h>

#include <lapacke.h>

/// Row-major lower triangle, read in column-major order.
static const char STORED_TRIANGLE = 'U';
static const char VECTORS = 'V', NO_VECTORS = 'N', FIRST_VECTORS = 'S';
/// Problem type 1 of dsygv: A v = lambda B v.
enum { TYPE_A_V_IS_LAMBDA_B_V = 1, WORK_QUERY = -1 };

static gs_status lapack_failure(gs_error *error, const char *routine, lapack_int info) {
    return gs_fail(error, GS_ERROR_RUN, "check: %s: info %d; expected 0 on a finite matrix", routine, (int)info);
}

/// Singular values and right singular vectors of the column-major [latent_dim x dimension] `matrix`, which is lost.
/// @param vectors  [dimension x dimension] out, column-major V^T
static lapack_int singular_values(double *matrix, int latent_dim, int dimension, double *values, double *vectors,
                                  double *work, int work_length) {
    double none = 0;
    return LAPACKE_dgesvd_work(LAPACK_COL_MAJOR, NO_VECTORS, FIRST_VECTORS, latent_dim, dimension, matrix, latent_dim,
                               values, &none, 1, vectors, dimension, work, work_length);
}

/// Largest work length that dsygv and dgesvd ask for, or 0 when they refuse the question. With at least its own optimum
/// every matrix is blocked alike, so that its bits do not depend on the largest latent_dim of the experiment.
static int optimal_work_length(int dimension, int largest_latent_dim) {
    double none = 0;
    double longest = 0;
    if (LAPACKE_dsygv_work(LAPACK_COL_MAJOR, TYPE_A_V_IS_LAMBDA_B_V, VECTORS, STORED_TRIANGLE, dimension, &none,
                           dimension, &none, dimension, &none, &longest, WORK_QUERY) != 0) {
        return 0;
    }
    for (int latent_dim = dimension; latent_dim <= largest_latent_dim; latent_dim++) {
        double length = 0;
        if (singular_values(&none, latent_dim, dimension, &none, &none, &length, WORK_QUERY) != 0) {
            return 0;
        }
        longest = length > longest ? length : longest;
    }
    return (int)longest;
}

gs_status gs_directions_create(const gs_truth *truth, int64_t largest_latent_dim, gs_directions **directions,
                               gs_error *error) {
    const size_t d = (size_t)truth->dimension;
    const size_t columns = largest_latent_dim > truth->dimension ? (size_t)largest_latent_dim : d;
    const int work_length = optimal_work_length(truth->dimension, (int)columns);
    if (work_length <= 0) {
        return gs_fail(error, GS_ERROR_RUN, "check: LAPACKE_dsygv and LAPACKE_dgesvd do not take dimension %d",
                       truth->dimension);
    }
    gs_directions *created = calloc(1, sizeof *created);
    double *memory = calloc(3 * d + 2 * d * d + d * columns + (size_t)work_length, sizeof *memory);
    if (created == NULL || memory == NULL) {
        free(memory);
        free(created);
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for directions of dimension %d", truth->dimension);
    }
    *created = (gs_directions){.truth = truth,
                               .variance = memory,
                               .shift = memory + d,
                               .difference = memory + 2 * d,
                               .transform = memory + 3 * d,
                               .congruent = memory + 3 * d + d * d,
                               .whitened = memory + 3 * d + 2 * d * d,
                               .work = memory + 3 * d + 2 * d * d + d * columns,
                               .work_length = work_length};
    *directions = created;
    return GS_OK;
}

void gs_directions_free(gs_directions *directions) {
    if (directions != NULL) {
        free(directions->variance);
        free(directions);
    }
}

/// shift = matrix difference.
/// @param matrix  [dimension x dimension], `to_row` and `to_column` doubles from one row and column to the next
static void project(const gs_directions *directions, const double *matrix, int to_row, int to_column) {
    const int d = directions->truth->dimension;
    for (int i = 0; i < d; i++) {
        double sum = 0;
        for (int j = 0; j < d; j++) {
            sum += matrix[i * to_row + j * to_column] * directions->difference[j];
        }
        directions->shift[i] = sum;
    }
}

/// whitened = L^-1 W, row-major, by forward substitution.
static void whiten(const gs_truth *truth, const float *weight, int64_t latent_dim, double *whitened) {
    const int d = truth->dimension;
    for (int i = 0; i < d; i++) {
        double *row = whitened + i * latent_dim;
        for (int64_t k = 0; k < latent_dim; k++) {
            row[k] = (double)weight[i * latent_dim + k];
        }
        for (int j = 0; j < i; j++) {
            for (int64_t k = 0; k < latent_dim; k++) {
                row[k] -= truth->factor[i * d + j] * whitened[j * latent_dim + k];
            }
        }
        for (int64_t k = 0; k < latent_dim; k++) {
            row[k] /= truth->factor[i * d + i];
        }
    }
}

gs_status gs_directions_of_affine(gs_directions *directions, const float *weight, const float *bias, int64_t latent_dim,
                                  gs_error *error) {
    const gs_truth *truth = directions->truth;
    const int d = truth->dimension;
    for (int i = 0; i < d; i++) {
        directions->difference[i] = (double)bias[i] - truth->mean[i];
    }
    (void)gs_truth_squared_length(truth, directions->difference);
    whiten(truth, weight, latent_dim, directions->whitened);
    // row-major L^-1 W is the column-major (L^-1 W)^T, so its right singular vectors are those of the rows
    const lapack_int info = singular_values(directions->whitened, (int)latent_dim, d, directions->variance,
                                            directions->congruent, directions->work, directions->work_length);
    if (info != 0) {
        return lapack_failure(error, "LAPACKE_dgesvd", info);
    }
    for (int i = 0; i < d; i++) {
        directions->variance[i] *= directions->variance[i];
    }
    project(directions, directions->congruent, 1, d);
    return GS_OK;
}

gs_status gs_directions_of_moments(gs_directions *directions, const double *mean, const double *covariance,
                                   gs_error *error) {
    const gs_truth *truth = directions->truth;
    const int d = truth->dimension;
    memcpy(directions->transform, covariance, (size_t)d * (size_t)d * sizeof *covariance);
    memcpy(directions->congruent, truth->covariance, (size_t)d * (size_t)d * sizeof *covariance);
    // eigenvectors v with v^T Sigma v = 1 come out as columns of the column-major matrix: rows of ours
    const lapack_int info = LAPACKE_dsygv_work(LAPACK_COL_MAJOR, TYPE_A_V_IS_LAMBDA_B_V, VECTORS, STORED_TRIANGLE, d,
                                               directions->transform, d, directions->congruent, d, directions->variance,
                                               directions->work, directions->work_length);
    if (info != 0) {
        return lapack_failure(error, "LAPACKE_dsygv", info);
    }
    for (int i = 0; i < d; i++) {
        directions->variance[i] = directions->variance[i] > 0 ? directions->variance[i] : 0;
        directions->difference[i] = mean[i] - truth->mean[i];
    }
    project(directions, directions->transform, d, 1);
    return GS_OK;
}
