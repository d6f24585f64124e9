/// Local stability of a game's dynamics: the eigenvalues of the Jacobian of its vector field.
///
/// Near a stationary point of  theta' = v(theta)  distances shrink if every eigenvalue of the Jacobian v' has a
/// negative real part, and the dynamics turn by an eigenvalue's imaginary part (Nagarajan & Kolter 2017; Mescheder,
/// Geiger & Nowozin 2018). Steps of a finite size h converge to it only if h < 2 / (|Re| (1 + (Im / Re)^2)) for all of
/// them: the greater the ratio, the smaller the steps (Mescheder, Nowozin & Geiger 2017).
#ifndef GANSWEEP_CHECK_STABILITY_H
#define GANSWEEP_CHECK_STABILITY_H

#include "gansweep/error.h"

/// A real or imaginary part counts as 0 when it is at most count 2^-52 |J|_F, the size of what rounding leaves of an
/// exact 0.
typedef struct {
    double largest_real_part; ///< over all eigenvalues, as computed; < 0: stable, > 0: unstable
    double largest_ratio; ///< |Im| / |Re| over all eigenvalues: 0 for real ones, 0 itself included; +inf for imaginary
    double spectral_radius; ///< largest |lambda|
} gs_stability;

/// Scratch of one thread, and the eigenvalues of the last Jacobian.
typedef struct {
    double *real, *imaginary; ///< [count] conjugate pairs side by side, the positive imaginary part first
    int largest_count;
    int work_length; ///< doubles in `work`: LAPACK's optimum
    double *matrix, *work;
} gs_eigenvalues;

/// @param largest_count  rows of the largest Jacobian
/// @return GS_ERROR_RUN when out of memory
gs_status gs_eigenvalues_create(int largest_count, gs_eigenvalues **eigenvalues, gs_error *error);
void gs_eigenvalues_free(gs_eigenvalues *eigenvalues);

/// @param jacobian  [count x count] row-major, 1 <= count <= largest_count; when an entry is not finite all results and
///        eigenvalues are NaN
/// @return GS_OK, or GS_ERROR_RUN with LAPACKE_dgeev's info, and all is NaN
gs_status gs_local_stability(gs_eigenvalues *eigenvalues, const double *jacobian, int count, gs_stability *stability,
                             gs_error *error);

#endif
