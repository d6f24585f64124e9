/// A library for LD_PRELOAD that counts what a program asks of its files and its memory, and breaks one call of it.
///
/// Only what the torture campaign is about counts: calls from the first line of main() on, on files in one folder, and
/// allocations. So the k-th call is the same call in every run with one thread, and a case can be played again. The
/// environment says what happens:
///
///     GANSWEEP_FAULTS_FOLDER   absolute path of the folder that counts; without it nothing happens
///     GANSWEEP_FAULTS          rules "CALL[@CLASS]:K:ACTION[:TIMES]", separated by commas
///     GANSWEEP_FAULTS_COUNTS   file into which the counters are mapped, so that they outlive a kill
///     GANSWEEP_FAULTS_LOG      file to which one line a call is appended
///
/// CALL is a name of call_names below, `any` of the calls on files, or `malloc` for every way of allocating; CLASS one
/// of class_names. K counts from 1. ACTION is the name of an error; `short-1`, `short-half`, `short-rest` for a
/// transfer of 1, n/2, n-1 bytes; `before-SIGNAL` and `after-SIGNAL` (KILL, TERM, INT, HUP, USR1) for a signal to the
/// process, CHILD for the sudden end of a child of it that makes the call; `delay-MS`. TIMES is `once`, a number, or
/// `on` for this call and all that follow.
///
/// A line of the log is "begin end call class inode offset length result errno injected path"; begin and end number
/// the beginnings and the ends of all calls of all threads, so that what surely came before what can be told.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST_RULES = 8, MOST_FILES = 1024, NAME_BYTES = 24, PATH_BYTES = 1024 };

typedef enum {
    CALL_ANY,
    CALL_OPEN,
    CALL_PREAD,
    CALL_PWRITE,
    CALL_READ,
    CALL_WRITE,
    CALL_TRUNCATE,
    CALL_ALLOCATE,
    CALL_FSYNC,
    CALL_FDATASYNC,
    CALL_SYNC_RANGE,
    CALL_RENAME,
    CALL_LINK,
    CALL_UNLINK,
    CALL_CLOSE,
    CALL_FLOCK,
    CALL_MALLOC,
    CALL_COUNT,
} call_kind;

static const char *const call_names[CALL_COUNT] = {
    "any",       "open",       "pread",  "pwrite", "read",   "write", "truncate", "allocate", "fsync",
    "fdatasync", "sync_range", "rename", "link",   "unlink", "close", "flock",    "malloc",
};

/// What a file is for, told from its name.
typedef enum {
    CLASS_NONE,
    CLASS_RESULTS,
    CLASS_TEMPORARY,
    CLASS_LOCK,
    CLASS_FOLDER,
    CLASS_OTHER,
    CLASS_COUNT
} file_class;

static const char *const class_names[CLASS_COUNT] = {"all", "results", "temporary", "lock", "folder", "other"};

typedef enum { DO_NOTHING, DO_FAIL, DO_SHORT, DO_SIGNAL_BEFORE, DO_SIGNAL_AFTER, DO_DELAY } action_kind;

typedef struct {
    call_kind call;
    file_class class; ///< CLASS_NONE: all
    uint64_t first, last;
    action_kind action;
    int value; ///< error, signal, milliseconds
    char part; ///< of a short transfer: '1', 'h'alf, 'r'est
} fault_rule;

/// One counter as it stands in the file of GANSWEEP_FAULTS_COUNTS.
typedef struct {
    char name[NAME_BYTES]; ///< "call@class"
    _Atomic uint64_t count;
} named_counter;

/// What the process shares with its children, and with whoever reads the file of counters.
typedef struct {
    named_counter counters[CALL_COUNT][CLASS_COUNT];
    _Atomic uint64_t sequence;
    _Atomic int signal_of_child; ///< that the process gives itself at its next call: a child may not be allowed to
} shared_state;

/// An open file that counts.
typedef struct {
    _Atomic int class; ///< CLASS_NONE: it doesn't
    uint64_t inode;
    char path[PATH_BYTES];
} open_file;

