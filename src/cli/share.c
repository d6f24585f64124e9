#include "cli/share.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/progress.h"
#include "numeric/format.h"

static const double SECONDS_BETWEEN_REDRAWS = 0.25, SECONDS_BETWEEN_LINES = 5, SECONDS_WITHOUT = 1;

share_view share_view_on_stderr(const char *doing, bool quiet) {
    const double now = seconds_now();
    const gs_screen screen = gs_screen_of(stderr);
    return (share_view){.doing = doing,
                        .screen = screen,
                        .quiet = quiet,
                        .begin = now,
                        .next = now + (screen.terminal ? SECONDS_WITHOUT : SECONDS_BETWEEN_LINES)};
}

void show_share(double share, void *context) {
    share_view *view = context;
    const bool asked = asked_for_progress != 0;
    asked_for_progress = 0;
    if ((!asked && (view->quiet || seconds_now() < view->next)) || would_wait(STDERR_FILENO)) {
        return;
    }
    view->next = seconds_now() + (view->screen.terminal ? SECONDS_BETWEEN_REDRAWS : SECONDS_BETWEEN_LINES);
    char time[GS_FORMAT_BYTES];
    (void)gs_format_duration(seconds_now() - view->begin, time);
    if (view->screen.terminal && !asked) {
        (void)fprintf(stderr, "\r\033[K%s: %.1f %% in %s", view->doing, 100 * share, time);
        view->shown = true;
    } else {
        (void)fprintf(stderr, "%s%s: %.1f %% in %s\n", view->shown ? "\r\033[K" : "", view->doing, 100 * share, time);
        view->shown = false;
    }
    (void)fflush(stderr);
}

void end_share(const share_view *view) {
    if (view->shown) {
        (void)fprintf(stderr, "\r\033[K");
    }
}
