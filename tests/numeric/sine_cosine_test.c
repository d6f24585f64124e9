/// gs_sine_cosine against the C library's 80-bit sinl and cosl, over its whole range and where an error would show
/// most: around multiples of pi / 4, where the quarter turns change, and around those of pi / 2, where a result is near
/// 0.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "numeric/sine_cosine.h"

enum { ARGUMENTS = 1000000 };
#define LARGEST_ERROR 0x1p-52
#define LARGEST_ARGUMENT 0x1p20
#define BITS_OF_NAN UINT64_C(0x7ff8000000000000)

static uint64_t stream_state = UINT64_C(0x9e3779b97f4a7c15);

static double next_between(double low, double high) {
    stream_state ^= stream_state >> 12;
    stream_state ^= stream_state << 25;
    stream_state ^= stream_state >> 27;
    return low + (high - low) * ((double)((stream_state * UINT64_C(0x2545f4914f6cdd1d)) >> 11) * 0x1p-53);
}

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double error_at(double x) {
    double sine = 0;
    double cosine = 0;
    gs_sine_cosine(x, &sine, &cosine);
    return (double)fmaxl(fabsl(sine - sinl(x)), fabsl(cosine - cosl(x)));
}

static void error_is_under_its_bound_between(double low, double high) {
    double largest = 0;
    for (int i = 0; i < ARGUMENTS; i++) {
        largest = fmax(largest, error_at(next_between(low, high)));
    }
    printf("  [%g, %g]: at most %.4f of 2^-53\n", low, high, largest * 0x1p53);
    assert_true(largest < LARGEST_ERROR);
}

static void both_are_within_their_error(void **state) {
    (void)state;
    error_is_under_its_bound_between(-M_PI_4, M_PI_4);
    error_is_under_its_bound_between(-10, 10);
    error_is_under_its_bound_between(-5000, 5000);
    error_is_under_its_bound_between(-LARGEST_ARGUMENT, LARGEST_ARGUMENT);
}

static void both_are_within_their_error_around_multiples_of_a_quarter_of_pi(void **state) {
    (void)state;
    double largest = 0;
    for (int k = -(int)(LARGEST_ARGUMENT / M_PI_4); k < LARGEST_ARGUMENT / M_PI_4; k++) {
        const double x = (double)(k * (long double)M_PI_4);
        largest = fmax(largest, error_at(x));
        largest = fmax(largest, error_at(nextafter(x, -INFINITY)));
        largest = fmax(largest, error_at(x * (1 + next_between(-1e-9, 1e-9))));
    }
    printf("  around multiples of pi / 4: at most %.4f of 2^-53\n", largest * 0x1p53);
    assert_true(largest < LARGEST_ERROR);
}

static void special_values_are_exact(void **state) {
    (void)state;
    double sine = 1;
    double cosine = 0;
    gs_sine_cosine(0, &sine, &cosine);
    assert_true(sine == 0 && cosine == 1);
    assert_true(error_at(LARGEST_ARGUMENT) < LARGEST_ERROR && error_at(-LARGEST_ARGUMENT) < LARGEST_ERROR);
    gs_sine_cosine(0x1p-1074, &sine, &cosine);
    assert_true(sine == 0x1p-1074 && cosine == 1);
}

static void outside_of_the_range_there_is_one_nan(void **state) {
    (void)state;
    const double outside[] = {NAN, -NAN, INFINITY, -INFINITY, 0x1.0000000000001p20, -0x1.0000000000001p20, 1e308};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        double sine = 0;
        double cosine = 0;
        gs_sine_cosine(outside[i], &sine, &cosine);
        assert_true(bits_of(sine) == BITS_OF_NAN && bits_of(cosine) == BITS_OF_NAN);
    }
}

/// Known answers: a hash over many, so that another compiler or machine must agree.
static void bits_are_the_same_everywhere(void **state) {
    (void)state;
    stream_state = 1;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < 100000; i++) {
        double sine = 0;
        double cosine = 0;
        gs_sine_cosine(next_between(-3000, 3000), &sine, &cosine);
        hash = (hash ^ bits_of(sine)) * UINT64_C(0x100000001b3);
        hash = (hash ^ bits_of(cosine)) * UINT64_C(0x100000001b3);
    }
    printf("  hash of 200000 results: %016llx\n", (unsigned long long)hash);
    assert_true(hash == UINT64_C(0x7e6893c26798eebd));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_are_within_their_error),
        cmocka_unit_test(both_are_within_their_error_around_multiples_of_a_quarter_of_pi),
        cmocka_unit_test(special_values_are_exact),
        cmocka_unit_test(outside_of_the_range_there_is_one_nan),
        cmocka_unit_test(bits_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
