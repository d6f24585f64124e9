/// Creating a results file whole, and writing finished rows in place.
///
/// A file appears under its name only once it is complete and on the disk; from then on nothing but rows changes.
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/block.h"
#include "store/hdf5_file.h"
#include "store/io.h"

enum {
    PATTERN_BYTES = 1 << 20, ///< pending rows are written in pieces of this size
    CHUNK_TRIALS = 8192,     ///< settings are written for so many trials at a time
    WIDEST_PLANNED = 8,      ///< bytes of a coordinate's or a setting's row, at most
    TEMPORARY_TRIES = 1000,
};

struct gs_store {
    char *path;
    gs_layout *layout;
    int file;
    int64_t *addresses; ///< [layout->count] of each dataset's rows
    int64_t seconds_address;
};

/// A file that is being made.
typedef struct {
    const char *path; ///< its name when it is complete
    char *folder;
    char *temporary; ///< in the same folder; "" when there is no such file
    int file, folder_file;
    int64_t bytes;
    bool force;
    const volatile int *stop; ///< NULL, or set when the caller gives up
} gs_making;

// ---- before the file exists ----

static gs_status check_target(const gs_making *making, gs_error *error) {
    struct stat found;
    if (lstat(making->path, &found) != 0) {
        return errno == ENOENT ? GS_OK : gs_fail(error, GS_ERROR_INPUT, "%s: %s", making->path, strerror(errno));
    }
    if (S_ISDIR(found.st_mode)) {
        return gs_fail(error, GS_ERROR_INPUT, "%s is a folder: a file is expected", making->path);
    }
    if (!making->force) {
        return gs_fail(error, GS_ERROR_INPUT, "%s exists already: give another name, or --force to replace it",
                       making->path);
    }
    if (!S_ISREG(found.st_mode)) {
        return gs_fail(error, GS_ERROR_INPUT, "%s is not a regular file and is not replaced", making->path);
    }
    return GS_OK;
}

/// Finds the folder and opens it, so that its entries can be synced.
static gs_status open_folder(gs_making *making, gs_error *error) {
    const char *slash = strrchr(making->path, '/');
    if (*making->path == '\0' || (slash != NULL && slash[1] == '\0')) {
        return gs_fail(error, GS_ERROR_INPUT, "\"%s\" is not the name of a file", making->path);
    }
    const size_t length = slash == NULL ? 0 : (size_t)(slash - making->path) + 1;
    making->folder = slash == NULL ? strdup("./") : strndup(making->path, length);
    if (making->folder == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    making->folder_file = open(making->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (making->folder_file < 0) {
        return gs_fail(error, GS_ERROR_INPUT, "folder %s: %s", making->folder, strerror(errno));
    }
    return GS_OK;
}

static gs_status check_room(const gs_making *making, const gs_layout *layout, gs_error *error) {
    const int64_t needed = gs_layout_file_bytes(layout);
    struct statvfs disk;
    if (needed == INT64_MAX) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: the size of the results overflows: %lld trials are too many",
                       making->path, (long long)layout->trial_count);
    }
    if (fstatvfs(making->folder_file, &disk) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "folder %s: %s", making->folder, strerror(errno));
    }
    uint64_t available;
    if (__builtin_mul_overflow((uint64_t)disk.f_bavail, (uint64_t)disk.f_frsize, &available)) {
        return GS_OK;
    }
    if ((uint64_t)needed > available) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: the results need %lld bytes, the disk has %llu free", making->path,
                       (long long)needed, (unsigned long long)available);
    }
    return GS_OK;
}

