/// The line that closes a command: what became of every trial that was planned.
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include <stdio.h>

#include "gansweep/store.h"

/// "ledger: 1,000 planned = 998 done + 2 diverged + 0 pending"
void print_ledger(const gs_ledger *ledger, FILE *stream);

/// Counts and prints the ledger of a results file.
gs_status print_ledger_of(const gs_results *results, gs_error *error);

#endif
