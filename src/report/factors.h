/// The factors of a sweep and their levels, as found in its configurations.
#ifndef REPORT_FACTORS_H
#define REPORT_FACTORS_H

#include "report/fields.h"

/// Fills factors, each with its levels in ascending order, and `missing` when the configurations are not their full
/// crossing: then what differs between them cannot be told apart.
/// @param effects  all 0; what is allocated in its factors is freed by gs_factors_free(), also after a failure
/// @return GS_ERROR_RUN when out of memory
gs_status gs_factors_find(const gs_report *report, const gs_experiment *experiment, gs_effects *effects,
                          gs_error *error);
void gs_factors_free(gs_effects *effects);

/// The same with every setting that a design draws by itself, for the axes of maps: levels of equal numbers of points
/// can then be put together. Nothing is said of crossing.
gs_status gs_axes_find(const gs_report *report, const gs_experiment *experiment, gs_effects *axes, gs_error *error);

/// A setting's value, a real with as many digits as tell a grid's points apart.
char *gs_factor_setting_text(const gs_settings *settings, gs_setting setting, char text[GS_SETTING_TEXT]);

/// "0.005", "8 & 32": a level in such words.
char *gs_factor_level_text(const gs_factor *factor, const gs_report *report, int64_t level, char text[GS_FACTOR_NAME]);
/// The same with all digits.
char *gs_factor_level_exact(const gs_factor *factor, const gs_report *report, int64_t level, char text[GS_FACTOR_NAME]);

/// Sets what tells configurations apart: the settings of all factors.
/// @param varies  all false
void gs_factors_varying(const gs_effects *effects, bool varies[GS_SETTING_COUNT]);

#endif
