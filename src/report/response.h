/// The responses whose effects are reported, of each trial of a configuration.
#ifndef REPORT_RESPONSE_H
#define REPORT_RESPONSE_H

#include "report/column.h"

/// Responses as they stand above their columns: "0.693 / 0.693", "cov. right", ...
extern const char *const gs_response_titles[GS_RESPONSE_COUNT];

/// Whether a response's values are logarithms (to base 10), so that its means are geometric ones.
bool gs_response_is_logarithm(gs_response response);

/// Reads a response of all trials of a configuration.
/// @param work  [2 count]
/// @param values  [count] NaN where a trial has none
gs_status gs_response_read(gs_columns *columns, const gs_plan *plan, int64_t configuration, gs_response response,
                           int64_t count, double *work, double *values, gs_error *error);

/// How far the last losses of a trial are from the equilibrium, in nats: the greater of both distances.
double gs_loss_distance(gs_generator_loss generator_loss, double loss_D, double loss_G);
/// The same of the mean losses of a row; infinite where it has none.
double gs_row_loss_distance(const gs_report_row *row);

#endif
