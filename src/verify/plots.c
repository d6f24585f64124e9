/// Draws the plots of a complete file again and compares them with those in it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/io.h"
#include "verify/finding.h"

static gs_status read_rows(void *source, const char *dataset, int64_t first, int64_t count, void *into,
                           gs_error *error) {
    const gs_finding *finding = source;
    const gs_status status = gs_finding_refuse_when_stopped(finding, error);
    return status == GS_OK ? gs_results_read_unchecked(finding->results, dataset, first, count, into, error) : status;
}

/// Compares one part of /plots, and notes the first number of a dataset that differs.
static gs_status compare_part(gs_finding *finding, int index, const unsigned char *expected, unsigned char *found,
                              gs_error *error) {
    const gs_results *results = finding->results;
    const gs_plot_part *part = gs_plots_part(results->layout->plots, index);
    if (!gs_read_at(results->file, found, (size_t)part->bytes, results->part_addresses[index])) {
        return gs_fail(error, GS_ERROR_RESULTS, "%s: /plots/%s can't be read: %s", results->path, part->name,
                       gs_read_failure());
    }
    const int64_t step = part->dataset < 0 ? part->bytes : (int64_t)sizeof(double);
    for (int64_t at = 0; at < part->bytes; at += step) {
        if (memcmp(found + at, expected + part->offset + at, (size_t)step) != 0) {
            char name[sizeof part->name + 8];
            (void)snprintf(name, sizeof name, "plots/%s", part->name);
            gs_finding_add_row(finding, name, at / step);
            finding->made->plot_damage_count++;
            break;
        }
    }
    return GS_OK;
}

gs_status gs_verify_plots(gs_finding *finding, gs_error *error) {
    const gs_plots *plots = finding->results->layout->plots;
    unsigned char *expected = malloc((size_t)gs_plots_bytes(plots));
    unsigned char *found = malloc((size_t)gs_plots_bytes(plots));
    if (expected == NULL || found == NULL) {
        free(expected);
        free(found);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the plots");
    }
    gs_status status = gs_plots_draw(plots, read_rows, finding, true, expected, error);
    for (int i = 0; i < gs_plots_part_count(plots) && status == GS_OK; i++) {
        status = compare_part(finding, i, expected, found, error);
    }
    free(expected);
    free(found);
    return status;
}
