#include "run/checkpoint.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "run/waiting.h"

static const double FIRST_INTERVAL = 1; // seconds

static void make_checkpoint(gs_checkpoints *checkpoints) {
    const double begin = omp_get_wtime();
    checkpoints->status = gs_store_checkpoint(checkpoints->store, begin - checkpoints->start, &checkpoints->failure);
    checkpoints->seconds += omp_get_wtime() - begin;
    checkpoints->count++;
    if (checkpoints->status != GS_OK) {
        *checkpoints->halt = 1;
    }
}

static void *make_checkpoints(void *argument) {
    gs_checkpoints *checkpoints = argument;
    (void)pthread_mutex_lock(&checkpoints->mutex);
    // The first one soon: a process that is always killed early gets on all the same.
    double next = checkpoints->start + fmin(checkpoints->interval, FIRST_INTERVAL);
    while (!checkpoints->over && checkpoints->status == GS_OK) {
        if (omp_get_wtime() < next) {
            gs_wait_at_most(&checkpoints->wake, &checkpoints->mutex, next - omp_get_wtime());
            continue;
        }
        (void)pthread_mutex_unlock(&checkpoints->mutex);
        make_checkpoint(checkpoints);
        (void)pthread_mutex_lock(&checkpoints->mutex);
        next = omp_get_wtime() + checkpoints->interval; // a slow disk is not asked without a pause
    }
    (void)pthread_mutex_unlock(&checkpoints->mutex);
    return NULL;
}

gs_status gs_checkpoints_start(gs_checkpoints *checkpoints, gs_error *error) {
    checkpoints->started = false;
    checkpoints->over = false;
    checkpoints->status = GS_OK;
    if (checkpoints->interval <= 0) {
        return GS_OK;
    }
    gs_init_waiting(&checkpoints->wake, &checkpoints->mutex);
    const int failure = gs_start_without_signals(&checkpoints->thread, make_checkpoints, checkpoints);
    if (failure != 0) {
        (void)pthread_cond_destroy(&checkpoints->wake);
        (void)pthread_mutex_destroy(&checkpoints->mutex);
        return gs_fail(error, GS_ERROR_RUN, "can't start a thread: %s", strerror(failure));
    }
    checkpoints->started = true;
    return GS_OK;
}

void gs_checkpoints_end(gs_checkpoints *checkpoints) {
    if (checkpoints->started) {
        (void)pthread_mutex_lock(&checkpoints->mutex);
        checkpoints->over = true;
        (void)pthread_cond_signal(&checkpoints->wake);
        (void)pthread_mutex_unlock(&checkpoints->mutex);
        (void)pthread_join(checkpoints->thread, NULL);
        (void)pthread_cond_destroy(&checkpoints->wake);
        (void)pthread_mutex_destroy(&checkpoints->mutex);
    }
}
