/// Opening a results file for reading. Nothing that it says is believed before it was compared with the layout that
/// follows from the experiment in it.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/hdf5_file.h"
#include "store/io.h"

struct gs_results {
    char *path;
    int file;
    int64_t bytes;
    gs_note notes[GS_NOTE_COUNT];
    gs_experiment *experiment;
    gs_plan *plan;
    gs_layout *layout;
    int64_t *addresses; ///< [layout->count]
};

/// Opens a regular file and finds its size.
static gs_status open_regular(const char *path, int *file, int64_t *bytes, gs_error *error) {
    struct stat found;
    *file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*file < 0 || fstat(*file, &found) != 0) {
        return gs_fail(error, GS_ERROR_RESULTS, "%s", strerror(errno));
    }
    if (!S_ISREG(found.st_mode)) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is %s, and a results file is expected",
                       S_ISDIR(found.st_mode) ? "a folder" : "a device, a pipe or a socket");
    }
    *bytes = found.st_size;
    return GS_OK;
}

/// Reads all of /provenance, the version of the layout first: other versions may have other entries.
static gs_status read_notes(gs_results *results, const gs_hdf5 *hdf5, gs_error *error) {
    gs_note *version = &results->notes[GS_NOTE_LAYOUT_VERSION];
    if (!gs_hdf5_has(hdf5, "provenance")) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is an HDF5 file, but not a results file of gansweep");
    }
    gs_status status = gs_hdf5_read_note(hdf5, &gs_notes_table[GS_NOTE_LAYOUT_VERSION], version, NULL, error);
    if (status == GS_OK && version->integer != GS_LAYOUT_VERSION) {
        return gs_fail(error, GS_ERROR_RESULTS, "it has layout version %lld, and this gansweep reads version %d",
                       (long long)version->integer, GS_LAYOUT_VERSION);
    }
    for (int i = 0; i < GS_NOTE_COUNT && status == GS_OK; i++) {
        if (i != GS_NOTE_LAYOUT_VERSION) {
            status = gs_hdf5_read_note(hdf5, &gs_notes_table[i], &results->notes[i], NULL, error);
        }
    }
    return status;
}

/// Reads the experiment again from its text and its overrides, which stand one a line.
static gs_status read_experiment(gs_results *results, gs_error *error) {
    const gs_note *text = &results->notes[GS_NOTE_EXPERIMENT];
    const gs_note *path = &results->notes[GS_NOTE_EXPERIMENT_PATH];
    const gs_note *added = &results->notes[GS_NOTE_OVERRIDES];
    int count = 0;
    char *lines = added->text == NULL ? NULL : strdup(added->text);
    const char **overrides = calloc(added->length + 1, sizeof *overrides);
    gs_status status = GS_OK;
    gs_error reason;
    if (lines == NULL || overrides == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory");
        goto end;
    }
    char *rest = lines;
    for (const char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (*line != '\0') {
            overrides[count++] = line;
        }
    }
    status = gs_experiment_parse(text->text, text->length, path->length == 0 ? "experiment" : path->text, overrides,
                                 count, &results->experiment, &reason);
    if (status == GS_OK) {
        status = gs_plan_create(results->experiment, &results->plan, &reason);
    }
    if (status == GS_OK) {
        status = gs_layout_create(results->experiment, results->plan, &results->layout, &reason);
    }
    if (status != GS_OK) {
        status = gs_fail(error, status == GS_ERROR_INPUT ? GS_ERROR_RESULTS : status,
                         "its experiment can't be read again: %s", reason.message);
    }
end:
    free(overrides);
    free(lines);
    return status;
}

static int64_t bytes_of(const gs_dataset *dataset) {
    return dataset->extent[0] * dataset->row_bytes;
}

/// A forged or damaged file may say that two datasets share their bytes.
static gs_status refuse_shared_bytes(const gs_results *results, gs_error *error) {
    const gs_layout *layout = results->layout;
    for (int i = 0; i < layout->count; i++) {
        for (int j = 0; j < i; j++) {
            const gs_dataset *a = &layout->columns[i].dataset, *b = &layout->columns[j].dataset;
            if (results->addresses[i] < results->addresses[j] + bytes_of(b) &&
                results->addresses[j] < results->addresses[i] + bytes_of(a)) {
                return gs_fail(error, GS_ERROR_RESULTS, "it is damaged: %s and %s share their bytes", b->name, a->name);
            }
        }
    }
    return GS_OK;
}

