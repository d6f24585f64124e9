/// Makes checkpoints while threads train: a thread of its own waits for the disk, so that training never does.
#ifndef RUN_CHECKPOINT_H
#define RUN_CHECKPOINT_H

#include <pthread.h>

#include "gansweep/run.h"

typedef struct {
    gs_store *store;
    double interval;    ///< seconds between two checkpoints; 0: none but the last
    double start;       ///< omp_get_wtime() at the first pack
    volatile int *halt; ///< set by a failure

    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool started, over;
    gs_status status; ///< the first failure; known after gs_checkpoints_end()
    gs_error failure;
    int64_t count;  ///< checkpoints made
    double seconds; ///< that they took
} gs_checkpoints;

/// Starts the thread. The fields above `thread` are set by the caller.
gs_status gs_checkpoints_start(gs_checkpoints *checkpoints, gs_error *error);
/// Ends it, after the checkpoint that it may be in.
void gs_checkpoints_end(gs_checkpoints *checkpoints);

#endif
