/// Whether intervals and tests keep what they promise, by simulation: coverage, and size at the margin.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "inference/bootstrap.h"
#include "inference/equivalence.h"
#include "inference/factorial.h"
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

static void few_units_are_covered(void **state) {
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double values[GS_UNITS_FOR_BCA], replicates[RESAMPLES];
    const int counts[] = {2, 3, 8, GS_UNITS_FOR_BCA - 1, GS_UNITS_FOR_BCA};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        int covered = 0;
        for (int repeat = 0; repeat < repeats(); repeat++) {
            for (int i = 0; i < counts[k]; i++) {
                values[i] = gsl_ran_gaussian(rng, 3);
            }
            const gs_units units = {.count = counts[k], .mean_count = 1, .sums = {values}};
            gs_bootstrap_means(&units, RESAMPLES, (uint64_t)repeat, 1, (double *[GS_MOST_MEANS]){replicates});
            const gs_interval found = gs_units_interval(&units, 0, replicates, RESAMPLES, 0.95);
            covered += found.low <= 0 && 0 <= found.high;
        }
        assert_covers(covered, repeats());
    }
    gsl_rng_free(rng);
}

enum { CLUSTERS = 64, MEMBERS = 6, LARGE = 4000 };

/// Trials of the same data under several settings: what the data add, they add to all of them.
static void draw_clusters(const gsl_rng *rng, int clusters, double *x, double *y, int64_t *cluster) {
    for (int i = 0; i < clusters; i++) {
        const double of_x = gsl_ran_gaussian(rng, 1.5), of_y = of_x / 2 + gsl_ran_gaussian(rng, 1.3);
        for (int k = 0; k < MEMBERS; k++) {
            x[i * MEMBERS + k] = 0.3 * k + of_x + gsl_ran_gaussian(rng, 0.5);
            y[i * MEMBERS + k] = 0.3 * (k % 3) + of_y + gsl_ran_gaussian(rng, 0.5);
            cluster[i * MEMBERS + k] = i;
        }
    }
}

static void rank_interval_covers_when_trials_share_data(void **state) {
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    const size_t room = (size_t)LARGE * MEMBERS;
    double *x = malloc(room * sizeof *x), *y = malloc(room * sizeof *y), *work = malloc(2 * room * sizeof *work);
    size_t *orders = malloc(2 * room * sizeof *orders);
    int64_t *cluster = malloc(room * sizeof *cluster);
    assert_true(x != NULL && y != NULL && work != NULL && orders != NULL && cluster != NULL);
    double truth = 0;
    int covered = 0, naive = 0;
    for (int repeat = 0; repeat < 10; repeat++) {
        draw_clusters(rng, LARGE, x, y, cluster);
        truth += gs_rank_correlate(x, y, (int64_t)LARGE * MEMBERS, work).correlation / 10;
    }
    for (int repeat = 0; repeat < repeats(); repeat++) {
        draw_clusters(rng, CLUSTERS, x, y, cluster);
        const int64_t count = (int64_t)CLUSTERS * MEMBERS;
        const gs_interval found = gs_rank_correlate_clusters(x, y, cluster, count, work, orders).interval;
        const gs_interval of_pairs = gs_rank_correlate(x, y, count, work).interval;
        covered += found.low <= truth && truth <= found.high;
        naive += of_pairs.low <= truth && truth <= of_pairs.high;
    }
    assert_covers(covered, repeats());
    print_message("as if pairs were independent: %.1f %%\n", 100.0 * naive / repeats());
    assert_true(naive < 0.8 * repeats());
    free(x);
    free(y);
    free(orders);
    free(work);
    free(cluster);
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

enum { BLOCKS = 64, A = 3, B = 4, CELLS = A * B };

/// Draws a block design in which neighbouring cells of a unit are alike and some vary more than others; returns the
/// p-value of the interaction, or of the first factor.
static double draw_factorial(const gsl_rng *rng, double effect, bool interaction) {
    static const double NEIGHBOURS = 0.7, SPREAD_OF_UNITS = 2;
    double values[CELLS][BLOCKS], means[CELLS] = {0}, work[CELLS * (BLOCKS + 2)];
    for (int unit = 0; unit < BLOCKS; unit++) {
        const double shared = gsl_ran_gaussian(rng, SPREAD_OF_UNITS);
        double noise = gsl_ran_gaussian(rng, 1);
        for (int cell = 0; cell < CELLS; cell++) {
            noise = NEIGHBOURS * noise + gsl_ran_gaussian(rng, sqrt(1 - NEIGHBOURS * NEIGHBOURS));
            values[cell][unit] = shared + noise * (1 + cell / (double)B) + effect * (cell == 0);
            means[cell] += values[cell][unit] / BLOCKS;
        }
    }
    for (int cell = 0; cell < CELLS; cell++) {
        for (int unit = 0; unit < BLOCKS; unit++) {
            values[cell][unit] -= means[cell];
        }
    }
    for (int cell = 0; cell < CELLS && !interaction;
         cell++) { // over the second factor, in the place of its first level
        means[cell / B] = cell % B == 0 ? means[cell] / B : means[cell / B] + means[cell] / B;
        for (int unit = 0; unit < BLOCKS; unit++) {
            const double before = cell % B == 0 ? 0 : values[cell / B][unit];
            values[cell / B][unit] = before + values[cell][unit] / B;
        }
    }
    return gs_factorial_test(means, &values[0][0], A, interaction ? B : 1, BLOCKS, BLOCKS - 1, 1, work).p;
}

/// Without an effect a test of 5 % finds one in 5 %, however the cells of a unit hang together; with greater and
/// greater ones more and more often.
static void effects_have_their_size_and_power(void **state) {
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (int interaction = 0; interaction < 2; interaction++) {
        int before = 0;
        for (int step = 0; step <= 4; step++) {
            int found = 0;
            for (int repeat = 0; repeat < repeats(); repeat++) {
                found += draw_factorial(rng, 1.5 * step, interaction) < 0.05;
            }
            print_message("%s, effect %.1f: %.2f %% are found\n", interaction ? "interaction" : "main effect",
                          1.5 * step, 100.0 * found / repeats());
            if (step == 0 && deviations(found, repeats(), 0.05) > 3) {
                fail_msg("a test of 5 %% finds an effect in %.2f %%", 100.0 * found / repeats());
            }
            assert_true(found >= before);
            before = found;
        }
        assert_true(before > 0.9 * repeats());
    }
    gsl_rng_free(rng);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bca_covers_the_mean_of_skewed_numbers),
        cmocka_unit_test(bca_covers_when_groups_are_drawn),
        cmocka_unit_test(equivalence_has_its_size_and_power),
        cmocka_unit_test(rank_interval_covers),
        cmocka_unit_test(effects_have_their_size_and_power),
        cmocka_unit_test(few_units_are_covered),
        cmocka_unit_test(rank_interval_covers_when_trials_share_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
