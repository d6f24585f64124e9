#include "plots/samples.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "numeric/format.h"
#include "train/draws.h"

typedef struct {
    gs_plot_kind kind;
    const char *description;
} chosen_trial;

static const chosen_trial chosen[] = {
    {GS_PLOT_SAMPLES_BEST, "least"},
    {GS_PLOT_SAMPLES_MEDIAN, "median"},
    {GS_PLOT_SAMPLES_WORST, "greatest"},
};
enum { CHOSEN_COUNT = sizeof chosen / sizeof *chosen };

bool gs_candidates_create(gs_candidates *candidates, int64_t most) {
    *candidates = (gs_candidates){.capacity = most};
    if (most > 0) {
        candidates->list = malloc((size_t)most * sizeof *candidates->list);
    }
    return most == 0 || candidates->list != NULL;
}

void gs_candidates_free(gs_candidates *candidates) {
    free(candidates->list);
    *candidates = (gs_candidates){0};
}

void gs_candidates_add(gs_candidates *candidates, int64_t trial, double covariance_error) {
    if (candidates->capacity > 0) {
        assert(candidates->count < candidates->capacity);
        candidates->list[candidates->count++] = (gs_candidate){covariance_error, trial};
    }
}

static int compare(const void *a, const void *b) {
    const gs_candidate *left = a, *right = b;
    if (left->covariance_error != right->covariance_error) {
        return left->covariance_error > right->covariance_error ? 1 : -1;
    }
    return (left->trial > right->trial) - (left->trial < right->trial);
}

static void set_title(const gs_plot *plot, unsigned char *drawing, const char *which, const gs_candidate *candidate) {
    char *title = (char *)drawing + plot->title_offset;
    char trial[GS_FORMAT_BYTES];
    if (candidate == NULL) {
        (void)snprintf(title, GS_PLOT_TITLE_BYTES, "Trial with the %s covariance error: none is finished", which);
    } else {
        (void)snprintf(title, GS_PLOT_TITLE_BYTES,
                       "Trial %s, with the %s covariance error (%.3g): generated points over real ones",
                       gs_format_count(candidate->trial, trial), which, candidate->covariance_error);
    }
}

void gs_samples_clear(const gs_plots *plots, unsigned char *drawing) {
    for (int i = 0; i < CHOSEN_COUNT && plots->sample_count > 0; i++) {
        set_title(gs_plots_of_kind(plots, chosen[i].kind), drawing, chosen[i].description, NULL);
    }
}

/// Points of one trial: the real ones first, so that the generated ones lie over them.
/// @param points  [(real or kept samples) x dimension] work space
static gs_status draw_points(const gs_plot *plot, const gs_reading *reading, int64_t trial, float *points,
                             unsigned char *drawing, gs_error *error) {
    const gs_plots *plots = reading->plots;
    const gs_data_law *law = &plots->experiment->data;
    double *x = gs_plot_values(plot, "x", drawing), *y = gs_plot_values(plot, "y", drawing);
    gs_settings settings;
    gs_plan_settings(plots->plan, trial, &settings);
    gs_draw_data(law, (uint64_t)settings.data_seed, plots->real_count, points);
    for (int64_t i = 0; i < plots->real_count; i++) {
        x[i] = points[i * law->dimension];
        y[i] = points[i * law->dimension + 1];
    }
    const gs_status status = gs_reading_samples(reading, trial, points, error);
    for (int64_t i = 0; i < plots->sample_count && status == GS_OK; i++) {
        x[plots->real_count + i] = points[i * law->dimension];
        y[plots->real_count + i] = points[i * law->dimension + 1];
    }
    return status;
}

gs_status gs_samples_draw(gs_candidates *candidates, const gs_reading *reading, unsigned char *drawing,
                          gs_error *error) {
    const gs_plots *plots = reading->plots;
    gs_status status = GS_OK;
    if (plots->sample_count == 0 || candidates->count == 0) {
        return GS_OK;
    }
    const int64_t room =
        plots->experiment->keep_samples > plots->real_count ? plots->experiment->keep_samples : plots->real_count;
    float *points = malloc((size_t)(room * plots->experiment->data.dimension) * sizeof *points);
    if (points == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the plots");
    }
    qsort(candidates->list, (size_t)candidates->count, sizeof *candidates->list, compare);
    const int64_t places[CHOSEN_COUNT] = {0, (candidates->count - 1) / 2, candidates->count - 1};
    for (int i = 0; i < CHOSEN_COUNT && status == GS_OK; i++) {
        const gs_plot *plot = gs_plots_of_kind(plots, chosen[i].kind);
        const gs_candidate *candidate = &candidates->list[places[i]];
        set_title(plot, drawing, chosen[i].description, candidate);
        status = draw_points(plot, reading, candidate->trial, points, drawing, error);
    }
    free(points);
    return status;
}
