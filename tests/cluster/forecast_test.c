/// Forecasts against sums done by hand.
#include <math.h>

#include "../experiment/fixture.h"
#include "cluster/forecast.h"

/// 16 trials a pack, 5 ms a pack, 2 kB a trial.
static const gs_workload workload = {.size = {.trials = 1e6, .packs = 62500, .work = 1e12},
                                     .pack_seconds = 5e-3,
                                     .row_bytes = 2000,
                                     .other_bytes = 3e5,
                                     .thread_bytes = 1e6};

static void assert_close(double value, double expected) {
    if (fabs(value - expected) > 1e-9 * fabs(expected)) {
        fail_msg("%.12g, expected %.12g", value, expected);
    }
}

static void parts_are_trained_in_rounds_and_joined(void **state) {
    (void)state;
    const gs_cluster cluster = {.nodes = 10, .cores = 8, .disk = 4e8, .parts_asked = 40};
    const gs_forecast forecast = gs_foretell(&workload, &cluster, 1e6);
    assert_int_equal(forecast.parts, 40);
    // 1,562.5 packs a part, 195.3125 of them a thread and half a pack for the last thread; 50 ms of a core for the file
    assert_close(forecast.part_seconds, 195.8125 * 5e-3 + 0.05 / 8);
    assert_close(forecast.starting, 0.5 + 0.05);    // the first file is waited for
    assert_close(forecast.training, 4 * 0.9853125); // 40 parts on 10 nodes
    assert_close(forecast.file_bytes, 2e9 + 3e5);
    assert_close(forecast.parts_bytes, 2e9 + 40 * 3e5);
    assert_close(forecast.waiting, 2.012e9 / 4e8 - 3.94125);
    assert_close(forecast.joining, (2.0003e9 + 2.012e9) / 4e8 + 40 * 0.005); // written and read
    assert_close(forecast.in_all, 0.55 + 2 * 2.012e9 / 4e8 + 2.0003e9 / 4e8 + 0.2);
    assert_close(forecast.process_bytes, 64e6 + 1e6 * 75 + 48e6 + 8 * 1e6); // the summary's, MPI's and 8 threads'
    assert_close(forecast.busy, 62500 * 5e-3 / (10 * 8 * forecast.in_all));
    // two exchanges a second and a claim a part: two messages each, of all processes but process 0
    assert_close(forecast.messages_a_second, 2 * (2 + 1 / 0.9853125));
    assert_close(forecast.messages, 9 * 2 * (2 + 1 / 0.9853125) * 3.94125);
    assert_close(forecast.answering, 9 * (2 + 1 / 0.9853125) * 2e-5);
}

static void a_fast_disk_leaves_the_joining_to_the_processor(void **state) {
    (void)state;
    const gs_cluster cluster = {.nodes = 10, .cores = 8, .disk = 1e10, .parts_asked = 40};
    const gs_forecast forecast = gs_foretell(&workload, &cluster, 1e6);
    assert_close(forecast.joining, 2.0003e9 / 5e8 + 40 * 0.005);
    assert_true(forecast.waiting == 0);
}

static void more_seeds_are_more_of_the_same(void **state) {
    (void)state;
    const gs_cluster cluster = {.nodes = 100, .cores = 64, .disk = 1e9};
    const gs_forecast forecast = gs_foretell(&workload, &cluster, 1e10);
    assert_int_equal(forecast.parts, 3200);
    assert_close(forecast.file_bytes, 2e13 + 3e5);
    // 625,000,000 packs
    assert_close(forecast.part_seconds, (625e6 / 3200 / 64 + 0.5) * 5e-3 + 0.05 / 64);
    assert_close(forecast.training, 32 * forecast.part_seconds);
    assert_int_equal(gs_foretell(&workload, &cluster, 1e8).parts, 100); // 1.95 parts' work for 6,400 threads
}

static void one_node_writes_one_file(void **state) {
    (void)state;
    const gs_cluster cluster = {.nodes = 1, .cores = 2, .disk = 1e8};
    const gs_forecast forecast = gs_foretell(&workload, &cluster, 1e6);
    assert_int_equal(forecast.parts, 1);
    assert_close(forecast.training, (31250 + 0.5) * 5e-3);
    assert_true(forecast.starting == 0 && forecast.joining == 0 && forecast.messages == 0 && forecast.parts_bytes == 0);
    assert_true(forecast.waiting == 0); // 20 s of writing beside 156 s of training
    assert_close(forecast.in_all, forecast.training);
    assert_close(forecast.process_bytes, 64e6 + 1e6 * 75 + 2 * 1e6);
}

static void a_virtual_file_has_no_rows_and_up_to_512_parts(void **state) {
    (void)state;
    const gs_cluster cluster = {.nodes = 600, .cores = 1, .disk = 1e9, .is_virtual = true};
    const gs_forecast forecast = gs_foretell(&workload, &cluster, 1e9);
    assert_int_equal(forecast.parts, 512);
    assert_close(forecast.file_bytes, 3e5 + 512 * 4250);
    assert_close(forecast.joining, (2e12 + 512 * 3e5) / 8e8 + 512 * 0.005); // all rows are read and checked
    assert_close(forecast.training, forecast.part_seconds);                 // 88 nodes have nothing to do
}

