/// One pass over all rows, as fast as the disk: threads take runs of trials and check them, and what they find comes
/// together in the order of the trials.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/block.h"
#include "store/io.h"
#include "verify/finding.h"

enum {
    CHUNK_BYTES = 4 << 20, ///< of rows that a thread holds at a time
    MOST_TRIALS_OF_A_CHUNK = 1 << 14,
};

/// What one thread holds: the rows of consecutive trials, column by column, and what is known of them.
typedef struct {
    const gs_finding *finding;
    int64_t first, count;
    unsigned char **rows;    ///< [columns] each [capacity x row_bytes]; NULL unless by_trial
    unsigned char *expected; ///< [capacity x GS_WIDEST_PLANNED] a planned column as it must be
    unsigned char *row;      ///< of one trial, the datasets after each other
    gs_settings *settings;   ///< [capacity]
    unsigned char *damaged;  ///< [capacity x columns] whether a planned row is not as it must be
    int64_t whole_pending;
    bool *unlike;                ///< [capacity] whether the trial does not match its checksum or its status
    XXH128_canonical_t *digests; ///< [capacity]
} chunk;

static int64_t trials_of_a_chunk(const gs_layout *layout) {
    const int64_t trials = CHUNK_BYTES / gs_layout_trial_bytes(layout);
    return trials < 1 ? 1 : trials > MOST_TRIALS_OF_A_CHUNK ? MOST_TRIALS_OF_A_CHUNK : trials;
}

static void chunk_free(chunk *held) {
    for (int i = 0; held->rows != NULL && i < held->finding->results->layout->count; i++) {
        free(held->rows[i]);
    }
    free(held->rows);
    free(held->expected);
    free(held->row);
    free(held->settings);
    free(held->damaged);
    free(held->unlike);
    free(held->digests);
}

/// @return false when out of memory; chunk_free() ends it in any case
static bool chunk_create(const gs_finding *finding, int64_t capacity, chunk *held) {
    const gs_layout *layout = finding->results->layout;
    const size_t trials = (size_t)capacity;
    *held = (chunk){.finding = finding};
    held->rows = calloc((size_t)layout->count, sizeof *held->rows);
    held->expected = malloc(trials * GS_WIDEST_PLANNED);
    held->row = malloc((size_t)gs_layout_trial_bytes(layout));
    held->settings = calloc(trials, sizeof *held->settings);
    held->damaged = malloc(trials * (size_t)layout->count);
    held->unlike = calloc(trials, sizeof *held->unlike);
    held->digests = calloc(trials, sizeof *held->digests);
    bool complete = held->rows != NULL && held->expected != NULL && held->row != NULL && held->settings != NULL &&
                    held->damaged != NULL && held->unlike != NULL && held->digests != NULL;
    for (int i = 0; i < layout->count && complete; i++) {
        if (layout->columns[i].dataset.by_trial) {
            held->rows[i] = malloc(trials * (size_t)layout->columns[i].dataset.row_bytes);
            complete = held->rows[i] != NULL;
        }
    }
    return complete;
}

/// Reads all rows of the chunk; their status first, since a file that grows has it last.
static gs_status read_rows(chunk *held, gs_error *error) {
    const gs_results *results = held->finding->results;
    const gs_layout *layout = results->layout;
    gs_status status = GS_OK;
    for (int i = layout->count - 1; i >= 0 && status == GS_OK; i--) {
        if (layout->columns[i].dataset.by_trial) {
            status = gs_results_read_unchecked(results, layout->columns[i].dataset.name, held->first, held->count,
                                               held->rows[i], error);
        }
    }
    return status;
}

/// Compares a planned column with the plan and puts right, in memory, what is not as it must be.
static void check_planned(chunk *held, int column) {
    const gs_layout *layout = held->finding->results->layout;
    const gs_dataset *dataset = &layout->columns[column].dataset;
    const int64_t row_bytes = dataset->row_bytes;
    gs_column_plan(layout, column, held->first, held->count, dataset->coordinate ? NULL : held->settings,
                   held->expected);
    for (int64_t i = 0; i < held->count; i++) {
        unsigned char *row = held->rows[column] + i * row_bytes;
        const bool damaged = memcmp(row, held->expected + i * row_bytes, (size_t)row_bytes) != 0;
        held->damaged[i * layout->count + column] = damaged;
        if (damaged) {
            memcpy(row, held->expected + i * row_bytes, (size_t)row_bytes);
        }
    }
}

