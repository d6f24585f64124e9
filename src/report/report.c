#include "gansweep/report.h"

#include <math.h>
#include <stdlib.h>

#include "gansweep/run.h"
#include "report/baseline.h"
#include "report/column.h"
#include "numeric/quantile.h"
#include "report/distribution.h"
#include "report/effects.h"
#include "report/equilibrium.h"
#include "report/floors.h"
#include "report/response.h"
#include "inference/rank.h"

static const double SIGNIFICANCE = 0.05; // of lrt_rejected

enum { MOST_PAIRS = 1 << 17 };

const double gs_margins[GS_MARGIN_COUNT] = {0.0005, 0.005};

/// What is remembered of each trial of a configuration while its quantities are read one after another.
enum { FINISHED = 1, CONVERGED = 2, PRINTS_LN2 = 4 };

/// Trials whose losses and covariances are compared: every `step`-th of all that pass by.
typedef struct {
    double *distance, *error; ///< [MOST_PAIRS] from the equilibrium; of the covariance
    int64_t *data_seed;       ///< [MOST_PAIRS]: trials with the same data are not independent
    int64_t count, step, passed;
} gs_pairs;

/// Trials of one source, all of one configuration, with memory for them: those of `plan`, or the source's first
/// ones when that is NULL.
typedef struct {
    gs_quantity_reader *read;
    void *source;
    const gs_plan *plan;
    int64_t configuration, count;
    int64_t epochs;           ///< that these trials are trained for
    unsigned char *marks;     ///< [count]
    double *values, *partner; ///< [count] the quantity being read, and the one that belongs to it
    double *distance;         ///< [count] of the last losses from ln 2
    int64_t *data_seed;       ///< [count]
    gs_equilibrium *equilibrium;
    gs_pairs *pairs; ///< NULL: these trials are not among those that are compared
} gs_range;

static gs_status read_all(const gs_range *range, gs_quantity quantity, double *into, gs_error *error) {
    gs_status status = GS_OK;
    for (int64_t i = 0, together; i < range->count && status == GS_OK; i += together) {
        const int64_t first = range->plan == NULL ? 0 : gs_plan_member(range->plan, range->configuration, i);
        together = range->plan == NULL ? range->count : gs_plan_run_from(range->plan, first);
        status = range->read(range->source, quantity, range->epochs, first, together, into + i, error);
    }
    return status;
}

/// Moves the values of the trials that did not diverge, and for which the quantity is defined, to the front.
static int64_t gather_defined(const gs_range *range, double *values) {
    int64_t defined = 0;
    for (int64_t i = 0; i < range->count; i++) {
        if ((range->marks[i] & CONVERGED) && !isnan(values[i])) {
            values[defined++] = values[i];
        }
    }
    return defined;
}

static gs_status count_trials(const gs_range *range, gs_report_row *row, gs_error *error) {
    const gs_status status = read_all(range, GS_QUANTITY_STATUS, range->values, error);
    if (status != GS_OK) {
        return status;
    }
    row->trials = range->count;
    for (int64_t i = 0; i < range->count; i++) {
        const bool done = range->values[i] == GS_DONE, diverged = range->values[i] == GS_DIVERGED;
        row->done += done;
        row->diverged += diverged;
        range->marks[i] = (unsigned char)((done ? FINISHED | CONVERGED : 0) | (diverged ? FINISHED : 0));
    }
    row->pending = row->trials - row->done - row->diverged;
    return GS_OK;
}

static gs_status summarise_losses(const gs_range *range, gs_report_row *row, gs_error *error) {
    double *loss_D = range->values, *loss_G = range->partner;
    gs_status status = read_all(range, GS_QUANTITY_LOSS_D, loss_D, error);
    if (status == GS_OK) {
        status = read_all(range, GS_QUANTITY_LOSS_G, loss_G, error);
    }
    if (status != GS_OK) {
        return status;
    }
    int64_t prints = 0, done = 0;
    for (int64_t i = 0; i < range->count; i++) {
        range->distance[i] = gs_loss_distance(row->settings.generator_loss, loss_D[i], loss_G[i]);
        if ((range->marks[i] & FINISHED) &&
            gs_prints_ln2(row->settings.generator_loss, (float)loss_D[i], (float)loss_G[i])) {
            range->marks[i] |= PRINTS_LN2;
            prints++;
        }
    }
    row->prints_ln2 = gs_share_of(prints, row->done + row->diverged);
    for (int64_t i = 0; i < range->count; i++) {
        if (range->marks[i] & CONVERGED) {
            loss_D[done] = loss_D[i];
            loss_G[done] = loss_G[i];
            range->data_seed[done++] = range->data_seed[i];
        }
    }
    gs_equilibrium_judge(range->equilibrium, loss_D, loss_G, range->data_seed, done, row);
    row->loss_D = gs_distribution_of(loss_D, done);
    row->loss_G = gs_distribution_of(loss_G, done);
    return GS_OK;
}

