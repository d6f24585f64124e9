#include "study/rank.h"

#include <math.h>
#include <stdlib.h>

#include "report/column.h"

static const double CONFIDENCE = 0.95;

const char *const gs_criterion_names[GS_CRITERION_COUNT] = {
    [GS_CRITERION_FRECHET_DISTANCE] = "frechet_distance",
    [GS_CRITERION_KL_EXACT] = "kl_exact",
    [GS_CRITERION_COVARIANCE_ERROR] = "covariance_error",
};

static const gs_quantity quantities[GS_CRITERION_COUNT] = {
    [GS_CRITERION_FRECHET_DISTANCE] = GS_QUANTITY_FRECHET_DISTANCE,
    [GS_CRITERION_KL_EXACT] = GS_QUANTITY_KL,
    [GS_CRITERION_COVARIANCE_ERROR] = GS_QUANTITY_COVARIANCE_ERROR,
};

/// While a ranking is made.
typedef struct {
    const gs_plan *plan;
    gs_columns *columns;
    gs_ranking *ranking;
    double *statuses, *scores; ///< [trials of the largest configuration]
} gs_making;

static gs_status read_members(const gs_making *making, int64_t configuration, gs_quantity quantity, double *into,
                              gs_error *error) {
    const int64_t run = gs_plan_run_length(making->plan), count = gs_plan_member_count(making->plan, configuration);
    gs_status status = GS_OK;
    for (int64_t i = 0; i < count && status == GS_OK; i += run) {
        const int64_t first = gs_plan_member(making->plan, configuration, i);
        status = gs_columns_read(making->columns, quantity, 1, first, run, into + i, error);
    }
    return status;
}

/// Adds a configuration to the ranking, unless none of its trials is finished.
static gs_status add_configuration(const gs_making *making, int64_t configuration, gs_error *error) {
    gs_ranking *ranking = making->ranking;
    const int64_t count = gs_plan_member_count(making->plan, configuration);
    gs_status status = read_members(making, configuration, GS_QUANTITY_STATUS, making->statuses, error);
    if (status == GS_OK) {
        status = read_members(making, configuration, quantities[ranking->criterion], making->scores, error);
    }
    gs_ranked ranked = {.configuration = configuration};
    for (int64_t i = 0; i < count && status == GS_OK; i++) {
        const bool done = making->statuses[i] == GS_DONE, diverged = making->statuses[i] == GS_DIVERGED;
        if (done && isnan(making->scores[i])) {
            status = gs_fail(error, GS_ERROR_RESULTS,
                             "%s is not defined for these generators; another --criterion was expected",
                             gs_criterion_names[ranking->criterion]);
        } else if (done || diverged) {
            making->scores[ranked.done + ranked.diverged] = done ? making->scores[i] : INFINITY;
            ranked.done += done;
            ranked.diverged += diverged;
        }
    }
    const int64_t finished = ranked.done + ranked.diverged;
    if (status == GS_OK && finished > 0) {
        ranked.score = gs_median_of(making->scores, finished, CONFIDENCE);
        ranking->ranked[ranking->count++] = ranked;
    }
    return status;
}

static int compare_ranked(const void *a, const void *b) {
    const gs_ranked *left = a, *right = b;
    if (left->score.median != right->score.median) {
        return left->score.median < right->score.median ? -1 : 1;
    }
    return (left->configuration > right->configuration) - (left->configuration < right->configuration);
}

static gs_status make(gs_making *making, gs_error *error) {
    gs_ranking *ranking = making->ranking;
    int64_t most = 0;
    for (int64_t i = 0; i < ranking->configurations; i++) {
        const int64_t trials = gs_plan_member_count(making->plan, i);
        most = trials > most ? trials : most;
    }
    ranking->ranked = calloc((size_t)ranking->configurations, sizeof *ranking->ranked);
    making->statuses = calloc((size_t)most + 1, sizeof *making->statuses);
    making->scores = calloc((size_t)most + 1, sizeof *making->scores);
    if (ranking->ranked == NULL || making->statuses == NULL || making->scores == NULL || most > UINT32_MAX) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a ranking of %lld configurations of up to %lld trials",
                       (long long)ranking->configurations, (long long)most);
    }
    gs_status status = GS_OK;
    for (int64_t i = 0; i < ranking->configurations && status == GS_OK; i++) {
        status = add_configuration(making, i, error);
    }
    if (status == GS_OK && ranking->count == 0) {
        return gs_fail(error, GS_ERROR_RESULTS, "none of its %lld trials is finished",
                       (long long)ranking->ledger.planned);
    }
    qsort(ranking->ranked, (size_t)ranking->count, sizeof *ranking->ranked, compare_ranked);
    return status;
}

/// The best of some trials need not be the best of all.
static gs_status refuse_shard(const gs_plan *plan, gs_error *error) {
    const int64_t trials = gs_plan_trial_count(plan), all = gs_plan_experiment_trials(plan);
    return trials == all ? GS_OK
                         : gs_fail(error, GS_ERROR_RESULTS,
                                   "it is a shard, with %lld of %lld trials: gansweep merge joins it with the others",
                                   (long long)trials, (long long)all);
}

gs_status gs_ranking_create(const gs_results *results, gs_criterion criterion, gs_ranking **ranking, gs_error *error) {
    gs_making making = {.plan = gs_results_plan(results), .ranking = calloc(1, sizeof(gs_ranking))};
    if (making.ranking == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a ranking");
    }
    making.ranking->criterion = criterion;
    making.ranking->configurations = gs_plan_configuration_count(making.plan);
    gs_status status = refuse_shard(making.plan, error);
    if (status == GS_OK) {
        status = gs_results_ledger(results, &making.ranking->ledger, error);
    }
    if (status == GS_OK) {
        status = gs_columns_create(results, &making.columns, error);
    }
    if (status == GS_OK) {
        status = make(&making, error);
    }
    gs_columns_free(making.columns);
    free(making.statuses);
    free(making.scores);
    if (status != GS_OK) {
        gs_ranking_free(making.ranking);
        return status;
    }
    *ranking = making.ranking;
    return GS_OK;
}

void gs_ranking_free(gs_ranking *ranking) {
    if (ranking != NULL) {
        free(ranking->ranked);
        free(ranking);
    }
}
