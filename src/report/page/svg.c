#include "report/page/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page/html.h"

static const double TOP = 42, BOTTOM = 50, RIGHT = 14; // margins around the plot area, in pixels
static const double TICK = 4, GAP = 4;
static const double CHARACTER = 6.3, LINE = 13; // what a letter of a tick's label takes, at most
static const double TITLE_BASELINE = 14, TITLE_LINE = 16, TITLE_CHARACTER = 7.6;
static const double POINT = 3; // radius
static const double CAP = 3;   // half of the stroke at an interval's end

enum { FEWEST_TICKS = 3 };

// ---- scales ----

static double measure_of(const gs_scale *scale, double value) {
    return scale->logarithmic ? log10(fmax(value, 1e-300)) : value;
}

double gs_scale_place(const gs_scale *scale, double value) {
    const double low = measure_of(scale, scale->low), high = measure_of(scale, scale->high);
    const double share = (measure_of(scale, value) - low) / (high - low);
    return scale->from + fmin(fmax(share, 0), 1) * (scale->to - scale->from);
}

static bool is_beyond(const gs_scale *scale, double value) {
    return value < scale->low || value > scale->high;
}

/// 1, 2 or 5 times a power of ten, so that about so many steps fill a range.
static double round_step(double range, int about) {
    static const double steps[] = {1, 2, 5, 10};
    const double power = pow(10, floor(log10(range / about)));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i] * power * about >= range * (1 - 1e-9)) {
            return steps[i] * power;
        }
    }
    return 10 * power;
}

static int ticks_in_steps(const gs_scale *scale, double step, double ticks[GS_MOST_TICKS]) {
    const double slack = 1e-6 * step;
    int count = 0;
    for (double i = ceil((scale->low - slack) / step); i * step <= scale->high + slack && count < GS_MOST_TICKS; i++) {
        ticks[count++] = i == 0 ? 0 : i * step; // no -0
    }
    return count;
}

/// At least three where that is possible: a reader needs two to read a scale.
static int linear_ticks(const gs_scale *scale, int about, double ticks[GS_MOST_TICKS]) {
    int count;
    do {
        const double step = round_step(scale->high - scale->low, about);
        count = ticks_in_steps(scale, scale->whole ? fmax(1, step) : step, ticks);
    } while (count < FEWEST_TICKS && ++about < GS_MOST_TICKS);
    return count;
}

/// Powers of ten, every so-many-th of many, times some parts.
static int ticks_at_powers(const gs_scale *scale, int about, const double *parts, int part_count,
                           double ticks[GS_MOST_TICKS]) {
    const double low = log10(scale->low), high = log10(scale->high);
    const int every = part_count > 1 ? 1 : (int)ceil((high - low) / about);
    int count = 0;
    for (int power = (int)floor(low); power <= (int)ceil(high); power++) {
        for (int part = 0; part < part_count; part++) {
            const double value = parts[part] * pow(10, power);
            const bool inside = value >= scale->low * (1 - 1e-9) && value <= scale->high * (1 + 1e-9);
            if (power % every == 0 && inside && count < GS_MOST_TICKS) {
                ticks[count++] = value;
            }
        }
    }
    return count;
}

/// Powers of ten; where there are few also 2 and 5 times them, or 3 times them where that would be too close.
static int logarithmic_ticks(const gs_scale *scale, int about, double ticks[GS_MOST_TICKS]) {
    static const double powers[] = {1}, thirds[] = {1, 2, 5}, halves[] = {1, 3};
    static const double CLOSE = 0.8; // decades of a tick that would be good, from which on thirds of them are too close
    const double decades = log10(scale->high / scale->low);
    const int count = decades < about / 2.0 ? 0 : ticks_at_powers(scale, about, powers, 1, ticks);
    return count >= FEWEST_TICKS     ? count
           : decades < CLOSE * about ? ticks_at_powers(scale, about, thirds, 3, ticks)
                                     : ticks_at_powers(scale, about, halves, 2, ticks);
}

int gs_scale_ticks(const gs_scale *scale, int about, double ticks[GS_MOST_TICKS]) {
    const int count = scale->logarithmic ? logarithmic_ticks(scale, about, ticks) : 0;
    return count < FEWEST_TICKS ? linear_ticks(scale, about, ticks)
                                : count; // a short logarithmic scale is nearly linear
}

