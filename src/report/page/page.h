/// A report as one HTML page that needs nothing else: no network, no script, no other file.
///
/// Its policy (CSP) lets in its own style sheet alone, so that no text in a results file can do more than be read.
#ifndef REPORT_PAGE_PAGE_H
#define REPORT_PAGE_PAGE_H

#include "gansweep/report.h"

/// @param path  the file's name, for the heading
gs_status gs_report_print_page(const gs_report *report, const gs_results *results, const char *path, FILE *stream,
                               gs_error *error);

#endif
