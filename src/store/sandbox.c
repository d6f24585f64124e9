/// fork, limits of time and memory, and for a child that reads a seccomp filter: what it can still do is read files,
/// use the memory that it is allowed, and write one answer.
#include "store/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { MOST_PROCESSOR_SECONDS = 10, MOST_WALL_SECONDS = 60 };
enum { SECCOMP_CALL = 2 };                         ///< level of libseccomp from which the kernel has the call
static const rlim_t MOST_MEMORY = (rlim_t)1 << 30; // bytes beyond what the process had

/// What comes back through the pipe.
typedef struct {
    gs_status status;
    gs_error error;
} answer;

// ---- in the child ----

static void limit(__rlimit_resource_t resource, rlim_t most) {
    const struct rlimit both = {most, most};
    (void)setrlimit(resource, &both);
}

/// Bytes of address space in use; 0 when the system does not say.
static rlim_t memory_in_use(void) {
    unsigned long pages = 0;
    FILE *stream = fopen("/proc/self/statm", "re");
    if (stream != NULL) {
        if (fscanf(stream, "%lu", &pages) != 1) {
            pages = 0;
        }
        (void)fclose(stream);
    }
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void limit_resources(void) {
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, MOST_PROCESSOR_SECONDS);
    const rlim_t used = memory_in_use();
    if (!SANITIZED && used > 0) { // a sanitizer's shadow needs terabytes of address space
        limit(RLIMIT_AS, used + MOST_MEMORY);
    }
}

/// Calls that reading a file, memory and an orderly end need. Opening is allowed for reading alone, see below.
static const int allowed_calls[] = {
    SCMP_SYS(read),          SCMP_SYS(pread64),     SCMP_SYS(readv),        SCMP_SYS(preadv),
    SCMP_SYS(close),         SCMP_SYS(lseek),       SCMP_SYS(_llseek),      SCMP_SYS(fstat),
    SCMP_SYS(fstat64),       SCMP_SYS(stat),        SCMP_SYS(stat64),       SCMP_SYS(lstat),
    SCMP_SYS(lstat64),       SCMP_SYS(newfstatat),  SCMP_SYS(fstatat64),    SCMP_SYS(statx),
    SCMP_SYS(fcntl),         SCMP_SYS(fcntl64),     SCMP_SYS(mmap),         SCMP_SYS(mmap2),
    SCMP_SYS(munmap),        SCMP_SYS(mremap),      SCMP_SYS(mprotect),     SCMP_SYS(madvise),
    SCMP_SYS(brk),           SCMP_SYS(futex),       SCMP_SYS(getpid),       SCMP_SYS(gettid),
    SCMP_SYS(clock_gettime), SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(sched_yield), SCMP_SYS(exit),         SCMP_SYS(exit_group),
    SCMP_SYS(gettimeofday),  SCMP_SYS(time),        SCMP_SYS(getrandom),    SCMP_SYS(getcwd),
    SCMP_SYS(readlink),      SCMP_SYS(readlinkat),  SCMP_SYS(access),       SCMP_SYS(faccessat),
};

/// Whether the filter allows what it must: libseccomp has made one with rules missing when memory was short.
static bool reading_works(void) {
    struct stat found;
    char byte;
    const bool allowed = fstat(-1, &found) != 0 && errno == EBADF && lseek(-1, 0, SEEK_SET) < 0 && errno == EBADF &&
                         pread(-1, &byte, 1, 0) < 0 && errno == EBADF;
    const int file = allowed ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
    return file >= 0 && close(file) == 0;
}

/// Every other call fails with EPERM. Where the kernel has no filters, the limits must do.
/// @param pipe_end  the one descriptor that may be written, beside those that lead nowhere
/// @return false when out of memory
static bool drop_privileges(int pipe_end) {
    enum { MAY_CHANGE = O_ACCMODE | O_CREAT | O_TRUNC };
    limit(RLIMIT_FSIZE, 0);
    if (seccomp_api_get() < SECCOMP_CALL) { // also under valgrind, whose own calls an older way would forbid
        return true;
    }
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return false;
    }
    bool complete = true;
    // A call that this kind of processor does not have is refused by the library, and not needed.
    for (size_t i = 0; i < sizeof allowed_calls / sizeof *allowed_calls; i++) {
        complete = complete && seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0) != -ENOMEM;
    }
    const int writable[] = {pipe_end, STDERR_FILENO};
    for (int i = 0; i < 2; i++) {
        complete = complete && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)writable[i], 0)) != -ENOMEM;
    }
    complete = complete && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                                            SCMP_A1(SCMP_CMP_MASKED_EQ, MAY_CHANGE, O_RDONLY)) != -ENOMEM;
    complete = complete && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                                            SCMP_A2(SCMP_CMP_MASKED_EQ, MAY_CHANGE, O_RDONLY)) != -ENOMEM;
    // Any other failure is that of a system which lets no program have a filter.
    const int loaded = complete ? seccomp_load(filter) : -ENOMEM;
    complete = loaded != -ENOMEM && loaded != -EFAULT && reading_works();
    seccomp_release(filter);
    return complete;
}

