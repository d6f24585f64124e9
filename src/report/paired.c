#include "report/paired.h"

#include <errno.h>
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"
#include "inference/bootstrap.h"
#include "numeric/format.h"
#include "report/column.h"
#include "report/distribution.h"
#include "report/export.h"
#include "report/fields.h"

enum { RESAMPLES = 10000, MANY_UNITS = 100000, RESAMPLES_OF_MANY = 1000 };
static const double CONFIDENCE = 0.95;
static const uint64_t SEED = 1987; // of the resamples

const char *const gs_paired_names[GS_PAIRED_COUNT] = {
    "loss_D", "loss_G", "covariance_error", "frechet_distance", "prints_ln2", "covariance_ok",
};

/// A trial of one of the configurations.
typedef struct {
    int64_t data_seed, seed, shuffle_seed, trial;
} seeded_trial;

/// Two trials with the same seeds.
typedef struct {
    int64_t data_seed, trial[2];
    bool diverged[2];
} trial_pair;

/// The same order in both configurations, trials of the same data side by side.
static int compare_seeds(const void *a, const void *b) {
    const seeded_trial *first = a, *second = b;
    const int64_t keys[3][2] = {{first->data_seed, second->data_seed},
                                {first->seed, second->seed},
                                {first->shuffle_seed, second->shuffle_seed}};
    for (int key = 0; key < 3; key++) {
        if (keys[key][0] != keys[key][1]) {
            return keys[key][0] > keys[key][1] ? 1 : -1;
        }
    }
    return 0;
}

/// The trials of a configuration by their seeds; NULL when out of memory.
static seeded_trial *list_trials(const gs_plan *plan, int64_t configuration, int64_t count) {
    seeded_trial *list = malloc(((size_t)count + 1) * sizeof *list);
    for (int64_t i = 0; list != NULL && i < count; i++) {
        gs_settings settings;
        const int64_t trial = gs_plan_member(plan, configuration, i);
        gs_plan_settings(plan, trial, &settings);
        list[i] = (seeded_trial){settings.data_seed, settings.seed, settings.shuffle_seed, trial};
    }
    if (list != NULL) {
        qsort(list, (size_t)count, sizeof *list, compare_seeds);
    }
    return list;
}

/// Pairs of trials with the same seeds.
/// @param pairs  the caller frees it; NULL when out of memory
static int64_t find_pairs(const gs_plan *plan, const int64_t configurations[2], trial_pair **pairs) {
    const int64_t counts[2] = {gs_plan_member_count(plan, configurations[0]),
                               gs_plan_member_count(plan, configurations[1])};
    seeded_trial *first = list_trials(plan, configurations[0], counts[0]);
    seeded_trial *second = list_trials(plan, configurations[1], counts[1]);
    int64_t found = 0;
    *pairs = calloc((size_t)counts[0] + 1, sizeof **pairs);
    if (first == NULL || second == NULL) {
        free(*pairs);
        *pairs = NULL;
    }
    for (int64_t i = 0, j = 0; *pairs != NULL && i < counts[0] && j < counts[1];) {
        const int order = compare_seeds(&first[i], &second[j]);
        if (order == 0) {
            (*pairs)[found++] = (trial_pair){first[i].data_seed, {first[i].trial, second[j].trial}, {false, false}};
        }
        i += order <= 0;
        j += order >= 0;
    }
    free(first);
    free(second);
    return found;
}

/// One stored quantity of all pairs' trials of one configuration. One side after the other: the windows of a results
/// file go along with one of them at a time.
/// @param values  [count]
static gs_status read_side(gs_columns *columns, gs_quantity quantity, const trial_pair *pairs, int64_t count, int side,
                           const gs_settings *settings, double *values, gs_error *error) {
    gs_status status = GS_OK;
    for (int64_t i = 0; i < count && status == GS_OK; i++) {
        status = gs_columns_read(columns, quantity, settings->epochs, pairs[i].trial[side], 1, &values[i], error);
    }
    return status;
}

