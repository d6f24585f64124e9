#include "report/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/answers.h"
#include "report/effects_print.h"
#include "report/fields.h"
#include "report/part.h"
#include "numeric/format.h"
#include "report/order.h"
#include "report/table.h"
#include "report/warnings.h"
#include "report/totals.h"

enum {
    FEWEST_ROWS = 4,          ///< of configurations in a table, however small the screen
    LINES_BESIDE_TABLES = 34, ///< heading, column names, sentences, and the ledger below
    MOST_BASELINES = 4,
};

/// How one column of a table is made from a row.
typedef enum { CELL_COUNT, CELL_NUMBER, CELL_SHARE, CELL_INTERVAL } cell_kind;
typedef struct {
    const char *group, *name;
    size_t offset;
    cell_kind kind;
    int decimals;
} table_column;

#define MEMBER(member) offsetof(gs_report_row, member)

static const table_column LOSS_COLUMNS[] = {
    {"", "trials", MEMBER(trials), CELL_COUNT, 0},
    {"", "done", MEMBER(done), CELL_COUNT, 0},
    {"", "diverged", MEMBER(diverged), CELL_COUNT, 0},
    {"loss_D", "mean", MEMBER(loss_D.mean), CELL_NUMBER, 4},
    {"loss_D", "sd", MEMBER(loss_D.standard_deviation), CELL_NUMBER, 4},
    {"loss_D", "median", MEMBER(loss_D.median), CELL_NUMBER, 4},
    {"loss_D", "5 %", MEMBER(loss_D.percentile_5), CELL_NUMBER, 3},
    {"loss_D", "95 %", MEMBER(loss_D.percentile_95), CELL_NUMBER, 3},
    {"loss_G", "mean", MEMBER(loss_G.mean), CELL_NUMBER, 4},
    {"loss_G", "sd", MEMBER(loss_G.standard_deviation), CELL_NUMBER, 4},
    {"loss_G", "median", MEMBER(loss_G.median), CELL_NUMBER, 4},
    {"loss_G", "5 %", MEMBER(loss_G.percentile_5), CELL_NUMBER, 3},
    {"loss_G", "95 %", MEMBER(loss_G.percentile_95), CELL_NUMBER, 3},
};

static const table_column LAW_COLUMNS[] = {
    {"print 0.693 / 0.693", "share", MEMBER(prints_ln2), CELL_SHARE, 0},
    {"print 0.693 / 0.693", "95 %", MEMBER(prints_ln2), CELL_INTERVAL, 0},
    {"covariance right", "share", MEMBER(covariance_ok), CELL_SHARE, 0},
    {"covariance right", "95 %", MEMBER(covariance_ok), CELL_INTERVAL, 0},
    {"", "both", MEMBER(both), CELL_SHARE, 0},
    {"law rejected", "p < 0.05", MEMBER(lrt_rejected), CELL_SHARE, 0},
    {"median", "cov. error", MEMBER(median_covariance_error), CELL_NUMBER, 3},
    {"median", "Frechet", MEMBER(median_frechet_distance), CELL_NUMBER, 3},
    {"median", "KL", MEMBER(median_kl), CELL_NUMBER, 3},
};

static const table_column OUTCOME_COLUMNS[] = {
    {"converged", "share", MEMBER(outcome[GS_OUTCOME_CONVERGED]), CELL_SHARE, 0},
    {"converged", "95 %", MEMBER(outcome[GS_OUTCOME_CONVERGED]), CELL_INTERVAL, 0},
    {"equilibrium of", "losses only", MEMBER(outcome[GS_OUTCOME_LOSSES_ONLY]), CELL_SHARE, 0},
    {"discriminator", "dead", MEMBER(outcome[GS_OUTCOME_DEAD_DISCRIMINATOR]), CELL_SHARE, 0},
    {"discriminator", "wins", MEMBER(outcome[GS_OUTCOME_DISCRIMINATOR_WINS]), CELL_SHARE, 0},
    {"generator", "collapsed", MEMBER(outcome[GS_OUTCOME_COLLAPSED]), CELL_SHARE, 0},
    {"", "oscillating", MEMBER(outcome[GS_OUTCOME_OSCILLATING]), CELL_SHARE, 0},
    {"", "diverged", MEMBER(outcome[GS_OUTCOME_DIVERGED]), CELL_SHARE, 0},
    {"", "not yet", MEMBER(outcome[GS_OUTCOME_NOT_YET]), CELL_SHARE, 0},
};

