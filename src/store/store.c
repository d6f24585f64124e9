/// Writing finished rows in place, and acknowledging them at checkpoints: nothing but rows ever changes.
#include "store/store.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/block.h"
#include "store/io.h"

enum {
    CHUNK_TRIALS = 8192, ///< settings are written for so many trials at a time
};

// ---- a store ----

gs_status gs_store_allocate(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                            const volatile int *stop, gs_store **store, gs_error *error) {
    gs_store *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    made->file = -1;
    made->stop = stop;
    (void)pthread_mutex_init(&made->waiting_mutex, NULL);
    (void)pthread_mutex_init(&made->checkpoint_mutex, NULL);
    made->path = strdup(path);
    gs_status status = gs_layout_create(experiment, plan, &made->layout, error);
    if (status == GS_OK) {
        made->addresses = calloc((size_t)made->layout->count, sizeof *made->addresses);
        made->part_addresses = calloc((size_t)gs_plots_part_count(made->layout->plots), sizeof *made->part_addresses);
        made->ledger.planned = made->ledger.pending = made->layout->trial_count;
        if (made->path == NULL || made->addresses == NULL || made->part_addresses == NULL) {
            status = gs_fail(error, GS_ERROR_RUN, "out of memory");
        }
    }
    if (status != GS_OK) {
        gs_store_free(made);
        return status;
    }
    *store = made;
    return GS_OK;
}

static void free_waiting(gs_unacknowledged *waiting) {
    free(waiting->runs);
    free(waiting->statuses);
    *waiting = (gs_unacknowledged){0};
}

void gs_store_free(gs_store *store) {
    if (store != NULL) {
        if (store->file >= 0) {
            (void)close(store->file);
        }
        gs_lock_release(store->lock);
        free_waiting(&store->waiting);
        (void)pthread_mutex_destroy(&store->waiting_mutex);
        (void)pthread_mutex_destroy(&store->checkpoint_mutex);
        gs_layout_free(store->layout);
        free(store->finished);
        free(store->addresses);
        free(store->part_addresses);
        free(store->path);
        free(store);
    }
}

const gs_layout *gs_store_layout(const gs_store *store) {
    return store->layout;
}

bool gs_store_is_pending(const gs_store *store, int64_t trial) {
    const int64_t place = trial - store->layout->first_trial;
    return store->finished == NULL || (store->finished[place / 8] >> (place % 8) & 1) == 0;
}

gs_ledger gs_store_ledger(gs_store *store) {
    (void)pthread_mutex_lock(&store->checkpoint_mutex);
    const gs_ledger ledger = store->ledger;
    (void)pthread_mutex_unlock(&store->checkpoint_mutex);
    return ledger;
}

gs_status gs_store_fail(gs_error *error, const gs_store *store, const char *dataset, const char *reason) {
    return gs_fail(error, GS_ERROR_RUN, "%s: %s can't be written: %s", store->path, dataset, reason);
}

bool gs_store_is_stopped(const gs_store *store) {
    return store->stop != NULL && *store->stop;
}

gs_status gs_store_refuse_when_stopped(const gs_store *store, gs_error *error) {
    return gs_store_is_stopped(store)
               ? gs_fail(error, GS_ERROR_RUN, "%s: stopped before it was complete, and removed", store->path)
               : GS_OK;
}

// ---- what the plan says ----

gs_status gs_store_write_planned(const gs_store *store, int column, int64_t first, int64_t count,
                                 const gs_settings *settings, unsigned char *rows, gs_error *error) {
    const gs_column *planned = &store->layout->columns[column];
    const int64_t row_bytes = planned->dataset.row_bytes;
    gs_column_plan(store->layout, column, first, count, settings, rows);
    const int64_t address = store->addresses[column] + gs_layout_place(store->layout, column, first) * row_bytes;
    if (!gs_write_at(store->file, rows, (size_t)(count * row_bytes), address)) {
        return gs_store_fail(error, store, planned->dataset.name, strerror(errno));
    }
    return GS_OK;
}

