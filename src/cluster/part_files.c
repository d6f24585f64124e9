#include "cluster/part_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gansweep/plan.h"
#include "store/lock.h"

static const char ENDING[] = ".h5", BETWEEN[] = "-of-";

/// How much of a path stands before the part's number.
static int stem_length(const char *path) {
    const size_t length = strlen(path), ending = sizeof ENDING - 1;
    const char *slash = strrchr(path, '/');
    const size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    return (int)(length > folder + ending && strcmp(path + length - ending, ENDING) == 0 ? length - ending : length);
}

char *gs_part_path(const char *path, int part, int parts) {
    char *name = NULL;
    const int digits = snprintf(NULL, 0, "%d", parts);
    return asprintf(&name, "%.*s-%0*d%s%d%s", stem_length(path), path, digits, part, BETWEEN, parts, ENDING) < 0 ? NULL
                                                                                                                 : name;
}

// ---- looking for them ----

const char *gs_part_read_number(const char *at, int *number) {
    *number = 0;
    for (; *at >= '0' && *at <= '9' && *number <= GS_MOST_SHARDS; at++) {
        *number = 10 * *number + (*at - '0');
    }
    return *number >= 1 && *number <= GS_MOST_SHARDS ? at : NULL;
}

/// Of how many parts the file of this name is one; 0 when it is none of this sweep. What gs_part_path makes of the
/// numbers decides: "sweep-3-of-10.h5" is not ours.
static int parts_of(const char *name, const char *whole) {
    const size_t stem = (size_t)stem_length(whole);
    int part, parts;
    if (strncmp(name, whole, stem) != 0 || name[stem] != '-') {
        return 0;
    }
    const char *at = gs_part_read_number(name + stem + 1, &part);
    if (at == NULL || strncmp(at, BETWEEN, sizeof BETWEEN - 1) != 0 ||
        gs_part_read_number(at + sizeof BETWEEN - 1, &parts) == NULL || part > parts) {
        return 0;
    }
    char *made = gs_part_path(whole, part, parts);
    const bool same = made != NULL && strcmp(made, name) == 0;
    free(made);
    return same ? parts : 0;
}

static gs_status add(gs_part_families *families, const char *name, int parts, gs_error *error) {
    int i = 0;
    while (i < families->count && families->list[i].parts != parts) {
        i++;
    }
    if (i == GS_MOST_PART_FAMILIES) {
        return GS_OK;
    }
    if (i == families->count) {
        families->list[families->count++] = (gs_part_family){.parts = parts, .name = strdup(name)};
    }
    families->list[i].files++;
    return families->list[i].name == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the names of the parts")
                                          : GS_OK;
}

/// "results/sweep.h5" -> "results/"; "" without a folder.
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return strndup(path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
}

gs_status gs_part_families_find(const char *path, gs_part_families *families, gs_error *error) {
    *families = (gs_part_families){0};
    char *folder = folder_of(path);
    if (folder == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the names of the parts");
    }
    DIR *entries = opendir(*folder == '\0' ? "." : folder);
    gs_status status = entries == NULL ? gs_fail(error, GS_ERROR_INPUT, "folder %s: %s", *folder == '\0' ? "." : folder,
                                                 strerror(errno))
                                       : GS_OK;
    const struct dirent *entry;
    while (entries != NULL && status == GS_OK && (entry = readdir(entries)) != NULL) {
        const int parts = parts_of(entry->d_name, path + strlen(folder));
        if (parts > 0) {
            status = add(families, entry->d_name, parts, error);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    free(folder);
    return status;
}

void gs_part_families_free(gs_part_families *families) {
    for (int i = 0; i < families->count; i++) {
        free(families->list[i].name);
    }
    *families = (gs_part_families){0};
}

// ---- removing them ----

gs_status gs_part_remove(const char *path, int part, int parts, gs_error *error) {
    char *name = gs_part_path(path, part, parts), *lock_name = NULL;
    if (name == NULL || asprintf(&lock_name, "%s.lock", name) < 0) {
        free(name);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the names of the parts");
    }
    gs_status status = GS_OK;
    if (access(name, F_OK) == 0 || access(lock_name, F_OK) == 0) {
        gs_lock *lock = NULL;
        status = gs_lock_acquire(name, &lock, error);
        if (status == GS_OK && unlink(name) != 0 && errno != ENOENT) {
            status = gs_fail(error, GS_ERROR_RUN, "%s can't be removed: %s", name, strerror(errno));
        }
        gs_lock_release(lock);
    }
    free(lock_name);
    free(name);
    return status;
}
