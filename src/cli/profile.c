#include "cli/profile.h"

#include <time.h>

double seconds_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void print_row(FILE *stream, const char *name, double seconds, double total) {
    (void)fprintf(stream, "  %-44s %10.3f s %7.2f %%\n", name, seconds, 100 * seconds / total);
}

/// Times of parallel parts are divided by the threads, so that all rows add up to the wall time.
void print_profile(const gs_profile *profile, const run_times *times, FILE *stream) {
    static const char *const names[GS_PART_COUNT] = {
        [GS_PART_START] = "setting up a thread",
        [GS_PART_TAKE] = "taking packs (waiting for other threads)",
        [GS_PART_TRAIN] = "training",
        [GS_PART_CHECK] = "checks",
        [GS_PART_GATHER] = "gathering rows in memory",
        [GS_PART_WRITE] = "writing rows",
        [GS_PART_WAIT] = "waiting for the last thread",
    };
    const double total = times->summarised - times->start, threads = profile->threads > 0 ? profile->threads : 1;
    double known = 0;
    (void)fprintf(stream, "\nWhere the time went (%d thread%s, means over them):\n", profile->threads,
                  profile->threads == 1 ? "" : "s");
    print_row(stream, "making the file", times->created - times->start, total);
    for (int part = 0; part < GS_PART_COUNT; part++) {
        print_row(stream, names[part], profile->part[part] / threads, total);
        known += profile->part[part] / threads;
        if (part == GS_PART_CHECK) {
            (void)fprintf(stream, "    %-42s %10.3f s %7.2f %%\n", "of these LAPACKE", profile->lapack / threads,
                          100 * profile->lapack / threads / total);
        }
    }
    print_row(stream, "starting and ending threads", times->trained - times->created - known, total);
    print_row(stream, "making the file durable", times->closed - times->trained, total);
    print_row(stream, "summary", times->summarised - times->closed, total);
    print_row(stream, "in all", total, total);
    (void)fprintf(
        stream, "Beside these, progress took %.3f s of a processor. Threads came %lld times for packs, %.2f us each.\n",
        profile->progress, (long long)profile->takes,
        profile->takes > 0 ? 1e6 * profile->part[GS_PART_TAKE] / (double)profile->takes : 0.0);
    (void)fprintf(stream, "%lld checkpoint%s waited %.3f s for the disk while the threads trained.\n",
                  (long long)profile->checkpoints, profile->checkpoints == 1 ? "" : "s", profile->checkpoint_seconds);
}
