#include "report/page/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/factors.h"
#include "report/page/colours.h"
#include "report/page/html.h"

enum {
    MOST_CELLS = 48,   ///< on each axis: beyond, neighbouring levels share one
    MOST_SAYING = 900, ///< cells that say what they show when pointed at
    MOST_WORDS = 14,   ///< cells of an axis that still have room for a number
    STEPS_OF_BAR = 32,
    POINTS_OF_A_CELL = 4, ///< of a design, on the average
};
static const double WIDTH = 355, LEAST_HEIGHT = 200, MOST_HEIGHT = 360, CELL_HEIGHT = 26, LEFT_MARGIN = 64;

/// What a map shows. Trials of all configurations that share a cell are taken together; of the covariance error it is
/// the geometric mean of the configurations' medians.
typedef enum { MAP_LN2, MAP_COVARIANCE, MAP_ERROR, MAP_COUNT } map_kind;
static const char *const TITLES[MAP_COUNT] = {
    [MAP_LN2] = "Losses print 0.693 / 0.693",
    [MAP_COVARIANCE] = "Covariance right",
    [MAP_ERROR] = "Median covariance error",
};

typedef struct {
    const gs_report *report;
    const gs_factor *factors[2]; ///< columns, rows
    int64_t cells[2];
    double *numbers[MAP_COUNT]; ///< [rows x columns] NaN: nothing is finished
    int64_t *finished;
    bool of_several; ///< configurations: some cell
} sweep_map;

// ---- which settings ----

/// How much a factor of the effects explains, alone and in pairs, of all responses together; 0 where that is not known.
static double explained_by(const gs_effects *effects, const char *name) {
    double sum = 0;
    for (int response = 0; response < GS_RESPONSE_COUNT && effects->missing == NULL; response++) {
        const gs_response_effects *found = &effects->responses[response];
        for (int i = 0; i < effects->effect_count && found->given; i++) {
            const gs_effect *effect = &found->effects[i];
            const bool part = strcmp(effects->factors[effect->first].name, name) == 0 ||
                              (effect->second >= 0 && strcmp(effects->factors[effect->second].name, name) == 0);
            sum += part && effect->eta_squared > 0 ? effect->eta_squared : 0;
        }
    }
    return sum;
}

/// The same of a drawn setting: squares of its rank correlations.
static double explained_by_drawn(const gs_effects *effects, gs_setting setting) {
    double sum = 0;
    for (int i = 0; i < effects->trend_count; i++) {
        for (int response = 0; response < GS_RESPONSE_COUNT && effects->trends[i].setting == setting; response++) {
            const double r = effects->trends[i].responses[response].correlation;
            sum += isnan(r) ? 0 : r * r;
        }
    }
    return sum;
}

/// Those that explain most; where nothing is known of that, those with the most levels.
static void choose_axes(const gs_effects *effects, const gs_effects *axes, const gs_factor *chosen[2]) {
    double best[2] = {-1, -1};
    for (int i = 0; i < axes->factor_count; i++) {
        const gs_factor *axis = &axes->factors[i];
        const double explained =
            axis->drawn ? explained_by_drawn(effects, axis->settings[0]) : explained_by(effects, axis->name);
        const double worth = explained + 1e-12 * (double)axis->level_count;
        const int place = worth > best[0] ? 0 : worth > best[1] ? 1 : 2;
        if (place == 0) {
            best[1] = best[0];
            chosen[1] = chosen[0];
        }
        if (place < 2) {
            best[place] = worth;
            chosen[place] = axis;
        }
    }
}

// ---- cells ----

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t cell_of(const sweep_map *map, int axis, int64_t row) {
    const gs_factor *factor = map->factors[axis];
    return factor->levels[row] * map->cells[axis] / factor->level_count;
}

