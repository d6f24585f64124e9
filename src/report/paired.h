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

/// The second configuration minus the first, over pairs of trials with the same three seeds that are both done.
typedef struct {
    double first, second;      ///< means
    double difference;         ///< second - first
    gs_mean_interval interval; ///< BCa bootstrap over units
    double p;                  ///< two-sided t test of no difference, over units
} gs_paired_difference;

typedef struct {
    gs_settings settings[2];
    int64_t common; ///< pairs of trials with the same seeds
    int64_t pairs;  ///< of them with both done, which are compared
    int64_t units;  ///< of different data
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