/// One call on its way.
typedef struct {
    call_kind call;
    file_class class;
    const fault_rule *rule; ///< NULL: nothing happens
    uint64_t begin, inode;
    int64_t offset, length;
    const char *path;
} passage;

static shared_state own_state, *shared = &own_state;
static pid_t counted_process;
static fault_rule rules[MOST_RULES];
static int rule_count, log_file = -1;
static _Atomic bool counting;
static char folder[PATH_BYTES]; ///< without a slash at its end
static bool begun_in_folder;
static open_file files[MOST_FILES];

#define REAL(name)                                                                                                     \
    ({                                                                                                                 \
        static __typeof__(&name) found;                                                                                \
        if (found == NULL) {                                                                                           \
            *(void **)&found = dlsym(RTLD_NEXT, #name);                                                                \
        }                                                                                                              \
        found;                                                                                                         \
    })

// ---- the rules ----

static const struct {
    const char *name;
    int value;
} error_names[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},
                   {"EDQUOT", EDQUOT}, {"EINTR", EINTR},
                   {"ESTALE", ESTALE}, {"EROFS", EROFS},
                   {"ENOLCK", ENOLCK}, {"EAGAIN", EAGAIN},
                   {"ENOMEM", ENOMEM}, {"EMFILE", EMFILE},
                   {"EACCES", EACCES}, {"EINVAL", EINVAL},
                   {"ENOSYS", ENOSYS}, {"EOPNOTSUPP", EOPNOTSUPP}},
  signal_names[] = {{"KILL", SIGKILL}, {"TERM", SIGTERM}, {"INT", SIGINT},
                    {"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"CHILD", SIGCHLD}};

static _Noreturn void refuse(const char *what) {
    (void)dprintf(STDERR_FILENO, "faults: %s is not understood\n", what);
    _exit(120);
}

static int find_name(const char *const *names, int count, const char *wanted) {
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], wanted) == 0) {
            return i;
        }
    }
    refuse(wanted);
}

static int signal_of(const char *name) {
    for (size_t i = 0; i < sizeof signal_names / sizeof *signal_names; i++) {
        if (strcmp(signal_names[i].name, name) == 0) {
            return signal_names[i].value;
        }
    }
    refuse(name);
}

static void read_action(const char *text, fault_rule *rule) {
    if (strncmp(text, "short-", 6) == 0) {
        rule->action = DO_SHORT;
        rule->part = text[6];
    } else if (strncmp(text, "before-", 7) == 0) {
        rule->action = DO_SIGNAL_BEFORE;
        rule->value = signal_of(text + 7);
    } else if (strncmp(text, "after-", 6) == 0) {
        rule->action = DO_SIGNAL_AFTER;
        rule->value = signal_of(text + 6);
    } else if (strncmp(text, "delay-", 6) == 0) {
        rule->action = DO_DELAY;
        rule->value = atoi(text + 6);
    } else {
        rule->action = DO_FAIL;
        for (size_t i = 0; i < sizeof error_names / sizeof *error_names; i++) {
            if (strcmp(error_names[i].name, text) == 0) {
                rule->value = error_names[i].value;
                return;
            }
        }
        refuse(text);
    }
}

static void read_rule(char *text) {
    char *rest = text;
    char *call = strsep(&rest, ":"), *first = strsep(&rest, ":"), *action = strsep(&rest, ":");
    const char *times = rest == NULL ? "once" : rest;
    if (rule_count == MOST_RULES || first == NULL || action == NULL) {
        refuse(text);
    }
    fault_rule *rule = &rules[rule_count++];
    char *class = strchr(call, '@');
    if (class != NULL) {
        *class ++ = '\0';
        rule->class = (file_class)find_name(class_names, CLASS_COUNT, class);
    }
    rule->call = (call_kind)find_name(call_names, CALL_COUNT, call);
    rule->first = strtoull(first, NULL, 10);
    rule->last = strcmp(times, "on") == 0     ? UINT64_MAX
                 : strcmp(times, "once") == 0 ? rule->first
                                              : rule->first + strtoull(times, NULL, 10) - 1;
    read_action(action, rule);
}

