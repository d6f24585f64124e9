#include "run/progress.h"

#include <omp.h>
#include <string.h>
#include <time.h>

#include "run/waiting.h"

static const double SECONDS_BETWEEN_REPORTS = 0.25;
static const double SECONDS_BETWEEN_LOOKS = 0.02; // at what the caller's signal handlers set

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
    gs_progress sum = watch->before;
    sum.seconds = omp_get_wtime() - watch->start;
    for (int thread = 0; thread < watch->threads; thread++) {
        const gs_counter *counter = &watch->counters[thread];
        sum.done += atomic_load_explicit(&counter->done, memory_order_relaxed);
        sum.diverged += atomic_load_explicit(&counter->diverged, memory_order_relaxed);
        sum.prints_ln2 += atomic_load_explicit(&counter->prints_ln2, memory_order_relaxed);
        sum.examples += atomic_load_explicit(&counter->examples, memory_order_relaxed);
    }
    return sum;
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
        gs_wait_at_most(&watch->wake, &watch->mutex, SECONDS_BETWEEN_LOOKS);
        pass_stop_on(watch);
        const bool asked = options->ask != NULL && *options->ask;
        if (options->progress != NULL && !watch->over && (asked || omp_get_wtime() >= next_report)) {
            next_report = omp_get_wtime() + SECONDS_BETWEEN_REPORTS; // after a stall none are made up for
            gs_progress progress = gs_watch_progress(watch);
            progress.asked = asked;
            if (asked) {
                *options->ask = 0;
            }
            options->progress(&progress, options->context);
        }
    }
    (void)pthread_mutex_unlock(&watch->mutex);
    struct timespec used = {0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    watch->processor_seconds = (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
    return NULL;
}

gs_status gs_watch_start(gs_watch *watch, gs_error *error) {
    gs_init_waiting(&watch->wake, &watch->mutex);
    watch->over = false;
    pass_stop_on(watch); // a run that is stopped beforehand trains nothing
    const int failure = gs_start_without_signals(&watch->thread, watch_until_over, watch);
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
