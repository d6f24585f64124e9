/// Any words as a command line: the program's own main() with its own subcommands, which only read. What they would do
/// then never happens: the linker puts a function of this file in the place of read_arguments() (--wrap), which
/// calls it, looks at what it has read, and refuses in any case, so that every subcommand returns.
///
/// The input is the words, one a line; a NUL, which no argument can have, stands for a line break within a word.
#include <string.h>

#include "cli/command.h"
#include "fuzz.h"

enum { MOST_WORDS = 64 };

static const char stopped[] = "read, and not done";

static size_t value_size(option_kind kind) {
    switch (kind) {
    case OPTION_FLAG:
        return sizeof(bool);
    case OPTION_TEXT:
        return sizeof(char *);
    case OPTION_TEXTS:
        return sizeof(text_list);
    case OPTION_INTEGER:
    case OPTION_CHOICE:
        return sizeof(int);
    case OPTION_SECONDS:
        return sizeof(double);
    }
    abort();
}

/// Offset behind the last value that may be stored: the subcommand's struct has at least this size.
static size_t values_end(const cli_command *command) {
    size_t end = command->repeats ? command->repeated + sizeof(text_list) : 0;
    for (int i = 0; i < command->option_count; i++) {
        const size_t value_end = command->options[i].offset + value_size(command->options[i].kind);
        end = value_end > end ? value_end : end;
    }
    return end;
}

/// The --set arguments of a command line with an experiment to set them in.
static void set(const text_list *settings) {
    static const char text[] = "data: {A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
                               "parameters: {seed: {range: [1, 10]}}\n"
                               "zip: {batch_size: [8, 16], epochs: [1, 2]}\n";
    gs_experiment *experiment = NULL;
    gs_error error = {""};
    if (gs_experiment_parse(text, strlen(text), "file.yaml", settings->texts, settings->count, &experiment, &error) !=
        GS_OK) {
        fuzz_require_one_line(error.message);
    }
    gs_experiment_free(experiment);
}

/// Whether a value is the option's preset or one that it allows.
static void check_value(const cli_option *option, const char *preset, const char *value) {
    text_list texts;
    int integer, preset_integer;
    double seconds;
    switch (option->kind) {
    case OPTION_INTEGER:
    case OPTION_CHOICE:
        memcpy(&integer, value + option->offset, sizeof integer);
        memcpy(&preset_integer, preset + option->offset, sizeof preset_integer);
        fuzz_require(integer == preset_integer ||
                         (option->kind == OPTION_CHOICE ? integer >= 0 && integer < option->choice_count
                                                        : integer >= option->smallest && integer <= option->largest),
                     "a number is in its range");
        break;
    case OPTION_SECONDS:
        memcpy(&seconds, value + option->offset, sizeof seconds);
        fuzz_require(seconds == seconds && seconds <= 1e9, "seconds are a number");
        break;
    case OPTION_TEXTS:
        memcpy(&texts, value + option->offset, sizeof texts);
        for (int i = 0; i < texts.count; i++) {
            fuzz_require(texts.texts[i] != NULL, "a text that was given is there");
        }
        set(&texts);
        break;
    default:
        break;
    }
}

/// An operand that may be repeated is in its list, all of it.
static void check_repeated(const cli_command *command, const char *options, const char **operands) {
    text_list list;
    int last = 0;
    memcpy(&list, options + command->repeated, sizeof list);
    while (last + 1 < MAX_OPERANDS && command->operands[last + 1] != NULL) {
        last++;
    }
    fuzz_require(list.count >= 1 && list.texts[0] == operands[last], "a repeated operand begins its list");
    for (int i = 0; i < list.count; i++) {
        fuzz_require(list.texts[i] != NULL, "an operand that was given is there");
    }
}

gs_status __real_read_arguments(const cli_command *command, int argument_count, char **arguments, void *options,
                                const char **operands, gs_error *error);
gs_status __wrap_read_arguments(const cli_command *command, int argument_count, char **arguments, void *options,
                                const char **operands, gs_error *error);

