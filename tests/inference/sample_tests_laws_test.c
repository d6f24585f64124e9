/// Whether the two-sample tests reject samples of one law as often as they say, and samples of others the more often
/// the farther apart these are. Samples are of the notebook's law, which is narrow in one direction; random numbers are
/// MT19937's, which the tests themselves don't use.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <omp.h>

#include "inference/generator.h"
#include "inference/held_out.h"
#include "inference/logistic.h"
#include "inference/neighbours.h"
#include "inference/sample_tests.h"

enum {
    DIMENSION = 2,
    POINTS = 60,
    HELD_OUT = POINTS - POINTS / 2, ///< of each sample
    PERMUTATIONS = 199,
    REPEATS = 10000,
    SHORT_REPEATS = 1000,
    STEPS = 4,
};
static const double LEVEL = 0.05;

static int repeats(void) {
    return getenv("GANSWEEP_TEST_SHORT") == NULL ? REPEATS : SHORT_REPEATS;
}

/// X A + b as in the notebook, X ~ N(shift, scale^2 I).
static void draw_points(const gsl_rng *rng, double shift, double scale, double points[POINTS * DIMENSION]) {
    for (int i = 0; i < POINTS; i++) {
        const double x = shift + scale * gsl_ran_gaussian(rng, 1), y = shift + scale * gsl_ran_gaussian(rng, 1);
        points[DIMENSION * i] = x - 0.1 * y + 1;
        points[DIMENSION * i + 1] = 2 * x + 0.5 * y + 2;
    }
}

/// The greatest p that is not above LEVEL among those of all tables with these margins.
static double attainable_level(const bool *called_y) {
    unsigned called = 0;
    for (int i = 0; i < 2 * HELD_OUT; i++) {
        called += called_y[i];
    }
    for (unsigned right = 0; right <= HELD_OUT; right++) {
        const double p = right == 0 ? 1 : gsl_cdf_hypergeometric_Q(right - 1, HELD_OUT, HELD_OUT, called);
        if (p <= LEVEL) {
            return p;
        }
    }
    return 0;
}

/// What one thread has.
typedef struct {
    gsl_rng *rng;
    gs_sample_tests *tests;
    gs_logistic *logistic;
    gs_neighbour *nearest;
} hand;

static hand make_hand(void) {
    const hand made = {gsl_rng_alloc(gsl_rng_mt19937), gs_sample_tests_create(POINTS, DIMENSION),
                       gs_logistic_create(DIMENSION, POINTS),
                       malloc((size_t)gs_neighbour_count(POINTS) * sizeof(gs_neighbour))};
    assert_true(made.tests != NULL && made.logistic != NULL && made.nearest != NULL);
    return made;
}

static void free_hand(hand *made) {
    gsl_rng_free(made->rng);
    gs_sample_tests_free(made->tests);
    gs_logistic_free(made->logistic);
    free(made->nearest);
}

/// Levels of the classifiers' tests of two samples.
static void find_levels(const hand *with, const double *x, const double *y, double level[GS_SAMPLE_TEST_COUNT]) {
    const gs_samples samples = {x, y, POINTS, POINTS, DIMENSION};
    const gs_samples training = gs_training_half(&samples), held_out = gs_held_out_half(&samples);
    bool called_y[2 * HELD_OUT];
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        level[test] = LEVEL;
    }
    (void)gs_logistic_learn(with->logistic, &training);
    gs_logistic_classify(with->logistic, &held_out, called_y);
    level[GS_TEST_LOGISTIC] = attainable_level(called_y);
    gs_neighbours_classify(&training, &held_out, with->nearest, called_y);
    level[GS_TEST_NEIGHBOURS] = attainable_level(called_y);
}

/// How often each test rejects at LEVEL.
/// @param level  [GS_SAMPLE_TEST_COUNT] sum over repeats of the level that a test can attain: that of a permutation
/// test is
///               LEVEL; an accuracy has few values, given how many points are called y. variance: the sum of level
///               (1 - level)
static void count_rejections(int count, double shift, double scale, int64_t rejected[GS_SAMPLE_TEST_COUNT],
                             double level[GS_SAMPLE_TEST_COUNT], double variance[GS_SAMPLE_TEST_COUNT]) {
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        rejected[test] = 0;
        level[test] = variance[test] = 0;
    }
