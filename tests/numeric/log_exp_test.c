/// gs_log and gs_exp against the C library's 80-bit logl and expl, which carry 11 more bits than a double.
///
/// Arguments: a fixed xorshift64* stream, as raw bit patterns (every exponent alike) and evenly over the ranges where
/// an error would show most: around 1 and around the edges of the range reduction.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "numeric/log_exp.h"

enum { ARGUMENTS = 3000000 };

#define LARGEST_ERROR 0.75
#define LARGEST_ERROR_DENORMAL 0.85
#define BITS_OF_NAN UINT64_C(0x7ff8000000000000)

static uint64_t stream_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t next_bits(void) {
    stream_state ^= stream_state >> 12;
    stream_state ^= stream_state << 25;
    stream_state ^= stream_state >> 27;
    return stream_state * UINT64_C(0x2545f4914f6cdd1d);
}

static double next_between(double low, double high) {
    return low + (high - low) * ((double)(next_bits() >> 11) * 0x1p-53);
}

static double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/// Distance in units of the last place of a double of the expected value's size.
static double ulp_error(double actual, long double expected) {
    int exponent;
    (void)frexpl(expected, &exponent);
    const int last_place = exponent - 53 > -1074 ? exponent - 53 : -1074;
    return (double)ldexpl(fabsl((long double)actual - expected), -last_place);
}

typedef double (*function)(double);
typedef long double (*oracle)(long double);

/// Largest error of `f` over arguments spread evenly between two ends.
static double largest_error(function f, oracle exact, double low, double high) {
    double largest = 0, at = low;
    for (int i = 0; i < ARGUMENTS; i++) {
        const double x = next_between(low, high);
        const double error = ulp_error(f(x), exact(x));
        if (error > largest) {
            largest = error;
            at = x;
        }
    }
    printf("  [%g, %g]: at most %.4f ulp, at %a\n", low, high, largest, at);
    return largest;
}

static void log_is_within_its_error_over_all_exponents(void **state) {
    (void)state;
    double largest = 0;
    for (int i = 0; i < ARGUMENTS; i++) {
        const double x = double_of(next_bits() >> 1);
        if (isfinite(x) && x > 0) {
            largest = fmax(largest, ulp_error(gs_log(x), logl(x)));
        }
    }
    printf("  all exponents: at most %.4f ulp\n", largest);
    assert_true(largest < LARGEST_ERROR);
}

static void log_is_within_its_error_around_one(void **state) {
    (void)state;
    assert_true(largest_error(gs_log, logl, 0.5, 2) < LARGEST_ERROR);
    assert_true(largest_error(gs_log, logl, 0.70, 0.715) < LARGEST_ERROR);
    assert_true(largest_error(gs_log, logl, 1.405, 1.42) < LARGEST_ERROR);
    assert_true(largest_error(gs_log, logl, 1 - 1e-6, 1 + 1e-6) < LARGEST_ERROR);
}

static void log_of_denormal_numbers_is_within_its_error(void **state) {
    (void)state;
    assert_true(largest_error(gs_log, logl, 0x1p-1074, 0x1p-1022) < LARGEST_ERROR);
    for (uint64_t bits = 1; bits < 1000; bits++) {
        assert_true(ulp_error(gs_log(double_of(bits)), logl(double_of(bits))) < LARGEST_ERROR);
    }
}

static void exp_is_within_its_error(void **state) {
    (void)state;
    assert_true(largest_error(gs_exp, expl, -708.39, 709.78) < LARGEST_ERROR);
    assert_true(largest_error(gs_exp, expl, -1, 1) < LARGEST_ERROR);
    assert_true(largest_error(gs_exp, expl, -0.36, -0.34) < LARGEST_ERROR);
    assert_true(largest_error(gs_exp, expl, -1e-6, 1e-6) < LARGEST_ERROR);
}

static void exp_is_within_its_error_where_the_result_is_denormal(void **state) {
    (void)state;
    assert_true(largest_error(gs_exp, expl, -745.1, -708.39) < LARGEST_ERROR_DENORMAL);
}

static void exp_overflows_and_underflows_where_a_double_ends(void **state) {
    (void)state;
    assert_true(isfinite(gs_exp(0x1.62e42fefa39efp+9)));
    assert_true(isinf(gs_exp(0x1.62e42fefa39f0p+9)));
    assert_true(gs_exp(-0x1.74910d52d3051p+9) == 0x1p-1074);
    assert_true(gs_exp(-0x1.74910d52d3052p+9) == 0);
    assert_true(gs_exp(1e308) == INFINITY && gs_exp(INFINITY) == INFINITY);
    assert_true(bits_of(gs_exp(-1e308)) == 0 && bits_of(gs_exp(-INFINITY)) == 0);
}

static void special_values_are_exact(void **state) {
    (void)state;
    assert_true(bits_of(gs_log(1)) == 0);
    assert_true(gs_exp(0) == 1 && gs_exp(-0.0) == 1);
    assert_true(gs_log(0) == -INFINITY && gs_log(-0.0) == -INFINITY);
    assert_true(gs_log(INFINITY) == INFINITY);
    assert_true(gs_exp(0x1p-1074) == 1);
    for (int k = -1074; k <= 1023; k++) {
        assert_true(gs_log(ldexp(1, k)) == (double)(k * logl(2)));
    }
}

static void every_nan_is_the_same_nan(void **state) {
    (void)state;
    const uint64_t nans[] = {BITS_OF_NAN, UINT64_C(0xfff8000000000000), UINT64_C(0x7ff0000000000001),
                             UINT64_C(0xffffffffffffffff)};
    for (size_t i = 0; i < sizeof nans / sizeof *nans; i++) {
        assert_true(bits_of(gs_log(double_of(nans[i]))) == BITS_OF_NAN);
        assert_true(bits_of(gs_exp(double_of(nans[i]))) == BITS_OF_NAN);
    }
    assert_true(bits_of(gs_log(-1)) == BITS_OF_NAN);
    assert_true(bits_of(gs_log(-INFINITY)) == BITS_OF_NAN);
}

/// Known answers: the bits of a few results, and a hash over many, so that another compiler or machine must agree.
static void bits_are_the_same_everywhere(void **state) {
    (void)state;
    stream_state = 1;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < 100000; i++) {
        const double x = double_of(next_bits() >> 1), y = next_between(-750, 715);
        hash = (hash ^ bits_of(gs_log(x))) * UINT64_C(0x100000001b3);
        hash = (hash ^ bits_of(gs_exp(y))) * UINT64_C(0x100000001b3);
    }
    printf("  hash of 200000 results: %016llx\n", (unsigned long long)hash);
    assert_true(hash == UINT64_C(0xa84c15af9343b797));
    assert_true(gs_log(10) == 0x1.26bb1bbb55516p+1);
    assert_true(gs_exp(1) == 0x1.5bf0a8b145769p+1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_is_within_its_error_over_all_exponents),
        cmocka_unit_test(log_is_within_its_error_around_one),
        cmocka_unit_test(log_of_denormal_numbers_is_within_its_error),
        cmocka_unit_test(exp_is_within_its_error),
        cmocka_unit_test(exp_is_within_its_error_where_the_result_is_denormal),
        cmocka_unit_test(exp_overflows_and_underflows_where_a_double_ends),
        cmocka_unit_test(special_values_are_exact),
        cmocka_unit_test(every_nan_is_the_same_nan),
        cmocka_unit_test(bits_are_the_same_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