static void threads_that_share_a_file_wait_for_each_other(void **state) {
    (void)state;
    const gs_cluster cluster = {.nodes = 10, .cores = 800, .disk = 1e12, .parts_asked = 10};
    const gs_forecast forecast = gs_foretell(&workload, &cluster, 1e6);
    assert_close(forecast.part_seconds, 0.2 + 0.05 / 800); // 200 MB, where 0.04 s of training are
}

static void a_part_is_at_least_a_pack(void **state) {
    (void)state;
    const gs_cluster cluster = {.nodes = 10, .cores = 1000, .disk = 1e9, .parts_asked = 10};
    const gs_forecast forecast = gs_foretell(&workload, &cluster, 160);
    assert_int_equal(forecast.parts, 10);
    assert_close(forecast.part_seconds, 5e-3 + 0.05 / 1000);
    const gs_forecast fewer = gs_foretell(&workload, &cluster, 7);
    assert_int_equal(fewer.parts, 7);
}

static void what_is_measured_is_the_experiments(void **state) {
    (void)state;
    gs_experiment *experiment = parse(DATA "check: {samples: 100}\nparameters: {seed: {range: [1, 10000000000]}}\n");
    gs_plan *plan = plan_of(experiment);
    gs_layout *layout;
    gs_workload measured;
    gs_error error = {""};
    const gs_run_options options = {.threads = 1, .isa = GS_ISA_AUTO};
    assert_int_equal(gs_workload_measure(experiment, plan, &options, 0.01, &measured, &error), GS_OK);
    assert_int_equal(measured.measured_threads, 1);
    assert_true(measured.measured_seconds >= 0.01 && measured.pack_seconds > 0);
    assert_true(measured.size.trials == 1e10);
    assert_true(measured.other_bytes > 1e4 && measured.other_bytes < 1e6); // the plots'
    assert_true(measured.thread_bytes == 0 ||
                measured.thread_bytes > 1e6); // not told by AddressSanitizer; a block of rows
    assert_int_equal(gs_plan_restrict(plan, (gs_trial_range){.count = 1234567}, &error), GS_OK);
    assert_int_equal(gs_layout_create(experiment, plan, &layout, &error), GS_OK);
    const double bytes = (double)gs_layout_file_bytes(layout);
    assert_true(fabs(measured.other_bytes + 1234567 * measured.row_bytes - bytes) < 0.01 * bytes);
    gs_layout_free(layout);
    gs_plan_free(plan);
    gs_experiment_free(experiment);
}

/// A row of millions of trials must not be that of a thousandth of a lane's, or of the plots of one.
static void few_seeds_say_what_many_cost(void **state) {
    (void)state;
    gs_forecast rows[2];
    static const char *const seeds[] = {"1", "100000"};
    for (int i = 0; i < 2; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       DATA "check: {samples: 100}\nparameters: {seed: {range: [1, %s]}, lr_D: [0.01, 0.02]}\n",
                       seeds[i]);
        gs_experiment *experiment = parse(text);
        gs_plan *plan = plan_of(experiment);
        gs_workload measured, grown;
        gs_error error = {""};
        const gs_run_options options = {.threads = 1, .isa = GS_ISA_AUTO};
        assert_int_equal(gs_workload_measure(experiment, plan, &options, 0.01, &measured, &error), GS_OK);
        assert_int_equal(gs_workload_grow(experiment, &measured, GS_ISA_AUTO, &grown, &error), GS_OK);
        grown.pack_seconds = 5e-3;
        rows[i] = gs_foretell(&grown, &(gs_cluster){.nodes = 2, .cores = 1, .disk = 1e9}, 1e7);
        gs_plan_free(plan);
        gs_experiment_free(experiment);
    }
    assert_true(fabs(rows[0].file_bytes / rows[1].file_bytes - 1) < 0.01);
    assert_true(fabs(rows[0].training / rows[1].training - 1) < 0.01);
    assert_int_equal(rows[0].parts, rows[1].parts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_trained_in_rounds_and_joined),
        cmocka_unit_test(a_fast_disk_leaves_the_joining_to_the_processor),
        cmocka_unit_test(more_seeds_are_more_of_the_same),
        cmocka_unit_test(one_node_writes_one_file),
        cmocka_unit_test(a_virtual_file_has_no_rows_and_up_to_512_parts),
        cmocka_unit_test(threads_that_share_a_file_wait_for_each_other),
        cmocka_unit_test(a_part_is_at_least_a_pack),
        cmocka_unit_test(what_is_measured_is_the_experiments),
        cmocka_unit_test(few_seeds_say_what_many_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
