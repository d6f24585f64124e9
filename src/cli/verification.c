#include "cli/verification.h"

#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/profile.h"
#include "cli/progress.h"
#include "numeric/format.h"

static const double SECONDS_BETWEEN_REDRAWS = 0.25, SECONDS_BETWEEN_LINES = 5, SECONDS_WITHOUT = 1;

verification_view verification_view_on_stderr(bool quiet) {
    const double now = seconds_now();
    const gs_screen screen = gs_screen_of(stderr);
    return (verification_view){.screen = screen,
                               .quiet = quiet,
                               .begin = now,
                               .next = now + (screen.terminal ? SECONDS_WITHOUT : SECONDS_BETWEEN_LINES)};
}

void show_verification(double share, void *context) {
    verification_view *view = context;
    const bool asked = asked_for_progress != 0;
    asked_for_progress = 0;
    if ((!asked && (view->quiet || seconds_now() < view->next)) || would_wait(STDERR_FILENO)) {
        return;
    }
    view->next = seconds_now() + (view->screen.terminal ? SECONDS_BETWEEN_REDRAWS : SECONDS_BETWEEN_LINES);
    char time[GS_FORMAT_BYTES];
    (void)gs_format_duration(seconds_now() - view->begin, time);
    if (view->screen.terminal && !asked) {
        (void)fprintf(stderr, "\r\033[Kverifying: %.1f %% in %s", 100 * share, time);
        view->shown = true;
    } else {
        (void)fprintf(stderr, "%sverifying: %.1f %% in %s\n", view->shown ? "\r\033[K" : "", 100 * share, time);
        view->shown = false;
    }
    (void)fflush(stderr);
}

void end_verification(const verification_view *view) {
    if (view->shown) {
        (void)fprintf(stderr, "\r\033[K");
    }
}

/// "loss_G of trial 17"
static void describe(const gs_damage *damage, char *text, size_t size) {
    if (damage->dataset[0] == '\0') {
        (void)snprintf(text, size, "the row of trial %lld, or its checksum", (long long)damage->trial);
    } else {
        (void)snprintf(text, size, "%s of %s %lld", damage->dataset, damage->of_trial ? "trial" : "position",
                       (long long)damage->trial);
    }
}

void print_damage(const gs_verification *found, FILE *stream) {
    char text[160], rest[GS_FORMAT_BYTES];
    if (stream == NULL) {
        return;
    }
    for (int64_t i = 0; i < found->damage_count && i < GS_MOST_DAMAGE_LISTED; i++) {
        describe(&found->damage[i], text, sizeof text);
        (void)fprintf(stream, "damaged: %s\n", text);
    }
    if (found->damage_count > GS_MOST_DAMAGE_LISTED) {
        (void)fprintf(stream, "damaged: ... and %s more\n",
                      gs_format_count(found->damage_count - GS_MOST_DAMAGE_LISTED, rest));
    }
}

gs_status fail_damaged(const gs_verification *found, const char *path, const char *advice, gs_error *error) {
    char text[160], count[GS_FORMAT_BYTES];
    describe(&found->damage[0], text, sizeof text);
    return gs_fail(error, GS_ERROR_RESULTS, "%.600s: it is damaged: %s%s%s%s", path, text,
                   found->damage_count > 1 ? " and others, places in all: " : "",
                   found->damage_count > 1 ? gs_format_count(found->damage_count, count) : "", advice);
}
