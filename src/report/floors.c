#include "report/floors.h"

#include <math.h>
#include <stdlib.h>

#include "numeric/quantile.h"
#include "report/distribution.h"
#include "train/draws.h"

enum { MOST_SETS = 256, FEWEST_SETS = 16 };
static const double MOST_NUMBERS = 2e7;  // that are drawn for one floor: a second or so
static const double SIGNIFICANCE = 0.05; // of lrt_rejected

/// What is measured with, and what was measured.
typedef struct {
    gs_checker *checker;
    gs_check *check;
    float *rows; ///< [count x dimension]
    double error[MOST_SETS], distance[MOST_SETS];
} floor_making;

/// Sets that are measured: fewer where they are large.
static int count_sets(const gs_data_law *law, int64_t count) {
    const double affordable = MOST_NUMBERS / ((double)count * law->dimension);
    return affordable >= MOST_SETS ? MOST_SETS : affordable <= FEWEST_SETS ? FEWEST_SETS : (int)affordable;
}

/// The configuration of the file that has the most trials: a shard may have few of its first one.
static int64_t largest_configuration(const gs_plan *plan) {
    const int64_t first = gs_plan_first_configuration(plan), count = gs_plan_configuration_count(plan);
    int64_t largest = first, most = 0;
    for (int64_t i = first; i < first + count; i++) {
        const int64_t trials = gs_plan_member_count(plan, i);
        if (trials > most) {
            most = trials;
            largest = i;
        }
    }
    return largest;
}

int gs_floors_data_seeds(const gs_plan *plan, int most, int64_t *seeds) {
    const int64_t configuration = largest_configuration(plan), trials = gs_plan_member_count(plan, configuration);
    int found = 0;
    for (int64_t i = 0; i < trials && found < most; i++) {
        gs_settings settings;
        gs_plan_settings(plan, gs_plan_member(plan, configuration, i), &settings);
        bool known = false;
        for (int k = 0; k < found && !known; k++) {
            known = seeds[k] == settings.data_seed;
        }
        if (!known) {
            seeds[found++] = settings.data_seed;
        }
        if (i >= (int64_t)most * most) { // one data set in many trials: it will hardly be another one
            break;
        }
    }
    return found;
}

static gs_status measure(floor_making *making, const gs_data_law *law, int64_t count, const int64_t *seeds, int sets,
                         gs_report_row *row, gs_error *error) {
    const double freedom = (double)law->dimension * (law->dimension + 1) / 2 + law->dimension;
    gs_data_law drawn = *law;
    int64_t right = 0, rejected = 0;
    drawn.n = count;
    for (int i = 0; i < sets; i++) {
        gs_draw_data(&drawn, (uint64_t)seeds[i], count, making->rows);
        const gs_status status =
            gs_check_samples(making->checker, making->rows, count, NULL, NULL, 0, making->check, error);
        if (status != GS_OK) {
            return status;
        }
        right += making->check->covariance_ok;
        rejected += !(gs_chi_squared_p(making->check->lrt_joint, freedom) >= SIGNIFICANCE);
        making->error[i] = making->check->covariance_error;
        making->distance[i] = making->check->frechet_distance;
    }
    gs_sort(making->error, sets);
    gs_sort(making->distance, sets);
    row->trials = row->done = sets;
    row->covariance_ok = gs_share_of(right, sets);
    row->lrt_rejected = gs_share_of(rejected, sets);
    row->median_covariance_error = gs_quantile(making->error, sets, 0.5);
    row->median_frechet_distance = gs_quantile(making->distance, sets, 0.5);
    return GS_OK;
}

gs_status gs_floors_measure(const gs_experiment *experiment, const gs_plan *plan, gs_report_row *ideal,
                            gs_report_row *real_data, gs_error *error) {
    const gs_data_law *law = &experiment->data;
    const int64_t samples = experiment->check_samples, most = samples > law->n ? samples : law->n;
    int64_t seeds[MOST_SETS];
    floor_making making = {.check = gs_check_create(law->dimension),
                           .rows = malloc((size_t)most * (size_t)law->dimension * sizeof(float))};
    const gs_report_row nothing = {.configuration = -1,
                                   .prints_ln2 = gs_share_of(0, 0),
                                   .covariance_ok = gs_share_of(0, 0),
                                   .both = gs_share_of(0, 0),
                                   .lrt_rejected = gs_share_of(0, 0),
                                   .loss_D = {NAN, NAN, NAN, NAN, NAN},
                                   .loss_G = {NAN, NAN, NAN, NAN, NAN},
                                   .loss_D_mean = {NAN, NAN},
                                   .loss_G_mean = {NAN, NAN},
                                   .equivalence_p = {NAN, NAN},
                                   .equivalence_q = {NAN, NAN},
                                   .median_covariance_error = NAN,
                                   .median_frechet_distance = NAN,
                                   .median_kl = NAN,
                                   .median_jsd = NAN,
                                   .median_missed = NAN,
                                   .unstable = gs_share_of(0, 0),
                                   .median_largest_real = NAN,
                                   .median_largest_ratio = NAN};
    *ideal = *real_data = nothing;
    for (int outcome = 0; outcome < GS_OUTCOME_COUNT; outcome++) {
        ideal->outcome[outcome] = real_data->outcome[outcome] = gs_share_of(0, 0);
        ideal->outcome_at_ln2[outcome] = real_data->outcome_at_ln2[outcome] = gs_share_of(0, 0);
    }
    gs_status status = gs_checker_create(experiment, &making.checker, error);
    if (status != GS_OK) {
        making.checker = NULL;
    } else if (making.check == NULL || making.rows == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory for samples of the true law");
    }
    if (status == GS_OK) {
        const int sets = count_sets(law, samples);
        for (int i = 0; i < sets; i++) {
            seeds[i] = INT64_MAX - i; // far from those that sweeps use
        }
        status = measure(&making, law, samples, seeds, sets, ideal, error);
    }
    if (status == GS_OK && law->n > 1) {
        const int sets = gs_floors_data_seeds(plan, count_sets(law, law->n), seeds);
        status = measure(&making, law, law->n, seeds, sets, real_data, error);
    }
    gs_checker_free(making.checker);
    gs_check_free(making.check);
    free(making.rows);
    return status;
}
