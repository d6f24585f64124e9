#include <stddef.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common_options.h"
#include "cli/interrupt.h"
#include "cli/ledger.h"
#include "cli/origin.h"
#include "cli/profile.h"
#include "cli/share.h"
#include "numeric/format.h"

typedef struct {
    text_list files;
    const char *output;
    int threads;
    bool partial, is_virtual, force, quiet;
} merge_arguments;

#define INTO(member) offsetof(merge_arguments, member)

static const cli_option merge_options[] = {
    {.name = "--output",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .argument = "FILE",
     .description = "the merged file",
     .offset = INTO(output)},
    {.name = "--partial",
     .kind = OPTION_FLAG,
     .description = "leave trials pending that no shard has finished; gansweep resume trains them",
     .offset = INTO(partial)},
    {.name = "--virtual",
     .kind = OPTION_FLAG,
     .description = "copy no rows: make a small file whose datasets lead to those of the shards, which stay in its "
                    "folder",
     .offset = INTO(is_virtual)},
    {.name = "--force",
     .kind = OPTION_FLAG,
     .description = "replace the merged file if it exists",
     .offset = INTO(force)},
    {.name = "--threads",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .description = "threads; without it up to 4, which is more than most disks have use for",
     .offset = INTO(threads),
     .smallest = 1,
     .largest = MOST_THREADS},
    QUIET_OPTION(INTO(quiet), "neither progress nor summary"),
};

static int merge(int argument_count, char **typed, gs_error *error);

const cli_command merge_command = {
    .name = "merge",
    .summary = "join the shards of an experiment into one results file",
    .description =
        "Copies the rows of all shards into one file, comparing each with the plan and with its checksum. The merged "
        "file equals that of one run in every dataset, plots included: gansweep verify prints the same contents. It "
        "appears under its name only when it is complete. Shards of another experiment or version, trials that are "
        "in two of them, and without --partial trials that are in none or not finished, are refused by name. Shards "
        "may have been made by any processor, on any machine, and are left as they are.",
    .operands = {"SHARD"},
    .repeats = true,
    .repeated = INTO(files),
    .options = merge_options,
    .option_count = sizeof merge_options / sizeof *merge_options,
    .examples = "  gansweep merge -o d2l.h5 d2l-*-of-10.h5\n"
                "  gansweep merge -o d2l.h5 --partial d2l-*-of-10.h5 && gansweep resume d2l.h5\n"
                "  gansweep merge -o d2l.h5 --virtual d2l-*-of-10.h5\n",
    .run = merge,
};

static void print_summary(const merge_arguments *arguments, const gs_merged *merged, double seconds) {
    char files[GS_FORMAT_BYTES], trials[GS_FORMAT_BYTES], size[GS_FORMAT_BYTES], time[GS_FORMAT_BYTES];
    (void)printf("%s: %s trials of %s file%s, %s, in %s%s\n", arguments->output,
                 gs_format_count(merged->ledger.planned, trials), gs_format_count(arguments->files.count, files),
                 arguments->files.count == 1 ? "" : "s", gs_format_bytes((double)merged->bytes, size),
                 gs_format_duration(seconds, time),
                 arguments->is_virtual ? "; it is read together with these, in one folder" : "");
    (void)printf("contents   %s\n", merged->contents);
    print_ledger(&merged->ledger, stdout);
}

static int merge_files(const merge_arguments *arguments, const gs_provenance *provenance, gs_error *error) {
    share_view view = share_view_on_stderr("merging", arguments->quiet);
    const gs_merge_options options = {.partial = arguments->partial,
                                      .is_virtual = arguments->is_virtual,
                                      .force = arguments->force,
                                      .threads = arguments->threads,
                                      .provenance = *provenance,
                                      .progress = show_share,
                                      .context = &view,
                                      .stop = &interrupted};
    gs_merged merged;
    catch_interruptions();
    const gs_status status =
        gs_merge(arguments->output, arguments->files.texts, arguments->files.count, &options, &merged, error);
    end_share(&view);
    if (status != GS_OK) {
        return interrupted ? SIGNAL_CODE + interrupted : (int)status;
    }
    if (!arguments->quiet) {
        print_summary(arguments, &merged, seconds_now() - view.begin);
    }
    return GS_OK;
}

static int merge(int argument_count, char **typed, gs_error *error) {
    merge_arguments arguments = {0};
    const char *operands[MAX_OPERANDS] = {NULL};
    int code = read_arguments(&merge_command, argument_count, typed, &arguments, operands, error);
    if (code == GS_OK && arguments.output == NULL) {
        code =
            gs_fail(error, GS_ERROR_INPUT, "-o: the name of the merged file was expected; see gansweep merge --help");
    }
    if (code == GS_OK) {
        file_origin origin;
        begin_origin("merge", argument_count, typed, &origin);
        code = merge_files(&arguments, &origin.provenance, error);
        end_origin(&origin);
    }
    free(arguments.files.texts);
    return code;
}
