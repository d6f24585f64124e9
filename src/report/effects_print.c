#include "report/effects_print.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/effects.h"
#include "report/export.h"
#include "report/factors.h"
#include "report/fields.h"
#include "report/response.h"
#include "report/trends.h"

enum { LINES_BESIDE_EFFECTS = 5 };        ///< an empty line, heading, names, seeds
static const double LEAST_PRINTED = 1e-6; // of a p-value: no law is known farther out

static const char *const HIGHER = "higher interactions", *const UNITS = "data sets",
                         *const REST = "data sets x settings", *const WITHIN = "within data sets";

// ---- tables ----

static void write_q(double q, char cell[GS_TABLE_CELL]) {
    if (isnan(q)) {
        (void)snprintf(cell, GS_TABLE_CELL, "-");
    } else {
        (void)snprintf(cell, GS_TABLE_CELL, q < LEAST_PRINTED ? "< %.0e" : "%.2g", fmax(q, LEAST_PRINTED));
    }
}

static gs_table_row *new_row(gs_table *table, const char *name, gs_style style, gs_error *error) {
    gs_table_row *row = gs_table_add(table, style);
    if (row == NULL) {
        (void)gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
    } else {
        gs_table_row_name(row, name);
    }
    return row;
}

/// An effect and how much it explains of the response of which it explains most.
typedef struct {
    int index;
    double most;
} ranked_effect;

static int compare_effects(const void *a, const void *b) {
    const ranked_effect *left = a, *right = b;
    return left->most != right->most ? (left->most < right->most ? 1 : -1) : left->index - right->index;
}

static int compare_places(const void *a, const void *b) {
    return ((const ranked_effect *)a)->index - ((const ranked_effect *)b)->index;
}

/// Which effects are shown, in their own order; returns how many.
/// @param chosen  [effect_count]
static int choose_effects(const gs_effects *effects, int most, ranked_effect *chosen) {
    for (int i = 0; i < effects->effect_count; i++) {
        chosen[i] = (ranked_effect){.index = i};
        for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
            const gs_response_effects *found = &effects->responses[response];
            if (found->given && found->effects[i].eta_squared > chosen[i].most) { // not NaN
                chosen[i].most = found->effects[i].eta_squared;
            }
        }
    }
    const int count = effects->effect_count < most ? effects->effect_count : most;
    qsort(chosen, (size_t)effects->effect_count, sizeof *chosen, compare_effects);
    qsort(chosen, (size_t)count, sizeof *chosen, compare_places);
    return count;
}

static gs_status add_effect(gs_table *table, const gs_effects *effects, int index, gs_error *error) {
    char name[2 * GS_FACTOR_NAME];
    gs_table_row *row =
        new_row(table, gs_effect_name(effects, &effects->responses[0].effects[index], name), GS_STYLE_PLAIN, error);
    if (row == NULL) {
        return GS_ERROR_RUN;
    }
    int at = 1;
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        const gs_response_effects *found = &effects->responses[response];
        (void)gs_format_share(found->given ? found->effects[index].eta_squared : (double)NAN, row->cell[at]);
        write_q(found->given ? found->effects[index].q : (double)NAN, row->cell[at + 1]);
        at += 2;
    }
    return GS_OK;
}

/// A part of the variance that is no effect, as a share of the total.
static gs_status add_part(gs_table *table, const gs_effects *effects, const char *name,
                          double part(const gs_response_effects *found), gs_error *error) {
    gs_table_row *row = new_row(table, name, GS_STYLE_DIM, error);
    if (row == NULL) {
        return GS_ERROR_RUN;
    }
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        const gs_response_effects *found = &effects->responses[response];
        if (found->given) {
            (void)gs_format_share(found->total > 0 ? part(found) / found->total : (double)NAN,
                                  row->cell[1 + 2 * response]);
        }
    }
    return GS_OK;
}

static double higher_part(const gs_response_effects *found) {
    return found->higher;
}

static double seeds_part(const gs_response_effects *found) {
    return found->units + found->rest + found->within;
}

static gs_status add_parts(gs_table *table, const gs_effects *effects, gs_error *error) {
    gs_status status = GS_OK;
    if (effects->factor_count > 2) {
        status = add_part(table, effects, HIGHER, higher_part, error);
    }
    if (status == GS_OK) {
        status = add_part(table, effects, "seeds", seeds_part, error);
    }
    return status;
}

