#include "report/page/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/column.h"
#include "report/distribution.h"
#include "report/page/colours.h"
#include "report/page/html.h"
#include "report/response.h"

/// Trials are counted in narrow bins, which are put together once it is known how far they reach.
enum {
    X_BINS_OF_DECADE = 24,
    Y_BINS_OF_DECADE = 48,
    LOWEST_X = -9, ///< decades
    HIGHEST_X = 9,
    LOWEST_Y = -4,
    HIGHEST_Y = 9,
    X_BINS = (HIGHEST_X - LOWEST_X) * X_BINS_OF_DECADE,
    Y_BINS = (HIGHEST_Y - LOWEST_Y) * Y_BINS_OF_DECADE,
    MOST_CELLS = 48,          ///< drawn, on each axis
    SHARE_BINS_OF_DECADE = 2, ///< of the share by distance
    FEWEST_OF_A_SHARE = 10,   ///< trials
    BLOCK = 4096,             ///< trials read at a time
};
static const double HEADROOM = 1.5; ///< factor of the covariance error, for the words at the margins
static const double PANEL_WIDTH = 480, PANEL_HEIGHT = 340, SHARE_WIDTH = 400, LEFT_MARGIN = 50;

typedef struct {
    int64_t (*counts)[Y_BINS]; ///< [X_BINS]
    int64_t all[X_BINS], right[X_BINS];
    int64_t trials;
    int first_x, last_x, first_y, last_y; ///< bins that are not empty
} error_counts;

static int bin_of(double value, int lowest, int of_decade, int bins) {
    const double bin = floor((log10(fmax(value, 1e-300)) - lowest) * of_decade);
    return bin < 0 ? 0 : bin >= bins ? bins - 1 : (int)bin;
}

static double edge_of(int bin, int lowest, int of_decade) {
    return pow(10, lowest + (double)bin / of_decade);
}

static void count_trial(error_counts *counts, double distance, double error, bool right) {
    const int x = bin_of(distance, LOWEST_X, X_BINS_OF_DECADE, X_BINS);
    const int y = bin_of(error, LOWEST_Y, Y_BINS_OF_DECADE, Y_BINS);
    counts->counts[x][y]++;
    counts->all[x]++;
    counts->right[x] += right;
    counts->trials++;
    counts->first_x = x < counts->first_x ? x : counts->first_x;
    counts->last_x = x > counts->last_x ? x : counts->last_x;
    counts->first_y = y < counts->first_y ? y : counts->first_y;
    counts->last_y = y > counts->last_y ? y : counts->last_y;
}

/// Counts consecutive trials of one configuration.
static gs_status count_block(gs_columns *columns, const gs_settings *settings, int64_t first, int64_t count,
                             error_counts *counts, gs_error *error) {
    static const gs_quantity needed[] = {GS_QUANTITY_STATUS, GS_QUANTITY_LOSS_D, GS_QUANTITY_LOSS_G,
                                         GS_QUANTITY_COVARIANCE_ERROR, GS_QUANTITY_COVARIANCE_OK};
    enum { NEEDED = sizeof needed / sizeof *needed };
    double values[NEEDED][BLOCK];
    for (int i = 0; i < NEEDED; i++) {
        const gs_status status = gs_columns_read(columns, needed[i], settings->epochs, first, count, values[i], error);
        if (status != GS_OK) {
            return status;
        }
    }
    for (int64_t i = 0; i < count; i++) {
        if (values[0][i] == GS_DONE && !isnan(values[3][i])) {
            const double distance = gs_loss_distance(settings->generator_loss, values[1][i], values[2][i]);
            count_trial(counts, distance, values[3][i], values[4][i] != 0);
        }
    }
    return GS_OK;
}

static gs_status count_all(const gs_page *page, error_counts *counts, gs_error *error) {
    const gs_plan *plan = gs_results_plan(page->results);
    const gs_trial_range part = gs_plan_part(plan);
    gs_columns *columns;
    gs_status status = gs_columns_create(page->results, &columns, error);
    if (status != GS_OK) {
        return status;
    }
    for (int64_t first = part.first, count; first < part.first + part.count && status == GS_OK; first += count) {
        const int64_t run = gs_plan_run_from(plan, first); // of one configuration
        gs_settings settings;
        count = run < BLOCK ? run : BLOCK;
        gs_plan_settings(plan, first, &settings);
        status = count_block(columns, &settings, first, count, counts, error);
    }
    gs_columns_free(columns);
    return status;
}

/// How many narrow bins are drawn as one: a divisor of those of a decade, and of the two axes' numbers of bins.
static int pool(int bins) {
    static const int pools[] = {1, 2, 3, 4, 6, 8, 12, 24};
    size_t i = 0;
    while (i + 1 < sizeof pools / sizeof *pools && bins > pools[i] * MOST_CELLS) {
        i++;
    }
    return pools[i];
}

/// Trials in pooled bins.
static int64_t count_cell(const error_counts *counts, int x, int x_pool, int y, int y_pool) {
    int64_t sum = 0;
    for (int i = x; i < x + x_pool; i++) {
        for (int j = y; j < y + y_pool; j++) {
            sum += counts->counts[i][j];
        }
    }
    return sum;
}

