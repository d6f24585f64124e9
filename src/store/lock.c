/// Taking the lock, and judging whether its holder lives.
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/io.h"
#include "store/rename.h"

enum { TEXT_BYTES = 1024, FIELD_BYTES = 128, TRIES = 100 };

struct gs_lock {
    char *path; ///< of the lock file
    int file;
};

/// Who holds a lock, as its file says.
typedef struct {
    char system[FIELD_BYTES];    ///< "yes" when the system's lock counts, "no" when the file's existence does
    char host[FIELD_BYTES];      ///< name of the machine
    char boot[FIELD_BYTES];      ///< the kernel's number of this start of the machine
    char processes[FIELD_BYTES]; ///< namespace in which `process` is a number
    char process[FIELD_BYTES];   ///< number of the process
    char start[FIELD_BYTES];     ///< when it started, in the kernel's ticks: numbers of processes are used again
} holder;

typedef struct {
    const char *name;
    size_t offset;
} holder_field;

static const holder_field fields[] = {
    {"system", offsetof(holder, system)},   {"host", offsetof(holder, host)},
    {"boot", offsetof(holder, boot)},       {"processes", offsetof(holder, processes)},
    {"process", offsetof(holder, process)}, {"start", offsetof(holder, start)},
};
enum { FIELD_COUNT = sizeof fields / sizeof *fields };

// ---- holders ----

/// The first line of a file of the system, "" when there is none.
static void read_line(const char *path, char *into, size_t size) {
    FILE *stream = fopen(path, "re");
    into[0] = '\0';
    if (stream != NULL) {
        if (fgets(into, (int)size, stream) == NULL) {
            into[0] = '\0';
        }
        (void)fclose(stream);
    }
    into[strcspn(into, "\n")] = '\0';
}

/// Field 22 of /proc/PID/stat; "" when there is no such process, or no /proc.
static void start_of_process(const char *process, char start[FIELD_BYTES]) {
    char path[FIELD_BYTES + 32], line[TEXT_BYTES];
    start[0] = '\0';
    (void)snprintf(path, sizeof path, "/proc/%s/stat", process);
    read_line(path, line, sizeof line);
    char *rest = strrchr(line, ')'); // the name of a program may hold blanks and brackets
    for (int field = 3; rest != NULL && field <= 22; field++) {
        rest = strchr(rest + 1, ' ');
    }
    if (rest != NULL) {
        (void)snprintf(start, FIELD_BYTES, "%.*s", (int)strcspn(rest + 1, " "), rest + 1);
    }
}

static void describe_self(holder *self) {
    memset(self, 0, sizeof *self);
    (void)gethostname(self->host, sizeof self->host - 1);
    read_line("/proc/sys/kernel/random/boot_id", self->boot, sizeof self->boot);
    const ssize_t length = readlink("/proc/self/ns/pid", self->processes, sizeof self->processes - 1);
    self->processes[length < 0 ? 0 : length] = '\0';
    (void)snprintf(self->process, sizeof self->process, "%ld", (long)getpid());
    start_of_process(self->process, self->start);
}

static size_t print_holder(const holder *self, char text[TEXT_BYTES]) {
    size_t length = 0;
    for (int i = 0; i < FIELD_COUNT; i++) {
        length += (size_t)snprintf(text + length, TEXT_BYTES - length, "%s %s\n", fields[i].name,
                                   (const char *)self + fields[i].offset);
    }
    return length;
}

/// Reads what a lock file says; what is missing stays empty. Whether it says anything.
static bool read_holder(int file, holder *other) {
    char text[TEXT_BYTES];
    memset(other, 0, sizeof *other);
    const ssize_t length = pread(file, text, sizeof text - 1, 0);
    if (length <= 0) {
        return false;
    }
    text[length] = '\0';
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        for (int i = 0; i < FIELD_COUNT; i++) {
            const size_t name = strlen(fields[i].name);
            if (strncmp(line, fields[i].name, name) == 0 && line[name] == ' ') {
                (void)snprintf((char *)other + fields[i].offset, FIELD_BYTES, "%.*s", FIELD_BYTES - 1, line + name + 1);
            }
        }
    }
    return true;
}

typedef enum { HOLDER_LIVES, HOLDER_IS_DEAD, HOLDER_IS_ELSEWHERE } holder_state;

