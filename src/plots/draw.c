/// One pass over the trials, configuration by configuration in the order of the maps' cells; then the titles.
#include "plots/plots.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/check.h"
#include "numeric/format.h"
#include "numeric/quantile.h"
#include "plots/design.h"
#include "plots/reading.h"
#include "plots/samples.h"

enum {
    MOST_TRIALS = 1 << 19,        ///< that are looked at, while every configuration has its fewest
    FEWEST_OF_CONFIGURATION = 32, ///< its seeds that are looked at
    MOST_LOSSES = 1 << 22,        ///< of one configuration
    MOST_LOSSES_IN_ALL = 1 << 24, ///< while every configuration has its fewest trials
    TRIALS_BYTES = 160,           ///< of the part of a title that says how many trials there are
};
static const double SHORTEST_DISTANCE = 1e-9; // nats: a logarithmic axis has no 0

/// A configuration and the cell of the maps that its trials belong to.
typedef struct {
    int64_t cell, configuration;
} gs_place;

/// Trials that a plot shows, when they are finished.
typedef struct {
    int64_t looked_at, finished, diverged;
} gs_count;

/// Curves that wait for the end of a configuration, and counts that wait for the end of the pass.
typedef struct {
    const gs_plots *plots;
    gs_reading reading;
    unsigned char *drawing;
    gs_count in_all, in_rows, in_points;            ///< of all plots but those of rows and of points
    gs_place *places;                               ///< [plots->place_count]
    double *column;                                 ///< [members of a configuration]
    int64_t *with_epoch, *ln2_both, *ln2_D, *ln2_G; ///< [epochs shown]
    double *cell_errors, *cell_distances;           ///< [trials of the largest cell] of the trials in the cell so far
    int64_t cell_finished, cell_ln2, cell_ok, cell_errors_count, cell_distances_count, cell_capacity;
    gs_candidates candidates;
} gs_pass;

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t divide_up(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

// ---- what is looked at ----

/// Every how-many-th member of a configuration is looked at.
static int64_t step_of(const gs_plots *plots, int64_t members) {
    const int64_t configurations = plots->place_count;
    const int64_t by_trials = larger(MOST_TRIALS / configurations, FEWEST_OF_CONFIGURATION);
    const int64_t in_all = MOST_LOSSES_IN_ALL / (2 * plots->epoch_count * configurations);
    const int64_t by_losses = gs_smaller(MOST_LOSSES / (2 * plots->epoch_count), in_all);
    return divide_up(members, gs_smaller(members, gs_smaller(by_trials, larger(by_losses, FEWEST_OF_CONFIGURATION))));
}

static int compare_places(const void *a, const void *b) {
    const gs_place *left = a, *right = b;
    if (left->cell != right->cell) {
        return (left->cell > right->cell) - (left->cell < right->cell);
    }
    return (left->configuration > right->configuration) - (left->configuration < right->configuration);
}

static void find_places(gs_pass *pass) {
    const gs_plots *plots = pass->plots;
    for (int64_t i = 0; i < plots->place_count; i++) {
        pass->places[i].configuration = plots->first_configuration + gs_plots_spread(i, plots->configuration_count);
        pass->places[i].cell = gs_plots_cell(plots, pass->places[i].configuration);
    }
    qsort(pass->places, (size_t)plots->place_count, sizeof *pass->places, compare_places);
}

/// Trials that are looked at of the largest configuration, of the largest cell, and of all.
static void count_members(const gs_pass *pass, int64_t *of_configuration, int64_t *of_cell, int64_t *of_all) {
    int64_t in_cell = 0;
    *of_configuration = 1; // a point is read by itself
    *of_cell = *of_all = 0;
    for (int64_t i = 0; i < pass->plots->place_count; i++) {
        const int64_t members = gs_plan_member_count(pass->plots->plan, pass->places[i].configuration);
        const int64_t looked_at = members == 0 ? 0 : divide_up(members, step_of(pass->plots, members));
        in_cell = i > 0 && pass->places[i].cell == pass->places[i - 1].cell ? in_cell + looked_at : looked_at;
        *of_configuration = larger(*of_configuration, looked_at);
        *of_cell = larger(*of_cell, in_cell);
        *of_all += looked_at;
    }
}

static void free_pass(gs_pass *pass) {
    gs_reading_free(&pass->reading);
    gs_candidates_free(&pass->candidates);
    free(pass->places);
    free(pass->column);
    free(pass->with_epoch);
    free(pass->cell_errors);
    free(pass->cell_distances);
}

/// Finds out what is to be looked at, and makes room; false when out of memory.
static bool start_pass(gs_pass *pass) {
    const gs_plots *plots = pass->plots;
    int64_t of_configuration, of_cell, of_all;
    pass->places = calloc((size_t)plots->place_count, sizeof *pass->places);
    if (pass->places == NULL) {
        return false;
    }
    find_places(pass);
    count_members(pass, &of_configuration, &of_cell, &of_all);
    const size_t epochs = (size_t)plots->epoch_count;
    pass->column = malloc((size_t)(of_configuration + 1) * sizeof *pass->column);
    pass->with_epoch = calloc(4 * epochs, sizeof *pass->with_epoch);
    pass->cell_errors = malloc((size_t)(of_cell + 1) * sizeof *pass->cell_errors);
    pass->cell_distances = malloc((size_t)(of_cell + 1) * sizeof *pass->cell_distances);
    const bool room = gs_reading_create(&pass->reading, plots, of_configuration) &&
                      gs_candidates_create(&pass->candidates, plots->sample_count > 0 ? of_all : 0);
    if (!room || pass->column == NULL || pass->with_epoch == NULL || pass->cell_errors == NULL ||
        pass->cell_distances == NULL) {
        return false;
    }
    pass->cell_capacity = of_cell;
    pass->ln2_both = pass->with_epoch + epochs;
    pass->ln2_D = pass->ln2_both + epochs;
    pass->ln2_G = pass->ln2_D + epochs;
    return true;
}

// ---- one configuration ----

/// A trial counts in every epoch that it was trained for, also those in which it had diverged.
static void count_by_epoch(gs_pass *pass, int64_t own_epochs, double sign) {
    const gs_trials_read *trials = &pass->reading.trials;
    const int64_t epochs = pass->plots->epoch_count;
    for (int64_t i = 0; i < trials->count; i++) {
        for (int64_t e = 0; e < epochs; e++) {
            const float loss_D = trials->loss_D[i * epochs + e], loss_G = trials->loss_G[i * epochs + e];
            if (gs_plots_epoch(pass->plots, e) <= own_epochs) {
                const bool D = gs_prints_0693(loss_D), G = gs_prints_0693(sign * loss_G);
                pass->with_epoch[e]++;
                pass->ln2_D[e] += D;
                pass->ln2_G[e] += G;
                pass->ln2_both[e] += D && G;
            }
        }
    }
}

/// Median and 5 and 95 % of one epoch's losses.
static void draw_epoch(gs_pass *pass, const float *losses, int64_t count, int64_t epoch, double *median, double *low,
                       double *high) {
    int64_t defined = 0;
    for (int64_t i = 0; i < count; i++) {
        const float loss = losses[i * pass->plots->epoch_count + epoch];
        if (!isnan(loss)) {
            pass->column[defined++] = loss;
        }
    }
    *median = gs_quantile_of_unsorted(pass->column, defined, 0.50);
    *low = gs_quantile_of_unsorted(pass->column, defined, 0.05);
    *high = gs_quantile_of_unsorted(pass->column, defined, 0.95);
}

static void draw_curves(gs_pass *pass, int64_t row, const float *losses, int64_t count, const char *const names[3]) {
    const gs_plot *plot = gs_plots_of_kind(pass->plots, GS_PLOT_LOSSES);
    const int64_t epochs = pass->plots->epoch_count;
    double *median = gs_plot_values(plot, names[0], pass->drawing) + row * epochs;
    double *low = gs_plot_values(plot, names[1], pass->drawing) + row * epochs;
    double *high = gs_plot_values(plot, names[2], pass->drawing) + row * epochs;
    for (int64_t e = 0; e < epochs; e++) {
        draw_epoch(pass, losses, count, e, &median[e], &low[e], &high[e]);
    }
}

/// The row of the curves that shows a configuration; -1 when none does.
static int64_t row_of(const gs_plots *plots, int64_t configuration) {
    int64_t low = 0, high = plots->row_count; // the row, if there is one, lies in [low, high)
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (plots->rows[middle] == configuration) {
            return middle;
        }
        if (plots->rows[middle] < configuration) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

static void add_count(gs_count *count, int64_t looked_at, const gs_trials_read *finished) {
    count->looked_at += looked_at;
    count->finished += finished->count;
    for (int64_t i = 0; i < finished->count; i++) {
        count->diverged += isnan(finished->last_D[i]);
    }
}

static void count_last_loss(double *bins, double loss) {
    if (!isnan(loss)) {
        const double bin = floor((loss - GS_LN2) / GS_PLOT_BIN_WIDTH + 0.5) + GS_PLOT_BINS_BELOW_LN2;
        bins[bin < 0 ? 0 : bin > GS_PLOT_BINS - 1 ? GS_PLOT_BINS - 1 : (int)bin]++;
    }
}

/// What each finished trial of a configuration adds to the histogram, its cell, and the candidates for samples.
static void count_trials(gs_pass *pass, double sign) {
    const gs_trials_read *read = &pass->reading.trials;
    const gs_plot *plot = gs_plots_of_kind(pass->plots, GS_PLOT_LAST_LOSSES);
    double *bins_D = gs_plot_values(plot, "loss_D", pass->drawing);
    double *bins_G = gs_plot_values(plot, "loss_G", pass->drawing);
    for (int64_t i = 0; i < read->count; i++) {
        const double loss_D = read->last_D[i], loss_G = sign * read->last_G[i];
        count_last_loss(bins_D, loss_D);
        count_last_loss(bins_G, loss_G);
        pass->cell_finished++;
        pass->cell_ln2 += gs_prints_0693(loss_D) && gs_prints_0693(loss_G);
        pass->cell_ok += read->covariance_ok[i] != 0;
        if (!isnan(read->covariance_error[i])) {
            assert(pass->cell_errors_count < pass->cell_capacity);
            pass->cell_errors[pass->cell_errors_count++] = read->covariance_error[i];
            gs_candidates_add(&pass->candidates, read->trials[i], read->covariance_error[i]);
        }
        if (!isnan(read->frechet_distance[i])) {
            pass->cell_distances[pass->cell_distances_count++] = read->frechet_distance[i];
        }
    }
}

static gs_status look_at(gs_pass *pass, int64_t configuration, gs_error *error) {
    static const char *const names_D[] = {"loss_D_median", "loss_D_percentile_5", "loss_D_percentile_95"};
    static const char *const names_G[] = {"loss_G_median", "loss_G_percentile_5", "loss_G_percentile_95"};
    const gs_plan *plan = pass->plots->plan;
    const int64_t members = gs_plan_member_count(plan, configuration);
    if (members == 0) {
        return GS_OK;
    }
    const int64_t step = step_of(pass->plots, members);
    const gs_trials_read *trials = &pass->reading.trials;
    gs_settings settings;
    gs_plan_configuration_settings(plan, configuration, &settings);
    const gs_status status = gs_reading_members(&pass->reading, configuration, step, settings.epochs, error);
    if (status != GS_OK) {
        return status;
    }
    const int64_t row = row_of(pass->plots, configuration);
    add_count(&pass->in_all, divide_up(members, step), trials);
    if (row >= 0) {
        add_count(&pass->in_rows, divide_up(members, step), trials);
    }
    if (trials->count == 0) {
        return GS_OK;
    }
    const double sign = gs_equilibrium_sign(settings.generator_loss);
    count_by_epoch(pass, settings.epochs, sign);
    count_trials(pass, sign);
    if (row >= 0) {
        draw_curves(pass, row, trials->loss_D, trials->count, names_D);
        draw_curves(pass, row, trials->loss_G, trials->count, names_G);
    }
    return GS_OK;
}

// ---- maps ----

static void set_cell(const gs_pass *pass, gs_plot_kind kind, const char *dataset, int64_t cell, double value) {
    const gs_plot *plot = gs_plots_of_kind(pass->plots, kind);
    if (plot != NULL) {
        gs_plot_values(plot, dataset, pass->drawing)[cell] = value;
    }
}

/// Draws a cell once all of its configurations have been looked at.
static void end_cell(gs_pass *pass, int64_t cell) {
    if (pass->cell_finished > 0) {
        const double finished = (double)pass->cell_finished;
        set_cell(pass, GS_PLOT_MAP_LN2, "share", cell, (double)pass->cell_ln2 / finished);
        set_cell(pass, GS_PLOT_MAP_COVARIANCE_OK, "share", cell, (double)pass->cell_ok / finished);
        set_cell(pass, GS_PLOT_MAP_COVARIANCE, "covariance_error", cell,
                 gs_quantile_of_unsorted(pass->cell_errors, pass->cell_errors_count, 0.5));
        set_cell(pass, GS_PLOT_MAP_FRECHET, "frechet_distance", cell,
                 gs_quantile_of_unsorted(pass->cell_distances, pass->cell_distances_count, 0.5));
    }
    pass->cell_finished = pass->cell_ln2 = pass->cell_ok = 0;
    pass->cell_errors_count = pass->cell_distances_count = 0;
}

// ---- after the pass ----

static void draw_ln2_by_epoch(const gs_pass *pass) {
    const gs_plot *plot = gs_plots_of_kind(pass->plots, GS_PLOT_LN2_BY_EPOCH);
    double *both = gs_plot_values(plot, "both", pass->drawing);
    double *loss_D = gs_plot_values(plot, "loss_D", pass->drawing);
    double *loss_G = gs_plot_values(plot, "loss_G", pass->drawing);
    for (int64_t e = 0; e < pass->plots->epoch_count; e++) {
        if (pass->with_epoch[e] > 0) {
            const double all = (double)pass->with_epoch[e];
            both[e] = (double)pass->ln2_both[e] / all;
            loss_D[e] = (double)pass->ln2_D[e] / all;
            loss_G[e] = (double)pass->ln2_G[e] / all;
        }
    }
}

/// A line at ln 2 as high as the histogram.
static void mark_ln2(const gs_pass *pass) {
    const gs_plot *plot = gs_plots_of_kind(pass->plots, GS_PLOT_LAST_LOSSES);
    const double *bins_D = gs_plot_values(plot, "loss_D", pass->drawing);
    const double *bins_G = gs_plot_values(plot, "loss_G", pass->drawing);
    double *mark = gs_plot_values(plot, "ln_2", pass->drawing);
    double highest = 0;
    for (int i = 0; i < GS_PLOT_BINS; i++) {
        highest = fmax(highest, fmax(bins_D[i], bins_G[i]));
    }
    mark[GS_PLOT_BINS_BELOW_LN2] = highest;
}

static gs_status draw_error_against_loss(gs_pass *pass, gs_error *error) {
    const gs_plots *plots = pass->plots;
    const gs_plot *plot = gs_plots_of_kind(plots, GS_PLOT_ERROR_AGAINST_LOSS);
    double *distance = gs_plot_values(plot, "distance", pass->drawing);
    double *covariance_error = gs_plot_values(plot, "covariance_error", pass->drawing);
    double *covariance_ok = gs_plot_values(plot, "covariance_ok", pass->drawing);
    gs_status status = GS_OK;
    for (int64_t i = 0; i < plots->point_count && status == GS_OK; i++) {
        const gs_trials_read *read = &pass->reading.trials;
        gs_settings settings;
        gs_plan_settings(plots->plan, plots->points[i], &settings);
        status = gs_reading_trial(&pass->reading, plots->points[i], settings.epochs, error);
        if (status != GS_OK) {
            break;
        }
        add_count(&pass->in_points, 1, read);
        if (read->count == 1 && !isnan(read->last_D[0]) && !isnan(read->covariance_error[0])) {
            const double sign = gs_equilibrium_sign(settings.generator_loss);
            const double farthest = fmax(fabs(read->last_D[0] - GS_LN2), fabs(sign * read->last_G[0] - GS_LN2));
            distance[i] = fmax(farthest, SHORTEST_DISTANCE);
            covariance_error[i] = read->covariance_error[0];
            covariance_ok[i] = read->covariance_ok[0];
        }
    }
    return status;
}

// ---- titles ----

/// "1,000 trainings", "100,000 trainings, an even part of 1,000,000 (3 diverged)", "731 of 1,000 trainings: the others
/// are not ..."
static void describe_trials(const gs_count *count, int64_t trial_count, char text[TRIALS_BYTES]) {
    char finished[GS_FORMAT_BYTES], all[GS_FORMAT_BYTES], planned[GS_FORMAT_BYTES];
    (void)gs_format_count(count->finished, finished);
    (void)gs_format_count(count->looked_at, all);
    (void)gs_format_count(trial_count, planned);
    const bool partly = count->looked_at < trial_count;
    if (count->finished == 0) {
        (void)snprintf(text, TRIALS_BYTES, "no training of %s is finished", all);
    } else if (count->finished < count->looked_at) {
        (void)snprintf(text, TRIALS_BYTES, "%s of %s trainings%s%s: the others are not finished", finished, all,
                       partly ? ", a part of " : "", partly ? planned : "");
    } else {
        (void)snprintf(text, TRIALS_BYTES, "%s training%s%s%s", all, count->looked_at == 1 ? "" : "s",
                       partly ? ", an even part of " : "", partly ? planned : "");
    }
    if (count->diverged > 0) {
        char diverged[GS_FORMAT_BYTES];
        const size_t length = strlen(text);
        (void)snprintf(text + length, TRIALS_BYTES - length, " (%s diverged)",
                       gs_format_count(count->diverged, diverged));
    }
}

/// How many trials a plot shows.
static const gs_count *count_of(const gs_pass *pass, gs_plot_kind kind) {
    return kind == GS_PLOT_LOSSES               ? &pass->in_rows
           : kind == GS_PLOT_ERROR_AGAINST_LOSS ? &pass->in_points
                                                : &pass->in_all;
}

static void write_titles(const gs_pass *pass) {
    static const char *const subjects[GS_PLOT_KIND_COUNT] = {
        [GS_PLOT_LOSSES] = "Losses by epoch, median and 5 to 95 %",
        [GS_PLOT_LAST_LOSSES] = "Losses of the last epoch",
        [GS_PLOT_LN2_BY_EPOCH] = "Share at ln 2 = 0.693",
        [GS_PLOT_MAP_LN2] = "Share at 0.693 / 0.693",
        [GS_PLOT_MAP_COVARIANCE_OK] = "Share with right covariance",
        [GS_PLOT_MAP_COVARIANCE] = "Median covariance error",
        [GS_PLOT_MAP_FRECHET] = "Median Frechet distance",
        [GS_PLOT_ERROR_AGAINST_LOSS] = "Covariance error against the distance from ln 2",
    };
    for (int i = 0; i < pass->plots->count; i++) {
        const gs_plot *plot = &pass->plots->plots[i];
        const char *subject = subjects[plot->kind];
        if (subject != NULL) {
            char *title = (char *)pass->drawing + plot->title_offset, trials[TRIALS_BYTES];
            describe_trials(count_of(pass, plot->kind), pass->plots->trial_count, trials);
            (void)snprintf(title, GS_PLOT_TITLE_BYTES, "%s: %s", subject, trials);
        }
    }
}

// ---- drawing ----

void gs_plots_clear(const gs_plots *plots, unsigned char *drawing) {
    const int64_t titles = plots->plots[0].title_offset;
    gs_pass pass = {.plots = plots, .drawing = drawing};
    for (int64_t at = 0; at < titles; at += (int64_t)sizeof(double)) {
        static const uint64_t nan = 0x7ff8000000000000U; // the one quiet NaN of the file
        memcpy(drawing + at, &nan, sizeof nan);
    }
    memset(drawing + titles, 0, (size_t)(plots->bytes - titles));
    gs_plots_plan(plots, drawing);
    pass.in_all.looked_at = pass.in_rows.looked_at = pass.in_points.looked_at = plots->trial_count;
    write_titles(&pass);
    gs_samples_clear(plots, drawing);
}

static gs_status draw(gs_pass *pass, gs_error *error) {
    static const char *const counted[] = {"loss_D", "loss_G", "ln_2"};
    const gs_plot *plot = gs_plots_of_kind(pass->plots, GS_PLOT_LAST_LOSSES);
    gs_status status = GS_OK;
    if (!start_pass(pass)) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the plots");
    }
    for (int i = 0; i < 3; i++) {
        memset(gs_plot_values(plot, counted[i], pass->drawing), 0, GS_PLOT_BINS * sizeof(double));
    }
    for (int64_t i = 0; i < pass->plots->place_count && status == GS_OK; i++) {
        status = look_at(pass, pass->places[i].configuration, error);
        if (i + 1 == pass->plots->place_count || pass->places[i + 1].cell != pass->places[i].cell) {
            end_cell(pass, pass->places[i].cell);
        }
    }
    if (status == GS_OK) {
        draw_ln2_by_epoch(pass);
        mark_ln2(pass);
        status = draw_error_against_loss(pass, error);
        write_titles(pass);
    }
    return status == GS_OK ? gs_samples_draw(&pass->candidates, &pass->reading, pass->drawing, error) : status;
}

gs_status gs_plots_draw(const gs_plots *plots, gs_plot_reader *read, void *source, bool complete,
                        unsigned char *drawing, gs_error *error) {
    gs_pass pass = {.plots = plots, .drawing = drawing};
    pass.reading.read = read;
    pass.reading.source = source;
    pass.reading.complete = complete;
    gs_plots_clear(plots, drawing);
    const gs_status status = draw(&pass, error);
    free_pass(&pass);
    return status;
}
