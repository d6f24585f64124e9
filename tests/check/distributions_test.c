/// The test statistics under the null hypothesis have the distributions that docs/statistics.md gives them.
///
/// Oracle: simulation with GSL's Mersenne Twister and ziggurat normals, distribution functions of GSL. For every
/// statistic the simulated mean is held to the distribution's mean within four standard errors, and all values to the
/// distribution by the Kolmogorov-Smirnov test. Seeds are fixed, so the figures are the same in every run.
#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "fixture.h"

enum { LARGEST_DIMENSION = 3, MANY_TRIALS = 20000, FEW_TRIALS = 4000, SMALL_COUNT = 50, LARGE_COUNT = 1000 };
#define LARGEST_Z 4.0
#define SMALLEST_P 0.001

static int compare_doubles(const void *left, const void *right) {
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

/// Kolmogorov-Smirnov p-value of [count] probabilities that should be uniform (Stephens 1970).
static double kolmogorov_smirnov_p(double *probabilities, int count) {
    qsort(probabilities, (size_t)count, sizeof *probabilities, compare_doubles);
    double distance = 0;
    for (int i = 0; i < count; i++) {
        distance = fmax(distance, fmax(probabilities[i] - (double)i / count, (i + 1.0) / count - probabilities[i]));
    }
    const double root = sqrt(count);
    const double x = distance * (root + 0.12 + 0.11 / root);
    double p = 0;
    for (int k = 1; k <= 100; k++) {
        p += (k % 2 == 1 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    }
    return fmin(fmax(p, 0), 1);
}

/// Holds [count] simulated values to a chi-squared distribution, or to F(degrees, other_degrees) if those are given.
static void hold_to_distribution(const char *name, double *values, int count, double degrees, double other_degrees) {
    double sum = 0;
    double sum_of_squares = 0;
    for (int i = 0; i < count; i++) {
        sum += values[i];
        sum_of_squares += values[i] * values[i];
        values[i] = other_degrees > 0 ? gsl_cdf_fdist_P(values[i], degrees, other_degrees)
                                      : gsl_cdf_chisq_P(values[i], degrees);
    }
    const double mean = sum / count;
    const double error = sqrt((sum_of_squares / count - mean * mean) / count);
    const double expected = other_degrees > 0 ? other_degrees / (other_degrees - 2) : degrees;
    const double z = (mean - expected) / error;
    const double p = kolmogorov_smirnov_p(values, count);
    printf("  %-14s mean %.4f, expected %.4f, z %+.2f, Kolmogorov-Smirnov p %.3f\n", name, mean, expected, z, p);
    assert_true(fabs(z) < LARGEST_Z);
    assert_true(p > SMALLEST_P);
}

/// samples = Z A + b with Z ~ N(0, I), row by row.
static void draw_samples(gsl_rng *generator, int d, const double *A, const double *b, int count, float *samples) {
    double z[LARGEST_DIMENSION];
    for (int row = 0; row < count; row++) {
        for (int i = 0; i < d; i++) {
            z[i] = gsl_ran_gaussian_ziggurat(generator, 1.0);
        }
        for (int j = 0; j < d; j++) {
            double x = b[j];
            for (int i = 0; i < d; i++) {
                x += z[i] * A[i * d + j];
            }
            samples[row * d + j] = (float)x;
        }
    }
}

static void simulate(int d, int count, int trials) {
    static double A[LARGEST_DIMENSION][LARGEST_DIMENSION * LARGEST_DIMENSION] = {
        {2.5}, {1, 2, -0.1, 0.5}, {1, 0.5, -0.3, 0.2, 2, 0.1, -1, 0.4, 0.7}};
    static double b[LARGEST_DIMENSION] = {1, 2, -3};
    static float samples[LARGE_COUNT * LARGEST_DIMENSION];
    static double lrt_covariance[MANY_TRIALS];
    static double lrt_joint[MANY_TRIALS];
    static double f_of_t2[MANY_TRIALS];
    fixture made = fixture_create(d, A[d - 1], b);
    gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(generator, 1000UL * (unsigned long)d + (unsigned long)count);
    for (int trial = 0; trial < trials; trial++) {
        draw_samples(generator, d, A[d - 1], b, count, samples);
        const gs_check *check = check_samples(&made, samples, count);
        lrt_covariance[trial] = check->lrt_covariance;
        lrt_joint[trial] = check->lrt_joint;
        f_of_t2[trial] = check->hotelling_t2 * (count - d) / (d * (count - 1.0));
    }
    printf("dimension %d, %d samples, %d trials\n", d, count, trials);
    hold_to_distribution("lrt_covariance", lrt_covariance, trials, d * (d + 1) / 2.0, 0);
    hold_to_distribution("lrt_joint", lrt_joint, trials, d * (d + 3) / 2.0, 0);
    hold_to_distribution("hotelling_t2", f_of_t2, trials, d, count - d);
    gsl_rng_free(generator);
    fixture_free(&made);
}

static void statistics_of_50_samples_have_their_null_distributions(void **state) {
    (void)state;
    for (int d = 1; d <= LARGEST_DIMENSION; d++) {
        simulate(d, SMALL_COUNT, MANY_TRIALS);
    }
}

static void statistics_of_1000_samples_have_their_null_distributions(void **state) {
    (void)state;
    for (int d = 1; d <= LARGEST_DIMENSION; d++) {
        simulate(d, LARGE_COUNT, FEW_TRIALS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_of_50_samples_have_their_null_distributions),
        cmocka_unit_test(statistics_of_1000_samples_have_their_null_distributions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