static void add_row(sweep_map *map, int64_t index, int64_t *errors) {
    const gs_report_row *row = &map->report->rows[index];
    const int64_t cell = cell_of(map, 1, index) * map->cells[0] + cell_of(map, 0, index);
    map->of_several = map->of_several || map->finished[cell] > 0;
    map->finished[cell] += row->done + row->diverged;
    map->numbers[MAP_LN2][cell] += (double)row->prints_ln2.count;
    map->numbers[MAP_COVARIANCE][cell] += (double)row->covariance_ok.count;
    if (row->median_covariance_error > 0 && isfinite(row->median_covariance_error)) {
        map->numbers[MAP_ERROR][cell] += log(row->median_covariance_error);
        errors[cell]++;
    }
}

/// Fills the maps of all cells.
/// @param errors  [cells] all 0
static void fill(sweep_map *map, int64_t *errors) {
    for (int64_t i = 0; i < map->report->count; i++) {
        add_row(map, i, errors);
    }
    for (int64_t cell = 0; cell < map->cells[0] * map->cells[1]; cell++) {
        const double finished = map->finished[cell] > 0 ? (double)map->finished[cell] : (double)NAN;
        map->numbers[MAP_LN2][cell] /= finished;
        map->numbers[MAP_COVARIANCE][cell] /= finished;
        map->numbers[MAP_ERROR][cell] =
            errors[cell] > 0 ? exp(map->numbers[MAP_ERROR][cell] / (double)errors[cell]) : (double)NAN;
    }
}

static void free_map(sweep_map *map) {
    for (int kind = 0; kind < MAP_COUNT; kind++) {
        free(map->numbers[kind]);
    }
    free(map->finished);
}

/// Cells of an axis. Drawn points are spread over few, so that most cells have some.
static int64_t count_cells(const gs_report *report, const gs_factor *axis) {
    const int64_t of_points = (int64_t)fmax(2, sqrt((double)report->count / POINTS_OF_A_CELL));
    const int64_t most = axis->drawn ? smaller(of_points, MOST_CELLS) : MOST_CELLS;
    return smaller(axis->level_count, most);
}

/// @return false when out of memory
static bool make_map(const gs_report *report, const gs_effects *axes, sweep_map *map) {
    *map = (sweep_map){.report = report, .factors = {&axes->factors[0], &axes->factors[1]}};
    choose_axes(report->effects, axes, map->factors);
    for (int axis = 0; axis < 2; axis++) {
        map->cells[axis] = count_cells(report, map->factors[axis]);
    }
    const size_t cells = (size_t)(map->cells[0] * map->cells[1]);
    int64_t *errors = calloc(cells, sizeof *errors);
    bool room = errors != NULL;
    map->finished = calloc(cells, sizeof *map->finished);
    for (int kind = 0; kind < MAP_COUNT; kind++) {
        map->numbers[kind] = calloc(cells, sizeof *map->numbers[kind]);
        room = room && map->numbers[kind] != NULL;
    }
    if (!room || map->finished == NULL) {
        free(errors);
        free_map(map);
        return false;
    }
    fill(map, errors);
    free(errors);
    return true;
}

// ---- drawing ----

typedef struct {
    const sweep_map *map;
    int axis;
} axis_of_map;

/// The level in the middle of a cell.
static int64_t level_of_cell(const axis_of_map *of, int64_t cell) {
    const int64_t levels = of->map->factors[of->axis]->level_count, cells = of->map->cells[of->axis];
    const int64_t first = (cell * levels + cells - 1) / cells, next = ((cell + 1) * levels + cells - 1) / cells;
    return (first + next - 1) / 2;
}

static char *name_cell(const void *context, int64_t cell, char *text) {
    const axis_of_map *of = context;
    return gs_factor_level_text(of->map->factors[of->axis], of->map->report, level_of_cell(of, cell), text);
}

