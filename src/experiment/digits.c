#include "experiment/digits.h"

#include <assert.h>

/// The settings that a design draws.
static gs_digit drawn_members(const gs_experiment *experiment) {
    gs_digit points = {.member_count = 0};
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        if (experiment->values[s].drawn != NULL) {
            points.members[points.member_count++] = (gs_setting)s;
            points.count = experiment->values[s].count;
        }
    }
    return points;
}

static bool is_slowest(const gs_digit *digit, int setting) {
    return digit->member_count > 0 && setting == (int)digit->members[digit->member_count - 1];
}

/// Puts the members of each digit in place: one digit a setting, and the zip and the points of a design where their
/// slowest members stand.
static gs_status place_members(const gs_experiment *experiment, gs_digits *all, gs_error *error) {
    const gs_digit points = drawn_members(experiment);
    gs_digit zip = {.member_count = 0};
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        if (!experiment->values[s].zipped) {
            continue;
        }
        if (zip.member_count > 0 && experiment->values[s].count != zip.count) {
            return gs_fail(error, GS_ERROR_INPUT, "zipped settings %s and %s differ in length, expected equal lengths",
                           gs_settings_table[zip.members[0]].name, gs_settings_table[s].name);
        }
        zip.members[zip.member_count++] = (gs_setting)s;
        zip.count = experiment->values[s].count;
    }
    all->digit_count = 0;
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        const gs_values *const values = &experiment->values[s];
        if (is_slowest(&zip, s)) {
            all->digits[all->digit_count++] = zip;
        } else if (is_slowest(&points, s)) {
            all->digits[all->digit_count++] = points;
        } else if (!values->zipped && values->drawn == NULL && values->count > 0) {
            all->digits[all->digit_count++] =
                (gs_digit){.members = {(gs_setting)s}, .member_count = 1, .count = values->count};
        }
    }
    return GS_OK;
}

static bool changes_shape(const gs_digit *digit) {
    return digit->members[digit->member_count - 1] >= GS_SETTING_BATCH_SIZE;
}

gs_status gs_digits_create(const gs_experiment *experiment, gs_digits *digits, gs_error *error) {
    const gs_status status = place_members(experiment, digits, error);
    if (status != GS_OK) {
        return status;
    }
    digits->trial_count = digits->fast_count = digits->shape_count = 1;
    for (int i = 0; i < digits->digit_count; i++) {
        const gs_digit *const digit = &digits->digits[i];
        if (__builtin_mul_overflow(digits->trial_count, digit->count, &digits->trial_count) ||
            digits->trial_count > MAX_TRIALS) {
            return gs_fail(error, GS_ERROR_INPUT, "the crossing makes more than 2^62 trials, expected fewer");
        }
        if (!changes_shape(digit)) {
            digits->fast_count = digits->trial_count;
            continue;
        }
        digits->shape_count = digits->trial_count / digits->fast_count;
        if (digits->shape_count > MAX_SHAPE_COMBINATIONS) {
            return gs_fail(
                error, GS_ERROR_INPUT,
                "batch_size, latent_dim, epochs and what is zipped or drawn with them make %lld combinations, "
                "expected at most %d",
                (long long)digits->shape_count, MAX_SHAPE_COMBINATIONS);
        }
    }
    return GS_OK;
}

/// Gives one setting its value.
static void set_value(gs_settings *settings, gs_setting setting, const gs_values *values, int64_t index) {
    switch (setting) {
    case GS_SETTING_SEED:
        settings->seed = gs_values_integer(values, index);
        break;
    case GS_SETTING_DATA_SEED:
        settings->data_seed = gs_values_integer(values, index);
        break;
    case GS_SETTING_SHUFFLE_SEED:
        settings->shuffle_seed = gs_values_integer(values, index);
        break;
    case GS_SETTING_LR_G:
        settings->lr_G = gs_values_real(values, index);
        break;
    case GS_SETTING_LR_D:
        settings->lr_D = gs_values_real(values, index);
        break;
    case GS_SETTING_GENERATOR_LOSS:
        settings->generator_loss = (gs_generator_loss)gs_values_integer(values, index);
        break;
    case GS_SETTING_CONVENTION:
        settings->convention = (gs_convention)gs_values_integer(values, index);
        break;
    case GS_SETTING_BATCH_SIZE:
        settings->batch_size = gs_values_integer(values, index);
        break;
    case GS_SETTING_LATENT_DIM:
        settings->latent_dim = gs_values_integer(values, index);
        break;
    case GS_SETTING_EPOCHS:
        settings->epochs = gs_values_integer(values, index);
        break;
    case GS_SETTING_COUNT:
        assert(false);
    }
}

void gs_digits_settings(const gs_digits *digits, const gs_experiment *experiment, int64_t trial,
                        gs_settings *settings) {
    int64_t rest = trial;
    for (int i = 0; i < digits->digit_count; i++) {
        const gs_digit *const digit = &digits->digits[i];
        const int64_t index = rest % digit->count;
        rest /= digit->count;
        for (int m = 0; m < digit->member_count; m++) {
            set_value(settings, digit->members[m], &experiment->values[digit->members[m]], index);
        }
    }
    if (experiment->values[GS_SETTING_DATA_SEED].count == 0) {
        settings->data_seed = settings->seed;
    }
    if (experiment->values[GS_SETTING_SHUFFLE_SEED].count == 0) {
        settings->shuffle_seed = settings->seed;
    }
}
