#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/ledger.h"
#include "cli/two_sample.h"
#include "report/paired.h"

typedef struct {
    int format;
    const char *compare;
    bool effects;
    two_sample_arguments two_sample;
} report_arguments;

static const cli_option report_options[] = {
    {.name = "--format",
     .kind = OPTION_CHOICE,
     .argument = "NAME",
     .description = "table (cut to the screen: best and worst), csv or json (every configuration), or html: one page "
                    "for a browser, "
                    "with figures",
     .offset = offsetof(report_arguments, format),
     .choices = gs_report_format_names,
     .choice_count = GS_FORMAT_COUNT},
    {.name = "--compare",
     .kind = OPTION_TEXT,
     .argument = "A,B",
     .description = "two configurations by their numbers, trial by trial with the same seeds",
     .offset = offsetof(report_arguments, compare)},
    {.name = "--effects",
     .kind = OPTION_FLAG,
     .description =
         "main effects and interactions of the swept settings alone: all of them, and the means of every value",
     .offset = offsetof(report_arguments, effects)},
    {.name = "--two-sample",
     .kind = OPTION_FLAG,
     .description = "test whether samples of the generators can be told from the real data",
     .offset = offsetof(report_arguments, two_sample.asked)},
    {.name = "--trials",
     .kind = OPTION_TEXT,
     .argument = "N",
     .description = "so many trials of each configuration are tested, or all; without it 8,192 in all, at least one "
                    "of each",
     .offset = offsetof(report_arguments, two_sample.trials)},
    {.name = "--points",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "points of each sample; 200 without it",
     .offset = offsetof(report_arguments, two_sample.points),
     .smallest = GS_FEWEST_POINTS,
     .largest = GS_MOST_POINTS},
    {.name = "--permutations",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "of energy distance and MMD; 199 without it",
     .offset = offsetof(report_arguments, two_sample.permutations),
     .smallest = GS_FEWEST_PERMUTATIONS,
     .largest = GS_MOST_PERMUTATIONS},
    {.name = "--by-trial",
     .kind = OPTION_FLAG,
     .description = "statistic and p of each test of every trial (csv, json)",
     .offset = offsetof(report_arguments, two_sample.by_trial)},
    THREADS_OPTION(offsetof(report_arguments, two_sample.threads)),
    QUIET_OPTION(offsetof(report_arguments, two_sample.quiet), "say nothing of how far the two-sample tests are"),
};

static int report(int argument_count, char **typed, gs_error *error);

const cli_command report_command = {
    .name = "report",
    .summary = "what a results file shows, for each configuration",
    .description =
        "First the answers: whether loss = ln 2 appears, in which configurations and how surely (two one-sided tests "
        "of the "
        "mean losses, bootstrap intervals), and whether it means a generator that is right. Then for each "
        "configuration: losses of "
        "the last epoch, share of trials that print 0.693 / 0.693 and share "
        "whose covariance is right (with 95 % Wilson intervals), medians of covariance error, Frechet distance "
        "and KL divergence, and beside them the same of nets that were never trained; and what the swept settings "
        "explain of it. csv and json have the intervals "
        "and p-values of "
        "every configuration; docs/statistics.md says what each is. With --two-sample, instead: energy distance, MMD, "
        "Hotelling's T^2 and two classifiers between real data and samples of the generators, which are drawn again.",
    .operands = {"FILE"},
    .options = report_options,
    .option_count = sizeof report_options / sizeof *report_options,
    .examples = "  gansweep report d2l.h5\n"
                "  gansweep report learning-rates.h5 --format csv > learning-rates.csv\n"
                "  gansweep report learning-rates.h5 --format html > learning-rates.html\n"
                "  gansweep report learning-rates.h5 --compare 40,31\n"
                "  gansweep report learning-rates.h5 --effects\n"
                "  gansweep report learning-rates.h5 --two-sample\n"
                "  gansweep report d2l.h5 --two-sample --trials all --by-trial --format csv > tests.csv\n",
    .run = report,
};

/// "40,31"
static gs_status read_pair(const char *text, int64_t pair[2], gs_error *error) {
    char after;
    long long numbers[2];
    if (sscanf(text, "%18lld,%18lld%c", &numbers[0], &numbers[1], &after) != 2) {
        return gs_fail(error, GS_ERROR_INPUT, "--compare: \"%.60s\": two numbers of configurations were expected: A,B",
                       text);
    }
    pair[0] = numbers[0];
    pair[1] = numbers[1];
    return GS_OK;
}

static gs_status compare(const gs_results *results, const char *path, const int64_t pair[2], gs_report_format format,
                         gs_error *error) {
    gs_paired paired;
    const gs_status status = gs_report_compare(results, pair[0], pair[1], &paired, error);
    return status == GS_OK ? gs_paired_print(&paired, path, format, stdout, error) : status;
}

/// --compare, --effects and --two-sample are reports of their own, without a page.
static gs_status check_together(const report_arguments *arguments, gs_error *error) {
    const struct {
        const char *name;
        bool asked;
    } reports[] = {{"--compare", arguments->compare != NULL},
                   {"--effects", arguments->effects},
                   {"--two-sample", arguments->two_sample.asked}};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        if (reports[i].asked && first != NULL) {
            return gs_fail(error, GS_ERROR_INPUT, "%s and %s are two reports: one of them was expected", first,
                           reports[i].name);
        }
        first = reports[i].asked ? reports[i].name : first;
    }
    if (first != NULL && arguments->format == GS_FORMAT_HTML) {
        return gs_fail(error, GS_ERROR_INPUT, "%s: --format table, csv or json was expected", first);
    }
    return GS_OK;
}

static int report(int argument_count, char **typed, gs_error *error) {
    int64_t pair[2] = {0, 0};
    report_arguments arguments = {.format = GS_FORMAT_TABLE, .two_sample = TWO_SAMPLE_PRESETS};
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_results *results;
    gs_status status = read_arguments(&report_command, argument_count, typed, &arguments, operands, error);
    if (status == GS_OK && arguments.compare != NULL) {
        status = read_pair(arguments.compare, pair, error);
    }
    if (status == GS_OK) {
        status = check_two_sample(&arguments.two_sample, (gs_report_format)arguments.format, error);
    }
    if (status == GS_OK) {
        status = check_together(&arguments, error);
    }
    if (status == GS_OK) {
        status = gs_results_open(operands[0], &results, error);
    }
    if (status != GS_OK) {
        return status;
    }
    if (arguments.compare != NULL) {
        status = compare(results, operands[0], pair, (gs_report_format)arguments.format, error);
        gs_results_close(results);
        return status;
    }
    if (arguments.two_sample.asked) {
        const int code =
            report_two_sample(results, operands[0], &arguments.two_sample, (gs_report_format)arguments.format, error);
        gs_results_close(results);
        return code;
    }
    gs_report *made = NULL;
    status = gs_report_create(results, &made, error);
    if (status == GS_OK && arguments.effects) {
        status = gs_report_print_effects(made, operands[0], (gs_report_format)arguments.format, stdout, error);
    } else if (status == GS_OK) {
        status = gs_report_print(made, results, operands[0], (gs_report_format)arguments.format, stdout, error);
    }
    if (status == GS_OK && arguments.format == GS_FORMAT_TABLE) { // the others have the counts in their rows
        status = print_ledger_of(results, error);
    }
    gs_report_free(made);
    gs_results_close(results);
    return status;
}
