/// Runs a whole plan: OpenMP threads take packs, train, check and store them.
///
/// Each thread owns a trainer, the buffer that it fills, a checker, and a block of rows. Threads take runs of
/// consecutive packs, so that a block's rows lie side by side in the file and one write a dataset stores many packs.
/// Which thread trains which pack changes no number. The first failure of any thread ends all of them and is the one
/// reported.
#ifndef GANSWEEP_RUN_H
#define GANSWEEP_RUN_H

#include "gansweep/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What is known of a running sweep; handed to the progress callback about four times a second, from one thread.
/// A trial counts as finished once its row is written; the store's ledger says how many are acknowledged.
typedef struct {
    int64_t trials, done, diverged; ///< of the plan; finished in all; of these diverged
    int64_t before;                 ///< finished before this run began: a part of `done`
    int64_t prints_ln2;             ///< trials of this run whose last losses print ln 2, as gs_prints_ln2 says
    int64_t examples;               ///< real examples that this run's finished trials were trained on
    double seconds;                 ///< since the first pack
    bool asked;                     ///< the call that `ask` wished for
    bool finished;                  ///< the last call
} gs_progress;

/// Seconds between two checkpoints when nothing else is said.
#define GS_CHECKPOINT_SECONDS 5.0

/// Where the time of a run's threads goes.
typedef enum {
    GS_PART_START, ///< a thread's memory
    GS_PART_TAKE,  ///< taking packs: the one place where threads wait for each other
    GS_PART_TRAIN,
    GS_PART_CHECK,  ///< with LAPACKE's part, which is in gs_profile too
    GS_PART_GATHER, ///< rows into a block in memory
    GS_PART_WRITE,  ///< blocks into the file
    GS_PART_WAIT,   ///< for the last thread, at the end
    GS_PART_COUNT,
} gs_run_part;

typedef struct {
    int threads;
    double seconds;             ///< wall time from the first thread's start to the last one's end
    double part[GS_PART_COUNT]; ///< seconds, summed over the threads
    double lapack;              ///< seconds of GS_PART_CHECK inside of LAPACKE, summed over the threads
    double progress;            ///< processor seconds of the thread that watches
    int64_t takes;              ///< how often packs were taken
    int64_t checkpoints;        ///< made beside the training
    double checkpoint_seconds;  ///< that they waited for the disk, beside the training
} gs_profile;

typedef struct {
    int threads; ///< 0: OMP_NUM_THREADS, or the processors that this process may use
    gs_isa isa;
    /// May be NULL. Called from one thread at a time, beside the training: from a thread of its own, which takes no
    /// signals, and once more, with `finished`, from the caller's before gs_run returns.
    void (*progress)(const gs_progress *progress, void *context);
    void *context;
    /// Seconds between two checkpoints; 0: GS_CHECKPOINT_SECONDS; below 0: one after every block of rows.
    double checkpoint;
    const volatile int *stop; ///< set by a signal handler to end after the running steps; may be NULL
    volatile int *ask;        ///< set by a signal handler to be told the progress soon, then reset; may be NULL
    gs_profile *profile;      ///< filled when the run is over; may be NULL
} gs_run_options;

/// Threads that these options ask for: respects OMP_NUM_THREADS, the affinity mask and the container's limit.
int gs_run_threads(const gs_run_options *options);
/// Threads that a run of this plan uses at most: no more than it has packs.
int gs_run_threads_used(const gs_plan *plan, const gs_run_options *options);

/// Trains, checks and stores every pending trial of the store's plan, and acknowledges them at checkpoints; the last is
/// made by gs_store_close.
/// @param summary  filled with the last progress, also after a failure; may be NULL
/// @return GS_OK also when stopped early (summary->done < summary->trials): what was finished is in the file
gs_status gs_run(const gs_experiment *experiment, const gs_plan *plan, gs_store *store, const gs_run_options *options,
                 gs_progress *summary, gs_error *error);

/// Wall time of gs_run, from a calibration of at most about 0.3 s with the plan's own shapes on all its threads.
/// @param seconds  training and checking of the whole plan; the disk's time is not in it
gs_status gs_run_estimate(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options,
                          double *seconds, gs_error *error);

#ifdef __cplusplus
}
#endif
#endif
