#include "report/two_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"
#include "inference/generator.h"
#include "inference/multiple.h"
#include "numeric/quantile.h"
#include "plots/design.h"
#include "report/distribution.h"
#include "report/floors.h"
#include "report/generator_rows.h"
#include "store/results.h"

enum { TRUE_LAW_SETS = 256, MOST_UNTRAINED = 64 /* nets of one kind */ };

const char *const gs_tested_names[GS_TESTED_COUNT] = {
    [GS_NOT_TESTED_PENDING] = "pending",
    [GS_TESTED] = "tested",
    [GS_NOT_TESTED_DIVERGED] = "diverged",
    [GS_NOT_TESTED_NOT_FINITE] = "not_finite",
};

/// Where the generated points of a test come from, and the key of its permutations, whose draw is the trial or the
/// fresh sample.
typedef enum { NETS_TRAINED, NETS_UNTRAINED, NETS_TRUE_LAW, NETS_COUNT } gs_nets;
static const uint64_t SEEDS[NETS_COUNT] = {[NETS_TRAINED] = 2004, [NETS_UNTRAINED] = 2012, [NETS_TRUE_LAW] = 2017};

/// A pair of samples to be tested.
typedef struct {
    gs_nets nets;
    gs_tested_trial *tested; ///< its trial is the number of the fresh sample where the nets are the true law
} gs_job;

/// All the while the tests are made.
typedef struct {
    const gs_results *results;
    const gs_experiment *experiment;
    const gs_plan *plan;
    const gs_two_sample_options *options;
    gs_two_sample_report *report;
    int64_t trials_of_each;
    int64_t data_seeds[TRUE_LAW_SETS]; ///< of the data that fresh samples of the true law stand against
    int threads;
    gs_tested_trial *floors; ///< [job_count - report->tested_count] of untrained nets, then of the true law
    int64_t job_count, finished;
    volatile int halt; ///< set by a failure and by the caller's stop
    gs_status status;  ///< the first failure
    gs_error failure;
} gs_testing;

/// What one thread needs.
typedef struct {
    gs_sample_tests *tests;
    gs_generator_rows *generators;
    float *parameters; ///< of an untrained generator
    float *drawn;      ///< [points x dimension]
    double *x, *y;     ///< [points x dimension]
} gs_hand;

// ---- one pair of samples ----

static void hand_free(gs_hand *hand) {
    gs_sample_tests_free(hand->tests);
    gs_generator_rows_free(hand->generators);
    free(hand->parameters);
    free(hand->drawn);
    free(hand->x);
    free(hand->y);
}

static gs_status hand_create(const gs_testing *testing, gs_hand *hand, gs_error *error) {
    const gs_experiment *experiment = testing->experiment;
    const int64_t points = testing->report->points;
    const size_t numbers = (size_t)points * (size_t)experiment->data.dimension;
    gs_layers largest;
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &largest);
    *hand = (gs_hand){.tests = gs_sample_tests_create(points, experiment->data.dimension),
                      .parameters = malloc((size_t)largest.parameter_count * sizeof(float)),
                      .drawn = malloc(numbers * sizeof(float)),
                      .x = malloc(numbers * sizeof(double)),
                      .y = malloc(numbers * sizeof(double))};
    if (hand->tests == NULL || hand->parameters == NULL || hand->drawn == NULL || hand->x == NULL || hand->y == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory to test samples of %lld points; use fewer threads or points",
                       (long long)points);
    }
    return gs_generator_rows_create(testing->results, &hand->generators, error);
}

/// The drawn points in double precision; false when one is not finite.
static bool take_drawn(const gs_hand *hand, int64_t numbers, double *into) {
    bool finite = true;
    for (int64_t i = 0; i < numbers; i++) {
        into[i] = hand->drawn[i];
        finite = finite && isfinite(into[i]);
    }
    return finite;
}

