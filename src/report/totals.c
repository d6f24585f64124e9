#include "report/totals.h"

gs_totals gs_totals_of(const gs_report_row *rows, int64_t count) {
    gs_totals sum = {0};
    for (int64_t i = 0; i < count; i++) {
        sum.trials += rows[i].trials;
        sum.done += rows[i].done;
        sum.diverged += rows[i].diverged;
        sum.pending += rows[i].pending;
        sum.prints_ln2 += rows[i].prints_ln2.count;
        sum.covariance_ok += rows[i].covariance_ok.count;
        sum.both += rows[i].both.count;
        for (int outcome = 0; outcome < GS_OUTCOME_COUNT; outcome++) {
            sum.outcome[outcome] += rows[i].outcome[outcome].count;
            sum.outcome_at_ln2[outcome] += rows[i].outcome_at_ln2[outcome].count;
        }
    }
    sum.finished = sum.done + sum.diverged;
    return sum;
}
