#include "store/virtual.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/io.h"
#include "store/results.h"

/// What is kept of a source once it has been checked.
typedef struct {
    char *name;
    gs_trial_range part;
    int file;
    int64_t *addresses; ///< [columns] of its datasets' rows
} open_source;

struct gs_virtual {
    int64_t count;
    open_source *list; ///< [count] by their trials
};

void gs_virtual_close(gs_virtual *opened) {
    if (opened == NULL) {
        return;
    }
    for (int64_t i = 0; i < opened->count; i++) {
        if (opened->list[i].file >= 0) {
            (void)close(opened->list[i].file);
        }
        free(opened->list[i].name);
        free(opened->list[i].addresses);
    }
    free(opened->list);
    free(opened);
}

/// "FOLDER/NAME" in the folder of `path`; NULL when out of memory.
static char *beside(const char *path, const char *name) {
    const char *slash = strrchr(path, '/');
    char *made = NULL;
    return asprintf(&made, "%.*s%s", slash == NULL ? 0 : (int)(slash - path) + 1, path, name) < 0 ? NULL : made;
}

/// Whether two experiments are the same but for the title, which is the first line.
static bool are_equal(const char *resolved, const char *other) {
    return strcmp(resolved + strcspn(resolved, "\n"), other + strcspn(other, "\n")) == 0;
}

/// Whether a file is the one that was merged.
static gs_status check_source(const gs_results *results, const gs_source_file *source, const char *resolved,
                              int64_t numerics_version, gs_error *error) {
    const gs_trial_range part = gs_plan_part(results->plan);
    if (strcmp(results->seal.hash, source->hash) != 0 || part.first != source->part.first ||
        part.count != source->part.count) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is not the file that was merged: merge again");
    }
    return are_equal(results->notes[GS_NOTE_RESOLVED].text, resolved) &&
                   results->notes[GS_NOTE_NUMERICS_VERSION].integer == numerics_version
               ? GS_OK
               : gs_fail(error, GS_ERROR_RESULTS, "it belongs to another experiment");
}

/// Opens, checks, and takes over what is needed of one source.
static gs_status open_one(const char *path, const gs_source_file *source, const char *resolved,
                          int64_t numerics_version, open_source *opened, gs_error *error) {
    gs_results *results = NULL;
    char *whole = beside(path, source->name);
    *opened = (open_source){.part = source->part, .file = -1, .name = strdup(source->name)};
    gs_status status = whole == NULL || opened->name == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory")
                                                             : gs_results_open_plain(whole, &results, error);
    if (status == GS_OK && results != NULL) {
        status = check_source(results, source, resolved, numerics_version, error);
    }
    if (status == GS_OK && results != NULL) {
        opened->file = results->file;
        opened->addresses = results->addresses;
        results->file = -1;
        results->addresses = NULL;
    }
    gs_results_close(results);
    free(whole);
    return status;
}

gs_status gs_virtual_open(const char *path, const gs_source_files *sources, const char *resolved,
                          int64_t numerics_version, gs_virtual **opened, gs_error *error) {
    gs_virtual *made = calloc(1, sizeof *made);
    gs_status status = GS_OK;
    if (made != NULL) {
        made->list = calloc((size_t)sources->count, sizeof *made->list);
    }
    if (made == NULL || made->list == NULL) {
        gs_virtual_close(made);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the sources");
    }
    for (; made->count < sources->count && status == GS_OK; made->count++) {
        const gs_source_file *source = &sources->list[made->count];
        gs_error reason;
        status = open_one(path, source, resolved, numerics_version, &made->list[made->count], &reason);
        if (status != GS_OK) {
            (void)gs_fail(error, status, "its source %s: %s", source->name, reason.message);
        }
    }
    if (status != GS_OK) {
        gs_virtual_close(made);
        return status;
    }
    *opened = made;
    return GS_OK;
}

/// The source that has a trial.
static const open_source *source_of(const gs_virtual *opened, int64_t trial) {
    int64_t low = 0, high = opened->count - 1; // it lies between them
    while (low < high) {
        const int64_t middle = low + (high - low + 1) / 2;
        if (opened->list[middle].part.first <= trial) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return &opened->list[low];
}

gs_status gs_virtual_read(const gs_virtual *opened, const gs_layout *layout, int column, int64_t first, int64_t count,
                          void *into, gs_error *error) {
    const gs_dataset *dataset = &layout->columns[column].dataset;
    unsigned char *rows = into;
    while (count > 0) {
        const open_source *source = source_of(opened, first);
        const int64_t place = first - source->part.first, left = source->part.count - place;
        const int64_t together = left < count ? left : count;
        const int64_t address = source->addresses[column] + place * dataset->row_bytes;
        if (!gs_read_at(source->file, rows, (size_t)(together * dataset->row_bytes), address)) {
            return gs_fail(error, GS_ERROR_RESULTS, "its source %s: %s can't be read: %s", source->name, dataset->name,
                           gs_read_failure());
        }
        rows += together * dataset->row_bytes;
        first += together;
        count -= together;
    }
    return GS_OK;
}
