#include "inference/sample_tests.h"

#include <stdlib.h>

#include "inference/energy.h"
#include "inference/held_out.h"
#include "inference/hotelling.h"
#include "inference/kernel_mmd.h"
#include "inference/logistic.h"
#include "inference/neighbours.h"

const char *const gs_sample_test_names[GS_SAMPLE_TEST_COUNT] = {
    [GS_TEST_ENERGY] = "energy_distance",        [GS_TEST_MMD] = "mmd",
    [GS_TEST_HOTELLING] = "hotelling_t2",        [GS_TEST_LOGISTIC] = "logistic",
    [GS_TEST_NEIGHBOURS] = "nearest_neighbours",
};

static gs_pair_statistic *const pair_statistics[GS_PAIR_FUNCTION_COUNT] = {
    [GS_PAIR_DISTANCE] = gs_energy_distance,
    [GS_PAIR_KERNEL] = gs_kernel_mmd,
};

struct gs_sample_tests {
    int64_t points;
    int dimension;
    gs_pairs *pairs;
    double *hotelling;
    gs_logistic *logistic;
    gs_neighbour *nearest;
    bool *called_y;
};

gs_sample_tests *gs_sample_tests_create(int64_t points, int dimension) {
    const int64_t training = 2 * (points / 2), held_out = 2 * points - training;
    gs_sample_tests *tests = calloc(1, sizeof *tests);
    if (tests == NULL) {
        return NULL;
    }
    *tests = (gs_sample_tests){.points = points,
                               .dimension = dimension,
                               .pairs = gs_pairs_create(2 * points),
                               .hotelling = malloc(gs_hotelling_work(dimension) * sizeof(double)),
                               .logistic = gs_logistic_create(dimension, training),
                               .nearest = malloc((size_t)gs_neighbour_count(training) * sizeof(gs_neighbour)),
                               .called_y = malloc((size_t)held_out * sizeof(bool))};
    if (tests->pairs == NULL || tests->hotelling == NULL || tests->logistic == NULL || tests->nearest == NULL ||
        tests->called_y == NULL) {
        gs_sample_tests_free(tests);
        return NULL;
    }
    return tests;
}

void gs_sample_tests_free(gs_sample_tests *tests) {
    if (tests != NULL) {
        gs_pairs_free(tests->pairs);
        free(tests->hotelling);
        gs_logistic_free(tests->logistic);
        free(tests->nearest);
        free(tests->called_y);
        free(tests);
    }
}

void gs_sample_tests_run(gs_sample_tests *tests, const double *x, const double *y, int64_t permutations,
                         const gsl_rng *generator, gs_sample_test found[GS_SAMPLE_TEST_COUNT]) {
    const gs_samples samples = {x, y, tests->points, tests->points, tests->dimension};
    const gs_samples training = gs_training_half(&samples), held_out = gs_held_out_half(&samples);
    gs_sample_test of_pairs[GS_PAIR_FUNCTION_COUNT];

    gs_pairs_measure(tests->pairs, &samples);
    (void)gs_gaussian_kernel(tests->pairs);
    gs_pairs_test(tests->pairs, pair_statistics, permutations, generator, of_pairs);
    found[GS_TEST_ENERGY] = of_pairs[GS_PAIR_DISTANCE];
    found[GS_TEST_MMD] = of_pairs[GS_PAIR_KERNEL];

    found[GS_TEST_HOTELLING] = gs_hotelling_test(&samples, tests->hotelling);

    (void)gs_logistic_learn(tests->logistic, &training);
    gs_logistic_classify(tests->logistic, &held_out, tests->called_y);
    found[GS_TEST_LOGISTIC] = gs_accuracy_test(tests->called_y, held_out.x_count, held_out.y_count);

    gs_neighbours_classify(&training, &held_out, tests->nearest, tests->called_y);
    found[GS_TEST_NEIGHBOURS] = gs_accuracy_test(tests->called_y, held_out.x_count, held_out.y_count);
}
