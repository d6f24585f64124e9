/// Creating a results file whole: it appears under its name only once it is complete, sealed, and on the disk.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/hdf5_file.h"
#include "store/io.h"
#include "store/rename.h"
#include "store/sandbox.h"
#include "store/seal.h"
#include "store/store.h"

enum { PATTERN_BYTES = 1 << 20 }; ///< pending rows are written in pieces of this size

/// A file that is being made.
typedef struct {
    const char *path; ///< its name when it is complete
    char *folder;
    char *temporary; ///< in the same folder; "" when there is no such file
    int file, folder_file;
    int64_t bytes;
    const gs_new_file *wanted;
    gs_seal *seal;
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
    if (!S_ISREG(found.st_mode)) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%s is a link, a device or a pipe, and is not replaced: give another name", making->path);
    }
    if (!making->wanted->force) {
        return gs_fail(error, GS_ERROR_INPUT, "%s exists already: give another name, %s--force to replace it",
                       making->path, making->wanted->provenance->sources == NULL ? "--resume to complete it, or " : "");
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

/// Bytes that a file will have at most; INT64_MAX when that overflows. Of a virtual one the structure names each source
/// once a dataset.
static int64_t bytes_needed(const gs_making *making, const gs_layout *layout) {
    enum { MAPPING_BYTES = 512 };
    const gs_source_files *virtual_sources = making->wanted->virtual_sources;
    const char *sources = making->wanted->provenance->sources;
    int64_t names = sources == NULL ? 0 : (int64_t)strlen(sources) + 1;
    int64_t bytes = gs_layout_file_bytes(layout);
    if (virtual_sources != NULL) {
        bytes = gs_layout_structure_bytes(layout);
        for (int i = 0; i < layout->count; i++) {
            const gs_dataset *dataset = &layout->columns[i].dataset;
            bytes += dataset->by_trial ? 0 : dataset->extent[0] * dataset->row_bytes;
        }
        names += layout->count * (names + MAPPING_BYTES * virtual_sources->count);
    }
    return __builtin_add_overflow(bytes, names, &bytes) ? INT64_MAX : bytes;
}

static gs_status check_room(const gs_making *making, const gs_layout *layout, gs_error *error) {
    const int64_t needed = bytes_needed(making, layout);
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

/// An empty file of our own beside the one that is to be. Its name follows from that one's, whose lock is held: what is
/// there already was left by a process that is dead.
static gs_status open_temporary(gs_making *making, gs_error *error) {
    const char *slash = strrchr(making->path, '/');
    const char *name = slash == NULL ? making->path : slash + 1;
    const size_t capacity = strlen(making->path) + 64; // the folder is a part of the path, or "./"
    making->temporary = calloc(capacity, 1);
    if (making->temporary == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    (void)snprintf(making->temporary, capacity, "%s.gansweep-%016" PRIx64 ".tmp", making->folder,
                   (uint64_t)XXH3_64bits(name, strlen(name)));
    (void)unlink(making->temporary);
    making->file = open(making->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (making->file < 0) {
        const gs_status status =
            gs_fail(error, GS_ERROR_INPUT, "folder %s can't be written: %s", making->folder, strerror(errno));
        making->temporary[0] = '\0';
        return status;
    }
    return GS_OK;
}

// ---- filling it ----

/// Reserves the whole file's space, so that a disk can't run full later.
static gs_status reserve(const gs_making *making, gs_error *error) {
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

/// What a child process needs to make the structure, and where it says what it made: the seal is in shared memory.
typedef struct {
    const gs_making *making;
    const gs_layout *layout;
    const gs_note *notes;
} gs_structure;

static void add_extent(gs_seal *seal, const char *place, const char *name, gs_extent_kind kind, int64_t address,
                       int64_t bytes) {
    gs_extent *extent = &seal->extents[seal->count++];
    (void)snprintf(extent->name, sizeof extent->name, "%s%s", place, name);
    extent->kind = kind;
    extent->address = address;
    extent->bytes = bytes;
}

/// Notes where libhdf5 has put an entry of /provenance.
static gs_status find_note(gs_seal *seal, const gs_hdf5 *hdf5, int note, gs_error *error) {
    int64_t address, bytes;
    const gs_status status = gs_hdf5_find_note(hdf5, &gs_notes_table[note], &address, &bytes, error);
    if (status == GS_OK && note == GS_NOTE_SEAL) {
        seal->address = address;
        seal->bytes = bytes - 1; // the text ends with a NUL in the file, which the hash covers
    } else if (status == GS_OK) {
        add_extent(seal, "/provenance/", gs_notes_table[note].name,
                   gs_note_changes(note) ? GS_EXTENT_CHANGES : GS_EXTENT_SEALED, address, bytes);
    }
    return status;
}

/// Reads back where libhdf5 has put everything: first the datasets, in their order. Rows that lie in other files have
/// no place in this one.
static gs_status find_everything(const gs_structure *structure, gs_error *error) {
    gs_hdf5 *hdf5;
    gs_seal *seal = structure->making->seal;
    gs_status status =
        gs_hdf5_open(structure->making->temporary, structure->making->file, seal->file_bytes, &hdf5, error);
    if (status != GS_OK) {
        return status;
    }
    for (int i = 0; i < structure->layout->count && status == GS_OK; i++) {
        const gs_dataset *dataset = &structure->layout->columns[i].dataset;
        const gs_source_files *sources = structure->making->wanted->virtual_sources;
        int64_t address;
        if (sources != NULL && dataset->by_trial) {
            status = gs_hdf5_check_virtual(hdf5, dataset, sources, error);
            continue;
        }
        status = gs_hdf5_find_rows(hdf5, dataset, &address, error);
        if (status == GS_OK) {
            add_extent(seal, "", dataset->name, GS_EXTENT_ROWS, address, dataset->extent[0] * dataset->row_bytes);
        }
    }
    for (int i = 0; i < gs_plots_part_count(structure->layout->plots) && status == GS_OK; i++) {
        const gs_plot_part *part = gs_plots_part(structure->layout->plots, i);
        int64_t address;
        status = gs_hdf5_find_part(hdf5, structure->layout->plots, i, &address, error);
        if (status == GS_OK) {
            add_extent(seal, "/plots/", part->name, GS_EXTENT_CHANGES, address, part->bytes);
        }
    }
    for (int i = 0; i < GS_NOTE_COUNT && status == GS_OK; i++) {
        status = find_note(seal, hdf5, i, error);
    }
    gs_hdf5_close(hdf5);
    return status;
}

/// All that libhdf5 does for a new file. Runs in a child process.
static gs_status make_structure(void *context, gs_error *error) {
    const gs_structure *structure = context;
    const gs_making *making = structure->making;
    struct stat found;
    const gs_status status =
        gs_hdf5_create(making->temporary, structure->layout, structure->notes, making->wanted->virtual_sources, error);
    if (status != GS_OK) {
        return status;
    }
    if (fstat(making->file, &found) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s", strerror(errno));
    }
    making->seal->file_bytes = found.st_size;
    gs_error reason;
    return find_everything(structure, &reason) == GS_OK
               ? GS_OK
               : gs_fail(error, GS_ERROR_RUN, "it is not as it was made: %s", reason.message);
}

/// Lets libhdf5 make the structure, and takes the addresses.
static gs_status lay_out(gs_store *store, gs_making *making, const gs_note *notes, gs_error *error) {
    gs_error reason;
    gs_structure structure = {.making = making, .layout = store->layout, .notes = notes};
    if (gs_sandbox_run(GS_SANDBOX_MAKES, make_structure, &structure, &reason) != GS_OK) {
        return gs_fail(error, GS_ERROR_RUN, "%s: %s", making->path, reason.message);
    }
    making->bytes = store->bytes = making->seal->file_bytes;
    int extents = 0;
    for (int i = 0; i < store->layout->count; i++) {
        const bool elsewhere = making->wanted->virtual_sources != NULL && store->layout->columns[i].dataset.by_trial;
        store->addresses[i] = elsewhere ? -1 : making->seal->extents[extents++].address;
    }
    for (int i = 0; i < gs_plots_part_count(store->layout->plots); i++) {
        store->part_addresses[i] = making->seal->extents[extents++].address;
    }
    store->seconds_address = gs_seal_find(making->seal, "/provenance/seconds")->address;
    store->seconds_checksum_address = gs_seal_find(making->seal, "/provenance/seconds_checksum")->address;
    return GS_OK;
}

/// Writes what pending rows hold.
static gs_status write_pending_rows(const gs_store *store, gs_error *error) {
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
            status = gs_store_refuse_when_stopped(store, error);
            if (status == GS_OK && !gs_stream_write(&stream, pattern, (size_t)piece, store->addresses[i] + at)) {
                status = gs_store_fail(error, store, dataset->name, strerror(errno));
            }
        }
    }
    free(pattern);
    return status;
}

/// Seals the file and looks at it as a reader will.
static gs_status seal_file(const gs_making *making, gs_error *error) {
    gs_error reason;
    gs_status status = gs_seal_write(making->file, making->seal, &reason);
    if (status == GS_OK) {
        gs_seal *again = malloc(sizeof *again);
        status = again == NULL ? gs_fail(&reason, GS_ERROR_RUN, "out of memory")
                               : gs_seal_read(making->file, making->bytes, again, &reason);
        free(again);
    }
    return status == GS_OK ? GS_OK
                           : gs_fail(error, GS_ERROR_RUN, "%s as it was made: %s", making->path, reason.message);
}

// ---- giving it its name ----

static gs_status publish(gs_making *making, gs_error *error) {
    if (fsync(making->file) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "%s can't be made durable: %s", making->path, strerror(errno));
    }
    const bool renamed = making->wanted->force ? rename(making->temporary, making->path) == 0
                                               : gs_rename_without_overwriting(making->temporary, making->path);
    if (!renamed) {
        const gs_status status = errno == EEXIST ? GS_ERROR_INPUT : GS_ERROR_RUN;
        return gs_fail(error, status, "%s can't be given its name: %s", making->path, strerror(errno));
    }
    making->temporary[0] = '\0';
    if (!gs_sync_folder(making->folder_file)) {
        const gs_status status =
            gs_fail(error, GS_ERROR_RUN, "folder %s can't be made durable: %s", making->folder, strerror(errno));
        if (!making->wanted->force) { // what was replaced is gone: then a complete file is better than none
            (void)unlink(making->path);
        }
        return status;
    }
    return GS_OK;
}

/// Everything between an empty temporary file and a complete one under its name.
static gs_status fill_file(gs_store *store, gs_making *making, const gs_note *notes, gs_error *error) {
    gs_status status = lay_out(store, making, notes, error);
    if (status == GS_OK) {
        status = reserve(making, error);
    }
    if (status == GS_OK) {
        status = making->wanted->fill(store, making->wanted->context, error);
    }
    if (status == GS_OK) {
        status = seal_file(making, error);
    }
    return status == GS_OK ? publish(making, error) : status;
}

static gs_status make_file(gs_store *store, gs_making *making, const gs_note *notes, gs_error *error) {
    gs_status status = check_target(making, error);
    if (status == GS_OK) {
        status = open_folder(making, error);
    }
    if (status == GS_OK) {
        status = check_room(making, store->layout, error);
    }
    if (status == GS_OK && making->wanted->lock == NULL) {
        status = gs_lock_acquire(making->path, &store->lock, error);
    }
    if (status == GS_OK) {
        status = open_temporary(making, error);
    }
    if (status == GS_OK) {
        store->file = making->file;
        status = fill_file(store, making, notes, error);
    }
    if (making->temporary != NULL && making->temporary[0] != '\0') {
        (void)unlink(making->temporary);
    }
    return status;
}

/// Datasets whose rows lie in the file.
static int count_datasets(const gs_layout *layout, bool is_virtual) {
    int count = 0;
    for (int i = 0; i < layout->count; i++) {
        count += !is_virtual || !layout->columns[i].dataset.by_trial;
    }
    return count;
}

gs_status gs_store_make(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                        const gs_new_file *wanted, const volatile int *stop, gs_store **store, gs_error *error) {
    gs_note notes[GS_NOTE_COUNT] = {0};
    gs_making making = {.path = path, .file = -1, .folder_file = -1, .wanted = wanted};
    gs_store *made;
    gs_status status = gs_store_allocate(path, experiment, plan, stop, &made, error);
    if (status != GS_OK) {
        return status;
    }
    void *shared = mmap(NULL, sizeof *making.seal, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory");
    } else {
        making.seal = shared;
        const bool is_virtual = wanted->virtual_sources != NULL;
        const int extents =
            count_datasets(made->layout, is_virtual) + gs_plots_part_count(made->layout->plots) + GS_NOTE_COUNT - 1;
        assert(extents <= GS_SEAL_MOST_EXTENTS);
        status = gs_notes_create(experiment, plan, wanted->provenance, is_virtual, gs_seal_text_bytes(extents), notes,
                                 error);
    }
    if (status == GS_OK) {
        status = make_file(made, &making, notes, error);
    }
    gs_notes_free(notes);
    if (making.folder_file >= 0) {
        (void)close(making.folder_file);
    }
    if (shared != MAP_FAILED) {
        (void)munmap(shared, sizeof *making.seal);
    }
    free(making.folder);
    free(making.temporary);
    if (status != GS_OK) {
        gs_store_free(made);
        return status;
    }
    *store = made;
    return GS_OK;
}

// ---- a file in which nothing is finished ----

static gs_status write_empty_plots(const gs_store *store, gs_error *error) {
    unsigned char *drawing = malloc((size_t)gs_plots_bytes(store->layout->plots));
    if (drawing == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the plots");
    }
    gs_plots_clear(store->layout->plots, drawing);
    const gs_status status = gs_store_write_drawing(store, drawing, error);
    free(drawing);
    return status;
}

static gs_status fill_with_nothing(gs_store *store, void *context, gs_error *error) {
    (void)context;
    gs_status status = write_pending_rows(store, error);
    if (status == GS_OK) {
        status = gs_store_write_plan(store, error);
    }
    if (status == GS_OK) {
        status = write_empty_plots(store, error);
    }
    return status == GS_OK ? gs_store_write_seconds(store, NAN, error) : status;
}

gs_status gs_store_create(const char *path, const gs_experiment *experiment, const gs_plan *plan,
                          const gs_provenance *provenance, bool force, const volatile int *stop, gs_store **store,
                          gs_error *error) {
    const gs_new_file wanted = {.provenance = provenance, .force = force, .fill = fill_with_nothing};
    return gs_store_make(path, experiment, plan, &wanted, stop, store, error);
}