/// Work space of a comparison.
typedef struct {
    trial_pair *done;             ///< [pairs] of which no trial diverged
    double *values[2], *losses_G; ///< [pairs] of each side; of the side that is being read
    double *difference, *trials;  ///< [units] summed over the pairs of one data set
    double *replicates;           ///< [RESAMPLES]
} paired_space;

static void free_space(paired_space *space) {
    free(space->done);
    free(space->values[0]);
    free(space->values[1]);
    free(space->losses_G);
    free(space->difference);
    free(space->trials);
    free(space->replicates);
}

static gs_status new_space(int64_t pairs, paired_space *space, gs_error *error) {
    const size_t count = (size_t)pairs + 1;
    *space = (paired_space){
        calloc(count, sizeof(trial_pair)), {calloc(count, sizeof(double)), calloc(count, sizeof(double))},
        calloc(count, sizeof(double)),     calloc(count, sizeof(double)),
        calloc(count, sizeof(double)),     calloc(RESAMPLES, sizeof(double))};
    return space->done != NULL && space->values[0] != NULL && space->values[1] != NULL && space->losses_G != NULL &&
                   space->difference != NULL && space->trials != NULL && space->replicates != NULL
               ? GS_OK
               : gs_fail(error, GS_ERROR_RUN, "out of memory to compare %lld pairs of trials", (long long)pairs);
}

/// Keeps the pairs of which both trials are finished, and lists those of which both are done.
static gs_status keep_finished(gs_columns *columns, trial_pair *pairs, const paired_space *space, gs_paired *paired,
                               gs_error *error) {
    gs_status status = GS_OK;
    for (int side = 0; side < 2 && status == GS_OK; side++) {
        status = read_side(columns, GS_QUANTITY_STATUS, pairs, paired->common, side, &paired->settings[side],
                           space->values[side], error);
    }
    for (int64_t i = 0; i < paired->common && status == GS_OK; i++) {
        trial_pair pair = pairs[i];
        bool finished = true;
        for (int side = 0; side < 2; side++) {
            pair.diverged[side] = space->values[side][i] == GS_DIVERGED;
            finished = finished && (pair.diverged[side] || space->values[side][i] == GS_DONE);
        }
        if (finished) {
            pairs[paired->finished++] = pair;
        }
        if (finished && !pair.diverged[0] && !pair.diverged[1]) {
            space->done[paired->done++] = pair;
        }
    }
    return status;
}

static bool is_share(gs_paired_quantity quantity) {
    return quantity == GS_PAIRED_PRINTS_LN2 || quantity == GS_PAIRED_COVARIANCE_OK;
}

/// A compared quantity of one side, as numbers.
static gs_status read_quantity(gs_columns *columns, gs_paired_quantity quantity, const trial_pair *pairs, int64_t count,
                               int side, const gs_settings *settings, const paired_space *space, gs_error *error) {
    static const gs_quantity stored[GS_PAIRED_COUNT] = {
        GS_QUANTITY_LOSS_D,           GS_QUANTITY_LOSS_G, GS_QUANTITY_COVARIANCE_ERROR,
        GS_QUANTITY_FRECHET_DISTANCE, GS_QUANTITY_LOSS_D, GS_QUANTITY_COVARIANCE_OK,
    };
    double *values = space->values[side];
    gs_status status = read_side(columns, stored[quantity], pairs, count, side, settings, values, error);
    if (status == GS_OK && quantity == GS_PAIRED_PRINTS_LN2) {
        status = read_side(columns, GS_QUANTITY_LOSS_G, pairs, count, side, settings, space->losses_G, error);
        for (int64_t i = 0; i < count; i++) {
            values[i] = gs_prints_ln2(settings->generator_loss, (float)values[i], (float)space->losses_G[i]);
        }
    }
    for (int64_t i = 0; i < count && is_share(quantity); i++) {
        values[i] = pairs[i].diverged[side] ? 0 : values[i];
    }
    return status;
}

