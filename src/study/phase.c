#include "study/phase.h"

#include <math.h>
#include <stdlib.h>

#include "experiment/dimension.h"
#include "experiment/number.h"
#include "experiment/values.h"
#include "plots/swept.h"

enum {
    FEWEST_KEPT = 4,
    FEWEST_THAT_BOUND = 2,
    DIGITS_OF_BOUNDS = 3,
};
/// A bound that is a number of three digits but for rounding is not moved.
static const double NEARLY_WHOLE = 1e-9;

const char *const gs_next_phase_names[GS_NEXT_COUNT] = {[GS_NEXT_NARROW] = "narrow", [GS_NEXT_BEST] = "best"};

/// While the next phase is chosen.
typedef struct {
    const gs_experiment *experiment;
    const gs_next_options *options;
    gs_next *next;
    gs_settings *best; ///< [next->kept] in an order that changes
} gs_choosing;

static gs_status out_of_memory(gs_error *error) {
    return gs_fail(error, GS_ERROR_RUN, "out of memory for the next phase");
}

// ---- lists ----

static bool is_real(gs_setting setting) {
    return gs_settings_table[setting].type == GS_TYPE_REAL;
}

/// Room for the values of a setting; false when out of memory.
static bool make_list(gs_values *values, gs_setting setting, int64_t count) {
    *values = (gs_values){.count = count};
    if (is_real(setting)) {
        values->reals = calloc((size_t)count + 1, sizeof *values->reals);
    } else {
        values->integers = calloc((size_t)count + 1, sizeof *values->integers);
    }
    return values->reals != NULL || values->integers != NULL;
}

static void set_listed(gs_values *values, int64_t index, double value) {
    if (values->reals != NULL) {
        values->reals[index] = value;
    } else {
        values->integers[index] = (int64_t)value;
    }
}

/// Settings that walk together.
typedef struct {
    gs_setting members[GS_SETTING_COUNT];
    int count;
} gs_group;

static int compare_settings(const void *a, const void *b, void *context) {
    const gs_group *group = context;
    for (int m = 0; m < group->count; m++) {
        const double left = gs_setting_value(a, group->members[m]), right = gs_setting_value(b, group->members[m]);
        if (left != right) {
            return left < right ? -1 : 1;
        }
    }
    return 0;
}

/// Brings one of each different tuple of the group's values to the front of `best`. @return how many there are
static int64_t find_different(const gs_choosing *choosing, gs_group *group) {
    gs_settings *best = choosing->best;
    int64_t different = 0;
    qsort_r(best, (size_t)choosing->next->kept, sizeof *best, compare_settings, group);
    // The rest must stay a permutation of what was there: tuples that repeat are swapped to the end.
    for (int64_t i = 0; i < choosing->next->kept; i++) {
        if (different == 0 || compare_settings(&best[different - 1], &best[i], group) != 0) {
            const gs_settings other = best[different];
            best[different++] = best[i];
            best[i] = other;
        }
    }
    return different;
}

/// Lists the group's values among the best.
static gs_status list_best(const gs_choosing *choosing, gs_group *group, gs_error *error) {
    const int64_t different = find_different(choosing, group);
    for (int m = 0; m < group->count; m++) {
        gs_values *values = &choosing->next->values[group->members[m]];
        if (!make_list(values, group->members[m], different)) {
            return out_of_memory(error);
        }
        values->zipped = group->count > 1 && different > 1;
        for (int64_t i = 0; i < different; i++) {
            set_listed(values, i, gs_setting_value(&choosing->best[i], group->members[m]));
        }
    }
    return GS_OK;
}

// ---- what is drawn ----

/// The nearest number of three digits that is not greater, or not less.
static double outwards(double value, bool up) {
    const double unit = pow(10, floor(log10(value)) - (DIGITS_OF_BOUNDS - 1)), units = value / unit;
    return gs_round_to_digits((up ? ceil(units - NEARLY_WHOLE) : floor(units + NEARLY_WHOLE)) * unit);
}

/// One of the values among the best, or the only one.
static gs_status draw_choice(const gs_choosing *choosing, gs_setting setting, gs_error *error) {
    gs_group group = {{setting}, 1};
    const gs_status status = list_best(choosing, &group, error);
    gs_values *values = &choosing->next->values[setting];
    if (status != GS_OK || values->count == 1) {
        return status;
    }
    gs_dimension *drawn = calloc(1, sizeof *drawn);
    double *choices = calloc((size_t)values->count + 1, sizeof *choices);
    if (drawn == NULL || choices == NULL) {
        free(drawn);
        free(choices);
        return out_of_memory(error);
    }
    for (int64_t i = 0; i < values->count; i++) {
        choices[i] = gs_values_real(values, i);
    }
    drawn->choices = choices;
    drawn->choice_count = values->count;
    gs_values_free(values);
    values->drawn = drawn;
    return GS_OK;
}

