/// Compares the law of generated samples with the true law N(b, A^T A).
///
/// The generalized eigenvalues of  S v = lambda (A^T A) v  are all 1 exactly when the sample covariance S is right;
/// their logarithms are the natural distance between the two (affine-invariant: Forstner & Moonen 1999). Statistics are
/// computed here and stored; p-values are computed by the report. docs/statistics.md has every formula.
#ifndef GANSWEEP_CHECK_H
#define GANSWEEP_CHECK_H

#include "gansweep/experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Result for one trial. All NaN (and covariance_ok false) for samples that are not finite.
typedef struct {
    double sample_mean[GS_MAX_DIMENSION];
    double *sample_covariance;            ///< [dimension x dimension], divisor count - 1; freed by gs_check_free()
    double eigenvalues[GS_MAX_DIMENSION]; ///< of S v = lambda A^T A v, ascending; under 1e-12 of the largest: 0
    double covariance_error;              ///< |S - A^T A|_F / |A^T A|_F, dimensionless
    double affine_invariant_distance;     ///< sqrt(sum log^2 lambda), dimensionless; +inf if singular
    double lrt_covariance;   ///< Bartlett-corrected -2 log likelihood ratio of Sigma = A^T A; chi2, d(d+1)/2
    double lrt_joint;        ///< the same, joint with the mean; chi2, d(d+1)/2 + d
    double hotelling_t2;     ///< count (mean - b)^T S^-1 (mean - b); +inf if singular, but 0 at b itself
    double frechet_distance; ///< squared 2-Wasserstein of the fitted Gaussians, data units squared
    double kl_exact;         ///< KL(N(c, W W^T) to N(b, A^T A)), nats; +inf if singular; NaN: G is not affine
    double frechet_exact;    ///< Frechet distance of the exact law; NaN when the generator is not affine
    bool covariance_ok;      ///< every eigenvalue within [1 - tolerance, 1 + tolerance]
} gs_check;

/// One thread's checker: factors of the true law and LAPACK work space.
typedef struct gs_checker gs_checker;

/// @param experiment  must outlive the checker
/// @return GS_ERROR_RUN when out of memory or LAPACK fails on A^T A (validated as nonsingular before)
gs_status gs_checker_create(const gs_experiment *experiment, gs_checker **checker, gs_error *error);
void gs_checker_free(gs_checker *checker);
/// Seconds that this checker has spent inside of LAPACKE.
double gs_checker_lapack_seconds(const gs_checker *checker);

/// Checks one trial.
/// @param samples  [count x dimension], row-major, float32
/// @param weight  [dimension x latent_dim] of an affine generator, row-major, or NULL when it is not affine
/// @param bias  [dimension], or NULL; without both, or where they are not finite, there is no exact law
/// @return GS_OK; GS_ERROR_INPUT when count < 2, or GS_ERROR_RUN with the LAPACK routine and its info, and all is NaN
gs_status gs_check_samples(gs_checker *checker, const float *samples, int64_t count, const float *weight,
                           const float *bias, int64_t latent_dim, gs_check *check, gs_error *error);

/// A result with room for its covariance, or NULL when out of memory.
gs_check *gs_check_create(int dimension);
void gs_check_free(gs_check *check);

/// Whether printf("%.3f") of a loss gives 0.693. False for NaN.
bool gs_prints_0693(double loss);

/// Sign of loss_G at the equilibrium: -1 for the minimax loss, which is -ln 2 there.
double gs_equilibrium_sign(gs_generator_loss generator_loss);

/// Whether a trial's last losses print the equilibrium's values: printf("%.3f") of both stored floats gives 0.693, or
/// -0.693 for loss_G of the minimax loss, which is -ln 2 at equilibrium. False for a diverged trial's NaN.
bool gs_prints_ln2(gs_generator_loss generator_loss, float loss_D, float loss_G);

#ifdef __cplusplus
}
#endif
#endif
