/// Whether intervals and tests keep what they promise, by simulation: coverage, and size at the margin.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "inference/bootstrap.h"
#include "inference/equivalence.h"
#include "inference/rank.h"

enum { UNITS = 256, REPEATS = 10000, RESAMPLES = 400, SHORT_REPEATS = 1000 };

static int repeats(void) {
    return getenv("GANSWEEP_TEST_SHORT") == NULL ? REPEATS : SHORT_REPEATS;
}

/// Standard errors of a share that is `expected` in truth.
static double deviations(int count, int of, double expected) {
    return fabs((double)count / of - expected) / sqrt(expected * (1 - expected) / of);
}

/// The coverage asked for, give or take 3 standard errors where repeats are few.
static void assert_covers(int covered, int of) {
    const double slack = 3 * sqrt(0.95 * 0.05 / of) > 0.02 ? 3 * sqrt(0.95 * 0.05 / of) : 0.02;
    if (fabs((double)covered / of - 0.95) > slack) {
        fail_msg("intervals of 95 %% cover in %.2f %% of %d", 100.0 * covered / of, of);
    }
}

static void bca_covers_the_mean_of_skewed_numbers(void **state) {
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double values[UNITS], *replicates = malloc(RESAMPLES * sizeof *replicates);
    int covered = 0;
    assert_non_null(replicates);
    for (int repeat = 0; repeat < repeats(); repeat++) {
        for (int i = 0; i < UNITS; i++) {
            values[i] = gsl_ran_exponential(rng, 1);
        }
        const gs_units units = {.count = UNITS, .mean_count = 1, .sums = {values}};
        gs_bootstrap_means(&units, RESAMPLES, (uint64_t)repeat, 1, (double *[GS_MOST_MEANS]){replicates});
        const gs_interval found =
            gs_bca_interval(gs_units_mean(&units, 0), replicates, RESAMPLES, gs_units_acceleration(&units, 0), 0.95);
        covered += found.low <= 1 && 1 <= found.high;
    }
    assert_covers(covered, repeats());
    free(replicates);
    gsl_rng_free(rng);
}

/// Trials that share their data are alike: drawn one by one they would seem to say more than they do.
static void bca_covers_when_groups_are_drawn(void **state) {
    enum { TRIALS_OF_A_UNIT = 5 };
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double sums[UNITS], trials[UNITS], *replicates = malloc(RESAMPLES * sizeof *replicates);
    int covered = 0;
    assert_non_null(replicates);
    for (int repeat = 0; repeat < repeats(); repeat++) {
        for (int i = 0; i < UNITS; i++) {
            const double shared = gsl_ran_gaussian(rng, 1);
            trials[i] = 1 + (double)gsl_rng_uniform_int(rng, TRIALS_OF_A_UNIT);
            sums[i] = 0;
            for (int trial = 0; trial < trials[i]; trial++) {
                sums[i] += shared + gsl_ran_gaussian(rng, 0.5);
            }
        }
        const gs_units units = {.count = UNITS, .mean_count = 1, .sums = {sums}, .trials = trials};
        gs_bootstrap_means(&units, RESAMPLES, (uint64_t)repeat, 1, (double *[GS_MOST_MEANS]){replicates});
        const gs_interval found =
            gs_bca_interval(gs_units_mean(&units, 0), replicates, RESAMPLES, gs_units_acceleration(&units, 0), 0.95);
        covered += found.low <= 0 && 0 <= found.high;
    }
    assert_covers(covered, repeats());
    free(replicates);
    gsl_rng_free(rng);
}

/// At the margin a test of 5 % says "equivalent" in 5 % of the cases; nearer to the target in more and more.
static void equivalence_has_its_size_and_power(void **state) {
    enum { COUNT = 64 };
    static const double TARGET = 0.7, MARGIN = 0.5, SD = 1;
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int before = 0;
    for (int step = 0; step <= 4; step++) {
        int said = 0;
        for (int repeat = 0; repeat < repeats(); repeat++) {
            double values[COUNT];
            for (int i = 0; i < COUNT; i++) {
                values[i] = TARGET + MARGIN * (1 - step / 4.0) + gsl_ran_gaussian(rng, SD);
            }
            const gs_units units = {.count = COUNT, .mean_count = 1, .sums = {values}};
            said += gs_equivalence_p(gs_units_mean(&units, 0), gs_units_standard_error(&units, 0), COUNT - 1, TARGET,
                                     MARGIN) < 0.05;
        }
        if (step == 0 && deviations(said, repeats(), 0.05) > 3) {
            fail_msg("a test of 5 %% says equivalent in %.2f %%", 100.0 * said / repeats());
        }
        assert_true(said >= before);
        before = said;
    }
    assert_true(before > 0.9 * repeats());
    gsl_rng_free(rng);
}

static void rank_interval_covers(void **state) {
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    const double rho = 0.6, spearman = 6 / M_PI * asin(rho / 2); // of a bivariate normal (Kruskal 1958)
    double x[UNITS], y[UNITS], work[2 * UNITS];
    int covered = 0;
    for (int repeat = 0; repeat < repeats(); repeat++) {
        for (int i = 0; i < UNITS; i++) {
            gsl_ran_bivariate_gaussian(rng, 1, 1, rho, &x[i], &y[i]);
        }
        const gs_rank_correlation found = gs_rank_correlate(x, y, UNITS, work);
        covered += found.interval.low <= spearman && spearman <= found.interval.high;
    }
    assert_covers(covered, repeats());
    gsl_rng_free(rng);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bca_covers_the_mean_of_skewed_numbers),
        cmocka_unit_test(bca_covers_when_groups_are_drawn),
        cmocka_unit_test(equivalence_has_its_size_and_power),
        cmocka_unit_test(rank_interval_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
