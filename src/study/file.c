#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/rename.h"
#include "study/text.h"

/// A file that is being made.
typedef struct {
    const char *path;
    const char *folder; ///< with the last slash, or "./"
    char *temporary;    ///< its name for the time being
    int file;
} gs_making;

static gs_status check_target(const char *path, bool force, gs_error *error) {
    struct stat found;
    const char *slash = strrchr(path, '/');
    if (*path == '\0' || (slash != NULL && slash[1] == '\0')) {
        return gs_fail(error, GS_ERROR_INPUT, "\"%s\" is not the name of a file", path);
    }
    if (lstat(path, &found) != 0) {
        return errno == ENOENT ? GS_OK : gs_fail(error, GS_ERROR_INPUT, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(found.st_mode)) {
        return gs_fail(error, GS_ERROR_INPUT, "%s is %s, and is not replaced: another name was expected", path,
                       S_ISDIR(found.st_mode) ? "a folder" : "a link, a device or a pipe");
    }
    return force ? GS_OK
                 : gs_fail(error, GS_ERROR_INPUT, "%s exists already: another name (-o) or --force was expected", path);
}

static gs_status write_all(int file, const char *text) {
    for (size_t left = strlen(text); left > 0;) {
        const ssize_t written = write(file, text, left);
        if (written < 0 && errno != EINTR) {
            return GS_ERROR_RUN;
        }
        text += written < 0 ? 0 : written;
        left -= written < 0 ? 0 : (size_t)written;
    }
    return fsync(file) == 0 ? GS_OK : GS_ERROR_RUN;
}

/// @return false with errno
static bool sync_folder(const char *folder) {
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    const bool synced = gs_sync_folder(file);
    const int reason = errno;
    (void)close(file);
    errno = reason;
    return synced;
}

static gs_status make(gs_making *making, const char *text, bool force, gs_error *error) {
    making->file = mkostemp(making->temporary, O_CLOEXEC);
    if (making->file < 0) {
        making->temporary[0] = '\0';
        return gs_fail(error, GS_ERROR_INPUT, "folder %s can't be written: %s", making->folder, strerror(errno));
    }
    const mode_t mask = umask(0);
    (void)umask(mask);
    if (fchmod(making->file, 0666 & ~mask) != 0 || write_all(making->file, text) != GS_OK) {
        return gs_fail(error, GS_ERROR_RUN, "%s can't be written: %s", making->path, strerror(errno));
    }
    const bool renamed = force ? rename(making->temporary, making->path) == 0
                               : gs_rename_without_overwriting(making->temporary, making->path);
    if (!renamed) {
        return gs_fail(error, GS_ERROR_INPUT, "%s can't be given its name: %s", making->path, strerror(errno));
    }
    making->temporary[0] = '\0';
    return sync_folder(making->folder)
               ? GS_OK
               : gs_fail(error, GS_ERROR_RUN, "folder %s can't be made durable: %s", making->folder, strerror(errno));
}

gs_status gs_write_text_file(const char *path, const char *text, bool force, gs_error *error) {
    const char *slash = strrchr(path, '/');
    gs_making making = {.path = path, .file = -1};
    gs_status status = check_target(path, force, error);
    if (status != GS_OK) {
        return status;
    }
    char *folder = slash == NULL ? strdup("./") : strndup(path, (size_t)(slash - path) + 1);
    making.folder = folder;
    if (folder == NULL || asprintf(&making.temporary, "%s.gansweep-XXXXXX", folder) < 0) {
        free(folder);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the name of a file");
    }
    status = make(&making, text, force, error);
    if (making.temporary[0] != '\0') {
        (void)unlink(making.temporary);
    }
    if (making.file >= 0) {
        (void)close(making.file);
    }
    free(making.temporary);
    free(folder);
    return status;
}