/// The middle of the narrow bin in which the median error of pooled columns lies; NaN for few trials.
static double median_of(const error_counts *counts, int x, int x_pool) {
    int64_t all = 0, below = 0;
    for (int i = x; i < x + x_pool; i++) {
        all += counts->all[i];
    }
    if (all < FEWEST_OF_A_SHARE) {
        return NAN;
    }
    int y = counts->first_y;
    while ((below += count_cell(counts, x, x_pool, y, 1)) * 2 < all) {
        y++;
    }
    return sqrt(edge_of(y, LOWEST_Y, Y_BINS_OF_DECADE) * edge_of(y + 1, LOWEST_Y, Y_BINS_OF_DECADE));
}

static void draw_margins(const gs_panel *panel) {
    for (int i = 0; i < GS_MARGIN_COUNT; i++) {
        char word[GS_FORMAT_BYTES];
        (void)snprintf(word, sizeof word, "%g", gs_margins[i]);
        gs_panel_vertical(panel, gs_margins[i], "margin", word, i == 0);
    }
}

static const char *const DISTANCE = "|loss - ln 2| of the last epoch, the greater of both networks (nats)";

/// Draws the cells and the medians; returns the most trials of a cell.
static int64_t draw_cells(const gs_panel *panel, const error_counts *counts, int x_pool, int y_pool) {
    const int first_x = counts->first_x / x_pool * x_pool, first_y = counts->first_y / y_pool * y_pool;
    double x[X_BINS], medians[X_BINS];
    int64_t most = 1, columns = 0;
    for (int i = first_x; i <= counts->last_x; i += x_pool) {
        for (int j = first_y; j <= counts->last_y; j += y_pool) {
            const int64_t count = count_cell(counts, i, x_pool, j, y_pool);
            most = count > most ? count : most;
        }
    }
    for (int i = first_x; i <= counts->last_x; i += x_pool) {
        const double left = edge_of(i, LOWEST_X, X_BINS_OF_DECADE),
                     right = edge_of(i + x_pool, LOWEST_X, X_BINS_OF_DECADE);
        for (int j = first_y; j <= counts->last_y; j += y_pool) {
            const int64_t count = count_cell(counts, i, x_pool, j, y_pool);
            if (count > 0) {
                const double share = most > 1 ? log((double)count) / log((double)most) : 1;
                gs_panel_cell(panel, left, right, edge_of(j, LOWEST_Y, Y_BINS_OF_DECADE),
                              edge_of(j + y_pool, LOWEST_Y, Y_BINS_OF_DECADE), gs_colour_of(share), NULL);
            }
        }
        x[columns] = sqrt(left * right);
        medians[columns++] = median_of(counts, i, x_pool);
    }
    gs_panel_line(panel, x, medians, columns, "median-halo");
    gs_panel_line(panel, x, medians, columns, "median");
    return most;
}

static int64_t draw_histogram(const gs_page *page, const error_counts *counts) {
    const int x_pool = pool(counts->last_x - counts->first_x + 1), y_pool = pool(counts->last_y - counts->first_y + 1);
    const gs_floors floors = gs_figure_error_floors(page->report);
    double low = edge_of(counts->first_y, LOWEST_Y, Y_BINS_OF_DECADE);
    double high = edge_of(counts->last_y + 1, LOWEST_Y, Y_BINS_OF_DECADE);
    gs_figure_with_floors(&floors, &low, &high);
    high *= HEADROOM;
    const gs_scale x = gs_scale_around(edge_of(counts->first_x, LOWEST_X, X_BINS_OF_DECADE),
                                       edge_of(counts->last_x + 1, LOWEST_X, X_BINS_OF_DECADE), true);
    gs_panel panel;
    gs_panel_begin(&panel, page->stream, PANEL_WIDTH, PANEL_HEIGHT, LEFT_MARGIN, x, gs_scale_around(low, high, true),
                   "Covariance error against the distance from ln 2");
    gs_panel_y_axis(&panel, "covariance error (relative Frobenius norm)");
    const int64_t most = draw_cells(&panel, counts, x_pool, y_pool);
    draw_margins(&panel);
    gs_figure_floors(&panel, &floors, 1);
    gs_panel_x_axis(&panel, DISTANCE);
    gs_panel_end(&panel);
    return most;
}

// ---- the share by distance ----

enum { SHARE_POOL = X_BINS_OF_DECADE / SHARE_BINS_OF_DECADE, SHARE_BINS = X_BINS / SHARE_POOL };

static gs_share share_of_bin(const error_counts *counts, int bin) {
    int64_t all = 0, right = 0;
    for (int i = bin * SHARE_POOL; i < (bin + 1) * SHARE_POOL; i++) {
        all += counts->all[i];
        right += counts->right[i];
    }
    return gs_share_of(right, all);
}

