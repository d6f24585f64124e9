#include "report/page/page.h"

#include <stdlib.h>

#include "numeric/format.h"
#include "report/answers.h"
#include "report/effects_print.h"
#include "report/factors.h"
#include "report/fields.h"
#include "report/page/figure.h"
#include "report/page/html.h"
#include "report/page/reproduce.h"
#include "report/page/style.h"
#include "report/part.h"
#include "report/summary.h"
#include "report/totals.h"
#include "report/trends.h"
#include "report/warnings.h"

enum {
    MOST_ROWS = 1000, ///< configurations in the tables
    MOST_LEVELS = 200,
    MOST_EFFECTS = 100,
};

static const char *title_of(const gs_page *page) {
    const char *title = gs_results_experiment(page->results)->title;
    return title == NULL || title[0] == '\0' ? page->path : title;
}

static void write_head(const gs_page *page) {
    (void)fprintf(page->stream,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; "
                  "base-uri 'none'; form-action 'none'\"/>\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                  "<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>",
                  gs_page_style_hash);
    gs_html_text(title_of(page), page->stream);
    (void)fprintf(page->stream, "</title>\n<style>%s</style>\n</head>\n<body>\n", gs_page_style);
}

static void write_count(const gs_page *page, int64_t count, const char *what, const char *separator) {
    char text[GS_FORMAT_BYTES];
    gs_html_print(page->stream, "%s %s%s", gs_format_count(count, text), what, separator);
}

/// Title, what the file holds, and the settings that all trials share.
static void write_heading(const gs_page *page, const bool *varies) {
    const gs_report *report = page->report;
    const gs_totals sum = gs_totals_of(report->rows, report->count);
    char part[GS_PART_TEXT];
    (void)fprintf(page->stream, "<header>\n<h1><bdi>");
    gs_html_text(title_of(page), page->stream);
    (void)fprintf(page->stream, "</bdi></h1>\n<p class=\"soft\"><bdi>");
    gs_html_text(page->path, page->stream);
    (void)fprintf(page->stream, "</bdi>: ");
    write_count(page, sum.trials, sum.trials == 1 ? "trial" : "trials",
                gs_part_text(report->trials, report->experiment_trials, part));
    (void)fprintf(page->stream, " in ");
    write_count(page, report->count, report->count == 1 ? "configuration" : "configurations", ": ");
    write_count(page, sum.done, "done", ", ");
    write_count(page, sum.diverged, "diverged", ", ");
    write_count(page, sum.pending, "pending", "");
    const char *separator = "; all with ";
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        char value[GS_SETTING_TEXT];
        if (!varies[setting]) {
            gs_html_print(page->stream, "%s%s %s", separator, gs_settings_table[setting].name,
                          gs_setting_text(&report->rows[0].settings, setting, value));
            separator = ", ";
        }
    }
    (void)fprintf(page->stream, "</p>\n</header>\n");
    if (sum.pending > 0) {
        (void)fprintf(page->stream, "<p class=\"warning\">");
        write_count(page, sum.pending, "trials are not finished", ": what is said here is of the others.");
        (void)fprintf(page->stream, "</p>\n");
    }
}

static void write_warnings(const gs_page *page) {
    char texts[3][GS_WARNING_TEXT];
    const gs_experiment *experiment = gs_results_experiment(page->results);
    const bool warns[3] = {gs_warn_of_few_samples(experiment, texts[0]), gs_warn_of_shared_seeds(experiment, texts[1]),
                           gs_warn_of_other_numerics(page->results, texts[2])};
    for (int i = 0; i < 3; i++) {
        if (warns[i]) {
            (void)fprintf(page->stream, "<p class=\"warning\">");
            gs_html_text(texts[i], page->stream);
            (void)fprintf(page->stream, "</p>\n");
        }
    }
}

static void write_contents(const gs_page *page) {
    (void)fprintf(page->stream,
                  "<nav aria-label=\"Contents\"><a href=\"#answers\">Answers</a><a href=\"#figures\">Figures</a>"
                  "<a href=\"#tables\">Tables</a><a href=\"#reproduce\">How to make it again</a></nav>\n<main>\n");
}

