/// The plan: trial number -> settings by mixed-radix arithmetic, in memory that does not grow with the number of
/// trials.
///
/// Seeds vary fastest, then lr_G, lr_D, generator_loss and convention; the settings that change the shape of the work
/// (batch_size, latent_dim, epochs) vary slowest. Zipped settings are one digit, at the place of their slowest member,
/// and so are those that a design draws: the digit is the number of the point, from which its values are computed.
/// A *pack* is a set of trials of equal shape that are trained in the lanes of one vector; a *configuration* is all
/// settings except the three seeds.
#ifndef GANSWEEP_PLAN_H
#define GANSWEEP_PLAN_H

#include "gansweep/experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gs_plan gs_plan;

/// @param experiment  must outlive the plan
/// @return GS_ERROR_INPUT when the number of trials overflows 2^62 or zipped lists differ in length
gs_status gs_plan_create(const gs_experiment *experiment, gs_plan **plan, gs_error *error);
void gs_plan_free(gs_plan *plan);

int64_t gs_plan_trial_count(const gs_plan *plan);
int64_t gs_plan_configuration_count(const gs_plan *plan);

/// Settings of trial 0 <= trial < trial_count.
void gs_plan_settings(const gs_plan *plan, int64_t trial, gs_settings *settings);

/// Configuration of a trial, 0 <= configuration < configuration_count, numbered in plan order.
int64_t gs_plan_configuration(const gs_plan *plan, int64_t trial);

/// Trials i L ... (i + 1) L - 1, for any i and the returned L, share a configuration: L is the number of combinations
/// of the seeds that are not zipped with other settings.
int64_t gs_plan_run_length(const gs_plan *plan);

/// Trials of a configuration: usually they stand side by side; a zip of a seed with other settings scatters them in
/// runs of gs_plan_run_length.
int64_t gs_plan_member_count(const gs_plan *plan, int64_t configuration);
/// Number of a configuration's trial 0 <= index < gs_plan_member_count, ascending.
int64_t gs_plan_member(const gs_plan *plan, int64_t configuration, int64_t index);

/// Number of packs when a vector has `lanes` lanes; lane use is trial_count / (pack_count * lanes).
int64_t gs_plan_pack_count(const gs_plan *plan, int lanes);

/// Trials of one pack, ascending, all of equal shape. Packs of the same seeds follow each other where a configuration's
/// seeds are a multiple of `lanes` and three configurations or more have one shape.
/// @param trials  [lanes] filled with the trial numbers
/// @return how many trials the pack has, 1 ... lanes
int gs_plan_pack(const gs_plan *plan, int lanes, int64_t pack, int64_t *trials);

#ifdef __cplusplus
}
#endif
#endif
