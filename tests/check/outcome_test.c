/// Every outcome at its thresholds, in its order of precedence; the oscillation of losses against sums done by hand.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gansweep/check.h"

enum { EPOCHS = 8 };
static const double TOLERANCE = 0.25;

/// A trial of which everything is right; cases change one thing or more.
typedef struct {
    gs_settings settings;
    float loss_D[EPOCHS], loss_G[EPOCHS];
    gs_ending ending;
    gs_check check;
    bool diverged;
} trial;

static trial right_trial(void) {
    trial made = {.settings = {.generator_loss = GS_NON_SATURATING, .epochs = EPOCHS},
                  .ending = {.logit_spread = 0.1},
                  .check = {.eigenvalues = {0.9, 1.1}, .mean_error = 0.1, .covariance_ok = true}};
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        made.loss_D[epoch] = made.loss_G[epoch] = (float)M_LN2;
    }
    return made;
}

static gs_outcome judge(trial *judged) {
    gs_check_outcome(&judged->settings, TOLERANCE, judged->loss_D, judged->loss_G, judged->diverged, &judged->ending,
                     &judged->check);
    return judged->check.outcome;
}

static void set_last(trial *changed, double loss_D, double loss_G) {
    changed->loss_D[EPOCHS - 1] = (float)loss_D;
    changed->loss_G[EPOCHS - 1] = (float)loss_G;
}

/// The same, which looks right by its losses alone.
static trial wrong_trial(void) {
    trial made = right_trial();
    made.check.covariance_ok = false;
    made.check.eigenvalues[0] = 0.5;
    return made;
}

static void losses_within_the_margin_and_a_right_law_are_convergence(void **state) {
    (void)state;
    static const struct {
        double from_D, from_G;
        gs_outcome expected;
    } cases[] = {
        {0, 0, GS_OUTCOME_CONVERGED},     {0.00499, 0, GS_OUTCOME_CONVERGED}, {-0.00499, 0.00499, GS_OUTCOME_CONVERGED},
        {0.00501, 0, GS_OUTCOME_NOT_YET}, {0, -0.00501, GS_OUTCOME_NOT_YET},  {-0.00501, 0, GS_OUTCOME_NOT_YET},
        {0, 0.00501, GS_OUTCOME_NOT_YET},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int loss = 0; loss < GS_GENERATOR_LOSS_COUNT; loss++) {
            trial tried = right_trial();
            const double sign = loss == GS_MINIMAX ? -1 : 1;
            tried.settings.generator_loss = (gs_generator_loss)loss;
            set_last(&tried, M_LN2 + cases[i].from_D, sign * (M_LN2 + cases[i].from_G));
            tried.loss_G[EPOCHS - 2] = tried.loss_G[EPOCHS - 1]; // no oscillation by the sign
            for (int epoch = 0; epoch < EPOCHS - 2; epoch++) {
                tried.loss_G[epoch] = tried.loss_G[EPOCHS - 1];
            }
            assert_int_equal(judge(&tried), cases[i].expected);
        }
    }
}

static void a_mean_that_is_far_is_no_convergence(void **state) {
    (void)state;
    trial tried = right_trial();
    tried.check.mean_error = TOLERANCE;
    assert_int_equal(judge(&tried), GS_OUTCOME_CONVERGED);
    tried.check.mean_error = nextafter(TOLERANCE, 1);
    assert_int_equal(judge(&tried), GS_OUTCOME_LOSSES_ONLY);
    tried.ending.logit_spread = 0.005;
    assert_int_equal(judge(&tried), GS_OUTCOME_DEAD_DISCRIMINATOR);
}

static void a_dead_discriminator_is_right_where_the_law_is(void **state) {
    (void)state;
    trial tried = right_trial();
    tried.ending.logit_spread = 0;
    assert_int_equal(judge(&tried), GS_OUTCOME_CONVERGED);
    tried = wrong_trial();
    tried.ending.logit_spread = nextafter(0.01, 0);
    assert_int_equal(judge(&tried), GS_OUTCOME_DEAD_DISCRIMINATOR);
    tried.ending.logit_spread = 0.01;
    assert_int_equal(judge(&tried), GS_OUTCOME_LOSSES_ONLY);
}

