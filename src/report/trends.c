#include "report/trends.h"

#include <math.h>
#include <stdlib.h>

#include "inference/rank.h"
#include "numeric/format.h"
#include "plots/swept.h"
#include "report/export.h"
#include "report/fields.h"
#include "report/response.h"

/// A configuration's response; NaN when it has none.
static double response_of(const gs_report_row *row, gs_response response) {
    switch (response) {
    case GS_RESPONSE_PRINTS_LN2:
        return row->prints_ln2.share;
    case GS_RESPONSE_COVARIANCE_OK:
        return row->covariance_ok.share;
    case GS_RESPONSE_COVARIANCE_ERROR:
        return row->median_covariance_error;
    default:
        return isnan(row->loss_D.mean)
                   ? (double)NAN
                   : gs_loss_distance(row->settings.generator_loss, row->loss_D.mean, row->loss_G.mean);
    }
}

/// The factor that is the points of the design; NULL where it draws the same for all.
static const gs_factor *find_points(const gs_effects *effects) {
    for (int i = 0; i < effects->factor_count; i++) {
        if (effects->factors[i].drawn) {
            return &effects->factors[i];
        }
    }
    return NULL;
}

/// A point of a design that is crossed with other settings has many configurations, and is one point all the same: its
/// response is the mean over them.
/// @param space  [4][rows] work space
static void find_trend(const gs_report *report, const gs_factor *points, double *space, gs_trend *trend) {
    double *x = space, *y = space + report->count, *work = space + 2 * report->count, *rows = work;
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        for (int64_t point = 0; point < points->level_count; point++) {
            y[point] = rows[point] = 0;
        }
        for (int64_t i = 0; i < report->count; i++) {
            const double value = response_of(&report->rows[i], (gs_response)response);
            if (!isnan(value)) {
                y[points->levels[i]] += value;
                rows[points->levels[i]]++;
            }
        }
        int64_t known = 0;
        for (int64_t point = 0; point < points->level_count; point++) {
            if (rows[point] > 0) {
                x[known] = gs_setting_value(&report->rows[points->rows[point]].settings, trend->setting);
                y[known++] = y[point] / rows[point];
            }
        }
        const gs_rank_correlation found = gs_rank_correlate(x, y, known, work);
        trend->responses[response].correlation = found.correlation;
        trend->responses[response].low = found.interval.low;
        trend->responses[response].high = found.interval.high;
    }
}

gs_status gs_trends_find(const gs_report *report, const gs_experiment *experiment, gs_effects *effects,
                         gs_error *error) {
    const gs_factor *points = find_points(effects);
    if (points == NULL) {
        return GS_OK;
    }
    double *space = malloc((size_t)(4 * report->count + 1) * sizeof *space);
    if (space == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for rank correlations");
    }
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        const gs_setting_type type = gs_settings_table[setting].type;
        if (experiment->values[setting].drawn != NULL && (type == GS_TYPE_REAL || type == GS_TYPE_INTEGER)) {
            gs_trend *trend = &effects->trends[effects->trend_count++];
            trend->setting = setting;
            find_trend(report, points, space, trend);
        }
    }
    free(space);
    return GS_OK;
}

gs_status gs_trends_print(const gs_report *report, const gs_screen *screen, gs_table_printer *show, FILE *stream,
                          gs_error *error) {
    const gs_effects *effects = report->effects;
    if (effects->trend_count == 0) {
        return GS_OK;
    }
    gs_table table;
    gs_status status = GS_OK;
    gs_table_start(&table);
    gs_table_column(&table, "", "setting", true);
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        gs_table_column(&table, gs_response_titles[response], "r", false);
        gs_table_column(&table, gs_response_titles[response], "95 %", false);
    }
    for (int i = 0; i < effects->trend_count && status == GS_OK; i++) {
        const gs_trend *trend = &effects->trends[i];
        gs_table_row *row = gs_table_add(&table, GS_STYLE_PLAIN);
        if (row == NULL) {
            status = gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
            break;
        }
        (void)snprintf(row->cell[0], GS_TABLE_CELL, "%s", gs_settings_table[trend->setting].name);
        for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
            (void)snprintf(row->cell[1 + 2 * response], GS_TABLE_CELL,
                           isnan(trend->responses[response].correlation) ? "-" : "%.2f",
                           trend->responses[response].correlation);
            if (!isnan(trend->responses[response].low)) {
                (void)snprintf(row->cell[2 + 2 * response], GS_TABLE_CELL, "%.2f to %.2f",
                               trend->responses[response].low, trend->responses[response].high);
            }
        }
    }
    if (status == GS_OK) {
        char heading[160], count[GS_FORMAT_BYTES];
        (void)snprintf(heading, sizeof heading,
                       "How it goes with the settings that are drawn: rank correlations over the design's %s points",
                       gs_format_count(find_points(effects)->level_count, count));
        show(&table, heading, screen, stream);
    }
    gs_table_free(&table);
    return status;
}

void gs_trends_print_json(const gs_effects *effects, FILE *stream) {
    (void)fprintf(stream, "[");
    for (int i = 0; i < effects->trend_count; i++) {
        const gs_trend *trend = &effects->trends[i];
        (void)fprintf(stream, "%s\n   {\"setting\": \"%s\"", i > 0 ? "," : "", gs_settings_table[trend->setting].name);
        for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
            const double numbers[] = {trend->responses[response].correlation, trend->responses[response].low,
                                      trend->responses[response].high};
            static const char *const ends[] = {"", "_low", "_high"};
            for (int k = 0; k < 3; k++) {
                (void)fprintf(stream, ", \"%s%s\": ", gs_response_names[response], ends[k]);
                gs_print_json_real(numbers[k], stream);
            }
        }
        (void)fprintf(stream, "}");
    }
    (void)fprintf(stream, "]");
}
