#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/format.h"
#include "report/export.h"
#include "report/fields.h"
#include "report/table.h"
#include "report/two_sample.h"

// ---- in words ----

enum {
    FEWEST_ROWS = 4,          ///< of configurations in a table, however small the screen
    LINES_BESIDE_TABLES = 26, ///< headings, column names, rows of floors, sentences
    MOST_UNTRAINED = 4,
};

/// How a test is called in a table, and its statistic's decimals.
static const struct {
    const char *name, *statistic;
    int decimals;
} HEADINGS[GS_SAMPLE_TEST_COUNT] = {
    [GS_TEST_ENERGY] = {"energy distance", "energy distance", 4},
    [GS_TEST_MMD] = {"MMD^2", "MMD^2", 4},
    [GS_TEST_HOTELLING] = {"Hotelling T^2", "Hotelling T^2", 1},
    [GS_TEST_LOGISTIC] = {"logistic classifier", "logistic accuracy", 3},
    [GS_TEST_NEIGHBOURS] = {"nearest neighbours", "neighbours' accuracy", 3},
};

/// Which rows a table shows, by what they are of.
typedef struct {
    const gs_two_sample_report *report;
    bool varies[GS_SETTING_COUNT];
    int64_t *order; ///< [count] configurations, those hardest to tell apart first, or all in plan order
    int64_t count, best, worst;
} gs_shown;

/// Writes the cells behind the labels of a row, from number `at` on.
typedef void gs_cell_writer(const gs_two_sample_row *row, gs_table_row *into, int at);

static void write_medians(const gs_two_sample_row *row, gs_table_row *into, int at) {
    (void)gs_format_count(row->states[GS_TESTED], into->cell[at++]);
    (void)gs_format_count(row->states[GS_NOT_TESTED_DIVERGED], into->cell[at++]);
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        (void)gs_format_number(row->tests[test].median, HEADINGS[test].decimals, into->cell[at++]);
    }
}

static void write_rejections(const gs_two_sample_row *row, gs_table_row *into, int at) {
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        const gs_share *rejected = &row->tests[test].rejected;
        (void)gs_format_share(rejected->share, into->cell[at++]);
        if (!isnan(rejected->low)) {
            (void)snprintf(into->cell[at], GS_TABLE_CELL, "%.1f - %.1f", 100 * rejected->low, 100 * rejected->high);
        }
        at++;
        (void)gs_format_count(row->tests[test].discoveries, into->cell[at++]);
    }
}

/// Hardest to tell from real data first: by the energy distance's share rejected, then its median, then plan order.
static int compare_rows(const void *left, const void *right, void *context) {
    const gs_two_sample_row *rows = context;
    const gs_two_sample_row *a = &rows[*(const int64_t *)left], *b = &rows[*(const int64_t *)right];
    const gs_test_summary *of_a = &a->tests[GS_TEST_ENERGY], *of_b = &b->tests[GS_TEST_ENERGY];
    const double keys[2][2] = {{of_a->rejected.share, of_b->rejected.share}, {of_a->median, of_b->median}};
    for (int key = 0; key < 2; key++) {
        const double x = isnan(keys[key][0]) ? INFINITY : keys[key][0];
        const double y = isnan(keys[key][1]) ? INFINITY : keys[key][1];
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return (a->configuration > b->configuration) - (a->configuration < b->configuration);
}

static gs_status choose_shown(const gs_two_sample_report *report, const gs_screen *screen, gs_shown *shown,
                              gs_error *error) {
    const int64_t room = (screen->rows - LINES_BESIDE_TABLES) / 2, most = room < FEWEST_ROWS ? FEWEST_ROWS : room;
    *shown = (gs_shown){.report = report, .order = malloc((size_t)report->count * sizeof(int64_t))};
    if (shown->order == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the order of %lld configurations",
                       (long long)report->count);
    }
    for (int64_t i = 0; i < report->count; i++) {
        gs_settings_mark_different(&report->rows[0].settings, &report->rows[i].settings, shown->varies);
        if (report->count <= most || report->rows[i].states[GS_TESTED] > 0) {
            shown->order[shown->count++] = i;
        }
    }
    const bool cut = shown->count > most;
    if (report->count > most) {
        qsort_r(shown->order, (size_t)shown->count, sizeof *shown->order, compare_rows, report->rows);
    }
    shown->best = cut ? (most + 1) / 2 : shown->count;
    shown->worst = cut ? most / 2 : 0;
    return GS_OK;
}