gs_status __wrap_read_arguments(const cli_command *command, int argument_count, char **arguments, void *options,
                                const char **operands, gs_error *error) {
    const size_t size = values_end(command);
    char *const preset = fuzz_allocate(size);
    if (size > 0) {
        memcpy(preset, options, size);
    }
    const gs_status status = __real_read_arguments(command, argument_count, arguments, options, operands, error);
    if (status == GS_OK) {
        for (int i = 0; i < MAX_OPERANDS; i++) {
            fuzz_require((operands[i] == NULL) == (command->operands[i] == NULL), "operands are as many as named");
        }
        for (int i = 0; i < command->option_count; i++) {
            check_value(&command->options[i], preset, options);
        }
        if (command->repeats) {
            check_repeated(command, options, operands);
        }
    } else {
        fuzz_require(status == GS_ERROR_INPUT, "a bad command line is refused as an input");
        fuzz_require_one_line(error->message);
    }
    free(preset);
    return status == GS_OK ? gs_fail(error, GS_ERROR_INPUT, "%s", stopped) : status;
}

/// A word in quotes reads back as itself.
static void check_quoted(const char *word) {
    char *const quoted = shell_quoted(word);
    fuzz_require(quoted != NULL, "a word can be quoted");
    bool within = false;
    for (const char *c = quoted; *c != '\0'; c++) {
        if (*c == '\'') {
            within = !within;
        } else {
            fuzz_require(within || strchr(" \t\n;&|<>()$`\"*?[#~!{}", *c) == NULL, "a shell sees one word");
            c += !within && *c == '\\';
            fuzz_require(*c == *word++, "a quoted word reads back");
        }
    }
    fuzz_require(!within && *word == '\0', "a quoted word reads back whole");
    free(quoted);
}

// main() of src/cli/main.c, by the name that the build gives it
int gansweep_main(int count, char **arguments);

/// The whole program, with what it prints caught. GNU's `stdout` and `stderr` are variables.
static void call_main(int count, char **arguments) {
    char *printed = NULL, *said = NULL;
    size_t printed_length, said_length;
    FILE *const out = open_memstream(&printed, &printed_length), *const err = open_memstream(&said, &said_length);
    fuzz_require(out != NULL && err != NULL, "the fuzzer has memory");
    FILE *const before[] = {stdout, stderr};
    stdout = out;
    stderr = err;
    const int code = gansweep_main(count, arguments);
    stdout = before[0];
    stderr = before[1];
    fuzz_require(fclose(out) == 0 && fclose(err) == 0, "the fuzzer has memory");
    if (code == GS_OK) {
        fuzz_require(printed_length > 0 && said_length == 0, "help and version are printed");
    } else {
        fuzz_require(code == GS_ERROR_INPUT && printed_length == 0, "a bad command line prints nothing");
        fuzz_require(said_length > 0 && said[said_length - 1] == '\n', "a bad command line is answered by a line");
        said[said_length - 1] = '\0';
        fuzz_require(strlen(said) == said_length - 1, "a line has no NUL");
        fuzz_require_one_line(said);
    }
    free(printed);
    free(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    static const cli_command *const commands[] = {
        &run_command,  &resume_command, &verify_command,    &merge_command, &report_command,
        &show_command, &list_command,   &published_command, &view_command,  &bench_command,
        NULL};
    char *const text = fuzz_allocate(size + 1);
    char *words[MOST_WORDS + 2] = {(char[]){"gansweep"}};
    int count = 1;
    if (size > 0) {
        memcpy(text, input, size);
    }
    text[size] = '\0';
    if (size > 0 && text[size - 1] == '\n') {
        text[--size] = '\0'; // an editor's last line break is not meant
    }
    for (size_t i = 0; i < size; i++) {
        text[i] = text[i] == '\n' ? '\0' : text[i] == '\0' ? '\n' : text[i];
    }
    for (char *word = text; count <= MOST_WORDS && word < text + size; word += strlen(word) + 1) {
        words[count++] = word;
        check_quoted(word);
    }
    call_main(count, words);
    // every subcommand, whatever the first word is
    for (int i = 0; commands[i] != NULL; i++) {
        gs_error error = {""};
        fuzz_require(commands[i]->run(count - 1, words + 1, &error) == GS_ERROR_INPUT, "nothing is done");
    }
    free(text);
    return 0;
}
