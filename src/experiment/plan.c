/// The plan: trials, configurations and packs by arithmetic over the digits of the trial number.
///
/// A trial number is  fast + fast_count * slow,  where `slow` runs over the combinations of the settings that change
/// the shape of the work. Combinations of equal shape form a *group*, whose trials fill packs without a break; a zip
/// may scatter them, so each group lists its combinations. Groups of equally many combinations stand side by side as a
/// *class*, and pack numbers are then found by dividing: within one class all groups have equally many packs.
#include "gansweep/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/digits.h"
#include "experiment/values.h"

/// Configurations whose packs of the same seeds follow each other.
enum { FEWEST_THAT_SHARE = 3, MOST_OF_A_TILE = 16 };

typedef struct {
    int64_t batch_size, latent_dim, epochs;
} work_shape;

/// Combinations slow[first] ... slow[first + size - 1] of equal shape, ascending.
typedef struct {
    int32_t first, size;
    int64_t skipped; ///< trials of its first combination that come before the part
    int64_t trials;  ///< of the part
} shape_group;

/// Groups first ... first + count - 1, all of `trials` trials.
typedef struct {
    int32_t first, count;
    int64_t trials;
} group_class;

struct gs_plan {
    const gs_experiment *experiment;
    gs_digits digits;
    gs_trial_range part; ///< of all trials: those that packs are made of

    int32_t *slow; ///< combinations that the part has trials of, group by group
    shape_group *groups;
    int32_t group_count;
    group_class *classes;
    int32_t class_count;

    int64_t configuration_count;
    int mixed_digit;               ///< digit that walks a seed together with other settings; -1: none
    int64_t mixed_count;           ///< its different combinations of those other settings
    int32_t *mixed_configurations; ///< [count of the digit] which of them each value is; NULL: all differ
    int32_t *mixed_members;        ///< [count of the digit] its values, combination by combination, each ascending
    int32_t *mixed_first;          ///< [mixed_count + 1] where a combination's values begin
};

// ---- groups of equal shape