static gs_status find_addresses(gs_results *results, const gs_hdf5 *hdf5, gs_error *error) {
    gs_status status = GS_OK;
    results->addresses = calloc((size_t)results->layout->count, sizeof *results->addresses);
    if (results->addresses == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    for (int i = 0; i < results->layout->count && status == GS_OK; i++) {
        status = gs_hdf5_find_rows(hdf5, &results->layout->columns[i].dataset, &results->addresses[i], error);
    }
    return status == GS_OK ? refuse_shared_bytes(results, error) : status;
}

/// The same as gs_results_open, with a reason that does not name the file.
static gs_status open_results(gs_results *results, gs_error *error) {
    gs_hdf5 *hdf5;
    gs_status status = open_regular(results->path, &results->file, &results->bytes, error);
    if (status == GS_OK) {
        status = gs_hdf5_open(results->path, results->file, results->bytes, &hdf5, error);
    }
    if (status != GS_OK) {
        return status;
    }
    status = read_notes(results, hdf5, error);
    if (status == GS_OK) {
        status = read_experiment(results, error);
    }
    if (status == GS_OK) {
        status = find_addresses(results, hdf5, error);
    }
    gs_hdf5_close(hdf5);
    return status;
}

gs_status gs_results_open(const char *path, gs_results **results, gs_error *error) {
    gs_error reason;
    gs_results *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    opened->file = -1;
    opened->path = strdup(path);
    const gs_status status =
        opened->path == NULL ? gs_fail(&reason, GS_ERROR_RUN, "out of memory") : open_results(opened, &reason);
    if (status != GS_OK) {
        gs_results_close(opened);
        return gs_fail(error, status, "%s: %s", path, reason.message);
    }
    *results = opened;
    return GS_OK;
}

void gs_results_close(gs_results *results) {
    if (results == NULL) {
        return;
    }
    if (results->file >= 0) {
        (void)close(results->file);
    }
    free(results->addresses);
    gs_layout_free(results->layout);
    gs_plan_free(results->plan);
    gs_experiment_free(results->experiment);
    gs_notes_free(results->notes);
    free(results->path);
    free(results);
}

const gs_experiment *gs_results_experiment(const gs_results *results) {
    return results->experiment;
}

const gs_plan *gs_results_plan(const gs_results *results) {
    return results->plan;
}

int64_t gs_results_bytes(const gs_results *results) {
    return results->bytes;
}

const gs_layout *gs_results_layout(const gs_results *results) {
    return results->layout;
}

/// Everything else of a trial is read by what its status says.
static gs_status refuse_unknown_status(const gs_results *results, int64_t first, int64_t count,
                                       const unsigned char *status, gs_error *error) {
    for (int64_t i = 0; i < count; i++) {
        if (status[i] > GS_DIVERGED) {
            const int64_t trial = first + i;
            return gs_fail(error, GS_ERROR_RESULTS, "%s: it is damaged: trial %lld has status %d; 0 to %d was expected",
                           results->path, (long long)trial, status[i], GS_DIVERGED);
        }
    }
    return GS_OK;
}

gs_status gs_results_read(const gs_results *results, const char *dataset, int64_t first, int64_t count, void *into,
                          gs_error *error) {
    const int index = gs_layout_find(results->layout, dataset);
    if (index < 0) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: it has no dataset %s", results->path, dataset);
    }
    const gs_dataset *found = &results->layout->columns[index].dataset;
    if (first < 0 || count < 0 || count > found->extent[0] || first > found->extent[0] - count) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: %s has %lld rows, not %lld from row %lld on", results->path, dataset,
                       (long long)found->extent[0], (long long)count, (long long)first);
    }
    const int64_t address = results->addresses[index] + first * found->row_bytes;
    if (!gs_read_at(results->file, into, (size_t)(count * found->row_bytes), address)) {
        return gs_fail(error, GS_ERROR_RESULTS, "%s: %s can't be read: %s", results->path, dataset,
                       errno == 0 ? "the file is truncated" : strerror(errno));
    }
    return results->layout->columns[index].moment == GS_WRITTEN_STATUS
               ? refuse_unknown_status(results, first, count, into, error)
               : GS_OK;
}

char *gs_results_provenance(const gs_results *results, const char *name) {
    for (int i = 0; i < GS_NOTE_COUNT; i++) {
        if (strcmp(gs_notes_table[i].name, name) != 0) {
            continue;
        }
        const gs_note *note = &results->notes[i];
        char number[64];
        switch (gs_notes_table[i].type) {
        case GS_NOTE_TEXT:
            return strdup(note->text);
        case GS_NOTE_INTEGER:
            (void)snprintf(number, sizeof number, "%lld", (long long)note->integer);
            return strdup(number);
        case GS_NOTE_REAL:
            (void)snprintf(number, sizeof number, "%.9g", note->real);
            return strdup(number);
        }
    }
    return NULL;
}