static gs_status add_note(gs_table *table, int left_out, gs_error *error) {
    gs_table_row *row = new_row(table, "", GS_STYLE_DIM, error);
    if (row == NULL) {
        return GS_ERROR_RUN;
    }
    row->note = true;
    (void)snprintf(row->cell[0], GS_TABLE_CELL, "... and %d smaller ones", left_out);
    return GS_OK;
}

/// How many trials a response does without, of the most that any does.
static int64_t most_left_out(const gs_effects *effects) {
    int64_t most = 0;
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        most = effects->responses[response].left_out > most ? effects->responses[response].left_out : most;
    }
    return most;
}

static void show_shares(const gs_table *table, const gs_effects *effects, const gs_screen *screen,
                        gs_table_printer *show, FILE *stream) {
    char heading[320], units[GS_FORMAT_BYTES], left_out[GS_FORMAT_BYTES], without[96] = "";
    if (most_left_out(effects) > 0) {
        (void)snprintf(without, sizeof without, "; up to %s trials have no response and are left out",
                       gs_format_count(most_left_out(effects), left_out));
    }
    (void)snprintf(heading, sizeof heading,
                   "What the swept settings explain of the variance between trainings (eta squared), over %s data "
                   "set%s; q: of no effect%s",
                   gs_format_count(effects->units, units), effects->units == 1 ? "" : "s", without);
    show(table, heading, screen, stream);
}

bool gs_effects_are_given(const gs_effects *effects) {
    return effects->factor_count > 0 && effects->missing == NULL;
}

int gs_effects_line_count(const gs_effects *effects) {
    static const int LINES_BESIDE_TRENDS = 4;
    const int trends = effects->trend_count > 0 ? LINES_BESIDE_TRENDS + effects->trend_count : 0;
    if (effects->factor_count == 0) {
        return 0;
    }
    return trends + (effects->missing != NULL
                         ? 2
                         : LINES_BESIDE_EFFECTS + (effects->factor_count > 2) +
                               (effects->effect_count < GS_EFFECT_LINES ? effects->effect_count : GS_EFFECT_LINES + 1));
}

gs_status gs_effects_print_shares(const gs_report *report, int most, const gs_screen *screen, gs_table_printer *show,
                                  FILE *stream, gs_error *error) {
    const gs_effects *effects = report->effects;
    gs_table table;
    ranked_effect *chosen = malloc((size_t)effects->effect_count * sizeof *chosen);
    if (chosen == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
    }
    gs_table_start(&table);
    gs_table_column(&table, "", "setting", true);
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        gs_table_column(&table, gs_response_titles[response], "share", false);
        gs_table_column(&table, gs_response_titles[response], "q", false);
    }
    const int count = choose_effects(effects, most, chosen);
    gs_status status = GS_OK;
    for (int i = 0; i < count && status == GS_OK; i++) {
        status = add_effect(&table, effects, chosen[i].index, error);
    }
    if (status == GS_OK && count < effects->effect_count) {
        status = add_note(&table, effects->effect_count - count, error);
    }
    if (status == GS_OK) {
        status = add_parts(&table, effects, error);
    }
    if (status == GS_OK) {
        show_shares(&table, effects, screen, show, stream);
    }
    gs_table_free(&table);
    free(chosen);
    return status;
}

/// "71.4 %" or "0.12", and "71.3 - 71.5" or "0.11 - 0.13"
static void write_level(gs_response response, const gs_level_mean *level, char *mean, char *interval) {
    if (response == GS_RESPONSE_PRINTS_LN2 || response == GS_RESPONSE_COVARIANCE_OK) {
        (void)gs_format_share(level->mean, mean);
        (void)snprintf(interval, GS_TABLE_CELL, "%.1f - %.1f", 100 * level->low, 100 * level->high);
    } else {
        (void)snprintf(mean, GS_TABLE_CELL, "%.3g", level->mean);
        (void)snprintf(interval, GS_TABLE_CELL, "%.3g - %.3g", level->low, level->high);
    }
    if (isnan(level->low)) {
        interval[0] = '\0';
    }
}

/// Place of a factor's first level among those of all factors.
static int64_t first_level(const gs_effects *effects, int factor) {
    int64_t first = 0;
    for (int i = 0; i < factor; i++) {
        first += effects->factors[i].level_count;
    }
    return first;
}

