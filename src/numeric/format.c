#include "numeric/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_OF_A_GROUP = 3, SHORTEST_DIGITS = 15, EXACT_DIGITS = 17 };

char *gs_format_count(int64_t count, char text[GS_FORMAT_BYTES]) {
    char digits[GS_FORMAT_BYTES];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    char *to = text;
    for (int i = 0; i < length; i++) {
        *to++ = digits[i];
        const int left = length - 1 - i;
        if (left > 0 && left % DIGITS_OF_A_GROUP == 0 && digits[i] != '-') {
            *to++ = ',';
        }
    }
    *to = '\0';
    return text;
}

char *gs_format_rate(double rate, char text[GS_FORMAT_BYTES]) {
    static const double FEWEST_AS_A_COUNT = 10;
    if (rate >= FEWEST_AS_A_COUNT) {
        return gs_format_count((int64_t)(rate + 0.5), text);
    }
    (void)snprintf(text, GS_FORMAT_BYTES, "%.2g", rate);
    return text;
}

char *gs_format_bytes(double bytes, char text[GS_FORMAT_BYTES]) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    (void)snprintf(text, GS_FORMAT_BYTES, "%.3g %s", bytes, units[unit]);
    return text;
}

char *gs_format_duration(double seconds, char text[GS_FORMAT_BYTES]) {
    static const double MINUTE = 60, HOUR = 3600, DAY = 86400, YEAR = 365.25 * 86400;
    if (!(seconds < 1000 * YEAR)) {
        (void)snprintf(text, GS_FORMAT_BYTES, "over 1,000 years");
    } else if (seconds >= 2 * YEAR) {
        (void)snprintf(text, GS_FORMAT_BYTES, "%.0f years", seconds / YEAR);
    } else if (seconds >= 3 * DAY) {
        (void)snprintf(text, GS_FORMAT_BYTES, "%.0f days", seconds / DAY);
    } else if (seconds >= HOUR) {
        const long minutes = (long)(seconds / MINUTE + 0.5);
        (void)snprintf(text, GS_FORMAT_BYTES, "%ld h %02ld min", minutes / 60, minutes % 60);
    } else if (seconds >= 2 * MINUTE) {
        const long whole = (long)(seconds + 0.5);
        (void)snprintf(text, GS_FORMAT_BYTES, "%ld min %02ld s", whole / 60, whole % 60);
    } else if (seconds >= 0.0995) {
        (void)snprintf(text, GS_FORMAT_BYTES, seconds < 9.95 ? "%.1f s" : "%.0f s", seconds);
    } else {
        (void)snprintf(text, GS_FORMAT_BYTES, "%.0f ms", 1000 * seconds);
    }
    return text;
}

char *gs_format_number(double value, int decimals, char text[GS_FORMAT_BYTES]) {
    static const double LONGEST_FIXED = 1e4;
    const double smallest_shown = 0.5 * pow(10, -decimals);
    if (isnan(value)) {
        (void)snprintf(text, GS_FORMAT_BYTES, "-");
        return text;
    }
    const double size = fabs(value);
    if (size >= LONGEST_FIXED || (size > 0 && size < smallest_shown)) {
        (void)snprintf(text, GS_FORMAT_BYTES, "%.2e", value);
    } else {
        (void)snprintf(text, GS_FORMAT_BYTES, "%.*f", decimals, value);
    }
    return text;
}

char *gs_format_share(double share, char text[GS_FORMAT_BYTES]) {
    static const double NEARLY_ALL = 0.9995, NEARLY_NONE = 0.0005;
    if (isnan(share)) {
        (void)snprintf(text, GS_FORMAT_BYTES, "-");
        return text;
    }
    if (share < 1 && share >= NEARLY_ALL) {
        (void)snprintf(text, GS_FORMAT_BYTES, "> 99.9 %%");
        return text;
    }
    if (share > 0 && share < NEARLY_NONE) {
        (void)snprintf(text, GS_FORMAT_BYTES, "< 0.1 %%");
        return text;
    }
    (void)snprintf(text, GS_FORMAT_BYTES, "%.1f %%", 100 * share);
    return text;
}

char *gs_format_join(char *text, size_t room, const char *separator, const char *word) {
    static const char CUT[] = "...";
    const size_t used = strlen(text);
    const int added = snprintf(text + used, room - used, "%s%s", used > 0 ? separator : "", word);
    if (used + (size_t)added >= room) {
        memcpy(text + room - sizeof CUT, CUT, sizeof CUT);
    }
    return text;
}

char *gs_format_exact(double value, char text[GS_FORMAT_BYTES]) {
    if (isnan(value)) {
        (void)snprintf(text, GS_FORMAT_BYTES, "nan");
        return text;
    }
    for (int digits = SHORTEST_DIGITS; digits <= EXACT_DIGITS; digits++) {
        (void)snprintf(text, GS_FORMAT_BYTES, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    return text;
}
