/// The plots of a results file, /plots: what they are, and how they are drawn from rows of finished trials.
///
/// Each plot is a NeXus NXdata group of plain arrays at full size, so that a viewer draws it at once and the file's
/// structure never changes; numbers and titles are filled in as trials finish. What is drawn depends on the experiment
/// and on the rows alone: a finished file has the same plots however often it was stopped, and `gansweep verify`
/// compares every byte of them. So whoever changes a number or a word of what is drawn changes GS_LAYOUT_VERSION, too.
#ifndef GANSWEEP_PLOTS_PLOTS_H
#define GANSWEEP_PLOTS_PLOTS_H

#include "gansweep/plan.h"

enum {
    GS_PLOT_MOST = 12,
    GS_PLOT_MOST_DATASETS = 24, ///< of one plot
    GS_PLOT_NAME_BYTES = 32,
    GS_PLOT_PART_BYTES = 56, ///< of the name of a part
    GS_PLOT_LABEL_BYTES = 192,
    GS_PLOT_UNITS_BYTES = 48,
    GS_PLOT_TITLE_BYTES = 256, ///< with the NUL
};

/// What a dataset is to its plot. In a scatter the axes are coordinates of points.
typedef enum {
    GS_PLOT_AXIS,
    GS_PLOT_SIGNAL,
    GS_PLOT_AUXILIARY, ///< a further curve
    GS_PLOT_BESIDE,    ///< belongs to the plot and is not drawn: a dimension, or what its rows stand for
} gs_plot_role;

/// One array of doubles. NaN where nothing is finished.
typedef struct {
    char name[GS_PLOT_NAME_BYTES];
    char long_name[GS_PLOT_LABEL_BYTES];
    char units[GS_PLOT_UNITS_BYTES];
    const char *const *flags; ///< [flag_count] meanings of the values 0, 1, ...; NULL otherwise
    int flag_count;
    gs_plot_role role;
    bool dimension; ///< names a dimension of its plot
    bool planned;   ///< known from the plan
    int rank;
    int64_t extent[2];
    int scale[2];   ///< which of the plot's datasets name its dimensions
    int64_t offset; ///< of its first value in a drawing, in bytes
} gs_plot_dataset;

typedef enum {
    GS_PLOT_LOSSES,             ///< median and band of the losses by epoch, a row a configuration
    GS_PLOT_LAST_LOSSES,        ///< histogram
    GS_PLOT_LN2_BY_EPOCH,       ///< share of trials whose losses print 0.693
    GS_PLOT_MAP_LN2,            ///< over the two most varied settings: share at 0.693 / 0.693
    GS_PLOT_MAP_COVARIANCE_OK,  ///< share whose covariance is right
    GS_PLOT_MAP_COVARIANCE,     ///< median covariance error
    GS_PLOT_MAP_FRECHET,        ///< median Frechet distance
    GS_PLOT_ERROR_AGAINST_LOSS, ///< scatter of trials
    GS_PLOT_SAMPLES_BEST,       ///< scatter of real and generated points: the trial of least covariance error
    GS_PLOT_SAMPLES_MEDIAN,
    GS_PLOT_SAMPLES_WORST,
    GS_PLOT_KIND_COUNT,
} gs_plot_kind;

typedef struct {
    gs_plot_kind kind;
    const char *name;           ///< of its group
    const char *interpretation; ///< of its signals: "spectrum" for rows of curves; NULL otherwise
    bool log_axes, log_signal;  ///< are best seen on logarithmic scales
    int dataset_count;
    gs_plot_dataset datasets[GS_PLOT_MOST_DATASETS];
    int64_t title_offset; ///< of its title in a drawing
} gs_plot;

/// Bytes of a drawing that are written together: a dataset, or a title.
typedef struct {
    char name[GS_PLOT_PART_BYTES]; ///< "losses/loss_D", "losses/title"
    int plot, dataset;             ///< dataset -1: the title
    int64_t offset, bytes;
} gs_plot_part;

typedef struct gs_plots gs_plots;

/// @param experiment, plan  must outlive the plots
/// @return GS_ERROR_RUN when out of memory
gs_status gs_plots_create(const gs_experiment *experiment, const gs_plan *plan, gs_plots **plots, gs_error *error);
void gs_plots_free(gs_plots *plots);
int gs_plots_count(const gs_plots *plots);
const gs_plot *gs_plots_get(const gs_plots *plots, int index);
/// The plot that a viewer shows first: for a sweep where the equilibrium appears, else the losses.
const gs_plot *gs_plots_first(const gs_plots *plots);
int gs_plots_part_count(const gs_plots *plots);
const gs_plot_part *gs_plots_part(const gs_plots *plots, int index);
/// Bytes of a drawing: all datasets, then all titles.
int64_t gs_plots_bytes(const gs_plots *plots);

/// A drawing in which nothing is finished, with all that is planned.
/// @param drawing  [gs_plots_bytes]
void gs_plots_clear(const gs_plots *plots, unsigned char *drawing);

/// Reads rows [first, first + count) of one dataset of the results file.
typedef gs_status gs_plot_reader(void *source, const char *dataset, int64_t first, int64_t count, void *into,
                                 gs_error *error);

/// Draws every plot.
///
/// Of large sweeps a part of the trials is looked at, which the titles say: up to half a million, or 32 of each of up
/// to about 65,536 configurations (docs/file-format.md has the rule). Memory: up to 32 bytes for each of these, and the
/// losses of one configuration, up to 32 MB.
/// @param complete  every trial is finished: `status` is not read
/// @param drawing  [gs_plots_bytes]
/// @return the reader's failure, or GS_ERROR_RUN when out of memory
gs_status gs_plots_draw(const gs_plots *plots, gs_plot_reader *read, void *source, bool complete,
                        unsigned char *drawing, gs_error *error);

#endif
