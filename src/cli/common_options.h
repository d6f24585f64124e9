/// Options that several subcommands have, each with the place of its value in the subcommand's own struct.
#ifndef CLI_COMMON_OPTIONS_H
#define CLI_COMMON_OPTIONS_H

#include "cli/command.h"

#define THREADS_OPTION(place)                                                                                          \
    {                                                                                                                  \
        .name = "--threads", .kind = OPTION_INTEGER, .argument = "N",                                                  \
        .description = "threads; without it OMP_NUM_THREADS, or the processors that this process may use",             \
        .offset = (place), .smallest = 1, .largest = MOST_THREADS                                                      \
    }

#define ISA_OPTION(place)                                                                                              \
    {                                                                                                                  \
        .name = "--isa", .kind = OPTION_CHOICE, .argument = "NAME",                                                    \
        .description = "instruction set: auto, portable, neon, avx2 or avx512; the numbers are the same with each",    \
        .offset = (place), .choices = gs_isa_names, .choice_count = GS_ISA_COUNT                                       \
    }

#define CHECKPOINT_OPTION(place)                                                                                       \
    {                                                                                                                  \
        .name = "--checkpoint", .kind = OPTION_SECONDS, .argument = "SECONDS",                                         \
        .description =                                                                                                 \
            "about the most of the training that a kill or a power cut can cost; 5 without it, 0: after every block",  \
        .offset = (place)                                                                                              \
    }

#define QUIET_OPTION(place, what)                                                                                      \
    { .name = "--quiet", .letter = 'q', .kind = OPTION_FLAG, .description = (what), .offset = (place) }

#define PROFILE_OPTION(place)                                                                                          \
    {                                                                                                                  \
        .name = "--profile", .kind = OPTION_FLAG,                                                                      \
        .description = "say at the end where the time went: training, checks, LAPACKE, writing, progress",             \
        .offset = (place)                                                                                              \
    }

#endif
