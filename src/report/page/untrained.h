/// What untrained nets score, which figures compare trained ones with. There are several kinds of them where
/// convention, generator loss or latent size are swept, and they differ: one kind does not stand for another.
#ifndef REPORT_PAGE_UNTRAINED_H
#define REPORT_PAGE_UNTRAINED_H

#include "gansweep/report.h"

typedef enum {
    GS_UNTRAINED_PRINTS_LN2, ///< share
    GS_UNTRAINED_COVARIANCE_OK,
    GS_UNTRAINED_ERROR, ///< median covariance error
} gs_untrained_score;

/// A score of all kinds, each number once.
enum { GS_MOST_UNTRAINED = 4, GS_UNTRAINED_TEXT = 80 };
typedef struct {
    int count;                    ///< of numbers; 0: no kind has the score
    double at[GS_MOST_UNTRAINED]; ///< not sorted; of more numbers than these the least and the greatest
    double low, high;             ///< the least and the greatest; NaN without any
} gs_untrained;

gs_untrained gs_untrained_of(const gs_report *report, gs_untrained_score score);

/// "1", "0.877 to 1", of shares "36.7 %", "0.0 % to 100 %".
char *gs_untrained_range(const gs_untrained *untrained, bool share, char text[GS_UNTRAINED_TEXT]);

#endif
