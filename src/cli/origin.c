#include "cli/origin.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"

/// The command as a shell reads it; NULL when out of memory.
static char *command_line(const char *subcommand, int count, char **arguments) {
    char *line = NULL;
    size_t length;
    FILE *stream = open_memstream(&line, &length);
    if (stream == NULL) {
        return NULL;
    }
    (void)fprintf(stream, "gansweep %s", subcommand);
    for (int i = 0; i < count; i++) {
        char *quoted = shell_quoted(arguments[i]);
        (void)fprintf(stream, " %s", quoted == NULL ? "?" : quoted);
        free(quoted);
    }
    return fclose(stream) == 0 ? line : NULL;
}

void begin_origin(const char *subcommand, int count, char **arguments, file_origin *origin) {
    *origin = (file_origin){.command_line = command_line(subcommand, count, arguments)};
    (void)gethostname(origin->host, sizeof origin->host - 1);
    origin->provenance = (gs_provenance){
        .version = GANSWEEP_VERSION,
#ifdef __clang__
        .compiler = __VERSION__,
#else
        .compiler = "gcc " __VERSION__,
#endif
        .command_line = origin->command_line == NULL ? "" : origin->command_line,
        .host = origin->host,
    };
}

void end_origin(file_origin *origin) {
    free(origin->command_line);
}
