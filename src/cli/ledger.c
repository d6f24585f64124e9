#include "cli/ledger.h"

#include "numeric/format.h"

void print_ledger(const gs_ledger *ledger, FILE *stream) {
    char planned[GS_FORMAT_BYTES], done[GS_FORMAT_BYTES], diverged[GS_FORMAT_BYTES], pending[GS_FORMAT_BYTES];
    (void)fprintf(stream, "ledger: %s planned = %s done + %s diverged + %s pending\n",
                  gs_format_count(ledger->planned, planned), gs_format_count(ledger->done, done),
                  gs_format_count(ledger->diverged, diverged), gs_format_count(ledger->pending, pending));
}

gs_status print_ledger_of(const gs_results *results, gs_error *error) {
    gs_ledger ledger;
    const gs_status status = gs_results_ledger(results, &ledger, error);
    if (status == GS_OK) {
        print_ledger(&ledger, stdout);
    }
    return status;
}
