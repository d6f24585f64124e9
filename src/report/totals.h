/// Counts over several rows of a report.
#ifndef GANSWEEP_REPORT_TOTALS_H
#define GANSWEEP_REPORT_TOTALS_H

#include "gansweep/report.h"

typedef struct {
    int64_t trials, done, diverged, pending;
    int64_t finished; ///< done or diverged
    int64_t prints_ln2, covariance_ok, both;
    int64_t outcome[GS_OUTCOME_COUNT], outcome_at_ln2[GS_OUTCOME_COUNT];
} gs_totals;

gs_totals gs_totals_of(const gs_report_row *rows, int64_t count);

#endif
