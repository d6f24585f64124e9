#include "cli/dry_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "numeric/format.h"
#include "report/part.h"

/// Bytes that are free where a file would be made; -1 when that can't be known. Warns when no file can be made there.
static double free_bytes(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    struct statvfs disk;
    const bool known = folder != NULL && statvfs(folder, &disk) == 0;
    if (folder != NULL && access(folder, W_OK | X_OK) != 0) {
        (void)fprintf(stderr, "gansweep: warning: a run could not make %s: %s\n", path, strerror(errno));
    }
    free(folder);
    return known ? (double)disk.f_bavail * (double)disk.f_frsize : -1;
}

void print_work(const gs_experiment *experiment, const gs_plan *plan, gs_isa isa) {
    isa = isa == GS_ISA_AUTO ? gs_isa_best() : isa;
    const int lanes = gs_isa_lanes(isa);
    const bool titled = experiment->title != NULL && experiment->title[0] != '\0';
    const int64_t trials = gs_plan_trial_count(plan), packs = gs_plan_pack_count(plan, lanes);
    const int64_t configurations = gs_plan_configuration_count(plan);
    char text[GS_FORMAT_BYTES], part[GS_PART_TEXT];
    (void)printf("experiment  %s\n", titled ? experiment->title : experiment->path);
    (void)printf("trials      %s", gs_format_count(trials, text));
    (void)printf("%s", gs_part_text(gs_plan_part(plan), gs_plan_experiment_trials(plan), part));
    (void)printf(" in %s configuration%s\n", gs_format_count(configurations, text), configurations == 1 ? "" : "s");
    (void)printf("packs       %s", gs_format_count(packs, text));
    (void)printf(" of %d lanes (%s), %.1f %% of the lanes used\n", lanes, gs_isa_names[isa],
                 100 * ((double)trials / (double)packs) / lanes);
}

static void print_file(double bytes, double room, const char *path) {
    char size[GS_FORMAT_BYTES], left[GS_FORMAT_BYTES];
    (void)printf("file        %s, %s", path, gs_format_bytes(bytes, size));
    if (room >= 0) {
        (void)printf("; %s are free there", gs_format_bytes(room, left));
    }
    (void)printf("%s\n", access(path, F_OK) == 0 ? "; it exists already, so that a run needs --force" : "");
    if (room >= 0 && bytes > room) {
        (void)fflush(stdout);
        (void)fprintf(stderr,
                      "gansweep: warning: the file needs %s and the disk has %s free: train fewer trials, keep less of "
                      "each, or choose another place with -o\n",
                      size, left);
    }
}

gs_status dry_run(const gs_experiment *experiment, const gs_plan *plan, const gs_run_options *options, const char *path,
                  gs_error *error) {
    gs_layout *layout;
    gs_status status = gs_layout_create(experiment, plan, &layout, error);
    if (status != GS_OK) {
        return status;
    }
    const int64_t bytes = gs_layout_file_bytes(layout);
    gs_layout_free(layout);
    if (bytes == INT64_MAX) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "%s: the results file would have more than 2^63 bytes; fewer trials were expected",
                       experiment->path);
    }
    double seconds;
    status = gs_run_estimate(experiment, plan, options, &seconds, error);
    if (status != GS_OK) {
        return status;
    }
    char time[GS_FORMAT_BYTES], rate[GS_FORMAT_BYTES];
    print_work(experiment, plan, options->isa);
    print_file((double)bytes, free_bytes(path), path);
    const double trials_a_second = (double)gs_plan_trial_count(plan) / seconds;
    (void)printf("time        about %s with %d thread%s, %s trials/s (from a short calibration, without the disk)\n",
                 gs_format_duration(seconds, time), gs_run_threads_used(plan, options),
                 gs_run_threads_used(plan, options) == 1 ? "" : "s", gs_format_rate(trials_a_second, rate));
    return GS_OK;
}
