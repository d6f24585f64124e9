#include "report/page/untrained.h"

#include <math.h>
#include <stdio.h>

#include "numeric/format.h"

static double score_of(const gs_report_row *row, gs_untrained_score score) {
    switch (score) {
    case GS_UNTRAINED_PRINTS_LN2:
        return row->prints_ln2.share;
    case GS_UNTRAINED_COVARIANCE_OK:
        return row->covariance_ok.share;
    default:
        return row->median_covariance_error;
    }
}

gs_untrained gs_untrained_of(const gs_report *report, gs_untrained_score score) {
    gs_untrained found = {.count = 0, .low = NAN, .high = NAN};
    bool more = false;
    for (int64_t i = 0; i < report->baseline_count; i++) {
        const double number = score_of(&report->baselines[i], score);
        bool known = isnan(number);
        for (int k = 0; k < found.count && !known; k++) {
            known = found.at[k] == number;
        }
        more = more || (!known && found.count == GS_MOST_UNTRAINED);
        if (!known && found.count < GS_MOST_UNTRAINED) {
            found.at[found.count++] = number;
        }
        found.low = fmin(found.low, number); // of NaN and a number fmin gives the number
        found.high = fmax(found.high, number);
    }
    if (more) {
        found.count = 2;
        found.at[0] = found.low;
        found.at[1] = found.high;
    }
    return found;
}

char *gs_untrained_range(const gs_untrained *untrained, bool share, char text[GS_UNTRAINED_TEXT]) {
    char ends[2][GS_FORMAT_BYTES];
    const double numbers[2] = {untrained->low, untrained->high};
    for (int end = 0; end < 2; end++) {
        if (share) {
            (void)gs_format_share(numbers[end], ends[end]);
        } else {
            (void)snprintf(ends[end], sizeof ends[end], isnan(numbers[end]) ? "-" : "%.3g", numbers[end]);
        }
    }
    (void)snprintf(text, GS_UNTRAINED_TEXT, untrained->low < untrained->high ? "%s to %s" : "%s", ends[0], ends[1]);
    return text;
}