/// Draws the points that stand against the real ones.
/// @param state  GS_TESTED, or diverged or pending, and nothing is drawn
static gs_status draw_generated(const gs_testing *testing, const gs_job *job, const gs_settings *settings,
                                gs_hand *hand, gs_tested *state, gs_error *error) {
    const gs_experiment *experiment = testing->experiment;
    const int64_t points = testing->report->points, trial = job->tested->trial;
    const float *parameters = hand->parameters;
    *state = GS_TESTED;
    if (job->nets == NETS_TRUE_LAW) {
        gs_real_data(experiment, INT64_MAX - trial, points, hand->drawn); // seeds far from those that sweeps use
        return GS_OK;
    }
    if (job->nets == NETS_UNTRAINED) {
        gs_untrained_generator(experiment, settings, hand->parameters);
    } else {
        unsigned char trial_status;
        const gs_status status = gs_results_read(testing->results, "status", trial, 1, &trial_status, error);
        if (status != GS_OK) {
            return status;
        }
        if (trial_status != GS_DONE) {
            *state = trial_status == GS_DIVERGED ? GS_NOT_TESTED_DIVERGED : GS_NOT_TESTED_PENDING;
            return GS_OK;
        }
        parameters = gs_generator_rows_read(hand->generators, trial, settings, error);
        if (parameters == NULL) {
            return GS_ERROR_RESULTS;
        }
    }
    gs_generator_samples(experiment, settings, parameters, points, hand->drawn);
    return GS_OK;
}

/// @param tested  a copy of the job's trial, to be filled
static gs_status test_job(const gs_testing *testing, const gs_job *job, gs_hand *hand, gs_tested_trial *tested,
                          gs_error *error) {
    const int64_t points = testing->report->points, numbers = points * testing->experiment->data.dimension;
    gs_settings settings = {0};
    if (job->nets == NETS_TRUE_LAW) {
        settings.data_seed = testing->data_seeds[tested->trial];
    } else {
        gs_plan_settings(testing->plan, tested->trial, &settings);
    }
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        tested->tests[test] = (gs_sample_test){NAN, NAN};
    }
    const gs_status status = draw_generated(testing, job, &settings, hand, &tested->state, error);
    if (status != GS_OK || tested->state != GS_TESTED) {
        return status;
    }
    if (!take_drawn(hand, numbers, hand->y)) {
        tested->state = GS_NOT_TESTED_NOT_FINITE;
        return GS_OK;
    }
    gs_real_data(testing->experiment, settings.data_seed, points, hand->drawn);
    if (!take_drawn(hand, numbers, hand->x)) {
        tested->state = GS_NOT_TESTED_NOT_FINITE;
        return GS_OK;
    }
    gs_generator_state state;
    const gsl_rng generator = gs_generator_begin(&state, SEEDS[job->nets], tested->trial);
    gs_sample_tests_run(hand->tests, hand->x, hand->y, testing->report->permutations, &generator, tested->tests);
    return GS_OK;
}

// ---- all of them, on all threads ----

static void fail(gs_testing *testing, gs_status status, const gs_error *error) {
#pragma omp critical(gs_two_sample_failure)
    {
        if (testing->status == GS_OK) {
            testing->status = status;
            testing->failure = *error;
        }
        testing->halt = 1;
    }
}

/// Passes the caller's stop on and reports progress. Not to be called from two threads at once.
static void watch(gs_testing *testing) {
    const gs_two_sample_options *options = testing->options;
    testing->finished++;
    if (options->stop != NULL && *options->stop && !testing->halt) {
        gs_error stopped;
        fail(testing,
             gs_fail(&stopped, GS_ERROR_RUN, "%s: stopped after %lld of %lld two-sample tests", testing->results->path,
                     (long long)testing->finished, (long long)testing->job_count),
             &stopped);
    }
    if (options->progress != NULL) {
        options->progress((double)testing->finished / (double)testing->job_count, options->context);
    }
}

