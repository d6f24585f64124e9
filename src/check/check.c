/// Checks one trial: moments of its samples, their distances from the true law, and the exact law of an affine
/// generator.
#include "gansweep/check.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "check/checker.h"
#include "check/moments.h"
#include "check/statistics.h"

gs_check *gs_check_create(int dimension) {
    const size_t d = (size_t)dimension;
    gs_check *check = calloc(1, sizeof *check);
    double *covariance = calloc(d * d, sizeof *covariance);
    if (check == NULL || covariance == NULL) {
        free(covariance);
        free(check);
        return NULL;
    }
    check->sample_covariance = covariance;
    return check;
}

void gs_check_free(gs_check *check) {
    if (check != NULL) {
        free(check->sample_covariance);
        free(check);
    }
}

gs_status gs_checker_create(const gs_experiment *experiment, gs_checker **checker, gs_error *error) {
    const size_t d = (size_t)experiment->data.dimension;
    gs_status status = GS_OK;
    gs_checker *created = calloc(1, sizeof *created);
    double *memory = calloc((4 + ROWS_PER_BLOCK) * d + d * d, sizeof *memory);
    if (created == NULL || memory == NULL) {
        free(memory);
        free(created);
        return gs_fail(error, GS_ERROR_RUN, "check: out of memory for a checker of dimension %d",
                       experiment->data.dimension);
    }
    *created = (gs_checker){.experiment = experiment,
                            .difference = memory,
                            .whitened = memory + d,
                            .exact_eigenvalues = memory + 2 * d,
                            .exact_mean = memory + 3 * d,
                            .rows = memory + 4 * d,
                            .exact_covariance = memory + (4 + ROWS_PER_BLOCK) * d};
    status = gs_truth_create(&experiment->data, &created->truth, error);
    if (status == GS_OK) {
        status = gs_lapack_create(experiment->data.dimension, &created->lapack, error);
    }
    if (status == GS_OK && (experiment->check_jsd || experiment->check_jacobian)) {
        status = gs_requested_create(experiment, created->truth, &created->requested, error);
    }
    if (status != GS_OK) {
        gs_checker_free(created);
        return status;
    }
    *checker = created;
    return GS_OK;
}

void gs_checker_free(gs_checker *checker) {
    if (checker != NULL) {
        gs_requested_free(checker->requested);
        gs_lapack_free(checker->lapack);
        gs_truth_free(checker->truth);
        free(checker->difference);
        free(checker);
    }
}

double gs_checker_lapack_seconds(const gs_checker *checker) {
    return checker->lapack_seconds;
}

