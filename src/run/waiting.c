#include "run/waiting.h"

#include <signal.h>
#include <time.h>

static const long NANOSECONDS_OF_A_SECOND = 1000 * 1000 * 1000;
static const double LONGEST_WAIT = 3600; // seconds: more is waited for in turns

double gs_seconds_now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void gs_init_waiting(pthread_cond_t *wake, pthread_mutex_t *mutex) {
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(mutex, NULL);
}

void gs_wait_at_most(pthread_cond_t *wake, pthread_mutex_t *mutex, double seconds) {
    struct timespec until;
    seconds = seconds < 0 ? 0 : seconds > LONGEST_WAIT ? LONGEST_WAIT : seconds;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * (double)NANOSECONDS_OF_A_SECOND);
    if (until.tv_nsec >= NANOSECONDS_OF_A_SECOND) {
        until.tv_nsec -= NANOSECONDS_OF_A_SECOND;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(wake, mutex, &until);
}

int gs_start_without_signals(pthread_t *thread, void *(*work)(void *), void *argument) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failure = pthread_create(thread, NULL, work, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}
