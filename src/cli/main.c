#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cluster/launch.h"
#include "cluster/mpi.h"
#include "experiment/names.h"

static const cli_command *const commands[] = {&run_command,    &resume_command, &verify_command, &merge_command,
                                              &report_command, &show_command,   &list_command,   &published_command,
                                              &next_command,   &view_command,   &bench_command,  NULL};

static const cli_command *find_command(const char *name) {
    for (int i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static gs_status unknown_command(const char *name, gs_error *error) {
    name_list known = {.count = 0};
    for (int i = 0; commands[i] != NULL; i++) {
        gs_names_add(&known, commands[i]->name);
    }
    const name_advice advice = gs_names_advise(&known, name);
    return gs_fail(error, GS_ERROR_INPUT, "unknown subcommand '%.100s': %s", name, advice.text);
}

static bool is_help(const char *argument) {
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/// Whether --help stands among options, where it wins over everything else.
static bool asks_for_help(int count, char **arguments) {
    for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++) {
        if (is_help(arguments[i])) {
            return true;
        }
    }
    return false;
}

/// mpirun starts as many of a program as it is told to, of which all but `run` would do the same.
static gs_status refuse_many(const gs_launch *launch, const cli_command *command, gs_error *error) {
    return launch->processes == 1 || !launch->is_mpi || command == &run_command
               ? GS_OK
               : gs_fail(error, GS_ERROR_INPUT,
                         "%s is done by one process, and this is one of %d that %s has started: only run takes several",
                         command->name, launch->processes, launch->launcher);
}

static int run_command_line(int count, char **arguments, const gs_launch *launch, gs_error *error) {
    if (count < 1) {
        return gs_fail(
            error, GS_ERROR_INPUT,
            "a subcommand was expected: run, resume, verify, merge, report, show, list, published, next, view or "
            "bench; see gansweep --help");
    }
    const char *name = arguments[0];
    if (strcmp(name, "--version") == 0) {
        const char *mpi = gs_mpi_library();
        (void)printf("gansweep %s, %s%s\n", GANSWEEP_VERSION, mpi == NULL ? "without MPI" : "with ",
                     mpi == NULL ? "" : mpi);
        return GS_OK;
    }
    if (is_help(name) || (strcmp(name, "help") == 0 && count == 1)) {
        print_program_help(commands, stdout);
        return GS_OK;
    }
    const bool help = strcmp(name, "help") == 0;
    const cli_command *command = find_command(help ? arguments[1] : name);
    if (command == NULL) {
        return unknown_command(help ? arguments[1] : name, error);
    }
    if (help || asks_for_help(count - 1, arguments + 1)) {
        print_command_help(command, stdout);
        return GS_OK;
    }
    const gs_status status = refuse_many(launch, command, error);
    return status == GS_OK ? command->run(count - 1, arguments + 1, error) : (int)status;
}

/// A closed standard stream would give its number to the next file that is opened, and a message would end up in it.
static void open_closed_streams(void) {
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) < 0) {
            (void)open("/dev/null", file == STDIN_FILENO ? O_RDONLY : O_WRONLY); // the lowest free number: this one
        }
    }
}

/// Of several processes that mpirun has started rank 0 speaks, where they are not of one mind about it themselves.
static void leave_speech_to_rank_0(const gs_launch *launch, int count, char **arguments) {
    const bool run =
        count > 1 && strcmp(arguments[1], run_command.name) == 0 && !asks_for_help(count - 1, arguments + 1);
    if (launch->is_mpi && launch->rank > 0 && !run) {
        (void)freopen("/dev/null", "w", stdout);
        (void)freopen("/dev/null", "w", stderr);
    }
}

int main(int count, char **arguments) {
    open_closed_streams();
    gs_error error = {""};
    const gs_launch launch = gs_launch_found();
    leave_speech_to_rank_0(&launch, count, arguments);
    int code = run_command_line(count - 1, arguments + 1, &launch, &error);
    if (code == GS_OK && (fflush(stdout) != 0 || ferror(stdout))) {
        code = gs_fail(&error, GS_ERROR_RUN, "can't write to standard output: %s", strerror(errno));
    }
    if (code != GS_OK && error.message[0] != '\0') { // of several processes one speaks for all
        (void)fprintf(stderr, "gansweep: %s\n", error.message);
    }
    return code;
}