static gs_status summarise_covariance(const gs_range *range, gs_report_row *row, gs_error *error) {
    const gs_status status = read_all(range, GS_QUANTITY_COVARIANCE_OK, range->values, error);
    if (status != GS_OK) {
        return status;
    }
    int64_t right = 0, both = 0;
    for (int64_t i = 0; i < range->count; i++) {
        const bool ok = (range->marks[i] & FINISHED) && range->values[i] != 0;
        right += ok;
        both += ok && (range->marks[i] & PRINTS_LN2);
    }
    row->covariance_ok = gs_share_of(right, row->done + row->diverged);
    row->both = gs_share_of(both, row->done + row->diverged);
    return GS_OK;
}

static gs_status count_outcomes(const gs_range *range, gs_report_row *row, gs_error *error) {
    const gs_status status = read_all(range, GS_QUANTITY_OUTCOME, range->values, error);
    if (status != GS_OK) {
        return status;
    }
    int64_t counts[GS_OUTCOME_COUNT] = {0}, at_ln2[GS_OUTCOME_COUNT] = {0};
    for (int64_t i = 0; i < range->count; i++) {
        const bool known = range->values[i] > GS_OUTCOME_PENDING && range->values[i] < GS_OUTCOME_COUNT;
        if ((range->marks[i] & FINISHED) && known) {
            counts[(int)range->values[i]]++;
            at_ln2[(int)range->values[i]] += (range->marks[i] & PRINTS_LN2) != 0;
        }
    }
    for (int outcome = 0; outcome < GS_OUTCOME_COUNT; outcome++) {
        row->outcome[outcome] = gs_share_of(counts[outcome], row->done + row->diverged);
        row->outcome_at_ln2[outcome] = gs_share_of(at_ln2[outcome], row->prints_ln2.count);
    }
    return GS_OK;
}

/// A trial without a finite sample has no statistic, and no law of its own that could be right: it counts as rejected.
static gs_status summarise_tests(const gs_range *range, int dimension, gs_report_row *row, gs_error *error) {
    const gs_status status = read_all(range, GS_QUANTITY_LRT_JOINT, range->values, error);
    if (status != GS_OK) {
        return status;
    }
    const double freedom = (double)dimension * (dimension + 1) / 2 + dimension;
    int64_t rejected = 0;
    for (int64_t i = 0; i < range->count; i++) {
        const bool accepted = gs_chi_squared_p(range->values[i], freedom) >= SIGNIFICANCE;
        rejected += (range->marks[i] & FINISHED) && !accepted;
    }
    row->lrt_rejected = gs_share_of(rejected, row->done + row->diverged);
    return GS_OK;
}

/// Adds the trials that are compared.
static void compare_trials(const gs_range *range, gs_pairs *pairs) {
    int64_t done = 0; // data seeds are those of the trials that are done alone
    for (int64_t i = 0; i < range->count; i++) {
        if (!(range->marks[i] & CONVERGED)) {
            continue;
        }
        const int64_t data_seed = range->data_seed[done++];
        if (pairs->passed++ % pairs->step == 0 && !isnan(range->values[i])) {
            pairs->distance[pairs->count] = range->distance[i];
            pairs->data_seed[pairs->count] = data_seed;
            pairs->error[pairs->count++] = range->values[i];
        }
    }
}

