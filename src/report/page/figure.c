#include "report/page/figure.h"

#include <math.h>
#include <string.h>

#include "report/distribution.h"
#include "report/factors.h"
#include "report/fields.h"
#include "report/page/html.h"
#include "report/totals.h"

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

void gs_figure_floors(const gs_panel *panel, double untrained, double real_data, double true_law) {
    gs_panel_horizontal(panel, untrained, "untrained");
    gs_panel_horizontal(panel, real_data, "real-data");
    gs_panel_horizontal(panel, true_law, "true-law");
}

void gs_figure_floor_keys(const gs_page *page, bool untrained, bool others) {
    if (untrained) {
        gs_figure_key(page, "untrained", "untrained nets");
    }
    if (others) {
        gs_figure_key(page, "real-data", "real data");
        gs_figure_key(page, "true-law", "samples of the true law");
    }
}

/// Adds a word to a list: "0.005, 8 & 32".
static void add_word(char text[GS_FACTOR_NAME], const char *word) {
    const size_t used = strlen(text);
    (void)snprintf(text + used, GS_FACTOR_NAME - used, "%s%s", used > 0 ? ", " : "", word);
}

char *gs_levels_text(const gs_report *report, int64_t row, char text[GS_FACTOR_NAME]) {
    const gs_effects *effects = report->effects;
    text[0] = '\0';
    for (int i = 0; i < effects->factor_count; i++) {
        char level[GS_FACTOR_NAME];
        add_word(text, gs_factor_level_text(&effects->factors[i], report, effects->factors[i].levels[row], level));
    }
    return text[0] == '\0' ? strcpy(text, "all trainings") : text;
}

char *gs_factors_text(const gs_report *report, char text[GS_FACTOR_NAME]) {
    text[0] = '\0';
    for (int i = 0; i < report->effects->factor_count; i++) {
        add_word(text, report->effects->factors[i].name);
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

gs_share gs_untrained_share(const gs_report *report, bool of_covariance) {
    const gs_totals null = gs_totals_of(report->baselines, report->baseline_count);
    return gs_share_of(of_covariance ? null.covariance_ok : null.prints_ln2, null.finished);
}

double gs_untrained_error(const gs_report *report) {
    return report->baseline_count > 0 ? report->baselines[0].median_covariance_error : (double)NAN;
}