/// What can be known of a holder from here.
static holder_state state_of(const holder *other) {
    holder self;
    describe_self(&self);
    const bool same_start = self.boot[0] != '\0' && strcmp(self.boot, other->boot) == 0;
    if (!same_start) { // this machine was started since, or it is another one
        const bool same_host = strcmp(self.host, other->host) == 0;
        return same_host && self.boot[0] != '\0' && other->boot[0] != '\0' ? HOLDER_IS_DEAD : HOLDER_IS_ELSEWHERE;
    }
    if (strcmp(self.processes, other->processes) != 0) {
        return HOLDER_IS_ELSEWHERE; // another container on the same machine
    }
    char start[FIELD_BYTES];
    if (other->process[0] == '\0' || strspn(other->process, "0123456789") != strlen(other->process)) {
        return HOLDER_IS_ELSEWHERE;
    }
    start_of_process(other->process, start);
    return start[0] != '\0' && strcmp(start, other->start) == 0 ? HOLDER_LIVES : HOLDER_IS_DEAD;
}

// ---- the file ----

/// The lock file's name: of the file itself, whatever links lead to it. NULL when out of memory.
static char *lock_path(const char *path) {
    char *whole = realpath(path, NULL), *name = NULL;
    if (asprintf(&name, "%s.lock", whole == NULL ? path : whole) < 0) {
        name = NULL;
    }
    free(whole);
    return name;
}

