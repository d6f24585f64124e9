/// Which plots an experiment has, and the datasets of each.
#include "plots/plots.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plots/design.h"

enum {
    MOST_EPOCHS = 2000,               ///< of a curve
    MOST_ROWS = 4096,                 ///< configurations of the curves
    MOST_VALUES_OF_A_CURVE = 1 << 17, ///< rows times epochs
    MOST_POINTS = 4096,
    MOST_PLACES = 1 << 16, ///< configurations that are looked at
    MOST_SAMPLES = 1000,
};

// ---- describing datasets ----

static gs_plot *add_plot(gs_plots *plots, gs_plot_kind kind, const char *name) {
    assert(plots->count < GS_PLOT_MOST);
    gs_plot *plot = &plots->plots[plots->count++];
    plot->kind = kind;
    plot->name = name;
    return plot;
}

static gs_plot_dataset *add_dataset(gs_plot *plot, gs_plot_role role, const char *name, const char *units,
                                    const char *long_name) {
    assert(plot->dataset_count < GS_PLOT_MOST_DATASETS);
    gs_plot_dataset *dataset = &plot->datasets[plot->dataset_count++];
    dataset->role = role;
    (void)snprintf(dataset->name, sizeof dataset->name, "%s", name);
    (void)snprintf(dataset->units, sizeof dataset->units, "%s", units);
    (void)snprintf(dataset->long_name, sizeof dataset->long_name, "%s", long_name);
    return dataset;
}

/// A dataset that names a dimension, and is known from the plan.
/// @return its index in the plot
static int add_dimension(gs_plot *plot, gs_plot_role role, const char *name, int64_t extent, const char *units,
                         const char *long_name) {
    gs_plot_dataset *dataset = add_dataset(plot, role, name, units, long_name);
    const int index = plot->dataset_count - 1;
    dataset->dimension = true;
    dataset->planned = true;
    dataset->rank = 1;
    dataset->extent[0] = extent;
    dataset->scale[0] = index;
    return index;
}

/// A dataset over one dimension, or two when `second` is not negative.
static gs_plot_dataset *add_values(gs_plot *plot, gs_plot_role role, const char *name, int first, int second,
                                   const char *units, const char *long_name) {
    gs_plot_dataset *dataset = add_dataset(plot, role, name, units, long_name);
    dataset->rank = second < 0 ? 1 : 2;
    dataset->scale[0] = first;
    dataset->scale[1] = second;
    dataset->extent[0] = plot->datasets[first].extent[0];
    dataset->extent[1] = second < 0 ? 0 : plot->datasets[second].extent[0];
    return dataset;
}

// ---- the plots ----

static void set_flags(gs_plot_dataset *dataset, gs_setting setting) {
    if (setting == GS_SETTING_CONVENTION) {
        dataset->flags = gs_convention_names;
        dataset->flag_count = GS_CONVENTION_COUNT;
    } else if (setting == GS_SETTING_GENERATOR_LOSS) {
        dataset->flags = gs_generator_loss_names;
        dataset->flag_count = GS_GENERATOR_LOSS_COUNT;
    }
}

/// What a row of the curves stands for: the settings that differ, and its first trial.
static void add_row_settings(gs_plot *plot, int configuration, const bool *swept) {
    for (int setting = GS_SETTING_LR_G; setting < GS_SETTING_COUNT; setting++) {
        if (swept[setting]) {
            const gs_setting_info *info = &gs_settings_table[setting];
            gs_plot_dataset *dataset =
                add_values(plot, GS_PLOT_BESIDE, info->name, configuration, -1, info->units, info->description);
            dataset->planned = true;
            set_flags(dataset, (gs_setting)setting);
        }
    }
    add_values(plot, GS_PLOT_BESIDE, "first_trial", configuration, -1, "1", "first trial of the configuration")
        ->planned = true;
    add_values(plot, GS_PLOT_BESIDE, "consecutive_trials", configuration, -1, "1",
               "trials of the configuration that stand side by side from its first one on")
        ->planned = true;
    add_values(plot, GS_PLOT_BESIDE, "cell", configuration, -1, "1",
               "cell of the maps that the configuration is in, row by row")
        ->planned = true;
}

