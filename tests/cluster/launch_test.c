/// How a process finds out that it is one of several: by what Open MPI 4, MPICH 4 and Slurm 22 put into the
/// environment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cluster/launch.h"

static const char *const variables[] = {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE",    "PMI_RANK",
                                        "SLURM_STEP_NUM_TASKS", "SLURM_PROCID",         "SLURM_NTASKS"};

static int forget_all(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        (void)unsetenv(variables[i]);
    }
    return 0;
}

static void expect(const char *launcher, bool is_mpi, int rank, int processes) {
    const gs_launch found = gs_launch_found();
    assert_true((found.launcher == NULL) == (launcher == NULL));
    if (launcher != NULL) {
        assert_string_equal(found.launcher, launcher);
    }
    assert_int_equal(found.is_mpi, is_mpi);
    assert_int_equal(found.rank, rank);
    assert_int_equal(found.processes, processes);
}

static void without_a_launcher_it_is_alone(void **state) {
    (void)state;
    expect(NULL, false, 0, 1);
}

static void open_mpi_and_mpich_are_known(void **state) {
    (void)state;
    (void)setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
    (void)setenv("OMPI_COMM_WORLD_RANK", "3", 1);
    expect("mpirun", true, 3, 4);
    (void)forget_all(NULL);
    (void)setenv("PMI_SIZE", "5", 1);
    (void)setenv("PMI_RANK", "0", 1);
    expect("mpirun", true, 0, 5);
}

static void srun_is_known_and_a_batch_script_is_alone(void **state) {
    (void)state;
    (void)setenv("SLURM_NTASKS", "8", 1); // of the job
    (void)setenv("SLURM_PROCID", "0", 1);
    expect(NULL, false, 0, 1);
    (void)setenv("SLURM_STEP_NUM_TASKS", "8", 1);
    (void)setenv("SLURM_PROCID", "7", 1);
    expect("srun", false, 7, 8);
}

static void mpirun_wins_over_the_srun_that_started_its_daemon(void **state) {
    (void)state;
    (void)setenv("SLURM_STEP_NUM_TASKS", "2", 1);
    (void)setenv("SLURM_PROCID", "1", 1);
    (void)setenv("OMPI_COMM_WORLD_SIZE", "64", 1);
    (void)setenv("OMPI_COMM_WORLD_RANK", "63", 1);
    expect("mpirun", true, 63, 64);
}

static void nonsense_is_no_launcher(void **state) {
    static const char *const nonsense[][2] = {{"", ""},    {"4", ""},   {"4", "4"}, {"4", "-1"},          {"0", "0"},
                                              {"4x", "0"}, {"4", "0 "}, {"x", "0"}, {"99999999999", "0"}, {"-4", "0"}};
    (void)state;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        (void)setenv("OMPI_COMM_WORLD_SIZE", nonsense[i][0], 1);
        (void)setenv("OMPI_COMM_WORLD_RANK", nonsense[i][1], 1);
        expect(NULL, false, 0, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_launcher_it_is_alone, forget_all),
        cmocka_unit_test_setup(open_mpi_and_mpich_are_known, forget_all),
        cmocka_unit_test_setup(srun_is_known_and_a_batch_script_is_alone, forget_all),
        cmocka_unit_test_setup(mpirun_wins_over_the_srun_that_started_its_daemon, forget_all),
        cmocka_unit_test_setup(nonsense_is_no_launcher, forget_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