static const table_column REQUESTED_COLUMNS[] = {
    {"discriminator, median nats", "could gain", MEMBER(median_jsd), CELL_NUMBER, 4},
    {"discriminator, median nats", "misses", MEMBER(median_missed), CELL_NUMBER, 4},
    {"dynamics", "unstable", MEMBER(unstable), CELL_SHARE, 0},
    {"dynamics", "95 %", MEMBER(unstable), CELL_INTERVAL, 0},
    {"median over eigenvalues", "largest Re", MEMBER(median_largest_real), CELL_NUMBER, 4},
    {"median over eigenvalues", "largest |Im / Re|", MEMBER(median_largest_ratio), CELL_NUMBER, 1},
};

/// Which configurations a table shows: the best `best`, then the worst `worst`, in this order; all when none is left
/// out.
typedef struct {
    int64_t *order; ///< [count] configurations with finished trials, best first, or all in plan order
    int64_t count, best, worst;
} selection;

/// Which settings differ between configurations: they label the rows. The others are said once.
typedef struct {
    bool varies[GS_SETTING_COUNT];
} gs_labels;

static gs_labels find_labels(const gs_report *report) {
    gs_labels found = {{false}};
    for (int64_t i = 1; i < report->count; i++) {
        gs_settings_mark_different(&report->rows[0].settings, &report->rows[i].settings, found.varies);
    }
    return found;
}

static int compare_rows(const void *left, const void *right, void *context) {
    const gs_report_row *rows = context;
    return gs_order_compare(&rows[*(const int64_t *)left], &rows[*(const int64_t *)right]);
}

/// Configurations of which a table has room on a screen.
static int64_t room_on(const gs_screen *screen, const gs_report *report) {
    const int64_t baselines = report->baseline_count < MOST_BASELINES ? report->baseline_count : MOST_BASELINES;
    const int64_t effects = gs_effects_line_count(report->effects);
    const int64_t room = (screen->rows - LINES_BESIDE_TABLES - effects) / 3 - baselines;
    return room < FEWEST_ROWS ? FEWEST_ROWS : room;
}

static gs_status select_rows(const gs_report *report, int64_t room, selection *chosen, gs_error *error) {
    *chosen = (selection){.order = malloc((size_t)report->count * sizeof(int64_t))};
    if (chosen->order == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the order of %lld configurations",
                       (long long)report->count);
    }
    const bool all = report->count <= room;
    for (int64_t i = 0; i < report->count; i++) {
        if (all || report->rows[i].done + report->rows[i].diverged > 0) {
            chosen->order[chosen->count++] = i;
        }
    }
    if (all) {
        chosen->best = chosen->count;
        return GS_OK;
    }
    qsort_r(chosen->order, (size_t)chosen->count, sizeof *chosen->order, compare_rows, report->rows);
    chosen->best = chosen->count <= room ? chosen->count : (room + 1) / 2;
    chosen->worst = chosen->count <= room ? 0 : room / 2;
    return GS_OK;
}

static void write_cell(const table_column *column, const gs_report_row *row, char *cell) {
    const void *member = (const char *)row + column->offset;
    const gs_share *share = member;
    switch (column->kind) {
    case CELL_COUNT:
        (void)gs_format_count(*(const int64_t *)member, cell);
        break;
    case CELL_NUMBER:
        (void)gs_format_number(*(const double *)member, column->decimals, cell);
        break;
    case CELL_INTERVAL:
        if (isnan(share->low)) {
            break;
        }
        (void)snprintf(cell, GS_TABLE_CELL, "%.1f - %.1f", 100 * share->low, 100 * share->high);
        break;
    default:
        (void)gs_format_share(share->share, cell);
    }
}

/// One row of a table: its name, the settings that label it, and its columns.
static gs_status add_row(gs_table *table, const char *name, const gs_report_row *row, const bool *shown_settings,
                         const gs_labels *labels, const table_column *columns, int column_count, gs_style style,
                         gs_error *error) {
    gs_table_row *added = gs_table_add(table, style);
    if (added == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
    }
    int at = 0;
    gs_table_row_name(added, name);
    at++;
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        if (labels->varies[setting]) {
            char *cell = added->cell[at++];
            if (shown_settings[setting]) {
                (void)gs_setting_label(&row->settings, setting, cell);
            }
        }
    }
    for (int i = 0; i < column_count; i++) {
        write_cell(&columns[i], row, added->cell[at++]);
    }
    return GS_OK;
}

