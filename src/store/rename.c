/// renameat2, or a second name and then one less.
#include "store/rename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool gs_rename_without_overwriting(const char *from, const char *to) {
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

bool gs_sync_folder(int folder) {
    // Some file systems can't sync a folder and say EINVAL: they keep its entries in order themselves.
    return fsync(folder) == 0 || errno == EINVAL;
}
