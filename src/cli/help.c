#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

enum { DESCRIPTION_COLUMN = 26, HELP_COLUMNS = 100 };

/// Prints words from `column` on, broken before HELP_COLUMNS; following lines begin at `indent`.
static void print_wrapped(const char *text, int column, int indent, FILE *stream) {
    while (*text != '\0') {
        const int length = (int)strcspn(text, " ");
        if (column + length > HELP_COLUMNS && column > indent) {
            (void)fprintf(stream, "\n%*s", indent, "");
            column = indent;
        }
        (void)fprintf(stream, "%.*s", length, text);
        column += length + 1;
        text += length;
        if (*text == ' ') {
            text++;
            (void)fputs(column + (int)strcspn(text, " ") > HELP_COLUMNS ? "" : " ", stream);
        }
    }
    (void)fputc('\n', stream);
}

static void print_entry(const char *name, const char *description, FILE *stream) {
    static const int margin = 2;
    (void)fprintf(stream, "%*s%-*s", margin, "", DESCRIPTION_COLUMN - margin, name);
    if ((int)strlen(name) + 2 * margin > DESCRIPTION_COLUMN) { // too long to stand beside its description
        (void)fprintf(stream, "\n%*s", DESCRIPTION_COLUMN, "");
    }
    print_wrapped(description, DESCRIPTION_COLUMN, DESCRIPTION_COLUMN, stream);
}

static void print_option(const cli_option *option, FILE *stream) {
    char name[80];
    char letter[8] = "    ";
    if (option->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    (void)snprintf(name, sizeof name, "%s%s%s%s", letter, option->name, option->argument == NULL ? "" : " ",
                   option->argument == NULL ? "" : option->argument);
    print_entry(name, option->description, stream);
}

void print_command_help(const cli_command *command, FILE *stream) {
    (void)fprintf(stream, "Usage: gansweep %s", command->name);
    for (int i = 0; i < MAX_OPERANDS && command->operands[i] != NULL; i++) {
        (void)fprintf(stream, " %s", command->operands[i]);
    }
    (void)fputs(command->repeats ? "..." : "", stream);
    (void)fprintf(stream, "%s\n\n", command->option_count > 0 ? " [OPTIONS]" : "");
    print_wrapped(command->description, 0, 0, stream);
    (void)fprintf(stream, "\nOptions:\n");
    for (int i = 0; i < command->option_count; i++) {
        print_option(&command->options[i], stream);
    }
    const cli_option help = {.name = "--help", .letter = 'h', .description = "show this help"};
    print_option(&help, stream);
    (void)fprintf(stream, "\nExamples:\n%s", command->examples);
}

void print_program_help(const cli_command *const *commands, FILE *stream) {
    (void)fprintf(stream, "Usage: gansweep SUBCOMMAND ...\n\n");
    print_wrapped("Trains very many small GANs as one designed experiment, checks every trained generator's covariance "
                  "against the truth, and keeps losses, parameters and samples in one HDF5 file.",
                  0, 0, stream);
    (void)fprintf(stream, "\nSubcommands:\n");
    for (int i = 0; commands[i] != NULL; i++) {
        print_entry(commands[i]->name, commands[i]->summary, stream);
    }
    (void)fprintf(stream, "\nOptions:\n");
    print_entry("-h, --help", "show this help; 'gansweep SUBCOMMAND --help' shows a subcommand's", stream);
    print_entry("--version", "show the version", stream);
    (void)fprintf(stream, "\nExit codes: 0 success, 1 a failure while running, 2 a bad command line or experiment,\n"
                          "3 a missing, damaged or foreign results file, 128 + signal when interrupted.\n"
                          "\nExamples:\n"
                          "  gansweep run experiments/d2l.yaml           train 1,000 GANs into d2l.h5\n"
                          "  gansweep report d2l.h5                      what they show\n"
                          "  gansweep show d2l.h5 17                     one of them\n");
}
