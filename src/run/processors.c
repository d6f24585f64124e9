#include "run/processors.h"

#include <limits.h>
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/run.h"

enum { LINE_BYTES = 4096 };

/// Reads the first line of a small file without its newline.
static bool read_line(const char *path, char line[LINE_BYTES]) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const bool read = fgets(line, LINE_BYTES, file) != NULL;
    (void)fclose(file);
    if (read) {
        line[strcspn(line, "\n")] = '\0';
    }
    return read;
}

/// ceil(quota / period), at least 1; 0 for no limit.
static int whole_processors(long long quota, long long period) {
    if (quota <= 0 || period <= 0) {
        return 0;
    }
    const long long processors = (quota - 1) / period + 1;
    return processors > INT_MAX ? INT_MAX : (int)processors;
}

/// Two numbers "quota period"; a quota of "max" is no limit.
static int limit_of_version_2(const char *group) {
    char path[LINE_BYTES + 32], line[LINE_BYTES];
    (void)snprintf(path, sizeof path, "%s/cpu.max", group);
    if (!read_line(path, line)) {
        return 0;
    }
    char *rest = line;
    const long long quota = strtoll(line, &rest, 10);
    return rest == line ? 0 : whole_processors(quota, strtoll(rest, NULL, 10));
}

/// One number a file; a quota of -1 is no limit.
static int limit_of_version_1(const char *group) {
    char path[LINE_BYTES + 32], quota[LINE_BYTES], period[LINE_BYTES];
    (void)snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", group);
    if (!read_line(path, quota)) {
        return 0;
    }
    (void)snprintf(path, sizeof path, "%s/cpu.cfs_period_us", group);
    if (!read_line(path, period)) {
        return 0;
    }
    return whole_processors(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

static int smaller_limit(int a, int b) {
    if (a == 0 || b == 0) {
        return a + b;
    }
    return a < b ? a : b;
}

/// The smallest limit of a group and of all groups above it. A container sees its own group as the top of the mounted
/// tree while /proc may still name the path on the host: folders that aren't there have no limit, and the top has.
static int limit_along_path(const char *mount, const char *group, int (*limit_of)(const char *group)) {
    char path[LINE_BYTES];
    if (snprintf(path, sizeof path, "%s%s", mount, group) >= (int)sizeof path) {
        return 0;
    }
    const size_t mount_length = strlen(mount);
    int limit = 0;
    for (;;) {
        limit = smaller_limit(limit, limit_of(path));
        char *last_slash = strrchr(path, '/');
        if (last_slash == NULL || (size_t)(last_slash - path) < mount_length) {
            return limit;
        }
        *last_slash = '\0';
    }
}

/// Whether a list such as "cpu,cpuacct" has the controller "cpu".
static bool has_cpu_controller(const char *list, size_t length) {
    for (const char *end = list + length; list < end;) {
        const size_t word = strcspn(list, ",:");
        if (word == 3 && strncmp(list, "cpu", 3) == 0) {
            return true;
        }
        list += word + 1;
    }
    return false;
}

int gs_container_processors(const char *root) {
    char path[LINE_BYTES], line[LINE_BYTES];
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    int limit = 0;
    // Lines are "hierarchy:controllers:group"; version 2 has hierarchy 0 and no controllers.
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *controllers = strchr(line, ':');
        const char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (group == NULL) {
            continue;
        }
        controllers++;
        if (group == controllers) {
            (void)snprintf(path, sizeof path, "%s/sys/fs/cgroup", root);
            limit = smaller_limit(limit, limit_along_path(path, group + 1, limit_of_version_2));
        } else if (has_cpu_controller(controllers, (size_t)(group - controllers))) {
            (void)snprintf(path, sizeof path, "%s/sys/fs/cgroup/cpu", root);
            limit = smaller_limit(limit, limit_along_path(path, group + 1, limit_of_version_1));
        }
    }
    (void)fclose(file);
    return limit;
}

int gs_run_threads(const gs_run_options *options) {
    if (options != NULL && options->threads > 0) {
        return options->threads;
    }
    const int threads = omp_get_max_threads(); // OMP_NUM_THREADS, or the processors of the affinity mask
    return getenv("OMP_NUM_THREADS") != NULL ? threads : smaller_limit(threads, gs_container_processors(""));
}