/// @return false when no bin has enough trials
static bool draw_shares(const gs_page *page, const error_counts *counts) {
    static const double LEAST_TOP = 0.05,
                        LEAST_PART = 0.01; // of the trainings, for a bin that all of which must be seen
    const int first = counts->first_x / SHARE_POOL, last = counts->last_x / SHARE_POOL;
    double top = LEAST_TOP;
    bool any = false;
    for (int bin = first; bin <= last; bin++) {
        const gs_share share = share_of_bin(counts, bin);
        any = any || share.of >= FEWEST_OF_A_SHARE;
        top = share.of >= FEWEST_OF_A_SHARE && (double)share.of >= LEAST_PART * (double)counts->trials
                  ? fmax(top, share.high)
                  : top;
    }
    if (!any) {
        return false;
    }
    const gs_scale x = {edge_of(first * SHARE_POOL, LOWEST_X, X_BINS_OF_DECADE),
                        edge_of((last + 1) * SHARE_POOL, LOWEST_X, X_BINS_OF_DECADE),
                        true,
                        0,
                        0,
                        false};
    const gs_scale y = {0, 100 * top, false, 0, 0, false};
    gs_panel panel;
    gs_panel_begin(&panel, page->stream, SHARE_WIDTH, PANEL_HEIGHT, LEFT_MARGIN, x, y,
                   "How often the covariance is right, by that distance");
    gs_panel_y_axis(&panel, "covariance right (% of trainings)");
    draw_margins(&panel);
    for (int bin = first; bin <= last; bin++) {
        const gs_share share = share_of_bin(counts, bin);
        const double middle = edge_of(bin * SHARE_POOL + SHARE_POOL / 2, LOWEST_X, X_BINS_OF_DECADE);
        if (share.of >= FEWEST_OF_A_SHARE) {
            gs_panel_point_along_y(&panel, (gs_point){middle, 100 * share.share, 100 * share.low, 100 * share.high},
                                   "plain");
        }
    }
    gs_panel_x_axis(&panel, "|loss - ln 2| (nats)");
    gs_panel_end(&panel);
    return true;
}

// ---- the figure ----

static void write_share(const char *of, gs_share share, FILE *stream) {
    char text[GS_FORMAT_BYTES];
    gs_html_print(stream, "%s %s (%.1f to %.1f)", of, gs_format_share(share.share, text), 100 * share.low,
                  100 * share.high);
}

/// Of several kinds of untrained nets the range: each has a share of its own.
static void write_untrained_share(const gs_report *report, FILE *stream) {
    const gs_untrained kinds = gs_untrained_of(report, GS_UNTRAINED_COVARIANCE_OK);
    char text[GS_UNTRAINED_TEXT];
    if (report->baseline_count == 1) {
        write_share(" For comparison: untrained nets", report->baselines[0].covariance_ok, stream);
    } else {
        gs_html_print(stream, " For comparison: untrained nets, by kind, %s", gs_untrained_range(&kinds, true, text));
    }
}

static void write_caption(const gs_page *page, const error_counts *counts, int64_t most, bool shares) {
    const gs_report *report = page->report;
    char trials[GS_FORMAT_BYTES], greatest[GS_FORMAT_BYTES];
    gs_figure_key(page, "median", "median of each column");
    gs_figure_key(page, "margin", "margins: 0.0005 and 0.005 nat");
    gs_figure_floor_keys(page);
    gs_html_print(
        page->stream,
        "%s training%s done. Cells: numbers of trainings, from 1 (dark) to %s (bright) on a logarithmic scale; "
        "lines: median covariance errors.",
        gs_format_count(counts->trials, trials), counts->trials == 1 ? " is" : "s are",
        gs_format_count(most, greatest));
    if (shares) {
        gs_html_print(page->stream,
                      " Right: share whose covariance is right, of at least %d trainings, with 95 %% Wilson intervals.",
                      FEWEST_OF_A_SHARE);
    }
    write_untrained_share(report, page->stream);
    if (report->real_data.trials > 0) {
        write_share(", real data", report->real_data.covariance_ok, page->stream);
    }
    write_share(", samples of the true law", report->ideal.covariance_ok, page->stream);
    gs_html_print(page->stream,
                  " right. If the loss told, the cloud would rise from left to right, and the share fall from 100 %%.");
}

gs_status gs_figure_error(const gs_page *page, gs_error *error) {
    error_counts *counts = calloc(1, sizeof *counts);
    int64_t(*cells)[Y_BINS] = calloc(X_BINS, sizeof *cells);
    gs_status status = GS_OK;
    if (counts == NULL || cells == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory for a figure");
    } else {
        counts->counts = cells;
        counts->first_x = X_BINS - 1;
        counts->first_y = Y_BINS - 1;
        status = count_all(page, counts, error);
        if (status == GS_OK && counts->trials > 0) {
            gs_figure_begin(page, "error", "Does a loss near ln 2 mean a right generator?");
            const int64_t most = draw_histogram(page, counts);
            const bool shares = draw_shares(page, counts);
            gs_figure_caption(page);
            write_caption(page, counts, most, shares);
            gs_figure_end(page);
        }
    }
    free(cells);
    free(counts);
    return status;
}
