/// The LAPACK calls of a trial's check, with the work space that they share.
///
/// Matrices are symmetric and row-major; LAPACK reads their lower triangle as the upper one of its column-major order,
/// so nothing is transposed. The `_work` variants of LAPACKE neither allocate nor look for NaN: callers pass finite
/// numbers only. A failure names the routine and its info.
#ifndef GANSWEEP_CHECK_LAPACK_H
#define GANSWEEP_CHECK_LAPACK_H

#include "check/truth.h"

/// Scratch for matrices of one dimension; one a thread.
typedef struct {
    int dimension;
    int work_length; ///< doubles in `work`: LAPACK's own optimum for the dimension, so that its blocking is fixed
    double *left, *right, *product; ///< [dimension x dimension] each
    double *vector;                 ///< [dimension]
    double *work;
} gs_lapack;

/// @return GS_ERROR_RUN when out of memory
gs_status gs_lapack_create(int dimension, gs_lapack **lapack, gs_error *error);
void gs_lapack_free(gs_lapack *lapack);

/// Eigenvalues of  S v = lambda Sigma v  (dsygv), ascending. Those under 1e-12 of the largest, and negative ones, are
/// 0.
/// @param covariance  S, finite, positive semidefinite but for rounding
/// @param eigenvalues  [dimension] out
gs_status gs_generalized_eigenvalues(gs_lapack *lapack, const double *covariance, const gs_truth *truth,
                                     double *eigenvalues, gs_error *error);

/// tr (Sigma^1/2 S Sigma^1/2)^1/2, as the sum of the roots of the eigenvalues of the symmetric L^T S L (dsyev), Sigma =
/// L L^T; eigenvalues that rounding made negative count as 0.
gs_status gs_trace_of_root(gs_lapack *lapack, const double *covariance, const gs_truth *truth, double *trace,
                           gs_error *error);

/// v^T S^-1 v by a Cholesky factor of S (dpotrf, dpotrs); +inf when S is not positive definite in double precision.
gs_status gs_inverse_quadratic_form(gs_lapack *lapack, const double *covariance, const double *vector, double *form,
                                    gs_error *error);

#endif
