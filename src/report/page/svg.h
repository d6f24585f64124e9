/// Panels of a figure as SVG: a plot area with two axes, and shapes in it at places that follow from numbers.
///
/// Colours and pens are classes of the page's style sheet, so that a panel is drawn for light and dark screens and for
/// paper alike; only cells of maps have their own colours. Nothing needs a script.
#ifndef REPORT_PAGE_SVG_H
#define REPORT_PAGE_SVG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/// Where numbers stand: from `low` at place `from` to `high` at place `to`.
typedef struct {
    double low, high;
    bool logarithmic;
    double from, to;
    bool whole; ///< only whole numbers mean something
} gs_scale;

/// The place of a number, in pixels; that of the nearer end for one beyond.
double gs_scale_place(const gs_scale *scale, double value);

enum { GS_MOST_TICKS = 12, GS_TICK_TEXT = 40 };

/// Round numbers on a scale, ascending; returns how many.
/// @param about  how many would be good
int gs_scale_ticks(const gs_scale *scale, int about, double ticks[GS_MOST_TICKS]);

/// "0.05", "1,000", "10⁻⁸": a tick, with as many digits as its neighbours need.
char *gs_scale_tick_text(const gs_scale *scale, const double *ticks, int count, int tick, char text[GS_TICK_TEXT]);

/// Widens a scale to round ends and to some width, so that all numbers stand inside of it.
gs_scale gs_scale_around(double low, double high, bool logarithmic);

typedef struct {
    FILE *stream;
    double left, right, top, bottom; ///< of the plot area, which the scales fill
    double width, height;            ///< of the whole
    gs_scale x, y;
} gs_panel;

/// Begins a panel.
/// @param height  without further lines of a title that is longer than one
/// @param title  above it; also what a reader hears who does not see it
/// @param margin  left of the plot area, for the vertical axis' labels
void gs_panel_begin(gs_panel *panel, FILE *stream, double width, double height, double margin, gs_scale x, gs_scale y,
                    const char *title);
void gs_panel_end(gs_panel *panel);

/// Axes with ticks at round numbers, and what they show, with its unit.
void gs_panel_x_axis(const gs_panel *panel, const char *label);
void gs_panel_y_axis(const gs_panel *panel, const char *label);

/// Axes whose whole numbers 0, 1, ... stand for names. Where there are many, every so-many-th has its name.
/// @param name  writes the name of a number
typedef char *gs_name_writer(const void *context, int64_t index, char *text);
void gs_panel_x_names(const gs_panel *panel, const char *label, gs_name_writer *name, const void *context,
                      int64_t count);
void gs_panel_y_names(const gs_panel *panel, const char *label, gs_name_writer *name, const void *context,
                      int64_t count);

/// A line through points; NaN leaves a gap.
/// @param pen  class of the style sheet
void gs_panel_line(const gs_panel *panel, const double *x, const double *y, int64_t count, const char *pen);
/// The area between two lines, without gaps.
void gs_panel_band(const gs_panel *panel, const double *x, const double *low, const double *high, int64_t count,
                   const char *pen);
/// Lines across the plot area at one number; a vertical one has a word at its top, before it or behind it.
void gs_panel_horizontal(const gs_panel *panel, double y, const char *pen);
void gs_panel_vertical(const gs_panel *panel, double x, const char *pen, const char *word, bool word_before);
/// The area between two numbers, from side to side.
void gs_panel_strip(const gs_panel *panel, double x_low, double x_high, const char *pen);
/// A point with an interval: along x when `along_x`. NaN ends leave the point alone. What lies beyond the plot area is
/// an arrowhead at its edge.
typedef struct {
    double x, y, low, high;
} gs_point;
void gs_panel_point_along_x(const gs_panel *panel, gs_point point, const char *pen);
void gs_panel_point_along_y(const gs_panel *panel, gs_point point, const char *pen);
/// A rectangle from corner to corner, filled with a colour of its own, and what it says when pointed at; NULL: nothing.
void gs_panel_cell(const gs_panel *panel, double x0, double x1, double y0, double y1, uint32_t colour,
                   const char *said);
/// A word in the middle of a place.
void gs_panel_word(const gs_panel *panel, double x, double y, const char *pen, const char *word);

#endif