/// "10⁻⁸"
static void write_power(int power, char text[GS_TICK_TEXT]) {
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[16];
    (void)snprintf(plain, sizeof plain, "%d", abs(power));
    (void)snprintf(text, GS_TICK_TEXT, "10%s", power < 0 ? "⁻" : "");
    for (const char *c = plain; *c != '\0'; c++) {
        (void)strncat(text, digits[*c - '0'], GS_TICK_TEXT - strlen(text) - 1);
    }
}

static bool is_power(double value) {
    const double power = log10(value);
    return fabs(power - round(power)) < 1e-9;
}

/// Whether ticks are written as powers of ten: all of them, so that they are seen to be equally far apart.
static bool are_powers(const double *ticks, int count) {
    static const double SMALLEST_FIXED = 1e-3, LARGEST_FIXED = 1e4;
    bool powers = ticks[0] < SMALLEST_FIXED || ticks[count - 1] > LARGEST_FIXED;
    for (int i = 0; i < count && powers; i++) {
        powers = is_power(ticks[i]);
    }
    return powers;
}

char *gs_scale_tick_text(const gs_scale *scale, const double *ticks, int count, int tick, char text[GS_TICK_TEXT]) {
    static const double LARGEST_FIXED = 1e6;
    const double value = ticks[tick], size = fabs(value);
    if (scale->logarithmic) {
        if (are_powers(ticks, count)) {
            write_power((int)round(log10(value)), text);
        } else {
            (void)snprintf(text, GS_TICK_TEXT, "%.4g", value);
        }
        return text;
    }
    const double step = count > 1 ? ticks[1] - ticks[0] : size;
    const int decimals = step > 0 && step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    if (size >= LARGEST_FIXED || decimals > 6) {
        (void)snprintf(text, GS_TICK_TEXT, "%.3g", value);
    } else {
        (void)snprintf(text, GS_TICK_TEXT, "%.*f", decimals, value);
    }
    return text;
}

gs_scale gs_scale_around(double low, double high, bool logarithmic) {
    static const double LEAST_FACTOR = 2, MARGIN = 0.04;
    if (!(low <= high) || !isfinite(low) || !isfinite(high)) {
        low = logarithmic ? 0.1 : 0;
        high = 1;
    }
    if (logarithmic) {
        const double wider = fmax(1, sqrt(LEAST_FACTOR * low / high));
        const double margin = pow(high / low, MARGIN);
        return (gs_scale){low / wider / margin, high * wider * margin, true, 0, 0, false};
    }
    const double range = high > low ? high - low : fmax(fabs(high), 1e-3);
    return (gs_scale){low - MARGIN * range, high + MARGIN * range, false, 0, 0, false};
}

// ---- panels ----

/// How many bytes of a title stand in a line of so many, broken at a blank.
static size_t line_length(const char *title, size_t room) {
    size_t length = strlen(title);
    if (length > room) {
        length = room;
        while (length > 0 && title[length] != ' ') {
            length--;
        }
        length = length == 0 ? strlen(title) : length; // one long word
    }
    return length;
}

/// Writes a title in as many lines as it takes; returns how many.
static int write_title(FILE *stream, double width, const char *title) {
    const size_t room = (size_t)(width / TITLE_CHARACTER);
    int lines = 0;
    while (*title != '\0') {
        const size_t length = line_length(title, room);
        (void)fprintf(stream, "<text class=\"title\" x=\"2\" y=\"%.0f\">", TITLE_BASELINE + TITLE_LINE * lines++);
        gs_html_print(stream, "%.*s", (int)length, title);
        (void)fprintf(stream, "</text>\n");
        title += length + (title[length] == ' ');
    }
    return lines;
}

static int count_lines(double width, const char *title) {
    const size_t room = (size_t)(width / TITLE_CHARACTER);
    int lines = 0;
    while (*title != '\0') {
        const size_t length = line_length(title, room);
        title += length + (title[length] == ' ');
        lines++;
    }
    return lines;
}

