#include "report/page/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/answers.h"
#include "report/factors.h"
#include "report/order.h"
#include "report/page/colours.h"
#include "report/page/html.h"
#include "report/totals.h"

enum { MOST_CONFIGURATIONS = 24, MOST_BARS = MOST_CONFIGURATIONS + GS_UNTRAINED_ROWS + 2 };
static const double WIDTH = 800, BAR_HEIGHT = 20, THICKNESS = 0.4, CHARACTER = 6.3;
static const double LEAST_SAID = 6; ///< %: what has room for its number

/// From left to right, from good to bad; colours of Okabe & Ito 2008, and a gray for what can't be told yet.
static const struct {
    gs_outcome outcome;
    uint32_t colour;
} PARTS[] = {
    {GS_OUTCOME_CONVERGED, 0x009e73},          {GS_OUTCOME_LOSSES_ONLY, 0x56b4e9},
    {GS_OUTCOME_DEAD_DISCRIMINATOR, 0x0072b2}, {GS_OUTCOME_COLLAPSED, 0xcc79a7},
    {GS_OUTCOME_DISCRIMINATOR_WINS, 0xe69f00}, {GS_OUTCOME_OSCILLATING, 0xf0e442},
    {GS_OUTCOME_DIVERGED, 0xd55e00},           {GS_OUTCOME_NOT_YET, 0xb8bec6},
};
enum { PART_COUNT = sizeof PARTS / sizeof *PARTS };

typedef struct {
    char name[GS_FACTOR_NAME];
    double shares[GS_OUTCOME_COUNT]; ///< %
} outcome_bar;

typedef struct {
    int count;
    outcome_bar list[MOST_BARS]; ///< from the top
} outcome_bars;

static outcome_bar *add_bar(outcome_bars *bars, const char *name) {
    outcome_bar *bar = &bars->list[bars->count++];
    (void)snprintf(bar->name, sizeof bar->name, "%s", name);
    return bar;
}

static void add_counts(outcome_bars *bars, const char *name, const int64_t *counts, int64_t of) {
    if (of > 0) {
        outcome_bar *bar = add_bar(bars, name);
        for (int outcome = 0; outcome < GS_OUTCOME_COUNT; outcome++) {
            bar->shares[outcome] = 100 * (double)counts[outcome] / (double)of;
        }
    }
}

static void add_row(outcome_bars *bars, const char *name, const gs_report_row *row) {
    outcome_bar *bar = add_bar(bars, name);
    for (int outcome = 0; outcome < GS_OUTCOME_COUNT; outcome++) {
        bar->shares[outcome] = 100 * row->outcome[outcome].share;
    }
}

typedef struct {
    const gs_report_row *row;
} ordered_row;

static int compare_rows(const void *a, const void *b) {
    return gs_order_compare(((const ordered_row *)a)->row, ((const ordered_row *)b)->row);
}

/// The best configurations, of several.
/// @return how many have finished trials
static int64_t add_configurations(const gs_report *report, ordered_row *rows, outcome_bars *bars) {
    int64_t finished = 0;
    for (int64_t i = 0; i < report->count; i++) {
        if (report->rows[i].done + report->rows[i].diverged > 0) {
            rows[finished++].row = &report->rows[i];
        }
    }
    qsort(rows, (size_t)finished, sizeof *rows, compare_rows);
    for (int64_t i = 0; i < finished && i < MOST_CONFIGURATIONS && finished > 1; i++) {
        char text[GS_FACTOR_NAME];
        add_row(bars, gs_levels_text(report, rows[i].row - report->rows, text), rows[i].row);
    }
    return finished;
}

static char *name_bar(const void *context, int64_t index, char *text) {
    const outcome_bars *bars = context;
    (void)snprintf(text, GS_FACTOR_NAME, "%s", bars->list[bars->count - 1 - index].name);
    return text;
}

static void draw_bar(const gs_panel *panel, const outcome_bar *bar, double place) {
    double left = 0;
    for (int part = 0; part < PART_COUNT; part++) {
        const double share = bar->shares[PARTS[part].outcome];
        if (!(share > 0)) {
            continue;
        }
        char said[2 * GS_FACTOR_NAME], text[GS_FORMAT_BYTES];
        (void)snprintf(said, sizeof said, "%s: %s %s", bar->name, gs_outcome_words[PARTS[part].outcome],
                       gs_format_share(share / 100, text));
        gs_panel_cell(panel, left, left + share, place - THICKNESS, place + THICKNESS, PARTS[part].colour, said);
        if (share >= LEAST_SAID) {
            (void)snprintf(text, sizeof text, "%.0f", share);
            gs_panel_word(panel, left + share / 2, place,
                          gs_colour_is_dark(PARTS[part].colour) ? "cell white" : "cell black", text);
        }
        left += share;
    }
}

