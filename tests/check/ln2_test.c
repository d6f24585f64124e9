/// "prints 0.693": the oracle is printf itself, over every float near ln 2.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gansweep/check.h"

static bool printed(float value, const char *expected) {
    char text[32];
    (void)snprintf(text, sizeof text, "%.3f", value);
    return strcmp(text, expected) == 0;
}

static void every_float_near_ln_2_is_judged_as_printf_prints_it(void **state) {
    (void)state;
    long floats = 0, prints = 0;
    for (float loss = 0.69F; loss < 0.70F; loss = nextafterf(loss, 1.0F)) {
        const bool expected = printed(loss, "0.693");
        assert_int_equal(gs_prints_ln2(GS_NON_SATURATING, loss, 0.693F), expected);
        assert_int_equal(gs_prints_ln2(GS_NON_SATURATING, 0.693F, loss), expected);
        assert_int_equal(gs_prints_ln2(GS_MINIMAX, 0.693F, -loss), printed(-loss, "-0.693"));
        floats++;
        prints += expected;
    }
    printf("%ld of %ld floats from 0.69 to 0.70 print 0.693\n", prints, floats);
    assert_true(prints > 0 && prints < floats);
}

static void other_losses_do_not_print_ln_2(void **state) {
    (void)state;
    static const float losses[] = {NAN, INFINITY, -INFINITY, 0.0F, -0.693F, 6.93F, 1e30F};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        assert_false(gs_prints_ln2(GS_NON_SATURATING, losses[i], 0.693F));
        assert_false(gs_prints_ln2(GS_NON_SATURATING, 0.693F, losses[i]));
    }
    assert_false(gs_prints_ln2(GS_MINIMAX, 0.693F, 0.693F));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_float_near_ln_2_is_judged_as_printf_prints_it),
        cmocka_unit_test(other_losses_do_not_print_ln_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