static void add_losses(gs_plots *plots, const bool *swept) {
    gs_plot *plot = add_plot(plots, GS_PLOT_LOSSES, "losses");
    const bool rows = plots->configuration_count > 1;
    int first = -1;
    if (rows) {
        plot->interpretation = "spectrum";
        first = add_dimension(plot, GS_PLOT_AXIS, "configuration", plots->row_count, "1", "configuration");
    }
    const int epoch = add_dimension(plot, GS_PLOT_AXIS, "epoch", plots->epoch_count, "epoch", "epoch");
    first = rows ? first : epoch;
    const int second = rows ? epoch : -1;
    add_values(plot, GS_PLOT_SIGNAL, "loss_D_median", first, second, "nat",
               "loss (nats an example): discriminator, median");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_D_percentile_5", first, second, "nat", "discriminator, 5 %");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_D_percentile_95", first, second, "nat", "discriminator, 95 %");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_G_median", first, second, "nat", "generator, median");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_G_percentile_5", first, second, "nat", "generator, 5 %");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_G_percentile_95", first, second, "nat", "generator, 95 %");
    if (rows) {
        add_row_settings(plot, 0, swept);
    }
}

static void add_last_losses(gs_plots *plots) {
    gs_plot *plot = add_plot(plots, GS_PLOT_LAST_LOSSES, "last_losses");
    const int loss =
        add_dimension(plot, GS_PLOT_AXIS, "loss", GS_PLOT_BINS, "nat", "loss of the last epoch (nats an example)");
    add_values(plot, GS_PLOT_SIGNAL, "loss_D", loss, -1, "1", "trainings: discriminator");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_G", loss, -1, "1", "generator (of a minimax loss its negative)");
    add_values(plot, GS_PLOT_AUXILIARY, "ln_2", loss, -1, "1", "ln 2");
}

static void add_ln2_by_epoch(gs_plots *plots) {
    gs_plot *plot = add_plot(plots, GS_PLOT_LN2_BY_EPOCH, "ln2_by_epoch");
    const int epoch = add_dimension(plot, GS_PLOT_AXIS, "epoch", plots->epoch_count, "epoch", "epoch");
    add_values(plot, GS_PLOT_SIGNAL, "both", epoch, -1, "1", "share of trainings: both losses print 0.693");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_D", epoch, -1, "1", "discriminator prints 0.693");
    add_values(plot, GS_PLOT_AUXILIARY, "loss_G", epoch, -1, "1", "generator prints 0.693");
}

static int add_swept_axis(gs_plot *plot, const gs_swept *swept) {
    return add_dimension(plot, GS_PLOT_AXIS, gs_settings_table[swept->setting].name, swept->cell_count, swept->units,
                         swept->label);
}

/// A map over two settings, or a line over the only one.
static void add_map(gs_plots *plots, gs_plot_kind kind, const char *name, const char *signal, bool log_signal,
                    const char *long_name) {
    gs_plot *plot = add_plot(plots, kind, name);
    plot->log_signal = log_signal;
    if (plots->swept_count == 2) {
        const int vertical = add_swept_axis(plot, &plots->swept[1]);
        const int horizontal = add_swept_axis(plot, &plots->swept[0]);
        add_values(plot, GS_PLOT_SIGNAL, signal, vertical, horizontal, "1", long_name);
    } else {
        plot->log_axes = plots->swept[0].log_axis;
        const int axis = add_swept_axis(plot, &plots->swept[0]);
        add_values(plot, GS_PLOT_SIGNAL, signal, axis, -1, "1", long_name);
    }
}

static void add_maps(gs_plots *plots) {
    if (plots->swept_count > 0) {
        add_map(plots, GS_PLOT_MAP_LN2, "map_of_ln2", "share", false,
                "share of trainings whose losses print 0.693 / 0.693");
        add_map(plots, GS_PLOT_MAP_COVARIANCE_OK, "map_of_covariance_ok", "share", false,
                "share of trainings whose covariance is right");
        add_map(plots, GS_PLOT_MAP_COVARIANCE, "map_of_covariance_error", "covariance_error", true,
                "median covariance error (relative Frobenius norm)");
        add_map(plots, GS_PLOT_MAP_FRECHET, "map_of_frechet_distance", "frechet_distance", true,
                "median Frechet distance (squared 2-Wasserstein)");
    }
}

