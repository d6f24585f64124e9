/// What a results file shows, per configuration, with the untrained net as the null baseline.
#ifndef GANSWEEP_REPORT_H
#define GANSWEEP_REPORT_H

#include <stdio.h>

#include "gansweep/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Location and spread of one quantity over the finished, not diverged trials of a configuration; NaN when there are none.
typedef struct {
    double mean, standard_deviation, median, percentile_5, percentile_95;
} gs_distribution;

/// A share of trials with its 95 % Wilson score interval (Wilson 1927).
typedef struct {
    int64_t count, of;
    double share, low, high;
} gs_share;

typedef struct {
    int64_t configuration;
    gs_settings settings; ///< of its first trial; the seeds mean nothing
    int64_t trials, done, diverged, pending;
    gs_distribution loss_D, loss_G; ///< nats
    gs_share prints_ln2;            ///< both last losses print 0.693; of the finished trials, diverged ones included
    gs_share covariance_ok;
    gs_share both;                  ///< prints 0.693 / 0.693 and covariance_ok
    double median_covariance_error, median_frechet_distance, median_kl;
    gs_share lrt_rejected;          ///< trials whose joint likelihood-ratio test has p < 0.05
} gs_report_row;

typedef struct {
    int64_t count;
    gs_report_row *rows;      ///< [count], plan order
    gs_report_row *untrained; ///< [count] the same measured on the untrained nets of up to 256 seeds of each row
} gs_report;

typedef enum { GS_FORMAT_TABLE, GS_FORMAT_CSV, GS_FORMAT_JSON } gs_report_format;

gs_status gs_report_create(const gs_results *results, gs_report **report, gs_error *error);
void gs_report_free(gs_report *report);
gs_status gs_report_print(const gs_report *report, const gs_results *results, gs_report_format format, FILE *stream,
                          gs_error *error);

#ifdef __cplusplus
}
#endif
#endif
