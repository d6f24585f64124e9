/// Numbers as people read them. Every function writes into `text` and returns it.
#ifndef GANSWEEP_NUMERIC_FORMAT_H
#define GANSWEEP_NUMERIC_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { GS_FORMAT_BYTES = 32 };

/// 1234567 -> "1,234,567"
char *gs_format_count(int64_t count, char text[GS_FORMAT_BYTES]);
/// 2940.3 -> "2,940", 0.312 -> "0.31": a speed, to two digits below 10
char *gs_format_rate(double rate, char text[GS_FORMAT_BYTES]);
/// 3145728 -> "3.15 MB" (powers of 1000)
char *gs_format_bytes(double bytes, char text[GS_FORMAT_BYTES]);
/// 0.5 -> "0.5 s", 4000 -> "1 h 07 min", 1e7 -> "115 days"
char *gs_format_duration(double seconds, char text[GS_FORMAT_BYTES]);
/// Fixed decimals, or three digits and an exponent where those would be long; "-" for NaN, "inf", "-inf".
char *gs_format_number(double value, int decimals, char text[GS_FORMAT_BYTES]);
/// 0.7556 -> "75.6 %"; "-" for NaN. Never 100.0 or 0.0 for a share that is neither.
char *gs_format_share(double share, char text[GS_FORMAT_BYTES]);
/// Adds a word to a list: "8", then "8 & 32". A list that is longer than its room ends with "...", and takes no more.
/// @param room  bytes of the text, at least 4
char *gs_format_join(char *text, size_t room, const char *separator, const char *word);
/// The shortest decimal that reads back as the same double; "nan", "inf", "-inf".
char *gs_format_exact(double value, char text[GS_FORMAT_BYTES]);

#endif