static gs_job job_of(const gs_testing *testing, int64_t index) {
    const int64_t trained = testing->report->tested_count, true_law = testing->job_count - TRUE_LAW_SETS;
    if (index < trained) {
        return (gs_job){NETS_TRAINED, &testing->report->tested[index]};
    }
    return (gs_job){index < true_law ? NETS_UNTRAINED : NETS_TRUE_LAW, &testing->floors[index - trained]};
}

static gs_status test_all(gs_testing *testing, gs_error *error) {
#pragma omp parallel num_threads(testing->threads)
    {
        gs_hand hand;
        gs_error failure;
        gs_status status = hand_create(testing, &hand, &failure);
        if (status != GS_OK) {
            fail(testing, status, &failure);
        }
#pragma omp for schedule(dynamic, 1)
        for (int64_t index = 0; index < testing->job_count; index++) {
            const gs_job job = job_of(testing, index);
            if (testing->halt || job.tested == NULL) { // it never is
                continue;
            }
            gs_tested_trial tested = *job.tested;
            status = test_job(testing, &job, &hand, &tested, &failure);
            *job.tested = tested;
            if (status != GS_OK) {
                fail(testing, status, &failure);
            }
#pragma omp critical(gs_two_sample_watch)
            watch(testing);
        }
        hand_free(&hand);
    }
    return testing->status == GS_OK ? GS_OK : gs_fail(error, testing->status, "%s", testing->failure.message);
}

// ---- which trials ----

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int compare_trials(const void *a, const void *b) {
    const gs_tested_trial *first = a, *second = b;
    return (first->trial > second->trial) - (first->trial < second->trial);
}

/// Trials of a configuration that are tested: the same places in every one of as many trials, hence the same seeds.
static void choose_trials(const gs_plan *plan, const gs_two_sample_row *row, gs_tested_trial *chosen) {
    for (int64_t i = 0; i < row->chosen; i++) {
        chosen[i].trial = gs_plan_member(plan, row->configuration, gs_plots_spread(i, row->trials));
    }
    qsort(chosen, (size_t)row->chosen, sizeof *chosen, compare_trials);
}

/// The row of untrained nets that a configuration is to be compared with: the first one with the same nets.
static int64_t find_untrained(const gs_two_sample_report *report, const gs_settings *settings) {
    int64_t found = 0;
    while (found < report->untrained_count && (report->untrained[found].settings.convention != settings->convention ||
                                               report->untrained[found].settings.latent_dim != settings->latent_dim)) {
        found++;
    }
    return found;
}

static gs_status size_rows(const gs_testing *testing, gs_error *error) {
    gs_two_sample_report *report = testing->report;
    report->rows = calloc((size_t)report->count, sizeof *report->rows);
    report->untrained = calloc((size_t)report->count, sizeof *report->untrained);
    report->untrained_of = calloc((size_t)report->count, sizeof *report->untrained_of);
    if (report->rows == NULL || report->untrained == NULL || report->untrained_of == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for two-sample tests of %lld configurations",
                       (long long)report->count);
    }
    const int64_t first = gs_plan_first_configuration(testing->plan), configurations = report->count;
    report->count = 0; // those that the file has trials of
    for (int64_t i = first; i < first + configurations; i++) {
        gs_two_sample_row *const row = &report->rows[report->count];
        row->configuration = i;
        row->trials = gs_plan_member_count(testing->plan, i);
        if (row->trials == 0) {
            continue;
        }
        row->chosen = smaller(row->trials, testing->trials_of_each);
        gs_plan_configuration_settings(testing->plan, i, &row->settings);
        report->tested_count += row->chosen;
        int64_t *const untrained = &report->untrained_of[report->count++];
        *untrained = find_untrained(report, &row->settings);
        if (*untrained == report->untrained_count) {
            gs_two_sample_row *const nets = &report->untrained[report->untrained_count++];
            *nets = *row;
            nets->chosen = smaller(row->chosen, MOST_UNTRAINED);
        }
    }
    return GS_OK;
}

