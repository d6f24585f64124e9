/// Threads take runs of trials; each run is read, checked and written by one of them, and what is known of it comes
/// together in the order of the trials.
#include "merge/copy.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"
#include "store/io.h"
#include "store/rows.h"

enum {
    MOST_THREADS = 4,              ///< more than the disk has use for
    BYTES_ON_THEIR_WAY = 64 << 20, ///< to the disk; as much again may be waiting
};

/// What all threads share.
typedef struct {
    const gs_copy *copy;
    gs_store *store;
    XXH3_state_t *contents;
    int threads;
    int64_t begun, awaited; ///< the system was told to write the rows before this trial, and has written these
    volatile int halt;
    gs_status status; ///< the first failure
    gs_error failure;
} copying;

static void note_failure(copying *all, gs_status status, const gs_error *error) {
#pragma omp critical(gs_merge_failure)
    {
        if (all->status == GS_OK) {
            all->status = status;
            all->failure = *error;
        }
        all->halt = 1;
    }
}

// ---- one run of trials ----

/// Names the first row that is not as it must be.
static gs_status refuse_damage(const gs_rows *rows, const gs_results *results, gs_error *error) {
    static const char advice[] = "; gansweep verify says more, and gansweep resume --repair makes it again";
    for (int64_t i = 0; i < rows->count; i++) {
        const int64_t trial = rows->first + i;
        for (int column = 0; column < rows->layout->count; column++) {
            if (rows->damaged[i * rows->layout->count + column]) {
                return gs_fail(error, GS_ERROR_RESULTS, "%.600s: it is damaged: %s of trial %lld is not as planned%s",
                               results->path, rows->layout->columns[column].dataset.name, (long long)trial, advice);
            }
        }
        if (rows->unlike[i]) {
            return gs_fail(error, GS_ERROR_RESULTS,
                           "%.600s: it is damaged: the row of trial %lld does not match its checksum%s", results->path,
                           (long long)trial, advice);
        }
    }
    return GS_OK;
}

/// The row of a trial that is not finished may hold anything.
static gs_status clear_pending(gs_rows *rows, const gs_results *results, bool partial, gs_error *error) {
    const unsigned char *statuses = rows->rows[rows->layout->count - 1];
    for (int64_t i = 0; i < rows->count; i++) {
        const int64_t trial = rows->first + i;
        if (statuses[i] == GS_PENDING && !partial) {
            return gs_fail(error, GS_ERROR_RESULTS, "%s: trial %lld became pending while it was merged", results->path,
                           (long long)trial);
        }
        if (statuses[i] == GS_PENDING) {
            gs_rows_make_pending(rows, i);
        }
    }
    return GS_OK;
}

static gs_status read_run(gs_rows *rows, const gs_results *results, int64_t first, int64_t count, bool partial,
                          gs_error *error) {
    gs_status status = gs_rows_read(rows, results, first, count, error);
    if (status == GS_OK) {
        gs_rows_check(rows);
        status = refuse_damage(rows, results, error);
    }
    return status == GS_OK ? clear_pending(rows, results, partial, error) : status;
}

/// Rows of trials that are in none of the files: what the plan says, and pending.
static void make_run(gs_rows *rows, int64_t first, int64_t count) {
    rows->first = first;
    rows->count = count;
    for (int64_t i = 0; i < count; i++) {
        gs_rows_make_pending(rows, i);
    }
    gs_rows_check(rows);
}

static gs_status write_run(const gs_store *store, const gs_rows *rows, gs_error *error) {
    for (int i = 0; i < store->layout->count; i++) {
        const gs_dataset *dataset = &store->layout->columns[i].dataset;
        if (!dataset->by_trial) {
            continue;
        }
        const int64_t address =
            store->addresses[i] + gs_layout_place(store->layout, i, rows->first) * dataset->row_bytes;
        if (!gs_write_at(store->file, rows->rows[i], (size_t)(rows->count * dataset->row_bytes), address)) {
            return gs_store_fail(error, store, dataset->name, strerror(errno));
        }
    }
    return GS_OK;
}

/// @param results  the file that has these trials; NULL when none has
static gs_status take_run(const copying *all, gs_rows *rows, const gs_results *results, int64_t first, int64_t count,
                          gs_error *error) {
    const gs_merge_options *options = all->copy->options;
    gs_status status = GS_OK;
    if (results == NULL) {
        make_run(rows, first, count);
    } else {
        status = read_run(rows, results, first, count, options->partial, error);
    }
    return status == GS_OK && !options->is_virtual ? write_run(all->store, rows, error) : status;
}

// ---- in the order of the trials ----

/// Begins to write to the disk what was copied since the last time, and waits for what was begun then: a disk that has
/// all to write at the end takes several times as long.
static gs_status send(copying *all, int64_t end, gs_error *error) {
    const gs_store *store = all->store;
    if ((end - all->begun) * gs_layout_trial_bytes(store->layout) < BYTES_ON_THEIR_WAY) {
        return GS_OK;
    }
    for (int i = 0; i < store->layout->count; i++) {
        const gs_dataset *dataset = &store->layout->columns[i].dataset;
        const int64_t address = store->addresses[i], bytes = dataset->row_bytes;
        if (dataset->by_trial &&
            (!gs_begin_sync(store->file, address + all->begun * bytes, address + end * bytes) ||
             !gs_await_sync(store->file, address + all->awaited * bytes, address + all->begun * bytes))) {
            return gs_store_fail(error, store, dataset->name, strerror(errno));
        }
    }
    all->awaited = all->begun;
    all->begun = end;
    return GS_OK;
}

