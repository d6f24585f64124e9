/// Compares the law of generated samples with the true law N(b, A^T A).
///
/// The generalized eigenvalues of  S v = lambda (A^T A) v  are all 1 exactly when the sample covariance S is right;
/// their logarithms are the natural distance between the two (affine-invariant: Forstner & Moonen 1999). Statistics are
/// computed here and stored; p-values are computed by the report. docs/statistics.md has every formula.
#ifndef GANSWEEP_CHECK_H
#define GANSWEEP_CHECK_H

#include "gansweep/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What became of a trial: the first of these whose condition it meets, in this order. A loss near ln 2 is also what a
/// discriminator that says the same of everything has, and what a generator that makes a line of points can have: they
/// come before `losses only`.
typedef enum {
    GS_OUTCOME_PENDING,            ///< not finished
    GS_OUTCOME_DIVERGED,           ///< a loss or a parameter was not finite
    GS_OUTCOME_CONVERGED,          ///< both losses within the margin of the equilibrium; covariance and mean right
    GS_OUTCOME_DEAD_DISCRIMINATOR, ///< its logits hardly differ, and the laws do: covariance or mean is wrong
    GS_OUTCOME_COLLAPSED,          ///< the samples are nearly flat: the least generalized eigenvalue is near 0
    GS_OUTCOME_LOSSES_ONLY,        ///< both losses within the margin of the equilibrium, and the samples wrong
    GS_OUTCOME_DISCRIMINATOR_WINS, ///< loss_D is under half of ln 2
    GS_OUTCOME_OSCILLATING,        ///< the last losses go up and down
    GS_OUTCOME_NOT_YET,            ///< none of these
    GS_OUTCOME_COUNT,
} gs_outcome;

extern const char *const gs_outcome_names[GS_OUTCOME_COUNT]; ///< "pending", "diverged", "converged", ...

#define GS_OUTCOME_MARGIN 0.005           ///< nats: of each loss of the last epoch from its value at equilibrium
#define GS_OUTCOME_LEAST_SPREAD 0.01      ///< of logits, whose standard deviation is under it where D is dead
#define GS_OUTCOME_LEAST_EIGENVALUE 0.01  ///< under it a tenth of the true standard deviation is left, or less
#define GS_OUTCOME_LEAST_OSCILLATION 0.05 ///< nats
enum { GS_OUTCOME_EPOCHS = 5 };           ///< the last ones, over which losses oscillate

/// Result for one trial. All NaN (and covariance_ok false) for samples that are not finite.
typedef struct {
    double sample_mean[GS_MAX_DIMENSION];
    double *sample_covariance;            ///< [dimension x dimension], divisor count - 1; freed by gs_check_free()
    double eigenvalues[GS_MAX_DIMENSION]; ///< of S v = lambda A^T A v, ascending; under 1e-12 of the largest: 0
    double covariance_error;              ///< |S - A^T A|_F / |A^T A|_F, dimensionless
    double affine_invariant_distance;     ///< sqrt(sum log^2 lambda), dimensionless; +inf if singular
    double lrt_covariance;   ///< Bartlett-corrected -2 log likelihood ratio of Sigma = A^T A; chi2, d(d+1)/2
    double lrt_joint;        ///< the same, joint with the mean; chi2, d(d+1)/2 + d
    double mean_error;       ///< sqrt((mean - b)^T (A^T A)^-1 (mean - b)): in standard deviations of the true law
    double hotelling_t2;     ///< count (mean - b)^T S^-1 (mean - b); +inf if singular, but 0 at b itself
    double frechet_distance; ///< squared 2-Wasserstein of the fitted Gaussians, data units squared
    double kl_exact;         ///< KL(N(c, W W^T) to N(b, A^T A)), nats; +inf if singular; NaN: G is not affine
    double frechet_exact;    ///< Frechet distance of the exact law; NaN when the generator is not affine
    bool covariance_ok;      ///< every eigenvalue within [1 - tolerance, 1 + tolerance]
    double loss_oscillation; ///< see gs_loss_oscillation; NaN for a diverged trial
    gs_outcome outcome;
    double jsd; ///< JSD of the true law and the generator's, nats: exact for an affine one, else a bound from below
    double jsd_standard_error;       ///< of a bound; 0 for an affine generator. Both NaN when not requested
    double jacobian_largest_real;    ///< over the eigenvalues of the gradient field's Jacobian; NaN when not requested
    double jacobian_largest_ratio;   ///< the same of |Im| / |Re|
    double jacobian_spectral_radius; ///< the same of |lambda|
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

/// How far losses go back and forth over the last GS_OUTCOME_EPOCHS epochs: half of what the sum of |differences|
/// exceeds |last - first|, in nats. 0 where they only rise or only fall, and the height of a single peak.
/// @param losses  [epochs]
double gs_loss_oscillation(const float *losses, int64_t epochs);

/// Fills `loss_oscillation`, the greater of both losses', and `outcome`. Only after gs_check_samples.
/// @param loss_D, loss_G  [settings->epochs]
/// @param tolerance  of the experiment: also the most that mean_error of a right mean may be
void gs_check_outcome(const gs_settings *settings, double tolerance, const float *loss_D, const float *loss_G,
                      bool diverged, const gs_ending *ending, gs_check *check);

/// One trained trial, as gs_training has it.
typedef struct {
    const float *loss_D, *loss_G;           ///< [epochs]
    const float *generator, *discriminator; ///< parameters in gs_layers order for the trial's own latent_dim
    const float *samples;                   ///< [check_samples x dimension]
    const float *real, *latents; ///< [n x dimension], [check_samples x latent_dim]: for a Jacobian that is requested
    const gs_ending *ending;
    bool diverged;
} gs_trained;

/// Checks one trial in every respect: its samples, what became of it, and what the experiment requests beside.
/// @return as gs_check_samples
gs_status gs_check_trained(gs_checker *checker, const gs_settings *settings, const gs_trained *trained, gs_check *check,
                           gs_error *error);

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
