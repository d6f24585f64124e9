#include "report/response.h"

#include <math.h>

/// Logarithms are of nothing smaller: a float's loss is not known to be nearer to ln 2.
static const double SMALLEST = 1e-9;

const char *const gs_response_names[GS_RESPONSE_COUNT] = {
    [GS_RESPONSE_PRINTS_LN2] = "prints_ln2",
    [GS_RESPONSE_COVARIANCE_OK] = "covariance_ok",
    [GS_RESPONSE_COVARIANCE_ERROR] = "covariance_error",
    [GS_RESPONSE_LOSS_DISTANCE] = "loss_distance",
};

const char *const gs_response_titles[GS_RESPONSE_COUNT] = {
    [GS_RESPONSE_PRINTS_LN2] = "0.693 / 0.693",
    [GS_RESPONSE_COVARIANCE_OK] = "cov. right",
    [GS_RESPONSE_COVARIANCE_ERROR] = "cov. error",
    [GS_RESPONSE_LOSS_DISTANCE] = "|loss - ln 2|",
};

bool gs_response_is_logarithm(gs_response response) {
    return response == GS_RESPONSE_COVARIANCE_ERROR || response == GS_RESPONSE_LOSS_DISTANCE;
}

double gs_loss_distance(gs_generator_loss generator_loss, double loss_D, double loss_G) {
    return fmax(fabs(loss_D - M_LN2), fabs(gs_equilibrium_sign(generator_loss) * loss_G - M_LN2));
}

double gs_row_loss_distance(const gs_report_row *row) {
    const double distance = gs_loss_distance(row->settings.generator_loss, row->loss_D.mean, row->loss_G.mean);
    return isnan(distance) ? INFINITY : distance;
}

static gs_status read_column(gs_columns *columns, const gs_plan *plan, int64_t configuration, int64_t epochs,
                             gs_quantity quantity, int64_t count, double *into, gs_error *error) {
    gs_status status = GS_OK;
    for (int64_t i = 0, together; i < count && status == GS_OK; i += together) {
        const int64_t first = gs_plan_member(plan, configuration, i);
        together = gs_plan_run_from(plan, first);
        status = gs_columns_read(columns, quantity, epochs, first, together, into + i, error);
    }
    return status;
}

/// The logarithm of what is not negative; NaN of what is not finite.
static double log10_of(double value) {
    return isfinite(value) ? log10(fmax(value, SMALLEST)) : (double)NAN;
}

/// One trial's response, of a status that is not pending.
static double value_of(gs_response response, const gs_settings *settings, bool diverged, double first, double second) {
    switch (response) {
    case GS_RESPONSE_PRINTS_LN2:
        return !diverged && gs_prints_ln2(settings->generator_loss, (float)first, (float)second);
    case GS_RESPONSE_COVARIANCE_OK:
        return !diverged && first != 0;
    case GS_RESPONSE_COVARIANCE_ERROR:
        return diverged ? (double)NAN : log10_of(first);
    default:
        return diverged ? (double)NAN : log10_of(gs_loss_distance(settings->generator_loss, first, second));
    }
}

gs_status gs_response_read(gs_columns *columns, const gs_plan *plan, int64_t configuration, gs_response response,
                           int64_t count, double *work, double *values, gs_error *error) {
    static const gs_quantity needed[GS_RESPONSE_COUNT][2] = {
        [GS_RESPONSE_PRINTS_LN2] = {GS_QUANTITY_LOSS_D, GS_QUANTITY_LOSS_G},
        [GS_RESPONSE_COVARIANCE_OK] = {GS_QUANTITY_COVARIANCE_OK, GS_QUANTITY_COUNT},
        [GS_RESPONSE_COVARIANCE_ERROR] = {GS_QUANTITY_COVARIANCE_ERROR, GS_QUANTITY_COUNT},
        [GS_RESPONSE_LOSS_DISTANCE] = {GS_QUANTITY_LOSS_D, GS_QUANTITY_LOSS_G},
    };
    double *first = work, *second = work + count;
    gs_settings settings;
    gs_plan_settings(plan, gs_plan_member(plan, configuration, 0), &settings);
    const int64_t epochs = settings.epochs;
    gs_status status = read_column(columns, plan, configuration, epochs, GS_QUANTITY_STATUS, count, values, error);
    if (status == GS_OK) {
        status = read_column(columns, plan, configuration, epochs, needed[response][0], count, first, error);
    }
    const bool two = needed[response][1] != GS_QUANTITY_COUNT;
    if (status == GS_OK && two) {
        status = read_column(columns, plan, configuration, epochs, needed[response][1], count, second, error);
    }
    for (int64_t i = 0; i < count && status == GS_OK; i++) {
        values[i] = values[i] == GS_PENDING
                        ? (double)NAN
                        : value_of(response, &settings, values[i] == GS_DIVERGED, first[i], two ? second[i] : 0);
    }
    return status;
}
