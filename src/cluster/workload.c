/// What the trials of an experiment cost on this machine: measured for a forecast.
#include <math.h>
#include <omp.h>

#include "cluster/forecast.h"
#include "run/memory.h"

static const double GROWN_TRIALS = 4e6;

/// Bytes of the file of a plan's first trials; infinite above 2^63.
static gs_status bytes_of_first(const gs_experiment *experiment, int64_t trials, double *bytes, gs_error *error) {
    gs_plan *plan;
    gs_layout *layout = NULL;
    gs_status status = gs_plan_create(experiment, &plan, error);
    if (status == GS_OK) {
        status = gs_plan_restrict(plan, (gs_trial_range){.count = trials}, error);
    }
    if (status == GS_OK) {
        status = gs_layout_create(experiment, plan, &layout, error);
    }
    if (status == GS_OK) {
        const int64_t size = gs_layout_file_bytes(layout);
        *bytes = size < INT64_MAX ? (double)size : HUGE_VAL;
    }
    gs_layout_free(layout);
    gs_plan_free(plan);
    return status;
}

/// What a file has for each trial and what it has once follow from the files of all trials and of half of them.
static gs_status find_bytes(const gs_experiment *experiment, const gs_plan *plan, gs_workload *workload,
                            gs_error *error) {
    const int64_t trials = gs_plan_trial_count(plan), half = trials / 2;
    double whole = 0, first = 0;
    gs_status status = bytes_of_first(experiment, trials, &whole, error);
    if (status == GS_OK && half > 0) {
        status = bytes_of_first(experiment, half, &first, error);
    }
    if (status == GS_OK && isinf(whole)) {
        status = gs_fail(error, GS_ERROR_INPUT,
                         "%s: the results file would have more than 2^63 bytes; fewer trials were expected",
                         experiment->path);
    }
    workload->row_bytes = (whole - first) / (double)(trials - half);
    const double others = whole - workload->row_bytes * (double)trials;
    workload->other_bytes = others > 0 ? others : 0;
    return status;
}

/// Short calibrations until the time is up, and the mean speed of them: other programs disturb one more than the next.
static gs_status find_seconds(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options,
                              double seconds, gs_workload *workload, gs_error *error) {
    const double start = omp_get_wtime();
    double packs_a_second = 0;
    int times = 0;
    workload->measured_threads = gs_run_threads_used(plan, options);
    do {
        double whole;
        const gs_status status = gs_run_estimate(experiment, plan, options, &whole, error);
        if (status != GS_OK) {
            return status;
        }
        packs_a_second += workload->size.packs / whole;
        times++;
        workload->measured_seconds = omp_get_wtime() - start;
    } while (workload->measured_seconds < seconds);
    workload->pack_seconds = workload->measured_threads * times / packs_a_second;
    return GS_OK;
}

gs_status gs_workload_measure(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options,
                              double seconds, gs_workload *workload, gs_error *error) {
    *workload = (gs_workload){0};
    gs_status status = gs_job_measure(experiment, plan, options->isa, &workload->size, error);
    if (status == GS_OK) {
        status = find_bytes(experiment, plan, workload, error);
    }
    if (status == GS_OK) {
        status = gs_run_thread_bytes(experiment, plan, options->isa, &workload->thread_bytes, error);
    }
    return status == GS_OK ? find_seconds(experiment, plan, options, seconds, workload, error) : status;
}

gs_status gs_workload_grow(const gs_experiment *experiment, const gs_workload *workload, gs_isa isa, gs_workload *grown,
                           gs_error *error) {
    const gs_values *seeds = &experiment->values[GS_SETTING_SEED];
    const double others = workload->size.trials / (double)seeds->count; // settings that each seed is trained with
    gs_experiment large = *experiment;
    gs_plan *plan = NULL;
    gs_error zipped;
    *grown = *workload;
    large.values[GS_SETTING_SEED] = (gs_values){.count = (int64_t)ceil(GROWN_TRIALS / others), .first = 1, .step = 1};
    if (seeds->zipped || large.values[GS_SETTING_SEED].count <= seeds->count ||
        gs_plan_create(&large, &plan, &zipped) != GS_OK) {
        return GS_OK;
    }
    gs_status status = gs_job_measure(&large, plan, isa, &grown->size, error);
    if (status == GS_OK) {
        status = find_bytes(&large, plan, grown, error);
    }
    gs_plan_free(plan);
    return status;
}
