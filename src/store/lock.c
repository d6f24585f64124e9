/// Taking the lock, and judging whether its holder lives.
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
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

enum { TEXT_BYTES = 1024, FIELD_BYTES = 128, TRIES = 100, OLDEST_REMOVAL_SECONDS = 10 };

struct gs_lock {
    char *path; ///< of the lock file
    int file;
};

/// Who holds a lock, as its file says.
typedef struct {
    char system[FIELD_BYTES];    ///< "yes" when the system's lock counts, "no" when the file's existence does
    char host[FIELD_BYTES];      ///< name of the machine
    char machine[FIELD_BYTES];   ///< its number: names are not unique
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
    {"system", offsetof(holder, system)},       {"host", offsetof(holder, host)},
    {"machine", offsetof(holder, machine)},     {"boot", offsetof(holder, boot)},
    {"processes", offsetof(holder, processes)}, {"process", offsetof(holder, process)},
    {"start", offsetof(holder, start)},
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
    if (rest != NULL && (strncmp(rest, ") Z", 3) == 0 || strncmp(rest, ") X", 3) == 0)) {
        (void)snprintf(start, FIELD_BYTES, "dead"); // and nobody has asked how it ended: a start that no holder has
        return;
    }
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
    read_line("/etc/machine-id", self->machine, sizeof self->machine);
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

/// Whether a process of the same machine, start and namespace is gone.
static holder_state state_of_process(const holder *other) {
    char start[FIELD_BYTES], *end;
    const long process = strtol(other->process, &end, 10);
    if (end == other->process || *end != '\0' || process <= 0 || process > INT_MAX) {
        return HOLDER_IS_ELSEWHERE;
    }
    start_of_process(other->process, start);
    if (start[0] == '\0') { // none, or hidden from us: only the kernel's word counts
        return kill((pid_t)process, 0) != 0 && errno == ESRCH ? HOLDER_IS_DEAD : HOLDER_LIVES;
    }
    return strcmp(start, other->start) == 0 ? HOLDER_LIVES : HOLDER_IS_DEAD;
}

static bool equal_and_known(const char *a, const char *b) {
    return a[0] != '\0' && strcmp(a, b) == 0;
}

/// What can be known of a holder from here.
static holder_state state_of(const holder *other) {
    holder self;
    describe_self(&self);
    if (!equal_and_known(self.boot, other->boot)) { // this machine was started since, or it is another one
        const bool same_machine =
            equal_and_known(self.host, other->host) && equal_and_known(self.machine, other->machine);
        return same_machine && self.boot[0] != '\0' && other->boot[0] != '\0' ? HOLDER_IS_DEAD : HOLDER_IS_ELSEWHERE;
    }
    if (strcmp(self.processes, other->processes) != 0) {
        return HOLDER_IS_ELSEWHERE; // another container on the same machine
    }
    return state_of_process(other);
}

// ---- the file ----

/// The whole path of a file that may not be there yet: of the file itself, whatever links lead to it. NULL with errno.
static char *whole_path(const char *path) {
    char *whole = realpath(path, NULL);
    if (whole != NULL) {
        return whole;
    }
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    char *whole_folder = folder == NULL ? NULL : realpath(folder, NULL);
    if (whole_folder != NULL && asprintf(&whole, "%s/%s", whole_folder, slash == NULL ? path : slash + 1) < 0) {
        whole = NULL;
    }
    free(whole_folder);
    free(folder);
    return whole;
}

/// The lock file's name; NULL when out of memory, or without the folder.
static char *lock_path(const char *path) {
    char *whole = whole_path(path), *name = NULL;
    if (whole != NULL && asprintf(&name, "%s.lock", whole) < 0) {
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
                          "%s can't be locked: %s can't be made, or was left by another user: %s", now->path,
                          now->lock->path, strerror(reason));
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

/// Where locks come and go in moments.
static void wait_a_moment(void) {
    const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    (void)nanosleep(&moment, NULL);
}

/// Removes a file that is older than anyone needs it.
static void remove_when_old(const char *path) {
    struct stat found;
    if (stat(path, &found) == 0 && time(NULL) - found.st_mtime > OLDEST_REMOVAL_SECONDS) {
        (void)unlink(path);
    }
}

/// Removes a dead holder's file. One process does it at a time, and looks again before: else it could remove the file
/// of a living one who has just replaced it.
static void remove_dead(const gs_lock *lock) {
    char *turn = NULL;
    holder other;
    if (asprintf(&turn, "%s.removal", lock->path) < 0) {
        return;
    }
    const int mine = open(turn, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (mine < 0) {
        remove_when_old(turn);
        wait_a_moment();
    } else {
        const int file = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (file >= 0) {
            if (!read_holder(file, &other) || state_of(&other) == HOLDER_IS_DEAD) {
                (void)unlink(lock->path);
            }
            (void)close(file);
        }
        (void)unlink(turn);
        (void)close(mine);
    }
    free(turn);
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
    remove_dead(lock);
    return AGAIN;
}

static outcome take_by_existence(taking *now) {
    outcome came = AGAIN;
    for (int i = 0; came == AGAIN && i < TRIES; i++) {
        came = try_existence(now);
    }
    return came;
}

/// The system's lock on the lock file. A dead holder has lost it.
static outcome take_by_system(taking *now) {
    gs_lock *lock = now->lock;
    holder other;
    close_file(lock);
    lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    const bool of_another_user = lock->file < 0 && errno == EACCES;
    if (of_another_user) { // who it is can still be read
        lock->file = open(lock->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        errno = EACCES;
    }
    if (lock->file < 0) {
        return errno == EINTR ? AGAIN : fail_to_make(now, errno);
    }
    if (flock(lock->file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) {
            return AGAIN;
        }
        if (errno == EWOULDBLOCK) {
            if (read_holder(lock->file, &other) && state_of(&other) == HOLDER_IS_DEAD) {
                wait_a_moment(); // for a child in its last moment, which holds the lock as long as it lives
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
    if (of_another_user) { // who is dead
        return unlink(lock->path) == 0 ? AGAIN : fail_to_make(now, EACCES);
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
    (void)gs_fail(&reason, GS_ERROR_RUN, "%s can't be locked: %s", path, strerror(errno));
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
        if (is_still_there(lock)) { // while it is still held: nobody else can have taken this file
            (void)unlink(lock->path);
        }
        close_file(lock);
        free(lock->path);
        free(lock);
    }
}