static gs_status find_median(const gs_range *range, gs_quantity quantity, double *median, gs_error *error) {
    const gs_status status = read_all(range, quantity, range->values, error);
    if (status == GS_OK) {
        if (quantity == GS_QUANTITY_COVARIANCE_ERROR && range->pairs != NULL) {
            compare_trials(range, range->pairs);
        }
        const int64_t count = gather_defined(range, range->values);
        gs_sort(range->values, count);
        *median = gs_quantile(range->values, count, 0.5);
    }
    return status;
}

/// How much of the best discriminator's advantage the trained one misses.
static gs_status summarise_divergence(const gs_range *range, gs_report_row *row, gs_error *error) {
    gs_status status = find_median(range, GS_QUANTITY_JSD, &row->median_jsd, error);
    if (status == GS_OK) {
        status = read_all(range, GS_QUANTITY_JSD, range->values, error);
    }
    if (status == GS_OK) {
        status = read_all(range, GS_QUANTITY_END_LOSS_D, range->partner, error);
    }
    if (status == GS_OK) {
        for (int64_t i = 0; i < range->count; i++) {
            range->values[i] += range->partner[i] - M_LN2;
        }
        const int64_t count = gather_defined(range, range->values);
        gs_sort(range->values, count);
        row->median_missed = gs_quantile(range->values, count, 0.5);
    }
    return status;
}

static gs_status summarise_stability(const gs_range *range, gs_report_row *row, gs_error *error) {
    gs_status status = read_all(range, GS_QUANTITY_LARGEST_REAL, range->values, error);
    if (status != GS_OK) {
        return status;
    }
    int64_t unstable = 0;
    const int64_t count = gather_defined(range, range->values);
    for (int64_t i = 0; i < count; i++) {
        unstable += range->values[i] > GS_UNSTABLE;
    }
    row->unstable = gs_share_of(unstable, count);
    gs_sort(range->values, count);
    row->median_largest_real = gs_quantile(range->values, count, 0.5);
    return find_median(range, GS_QUANTITY_LARGEST_RATIO, &row->median_largest_ratio, error);
}

static gs_status summarise(const gs_range *range, int dimension, gs_report_row *row, gs_error *error) {
    gs_status status = count_trials(range, row, error);
    if (status == GS_OK) {
        status = summarise_losses(range, row, error);
    }
    if (status == GS_OK) {
        status = summarise_covariance(range, row, error);
    }
    if (status == GS_OK) {
        status = count_outcomes(range, row, error);
    }
    if (status == GS_OK) {
        status = summarise_tests(range, dimension, row, error);
    }
    if (status == GS_OK) {
        status = find_median(range, GS_QUANTITY_COVARIANCE_ERROR, &row->median_covariance_error, error);
    }
    if (status == GS_OK) {
        status = find_median(range, GS_QUANTITY_FRECHET_DISTANCE, &row->median_frechet_distance, error);
    }
    if (status == GS_OK) {
        status = find_median(range, GS_QUANTITY_KL, &row->median_kl, error);
    }
    if (status == GS_OK) {
        status = summarise_divergence(range, row, error);
    }
    if (status == GS_OK) {
        status = summarise_stability(range, row, error);
    }
    return status;
}

/// All the while a report is made.
typedef struct {
    const gs_experiment *experiment;
    const gs_plan *plan;
    gs_report *report;
    gs_baseline **baselines; ///< [report->baseline_count]
    int64_t baseline_capacity;
    gs_range range; ///< its memory is room for one configuration or one baseline
    gs_pairs pairs;
} gs_making;

static gs_status summarise_row(gs_making *making, gs_report_row *row, gs_error *error) {
    gs_range range = making->range;
    range.plan = making->plan;
    range.configuration = row->configuration;
    range.count = gs_plan_member_count(making->plan, row->configuration);
    gs_plan_configuration_settings(making->plan, row->configuration, &row->settings);
    range.epochs = row->settings.epochs;
    for (int64_t i = 0; i < range.count; i++) {
        gs_settings settings;
        gs_plan_settings(making->plan, gs_plan_member(making->plan, row->configuration, i), &settings);
        range.data_seed[i] = settings.data_seed;
    }
    return summarise(&range, making->experiment->data.dimension, row, error);
}

