/// Counts what the threads of a run finish, and watches over them.
///
/// Each thread counts in a cache line of its own, without a lock. One watching thread adds the counters up for the
/// caller's callback and passes the caller's stop on, however long a pack takes.
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "gansweep/run.h"

enum { CACHE_LINE_BYTES = 64 };

/// What one thread has finished: written by that thread alone, read by the watching one.
typedef struct {
    _Alignas(CACHE_LINE_BYTES) _Atomic int64_t done;
    _Atomic int64_t diverged, prints_ln2, examples;
} gs_counter;

/// Finished trials of one block, not yet counted because not yet in the file.
typedef struct {
    int64_t done, diverged, prints_ln2, examples;
} gs_tally;

void gs_counter_add(gs_counter *counter, const gs_tally *tally);

typedef struct {
    const gs_run_options *options;
    gs_counter *counters; ///< [threads]
    int threads;
    gs_progress before; ///< the plan's trials, and what was finished before this run
    double start;       ///< omp_get_wtime() at the first pack
    volatile int *halt; ///< set when the caller's stop is

    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool over;
    double processor_seconds; ///< that watching took; known after gs_watch_end()
} gs_watch;

/// Starts the watching thread. The fields above `thread` are set by the caller.
gs_status gs_watch_start(gs_watch *watch, gs_error *error);
/// Ends it; nothing is called back afterwards.
void gs_watch_end(gs_watch *watch);

/// The sum over all threads now.
gs_progress gs_watch_progress(const gs_watch *watch);

#endif