/// A row with its name and the settings that are its own.
static bool add_row(gs_table *table, const char *name, const gs_two_sample_row *row, const gs_shown *shown,
                    const bool *own, gs_cell_writer *write, gs_style style) {
    gs_table_row *added = gs_table_add(table, style);
    if (added == NULL) {
        return false;
    }
    int at = 0;
    gs_table_row_name(added, name);
    at++;
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        if (shown->varies[setting]) {
            char *cell = added->cell[at++];
            if (own[setting]) {
                (void)gs_setting_label(&row->settings, setting, cell);
            }
        }
    }
    write(row, added, at);
    return true;
}

static bool add_note(gs_table *table, const char *before, int64_t left_out, const char *after) {
    char count[GS_FORMAT_BYTES];
    gs_table_row *note = gs_table_add(table, GS_STYLE_DIM);
    if (note == NULL) {
        return false;
    }
    note->note = true;
    (void)snprintf(note->cell[0], GS_TABLE_CELL, "... %s%s%s", before, gs_format_count(left_out, count), after);
    return true;
}

static bool add_rows(gs_table *table, const gs_shown *shown, gs_cell_writer *write) {
    static const bool all[GS_SETTING_COUNT] = {[0 ... GS_SETTING_COUNT - 1] = true}, none[GS_SETTING_COUNT] = {false};
    static const bool of_untrained[GS_SETTING_COUNT] = {[GS_SETTING_CONVENTION] = true, [GS_SETTING_LATENT_DIM] = true};
    const gs_two_sample_report *report = shown->report;
    bool complete =
        report->count == 1 || add_row(table, "all trained", &report->sweep, shown, none, write, GS_STYLE_BOLD);
    for (int64_t i = 0; i < shown->count && complete; i++) {
        if (shown->worst > 0 && i == shown->best) {
            i = shown->count - shown->worst;
            complete = add_note(table, "", i - shown->best, " between them");
        }
        complete =
            complete && add_row(table, "trained", &report->rows[shown->order[i]], shown, all, write, GS_STYLE_PLAIN);
    }
    for (int64_t i = 0; i < report->untrained_count && i < MOST_UNTRAINED && complete; i++) {
        complete = add_row(table, "untrained", &report->untrained[i], shown, of_untrained, write, GS_STYLE_DIM);
    }
    if (complete && report->untrained_count > MOST_UNTRAINED) {
        complete = add_note(table, "and ", report->untrained_count - MOST_UNTRAINED, " more of other nets");
    }
    return complete && add_row(table, "true law", &report->true_law, shown, none, write, GS_STYLE_DIM);
}

static void add_label_columns(gs_table *table, const gs_shown *shown) {
    gs_table_start(table);
    gs_table_column(table, "", "nets", true);
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        if (shown->varies[setting]) {
            const gs_setting_type type = gs_settings_table[setting].type;
            gs_table_column(table, "", gs_settings_table[setting].name,
                            type == GS_TYPE_CONVENTION || type == GS_TYPE_GENERATOR_LOSS);
        }
    }
}

static bool print_medians(const gs_shown *shown, const gs_screen *screen, FILE *stream) {
    gs_table table;
    add_label_columns(&table, shown);
    gs_table_column(&table, "", "tested", false);
    gs_table_column(&table, "", "diverged", false);
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        gs_table_column(&table, "median", HEADINGS[test].statistic, false);
    }
    const bool complete = add_rows(&table, shown, write_medians);
    if (complete) {
        (void)fprintf(stream, "\nHow far apart: 0 and an accuracy of 0.5 for equal laws, but for chance\n");
        gs_table_print(&table, screen, stream);
    }
    gs_table_free(&table);
    return complete;
}

static bool print_rejections(const gs_shown *shown, const gs_screen *screen, FILE *stream) {
    gs_table table;
    add_label_columns(&table, shown);
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        gs_table_column(&table, HEADINGS[test].name, "rejected", false);
        gs_table_column(&table, HEADINGS[test].name, "95 %", false);
        gs_table_column(&table, HEADINGS[test].name, "B-H", false);
    }
    const bool complete = add_rows(&table, shown, write_rejections);
    if (complete) {
        (void)fprintf(stream,
                      "\nHow often told apart: share of the tested trials with p <= 0.05, and how many of them remain "
                      "(B-H) at a false discovery rate of 5 %%\n");
        gs_table_print(&table, screen, stream);
    }
    gs_table_free(&table);
    return complete;
}

