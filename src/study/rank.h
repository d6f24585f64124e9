/// Which configurations of a sweep are the best, by the median of one score over their trials.
///
/// The median takes no notice of how bad the bad ones are, so that a trial that diverged can count: as worse than any
/// other. Trials that share their data are not independent, and then the interval is too narrow.
#ifndef GANSWEEP_STUDY_RANK_H
#define GANSWEEP_STUDY_RANK_H

#include "gansweep/store.h"
#include "inference/median.h"

/// What is compared; the less the better.
typedef enum {
    GS_CRITERION_FRECHET_DISTANCE,
    GS_CRITERION_KL_EXACT,
    GS_CRITERION_COVARIANCE_ERROR,
    GS_CRITERION_COUNT,
} gs_criterion;
extern const char *const gs_criterion_names[GS_CRITERION_COUNT]; ///< of the datasets

typedef struct {
    int64_t configuration;
    int64_t done, diverged; ///< trials
    gs_median score;        ///< of both: +inf for those that diverged; the interval of 95 %, or of what there is
} gs_ranked;

typedef struct {
    gs_criterion criterion;
    gs_ledger ledger; ///< of the whole file
    int64_t configurations;
    int64_t count;     ///< of them that have finished trials
    gs_ranked *ranked; ///< [count] the best first; equal ones in the order of the plan
} gs_ranking;

/// Memory: the ranking, and nine bytes for each trial of the largest configuration.
/// @return GS_ERROR_RESULTS when no trial is finished, the file is a shard, whose best need not be that of the sweep,
///         or the criterion is not defined for this sweep's generators
gs_status gs_ranking_create(const gs_results *results, gs_criterion criterion, gs_ranking **ranking, gs_error *error);
void gs_ranking_free(gs_ranking *ranking);

#endif
