#include "report/factors.h"

#include <stdio.h>
#include <stdlib.h>

#include "numeric/format.h"
#include "plots/swept.h"
#include "report/fields.h"

static const char *const TOGETHER = " & "; // between the members of a zip

// ---- which settings make a factor ----

static bool varies(const gs_report *report, gs_setting setting) {
    const double first = gs_setting_value(&report->rows[0].settings, setting);
    for (int64_t i = 1; i < report->count; i++) {
        if (gs_setting_value(&report->rows[i].settings, setting) != first) {
            return true;
        }
    }
    return false;
}

static void add_setting(gs_factor *factor, gs_setting setting) {
    (void)gs_format_join(factor->name, sizeof factor->name, TOGETHER, gs_settings_table[setting].name);
    factor->settings[factor->setting_count++] = setting;
}

/// Settings that are zipped are one factor, at the place of the first of them; and so are those that are drawn, unless
/// each stands for itself.
static void choose_settings(const gs_report *report, const gs_experiment *experiment, bool points,
                            gs_effects *effects) {
    int zip = -1, drawn = -1;
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        const gs_values *values = &experiment->values[setting];
        if (!varies(report, setting)) {
            continue;
        }
        int *together = values->zipped ? &zip : values->drawn != NULL && points ? &drawn : NULL;
        const int factor = together != NULL && *together >= 0 ? *together : effects->factor_count++;
        if (together != NULL) {
            *together = factor;
        }
        effects->factors[factor].drawn = values->drawn != NULL;
        add_setting(&effects->factors[factor], setting);
    }
}

// ---- levels ----

typedef struct {
    const gs_factor *factor;
    const gs_report_row *rows;
} level_order;

static int compare_levels(const void *a, const void *b, void *context) {
    const level_order *order = context;
    const gs_settings *left = &order->rows[*(const int64_t *)a].settings;
    const gs_settings *right = &order->rows[*(const int64_t *)b].settings;
    for (int i = 0; i < order->factor->setting_count; i++) {
        const double x = gs_setting_value(left, order->factor->settings[i]);
        const double y = gs_setting_value(right, order->factor->settings[i]);
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return 0;
}

static gs_status find_levels(const gs_report *report, gs_factor *factor, gs_error *error) {
    level_order order = {factor, report->rows};
    factor->rows = malloc(((size_t)report->count + 1) * sizeof *factor->rows);
    factor->levels = malloc(((size_t)report->count + 1) * sizeof *factor->levels);
    if (factor->rows == NULL || factor->levels == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the levels of %s", factor->name);
    }
    int64_t *sorted = factor->rows, previous = 0;
    for (int64_t i = 0; i < report->count; i++) {
        sorted[i] = i;
    }
    qsort_r(sorted, (size_t)report->count, sizeof *sorted, compare_levels, &order);
    for (int64_t i = 0; i < report->count; i++) { // the list of levels grows behind what was read
        const int64_t row = sorted[i];
        if (i == 0 || compare_levels(&previous, &row, &order) != 0) {
            factor->rows[factor->level_count++] = row;
        }
        factor->levels[row] = factor->level_count - 1;
        previous = row;
    }
    return GS_OK;
}

// ---- crossing ----

/// Whether each combination of levels is there once.
static gs_status check_crossing(const gs_report *report, gs_effects *effects, gs_error *error) {
    int64_t combinations = 1;
    for (int i = 0; i < effects->factor_count; i++) {
        if (__builtin_mul_overflow(combinations, effects->factors[i].level_count, &combinations)) {
            combinations = INT64_MAX;
            break;
        }
    }
    bool crossed = combinations == report->count;
    bool *seen = calloc((size_t)report->count + 1, sizeof *seen);
    if (seen == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for %lld configurations", (long long)report->count);
    }
    for (int64_t i = 0; i < report->count && crossed; i++) {
        int64_t combination = 0;
        for (int k = 0; k < effects->factor_count; k++) {
            combination = combination * effects->factors[k].level_count + effects->factors[k].levels[i];
        }
        crossed = !seen[combination];
        seen[combination] = true;
    }
    free(seen);
    if (!crossed) {
        effects->missing = "the configurations are no full crossing of what is swept";
    }
    return GS_OK;
}

static gs_status find_all_levels(const gs_report *report, gs_effects *effects, gs_error *error) {
    gs_status status = GS_OK;
    for (int i = 0; i < effects->factor_count && status == GS_OK; i++) {
        status = find_levels(report, &effects->factors[i], error);
        effects->level_count += effects->factors[i].level_count;
    }
    return status;
}

gs_status gs_factors_find(const gs_report *report, const gs_experiment *experiment, gs_effects *effects,
                          gs_error *error) {
    choose_settings(report, experiment, true, effects);
    const gs_status status = find_all_levels(report, effects, error);
    return status == GS_OK && effects->factor_count > 0 ? check_crossing(report, effects, error) : status;
}

gs_status gs_axes_find(const gs_report *report, const gs_experiment *experiment, gs_effects *axes, gs_error *error) {
    *axes = (gs_effects){.factor_count = 0};
    choose_settings(report, experiment, false, axes);
    const gs_status status = find_all_levels(report, axes, error);
    if (status != GS_OK) {
        gs_factors_free(axes);
    }
    return status;
}

void gs_factors_free(gs_effects *effects) {
    for (int i = 0; i < effects->factor_count; i++) {
        free(effects->factors[i].rows);
        free(effects->factors[i].levels);
    }
}

void gs_factors_varying(const gs_effects *effects, bool varies[GS_SETTING_COUNT]) {
    for (int i = 0; i < effects->factor_count; i++) {
        for (int k = 0; k < effects->factors[i].setting_count; k++) {
            varies[effects->factors[i].settings[k]] = true;
        }
    }
}

char *gs_factor_setting_text(const gs_settings *settings, gs_setting setting, char text[GS_SETTING_TEXT]) {
    if (gs_settings_table[setting].type != GS_TYPE_REAL) {
        return gs_setting_text(settings, setting, text);
    }
    (void)snprintf(text, GS_SETTING_TEXT, "%.4g", gs_setting_value(settings, setting));
    return text;
}

/// How a setting's value is written.
typedef char *value_writer(const gs_settings *settings, gs_setting setting, char text[GS_SETTING_TEXT]);

static char *write_level(const gs_factor *factor, const gs_report *report, int64_t level, value_writer *write,
                         char text[GS_FACTOR_NAME]) {
    text[0] = '\0';
    for (int i = 0; i < factor->setting_count; i++) {
        char value[GS_SETTING_TEXT];
        (void)write(&report->rows[factor->rows[level]].settings, factor->settings[i], value);
        (void)gs_format_join(text, GS_FACTOR_NAME, TOGETHER, value);
    }
    return text;
}

char *gs_factor_level_text(const gs_factor *factor, const gs_report *report, int64_t level, char text[GS_FACTOR_NAME]) {
    return write_level(factor, report, level, gs_factor_setting_text, text);
}

char *gs_factor_level_exact(const gs_factor *factor, const gs_report *report, int64_t level,
                            char text[GS_FACTOR_NAME]) {
    return write_level(factor, report, level, gs_setting_text, text);
}
