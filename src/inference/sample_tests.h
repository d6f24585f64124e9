/// All tests of whether two samples of points are of one law.
#ifndef GANSWEEP_INFERENCE_SAMPLE_TESTS_H
#define GANSWEEP_INFERENCE_SAMPLE_TESTS_H

#include <gsl/gsl_rng.h>

#include "inference/samples.h"

typedef enum {
    GS_TEST_ENERGY,     ///< energy distance, p by permutation
    GS_TEST_MMD,        ///< squared maximum mean discrepancy, p by the same permutations
    GS_TEST_HOTELLING,  ///< T^2, p by the F distribution
    GS_TEST_LOGISTIC,   ///< accuracy of a logistic classifier on held-out points, p by Fisher's exact test
    GS_TEST_NEIGHBOURS, ///< accuracy of nearest neighbours, the same
    GS_SAMPLE_TEST_COUNT,
} gs_sample_test_kind;

extern const char *const gs_sample_test_names[GS_SAMPLE_TEST_COUNT]; ///< "energy_distance", "mmd", ...

enum {
    GS_FEWEST_POINTS = 8, ///< of a sample
    GS_MOST_POINTS = 1000,
};

/// Work space of one thread.
typedef struct gs_sample_tests gs_sample_tests;

/// @param points  of each sample, GS_FEWEST_POINTS to GS_MOST_POINTS
/// @return NULL when out of memory
gs_sample_tests *gs_sample_tests_create(int64_t points, int dimension);
void gs_sample_tests_free(gs_sample_tests *tests);

/// @param x, y  [points x dimension] each, finite
/// @param permutations  of energy distance and MMD
void gs_sample_tests_run(gs_sample_tests *tests, const double *x, const double *y, int64_t permutations,
                         const gsl_rng *generator, gs_sample_test found[GS_SAMPLE_TEST_COUNT]);

#endif
