#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/export.h"
#include "report/summary.h"

const char *const gs_report_format_names[GS_FORMAT_COUNT] = {
    [GS_FORMAT_TABLE] = "table",
    [GS_FORMAT_CSV] = "csv",
    [GS_FORMAT_JSON] = "json",
};

/// Statistics and baseline of another numerical contract are not to be compared bit by bit.
static void warn_of_other_numerics(const gs_results *results, FILE *stream) {
    char *made_with = gs_results_provenance(results, "numerics_version");
    if (made_with != NULL && strtol(made_with, NULL, 10) != GS_NUMERICS_VERSION) {
        (void)fprintf(stream,
                      "\nThe file was made with version %s of the numerical contract, and this program has version %d: "
                      "the untrained nets\nare this version's, and a run would not give the same bits again.\n",
                      made_with, GS_NUMERICS_VERSION);
    }
    free(made_with);
}

gs_status gs_report_print(const gs_report *report, const gs_results *results, const char *path, gs_report_format format,
                          FILE *stream, gs_error *error) {
    const gs_experiment *experiment = gs_results_experiment(results);
    gs_status status = GS_OK;
    switch (format) {
    case GS_FORMAT_CSV:
        gs_report_print_csv(report, stream);
        break;
    case GS_FORMAT_JSON:
        gs_report_print_json(report, experiment, stream);
        break;
    default:
        status = gs_report_print_summary(report, experiment, path, stream, error);
        warn_of_other_numerics(results, stream);
    }
    if (status == GS_OK && (fflush(stream) != 0 || ferror(stream))) {
        return gs_fail(error, GS_ERROR_RUN, "can't write the report: %s", strerror(errno));
    }
    return status;
}
