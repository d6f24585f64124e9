/// The answers of a report, in its first lines: does the equilibrium appear, where, how surely, and does it mean a
/// right generator?
#ifndef REPORT_ANSWERS_H
#define REPORT_ANSWERS_H

#include "gansweep/report.h"
#include "report/screen.h"

/// @param varies  [GS_SETTING_COUNT] settings that tell configurations apart
void gs_report_print_answers(const gs_report *report, const bool *varies, const gs_screen *screen, FILE *stream);

#endif
