/// `gansweep next`: the experiment of a search's next phase.
#include <errno.h> // program_invocation_name
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "experiment/dimension.h"
#include "numeric/format.h"
#include "report/fields.h"
#include "report/table.h"
#include "study/phase.h"
#include "study/text.h"

enum {
    SHOWN = 10, ///< of the best configurations
    FROM_THE_FILE = GS_NEXT_COUNT,
};

typedef struct {
    const char *output; ///< NULL: named after the results file
    int phase, criterion, keep, points, seeds;
    bool force;
} next_arguments;

#define INTO(member) offsetof(next_arguments, member)

static const cli_option next_options[] = {
    {.name = "--output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .description = "the experiment file; without it the results file's name with -narrow.yaml or -best.yaml, in the "
                    "current folder",
     .offset = INTO(output)},
    {.name = "--phase",
     .kind = OPTION_CHOICE,
     .argument = "NAME",
     .description = "what comes next, narrow or best; without it what follows the phase that the file's design names",
     .offset = INTO(phase),
     .choices = gs_next_phase_names,
     .choice_count = GS_NEXT_COUNT},
    {.name = "--criterion",
     .kind = OPTION_CHOICE,
     .argument = "NAME",
     .description = "whose median over the seeds is compared, the less the better: frechet_distance (if not given), "
                    "kl_exact or covariance_error",
     .offset = INTO(criterion),
     .choices = gs_criterion_names,
     .choice_count = GS_CRITERION_COUNT},
    {.name = "--keep",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "best configurations that bound a narrow search; without it a tenth of all, at least 4",
     .offset = INTO(keep),
     .smallest = 2,
     .largest = INT_MAX},
    {.name = "--points",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "points of a narrow search; without it half as many as before",
     .offset = INTO(points),
     .smallest = 1,
     .largest = INT_MAX},
    {.name = "--seeds",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "fresh seeds of the best configuration; without it 50",
     .offset = INTO(seeds),
     .smallest = 1,
     .largest = INT_MAX},
    {.name = "--force",
     .kind = OPTION_FLAG,
     .description = "replace the experiment file if it exists",
     .offset = INTO(force)},
};

static int next(int argument_count, char **typed, gs_error *error);

const cli_command next_command = {
    .name = "next",
    .summary = "write the experiment of a search's next phase",
    .description =
        "Ranks the configurations of a results file by the median of a score over their seeds, and writes what is to "
        "be trained next, as Lucic et al. 2018 did: after a wide search (design: {phase: wide}) a narrow one within "
        "the bounds of its best configurations, with other points and seeds; after a narrow one the best configuration "
        "on 50 fresh seeds that did not choose it. A trial that diverged counts as worse than any other.",
    .operands = {"FILE"},
    .options = next_options,
    .option_count = sizeof next_options / sizeof *next_options,
    .examples = "  gansweep next large-scale-study.h5           # after run experiments/large-scale-study.yaml\n"
                "  gansweep next large-scale-study-narrow.h5    # after run large-scale-study-narrow.yaml\n"
                "  gansweep next learning-rates.h5 --phase best --criterion kl_exact -o best-rates.yaml\n",
    .run = next,
};

/// From a results file to its next phase.
typedef struct {
    const next_arguments *arguments;
    const char *path; ///< of the results file
    gs_results *results;
    gs_next_options options;
    gs_ranking *ranking;
    gs_next *next;
    char *output, *text;
} next_task;

// ---- choosing ----

/// Which phase comes next.
static gs_status choose_phase(next_task *task, gs_error *error) {
    const gs_phase phase = gs_results_experiment(task->results)->design.phase;
    if (task->arguments->phase != FROM_THE_FILE) {
        task->options.phase = (gs_next_phase)task->arguments->phase;
        return GS_OK;
    }
    if (phase == GS_PHASE_NONE && task->ranking->configurations > 1) {
        return gs_fail(
            error, GS_ERROR_INPUT,
            "its experiment names no phase (design: {phase: wide} or narrow): --phase narrow or --phase best "
            "was expected");
    }
    task->options.phase = phase == GS_PHASE_WIDE ? GS_NEXT_NARROW : GS_NEXT_BEST;
    return GS_OK;
}

