#include "report/page/figure.h"

#include <math.h>
#include <string.h>

#include "numeric/format.h"
#include "report/factors.h"
#include "report/fields.h"
#include "report/page/html.h"

void gs_figure_begin(const gs_page *page, const char *id, const char *heading) {
    (void)fprintf(page->stream, "<figure id=\"%s\">\n<h3>", id);
    gs_html_text(heading, page->stream);
    (void)fprintf(page->stream, "</h3>\n<div class=\"panels\">\n");
}

void gs_figure_wide_begin(const gs_page *page) {
    (void)fprintf(page->stream, "<div class=\"scroll\" tabindex=\"0\">\n");
}

void gs_figure_wide_end(const gs_page *page) {
    (void)fprintf(page->stream, "</div>\n");
}

void gs_figure_caption(const gs_page *page) {
    (void)fprintf(page->stream, "</div>\n<figcaption>");
}

void gs_figure_end(const gs_page *page) {
    (void)fprintf(page->stream, "</figcaption>\n</figure>\n");
}

void gs_figure_key(const gs_page *page, const char *pen, const char *text) {
    (void)fprintf(page->stream,
                  "<span class=\"key\"><svg width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\"%s\" "
                  "d=\"M1 5H25\"/></svg> ",
                  pen);
    gs_html_text(text, page->stream);
    (void)fprintf(page->stream, "</span>\n");
}

gs_floors gs_figure_error_floors(const gs_report *report) {
    return (gs_floors){gs_untrained_of(report, GS_UNTRAINED_ERROR), report->real_data.median_covariance_error,
                       report->ideal.median_covariance_error};
}

void gs_figure_with_floors(const gs_floors *floors, double *low, double *high) {
    const double numbers[] = {floors->untrained.low, floors->untrained.high, floors->real_data, floors->true_law};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        *low = numbers[i] > 0 ? fmin(*low, numbers[i]) : *low;
        *high = numbers[i] > 0 ? fmax(*high, numbers[i]) : *high;
    }
}

void gs_figure_floors(const gs_panel *panel, const gs_floors *floors, double unit) {
    for (int i = 0; i < floors->untrained.count; i++) {
        gs_panel_horizontal(panel, unit * floors->untrained.at[i], "untrained");
    }
    gs_panel_horizontal(panel, unit * floors->real_data, "real-data");
    gs_panel_horizontal(panel, unit * floors->true_law, "true-law");
}

void gs_figure_floor_keys(const gs_page *page) {
    const int64_t kinds = page->report->baseline_count;
    gs_figure_key(page, "untrained",
                  kinds <= 1                   ? "untrained nets"
                  : kinds <= GS_MOST_UNTRAINED ? "untrained nets, of each kind"
                                               : "untrained nets, of each kind (of more than 4 different: the least "
                                                 "and the greatest)");
    gs_figure_key(page, "real-data", "real data");
    gs_figure_key(page, "true-law", "samples of the true law");
}

void gs_figure_untrained_note(const gs_page *page) {
    char kinds[GS_FORMAT_BYTES];
    if (page->report->baseline_count > GS_UNTRAINED_ROWS) {
        gs_html_print(page->stream, " Of %s kinds of untrained nets the first %d.",
                      gs_format_count(page->report->baseline_count, kinds), GS_UNTRAINED_ROWS);
    }
}

char *gs_levels_text(const gs_report *report, int64_t row, char text[GS_FACTOR_NAME]) {
    const gs_effects *effects = report->effects;
    text[0] = '\0';
    for (int i = 0; i < effects->factor_count; i++) {
        char level[GS_FACTOR_NAME];
        (void)gs_format_join(
            text, GS_FACTOR_NAME, ", ",
            gs_factor_level_text(&effects->factors[i], report, effects->factors[i].levels[row], level));
    }
    return text[0] == '\0' ? strcpy(text, "all trainings") : text;
}

char *gs_factors_text(const gs_report *report, char text[GS_FACTOR_NAME]) {
    text[0] = '\0';
    for (int i = 0; i < report->effects->factor_count; i++) {
        (void)gs_format_join(text, GS_FACTOR_NAME, ", ", report->effects->factors[i].name);
    }
    return text;
}

char *gs_configuration_text(const gs_report *report, int64_t row, char text[GS_SETTINGS_TEXT]) {
    const gs_effects *effects = report->effects;
    text[0] = '\0';
    for (int i = 0; i < effects->factor_count; i++) {
        const gs_factor *factor = &effects->factors[i];
        for (int k = 0; k < factor->setting_count; k++) {
            const size_t used = strlen(text);
            char value[GS_SETTING_TEXT];
            (void)snprintf(text + used, GS_SETTINGS_TEXT - used, "%s%s %s", used > 0 ? ", " : "",
                           gs_settings_table[factor->settings[k]].name,
                           gs_factor_setting_text(&report->rows[row].settings, factor->settings[k], value));
        }
    }
    return text;
}

char *gs_untrained_text(const gs_report *report, const gs_report_row *untrained, char text[GS_SETTINGS_TEXT]) {
    static const gs_setting telling[] = {GS_SETTING_CONVENTION, GS_SETTING_GENERATOR_LOSS, GS_SETTING_LATENT_DIM};
    text[0] = '\0';
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++) {
        char own[GS_SETTING_TEXT], other[GS_SETTING_TEXT];
        const size_t used = strlen(text);
        bool varies = false;
        (void)gs_setting_text(&untrained->settings, telling[i], own);
        for (int64_t k = 0; k < report->baseline_count && !varies; k++) {
            varies = strcmp(own, gs_setting_text(&report->baselines[k].settings, telling[i], other)) != 0;
        }
        if (varies) {
            (void)snprintf(text + used, GS_SETTINGS_TEXT - used, ", %s", own);
        }
    }
    return text;
}