/// An empty file of our own beside the one that is to be.
static gs_status open_temporary(gs_making *making, gs_error *error) {
    const size_t capacity = strlen(making->folder) + 64;
    making->temporary = calloc(capacity, 1);
    if (making->temporary == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        (void)snprintf(making->temporary, capacity, "%s.gansweep-%ld-%d.tmp", making->folder, (long)getpid(), i);
        making->file = open(making->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (making->file >= 0) {
            return GS_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    making->temporary[0] = '\0';
    return gs_fail(error, GS_ERROR_INPUT, "folder %s can't be written: %s", making->folder, strerror(errno));
}

// ---- filling it ----

/// Reserves the whole file's space, so that a disk can't run full later.
static gs_status reserve(gs_making *making, gs_error *error) {
    struct stat found;
    if (fstat(making->file, &found) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s: %s", making->temporary, strerror(errno));
    }
    making->bytes = found.st_size;
    int reason;
    do {
        reason = posix_fallocate(making->file, 0, making->bytes);
    } while (reason == EINTR);
    if (reason == ENOSPC || reason == EDQUOT) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: the results need %lld bytes, and the disk has too little room: %s",
                       making->path, (long long)making->bytes, strerror(reason));
    }
    if (reason != 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s: %lld bytes can't be reserved: %s", making->path,
                       (long long)making->bytes, strerror(reason));
    }
    return GS_OK;
}

/// Reads back where libhdf5 has put everything.
static gs_status find_addresses(gs_store *store, const gs_making *making, gs_error *error) {
    gs_hdf5 *hdf5;
    gs_error reason;
    gs_note seconds = {0};
    gs_status status = gs_hdf5_open(making->temporary, making->file, making->bytes, &hdf5, &reason);
    if (status == GS_OK) {
        for (int i = 0; i < store->layout->count && status == GS_OK; i++) {
            status = gs_hdf5_find_rows(hdf5, &store->layout->columns[i].dataset, &store->addresses[i], &reason);
        }
        if (status == GS_OK) {
            status =
                gs_hdf5_read_note(hdf5, &gs_notes_table[GS_NOTE_SECONDS], &seconds, &store->seconds_address, &reason);
        }
        gs_hdf5_close(hdf5);
    }
    return status == GS_OK ? GS_OK
                           : gs_fail(error, GS_ERROR_RUN, "%s as it was made: %s", making->path, reason.message);
}

static gs_status fail_writing(gs_error *error, const gs_store *store, const char *dataset, const char *reason) {
    return gs_fail(error, GS_ERROR_RUN, "%s: %s can't be written: %s", store->path, dataset, reason);
}

static gs_status refuse_when_stopped(const gs_making *making, gs_error *error) {
    return making->stop != NULL && *making->stop
               ? gs_fail(error, GS_ERROR_RUN, "%s: stopped before it was complete, and removed", making->path)
               : GS_OK;
}

