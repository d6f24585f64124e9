#include "report/paired.h"

#include <errno.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"
#include "inference/bootstrap.h"
#include "numeric/format.h"
#include "report/column.h"
#include "report/fields.h"

enum { RESAMPLES = 10000, MOST_RESAMPLED = 1 << 20 };
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
            (*pairs)[found++] = (trial_pair){first[i].data_seed, {first[i].trial, second[j].trial}};
        }
        i += order <= 0;
        j += order >= 0;
    }
    free(first);
    free(second);
    return found;
}

/// One quantity of one trial, as a number.
static gs_status read_quantity(gs_columns *columns, gs_paired_quantity quantity, const gs_settings *settings,
                               int64_t trial, double *value, gs_error *error) {
    static const gs_quantity stored[GS_PAIRED_COUNT] = {
        GS_QUANTITY_LOSS_D,           GS_QUANTITY_LOSS_G, GS_QUANTITY_COVARIANCE_ERROR,
        GS_QUANTITY_FRECHET_DISTANCE, GS_QUANTITY_LOSS_D, GS_QUANTITY_COVARIANCE_OK,
    };
    double loss_G = 0;
    gs_status status = gs_columns_read(columns, stored[quantity], settings->epochs, trial, 1, value, error);
    if (status == GS_OK && quantity == GS_PAIRED_PRINTS_LN2) {
        status = gs_columns_read(columns, GS_QUANTITY_LOSS_G, settings->epochs, trial, 1, &loss_G, error);
        *value = gs_prints_ln2(settings->generator_loss, (float)*value, (float)loss_G);
    }
    return status;
}

/// Keeps the pairs of which both trials are done.
static gs_status keep_done(gs_columns *columns, trial_pair *pairs, gs_paired *paired, gs_error *error) {
    gs_status read = GS_OK;
    for (int64_t i = 0; i < paired->common && read == GS_OK; i++) {
        double status[2] = {GS_PENDING, GS_PENDING};
        for (int side = 0; side < 2 && read == GS_OK; side++) {
            read = gs_columns_read(columns, GS_QUANTITY_STATUS, paired->settings[side].epochs, pairs[i].trial[side], 1,
                                   &status[side], error);
        }
        if (status[0] == GS_DONE && status[1] == GS_DONE) {
            pairs[paired->pairs++] = pairs[i];
        }
    }
    return read;
}

/// What is summed over the pairs of one data set.
typedef struct {
    double *difference, *pairs; ///< [units]
    double *replicates;         ///< [RESAMPLES]
} unit_sums;

static gs_status compare_quantity(gs_columns *columns, gs_paired_quantity quantity, const trial_pair *pairs,
                                  const unit_sums *sums, gs_paired *paired, gs_error *error) {
    gs_paired_difference *found = &paired->differences[quantity];
    double totals[2] = {0, 0};
    int64_t unit = -1;
    for (int64_t i = 0; i < paired->pairs; i++) {
        double value[2] = {NAN, NAN};
        for (int side = 0; side < 2; side++) {
            const gs_status status =
                read_quantity(columns, quantity, &paired->settings[side], pairs[i].trial[side], &value[side], error);
            if (status != GS_OK) {
                return status;
            }
            totals[side] += value[side];
        }
        if (i == 0 || pairs[i].data_seed != pairs[i - 1].data_seed) {
            unit++;
            sums->difference[unit] = sums->pairs[unit] = 0;
        }
        sums->difference[unit] += value[1] - value[0];
        sums->pairs[unit]++;
    }
    const gs_units units = {.count = unit + 1, .mean_count = 1, .sums = {sums->difference}, .trials = sums->pairs};
    paired->units = units.count;
    found->first = totals[0] / (double)paired->pairs;
    found->second = totals[1] / (double)paired->pairs;
    found->difference = gs_units_mean(&units, 0);
    found->interval = (gs_mean_interval){NAN, NAN};
    found->p = NAN;
    if (units.count > 1 && isfinite(found->difference)) {
        const gs_run_options presets = {0};
        const double error_of_mean = gs_units_standard_error(&units, 0);
        const int64_t resamples = units.count > MOST_RESAMPLED / 10 ? RESAMPLES / 10 : RESAMPLES;
        gs_bootstrap_means(&units, resamples, SEED, gs_run_threads(&presets),
                           (double *const[GS_MOST_MEANS]){sums->replicates});
        const gs_interval interval = gs_bca_interval(found->difference, sums->replicates, resamples,
                                                     gs_units_acceleration(&units, 0), CONFIDENCE);
        found->interval = (gs_mean_interval){interval.low, interval.high};
        found->p = error_of_mean == 0
                       ? found->difference == 0
                       : 2 * gsl_cdf_tdist_Q(fabs(found->difference) / error_of_mean, (double)units.count - 1);
    }
    return GS_OK;
}

