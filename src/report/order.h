/// Which configurations are best and worst by what their generators make.
#ifndef REPORT_ORDER_H
#define REPORT_ORDER_H

#include "gansweep/report.h"

/// Best first: more right covariances, then the smaller Frechet distance, then plan order. NaN is worst.
/// @return below 0 when the first is better
int gs_order_compare(const gs_report_row *first, const gs_report_row *second);

/// The best and the worst of the configurations with finished trials.
/// @return false when no trial is finished
bool gs_order_ends(const gs_report *report, int64_t *best, int64_t *worst);

#endif
