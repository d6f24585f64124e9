/// A report for people: two tables that fit a screen, and what they show in words.
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "gansweep/report.h"

gs_status gs_report_print_summary(const gs_report *report, const gs_experiment *experiment, const char *path,
                                  FILE *stream, gs_error *error);

#endif
