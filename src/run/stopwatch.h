/// One thread's time, split among the parts of a run: each lap goes to the part that it ended.
#ifndef RUN_STOPWATCH_H
#define RUN_STOPWATCH_H

#include <omp.h>

#include "gansweep/run.h"

typedef struct {
    double last; ///< omp_get_wtime() when the last lap ended
    double seconds[GS_PART_COUNT];
} gs_stopwatch;

static inline void gs_stopwatch_start(gs_stopwatch *watch) {
    *watch = (gs_stopwatch){.last = omp_get_wtime()};
}

static inline void gs_stopwatch_lap(gs_stopwatch *watch, gs_run_part part) {
    const double now = omp_get_wtime();
    watch->seconds[part] += now - watch->last;
    watch->last = now;
}

#endif
