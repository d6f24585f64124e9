/// Real and generated points of the trials with the least, the median and the greatest covariance error.
#ifndef GANSWEEP_PLOTS_SAMPLES_H
#define GANSWEEP_PLOTS_SAMPLES_H

#include "plots/reading.h"

typedef struct {
    double covariance_error;
    int64_t trial;
} gs_candidate;

/// Trials that are looked at, with their errors.
typedef struct {
    int64_t count, capacity;
    gs_candidate *list; ///< [count]
} gs_candidates;

/// @param most  0: none are wanted
/// @return false when out of memory
bool gs_candidates_create(gs_candidates *candidates, int64_t most);
void gs_candidates_free(gs_candidates *candidates);
void gs_candidates_add(gs_candidates *candidates, int64_t trial, double covariance_error);

/// Titles that say that nothing is finished.
void gs_samples_clear(const gs_plots *plots, unsigned char *drawing);

/// Draws GS_PLOT_SAMPLES_BEST, ..._MEDIAN and ..._WORST with their titles. Sorts the candidates.
gs_status gs_samples_draw(gs_candidates *candidates, const gs_reading *reading, unsigned char *drawing,
                          gs_error *error);

#endif
