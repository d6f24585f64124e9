/// What the tests of the experiment share: texts that are complete but for what a test adds.
#ifndef TESTS_EXPERIMENT_FIXTURE_H
#define TESTS_EXPERIMENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gansweep/plan.h"

/// One line, so that what a test appends begins at line 2.
#define DATA "data: {A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
#define SEEDS "parameters: {seed: {range: [1, 10]}}\n"

/// Parses a text that must be right.
static inline gs_experiment *parse_with(const char *text, const char *const *overrides, int count) {
    gs_experiment *experiment = NULL;
    gs_error error = {""};
    const gs_status status =
        gs_experiment_parse(text, strlen(text), "test.yaml", overrides, count, &experiment, &error);
    if (status != GS_OK) {
        fail_msg("%s", error.message);
    }
    return experiment;
}

static inline gs_experiment *parse(const char *text) {
    return parse_with(text, NULL, 0);
}

static inline gs_plan *plan_of(const gs_experiment *experiment) {
    gs_plan *plan = NULL;
    gs_error error = {""};
    if (gs_plan_create(experiment, &plan, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return plan;
}

#endif
