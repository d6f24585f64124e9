#include <stddef.h>

#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/interrupt.h"
#include "cli/training.h"

typedef struct {
    double checkpoint;
    int threads, isa;
    bool repair, quiet, profile;
} resume_arguments;

#define INTO(member) offsetof(resume_arguments, member)

static const cli_option resume_options[] = {
    CHECKPOINT_OPTION(INTO(checkpoint)),
    {.name = "--repair",
     .kind = OPTION_FLAG,
     .description = "make trials again whose rows are damaged",
     .offset = INTO(repair)},
    THREADS_OPTION(INTO(threads)),
    ISA_OPTION(INTO(isa)),
    QUIET_OPTION(INTO(quiet), "neither progress nor summary"),
    PROFILE_OPTION(INTO(profile)),
};

static int resume(int argument_count, char **typed, gs_error *error);

const cli_command resume_command = {
    .name = "resume",
    .summary = "train the trials of a results file that are still pending",
    .description =
        "Checks the file, whose experiment it carries, and trains what a run that was killed, interrupted or out of "
        "disk has left pending, and only that. The finished file equals one of a run that was never stopped, in every "
        "dataset. No other process may be writing it.",
    .operands = {"FILE"},
    .options = resume_options,
    .option_count = sizeof resume_options / sizeof *resume_options,
    .examples = "  gansweep resume d2l.h5\n"
                "  gansweep resume d2l.h5 --repair --threads 8\n",
    .run = resume,
};

static int resume(int argument_count, char **typed, gs_error *error) {
    resume_arguments arguments = {.isa = GS_ISA_AUTO, .checkpoint = GS_CHECKPOINT_SECONDS};
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_results *results;
    gs_status status = read_arguments(&resume_command, argument_count, typed, &arguments, operands, error);
    if (status == GS_OK) {
        status = check_isa(arguments.isa, error);
    }
    if (status != GS_OK) {
        return status;
    }
    training_task task = {.path = operands[0],
                          .options = {.threads = arguments.threads,
                                      .isa = (gs_isa)arguments.isa,
                                      .checkpoint = checkpoint_option(arguments.checkpoint)},
                          .quiet = arguments.quiet,
                          .profile = arguments.profile,
                          .times = {.start = seconds_now()}};
    catch_interruptions();
    status = gs_results_open(operands[0], &results, error);
    if (status != GS_OK) {
        return status;
    }
    const int code = resume_training(results, arguments.repair, &task, error);
    gs_results_close(results);
    return code;
}