/// Writes what pending rows hold.
static gs_status write_pending_rows(const gs_store *store, const gs_making *making, gs_error *error) {
    gs_status status = GS_OK;
    gs_stream stream = {.file = store->file};
    unsigned char *pattern = malloc(PATTERN_BYTES);
    if (pattern == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    for (int i = 0; i < store->layout->count && status == GS_OK; i++) {
        const gs_column *column = &store->layout->columns[i];
        if (column->moment == GS_WRITTEN_AT_CREATION) {
            continue;
        }
        const gs_dataset *dataset = &column->dataset;
        const int64_t bytes = dataset->extent[0] * dataset->row_bytes;
        gs_element_clear(dataset->element, bytes < PATTERN_BYTES ? bytes : PATTERN_BYTES, pattern);
        for (int64_t at = 0; at < bytes && status == GS_OK; at += PATTERN_BYTES) {
            const int64_t piece = bytes - at < PATTERN_BYTES ? bytes - at : PATTERN_BYTES;
            status = refuse_when_stopped(making, error);
            if (status == GS_OK && !gs_stream_write(&stream, pattern, (size_t)piece, store->addresses[i] + at)) {
                status = fail_writing(error, store, dataset->name, strerror(errno));
            }
        }
    }
    free(pattern);
    return status;
}

/// Writes rows [first, first + count) of one column that is known from the plan.
/// @param settings  [count] of these trials, or NULL for a coordinate
/// @param rows  [count x row_bytes] work space
static gs_status write_planned_rows(const gs_store *store, int index, int64_t first, int64_t count,
                                    const gs_settings *settings, unsigned char *rows, gs_error *error) {
    const gs_column *column = &store->layout->columns[index];
    const int64_t row_bytes = column->dataset.row_bytes;
    gs_source source = {.layout = store->layout};
    for (int64_t i = 0; i < count; i++) {
        source.index = first + i;
        source.settings = settings == NULL ? NULL : &settings[i];
        column->fill(column, &source, rows + i * row_bytes);
    }
    if (!gs_write_at(store->file, rows, (size_t)(count * row_bytes), store->addresses[index] + first * row_bytes)) {
        return fail_writing(error, store, column->dataset.name, strerror(errno));
    }
    return GS_OK;
}

/// Writes coordinates and settings, in memory that does not grow with the number of trials.
static gs_status write_plan(const gs_store *store, const gs_making *making, gs_error *error) {
    const gs_layout *layout = store->layout;
    gs_status status = GS_OK;
    gs_settings *settings = calloc(CHUNK_TRIALS, sizeof *settings);
    unsigned char *rows = malloc(CHUNK_TRIALS * WIDEST_PLANNED);
    if (settings == NULL || rows == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    for (int i = 0; i < layout->count && status == GS_OK; i++) {
        const gs_dataset *dataset = &layout->columns[i].dataset;
        for (int64_t at = 0; dataset->coordinate && at < dataset->extent[0] && status == GS_OK; at += CHUNK_TRIALS) {
            const int64_t count = dataset->extent[0] - at < CHUNK_TRIALS ? dataset->extent[0] - at : CHUNK_TRIALS;
            status = write_planned_rows(store, i, at, count, NULL, rows, error);
        }
    }
    for (int64_t at = 0; at < layout->trial_count && status == GS_OK; at += CHUNK_TRIALS) {
        const int64_t count = layout->trial_count - at < CHUNK_TRIALS ? layout->trial_count - at : CHUNK_TRIALS;
        status = refuse_when_stopped(making, error);
        for (int64_t i = 0; i < count; i++) {
            gs_plan_settings(layout->plan, at + i, &settings[i]);
        }
        for (int i = 0; i < layout->count && status == GS_OK; i++) {
            const gs_column *column = &layout->columns[i];
            if (column->moment == GS_WRITTEN_AT_CREATION && !column->dataset.coordinate) {
                status = write_planned_rows(store, i, at, count, settings, rows, error);
            }
        }
    }
    free(rows);
    free(settings);
    return status;
}

// ---- giving it its name ----

/// Renames without overwriting, also where the file system can't do that in one step.
static bool rename_without_overwriting(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    if (link(from, to) != 0) {
        return false;
    }
    if (unlink(from) != 0) { // two names for one file would be a surprise
        const int reason = errno;
        (void)unlink(to);
        errno = reason;
        return false;
    }
    return true;
}

static gs_status publish(gs_making *making, gs_error *error) {
    if (fsync(making->file) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s can't be made durable: %s", making->path, strerror(errno));
    }
    const bool renamed = making->force ? rename(making->temporary, making->path) == 0
                                       : rename_without_overwriting(making->temporary, making->path);
    if (!renamed) {
        const gs_status status = errno == EEXIST ? GS_ERROR_INPUT : GS_ERROR_RUN;
        return gs_fail(error, status, "%s can't be given its name: %s", making->path, strerror(errno));
    }
    making->temporary[0] = '\0';
    // Some file systems can't sync a folder and say EINVAL: they keep its entries in order themselves.
    if (fsync(making->folder_file) != 0 && errno != EINVAL) {
        const gs_status status =
            gs_fail(error, GS_ERROR_RUN, "folder %s can't be made durable: %s", making->folder, strerror(errno));
        if (!making->force) { // what was replaced is gone: then a complete file is better than none
            (void)unlink(making->path);
        }
        return status;
    }
    return GS_OK;
}

/// Everything between an empty temporary file and a complete one under its name.
static gs_status make_file(gs_store *store, gs_making *making, const gs_note *notes, gs_error *error) {
    gs_status status = check_target(making, error);
    if (status == GS_OK) {
        status = open_folder(making, error);
    }
    if (status == GS_OK) {
        status = check_room(making, store->layout, error);
    }
    if (status == GS_OK) {
        status = open_temporary(making, error);
    }
    if (status == GS_OK) {
        store->file = making->file;
        status = gs_hdf5_create(making->temporary, store->layout, notes, error);
    }
    if (status == GS_OK) {
        status = reserve(making, error);
    }
    if (status == GS_OK) {
        status = find_addresses(store, making, error);
    }
    if (status == GS_OK) {
        status = write_pending_rows(store, making, error);
    }
    if (status == GS_OK) {
        status = write_plan(store, making, error);
    }
    if (status == GS_OK) {
        status = publish(making, error);
    }
    if (making->temporary != NULL && making->temporary[0] != '\0') {
        (void)unlink(making->temporary);
    }
    return status;
}

static void free_store(gs_store *store) {
    if (store != NULL) {
        if (store->file >= 0) {
            (void)close(store->file);
        }
        gs_layout_free(store->layout);
        free(store->addresses);
        free(store->path);
        free(store);
    }
}

gs_status gs_store_create(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                          const gs_provenance *provenance, bool force, const volatile int *stop, gs_store **store,
                          gs_error *error) {
    gs_note notes[GS_NOTE_COUNT] = {0};
    gs_making making = {.path = path, .file = -1, .folder_file = -1, .force = force, .stop = stop};
    gs_store *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    made->file = -1;
    made->path = strdup(path);
    gs_status status = gs_layout_create(experiment, plan, &made->layout, error);
    if (status != GS_OK) {
        goto end;
    }
    made->addresses = calloc((size_t)made->layout->count, sizeof *made->addresses);
    if (made->path == NULL || made->addresses == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory");
        goto end;
    }
    status = gs_notes_create(experiment, provenance, notes, error);
    if (status == GS_OK) {
        status = make_file(made, &making, notes, error);
    }
end:
    gs_notes_free(notes);
    if (making.folder_file >= 0) {
        (void)close(making.folder_file);
    }
    free(making.folder);
    free(making.temporary);
    if (status != GS_OK) {
        free_store(made);
        return status;
    }
    *store = made;
    return GS_OK;
}

// ---- writing rows ----

const gs_layout *gs_store_layout(const gs_store *store) {
    return store->layout;
}

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
            const int64_t address = store->addresses[i] + trial_of(block, first) * row_bytes;
            count = gs_block_rows(block, i, first, run_length(block, first), &rows);
            if (!gs_write_at(store->file, rows, (size_t)(count * row_bytes), address)) {
                return fail_writing(error, store, column->dataset.name, strerror(errno));
            }
        }
    }
    return GS_OK;
}