static void map_counters(const char *path) {
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0 || syscall(SYS_ftruncate, file, sizeof own_state) != 0) {
        refuse(path);
    }
    void *mapped = mmap(NULL, sizeof own_state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) {
        refuse(path);
    }
    (void)syscall(SYS_close, file);
    shared = mapped;
}

static void begin_counting(void) {
    const char *where = getenv("GANSWEEP_FAULTS_FOLDER"), *counts = getenv("GANSWEEP_FAULTS_COUNTS"),
               *log = getenv("GANSWEEP_FAULTS_LOG"), *given = getenv("GANSWEEP_FAULTS");
    static char texts[4096];
    char here[PATH_BYTES];
    if (where == NULL) {
        return;
    }
    (void)snprintf(folder, sizeof folder, "%s", where);
    begun_in_folder = getcwd(here, sizeof here) != NULL && strcmp(here, folder) == 0;
    if (counts != NULL) {
        map_counters(counts);
    }
    for (int call = 0; call < CALL_COUNT; call++) {
        for (int class = 0; class < CLASS_COUNT; class ++) {
            (void)snprintf(shared->counters[call][class].name, NAME_BYTES, "%s@%s", call_names[call],
                           class_names[class]);
        }
    }
    if (log != NULL) {
        log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }
    (void)snprintf(texts, sizeof texts, "%s", given == NULL ? "" : given);
    char *rest = texts;
    for (char *text = strsep(&rest, ","); text != NULL; text = strsep(&rest, ",")) {
        if (*text != '\0') {
            read_rule(text);
        }
    }
    counted_process = getpid();
    atomic_store(&counting, true);
}

// ---- which files count ----

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static file_class class_of(const char *path) {
    const size_t length = strlen(folder);
    const char *name = path;
    if (!atomic_load(&counting)) {
        return CLASS_NONE;
    }
    if (*path == '/') {
        if (strncmp(path, folder, length) != 0 || (path[length] != '/' && path[length] != '\0')) {
            return CLASS_NONE;
        }
        name = path[length] == '\0' ? "." : path + length + 1;
    } else if (!begun_in_folder || strncmp(path, "..", 2) == 0) {
        return CLASS_NONE;
    }
    if (strncmp(name, "./", 2) == 0) {
        name += 2;
    }
    return *name == '\0' || strcmp(name, ".") == 0                           ? CLASS_FOLDER
           : strncmp(name, ".gansweep-", 10) == 0 && ends_with(name, ".tmp") ? CLASS_TEMPORARY
           : strstr(name, ".lock") != NULL                                   ? CLASS_LOCK
           : ends_with(name, ".h5")                                          ? CLASS_RESULTS
                                                                             : CLASS_OTHER;
}

static open_file *find_file(int file) {
    return atomic_load(&counting) && file >= 0 && file < MOST_FILES && atomic_load(&files[file].class) != CLASS_NONE
               ? &files[file]
               : NULL;
}

static void note_opened(int file, const char *path, file_class class) {
    struct stat found;
    if (file < 0 || file >= MOST_FILES) {
        return;
    }
    (void)snprintf(files[file].path, PATH_BYTES, "%s", path);
    files[file].inode = fstat(file, &found) == 0 ? (uint64_t)found.st_ino : 0;
    atomic_store(&files[file].class, class);
}

/// An open file keeps its descriptor when it gets another name.
static void note_renamed(const char *from, const char *to) {
    for (int i = 0; i < MOST_FILES; i++) {
        if (atomic_load(&files[i].class) != CLASS_NONE && strcmp(files[i].path, from) == 0) {
            (void)snprintf(files[i].path, PATH_BYTES, "%s", to);
            atomic_store(&files[i].class, class_of(to));
        }
    }
}

// ---- one call on its way ----

