/// The true law N(b, Sigma), Sigma = A^T A, with what every trial's check needs of it.
#ifndef GANSWEEP_CHECK_TRUTH_H
#define GANSWEEP_CHECK_TRUTH_H

#include "gansweep/experiment.h"

/// All matrices are [dimension x dimension], row-major.
typedef struct {
    int dimension;
    double *mean;        ///< [dimension] b
    double *covariance;  ///< Sigma
    double *factor;      ///< L of Sigma = L L^T, lower triangular; zero above the diagonal
    double trace;        ///< of Sigma, data units squared
    double squared_norm; ///< |Sigma|_F^2
} gs_truth;

/// @return GS_ERROR_RUN when out of memory, or when Sigma is singular or out of range in double precision
gs_status gs_truth_create(const gs_data_law *law, gs_truth **truth, gs_error *error);
void gs_truth_free(gs_truth *truth);

/// Squared Mahalanobis length  v^T Sigma^-1 v = |L^-1 v|^2.
/// @param vector  [dimension] v on entry, L^-1 v on return
double gs_truth_squared_length(const gs_truth *truth, double *vector);

/// product = L^T S L, whose eigenvalues are those of S Sigma; only its lower triangle is set.
/// @param symmetric  S
/// @param scratch  [dimension x dimension]
void gs_truth_congruence(const gs_truth *truth, const double *symmetric, double *product, double *scratch);

#endif