gs_status gs_store_write(gs_store *store, const gs_block *block, gs_error *error) {
    assert(block->layout->count == store->layout->count && block->layout->trial_count == store->layout->trial_count);
    gs_status status = write_columns(store, block, GS_WRITTEN_AS_DATA, error);
    if (status == GS_OK) {
        status = write_columns(store, block, GS_WRITTEN_CHECKSUM, error);
    }
    if (status == GS_OK) {
        status = write_columns(store, block, GS_WRITTEN_STATUS, error);
    }
    return status;
}

gs_status gs_store_close(gs_store *store, double seconds, gs_error *error) {
    gs_status status = GS_OK;
    if (!gs_write_at(store->file, &seconds, sizeof seconds, store->seconds_address)) {
        status = fail_writing(error, store, "/provenance/seconds", strerror(errno));
    }
    // After a failed sync nothing is known of what is on the disk, and a second one would say that all is well.
    if (status == GS_OK && fdatasync(store->file) != 0) {
        status = gs_fail(error, GS_ERROR_RUN, "%s can't be made durable: %s", store->path, strerror(errno));
    }
    const int closed = close(store->file);
    store->file = -1;
    if (status == GS_OK && closed != 0) {
        status = gs_fail(error, GS_ERROR_RUN, "%s can't be closed: %s", store->path, strerror(errno));
    }
    free_store(store);
    return status;
}
