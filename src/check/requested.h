/// What a trial's check computes on request alone, since it takes longer than training: the best-response gap and the
/// stability of the dynamics at the end of training.
#ifndef GANSWEEP_CHECK_REQUESTED_H
#define GANSWEEP_CHECK_REQUESTED_H

#include "check/truth.h"
#include "gansweep/check.h"

/// One thread's scratch for what an experiment requests.
typedef struct gs_requested gs_requested;

/// @param experiment, truth  must outlive it
/// @return GS_ERROR_RUN when out of memory
gs_status gs_requested_create(const gs_experiment *experiment, const gs_truth *truth, gs_requested **requested,
                              gs_error *error);
void gs_requested_free(gs_requested *requested);

/// Fills `jsd`, `jsd_standard_error` and the `jacobian_...` of a check as far as they are requested.
/// @param trained  not diverged
/// @return GS_OK, or GS_ERROR_RUN with the LAPACK routine and its info
gs_status gs_requested_compute(gs_requested *requested, const gs_settings *settings, const gs_trained *trained,
                               gs_check *check, gs_error *error);

#endif