/// Anything between the least and the greatest value among the best.
static gs_status draw_between(const gs_choosing *choosing, gs_setting setting, gs_error *error) {
    const gs_dimension *before = choosing->experiment->values[setting].drawn;
    gs_values *values = &choosing->next->values[setting];
    double smallest = INFINITY, largest = -INFINITY;
    for (int64_t i = 0; i < choosing->next->kept; i++) {
        const double value = gs_setting_value(&choosing->best[i], setting);
        smallest = fmin(smallest, value);
        largest = fmax(largest, value);
    }
    if (!before->integer) {
        smallest = fmax(outwards(smallest, false), before->smallest);
        largest = fmin(outwards(largest, true), before->largest);
    }
    if (smallest == largest) {
        gs_group group = {{setting}, 1};
        return list_best(choosing, &group, error);
    }
    values->drawn = calloc(1, sizeof *values->drawn);
    if (values->drawn == NULL) {
        return out_of_memory(error);
    }
    values->drawn->smallest = smallest;
    values->drawn->largest = largest;
    values->drawn->logarithmic = before->logarithmic;
    values->drawn->integer = before->integer;
    return GS_OK;
}

// ---- seeds ----

/// How many different values a seed takes.
static gs_status count_different(const gs_values *values, int64_t *count, gs_error *error) {
    int64_t *earliest = NULL;
    const gs_status status = gs_values_find_earliest(&values, 1, &earliest, error);
    *count = earliest == NULL ? values->count : 0;
    for (int64_t i = 0; earliest != NULL && i < values->count; i++) {
        *count += earliest[i] == i;
    }
    free(earliest);
    return status;
}

static int64_t smallest_of(const gs_values *values) {
    int64_t smallest = gs_values_integer(values, 0);
    for (int64_t i = 1; values->integers != NULL && i < values->count; i++) {
        smallest = values->integers[i] < smallest ? values->integers[i] : smallest;
    }
    return smallest;
}

/// New values for a seed that takes several, or that must take `wanted`.
static gs_status renew_seed(const gs_choosing *choosing, gs_setting setting, gs_error *error) {
    const gs_values *before = &choosing->experiment->values[setting];
    gs_values *values = &choosing->next->values[setting];
    const bool wanted = setting == GS_SETTING_SEED && choosing->next->phase == GS_NEXT_BEST;
    int64_t count;
    if (before->count == 0) {
        return GS_OK;
    }
    const gs_status status = count_different(before, &count, error);
    if (status != GS_OK) {
        return status;
    }
    if (wanted) {
        count = choosing->options->seeds > 0 ? choosing->options->seeds : GS_NEXT_SEEDS;
    } else if (count == 1 && setting != GS_SETTING_SEED) { // pinned: it belongs to the question
        *values = (gs_values){.count = 1, .first = gs_values_integer(before, 0), .step = 1};
        return GS_OK;
    }
    const int64_t largest = gs_experiment_largest(choosing->experiment, setting), smallest = smallest_of(before);
    if (largest <= INT64_MAX - count) {
        *values = (gs_values){.count = count, .first = largest + 1, .step = 1};
    } else if (smallest >= count) {
        *values = (gs_values){.count = count, .first = smallest - count, .step = 1};
    } else {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%s: %lld fresh values were expected beyond those that the file has, and there are not so many",
                       gs_settings_table[setting].name, (long long)count);
    }
    return GS_OK;
}

// ---- the phases ----

static gs_status choose_values(const gs_choosing *choosing, gs_error *error) {
    gs_group zip = {.count = 0};
    gs_status status = GS_OK;
    for (int s = 0; s < GS_SETTING_COUNT && status == GS_OK; s++) {
        const gs_setting setting = (gs_setting)s;
        const gs_values *before = &choosing->experiment->values[s];
        gs_group alone = {{setting}, 1};
        if (gs_setting_is_seed(setting)) {
            status = renew_seed(choosing, setting, error);
        } else if (before->zipped) {
            zip.members[zip.count++] = setting;
        } else if (before->drawn == NULL || choosing->next->phase == GS_NEXT_BEST) {
            status = list_best(choosing, &alone, error);
        } else if (before->drawn->choice_count > 0) {
            status = draw_choice(choosing, setting, error);
        } else {
            status = draw_between(choosing, setting, error);
        }
    }
    return status == GS_OK && zip.count > 0 ? list_best(choosing, &zip, error) : status;
}

/// The design of a narrow search: as before, with other points.
static gs_status choose_design(const gs_choosing *choosing, gs_error *error) {
    const gs_design *before = &choosing->experiment->design;
    bool draws = false;
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        draws |= choosing->next->values[s].drawn != NULL;
    }
    if (!draws) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "the best %lld configurations agree in all that is drawn, so that there is nothing left to "
                       "search: a larger --keep was expected, or --phase best",
                       (long long)choosing->next->kept);
    }
    choosing->next->design = *before;
    choosing->next->design.phase = GS_PHASE_NARROW;
    choosing->next->design.seed = before->seed == INT64_MAX ? 1 : before->seed + 1;
    choosing->next->design.points =
        choosing->options->points > 0 ? choosing->options->points : before->points / 2 + before->points % 2;
    return GS_OK;
}

