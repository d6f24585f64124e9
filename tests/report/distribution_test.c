/// Statistics over trials. Oracles: numpy.mean, numpy.std(ddof=1), numpy.quantile and
/// scipy.stats.binomtest(k, n).proportion_ci(method="wilson"), scipy.stats.chi2.sf (NumPy 1.24, SciPy 1.10), called
/// with the arguments that stand here.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "numeric/quantile.h"
#include "report/distribution.h"
#include "numeric/format.h"

static const double TOLERANCE = 1e-13;

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) <= TOLERANCE * fmax(1e-300, fabs(expected)))) {
        fail_msg("%.17g instead of %.17g", value, expected);
    }
}

static void location_and_spread_are_numpys(void **state) {
    (void)state;
    double values[] = {0.7, -1.25, 3.0, 0.7, 10.5, -0.125, 2.0};
    const gs_distribution found = gs_distribution_of(values, 7);
    assert_near(found.mean, 2.217857142857143);
    assert_near(found.standard_deviation, 3.9024755574110235);
    assert_near(found.percentile_5, -0.9125);
    assert_near(found.median, 0.7);
    assert_near(found.percentile_95, 8.249999999999995);
}

static void no_value_has_no_location_and_one_no_spread(void **state) {
    (void)state;
    const gs_distribution none = gs_distribution_of(NULL, 0);
    assert_true(isnan(none.mean) && isnan(none.standard_deviation) && isnan(none.median) && isnan(none.percentile_5) &&
                isnan(none.percentile_95));
    double values[] = {0.25};
    const gs_distribution one = gs_distribution_of(values, 1);
    assert_true(one.mean == 0.25 && one.median == 0.25 && one.percentile_5 == 0.25 && one.percentile_95 == 0.25);
    assert_true(isnan(one.standard_deviation));
}

static void infinities_are_quantiles_and_never_nan(void **state) {
    (void)state;
    const double half[] = {1, 2, 3, INFINITY, INFINITY};
    assert_true(gs_quantile(half, 5, 0.5) == 3);
    assert_true(gs_quantile(half, 5, 0.95) == INFINITY);
    const double even[] = {1, INFINITY};
    assert_true(gs_quantile(even, 2, 0.5) == INFINITY);
    const double all[] = {INFINITY, INFINITY, INFINITY};
    assert_true(gs_quantile(all, 3, 0.05) == INFINITY);
}

static void intervals_are_wilsons(void **state) {
    (void)state;
    static const struct {
        int64_t count, of;
        double low, high;
    } cases[] = {{0, 10, 0.0, 0.27753279986288926},
                 {10, 10, 0.7224672001371109, 1.0},
                 {756, 1000, 0.7284335318206566, 0.781607167834739},
                 {1, 3, 0.06149194472039626, 0.7923403991979523},
                 {56, 75, 0.637896731344004, 0.8313995063644783}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gs_share share = gs_share_of(cases[i].count, cases[i].of);
        assert_near(share.low, cases[i].low);
        assert_near(share.high, cases[i].high);
        assert_near(share.share, (double)cases[i].count / (double)cases[i].of);
        assert_true(share.count == cases[i].count && share.of == cases[i].of);
    }
    assert_true(isnan(gs_share_of(0, 0).share));
}

/// Newcombe's method 10 in R 4.2: Wilson's intervals are those of prop.test(..., correct = FALSE), phi with his
/// correction. Ours is second - first, his first - second.
static void paired_intervals_are_newcombes(void **state) {
    (void)state;
    static const struct {
        gs_paired_counts pairs;
        double low, high; // of first - second
    } cases[] = {{{20, 12, 2, 16}, 0.0561564248417483, 0.329206995400141},
                 {{36, 12, 2, 0}, 0.0569295840032387, 0.340427602974941},
                 {{0, 0, 0, 50}, -0.0713475991333587, 0.0713475991333587},
                 {{43, 0, 1, 10}, -0.084173761662085, 0.043564441322745},
                 {{0, 54, 0, 0}, 0.906077002995994, 1},
                 {{30, 0, 0, 24}, -0.0358376219344861, 0.0358376219344861},
                 {{1, 20, 24, 3}, -0.33714012885261, 0.182302566094231}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gs_mean_interval interval = gs_paired_shares_interval(&cases[i].pairs);
        assert_true(fabs(interval.low + cases[i].high) < 1e-12);
        assert_true(fabs(interval.high + cases[i].low) < 1e-12);
    }
}

