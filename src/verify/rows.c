/// One pass over all rows, as fast as the disk: threads take runs of trials and check them, and what they find comes
/// together in the order of the trials.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/rows.h"
#include "verify/finding.h"

/// Brings what was found in a chunk together with what was found before it.
static void collect(gs_finding *finding, const gs_rows *held, XXH3_state_t *contents) {
    const gs_layout *layout = finding->results->layout;
    const unsigned char *statuses = held->rows[layout->count - 1];
    gs_error error;
    finding->made->whole_pending += held->whole_pending;
    gs_ledger_add(&finding->made->ledger, statuses, held->count);
    (void)XXH3_128bits_update(contents, held->digests, (size_t)held->count * sizeof *held->digests);
    for (int64_t i = 0; i < held->count; i++) {
        for (int column = 0; column < layout->count; column++) {
            if (held->damaged[i * layout->count + column]) {
                gs_finding_add_row(finding, layout->columns[column].dataset.name, held->first + i);
            }
        }
        if (held->unlike[i] && gs_finding_add_trial(finding, held->first + i, &error) != GS_OK) {
            gs_finding_fail(finding, GS_ERROR_RUN, &error);
        }
    }
    gs_finding_watch(finding, (double)(held->first + held->count - layout->first_trial) / (double)layout->trial_count);
}

/// Compares the coordinates of the other dimensions with what they must be, and adds them to the hash.
static gs_status check_coordinates(gs_finding *finding, XXH3_state_t *contents, gs_error *error) {
    const gs_results *results = finding->results;
    for (int column = 0; column < results->layout->count; column++) {
        const gs_dataset *dataset = &results->layout->columns[column].dataset;
        if (dataset->by_trial) {
            continue;
        }
        const size_t bytes = (size_t)(dataset->extent[0] * dataset->row_bytes);
        unsigned char *found = malloc(bytes), *expected = malloc(bytes);
        gs_status status = found == NULL || expected == NULL
                               ? gs_fail(error, GS_ERROR_RUN, "out of memory for %s", dataset->name)
                               : GS_OK;
        if (status == GS_OK) {
            status = gs_results_read(results, dataset->name, 0, dataset->extent[0], found, error);
        }
        if (status == GS_OK) {
            gs_column_plan(results->layout, column, 0, dataset->extent[0], NULL, expected);
            for (int64_t i = 0; i < dataset->extent[0]; i++) {
                if (memcmp(found + i * dataset->row_bytes, expected + i * dataset->row_bytes,
                           (size_t)dataset->row_bytes) != 0) {
                    gs_finding_add_row(finding, dataset->name, i);
                }
            }
            (void)XXH3_128bits_update(contents, found, bytes);
        }
        free(found);
        free(expected);
        if (status != GS_OK) {
            return status;
        }
    }
    return GS_OK;
}

static void check_chunks(gs_finding *finding, XXH3_state_t *contents) {
    const gs_layout *layout = finding->results->layout;
    const int64_t begin = layout->first_trial, end = begin + layout->trial_count, capacity = gs_rows_capacity(layout);
#pragma omp parallel num_threads(finding->threads)
    {
        gs_rows held;
        gs_error error;
        if (!gs_rows_create(layout, capacity, &held)) {
            (void)gs_fail(&error, GS_ERROR_RUN, "out of memory for the rows of %lld trials", (long long)capacity);
            gs_finding_fail(finding, GS_ERROR_RUN, &error);
        }
#pragma omp for ordered schedule(dynamic, 1)
        for (int64_t first = begin; first < end; first += capacity) {
            if (!finding->halt) {
                const int64_t count = end - first < capacity ? end - first : capacity;
                const gs_status status = gs_rows_read(&held, finding->results, first, count, &error);
                if (status == GS_OK) {
                    gs_rows_check(&held);
                } else {
                    gs_finding_fail(finding, status, &error);
                }
            }
#pragma omp ordered
            {
                if (!finding->halt) {
                    collect(finding, &held, contents);
                }
            }
        }
        gs_rows_free(&held);
    }
}

gs_status gs_verify_rows(gs_finding *finding, gs_error *error) {
    gs_verification *made = finding->made;
    XXH3_state_t *contents = XXH3_createState();
    if (contents == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    (void)XXH3_128bits_reset(contents);
    made->ledger.planned = made->ledger.pending = finding->results->layout->trial_count;
    gs_status status = check_coordinates(finding, contents, error);
    if (status == GS_OK) {
        check_chunks(finding, contents);
        status = finding->status == GS_OK ? GS_OK : gs_fail(error, finding->status, "%s", finding->failure.message);
    }
    const XXH128_hash_t hash = XXH3_128bits_digest(contents);
    (void)snprintf(made->contents, sizeof made->contents, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
                   (uint64_t)hash.low64);
    (void)XXH3_freeState(contents);
    return status;
}