/// Sums the differences over the pairs of each data set; returns the number of these.
static int64_t sum_units(const trial_pair *pairs, int64_t count, const paired_space *space) {
    int64_t units = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i == 0 || pairs[i].data_seed != pairs[i - 1].data_seed) {
            space->difference[units] = space->trials[units] = 0;
            units++;
        }
        space->difference[units - 1] += space->values[1][i] - space->values[0][i];
        space->trials[units - 1]++;
    }
    return units;
}

/// Whether the mean difference is the same in all units: then resamples of them are all equal, and say nothing of how
/// far it would be from that of other seeds.
static bool are_equal(const gs_units *units) {
    bool equal = true;
    for (int64_t i = 1; i < units->count && equal; i++) {
        equal = units->sums[0][i] * units->trials[0] == units->sums[0][0] * units->trials[i];
    }
    return equal;
}

/// Of shares whose difference is the same in all units: as if the pairs of one unit were one pair.
static gs_mean_interval interval_of_shares(const paired_space *space, const gs_paired_difference *found) {
    gs_paired_counts counts = {0};
    const double weight = (double)found->units / (double)found->pairs;
    for (int64_t i = 0; i < found->pairs; i++) {
        const bool first = space->values[0][i] != 0, second = space->values[1][i] != 0;
        *(first    ? second ? &counts.both : &counts.only_first
          : second ? &counts.only_second
                   : &counts.neither) += weight;
    }
    return gs_paired_shares_interval(&counts);
}

static void judge_equal(gs_paired_quantity quantity, const paired_space *space, gs_paired_difference *found) {
    if (is_share(quantity)) {
        found->interval = interval_of_shares(space, found);
    }
    found->p = found->difference == 0 ? 1 : ldexp(1, 1 - (int)fmin((double)found->units, -DBL_MIN_EXP));
}

static void judge(gs_paired_quantity quantity, const gs_units *units, const paired_space *space,
                  gs_paired_difference *found) {
    found->difference = gs_units_mean(units, 0);
    found->interval = (gs_mean_interval){NAN, NAN};
    found->p = NAN;
    if (units->count < 2 || !isfinite(found->difference)) {
        return;
    }
    if (are_equal(units)) {
        judge_equal(quantity, space, found);
        return;
    }
    const gs_run_options presets = {0};
    const double error = gs_units_standard_error(units, 0);
    const int64_t resamples = units->count > MANY_UNITS ? RESAMPLES_OF_MANY : RESAMPLES;
    if (units->count >= GS_UNITS_FOR_BCA) {
        gs_bootstrap_means(units, resamples, SEED, gs_run_threads(&presets),
                           (double *const[GS_MOST_MEANS]){space->replicates});
    }
    const gs_interval interval = gs_units_interval(units, 0, space->replicates, resamples, CONFIDENCE);
    found->interval = (gs_mean_interval){interval.low, interval.high};
    found->p = 2 * gsl_cdf_tdist_Q(fabs(found->difference) / error, (double)units->count - 1);
}

static gs_status compare_quantities(gs_columns *columns, const trial_pair *finished, const paired_space *space,
                                    gs_paired *paired, gs_error *error) {
    gs_status status = GS_OK;
    for (int i = 0; i < GS_PAIRED_COUNT && status == GS_OK; i++) {
        const gs_paired_quantity quantity = (gs_paired_quantity)i;
        gs_paired_difference *found = &paired->differences[i];
        const trial_pair *pairs = is_share(quantity) ? finished : space->done;
        found->pairs = is_share(quantity) ? paired->finished : paired->done;
        for (int side = 0; side < 2 && status == GS_OK; side++) {
            status = read_quantity(columns, quantity, pairs, found->pairs, side, &paired->settings[side], space, error);
        }
        found->units = sum_units(pairs, found->pairs, space);
        found->first = gs_mean_of(space->values[0], found->pairs);
        found->second = gs_mean_of(space->values[1], found->pairs);
        const gs_units units = {
            .count = found->units, .mean_count = 1, .sums = {space->difference}, .trials = space->trials};
        judge(quantity, &units, space, found);
    }
    return status;
}