static void print_heading(const gs_shown *shown, const gs_experiment *experiment, const char *path,
                          const gs_screen *screen, FILE *stream) {
    const gs_two_sample_report *report = shown->report;
    const gs_two_sample_row *sweep = &report->sweep;
    char text[4][GS_FORMAT_BYTES];
    if (experiment->title != NULL && experiment->title[0] != '\0') {
        (void)fprintf(stream, "%s%s%s\n", gs_screen_on(screen, GS_STYLE_BOLD), experiment->title,
                      gs_screen_off(screen, GS_STYLE_BOLD));
    }
    (void)fprintf(stream, "%s: two-sample tests of %s of %s trials in %s configuration%s: ", path,
                  gs_format_count(sweep->chosen, text[0]), gs_format_count(sweep->trials, text[1]),
                  gs_format_count(report->count, text[2]), report->count == 1 ? "" : "s");
    (void)fprintf(stream, "%s tested, %s diverged, %s pending", gs_format_count(sweep->states[GS_TESTED], text[0]),
                  gs_format_count(sweep->states[GS_NOT_TESTED_DIVERGED], text[1]),
                  gs_format_count(sweep->states[GS_NOT_TESTED_PENDING], text[2]));
    if (sweep->states[GS_NOT_TESTED_NOT_FINITE] > 0) {
        (void)fprintf(stream, ", %s with samples that are not finite",
                      gs_format_count(sweep->states[GS_NOT_TESTED_NOT_FINITE], text[3]));
    }
    (void)fprintf(stream,
                  "\n%lld samples of each generator against the first %lld rows of its data; %s permutations; "
                  "classifiers learn from one half of the points and are tried on the other\n",
                  (long long)report->points, (long long)report->points, gs_format_count(report->permutations, text[0]));
    const char *separator = "all with ";
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        char value[GS_SETTING_TEXT];
        if (!shown->varies[setting]) {
            (void)fprintf(stream, "%s%s %s", separator, gs_settings_table[setting].name,
                          gs_setting_text(&report->rows[0].settings, setting, value));
            separator = ", ";
        }
    }
    (void)fprintf(stream, "\n");
}

static gs_status print_table(const gs_two_sample_report *report, const gs_experiment *experiment, const char *path,
                             FILE *stream, gs_error *error) {
    const gs_screen screen = gs_screen_of(stream);
    gs_shown shown;
    gs_status status = choose_shown(report, &screen, &shown, error);
    if (status != GS_OK) {
        return status;
    }
    print_heading(&shown, experiment, path, &screen, stream);
    if (!print_medians(&shown, &screen, stream) || !print_rejections(&shown, &screen, stream)) {
        status = gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
    }
    (void)fprintf(
        stream,
        "\nHotelling's T^2 sees means alone. True law: fresh samples of it against %lld of the data sets; of many "
        "about 5 %% are rejected by chance,\nby the classifiers 2 to 5 %%, whose accuracy has few values. "
        "Formulas: docs/statistics.md.\n",
        (long long)report->data_sets);
    if (shown.worst > 0) {
        (void)fprintf(stream, "The configurations hardest and easiest to tell from the data by energy distance; all of "
                              "them: --format csv or json.\n");
    }
    free(shown.order);
    return status;
}

// ---- for other programs ----

/// Numbers of trials of a row, as csv and json name them.
static int64_t count_of(const gs_two_sample_row *row, int which) {
    const int64_t counts[] = {row->trials,
                              row->chosen,
                              row->states[GS_TESTED],
                              row->states[GS_NOT_TESTED_DIVERGED],
                              row->states[GS_NOT_TESTED_PENDING],
                              row->states[GS_NOT_TESTED_NOT_FINITE]};
    return counts[which];
}
static const char *const COUNT_NAMES[] = {"trials", "chosen", "tested", "diverged", "pending", "not_finite"};
enum { COUNTS = sizeof COUNT_NAMES / sizeof *COUNT_NAMES };

