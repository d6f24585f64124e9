/// Which instruction set a run takes when it is left the choice. What is slower is known beforehand: the portable
/// vectors, by far.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "train/fastest.h"

static void the_faster_one_wins_in_either_order(void **state) {
    (void)state;
    for (gs_isa isa = GS_ISA_PORTABLE + 1; isa < GS_ISA_COUNT; isa++) {
        if (gs_isa_available(isa)) {
            assert_int_equal(gs_isa_faster(isa, GS_ISA_PORTABLE), isa);
            assert_int_equal(gs_isa_faster(GS_ISA_PORTABLE, isa), isa);
        }
    }
}

static void of_equals_the_preferred_wins(void **state) {
    (void)state;
    assert_int_equal(gs_isa_faster(GS_ISA_PORTABLE, GS_ISA_PORTABLE), GS_ISA_PORTABLE);
}

static void the_best_is_available_and_stays_the_best(void **state) {
    (void)state;
    const gs_isa best = gs_isa_best();
    printf("best: %s\n", gs_isa_names[best]);
    assert_true(gs_isa_available(best));
    assert_true(best != GS_ISA_AUTO);
    assert_int_equal(gs_isa_best(), best);
    assert_int_equal(gs_isa_lanes(GS_ISA_AUTO), gs_isa_lanes(best));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_faster_one_wins_in_either_order),
        cmocka_unit_test(of_equals_the_preferred_wins),
        cmocka_unit_test(the_best_is_available_and_stays_the_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
