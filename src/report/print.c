#include <errno.h>
#include <string.h>

#include "report/export.h"
#include "report/page/page.h"
#include "report/summary.h"
#include "report/warnings.h"

const char *const gs_report_format_names[GS_FORMAT_COUNT] = {
    [GS_FORMAT_TABLE] = "table",
    [GS_FORMAT_CSV] = "csv",
    [GS_FORMAT_JSON] = "json",
    [GS_FORMAT_HTML] = "html",
};

gs_status gs_report_print(const gs_report *report, const gs_results *results, const char *path, gs_report_format format,
                          FILE *stream, gs_error *error) {
    const gs_experiment *experiment = gs_results_experiment(results);
    gs_status status = GS_OK;
    char warning[GS_WARNING_TEXT];
    switch (format) {
    case GS_FORMAT_CSV:
        gs_report_print_csv(report, stream);
        break;
    case GS_FORMAT_JSON:
        status = gs_report_print_json(report, experiment, stream, error);
        break;
    case GS_FORMAT_HTML:
        status = gs_report_print_page(report, results, path, stream, error);
        break;
    default:
        status = gs_report_print_summary(report, experiment, path, stream, error);
        if (gs_warn_of_other_numerics(results, warning)) {
            (void)fprintf(stream, "\n%s\n", warning);
        }
    }
    if (status == GS_OK && (fflush(stream) != 0 || ferror(stream))) {
        return gs_fail(error, GS_ERROR_RUN, "can't write the report: %s", strerror(errno));
    }
    return status;
}