static gs_status add_level(gs_table *table, const gs_report *report, int factor, int64_t level, gs_error *error) {
    const gs_effects *effects = report->effects;
    char text[GS_FACTOR_NAME];
    gs_table_row *row =
        new_row(table, gs_factor_level_text(&effects->factors[factor], report, level, text), GS_STYLE_PLAIN, error);
    if (row == NULL) {
        return GS_ERROR_RUN;
    }
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        const gs_response_effects *found = &effects->responses[response];
        if (found->given) {
            write_level((gs_response)response, &found->levels[first_level(effects, factor) + level],
                        row->cell[1 + 2 * response], row->cell[2 + 2 * response]);
        }
    }
    return GS_OK;
}

gs_status gs_effects_print_levels(const gs_report *report, int factor, int64_t most, const gs_screen *screen,
                                  gs_table_printer *show, FILE *stream, gs_error *error) {
    const gs_factor *of = &report->effects->factors[factor];
    const int64_t count = of->level_count < most ? of->level_count : most;
    char heading[2 * GS_FACTOR_NAME], left_out[GS_FORMAT_BYTES];
    gs_table table;
    gs_table_start(&table);
    gs_table_column(&table, "", of->name, of->setting_count > 1);
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        gs_table_column(&table, gs_response_titles[response],
                        gs_response_is_logarithm((gs_response)response) ? "geometric mean" : "share", false);
        gs_table_column(&table, gs_response_titles[response], "95 %", false);
    }
    gs_status status = GS_OK;
    for (int64_t level = 0; level < count && status == GS_OK; level++) {
        status = add_level(&table, report, factor, level, error);
    }
    if (status == GS_OK && count < of->level_count) {
        gs_table_row *note = new_row(&table, "", GS_STYLE_DIM, error);
        status = note == NULL ? GS_ERROR_RUN : GS_OK;
        if (note != NULL) {
            note->note = true;
            (void)snprintf(note->cell[0], GS_TABLE_CELL, "... and %s more",
                           gs_format_count(of->level_count - count, left_out));
        }
    }
    if (status == GS_OK) {
        (void)snprintf(heading, sizeof heading, "Main effect of %s: means over everything else", of->name);
        show(&table, heading, screen, stream);
    }
    gs_table_free(&table);
    return status;
}

gs_status gs_effects_print_summary(const gs_report *report, const gs_screen *screen, FILE *stream, gs_error *error) {
    if (report->effects->missing != NULL) {
        (void)fprintf(stream, "\nThere are no main effects and interactions: %s.\n", report->effects->missing);
    }
    const gs_status status =
        gs_effects_are_given(report->effects)
            ? gs_effects_print_shares(report, GS_EFFECT_LINES, screen, gs_table_show, stream, error)
            : GS_OK;
    return status == GS_OK ? gs_trends_print(report, screen, gs_table_show, stream, error) : status;
}

/// All effects, and the means of all levels.
static gs_status print_tables(const gs_report *report, const char *path, FILE *stream, gs_error *error) {
    const gs_screen screen = gs_screen_of(stream);
    const gs_effects *effects = report->effects;
    gs_status status = GS_OK;
    if (gs_effects_are_given(effects)) {
        (void)fprintf(stream, "%s\n", path);
        status = gs_effects_print_shares(report, INT_MAX, &screen, gs_table_show, stream, error);
    } else {
        (void)fprintf(stream, "%s: there are no main effects and interactions: %s.\n", path,
                      effects->missing == NULL ? "one configuration sweeps nothing" : effects->missing);
    }
    for (int factor = 0; factor < effects->factor_count && gs_effects_are_given(effects) && status == GS_OK; factor++) {
        if (!effects->factors[factor].drawn) {
            status = gs_effects_print_levels(report, factor, INT64_MAX, &screen, gs_table_show, stream, error);
        }
    }
    return status == GS_OK ? gs_trends_print(report, &screen, gs_table_show, stream, error) : status;
}

// ---- csv ----

/// Fields of a line that are empty where they mean nothing.
enum { CSV_NUMBERS = 11 };
static const char *const CSV_NAMES[CSV_NUMBERS] = {"degrees_of_freedom",
                                                   "sum_of_squares",
                                                   "eta_squared",
                                                   "partial_eta_squared",
                                                   "epsilon",
                                                   "F",
                                                   "p",
                                                   "q",
                                                   "mean",
                                                   "low",
                                                   "high"};

