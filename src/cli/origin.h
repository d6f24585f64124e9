/// What a new results file says of the program that made it.
#ifndef CLI_ORIGIN_H
#define CLI_ORIGIN_H

#include "gansweep/store.h"

enum { HOST_BYTES = 256 };

typedef struct {
    char host[HOST_BYTES];
    char *command_line;       ///< as a shell reads it; NULL when out of memory
    gs_provenance provenance; ///< version, compiler, command line and host; of these two it has pointers
} file_origin;

/// @param arguments  [count] as typed behind the subcommand's name
/// @param origin  not to be moved; to be ended with end_origin()
void begin_origin(const char *subcommand, int count, char **arguments, file_origin *origin);
void end_origin(file_origin *origin);

#endif
