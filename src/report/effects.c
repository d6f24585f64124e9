#include "report/effects.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"
#include "inference/bootstrap.h"
#include "inference/factorial.h"
#include "inference/multiple.h"
#include "report/data_set.h"
#include "report/distribution.h"
#include "report/factors.h"
#include "report/response.h"
#include "report/trends.h"

enum {
    MOST_RESIDUALS = 1 << 20, ///< of a response: configurations times groups of units
    MOST_GROUPS = 1 << 14,
    FEWEST_GROUPS = 30,
    MOST_RESAMPLES = 10000,
    FEWEST_RESAMPLES = 200,
};
static const double MOST_DRAWS = 3e8; ///< of groups, for all intervals together
static const double CONFIDENCE = 0.95;
static const uint64_t SEED = 1987;    ///< of the resamples, which are the same for every level
static const double ROUNDING = 1e-24; ///< of a sum of squares
static const double ROUNDED_SHARE = 1e-12;

/// All the while effects are measured. A *group* is neighbouring units, as many as another's or one more; where there
/// are few trials each unit is one.
typedef struct {
    gs_columns *columns;
    const gs_plan *plan;
    const gs_report *report;
    gs_effects *effects;
    int threads;
    int64_t members, groups;       ///< trials of a configuration
    int64_t *unit_of;              ///< [members]
    int64_t *present, *of_level;   ///< [configurations] units with the response; fewest of a level
    double *values, *work;         ///< [members], [2 members]
    double *sums, *trials;         ///< [units] of the configuration being read
    double *unit_sum, *unit_count; ///< [units] of a unit's deviations from the means, over all configurations
    double *means;                 ///< [configurations]
    double *residuals;             ///< [configurations][groups] deviations from the means
    double *margin_means;          ///< [configurations] means of an effect's cells, over all that share a cell
    double *margins, *test_work;   ///< [cells][groups] of their residuals
    double *replicates[2];
    int64_t fewest_groups; ///< with the response, in any configuration
    double within;         ///< sum of squares of units about the configurations' means
    double within_units;   ///< of trials about their units' means, a unit counting as one
} effects_making;

// ---- units ----

static int64_t data_seed_of(const effects_making *making, int64_t row, int64_t member) {
    const int64_t configuration = making->report->rows[row].configuration;
    gs_settings settings;
    gs_plan_settings(making->plan, gs_plan_member(making->plan, configuration, member), &settings);
    return settings.data_seed;
}

/// Numbers the data sets of the first configuration.
/// @return false when out of memory
static bool find_units(effects_making *making) {
    making->members = making->report->rows[0].trials;
    gs_seeded_trial *order = malloc(((size_t)making->members + 1) * sizeof *order);
    making->unit_of = malloc(((size_t)making->members + 1) * sizeof *making->unit_of);
    if (order == NULL || making->unit_of == NULL) {
        free(order);
        return false;
    }
    for (int64_t i = 0; i < making->members; i++) {
        order[i] = (gs_seeded_trial){data_seed_of(making, 0, i), i};
    }
    qsort(order, (size_t)making->members, sizeof *order, gs_seeded_trial_compare);
    int64_t units = 0;
    for (int64_t i = 0; i < making->members; i++) {
        units += i == 0 || order[i].data_seed != order[i - 1].data_seed;
        making->unit_of[order[i].trial] = units - 1;
    }
    free(order);
    making->effects->units = units;
    return true;
}

/// Whether all configurations have the data sets of the first, in its order.
static bool share_units(const effects_making *making) {
    bool shared = true;
    for (int64_t row = 1; row < making->report->count && shared; row++) {
        shared = making->report->rows[row].trials == making->members;
        for (int64_t i = 0; i < making->members && shared; i++) {
            shared = data_seed_of(making, row, i) == data_seed_of(making, 0, i);
        }
    }
    return shared;
}

// ---- one configuration ----

static int64_t group_of(const effects_making *making, int64_t unit) {
    return unit * making->groups / making->effects->units;
}

/// What a unit's deviation counts in the number that stands for its group: of all groups' numbers the variance is that
/// of equally many units' means, whatever their sizes.
static double weight_in_group(const effects_making *making, int64_t group) {
    const int64_t units = making->effects->units, groups = making->groups;
    const int64_t first = (group * units + groups - 1) / groups, next = ((group + 1) * units + groups - 1) / groups;
    return sqrt((double)groups / ((double)units * (double)(next - first)));
}

