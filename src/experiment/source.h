/// An experiment's text as bytes: read without trusting the path, and known to be UTF-8 before anything parses it.
#ifndef GANSWEEP_EXPERIMENT_SOURCE_H
#define GANSWEEP_EXPERIMENT_SOURCE_H

#include <stddef.h>

#include "gansweep/error.h"

/// Largest experiment that is read.
enum { MAX_SOURCE_BYTES = 1 << 20 };

/// Reads a regular file of at most MAX_SOURCE_BYTES; never blocks on a FIFO or a device.
/// @param text  on success the caller frees *text, which is NUL-terminated
gs_status gs_source_read(const char *path, char **text, size_t *length, gs_error *error);

/// Checks that a text is UTF-8 without NUL, and not too long.
gs_status gs_source_check(const char *file, const char *text, size_t length, gs_error *error);

/// Bytes of a UTF-8 byte order mark at the beginning: 0 or 3.
size_t gs_source_mark_length(const char *text, size_t length);

#endif