/// A new, empty baseline at the end of the list; NULL when out of memory.
static gs_baseline *new_baseline(gs_making *making) {
    gs_report *report = making->report;
    if (report->baseline_count == making->baseline_capacity) {
        const int64_t capacity = 2 * making->baseline_capacity + 8;
        gs_baseline **larger = realloc(making->baselines, (size_t)capacity * sizeof(gs_baseline *));
        if (larger == NULL) {
            return NULL;
        }
        making->baselines = larger;
        making->baseline_capacity = capacity;
    }
    gs_baseline *baseline = malloc(sizeof *baseline);
    if (baseline != NULL) {
        gs_baseline_start(baseline, making->experiment);
        making->baselines[report->baseline_count++] = baseline;
    }
    return baseline;
}

/// Finds or begins the baseline of a row, and lets the row's seeds join it.
static gs_status join_baseline(gs_making *making, int64_t index, gs_error *error) {
    gs_report *report = making->report;
    const gs_report_row *row = &report->rows[index];
    int64_t found = 0;
    while (found < report->baseline_count && !gs_baseline_is_for(making->baselines[found], &row->settings)) {
        found++;
    }
    gs_baseline *baseline = found < report->baseline_count ? making->baselines[found] : new_baseline(making);
    if (baseline == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the untrained baseline");
    }
    report->baseline_of[index] = found;
    if (!baseline->complete) {
        gs_baseline_add(baseline, making->plan, row->configuration);
    }
    return GS_OK;
}

static gs_status measure_baselines(gs_making *making, gs_error *error) {
    gs_report *report = making->report;
    if (report->baseline_count == 0 || making->baselines == NULL) {
        return GS_OK;
    }
    report->baselines = calloc((size_t)report->baseline_count, sizeof *report->baselines);
    if (report->baselines == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the untrained baseline");
    }
    gs_status status = GS_OK;
    for (int64_t i = 0; i < report->baseline_count && status == GS_OK; i++) {
        gs_baseline *baseline = making->baselines[i];
        gs_range range = making->range;
        range.read = gs_baseline_read;
        range.source = baseline;
        range.count = baseline->count;
        range.pairs = NULL;
        for (int64_t trial = 0; trial < range.count; trial++) {
            range.data_seed[trial] = baseline->settings[trial].data_seed;
        }
        report->baselines[i].configuration = -1;
        report->baselines[i].settings = baseline->settings[0];
        status = gs_baseline_measure(baseline, making->experiment, error);
        if (status == GS_OK) {
            status = summarise(&range, making->experiment->data.dimension, &report->baselines[i], error);
        }
    }
    if (status == GS_OK && !gs_equilibrium_adjust(report->baselines, report->baseline_count)) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory for the p-values");
    }
    return status;
}

/// Of the trials that were compared; an order of distances is their ranks', so that it may be on any scale.
static gs_status correlate(gs_report *report, const gs_pairs *pairs, gs_error *error) {
    double *work = malloc((2 * (size_t)pairs->count + 1) * sizeof *work);
    size_t *orders = malloc((2 * (size_t)pairs->count + 1) * sizeof *orders);
    if (work == NULL || orders == NULL) {
        free(work);
        free(orders);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a rank correlation");
    }
    const gs_rank_correlation found =
        gs_rank_correlate_clusters(pairs->distance, pairs->error, pairs->data_seed, pairs->count, work, orders);
    report->error_correlation = found.correlation;
    report->error_correlation_low = found.interval.low;
    report->error_correlation_high = found.interval.high;
    report->correlated = pairs->count;
    free(work);
    free(orders);
    return GS_OK;
}

static gs_status make_rows(gs_making *making, gs_error *error) {
    gs_report *report = making->report;
    gs_status status = GS_OK;
    for (int64_t i = 0; i < report->count && status == GS_OK; i++) {
        status = summarise_row(making, &report->rows[i], error);
        if (status == GS_OK) {
            status = join_baseline(making, i, error);
        }
    }
    if (status == GS_OK && !gs_equilibrium_adjust(report->rows, report->count)) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory for the p-values");
    }
    return status;
}

