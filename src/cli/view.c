/// `gansweep view`: the page with a results file, in the browser.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "view/server.h"

enum { MOST_PAGE_BYTES = 64 << 20, LARGEST_PORT = 65535 };

typedef struct {
    const char *page;
    int port;
    bool no_browser;
} view_arguments;

static int view(int argument_count, char **typed, gs_error *error);

static const cli_option view_options[] = {
    {.name = "--port",
     .letter = 'p',
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "port of 127.0.0.1, instead of any that is free",
     .offset = offsetof(view_arguments, port),
     .smallest = 1,
     .largest = LARGEST_PORT},
    {.name = "--no-browser",
     .kind = OPTION_FLAG,
     .description = "print the address, and open no browser",
     .offset = offsetof(view_arguments, no_browser)},
    {.name = "--page",
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .description = "the page, instead of the one that came with the program",
     .offset = offsetof(view_arguments, page)},
};

const cli_command view_command = {
    .name = "view",
    .summary = "plots and data of a results file in the browser, renewed while it grows",
    .description =
        "Serves a page with a results file to browsers on this machine, until Ctrl-C: its plots and data as H5Web "
        "shows "
        "them, and the sweep as a map with the losses, points and numbers of any configuration and trial. What comes "
        "while a sweep runs is shown as it comes. Nothing leaves the machine, and the address has a random part that "
        "others don't know. The page also opens a file by itself, without this command: open viewer.html and choose "
        "one.",
    .operands = {"FILE"},
    .options = view_options,
    .option_count = sizeof view_options / sizeof *view_options,
    .examples = "  gansweep view d2l.h5\n"
                "  gansweep view d2l.h5 --no-browser --port 8080   # on a server, through ssh -L 8080:127.0.0.1:8080\n",
    .run = view,
};

// ---- the page ----

/// Where the page is: beside the program in a build folder, or where it was installed.
static bool find_page(char path[PATH_MAX]) {
    static const char *const places[] = {"/viewer.html", "/../share/gansweep/viewer.html"};
    char folder[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0) {
        return false;
    }
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const int written = snprintf(path, PATH_MAX, "%s%s", folder, places[i]);
        if (written < PATH_MAX && access(path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

/// Reads the whole page; the caller frees it.
static gs_status read_page(const char *given, char **page, size_t *bytes, gs_error *error) {
    char found[PATH_MAX];
    if (given == NULL && !find_page(found)) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "the page is not there: run analysis/viewer/build of the source, or name it with --page FILE");
    }
    const char *path = given == NULL ? found : given;
    struct stat file;
    const int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0 || fstat(opened, &file) != 0) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: %s", path, strerror(errno));
    }
    gs_status status = GS_OK;
    *page = NULL;
    if (!S_ISREG(file.st_mode) || file.st_size == 0 || file.st_size > MOST_PAGE_BYTES) {
        status = gs_fail(error, GS_ERROR_INPUT, "%s is not a page", path);
    } else {
        *bytes = (size_t)file.st_size;
        *page = malloc(*bytes);
        if (*page == NULL) {
            status = gs_fail(error, GS_ERROR_RUN, "out of memory for the page");
        } else if (read(opened, *page, *bytes) != (ssize_t)*bytes) {
            free(*page);
            *page = NULL;
            status = gs_fail(error, GS_ERROR_INPUT, "%s can't be read", path);
        }
    }
    (void)close(opened);
    return status;
}

// ---- the browser ----

/// Makes a page that leads to the address, which only this user can read: a browser's command line is there for
/// everyone on the machine to see.
/// @param path  filled; "" when there is none
static void write_redirect(const char *address, char path[PATH_MAX]) {
    const char *folder = getenv("XDG_RUNTIME_DIR"); // of this user alone
    const int length = snprintf(path, PATH_MAX, "%s/gansweep-view-XXXXXX.html",
                                folder != NULL && folder[0] == '/' && access(folder, W_OK) == 0 ? folder : "/tmp");
    const int file = length < PATH_MAX ? mkostemps(path, (int)strlen(".html"), O_CLOEXEC) : -1; // mode 0600
    FILE *page = file < 0 ? NULL : fdopen(file, "w");
    if (page == NULL) {
        if (file >= 0) {
            (void)close(file);
            (void)unlink(path);
        }
        path[0] = '\0';
        return;
    }
    (void)fprintf(page,
                  "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=%s\">"
                  "<a href=\"%s\">gansweep view</a>\n",
                  address, address);
    if (fclose(page) != 0) {
        (void)unlink(path);
        path[0] = '\0';
    }
}

/// Lets the desktop open a page, in a process group of its own: Ctrl-C is for this program. Nobody waits for it:
/// where there is no desktop it may be the browser itself.
static void open_browser(const char *page, const sigset_t *mask) {
    char program[] = "xdg-open", copy[PATH_MAX];
    char *arguments[] = {program, copy, NULL};
    pid_t child;
    posix_spawn_file_actions_t silent;
    posix_spawnattr_t apart;
    (void)snprintf(copy, sizeof copy, "%s", page);
    if (posix_spawn_file_actions_init(&silent) != 0) {
        return;
    }
    if (posix_spawnattr_init(&apart) == 0) {
        (void)posix_spawn_file_actions_addopen(&silent, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        (void)posix_spawn_file_actions_addopen(&silent, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        (void)posix_spawn_file_actions_addopen(&silent, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        (void)posix_spawnattr_setsigmask(&apart, mask);
        (void)posix_spawnattr_setflags(&apart, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
        (void)posix_spawnp(&child, program, &silent, &apart, arguments, environ);
        (void)posix_spawnattr_destroy(&apart);
    }
    (void)posix_spawn_file_actions_destroy(&silent);
}

// ---- the command ----

static gs_status serve(const gs_results *results, const char *path, const char *page, size_t page_bytes,
                       const view_arguments *arguments, gs_error *error) {
    char address[GS_VIEW_ADDRESS_BYTES], redirect[PATH_MAX] = "";
    gs_view *started = NULL;
    sigset_t all, before; // signals come to this thread, and only while it waits for them
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    const gs_status status = gs_view_start(results, path, page, page_bytes, arguments->port, &started, address, error);
    if (status != GS_OK) {
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return status;
    }
    (void)printf("%s\nCtrl-C ends it.\n", address);
    (void)fflush(stdout);
    if (!arguments->no_browser && (getenv("DISPLAY") != NULL || getenv("WAYLAND_DISPLAY") != NULL)) {
        write_redirect(address, redirect);
        if (redirect[0] != '\0') {
            open_browser(redirect, &before);
        }
    }
    while (!interrupted) {
        (void)sigsuspend(&before);
    }
    gs_view_end(started);
    if (redirect[0] != '\0') {
        (void)unlink(redirect);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return GS_OK;
}

static int view(int argument_count, char **typed, gs_error *error) {
    view_arguments arguments = {0};
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_results *results = NULL;
    char *page = NULL;
    size_t page_bytes = 0;
    gs_status status = read_arguments(&view_command, argument_count, typed, &arguments, operands, error);
    if (status == GS_OK) {
        status = read_page(arguments.page, &page, &page_bytes, error);
    }
    if (status != GS_OK || page == NULL) {
        return status;
    }
    status = gs_results_open(operands[0], &results, error);
    if (status == GS_OK) {
        catch_interruptions();
        status = serve(results, operands[0], page, page_bytes, &arguments, error);
        gs_results_close(results);
    }
    free(page);
    return status;
}
