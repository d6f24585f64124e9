/// What the parts of a verification share: the list of what was found, and the way to a results file's rows.
#ifndef GANSWEEP_VERIFY_FINDING_H
#define GANSWEEP_VERIFY_FINDING_H

#include "gansweep/verify.h"
#include "store/results.h"

typedef struct {
    const gs_results *results;
    const gs_verify_options *options;
    int threads;
    gs_isa isa;
    gs_verification *made;
    int64_t trial_capacity;
    int64_t *named; ///< [named_count] trials found by their checksums, ascending: their datasets are listed already
    int64_t named_count;
    volatile int halt; ///< set by a failure and by the caller's stop
    gs_status status;  ///< the first failure
    gs_error failure;
} gs_finding;

/// Notes a damaged row. Not to be called from two threads at once.
void gs_finding_add_row(gs_finding *finding, const char *dataset, int64_t row);
/// Notes a trial that must be made again; GS_ERROR_RUN when out of memory.
gs_status gs_finding_add_trial(gs_finding *finding, int64_t trial, gs_error *error);
/// The order of trials, for qsort and bsearch.
int gs_finding_compare_trials(const void *a, const void *b);
/// Notes a failure, the first of which is reported, and halts all threads.
void gs_finding_fail(gs_finding *finding, gs_status status, const gs_error *error);
/// GS_ERROR_RUN when the caller has stopped the verification.
gs_status gs_finding_refuse_when_stopped(const gs_finding *finding, gs_error *error);
/// Passes the caller's stop on and reports progress. Not to be called from two threads at once.
void gs_finding_watch(gs_finding *finding, double share);

/// Compares coordinates and settings with the plan and rows with their checksums; counts and hashes.
gs_status gs_verify_rows(gs_finding *finding, gs_error *error);

/// Draws the plots again and compares them; only for a file whose trials are all finished and whole. Those of any other
/// may have been under way when its process ended.
gs_status gs_verify_plots(gs_finding *finding, gs_error *error);

/// Trains the trials of finding->made->trials again and lists the datasets in which they differ.
gs_status gs_verify_name_damage(gs_finding *finding, gs_error *error);
/// Trains the finished trials of a share of the packs again and lists the datasets in which they differ.
gs_status gs_verify_recompute(gs_finding *finding, gs_error *error);

#endif