/// The configurations that the file has trials of: a row each; false when out of memory.
/// @param most  filled with the trials of the largest
static bool begin_rows(gs_making *making, int64_t *most) {
    gs_report *report = making->report;
    const int64_t first = gs_plan_first_configuration(making->plan), count = gs_plan_configuration_count(making->plan);
    int64_t rows = 0;
    *most = 0;
    report->rows = calloc((size_t)count, sizeof *report->rows);
    report->baseline_of = calloc((size_t)count, sizeof *report->baseline_of);
    for (int64_t i = 0; i < count && report->rows != NULL; i++) {
        const int64_t trials = gs_plan_member_count(making->plan, first + i);
        if (trials > 0) {
            report->rows[rows++].configuration = first + i;
        }
        *most = trials > *most ? trials : *most;
    }
    report->count = rows;
    return report->rows != NULL && report->baseline_of != NULL;
}

static gs_status make(gs_making *making, gs_error *error) {
    gs_report *report = making->report;
    int64_t most;
    const int64_t all = gs_plan_trial_count(making->plan);
    const bool begun = begin_rows(making, &most);
    const int64_t room = most > GS_BASELINE_TRIALS ? most : GS_BASELINE_TRIALS;
    gs_range *range = &making->range;
    range->marks = malloc((size_t)room);
    range->values = malloc((size_t)room * sizeof *range->values);
    range->partner = malloc((size_t)room * sizeof *range->partner);
    range->distance = malloc((size_t)room * sizeof *range->distance);
    range->data_seed = malloc((size_t)room * sizeof *range->data_seed);
    range->equilibrium = gs_equilibrium_create(room, all, report->count);
    gs_pairs *pairs = &making->pairs;
    pairs->step = (all + MOST_PAIRS - 1) / MOST_PAIRS;
    const size_t most_pairs = 1 + (size_t)(all < MOST_PAIRS ? all : MOST_PAIRS);
    pairs->distance = malloc(most_pairs * sizeof *pairs->distance);
    pairs->error = malloc(most_pairs * sizeof *pairs->error);
    pairs->data_seed = malloc(most_pairs * sizeof *pairs->data_seed);
    range->pairs = pairs;
    if (!begun || range->marks == NULL || range->values == NULL || range->partner == NULL || range->distance == NULL ||
        range->data_seed == NULL || range->equilibrium == NULL || pairs->distance == NULL || pairs->error == NULL ||
        pairs->data_seed == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a report of %lld configurations of up to %lld trials",
                       (long long)report->count, (long long)most);
    }
    report->trials = gs_plan_part(making->plan);
    report->experiment_trials = gs_plan_experiment_trials(making->plan);
    gs_status status = make_rows(making, error);
    if (status == GS_OK) {
        status = correlate(report, pairs, error);
    }
    if (status == GS_OK) {
        gs_report_row ideal, real_data;
        status = gs_floors_measure(making->experiment, making->plan, &ideal, &real_data, error);
        report->ideal = ideal;
        report->real_data = real_data;
    }
    return status == GS_OK ? measure_baselines(making, error) : status;
}

gs_status gs_report_create(const gs_results *results, gs_report **report, gs_error *error) {
    gs_making making = {.experiment = gs_results_experiment(results),
                        .plan = gs_results_plan(results),
                        .report = calloc(1, sizeof(gs_report))};
    gs_columns *columns;
    gs_status status;
    if (making.report == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a report");
    }
    status = gs_columns_create(results, &columns, error);
    if (status != GS_OK) {
        goto free_report;
    }
    making.range.read = gs_columns_read;
    making.range.source = columns;
    status = make(&making, error);

    for (int64_t i = 0; making.baselines != NULL && i < making.report->baseline_count; i++) {
        free(making.baselines[i]);
    }
    free(making.baselines);
    free(making.range.marks);
    free(making.range.values);
    free(making.range.partner);
    free(making.range.distance);
    free(making.range.data_seed);
    gs_equilibrium_free(making.range.equilibrium);
    free(making.pairs.distance);
    free(making.pairs.error);
    free(making.pairs.data_seed);
    if (status == GS_OK) {
        status =
            gs_effects_measure(columns, making.experiment, making.plan, making.report, &making.report->effects, error);
    }
    gs_columns_free(columns);
free_report:
    if (status == GS_OK) {
        *report = making.report;
    } else {
        gs_report_free(making.report);
    }
    return status;
}

void gs_report_free(gs_report *report) {
    if (report == NULL) {
        return;
    }
    free(report->rows);
    free(report->baselines);
    free(report->baseline_of);
    gs_effects_free(report->effects);
    free(report);
}