/// Whether the lock file's name still leads to what is open: a holder removes its file before it lets go.
static bool is_still_there(const gs_lock *lock) {
    struct stat named, opened;
    return stat(lock->path, &named) == 0 && fstat(lock->file, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

static bool write_holder(const gs_lock *lock, const char *system) {
    holder self;
    char text[TEXT_BYTES];
    describe_self(&self);
    (void)snprintf(self.system, sizeof self.system, "%s", system);
    const size_t length = print_holder(&self, text);
    return ftruncate(lock->file, 0) == 0 && gs_write_at(lock->file, text, length, 0);
}

static void close_file(gs_lock *lock) {
    if (lock->file >= 0) {
        (void)close(lock->file);
        lock->file = -1;
    }
}

/// What one try came to.
typedef enum { TAKEN, REFUSED, AGAIN } outcome;

/// One taking of a lock.
typedef struct {
    const char *path; ///< of the results file
    gs_lock *lock;
    gs_status status; ///< of a refusal
    gs_error *error;
} taking;

static outcome fail_to_make(taking *now, int reason) {
    const bool folder = reason == EACCES || reason == EROFS || reason == ENOENT || reason == ENOTDIR || reason == EPERM;
    now->status = gs_fail(now->error, folder ? GS_ERROR_INPUT : GS_ERROR_RUN,
                          "%s can't be locked: %s can't be made: %s", now->path, now->lock->path, strerror(reason));
    return REFUSED;
}

static outcome refuse(taking *now, const holder *other, holder_state state) {
    now->status = GS_ERROR_RUN;
    if (other->host[0] == '\0') {
        (void)gs_fail(now->error, GS_ERROR_RUN, "%s: another process writes it (%s)", now->path, now->lock->path);
    } else {
        (void)gs_fail(now->error, GS_ERROR_RUN, "%s: process %s on %s writes it (%s)%s", now->path, other->process,
                      other->host, now->lock->path,
                      state == HOLDER_IS_ELSEWHERE ? "; if that process is gone, remove that file" : "");
    }
    return REFUSED;
}

/// Makes the lock file with its holder's name in it in one step; false with errno, EEXIST when there is one.
static bool make_named(gs_lock *lock) {
    char *aside = NULL;
    if (asprintf(&aside, "%s.%ld", lock->path, (long)getpid()) < 0) {
        errno = ENOMEM;
        return false;
    }
    (void)unlink(aside); // of a dead process of the same number
    lock->file = open(aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    bool made = lock->file >= 0 && write_holder(lock, "no");
    if (made && link(aside, lock->path) != 0) {
        made = errno != EEXIST && gs_rename_without_overwriting(aside, lock->path);
    }
    const int reason = errno;
    if (lock->file >= 0) {
        (void)unlink(aside);
    }
    free(aside);
    errno = reason;
    return made;
}

/// Moves a dead holder's file out of the way. What was moved is looked at again: another process may have been faster,
/// and then it was a living one's.
static void move_aside(const gs_lock *lock) {
    char *aside = NULL;
    struct stat moved, judged;
    if (asprintf(&aside, "%s.%ld.old", lock->path, (long)getpid()) < 0) {
        return;
    }
    if (rename(lock->path, aside) == 0) {
        const bool same = stat(aside, &moved) == 0 && fstat(lock->file, &judged) == 0 && moved.st_ino == judged.st_ino;
        if (!same) {
            (void)link(aside, lock->path);
        }
        (void)unlink(aside);
    }
    free(aside);
}

/// One try where the system has no locks: whoever makes the file has the lock.
static outcome try_existence(taking *now) {
    gs_lock *lock = now->lock;
    holder other;
    close_file(lock);
    if (make_named(lock)) {
        return TAKEN;
    }
    const int reason = errno;
    close_file(lock);
    if (reason != EEXIST) {
        return fail_to_make(now, reason);
    }
    lock->file = open(lock->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (lock->file < 0) {
        return errno == ENOENT ? AGAIN : fail_to_make(now, errno);
    }
    // One with no name in it was made by a process that meant to use the system's lock, and found none.
    if (read_holder(lock->file, &other)) {
        const holder_state state = state_of(&other);
        if (state != HOLDER_IS_DEAD) {
            return refuse(now, &other, state);
        }
    }
    move_aside(lock);
    return AGAIN;
}

static outcome take_by_existence(taking *now) {
    outcome came = AGAIN;
    for (int i = 0; came == AGAIN && i < TRIES; i++) {
        came = try_existence(now);
    }
    return came;
}

/// A holder that was killed a moment ago may have a child in its last moment, which holds the lock as long as it lives.
static void wait_for_children(void) {
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    (void)nanosleep(&moment, NULL);
}

/// The system's lock on the lock file. A dead holder has lost it.
static outcome take_by_system(taking *now) {
    gs_lock *lock = now->lock;
    holder other;
    close_file(lock);
    lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (lock->file < 0) {
        return errno == EINTR ? AGAIN : fail_to_make(now, errno);
    }
    if (flock(lock->file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) {
            return AGAIN;
        }
        if (errno == EWOULDBLOCK) {
            if (read_holder(lock->file, &other) && state_of(&other) == HOLDER_IS_DEAD) {
                wait_for_children();
                return AGAIN;
            }
            return refuse(now, &other, HOLDER_LIVES);
        }
        return take_by_existence(now);
    }
    if (!is_still_there(lock)) {
        return AGAIN;
    }
    // Its holder may have found no locks here, and live: then its file counts, and not the system's lock.
    if (read_holder(lock->file, &other) && strcmp(other.system, "no") == 0) {
        const holder_state state = state_of(&other);
        if (state != HOLDER_IS_DEAD) {
            return refuse(now, &other, state);
        }
    }
    if (!write_holder(lock, "yes")) {
        const int reason = errno;
        (void)unlink(lock->path);
        return fail_to_make(now, reason);
    }
    return TAKEN;
}

gs_status gs_lock_acquire(const char *path, gs_lock **lock, gs_error *error) {
    gs_error reason;
    gs_lock *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory");
    }
    made->file = -1;
    made->path = lock_path(path);
    taking now = {.path = path, .lock = made, .status = GS_ERROR_RUN, .error = &reason};
    outcome came = AGAIN;
    (void)gs_fail(&reason, GS_ERROR_RUN, "out of memory");
    for (int i = 0; made->path != NULL && came == AGAIN && i < TRIES; i++) {
        (void)gs_fail(&reason, GS_ERROR_RUN, "%s: other processes keep taking its lock, %s", path, made->path);
        came = take_by_system(&now);
    }
    if (came == TAKEN) {
        *lock = made;
        return GS_OK;
    }
    close_file(made);
    free(made->path);
    free(made);
    return gs_fail(error, now.status, "%s", reason.message);
}

void gs_lock_release(gs_lock *lock) {
    if (lock != NULL) {
        (void)unlink(lock->path); // while it is still held: nobody else has taken this file
        close_file(lock);
        free(lock->path);
        free(lock);
    }
}
