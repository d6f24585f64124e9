/// Names of parts, and which files in a folder are parts.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cluster/part_files.h"

static void expect_name(const char *path, int part, int parts, const char *expected) {
    char *name = gs_part_path(path, part, parts);
    assert_string_equal(name, expected);
    free(name);
}

static void a_part_is_named_as_a_shard_is(void **state) {
    (void)state;
    expect_name("sweep.h5", 3, 10, "sweep-03-of-10.h5");
    expect_name("a.h5/sweep.h5", 3, 9, "a.h5/sweep-3-of-9.h5");
    expect_name("sweep.nc", 12, 1000, "sweep.nc-0012-of-1000.h5");
    expect_name("sweep", 1, 1, "sweep-1-of-1.h5");
    expect_name("x/.h5", 1, 2, "x/.h5-1-of-2.h5");
    expect_name("sweep.h5.h5", 1, 2, "sweep.h5-1-of-2.h5");
}

static void make(const char *folder, const char *name) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    const int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(file >= 0 && close(file) == 0);
}

static void only_parts_of_this_sweep_are_found(void **state) {
    (void)state;
    static const char *const others[] = {"sweep.h5",
                                         "sweep-3-of-10.h5",
                                         "sweep-003-of-10.h5",
                                         "sweep-00-of-10.h5",
                                         "sweep-11-of-10.h5",
                                         "sweep-03-of-10.h5.lock",
                                         "sweep-03-of-10.nc",
                                         "sweep-03-of-0010.h5",
                                         "sweep--3-of-10.h5",
                                         "other-03-of-10.h5",
                                         "sweep2-03-of-10.h5",
                                         "sweep-0000001-of-1000001.h5",
                                         "sweep-03-of-.h5",
                                         "sweep-of-10.h5",
                                         "sweep-03-in-10.h5",
                                         "xsweep-03-of-10.h5",
                                         "sweep-03-of-99999999999999999999.h5"};
    char folder[] = "/tmp/gansweep-parts-XXXXXX", path[64], command[128];
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        make(folder, others[i]);
    }
    (void)snprintf(path, sizeof path, "%s/sweep.h5", folder);
    gs_part_families families;
    gs_error error = {""};
    assert_int_equal(gs_part_families_find(path, &families, &error), GS_OK);
    assert_int_equal(families.count, 0);
    make(folder, "sweep-03-of-10.h5");
    make(folder, "sweep-10-of-10.h5");
    make(folder, "sweep-1000000-of-1000000.h5");
    assert_int_equal(gs_part_families_find(path, &families, &error), GS_OK);
    assert_int_equal(families.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(families.list[i].files, families.list[i].parts == 10 ? 2 : 1);
        assert_true(families.list[i].parts == 10 || families.list[i].parts == 1000000);
        assert_memory_equal(families.list[i].name, "sweep-1", strlen("sweep-"));
    }
    gs_part_families_free(&families);
    assert_int_equal(gs_part_remove(path, 3, 10, &error), GS_OK);
    assert_int_equal(gs_part_remove(path, 4, 10, &error), GS_OK);
    assert_int_equal(gs_part_families_find(path, &families, &error), GS_OK);
    assert_int_equal(families.list[0].files + families.list[1].files, 2);
    gs_part_families_free(&families);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(gs_part_families_find(path, &families, &error), GS_ERROR_INPUT);
    assert_non_null(strstr(error.message, folder));
    gs_part_families_free(&families);
}

static void more_divisions_than_are_listed_do_no_harm(void **state) {
    (void)state;
    char folder[] = "/tmp/gansweep-parts-XXXXXX", path[64], name[64], command[128];
    assert_non_null(mkdtemp(folder));
    for (int parts = 1; parts <= 3 * GS_MOST_PART_FAMILIES; parts++) {
        char *made = gs_part_path("sweep.h5", parts, parts);
        (void)snprintf(name, sizeof name, "%s", made);
        make(folder, name);
        free(made);
    }
    (void)snprintf(path, sizeof path, "%s/sweep.h5", folder);
    gs_part_families families;
    gs_error error = {""};
    assert_int_equal(gs_part_families_find(path, &families, &error), GS_OK);
    assert_int_equal(families.count, GS_MOST_PART_FAMILIES);
    gs_part_families_free(&families);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_named_as_a_shard_is),
        cmocka_unit_test(only_parts_of_this_sweep_are_found),
        cmocka_unit_test(more_divisions_than_are_listed_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
