#include "report/order.h"

#include <math.h>

int gs_order_compare(const gs_report_row *first, const gs_report_row *second) {
    const double keys[2][2] = {
        {-first->covariance_ok.share, -second->covariance_ok.share},
        {first->median_frechet_distance, second->median_frechet_distance},
    };
    for (int key = 0; key < 2; key++) {
        const double x = isnan(keys[key][0]) ? INFINITY : keys[key][0];
        const double y = isnan(keys[key][1]) ? INFINITY : keys[key][1];
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return (first->configuration > second->configuration) - (first->configuration < second->configuration);
}

bool gs_order_ends(const gs_report *report, int64_t *best, int64_t *worst) {
    bool found = false;
    for (int64_t i = 0; i < report->count; i++) {
        const gs_report_row *row = &report->rows[i];
        if (row->done + row->diverged == 0) {
            continue;
        }
        if (!found || gs_order_compare(row, &report->rows[*best]) < 0) {
            *best = i;
        }
        if (!found || gs_order_compare(row, &report->rows[*worst]) > 0) {
            *worst = i;
        }
        found = true;
    }
    return found;
}