static void draw(const gs_page *page, const outcome_bars *bars) {
    double longest = 0;
    char label[GS_FACTOR_NAME];
    for (int i = 0; i < bars->count; i++) {
        longest = fmax(longest, CHARACTER * (double)strlen(bars->list[i].name));
    }
    const gs_scale x = {0, 100, false, 0, 0, false}, y = {-0.7, (double)bars->count - 0.3, false, 0, 0, false};
    gs_panel panel;
    gs_panel_begin(&panel, page->stream, WIDTH, 92 + BAR_HEIGHT * (double)bars->count, fmin(20 + longest, WIDTH / 2), x,
                   y, "Outcomes of trainings");
    for (int i = 0; i < bars->count; i++) {
        draw_bar(&panel, &bars->list[i], (double)(bars->count - 1 - i));
    }
    gs_panel_x_axis(&panel, "share of trainings (%)");
    gs_panel_y_names(&panel, gs_factors_text(page->report, label), name_bar, bars, bars->count);
    gs_panel_end(&panel);
}

/// What the colours that are there stand for.
static void write_keys(const gs_page *page, const outcome_bars *bars) {
    for (int part = 0; part < PART_COUNT; part++) {
        bool any = false;
        for (int i = 0; i < bars->count; i++) {
            any = any || bars->list[i].shares[PARTS[part].outcome] > 0;
        }
        if (any) {
            (void)fprintf(page->stream,
                          "<span class=\"key\"><svg width=\"14\" height=\"10\" aria-hidden=\"true\"><rect x=\"0\" "
                          "y=\"0\" width=\"12\" height=\"10\" fill=\"#%06x\"/></svg> ",
                          (unsigned)PARTS[part].colour);
            gs_html_text(gs_outcome_words[PARTS[part].outcome], page->stream);
            (void)fprintf(page->stream, "</span>\n");
        }
    }
}

static void write_caption(const gs_page *page, const outcome_bars *bars, int64_t configurations) {
    char text[2][GS_FORMAT_BYTES];
    write_keys(page, bars);
    gs_html_print(page->stream, "Each training is the first of its outcomes in the order of docs/statistics.md.");
    if (configurations > MOST_CONFIGURATIONS) {
        gs_html_print(page->stream, " The %s best configurations of %s, by their covariances.",
                      gs_format_count(MOST_CONFIGURATIONS, text[0]), gs_format_count(configurations, text[1]));
    }
    gs_figure_untrained_note(page);
}

gs_status gs_figure_outcomes(const gs_page *page, gs_error *error) {
    const gs_report *report = page->report;
    const gs_totals sum = gs_totals_of(report->rows, report->count);
    if (sum.finished == 0) {
        return GS_OK;
    }
    ordered_row *rows = malloc((size_t)report->count * sizeof *rows);
    outcome_bars *bars = calloc(1, sizeof *bars);
    if (rows == NULL || bars == NULL) {
        free(rows);
        free(bars);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a figure");
    }
    add_counts(bars, "all trainings", sum.outcome, sum.finished);
    add_counts(bars, "those at 0.693 / 0.693", sum.outcome_at_ln2, sum.prints_ln2);
    const int64_t configurations = add_configurations(report, rows, bars);
    for (int64_t i = 0; i < report->baseline_count && i < GS_UNTRAINED_ROWS; i++) {
        char settings[GS_SETTINGS_TEXT], name[GS_FACTOR_NAME];
        (void)snprintf(name, sizeof name, "untrained%s", gs_untrained_text(report, &report->baselines[i], settings));
        add_row(bars, name, &report->baselines[i]);
    }
    gs_figure_begin(page, "outcomes", "What became of the trainings?");
    gs_figure_wide_begin(page);
    draw(page, bars);
    gs_figure_wide_end(page);
    gs_figure_caption(page);
    write_caption(page, bars, configurations);
    gs_figure_end(page);
    free(bars);
    free(rows);
    return GS_OK;
}