static bool ends_with(const char *text, size_t length, const char *end) {
    return length > strlen(end) && strncmp(text + length - strlen(end), end, strlen(end)) == 0;
}

/// "runs/study-narrow.h5" -> "study-best.yaml"; NULL when out of memory.
static char *default_output(const char *results, gs_next_phase phase) {
    static const char *const ends[] = {".h5", "-wide", "-narrow"};
    const char *slash = strrchr(results, '/');
    const char *name = slash == NULL ? results : slash + 1;
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        length -= ends_with(name, length, ends[i]) ? strlen(ends[i]) : 0;
    }
    char *path = NULL;
    return asprintf(&path, "%.*s-%s.yaml", (int)length, name, gs_next_phase_names[phase]) < 0 ? NULL : path;
}

/// With --force a slip of the fingers must not replace the results.
static gs_status refuse_own_results(const next_task *task, gs_error *error) {
    struct stat results, output;
    if (stat(task->path, &results) == 0 && stat(task->output, &output) == 0 && results.st_dev == output.st_dev &&
        results.st_ino == output.st_ino) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%s: an experiment can't replace the results that it follows from; another name was expected",
                       task->output);
    }
    return GS_OK;
}

static gs_status choose(next_task *task, gs_error *error) {
    const gs_experiment *experiment = gs_results_experiment(task->results);
    gs_error reason;
    gs_status status =
        gs_ranking_create(task->results, (gs_criterion)task->arguments->criterion, &task->ranking, &reason);
    if (status == GS_OK && task->ranking->configurations == 1) {
        return GS_OK; // nothing is left to choose
    }
    if (status == GS_OK) {
        status = choose_phase(task, &reason);
    }
    if (status == GS_OK) {
        status = gs_next_create(experiment, gs_results_plan(task->results), task->ranking, &task->options, &task->next,
                                &reason);
    }
    if (status == GS_OK) {
        status = gs_next_text(experiment, task->next, task->ranking, task->path, &task->text, &reason);
    }
    return status == GS_OK ? GS_OK : gs_fail(error, status, "%s: %s", task->path, reason.message);
}

// ---- in words ----

/// Whether configurations differ in a setting.
static bool is_shown(const gs_experiment *experiment, int setting) {
    return setting >= (int)GS_FIRST_CONFIGURING && experiment->values[setting].count > 1;
}

static void name_columns(gs_table *table, const gs_experiment *experiment) {
    gs_table_column(table, "", "configuration", false);
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        if (is_shown(experiment, s)) {
            gs_table_column(table, "", gs_settings_table[s].name, gs_settings_table[s].type >= GS_TYPE_CONVENTION);
        }
    }
    gs_table_column(table, "", "done", false);
    gs_table_column(table, "", "diverged", false);
    gs_table_column(table, "", "median", false);
    gs_table_column(table, "", "interval", false);
    gs_table_column(table, "", "confidence", false);
}