static void print_csv_real(double value, FILE *stream) {
    char text[GS_FORMAT_BYTES];
    (void)fprintf(stream, ",%s", gs_format_exact(value, text));
}

/// A line for each test of a row.
/// @param own  [GS_SETTING_COUNT] settings that the row has
static void print_csv_row(const gs_two_sample_report *report, const char *nets, const gs_two_sample_row *row,
                          const bool *own, FILE *stream) {
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        const gs_test_summary *summary = &row->tests[test];
        (void)fprintf(stream, "%s,", nets);
        if (row->configuration >= 0) {
            (void)fprintf(stream, "%lld", (long long)row->configuration);
        }
        for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
            char text[GS_SETTING_TEXT];
            (void)fprintf(stream, ",%s", own[setting] ? gs_setting_text(&row->settings, setting, text) : "");
        }
        (void)fprintf(stream, ",%lld,%lld", (long long)report->points, (long long)report->permutations);
        for (int which = 0; which < COUNTS; which++) {
            (void)fprintf(stream, ",%lld", (long long)count_of(row, which));
        }
        (void)fprintf(stream, ",%s", gs_sample_test_names[test]);
        print_csv_real(summary->median, stream);
        (void)fprintf(stream, ",%lld", (long long)summary->rejected.count);
        print_csv_real(summary->rejected.share, stream);
        print_csv_real(summary->rejected.low, stream);
        print_csv_real(summary->rejected.high, stream);
        (void)fprintf(stream, ",%lld\r\n", (long long)summary->discoveries);
    }
}

static void print_csv(const gs_two_sample_report *report, FILE *stream) {
    static const bool all[GS_SETTING_COUNT] = {[0 ... GS_SETTING_COUNT - 1] = true}, none[GS_SETTING_COUNT] = {false};
    static const bool of_untrained[GS_SETTING_COUNT] = {[GS_SETTING_CONVENTION] = true, [GS_SETTING_LATENT_DIM] = true};
    (void)fprintf(stream, "nets,configuration");
    for (gs_setting setting = GS_FIRST_CONFIGURING; setting < GS_SETTING_COUNT; setting++) {
        (void)fprintf(stream, ",%s", gs_settings_table[setting].name);
    }
    (void)fprintf(stream, ",points,permutations");
    for (int which = 0; which < COUNTS; which++) {
        (void)fprintf(stream, ",%s", COUNT_NAMES[which]);
    }
    (void)fprintf(stream, ",test,median,rejected_count,rejected_share,rejected_low,rejected_high,discoveries\r\n");
    print_csv_row(report, "sweep", &report->sweep, none, stream);
    for (int64_t i = 0; i < report->count; i++) {
        print_csv_row(report, "trained", &report->rows[i], all, stream);
    }
    for (int64_t i = 0; i < report->untrained_count; i++) {
        print_csv_row(report, "untrained", &report->untrained[i], of_untrained, stream);
    }
    print_csv_row(report, "true_law", &report->true_law, none, stream);
}

static void print_csv_trials(const gs_two_sample_report *report, FILE *stream) {
    const gs_tested_trial *tested = report->tested;
    (void)fprintf(stream, "trial,configuration,state");
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        (void)fprintf(stream, ",%s,%s_p", gs_sample_test_names[test], gs_sample_test_names[test]);
    }
    (void)fprintf(stream, "\r\n");
    for (int64_t row = 0; row < report->count; row++) {
        for (int64_t i = 0; i < report->rows[row].chosen; i++, tested++) {
            (void)fprintf(stream, "%lld,%lld,%s", (long long)tested->trial, (long long)row,
                          gs_tested_names[tested->state]);
            for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
                print_csv_real(tested->tests[test].statistic, stream);
                print_csv_real(tested->tests[test].p, stream);
            }
            (void)fprintf(stream, "\r\n");
        }
    }
}

static void print_json_number(const char *name, double value, FILE *stream) {
    (void)fprintf(stream, ", \"%s\": ", name);
    gs_print_json_real(value, stream);
}

