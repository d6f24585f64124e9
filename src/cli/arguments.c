#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "experiment/names.h"

static const double MOST_SECONDS = 1e9;

/// What read_arguments() is in the middle of.
typedef struct {
    const cli_command *command;
    int count, next;
    char **arguments;
    char *options; ///< the subcommand's struct
    gs_error *error;
} argument_reading;

static gs_status unknown_option(const argument_reading *reading, const char *given) {
    name_list known = {.count = 0};
    for (int i = 0; i < reading->command->option_count; i++) {
        gs_names_add(&known, reading->command->options[i].name);
    }
    gs_names_add(&known, "--help");
    const name_advice advice = gs_names_advise(&known, given);
    return gs_fail(reading->error, GS_ERROR_INPUT, "unknown option '%.100s': %s", given, advice.text);
}

static gs_status set_integer(const argument_reading *reading, const cli_option *option, const char *value) {
    char *end;
    errno = 0;
    const long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || number < option->smallest || number > option->largest) {
        return gs_fail(reading->error, GS_ERROR_INPUT, "%s: '%.100s' is not an integer from %d to %d", option->name,
                       value, option->smallest, option->largest);
    }
    const int integer = (int)number;
    memcpy(reading->options + option->offset, &integer, sizeof integer);
    return GS_OK;
}

static gs_status set_seconds(const argument_reading *reading, const cli_option *option, const char *value) {
    char *end;
    const double seconds = strtod(value, &end);
    if (end == value || *end != '\0' || !(seconds >= 0 && seconds <= MOST_SECONDS)) {
        return gs_fail(reading->error, GS_ERROR_INPUT, "%s: '%.100s' is not a number of seconds from 0 to %g",
                       option->name, value, MOST_SECONDS);
    }
    memcpy(reading->options + option->offset, &seconds, sizeof seconds);
    return GS_OK;
}

static gs_status set_choice(const argument_reading *reading, const cli_option *option, const char *value) {
    name_list known = {.count = 0};
    for (int i = 0; i < option->choice_count; i++) {
        gs_names_add(&known, option->choices[i]);
    }
    const int chosen = gs_names_find(&known, value);
    if (chosen < 0) {
        const name_advice advice = gs_names_advise(&known, value);
        return gs_fail(reading->error, GS_ERROR_INPUT, "%s: unknown '%.100s': %s", option->name, value, advice.text);
    }
    memcpy(reading->options + option->offset, &chosen, sizeof chosen);
    return GS_OK;
}

static gs_status add_text(const argument_reading *reading, size_t offset, const char *value) {
    text_list *list = (void *)(reading->options + offset);
    if (list->texts == NULL) {
        list->texts = calloc((size_t)reading->count, sizeof *list->texts);
        if (list->texts == NULL) {
            return gs_fail(reading->error, GS_ERROR_RUN, "out of memory for the command line");
        }
    }
    list->texts[list->count++] = value;
    return GS_OK;
}

static gs_status set_option(const argument_reading *reading, const cli_option *option, const char *value) {
    switch (option->kind) {
    case OPTION_INTEGER:
        return set_integer(reading, option, value);
    case OPTION_SECONDS:
        return set_seconds(reading, option, value);
    case OPTION_CHOICE:
        return set_choice(reading, option, value);
    case OPTION_TEXTS:
        return add_text(reading, option->offset, value);
    default:
        memcpy(reading->options + option->offset, &value, sizeof value);
        return GS_OK;
    }
}

/// The option that an argument names, and where its value stands in the same argument (NULL: in the next one).
static const cli_option *find_option(const argument_reading *reading, const char *argument, const char **value) {
    const bool is_long = argument[1] == '-';
    const size_t length = is_long ? strcspn(argument, "=") : 2;
    *value = argument[length] == '\0' ? NULL : argument + length + (is_long ? 1 : 0);
    for (int i = 0; i < reading->command->option_count; i++) {
        const cli_option *option = &reading->command->options[i];
        const bool same = is_long ? strlen(option->name) == length && strncmp(option->name, argument, length) == 0
                                  : option->letter == argument[1];
        if (same) {
            return option;
        }
    }
    return NULL;
}

static gs_status read_option(argument_reading *reading, const char *argument) {
    const char *value;
    const cli_option *option = find_option(reading, argument, &value);
    if (option == NULL) {
        return unknown_option(reading, argument);
    }
    if (option->kind == OPTION_FLAG) {
        if (value != NULL) {
            return gs_fail(reading->error, GS_ERROR_INPUT, "%s takes no value", option->name);
        }
        const bool given = true;
        memcpy(reading->options + option->offset, &given, sizeof given);
        return GS_OK;
    }
    if (value == NULL) {
        if (reading->next == reading->count) {
            return gs_fail(reading->error, GS_ERROR_INPUT, "%s: a value was expected: %s %s", option->name,
                           option->name, option->argument);
        }
        value = reading->arguments[reading->next++];
    }
    return set_option(reading, option, value);
}

/// Takes an operand; one that is repeated is kept in its list, too.
static gs_status read_operand(const argument_reading *reading, const char *argument, int *given,
                              const char **operands) {
    const cli_command *command = reading->command;
    const bool is_last = *given == MAX_OPERANDS || command->operands[*given] == NULL;
    if (is_last && !command->repeats) {
        return gs_fail(reading->error, GS_ERROR_INPUT, "unexpected '%.200s'; see gansweep %s --help", argument,
                       command->name);
    }
    if (!is_last) {
        operands[(*given)++] = argument;
    }
    const bool repeated = command->repeats && (*given == MAX_OPERANDS || command->operands[*given] == NULL);
    return repeated ? add_text(reading, command->repeated, argument) : GS_OK;
}

gs_status read_arguments(const cli_command *command, int argument_count, char **arguments, void *options,
                         const char **operands, gs_error *error) {
    argument_reading reading = {
        .command = command, .count = argument_count, .arguments = arguments, .options = options, .error = error};
    int given = 0;
    bool only_operands = false;
    while (reading.next < argument_count) {
        const char *argument = arguments[reading.next++];
        if (!only_operands && strcmp(argument, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argument[0] == '-' && argument[1] != '\0') {
            const gs_status status = read_option(&reading, argument);
            if (status != GS_OK) {
                return status;
            }
        } else {
            const gs_status status = read_operand(&reading, argument, &given, operands);
            if (status != GS_OK) {
                return status;
            }
        }
    }
    if (given < MAX_OPERANDS && command->operands[given] != NULL) {
        return gs_fail(error, GS_ERROR_INPUT, "%s was expected; see gansweep %s --help", command->operands[given],
                       command->name);
    }
    return GS_OK;
}

gs_status check_isa(int isa, gs_error *error) {
    return gs_isa_available((gs_isa)isa)
               ? GS_OK
               : gs_fail(error, GS_ERROR_INPUT, "--isa: this processor has no %s; the best it has is %s",
                         gs_isa_names[isa], gs_isa_names[gs_isa_best()]);
}

char *shell_quoted(const char *text) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
    const size_t length = strlen(text);
    if (length > 0 && strspn(text, plain) == length) {
        return strdup(text);
    }
    char *quoted = NULL;
    size_t quoted_length;
    FILE *stream = open_memstream(&quoted, &quoted_length);
    if (stream == NULL) {
        return NULL;
    }
    (void)fputc('\'', stream);
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            (void)fputs("'\\''", stream);
        } else {
            (void)fputc(*text, stream);
        }
    }
    (void)fputc('\'', stream);
    return fclose(stream) == 0 ? quoted : NULL;
}