/// Where the colours begin and end: at 0 % of a share, and at the greatest; of errors from the least to the greatest.
static gs_scale colour_scale(const sweep_map *map, map_kind kind) {
    const bool error = kind == MAP_ERROR;
    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < map->cells[0] * map->cells[1]; i++) {
        if (!isnan(map->numbers[kind][i])) {
            low = fmin(low, map->numbers[kind][i]);
            high = fmax(high, map->numbers[kind][i]);
        }
    }
    if (!(low <= high)) {
        low = high = error ? 1 : 0;
    }
    if (!error) {
        return (gs_scale){0, high > 0 ? high : 1, false, 0, 1, false};
    }
    return (gs_scale){low, high > low ? high : 2 * low, true, 0, 1, false};
}

static void write_number(map_kind kind, double number, char text[GS_FORMAT_BYTES]) {
    if (kind == MAP_ERROR) {
        (void)snprintf(text, GS_FORMAT_BYTES, "%.3g", number);
    } else {
        (void)gs_format_share(number, text);
    }
}

/// The number in a cell, short: 69 of 69.1 %.
static void write_word(const gs_panel *panel, map_kind kind, int64_t column, int64_t row, double number,
                       uint32_t colour) {
    char word[GS_FORMAT_BYTES];
    if (kind == MAP_ERROR) {
        (void)snprintf(word, sizeof word, number < 99.5 ? "%.2g" : number < 9999.5 ? "%.0f" : "%.0e", number);
    } else {
        (void)snprintf(word, sizeof word, number > 0 && number < 0.005 ? "<1" : "%.0f", 100 * number);
    }
    gs_panel_word(panel, (double)column, (double)row, gs_colour_is_dark(colour) ? "cell white" : "cell black", word);
}

static void draw_cells(const gs_panel *panel, const sweep_map *map, map_kind kind, const gs_scale *colours) {
    const axis_of_map columns = {map, 0}, rows = {map, 1};
    const bool saying = map->cells[0] * map->cells[1] <= MOST_SAYING;
    const bool words = map->cells[0] <= MOST_WORDS && map->cells[1] <= MOST_WORDS;
    for (int64_t row = 0; row < map->cells[1]; row++) {
        for (int64_t column = 0; column < map->cells[0]; column++) {
            const double number = map->numbers[kind][row * map->cells[0] + column];
            char said[4 * GS_FACTOR_NAME], levels[2][GS_FACTOR_NAME], text[GS_FORMAT_BYTES];
            if (isnan(number)) {
                continue;
            }
            const uint32_t colour = gs_colour_of(gs_scale_place(colours, number));
            write_number(kind, number, text);
            (void)snprintf(said, sizeof said, "%s %s, %s %s: %s", map->factors[0]->name,
                           name_cell(&columns, column, levels[0]), map->factors[1]->name,
                           name_cell(&rows, row, levels[1]), text);
            gs_panel_cell(panel, (double)column - 0.5, (double)column + 0.5, (double)row - 0.5, (double)row + 0.5,
                          colour, saying ? said : NULL);
            if (words) {
                write_word(panel, kind, column, row, number, colour);
            }
        }
    }
}

static void draw_map(const gs_page *page, const sweep_map *map, map_kind kind) {
    const axis_of_map columns = {map, 0}, rows = {map, 1};
    const double height = fmin(MOST_HEIGHT, fmax(LEAST_HEIGHT, 90 + CELL_HEIGHT * (double)map->cells[1]));
    const gs_scale x = {-0.5, (double)map->cells[0] - 0.5, false, 0, 0, false},
                   y = {-0.5, (double)map->cells[1] - 0.5, false, 0, 0, false};
    const gs_scale colours = colour_scale(map, kind);
    gs_panel panel;
    gs_panel_begin(&panel, page->stream, WIDTH, height, LEFT_MARGIN, x, y, TITLES[kind]);
    draw_cells(&panel, map, kind, &colours);
    gs_panel_x_names(&panel, map->factors[0]->name, name_cell, &columns, map->cells[0]);
    gs_panel_y_names(&panel, map->factors[1]->name, name_cell, &rows, map->cells[1]);
    gs_panel_end(&panel);
}

