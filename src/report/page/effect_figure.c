#include "report/page/figure.h"

#include <math.h>
#include <stdlib.h>

#include "report/factors.h"
#include "report/page/html.h"
#include "report/response.h"

enum {
    MOST_POINTS = 40, ///< levels that are drawn one by one; more are a line with a band
    MOST_DRAWN = 400, ///< of these: of more every so-many-th
};
static const double WIDTH = 262, HEIGHT = 230, LEFT_MARGIN = 48;

static const char *const TITLES[GS_RESPONSE_COUNT] = {
    [GS_RESPONSE_PRINTS_LN2] = "Print 0.693 / 0.693",
    [GS_RESPONSE_COVARIANCE_OK] = "Covariance right",
    [GS_RESPONSE_COVARIANCE_ERROR] = "Covariance error",
    [GS_RESPONSE_LOSS_DISTANCE] = "|loss - ln 2|",
};
static const char *const UNITS[GS_RESPONSE_COUNT] = {
    [GS_RESPONSE_PRINTS_LN2] = "% of trainings",
    [GS_RESPONSE_COVARIANCE_OK] = "% of trainings",
    [GS_RESPONSE_COVARIANCE_ERROR] = "geometric mean",
    [GS_RESPONSE_LOSS_DISTANCE] = "geometric mean (nats)",
};

typedef struct {
    const gs_report *report;
    const gs_factor *factor;
} named_factor;

static char *name_level(const void *context, int64_t level, char *text) {
    const named_factor *of = context;
    return gs_factor_level_text(of->factor, of->report, level, text);
}

/// What untrained nets, real data and the true law have of a response.
static gs_floors floors_of(const gs_report *report, gs_response response) {
    switch (response) {
    case GS_RESPONSE_PRINTS_LN2:
        return (gs_floors){gs_untrained_of(report, GS_UNTRAINED_PRINTS_LN2), NAN, NAN};
    case GS_RESPONSE_COVARIANCE_OK:
        return (gs_floors){gs_untrained_of(report, GS_UNTRAINED_COVARIANCE_OK), report->real_data.covariance_ok.share,
                           report->ideal.covariance_ok.share};
    case GS_RESPONSE_COVARIANCE_ERROR:
        return gs_figure_error_floors(report);
    default:
        return (gs_floors){{.count = 0}, NAN, NAN};
    }
}

/// Room for the levels with their intervals; of shares from 0 % to the highest that is not 0, whose interval is wide.
static gs_scale scale_of(const gs_level_mean *levels, int64_t count, gs_response response, const gs_floors *floors) {
    static const double LEAST_TOP = 5; // %
    const bool logarithm = gs_response_is_logarithm(response);
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        const double numbers[] = {levels[i].mean, levels[i].low, levels[i].high};
        for (int k = 0; k < 3 && levels[i].mean > 0; k++) {
            low = isnan(numbers[k]) ? low : fmin(low, numbers[k]);
            high = isnan(numbers[k]) ? high : fmax(high, numbers[k]);
        }
    }
    if (!logarithm) {
        return (gs_scale){0, fmin(100, fmax(LEAST_TOP, 105 * high)), false, 0, 0, false};
    }
    if (response == GS_RESPONSE_COVARIANCE_ERROR) {
        gs_figure_with_floors(floors, &low, &high);
    }
    return gs_scale_around(low, high, true);
}

/// @param work  [4 MOST_DRAWN]
static void draw_levels(const gs_panel *panel, const gs_level_mean *levels, int64_t count, double unit, double *work) {
    double *x = work, *mean = work + MOST_DRAWN, *low = work + 2 * MOST_DRAWN, *high = work + 3 * MOST_DRAWN;
    const int64_t step = (count + MOST_DRAWN - 1) / MOST_DRAWN;
    int64_t drawn = 0;
    for (int64_t i = 0; i < count; i += step, drawn++) {
        x[drawn] = (double)i;
        mean[drawn] = unit * levels[i].mean;
        low[drawn] = unit * levels[i].low;
        high[drawn] = unit * levels[i].high;
    }
    if (drawn > MOST_POINTS) {
        gs_panel_band(panel, x, low, high, drawn, "plain-band");
    }
    gs_panel_line(panel, x, mean, drawn, drawn > MOST_POINTS ? "plain" : "plain thin");
    for (int64_t i = 0; i < drawn && drawn <= MOST_POINTS; i++) {
        gs_panel_point_along_y(panel, (gs_point){x[i], mean[i], low[i], high[i]}, "plain");
    }
}

static void draw_factor(const gs_page *page, int factor, int64_t first, gs_response response, double *work) {
    const gs_effects *effects = page->report->effects;
    const gs_factor *of = &effects->factors[factor];
    const gs_level_mean *levels = effects->responses[response].levels + first;
    const gs_floors floors = floors_of(page->report, response);
    const named_factor named = {page->report, of};
    const double unit = gs_response_is_logarithm(response) ? 1 : 100; // shares in %
    const gs_scale x = {-0.5, (double)of->level_count - 0.5, false, 0, 0, false};
    gs_panel panel;
    gs_panel_begin(&panel, page->stream, WIDTH, HEIGHT, LEFT_MARGIN, x,
                   scale_of(levels, of->level_count, response, &floors), TITLES[response]);
    gs_panel_y_axis(&panel, UNITS[response]);
    gs_figure_floors(&panel, &floors, unit);
    draw_levels(&panel, levels, of->level_count, unit, work);
    gs_panel_x_names(&panel, of->name, name_level, &named, of->level_count);
    gs_panel_end(&panel);
}

gs_status gs_figure_effects(const gs_page *page, gs_error *error) {
    const gs_effects *effects = page->report->effects;
    bool any = false;
    for (int factor = 0; factor < effects->factor_count && effects->missing == NULL; factor++) {
        any = any || !effects->factors[factor].drawn;
    }
    if (!any) {
        return GS_OK;
    }
    double *work = malloc((size_t)4 * MOST_DRAWN * sizeof *work);
    if (work == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a figure");
    }
    gs_figure_begin(page, "effects", "What do the settings do?");
    int64_t first = 0;
    for (int factor = 0; factor < effects->factor_count; factor++) {
        for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
            if (effects->responses[response].given && !effects->factors[factor].drawn) {
                draw_factor(page, factor, first, (gs_response)response, work);
            }
        }
        first += effects->factors[factor].level_count;
    }
    gs_figure_caption(page);
    gs_figure_floor_keys(page);
    gs_html_print(page->stream, "Main effects: means over all configurations that have a value, with "
                                "intervals of 95 %% over data sets.");
    const gs_untrained at_ln2 = gs_untrained_of(page->report, GS_UNTRAINED_PRINTS_LN2);
    char text[GS_UNTRAINED_TEXT];
    gs_html_print(page->stream, " Lines above a panel are not drawn: of the untrained nets %s print 0.693 / 0.693.",
                  gs_untrained_range(&at_ln2, true, text));
    gs_figure_end(page);
    free(work);
    return GS_OK;
}
