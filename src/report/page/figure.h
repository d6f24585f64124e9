/// The figures of a report's page. Each writes one <figure>, or nothing where there is nothing to show.
#ifndef REPORT_PAGE_FIGURE_H
#define REPORT_PAGE_FIGURE_H

#include "report/page/svg.h"
#include "report/page/untrained.h"

typedef struct {
    const gs_report *report;
    const gs_results *results;
    const char *path;
    FILE *stream;
} gs_page;

/// The figure that matters most: covariance error against the distance of the losses from ln 2, and the share of right
/// covariances by that distance, over all trials that are done.
gs_status gs_figure_error(const gs_page *page, gs_error *error);

/// Maps of the sweep over the two factors that explain most: shares at 0.693 / 0.693 and of right covariances, and the
/// covariance error. Nothing where fewer than two settings are swept.
gs_status gs_figure_maps(const gs_page *page, gs_error *error);

/// Losses by epoch, median and 5 to 95 %, of the best, the worst and the notebook's configuration.
gs_status gs_figure_losses(const gs_page *page, gs_error *error);

/// Mean last losses with their intervals against the margins of ln 2.
gs_status gs_figure_means(const gs_page *page, gs_error *error);

/// What became of the trainings: shares of each outcome, of all, of those at 0.693 / 0.693, of the best configurations
/// and of untrained nets.
gs_status gs_figure_outcomes(const gs_page *page, gs_error *error);

/// Means of the responses over each factor's levels, with their intervals.
gs_status gs_figure_effects(const gs_page *page, gs_error *error);

// ---- what the figures share ----

void gs_figure_begin(const gs_page *page, const char *id, const char *heading);
/// Around a panel whose words would be too small on a narrow screen: there it scrolls sideways.
void gs_figure_wide_begin(const gs_page *page);
void gs_figure_wide_end(const gs_page *page);
/// Ends the panels; the caption follows.
void gs_figure_caption(const gs_page *page);
void gs_figure_end(const gs_page *page);

/// A line of the legend: how a pen draws, and what it stands for.
void gs_figure_key(const gs_page *page, const char *pen, const char *text);

/// What trained nets are compared with. NaN, and no number of untrained nets: nothing.
typedef struct {
    gs_untrained untrained;
    double real_data, true_law;
} gs_floors;

/// Covariance errors.
gs_floors gs_figure_error_floors(const gs_report *report);
/// Widens a range, so that the floors above 0 stand inside of it.
void gs_figure_with_floors(const gs_floors *floors, double *low, double *high);

/// Horizontal lines at the floors, times a unit.
void gs_figure_floors(const gs_panel *panel, const gs_floors *floors, double unit);
void gs_figure_floor_keys(const gs_page *page);

/// "lr_G 0.005, lr_D 0.05": what tells the configuration of a row from the others; "" of the only one.
enum { GS_SETTINGS_TEXT = 512 };
char *gs_configuration_text(const gs_report *report, int64_t row, char text[GS_SETTINGS_TEXT]);

/// Untrained nets in figures with a row for each kind: so many at most, and a sentence where there are more.
enum { GS_UNTRAINED_ROWS = 4 };
void gs_figure_untrained_note(const gs_page *page);

/// "0.005, 0.05": the levels of a row, in the order of the factors' names; "all trainings" where nothing is swept.
char *gs_levels_text(const gs_report *report, int64_t row, char text[GS_FACTOR_NAME]);
/// "lr_G, lr_D": those names.
char *gs_factors_text(const gs_report *report, char text[GS_FACTOR_NAME]);

/// ", torch, minimax": what tells one kind of untrained nets from the others.
char *gs_untrained_text(const gs_report *report, const gs_report_row *untrained, char text[GS_SETTINGS_TEXT]);

#endif
