/// Runs a whole plan: OpenMP threads take packs, train, check and store them.
#ifndef GANSWEEP_RUN_H
#define GANSWEEP_RUN_H

#include "gansweep/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What is known of a running sweep; handed to the progress callback about four times a second, from one thread.
typedef struct {
    int64_t trials, done, diverged; ///< of the plan; finished in all; of these diverged
    int64_t prints_ln2;             ///< finished trials whose last losses both print 0.693
    int64_t examples;               ///< real examples trained on so far
    double seconds;                 ///< since the first pack
    bool finished;                  ///< the last call
} gs_progress;

typedef struct {
    int threads;              ///< 0: OMP_NUM_THREADS, or the processors that this process may use
    gs_isa isa;
    void (*progress)(const gs_progress *progress, void *context); ///< may be NULL
    void *context;
    const volatile int *stop; ///< set by a signal handler to end after the running epochs; may be NULL
} gs_run_options;

/// Threads that a run with these options uses: respects OMP_NUM_THREADS, the affinity mask and the container's limit.
int gs_run_threads(const gs_run_options *options);

/// Trains, checks and stores every trial of the plan.
/// @param summary  filled with the last progress
/// @return GS_OK also when stopped early (summary->done < summary->trials)
gs_status gs_run(const gs_experiment *experiment, const gs_plan *plan, gs_store *store, const gs_run_options *options,
                 gs_progress *summary, gs_error *error);

#ifdef __cplusplus
}
#endif
#endif
