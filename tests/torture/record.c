/// Records every call by which a program changes one folder, to be preloaded into it.
///
///     LD_PRELOAD=librecord.so GANSWEEP_RECORD_FOLDER=FOLDER GANSWEEP_RECORD_LOG=FILE gansweep run ...
///
/// One lock is held around each call and its record, so that the order in the recording is the order on the machine;
/// only a sync is let go in between, since what other threads write meanwhile is exactly what it does not promise. A
/// file is known by its inode, whichever descriptor leads to it. What goes past these calls (mmap, streams) is not
/// seen: power_cut compares the recording's last image with the file on the disk, and refuses a recording that is not
/// complete.
///
/// It can also do harm, always at the same place:
///
///     GANSWEEP_RECORD_FAIL_SYNC=K     the K-th fsync or fdatasync fails with EIO, and those after it succeed
///     GANSWEEP_RECORD_SIGNAL=S@K      the process gets signal S after its K-th write
///     GANSWEEP_RECORD_NO_RENAMEAT2=1  as on file systems that can't rename without overwriting
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "recording.h"

enum { MOST_FILES = 256, LOWEST_LOG_DESCRIPTOR = 500, LONGEST_MESSAGE = 256, FAILURE_MICROSECONDS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -1; ///< -1: nothing is recorded
static struct stat folder;
static ino_t files[MOST_FILES]; ///< inodes of the folder's files that were seen
static int file_count;
static long sync_to_fail, syncs, signal_to_send, write_to_signal, writes;
static bool no_renameat2;

// ---- what the C library does ----

/// Every call that is looked at: type, name, parameters.
#define CALLS(CALL)                                                                                                    \
    CALL(int, openat, (int, const char *, int, ...))                                                                   \
    CALL(ssize_t, write, (int, const void *, size_t))                                                                  \
    CALL(ssize_t, pwrite, (int, const void *, size_t, off_t))                                                          \
    CALL(ssize_t, writev, (int, const struct iovec *, int))                                                            \
    CALL(ssize_t, pwritev, (int, const struct iovec *, int, off_t))                                                    \
    CALL(int, ftruncate, (int, off_t))                                                                                 \
    CALL(int, fallocate, (int, int, off_t, off_t))                                                                     \
    CALL(int, posix_fallocate, (int, off_t, off_t))                                                                    \
    CALL(int, fsync, (int))                                                                                            \
    CALL(int, fdatasync, (int))                                                                                        \
    CALL(int, sync_file_range, (int, off64_t, off64_t, unsigned))                                                      \
    CALL(int, renameat2, (int, const char *, int, const char *, unsigned))                                             \
    CALL(int, linkat, (int, const char *, int, const char *, int))                                                     \
    CALL(int, unlinkat, (int, const char *, int))                                                                      \
    CALL(int, close, (int))

static struct {
#define DECLARE(result, name, parameters) result(*name) parameters;
    CALLS(DECLARE)
#undef DECLARE
} real;

/// A preloaded library may be called before its own constructor has run.
static void find_real(void) {
    if (real.close != NULL) {
        return;
    }
#define FIND(result, name, parameters) *(void **)&real.name = dlsym(RTLD_NEXT, #name);
    CALLS(FIND)
#undef FIND
}

static _Noreturn void give_up(const char *what) {
    char message[LONGEST_MESSAGE];
    const int length = snprintf(message, sizeof message, "record: %s: %s\n", what, strerror(errno));
    (void)!real.write(STDERR_FILENO, message, (size_t)length);
    _exit(99);
}

// ---- the log ----

static uint32_t name_bytes(const char *name) {
    return name == NULL ? 0 : (uint32_t)strlen(name) + 1;
}

/// Called under the lock. A record that is not whole would make all that follow it unreadable.
static void record(recording_event event, const char *name, const char *other_name, const void *data) {
    const int reason = errno;
    event.thread = (int32_t)syscall(SYS_gettid);
    event.name_bytes = name_bytes(name);
    event.other_name_bytes = name_bytes(other_name);
    const struct iovec parts[] = {{&event, sizeof event},
                                  {(void *)(uintptr_t)name, event.name_bytes},
                                  {(void *)(uintptr_t)other_name, event.other_name_bytes},
                                  {(void *)(uintptr_t)data, (size_t)event.data_bytes}};
    size_t all = 0;
    for (int i = 0; i < 4; i++) {
        all += parts[i].iov_len;
    }
    const ssize_t written = real.writev(log_file, parts, 4);
    if (written < 0 && errno == EPERM) {
        log_file = -1; // a child that may only read: it has nothing to tell
    } else if (written != (ssize_t)all) {
        give_up("the log can't be written");
    }
    errno = reason;
}

static long number_in_environment(const char *name) {
    const char *text = getenv(name);
    return text == NULL ? 0 : strtol(text, NULL, 10);
}

/// A child that the program makes goes on with the same log, whose end it shares; the program waits for it. It does not
/// have the thread that may have held the lock.
static void go_on_in_child(void) {
    (void)pthread_mutex_init(&lock, NULL);
}

__attribute__((constructor)) static void begin(void) {
    find_real();
    const char *folder_path = getenv("GANSWEEP_RECORD_FOLDER"), *log_path = getenv("GANSWEEP_RECORD_LOG");
    if (folder_path == NULL || log_path == NULL) {
        return;
    }
    sync_to_fail = number_in_environment("GANSWEEP_RECORD_FAIL_SYNC");
    no_renameat2 = number_in_environment("GANSWEEP_RECORD_NO_RENAMEAT2") != 0;
    const char *signal_text = getenv("GANSWEEP_RECORD_SIGNAL");
    if (signal_text != NULL && sscanf(signal_text, "%ld@%ld", &signal_to_send, &write_to_signal) != 2) {
        give_up("GANSWEEP_RECORD_SIGNAL is not SIGNAL@WRITE");
    }
    const int low = real.openat(AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct stat log_status;
    if (stat(folder_path, &folder) != 0 || low < 0 || fstat(low, &log_status) != 0) {
        give_up("the folder or the log can't be opened");
    }
    // Out of the way: the program's own descriptors must be those that it has without us.
    log_file = fcntl(low, F_DUPFD_CLOEXEC, LOWEST_LOG_DESCRIPTOR);
    (void)real.close(low);
    if (log_file < 0) {
        give_up("the log can't be opened");
    }
    if (log_status.st_size == 0 && real.write(log_file, RECORDING_MAGIC, sizeof RECORDING_MAGIC - 1) < 0) {
        give_up("the log can't be written");
    }
    (void)pthread_atfork(NULL, NULL, go_on_in_child);
    record((recording_event){.kind = EVENT_PROCESS, .file = (int64_t)folder.st_ino}, NULL, NULL, NULL);
}

// ---- which files are ours ----

/// @return whether `path` is an entry of the folder; then `name` is what it is called there
static bool is_in_folder(int at, const char *path, const char **name) {
    char parent[PATH_MAX];
    struct stat found;
    const char *slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (log_file < 0 || length >= sizeof parent) {
        return false;
    }
    memcpy(parent, path, length);
    parent[length] = '\0';
    *name = path + length;
    const int reason = errno;
    const bool is_ours = fstatat(at, length == 0 ? "." : parent, &found, 0) == 0 && found.st_dev == folder.st_dev &&
                         found.st_ino == folder.st_ino;
    errno = reason;
    return is_ours;
}

static int place_of(ino_t inode) {
    int place = 0;
    while (place < file_count && files[place] != inode) {
        place++;
    }
    return place;
}

static void remember(ino_t inode) {
    if (place_of(inode) == file_count) {
        if (file_count == MOST_FILES) {
            give_up("too many files");
        }
        files[file_count++] = inode;
    }
}

/// @return the inode behind a descriptor, or 0 when it is neither a file of the folder nor the folder
static int64_t tracked(int descriptor) {
    struct stat found;
    const int reason = errno;
    int64_t inode = 0;
    if (log_file >= 0 && fstat(descriptor, &found) == 0 && found.st_dev == folder.st_dev &&
        (found.st_ino == folder.st_ino || place_of(found.st_ino) < file_count)) {
        inode = (int64_t)found.st_ino;
    }
    errno = reason;
    return inode;
}

/// @return the inode of an entry of the folder, or 0
static int64_t inode_of(int at, const char *path, nlink_t *links) {
    struct stat found;
    const int reason = errno;
    const int64_t inode = fstatat(at, path, &found, AT_SYMLINK_NOFOLLOW) == 0 ? (int64_t)found.st_ino : 0;
    *links = inode == 0 ? 0 : found.st_nlink;
    errno = reason;
    return inode;
}

// ---- opening and closing ----

static int open_recorded(int at, const char *path, int flags, mode_t mode) {
    find_real();
    const char *name;
    if (!is_in_folder(at, path, &name)) {
        return real.openat(at, path, flags, mode);
    }
    (void)pthread_mutex_lock(&lock);
    nlink_t links;
    const bool was_there = inode_of(at, path, &links) != 0;
    const int descriptor = real.openat(at, path, flags, mode);
    struct stat found;
    if (descriptor < 0) {
        record((recording_event){.kind = EVENT_OPEN, .error = errno}, name, NULL, NULL);
    } else if (fstat(descriptor, &found) == 0 && S_ISREG(found.st_mode)) {
        remember(found.st_ino);
        const bool made = (flags & O_CREAT) != 0 && !was_there;
        const bool emptied = (flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY;
        record((recording_event){.kind = EVENT_OPEN,
                                 .file = (int64_t)found.st_ino,
                                 .flags = (made ? EVENT_MADE : 0U) | (emptied ? EVENT_EMPTIED : 0U)},
               name, NULL, NULL);
    }
    (void)pthread_mutex_unlock(&lock);
    return descriptor;
}

/// The mode is there only when the flags ask for it.
#define MODE_AFTER(flags, mode)                                                                                        \
    mode_t mode = 0;                                                                                                   \
    if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) {                                                  \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }

int open(const char *path, int flags, ...) {
    MODE_AFTER(flags, mode)
    return open_recorded(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
    MODE_AFTER(flags, mode)
    return open_recorded(at, path, flags, mode);
}

int creat(const char *path, mode_t mode) {
    return open_recorded(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int descriptor) {
    find_real();
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    const int result = real.close(descriptor);
    if (file != 0) {
        record((recording_event){.kind = EVENT_CLOSE, .file = file, .error = result == 0 ? 0 : errno}, NULL, NULL,
               NULL);
    }
    (void)pthread_mutex_unlock(&lock);
    return result;
}

// ---- writing ----

/// Records what a write did, sends the signal when it is its turn, and lets go of the lock.
static ssize_t wrote(int64_t file, const void *bytes, int64_t offset, ssize_t result) {
    bool signalled = false;
    if (file != 0) {
        const int64_t length = result < 0 ? 0 : (int64_t)result;
        record((recording_event){.kind = EVENT_WRITE,
                                 .file = file,
                                 .offset = offset,
                                 .length = length,
                                 .error = result < 0 ? errno : 0,
                                 .data_bytes = length},
               NULL, NULL, bytes);
        signalled = ++writes == write_to_signal;
    }
    if (signalled && signal_to_send == SIGKILL) { // no other thread may have made a call and not recorded it
        (void)kill(getpid(), SIGKILL);
    }
    (void)pthread_mutex_unlock(&lock);
    if (signalled) {
        (void)kill(getpid(), (int)signal_to_send);
    }
    return result;
}

/// Where a write without an address goes.
static int64_t position_of(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    struct stat found;
    if (flags >= 0 && (flags & O_APPEND) != 0 && fstat(descriptor, &found) == 0) {
        return found.st_size;
    }
    return lseek(descriptor, 0, SEEK_CUR);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    find_real();
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    return wrote(file, bytes, offset, real.pwrite(descriptor, bytes, count, offset));
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    find_real();
    if (tracked(descriptor) == 0) { // a pipe or a terminal may hold us up as long as it likes
        return real.write(descriptor, bytes, count);
    }
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor), offset = position_of(descriptor);
    return wrote(file, bytes, offset, real.write(descriptor, bytes, count));
}

/// The parts one after the other, as they arrive in the file; to be freed.
static unsigned char *joined(const struct iovec *parts, int count) {
    size_t all = 0;
    for (int i = 0; i < count; i++) {
        all += parts[i].iov_len;
    }
    unsigned char *bytes = malloc(all + 1), *into = bytes;
    if (bytes == NULL) {
        give_up("a write can't be recorded");
    }
    for (int i = 0; i < count; i++) {
        memcpy(into, parts[i].iov_base, parts[i].iov_len);
        into += parts[i].iov_len;
    }
    return bytes;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    find_real();
    if (tracked(descriptor) == 0) {
        return real.writev(descriptor, parts, count);
    }
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor), offset = position_of(descriptor);
    unsigned char *bytes = joined(parts, count);
    const ssize_t result = wrote(file, bytes, offset, real.writev(descriptor, parts, count));
    free(bytes);
    return result;
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    find_real();
    if (tracked(descriptor) == 0) {
        return real.pwritev(descriptor, parts, count, offset);
    }
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    unsigned char *bytes = joined(parts, count);
    const ssize_t result = wrote(file, bytes, offset, real.pwritev(descriptor, parts, count, offset));
    free(bytes);
    return result;
}

// ---- sizes ----

int ftruncate(int descriptor, off_t length) {
    find_real();
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    const int result = real.ftruncate(descriptor, length);
    if (file != 0) {
        record(
            (recording_event){.kind = EVENT_RESIZE, .file = file, .length = length, .error = result == 0 ? 0 : errno},
            NULL, NULL, NULL);
    }
    (void)pthread_mutex_unlock(&lock);
    return result;
}

static void record_allocation(int64_t file, int mode, off_t offset, off_t length, int reason) {
    if (file != 0 && (mode & ~FALLOC_FL_KEEP_SIZE) != 0) {
        errno = ENOTSUP;
        give_up("fallocate that changes bytes");
    }
    if (file != 0 && (mode & FALLOC_FL_KEEP_SIZE) == 0) {
        record(
            (recording_event){
                .kind = EVENT_ALLOCATE, .file = file, .offset = offset, .length = length, .error = reason},
            NULL, NULL, NULL);
    }
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    find_real();
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    const int result = real.fallocate(descriptor, mode, offset, length);
    record_allocation(file, mode, offset, length, result == 0 ? 0 : errno);
    (void)pthread_mutex_unlock(&lock);
    return result;
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
    find_real();
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    const int reason = real.posix_fallocate(descriptor, offset, length);
    record_allocation(file, 0, offset, length, reason);
    (void)pthread_mutex_unlock(&lock);
    return reason;
}

// ---- making durable ----

static int sync_recorded(int descriptor, int (*real_sync)(int)) {
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    const bool fails = file != 0 && ++syncs == sync_to_fail;
    if (file != 0) {
        record((recording_event){.kind = EVENT_SYNC_BEGIN, .file = file}, NULL, NULL, NULL);
    }
    (void)pthread_mutex_unlock(&lock);
    if (fails) { // a disk takes its time to fail, in which other threads write
        (void)usleep(FAILURE_MICROSECONDS);
    }
    const int result = fails ? -1 : real_sync(descriptor);
    if (fails) {
        errno = EIO;
    }
    if (file != 0) {
        (void)pthread_mutex_lock(&lock);
        record((recording_event){.kind = EVENT_SYNC_END, .file = file, .error = result == 0 ? 0 : errno}, NULL, NULL,
               NULL);
        (void)pthread_mutex_unlock(&lock);
    }
    return result;
}

int fsync(int descriptor) {
    find_real();
    return sync_recorded(descriptor, real.fsync);
}

int fdatasync(int descriptor) {
    find_real();
    return sync_recorded(descriptor, real.fdatasync);
}

int sync_file_range(int descriptor, off64_t offset, off64_t length, unsigned flags) {
    find_real();
    (void)pthread_mutex_lock(&lock);
    const int64_t file = tracked(descriptor);
    const int result = real.sync_file_range(descriptor, offset, length, flags);
    if (file != 0) {
        record(
            (recording_event){
                .kind = EVENT_SEND, .file = file, .offset = offset, .length = length, .error = result == 0 ? 0 : errno},
            NULL, NULL, NULL);
    }
    (void)pthread_mutex_unlock(&lock);
    return result;
}

// ---- names ----

/// A name that comes from or goes to another folder is one that appears or disappears here.
static void record_rename(bool from_here, const char *from, bool to_here, const char *to, int64_t file, int reason) {
    if (from_here && to_here) {
        record((recording_event){.kind = EVENT_RENAME, .file = file, .error = reason}, from, to, NULL);
    } else if (from_here) {
        record((recording_event){.kind = EVENT_UNLINK, .file = file, .error = reason}, from, NULL, NULL);
    } else if (to_here) {
        remember((ino_t)file);
        record((recording_event){.kind = EVENT_LINK, .file = file, .error = reason}, "", to, NULL);
    }
}

static int rename_recorded(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    find_real();
    const char *from_name = NULL, *to_name = NULL;
    const bool from_here = is_in_folder(from_at, from, &from_name), to_here = is_in_folder(to_at, to, &to_name);
    if ((from_here || to_here) && flags != 0 && no_renameat2) {
        errno = EINVAL;
        return -1;
    }
    (void)pthread_mutex_lock(&lock);
    nlink_t links;
    const int64_t file = inode_of(from_at, from, &links);
    const int result = real.renameat2(from_at, from, to_at, to, flags);
    record_rename(from_here, from_name, to_here, to_name, file, result == 0 ? 0 : errno);
    (void)pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) {
    return rename_recorded(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
    return rename_recorded(from_at, from, to_at, to, 0);
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    return rename_recorded(from_at, from, to_at, to, flags);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    find_real();
    const char *from_name = "", *to_name;
    const bool from_here = is_in_folder(from_at, from, &from_name), to_here = is_in_folder(to_at, to, &to_name);
    (void)pthread_mutex_lock(&lock);
    nlink_t links;
    const int64_t file = inode_of(from_at, from, &links);
    const int result = real.linkat(from_at, from, to_at, to, flags);
    if (to_here) {
        remember((ino_t)file);
        record((recording_event){.kind = EVENT_LINK, .file = file, .error = result == 0 ? 0 : errno},
               from_here ? from_name : "", to_name, NULL);
    }
    (void)pthread_mutex_unlock(&lock);
    return result;
}

int link(const char *from, const char *to) {
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char *path, int flags) {
    find_real();
    const char *name;
    const bool here = is_in_folder(at, path, &name);
    (void)pthread_mutex_lock(&lock);
    nlink_t links;
    const int64_t file = inode_of(at, path, &links);
    const int result = real.unlinkat(at, path, flags);
    if (here && file != 0) {
        record((recording_event){.kind = EVENT_UNLINK, .file = file, .error = result == 0 ? 0 : errno}, name, NULL,
               NULL);
        const int place = place_of((ino_t)file);
        if (result == 0 && links == 1 && place < file_count) { // its number may be given to another file
            files[place] = files[--file_count];
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    return unlinkat(AT_FDCWD, path, 0);
}

// ---- the same calls under their other names ----

#define ANOTHER_NAME(result, name, of, parameters) extern result name parameters __attribute__((alias(of)));

ANOTHER_NAME(int, open64, "open", (const char *path, int flags, ...))
ANOTHER_NAME(int, openat64, "openat", (int at, const char *path, int flags, ...))
ANOTHER_NAME(int, creat64, "creat", (const char *path, mode_t mode))
ANOTHER_NAME(ssize_t, pwrite64, "pwrite", (int descriptor, const void *bytes, size_t count, off64_t offset))
ANOTHER_NAME(ssize_t, pwritev64, "pwritev", (int descriptor, const struct iovec *parts, int count, off64_t offset))
ANOTHER_NAME(int, ftruncate64, "ftruncate", (int descriptor, off64_t length))
ANOTHER_NAME(int, fallocate64, "fallocate", (int descriptor, int mode, off64_t offset, off64_t length))
ANOTHER_NAME(int, posix_fallocate64, "posix_fallocate", (int descriptor, off64_t offset, off64_t length))
