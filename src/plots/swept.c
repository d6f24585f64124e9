#include "plots/swept.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/log_exp.h"
#include "numeric/quantile.h"
#include "plots/design.h"

enum {
    MOST_CELLS_OF_A_LINE = 4096, ///< H5Web draws nothing sensible beyond 8,192 rows
    MOST_CELLS_OF_A_MAP = 256,   ///< on each axis
    FEWEST_LEVELS_IN_STEPS = 3,  ///< two levels are evenly spaced on every scale
    FEWEST_RANGES = 4,           ///< that a drawn setting is divided into
    POINTS_OF_A_CELL = 4,        ///< of a design, on the average
    MOST_INTEGERS_LISTED = 16,   ///< of a drawn setting, which has a cell for each then
};

/// Steps that differ by less than this share are equal: a grid's values are rounded.
static const double EQUAL_STEPS = 1e-6;
/// A line whose values span more than this factor is drawn on a logarithmic scale.
static const double WIDE_SPAN = 30;
/// What is so near below a range's beginning belongs to it: points of a design stand there, but for rounding.
static const double SAME_RANGE = 1e-9;

/// Settings in the order in which they become axes when equally many values are taken.
static const gs_setting candidates[] = {
    GS_SETTING_LR_D,       GS_SETTING_LR_G,   GS_SETTING_BATCH_SIZE,     GS_SETTING_LATENT_DIM,
    GS_SETTING_CONVENTION, GS_SETTING_EPOCHS, GS_SETTING_GENERATOR_LOSS,
};
enum { CANDIDATE_COUNT = sizeof candidates / sizeof *candidates };

double gs_setting_value(const gs_settings *settings, gs_setting setting) {
    switch (setting) {
    case GS_SETTING_SEED:
        return (double)settings->seed;
    case GS_SETTING_DATA_SEED:
        return (double)settings->data_seed;
    case GS_SETTING_SHUFFLE_SEED:
        return (double)settings->shuffle_seed;
    case GS_SETTING_LR_G:
        return settings->lr_G;
    case GS_SETTING_LR_D:
        return settings->lr_D;
    case GS_SETTING_GENERATOR_LOSS:
        return settings->generator_loss;
    case GS_SETTING_CONVENTION:
        return settings->convention;
    case GS_SETTING_BATCH_SIZE:
        return (double)settings->batch_size;
    case GS_SETTING_LATENT_DIM:
        return (double)settings->latent_dim;
    default:
        return (double)settings->epochs;
    }
}

// ---- levels ----

static int64_t integers_between(const gs_dimension *drawn) {
    return (int64_t)(drawn->largest - drawn->smallest) + 1;
}

/// Whether a setting is drawn from so many values that they can't be listed.
static bool has_ranges(const gs_values *values) {
    const gs_dimension *drawn = values->drawn;
    return drawn != NULL && drawn->choice_count == 0 &&
           (!drawn->integer || integers_between(drawn) > MOST_INTEGERS_LISTED);
}

/// How many values there are to be listed, equal ones included.
static int64_t count_listed(const gs_values *values) {
    const gs_dimension *drawn = values->drawn;
    return drawn == NULL ? values->count : drawn->choice_count > 0 ? drawn->choice_count : integers_between(drawn);
}

static double listed_value(const gs_values *values, int64_t index) {
    const gs_dimension *drawn = values->drawn;
    return drawn == NULL             ? gs_values_real(values, index)
           : drawn->choice_count > 0 ? drawn->choices[index]
                                     : drawn->smallest + (double)index;
}

/// The different values of a setting without ranges, ascending; NULL when out of memory.
static double *find_levels(const gs_experiment *experiment, gs_setting setting, int64_t *count) {
    const gs_values *values = &experiment->values[setting];
    const int64_t listed = count_listed(values);
    double *levels = malloc((size_t)(listed > 0 ? listed : 1) * sizeof *levels);
    if (levels == NULL) {
        return NULL;
    }
    for (int64_t i = 0; i < listed; i++) {
        levels[i] = listed_value(values, i);
    }
    gs_sort(levels, listed);
    *count = 0;
    for (int64_t i = 0; i < listed; i++) {
        if (i == 0 || levels[i] != levels[*count - 1]) {
            levels[(*count)++] = levels[i];
        }
    }
    return levels;
}

