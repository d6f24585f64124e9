/// Two configurations trial by trial, where both have the same seeds: what the seeds do falls out of the differences.
#ifndef REPORT_PAIRED_H
#define REPORT_PAIRED_H

#include "gansweep/report.h"

/// Quantities that are compared. A share is of trials that end at 0.693 / 0.693, or whose covariance is right.
typedef enum {
    GS_PAIRED_LOSS_D,
    GS_PAIRED_LOSS_G,
    GS_PAIRED_COVARIANCE_ERROR,
    GS_PAIRED_FRECHET_DISTANCE,
    GS_PAIRED_PRINTS_LN2,
    GS_PAIRED_COVARIANCE_OK,
    GS_PAIRED_COUNT,
} gs_paired_quantity;

extern const char *const gs_paired_names[GS_PAIRED_COUNT];

/// The second configuration minus the first, over pairs of trials with the same three seeds: of losses and scores those
/// that are both done; of shares those that are both finished, where one that diverged is a failure.
typedef struct {
    int64_t pairs, units;      ///< that are compared; of different data
    double first, second;      ///< means; NaN without pairs
    double difference;         ///< second - first
    gs_mean_interval interval; ///< over units: gs_units_interval(); of shares of which no two units differ, Newcombe's
    double p;                  ///< two-sided t test of no difference, over units; where these are all equal a sign test
} gs_paired_difference;

typedef struct {
    gs_settings settings[2];
    int64_t common;   ///< pairs of trials with the same seeds
    int64_t finished; ///< of them, with no trial pending
    int64_t done;     ///< of these, with no trial diverged
    gs_paired_difference differences[GS_PAIRED_COUNT];
} gs_paired;

/// @param first, second  numbers of configurations
/// @return GS_ERROR_INPUT when there is no such configuration, or the two have no seeds in common; GS_ERROR_RUN
gs_status gs_report_compare(const gs_results *results, int64_t first, int64_t second, gs_paired *paired,
                            gs_error *error);

/// @param path  the file's name, for the heading
/// @return GS_ERROR_RUN when the stream can't be written
gs_status gs_paired_print(const gs_paired *paired, const char *path, gs_report_format format, FILE *stream,
                          gs_error *error);

#endif
