/// A report for people: two tables that fit a screen, and what they show in words.
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "gansweep/report.h"
#include "report/table.h"

/// Two tables: losses, and laws. Of more than `room` configurations the best and the worst are shown.
/// @param cut  whether some were left out
gs_status gs_report_print_tables(const gs_report *report, const gs_experiment *experiment, int64_t room, bool *cut,
                                 const gs_screen *screen, gs_table_printer *show, FILE *stream, gs_error *error);

gs_status gs_report_print_summary(const gs_report *report, const gs_experiment *experiment, const char *path,
                                  FILE *stream, gs_error *error);

#endif