static const fault_rule *find_rule(call_kind call, file_class class, const uint64_t *ordinal) {
    for (int i = 0; i < rule_count; i++) {
        const fault_rule *rule = &rules[i];
        const bool any = rule->call == CALL_ANY;
        if (rule->call != call && (!any || call == CALL_MALLOC)) {
            continue;
        }
        if (rule->class != CLASS_NONE && rule->class != class) {
            continue;
        }
        const uint64_t k = ordinal[2 * any + (rule->class != CLASS_NONE)];
        if (k >= rule->first && k <= rule->last) {
            return rule;
        }
    }
    return NULL;
}

static const fault_rule *count(call_kind call, file_class class) {
    const uint64_t ordinal[4] = {
        atomic_fetch_add(&shared->counters[call][CLASS_NONE].count, 1) + 1,
        atomic_fetch_add(&shared->counters[call][class].count, class != CLASS_NONE) + 1,
        call == CALL_MALLOC ? 0 : atomic_fetch_add(&shared->counters[CALL_ANY][CLASS_NONE].count, 1) + 1,
        call == CALL_MALLOC ? 0 : atomic_fetch_add(&shared->counters[CALL_ANY][class].count, 1) + 1,
    };
    return find_rule(call, class, ordinal);
}

/// What ends is the process that is tested, whichever of its children makes the call; where a child may not send
/// signals the process gives itself the signal, at its next call. SIGCHLD stands for the sudden end of a child alone.
static void send_signal(int signal) {
    const bool is_child = getpid() != counted_process;
    if (signal == SIGCHLD && is_child) {
        (void)kill(getpid(), SIGKILL);
        _exit(128 + SIGKILL);
    }
    if (signal == SIGCHLD || (is_child && getppid() == 1)) {
        return;
    }
    if (kill(counted_process, signal) != 0) {
        atomic_store(&shared->signal_of_child, signal);
    }
}

static void take_signal_of_child(void) {
    if (atomic_load(&shared->signal_of_child) != 0 && getpid() == counted_process) {
        send_signal(atomic_exchange(&shared->signal_of_child, 0));
    }
}