static gs_status write_answers(const gs_page *page, const bool *varies, gs_error *error) {
    gs_answers answers;
    const gs_status status = gs_answers_find(page->report, varies, &answers, error);
    if (status != GS_OK) {
        return status;
    }
    (void)fprintf(page->stream, "<section id=\"answers\" aria-label=\"Answers\">\n<dl class=\"answers\">\n");
    for (int i = 0; i < answers.count; i++) {
        if (answers.list[i].question != NULL) {
            (void)fprintf(page->stream, "<dt>");
            gs_html_text(answers.list[i].question, page->stream);
            (void)fprintf(page->stream, "</dt><dd>");
            gs_html_text(answers.list[i].text, page->stream);
            (void)fprintf(page->stream, "</dd>\n");
        }
    }
    (void)fprintf(page->stream, "</dl>\n");
    for (int i = 0; i < answers.count; i++) {
        if (answers.list[i].question == NULL) {
            (void)fprintf(page->stream, "<p class=\"soft\">");
            gs_html_text(answers.list[i].text, page->stream);
            (void)fprintf(page->stream, "</p>\n");
        }
    }
    (void)fprintf(page->stream, "</section>\n");
    gs_answers_free(&answers);
    return GS_OK;
}

static gs_status write_figures(const gs_page *page, gs_error *error) {
    static gs_status (*const figures[])(const gs_page *, gs_error *) = {
        gs_figure_error, gs_figure_outcomes, gs_figure_maps, gs_figure_losses, gs_figure_means, gs_figure_effects};
    gs_status status = GS_OK;
    (void)fprintf(page->stream, "<h2 id=\"figures\">Figures</h2>\n");
    for (size_t i = 0; i < sizeof figures / sizeof *figures && status == GS_OK; i++) {
        status = figures[i](page, error);
    }
    return status;
}

static gs_status write_effects(const gs_page *page, const gs_screen *screen, gs_error *error) {
    const gs_effects *effects = page->report->effects;
    const bool given = gs_effects_are_given(effects);
    gs_status status = GS_OK;
    if (effects->missing != NULL) {
        (void)fprintf(page->stream, "<p>");
        gs_html_print(page->stream, "There are no main effects and interactions: %s.", effects->missing);
        (void)fprintf(page->stream, "</p>\n");
    }
    if (given) {
        status = gs_effects_print_shares(page->report, MOST_EFFECTS, screen, gs_html_table, page->stream, error);
    }
    for (int factor = 0; factor < effects->factor_count && given && status == GS_OK; factor++) {
        if (!effects->factors[factor].drawn) {
            status =
                gs_effects_print_levels(page->report, factor, MOST_LEVELS, screen, gs_html_table, page->stream, error);
        }
    }
    return status == GS_OK ? gs_trends_print(page->report, screen, gs_html_table, page->stream, error) : status;
}

static gs_status write_tables(const gs_page *page, gs_error *error) {
    const gs_screen screen = {.terminal = false};
    bool cut = false;
    (void)fprintf(page->stream, "<h2 id=\"tables\">Tables</h2>\n");
    gs_status status = gs_report_print_tables(page->report, gs_results_experiment(page->results), MOST_ROWS, &cut,
                                              &screen, gs_html_table, page->stream, error);
    if (status == GS_OK && cut) {
        char shown[GS_FORMAT_BYTES], all[GS_FORMAT_BYTES];
        (void)fprintf(page->stream, "<p class=\"soft\">");
        gs_html_print(page->stream,
                      "The best and the worst %s of %s configurations, by their covariances; gansweep report --format "
                      "csv has all.",
                      gs_format_count(MOST_ROWS, shown), gs_format_count(page->report->count, all));
        (void)fprintf(page->stream, "</p>\n");
    }
    return status == GS_OK ? write_effects(page, &screen, error) : status;
}

static gs_status write_page(const gs_page *page, gs_error *error) {
    bool varies[GS_SETTING_COUNT] = {false};
    gs_factors_varying(page->report->effects, varies);
    write_head(page);
    write_heading(page, varies);
    write_warnings(page);
    write_contents(page);
    gs_status status = write_answers(page, varies, error);
    if (status == GS_OK) {
        status = write_figures(page, error);
    }
    if (status == GS_OK) {
        status = write_tables(page, error);
    }
    if (status == GS_OK) {
        gs_page_reproduce(page);
        (void)fprintf(page->stream, "</main>\n<footer class=\"soft\"><p>Made by gansweep report --format html. "
                                    "docs/statistics.md says what each number is.</p></footer>\n</body>\n</html>\n");
    }
    return status;
}

gs_status gs_report_print_page(const gs_report *report, const gs_results *results, const char *path, FILE *stream,
                               gs_error *error) {
    char *text = NULL;
    size_t length = 0;
    const gs_page page = {report, results, path, open_memstream(&text, &length)};
    if (page.stream == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a page");
    }
    gs_status status = write_page(&page, error); // figures read the file: a page is whole or not there
    if (fclose(page.stream) != 0 && status == GS_OK) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory for a page");
    }
    if (status == GS_OK) {
        (void)fwrite(text, 1, length, stream);
    }
    free(text);
    return status;
}
