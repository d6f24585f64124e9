/// Limits of control groups, read from folders that look like /proc and /sys/fs/cgroup. The oracle is the kernel's
/// documentation of cpu.max (Documentation/admin-guide/cgroup-v2.rst) and of cpu.cfs_quota_us
/// (scheduler/sched-bwc.rst).
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gansweep/run.h"
#include "run/processors.h"

static char root[64];

/// Writes a file below the root, and the folders above it.
static void put(const char *path, const char *text) {
    char whole[256];
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int new_root(void **state) {
    (void)state;
    (void)strcpy(root, "/tmp/gansweep-processors-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state) {
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void no_group_is_no_limit(void **state) {
    (void)state;
    assert_int_equal(gs_container_processors(root), 0);
}

static void a_quota_of_version_2_is_rounded_up(void **state) {
    (void)state;
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/cpu.max", "250000 100000\n");
    assert_int_equal(gs_container_processors(root), 3);
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    assert_int_equal(gs_container_processors(root), 2);
    put("/sys/fs/cgroup/cpu.max", "1000 100000\n");
    assert_int_equal(gs_container_processors(root), 1);
}

static void max_is_no_limit(void **state) {
    (void)state;
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_int_equal(gs_container_processors(root), 0);
}

static void the_smallest_limit_of_all_groups_above_holds(void **state) {
    (void)state;
    put("/proc/self/cgroup", "0::/user.slice/job.scope\n");
    put("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "600000 100000\n");
    put("/sys/fs/cgroup/user.slice/cpu.max", "400000 100000\n");
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    assert_int_equal(gs_container_processors(root), 4);
    put("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "150000 100000\n");
    assert_int_equal(gs_container_processors(root), 2);
}

static void version_1_is_read_beside_other_controllers(void **state) {
    (void)state;
    put("/proc/self/cgroup", "9:cpuset:/none\n4:cpu,cpuacct:/docker/1234\n1:name=systemd:/\n0::/\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "350000\n"); // a container sees its group as the top
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n");
    assert_int_equal(gs_container_processors(root), 7);
    put("/proc/self/cgroup", "4:cpuacct,cpu:/\n");
    assert_int_equal(gs_container_processors(root), 7);
    put("/proc/self/cgroup", "9:cpuset,cpuacct:/\n"); // not the controller "cpu"
    assert_int_equal(gs_container_processors(root), 0);
    put("/proc/self/cgroup", "4:cpu,cpuacct:/docker/1234\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(gs_container_processors(root), 0);
}

static void nonsense_is_no_limit(void **state) {
    (void)state;
    static const char *const texts[] = {"", "x", "0 0", "-5 100000", "100000", "100000 0"};
    put("/proc/self/cgroup", "nonsense\n:\n::\n0::/\n");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put("/sys/fs/cgroup/cpu.max", texts[i]);
        assert_int_equal(gs_container_processors(root), 0);
    }
}

static void threads_asked_for_are_used(void **state) {
    (void)state;
    assert_int_equal(gs_run_threads(&(gs_run_options){.threads = 37}), 37);
    (void)setenv("OMP_NUM_THREADS", "5", 1);
    omp_set_num_threads(5); // as OpenMP does when it reads the variable
    assert_int_equal(gs_run_threads(&(gs_run_options){0}), 5);
    (void)unsetenv("OMP_NUM_THREADS");
    omp_set_num_threads(omp_get_num_procs());
    const int threads = gs_run_threads(NULL);
    assert_true(threads >= 1 && threads <= omp_get_num_procs());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_group_is_no_limit, new_root, remove_root),
        cmocka_unit_test_setup_teardown(a_quota_of_version_2_is_rounded_up, new_root, remove_root),
        cmocka_unit_test_setup_teardown(max_is_no_limit, new_root, remove_root),
        cmocka_unit_test_setup_teardown(the_smallest_limit_of_all_groups_above_holds, new_root, remove_root),
        cmocka_unit_test_setup_teardown(version_1_is_read_beside_other_controllers, new_root, remove_root),
        cmocka_unit_test_setup_teardown(nonsense_is_no_limit, new_root, remove_root),
        cmocka_unit_test(threads_asked_for_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
