/// What all plots of an experiment have in common: how many of its trials, epochs and configurations they show.
#ifndef GANSWEEP_PLOTS_DESIGN_H
#define GANSWEEP_PLOTS_DESIGN_H

#include "plots/plots.h"
#include "plots/swept.h"

struct gs_plots {
    const gs_experiment *experiment;
    const gs_plan *plan;
    int64_t first_trial, trial_count; ///< of the plan's part
    int64_t first_configuration, configuration_count;
    int64_t epoch_count, largest_epochs; ///< shown, trained
    int64_t place_count;                 ///< configurations that are looked at
    int64_t row_count;                   ///< configurations that GS_PLOT_LOSSES shows
    int64_t *rows;                       ///< [row_count] their numbers, ascending
    int64_t point_count;                 ///< trials that GS_PLOT_ERROR_AGAINST_LOSS shows
    int64_t *points;                     ///< [point_count] their numbers, ascending
    int64_t sample_count;                ///< generated points that GS_PLOT_SAMPLES_... show; 0: none are kept
    int64_t real_count;                  ///< real points beside them
    int swept_count;
    gs_swept swept[2];
    int count;
    gs_plot plots[GS_PLOT_MOST];
    int part_count;
    gs_plot_part *parts; ///< [part_count]
    int64_t bytes;
};

enum {
    GS_PLOT_BINS_BELOW_LN2 = 693, ///< bins of the histogram below the one whose middle is ln 2
    GS_PLOT_BINS_ABOVE_LN2 = 1307,
    GS_PLOT_BINS = GS_PLOT_BINS_BELOW_LN2 + 1 + GS_PLOT_BINS_ABOVE_LN2,
};
#define GS_LN2 0.69314718055994530942
#define GS_PLOT_BIN_WIDTH 0.001 // nats: what "%.3f" prints

static inline int64_t gs_smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/// The epoch, 1-based, that place `index` of an epoch axis shows.
int64_t gs_plots_epoch(const gs_plots *plots, int64_t index);
/// Number `index` of those that stand for all of 0 ... count - 1: multiples of the golden section of count, modulo it.
/// The first so many of them are spread evenly however many they are, unlike every k-th, which can hit one value of a
/// setting alone.
int64_t gs_plots_spread(int64_t index, int64_t count);

/// The cell of the maps that a configuration's trials are in, row by row; 0 when nothing is swept.
int64_t gs_plots_cell(const gs_plots *plots, int64_t configuration);

/// The plot of a kind; NULL when this experiment has none.
const gs_plot *gs_plots_of_kind(const gs_plots *plots, gs_plot_kind kind);

/// Fills in what is planned.
void gs_plots_plan(const gs_plots *plots, unsigned char *drawing);

/// Where a dataset's values stand in a drawing; NULL when the plot has no dataset of this name.
double *gs_plot_values(const gs_plot *plot, const char *dataset, unsigned char *drawing);

#endif
