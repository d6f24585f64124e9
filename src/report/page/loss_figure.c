#include "report/page/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "numeric/quantile.h"
#include "plots/reading.h"
#include "report/order.h"
#include "report/page/html.h"

enum {
    MOST_PANELS = 3,
    MOST_LOSSES = 1 << 22, ///< of both networks that are looked at of a configuration
    MOST_PLACES = 240,     ///< epochs drawn
    CURVES = 3,            ///< median, 5 % and 95 %
};
static const double WIDTH = 358, HEIGHT = 280, LEFT_MARGIN = 48;
static const double PROBABILITIES[CURVES] = {0.5, 0.05, 0.95};
static const double APART = 0.1;    ///< epochs, of both networks from the only epoch
static const double WIDE_SPAN = 20; ///< of losses, that are best seen on a logarithmic axis

/// A configuration that gets a panel.
typedef struct {
    int64_t row;  ///< of the report
    char why[96]; ///< "best", "worst", "the notebook's settings"
} chosen_row;

/// Curves of one configuration.
typedef struct {
    int64_t places, looked_at, finished;
    double epoch[MOST_PLACES];
    double loss[2][CURVES][MOST_PLACES]; ///< of both networks; of the minimax loss its negative
} loss_curves;

// ---- which configurations ----

/// Whether a configuration is the chapter's own, whatever its convention.
static bool is_the_notebooks(const gs_settings *settings) {
    return settings->lr_D == gs_settings_table[GS_SETTING_LR_D].preset &&
           settings->lr_G == gs_settings_table[GS_SETTING_LR_G].preset &&
           (double)settings->batch_size == gs_settings_table[GS_SETTING_BATCH_SIZE].preset &&
           (double)settings->latent_dim == gs_settings_table[GS_SETTING_LATENT_DIM].preset &&
           (double)settings->epochs == gs_settings_table[GS_SETTING_EPOCHS].preset &&
           settings->generator_loss == GS_NON_SATURATING;
}

static void choose(chosen_row *rows, int *count, int64_t row, const char *why) {
    for (int i = 0; i < *count; i++) {
        if (rows[i].row == row) {
            const size_t used = strlen(rows[i].why);
            (void)snprintf(rows[i].why + used, sizeof rows[i].why - used, " and %s", why);
            return;
        }
    }
    rows[*count].row = row;
    (void)snprintf(rows[(*count)++].why, sizeof rows[0].why, "%s", why);
}

static int choose_rows(const gs_report *report, chosen_row rows[MOST_PANELS]) {
    int64_t best, worst;
    int count = 0;
    if (!gs_order_ends(report, &best, &worst)) {
        return 0;
    }
    if (report->count > 1) {
        choose(rows, &count, best, "best covariances");
        choose(rows, &count, worst, "worst covariances");
    } else {
        choose(rows, &count, best, "all trainings");
    }
    for (int64_t i = 0; i < report->count && report->count > 1; i++) {
        if (report->rows[i].done > 0 && is_the_notebooks(&report->rows[i].settings)) {
            choose(rows, &count, i, "the notebook's settings");
            break;
        }
    }
    return count;
}

// ---- curves ----

/// Quantiles of one network's losses at one epoch, over the trials that have one.
/// @param column  [count]
static void find_quantiles(const float *losses, int64_t count, int64_t stride, int64_t place, double sign,
                           double *column, double quantiles[CURVES]) {
    int64_t defined = 0;
    for (int64_t i = 0; i < count; i++) {
        const double loss = sign * (double)losses[i * stride + place];
        if (!isnan(loss)) {
            column[defined++] = loss;
        }
    }
    for (int curve = 0; curve < CURVES; curve++) {
        quantiles[curve] = gs_quantile_of_unsorted(column, defined, PROBABILITIES[curve]);
    }
}

