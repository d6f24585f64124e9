/// Whether the mean losses of a configuration stand at the equilibrium, loss = ln 2, and how surely.
#ifndef REPORT_EQUILIBRIUM_H
#define REPORT_EQUILIBRIUM_H

#include "gansweep/report.h"

typedef struct gs_equilibrium gs_equilibrium;

/// @param most_trials  of one configuration
/// @param all_trials, configurations  of all: of many there are fewer resamples
/// @return NULL when out of memory
gs_equilibrium *gs_equilibrium_create(int64_t most_trials, int64_t all_trials, int64_t configurations);
void gs_equilibrium_free(gs_equilibrium *equilibrium);

/// Fills `units`, the intervals of the mean losses and the p-values of equivalence of a row.
///
/// Trials with the same data are one unit. Neighbouring units are taken together where there are more than 2^20: their
/// mean and its law stay what they were.
/// @param loss_D, loss_G  [count] of the last epoch, of trials that did not diverge
/// @param data_seed  [count]
void gs_equilibrium_judge(gs_equilibrium *equilibrium, const double *loss_D, const double *loss_G,
                          const int64_t *data_seed, int64_t count, gs_report_row *row);

/// Adjusts the p-values of all rows for their number.
/// @return false when out of memory
bool gs_equilibrium_adjust(gs_report_row *rows, int64_t count);

#endif