static gs_status collect(copying *all, const gs_rows *rows, gs_error *error) {
    const gs_merge_options *options = all->copy->options;
    const int64_t end = rows->first + rows->count;
    gs_ledger_add(&all->copy->merged->ledger, rows->rows[rows->layout->count - 1], rows->count);
    (void)XXH3_128bits_update(all->contents, rows->digests, (size_t)rows->count * sizeof *rows->digests);
    if (options->progress != NULL) {
        options->progress((double)end / (double)all->store->layout->trial_count, options->context);
    }
    const gs_status status = gs_store_refuse_when_stopped(all->store, error);
    return status == GS_OK && !options->is_virtual ? send(all, end, error) : status;
}

/// Takes trials [first, end), which are all in one file or in none.
static gs_status copy_part(copying *all, const gs_results *results, int64_t first, int64_t end, gs_error *error) {
    const gs_layout *layout = all->store->layout;
    const int64_t most = gs_rows_capacity(layout), capacity = end - first < most ? end - first : most;
    if (first == end) {
        return GS_OK;
    }
#pragma omp parallel num_threads(all->threads)
    {
        gs_rows rows;
        gs_error reason;
        if (!gs_rows_create(layout, capacity, &rows)) {
            note_failure(
                all, gs_fail(&reason, GS_ERROR_RUN, "out of memory for the rows of %lld trials", (long long)capacity),
                &reason);
        }
#pragma omp for ordered schedule(dynamic, 1)
        for (int64_t at = first; at < end; at += capacity) {
            gs_status status = GS_OK;
            if (!all->halt) {
                status = take_run(all, &rows, results, at, end - at < capacity ? end - at : capacity, &reason);
            }
#pragma omp ordered
            {
                if (status == GS_OK && !all->halt) {
                    status = collect(all, &rows, &reason);
                }
                if (status != GS_OK) {
                    note_failure(all, status, &reason);
                }
            }
        }
        gs_rows_free(&rows);
    }
    return all->status == GS_OK ? GS_OK : gs_fail(error, all->status, "%s", all->failure.message);
}

static gs_status copy_file(copying *all, int64_t index, gs_error *error) {
    const gs_trial_range part = all->copy->parts->files.list[index].part;
    gs_results *results;
    gs_status status = gs_parts_open(all->copy->parts, index, &results, error);
    if (status == GS_OK) {
        status = copy_part(all, results, part.first, part.first + part.count, error);
        gs_results_close(results);
    }
    return status;
}

static gs_status copy_all(copying *all, gs_error *error) {
    const gs_source_files *files = &all->copy->parts->files;
    int64_t end = 0;
    gs_status status = GS_OK;
    for (int64_t i = 0; i < files->count && status == GS_OK; i++) {
        status = copy_part(all, NULL, end, files->list[i].part.first, error);
        if (status == GS_OK) {
            status = copy_file(all, i, error);
        }
        end = files->list[i].part.first + files->list[i].part.count;
    }
    return status == GS_OK ? copy_part(all, NULL, end, all->store->layout->trial_count, error) : status;
}

/// Adds the coordinates of the other dimensions to the hash, which begins with them.
static gs_status hash_coordinates(copying *all, gs_error *error) {
    const gs_layout *layout = all->store->layout;
    for (int i = 0; i < layout->count; i++) {
        const gs_dataset *dataset = &layout->columns[i].dataset;
        if (dataset->by_trial) {
            continue;
        }
        const size_t bytes = (size_t)(dataset->extent[0] * dataset->row_bytes);
        unsigned char *coordinate = malloc(bytes);
        if (coordinate == NULL) {
            return gs_fail(error, GS_ERROR_RUN, "out of memory for %s", dataset->name);
        }
        gs_column_plan(layout, i, 0, dataset->extent[0], NULL, coordinate);
        (void)XXH3_128bits_update(all->contents, coordinate, bytes);
        free(coordinate);
    }
    return GS_OK;
}

gs_status gs_copy_rows(const gs_copy *copy, gs_store *store, gs_error *error) {
    const gs_run_options wished = {.threads = copy->options->threads};
    const int threads = gs_run_threads(&wished);
    gs_merged *merged = copy->merged;
    copying all = {.copy = copy,
                   .store = store,
                   .threads = threads < MOST_THREADS ? threads : MOST_THREADS,
                   .contents = XXH3_createState()};
    if (all.contents == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    (void)XXH3_128bits_reset(all.contents);
    merged->ledger = (gs_ledger){.planned = store->layout->trial_count, .pending = store->layout->trial_count};
    gs_status status = hash_coordinates(&all, error);
    if (status == GS_OK) {
        status = copy_all(&all, error);
    }
    const XXH128_hash_t hash = XXH3_128bits_digest(all.contents);
    (void)snprintf(merged->contents, sizeof merged->contents, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
                   (uint64_t)hash.low64);
    (void)XXH3_freeState(all.contents);
    return status;
}