/// Sum of squares of the trials about the means of their units, each unit counting as one.
static double squares_within_units(const effects_making *making) {
    double squares = 0;
    for (int64_t i = 0; i < making->members; i++) {
        const double trials = making->trials[making->unit_of[i]];
        if (trials > 1 && !isnan(making->values[i])) {
            const double deviation = making->values[i] - making->sums[making->unit_of[i]] / trials;
            squares += deviation * deviation / trials;
        }
    }
    return squares;
}

/// Sums a response over the trials of each unit, and notes how the units differ from the configuration's mean.
/// @return false when no trial has the response
static bool add_configuration(effects_making *making, int64_t row, gs_response_effects *found) {
    const int64_t units = making->effects->units;
    double sum = 0, trials = 0;
    int64_t present = 0;
    memset(making->sums, 0, (size_t)units * sizeof *making->sums);
    memset(making->trials, 0, (size_t)units * sizeof *making->trials);
    for (int64_t i = 0; i < making->members; i++) {
        if (isnan(making->values[i])) {
            found->left_out++;
            continue;
        }
        const int64_t unit = making->unit_of[i];
        present += making->trials[unit] == 0;
        making->sums[unit] += making->values[i];
        making->trials[unit]++;
        sum += making->values[i];
        trials++;
    }
    if (trials == 0) {
        return false;
    }
    const double mean = sum / trials, of_unit = trials / (double)present;
    // The mean's variance, as from all units, whatever their number here: Cochran's ratio estimate.
    const double missing = (double)units / (double)present;
    const double widened =
        present > 1 ? missing * sqrt((double)present / (double)(present - 1) * (double)(units - 1) / (double)units) : 0;
    double *residuals = making->residuals + row * making->groups;
    double squares = 0;
    int64_t groups = 0, last = -1;
    memset(residuals, 0, (size_t)making->groups * sizeof *residuals);
    for (int64_t unit = 0; unit < units; unit++) {
        if (making->trials[unit] > 0) {
            const double deviation = (making->sums[unit] - mean * making->trials[unit]) / of_unit;
            const int64_t group = group_of(making, unit);
            squares += deviation * deviation;
            making->unit_sum[unit] += deviation;
            making->unit_count[unit]++;
            residuals[group] += (missing == 1 ? deviation : widened * deviation) * weight_in_group(making, group);
            groups += group != last;
            last = group;
        }
    }
    making->means[row] = mean;
    making->present[row] = present;
    making->within += missing * squares;
    making->within_units += missing * squares_within_units(making);
    making->fewest_groups = groups < making->fewest_groups ? groups : making->fewest_groups;
    return true;
}

static gs_status read_response(effects_making *making, gs_response response, gs_response_effects *found,
                               gs_error *error) {
    const size_t units = (size_t)making->effects->units;
    gs_status status = GS_OK;
    memset(making->unit_sum, 0, units * sizeof *making->unit_sum);
    memset(making->unit_count, 0, units * sizeof *making->unit_count);
    making->within = making->within_units = 0;
    making->fewest_groups = making->groups;
    found->given = true;
    for (int64_t i = 0; i < making->report->count && status == GS_OK; i++) {
        status = gs_response_read(making->columns, making->plan, making->report->rows[i].configuration, response,
                                  making->members, making->work, making->values, error);
        if (status == GS_OK && !add_configuration(making, i, found)) {
            found->given = false;
        }
    }
    return status;
}

// ---- sums of squares ----

/// Sum of squares between the configurations; fills total, units, within and rest.
static double part_squares(const effects_making *making, gs_response_effects *found) {
    const int64_t configurations = making->report->count, units = making->effects->units;
    const double n = (double)units, mean = gs_mean_of(making->means, configurations);
    double between = 0, square = 0;
    for (int64_t i = 0; i < configurations; i++) {
        const double deviation = making->means[i] - mean;
        between += n * deviation * deviation;
        square += n * making->means[i] * making->means[i];
    }
    found->within = making->within_units;
    found->total = between + making->within + found->within;
    if (!(found->total > ROUNDING * square)) {
        found->total = found->within = between = 0;
    }
    for (int64_t unit = 0; unit < units; unit++) {
        if (making->unit_count[unit] > 0) {
            const double deviation = making->unit_sum[unit] / making->unit_count[unit];
            found->units += (double)configurations * deviation * deviation;
        }
    }
    found->units = fmin(found->units, found->total - between - found->within);
    found->rest = fmax(0, found->total - between - found->within - found->units);
    return between;
}

