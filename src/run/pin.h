/// Keeps each thread of a run on a processor of its own, so that its memory and caches stay near it.
#ifndef RUN_PIN_H
#define RUN_PIN_H

#include <stdbool.h>

/// Where a thread was allowed to run before.
typedef struct gs_pin gs_pin;

/// Pins thread `thread` of `threads` when there is one processor for each and OpenMP was not told where its threads
/// belong (OMP_PROC_BIND, OMP_PLACES): with fewer threads than processors two runs would meet on the first ones, and
/// the rest of this machine's work knows better.
/// @return what gs_unpin takes, or NULL where nothing was pinned
gs_pin *gs_pin_thread(int thread, int threads);
/// Gives the thread, which belongs to the caller's OpenMP, its freedom back.
void gs_unpin(gs_pin *pin);

#endif
