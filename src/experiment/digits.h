/// The digits of a trial number in mixed radix: one for each swept setting, one for all zipped settings together, and
/// one for the points of a design.
#ifndef GANSWEEP_EXPERIMENT_DIGITS_H
#define GANSWEEP_EXPERIMENT_DIGITS_H

#include "gansweep/experiment.h"

/// Most combinations of the settings that change the shape of the work (batch_size, latent_dim, epochs).
enum { MAX_SHAPE_COMBINATIONS = 1000000 };
#define MAX_TRIALS (INT64_C(1) << 62)

/// Settings that walk together as one digit; alone unless zipped or drawn.
typedef struct {
    gs_setting members[GS_SETTING_COUNT]; ///< ascending
    int member_count;
    int64_t count; ///< the radix
} gs_digit;

typedef struct {
    gs_digit digits[GS_SETTING_COUNT]; ///< fastest first
    int digit_count;
    int64_t trial_count;
    int64_t fast_count;  ///< trials of one combination of shape digits
    int64_t shape_count; ///< combinations of shape digits; trial_count = fast_count * shape_count
} gs_digits;

/// Lays out the digits of an experiment.
/// @return GS_ERROR_INPUT, with a reason that names no file, when zipped settings differ in length, there are more than
/// 2^62 trials, or more shapes than MAX_SHAPE_COMBINATIONS
gs_status gs_digits_create(const gs_experiment *experiment, gs_digits *digits, gs_error *error);

/// Settings of a trial.
void gs_digits_settings(const gs_digits *digits, const gs_experiment *experiment, int64_t trial, gs_settings *settings);

#endif
