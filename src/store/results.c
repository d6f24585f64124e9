/// Opening a results file for reading. Nothing that it says is believed before it was compared with its seal, with the
/// layout that follows from the experiment in it, and with what libhdf5 finds in it - which looks in a child process.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/block.h"
#include "store/hdf5_file.h"
#include "store/io.h"
#include "store/results.h"
#include "store/sandbox.h"
#include "store/store.h"

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

static gs_status fail_note(const gs_note_info *info, const char *why, gs_error *error) {
    return gs_fail(error, GS_ERROR_RESULTS, "it is damaged: /provenance/%s %s", info->name, why);
}

/// The seal's own text, which is not among the extents that it names.
static gs_extent own_extent(const gs_seal *seal) {
    return (gs_extent){.kind = GS_EXTENT_SEALED, .address = seal->address, .bytes = seal->bytes + 1};
}

/// Reads an entry of /provenance from where the seal says that it lies.
static gs_status read_note(gs_results *results, int index, gs_error *error) {
    const gs_note_info *info = &gs_notes_table[index];
    gs_note *note = &results->notes[index];
    char name[GS_SEAL_NAME_BYTES];
    (void)snprintf(name, sizeof name, "/provenance/%s", info->name);
    const gs_extent own = own_extent(&results->seal);
    const gs_extent *extent = index == GS_NOTE_SEAL ? &own : gs_seal_find(&results->seal, name);
    if (extent == NULL || extent->kind != (gs_note_changes(index) ? GS_EXTENT_CHANGES : GS_EXTENT_SEALED)) {
        return fail_note(info, "is missing", error);
    }
    if (info->type != GS_NOTE_TEXT) {
        void *value = info->type == GS_NOTE_REAL ? (void *)&note->real : (void *)&note->integer;
        if (extent->bytes != (int64_t)sizeof(int64_t)) {
            return fail_note(info, "is no number", error);
        }
        return gs_read_at(results->file, value, sizeof(int64_t), extent->address)
                   ? GS_OK
                   : fail_note(info, "can't be read", error);
    }
    if (extent->bytes < 1) {
        return fail_note(info, "is no text", error);
    }
    note->length = (size_t)extent->bytes - 1;
    note->text = malloc((size_t)extent->bytes);
    if (note->text == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for /provenance/%s", info->name);
    }
    if (!gs_read_at(results->file, note->text, (size_t)extent->bytes, extent->address)) {
        return fail_note(info, "can't be read", error);
    }
    note->text[note->length] = '\0';
    return GS_OK;
}

/// The seconds are written again at every checkpoint: between two writes, and after a power cut, they are not known.
static void believe_seconds(gs_results *results) {
    gs_note *seconds = &results->notes[GS_NOTE_SECONDS];
    results->seconds_known = results->notes[GS_NOTE_SECONDS_CHECKSUM].integer == gs_seconds_checksum(seconds->real);
    if (!results->seconds_known) {
        seconds->real = NAN;
    }
}

/// Reads all of /provenance, the version of the layout first: other versions may have other entries.
static gs_status read_notes(gs_results *results, gs_error *error) {
    const gs_note *version = &results->notes[GS_NOTE_LAYOUT_VERSION];
    gs_status status = read_note(results, GS_NOTE_LAYOUT_VERSION, error);
    if (status == GS_OK && version->integer != GS_LAYOUT_VERSION) {
        return gs_fail(error, GS_ERROR_RESULTS, "it has layout version %lld, and this gansweep reads version %d",
                       (long long)version->integer, GS_LAYOUT_VERSION);
    }
    for (int i = 0; i < GS_NOTE_COUNT && status == GS_OK; i++) {
        if (i != GS_NOTE_LAYOUT_VERSION) {
            status = read_note(results, i, error);
        }
    }
    believe_seconds(results);
    return status;
}

