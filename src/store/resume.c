/// Going on with a results file: the rows of its pending trials are written in place, as if it had never been left.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/io.h"
#include "store/rename.h"
#include "store/results.h"
#include "store/store.h"

enum { CHUNK_TRIALS = 1 << 16 }; ///< statuses read at a time, a multiple of 8

/// Opens for writing the very file that was read.
static gs_status open_again(const gs_results *results, gs_store *store, gs_error *error) {
    struct stat theirs, ours;
    store->file = open(results->path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (store->file < 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s can't be written: %s", results->path, strerror(errno));
    }
    if (fstat(results->file, &theirs) != 0 || fstat(store->file, &ours) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s: %s", results->path, strerror(errno));
    }
    if (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino || ours.st_size != results->bytes) {
        return gs_fail(error, GS_ERROR_RUN, "%s: it was replaced while it was opened", results->path);
    }
    return GS_OK;
}

/// Writes the statuses of finished trials as they were read.
static gs_status write_again(const gs_store *store, int64_t first, int64_t count, const unsigned char *statuses,
                             gs_error *error) {
    const int column = store->layout->count - 1;
    const int64_t address = store->addresses[column] + gs_layout_place(store->layout, column, first);
    for (int64_t i = 0, length; i < count; i += length) {
        length = 1;
        while (i + length < count && (statuses[i + length] == GS_PENDING) == (statuses[i] == GS_PENDING)) {
            length++;
        }
        if (statuses[i] != GS_PENDING && !gs_write_at(store->file, statuses + i, (size_t)length, address + i)) {
            return gs_store_fail(error, store, "status", strerror(errno));
        }
    }
    return GS_OK;
}

/// Notes which trials are finished, and counts them. Their statuses are written again: after a sync that failed the
/// system may show statuses that are not on the disk, and would not write them by itself.
static gs_status read_statuses(const gs_results *results, gs_store *store, gs_error *error) {
    const int64_t trials = results->layout->trial_count;
    unsigned char *statuses = calloc(1, CHUNK_TRIALS);
    unsigned char *const finished = calloc((size_t)(trials / 8 + 1), 1);
    store->finished = finished;
    if (statuses == NULL || finished == NULL) {
        free(statuses);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the status of %lld trials", (long long)trials);
    }
    gs_status status = GS_OK;
    for (int64_t place = 0; place < trials && status == GS_OK; place += CHUNK_TRIALS) {
        const int64_t count = trials - place < CHUNK_TRIALS ? trials - place : CHUNK_TRIALS;
        const int64_t first = results->layout->first_trial + place;
        status = gs_results_read_unchecked(results, "status", first, count, statuses, error);
        if (status == GS_OK) {
            status = write_again(store, first, count, statuses, error);
        }
        for (int64_t i = 0; i < count && status == GS_OK; i++) {
            finished[(place + i) / 8] |= (unsigned char)((statuses[i] != GS_PENDING) << (i % 8));
        }
        if (status == GS_OK) {
            gs_ledger_add(&store->ledger, statuses, count);
        }
    }
    free(statuses);
    return status == GS_OK ? gs_store_sync(store, error) : status;
}

/// The time of training so far. Read under the lock, since the last writer may just have ended; NaN when it is not
/// known.
static gs_status read_seconds(gs_store *store, gs_error *error) {
    double seconds;
    int64_t checksum;
    if (!gs_read_at(store->file, &seconds, sizeof seconds, store->seconds_address) ||
        !gs_read_at(store->file, &checksum, sizeof checksum, store->seconds_checksum_address)) {
        return gs_fail(error, GS_ERROR_RUN, "%s: /provenance/seconds can't be read: %s", store->path,
                       gs_read_failure());
    }
    const bool known = checksum == gs_seconds_checksum(seconds);
    const bool untouched = store->ledger.pending == store->ledger.planned; // and so without a checkpoint, maybe
    store->seconds_before = !known ? (double)NAN : untouched && isnan(seconds) ? 0 : seconds;
    return GS_OK;
}

/// The process that gave the file its name may have been killed before the name was on the disk.
static gs_status sync_folder(const char *path, gs_error *error) {
    char *whole = realpath(path, NULL);
    if (whole == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "%s: %s", path, strerror(errno));
    }
    strrchr(whole, '/')[1] = '\0';
    gs_status status = GS_OK;
    const int folder = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || !gs_sync_folder(folder)) {
        status = gs_fail(error, GS_ERROR_RUN, "folder %s can't be made durable: %s", whole, strerror(errno));
    }
    if (folder >= 0) {
        (void)close(folder);
    }
    free(whole);
    return status;
}

gs_status gs_store_resume(const gs_results *results, const volatile int *stop, gs_store **store, gs_error *error) {
    gs_store *made;
    gs_status status = gs_results_refuse_virtual(results, "go on with those, by gansweep resume", error);
    if (status == GS_OK) {
        status = gs_results_require_numerics(results, error);
    }
    if (status == GS_OK) {
        status = gs_store_allocate(results->path, results->experiment, results->plan, stop, &made, error);
    }
    if (status != GS_OK) {
        return status;
    }
    made->bytes = results->bytes;
    memcpy(made->addresses, results->addresses, (size_t)made->layout->count * sizeof *made->addresses);
    memcpy(made->part_addresses, results->part_addresses,
           (size_t)gs_plots_part_count(made->layout->plots) * sizeof *made->part_addresses);
    made->seconds_address = gs_seal_find(&results->seal, "/provenance/seconds")->address;
    made->seconds_checksum_address = gs_seal_find(&results->seal, "/provenance/seconds_checksum")->address;
    status = gs_lock_acquire(results->path, &made->lock, error);
    if (status == GS_OK) {
        status = open_again(results, made, error);
    }
    if (status == GS_OK) {
        status = sync_folder(results->path, error);
    }
    if (status == GS_OK) {
        status = read_statuses(results, made, error);
    }
    if (status == GS_OK) {
        status = read_seconds(made, error);
    }
    gs_store_expect_drawing(made);
    if (status != GS_OK) {
        gs_store_free(made);
        return status;
    }
    *store = made;
    return GS_OK;
}

/// Takes back what was acknowledged of one trial.
static gs_status forget(gs_store *store, int64_t trial, gs_error *error) {
    static const unsigned char pending = GS_PENDING;
    const int column = store->layout->count - 1;
    const int64_t place = gs_layout_place(store->layout, column, trial), address = store->addresses[column] + place;
    unsigned char before;
    if (!gs_read_at(store->file, &before, 1, address)) {
        return gs_fail(error, GS_ERROR_RUN, "%s: status can't be read: %s", store->path, gs_read_failure());
    }
    if (!gs_write_at(store->file, &pending, 1, address)) {
        return gs_store_fail(error, store, "status", strerror(errno));
    }
    store->ledger.done -= before == GS_DONE;
    store->ledger.diverged -= before == GS_DIVERGED;
    store->ledger.pending = store->ledger.planned - store->ledger.done - store->ledger.diverged;
    store->finished[place / 8] &= (unsigned char)~(1U << (place % 8));
    return GS_OK;
}

gs_status gs_store_repair(gs_store *store, const int64_t *trials, int64_t count, gs_error *error) {
    gs_status status = GS_OK;
    store->changed = true;
    for (int64_t i = 0; i < count && status == GS_OK; i++) {
        status = forget(store, trials[i], error);
    }
    if (status == GS_OK) {
        status = gs_store_write_plan(store, error);
    }
    // Before new rows come: a status must not outlive the rows that it was set for.
    return status == GS_OK ? gs_store_sync(store, error) : status;
}
