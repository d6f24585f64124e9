#include "report/part.h"

#include <stdio.h>

#include "numeric/format.h"

char *gs_part_text(gs_trial_range part, int64_t of, char text[GS_PART_TEXT]) {
    char first[GS_FORMAT_BYTES], last[GS_FORMAT_BYTES], all[GS_FORMAT_BYTES];
    text[0] = '\0';
    if (part.count < of) {
        (void)snprintf(text, GS_PART_TEXT, " (%s to %s of %s)", gs_format_count(part.first, first),
                       gs_format_count(part.first + part.count - 1, last), gs_format_count(of, all));
    }
    return text;
}