static int64_t level_count_of(const gs_effects *effects, int factor) {
    return factor < 0 ? 1 : effects->factors[factor].level_count;
}

/// Means of means and residuals over the configurations that share an effect's cell.
static void gather_margins(const effects_making *making, int first, int second) {
    const gs_effects *effects = making->effects;
    const int64_t b = level_count_of(effects, second), cells = level_count_of(effects, first) * b;
    const int64_t groups = making->groups, configurations = making->report->count;
    memset(making->margin_means, 0, (size_t)cells * sizeof *making->margin_means);
    memset(making->margins, 0, (size_t)(cells * groups) * sizeof *making->margins);
    const double share = (double)cells / (double)configurations;
    for (int64_t i = 0; i < configurations; i++) {
        const int64_t cell =
            effects->factors[first].levels[i] * b + (second < 0 ? 0 : effects->factors[second].levels[i]);
        const double *from = making->residuals + i * groups;
        double *to = making->margins + cell * groups;
        making->margin_means[cell] += share * making->means[i];
        for (int64_t group = 0; group < groups; group++) {
            to[group] += share * from[group];
        }
    }
    for (int64_t cell = 0; cell < cells; cell++) { // groups of unequal sizes, and with missing units
        double *margin = making->margins + cell * groups;
        const double mean = gs_mean_of(margin, groups);
        for (int64_t group = 0; group < groups; group++) {
            margin[group] -= mean;
        }
    }
}

static void measure_effect(const effects_making *making, gs_response_effects *found, gs_effect *effect) {
    const gs_effects *effects = making->effects;
    const int64_t a = level_count_of(effects, effect->first), b = level_count_of(effects, effect->second);
    const double units = (double)effects->units;
    const double freedom = (double)making->fewest_groups - 1;
    const gs_factorial_effect test =
        gs_factorial_test(making->margin_means, making->margins, a, b, freedom < 1 ? 1 : making->groups, freedom,
                          making->threads, making->test_work);
    effect->degrees_of_freedom = test.degrees_of_freedom;
    effect->sum_of_squares = units * (double)making->report->count / ((double)a * (double)b) * test.sum_of_squares;
    effect->eta_squared = found->total > 0 ? effect->sum_of_squares / found->total : (double)NAN;
    effect->epsilon = test.epsilon;
    effect->F = test.F;
    effect->p = test.p;
    effect->partial_eta_squared = isinf(test.F) ? 1 : test.F / (test.F + units - 1);
}

// ---- levels ----

/// An end of a share's interval, between 0 and 1, and without what rounding does to them.
static double share_end(double end) {
    return end < ROUNDED_SHARE ? 0 : end > 1 - ROUNDED_SHARE ? 1 : end;
}

/// The fewest units with the response in a configuration of each level.
static void find_units_of_levels(const effects_making *making, const gs_factor *factor) {
    for (int64_t level = 0; level < factor->level_count; level++) {
        making->of_level[level] = making->effects->units;
    }
    for (int64_t i = 0; i < making->report->count; i++) {
        int64_t *fewest = &making->of_level[factor->levels[i]];
        *fewest = making->present[i] < *fewest ? making->present[i] : *fewest;
    }
}

/// The mean of a level, on the response's own scale, and its interval.
static gs_level_mean level_of(gs_response response, double mean, gs_interval interval, int64_t units) {
    if (gs_response_is_logarithm(response)) {
        return (gs_level_mean){pow(10, mean), pow(10, interval.low), pow(10, interval.high)};
    }
    if (interval.low == interval.high && (mean == 0 || mean == 1)) { // no resample of units that agree says how surely
        const gs_share share = gs_share_of(mean == 0 ? 0 : units, units);
        return (gs_level_mean){mean, share.low, share.high};
    }
    return (gs_level_mean){mean, share_end(interval.low), share_end(interval.high)};
}

