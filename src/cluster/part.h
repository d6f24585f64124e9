/// One part of a job in the hands of a rank: its file, from opening to the last checkpoint.
#ifndef GANSWEEP_CLUSTER_PART_H
#define GANSWEEP_CLUSTER_PART_H

#include "cluster/job.h"

typedef struct {
    int number;                      ///< from 1 on; 0: none
    const gs_experiment *experiment; ///< as the file has it, or the job's
    const gs_plan *plan;             ///< of the part
    gs_plan *own_plan;               ///< of a new file
    gs_results *results;             ///< of a file that was there
    gs_store *store;
    int64_t done_before, diverged_before; ///< trials of the file that were finished before; of these diverged
    int64_t done;                         ///< trained now: their rows are written
    double seconds;                       ///< of training in it
} gs_part;

/// The plan of one part.
gs_status gs_part_plan(const gs_job *job, int number, gs_plan **plan, gs_error *error);

/// Whether a file is this part of the job.
/// @return GS_ERROR_RESULTS when it is of another experiment, or has other trials
gs_status gs_part_compare(const gs_job *job, int number, const gs_results *results, gs_error *error);

/// Makes the part's file, or checks it and goes on with it. Safe to call beside the training of another part.
/// @param part  of number 0 after a failure
gs_status gs_part_open(const gs_job *job, int number, gs_part *part, gs_error *error);

/// Acknowledges what was trained and ends it. One of number 0 is no error.
/// @param part  is of number 0 afterwards
/// @param lost  trials that were trained, and stay pending: after a failure, or the last one when the drawing of the
/// plots was stopped
gs_status gs_part_close(gs_part *part, int64_t *lost, gs_error *error);

#endif
