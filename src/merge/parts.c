#include "merge/parts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void gs_parts_free(gs_parts *parts) {
    gs_sources_free(&parts->files);
    free(parts->folder);
    parts->folder = NULL;
    gs_results_close(parts->first);
    parts->first = NULL;
}

// ---- opening ----

static void copy_word(char word[GS_SOURCE_WORD_BYTES], const gs_note *note) {
    (void)snprintf(word, GS_SOURCE_WORD_BYTES, "%.*s", GS_SOURCE_WORD_BYTES - 1, note->text);
}

/// Notes what is needed of an open file; false when out of memory.
static bool describe(const gs_results *results, const char *path, gs_source_file *file) {
    file->name = strdup(path);
    file->part = gs_plan_part(results->plan);
    memcpy(file->hash, results->seal.hash, sizeof file->hash);
    copy_word(file->created, &results->notes[GS_NOTE_CREATED]);
    copy_word(file->isa, &results->notes[GS_NOTE_ISA]);
    copy_word(file->host, &results->notes[GS_NOTE_HOST]);
    const int64_t threads = results->notes[GS_NOTE_THREADS].integer;
    file->threads = threads > 0 ? threads : 1;
    file->seconds = results->notes[GS_NOTE_SECONDS].real;
    return file->name != NULL;
}

/// What is missing in a file that is not to be merged in part.
static gs_status count_pending(gs_parts *parts, const gs_results *results, bool partial, gs_error *error) {
    gs_ledger ledger;
    const gs_status status = gs_results_ledger(results, &ledger, error);
    if (status == GS_OK && ledger.pending > 0 && !partial) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%.600s: %lld of its %lld trials are pending: gansweep resume trains them, and with --partial "
                       "they are merged as they are",
                       results->path, (long long)ledger.pending, (long long)ledger.planned);
    }
    parts->pending += status == GS_OK ? ledger.pending : 0;
    return status;
}

static gs_status check(gs_parts *parts, const gs_results *results, const gs_merge_options *options, gs_error *error) {
    gs_status status = gs_results_require_numerics(results, error);
    if (status == GS_OK && parts->first != NULL) {
        status = gs_results_compare_files(parts->first, results, error);
    }
    if (status == GS_OK && options->is_virtual) {
        status = gs_results_refuse_virtual(results, "give those", error);
    }
    return status == GS_OK ? count_pending(parts, results, options->partial, error) : status;
}

static gs_status add(gs_parts *parts, const char *path, const gs_merge_options *options, gs_error *error) {
    gs_results *results;
    gs_status status = gs_results_open(path, &results, error);
    if (status != GS_OK) {
        return status;
    }
    status = check(parts, results, options, error);
    if (status == GS_OK && !describe(results, path, &parts->files.list[parts->files.count++])) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory for the names of the files");
    }
    if (status == GS_OK && parts->first == NULL) {
        parts->first = results;
    } else {
        gs_results_close(results);
    }
    return status;
}

// ---- whether they fit together ----

static int compare_parts(const void *a, const void *b) {
    const gs_source_file *left = a, *right = b;
    if (left->part.first != right->part.first) {
        return left->part.first < right->part.first ? -1 : 1;
    }
    return strcmp(left->name, right->name);
}

static gs_status fail_overlap(const gs_source_file *left, const gs_source_file *right, gs_error *error) {
    const int64_t left_end = left->part.first + left->part.count, right_end = right->part.first + right->part.count;
    const int64_t last = (left_end < right_end ? left_end : right_end) - 1;
    return gs_fail(error, GS_ERROR_INPUT, "%.400s and %.400s both have the trials %lld to %lld", left->name,
                   right->name, (long long)right->part.first, (long long)last);
}

/// Counts trials that are in no file, or refuses them.
static gs_status count_missing(gs_parts *parts, int64_t first, int64_t end, bool partial, gs_error *error) {
    parts->pending += end - first;
    return first == end || partial
               ? GS_OK
               : gs_fail(error, GS_ERROR_INPUT,
                         "the trials %lld to %lld of %lld are in none of the files; with --partial they stay pending",
                         (long long)first, (long long)end - 1,
                         (long long)gs_plan_experiment_trials(parts->first->plan));
}

