/// The plan: trial number -> settings by mixed-radix arithmetic, in memory that does not grow with the number of
/// trials.
///
/// Seeds vary fastest, then lr_G, lr_D, generator_loss and convention; the settings that change the shape of the work
/// (batch_size, latent_dim, epochs) vary slowest. Zipped settings are one digit, at the place of their slowest member,
/// and so are those that a design draws: the digit is the number of the point, from which its values are computed.
/// A *pack* is a set of trials of equal shape that are trained in the lanes of one vector; a *configuration* is all
/// settings except the three seeds. A plan may be restricted to a *part*, consecutive trials that are trained into a
/// file of their own; numbers of trials and of configurations stay those of the whole experiment.
#ifndef GANSWEEP_PLAN_H
#define GANSWEEP_PLAN_H

#include "gansweep/experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gs_plan gs_plan;

/// Trials first, first + 1, ... first + count - 1.
typedef struct {
    int64_t first, count;
} gs_trial_range;

/// The plan of a whole experiment.
/// @param experiment  must outlive the plan
/// @return GS_ERROR_INPUT when the number of trials overflows 2^62 or zipped lists differ in length
gs_status gs_plan_create(const gs_experiment *experiment, gs_plan **plan, gs_error *error);
void gs_plan_free(gs_plan *plan);

enum { GS_MOST_SHARDS = 1000000 };

/// The trials of shard 1 <= shard <= shards: a fair share of the work, whatever the processor. Shards follow each other
/// and are together the experiment. As long as there are enough trials each begins at a multiple of 16, the lanes of
/// the widest vector, so that no shard has more lanes that stand empty than the whole.
/// @return GS_ERROR_INPUT when there are fewer trials than shards
gs_status gs_plan_shard(const gs_experiment *experiment, int shard, int shards, gs_trial_range *trials,
                        gs_error *error);

/// How much work an experiment is, whatever the processor, in examples times parameters that are trained.
/// @return GS_ERROR_INPUT when the number of trials overflows
gs_status gs_plan_work(const gs_experiment *experiment, double *work, gs_error *error);

/// Restricts a plan to a part of its experiment, of which alone it has packs and members from then on.
/// @return GS_ERROR_INPUT when the experiment has no such trials
gs_status gs_plan_restrict(gs_plan *plan, gs_trial_range part, gs_error *error);
/// The trials that the plan is restricted to; those of the whole experiment otherwise.
gs_trial_range gs_plan_part(const gs_plan *plan);
int64_t gs_plan_trial_count(const gs_plan *plan);       ///< of the part
int64_t gs_plan_experiment_trials(const gs_plan *plan); ///< of the whole experiment

/// Settings of any trial of the experiment.
void gs_plan_settings(const gs_plan *plan, int64_t trial, gs_settings *settings);

/// Configuration of any trial of the experiment, numbered in plan order from 0 on.
int64_t gs_plan_configuration(const gs_plan *plan, int64_t trial);

/// The configurations that the part has trials of lie in first_configuration ... first_configuration +
/// configuration_count - 1. Each of these has trials of it unless a zip of a seed with other settings scatters them.
int64_t gs_plan_first_configuration(const gs_plan *plan);
int64_t gs_plan_configuration_count(const gs_plan *plan);
/// Settings of a configuration; its seeds are those of its first trial in the experiment.
void gs_plan_configuration_settings(const gs_plan *plan, int64_t configuration, gs_settings *settings);

/// Trials i L ... (i + 1) L - 1, for any i and the returned L, share a configuration: L is the number of combinations
/// of the seeds that are not zipped with other settings.
int64_t gs_plan_run_length(const gs_plan *plan);

/// How many trials of the part from `trial` on, itself included, stand side by side in such a run.
int64_t gs_plan_run_from(const gs_plan *plan, int64_t trial);

/// Trials of a configuration in the part: usually they stand side by side; a zip of a seed with other settings scatters
/// them in runs of gs_plan_run_length.
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
