#include "experiment/place.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/// Characters of a path that a message shows: its end says most.
enum { PATH_SHOWN = 400 };

gs_status gs_fail_at(gs_error *error, place at, const char *key, const char *format, ...) {
    char message[800];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);

    char position[32] = "";
    if (at.line > 0) {
        (void)snprintf(position, sizeof position, ":%d:%d", at.line, at.column);
    }
    const size_t length = strlen(at.file);
    const char *const shown = length > PATH_SHOWN ? at.file + (length - PATH_SHOWN) : at.file;
    return gs_fail(error, GS_ERROR_INPUT, "%s%s%s: %s%s%s", shown == at.file ? "" : "...", shown, position,
                   key == NULL ? "" : key, key == NULL ? "" : ": ", message);
}

excerpt gs_excerpt_of(const char *text) {
    static const char dots[] = "...";
    excerpt result;
    const size_t room = sizeof result.text - sizeof dots;
    size_t length = strlen(text);
    bool cut = false;
    if (length > room) {
        length = room;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
            length--;
        }
        cut = true;
    }
    memcpy(result.text, text, length);
    memcpy(result.text + length, cut ? dots : "", cut ? sizeof dots : 1);
    for (unsigned char *c = (unsigned char *)result.text; *c != '\0'; c++) {
        // ASCII controls, and U+0080 ... U+009F, which terminals obey too
        if (*c < 0x20 || *c == 0x7f) {
            *c = '?';
        } else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
            c[0] = c[1] = '?';
        }
    }
    return result;
}