/// How many of the best configurations are looked at.
static gs_status choose_kept(const gs_ranking *ranking, const gs_next_options *options, int64_t *kept,
                             gs_error *error) {
    int64_t finite = 0;
    while (finite < ranking->count && isfinite(ranking->ranked[finite].score.median)) {
        finite++;
    }
    const int64_t fewest = options->phase == GS_NEXT_BEST ? 1 : FEWEST_THAT_BOUND;
    if (finite < fewest) {
        return gs_fail(error, GS_ERROR_RESULTS,
                       "%lld configuration%s a finite median of %s, and at least %lld %s expected", (long long)finite,
                       finite == 1 ? " has" : "s have", gs_criterion_names[ranking->criterion], (long long)fewest,
                       fewest == 1 ? "was" : "were");
    }
    const int64_t tenth = (finite + GS_NEXT_KEEP_SHARE - 1) / GS_NEXT_KEEP_SHARE;
    const int64_t wanted = options->phase == GS_NEXT_BEST ? 1
                           : options->keep > 0            ? options->keep
                           : tenth > FEWEST_KEPT          ? tenth
                                                          : FEWEST_KEPT;
    *kept = wanted < finite ? wanted : finite;
    return GS_OK;
}

/// Refuses what leaves nothing to choose.
static gs_status expect_a_choice(const gs_experiment *experiment, const gs_ranking *ranking,
                                 const gs_next_options *options, gs_error *error) {
    if (ranking->configurations == 1) {
        const gs_median *score = &ranking->ranked[0].score;
        return gs_fail(error, GS_ERROR_INPUT,
                       "it has one configuration, whose median %s is %.4g (%.4g to %.4g, %.1f %%): nothing is left to "
                       "choose, this is the last phase",
                       gs_criterion_names[ranking->criterion], score->median, score->interval.low, score->interval.high,
                       100 * score->confidence);
    }
    if (options->phase == GS_NEXT_NARROW && experiment->design.method == GS_DESIGN_NONE) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "its experiment has no design, whose bounds a narrow search could narrow: --phase best was "
                       "expected");
    }
    if (options->phase == GS_NEXT_BEST && (options->keep > 0 || options->points > 0)) {
        return gs_fail(error, GS_ERROR_INPUT, "%s belongs to a narrow search, and the best configuration comes next",
                       options->keep > 0 ? "--keep" : "--points");
    }
    if (options->phase == GS_NEXT_NARROW && options->seeds > 0) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "--seeds belongs to the best configuration, and a narrow search, with as many seeds as before, "
                       "comes next");
    }
    return GS_OK;
}

/// Everything, once it is known how many configurations are looked at.
static gs_status choose(gs_choosing *choosing, const gs_plan *plan, const gs_ranking *ranking, gs_error *error) {
    for (int64_t i = 0; i < choosing->next->kept; i++) {
        gs_plan_settings(plan, gs_plan_member(plan, ranking->ranked[i].configuration, 0), &choosing->best[i]);
    }
    const gs_status status = choose_values(choosing, error);
    return status == GS_OK && choosing->next->phase == GS_NEXT_NARROW ? choose_design(choosing, error) : status;
}

gs_status gs_next_create(const gs_experiment *experiment, const gs_plan *plan, const gs_ranking *ranking,
                         const gs_next_options *options, gs_next **next, gs_error *error) {
    int64_t kept = 0;
    gs_status status = expect_a_choice(experiment, ranking, options, error);
    if (status == GS_OK) {
        status = choose_kept(ranking, options, &kept, error);
    }
    if (status != GS_OK) {
        return status;
    }
    gs_choosing choosing = {.experiment = experiment, .options = options, .next = calloc(1, sizeof(gs_next))};
    choosing.best = calloc((size_t)kept + 1, sizeof *choosing.best);
    if (choosing.next == NULL || choosing.best == NULL) {
        free(choosing.next);
        free(choosing.best);
        return out_of_memory(error);
    }
    choosing.next->phase = options->phase;
    choosing.next->kept = kept;
    status = choose(&choosing, plan, ranking, error);
    free(choosing.best);
    if (status != GS_OK) {
        gs_next_free(choosing.next);
        return status;
    }
    *next = choosing.next;
    return GS_OK;
}

void gs_next_free(gs_next *next) {
    if (next != NULL) {
        for (int s = 0; s < GS_SETTING_COUNT; s++) {
            gs_values_free(&next->values[s]);
        }
        free(next);
    }
}
