/// Threads beside the training: they wait on the monotonic clock and take no signals.
#ifndef RUN_WAITING_H
#define RUN_WAITING_H

#include <pthread.h>

/// Seconds on the monotonic clock, whatever anybody sets the time of day to.
double gs_seconds_now(void);

void gs_init_waiting(pthread_cond_t *wake, pthread_mutex_t *mutex);

/// Waits for a signal of `wake`, for so many seconds at most. The mutex is held.
void gs_wait_at_most(pthread_cond_t *wake, pthread_mutex_t *mutex, double seconds);

/// Starts a thread; signals stay with the caller's threads.
/// @return 0, or the system's reason
int gs_start_without_signals(pthread_t *thread, void *(*work)(void *), void *argument);

#endif