static double seconds_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool all_finite(const double *values, int count) {
    for (int i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}

/// The result of a trial that has none.
static void set_undefined(gs_check *check, int d) {
    for (int i = 0; i < d; i++) {
        check->sample_mean[i] = NAN;
        check->eigenvalues[i] = NAN;
    }
    for (int i = 0; i < d * d; i++) {
        check->sample_covariance[i] = NAN;
    }
    check->covariance_error = NAN;
    check->affine_invariant_distance = NAN;
    check->lrt_covariance = NAN;
    check->lrt_joint = NAN;
    check->mean_error = NAN;
    check->hotelling_t2 = NAN;
    check->frechet_distance = NAN;
    check->kl_exact = NAN;
    check->frechet_exact = NAN;
    check->covariance_ok = false;
}

/// |S - Sigma|_F / |Sigma|_F
static double relative_frobenius_error(const double *covariance, const gs_truth *truth) {
    double squared_error = 0;
    for (int i = 0; i < truth->dimension * truth->dimension; i++) {
        const double error = covariance[i] - truth->covariance[i];
        squared_error += error * error;
    }
    return sqrt(squared_error) / sqrt(truth->squared_norm);
}

/// Sets `difference` = mean - b and `whitened` = L^-1 difference.
/// @return |L^-1 (mean - b)|^2
static double locate_mean(gs_checker *checker, const double *mean) {
    const gs_truth *truth = checker->truth;
    for (int i = 0; i < truth->dimension; i++) {
        checker->difference[i] = mean[i] - truth->mean[i];
        checker->whitened[i] = checker->difference[i];
    }
    return gs_truth_squared_length(truth, checker->whitened);
}

/// |difference|^2 + tr C + tr Sigma - 2 tr (Sigma^1/2 C Sigma^1/2)^1/2 (Dowson & Landau 1982), at least 0.
static gs_status frechet_distance(gs_checker *checker, const double *covariance, double *distance, gs_error *error) {
    const gs_truth *truth = checker->truth;
    const int d = truth->dimension;
    double trace_of_root = 0;
    const double start = seconds_now();
    const gs_status status = gs_trace_of_root(checker->lapack, covariance, truth, &trace_of_root, error);
    checker->lapack_seconds += seconds_now() - start;
    double trace = 0;
    double squared_difference = 0;
    for (int i = 0; i < d; i++) {
        trace += covariance[i * d + i];
        squared_difference += checker->difference[i] * checker->difference[i];
    }
    const double sum = squared_difference + ((trace + truth->trace) - 2.0 * trace_of_root);
    *distance = sum > 0 ? sum : 0;
    return status;
}

/// count (mean - b)^T S^-1 (mean - b). A singular S puts every mean but b itself infinitely far.
static gs_status hotelling_t2(gs_checker *checker, const gs_check *check, int64_t count, double *t2, gs_error *error) {
    bool centred = true;
    for (int i = 0; i < checker->truth->dimension; i++) {
        centred = centred && checker->difference[i] == 0;
    }
    const bool singular = check->eigenvalues[0] == 0;
    if (centred || singular) {
        *t2 = centred ? 0 : INFINITY;
        return GS_OK;
    }
    double form = 0;
    const double start = seconds_now();
    const gs_status status =
        gs_inverse_quadratic_form(checker->lapack, check->sample_covariance, checker->difference, &form, error);
    checker->lapack_seconds += seconds_now() - start;
    *t2 = (double)count * form;
    return status;
}

/// The eigenvalues of  covariance v = lambda Sigma v.
static gs_status find_eigenvalues(gs_checker *checker, const double *covariance, double *eigenvalues, gs_error *error) {
    const double start = seconds_now();
    const gs_status status =
        gs_generalized_eigenvalues(checker->lapack, covariance, checker->truth, eigenvalues, error);
    checker->lapack_seconds += seconds_now() - start;
    return status;
}

/// Everything that follows from the mean and covariance of the samples.
static gs_status check_fitted_law(gs_checker *checker, int64_t count, gs_check *check, gs_error *error) {
    const gs_truth *truth = checker->truth;
    const int d = truth->dimension;
    gs_status status = find_eigenvalues(checker, check->sample_covariance, check->eigenvalues, error);
    if (status != GS_OK) {
        return status;
    }
    const double squared_length = locate_mean(checker, check->sample_mean);
    check->covariance_error = relative_frobenius_error(check->sample_covariance, truth);
    check->mean_error = sqrt(squared_length);
    check->affine_invariant_distance = gs_affine_invariant_distance(check->eigenvalues, d);
    check->lrt_covariance = gs_lrt_covariance(check->eigenvalues, d, count);
    check->lrt_joint = gs_lrt_joint(check->eigenvalues, d, count, squared_length);
    check->covariance_ok = gs_within_tolerance(check->eigenvalues, d, checker->experiment->tolerance);
    status = hotelling_t2(checker, check, count, &check->hotelling_t2, error);
    if (status != GS_OK) {
        return status;
    }
    return frechet_distance(checker, check->sample_covariance, &check->frechet_distance, error);
}

/// mean = bias, covariance = W W^T, W [dimension x latent_dim].
/// @return whether both are finite
static bool exact_moments(const float *weight, const float *bias, int d, int64_t latent_dim, double *covariance,
                          double *mean) {
    for (int i = 0; i < d; i++) {
        mean[i] = (double)bias[i];
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int64_t k = 0; k < latent_dim; k++) {
                sum += (double)weight[i * latent_dim + k] * (double)weight[j * latent_dim + k];
            }
            covariance[i * d + j] = sum;
            covariance[j * d + i] = sum;
        }
    }
    return all_finite(mean, d) && all_finite(covariance, d * d);
}

/// The exact law N(c, W W^T) of an affine generator against the true one.
static gs_status check_exact_law(gs_checker *checker, const float *weight, const float *bias, int64_t latent_dim,
                                 gs_check *check, gs_error *error) {
    const gs_truth *truth = checker->truth;
    const int d = truth->dimension;
    check->kl_exact = NAN;
    check->frechet_exact = NAN;
    if (weight == NULL || bias == NULL ||
        !exact_moments(weight, bias, d, latent_dim, checker->exact_covariance, checker->exact_mean)) {
        return GS_OK;
    }
    const double squared_length = locate_mean(checker, checker->exact_mean);
    const gs_status status = find_eigenvalues(checker, checker->exact_covariance, checker->exact_eigenvalues, error);
    if (status != GS_OK) {
        return status;
    }
    check->kl_exact = latent_dim < d ? INFINITY : gs_kl_divergence(checker->exact_eigenvalues, d, squared_length);
    return frechet_distance(checker, checker->exact_covariance, &check->frechet_exact, error);
}

gs_status gs_check_samples(gs_checker *checker, const float *samples, int64_t count, const float *weight,
                           const float *bias, int64_t latent_dim, gs_check *check, gs_error *error) {
    const int d = checker->truth->dimension;
    if (count < 2) {
        set_undefined(check, d);
        return gs_fail(error, GS_ERROR_INPUT, "check: %lld samples; expected at least 2", (long long)count);
    }
    gs_sample_mean(samples, count, d, check->sample_mean);
    if (!all_finite(check->sample_mean, d)) {
        set_undefined(check, d);
        return GS_OK;
    }
    gs_sample_covariance(samples, count, d, check->sample_mean, check->sample_covariance, checker->rows);
    gs_status status = check_fitted_law(checker, count, check, error);
    if (status == GS_OK) {
        status = check_exact_law(checker, weight, bias, latent_dim, check, error);
    }
    if (status != GS_OK) {
        set_undefined(check, d);
    }
    return status;
}