/// Puts the datasets before `checksum` of one trial after each other; of a pending one only what the plan says.
static size_t gather_row(const chunk *held, int64_t i, bool finished) {
    const gs_layout *layout = held->finding->results->layout;
    size_t used = 0;
    for (int column = 0; column < layout->count; column++) {
        const gs_dataset *dataset = &layout->columns[column].dataset;
        const gs_moment moment = layout->columns[column].moment;
        if (dataset->by_trial && (moment == GS_WRITTEN_AT_CREATION || (finished && moment == GS_WRITTEN_AS_DATA))) {
            memcpy(held->row + used, held->rows[column] + i * dataset->row_bytes, (size_t)dataset->row_bytes);
            used += (size_t)dataset->row_bytes;
        }
    }
    return used;
}

/// Checks one trial's row and makes the digest that stands for it in the hash of all datasets.
static void check_trial(chunk *held, int64_t i, int checksum_column, int diverged_column) {
    const gs_layout *layout = held->finding->results->layout;
    const unsigned char status = held->rows[layout->count - 1][i];
    const bool finished = status != GS_PENDING;
    const size_t bytes = gather_row(held, i, finished);
    uint32_t checksum;
    int64_t diverged_epoch;
    memcpy(&checksum, held->rows[checksum_column] + i * (int64_t)sizeof checksum, sizeof checksum);
    memcpy(&diverged_epoch, held->rows[diverged_column] + i * (int64_t)sizeof diverged_epoch, sizeof diverged_epoch);
    held->unlike[i] = finished && (status > GS_DIVERGED || checksum != gs_row_checksum(held->row, bytes) ||
                                   (status == GS_DIVERGED) != (diverged_epoch != 0));
    XXH128_canonicalFromHash(&held->digests[i], XXH3_128bits_withSeed(held->row, bytes, status));
    if (!finished && checksum != 0) {
        held->whole_pending += checksum == gs_row_checksum(held->row, gather_row(held, i, true));
    }
}

static void check_rows(chunk *held, int checksum_column, int diverged_column) {
    const gs_layout *layout = held->finding->results->layout;
    for (int64_t i = 0; i < held->count; i++) {
        gs_plan_settings(layout->plan, held->first + i, &held->settings[i]);
    }
    held->whole_pending = 0;
    memset(held->damaged, 0, (size_t)(held->count * layout->count));
    for (int column = 0; column < layout->count; column++) {
        if (layout->columns[column].dataset.by_trial && layout->columns[column].moment == GS_WRITTEN_AT_CREATION) {
            check_planned(held, column);
        }
    }
    for (int64_t i = 0; i < held->count; i++) {
        check_trial(held, i, checksum_column, diverged_column);
    }
}

/// Brings what was found in a chunk together with what was found before it.
static void collect(gs_finding *finding, const chunk *held, XXH3_state_t *contents) {
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
    const int64_t begin = layout->first_trial, end = begin + layout->trial_count, capacity = trials_of_a_chunk(layout);
    const int checksum_column = gs_layout_find(layout, "checksum");
    const int diverged_column = gs_layout_find(layout, "diverged_epoch");
#pragma omp parallel num_threads(finding->threads)
    {
        chunk held;
        gs_error error;
        if (!chunk_create(finding, capacity, &held)) {
            (void)gs_fail(&error, GS_ERROR_RUN, "out of memory for the rows of %lld trials", (long long)capacity);
            gs_finding_fail(finding, GS_ERROR_RUN, &error);
        }
#pragma omp for ordered schedule(dynamic, 1)
        for (int64_t first = begin; first < end; first += capacity) {
            if (!finding->halt) {
                held.first = first;
                held.count = end - first < capacity ? end - first : capacity;
                const gs_status status = read_rows(&held, &error);
                if (status == GS_OK) {
                    check_rows(&held, checksum_column, diverged_column);
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
        chunk_free(&held);
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
