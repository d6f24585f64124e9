#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/interrupt.h"
#include "cli/ledger.h"
#include "cli/share.h"
#include "cli/training.h"
#include "cli/verification.h"
#include "numeric/format.h"

typedef struct {
    const char *recompute; ///< NULL: nothing is trained again
    int seed, threads, isa;
    bool quiet;
} verify_arguments;

enum { NO_SEED_GIVEN = -1, LARGEST_SEED = 2147483647 };

#define INTO(member) offsetof(verify_arguments, member)

static const cli_option verify_options[] = {
    {.name = "--recompute",
     .kind = OPTION_TEXT,
     .argument = "SHARE",
     .description =
         "also train this share of the packs again, chosen at random, and compare every bit: 0.01, 1% or all",
     .offset = INTO(recompute)},
    {.name = "--seed",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "seed of that choice; without it another one each time, which is printed",
     .offset = INTO(seed),
     .smallest = 0,
     .largest = LARGEST_SEED},
    THREADS_OPTION(INTO(threads)),
    ISA_OPTION(INTO(isa)),
    QUIET_OPTION(INTO(quiet), "say only what is damaged"),
};

static int verify(int argument_count, char **typed, gs_error *error);

const cli_command verify_command = {
    .name = "verify",
    .summary = "check every byte of a results file, and train trials again",
    .description =
        "Compares the seal with everything outside of the rows, settings with the plan, and the rows of finished "
        "trials with their checksums, and the plots of a complete file with its rows; names every dataset and trial "
        "that "
        "is damaged. With --recompute it trains and "
        "checks trials again, the LAPACKE checks included, and compares every bit. The hash that it prints stands for "
        "all datasets but /plots and /provenance: two files with the same finished trials have the same. It may run "
        "while the file is being written. "
        "The exit code is 0 when all is sound, 3 when something is damaged.",
    .operands = {"FILE"},
    .options = verify_options,
    .option_count = sizeof verify_options / sizeof *verify_options,
    .examples = "  gansweep verify d2l.h5\n"
                "  gansweep verify d2l.h5 --recompute 1%\n"
                "  gansweep verify d2l.h5 --recompute all\n",
    .run = verify,
};

/// "0.01", "1%" or "all"; GS_ERROR_INPUT for anything else.
static gs_status read_share(const char *text, double *share, gs_error *error) {
    *share = 0;
    if (text == NULL) {
        return GS_OK;
    }
    if (strcmp(text, "all") == 0) {
        *share = 1;
        return GS_OK;
    }
    char *end;
    double value = strtod(text, &end);
    const bool percent = end != text && strcmp(end, "%") == 0;
    value = percent ? value / 100 : value;
    if (end == text || (*end != '\0' && !percent) || !(value > 0 && value <= 1)) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "--recompute: '%.100s' is not a share above 0 and up to 1, such as 0.01 or 1%%, nor all", text);
    }
    *share = value;
    return GS_OK;
}

/// A seed that nobody chose.
static int random_seed(void) {
    unsigned seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = (unsigned)(seconds_now() * 1e6);
    }
    return (int)(seed & LARGEST_SEED);
}

static void print_verification(const gs_results *results, const gs_verification *found, const char *path,
                               const gs_verify_options *options) {
    char size[GS_FORMAT_BYTES], finished[GS_FORMAT_BYTES], recomputed[GS_FORMAT_BYTES], rows[GS_FORMAT_BYTES];
    (void)printf("%s: %s\n", path, gs_format_bytes((double)gs_results_bytes(results), size));
    (void)printf("seal       whole: structure and texts are as they were made\n");
    const int64_t damaged_rows = found->damage_count - found->plot_damage_count;
    if (damaged_rows == 0) {
        (void)printf("rows       whole: settings are as planned, and %s finished trials match their checksums\n",
                     gs_format_count(found->ledger.done + found->ledger.diverged, finished));
    } else {
        (void)printf("rows       damaged in %s places; %s trials are to be made again\n",
                     gs_format_count(damaged_rows, rows), gs_format_count(found->trial_count, finished));
    }
    if (found->plot_damage_count > 0) {
        (void)printf("plots      damaged in %s places\n", gs_format_count(found->plot_damage_count, rows));
    } else {
        (void)printf("plots      %s\n", found->plots_compared
                                            ? "whole: they follow from the rows"
                                            : "not compared: they are drawn again when the file is completed");
    }
    if (options->recompute > 0) {
        (void)printf("recomputed %s of them, trained and checked again (--seed %llu)%s\n",
                     gs_format_count(found->recomputed, recomputed), (unsigned long long)options->seed,
                     found->damage_count == 0 ? ": every bit is the same" : "");
    }
    if (!found->seconds_known) {
        (void)printf("note       /provenance/seconds does not match its checksum: the time of training is not known\n");
    }
    if (found->whole_pending > 0) {
        (void)printf(
            "note       %s pending trials have whole rows: not acknowledged before a stop, or their status was "
            "damaged; a resume trains them again\n",
            gs_format_count(found->whole_pending, rows));
    }
    (void)printf("contents   %s\n", found->contents);
    print_ledger(&found->ledger, stdout);
}

static int verify_file(const char *path, const verify_arguments *arguments, gs_verify_options *options,
                       gs_error *error) {
    gs_results *results;
    gs_verification *found = NULL;
    gs_status status = gs_results_open(path, &results, error);
    if (status != GS_OK) {
        return status;
    }
    share_view view = share_view_on_stderr("verifying", arguments->quiet);
    options->progress = show_share;
    options->context = &view;
    status = gs_verify(results, options, &found, error);
    end_share(&view);
    if (status == GS_OK) {
        if (!arguments->quiet) {
            print_verification(results, found, path, options);
        }
        print_damage(found, stdout);
        if (found->damage_count > 0) {
            status = fail_damaged(found, path, "; gansweep resume --repair makes that again", error);
        }
    }
    gs_verification_free(found);
    gs_results_close(results);
    return status == GS_ERROR_RUN && interrupted ? SIGNAL_CODE + interrupted : (int)status;
}

static int verify(int argument_count, char **typed, gs_error *error) {
    verify_arguments arguments = {.isa = GS_ISA_AUTO, .seed = NO_SEED_GIVEN};
    const char *operands[MAX_OPERANDS] = {NULL};
    gs_verify_options options = {.stop = &interrupted};
    gs_status status = read_arguments(&verify_command, argument_count, typed, &arguments, operands, error);
    if (status == GS_OK) {
        status = check_isa(arguments.isa, error);
    }
    if (status == GS_OK) {
        status = read_share(arguments.recompute, &options.recompute, error);
    }
    if (status != GS_OK) {
        return status;
    }
    options.threads = arguments.threads;
    options.isa = (gs_isa)arguments.isa;
    options.seed = (uint64_t)(arguments.seed == NO_SEED_GIVEN ? random_seed() : arguments.seed);
    catch_interruptions();
    return verify_file(operands[0], &arguments, &options, error);
}
