#include "run/progress.h"

#include <errno.h>
#include <omp.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static const double SECONDS_BETWEEN_REPORTS = 0.25;
static const long NANOSECONDS_BETWEEN_LOOKS = 20 * 1000 * 1000; // at the caller's stop
static const long NANOSECONDS_OF_A_SECOND = 1000 * 1000 * 1000;

/// One thread writes a counter, so that a load and a store are an addition.
static void add(_Atomic int64_t *counter, int64_t more) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

void gs_counter_add(gs_counter *counter, const gs_tally *tally) {
    add(&counter->done, tally->done);
    add(&counter->diverged, tally->diverged);
    add(&counter->prints_ln2, tally->prints_ln2);
    add(&counter->examples, tally->examples);
}

gs_progress gs_watch_progress(const gs_watch *watch) {
    gs_progress sum = {.trials = watch->trials, .seconds = omp_get_wtime() - watch->start};
    for (int thread = 0; thread < watch->threads; thread++) {
        const gs_counter *counter = &watch->counters[thread];
        sum.done += atomic_load_explicit(&counter->done, memory_order_relaxed);
        sum.diverged += atomic_load_explicit(&counter->diverged, memory_order_relaxed);
        sum.prints_ln2 += atomic_load_explicit(&counter->prints_ln2, memory_order_relaxed);
        sum.examples += atomic_load_explicit(&counter->examples, memory_order_relaxed);
    }
    return sum;
}

static void wait_for_the_next_look(gs_watch *watch) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += NANOSECONDS_BETWEEN_LOOKS;
    if (until.tv_nsec >= NANOSECONDS_OF_A_SECOND) {
        until.tv_nsec -= NANOSECONDS_OF_A_SECOND;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&watch->wake, &watch->mutex, &until);
}

static void pass_stop_on(const gs_watch *watch) {
    if (watch->options->stop != NULL && *watch->options->stop) {
        *watch->halt = 1;
    }
}

static void *watch_until_over(void *argument) {
    gs_watch *watch = argument;
    const gs_run_options *options = watch->options;
    double next_report = watch->start + SECONDS_BETWEEN_REPORTS;
    (void)pthread_mutex_lock(&watch->mutex);
    while (!watch->over) {
        wait_for_the_next_look(watch);
        pass_stop_on(watch);
        if (options->progress != NULL && !watch->over && omp_get_wtime() >= next_report) {
            next_report = omp_get_wtime() + SECONDS_BETWEEN_REPORTS; // after a stall none are made up for
            const gs_progress progress = gs_watch_progress(watch);
            options->progress(&progress, options->context);
        }
    }
    (void)pthread_mutex_unlock(&watch->mutex);
    struct timespec used = {0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    watch->processor_seconds = (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
    return NULL;
}

/// Signals stay with the caller's threads.
static int start_without_signals(gs_watch *watch) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failure = pthread_create(&watch->thread, NULL, watch_until_over, watch);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

gs_status gs_watch_start(gs_watch *watch, gs_error *error) {
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&watch->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&watch->mutex, NULL);
    watch->over = false;
    pass_stop_on(watch); // a run that is stopped beforehand trains nothing
    const int failure = start_without_signals(watch);
    if (failure != 0) {
        (void)pthread_cond_destroy(&watch->wake);
        (void)pthread_mutex_destroy(&watch->mutex);
        return gs_fail(error, GS_ERROR_RUN, "can't start a thread: %s", strerror(failure));
    }
    return GS_OK;
}

void gs_watch_end(gs_watch *watch) {
    (void)pthread_mutex_lock(&watch->mutex);
    watch->over = true;
    (void)pthread_cond_signal(&watch->wake);
    (void)pthread_mutex_unlock(&watch->mutex);
    (void)pthread_join(watch->thread, NULL);
    (void)pthread_cond_destroy(&watch->wake);
    (void)pthread_mutex_destroy(&watch->mutex);
}