static gs_status fill_row(const next_task *task, const gs_ranked *ranked, gs_table *table, gs_error *error) {
    const gs_experiment *experiment = gs_results_experiment(task->results);
    const gs_plan *plan = gs_results_plan(task->results);
    gs_table_row *row = gs_table_add(table, GS_STYLE_PLAIN);
    if (row == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for a table");
    }
    gs_settings settings;
    gs_plan_settings(plan, gs_plan_member(plan, ranked->configuration, 0), &settings);
    int column = 0;
    (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%lld", (long long)ranked->configuration);
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        char text[GS_SETTING_TEXT];
        if (!is_shown(experiment, s)) {
            continue;
        }
        gs_setting_text(&settings, (gs_setting)s, text);
        if (gs_settings_table[s].type == GS_TYPE_REAL) {
            (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%.4g", strtod(text, NULL));
        } else {
            (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%s", text);
        }
    }
    char confidence[GS_FORMAT_BYTES];
    const gs_median *score = &ranked->score;
    (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%lld", (long long)ranked->done);
    (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%lld", (long long)ranked->diverged);
    (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%.4g", score->median);
    (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%.4g to %.4g", score->interval.low, score->interval.high);
    (void)snprintf(row->cell[column++], GS_TABLE_CELL, "%s", gs_format_share(score->confidence, confidence));
    return GS_OK;
}

static gs_status print_ranking(const next_task *task, gs_error *error) {
    const gs_ranking *ranking = task->ranking;
    const gs_ledger *ledger = &ranking->ledger;
    gs_table table;
    char planned[GS_FORMAT_BYTES], done[GS_FORMAT_BYTES], diverged[GS_FORMAT_BYTES], pending[GS_FORMAT_BYTES];
    char best[GS_FORMAT_BYTES], all[GS_FORMAT_BYTES];
    const bool narrow = task->options.phase == GS_NEXT_NARROW;
    const int64_t listed = narrow ? task->next->kept : ranking->count;
    const int64_t shown = listed < SHOWN ? listed : SHOWN;
    (void)printf("%s: %s trials in %s configurations: %s done, %s diverged, %s pending\n", task->path,
                 gs_format_count(ledger->planned, planned), gs_format_count(ranking->configurations, all),
                 gs_format_count(ledger->done, done), gs_format_count(ledger->diverged, diverged),
                 gs_format_count(ledger->pending, pending));
    (void)printf(
        "The less the median %s over a configuration's seeds, the better; a trial that diverged counts as worse "
        "than any other.\nThe interval is for the median over all seeds that there could be.\n\n",
        gs_criterion_names[ranking->criterion]);
    (void)printf(narrow ? "The best %s of %s configurations, which bound the search"
                        : "The best %s of %s configurations",
                 gs_format_count(narrow ? listed : shown, best), gs_format_count(ranking->configurations, all));
    if (shown < listed && narrow) {
        (void)printf(" (%lld are shown)", (long long)shown);
    }
    (void)printf(":\n");
    gs_table_start(&table);
    name_columns(&table, gs_results_experiment(task->results));
    gs_status status = GS_OK;
    for (int64_t i = 0; i < shown && status == GS_OK; i++) {
        status = fill_row(task, &ranking->ranked[i], &table, error);
    }
    if (status == GS_OK) {
        const gs_screen screen = gs_screen_of(stdout);
        gs_table_print(&table, &screen, stdout);
    }
    gs_table_free(&table);
    return status;
}

static void print_bounds(const char *name, const gs_dimension *drawn, const gs_dimension *before) {
    if (drawn->choice_count > 0) {
        (void)printf("  %-14s one of %lld, before one of %lld\n", name, (long long)drawn->choice_count,
                     (long long)before->choice_count);
    } else {
        (void)printf("  %-14s from %.4g to %.4g, before from %.4g to %.4g\n", name, drawn->smallest, drawn->largest,
                     before->smallest, before->largest);
    }
}

static void print_next(const next_task *task) {
    const gs_next *chosen = task->next;
    const gs_experiment *before = gs_results_experiment(task->results);
    char points[GS_FORMAT_BYTES];
    if (chosen->phase == GS_NEXT_NARROW) {
        (void)printf("\nNext: a narrow search at %s point%s (%s, seed %lld)\n",
                     gs_format_count(chosen->design.points, points), chosen->design.points == 1 ? "" : "s",
                     gs_design_method_names[chosen->design.method], (long long)chosen->design.seed);
    } else {
        (void)printf("\nNext: configuration %lld, the best, on seeds that did not choose it\n",
                     (long long)task->ranking->ranked[0].configuration);
    }
    for (int s = 0; s < GS_SETTING_COUNT; s++) {
        const gs_values *values = &chosen->values[s];
        const char *name = gs_settings_table[s].name;
        if (values->drawn != NULL) {
            print_bounds(name, values->drawn, before->values[s].drawn);
        } else if (s < (int)GS_FIRST_CONFIGURING && values->count > 1) {
            (void)printf("  %-14s from %lld to %lld\n", name, (long long)values->first,
                         (long long)gs_values_integer(values, values->count - 1));
        }
    }
}

static gs_status print_all(const next_task *task, gs_error *error) {
    const gs_ledger *ledger = &task->ranking->ledger;
    char planned[GS_FORMAT_BYTES], pending[GS_FORMAT_BYTES];
    if (ledger->pending > 0) {
        (void)fprintf(stderr, "gansweep: note: %s of %s trials are pending, and the choice is made without them\n",
                      gs_format_count(ledger->pending, pending), gs_format_count(ledger->planned, planned));
    }
    const gs_status status = print_ranking(task, error);
    if (status != GS_OK) {
        return status;
    }
    print_next(task);
    char *output = shell_quoted(task->output), *program = shell_quoted(program_invocation_name);
    (void)printf("%s is written; train it with\n  %s run %s\n", task->output, program == NULL ? "gansweep" : program,
                 output == NULL ? "it" : output);
    free(program);
    free(output);
    return GS_OK;
}

/// After the last phase: what the search has found.
static void print_last(const next_task *task) {
    const gs_median *score = &task->ranking->ranked[0].score;
    const gs_ledger *ledger = &task->ranking->ledger;
    char trials[GS_FORMAT_BYTES], pending[GS_FORMAT_BYTES];
    (void)printf("%s: one configuration, of %s trials", task->path, gs_format_count(ledger->planned, trials));
    if (ledger->pending > 0) {
        (void)printf(", %s of them pending", gs_format_count(ledger->pending, pending));
    }
    (void)printf(": median %s %.4g (%.4g to %.4g, %.1f %%)\nNothing is left to choose: this is the last phase.\n",
                 gs_criterion_names[task->ranking->criterion], score->median, score->interval.low, score->interval.high,
                 100 * score->confidence);
}

static gs_status make(next_task *task, gs_error *error) {
    gs_status status = choose(task, error);
    if (status != GS_OK) {
        return status;
    }
    if (task->next == NULL) {
        print_last(task);
        return GS_OK;
    }
    task->output = task->arguments->output == NULL ? default_output(task->path, task->options.phase)
                                                   : strdup(task->arguments->output);
    if (task->output == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the name of the experiment file");
    }
    status = refuse_own_results(task, error);
    if (status == GS_OK) {
        (void)signal(SIGXFSZ, SIG_IGN); // a limit on the size of files is an error like any other
        status = gs_write_text_file(task->output, task->text, task->arguments->force, error);
    }
    return status == GS_OK ? print_all(task, error) : status;
}

static int next(int argument_count, char **typed, gs_error *error) {
    next_arguments arguments = {.phase = FROM_THE_FILE, .criterion = GS_CRITERION_FRECHET_DISTANCE};
    const char *operands[MAX_OPERANDS] = {NULL};
    next_task task = {.arguments = &arguments};
    gs_status status = read_arguments(&next_command, argument_count, typed, &arguments, operands, error);
    task.path = operands[0];
    if (status == GS_OK) {
        status = gs_results_open(task.path, &task.results, error);
    }
    if (status == GS_OK) {
        task.options = (gs_next_options){.keep = arguments.keep, .points = arguments.points, .seeds = arguments.seeds};
        status = make(&task, error);
        gs_results_close(task.results);
    }
    gs_next_free(task.next);
    gs_ranking_free(task.ranking);
    free(task.output);
    free(task.text);
    return status;
}
