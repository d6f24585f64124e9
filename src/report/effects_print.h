/// Main effects and interactions as text, csv and json.
#ifndef REPORT_EFFECTS_PRINT_H
#define REPORT_EFFECTS_PRINT_H

#include "gansweep/report.h"
#include "report/table.h"

enum { GS_EFFECT_LINES = 6 }; ///< of the short table

/// Whether something is swept, so that effects can be told apart.
bool gs_effects_are_given(const gs_effects *effects);

/// Lines that gs_effects_print_summary prints.
int gs_effects_line_count(const gs_effects *effects);

/// The short table on a screen; a sentence where there are no effects, and nothing where nothing is swept.
gs_status gs_effects_print_summary(const gs_report *report, const gs_screen *screen, FILE *stream, gs_error *error);

/// The share of each response's variance that the effects explain; of more than `most` of them the greatest.
gs_status gs_effects_print_shares(const gs_report *report, int most, const gs_screen *screen, gs_table_printer *show,
                                  FILE *stream, gs_error *error);

/// The means of every level of one factor, up to `most` levels.
gs_status gs_effects_print_levels(const gs_report *report, int factor, int64_t most, const gs_screen *screen,
                                  gs_table_printer *show, FILE *stream, gs_error *error);

/// A value of the report's json object.
void gs_effects_print_json(const gs_report *report, FILE *stream);

#endif
