#include "gansweep/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"
#include "verify/finding.h"

void gs_finding_add_row(gs_finding *finding, const char *dataset, int64_t row) {
    gs_verification *made = finding->made;
    if (made->damage_count < GS_MOST_DAMAGE_LISTED) {
        gs_damage *damage = &made->damage[made->damage_count];
        const int column = gs_layout_find(finding->results->layout, dataset);
        damage->trial = row;
        damage->of_trial =
            dataset[0] == '\0' || (column >= 0 && gs_layout_dataset(finding->results->layout, column)->by_trial);
        (void)snprintf(damage->dataset, sizeof damage->dataset, "%s", dataset);
    }
    made->damage_count++;
}

gs_status gs_finding_add_trial(gs_finding *finding, int64_t trial, gs_error *error) {
    gs_verification *made = finding->made;
    if (made->trial_count == finding->trial_capacity) {
        const int64_t capacity = 2 * finding->trial_capacity + 64;
        int64_t *larger = realloc(made->trials, (size_t)capacity * sizeof *larger);
        if (larger == NULL) {
            return gs_fail(error, GS_ERROR_RUN, "out of memory for the numbers of damaged trials");
        }
        made->trials = larger;
        finding->trial_capacity = capacity;
    }
    made->trials[made->trial_count++] = trial;
    return GS_OK;
}

void gs_finding_fail(gs_finding *finding, gs_status status, const gs_error *error) {
#pragma omp critical(gs_verify_failure)
    {
        if (finding->status == GS_OK) {
            finding->status = status;
            finding->failure = *error;
        }
        finding->halt = 1;
    }
}

gs_status gs_finding_refuse_when_stopped(const gs_finding *finding, gs_error *error) {
    const volatile int *stop = finding->options->stop;
    return stop != NULL && *stop
               ? gs_fail(error, GS_ERROR_RUN, "%s: stopped before it was verified", finding->results->path)
               : GS_OK;
}

void gs_finding_watch(gs_finding *finding, double share) {
    const gs_verify_options *options = finding->options;
    gs_error stopped;
    if (!finding->halt && gs_finding_refuse_when_stopped(finding, &stopped) != GS_OK) {
        gs_finding_fail(finding, GS_ERROR_RUN, &stopped);
    }
    if (options->progress != NULL) {
        options->progress(share, options->context);
    }
}

int gs_finding_compare_trials(const void *a, const void *b) {
    const int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

/// Sorts the trials that must be made again; one may have been found twice.
static void sort_trials(gs_verification *made) {
    int64_t kept = 0;
    if (made->trial_count > 0) {
        qsort(made->trials, (size_t)made->trial_count, sizeof *made->trials, gs_finding_compare_trials);
    }
    for (int64_t i = 0; i < made->trial_count; i++) {
        if (i == 0 || made->trials[i] != made->trials[i - 1]) {
            made->trials[kept++] = made->trials[i];
        }
    }
    made->trial_count = kept;
}

static gs_status verify(gs_finding *finding, gs_error *error) {
    gs_status status = gs_verify_rows(finding, error);
    finding->made->plots_compared =
        finding->made->ledger.pending == 0 && finding->made->damage_count == 0 && finding->made->trial_count == 0;
    if (status == GS_OK && finding->made->plots_compared) {
        status = gs_verify_plots(finding, error);
    }
    if (status == GS_OK && finding->made->trial_count > 0) {
        status = gs_verify_name_damage(finding, error);
    }
    if (status == GS_OK && finding->options->recompute > 0) {
        status = gs_verify_recompute(finding, error);
    }
    sort_trials(finding->made);
    return status;
}

gs_status gs_verify(const gs_results *results, const gs_verify_options *options, gs_verification **verification,
                    gs_error *error) {
    static const gs_verify_options presets = {0};
    gs_finding finding = {.results = results, .options = options == NULL ? &presets : options};
    const gs_run_options threads = {.threads = finding.options->threads, .isa = finding.options->isa};
    finding.threads = gs_run_threads(&threads);
    finding.isa = threads.isa == GS_ISA_AUTO ? gs_isa_best() : threads.isa;
    finding.made = calloc(1, sizeof *finding.made);
    if (finding.made != NULL) {
        finding.made->damage = calloc(GS_MOST_DAMAGE_LISTED, sizeof *finding.made->damage);
    }
    if (finding.made == NULL || finding.made->damage == NULL) {
        gs_verification_free(finding.made);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for what a verification finds");
    }
    finding.made->seconds_known = results->seconds_known;
    const gs_status status = verify(&finding, error);
    free(finding.named);
    if (status != GS_OK) {
        gs_verification_free(finding.made);
        return status;
    }
    *verification = finding.made;
    return GS_OK;
}

void gs_verification_free(gs_verification *verification) {
    if (verification != NULL) {
        free(verification->damage);
        free(verification->trials);
        free(verification);
    }
}