static void list_floors(gs_testing *testing) {
    const gs_two_sample_report *report = testing->report;
    gs_tested_trial *floor = testing->floors;
    for (int64_t i = 0; i < report->untrained_count; i++) {
        choose_trials(testing->plan, &report->untrained[i], floor);
        floor += report->untrained[i].chosen;
    }
    const int data_sets = gs_floors_data_seeds(testing->plan, TRUE_LAW_SETS, testing->data_seeds);
    for (int i = 0; i < TRUE_LAW_SETS; i++) {
        (floor++)->trial = i;
        if (i >= data_sets) {
            testing->data_seeds[i] = testing->data_seeds[i - data_sets];
        }
    }
    testing->report->data_sets = data_sets;
}

static gs_status list_jobs(gs_testing *testing, gs_error *error) {
    gs_two_sample_report *report = testing->report;
    int64_t floors = TRUE_LAW_SETS;
    for (int64_t i = 0; i < report->untrained_count; i++) {
        floors += report->untrained[i].chosen;
    }
    testing->job_count = report->tested_count + floors;
    report->tested = calloc((size_t)report->tested_count + 1, sizeof *report->tested);
    testing->floors = calloc((size_t)floors, sizeof *testing->floors);
    if (report->tested == NULL || testing->floors == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for two-sample tests of %lld trials; ask for fewer of each",
                       (long long)report->tested_count);
    }
    gs_tested_trial *chosen = report->tested;
    for (int64_t i = 0; i < report->count; i++) {
        choose_trials(testing->plan, &report->rows[i], chosen);
        chosen += report->rows[i].chosen;
    }
    list_floors(testing);
    return GS_OK;
}

// ---- what they say together ----

/// Sums up one test over trials of one row.
/// @param adjusted  [count] p-values, adjusted over whatever they belong to
/// @param work  [count]
static void summarise_test(const gs_tested_trial *tested, int64_t count, gs_sample_test_kind test,
                           const double *adjusted, double *work, gs_test_summary *summary) {
    int64_t defined = 0, rejected = 0;
    summary->discoveries = 0;
    for (int64_t i = 0; i < count; i++) {
        const gs_sample_test *const found = &tested[i].tests[test];
        if (!isnan(found->p)) {
            work[defined++] = found->statistic;
            rejected += found->p <= GS_TWO_SAMPLE_LEVEL;
            summary->discoveries += adjusted[i] <= GS_TWO_SAMPLE_LEVEL;
        }
    }
    summary->median = gs_quantile_of_unsorted(work, defined, 0.5);
    summary->rejected = gs_share_of(rejected, defined);
}

static void count_states(const gs_tested_trial *tested, gs_two_sample_row *row) {
    for (int64_t i = 0; i < row->chosen; i++) {
        row->states[tested[i].state]++;
    }
}

/// Sums up rows whose trials follow each other in `tested`, and all of them together.
/// @param together  may be NULL
static gs_status summarise(const gs_tested_trial *tested, gs_two_sample_row *rows, int64_t row_count,
                           gs_two_sample_row *together, gs_error *error) {
    int64_t count = 0;
    for (int64_t i = 0; i < row_count; i++) {
        count_states(tested + count, &rows[i]);
        count += rows[i].chosen;
    }
    double *adjusted = malloc(((size_t)count + 1) * sizeof *adjusted),
           *work = malloc(((size_t)count + 1) * sizeof *work);
    bool complete = adjusted != NULL && work != NULL;
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT && complete; test++) {
        for (int64_t i = 0; i < count; i++) {
            adjusted[i] = tested[i].tests[test].p;
        }
        complete = gs_adjust_p(adjusted, count);
        int64_t first = 0;
        for (int64_t i = 0; i < row_count && complete; i++) {
            summarise_test(tested + first, rows[i].chosen, (gs_sample_test_kind)test, adjusted + first, work,
                           &rows[i].tests[test]);
            first += rows[i].chosen;
        }
        if (together != NULL && complete) {
            summarise_test(tested, count, (gs_sample_test_kind)test, adjusted, work, &together->tests[test]);
        }
    }
    free(adjusted);
    free(work);
    return complete ? GS_OK
                    : gs_fail(error, GS_ERROR_RUN, "out of memory for the p-values of %lld trials", (long long)count);
}

