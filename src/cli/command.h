/// A subcommand: its name, operands and options in tables, from which reading and --help are made.
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gansweep/gansweep.h"

typedef enum {
    OPTION_FLAG,    ///< bool
    OPTION_TEXT,    ///< const char *
    OPTION_TEXTS,   ///< text_list: may be given several times
    OPTION_INTEGER, ///< int, smallest ... largest
    OPTION_SECONDS, ///< double, 0 or more
    OPTION_CHOICE,  ///< int, place in `choices`
} option_kind;

typedef struct {
    const char **texts; ///< [count], allocated by read_arguments()
    int count;
} text_list;

typedef struct {
    const char *name; ///< "--output"
    char letter;      ///< 'o', or 0
    option_kind kind;
    const char *argument; ///< what stands for its value in the help: "FILE"; NULL for a flag
    const char *description;
    size_t offset; ///< of its value in the subcommand's struct of options
    int smallest, largest;
    const char *const *choices;
    int choice_count;
} cli_option;

enum { MAX_OPERANDS = 2, MOST_THREADS = 4096 };

typedef struct {
    const char *name;
    const char *summary;                ///< one line
    const char *description;            ///< a paragraph
    const char *operands[MAX_OPERANDS]; ///< names; NULL where there are fewer
    bool repeats;                       ///< the last operand may be given several times
    size_t repeated;                    ///< offset of the text_list, in the struct of options, that has them then
    const cli_option *options;
    int option_count;
    const char *examples;
    /// @param arguments  what follows the subcommand's name
    /// @return the exit code; the line that says why is in `error`
    int (*run)(int argument_count, char **arguments, gs_error *error);
} cli_command;

extern const cli_command run_command, resume_command, verify_command, merge_command, report_command, show_command,
    list_command, published_command, next_command, view_command, bench_command;

/// Reads options (anywhere, "--name value", "--name=value", "-o value", "-ovalue", "--" ends them) and operands.
/// @param options  the subcommand's struct, already holding its presets
/// @param operands  [MAX_OPERANDS] all that the subcommand names are given on success; of one that is repeated the
/// first
/// @return GS_ERROR_INPUT with what was expected
gs_status read_arguments(const cli_command *command, int argument_count, char **arguments, void *options,
                         const char **operands, gs_error *error);

void print_command_help(const cli_command *command, FILE *stream);
void print_program_help(const cli_command *const *commands, FILE *stream);

/// Whether this processor has the instruction set that --isa names.
gs_status check_isa(int isa, gs_error *error);

/// A text as a shell reads it back: in quotes when it needs them.
/// @return a new string that the caller frees; NULL when out of memory
char *shell_quoted(const char *text);

#endif