static void the_order_of_precedence_is_the_stated_one(void **state) {
    (void)state;
    // All conditions at once; each step takes away the first that holds.
    trial tried = wrong_trial();
    tried.diverged = true;
    assert_int_equal(judge(&tried), GS_OUTCOME_DIVERGED);
    assert_true(isnan(tried.check.loss_oscillation));
    tried.diverged = false;
    tried.ending.logit_spread = 0.001;
    tried.check.eigenvalues[0] = 0.001;
    set_last(&tried, 0.1, 3);
    tried.loss_D[EPOCHS - 2] = 5;
    assert_int_equal(judge(&tried), GS_OUTCOME_DEAD_DISCRIMINATOR);
    tried.ending.logit_spread = 1;
    assert_int_equal(judge(&tried), GS_OUTCOME_COLLAPSED);
    set_last(&tried, M_LN2, M_LN2);
    assert_int_equal(judge(&tried), GS_OUTCOME_COLLAPSED);
    tried.check.eigenvalues[0] = 0.01;
    assert_int_equal(judge(&tried), GS_OUTCOME_LOSSES_ONLY);
    set_last(&tried, 0.34, 3);
    assert_int_equal(judge(&tried), GS_OUTCOME_DISCRIMINATOR_WINS);
    set_last(&tried, 0.35, 3);
    assert_int_equal(judge(&tried), GS_OUTCOME_OSCILLATING);
    tried.loss_D[EPOCHS - 2] = 0.5F;
    assert_int_equal(judge(&tried), GS_OUTCOME_NOT_YET);
}

static void losses_that_rise_or_fall_alone_do_not_oscillate(void **state) {
    (void)state;
    static const float rising[] = {1, 2, 4, 8, 16, 32}, falling[] = {9, 7, 6, 2, 1}, peak[] = {0, 0, 0, 0.75F, 0, 0};
    static const float saw[] = {100, 1, 0, 1, 0, 1}, one[] = {3};
    static const float long_ago[] = {1, 0, 1, 2, 3, 4};
    assert_true(gs_loss_oscillation(rising, 6) == 0);
    assert_true(gs_loss_oscillation(falling, 5) == 0);
    assert_true(gs_loss_oscillation(one, 1) == 0);
    assert_true(gs_loss_oscillation(peak, 6) == 0.75);
    assert_true(gs_loss_oscillation(long_ago, 6) == 0);
    assert_true(gs_loss_oscillation(saw, 6) == 2); // 1, 0, 1, 0, 1: a path of 4, and nothing between its ends
    assert_true(gs_loss_oscillation(saw, 5) == 1); // 100, 1, 0, 1, 0: a path of 102 over 100
}

static void the_greater_oscillation_of_both_counts(void **state) {
    (void)state;
    for (int network = 0; network < 2; network++) {
        trial tried = wrong_trial();
        set_last(&tried, 0.8, 0.8);
        float *losses = network == 0 ? tried.loss_D : tried.loss_G;
        losses[EPOCHS - 3] = 0.8F + 0.051F;
        losses[EPOCHS - 2] = 0.8F;
        assert_int_equal(judge(&tried), GS_OUTCOME_OSCILLATING);
        assert_true(fabs(tried.check.loss_oscillation - 0.051) < 1e-6);
        losses[EPOCHS - 3] = 0.8F + 0.049F;
        assert_int_equal(judge(&tried), GS_OUTCOME_NOT_YET);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_within_the_margin_and_a_right_law_are_convergence),
        cmocka_unit_test(a_mean_that_is_far_is_no_convergence),
        cmocka_unit_test(a_dead_discriminator_is_right_where_the_law_is),
        cmocka_unit_test(the_order_of_precedence_is_the_stated_one),
        cmocka_unit_test(losses_that_rise_or_fall_alone_do_not_oscillate),
        cmocka_unit_test(the_greater_oscillation_of_both_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
