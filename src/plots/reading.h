/// Reads what the plots need of the trials, as few bytes as will do.
#ifndef GANSWEEP_PLOTS_READING_H
#define GANSWEEP_PLOTS_READING_H

#include "plots/design.h"

/// Finished trials of one configuration, ascending.
typedef struct {
    int64_t count;
    int64_t *trials;                             ///< [count]
    float *loss_D, *loss_G;                      ///< [count x epochs shown] NaN beyond a trial's own epochs
    float *last_D, *last_G;                      ///< [count] of a trial's own last epoch
    double *covariance_error, *frechet_distance; ///< [count]
    unsigned char *covariance_ok;                ///< [count]
} gs_trials_read;

typedef struct {
    const gs_plots *plots;
    gs_plot_reader *read;
    void *source;
    bool complete;         ///< every trial is finished
    gs_trials_read trials; ///< the latest, with room for the largest configuration
    unsigned char *window; ///< consecutive rows
    int64_t window_bytes;
} gs_reading;

/// @param most  trials that are read at a time
/// @return false when out of memory; to be ended with gs_reading_free() in every case
bool gs_reading_create(gs_reading *reading, const gs_plots *plots, int64_t most);
void gs_reading_free(gs_reading *reading);

/// Reads every `step`-th trial of a configuration, if it is finished, into reading->trials.
/// @param epochs  that these trials are trained for
gs_status gs_reading_members(gs_reading *reading, int64_t configuration, int64_t step, int64_t epochs, gs_error *error);

/// Reads one trial into reading->trials, which is empty when it is not finished.
gs_status gs_reading_trial(gs_reading *reading, int64_t trial, int64_t epochs, gs_error *error);

/// Reads the samples of one trial.
/// @param samples  [samples kept x dimension]
gs_status gs_reading_samples(const gs_reading *reading, int64_t trial, float *samples, gs_error *error);

#endif