/// A bar of the colours beside the numbers that they stand for.
static void write_bar(const gs_page *page, const sweep_map *map, map_kind kind) {
    const gs_scale colours = colour_scale(map, kind);
    char low[GS_FORMAT_BYTES], high[GS_FORMAT_BYTES];
    write_number(kind, colours.low, low);
    write_number(kind, colours.high, high);
    gs_html_print(page->stream, "%s: %s ", TITLES[kind], low);
    (void)fprintf(page->stream, "<svg class=\"bar\" width=\"96\" height=\"10\" aria-hidden=\"true\">");
    for (int i = 0; i < STEPS_OF_BAR; i++) {
        (void)fprintf(page->stream, "<rect x=\"%d\" y=\"0\" width=\"3.1\" height=\"10\" fill=\"#%06x\"/>", 3 * i,
                      (unsigned)gs_colour_of((i + 0.5) / STEPS_OF_BAR));
    }
    (void)fprintf(page->stream, "</svg>");
    gs_html_print(page->stream, " %s%s. ", high, kind == MAP_ERROR ? " (logarithmic)" : "");
}

static bool has_gaps(const sweep_map *map) {
    bool gaps = false;
    for (int64_t i = 0; i < map->cells[0] * map->cells[1]; i++) {
        gaps = gaps || map->finished[i] == 0;
    }
    return gaps;
}

static void write_caption(const gs_page *page, const sweep_map *map) {
    const gs_report *report = page->report;
    for (int kind = 0; kind < MAP_COUNT; kind++) {
        write_bar(page, map, (map_kind)kind);
    }
    gs_html_print(page->stream, "Shares in %%%s.",
                  map->of_several ? ", over all other settings; errors: geometric means" : "");
    if (map->cells[0] < map->factors[0]->level_count || map->cells[1] < map->factors[1]->level_count) {
        gs_html_print(page->stream, " Neighbouring values share cells.");
    }
    if (has_gaps(map)) {
        gs_html_print(page->stream, " Gaps: no training is finished.");
    }
    const gs_untrained at_ln2 = gs_untrained_of(report, GS_UNTRAINED_PRINTS_LN2);
    const gs_untrained errors = gs_untrained_of(report, GS_UNTRAINED_ERROR);
    char ranges[2][GS_UNTRAINED_TEXT], right[GS_FORMAT_BYTES];
    gs_html_print(page->stream,
                  " For comparison: untrained nets%s %s at 0.693 / 0.693 and covariance error %s, real data %.3g, "
                  "samples of the true law %.3g with %s right.",
                  report->baseline_count > 1 ? ", by kind," : "", gs_untrained_range(&at_ln2, true, ranges[0]),
                  gs_untrained_range(&errors, false, ranges[1]), report->real_data.median_covariance_error,
                  report->ideal.median_covariance_error, gs_format_share(report->ideal.covariance_ok.share, right));
}

static gs_status draw_maps(const gs_page *page, const gs_effects *axes, gs_error *error) {
    sweep_map map;
    if (!make_map(page->report, axes, &map)) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the maps");
    }
    gs_figure_begin(page, "maps", "Where?");
    for (int kind = 0; kind < MAP_COUNT; kind++) {
        draw_map(page, &map, (map_kind)kind);
    }
    gs_figure_caption(page);
    write_caption(page, &map);
    gs_figure_end(page);
    free_map(&map);
    return GS_OK;
}

gs_status gs_figure_maps(const gs_page *page, gs_error *error) {
    gs_effects axes;
    gs_status status = gs_axes_find(page->report, gs_results_experiment(page->results), &axes, error);
    if (status != GS_OK) {
        return status;
    }
    if (axes.factor_count > 1) {
        status = draw_maps(page, &axes, error);
    }
    gs_factors_free(&axes);
    return status;
}
