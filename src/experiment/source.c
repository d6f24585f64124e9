#include "experiment/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/place.h"

/// What a path leads to, for a message; NULL for a regular file.
static const char *irregular_kind(mode_t mode) {
    if (S_ISREG(mode)) {
        return NULL;
    }
    return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/// Reads from `descriptor` until its end or until `capacity` bytes are there. @return bytes, or -1 with errno
static ssize_t read_fully(int descriptor, char *into, size_t capacity) {
    size_t length = 0;
    while (length < capacity) {
        const ssize_t got = read(descriptor, into + length, capacity - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static gs_status fail_too_long(place file, gs_error *error) {
    return gs_fail_at(error, file, NULL, "is longer than %d bytes, expected an experiment file of at most 1 MiB",
                      MAX_SOURCE_BYTES);
}

gs_status gs_source_read(const char *path, char **text, size_t *length, gs_error *error) {
    const place file = {.file = path};
    gs_status status = GS_OK;
    char *buffer = NULL;
    // O_NONBLOCK: a FIFO without a writer would wait for ever
    const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0) {
        return gs_fail_at(error, file, NULL, "can't be opened (%s), expected an experiment file", strerror(errno));
    }
    struct stat facts;
    if (fstat(descriptor, &facts) != 0) {
        status = gs_fail_at(error, file, NULL, "can't be examined (%s), expected an experiment file", strerror(errno));
        goto done;
    }
    const char *const kind = irregular_kind(facts.st_mode);
    if (kind != NULL) {
        status = gs_fail_at(error, file, NULL, "is %s, expected an experiment file", kind);
        goto done;
    }
    if (facts.st_size > MAX_SOURCE_BYTES) {
        status = fail_too_long(file, error);
        goto done;
    }
    buffer = malloc(MAX_SOURCE_BYTES + 2);
    if (buffer == NULL) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory while reading %s", path);
        goto done;
    }
    // one byte more than allowed, in case the file has grown or says nothing of its size
    const ssize_t got = read_fully(descriptor, buffer, MAX_SOURCE_BYTES + 1);
    if (got < 0) {
        status = gs_fail_at(error, file, NULL, "can't be read (%s), expected an experiment file", strerror(errno));
        goto done;
    }
    if (got > MAX_SOURCE_BYTES) {
        status = fail_too_long(file, error);
        goto done;
    }
    buffer[got] = '\0';
    *text = buffer;
    *length = (size_t)got;
    buffer = NULL;
done:
    free(buffer);
    (void)close(descriptor);
    return status;
}

size_t gs_source_mark_length(const char *text, size_t length) {
    static const char mark[] = "\xef\xbb\xbf";
    const size_t mark_length = sizeof mark - 1;
    return length >= mark_length && memcmp(text, mark, mark_length) == 0 ? mark_length : 0;
}

/// Bytes of the UTF-8 character at `c`, 1 ... 4; 0 if it is none. Overlong forms, surrogates and anything past U+10FFFF
/// are none (RFC 3629).
static size_t character_length(const unsigned char *c, size_t left) {
    if (c[0] < 0x80) {
        return 1;
    }
    const size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || left < length) {
        return 0;
    }
    const unsigned char low = c[0] == 0xe0 ? 0xa0 : c[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = c[0] == 0xed ? 0x9f : c[0] == 0xf4 ? 0x8f : 0xbf;
    if (c[1] < low || c[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (c[i] < 0x80 || c[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

gs_status gs_source_check(const char *file, const char *text, size_t length, gs_error *error) {
    const unsigned char *const bytes = (const unsigned char *)text;
    place at = {.file = file, .line = 1, .column = 1};
    if (length > MAX_SOURCE_BYTES) {
        return fail_too_long((place){.file = file}, error);
    }
    if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        return gs_fail_at(error, at, NULL, "is UTF-16, expected UTF-8");
    }
    for (size_t i = gs_source_mark_length(text, length); i < length;) {
        const size_t bytes_here = character_length(bytes + i, length - i);
        if (bytes_here == 0) {
            return gs_fail_at(error, at, NULL, "byte 0x%02x is not UTF-8, expected UTF-8 text", bytes[i]);
        }
        if (bytes[i] == 0) {
            return gs_fail_at(error, at, NULL, "a NUL byte, expected UTF-8 text");
        }
        if (bytes[i] == '\n') {
            at.line++;
            at.column = 1;
        } else {
            at.column++;
        }
        i += bytes_here;
    }
    return GS_OK;
}
