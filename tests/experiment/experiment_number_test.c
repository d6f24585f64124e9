/// Numbers against what C reads in the "C" locale, and grids against decimal values known by hand.
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "fixture.h"

#include "experiment/number.h"

static void decimal_numbers_are_read_exactly(void **state) {
    (void)state;
    const char *const texts[] = {"0",
                                 "-0",
                                 "0.05",
                                 "5e-2",
                                 "5E-2",
                                 "+1.5",
                                 ".5",
                                 "5.",
                                 "1e3",
                                 "1e-308",
                                 "4.9e-324",
                                 "1.7976931348623157e308",
                                 "0.1",
                                 "1e+05",
                                 "00.5",
                                 "123456789.123456789",
                                 "2.2250738585072011e-308"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = NAN;
        assert_true(gs_parse_real(texts[i], &value));
        assert_true(value == strtod(texts[i], NULL));
    }
}

static void anything_else_is_no_number(void **state) {
    (void)state;
    const char *const texts[] = {"",
                                 " 1",
                                 "1 ",
                                 "0x10",
                                 "inf",
                                 "nan",
                                 "-inf",
                                 ".inf",
                                 ".nan",
                                 "1e",
                                 "1e+",
                                 "e5",
                                 ".",
                                 "+",
                                 "-",
                                 "--1",
                                 "1,5",
                                 "1_000",
                                 "1e999",
                                 "-1e999",
                                 "1.2.3",
                                 "1e3.5",
                                 "infinity",
                                 "0b1",
                                 "1f",
                                 "1e99999999999999999999",
                                 "11111111111111111111111111111111111111111111111111111111111111111"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value;
        if (gs_parse_real(texts[i], &value)) {
            fail_msg("'%s' was read as %g", texts[i], value);
        }
    }
}

static void integers_are_exact_to_63_bits(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t value;
    } rows[] = {{"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN},
                {"1e3", 1000},
                {"1.5e3", 1500},
                {"100.0", 100},
                {"0", 0},
                {"0e9999", 0},
                {"-7", -7},
                {"+7", 7},
                {"10000e-4", 1},
                {"9007199254740993", INT64_C(9007199254740993)},
                {"9.223372036854775807e18", INT64_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t value = -1;
        assert_true(gs_parse_integer(rows[i].text, &value));
        assert_true(value == rows[i].value);
    }
}

static void fractions_and_overflow_are_no_integers(void **state) {
    (void)state;
    const char *const texts[] = {
        "0.5", "1e-3", "1.25e1",  "9223372036854775808", "-9223372036854775809", "1e19", "1e9999", "0x1",
        "1 2", "",     "12345e-4"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t value;
        assert_false(gs_parse_integer(texts[i], &value));
    }
}

static void a_locale_with_a_decimal_comma_changes_nothing(void **state) {
    (void)state;
    const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    const char *set = NULL;
    for (size_t i = 0; set == NULL && i < sizeof names / sizeof *names; i++) {
        set = setlocale(LC_ALL, names[i]);
    }
    printf("  locale: %s\n", set == NULL ? "none with a comma is installed; tested in C" : set);
    double value = 0;
    assert_true(gs_parse_real("0.25", &value) && value == 0.25);
    assert_false(gs_parse_real("0,25", &value));
    assert_true(gs_round_to_digits(0.25) == 0.25);
    assert_true(gs_round_to_digits(2.5e-300) == 2.5e-300); // of a size that goes through text
    (void)setlocale(LC_ALL, "C");
}

/// Random numbers of all sizes, numbers that lie on a tie or beside one, and powers of ten and their neighbours.
static void numbers_are_rounded_as_printf_rounds_them(void **state) {
    (void)state;
    uint64_t bits = 12345;
    for (int i = 0; i < 2000000; i++) {
        bits = bits * 6364136223846793005U + 1442695040888963407U;
        const int exponent = i % 5 == 0 ? (int)(bits >> 40) % 600 - 300 : (int)(bits >> 40) % 50 - 14;
        double x = ((double)(bits >> 11) * 0x1p-53 + 0.1) * pow(10, exponent);
        char text[40];
        if (i % 3 == 0) { // 12 digits and a 5
            (void)snprintf(text, sizeof text, "%.11e", x);
            char tie[48];
            (void)snprintf(tie, sizeof tie, "%.13s5%s", text, text + 13);
            x = nextafter(strtod(tie, NULL), i % 2 == 0 ? 0 : INFINITY);
        } else if (i % 7 == 0) {
            x = nextafter(pow(10, exponent), i % 2 == 0 ? 0 : INFINITY);
        }
        (void)snprintf(text, sizeof text, "%.11e", x);
        if (gs_round_to_digits(x) != strtod(text, NULL)) {
            fail_msg("%.17g was rounded to %.17g, and printf writes %s", x, gs_round_to_digits(x), text);
        }
    }
}

static void points_of_a_log_grid_are_the_decimals_that_are_meant(void **state) {
    (void)state;
    const double expected[] = {0.0005, 0.00158113883008, 0.005, 0.0158113883008, 0.05, 0.158113883008,
                               0.5,    1.58113883008,    5};
    for (int i = 0; i < 9; i++) {
        const double point = gs_grid_point(0.0005, 5, 9, true, i);
        printf("  %.17g\n", point);
        assert_true(point == expected[i]);
    }
}

static void points_of_a_linear_grid_are_the_decimals_that_are_meant(void **state) {
    (void)state;
    const double expected[] = {0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1};
    for (int i = 0; i < 10; i++) {
        assert_true(gs_grid_point(0.01, 0.1, 10, false, i) == expected[i]);
    }
}

static void ends_of_a_grid_are_met_exactly(void **state) {
    (void)state;
    const double first = 0.1234567890123456, last = 9.876543210987654;
    for (int logarithmic = 0; logarithmic < 2; logarithmic++) {
        assert_true(gs_grid_point(first, last, 7, logarithmic, 0) == first);
        assert_true(gs_grid_point(first, last, 7, logarithmic, 6) == last);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_numbers_are_read_exactly),
        cmocka_unit_test(anything_else_is_no_number),
        cmocka_unit_test(integers_are_exact_to_63_bits),
        cmocka_unit_test(fractions_and_overflow_are_no_integers),
        cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
        cmocka_unit_test(numbers_are_rounded_as_printf_rounds_them),
        cmocka_unit_test(points_of_a_log_grid_are_the_decimals_that_are_meant),
        cmocka_unit_test(points_of_a_linear_grid_are_the_decimals_that_are_meant),
        cmocka_unit_test(ends_of_a_grid_are_met_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