static void add_error_against_loss(gs_plots *plots) {
    gs_plot *plot = add_plot(plots, GS_PLOT_ERROR_AGAINST_LOSS, "error_against_loss");
    plot->log_axes = true;
    const int point = add_dimension(plot, GS_PLOT_BESIDE, "trial", plots->point_count, "1", "trial");
    add_values(plot, GS_PLOT_AXIS, "distance", point, -1, "nat",
               "|loss - ln 2| of the last epoch, the greater of both networks (nats)");
    add_values(plot, GS_PLOT_AXIS, "covariance_error", point, -1, "1", "covariance error (relative Frobenius norm)");
    add_values(plot, GS_PLOT_SIGNAL, "covariance_ok", point, -1, "1", "1: the covariance is right");
}

static void add_samples(gs_plots *plots, gs_plot_kind kind, const char *name) {
    gs_plot *plot = add_plot(plots, kind, name);
    const int point = add_dimension(plot, GS_PLOT_BESIDE, "point", plots->real_count + plots->sample_count, "1",
                                    "number of the point");
    add_values(plot, GS_PLOT_AXIS, "x", point, -1, "1", "first component");
    add_values(plot, GS_PLOT_AXIS, "y", point, -1, "1", "second component");
    add_values(plot, GS_PLOT_SIGNAL, "generated", point, -1, "1", "1: generated, 0: real")->planned = true;
}

// ---- laying out a drawing ----

static int64_t value_count(const gs_plot_dataset *dataset) {
    return dataset->extent[0] * (dataset->rank == 2 ? dataset->extent[1] : 1);
}

static void add_part(gs_plots *plots, int plot, int dataset, const char *name, int64_t offset, int64_t bytes) {
    gs_plot_part *part = &plots->parts[plots->part_count++];
    const int length = snprintf(part->name, sizeof part->name, "%s/%s", plots->plots[plot].name, name);
    assert(length < GS_PLOT_PART_BYTES);
    (void)length;
    part->plot = plot;
    part->dataset = dataset;
    part->offset = offset;
    part->bytes = bytes;
}

/// Places all datasets, then all titles.
static void lay_out(gs_plots *plots) {
    int64_t offset = 0;
    for (int i = 0; i < plots->count; i++) {
        for (int j = 0; j < plots->plots[i].dataset_count; j++) {
            gs_plot_dataset *dataset = &plots->plots[i].datasets[j];
            const int64_t bytes = value_count(dataset) * (int64_t)sizeof(double);
            dataset->offset = offset;
            add_part(plots, i, j, dataset->name, offset, bytes);
            offset += bytes;
        }
    }
    for (int i = 0; i < plots->count; i++) {
        plots->plots[i].title_offset = offset;
        add_part(plots, i, -1, "title", offset, GS_PLOT_TITLE_BYTES);
        offset += GS_PLOT_TITLE_BYTES;
    }
    plots->bytes = offset;
}

static int64_t greatest_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

int64_t gs_plots_spread(int64_t index, int64_t count) {
    static const double GOLDEN_SECTION = 0.61803398874989485;
    int64_t step = (int64_t)(GOLDEN_SECTION * (double)count);
    step = step < 1 ? 1 : step;
    while (greatest_divisor(step, count) != 1) { // so that no number comes twice
        step++;
    }
    return (int64_t)((__int128)index * step % count);
}

