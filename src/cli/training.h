/// Training the pending trials of a results file, from the command line: what `gansweep run` and `gansweep resume`
/// share.
#ifndef CLI_TRAINING_H
#define CLI_TRAINING_H

#include "cli/profile.h"
#include "gansweep/gansweep.h"

typedef struct {
    const gs_experiment *experiment;
    const gs_plan *plan;
    const char *path; ///< of the results file
    gs_store *store;  ///< closed by train_pending()
    gs_run_options options;
    bool quiet, profile;
    run_times times; ///< `start` and `created` are known
} training_task;

/// Trains, with progress and a summary unless quiet.
/// @return the exit code; a failure's line says what is kept and which command goes on
int train_pending(training_task *task, gs_error *error);

/// Says what was found, where it is and how it is opened.
/// @param with  what trained it: "4 threads"
gs_status summarise(const char *results_path, int64_t first_trial, const gs_progress *progress, const gs_ledger *ledger,
                    const char *with, gs_error *error);

/// Goes on with a results file that is open for reading.
/// @param repair  trials that are damaged are made again; without it damage is an error
/// @param task  its path, options, quiet, profile and times.start are set
int resume_training(const gs_results *results, bool repair, training_task *task, gs_error *error);

/// --checkpoint SECONDS as gs_run_options has it, where 0 stands for its preset.
double checkpoint_option(double seconds);

#endif