static gs_status compare_all(gs_columns *columns, const trial_pair *pairs, gs_paired *paired, gs_error *error) {
    const size_t count = (size_t)paired->pairs + 1;
    const unit_sums sums = {malloc(count * sizeof(double)), malloc(count * sizeof(double)),
                            malloc(RESAMPLES * sizeof(double))};
    gs_status status = GS_OK;
    if (sums.difference == NULL || sums.pairs == NULL || sums.replicates == NULL) {
        status =
            gs_fail(error, GS_ERROR_RUN, "out of memory to compare %lld pairs of trials", (long long)paired->pairs);
    }
    for (int quantity = 0; quantity < GS_PAIRED_COUNT && status == GS_OK; quantity++) {
        status = compare_quantity(columns, (gs_paired_quantity)quantity, pairs, &sums, paired, error);
    }
    free(sums.difference);
    free(sums.pairs);
    free(sums.replicates);
    return status;
}

gs_status gs_report_compare(const gs_results *results, int64_t first, int64_t second, gs_paired *paired,
                            gs_error *error) {
    const gs_plan *plan = gs_results_plan(results);
    const int64_t configurations[2] = {first, second}, count = gs_plan_configuration_count(plan);
    trial_pair *pairs = NULL;
    gs_columns *columns = NULL;
    *paired = (gs_paired){.pairs = 0};
    for (int side = 0; side < 2; side++) {
        if (configurations[side] < 0 || configurations[side] >= count) {
            return gs_fail(error, GS_ERROR_INPUT, "--compare: there is no configuration %lld; the file has 0 to %lld",
                           (long long)configurations[side], (long long)count - 1);
        }
        gs_plan_settings(plan, gs_plan_member(plan, configurations[side], 0), &paired->settings[side]);
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
    if (status == GS_OK) {
        status = keep_done(columns, pairs, paired, error);
    }
    if (status == GS_OK && pairs != NULL && paired->pairs > 0) {
        status = compare_all(columns, pairs, paired, error);
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

static void print_table(const gs_paired *paired, const char *path, FILE *stream) {
    char pairs[GS_FORMAT_BYTES], common[GS_FORMAT_BYTES], units[GS_FORMAT_BYTES];
    (void)fprintf(stream, "%s: %s of %s pairs of trials with the same seeds are done, of %s data sets\n", path,
                  gs_format_count(paired->pairs, pairs), gs_format_count(paired->common, common),
                  gs_format_count(paired->units, units));
    print_settings(paired, stream);
    (void)fprintf(stream, "\n%-18s %12s %12s %22s %26s %10s\n", "mean", "first", "second", "second - first", "95 %",
                  "p");
    for (int quantity = 0; quantity < GS_PAIRED_COUNT && paired->pairs > 0; quantity++) {
        const gs_paired_difference *found = &paired->differences[quantity];
        char interval[64] = "-";
        if (!isnan(found->interval.low)) {
            (void)snprintf(interval, sizeof interval, "%.4g to %.4g", found->interval.low, found->interval.high);
        }
        (void)fprintf(stream, "%-18s %12.5g %12.5g %22.5g %26s %10.2g\n", gs_paired_names[quantity], found->first,
                      found->second, found->difference, interval, found->p);
    }
    (void)fprintf(stream, "\nprints_ln2 and covariance_ok are shares. Intervals: BCa bootstrap over data sets; p: t "
                          "test of no difference.\n");
}

static void print_json_number(const char *name, double value, FILE *stream) {
    char text[GS_FORMAT_BYTES];
    if (isfinite(value)) {
        (void)fprintf(stream, ", \"%s\": %s", name, gs_format_exact(value, text));
    } else {
        (void)fprintf(stream,
                      isnan(value) ? ", \"%s\": null"
                      : value > 0  ? ", \"%s\": \"inf\""
                                   : ", \"%s\": \"-inf\"",
                      name);
    }
}

static void print_json(const gs_paired *paired, FILE *stream) {
    (void)fprintf(stream, "{\"common\": %lld, \"pairs\": %lld, \"units\": %lld, \"differences\": [",
                  (long long)paired->common, (long long)paired->pairs, (long long)paired->units);
    for (int quantity = 0; quantity < GS_PAIRED_COUNT && paired->pairs > 0; quantity++) {
        const gs_paired_difference *found = &paired->differences[quantity];
        (void)fprintf(stream, "%s\n  {\"quantity\": \"%s\"", quantity == 0 ? "" : ",", gs_paired_names[quantity]);
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
    for (int quantity = 0; quantity < GS_PAIRED_COUNT && paired->pairs > 0; quantity++) {
        const gs_paired_difference *found = &paired->differences[quantity];
        const double numbers[] = {found->first,        found->second,        found->difference,
                                  found->interval.low, found->interval.high, found->p};
        (void)fprintf(stream, "%s,%lld,%lld", gs_paired_names[quantity], (long long)paired->pairs,
                      (long long)paired->units);
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