/// Counts a call and does what comes before it. The caller performs it unless passage_fails().
static passage begin(call_kind call, file_class class, uint64_t inode, const char *path, int64_t offset,
                     int64_t length) {
    passage now = {.call = call, .class = class, .inode = inode, .path = path, .offset = offset, .length = length};
    take_signal_of_child();
    now.rule = count(call, class);
    now.begin = atomic_fetch_add(&shared->sequence, 1);
    if (now.rule != NULL && now.rule->action == DO_SIGNAL_BEFORE) {
        send_signal(now.rule->value);
    } else if (now.rule != NULL && now.rule->action == DO_DELAY) {
        const struct timespec pause = {now.rule->value / 1000, now.rule->value % 1000 * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    return now;
}

static bool passage_fails(const passage *now) {
    return now->rule != NULL && now->rule->action == DO_FAIL;
}

/// Bytes that are transferred of `length`.
static size_t transferred(const passage *now, size_t length) {
    if (now->rule == NULL || now->rule->action != DO_SHORT || length < 2) {
        return length;
    }
    return now->rule->part == '1' ? 1 : now->rule->part == 'h' ? length / 2 : length - 1;
}

/// Logs a call and does what comes after it; keeps the call's errno.
static void end(const passage *now, int64_t result, int reason) {
    char line[2 * PATH_BYTES + 256];
    const uint64_t after = atomic_fetch_add(&shared->sequence, 1);
    if (log_file >= 0) {
        const int length = snprintf(line, sizeof line, "%llu %llu %s %s %llu %lld %lld %lld %d %d %s\n",
                                    (unsigned long long)now->begin, (unsigned long long)after, call_names[now->call],
                                    class_names[now->class], (unsigned long long)now->inode, (long long)now->offset,
                                    (long long)now->length, (long long)result, reason, now->rule != NULL, now->path);
        (void)syscall(SYS_write, log_file, line, (size_t)length);
    }
    if (now->rule != NULL && now->rule->action == DO_SIGNAL_AFTER) {
        send_signal(now->rule->value);
    }
    errno = reason;
}

/// What a call on an open file returns that gives 0 or -1.
#define ON_FILE(kind, file, offset, length, perform)                                                                   \
    open_file *known = find_file(file);                                                                                \
    if (known == NULL) {                                                                                               \
        return perform;                                                                                                \
    }                                                                                                                  \
    const passage now = begin(kind, (file_class)atomic_load(&known->class), known->inode, known->path,                 \
                              (int64_t)(offset), (int64_t)(length));                                                   \
    int result = -1;                                                                                                   \
    if (passage_fails(&now)) {                                                                                         \
        errno = now.rule->value;                                                                                       \
    } else {                                                                                                           \
        result = perform;                                                                                              \
    }                                                                                                                  \
    end(&now, result, result == 0 ? 0 : errno);                                                                        \
    return result

/// The same of a transfer of `wanted` bytes; `perform` uses `some`.
#define TRANSFER(kind, file, offset, perform)                                                                          \
    open_file *known = find_file(file);                                                                                \
    size_t some = wanted;                                                                                              \
    if (known == NULL) {                                                                                               \
        return perform;                                                                                                \
    }                                                                                                                  \
    const passage now = begin(kind, (file_class)atomic_load(&known->class), known->inode, known->path,                 \
                              (int64_t)(offset), (int64_t)wanted);                                                     \
    ssize_t result = -1;                                                                                               \
    if (passage_fails(&now)) {                                                                                         \
        errno = now.rule->value;                                                                                       \
    } else {                                                                                                           \
        some = transferred(&now, wanted);                                                                              \
        result = perform;                                                                                              \
    }                                                                                                                  \
    end(&now, result, result >= 0 ? 0 : errno);                                                                        \
    return result

/// The same of a call on one name.
#define ON_PATH(kind, name, perform)                                                                                   \
    const file_class class = class_of(name);                                                                           \
    if (class == CLASS_NONE) {                                                                                         \
        return perform;                                                                                                \
    }                                                                                                                  \
    const passage now = begin(kind, class, inode_of(name), name, 0, 0);                                                \
    int result = -1;                                                                                                   \
    if (passage_fails(&now)) {                                                                                         \
        errno = now.rule->value;                                                                                       \
    } else {                                                                                                           \
        result = perform;                                                                                              \
    }                                                                                                                  \
    end(&now, result, result >= 0 ? 0 : errno);                                                                        \
    return result

static uint64_t inode_of(const char *path) {
    struct stat found;
    const int before = errno;
    const uint64_t inode = lstat(path, &found) == 0 ? (uint64_t)found.st_ino : 0;
    errno = before;
    return inode;
}

// ---- opening and closing ----

#define MODE_OF(flags, mode)                                                                                           \
    mode_t mode = 0;                                                                                                   \
    if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) {                                                  \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode = va_arg(arguments, mode_t);                                                                              \
        va_end(arguments);                                                                                             \
    }

static int open_at(int at, const char *path, int flags, mode_t mode) {
    const file_class class = at == AT_FDCWD || *path == '/' ? class_of(path) : CLASS_NONE;
    if (class == CLASS_NONE) {
        return REAL(openat)(at, path, flags, mode);
    }
    passage now = begin(CALL_OPEN, class, inode_of(path), path, 0, flags);
    int file = -1;
    if (passage_fails(&now)) {
        errno = now.rule->value;
    } else {
        file = REAL(openat)(at, path, flags, mode);
    }
    const int reason = file >= 0 ? 0 : errno;
    note_opened(file, path, class);
    now.inode = now.inode == 0 ? inode_of(path) : now.inode; // it was made
    end(&now, file, reason);
    return file;
}

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);