/// Means and intervals of a factor's levels, two at a time, since two means can be drawn at once. The residuals of the
/// margins become the values of groups. The points of a design have no intervals: there can be very many, and what each
/// has alone is in the rows.
static void measure_levels(effects_making *making, gs_response response, int factor, gs_level_mean *levels) {
    const gs_effects *effects = making->effects;
    const int64_t count = effects->factors[factor].level_count, groups = making->groups;
    const bool estimated = !effects->factors[factor].drawn && making->fewest_groups > 1;
    double *const values = making->test_work;
    find_units_of_levels(making, &effects->factors[factor]);
    for (int64_t first = 0; first < count; first += GS_MOST_MEANS) {
        const int together = (int)(count - first < GS_MOST_MEANS ? count - first : GS_MOST_MEANS);
        gs_units units = {.count = groups, .mean_count = together};
        for (int k = 0; k < together; k++) {
            const double mean = making->margin_means[first + k], *margin = making->margins + (first + k) * groups;
            for (int64_t group = 0; group < groups; group++) {
                values[k * groups + group] = mean + margin[group];
            }
            units.sums[k] = values + k * groups;
        }
        if (estimated && groups >= GS_UNITS_FOR_BCA) {
            gs_bootstrap_means(&units, effects->resamples, SEED, making->threads, making->replicates);
        }
        for (int k = 0; k < together; k++) {
            const double mean = making->margin_means[first + k];
            const gs_interval interval =
                estimated ? gs_units_interval(&units, k, making->replicates[k], effects->resamples, CONFIDENCE)
                          : (gs_interval){NAN, NAN};
            levels[first + k] = level_of(response, mean, interval, making->of_level[first + k]);
        }
    }
}

// ---- a response ----

static gs_status measure_response(effects_making *making, gs_response response, gs_error *error) {
    gs_effects *effects = making->effects;
    gs_response_effects *found = &effects->responses[response];
    const gs_status status = read_response(making, response, found, error);
    if (status != GS_OK || !found->given) {
        return status;
    }
    const double between = part_squares(making, found);
    double explained = 0;
    int64_t level = 0;
    for (int i = 0; i < effects->effect_count; i++) {
        gs_effect *effect = &found->effects[i];
        gather_margins(making, effect->first, effect->second);
        if (effect->second < 0) {
            measure_levels(making, response, effect->first, found->levels + level);
            level += effects->factors[effect->first].level_count;
        }
        measure_effect(making, found, effect);
        explained += effect->sum_of_squares;
    }
    found->higher = effects->factor_count > 2 ? fmax(0, between - explained) : 0;
    return GS_OK;
}

/// Lists main effects, then pairs.
static gs_status list_effects(gs_effects *effects, gs_error *error) {
    const int factors = effects->factor_count;
    effects->effect_count = factors + factors * (factors - 1) / 2;
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        gs_response_effects *made = &effects->responses[response];
        made->effects = calloc((size_t)effects->effect_count, sizeof *made->effects);
        made->levels = calloc((size_t)effects->level_count, sizeof *made->levels);
        if (made->effects == NULL || made->levels == NULL) {
            return gs_fail(error, GS_ERROR_RUN, "out of memory for the effects of %d factors", factors);
        }
        int next = 0;
        for (int i = 0; i < factors; i++) {
            made->effects[next++] = (gs_effect){.first = i, .second = -1};
        }
        for (int i = 0; i < factors; i++) {
            for (int j = i + 1; j < factors; j++) {
                made->effects[next++] = (gs_effect){.first = i, .second = j};
            }
        }
    }
    return GS_OK;
}

static gs_status adjust(gs_effects *effects, gs_error *error) {
    const int64_t count = (int64_t)effects->effect_count * GS_RESPONSE_COUNT;
    double *p = malloc((size_t)count * sizeof *p);
    bool done = p != NULL;
    for (int64_t i = 0; i < count && done; i++) {
        const gs_response_effects *found = &effects->responses[i / effects->effect_count];
        p[i] = found->given ? found->effects[i % effects->effect_count].p : (double)NAN;
    }
    done = done && gs_adjust_p(p, count);
    for (int64_t i = 0; i < count && done; i++) {
        effects->responses[i / effects->effect_count].effects[i % effects->effect_count].q = p[i];
    }
    free(p);
    return done ? GS_OK : gs_fail(error, GS_ERROR_RUN, "out of memory for the p-values");
}

// ---- all ----

static double *new_numbers(int64_t count) {
    return malloc(((size_t)count + 1) * sizeof(double));
}

static int64_t levels_with_intervals(const gs_effects *effects) {
    int64_t count = 0;
    for (int i = 0; i < effects->factor_count; i++) {
        count += effects->factors[i].drawn ? 0 : effects->factors[i].level_count;
    }
    return count;
}