static gs_status add_note(gs_table *table, const char *before, int64_t left_out, const char *after, gs_error *error) {
    char count[GS_FORMAT_BYTES];
    gs_table_row *note = gs_table_add(table, GS_STYLE_DIM);
    if (note == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
    }
    note->note = true;
    (void)snprintf(note->cell[0], GS_TABLE_CELL, "... %s%s%s", before, gs_format_count(left_out, count), after);
    return GS_OK;
}

static gs_status add_trained_rows(gs_table *table, const gs_report *report, const selection *chosen,
                                  const gs_labels *labels, const table_column *columns, int column_count,
                                  gs_error *error) {
    static const bool all[GS_SETTING_COUNT] = {[0 ... GS_SETTING_COUNT - 1] = true};
    gs_status status = GS_OK;
    for (int64_t i = 0; i < chosen->count && status == GS_OK; i++) {
        if (chosen->worst > 0 && i == chosen->best) {
            i = chosen->count - chosen->worst;
            status = add_note(table, "", i - chosen->best, " between them", error);
        }
        if (status == GS_OK) {
            status = add_row(table, "trained", &report->rows[chosen->order[i]], all, labels, columns, column_count,
                             GS_STYLE_PLAIN, error);
        }
    }
    return status;
}

static gs_status add_untrained_rows(gs_table *table, const gs_report *report, const gs_labels *labels,
                                    const table_column *columns, int column_count, gs_error *error) {
    static const bool own[GS_SETTING_COUNT] = {
        [GS_SETTING_CONVENTION] = true, [GS_SETTING_GENERATOR_LOSS] = true, [GS_SETTING_LATENT_DIM] = true};
    gs_status status = GS_OK;
    for (int64_t i = 0; i < report->baseline_count && i < MOST_BASELINES && status == GS_OK; i++) {
        status =
            add_row(table, "untrained", &report->baselines[i], own, labels, columns, column_count, GS_STYLE_DIM, error);
    }
    if (status == GS_OK && report->baseline_count > MOST_BASELINES) {
        status = add_note(table, "and ", report->baseline_count - MOST_BASELINES, " more of other nets", error);
    }
    return status;
}

static gs_status add_floors(gs_table *table, const gs_report *report, const gs_labels *labels,
                            const table_column *columns, int column_count, gs_error *error) {
    static const bool none[GS_SETTING_COUNT] = {false};
    const gs_report_row *const floors[] = {&report->real_data, &report->ideal};
    static const char *const names[] = {"real data", "true law"};
    gs_status status = GS_OK;
    for (int i = 0; i < 2 && status == GS_OK; i++) {
        if (floors[i]->trials > 0) {
            status = add_row(table, names[i], floors[i], none, labels, columns, column_count, GS_STYLE_DIM, error);
        }
    }
    return status;
}

static gs_status print_table(const char *heading, const gs_report *report, const selection *chosen,
                             const gs_labels *labels, const table_column *columns, int column_count,
                             const gs_screen *screen, gs_table_printer *show, FILE *stream, gs_error *error) {
    gs_table table;
    gs_table_start(&table);
    gs_table_column(&table, "", "nets", true);
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        if (labels->varies[setting]) {
            const gs_setting_type type = gs_settings_table[setting].type;
            gs_table_column(&table, "", gs_settings_table[setting].name,
                            type == GS_TYPE_CONVENTION || type == GS_TYPE_GENERATOR_LOSS);
        }
    }
    for (int i = 0; i < column_count; i++) {
        gs_table_column(&table, columns[i].group, columns[i].name, false);
    }
    gs_status status = add_trained_rows(&table, report, chosen, labels, columns, column_count, error);
    if (status == GS_OK) {
        status = add_untrained_rows(&table, report, labels, columns, column_count, error);
    }
    if (status == GS_OK && columns == LAW_COLUMNS) {
        status = add_floors(&table, report, labels, columns, column_count, error);
    }
    if (status == GS_OK) {
        show(&table, heading, screen, stream);
    }
    gs_table_free(&table);
    return status;
}