/// "trials": 5, ..., "tests": {...}
static void print_json_row(const gs_two_sample_row *row, FILE *stream) {
    for (int which = 0; which < COUNTS; which++) {
        (void)fprintf(stream, "\"%s\": %lld, ", COUNT_NAMES[which], (long long)count_of(row, which));
    }
    (void)fprintf(stream, "\"tests\": {");
    for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
        const gs_test_summary *summary = &row->tests[test];
        (void)fprintf(stream, "%s\"%s\": {\"rejected_count\": %lld, \"discoveries\": %lld", test == 0 ? "" : ", ",
                      gs_sample_test_names[test], (long long)summary->rejected.count, (long long)summary->discoveries);
        print_json_number("median", summary->median, stream);
        print_json_number("rejected_share", summary->rejected.share, stream);
        print_json_number("rejected_low", summary->rejected.low, stream);
        print_json_number("rejected_high", summary->rejected.high, stream);
        (void)fprintf(stream, "}");
    }
    (void)fprintf(stream, "}");
}

static void print_json_trials(const gs_two_sample_report *report, FILE *stream) {
    const gs_tested_trial *tested = report->tested;
    (void)fprintf(stream, ",\n\"by_trial\": [");
    for (int64_t row = 0; row < report->count; row++) {
        for (int64_t i = 0; i < report->rows[row].chosen; i++, tested++) {
            (void)fprintf(stream, "%s\n  {\"trial\": %lld, \"configuration\": %lld, \"state\": \"%s\"",
                          tested == report->tested ? "" : ",", (long long)tested->trial, (long long)row,
                          gs_tested_names[tested->state]);
            for (int test = 0; test < GS_SAMPLE_TEST_COUNT; test++) {
                char name[64];
                print_json_number(gs_sample_test_names[test], tested->tests[test].statistic, stream);
                (void)snprintf(name, sizeof name, "%s_p", gs_sample_test_names[test]);
                print_json_number(name, tested->tests[test].p, stream);
            }
            (void)fprintf(stream, "}");
        }
    }
    (void)fprintf(stream, "\n]");
}

static void print_json(const gs_two_sample_report *report, bool by_trial, FILE *stream) {
    (void)fprintf(
        stream, "{\"points\": %lld, \"permutations\": %lld, \"level\": %g, \"data_sets\": %lld,\n\"sweep\": {",
        (long long)report->points, (long long)report->permutations, GS_TWO_SAMPLE_LEVEL, (long long)report->data_sets);
    print_json_row(&report->sweep, stream);
    (void)fprintf(stream, "},\n\"true_law\": {");
    print_json_row(&report->true_law, stream);
    (void)fprintf(stream, "},\n\"untrained\": [");
    for (int64_t i = 0; i < report->untrained_count; i++) {
        const gs_settings *settings = &report->untrained[i].settings;
        (void)fprintf(stream, "%s\n  {\"convention\": \"%s\", \"latent_dim\": %lld, ", i == 0 ? "" : ",",
                      gs_convention_names[settings->convention], (long long)settings->latent_dim);
        print_json_row(&report->untrained[i], stream);
        (void)fprintf(stream, "}");
    }
    (void)fprintf(stream, "\n],\n\"rows\": [");
    for (int64_t i = 0; i < report->count; i++) {
        (void)fprintf(stream, "%s\n  {\"configuration\": %lld, \"untrained\": %lld, ", i == 0 ? "" : ",", (long long)i,
                      (long long)report->untrained_of[i]);
        gs_print_json_settings(&report->rows[i].settings, stream);
        print_json_row(&report->rows[i], stream);
        (void)fprintf(stream, "}");
    }
    (void)fprintf(stream, "\n]");
    if (by_trial) {
        print_json_trials(report, stream);
    }
    (void)fprintf(stream, "}\n");
}

gs_status gs_two_sample_print(const gs_two_sample_report *report, const gs_results *results, const char *path,
                              gs_report_format format, bool by_trial, FILE *stream, gs_error *error) {
    gs_status status = GS_OK;
    switch (format) {
    case GS_FORMAT_CSV:
        by_trial ? print_csv_trials(report, stream) : print_csv(report, stream);
        break;
    case GS_FORMAT_JSON:
        print_json(report, by_trial, stream);
        break;
    default:
        status = print_table(report, gs_results_experiment(results), path, stream, error);
    }
    return status == GS_OK && (fflush(stream) != 0 || ferror(stream))
               ? gs_fail(error, GS_ERROR_RUN, "can't write the two-sample tests: %s", strerror(errno))
               : status;
}