gs_status gs_store_write_coordinates(const gs_store *store, gs_error *error) {
    gs_status status = GS_OK;
    unsigned char *rows = malloc(CHUNK_TRIALS * GS_WIDEST_PLANNED);
    if (rows == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    for (int i = 0; i < store->layout->count; i++) {
        const gs_dataset *dataset = &store->layout->columns[i].dataset;
        const int64_t extent = dataset->coordinate && !dataset->by_trial ? dataset->extent[0] : 0;
        for (int64_t at = 0; at < extent && status == GS_OK; at += CHUNK_TRIALS) {
            const int64_t count = extent - at < CHUNK_TRIALS ? extent - at : CHUNK_TRIALS;
            status = gs_store_write_planned(store, i, at, count, NULL, rows, error);
        }
    }
    free(rows);
    return status;
}

gs_status gs_store_write_plan(const gs_store *store, gs_error *error) {
    const gs_layout *layout = store->layout;
    gs_status status = gs_store_write_coordinates(store, error);
    gs_settings *settings = calloc(CHUNK_TRIALS, sizeof *settings);
    unsigned char *rows = malloc(CHUNK_TRIALS * GS_WIDEST_PLANNED);
    if (status == GS_OK && (settings == NULL || rows == NULL)) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    const int64_t end = layout->first_trial + layout->trial_count;
    for (int64_t at = layout->first_trial; at < end && status == GS_OK; at += CHUNK_TRIALS) {
        const int64_t count = end - at < CHUNK_TRIALS ? end - at : CHUNK_TRIALS;
        status = gs_store_refuse_when_stopped(store, error);
        for (int64_t i = 0; i < count; i++) {
            gs_plan_settings(layout->plan, at + i, &settings[i]);
        }
        for (int i = 0; i < layout->count && status == GS_OK; i++) {
            const gs_column *column = &layout->columns[i];
            if (column->moment == GS_WRITTEN_AT_CREATION && column->dataset.by_trial) {
                status = gs_store_write_planned(store, i, at, count, settings, rows, error);
            }
        }
    }
    free(rows);
    free(settings);
    return status;
}

// ---- rows ----

static int64_t trial_of(const gs_block *block, int place) {
    return block->trials[block->order[place]];
}

/// How many trials from the `first`-th in ascending order on are consecutive.
static int run_length(const gs_block *block, int first) {
    int next = first + 1;
    while (next < block->count && trial_of(block, next) == trial_of(block, next - 1) + 1) {
        next++;
    }
    return next - first;
}

/// Writes all rows of the columns of one moment.
static gs_status write_columns(const gs_store *store, const gs_block *block, gs_moment moment, gs_error *error) {
    for (int i = 0; i < store->layout->count; i++) {
        const gs_column *column = &store->layout->columns[i];
        if (column->moment != moment) {
            continue;
        }
        const int64_t row_bytes = column->dataset.row_bytes;
        for (int first = 0, count; first < block->count; first += count) {
            const unsigned char *rows;
            const int64_t place = gs_layout_place(store->layout, i, trial_of(block, first));
            const int64_t address = store->addresses[i] + place * row_bytes;
            count = gs_block_rows(block, i, first, run_length(block, first), &rows);
            if (!gs_write_at(store->file, rows, (size_t)(count * row_bytes), address)) {
                return gs_store_fail(error, store, column->dataset.name, strerror(errno));
            }
        }
    }
    return GS_OK;
}

// ---- what waits for a checkpoint ----

/// A list with room for `needed` elements, moved if it had to grow; NULL when out of memory, and the list stays.
static void *with_room(void *list, int64_t needed, int64_t *capacity, size_t size) {
    if (needed <= *capacity) {
        return list;
    }
    const int64_t larger = 2 * *capacity < needed ? needed : 2 * *capacity;
    void *moved = realloc(list, (size_t)larger * size);
    *capacity = moved == NULL ? *capacity : larger;
    return moved;
}

/// Room for one more run of `length` statuses; false when out of memory.
static bool make_room(gs_unacknowledged *waiting, int length) {
    gs_run_of_trials *runs = with_room(waiting->runs, waiting->count + 1, &waiting->capacity, sizeof *waiting->runs);
    if (runs == NULL) {
        return false;
    }
    waiting->runs = runs;
    unsigned char *statuses =
        with_room(waiting->statuses, waiting->status_count + length, &waiting->status_capacity, 1);
    if (statuses == NULL) {
        return false;
    }
    waiting->statuses = statuses;
    return true;
}

/// Adds the statuses of a block's trials; false when out of memory.
static bool add_waiting(gs_unacknowledged *waiting, const gs_block *block, const unsigned char *statuses) {
    for (int first = 0, length; first < block->count; first += length) {
        length = run_length(block, first);
        if (!make_room(waiting, length)) {
            return false;
        }
        waiting->runs[waiting->count++] = (gs_run_of_trials){trial_of(block, first), length};
        for (int i = 0; i < length; i++) {
            waiting->statuses[waiting->status_count++] = statuses[block->order[first + i]];
        }
    }
    return true;
}

gs_status gs_store_write(gs_store *store, const gs_block *block, gs_error *error) {
    assert(block->layout->count == store->layout->count && block->layout->trial_count == store->layout->trial_count);
    gs_status status = write_columns(store, block, GS_WRITTEN_AS_DATA, error);
    if (status == GS_OK) {
        status = write_columns(store, block, GS_WRITTEN_CHECKSUM, error);
    }
    if (status == GS_OK) {
        (void)pthread_mutex_lock(&store->waiting_mutex);
        if (!add_waiting(&store->waiting, block, block->rows[store->layout->count - 1])) {
            status = gs_fail(error, GS_ERROR_RUN, "out of memory for the status of trials");
        }
        store->changed = true;
        (void)pthread_mutex_unlock(&store->waiting_mutex);
    }
    return status;
}

// ---- checkpoints ----

gs_status gs_store_sync(gs_store *store, gs_error *error) {
    if (fdatasync(store->file) != 0) {
        store->checkpoint_failed = true;
        return gs_fail(error, GS_ERROR_RUN, "%s can't be made durable: %s", store->path, strerror(errno));
    }
    return GS_OK;
}

static gs_status write_statuses(const gs_store *store, const gs_unacknowledged *waiting, gs_error *error) {
    const int column = store->layout->count - 1;
    const unsigned char *statuses = waiting->statuses;
    for (int64_t i = 0; i < waiting->count; i++) {
        const gs_run_of_trials *run = &waiting->runs[i];
        const int64_t address = store->addresses[column] + gs_layout_place(store->layout, column, run->first);
        if (!gs_write_at(store->file, statuses, (size_t)run->length, address)) {
            return gs_store_fail(error, store, "status", strerror(errno));
        }
        statuses += run->length;
    }
    return GS_OK;
}

int64_t gs_seconds_checksum(double seconds) {
    const XXH64_hash_t hash = XXH3_64bits(&seconds, sizeof seconds);
    int64_t checksum;
    memcpy(&checksum, &hash, sizeof checksum);
    return checksum;
}

gs_status gs_store_write_seconds(const gs_store *store, double seconds, gs_error *error) {
    const double total = isnan(seconds) ? (double)NAN : store->seconds_before + seconds;
    const int64_t checksum = gs_seconds_checksum(total);
    if (!gs_write_at(store->file, &total, sizeof total, store->seconds_address) ||
        !gs_write_at(store->file, &checksum, sizeof checksum, store->seconds_checksum_address)) {
        return gs_store_fail(error, store, "/provenance/seconds", strerror(errno));
    }
    return GS_OK;
}

/// A file that someone has removed, renamed or cut off takes rows as if nothing had happened.
static gs_status check_presence(const gs_store *store, gs_error *error) {
    struct stat opened, named;
    if (fstat(store->file, &opened) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s: %s", store->path, strerror(errno));
    }
    if (opened.st_nlink == 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s was removed while it was written", store->path);
    }
    if (opened.st_size != store->bytes) {
        return gs_fail(error, GS_ERROR_RUN, "%s was cut off or added to while it was written", store->path);
    }
    if (stat(store->path, &named) != 0 || named.st_dev != opened.st_dev || named.st_ino != opened.st_ino) {
        return gs_fail(error, GS_ERROR_RUN, "%s was renamed or replaced while it was written", store->path);
    }
    return GS_OK;
}

/// data -> sync -> status -> sync: a status that is on the disk was written after its data were.
static gs_status acknowledge_durably(gs_store *store, const gs_unacknowledged *waiting, double seconds,
                                     gs_error *error) {
    gs_status status = check_presence(store, error);
    if (status == GS_OK) {
        status = gs_store_sync(store, error);
    }
    if (status == GS_OK) {
        status = write_statuses(store, waiting, error);
    }
    if (status == GS_OK) {
        status = gs_store_write_seconds(store, seconds, error);
    }
    if (status == GS_OK) {
        status = gs_store_sync(store, error);
    }
    if (status == GS_OK) {
        gs_ledger_add(&store->ledger, waiting->statuses, waiting->status_count);
    }
    return status;
}

/// Takes what waits. A checkpoint before the last leaves the trials that complete the file: they wait for the plots.
static gs_unacknowledged take_waiting(gs_store *store, bool last) {
    gs_unacknowledged waiting = {0};
    (void)pthread_mutex_lock(&store->waiting_mutex);
    if (last || store->waiting.status_count < store->ledger.pending) {
        waiting = store->waiting;
        store->waiting = (gs_unacknowledged){0};
    }
    (void)pthread_mutex_unlock(&store->waiting_mutex);
    return waiting;
}

/// Takes the last trial out of what waits.
static gs_unacknowledged split_last(gs_unacknowledged *waiting, gs_run_of_trials *run, unsigned char *status) {
    gs_run_of_trials *from = &waiting->runs[waiting->count - 1];
    from->length--;
    waiting->status_count--;
    *run = (gs_run_of_trials){from->first + from->length, 1};
    *status = waiting->statuses[waiting->status_count];
    return (gs_unacknowledged){.runs = run, .count = 1, .statuses = status, .status_count = 1};
}

/// A complete file has complete plots: the last trial's status is written once they are on the disk. All others are
/// acknowledged before, since a large sweep is drawn for seconds. When the plots can't be drawn, or the caller stops
/// it, the last trial stays pending, and a resume draws them.
static gs_status complete_durably(gs_store *store, gs_unacknowledged *waiting, double seconds, gs_error *error) {
    gs_run_of_trials run;
    unsigned char trial_status;
    gs_unacknowledged last = {0};
    gs_status status = GS_OK;
    if (waiting->count > 0) {
        last = split_last(waiting, &run, &trial_status);
    }
    if (waiting->status_count > 0) {
        status = acknowledge_durably(store, waiting, seconds, error);
    }
    gs_error reason;
    if (status == GS_OK && gs_store_draw(store, true, &reason) != GS_OK) {
        if (store->drawing_was_stopped && last.count > 0) {
            return GS_OK; // that trial waits for the plots
        }
        status = gs_fail(error, GS_ERROR_RUN, "%s: the plots can't be drawn: %.900s", store->path, reason.message);
    }
    return status == GS_OK ? acknowledge_durably(store, &last, seconds, error) : status;
}

/// Acknowledges what waits, and then draws what is acknowledged: at the end, or when that costs little.
static gs_status acknowledge_and_draw(gs_store *store, const gs_unacknowledged *waiting, double seconds, bool last,
                                      gs_error *error) {
    gs_status status = acknowledge_durably(store, waiting, seconds, error);
    if (status == GS_OK && (last || gs_store_drawing_is_due(store))) {
        gs_error reason;
        if (gs_store_draw(store, false, &reason) == GS_OK && last) {
            status = gs_store_sync(store, error);
        } // a drawing that fails meanwhile is made later, and that of an unfinished file by the next process
    }
    return status;
}

/// @param last  nothing comes after it: also when no trial waits, if there are seconds to be noted
static gs_status make_checkpoint(gs_store *store, double seconds, bool last, gs_error *error) {
    (void)pthread_mutex_lock(&store->checkpoint_mutex);
    gs_unacknowledged waiting = take_waiting(store, last);
    const bool complete = waiting.status_count == store->ledger.pending;
    gs_status status = GS_OK;
    if (store->checkpoint_failed) {
        status = gs_fail(error, GS_ERROR_RUN, "%s can't be made durable: an earlier attempt failed", store->path);
    } else if (last && complete && store->changed) {
        status = complete_durably(store, &waiting, seconds, error);
    } else if (waiting.count > 0 || (last && seconds > 0)) {
        status = acknowledge_and_draw(store, &waiting, seconds, last, error);
    }
    store->checkpoint_failed = store->checkpoint_failed || status != GS_OK;
    (void)pthread_mutex_unlock(&store->checkpoint_mutex);
    free_waiting(&waiting);
    return status;
}

gs_status gs_store_checkpoint(gs_store *store, double seconds, gs_error *error) {
    return make_checkpoint(store, seconds, false, error);
}

gs_status gs_store_close(gs_store *store, double seconds, gs_ledger *ledger, gs_error *error) {
    gs_status status = make_checkpoint(store, seconds, true, error);
    const int closed = close(store->file);
    store->file = -1;
    if (status == GS_OK && closed != 0 && errno != EINTR) { // Linux has closed it all the same
        status = gs_fail(error, GS_ERROR_RUN, "%s can't be closed: %s", store->path, strerror(errno));
    }
    if (ledger != NULL) {
        *ledger = store->ledger;
    }
    gs_store_free(store);
    return status;
}