static int compare_numbers(const void *a, const void *b) {
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/// The first `chosen` numbers that stand for first ... first + count - 1, ascending; NULL when out of memory.
static int64_t *spread_numbers(int64_t chosen, int64_t first, int64_t count) {
    int64_t *numbers = malloc((size_t)(chosen + 1) * sizeof *numbers);
    for (int64_t i = 0; i < chosen && numbers != NULL; i++) {
        numbers[i] = first + gs_plots_spread(i, count);
    }
    if (numbers != NULL) {
        qsort(numbers, (size_t)chosen, sizeof *numbers, compare_numbers);
    }
    return numbers;
}

/// How much is shown, so that no dataset is large.
static void size(gs_plots *plots) {
    const gs_experiment *experiment = plots->experiment;
    plots->first_trial = gs_plan_part(plots->plan).first;
    plots->trial_count = gs_plan_trial_count(plots->plan);
    plots->first_configuration = gs_plan_first_configuration(plots->plan);
    plots->configuration_count = gs_plan_configuration_count(plots->plan);
    plots->largest_epochs = gs_experiment_largest(experiment, GS_SETTING_EPOCHS);
    plots->epoch_count = gs_smaller(plots->largest_epochs, MOST_EPOCHS);
    plots->row_count =
        gs_smaller(gs_smaller(plots->configuration_count, MOST_ROWS), MOST_VALUES_OF_A_CURVE / plots->epoch_count);
    plots->point_count = gs_smaller(plots->trial_count, MOST_POINTS);
    plots->place_count = gs_smaller(plots->configuration_count, MOST_PLACES);
    plots->sample_count = experiment->data.dimension > 1 ? gs_smaller(experiment->keep_samples, MOST_SAMPLES) : 0;
    plots->real_count = gs_smaller(experiment->data.n, plots->sample_count);
}

gs_status gs_plots_create(const gs_experiment *experiment, const gs_plan *plan, gs_plots **plots, gs_error *error) {
    bool swept[GS_SETTING_COUNT] = {false};
    gs_plots *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the plots");
    }
    made->experiment = experiment;
    made->plan = plan;
    made->parts = calloc((size_t)GS_PLOT_MOST * (GS_PLOT_MOST_DATASETS + 1), sizeof *made->parts);
    gs_status status = made->parts == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for the plots") : GS_OK;
    if (status == GS_OK) {
        size(made);
        made->rows = spread_numbers(made->row_count, made->first_configuration, made->configuration_count);
        made->points = spread_numbers(made->point_count, made->first_trial, made->trial_count);
        if (made->rows == NULL || made->points == NULL) {
            gs_plots_free(made);
            return gs_fail(error, GS_ERROR_RUN, "out of memory for the plots");
        }
        status = gs_swept_find(experiment, made->swept, &made->swept_count, error);
    }
    for (int setting = GS_SETTING_LR_G; setting < GS_SETTING_COUNT && status == GS_OK; setting++) {
        swept[setting] = experiment->values[setting].count > 1;
    }
    if (status != GS_OK) {
        gs_plots_free(made);
        return status;
    }
    add_losses(made, swept);
    add_last_losses(made);
    add_ln2_by_epoch(made);
    add_maps(made);
    add_error_against_loss(made);
    if (made->sample_count > 0) {
        add_samples(made, GS_PLOT_SAMPLES_BEST, "samples_best");
        add_samples(made, GS_PLOT_SAMPLES_MEDIAN, "samples_median");
        add_samples(made, GS_PLOT_SAMPLES_WORST, "samples_worst");
    }
    lay_out(made);
    *plots = made;
    return GS_OK;
}

void gs_plots_free(gs_plots *plots) {
    if (plots != NULL) {
        for (int i = 0; i < plots->swept_count; i++) {
            gs_swept_free(&plots->swept[i]);
        }
        free(plots->parts);
        free(plots->rows);
        free(plots->points);
        free(plots);
    }
}

int gs_plots_count(const gs_plots *plots) {
    return plots->count;
}

const gs_plot *gs_plots_get(const gs_plots *plots, int index) {
    return &plots->plots[index];
}

const gs_plot *gs_plots_first(const gs_plots *plots) {
    const gs_plot *map = gs_plots_of_kind(plots, GS_PLOT_MAP_LN2);
    return map == NULL ? gs_plots_of_kind(plots, GS_PLOT_LOSSES) : map;
}

int gs_plots_part_count(const gs_plots *plots) {
    return plots->part_count;
}

const gs_plot_part *gs_plots_part(const gs_plots *plots, int index) {
    return &plots->parts[index];
}

int64_t gs_plots_bytes(const gs_plots *plots) {
    return plots->bytes;
}

int64_t gs_plots_epoch(const gs_plots *plots, int64_t index) {
    return (index + 1) * plots->largest_epochs / plots->epoch_count;
}

int64_t gs_plots_cell(const gs_plots *plots, int64_t configuration) {
    gs_settings settings;
    if (plots->swept_count == 0) {
        return 0;
    }
    gs_plan_configuration_settings(plots->plan, configuration, &settings);
    const int64_t column = gs_swept_cell(&plots->swept[0], &settings);
    return plots->swept_count == 1 ? column
                                   : gs_swept_cell(&plots->swept[1], &settings) * plots->swept[0].cell_count + column;
}