static gs_status fit(gs_parts *parts, bool partial, gs_error *error) {
    const gs_source_file *list = parts->files.list;
    int64_t end = 0;
    gs_status status = GS_OK;
    qsort(parts->files.list, (size_t)parts->files.count, sizeof *list, compare_parts);
    for (int64_t i = 1; i < parts->files.count; i++) { // before gaps, so that a file that is given twice is said to be
        if (list[i].part.first < list[i - 1].part.first + list[i - 1].part.count) {
            return fail_overlap(&list[i - 1], &list[i], error);
        }
    }
    for (int64_t i = 0; i < parts->files.count && status == GS_OK; i++) {
        status = count_missing(parts, end, list[i].part.first, partial, error);
        end = list[i].part.first + list[i].part.count;
    }
    return status == GS_OK ? count_missing(parts, end, gs_plan_experiment_trials(parts->first->plan), partial, error)
                           : status;
}

gs_status gs_parts_collect(const char *const *files, int count, const gs_merge_options *options, gs_parts *parts,
                           gs_error *error) {
    *parts = (gs_parts){.files.list = calloc((size_t)count + 1, sizeof *parts->files.list)};
    gs_status status = parts->files.list == NULL || count < 1 ? gs_fail(error, GS_ERROR_RUN, "out of memory") : GS_OK;
    for (int i = 0; i < count && status == GS_OK; i++) {
        status = options->stop != NULL && *options->stop
                     ? gs_fail(error, GS_ERROR_RUN, "stopped before anything was merged")
                     : add(parts, files[i], options, error);
    }
    return status == GS_OK ? fit(parts, options->partial, error) : status;
}

gs_status gs_parts_open(const gs_parts *parts, int64_t index, gs_results **results, gs_error *error) {
    const gs_source_file *file = &parts->files.list[index];
    gs_results *opened;
    char *path = NULL;
    if (asprintf(&path, "%s%s", parts->folder == NULL ? "" : parts->folder, file->name) < 0) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the name of a file");
    }
    gs_status status = gs_results_open(path, &opened, error);
    if (status == GS_OK && strcmp(opened->seal.hash, file->hash) != 0) {
        gs_results_close(opened);
        status = gs_fail(error, GS_ERROR_RESULTS, "%s was replaced while it was merged", path);
    }
    free(path);
    if (status == GS_OK) {
        *results = opened;
    }
    return status;
}

// ---- names ----

/// The folder of a file, which ends with a slash or is empty; NULL when out of memory.
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? strdup("./") : strndup(path, (size_t)(slash - path) + 1);
}

/// Whether two files are in one folder.
static bool same_folder(const char *path, const char *other) {
    struct stat folder, other_folder;
    char *first = folder_of(path), *second = folder_of(other);
    const bool same = first != NULL && second != NULL && stat(first, &folder) == 0 &&
                      stat(second, &other_folder) == 0 && folder.st_dev == other_folder.st_dev &&
                      folder.st_ino == other_folder.st_ino;
    free(first);
    free(second);
    return same;
}

gs_status gs_parts_name_beside(gs_parts *parts, const char *path, gs_error *error) {
    for (int64_t i = 0; i < parts->files.count; i++) {
        char *name = parts->files.list[i].name;
        const char *slash = strrchr(name, '/');
        if (!same_folder(path, name)) {
            return gs_fail(error, GS_ERROR_INPUT,
                           "%.400s is in another folder than %.400s: a virtual file and its "
                           "sources are in one",
                           name, path);
        }
        if (!gs_source_name_is_plain(slash == NULL ? name : slash + 1)) {
            return gs_fail(error, GS_ERROR_INPUT,
                           "%.400s: the name of a virtual file's source is UTF-8 without %% and control characters",
                           name);
        }
        if (slash != NULL) {
            memmove(name, slash + 1, strlen(slash + 1) + 1);
        }
    }
    parts->folder = folder_of(path);
    return parts->folder == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the name of a folder") : GS_OK;
}

gs_status gs_parts_refuse_target(const gs_parts *parts, const char *path, gs_error *error) {
    struct stat target, file;
    if (stat(path, &target) != 0) {
        return GS_OK;
    }
    for (int64_t i = 0; i < parts->files.count; i++) {
        if (stat(parts->files.list[i].name, &file) == 0 && file.st_dev == target.st_dev &&
            file.st_ino == target.st_ino) {
            return gs_fail(error, GS_ERROR_INPUT, "%s is one of the files that are merged: another name was expected",
                           path);
        }
    }
    return GS_OK;
}
