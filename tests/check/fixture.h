/// What the tests of the check share: a checker for a given true law with room for one result, and test samples.
#ifndef GANSWEEP_TESTS_CHECK_FIXTURE_H
#define GANSWEEP_TESTS_CHECK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gansweep/check.h"

typedef struct {
    gs_experiment *experiment; ///< outlives the checker
    gs_checker *checker;
    gs_check *check;
} fixture;

/// @param A  [dimension x dimension]
/// @param b  [dimension]
static inline gs_status fixture_try(int dimension, double *A, double *b, fixture *made, gs_error *error) {
    *made = (fixture){.experiment = calloc(1, sizeof *made->experiment)};
    assert_non_null(made->experiment);
    *made->experiment = (gs_experiment){.data = {.dimension = dimension, .n = 1000, .A = A, .b = b}, .tolerance = 0.25};
    const gs_status status = gs_checker_create(made->experiment, &made->checker, error);
    if (status == GS_OK) {
        made->check = gs_check_create(dimension);
        assert_non_null(made->check);
    }
    return status;
}

static inline fixture fixture_create(int dimension, double *A, double *b) {
    fixture made;
    gs_error error = {""};
    if (fixture_try(dimension, A, b, &made, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return made;
}

static inline void fixture_free(fixture *made) {
    gs_checker_free(made->checker);
    free(made->experiment);
    gs_check_free(made->check);
}

/// Checks samples of a generator that is not affine.
static inline const gs_check *check_samples(fixture *made, const float *samples, int64_t count) {
    gs_error error = {""};
    if (gs_check_samples(made->checker, samples, count, NULL, NULL, 0, made->check, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return made->check;
}

#endif
