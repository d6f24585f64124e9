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

/// Tells the system to begin writing bytes [begin, end) to the disk, and does not wait.
/// @return false with errno, which tells of a failure that a later sync may not know of
bool gs_begin_sync(int file, int64_t begin, int64_t end);

/// Waits until they are written. A sync is still needed.
/// @return false with errno
bool gs_await_sync(int file, int64_t begin, int64_t end);

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