static void p_values_are_upper_tails(void **state) {
    (void)state;
    static const struct {
        double statistic, freedom, p;
    } cases[] = {{3.841458820694124, 1, 0.04999999999999989},
                 {11.07, 5, 0.050009618622405425},
                 {250, 5, 5.496922467455164e-52},
                 {0, 3, 1},
                 {0.001, 5, 0.9999999983185123},
                 {INFINITY, 5, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double p = gs_chi_squared_p(cases[i].statistic, cases[i].freedom);
        assert_true(fabs(p - cases[i].p) <= 1e-11 * cases[i].p);
    }
    assert_true(isnan(gs_chi_squared_p(NAN, 3)));
}

static void numbers_are_written_for_people(void **state) {
    (void)state;
    char text[GS_FORMAT_BYTES];
    assert_string_equal(gs_format_count(0, text), "0");
    assert_string_equal(gs_format_count(999, text), "999");
    assert_string_equal(gs_format_count(1234567, text), "1,234,567");
    assert_string_equal(gs_format_count(INT64_MIN, text), "-9,223,372,036,854,775,808");
    assert_string_equal(gs_format_bytes(12, text), "12 bytes");
    assert_string_equal(gs_format_bytes(999999, text), "1 MB");
    assert_string_equal(gs_format_bytes(1.84e15, text), "1.84 PB");
    assert_string_equal(gs_format_duration(0.0004, text), "0 ms");
    assert_string_equal(gs_format_duration(0.05, text), "50 ms");
    assert_string_equal(gs_format_duration(0.0999, text), "0.1 s");
    assert_string_equal(gs_format_duration(9.96, text), "10 s");
    assert_string_equal(gs_format_duration(125, text), "2 min 05 s");
    assert_string_equal(gs_format_duration(4000, text), "1 h 07 min");
    assert_string_equal(gs_format_duration(1e7, text), "116 days");
    assert_string_equal(gs_format_duration(1e9, text), "32 years");
    assert_string_equal(gs_format_duration(INFINITY, text), "over 1,000 years");
    assert_string_equal(gs_format_number(0.69314, 3, text), "0.693");
    assert_string_equal(gs_format_number(0, 3, text), "0.000");
    assert_string_equal(gs_format_number(0.00012, 3, text), "1.20e-04");
    assert_string_equal(gs_format_number(123456, 3, text), "1.23e+05");
    assert_string_equal(gs_format_number(NAN, 3, text), "-");
    assert_string_equal(gs_format_number(-INFINITY, 3, text), "-inf");
    assert_string_equal(gs_format_share(0.7556, text), "75.6 %");
    assert_string_equal(gs_format_share(1, text), "100.0 %");
    assert_string_equal(gs_format_share(0.99999, text), "> 99.9 %");
    assert_string_equal(gs_format_share(1e-6, text), "< 0.1 %");
    assert_string_equal(gs_format_share(0, text), "0.0 %");
    assert_string_equal(gs_format_exact(0.05, text), "0.05");
    assert_string_equal(gs_format_exact(1.0 / 3, text), "0.3333333333333333");
    assert_string_equal(gs_format_exact(NAN, text), "nan");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(location_and_spread_are_numpys),
        cmocka_unit_test(no_value_has_no_location_and_one_no_spread),
        cmocka_unit_test(infinities_are_quantiles_and_never_nan),
        cmocka_unit_test(intervals_are_wilsons),
        cmocka_unit_test(paired_intervals_are_newcombes),
        cmocka_unit_test(p_values_are_upper_tails),
        cmocka_unit_test(numbers_are_written_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