static gs_status compare_pairs(gs_columns *columns, trial_pair *pairs, gs_paired *paired, gs_error *error) {
    paired_space space;
    gs_status status = new_space(paired->common, &space, error);
    if (status == GS_OK) {
        status = keep_finished(columns, pairs, &space, paired, error);
    }
    if (status == GS_OK) {
        status = compare_quantities(columns, pairs, &space, paired, error);
    }
    free_space(&space);
    return status;
}

gs_status gs_report_compare(const gs_results *results, int64_t first, int64_t second, gs_paired *paired,
                            gs_error *error) {
    const gs_plan *plan = gs_results_plan(results);
    const int64_t configurations[2] = {first, second}, begin = gs_plan_first_configuration(plan);
    const int64_t end = begin + gs_plan_configuration_count(plan);
    trial_pair *pairs = NULL;
    gs_columns *columns = NULL;
    *paired = (gs_paired){.common = 0};
    for (int side = 0; side < 2; side++) {
        if (configurations[side] < begin || configurations[side] >= end ||
            gs_plan_member_count(plan, configurations[side]) == 0) {
            return gs_fail(error, GS_ERROR_INPUT,
                           "--compare: there is no configuration %lld; the file has %lld to %lld",
                           (long long)configurations[side], (long long)begin, (long long)end - 1);
        }
        gs_plan_configuration_settings(plan, configurations[side], &paired->settings[side]);
    }
    gs_status status = gs_columns_create(results, &columns, error);
    if (status == GS_OK) {
        paired->common = find_pairs(plan, configurations, &pairs);
        if (pairs == NULL) {
            status = gs_fail(error, GS_ERROR_RUN, "out of memory to pair the trials of two configurations");
        } else if (paired->common == 0) {
            status = gs_fail(error, GS_ERROR_INPUT, "--compare: configurations %lld and %lld have no seeds in common",
                             (long long)first, (long long)second);
        }
    }
    if (status == GS_OK && pairs != NULL) {
        status = compare_pairs(columns, pairs, paired, error);
    }
    free(pairs);
    gs_columns_free(columns);
    return status;
}

// ---- printing ----

static void print_settings(const gs_paired *paired, FILE *stream) {
    for (int side = 0; side < 2; side++) {
        const char *separator = side == 0 ? "first:  " : "second: ";
        for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
            char texts[2][GS_SETTING_TEXT];
            (void)gs_setting_text(&paired->settings[0], setting, texts[0]);
            (void)gs_setting_text(&paired->settings[1], setting, texts[1]);
            if (strcmp(texts[0], texts[1]) != 0) {
                (void)fprintf(stream, "%s%s %s", separator, gs_settings_table[setting].name, texts[side]);
                separator = ", ";
            }
        }
        (void)fprintf(stream, "\n");
    }
}

/// A mean with five digits; "-" for NaN.
static char *mean_text(double mean, char text[GS_FORMAT_BYTES]) {
    (void)snprintf(text, GS_FORMAT_BYTES, isnan(mean) ? "-" : "%.5g", mean);
    return text;
}