static gs_status summarise_all(const gs_testing *testing, gs_error *error) {
    gs_two_sample_report *report = testing->report;
    report->sweep = (gs_two_sample_row){.configuration = -1, .settings = report->rows[0].settings};
    report->true_law = report->sweep;
    report->true_law.trials = report->true_law.chosen = TRUE_LAW_SETS;
    gs_status status = summarise(report->tested, report->rows, report->count, &report->sweep, error);
    for (int64_t i = 0; i < report->count; i++) {
        report->sweep.trials += report->rows[i].trials;
        report->sweep.chosen += report->rows[i].chosen;
        for (int state = 0; state < GS_TESTED_COUNT; state++) {
            report->sweep.states[state] += report->rows[i].states[state];
        }
    }
    const gs_tested_trial *floor = testing->floors;
    for (int64_t i = 0; i < report->untrained_count && status == GS_OK; i++) {
        gs_two_sample_row *const nets = &report->untrained[i];
        status = summarise(floor, nets, 1, NULL, error);
        floor += nets->chosen;
        nets->trials = nets->chosen;
        nets->configuration = -1;
    }
    return status == GS_OK ? summarise(floor, &report->true_law, 1, NULL, error) : status;
}

// ---- the whole ----

static gs_status make(gs_testing *testing, gs_error *error) {
    gs_status status = gs_results_require_numerics(testing->results, error);
    if (status == GS_OK && testing->report->points < GS_FEWEST_POINTS) {
        status = gs_fail(error, GS_ERROR_INPUT,
                         "%s: its data have %lld rows; two-sample tests need at least %d points of each sample",
                         testing->results->path, (long long)testing->report->points, GS_FEWEST_POINTS);
    }
    if (status == GS_OK) {
        status = size_rows(testing, error);
    }
    if (status == GS_OK) {
        status = list_jobs(testing, error);
    }
    if (status == GS_OK) {
        status = test_all(testing, error);
    }
    return status == GS_OK ? summarise_all(testing, error) : status;
}

gs_status gs_two_sample_create(const gs_results *results, const gs_two_sample_options *options,
                               gs_two_sample_report **report, gs_error *error) {
    gs_testing testing = {.results = results,
                          .experiment = gs_results_experiment(results),
                          .plan = gs_results_plan(results),
                          .options = options,
                          .report = calloc(1, sizeof **report)};
    if (testing.report == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a report");
    }
    const gs_run_options threads = {.threads = options->threads};
    const int64_t configurations = gs_plan_configuration_count(testing.plan);
    testing.threads = gs_run_threads(&threads);
    const int64_t preset = GS_TWO_SAMPLE_TRIALS / configurations;
    testing.trials_of_each = options->trials > 0 ? options->trials : preset > 0 ? preset : 1;
    testing.report->count = configurations;
    testing.report->points = smaller(options->points, testing.experiment->data.n);
    testing.report->permutations = options->permutations;
    const gs_status status = make(&testing, error);
    free(testing.floors);
    if (status != GS_OK) {
        gs_two_sample_free(testing.report);
        return status;
    }
    *report = testing.report;
    return GS_OK;
}

void gs_two_sample_free(gs_two_sample_report *report) {
    if (report != NULL) {
        free(report->rows);
        free(report->untrained);
        free(report->untrained_of);
        free(report->tested);
        free(report);
    }
}
