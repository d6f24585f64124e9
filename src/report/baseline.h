/// The null baseline: nets that were never trained.
#ifndef REPORT_BASELINE_H
#define REPORT_BASELINE_H

#include "report/column.h"

enum { GS_BASELINE_TRIALS = 256 };

/// The untrained nets of one convention, generator_loss and latent_dim, and what was measured on them.
typedef struct {
    gs_settings settings[GS_BASELINE_TRIALS];
    int count, most; ///< trials; `most` <= GS_BASELINE_TRIALS, fewer where one epoch is long or there are many kinds
    bool complete;   ///< no other configuration has more to add
    double quantity[GS_QUANTITY_COUNT][GS_BASELINE_TRIALS];
} gs_baseline;

/// An empty baseline; the first configuration added decides what it is for.
void gs_baseline_start(gs_baseline *baseline, const gs_experiment *experiment);

bool gs_baseline_is_for(const gs_baseline *baseline, const gs_settings *settings);

/// Adds the seeds of a configuration's trials that the baseline does not have yet.
void gs_baseline_add(gs_baseline *baseline, const gs_plan *plan, int64_t configuration);

/// "Trains" the nets with learning rates of 0 for one epoch, which yields the untrained nets' losses, and checks them.
/// Threads share the packs; the numbers are the same for any number of them.
gs_status gs_baseline_measure(gs_baseline *baseline, const gs_experiment *experiment, gs_error *error);

gs_quantity_reader gs_baseline_read; ///< of a gs_baseline

#endif