/// @param numbers  [count], which begin at field `first`
static void print_csv_line(gs_response response, const char *part, const char *level, int first, const double *numbers,
                           int count, FILE *stream) {
    (void)fprintf(stream, "%s,%s,%s", gs_response_names[response], part, level);
    for (int i = 0; i < CSV_NUMBERS; i++) {
        char text[GS_FORMAT_BYTES];
        (void)fprintf(stream, ",%s", i < first || i >= first + count ? "" : gs_format_exact(numbers[i - first], text));
    }
    (void)fprintf(stream, "\r\n");
}

static void print_csv_part(gs_response response, const gs_response_effects *found, const char *name, double squares,
                           FILE *stream) {
    const double numbers[] = {squares, found->total > 0 ? squares / found->total : (double)NAN};
    print_csv_line(response, name, "", 1, numbers, 2, stream);
}

static void print_csv_levels(const gs_report *report, gs_response response, FILE *stream) {
    const gs_effects *effects = report->effects;
    const gs_level_mean *mean = effects->responses[response].levels;
    for (int i = 0; i < effects->factor_count; i++) {
        const gs_factor *factor = &effects->factors[i];
        for (int64_t level = 0; level < factor->level_count; level++, mean++) {
            char text[GS_FACTOR_NAME];
            const double numbers[] = {mean->mean, mean->low, mean->high};
            print_csv_line(response, factor->name, gs_factor_level_exact(factor, report, level, text), CSV_NUMBERS - 3,
                           numbers, 3, stream);
        }
    }
}

static void print_csv(const gs_report *report, FILE *stream) {
    const gs_effects *effects = report->effects;
    (void)fprintf(stream, "response,part,level");
    for (int i = 0; i < CSV_NUMBERS; i++) {
        (void)fprintf(stream, ",%s", CSV_NAMES[i]);
    }
    (void)fprintf(stream, "\r\n");
    for (int response = 0; response < GS_RESPONSE_COUNT && gs_effects_are_given(effects); response++) {
        const gs_response_effects *found = &effects->responses[response];
        if (!found->given) {
            continue;
        }
        for (int i = 0; i < effects->effect_count; i++) {
            const gs_effect *effect = &found->effects[i];
            char name[2 * GS_FACTOR_NAME];
            const double numbers[] = {effect->degrees_of_freedom,
                                      effect->sum_of_squares,
                                      effect->eta_squared,
                                      effect->partial_eta_squared,
                                      effect->epsilon,
                                      effect->F,
                                      effect->p,
                                      effect->q};
            print_csv_line((gs_response)response, gs_effect_name(effects, effect, name), "", 0, numbers,
                           sizeof numbers / sizeof *numbers, stream);
        }
        print_csv_part((gs_response)response, found, HIGHER, found->higher, stream);
        print_csv_part((gs_response)response, found, UNITS, found->units, stream);
        print_csv_part((gs_response)response, found, REST, found->rest, stream);
        print_csv_part((gs_response)response, found, WITHIN, found->within, stream);
        print_csv_levels(report, (gs_response)response, stream);
    }
}

// ---- json ----

static void print_json_number(const char *name, double value, FILE *stream) {
    (void)fprintf(stream, ", \"%s\": ", name);
    gs_print_json_real(value, stream);
}

/// "lr_G": 0.005, "convention": "tf"
static void print_json_level(const gs_report *report, const gs_factor *factor, int64_t level, FILE *stream) {
    for (int i = 0; i < factor->setting_count; i++) {
        const gs_setting setting = factor->settings[i];
        const gs_setting_type type = gs_settings_table[setting].type;
        const char *quote = type == GS_TYPE_INTEGER || type == GS_TYPE_REAL ? "" : "\"";
        char text[GS_SETTING_TEXT];
        (void)gs_setting_text(&report->rows[factor->rows[level]].settings, setting, text);
        (void)fprintf(stream, "%s\"%s\": %s%s%s", i > 0 ? ", " : "", gs_settings_table[setting].name, quote, text,
                      quote);
    }
}

