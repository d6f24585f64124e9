/// The factors of a sweep, found in settings of configurations that are written down here: also such as no experiment
/// file crosses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/factors.h"

enum { MOST_ROWS = 16 };

/// Finds the factors of configurations that differ in lr_G, lr_D and batch_size.
/// @param settings  [count][3]
static void find(const double settings[][3], int64_t count, bool zipped, gs_report *report, gs_effects *effects) {
    static gs_report_row rows[MOST_ROWS];
    static gs_experiment experiment;
    gs_error error;
    for (int64_t i = 0; i < count; i++) {
        rows[i] = (gs_report_row){.configuration = i};
        rows[i].settings.lr_G = settings[i][0];
        rows[i].settings.lr_D = settings[i][1];
        rows[i].settings.batch_size = (int64_t)settings[i][2];
    }
    *report = (gs_report){.count = count, .rows = rows};
    *effects = (gs_effects){.factor_count = 0};
    experiment.values[GS_SETTING_LR_G].zipped = experiment.values[GS_SETTING_BATCH_SIZE].zipped = zipped;
    assert_int_equal(gs_factors_find(report, &experiment, effects, &error), GS_OK);
}

static void a_full_crossing_has_its_levels_in_ascending_order(void **state) {
    static const double settings[][3] = {{0.5, 3, 8},  {0.25, 3, 8}, {0.5, 1, 8},
                                         {0.25, 1, 8}, {0.25, 2, 8}, {0.5, 2, 8}};
    static const int64_t levels_of_second[] = {2, 2, 0, 0, 1, 1};
    gs_report report;
    gs_effects effects;
    char text[GS_FACTOR_NAME];
    (void)state;
    find(settings, 6, false, &report, &effects);
    assert_int_equal(effects.factor_count, 2);
    assert_null(effects.missing);
    assert_int_equal(effects.level_count, 5);
    assert_string_equal(effects.factors[0].name, "lr_G");
    assert_string_equal(effects.factors[1].name, "lr_D");
    assert_int_equal(effects.factors[0].level_count, 2);
    assert_int_equal(effects.factors[1].level_count, 3);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(effects.factors[0].levels[i], settings[i][0] == 0.5);
        assert_int_equal(effects.factors[1].levels[i], levels_of_second[i]);
    }
    assert_string_equal(gs_factor_level_text(&effects.factors[1], &report, 2, text), "3");
    gs_factors_free(&effects);
}

static void settings_of_a_zip_are_one_factor(void **state) {
    static const double settings[][3] = {{0.5, 3, 8}, {0.123456789, 3, 16}, {0.5, 1, 8}, {0.123456789, 1, 16}};
    gs_report report;
    gs_effects effects;
    char text[GS_FACTOR_NAME];
    (void)state;
    find(settings, 4, true, &report, &effects);
    assert_int_equal(effects.factor_count, 2);
    assert_null(effects.missing);
    assert_string_equal(effects.factors[0].name, "lr_G & batch_size");
    assert_string_equal(gs_factor_level_text(&effects.factors[0], &report, 0, text), "0.1235 & 16");
    assert_string_equal(gs_factor_level_exact(&effects.factors[0], &report, 0, text), "0.123456789 & 16");
    gs_factors_free(&effects);
    find(settings, 4, false, &report, &effects); // not zipped, they can't be told apart
    assert_int_equal(effects.factor_count, 3);
    assert_non_null(effects.missing);
    gs_factors_free(&effects);
}

static void what_is_no_full_crossing_has_no_effects(void **state) {
    static const double drawn[][3] = {{0.1, 3, 8}, {0.7, 1, 8}, {0.4, 2, 8}};  // at random
    static const double corner[][3] = {{0.1, 3, 8}, {0.7, 1, 8}, {0.1, 1, 8}}; // one is missing
    static const double twice[][3] = {
        {0.1, 3, 8}, {0.7, 1, 8}, {0.1, 1, 8}, {0.1, 3, 8}};                // ... and another there twice
    static const double one[][3] = {{0.1, 3, 8}, {0.7, 3, 8}, {0.4, 3, 8}}; // one setting is always crossed
    gs_report report;
    gs_effects effects;
    (void)state;
    find(drawn, 3, false, &report, &effects);
    assert_non_null(effects.missing);
    gs_factors_free(&effects);
    find(corner, 3, false, &report, &effects);
    assert_non_null(effects.missing);
    gs_factors_free(&effects);
    find(twice, 4, false, &report, &effects);
    assert_non_null(effects.missing);
    gs_factors_free(&effects);
    find(one, 3, false, &report, &effects);
    assert_null(effects.missing);
    gs_factors_free(&effects);
}

static void one_configuration_has_no_factors(void **state) {
    static const double settings[][3] = {{0.5, 3, 8}};
    gs_report report;
    gs_effects effects;
    (void)state;
    find(settings, 1, false, &report, &effects);
    assert_int_equal(effects.factor_count, 0);
    assert_null(effects.missing);
    gs_factors_free(&effects);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_crossing_has_its_levels_in_ascending_order),
        cmocka_unit_test(settings_of_a_zip_are_one_factor),
        cmocka_unit_test(what_is_no_full_crossing_has_no_effects),
        cmocka_unit_test(one_configuration_has_no_factors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
