/// What a stream can show.
#ifndef REPORT_SCREEN_H
#define REPORT_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

typedef enum { GS_STYLE_PLAIN, GS_STYLE_BOLD, GS_STYLE_DIM } gs_style;

typedef struct {
    bool terminal;     ///< lines can be rewritten
    bool colour;       ///< a terminal, and NO_COLOR (no-color.org) is not set
    int rows, columns; ///< of the terminal, or presets
} gs_screen;

gs_screen gs_screen_of(FILE *stream);

/// Escape sequences around styled text; empty strings without colour.
const char *gs_screen_on(const gs_screen *screen, gs_style style);
const char *gs_screen_off(const gs_screen *screen, gs_style style);

#endif