int open(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_at(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return open_at(at, path, flags, mode);
}

int __open_2(const char *path, int flags) {
    return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags) {
    return open_at(AT_FDCWD, path, flags, 0);
}

int __openat_2(int at, const char *path, int flags) {
    return open_at(at, path, flags, 0);
}

int __openat64_2(int at, const char *path, int flags) {
    return open_at(at, path, flags, 0);
}

/// As Linux does it, a close that fails has closed the file.
int close(int file) {
    open_file *known = find_file(file);
    if (known == NULL) {
        return REAL(close)(file);
    }
    const passage now = begin(CALL_CLOSE, (file_class)atomic_load(&known->class), known->inode, known->path, 0, 0);
    atomic_store(&known->class, CLASS_NONE);
    int result = REAL(close)(file);
    if (passage_fails(&now)) {
        result = -1;
        errno = now.rule->value;
    }
    end(&now, result, result == 0 ? 0 : errno);
    return result;
}

// ---- transfers ----

ssize_t __pread_chk(int file, void *into, size_t wanted, off_t offset, size_t room);
ssize_t __pread64_chk(int file, void *into, size_t wanted, off64_t offset, size_t room);
ssize_t __read_chk(int file, void *into, size_t wanted, size_t room);

ssize_t pread(int file, void *into, size_t wanted, off_t offset) {
    TRANSFER(CALL_PREAD, file, offset, REAL(pread)(file, into, some, offset));
}

ssize_t pread64(int file, void *into, size_t wanted, off64_t offset) {
    return pread(file, into, wanted, offset);
}

ssize_t __pread_chk(int file, void *into, size_t wanted, off_t offset, size_t room) {
    return wanted > room ? (abort(), -1) : pread(file, into, wanted, offset);
}

ssize_t __pread64_chk(int file, void *into, size_t wanted, off64_t offset, size_t room) {
    return wanted > room ? (abort(), -1) : pread(file, into, wanted, offset);
}

ssize_t pwrite(int file, const void *from, size_t wanted, off_t offset) {
    TRANSFER(CALL_PWRITE, file, offset, REAL(pwrite)(file, from, some, offset));
}

ssize_t pwrite64(int file, const void *from, size_t wanted, off64_t offset) {
    return pwrite(file, from, wanted, offset);
}

ssize_t read(int file, void *into, size_t wanted) {
    TRANSFER(CALL_READ, file, -1, REAL(read)(file, into, some));
}

ssize_t __read_chk(int file, void *into, size_t wanted, size_t room) {
    return wanted > room ? (abort(), -1) : read(file, into, wanted);
}

ssize_t write(int file, const void *from, size_t wanted) {
    TRANSFER(CALL_WRITE, file, -1, REAL(write)(file, from, some));
}

// ---- sizes and syncs ----

int ftruncate(int file, off_t bytes) {
    ON_FILE(CALL_TRUNCATE, file, bytes, 0, REAL(ftruncate)(file, bytes));
}

int ftruncate64(int file, off64_t bytes) {
    return ftruncate(file, bytes);
}

int fallocate(int file, int mode, off_t offset, off_t bytes) {
    ON_FILE(CALL_ALLOCATE, file, offset, bytes, REAL(fallocate)(file, mode, offset, bytes));
}

int fallocate64(int file, int mode, off64_t offset, off64_t bytes) {
    return fallocate(file, mode, offset, bytes);
}

/// Returns the error and leaves errno alone.
int posix_fallocate(int file, off_t offset, off_t bytes) {
    open_file *known = find_file(file);
    if (known == NULL) {
        return REAL(posix_fallocate)(file, offset, bytes);
    }
    const int before = errno;
    const passage now =
        begin(CALL_ALLOCATE, (file_class)atomic_load(&known->class), known->inode, known->path, offset, bytes);
    const int reason = passage_fails(&now) ? now.rule->value : REAL(posix_fallocate)(file, offset, bytes);
    end(&now, reason, reason);
    errno = before;
    return reason;
}

int posix_fallocate64(int file, off64_t offset, off64_t bytes) {
    return posix_fallocate(file, offset, bytes);
}

int fsync(int file) {
    ON_FILE(CALL_FSYNC, file, 0, 0, REAL(fsync)(file));
}

int fdatasync(int file) {
    ON_FILE(CALL_FDATASYNC, file, 0, 0, REAL(fdatasync)(file));
}

int sync_file_range(int file, off64_t offset, off64_t bytes, unsigned flags) {
    ON_FILE(CALL_SYNC_RANGE, file, offset, bytes, REAL(sync_file_range)(file, offset, bytes, flags));
}

int flock(int file, int operation) {
    ON_FILE(CALL_FLOCK, file, operation, 0, REAL(flock)(file, operation));
}

// ---- names ----

/// Both names count: what is renamed decides the class.
static int rename_by(const char *from, const char *to, unsigned flags) {
    const file_class class = class_of(from);
    char both[2 * PATH_BYTES];
    if (class == CLASS_NONE) {
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    }
    (void)snprintf(both, sizeof both, "%s>%s", from, to);
    const passage now = begin(CALL_RENAME, class, inode_of(from), both, 0, (int64_t)flags);
    int result = -1;
    if (passage_fails(&now)) {
        errno = now.rule->value;
    } else {
        result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
    }
    const int reason = result == 0 ? 0 : errno;
    if (result == 0) {
        note_renamed(from, to);
    }
    end(&now, result, reason);
    return result;
}

int rename(const char *from, const char *to) {
    return rename_by(from, to, 0);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return from_folder == AT_FDCWD && to_folder == AT_FDCWD ? rename_by(from, to, 0)
                                                            : REAL(renameat)(from_folder, from, to_folder, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    return from_folder == AT_FDCWD && to_folder == AT_FDCWD ? rename_by(from, to, flags)
                                                            : REAL(renameat2)(from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) {
    const file_class class = class_of(from);
    char both[2 * PATH_BYTES];
    if (class == CLASS_NONE) {
        return REAL(link)(from, to);
    }
    (void)snprintf(both, sizeof both, "%s>%s", from, to);
    const passage now = begin(CALL_LINK, class, inode_of(from), both, 0, 0);
    int result = -1;
    if (passage_fails(&now)) {
        errno = now.rule->value;
    } else {
        result = REAL(link)(from, to);
    }
    const int reason = result == 0 ? 0 : errno;
    if (result == 0) {
        note_renamed(from, to);
    }
    end(&now, result, reason);
    return result;
}

int unlink(const char *path) {
    ON_PATH(CALL_UNLINK, path, REAL(unlink)(path));
}

int unlinkat(int at, const char *path, int flags) {
    return at == AT_FDCWD && flags == 0 ? unlink(path) : REAL(unlinkat)(at, path, flags);
}

int remove(const char *path) {
    return class_of(path) == CLASS_NONE ? REAL(remove)(path) : unlink(path);
}

// ---- memory ----

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

/// Whether this allocation fails. glibc's own strdup, fopen, asprintf ... come through malloc() as well.
static bool memory_ends(void) {
    if (!atomic_load_explicit(&counting, memory_order_relaxed)) {
        return false;
    }
    const fault_rule *rule = count(CALL_MALLOC, CLASS_NONE);
    if (rule == NULL || rule->action != DO_FAIL) {
        return false;
    }
    errno = rule->value;
    return true;
}

void *malloc(size_t bytes) {
    return memory_ends() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count_of, size_t bytes) {
    return memory_ends() ? NULL : __libc_calloc(count_of, bytes);
}

void *realloc(void *memory, size_t bytes) {
    return memory_ends() ? NULL : __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    return memory_ends() ? NULL : __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return memory_ends() ? NULL : __libc_memalign(alignment, bytes);
}

/// Returns the error and leaves errno alone.
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    const int before = errno;
    void *found = memory_ends() ? NULL : __libc_memalign(alignment, bytes);
    errno = before;
    if (found == NULL) {
        return ENOMEM;
    }
    *memory = found;
    return 0;
}

// ---- the beginning ----

typedef int main_function(int argument_count, char **arguments, char **environment);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

static main_function *real_main;

static int counted_main(int argument_count, char **arguments, char **environment) {
    begin_counting();
    return real_main(argument_count, arguments, environment);
}

start_function __libc_start_main;

int __libc_start_main(main_function *program, int argument_count, char **arguments, void (*before)(void),
                      void (*after)(void), void (*loader)(void), void *stack_end) {
    real_main = program;
    return REAL(__libc_start_main)(counted_main, argument_count, arguments, before, after, loader, stack_end);
}
