/// Into how many parts a sweep is cut.
#include <math.h>

#include "../experiment/fixture.h"
#include "cluster/job.h"

static int good_parts_of(int64_t trials, int ranks, int threads, bool is_virtual) {
    char text[1024];
    gs_job_size size;
    gs_error error = {""};
    (void)snprintf(text, sizeof text, DATA "check: {samples: 600}\nparameters: {seed: {range: [1, %lld]}}\n",
                   (long long)trials);
    gs_experiment *experiment = parse(text);
    gs_plan *plan = plan_of(experiment);
    assert_int_equal(gs_job_measure(experiment, plan, GS_ISA_PORTABLE, &size, &error), GS_OK);
    assert_true(size.trials == (double)trials);
    size.packs = ceil((double)trials / 16); // as with AVX-512, on every processor
    // 20 epochs of 1000 examples and 125 updates, with 43 parameters; and 600 samples of 6 parameters, a third each
    assert_true(fabs(size.work / (double)trials - (20 * (1000 + 1.5 * 125) * 43 + 600 * 6 / 3.0)) < 1e-3);
    const int parts = gs_job_good_parts(&size, ranks, threads, is_virtual);
    gs_plan_free(plan);
    gs_experiment_free(experiment);
    return parts;
}

static int good_parts(int64_t trials, int ranks, int threads) {
    return good_parts_of(trials, ranks, threads, false);
}

static void a_virtual_file_has_as_many_parts_of_each_rank(void **state) {
    (void)state;
    assert_int_equal(good_parts_of(10000000000, 100, 6400, true), 500);
    assert_int_equal(good_parts_of(10000000, 2, 2, true), 64);
    assert_int_equal(good_parts_of(10000000000, 600, 600, true), 512);
}

static void a_large_sweep_has_32_parts_a_rank(void **state) {
    (void)state;
    assert_int_equal(good_parts(10000000, 2, 2), 64);
    assert_int_equal(good_parts(100000000, 5, 40), 160);
    assert_int_equal(good_parts(10000000000, 100, 6400), 3200);
}

static void a_small_one_has_fewer_but_each_rank_has_one(void **state) {
    (void)state;
    assert_int_equal(good_parts(60000, 2, 2), 2 * 3); // 61e9 of work, 8e9 a thread at least
    assert_int_equal(good_parts(120000, 2, 4), 2 * 3);
    assert_int_equal(good_parts(60000, 2, 40), 2);
    assert_int_equal(good_parts(1000, 1, 1), 1);
    assert_int_equal(good_parts(1000, 5, 5), 5);
}

static void there_are_never_more_parts_than_trials(void **state) {
    (void)state;
    assert_int_equal(good_parts(3, 5, 5), 3);
    assert_int_equal(good_parts(1, 5, 5), 1);
}

static void there_are_never_more_parts_than_shards(void **state) {
    (void)state;
    assert_int_equal(good_parts((int64_t)1 << 50, 1000000, 1000000), GS_MOST_SHARDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_sweep_has_32_parts_a_rank),
        cmocka_unit_test(a_virtual_file_has_as_many_parts_of_each_rank),
        cmocka_unit_test(a_small_one_has_fewer_but_each_rank_has_one),
        cmocka_unit_test(there_are_never_more_parts_than_trials),
        cmocka_unit_test(there_are_never_more_parts_than_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