/// How many different values a setting takes: 1 for one that is not swept, -1 when out of memory.
static int64_t count_levels(const gs_experiment *experiment, gs_setting setting) {
    int64_t count;
    const gs_values *values = &experiment->values[setting];
    if (values->count <= 1) {
        return 1;
    }
    if (has_ranges(values)) {
        return values->drawn->integer ? gs_smaller(values->count, integers_between(values->drawn)) : values->count;
    }
    double *levels = find_levels(experiment, setting, &count);
    free(levels);
    return levels == NULL ? -1 : count;
}

// ---- scales ----

/// Whether the values have names.
static bool is_named(gs_setting setting) {
    const gs_setting_type type = gs_settings_table[setting].type;
    return type == GS_TYPE_CONVENTION || type == GS_TYPE_GENERATOR_LOSS;
}

typedef enum { SCALE_VALUE, SCALE_LOG10, SCALE_LEVEL } scale;

static double log10_of(double value) {
    return gs_log(value) / gs_log(10);
}

static bool has_equal_steps(const double *levels, int64_t count, bool logarithmic) {
    const double first = logarithmic ? log10_of(levels[0]) : levels[0];
    const double last = logarithmic ? log10_of(levels[count - 1]) : levels[count - 1];
    const double step = (last - first) / (double)(count - 1);
    if (!(step > 0)) { // the logarithms of near values can be equal
        return false;
    }
    for (int64_t i = 1; i < count - 1; i++) {
        const double at = logarithmic ? log10_of(levels[i]) : levels[i];
        if (fabs(at - (first + (double)i * step)) > EQUAL_STEPS * step) {
            return false;
        }
    }
    return true;
}

/// On which scale the levels are evenly spaced, as cells of equal size must be.
static scale even_scale(const gs_swept *swept) {
    if (is_named(swept->setting)) {
        return SCALE_LEVEL;
    }
    const bool positive = swept->levels[0] > 0;
    if (positive && has_equal_steps(swept->levels, swept->level_count, true) &&
        (gs_settings_table[swept->setting].type == GS_TYPE_REAL || swept->level_count >= FEWEST_LEVELS_IN_STEPS)) {
        return SCALE_LOG10;
    }
    return has_equal_steps(swept->levels, swept->level_count, false) ? SCALE_VALUE : SCALE_LEVEL;
}

static double position_of(const gs_swept *swept, scale on, int64_t level) {
    switch (on) {
    case SCALE_VALUE:
        return swept->levels[level];
    case SCALE_LOG10:
        return log10_of(swept->levels[level]);
    default:
        return (double)level;
    }
}

// ---- labels ----

/// "convention: 0 mxnet, 1 torch", or "lr_D, number of the value: 0 is 0.001, 1 is 0.05, ..."
static void describe_levels(gs_swept *swept) {
    const gs_setting_info *info = &gs_settings_table[swept->setting];
    const size_t room = sizeof swept->label;
    const bool named = is_named(swept->setting);
    const char *const *names = info->type == GS_TYPE_CONVENTION ? gs_convention_names : gs_generator_loss_names;
    (void)snprintf(swept->label, room, "%s:", info->name);
    for (int64_t i = 0; i < swept->level_count; i++) {
        char text[64];
        if (named) {
            (void)snprintf(text, sizeof text, " %lld %s", (long long)i, names[(int)swept->levels[i]]);
        } else {
            (void)snprintf(text, sizeof text, " %lld is %.6g", (long long)i, swept->levels[i]);
        }
        const size_t used = strlen(swept->label);
        if (used + strlen(text) + sizeof ", ..." > room) {
            (void)snprintf(swept->label + used, room - used, ", ...");
            break;
        }
        (void)snprintf(swept->label + used, room - used, "%s%s", i == 0 ? "" : ",", text);
    }
}

