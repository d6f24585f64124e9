/// Short transfers and interruptions are not failures.
#include "store/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 64 << 20 }; ///< bytes that are sent to the disk at a time

bool gs_write_at(int file, const void *bytes, size_t count, int64_t address) {
    const char *from = bytes;
    while (count > 0) {
        const ssize_t written = pwrite(file, from, count, address);
        if (written > 0) {
            from += written;
            address += written;
            count -= (size_t)written;
        } else if (written == 0) {
            errno = EIO; // a disk that takes nothing and says nothing: never loop on it
            return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool gs_read_at(int file, void *bytes, size_t count, int64_t address) {
    char *into = bytes;
    while (count > 0) {
        const ssize_t got = pread(file, into, count, address);
        if (got > 0) {
            into += got;
            address += got;
            count -= (size_t)got;
        } else if (got == 0) {
            errno = 0;
            return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

const char *gs_read_failure(void) {
    return errno == 0 ? "it is truncated" : strerror(errno);
}

/// A failure of the disk is reported once, so it must be believed here: a later sync may not know of it.
static bool succeeded_or_unsupported(int result) {
    return result == 0 || errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP || errno == ESPIPE;
}

bool gs_begin_sync(int file, int64_t begin, int64_t end) {
    return begin == end || succeeded_or_unsupported(sync_file_range(file, begin, end - begin, SYNC_FILE_RANGE_WRITE));
}

bool gs_await_sync(int file, int64_t begin, int64_t end) {
    const unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return begin == end || succeeded_or_unsupported(sync_file_range(file, begin, end - begin, all));
}

bool gs_stream_write(gs_stream *stream, const void *bytes, size_t count, int64_t address) {
    const int64_t end = address + (int64_t)count;
    if (!gs_write_at(stream->file, bytes, count, address)) {
        return false;
    }
    if (end - stream->sent < WINDOW) {
        return true;
    }
    const int64_t before = stream->sent - stream->dropped;
    if (!gs_begin_sync(stream->file, stream->sent, end) ||
        !gs_await_sync(stream->file, stream->dropped, stream->sent)) {
        return false;
    }
    if (before > 0) {
        (void)posix_fadvise(stream->file, stream->dropped, before, POSIX_FADV_DONTNEED);
    }
    stream->dropped = stream->sent;
    stream->sent = end;
    return true;
}
