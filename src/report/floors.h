/// What a perfect generator would score: the floors under every figure of a report.
///
/// Samples of the true law itself miss its covariance, too, since they are finitely many; and so do the real data, from
/// which a generator learns.
#ifndef REPORT_FLOORS_H
#define REPORT_FLOORS_H

#include "gansweep/report.h"

/// Different data sets of the sweep, by their seeds: those of the first configuration, in plan order.
/// @param seeds  [most]
/// @return how many there are, up to `most`
int gs_floors_data_seeds(const gs_plan *plan, int most, int64_t *seeds);

/// Checks samples of the true law, as many as are checked of each trial, and the data sets of the sweep.
/// @param ideal, real_data  filled: trials, covariance_ok, lrt_rejected and the medians; all else is NaN and 0
/// @return GS_ERROR_RUN when out of memory, or a check fails
gs_status gs_floors_measure(const gs_experiment *experiment, const gs_plan *plan, gs_report_row *ideal,
                            gs_report_row *real_data, gs_error *error);

#endif
