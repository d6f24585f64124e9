/// Fills gs_error: the one place where a message is made.
#include "gansweep/error.h"

#include <stdarg.h>
#include <stdio.h>

gs_status gs_fail(gs_error *error, gs_status status, const char *format, ...) {
    if (error == NULL) {
        return status;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    for (unsigned char *c = (unsigned char *)error->message; *c != '\0'; c++) {
        if (*c < 0x20 || *c == 0x7f) {
            *c = '?';
        } else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) { // U+0080 ... U+009F, which terminals obey too
            c[0] = c[1] = '?';
        }
    }
    return status;
}