static void fill_curves(const gs_reading *reading, const gs_settings *settings, double *column, loss_curves *curves) {
    const gs_plots *plots = reading->plots;
    const gs_trials_read *trials = &reading->trials;
    const double signs[2] = {1, gs_equilibrium_sign(settings->generator_loss)};
    int64_t shown = 0;
    while (shown < plots->epoch_count && gs_plots_epoch(plots, shown) <= settings->epochs) {
        shown++;
    }
    const int64_t step = shown < MOST_PLACES ? 1 : (shown + MOST_PLACES - 1) / MOST_PLACES;
    curves->places = 0;
    for (int64_t place = (shown - 1) % step; place < shown; place += step) { // the last epoch is one of them
        curves->epoch[curves->places] = (double)gs_plots_epoch(plots, place);
        for (int network = 0; network < 2; network++) {
            double quantiles[CURVES];
            find_quantiles(network == 0 ? trials->loss_D : trials->loss_G, trials->count, plots->epoch_count, place,
                           signs[network], column, quantiles);
            for (int curve = 0; curve < CURVES; curve++) {
                curves->loss[network][curve][curves->places] = quantiles[curve];
            }
        }
        curves->places++;
    }
}

static gs_status read_results(void *source, const char *dataset, int64_t first, int64_t count, void *into,
                              gs_error *error) {
    return gs_results_read(source, dataset, first, count, into, error);
}

static gs_status read_curves(const gs_page *page, gs_plots *plots, const gs_report_row *row, loss_curves *curves,
                             gs_error *error) {
    const int64_t members = row->trials;
    int64_t most = MOST_LOSSES / (2 * plots->epoch_count);
    most = most < 1 ? 1 : most > members ? members : most;
    const int64_t step = (members + most - 1) / most;
    const gs_settings *settings = &row->settings;
    gs_reading reading = {.read = read_results, .source = (void *)page->results};
    double *column = malloc((size_t)(most + 1) * sizeof *column);
    gs_status status = gs_reading_create(&reading, plots, most) && column != NULL
                           ? gs_reading_members(&reading, row->configuration, step, settings->epochs, error)
                           : gs_fail(error, GS_ERROR_RUN, "out of memory for a figure");
    if (status == GS_OK && column != NULL) {
        curves->looked_at = (members + step - 1) / step;
        curves->finished = reading.trials.count;
        fill_curves(&reading, settings, column, curves);
    }
    gs_reading_free(&reading);
    free(column);
    return status;
}

// ---- drawing ----

/// All curves with ln 2; of losses that explode on a logarithmic axis, if they are all above 0.
static gs_scale scale_of(const loss_curves *curves) {
    double low = M_LN2, high = M_LN2;
    for (int network = 0; network < 2; network++) {
        for (int curve = 0; curve < CURVES; curve++) {
            for (int64_t i = 0; i < curves->places; i++) {
                const double loss = curves->loss[network][curve][i];
                low = isfinite(loss) ? fmin(low, loss) : low;
                high = isfinite(loss) ? fmax(high, loss) : high;
            }
        }
    }
    return gs_scale_around(low, high, low > 0 && high > WIDE_SPAN * M_LN2);
}

static void draw(const gs_page *page, const chosen_row *row, const loss_curves *curves) {
    static const char *const bands[2] = {"D-band", "G-band"}, *const pens[2] = {"D", "G curve"};
    char settings[GS_SETTINGS_TEXT], title[GS_SETTINGS_TEXT + 128];
    (void)gs_configuration_text(page->report, row->row, settings);
    (void)snprintf(title, sizeof title, "%s%s%s", row->why, settings[0] == '\0' ? "" : ": ", settings);
    title[0] = (char)(title[0] >= 'a' && title[0] <= 'z' ? title[0] - 'a' + 'A' : title[0]);
    const double last = curves->epoch[curves->places - 1];
    const bool single = curves->places == 1;
    const gs_scale x = {single ? last - 1 : fmin(1, last - 1), single ? last + 1 : last, false, 0, 0, true};
    gs_panel panel;
    gs_panel_begin(&panel, page->stream, WIDTH, HEIGHT, LEFT_MARGIN, x, scale_of(curves), title);
    gs_panel_y_axis(&panel, "loss (nats an example)");
    for (int network = 0; network < 2; network++) {
        gs_panel_band(&panel, curves->epoch, curves->loss[network][1], curves->loss[network][2], curves->places,
                      bands[network]);
    }
    gs_panel_horizontal(&panel, M_LN2, "ln2");
    for (int network = 0; network < 2 && !single; network++) {
        gs_panel_line(&panel, curves->epoch, curves->loss[network][0], curves->places, pens[network]);
    }
    for (int network = 0; network < 2 && single; network++) {
        gs_panel_point_along_y(&panel,
                               (gs_point){last + APART * (network == 0 ? -1 : 1), curves->loss[network][0][0],
                                          curves->loss[network][1][0], curves->loss[network][2][0]},
                               network == 0 ? "D" : "G");
    }
    gs_panel_x_axis(&panel, "epoch");
    gs_panel_end(&panel);
}