/// A crash must end the child, whatever the program does with signals; a signal to the whole group must not look like
/// one.
static void set_signals(void) {
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static const int requests[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        (void)signal(crashes[i], SIG_DFL);
    }
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        (void)signal(requests[i], SIG_IGN);
    }
}

/// libhdf5 calls exit() where memory is short. What the parent has in its buffers is the parent's to write.
static void end_at_once(void) {
    _exit(1);
}

/// What libhdf5 prints is nobody's.
static void be_silent(void) {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
    }
}

/// A child whose parent was killed must not go on: another process may be making the same file by now.
static void end_with_parent(pid_t parent) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1);
    }
}

static _Noreturn void be_child(gs_sandbox_kind kind, pid_t parent, int pipe_end, gs_sandboxed *work, void *context) {
    answer given = {.status = GS_ERROR_RUN};
    bool ready = atexit(end_at_once) == 0;
    end_with_parent(parent);
    be_silent();
    set_signals();
    limit_resources();
    ready = ready && (kind == GS_SANDBOX_MAKES || drop_privileges(pipe_end));
    given.status =
        ready ? work(context, &given.error) : gs_fail(&given.error, GS_ERROR_RUN, "out of memory for a process");
    const ssize_t written = write(pipe_end, &given, sizeof given);
    _exit(written == (ssize_t)sizeof given ? 0 : 1);
}

// ---- in the parent ----

static double seconds_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef enum { ANSWERED, ENDED, TIME_IS_UP } reception;

/// Reads the child's answer.
static reception receive(int pipe_end, answer *received) {
    const double until = seconds_now() + MOST_WALL_SECONDS;
    size_t got = 0;
    while (got < sizeof *received) {
        const double left = until - seconds_now();
        struct pollfd waiting = {.fd = pipe_end, .events = POLLIN};
        // Asked once more when the time is up: this process may have been stopped, and the answer be there.
        const int ready = poll(&waiting, 1, left <= 0 ? 0 : (int)(left * 1000) + 1);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0) {
            return ready == 0 ? TIME_IS_UP : ENDED;
        }
        const ssize_t count = read(pipe_end, (char *)received + got, sizeof *received - got);
        if (count > 0) {
            got += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            return ENDED;
        }
    }
    received->error.message[sizeof received->error.message - 1] = '\0';
    return received->status >= GS_OK && received->status <= GS_ERROR_RESULTS ? ANSWERED : ENDED;
}

/// Says how a child without an answer ended.
static gs_status describe_end(gs_sandbox_kind kind, int how, gs_error *error) {
    const gs_status status = kind == GS_SANDBOX_READS ? GS_ERROR_RESULTS : GS_ERROR_RUN;
    const char *blame = kind == GS_SANDBOX_READS ? "it is damaged or forged, or memory is short" : "memory is short";
    if (WIFSIGNALED(how) && WTERMSIG(how) != SIGKILL) { // which is how its limits end it
        return gs_fail(error, status, "%s: libhdf5 crashed (signal %d)", blame, WTERMSIG(how));
    }
    return gs_fail(error, status, "%s: libhdf5 came to no end", blame);
}

gs_status gs_sandbox_run(gs_sandbox_kind kind, gs_sandboxed *work, void *context, gs_error *error) {
    int ends[2];
    answer received;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return gs_fail(error, GS_ERROR_RUN, "can't make a pipe: %s", strerror(errno));
    }
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        be_child(kind, parent, ends[1], work, context);
    }
    const int reason = errno;
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return gs_fail(error, GS_ERROR_RUN, "can't start a process: %s", strerror(reason));
    }
    const reception came = receive(ends[0], &received);
    (void)close(ends[0]);
    if (came == TIME_IS_UP) {
        (void)kill(child, SIGKILL);
    }
    int how = 0;
    while (waitpid(child, &how, 0) < 0 && errno == EINTR) {
    }
    if (came == TIME_IS_UP) {
        return gs_fail(error, GS_ERROR_RUN, "libhdf5 took longer than %d s: is the disk or the network slow?",
                       MOST_WALL_SECONDS);
    }
    if (came != ANSWERED) {
        return describe_end(kind, how, error);
    }
    return received.status == GS_OK ? GS_OK : gs_fail(error, received.status, "%s", received.error.message);
}