void gs_panel_begin(gs_panel *panel, FILE *stream, double width, double height, double margin, gs_scale x, gs_scale y,
                    const char *title) {
    const double more = TITLE_LINE * (count_lines(width, title) - 1);
    *panel = (gs_panel){.stream = stream,
                        .left = margin,
                        .right = width - RIGHT,
                        .top = TOP + more,
                        .bottom = height + more - BOTTOM,
                        .width = width,
                        .height = height + more,
                        .x = x,
                        .y = y};
    panel->x.from = panel->left;
    panel->x.to = panel->right;
    panel->y.from = panel->bottom;
    panel->y.to = panel->top;
    (void)fprintf(stream, "<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-label=\"",
                  width, panel->height, width, panel->height);
    gs_html_text(title, stream);
    (void)fprintf(stream, "\">\n");
    (void)write_title(stream, width, title);
}

void gs_panel_end(gs_panel *panel) {
    (void)fprintf(panel->stream, "</svg>\n");
}

static void stroke(const gs_panel *panel, double x0, double y0, double x1, double y1, const char *pen) {
    (void)fprintf(panel->stream, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", pen, x0, y0, x1, y1);
}

static void write_text(const gs_panel *panel, double x, double y, const char *pen, const char *text) {
    (void)fprintf(panel->stream, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", pen, x, y);
    gs_html_text(text, panel->stream);
    (void)fprintf(panel->stream, "</text>\n");
}

// ---- axes ----

static void x_tick(const gs_panel *panel, double place, double lower, const char *text) {
    stroke(panel, place, panel->bottom, place, panel->bottom + TICK, "axis");
    write_text(panel, place, panel->bottom + TICK + LINE - 2 + lower, "tick middle", text);
}

static void y_tick(const gs_panel *panel, double place, const char *text) {
    stroke(panel, panel->left - TICK, place, panel->left, place, "axis");
    write_text(panel, panel->left - TICK - GAP, place + GAP, "tick end", text);
}

static void x_frame(const gs_panel *panel, const char *label) {
    stroke(panel, panel->left, panel->bottom, panel->right, panel->bottom, "axis");
    write_text(panel, (panel->left + panel->right) / 2, panel->height - 6, "label middle", label);
}

static void y_frame(const gs_panel *panel, const char *label) {
    stroke(panel, panel->left, panel->top, panel->left, panel->bottom, "axis");
    write_text(panel, 2, panel->top - 2 * GAP - 2, "label", label);
}

/// Letters of a text in UTF-8.
static int count_letters(const char *text) {
    int count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

/// Leaves out the ticks of a logarithmic scale whose words would stand on those of the one before: they crowd where it
/// is nearly linear. Returns how many are left.
static int keep_apart(const gs_scale *scale, bool along_x, double *ticks, int count) {
    int kept = 0;
    double last = 0, last_width = 0;
    for (int i = 0; i < count; i++) {
        char text[GS_TICK_TEXT];
        const double place = gs_scale_place(scale, ticks[i]);
        const double width = CHARACTER * count_letters(gs_scale_tick_text(scale, ticks, count, i, text));
        const double needed = along_x ? (last_width + width) / 2 : LINE;
        if (kept == 0 || !scale->logarithmic || fabs(place - last) >= needed) {
            last = place;
            last_width = width;
            ticks[kept++] = ticks[i];
        }
    }
    return kept;
}

void gs_panel_x_axis(const gs_panel *panel, const char *label) {
    double ticks[GS_MOST_TICKS];
    int count = gs_scale_ticks(&panel->x, (int)((panel->right - panel->left) / 60), ticks);
    count = keep_apart(&panel->x, true, ticks, count);
    for (int i = 0; i < count; i++) {
        char text[GS_TICK_TEXT];
        x_tick(panel, gs_scale_place(&panel->x, ticks[i]), 0, gs_scale_tick_text(&panel->x, ticks, count, i, text));
    }
    x_frame(panel, label);
}

void gs_panel_y_axis(const gs_panel *panel, const char *label) {
    double ticks[GS_MOST_TICKS];
    int count = gs_scale_ticks(&panel->y, (int)((panel->bottom - panel->top) / 36), ticks);
    count = keep_apart(&panel->y, false, ticks, count);
    for (int i = 0; i < count; i++) {
        char text[GS_TICK_TEXT];
        const double place = gs_scale_place(&panel->y, ticks[i]);
        stroke(panel, panel->left, place, panel->right, place, "grid");
        y_tick(panel, place, gs_scale_tick_text(&panel->y, ticks, count, i, text));
    }
    y_frame(panel, label);
}

enum { NAME_TEXT = 256 };

/// Letters of the longest name; each continuation byte of UTF-8 counts, which is more than enough.
static double longest_name(gs_name_writer *name, const void *context, int64_t count) {
    size_t longest = 1;
    for (int64_t i = 0; i < count; i++) {
        char text[NAME_TEXT];
        const size_t length = strlen(name(context, i, text));
        longest = length > longest ? length : longest;
    }
    return (double)longest;
}

void gs_panel_x_names(const gs_panel *panel, const char *label, gs_name_writer *name, const void *context,
                      int64_t count) {
    enum { MOST_STAGGERED = 6 }; // names of which every second one stands lower, so that all are there
    const double room = (panel->right - panel->left) / (double)count;
    const int64_t every = (int64_t)ceil((longest_name(name, context, count) * CHARACTER + GAP) / room);
    const bool staggered = every > 1 && count <= MOST_STAGGERED;
    for (int64_t i = 0; i < count; i += staggered ? 1 : every) {
        char text[NAME_TEXT];
        x_tick(panel, gs_scale_place(&panel->x, (double)i), staggered && i % 2 == 1 ? LINE : 0, name(context, i, text));
    }
    x_frame(panel, label);
}

void gs_panel_y_names(const gs_panel *panel, const char *label, gs_name_writer *name, const void *context,
                      int64_t count) {
    const double room = (panel->bottom - panel->top) / (double)count;
    const int64_t every = (int64_t)ceil(LINE / room);
    for (int64_t i = 0; i < count; i += every) {
        char text[NAME_TEXT];
        y_tick(panel, gs_scale_place(&panel->y, (double)i), name(context, i, text));
    }
    y_frame(panel, label);
}

// ---- shapes ----

void gs_panel_line(const gs_panel *panel, const double *x, const double *y, int64_t count, const char *pen) {
    bool down = false;
    (void)fprintf(panel->stream, "<path class=\"%s\" d=\"", pen);
    for (int64_t i = 0; i < count; i++) {
        const bool known = !isnan(x[i]) && !isnan(y[i]);
        if (known) {
            (void)fprintf(panel->stream, "%c%.1f %.1f", down ? 'L' : 'M', gs_scale_place(&panel->x, x[i]),
                          gs_scale_place(&panel->y, y[i]));
        }
        down = known;
    }
    (void)fprintf(panel->stream, "\"/>\n");
}

void gs_panel_band(const gs_panel *panel, const double *x, const double *low, const double *high, int64_t count,
                   const char *pen) {
    char next = 'M';
    (void)fprintf(panel->stream, "<path class=\"%s\" d=\"", pen);
    for (int64_t i = 0; i < 2 * count; i++) { // there along the low ends, and back along the high ones
        const int64_t at = i < count ? i : 2 * count - 1 - i;
        const double y = i < count ? low[at] : high[at];
        if (!isnan(low[at]) && !isnan(high[at])) {
            (void)fprintf(panel->stream, "%c%.1f %.1f", next, gs_scale_place(&panel->x, x[at]),
                          gs_scale_place(&panel->y, y));
            next = 'L';
        }
    }
    (void)fprintf(panel->stream, "%s\"/>\n", next == 'L' ? "Z" : "");
}

void gs_panel_horizontal(const gs_panel *panel, double y, const char *pen) {
    if (is_beyond(&panel->y, y) || isnan(y)) {
        return;
    }
    const double place = gs_scale_place(&panel->y, y);
    stroke(panel, panel->left, place, panel->right, place, pen);
}

void gs_panel_vertical(const gs_panel *panel, double x, const char *pen, const char *word, bool word_before) {
    if (is_beyond(&panel->x, x) || isnan(x)) {
        return;
    }
    const double place = gs_scale_place(&panel->x, x);
    stroke(panel, place, panel->top, place, panel->bottom, pen);
    write_text(panel, place + (word_before ? -GAP : GAP), panel->top + LINE - GAP, word_before ? "word end" : "word",
               word);
}

void gs_panel_strip(const gs_panel *panel, double x_low, double x_high, const char *pen) {
    const double from = gs_scale_place(&panel->x, x_low), to = gs_scale_place(&panel->x, x_high);
    (void)fprintf(panel->stream, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", pen,
                  from, panel->top, to - from, panel->bottom - panel->top);
}

/// A triangle at the edge that points outwards, along the axis (dx, dy).
static void arrowhead(const gs_panel *panel, double x, double y, double dx, double dy, const char *pen) {
    (void)fprintf(panel->stream, "<path class=\"%s mark\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", pen, x, y,
                  x - 2 * POINT * dx - POINT * dy, y - 2 * POINT * dy - POINT * dx, x - 2 * POINT * dx + POINT * dy,
                  y - 2 * POINT * dy + POINT * dx);
}

static void dot(const gs_panel *panel, double x, double y, const char *pen) {
    (void)fprintf(panel->stream, "<circle class=\"%s mark\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.0f\"/>\n", pen, x, y, POINT);
}

/// Moves a pen to a place along an axis and across it.
static void move(const gs_panel *panel, char command, bool along_x, double along, double across) {
    (void)fprintf(panel->stream, "%c%.1f %.1f", command, along_x ? along : across, along_x ? across : along);
}

/// An interval with strokes at its ends, where these are not beyond the plot area.
static void draw_interval(const gs_panel *panel, const gs_scale *scale, double low, double high, double across,
                          bool along_x, const char *pen) {
    const double ends[2] = {low, high};
    (void)fprintf(panel->stream, "<path class=\"%s\" d=\"", pen);
    move(panel, 'M', along_x, gs_scale_place(scale, low), across);
    move(panel, 'L', along_x, gs_scale_place(scale, high), across);
    for (int i = 0; i < 2; i++) {
        if (!is_beyond(scale, ends[i])) {
            move(panel, 'M', along_x, gs_scale_place(scale, ends[i]), across - CAP);
            move(panel, 'L', along_x, gs_scale_place(scale, ends[i]), across + CAP);
        }
    }
    (void)fprintf(panel->stream, "\"/>\n");
}

static void draw_point(const gs_panel *panel, gs_point point, bool along_x, const char *pen) {
    if (isnan(point.x) || isnan(point.y)) {
        return;
    }
    const gs_scale *scale = along_x ? &panel->x : &panel->y;
    const double x = gs_scale_place(&panel->x, point.x), y = gs_scale_place(&panel->y, point.y);
    const double value = along_x ? point.x : point.y;
    if (!isnan(point.low) && !isnan(point.high)) {
        draw_interval(panel, scale, point.low, point.high, along_x ? y : x, along_x, pen);
    }
    if (is_beyond(scale, value)) {
        const double outwards = (value > scale->high) == (scale->to > scale->from) ? 1 : -1;
        arrowhead(panel, x, y, along_x ? outwards : 0, along_x ? 0 : outwards, pen);
    } else {
        dot(panel, x, y, pen);
    }
}

void gs_panel_point_along_x(const gs_panel *panel, gs_point point, const char *pen) {
    draw_point(panel, point, true, pen);
}

void gs_panel_point_along_y(const gs_panel *panel, gs_point point, const char *pen) {
    draw_point(panel, point, false, pen);
}

/// To what is written of a place: so cells that share an edge leave no gap.
static double rounded(double place) {
    return round(10 * place) / 10;
}

void gs_panel_cell(const gs_panel *panel, double x0, double x1, double y0, double y1, uint32_t colour,
                   const char *said) {
    const double left = rounded(gs_scale_place(&panel->x, x0)), right = rounded(gs_scale_place(&panel->x, x1));
    const double bottom = rounded(gs_scale_place(&panel->y, y0)), top = rounded(gs_scale_place(&panel->y, y1));
    (void)fprintf(panel->stream, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#%06x\"", left, top,
                  right - left, bottom - top, (unsigned)colour);
    if (said == NULL) {
        (void)fprintf(panel->stream, "/>\n");
        return;
    }
    (void)fprintf(panel->stream, "><title>");
    gs_html_text(said, panel->stream);
    (void)fprintf(panel->stream, "</title></rect>\n");
}

void gs_panel_word(const gs_panel *panel, double x, double y, const char *pen, const char *word) {
    write_text(panel, gs_scale_place(&panel->x, x), gs_scale_place(&panel->y, y) + GAP, pen, word);
}
