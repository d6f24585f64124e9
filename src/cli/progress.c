#include "cli/progress.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "numeric/format.h"

enum { LINE_BYTES = 512, NARROWEST_BAR = 10, WIDEST_BAR = 40, BAR_FRAME = 3 };
static const double SECONDS_BETWEEN_LINES = 5;

progress_view progress_view_on_stderr(bool quiet) {
    return (progress_view){.quiet = quiet, .screen = gs_screen_of(stderr), .next_line = SECONDS_BETWEEN_LINES};
}

/// "45.2 % of 1,000,000 trials, 1,950 trials/s, 39 million examples/s, ..."
static void describe(const gs_progress *progress, char line[LINE_BYTES]) {
    char done[GS_FORMAT_BYTES], trials[GS_FORMAT_BYTES], rate[GS_FORMAT_BYTES], left[GS_FORMAT_BYTES],
        share[GS_FORMAT_BYTES];
    const double seconds = progress->seconds > 0 ? progress->seconds : 1e-9;
    const int64_t trained = progress->done - progress->before;
    const double trials_a_second = (double)trained / seconds;
    const double examples_a_second = (double)progress->examples / seconds;
    (void)gs_format_duration((double)(progress->trials - progress->done) / trials_a_second, left);
    (void)gs_format_share(trained > 0 ? (double)progress->prints_ln2 / (double)trained : 0, share);
    int length =
        snprintf(line, LINE_BYTES, "%5.1f %%  %s of %s trials", 100 * (double)progress->done / (double)progress->trials,
                 gs_format_count(progress->done, done), gs_format_count(progress->trials, trials));
    if (trained > 0) {
        (void)snprintf(line + length, LINE_BYTES - (size_t)length,
                       "  %s trials/s  %.1f M examples/s  %s%s  %s print 0.693/0.693%s",
                       gs_format_count((int64_t)(trials_a_second + 0.5), rate), examples_a_second / 1e6,
                       progress->done < progress->trials ? left : "",
                       progress->done < progress->trials ? " left" : "done", share,
                       progress->before > 0 ? " of those trained now" : "");
    }
}

/// A bar of `width` cells into `bar`.
static void draw_bar(const gs_progress *progress, int width, char *bar) {
    const int full = (int)((double)width * (double)progress->done / (double)progress->trials);
    memset(bar, '=', (size_t)full);
    memset(bar + full, ' ', (size_t)(width - full));
    if (full < width) {
        bar[full] = '>';
    }
    bar[width] = '\0';
}

/// One line that replaces itself, as wide as the terminal at most; at the end it gives way to the summary.
static void redraw(const progress_view *view, const gs_progress *progress, const char *line) {
    if (progress->finished) {
        (void)fprintf(stderr, "\r\033[K");
        return;
    }
    char bar[WIDEST_BAR + 1];
    int width = view->screen.columns - 1 - (int)strlen(line) - BAR_FRAME;
    width = width > WIDEST_BAR ? WIDEST_BAR : width;
    if (width >= NARROWEST_BAR) {
        draw_bar(progress, width, bar);
        (void)fprintf(stderr, "\r\033[K[%s%s%s] %s", gs_screen_on(&view->screen, GS_STYLE_BOLD), bar,
                      gs_screen_off(&view->screen, GS_STYLE_BOLD), line);
    } else {
        (void)fprintf(stderr, "\r\033[K%.*s", view->screen.columns - 1, line);
    }
}

bool would_wait(int file) {
    struct pollfd writing = {.fd = file, .events = POLLOUT};
    return poll(&writing, 1, 0) == 0;
}

void show_progress(const gs_progress *progress, void *context) {
    progress_view *view = context;
    if (would_wait(STDERR_FILENO)) {
        return;
    }
    char line[LINE_BYTES];
    if (view->quiet && !progress->asked) {
        return;
    }
    describe(progress, line);
    if (progress->asked) {
        (void)fprintf(stderr, "%s%s\n", view->screen.terminal && !view->quiet ? "\r\033[K" : "",
                      line + strspn(line, " "));
    } else if (view->screen.terminal) {
        redraw(view, progress, line);
    } else if (progress->finished || progress->seconds >= view->next_line) {
        view->next_line = progress->seconds + SECONDS_BETWEEN_LINES;
        (void)fprintf(stderr, "%s\n", line + strspn(line, " "));
    }
    (void)fflush(stderr);
}