static void describe(gs_swept *swept, scale on) {
    const gs_setting_info *info = &gs_settings_table[swept->setting];
    const bool has_units = strcmp(info->units, "1") != 0;
    const char *of_ranges = swept->drawn == NULL ? "" : ", middle of a range";
    if (on == SCALE_LEVEL) {
        describe_levels(swept);
    } else if (on == SCALE_LOG10) {
        (void)snprintf(swept->label, sizeof swept->label, "log10 of %s%s", info->name, of_ranges);
    } else {
        (void)snprintf(swept->label, sizeof swept->label, "%s%s%s%s%s", info->name, has_units ? " (" : "",
                       has_units ? info->units : "", has_units ? ")" : "", of_ranges);
    }
    // H5Web stretches a map to its panel only when the units of its axes differ.
    (void)snprintf(swept->units, sizeof swept->units,
                   on == SCALE_LEVEL   ? "number of %s"
                   : on == SCALE_LOG10 ? "log10(%s)"
                                       : "%s",
                   info->name);
}

// ---- axes ----

/// A cell of several levels stands in their middle.
static gs_status lay_cells(gs_swept *swept, scale on, int64_t most, gs_error *error) {
    swept->cell_count = swept->level_count < most ? swept->level_count : most;
    swept->positions = malloc((size_t)swept->cell_count * sizeof *swept->positions);
    if (swept->positions == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the axis of %s", gs_settings_table[swept->setting].name);
    }
    // Level l falls into cell l * cells / levels: the first of cell c is the least l with l * cells >= c * levels.
    for (int64_t cell = 0; cell < swept->cell_count; cell++) {
        const int64_t first = (cell * swept->level_count + swept->cell_count - 1) / swept->cell_count;
        const int64_t next = ((cell + 1) * swept->level_count + swept->cell_count - 1) / swept->cell_count;
        swept->positions[cell] = (position_of(swept, on, first) + position_of(swept, on, next - 1)) / 2;
    }
    describe(swept, on);
    return GS_OK;
}

/// Most parts of a scale of integers of which each holds one: not narrower than what the smallest integer has of it.
static int64_t most_ranges(const gs_dimension *drawn, int64_t most) {
    if (!drawn->integer) {
        return most;
    }
    const double narrowest = gs_dimension_position(drawn, drawn->smallest + 0.5) - drawn->low;
    return gs_smaller(most, (int64_t)((drawn->high - drawn->low) / narrowest));
}

/// As many equal parts of a drawn setting's scale as the design has points for.
/// @param axes  of the map that are divided so
/// @param is_line  the axis is the only one: its positions are values
static gs_status lay_ranges(gs_swept *swept, int64_t points, int axes, bool is_line, gs_error *error) {
    const gs_dimension *drawn = swept->drawn;
    const int64_t most = most_ranges(drawn, is_line ? MOST_CELLS_OF_A_LINE : MOST_CELLS_OF_A_MAP);
    const double cells = (double)points / POINTS_OF_A_CELL, along = axes == 2 ? sqrt(cells) : cells;
    swept->cell_count = along >= (double)most ? most : gs_smaller(most, (int64_t)fmax(along, FEWEST_RANGES));
    swept->positions = malloc((size_t)swept->cell_count * sizeof *swept->positions);
    if (swept->positions == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the axis of %s", gs_settings_table[swept->setting].name);
    }
    for (int64_t cell = 0; cell < swept->cell_count; cell++) {
        const double share = ((double)cell + 0.5) / (double)swept->cell_count;
        const double middle = drawn->low + share * (drawn->high - drawn->low);
        swept->positions[cell] = !drawn->logarithmic ? middle : is_line ? gs_exp(middle) : middle / gs_log(10);
    }
    swept->log_axis = is_line && drawn->logarithmic && drawn->largest > WIDE_SPAN * drawn->smallest;
    describe(swept, drawn->logarithmic && !is_line ? SCALE_LOG10 : SCALE_VALUE);
    return GS_OK;
}

