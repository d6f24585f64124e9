/// Reading and writing at an address of a file, whole or not at all.
#ifndef GANSWEEP_STORE_IO_H
#define GANSWEEP_STORE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// pwrite until every byte is written.
/// @return false with errno
bool gs_write_at(int file, const void *bytes, size_t count, int64_t address);

/// pread until every byte is read.
/// @return false with errno, which is 0 when the file ends before
bool gs_read_at(int file, void *bytes, size_t count, int64_t address);

/// Why gs_read_at failed just now: "it is truncated", or the system's reason.
const char *gs_read_failure(void);

/// Writing of much more than fits in memory, from low to high addresses: what lies behind is sent to the disk and
/// dropped from memory as one goes, several times faster than leaving it all to one sync at the end. That is still
/// needed.
typedef struct {
    int file;
    int64_t sent;    ///< the system was told to write what lies before this address
    int64_t dropped; ///< and has written, and forgotten, what lies before this one
} gs_stream;

/// @return false with errno
bool gs_stream_write(gs_stream *stream, const void *bytes, size_t count, int64_t address);

#endif
