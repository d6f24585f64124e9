/// Measures main effects and interactions of a sweep.
#ifndef REPORT_EFFECTS_H
#define REPORT_EFFECTS_H

#include "report/column.h"

/// Reads the columns once for each response. Memory: 56 bytes for each trial of a configuration, and up to 24 MB; of
/// sweeps of more than 2^20 trials neighbouring data sets are taken together for tests and intervals, not for the
/// means and the sums of squares.
/// @param report  its rows' settings
/// @param effects  freed by gs_effects_free(), on success
gs_status gs_effects_measure(gs_columns *columns, const gs_experiment *experiment, const gs_plan *plan,
                             const gs_report *report, gs_effects **effects, gs_error *error);
void gs_effects_free(gs_effects *effects);

/// "lr_G", "lr_G x lr_D"
char *gs_effect_name(const gs_effects *effects, const gs_effect *effect, char name[2 * GS_FACTOR_NAME]);

#endif