static gs_status lay_line(gs_swept *swept, gs_error *error) {
    const bool named = is_named(swept->setting);
    const double *levels = swept->levels;
    swept->log_axis = !named && levels[0] > 0 && levels[swept->level_count - 1] > WIDE_SPAN * levels[0];
    return lay_cells(swept, named ? SCALE_LEVEL : SCALE_VALUE, MOST_CELLS_OF_A_LINE, error);
}

static gs_status lay_axis(gs_swept *swept, const gs_experiment *experiment, int ranges, bool is_line, gs_error *error) {
    const gs_values *values = &experiment->values[swept->setting];
    if (has_ranges(values)) {
        swept->drawn = values->drawn;
        swept->level_count = values->count;
        return lay_ranges(swept, values->count, ranges, is_line, error);
    }
    swept->levels = find_levels(experiment, swept->setting, &swept->level_count);
    if (swept->levels == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the values of %s",
                       gs_settings_table[swept->setting].name);
    }
    return is_line ? lay_line(swept, error) : lay_cells(swept, even_scale(swept), MOST_CELLS_OF_A_MAP, error);
}

gs_status gs_swept_find(const gs_experiment *experiment, gs_swept swept[2], int *count, gs_error *error) {
    int64_t levels[CANDIDATE_COUNT];
    int chosen[2] = {0};
    *count = 0;
    for (int i = 0; i < CANDIDATE_COUNT; i++) {
        levels[i] = count_levels(experiment, candidates[i]);
        if (levels[i] < 0) {
            return gs_fail(error, GS_ERROR_RUN, "out of memory for the values of %s",
                           gs_settings_table[candidates[i]].name);
        }
    }
    while (*count < 2) {
        int best = -1;
        for (int i = 0; i < CANDIDATE_COUNT; i++) {
            const bool walks_with_first = *count == 1 && experiment->values[candidates[i]].zipped &&
                                          experiment->values[candidates[chosen[0]]].zipped;
            if (levels[i] > 1 && !walks_with_first && (*count == 0 || i != chosen[0]) &&
                (best < 0 || levels[i] > levels[best])) {
                best = i;
            }
        }
        if (best < 0) {
            break;
        }
        chosen[(*count)++] = best;
    }
    gs_status status = GS_OK;
    int ranges = 0;
    for (int i = 0; i < *count; i++) {
        ranges += has_ranges(&experiment->values[candidates[chosen[i]]]);
    }
    for (int i = 0; i < *count && status == GS_OK; i++) {
        swept[i] = (gs_swept){.setting = candidates[chosen[i]]};
        status = lay_axis(&swept[i], experiment, ranges, *count == 1, error);
        if (status != GS_OK) {
            for (int j = 0; j <= i; j++) {
                gs_swept_free(&swept[j]);
            }
            *count = 0;
        }
    }
    return status;
}

void gs_swept_free(gs_swept *swept) {
    free(swept->levels);
    free(swept->positions);
    *swept = (gs_swept){0};
}

int64_t gs_swept_cell(const gs_swept *swept, const gs_settings *settings) {
    const double value = gs_setting_value(settings, swept->setting);
    if (swept->drawn != NULL) {
        const double along = gs_dimension_position(swept->drawn, value) - swept->drawn->low;
        const double share = along / (swept->drawn->high - swept->drawn->low);
        const double cell = share * (double)swept->cell_count + SAME_RANGE;
        return cell <= 0 ? 0 : gs_smaller((int64_t)cell, swept->cell_count - 1);
    }
    int64_t low = 0, high = swept->level_count - 1; // the level lies between them
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (swept->levels[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low * swept->cell_count / swept->level_count;
}
