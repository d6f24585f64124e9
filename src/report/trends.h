/// How responses go with the settings that a design draws: what can be said of a sweep that crosses nothing.
#ifndef REPORT_TRENDS_H
#define REPORT_TRENDS_H

#include "gansweep/report.h"
#include "report/table.h"

/// Fills the trends of effects.
/// @return GS_ERROR_RUN when out of memory
gs_status gs_trends_find(const gs_report *report, const gs_experiment *experiment, gs_effects *effects,
                         gs_error *error);

/// A table of them; nothing where there are none.
gs_status gs_trends_print(const gs_report *report, const gs_screen *screen, gs_table_printer *show, FILE *stream,
                          gs_error *error);

/// "[...]", an object for each setting.
void gs_trends_print_json(const gs_effects *effects, FILE *stream);

#endif
