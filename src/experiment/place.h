/// Where something stands that may be wrong, and the one-line messages that say so.
#ifndef GANSWEEP_EXPERIMENT_PLACE_H
#define GANSWEEP_EXPERIMENT_PLACE_H

#include <stddef.h>

#include "gansweep/error.h"

/// A place in an experiment file, or a whole file or --set argument when `line` is 0.
typedef struct {
    const char *file; ///< path, or "--set lr_D=0.1"
    int line, column; ///< from 1, in characters
} place;

/// Fills `error` with "file:line:column: key: message" and returns GS_ERROR_INPUT. `key` may be NULL.
gs_status gs_fail_at(gs_error *error, place at, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/// A piece of somebody else's text, short and harmless enough to be quoted in a message.
typedef struct {
    char text[48];
} excerpt;

/// The text itself, or its beginning and "..." ; control characters become '?'. Never cuts a UTF-8 character in two.
excerpt gs_excerpt_of(const char *text);

#endif