const gs_plot *gs_plots_of_kind(const gs_plots *plots, gs_plot_kind kind) {
    for (int i = 0; i < plots->count; i++) {
        if (plots->plots[i].kind == kind) {
            return &plots->plots[i];
        }
    }
    return NULL;
}

double *gs_plot_values(const gs_plot *plot, const char *dataset, unsigned char *drawing) {
    for (int i = 0; i < plot->dataset_count; i++) {
        if (strcmp(plot->datasets[i].name, dataset) == 0) {
            return (double *)(void *)(drawing + plot->datasets[i].offset);
        }
    }
    return NULL;
}

// ---- what is planned ----

/// Values of a dimension of the maps or of what a row of the curves stands for; false when it is none of these.
static bool plan_from_settings(const gs_plots *plots, const gs_plot *plot, const char *name, double *values) {
    for (int setting = 0; setting < GS_SETTING_COUNT; setting++) {
        if (strcmp(gs_settings_table[setting].name, name) != 0) {
            continue;
        }
        if (plot->kind == GS_PLOT_LOSSES) {
            for (int64_t row = 0; row < plots->row_count; row++) {
                gs_settings settings;
                gs_plan_configuration_settings(plots->plan, plots->rows[row], &settings);
                values[row] = gs_setting_value(&settings, (gs_setting)setting);
            }
            return true;
        }
        const gs_swept *swept = &plots->swept[plots->swept[0].setting == (gs_setting)setting ? 0 : 1];
        memcpy(values, swept->positions, (size_t)swept->cell_count * sizeof *values);
        return true;
    }
    return false;
}

/// The first trial of a configuration; NaN when the part has none of it.
static double first_trial(const gs_plots *plots, int64_t configuration) {
    return gs_plan_member_count(plots->plan, configuration) == 0
               ? (double)NAN
               : (double)gs_plan_member(plots->plan, configuration, 0);
}

/// How many trials of a configuration follow each other from its first one on.
static double consecutive_trials(const gs_plots *plots, int64_t configuration) {
    const gs_plan *plan = plots->plan;
    return gs_plan_member_count(plan, configuration) == 0
               ? 0
               : (double)gs_plan_run_from(plan, gs_plan_member(plan, configuration, 0));
}

static double planned_value(const gs_plots *plots, const char *name, int64_t index) {
    if (strcmp(name, "epoch") == 0) {
        return (double)gs_plots_epoch(plots, index);
    }
    if (strcmp(name, "configuration") == 0) {
        return (double)plots->rows[index];
    }
    if (strcmp(name, "first_trial") == 0) {
        return first_trial(plots, plots->rows[index]);
    }
    if (strcmp(name, "consecutive_trials") == 0) {
        return consecutive_trials(plots, plots->rows[index]);
    }
    if (strcmp(name, "cell") == 0) {
        return (double)gs_plots_cell(plots, plots->rows[index]);
    }
    if (strcmp(name, "loss") == 0) {
        return GS_LN2 + GS_PLOT_BIN_WIDTH * (double)(index - GS_PLOT_BINS_BELOW_LN2);
    }
    if (strcmp(name, "trial") == 0) {
        return (double)plots->points[index];
    }
    if (strcmp(name, "generated") == 0) {
        return index < plots->real_count ? 0 : 1;
    }
    assert(strcmp(name, "point") == 0);
    return (double)index;
}

void gs_plots_plan(const gs_plots *plots, unsigned char *drawing) {
    for (int i = 0; i < plots->count; i++) {
        const gs_plot *plot = &plots->plots[i];
        for (int j = 0; j < plot->dataset_count; j++) {
            const gs_plot_dataset *dataset = &plot->datasets[j];
            double *values = gs_plot_values(plot, dataset->name, drawing);
            if (!dataset->planned || plan_from_settings(plots, plot, dataset->name, values)) {
                continue;
            }
            for (int64_t k = 0; k < dataset->extent[0]; k++) {
                values[k] = planned_value(plots, dataset->name, k);
            }
        }
    }
}
