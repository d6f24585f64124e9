#include "report/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PRESET_ROWS = 66, PRESET_COLUMNS = 100 };

gs_screen gs_screen_of(FILE *stream) {
    gs_screen screen = {.rows = PRESET_ROWS, .columns = PRESET_COLUMNS};
    const int descriptor = fileno(stream);
    const char *kind = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    if (descriptor < 0 || !isatty(descriptor) || (kind != NULL && strcmp(kind, "dumb") == 0)) {
        return screen;
    }
    screen.terminal = true;
    screen.colour = no_colour == NULL || no_colour[0] == '\0';
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        screen.rows = size.ws_row;
        screen.columns = size.ws_col;
    }
    return screen;
}

const char *gs_screen_on(const gs_screen *screen, gs_style style) {
    static const char *const sequences[] = {
        [GS_STYLE_PLAIN] = "", [GS_STYLE_BOLD] = "\033[1m", [GS_STYLE_DIM] = "\033[2m"};
    return screen->colour ? sequences[style] : "";
}

const char *gs_screen_off(const gs_screen *screen, gs_style style) {
    return screen->colour && style != GS_STYLE_PLAIN ? "\033[0m" : "";
}
