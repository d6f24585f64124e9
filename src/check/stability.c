/// Eigenvalues of a Jacobian by LAPACKE_dgeev, and what they say of stability.
#include "check/stability.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lapacke.h>

static const char NO_VECTORS = 'N';
enum { WORK_QUERY = -1 };

/// LAPACK reads a row-major matrix as its transpose, whose eigenvalues are the same.
static lapack_int find(double *matrix, int count, double *real, double *imaginary, double *work, int work_length) {
    double none = 0;
    return LAPACKE_dgeev_work(LAPACK_COL_MAJOR, NO_VECTORS, NO_VECTORS, count, matrix, count, real, imaginary, &none, 1,
                              &none, 1, work, work_length);
}

/// Work length that dgeev asks for, or 0 when it refuses the question.
static int optimal_work_length(int count) {
    double none = 0;
    double length = 0;
    return find(&none, count, &none, &none, &length, WORK_QUERY) == 0 ? (int)length : 0;
}

gs_status gs_eigenvalues_create(int largest_count, gs_eigenvalues **eigenvalues, gs_error *error) {
    const int work_length = optimal_work_length(largest_count);
    if (work_length <= 0) {
        return gs_fail(error, GS_ERROR_RUN, "check: LAPACKE_dgeev does not take %d rows", largest_count);
    }
    const size_t n = (size_t)largest_count;
    gs_eigenvalues *created = calloc(1, sizeof *created);
    double *memory = calloc(2 * n + n * n + (size_t)work_length, sizeof *memory);
    if (created == NULL || memory == NULL) {
        free(memory);
        free(created);
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for the eigenvalues of %d rows", largest_count);
    }
    *created = (gs_eigenvalues){.real = memory,
                                .imaginary = memory + n,
                                .matrix = memory + 2 * n,
                                .work = memory + 2 * n + n * n,
                                .largest_count = largest_count,
                                .work_length = work_length};
    *eigenvalues = created;
    return GS_OK;
}

void gs_eigenvalues_free(gs_eigenvalues *eigenvalues) {
    if (eigenvalues != NULL) {
        free(eigenvalues->real);
        free(eigenvalues);
    }
}

/// sqrt(a^2 + b^2) where the squares could overflow or vanish.
static double length_of(double a, double b) {
    const double large = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    const double small = fabs(a) > fabs(b) ? fabs(b) : fabs(a);
    if (large == 0) {
        return 0;
    }
    const double ratio = small / large;
    return large * sqrt(1.0 + ratio * ratio);
}

/// |J|_F; not finite when an entry is not.
static double frobenius_norm(const double *matrix, int count) {
    double largest = 0;
    for (int i = 0; i < count * count; i++) {
        if (!isfinite(matrix[i])) {
            return NAN;
        }
        largest = fabs(matrix[i]) > largest ? fabs(matrix[i]) : largest;
    }
    if (largest == 0) {
        return 0;
    }
    double squares = 0;
    for (int i = 0; i < count * count; i++) {
        const double share = matrix[i] / largest;
        squares += share * share;
    }
    return largest * sqrt(squares);
}

static double ratio_of(double real, double imaginary, double zero) {
    if (fabs(imaginary) <= zero) {
        return 0;
    }
    return fabs(real) <= zero ? INFINITY : fabs(imaginary) / fabs(real);
}

gs_status gs_local_stability(gs_eigenvalues *eigenvalues, const double *jacobian, int count, gs_stability *stability,
                             gs_error *error) {
    *stability = (gs_stability){NAN, NAN, NAN};
    for (int i = 0; i < count; i++) {
        eigenvalues->real[i] = NAN;
        eigenvalues->imaginary[i] = NAN;
    }
    const double norm = frobenius_norm(jacobian, count);
    if (!isfinite(norm)) {
        return GS_OK;
    }
    // its own optimum for every size, so that the bits do not depend on the largest
    int work_length = optimal_work_length(count);
    work_length = work_length < eigenvalues->work_length ? work_length : eigenvalues->work_length;
    memcpy(eigenvalues->matrix, jacobian, (size_t)count * (size_t)count * sizeof *jacobian);
    const lapack_int info =
        find(eigenvalues->matrix, count, eigenvalues->real, eigenvalues->imaginary, eigenvalues->work, work_length);
    if (info != 0) {
        for (int i = 0; i < count; i++) {
            eigenvalues->real[i] = NAN;
            eigenvalues->imaginary[i] = NAN;
        }
        return gs_fail(error, GS_ERROR_RUN, "check: LAPACKE_dgeev: info %d; expected 0 on a finite matrix", (int)info);
    }
    const double zero = count * DBL_EPSILON * norm;
    gs_stability found = {-INFINITY, 0, 0};
    for (int i = 0; i < count; i++) {
        const double real = eigenvalues->real[i];
        const double imaginary = eigenvalues->imaginary[i];
        const double ratio = ratio_of(real, imaginary, zero);
        const double length = length_of(real, imaginary);
        found.largest_real_part = real > found.largest_real_part ? real : found.largest_real_part;
        found.largest_ratio = ratio > found.largest_ratio ? ratio : found.largest_ratio;
        found.spectral_radius = length > found.spectral_radius ? length : found.spectral_radius;
    }
    *stability = found;
    return GS_OK;
}