static void print_json_effects(const gs_effects *effects, const gs_response_effects *found, FILE *stream) {
    for (int i = 0; i < effects->effect_count && found->given; i++) {
        const gs_effect *effect = &found->effects[i];
        char name[2 * GS_FACTOR_NAME];
        (void)fprintf(stream, "%s\n     {\"effect\": \"%s\"", i > 0 ? "," : "", gs_effect_name(effects, effect, name));
        print_json_number("degrees_of_freedom", effect->degrees_of_freedom, stream);
        print_json_number("sum_of_squares", effect->sum_of_squares, stream);
        print_json_number("eta_squared", effect->eta_squared, stream);
        print_json_number("partial_eta_squared", effect->partial_eta_squared, stream);
        print_json_number("epsilon", effect->epsilon, stream);
        print_json_number("F", effect->F, stream);
        print_json_number("p", effect->p, stream);
        print_json_number("q", effect->q, stream);
        (void)fprintf(stream, "}");
    }
}

static void print_json_levels(const gs_report *report, const gs_response_effects *found, FILE *stream) {
    const gs_effects *effects = report->effects;
    const gs_level_mean *mean = found->levels;
    const char *separator = "";
    for (int i = 0; i < effects->factor_count && found->given; i++) {
        const gs_factor *factor = &effects->factors[i];
        for (int64_t level = 0; level < factor->level_count; level++, mean++) {
            (void)fprintf(stream, "%s\n     {\"factor\": \"%s\", ", separator, factor->name);
            print_json_level(report, factor, level, stream);
            print_json_number("mean", mean->mean, stream);
            print_json_number("low", mean->low, stream);
            print_json_number("high", mean->high, stream);
            (void)fprintf(stream, "}");
            separator = ",";
        }
    }
}

static void print_json_response(const gs_report *report, gs_response response, FILE *stream) {
    const gs_response_effects *found = &report->effects->responses[response];
    (void)fprintf(stream, "\n   {\"response\": \"%s\", \"left_out\": %lld", gs_response_names[response],
                  (long long)found->left_out);
    print_json_number("total_sum_of_squares", found->given ? found->total : (double)NAN, stream);
    print_json_number("data_sets_sum_of_squares", found->given ? found->units : (double)NAN, stream);
    print_json_number("higher_sum_of_squares", found->given ? found->higher : (double)NAN, stream);
    print_json_number("rest_sum_of_squares", found->given ? found->rest : (double)NAN, stream);
    print_json_number("within_sum_of_squares", found->given ? found->within : (double)NAN, stream);
    (void)fprintf(stream, ",\n    \"effects\": [");
    print_json_effects(report->effects, found, stream);
    (void)fprintf(stream, "],\n    \"levels\": [");
    print_json_levels(report, found, stream);
    (void)fprintf(stream, "]}");
}

void gs_effects_print_json(const gs_report *report, FILE *stream) {
    const gs_effects *effects = report->effects;
    if (effects->factor_count == 0) {
        (void)fprintf(stream, "null");
        return;
    }
    (void)fprintf(stream, "{\"trends\": ");
    gs_trends_print_json(effects, stream);
    (void)fprintf(stream, ", \"missing\": ");
    if (effects->missing != NULL) {
        (void)fprintf(stream, "\"%s\"}", effects->missing);
        return;
    }
    (void)fprintf(stream, "null, \"data_sets\": %lld, \"resamples\": %lld, \"responses\": [", (long long)effects->units,
                  (long long)effects->resamples);
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        (void)fprintf(stream, "%s", response > 0 ? "," : "");
        print_json_response(report, (gs_response)response, stream);
    }
    (void)fprintf(stream, "]}");
}

// ---- all ----

gs_status gs_report_print_effects(const gs_report *report, const char *path, gs_report_format format, FILE *stream,
                                  gs_error *error) {
    gs_status status = GS_OK;
    switch (format) {
    case GS_FORMAT_CSV:
        print_csv(report, stream);
        break;
    case GS_FORMAT_JSON:
        gs_effects_print_json(report, stream);
        (void)fprintf(stream, "\n");
        break;
    default:
        status = print_tables(report, path, stream, error);
    }
    return status == GS_OK && (fflush(stream) != 0 || ferror(stream))
               ? gs_fail(error, GS_ERROR_RUN, "can't write the effects: %s", strerror(errno))
               : status;
}