static void print_table(const gs_paired *paired, const char *path, FILE *stream) {
    char common[GS_FORMAT_BYTES], finished[GS_FORMAT_BYTES], done[GS_FORMAT_BYTES];
    (void)fprintf(stream, "%s: of %s pairs of trials with the same seeds %s are finished, %s have both trials done\n",
                  path, gs_format_count(paired->common, common), gs_format_count(paired->finished, finished),
                  gs_format_count(paired->done, done));
    print_settings(paired, stream);
    (void)fprintf(stream, "\n%-18s %11s %11s %12s %12s %16s %26s %10s\n", "mean", "pairs", "data sets", "first",
                  "second", "second - first", "95 %", "p");
    for (int quantity = 0; quantity < GS_PAIRED_COUNT && paired->finished > 0; quantity++) {
        const gs_paired_difference *found = &paired->differences[quantity];
        char interval[64] = "-", p[GS_FORMAT_BYTES] = "-", means[3][GS_FORMAT_BYTES], counts[2][GS_FORMAT_BYTES];
        if (!isnan(found->interval.low)) {
            (void)snprintf(interval, sizeof interval, "%.4g to %.4g", found->interval.low, found->interval.high);
        }
        if (!isnan(found->p)) {
            (void)snprintf(p, sizeof p, "%.2g", found->p);
        }
        (void)fprintf(stream, "%-18s %11s %11s %12s %12s %16s %26s %10s\n", gs_paired_names[quantity],
                      gs_format_count(found->pairs, counts[0]), gs_format_count(found->units, counts[1]),
                      mean_text(found->first, means[0]), mean_text(found->second, means[1]),
                      mean_text(found->difference, means[2]), interval, p);
    }
    (void)fprintf(stream,
                  "\nprints_ln2 and covariance_ok are shares of the finished trials, where one that diverged has "
                  "neither; all else is of trials that are done.\n"
                  "Intervals of 95 %% are over data sets; p: t test of no difference (docs/statistics.md).\n");
}

static void print_json_number(const char *name, double value, FILE *stream) {
    (void)fprintf(stream, ", \"%s\": ", name);
    gs_print_json_real(value, stream);
}

static void print_json(const gs_paired *paired, FILE *stream) {
    (void)fprintf(stream, "{\"common\": %lld, \"finished\": %lld, \"done\": %lld, \"differences\": [",
                  (long long)paired->common, (long long)paired->finished, (long long)paired->done);
    for (int quantity = 0; quantity < GS_PAIRED_COUNT && paired->finished > 0; quantity++) {
        const gs_paired_difference *found = &paired->differences[quantity];
        (void)fprintf(stream, "%s\n  {\"quantity\": \"%s\", \"pairs\": %lld, \"units\": %lld", quantity == 0 ? "" : ",",
                      gs_paired_names[quantity], (long long)found->pairs, (long long)found->units);
        print_json_number("first", found->first, stream);
        print_json_number("second", found->second, stream);
        print_json_number("difference", found->difference, stream);
        print_json_number("low", found->interval.low, stream);
        print_json_number("high", found->interval.high, stream);
        print_json_number("p", found->p, stream);
        (void)fprintf(stream, "}");
    }
    (void)fprintf(stream, "\n]}\n");
}

static void print_csv(const gs_paired *paired, FILE *stream) {
    (void)fprintf(stream, "quantity,pairs,units,first,second,difference,low,high,p\r\n");
    for (int quantity = 0; quantity < GS_PAIRED_COUNT && paired->finished > 0; quantity++) {
        const gs_paired_difference *found = &paired->differences[quantity];
        const double numbers[] = {found->first,        found->second,        found->difference,
                                  found->interval.low, found->interval.high, found->p};
        (void)fprintf(stream, "%s,%lld,%lld", gs_paired_names[quantity], (long long)found->pairs,
                      (long long)found->units);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            char text[GS_FORMAT_BYTES];
            (void)fprintf(stream, ",%s", gs_format_exact(numbers[i], text));
        }
        (void)fprintf(stream, "\r\n");
    }
}

gs_status gs_paired_print(const gs_paired *paired, const char *path, gs_report_format format, FILE *stream,
                          gs_error *error) {
    switch (format) {
    case GS_FORMAT_CSV:
        print_csv(paired, stream);
        break;
    case GS_FORMAT_JSON:
        print_json(paired, stream);
        break;
    default:
        print_table(paired, path, stream);
    }
    return fflush(stream) == 0 && !ferror(stream)
               ? GS_OK
               : gs_fail(error, GS_ERROR_RUN, "can't write the comparison: %s", strerror(errno));
}
