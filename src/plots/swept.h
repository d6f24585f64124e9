/// The settings that a sweep varies most, as the axes of its maps.
#ifndef GANSWEEP_PLOTS_SWEPT_H
#define GANSWEEP_PLOTS_SWEPT_H

#include "experiment/dimension.h"
#include "gansweep/plan.h"
#include "plots/plots.h"

typedef struct {
    gs_setting setting;
    int64_t level_count;
    double *levels;            ///< [level_count] its different values, ascending; NULL when cells are ranges
    const gs_dimension *drawn; ///< the setting is drawn, and cells are equal parts of its scale; NULL otherwise
    int64_t cell_count;
    double *positions; ///< [cell_count] of the cells on the axis
    bool log_axis;     ///< positions are the values themselves, and best seen on a logarithmic scale
    char label[GS_PLOT_LABEL_BYTES], units[GS_PLOT_UNITS_BYTES];
} gs_swept;

/// Value of any setting as a number.
double gs_setting_value(const gs_settings *settings, gs_setting setting);

/// Finds the one or two settings, other than seeds, with the most different values; of settings that are zipped one.
/// What a design draws has as many as points, or as there are choices or integers.
/// @param swept  [2] to be ended with gs_swept_free(): the horizontal axis, then the vertical one
/// @param count  0, 1 or 2
/// @return GS_ERROR_RUN when out of memory, and nothing is to be freed
gs_status gs_swept_find(const gs_experiment *experiment, gs_swept swept[2], int *count, gs_error *error);
void gs_swept_free(gs_swept *swept);

/// The cell that a trial of these settings falls into.
int64_t gs_swept_cell(const gs_swept *swept, const gs_settings *settings);

#endif