/// Decides on groups and resamples, and makes room.
/// @return false when there is none
static bool start(effects_making *making) {
    gs_effects *effects = making->effects;
    const int64_t configurations = making->report->count, units = effects->units;
    int64_t most = MOST_RESIDUALS / configurations;
    most = most > MOST_GROUPS ? MOST_GROUPS : most < FEWEST_GROUPS ? FEWEST_GROUPS : most;
    making->groups = units < most ? units : most;
    const double intervals = (double)GS_RESPONSE_COUNT * (double)levels_with_intervals(effects) / GS_MOST_MEANS + 1;
    const double affordable = MOST_DRAWS / (intervals * (double)making->groups);
    effects->resamples = (int64_t)fmin(MOST_RESAMPLES, fmax(FEWEST_RESAMPLES, affordable));
    const gs_run_options presets = {0};
    making->threads = gs_run_threads(&presets);
    double **const arrays[] = {&making->values,       &making->work,       &making->sums,      &making->trials,
                               &making->unit_sum,     &making->unit_count, &making->means,     &making->residuals,
                               &making->margin_means, &making->margins,    &making->test_work, &making->replicates[0],
                               &making->replicates[1]};
    const int64_t counts[] = {making->members,
                              2 * making->members,
                              units,
                              units,
                              units,
                              units,
                              configurations,
                              configurations * making->groups,
                              configurations,
                              configurations * making->groups,
                              configurations * (making->groups + 2),
                              effects->resamples,
                              effects->resamples};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = new_numbers(counts[i]);
        if (*arrays[i] == NULL) {
            return false;
        }
    }
    making->present = malloc(((size_t)configurations + 1) * sizeof *making->present);
    making->of_level = malloc(((size_t)configurations + 1) * sizeof *making->of_level);
    return making->present != NULL && making->of_level != NULL;
}

static void finish(effects_making *making) {
    double *const arrays[] = {making->values,       making->work,       making->sums,      making->trials,
                              making->unit_sum,     making->unit_count, making->means,     making->residuals,
                              making->margin_means, making->margins,    making->test_work, making->replicates[0],
                              making->replicates[1]};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        free(arrays[i]);
    }
    free(making->unit_of);
    free(making->present);
    free(making->of_level);
}

static gs_status measure(effects_making *making, const gs_experiment *experiment, gs_error *error) {
    gs_effects *effects = making->effects;
    gs_status status = gs_factors_find(making->report, experiment, effects, error);
    if (status == GS_OK) {
        status = gs_trends_find(making->report, experiment, effects, error);
    }
    if (status != GS_OK || effects->factor_count == 0 || effects->missing != NULL) {
        return status;
    }
    if (!find_units(making)) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the data sets of %lld trials",
                       (long long)making->members);
    }
    if (effects->units == 0 || !share_units(making)) {
        effects->missing = "the configurations have different data sets";
        return GS_OK;
    }
    if (!start(making)) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the effects in %lld configurations",
                       (long long)making->report->count);
    }
    status = list_effects(effects, error);
    for (int response = 0; response < GS_RESPONSE_COUNT && status == GS_OK; response++) {
        status = measure_response(making, (gs_response)response, error);
    }
    bool any = false;
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        any = any || effects->responses[response].given;
    }
    if (status == GS_OK && !any) {
        effects->missing = "some configuration has no finished trial";
    }
    return status == GS_OK ? adjust(effects, error) : status;
}

gs_status gs_effects_measure(gs_columns *columns, const gs_experiment *experiment, const gs_plan *plan,
                             const gs_report *report, gs_effects **effects, gs_error *error) {
    effects_making making = {
        .columns = columns, .plan = plan, .report = report, .effects = calloc(1, sizeof(gs_effects))};
    if (making.effects == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the effects");
    }
    const gs_status status = measure(&making, experiment, error);
    finish(&making);
    if (status != GS_OK) {
        gs_effects_free(making.effects);
        return status;
    }
    *effects = making.effects;
    return GS_OK;
}

void gs_effects_free(gs_effects *effects) {
    if (effects == NULL) {
        return;
    }
    for (int response = 0; response < GS_RESPONSE_COUNT; response++) {
        free(effects->responses[response].effects);
        free(effects->responses[response].levels);
    }
    gs_factors_free(effects);
    free(effects);
}

char *gs_effect_name(const gs_effects *effects, const gs_effect *effect, char name[2 * GS_FACTOR_NAME]) {
    const bool main = effect->second < 0;
    (void)snprintf(name, (size_t)2 * GS_FACTOR_NAME, "%s%s%s", effects->factors[effect->first].name, main ? "" : " x ",
                   main ? "" : effects->factors[effect->second].name);
    return name;
}