/// The experiment was read from there, and not from the results file.
static gs_status keep_path(gs_experiment *experiment, const char *path, gs_error *error) {
    char *kept = strdup(path);
    if (kept == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    free(experiment->path);
    experiment->path = kept;
    return GS_OK;
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
        status = keep_path(results->experiment, path->text, &reason);
    }
    if (status == GS_OK) {
        status = gs_plan_create(results->experiment, &results->plan, &reason);
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

/// Takes the trials of the experiment that the file has, which in a shard are a part, and lays out their rows.
static gs_status read_part(gs_results *results, gs_error *error) {
    const gs_trial_range part = {results->notes[GS_NOTE_FIRST_TRIAL].integer, results->notes[GS_NOTE_TRIALS].integer};
    const bool whole = part.first == 0 && part.count == gs_plan_experiment_trials(results->plan);
    gs_error reason;
    gs_status status = whole ? GS_OK : gs_plan_restrict(results->plan, part, &reason);
    if (status == GS_OK) {
        status = gs_layout_create(results->experiment, results->plan, &results->layout, &reason);
    }
    return status == GS_OK ? GS_OK
                           : gs_fail(error, status == GS_ERROR_INPUT ? GS_ERROR_RESULTS : status,
                                     "its trials are not as the experiment in it says: %s", reason.message);
}

/// The same for the parts of the plots.
static gs_status find_parts(gs_results *results, gs_error *error) {
    const gs_plots *plots = results->layout->plots;
    results->part_addresses = calloc((size_t)gs_plots_part_count(plots), sizeof *results->part_addresses);
    if (results->part_addresses == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    for (int i = 0; i < gs_plots_part_count(plots); i++) {
        const gs_plot_part *part = gs_plots_part(plots, i);
        char name[sizeof part->name + 8];
        (void)snprintf(name, sizeof name, "/plots/%s", part->name);
        const gs_extent *extent = gs_seal_find(&results->seal, name);
        if (extent == NULL || extent->kind != GS_EXTENT_CHANGES || extent->bytes != part->bytes) {
            return gs_fail(error, GS_ERROR_RESULTS, "it is damaged: %s is not as the experiment in it says", name);
        }
        results->part_addresses[i] = extent->address;
    }
    return GS_OK;
}

static bool is_virtual(const gs_results *results) {
    return results->notes[GS_NOTE_VIRTUAL].integer != 0;
}

/// Compares the seal's list with the datasets that follow from the experiment, and takes their addresses.
static gs_status find_addresses(gs_results *results, gs_error *error) {
    const gs_layout *layout = results->layout;
    results->addresses = calloc((size_t)layout->count, sizeof *results->addresses);
    if (results->addresses == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    for (int i = 0; i < layout->count; i++) {
        const gs_dataset *dataset = &layout->columns[i].dataset;
        if (is_virtual(results) && dataset->by_trial) {
            results->addresses[i] = -1;
            continue;
        }
        const gs_extent *extent = gs_seal_find(&results->seal, dataset->name);
        int64_t bytes;
        if (extent == NULL || extent->kind != GS_EXTENT_ROWS ||
            __builtin_mul_overflow(dataset->extent[0], dataset->row_bytes, &bytes) || extent->bytes != bytes) {
            return gs_fail(error, GS_ERROR_RESULTS, "it is damaged: %s is not as the experiment in it says",
                           dataset->name);
        }
        results->addresses[i] = extent->address;
    }
    return find_parts(results, error);
}

static gs_status compare_place(const char *name, int64_t address, int64_t expected, gs_error *error) {
    return address == expected
               ? GS_OK
               : gs_fail(error, GS_ERROR_RESULTS, "it is damaged: %s does not lie where the seal says", name);
}

/// Whether libhdf5, and so every other reader, finds the same as the seal says. Runs in a child process.
static gs_status compare_with_hdf5(void *context, gs_error *error) {
    const gs_results *results = context;
    gs_hdf5 *hdf5;
    int64_t address, bytes;
    gs_status status = gs_hdf5_open(results->path, results->file, results->bytes, &hdf5, error);
    if (status != GS_OK) {
        return status;
    }
    for (int i = 0; i < results->layout->count && status == GS_OK; i++) {
        const gs_dataset *dataset = &results->layout->columns[i].dataset;
        if (is_virtual(results) && dataset->by_trial) {
            status = gs_hdf5_check_virtual(hdf5, dataset, &results->sources, error);
            continue;
        }
        status = gs_hdf5_find_rows(hdf5, dataset, &address, error);
        if (status == GS_OK) {
            status = compare_place(dataset->name, address, results->addresses[i], error);
        }
    }
    for (int i = 0; i < gs_plots_part_count(results->layout->plots) && status == GS_OK; i++) {
        status = gs_hdf5_find_part(hdf5, results->layout->plots, i, &address, error);
        if (status == GS_OK) {
            status = compare_place(gs_plots_part(results->layout->plots, i)->name, address, results->part_addresses[i],
                                   error);
        }
    }
    for (int i = 0; i < GS_NOTE_COUNT && status == GS_OK; i++) {
        char name[GS_SEAL_NAME_BYTES];
        (void)snprintf(name, sizeof name, "/provenance/%s", gs_notes_table[i].name);
        const gs_extent *extent = gs_seal_find(&results->seal, name);
        status = gs_hdf5_find_note(hdf5, &gs_notes_table[i], &address, &bytes, error);
        const gs_extent own = own_extent(&results->seal);
        extent = i == GS_NOTE_SEAL ? &own : extent;
        if (status == GS_OK) {
            status = compare_place(name, address, extent->address, error);
        }
        if (status == GS_OK && bytes != extent->bytes) {
            status = gs_fail(error, GS_ERROR_RESULTS, "it is damaged: %s is not as long as the seal says", name);
        }
    }
    const bool no_memory = gs_hdf5_memory_was_short(hdf5);
    gs_hdf5_close(hdf5);
    return status != GS_OK && no_memory ? gs_fail(error, GS_ERROR_RUN, "out of memory for libhdf5") : status;
}

/// Opens the files that a virtual one has its rows in.
static gs_status open_sources(gs_results *results, gs_error *error) {
    if (!is_virtual(results)) {
        return GS_OK;
    }
    return gs_virtual_open(results->path, &results->sources, results->notes[GS_NOTE_RESOLVED].text,
                           results->notes[GS_NOTE_NUMERICS_VERSION].integer, &results->rows, error);
}

/// A virtual file has all trials of its experiment.
static gs_status read_sources(gs_results *results, bool may_be_virtual, gs_error *error) {
    if (!is_virtual(results)) {
        return GS_OK;
    }
    if (!may_be_virtual) {
        return gs_fail(error, GS_ERROR_RESULTS, "it is virtual itself");
    }
    const int64_t trials = gs_plan_experiment_trials(results->plan);
    return gs_plan_trial_count(results->plan) == trials
               ? gs_sources_parse(results->notes[GS_NOTE_SOURCES].text, trials, GS_MOST_VIRTUAL_SOURCES,
                                  &results->sources, error)
               : gs_fail(error, GS_ERROR_RESULTS, "it is damaged: a virtual file has all trials of its experiment");
}

/// The same as gs_results_open, with a reason that does not name the file.
static gs_status open_results(gs_results *results, bool may_be_virtual, gs_error *error) {
    gs_status status = open_regular(results->path, &results->file, &results->bytes, error);
    if (status == GS_OK) {
        status = gs_hdf5_check_superblock(results->file, results->bytes, error);
    }
    if (status == GS_OK) {
        status = gs_seal_read(results->file, results->bytes, &results->seal, error);
    }
    if (status == GS_OK) {
        status = read_notes(results, error);
    }
    if (status == GS_OK) {
        status = read_experiment(results, error);
    }
    if (status == GS_OK) {
        status = read_part(results, error);
    }
    if (status == GS_OK) {
        status = read_sources(results, may_be_virtual, error);
    }
    if (status == GS_OK) {
        status = find_addresses(results, error);
    }
    if (status == GS_OK) {
        status = gs_sandbox_run(GS_SANDBOX_READS, compare_with_hdf5, results, error);
    }
    return status == GS_OK ? open_sources(results, error) : status;
}

/// @param reason  does not name the file
static gs_status open_file(const char *path, bool may_be_virtual, gs_results **results, gs_error *reason) {
    gs_results *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return gs_fail(reason, GS_ERROR_RUN, "out of memory");
    }
    opened->file = -1;
    opened->path = strdup(path);
    const gs_status status = opened->path == NULL ? gs_fail(reason, GS_ERROR_RUN, "out of memory")
                                                  : open_results(opened, may_be_virtual, reason);
    if (status != GS_OK) {
        gs_results_close(opened);
        return status;
    }
    *results = opened;
    return GS_OK;
}

gs_status gs_results_open(const char *path, gs_results **results, gs_error *error) {
    gs_error reason;
    const gs_status status = open_file(path, true, results, &reason);
    return status == GS_OK ? GS_OK : gs_fail(error, status, "%s: %s", path, reason.message);
}

gs_status gs_results_open_plain(const char *path, gs_results **results, gs_error *error) {
    return open_file(path, false, results, error);
}

gs_status gs_results_refuse_virtual(const gs_results *results, const char *advice, gs_error *error) {
    return is_virtual(results) ? gs_fail(error, GS_ERROR_RESULTS, "%s: it is virtual: its rows lie in other files; %s",
                                         results->path, advice)
                               : GS_OK;
}

void gs_results_close(gs_results *results) {
    if (results == NULL) {
        return;
    }
    if (results->file >= 0) {
        (void)close(results->file);
    }
    gs_virtual_close(results->rows);
    gs_sources_free(&results->sources);
    free(results->addresses);
    free(results->part_addresses);
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

gs_status gs_results_read_unchecked(const gs_results *results, const char *dataset, int64_t first, int64_t count,
                                    void *into, gs_error *error) {
    const int index = gs_layout_find(results->layout, dataset);
    if (index < 0) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: it has no dataset %s", results->path, dataset);
    }
    const gs_dataset *found = &results->layout->columns[index].dataset;
    const int64_t begin = found->by_trial ? results->layout->first_trial : 0;
    if (first < begin || count < 0 || count > found->extent[0] || first - begin > found->extent[0] - count) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: %s has %lld rows from %lld on, not %lld from row %lld on",
                       results->path, dataset, (long long)found->extent[0], (long long)begin, (long long)count,
                       (long long)first);
    }
    if (found->by_trial && results->rows != NULL) {
        gs_error reason;
        const gs_status status = gs_virtual_read(results->rows, results->layout, index, first, count, into, &reason);
        return status == GS_OK ? GS_OK : gs_fail(error, status, "%s: %s", results->path, reason.message);
    }
    const int64_t address = results->addresses[index] + (first - begin) * found->row_bytes;
    if (!gs_read_at(results->file, into, (size_t)(count * found->row_bytes), address)) {
        return gs_fail(error, GS_ERROR_RESULTS, "%s: %s can't be read: %s", results->path, dataset, gs_read_failure());
    }
    return GS_OK;
}

gs_status gs_results_read(const gs_results *results, const char *dataset, int64_t first, int64_t count, void *into,
                          gs_error *error) {
    const gs_status status = gs_results_read_unchecked(results, dataset, first, count, into, error);
    return status == GS_OK && strcmp(dataset, "status") == 0 ? refuse_unknown_status(results, first, count, into, error)
                                                             : status;
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

gs_status gs_results_require_numerics(const gs_results *results, gs_error *error) {
    const int64_t version = results->notes[GS_NOTE_NUMERICS_VERSION].integer;
    return version == GS_NUMERICS_VERSION
               ? GS_OK
               : gs_fail(error, GS_ERROR_RESULTS,
                         "%s: its trials follow version %lld of the numerical contract, and this gansweep trains by "
                         "version %d: only one of that version, such as gansweep %s, can go on with them or train them "
                         "again",
                         results->path, (long long)version, GS_NUMERICS_VERSION, results->notes[GS_NOTE_VERSION].text);
}

gs_status gs_results_row_checksum(const gs_results *results, int64_t trial, uint32_t *checksum, gs_error *error) {
    const gs_layout *layout = results->layout;
    int64_t used = 0;
    unsigned char *row = malloc((size_t)gs_layout_trial_bytes(layout));
    gs_status status = row == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for one row") : GS_OK;
    for (int i = 0; i < layout->count && status == GS_OK; i++) {
        const gs_column *column = &layout->columns[i];
        if (column->dataset.by_trial && column->moment < GS_WRITTEN_CHECKSUM) {
            status = gs_results_read(results, column->dataset.name, trial, 1, row + used, error);
            used += column->dataset.row_bytes;
        }
    }
    *checksum = status == GS_OK ? gs_row_checksum(row, (size_t)used) : 0;
    free(row);
    return status;
}

gs_status gs_results_check_row(const gs_results *results, int64_t trial, gs_error *error) {
    uint32_t expected = 0, found = 0;
    gs_status status = gs_results_row_checksum(results, trial, &expected, error);
    if (status == GS_OK) {
        status = gs_results_read(results, "checksum", trial, 1, &found, error);
    }
    return status != GS_OK || found == expected
               ? status
               : gs_fail(error, GS_ERROR_RESULTS,
                         "%s: it is damaged: the row of trial %lld does not match its checksum; gansweep verify says "
                         "more",
                         results->path, (long long)trial);
}

gs_status gs_results_ledger(const gs_results *results, gs_ledger *ledger, gs_error *error) {
    enum { CHUNK = 1 << 16 };
    const int64_t trials = results->layout->trial_count;
    unsigned char *statuses = calloc(1, CHUNK);
    if (statuses == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the status of trials");
    }
    gs_status status = GS_OK;
    *ledger = (gs_ledger){.planned = trials, .pending = trials};
    for (int64_t place = 0; place < trials && status == GS_OK; place += CHUNK) {
        const int64_t count = trials - place < CHUNK ? trials - place : CHUNK;
        status = gs_results_read(results, "status", results->layout->first_trial + place, count, statuses, error);
        if (status == GS_OK) {
            gs_ledger_add(ledger, statuses, count);
        }
    }
    free(statuses);
    return status;
}

/// The line that begins at `text`, without its end.
static int line_length(const char *text) {
    return (int)strcspn(text, "\n");
}

/// Characters of a line that a message has room for.
static int shortened(int length) {
    return length < 0 ? 0 : length < 200 ? length : 200;
}

/// Compares the experiment of a file, as it was understood, with another.
/// @param whose, advice  the other one's owner, and what follows a difference
static gs_status compare_resolved(const gs_results *results, const char *mine, const char *whose, const char *advice,
                                  gs_error *error) {
    const char *theirs = results->notes[GS_NOTE_RESOLVED].text;
    mine += line_length(mine); // a title may be put better: it changes no number
    theirs += line_length(theirs);
    while (*mine != '\0' || *theirs != '\0') {
        const int mine_length = line_length(mine), theirs_length = line_length(theirs);
        if (mine_length != theirs_length || strncmp(mine, theirs, (size_t)mine_length) != 0) {
            const int their_blanks = (int)strspn(theirs, " "), my_blanks = (int)strspn(mine, " ");
            return gs_fail(error, GS_ERROR_RESULTS,
                           "%.300s: it belongs to another experiment: it has \"%.*s\" where %.300s has \"%.*s\"%s",
                           results->path, shortened(theirs_length - their_blanks), theirs + their_blanks, whose,
                           shortened(mine_length - my_blanks), mine + my_blanks, advice);
        }
        mine += mine_length + (mine[mine_length] != '\0');
        theirs += theirs_length + (theirs[theirs_length] != '\0');
    }
    return GS_OK;
}

gs_status gs_results_compare(const gs_results *results, const gs_experiment *experiment, gs_error *error) {
    char *text = gs_resolved_text(experiment);
    if (text == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the experiment");
    }
    const gs_status status = compare_resolved(
        results, text, "this one", "; give another name, or go on with the file's own by gansweep resume", error);
    free(text);
    return status;
}

gs_status gs_results_compare_files(const gs_results *first, const gs_results *other, gs_error *error) {
    return compare_resolved(other, first->notes[GS_NOTE_RESOLVED].text, first->path, "", error);
}