/// What is said below the panels.
typedef struct {
    int64_t looked_at, trials; ///< of all panels
    bool minimax;              ///< some panel
    int kind_count;
    int64_t kinds[MOST_PANELS]; ///< of untrained nets, that the panels are to be compared with
} loss_caption;

static void add_to_caption(loss_caption *caption, const gs_report *report, int64_t row, const loss_curves *curves) {
    const int64_t kind = report->baseline_of[row];
    bool known = false;
    for (int i = 0; i < caption->kind_count; i++) {
        known = known || caption->kinds[i] == kind;
    }
    if (!known) {
        caption->kinds[caption->kind_count++] = kind;
    }
    caption->looked_at += curves->looked_at;
    caption->trials += report->rows[row].trials;
    caption->minimax = caption->minimax || report->rows[row].settings.generator_loss == GS_MINIMAX;
}

/// Mean losses of one kind of untrained nets, as they are drawn.
static void write_untrained(const gs_page *page, const gs_report_row *untrained) {
    char text[2][GS_FORMAT_BYTES], settings[GS_SETTINGS_TEXT];
    const double sign = gs_equilibrium_sign(untrained->settings.generator_loss);
    gs_html_print(page->stream, " Untrained nets%s: mean loss_D %s, loss_G %s%s.",
                  gs_untrained_text(page->report, untrained, settings),
                  gs_format_number(untrained->loss_D.mean, 4, text[0]),
                  gs_format_number(sign * untrained->loss_G.mean, 4, text[1]), sign < 0 ? " (its negative)" : "");
}

static void write_caption(const gs_page *page, const loss_caption *caption) {
    char text[2][GS_FORMAT_BYTES];
    gs_figure_key(page, "D", "discriminator");
    gs_figure_key(page, "G curve", caption->minimax ? "generator (of the minimax loss its negative)" : "generator");
    gs_figure_key(page, "ln2", "ln 2");
    gs_html_print(page->stream, "Medians, and bands from 5 to 95 %% of the trainings that have not diverged by then");
    if (caption->looked_at < caption->trials) {
        gs_html_print(page->stream, "; an even part of %s of the %s trainings shown",
                      gs_format_count(caption->looked_at, text[0]), gs_format_count(caption->trials, text[1]));
    }
    gs_html_print(page->stream, ".");
    for (int i = 0; i < caption->kind_count; i++) {
        write_untrained(page, &page->report->baselines[caption->kinds[i]]);
    }
}

static gs_status draw_rows(const gs_page *page, const chosen_row *rows, int count, loss_curves *curves,
                           gs_error *error) {
    loss_caption caption = {.kind_count = 0};
    gs_plots *plots;
    gs_status status =
        gs_plots_create(gs_results_experiment(page->results), gs_results_plan(page->results), &plots, error);
    if (status != GS_OK) {
        return status;
    }
    gs_figure_begin(page, "losses", "How do the losses get there?");
    for (int i = 0; i < count && status == GS_OK; i++) {
        const gs_report_row *row = &page->report->rows[rows[i].row];
        status = read_curves(page, plots, row, curves, error);
        if (status == GS_OK && curves->finished > 0) {
            draw(page, &rows[i], curves);
        }
        add_to_caption(&caption, page->report, rows[i].row, curves);
    }
    gs_figure_caption(page);
    write_caption(page, &caption);
    gs_figure_end(page);
    gs_plots_free(plots);
    return status;
}

gs_status gs_figure_losses(const gs_page *page, gs_error *error) {
    chosen_row rows[MOST_PANELS];
    const int count = choose_rows(page->report, rows);
    if (count == 0) {
        return GS_OK;
    }
    loss_curves *curves = calloc(1, sizeof *curves);
    const gs_status status = curves == NULL ? gs_fail(error, GS_ERROR_RUN, "out of memory for a figure")
                                            : draw_rows(page, rows, count, curves, error);
    free(curves);
    return status;
}
