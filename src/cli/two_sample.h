/// The two-sample tests of `gansweep report`: their options and their run.
#ifndef CLI_TWO_SAMPLE_H
#define CLI_TWO_SAMPLE_H

#include "cli/command.h"
#include "report/two_sample.h"

/// What the command line says of them.
typedef struct {
    bool asked, by_trial, quiet;
    const char *trials; ///< "64", "all"; NULL: the preset
    int points, permutations, threads;
} two_sample_arguments;

#define TWO_SAMPLE_PRESETS                                                                                             \
    { .points = GS_TWO_SAMPLE_POINTS, .permutations = GS_TWO_SAMPLE_PERMUTATIONS }

/// Checks what goes together, before a file is opened.
/// @return GS_ERROR_INPUT for options of the tests without them, --trials that is no number, or a table by trial
gs_status check_two_sample(const two_sample_arguments *arguments, gs_report_format format, gs_error *error);

/// Tests and prints.
/// @return the exit code
int report_two_sample(const gs_results *results, const char *path, const two_sample_arguments *arguments,
                      gs_report_format format, gs_error *error);

#endif
