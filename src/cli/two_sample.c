#include "cli/two_sample.h"

#include <string.h>

#include "cli/interrupt.h"
#include "cli/ledger.h"
#include "cli/share.h"

/// "64" or "all"
static gs_status read_trials(const char *text, int64_t *trials, gs_error *error) {
    char after;
    long long number = 0;
    if (text == NULL || strcmp(text, "all") == 0) {
        *trials = text == NULL ? 0 : GS_ALL_TRIALS;
        return GS_OK;
    }
    if (sscanf(text, "%18lld%c", &number, &after) != 1 || number < 1) {
        return gs_fail(error, GS_ERROR_INPUT, "--trials: '%.60s' is neither a number of trials from 1 on nor all",
                       text);
    }
    *trials = number;
    return GS_OK;
}

gs_status check_two_sample(const two_sample_arguments *arguments, gs_report_format format, gs_error *error) {
    const two_sample_arguments presets = TWO_SAMPLE_PRESETS;
    int64_t trials;
    if (!arguments->asked &&
        (arguments->by_trial || arguments->quiet || arguments->trials != NULL || arguments->threads != 0 ||
         arguments->points != presets.points || arguments->permutations != presets.permutations)) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "--trials, --points, --permutations, --by-trial, --threads and --quiet are options of the "
                       "two-sample tests: --two-sample was expected");
    }
    if (arguments->by_trial && format == GS_FORMAT_TABLE) {
        return gs_fail(error, GS_ERROR_INPUT, "--by-trial: --format csv or json was expected");
    }
    return read_trials(arguments->trials, &trials, error);
}

int report_two_sample(const gs_results *results, const char *path, const two_sample_arguments *arguments,
                      gs_report_format format, gs_error *error) {
    share_view view = share_view_on_stderr("testing", arguments->quiet);
    gs_two_sample_report *report = NULL;
    gs_two_sample_options options = {.points = arguments->points,
                                     .permutations = arguments->permutations,
                                     .threads = arguments->threads,
                                     .progress = show_share,
                                     .context = &view,
                                     .stop = &interrupted};
    gs_status status = read_trials(arguments->trials, &options.trials, error);
    if (status == GS_OK) {
        catch_interruptions();
        status = gs_two_sample_create(results, &options, &report, error);
        end_share(&view);
    }
    if (status == GS_OK) {
        status = gs_two_sample_print(report, results, path, format, arguments->by_trial, stdout, error);
    }
    if (status == GS_OK && format == GS_FORMAT_TABLE) {
        status = print_ledger_of(results, error);
    }
    gs_two_sample_free(report);
    return status == GS_ERROR_RUN && interrupted ? SIGNAL_CODE + interrupted : (int)status;
}