static int compare_integers(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_shapes(const work_shape *a, const work_shape *b) {
    int order = compare_integers(a->batch_size, b->batch_size);
    order = order != 0 ? order : compare_integers(a->latent_dim, b->latent_dim);
    return order != 0 ? order : compare_integers(a->epochs, b->epochs);
}

/// By shape, then by number.
static int compare_combinations(const void *a, const void *b, void *context) {
    const work_shape *const shapes = context;
    const int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    const int order = compare_shapes(&shapes[left], &shapes[right]);
    return order != 0 ? order : compare_integers(left, right);
}

/// By trials, the most first, then in the order of the plan.
static int compare_groups(const void *a, const void *b, void *context) {
    const int32_t *const slow = context;
    const shape_group *const left = a, *const right = b;
    const int order = compare_integers(right->trials, left->trials);
    return order != 0 ? order : compare_integers(slow[left->first], slow[right->first]);
}

static gs_status out_of_memory(gs_error *error) {
    return gs_fail(error, GS_ERROR_RUN, "out of memory while planning");
}

/// Counts a group's trials: of the first and of the last combination only what belongs to the part.
static void count_group(const gs_plan *plan, shape_group *group) {
    const int64_t fast_count = plan->digits.fast_count;
    const int64_t first = plan->slow[group->first] * fast_count;
    const int64_t end = (plan->slow[group->first + group->size - 1] + 1) * fast_count;
    const int64_t part_end = plan->part.first + plan->part.count;
    group->skipped = plan->part.first > first ? plan->part.first - first : 0;
    group->trials = group->size * fast_count - group->skipped - (end > part_end ? end - part_end : 0);
}

/// Sorts the part's combinations by shape and finds where groups begin.
static gs_status make_groups(gs_plan *plan, gs_error *error) {
    const int64_t fast_count = plan->digits.fast_count;
    const int32_t begin = (int32_t)(plan->part.first / fast_count);
    const int32_t count = (int32_t)((plan->part.first + plan->part.count - 1) / fast_count) - begin + 1;
    work_shape *const shapes = calloc((size_t)count, sizeof *shapes);
    plan->slow = calloc((size_t)count, sizeof *plan->slow);
    plan->groups = calloc((size_t)count, sizeof *plan->groups);
    if (shapes == NULL || plan->slow == NULL || plan->groups == NULL) {
        free(shapes);
        return out_of_memory(error);
    }
    for (int32_t i = 0; i < count; i++) {
        gs_settings settings;
        gs_digits_settings(&plan->digits, plan->experiment, (begin + i) * fast_count, &settings);
        shapes[i] = (work_shape){settings.batch_size, settings.latent_dim, settings.epochs};
        plan->slow[i] = i;
    }
    qsort_r(plan->slow, (size_t)count, sizeof *plan->slow, compare_combinations, shapes);
    for (int32_t i = 0; i < count; i++) {
        if (i == 0 || compare_shapes(&shapes[plan->slow[i - 1]], &shapes[plan->slow[i]]) != 0) {
            plan->groups[plan->group_count++] = (shape_group){.first = i};
        }
        plan->groups[plan->group_count - 1].size++;
    }
    for (int32_t i = 0; i < count; i++) {
        plan->slow[i] += begin;
    }
    for (int32_t i = 0; i < plan->group_count; i++) {
        count_group(plan, &plan->groups[i]);
    }
    qsort_r(plan->groups, (size_t)plan->group_count, sizeof *plan->groups, compare_groups, plan->slow);
    free(shapes);
    return GS_OK;
}

/// Notes where the number of the groups' trials changes.
static gs_status make_classes(gs_plan *plan, gs_error *error) {
    const shape_group *const groups = plan->groups;
    for (int32_t i = 0; i < plan->group_count; i++) {
        plan->class_count += i == 0 || groups[i].trials != groups[i - 1].trials;
    }
    plan->classes = calloc((size_t)plan->class_count + 1, sizeof *plan->classes);
    if (plan->classes == NULL) {
        return out_of_memory(error);
    }
    int32_t current = -1;
    for (int32_t i = 0; i < plan->group_count; i++) {
        if (i == 0 || groups[i].trials != groups[i - 1].trials) {
            plan->classes[++current] = (group_class){.first = i, .trials = groups[i].trials};
        }
        plan->classes[current].count++;
    }
    return GS_OK;
}

static gs_status pack_part(gs_plan *plan, gs_error *error) {
    const gs_status status = make_groups(plan, error);
    return status == GS_OK ? make_classes(plan, error) : status;
}

static void free_packs(gs_plan *plan) {
    free(plan->slow);
    free(plan->groups);
    free(plan->classes);
    plan->slow = NULL;
    plan->groups = NULL;
    plan->classes = NULL;
    plan->group_count = plan->class_count = 0;
}

// ---- configurations

/// Members of a digit are ascending, so its seeds come first.
static bool only_seeds(const gs_digit *digit) {
    return gs_setting_is_seed(digit->members[digit->member_count - 1]);
}

/// Sorts the values of the mixed digit by their combination, by counting.
static gs_status list_mixed(gs_plan *plan, int64_t count, gs_error *error) {
    plan->mixed_members = calloc((size_t)count, sizeof *plan->mixed_members);
    plan->mixed_first = calloc((size_t)plan->mixed_count + 1, sizeof *plan->mixed_first);
    int32_t *next = calloc((size_t)plan->mixed_count + 1, sizeof *next);
    if (plan->mixed_members == NULL || plan->mixed_first == NULL || next == NULL) {
        free(next);
        return out_of_memory(error);
    }
    for (int64_t i = 0; i < count; i++) {
        plan->mixed_first[plan->mixed_configurations[i] + 1]++;
    }
    for (int64_t m = 0; m < plan->mixed_count; m++) {
        plan->mixed_first[m + 1] += plan->mixed_first[m];
        next[m] = plan->mixed_first[m];
    }
    for (int64_t i = 0; i < count; i++) {
        plan->mixed_members[next[plan->mixed_configurations[i]]++] = (int32_t)i;
    }
    free(next);
    return GS_OK;
}

/// Numbers the different combinations of the settings that a zip walks together with a seed, in order of appearance.
static gs_status number_mixed(gs_plan *plan, gs_error *error) {
    const gs_digit *const digit = &plan->digits.digits[plan->mixed_digit];
    const gs_values *lists[GS_SETTING_COUNT];
    int list_count = 0;
    for (int m = 0; m < digit->member_count; m++) {
        if (!gs_setting_is_seed(digit->members[m])) {
            lists[list_count++] = &plan->experiment->values[digit->members[m]];
        }
    }
    plan->mixed_count = digit->count;
    int64_t *earliest = NULL;
    const gs_status status = gs_values_find_earliest(lists, list_count, &earliest, error);
    if (status != GS_OK || earliest == NULL) {
        return status;
    }
    plan->mixed_configurations = calloc((size_t)digit->count, sizeof *plan->mixed_configurations);
    if (plan->mixed_configurations == NULL) {
        free(earliest);
        return out_of_memory(error);
    }
    plan->mixed_count = 0;
    for (int64_t i = 0; i < digit->count; i++) {
        plan->mixed_configurations[i] =
            earliest[i] == i ? (int32_t)plan->mixed_count++ : plan->mixed_configurations[earliest[i]];
    }
    free(earliest);
    return list_mixed(plan, digit->count, error);
}

static gs_status count_configurations(gs_plan *plan, gs_error *error) {
    plan->configuration_count = 1;
    plan->mixed_digit = -1;
    for (int i = 0; i < plan->digits.digit_count; i++) {
        const gs_digit *const digit = &plan->digits.digits[i];
        int64_t count = digit->count;
        if (only_seeds(digit)) {
            count = 1;
        } else if (gs_setting_is_seed(digit->members[0])) {
            plan->mixed_digit = i;
            const gs_status status = number_mixed(plan, error);
            if (status != GS_OK) {
                return status;
            }
            count = plan->mixed_count;
        }
        plan->configuration_count *= count;
    }
    return GS_OK;
}

// ---- public functions

gs_status gs_plan_create(const gs_experiment *experiment, gs_plan **plan, gs_error *error) {
    gs_plan *const p = calloc(1, sizeof *p);
    if (p == NULL) {
        return out_of_memory(error);
    }
    p->experiment = experiment;
    gs_status status = gs_digits_create(experiment, &p->digits, error);
    if (status == GS_OK) {
        p->part = (gs_trial_range){.count = p->digits.trial_count};
        status = pack_part(p, error);
    }
    if (status == GS_OK) {
        status = count_configurations(p, error);
    }
    if (status != GS_OK) {
        gs_plan_free(p);
        return status;
    }
    *plan = p;
    return GS_OK;
}

void gs_plan_free(gs_plan *plan) {
    if (plan == NULL) {
        return;
    }
    free_packs(plan);
    free(plan->mixed_configurations);
    free(plan->mixed_members);
    free(plan->mixed_first);
    free(plan);
}

gs_status gs_plan_restrict(gs_plan *plan, gs_trial_range part, gs_error *error) {
    const int64_t trials = plan->digits.trial_count;
    if (part.first < 0 || part.count < 1 || part.count > trials || part.first > trials - part.count) {
        return gs_fail(error, GS_ERROR_INPUT, "there are no %lld trials from %lld on: the experiment has %lld",
                       (long long)part.count, (long long)part.first, (long long)trials);
    }
    free_packs(plan);
    plan->part = part;
    return pack_part(plan, error);
}

gs_trial_range gs_plan_part(const gs_plan *plan) {
    return plan->part;
}

int64_t gs_plan_trial_count(const gs_plan *plan) {
    return plan->part.count;
}

int64_t gs_plan_experiment_trials(const gs_plan *plan) {
    return plan->digits.trial_count;
}

void gs_plan_settings(const gs_plan *plan, int64_t trial, gs_settings *settings) {
    assert(trial >= 0 && trial < plan->digits.trial_count);
    gs_digits_settings(&plan->digits, plan->experiment, trial, settings);
}

int64_t gs_plan_configuration(const gs_plan *plan, int64_t trial) {
    assert(trial >= 0 && trial < plan->digits.trial_count);
    int64_t configuration = 0, stride = 1, rest = trial;
    for (int i = 0; i < plan->digits.digit_count; i++) {
        const gs_digit *const digit = &plan->digits.digits[i];
        const int64_t index = rest % digit->count;
        rest /= digit->count;
        if (only_seeds(digit)) {
            continue;
        }
        if (i == plan->mixed_digit) {
            configuration += stride * (plan->mixed_configurations == NULL ? index : plan->mixed_configurations[index]);
            stride *= plan->mixed_count;
        } else {
            configuration += stride * index;
            stride *= digit->count;
        }
    }
    return configuration;
}

/// Whether the trials of a configuration don't stand side by side.
static bool scatters(const gs_plan *plan) {
    return plan->mixed_configurations != NULL;
}

int64_t gs_plan_first_configuration(const gs_plan *plan) {
    return scatters(plan) ? 0 : gs_plan_configuration(plan, plan->part.first);
}

int64_t gs_plan_configuration_count(const gs_plan *plan) {
    return scatters(plan) ? plan->configuration_count
                          : gs_plan_configuration(plan, plan->part.first + plan->part.count - 1) -
                                gs_plan_configuration(plan, plan->part.first) + 1;
}

int64_t gs_plan_run_length(const gs_plan *plan) {
    int64_t length = 1;
    for (int i = 0; i < plan->digits.digit_count && only_seeds(&plan->digits.digits[i]); i++) {
        length *= plan->digits.digits[i].count;
    }
    return length;
}

int64_t gs_plan_run_from(const gs_plan *plan, int64_t trial) {
    const int64_t run = gs_plan_run_length(plan), left_of_run = run - trial % run;
    const int64_t left_of_part = plan->part.first + plan->part.count - trial;
    return left_of_run < left_of_part ? left_of_run : left_of_part;
}

/// How many values of the mixed digit belong to its combination `mixed`.
static int64_t mixed_values(const gs_plan *plan, int64_t mixed) {
    return plan->mixed_configurations == NULL ? 1 : plan->mixed_first[mixed + 1] - plan->mixed_first[mixed];
}

/// Trials of a configuration in the whole experiment.
static int64_t whole_member_count(const gs_plan *plan, int64_t configuration) {
    assert(configuration >= 0 && configuration < plan->configuration_count);
    int64_t count = 1, rest = configuration;
    for (int i = 0; i < plan->digits.digit_count; i++) {
        const gs_digit *const digit = &plan->digits.digits[i];
        if (only_seeds(digit)) {
            count *= digit->count;
        } else if (i == plan->mixed_digit) {
            count *= mixed_values(plan, rest % plan->mixed_count);
            rest /= plan->mixed_count;
        } else {
            rest /= digit->count;
        }
    }
    return count;
}

/// Number of a configuration's trial 0 <= index < whole_member_count.
static int64_t whole_member(const gs_plan *plan, int64_t configuration, int64_t index) {
    assert(index >= 0 && index < whole_member_count(plan, configuration));
    int64_t trial = 0, stride = 1, rest = configuration, member = index;
    for (int i = 0; i < plan->digits.digit_count; i++) {
        const gs_digit *const digit = &plan->digits.digits[i];
        int64_t value;
        if (only_seeds(digit)) {
            value = member % digit->count;
            member /= digit->count;
        } else if (i == plan->mixed_digit) {
            const int64_t mixed = rest % plan->mixed_count, values = mixed_values(plan, mixed);
            value = plan->mixed_configurations == NULL
                        ? mixed
                        : plan->mixed_members[plan->mixed_first[mixed] + member % values];
            rest /= plan->mixed_count;
            member /= values;
        } else {
            value = rest % digit->count;
            rest /= digit->count;
        }
        trial += stride * value;
        stride *= digit->count;
    }
    return trial;
}

/// How many of a configuration's trials have a number below `trial`: they ascend.
static int64_t members_below(const gs_plan *plan, int64_t configuration, int64_t trial) {
    if (trial <= 0) {
        return 0;
    }
    int64_t low = 0, high = whole_member_count(plan, configuration);
    if (trial == plan->digits.trial_count) {
        return high;
    }
    if (!scatters(plan)) {
        const int64_t below = trial - whole_member(plan, configuration, 0);
        return below < 0 ? 0 : below < high ? below : high;
    }
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (whole_member(plan, configuration, middle) < trial) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int64_t gs_plan_member_count(const gs_plan *plan, int64_t configuration) {
    return members_below(plan, configuration, plan->part.first + plan->part.count) -
           members_below(plan, configuration, plan->part.first);
}

int64_t gs_plan_member(const gs_plan *plan, int64_t configuration, int64_t index) {
    return whole_member(plan, configuration, members_below(plan, configuration, plan->part.first) + index);
}

void gs_plan_configuration_settings(const gs_plan *plan, int64_t configuration, gs_settings *settings) {
    gs_plan_settings(plan, whole_member(plan, configuration, 0), settings);
}

/// Packs of one group of a class.
static int64_t packs_of_group(const group_class *class, int lanes) {
    return class->trials / lanes + (class->trials % lanes != 0);
}

int64_t gs_plan_pack_count(const gs_plan *plan, int lanes) {
    int64_t packs = 0;
    for (int32_t i = 0; i < plan->class_count; i++) {
        packs += plan->classes[i].count * packs_of_group(&plan->classes[i], lanes);
    }
    return packs;
}

/// Of packs of whole configurations the one that comes `turn`-th. Where every configuration's seeds fill whole packs,
/// packs of the same seeds follow each other through a tile of configurations, so that they can share what their seeds
/// draw; a few packs of seeds further on the next tile begins, so that the rows of a block still are long runs of
/// trials. Tiles differ by one configuration at most. Two configurations are too few to share anything.
/// @param packs  of these configurations
/// @param run_packs  packs of one configuration
static int64_t pack_of_turn(int64_t turn, int64_t packs, int64_t run_packs) {
    const int64_t configurations = packs / run_packs;
    if (configurations < FEWEST_THAT_SHARE) {
        return turn;
    }
    const int64_t tiles = (configurations - 1) / MOST_OF_A_TILE + 1, narrow = configurations / tiles;
    const int64_t wide_tiles = configurations % tiles; // the first ones, by one wider than `narrow`
    const int64_t of_wide = wide_tiles * (narrow + 1) * run_packs;
    const bool in_wide = turn < of_wide;
    const int64_t width = in_wide ? narrow + 1 : narrow, from = in_wide ? turn : turn - of_wide;
    const int64_t in_tile = from % (width * run_packs);
    const int64_t first = (in_wide ? 0 : wide_tiles * (narrow + 1)) + from / (width * run_packs) * width;
    return (first + in_tile % width) * run_packs + in_tile / width;
}

/// The group's pack that comes `turn`-th: what a part has of a configuration that begins before it, the whole
/// configurations, and what it has of one that goes on behind it.
static int64_t pack_of_group(const gs_plan *plan, const shape_group *group, int lanes, int64_t turn) {
    const int64_t run = gs_plan_run_length(plan), cut = group->skipped % run;
    const int64_t head = cut == 0 ? 0 : run - cut;
    if (run % lanes != 0 || cut % lanes != 0 || group->trials < head) {
        return turn;
    }
    const int64_t run_packs = run / lanes, head_packs = head / lanes;
    const int64_t packs = (group->trials - head) / run * run_packs;
    return turn < head_packs || turn >= head_packs + packs
               ? turn
               : head_packs + pack_of_turn(turn - head_packs, packs, run_packs);
}

int gs_plan_pack(const gs_plan *plan, int lanes, int64_t pack, int64_t *trials) {
    const group_class *class = plan->classes;
    int64_t rest = pack;
    for (; rest >= class->count * packs_of_group(class, lanes); class ++) {
        rest -= class->count * packs_of_group(class, lanes);
        assert(class + 1 < plan->classes + plan->class_count);
    }
    const int64_t group_packs = packs_of_group(class, lanes);
    const shape_group *const group = &plan->groups[class->first + rest / group_packs];
    const int64_t fast_count = plan->digits.fast_count;
    const int64_t first = pack_of_group(plan, group, lanes, rest % group_packs) * lanes;
    const int64_t left = group->trials - first;
    const int count = left < lanes ? (int)left : lanes;
    for (int lane = 0; lane < count; lane++) {
        const int64_t position = group->skipped + first + lane; // among its combinations' trials
        trials[lane] = plan->slow[group->first + position / fast_count] * fast_count + position % fast_count;
    }
    return count;
}
