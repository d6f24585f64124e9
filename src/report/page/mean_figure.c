#include "report/page/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/factors.h"
#include "report/page/html.h"
#include "report/response.h"

enum { MOST_ROWS = 30 };
static const double WIDTH = 800, ROW_HEIGHT = 20, NARROWEST = 0.0075, WIDEST = 0.03; // nats, on each side of ln 2
static const double NETWORK_OFFSET = 0.18;                                           // rows, between D and G
static const double CHARACTER = 6.3;

/// A row of the figure: a configuration, or nets that were never trained.
typedef struct {
    const gs_report_row *row;
    double distance; ///< of the mean losses from ln 2: the greater of both
    bool untrained;
} mean_row;

typedef struct {
    const gs_report *report;
    const mean_row *rows;
    int64_t count;
} mean_rows;

static double sign_of(const gs_report_row *row) {
    return gs_equilibrium_sign(row->settings.generator_loss);
}

static int compare_rows(const void *a, const void *b) {
    const mean_row *left = a, *right = b;
    return left->distance != right->distance ? (left->distance > right->distance ? 1 : -1)
                                             : (left->row->configuration > right->row->configuration) -
                                                   (left->row->configuration < right->row->configuration);
}

/// Which nets a row shows, by the levels that it has; the first row stands on top.
static char *name_row(const void *context, int64_t index, char *text) {
    const mean_rows *rows = context;
    const mean_row *row = &rows->rows[rows->count - 1 - index];
    char settings[GS_SETTINGS_TEXT];
    if (!row->untrained) {
        return gs_levels_text(rows->report, row->row - rows->report->rows, text);
    }
    (void)snprintf(text, GS_FACTOR_NAME, "untrained%s", gs_untrained_text(rows->report, row->row, settings));
    return text;
}

static gs_point point_of(const gs_report_row *row, bool of_G, double place) {
    if (!of_G) {
        return (gs_point){row->loss_D.mean, place + NETWORK_OFFSET, row->loss_D_mean.low, row->loss_D_mean.high};
    }
    const double sign = sign_of(row);
    const double ends[] = {sign * row->loss_G_mean.low, sign * row->loss_G_mean.high};
    return (gs_point){sign * row->loss_G.mean, place - NETWORK_OFFSET, fmin(ends[0], ends[1]), fmax(ends[0], ends[1])};
}

static void draw(const gs_page *page, const mean_rows *rows) {
    double reach = NARROWEST, longest = 0;
    char label[GS_FACTOR_NAME];
    for (int64_t i = 0; i < rows->count; i++) {
        char text[GS_FACTOR_NAME];
        reach = rows->rows[i].untrained || !isfinite(rows->rows[i].distance)
                    ? reach
                    : fmax(reach, 1.15 * rows->rows[i].distance);
        longest = fmax(longest, CHARACTER * (double)strlen(name_row(rows, i, text)));
    }
    reach = fmin(reach, WIDEST);
    const gs_scale x = {M_LN2 - reach, M_LN2 + reach, false, 0, 0, false},
                   y = {-0.7, (double)rows->count + 0.3, false, 0, 0, false};
    gs_panel panel;
    gs_panel_begin(&panel, page->stream, WIDTH, 112 + ROW_HEIGHT * (double)rows->count, fmin(20 + longest, WIDTH / 2),
                   x, y, "Mean losses of the last epoch");
    for (int margin = GS_MARGIN_COUNT - 1; margin >= 0; margin--) {
        gs_panel_strip(&panel, M_LN2 - gs_margins[margin], M_LN2 + gs_margins[margin], "strip");
    }
    gs_panel_vertical(&panel, M_LN2, "ln2", "ln 2", false);
    for (int64_t i = 0; i < rows->count; i++) {
        const mean_row *row = &rows->rows[rows->count - 1 - i];
        gs_panel_point_along_x(&panel, point_of(row->row, false, (double)i), "D");
        gs_panel_point_along_x(&panel, point_of(row->row, true, (double)i), "G");
    }
    gs_panel_x_axis(&panel, "mean loss (nats an example)");
    gs_panel_y_names(&panel, gs_factors_text(rows->report, label), name_row, rows, rows->count);
    gs_panel_end(&panel);
}

static void write_caption(const gs_page *page, int64_t shown, int64_t with_losses) {
    char text[2][GS_FORMAT_BYTES];
    bool minimax = false;
    for (int64_t i = 0; i < page->report->count; i++) {
        minimax = minimax || sign_of(&page->report->rows[i]) < 0;
    }
    gs_figure_key(page, "D", "discriminator");
    gs_figure_key(page, "G", minimax ? "generator (of the minimax loss its negative)" : "generator");
    gs_figure_key(page, "ln2", "ln 2");
    gs_html_print(page->stream,
                  "Means over trainings that are done, with intervals of 95 %% over data sets. Shaded: "
                  "within 0.005 and "
                  "within 0.0005 nat of ln 2, the margins of the equivalence tests. Arrowheads: beyond the axis.");
    if (shown < with_losses) {
        gs_html_print(page->stream, " The %s configurations nearest to ln 2 of %s.", gs_format_count(shown, text[0]),
                      gs_format_count(with_losses, text[1]));
    }
    gs_figure_untrained_note(page);
}

gs_status gs_figure_means(const gs_page *page, gs_error *error) {
    const gs_report *report = page->report;
    mean_row *all = malloc((size_t)(report->count + GS_UNTRAINED_ROWS) * sizeof *all);
    if (all == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a figure");
    }
    int64_t with_losses = 0;
    for (int64_t i = 0; i < report->count; i++) {
        if (report->rows[i].done > 0) {
            all[with_losses++] = (mean_row){&report->rows[i], gs_row_loss_distance(&report->rows[i]), false};
        }
    }
    if (with_losses > 0) {
        qsort(all, (size_t)with_losses, sizeof *all, compare_rows);
        const int64_t shown = with_losses < MOST_ROWS ? with_losses : MOST_ROWS;
        mean_rows rows = {report, all, shown};
        for (int64_t i = 0; i < report->baseline_count && i < GS_UNTRAINED_ROWS; i++) {
            all[rows.count++] = (mean_row){&report->baselines[i], gs_row_loss_distance(&report->baselines[i]), true};
        }
        gs_figure_begin(page, "means", "How surely are the mean losses at ln 2?");
        gs_figure_wide_begin(page);
        draw(page, &rows);
        gs_figure_wide_end(page);
        gs_figure_caption(page);
        write_caption(page, shown, with_losses);
        gs_figure_end(page);
    }
    free(all);
    return GS_OK;
}