#pragma omp parallel
    {
        hand one = make_hand();
#pragma omp for schedule(dynamic, 16)
        for (int repeat = 0; repeat < count; repeat++) {
            double x[POINTS * DIMENSION], y[POINTS * DIMENSION], attainable[GS_SAMPLE_TEST_COUNT];
            gs_sample_test found[GS_SAMPLE_TEST_COUNT];
            gs_generator_state state;
            gsl_rng_set(one.rng, (unsigned long)repeat + 1);
            draw_points(one.rng, 0, 1, x);
            draw_points(one.rng, shift, scale, y);
            const gsl_rng generator = gs_generator_begin(&state, 1, repeat);
            gs_sample_tests_run(one.tests, x, y, PERMUTATIONS, &generator, found);
            find_levels(&one, x, y, attainable);
#pragma omp critical
            for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
                rejected[test] += found[test].p <= LEVEL;
                level[test] += attainable[test];
                variance[test] += attainable[test] * (1 - attainable[test]);
            }
        }
        free_hand(&one);
    }
}

static void tests_have_their_size(void **state) {
    (void)state;
    int64_t rejected[GS_SAMPLE_TEST_COUNT];
    double level[GS_SAMPLE_TEST_COUNT], variance[GS_SAMPLE_TEST_COUNT];
    count_rejections(repeats(), 0, 1, rejected, level, variance);
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        const double deviations = ((double)rejected[test] - level[test]) / sqrt(variance[test]);
        printf("%-18s rejects %.2f %% of %d pairs of samples of one law, can reject %.2f %%: %.1f standard errors\n",
               gs_sample_test_names[test], 100.0 * (double)rejected[test] / repeats(), repeats(),
               100 * level[test] / repeats(), deviations);
        assert_true(fabs(deviations) < 3);
        assert_true(level[test] > 0.02 * repeats()); // it can reject at all
    }
}

/// Rejections must grow step by step, but for 3 standard errors of the difference of two shares.
static void assert_grows(const int64_t rejected[STEPS], int count, const char *name) {
    for (int step = 1; step < STEPS; step++) {
        assert_true((double)rejected[step] > (double)rejected[step - 1] - 3 * sqrt(count / 2.0));
    }
    if (!((double)rejected[STEPS - 1] > 0.9 * count)) {
        fail_msg("%s rejects %lld of %d pairs of samples far apart", name, (long long)rejected[STEPS - 1], count);
    }
}

static void find_power(const double shift[STEPS], const double scale[STEPS], int count,
                       int64_t rejected[GS_SAMPLE_TEST_COUNT][STEPS]) {
    for (int step = 0; step < STEPS; step++) {
        int64_t of_step[GS_SAMPLE_TEST_COUNT];
        double level[GS_SAMPLE_TEST_COUNT], variance[GS_SAMPLE_TEST_COUNT];
        count_rejections(count, shift[step], scale[step], of_step, level, variance);
        printf("shift %.1f, scale %.1f:", shift[step], scale[step]);
        for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
            rejected[test][step] = of_step[test];
            printf("  %s %.1f %%", gs_sample_test_names[test], 100.0 * (double)of_step[test] / count);
        }
        printf("\n");
    }
}

static void power_grows_with_the_shift_of_the_mean(void **state) {
    (void)state;
    const int count = repeats() / 5;
    int64_t rejected[GS_SAMPLE_TEST_COUNT][STEPS];
    find_power((const double[STEPS]){0, 0.3, 0.7, 1.5}, (const double[STEPS]){1, 1, 1, 1}, count, rejected);
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        assert_grows(rejected[test], count, gs_sample_test_names[test]);
    }
}

/// But for Hotelling's, which sees means alone and keeps its level: nearly, where covariances differ.
static void power_grows_with_the_covariance(void **state) {
    (void)state;
    const int count = repeats() / 5;
    int64_t rejected[GS_SAMPLE_TEST_COUNT][STEPS];
    find_power((const double[STEPS]){0, 0, 0, 0}, (const double[STEPS]){1, 1.5, 2.5, 8}, count, rejected);
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        if (test != GS_TEST_HOTELLING) {
            assert_grows(rejected[test], count, gs_sample_test_names[test]);
        }
    }
    assert_true((double)rejected[GS_TEST_HOTELLING][STEPS - 1] < 0.1 * count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_have_their_size),
        cmocka_unit_test(power_grows_with_the_shift_of_the_mean),
        cmocka_unit_test(power_grows_with_the_covariance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