static void print_heading(const gs_report *report, const gs_experiment *experiment, const char *path,
                          const gs_labels *labels, const gs_screen *screen, FILE *stream) {
    const gs_totals sum = gs_totals_of(report->rows, report->count);
    char text[5][GS_FORMAT_BYTES], part[GS_PART_TEXT];
    if (experiment->title != NULL && experiment->title[0] != '\0') {
        (void)fprintf(stream, "%s%s%s\n", gs_screen_on(screen, GS_STYLE_BOLD), experiment->title,
                      gs_screen_off(screen, GS_STYLE_BOLD));
    }
    (void)fprintf(stream, "%s: %s trial%s%s in %s configuration%s: %s done, %s diverged, %s pending\n", path,
                  gs_format_count(sum.trials, text[0]), sum.trials == 1 ? "" : "s",
                  gs_part_text(report->trials, report->experiment_trials, part),
                  gs_format_count(report->count, text[1]), report->count == 1 ? "" : "s",
                  gs_format_count(sum.done, text[2]), gs_format_count(sum.diverged, text[3]),
                  gs_format_count(sum.pending, text[4]));
    const char *separator = "all with ";
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        char value[GS_SETTING_TEXT];
        if (!labels->varies[setting]) {
            (void)fprintf(stream, "%s%s %s", separator, gs_settings_table[setting].name,
                          gs_setting_text(&report->rows[0].settings, setting, value));
            separator = ", ";
        }
    }
    (void)fprintf(stream, "\n");
}

gs_status gs_report_print_tables(const gs_report *report, const gs_experiment *experiment, int64_t room, bool *cut,
                                 const gs_screen *screen, gs_table_printer *show, FILE *stream, gs_error *error) {
    const gs_labels labels = find_labels(report);
    selection chosen;
    gs_status status = select_rows(report, room, &chosen, error);
    if (status != GS_OK) {
        return status;
    }
    status = print_table("Losses of the last epoch, nats per example", report, &chosen, &labels, LOSS_COLUMNS,
                         sizeof LOSS_COLUMNS / sizeof *LOSS_COLUMNS, screen, show, stream, error);
    if (status == GS_OK) {
        char heading[192];
        (void)snprintf(heading, sizeof heading,
                       "The generators' samples; covariance right: every generalized eigenvalue within %g of 1; law "
                       "rejected: by the "
                       "likelihood-ratio test of mean and covariance",
                       experiment->tolerance);
        status = print_table(heading, report, &chosen, &labels, LAW_COLUMNS, sizeof LAW_COLUMNS / sizeof *LAW_COLUMNS,
                             screen, show, stream, error);
    }
    if (status == GS_OK) {
        status = print_table("What became of the trainings: the first that fits, in the order of docs/statistics.md",
                             report, &chosen, &labels, OUTCOME_COLUMNS,
                             sizeof OUTCOME_COLUMNS / sizeof *OUTCOME_COLUMNS, screen, show, stream, error);
    }
    if (status == GS_OK && (experiment->check_jsd || experiment->check_jacobian)) {
        status =
            print_table("What the best discriminator would gain on the generator (JSD), what of it the trained one "
                        "misses; the Jacobian of the gradient field at the end",
                        report, &chosen, &labels, REQUESTED_COLUMNS,
                        sizeof REQUESTED_COLUMNS / sizeof *REQUESTED_COLUMNS, screen, show, stream, error);
    }
    *cut = chosen.worst > 0;
    free(chosen.order);
    return status;
}

gs_status gs_report_print_summary(const gs_report *report, const gs_experiment *experiment, const char *path,
                                  FILE *stream, gs_error *error) {
    const gs_screen screen = gs_screen_of(stream);
    const gs_labels labels = find_labels(report);
    bool cut = false;
    print_heading(report, experiment, path, &labels, &screen, stream);
    gs_status status = gs_report_print_answers(report, labels.varies, &screen, stream, error);
    if (status == GS_OK) {
        status = gs_report_print_tables(report, experiment, room_on(&screen, report), &cut, &screen, gs_table_show,
                                        stream, error);
    }
    if (status == GS_OK && cut) {
        (void)fprintf(stream, "\nBest and worst configurations by covariance; all of them: --format csv or json.\n");
    }
    if (status == GS_OK) {
        status = gs_effects_print_summary(report, &screen, stream, error);
    }
    if (status == GS_OK) {
        char warning[GS_WARNING_TEXT];
        if (gs_warn_of_few_samples(experiment, warning)) {
            (void)fprintf(stream, "\n%s\n", warning);
        }
        if (gs_warn_of_shared_seeds(experiment, warning)) {
            (void)fprintf(stream, "\n%s\n", warning);
        }
    }
    return status;
}
