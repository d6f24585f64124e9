#include "cli/curves.h"

#include <math.h>
#include <string.h>

enum { PLOT_COLUMNS = 60, PLOT_ROWS = 12, COLUMNS_OF_AN_EPOCH = 3 };
static const double LN2 = 0.69314718055994531;
static const double LEAST_SPAN = 0.002;         // of the ordinate: rounding is not drawn as a landscape
static const double LEAST_RELATIVE_SPAN = 1e-6; // of its middle: where float32 has steps wider than LEAST_SPAN

typedef struct {
    double low, high;
    int columns;
    char cell[PLOT_ROWS][PLOT_COLUMNS + 1];
} loss_plot;

/// Mean of the finite values of the epochs that fall into a column; NaN when there are none.
static double column_mean(const float *losses, int64_t epochs, int column, int columns) {
    const int64_t first = epochs * column / columns, end = epochs * (column + 1) / columns;
    double sum = 0;
    int64_t finite = 0;
    for (int64_t epoch = first; epoch < end || epoch == first; epoch++) {
        if (isfinite(losses[epoch])) {
            sum += losses[epoch];
            finite++;
        }
    }
    return finite == 0 ? NAN : sum / (double)finite;
}

/// The row of a value between low and high. Their span is never 0: see give_room().
static int row_of(const loss_plot *plot, double value) {
    return (int)((plot->high - value) / (plot->high - plot->low) * (PLOT_ROWS - 1) + 0.5);
}

/// Widens the ordinate to a span that is worth a picture, and that losses of any size don't round away.
static void give_room(loss_plot *plot) {
    const double middle = plot->low / 2 + plot->high / 2;
    const double least = fmax(LEAST_SPAN, LEAST_RELATIVE_SPAN * fabs(middle));
    if (plot->high - plot->low < least) {
        plot->low = middle - least / 2;
        plot->high = middle + least / 2;
    }
}

static void widen(loss_plot *plot, const float *losses, int64_t epochs) {
    for (int column = 0; column < plot->columns; column++) {
        const double mean = column_mean(losses, epochs, column, plot->columns);
        plot->low = fmin(plot->low, mean);
        plot->high = fmax(plot->high, mean);
    }
}

static void draw(loss_plot *plot, const float *losses, int64_t epochs, char mark) {
    for (int column = 0; column < plot->columns; column++) {
        const double mean = column_mean(losses, epochs, column, plot->columns);
        if (!isnan(mean)) {
            char *cell = &plot->cell[row_of(plot, mean)][column];
            *cell = *cell == ' ' || *cell == '.' ? mark : '*';
        }
    }
}

/// A dotted line at `value`; whether it is in sight.
static bool draw_line(loss_plot *plot, double value) {
    const bool in_sight = plot->low <= value && value <= plot->high;
    if (in_sight) {
        memset(plot->cell[row_of(plot, value)], '.', (size_t)plot->columns);
    }
    return in_sight;
}

void print_curves(const float *loss_D, const float *loss_G, int64_t epochs, bool minimax, FILE *stream) {
    loss_plot plot = {.low = INFINITY, .high = -INFINITY};
    plot.columns = epochs * COLUMNS_OF_AN_EPOCH > PLOT_COLUMNS ? PLOT_COLUMNS : (int)epochs * COLUMNS_OF_AN_EPOCH;
    widen(&plot, loss_D, epochs);
    widen(&plot, loss_G, epochs);
    if (plot.low > plot.high) {
        return; // nothing finite
    }
    give_room(&plot);
    for (int row = 0; row < PLOT_ROWS; row++) {
        memset(plot.cell[row], ' ', (size_t)plot.columns);
    }
    const bool line = draw_line(&plot, LN2), other_line = minimax && draw_line(&plot, -LN2);
    draw(&plot, loss_D, epochs, 'D');
    draw(&plot, loss_G, epochs, 'G');
    (void)fprintf(stream, "\nLosses by epoch: D and G, * both%s%s\n", line ? ", ... ln 2" : "",
                  other_line ? ", ... -ln 2" : "");
    for (int row = 0; row < PLOT_ROWS; row++) {
        const double value = plot.high - (plot.high - plot.low) * row / (PLOT_ROWS - 1);
        (void)fprintf(stream, "%10.4g |%s\n", value, plot.cell[row]);
    }
    char rule[PLOT_COLUMNS + 1] = "";
    memset(rule, '-', (size_t)plot.columns);
    (void)fprintf(stream, "%10s +%s\n", "", rule);
    const int room = plot.columns > 3 ? plot.columns - 1 : 2;
    (void)fprintf(stream, "%10s  1%*lld  epoch\n", "", room, (long long)epochs);
}
