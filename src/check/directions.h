/// A Gaussian law seen from the true law N(b, Sigma): the directions in which the two differ independently.
///
/// An affine map y = V^T L^-1 (x - b), V orthogonal, takes the true law to N(0, I) and N(c, C) to N(shift,
/// diag(variance)). The variances are the generalized eigenvalues of  C v = lambda Sigma v. Every affine-invariant
/// quantity of the two laws is a function of variance and shift.
#ifndef GANSWEEP_CHECK_DIRECTIONS_H
#define GANSWEEP_CHECK_DIRECTIONS_H

#include "check/truth.h"

/// The last law that was diagonalised, and scratch for the next; one a thread.
typedef struct {
    const gs_truth *truth; ///< not owned
    double *variance;      ///< [dimension] >= 0
    double *shift;         ///< [dimension] in standard deviations of the true law
    double *transform;     ///< [dimension x dimension] row i takes x - b to y_i
    int work_length;       ///< doubles in `work`: at least LAPACK's optimum for every matrix
    double *difference, *whitened, *congruent, *work;
} gs_directions;

/// @param truth  must outlive the directions
/// @param largest_latent_dim  of the affine generators that gs_directions_of_affine() will be given
/// @return GS_ERROR_RUN when out of memory
gs_status gs_directions_create(const gs_truth *truth, int64_t largest_latent_dim, gs_directions **directions,
                               gs_error *error);
void gs_directions_free(gs_directions *directions);

/// The law N(c, W W^T) of  x = W z + c, z ~ N(0, I). The variances are the squared singular values of L^-1 W (dgesvd):
/// W W^T, whose entries are rounded, would lose a direction of a collapsed generator below 1e-16 of the largest, and
/// half of its digits before. The transform is not set.
/// @param weight  [dimension x latent_dim] W, row-major, finite
/// @param bias  [dimension] c, finite
/// @param latent_dim  dimension ... the largest; with fewer latents a law is singular
/// @return GS_OK, or GS_ERROR_RUN with the LAPACK routine and its info
gs_status gs_directions_of_affine(gs_directions *directions, const float *weight, const float *bias, int64_t latent_dim,
                                  gs_error *error);

/// The law N(c, C) of given moments (dsygv with eigenvectors), and the transform. Variances that rounding made negative
/// are 0.
/// @param mean  [dimension] c, finite
/// @param covariance  [dimension x dimension] C, finite, positive semidefinite but for rounding
/// @return GS_OK, or GS_ERROR_RUN with the LAPACK routine and its info
gs_status gs_directions_of_moments(gs_directions *directions, const double *mean, const double *covariance,
                                   gs_error *error);

#endif
