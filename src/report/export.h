/// A report for other programs.
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include "gansweep/report.h"

void gs_report_print_csv(const gs_report *report, FILE *stream);
/// JSON has no NaN and no infinity: null, and the strings that Python's float() and R's as.numeric() read.
void gs_print_json_real(double value, FILE *stream);
/// "lr_G": 0.005, ...: the settings that make a configuration, with a comma after each.
void gs_print_json_settings(const gs_settings *settings, FILE *stream);
/// @return GS_ERROR_RUN when out of memory
gs_status gs_report_print_json(const gs_report *report, const gs_experiment *experiment, FILE *stream, gs_error *error);

#endif
