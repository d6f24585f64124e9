/// Whole sweeps, run inside the test: what is in the file, what progress says, and how a run ends.
///
/// The oracle of "the same numbers" is the run with one thread and portable vectors; of what was counted, the file.
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <omp.h>
#include <sched.h>

#include "gansweep/run.h"

static const char EXPERIMENT[] = "title: run\n"
                                 "convention: [mxnet, tf]\n"
                                 "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 50}\n"
                                 "model: {latent_dim: 2, generator: [], discriminator: [5, 3]}\n"
                                 "train: {epochs: 3}\n"
                                 "parameters:\n"
                                 "  seed: {range: [1, 37]}\n"
                                 "  lr_D: {values: [1.0e-9, 1.0e+37]}\n" // stays where it began; diverges
                                 "  lr_G: {values: [0.005]}\n"
                                 "  batch_size: {values: [8, 50]}\n"
                                 "keep: {samples: 5, generator_by_epoch: true}\n"
                                 "check: {samples: 50, tolerance: 0.25}\n";

/// The call of gs_store_write() that fails, counted from 1; 0: none. And the pause before each, for slow disks.
static int failing_write, write_count;
static useconds_t microseconds_a_write;
/// The call of gs_check_samples() that fails.
static int failing_check, check_count;

gs_status __real_gs_store_write(gs_store *store, const gs_block *block, gs_error *error);
gs_status __wrap_gs_store_write(gs_store *store, const gs_block *block, gs_error *error);
gs_status __real_gs_check_samples(gs_checker *checker, const float *samples, int64_t count, const float *weight,
                                  const float *bias, int64_t latent_dim, gs_check *check, gs_error *error);
gs_status __wrap_gs_check_samples(gs_checker *checker, const float *samples, int64_t count, const float *weight,
                                  const float *bias, int64_t latent_dim, gs_check *check, gs_error *error);

gs_status __wrap_gs_store_write(gs_store *store, const gs_block *block, gs_error *error) {
    const int call = __atomic_add_fetch(&write_count, 1, __ATOMIC_SEQ_CST);
    if (call == failing_write) {
        return gs_fail(error, GS_ERROR_RUN, "the disk fell out");
    }
    (void)usleep(microseconds_a_write);
    return __real_gs_store_write(store, block, error);
}

gs_status __wrap_gs_check_samples(gs_checker *checker, const float *samples, int64_t count, const float *weight,
                                  const float *bias, int64_t latent_dim, gs_check *check, gs_error *error) {
    if (__atomic_add_fetch(&check_count, 1, __ATOMIC_SEQ_CST) == failing_check) {
        return gs_fail(error, GS_ERROR_RUN, "dsygv: info 7");
    }
    return __real_gs_check_samples(checker, samples, count, weight, bias, latent_dim, check, error);
}

// ---- a run and its file ----

typedef struct {
    gs_experiment *experiment;
    gs_plan *plan;
    char path[64];
    gs_status status;
    gs_progress summary;
    gs_error error;
    gs_results *results;
} fixture;

static void run_experiment(fixture *made, const gs_run_options *options, const char *const *overrides, int count) {
    static const gs_provenance provenance = {"1", "auto", "cc", "test", "host", 1, NULL};
    static int files;
    gs_store *store;
    gs_error error = {""};
    *made = (fixture){0};
    (void)snprintf(made->path, sizeof made->path, "/tmp/gansweep-run-test-%ld-%d.h5", (long)getpid(), files++);
    (void)unlink(made->path);
    assert_int_equal(
        gs_experiment_parse(EXPERIMENT, strlen(EXPERIMENT), "run.yaml", overrides, count, &made->experiment, &error),
        GS_OK);
    assert_int_equal(gs_plan_create(made->experiment, &made->plan, &error), GS_OK);
    assert_int_equal(
        gs_store_create(made->path, made->experiment, made->plan, &provenance, false, NULL, &store, &error), GS_OK);
    made->status = gs_run(made->experiment, made->plan, store, options, &made->summary, &made->error);
    assert_int_equal(gs_store_close(store, made->summary.seconds, NULL, &error), GS_OK);
    assert_int_equal(gs_results_open(made->path, &made->results, &error), GS_OK);
}

static void end(fixture *made) {
    gs_results_close(made->results);
    gs_plan_free(made->plan);
    gs_experiment_free(made->experiment);
    (void)unlink(made->path);
    failing_write = failing_check = write_count = check_count = 0;
    microseconds_a_write = 0;
}

/// All rows of a dataset, which the caller frees.
static void *read_all(const fixture *made, const gs_dataset *dataset) {
    gs_error error = {""};
    void *rows = malloc((size_t)(dataset->extent[0] * dataset->row_bytes));
    assert_non_null(rows);
    assert_int_equal(gs_results_read(made->results, dataset->name, 0, dataset->extent[0], rows, &error), GS_OK);
    return rows;
}

static const gs_dataset *dataset_named(const fixture *made, const char *name) {
    const gs_layout *layout = gs_results_layout(made->results);
    return gs_layout_dataset(layout, gs_layout_find(layout, name));
}

static void assert_equal_files(const fixture *one, const fixture *other) {
    const gs_layout *layout = gs_results_layout(one->results);
    for (int i = 0; i < gs_layout_dataset_count(layout); i++) {
        const gs_dataset *dataset = gs_layout_dataset(layout, i);
        void *rows = read_all(one, dataset), *others = read_all(other, dataset);
        if (memcmp(rows, others, (size_t)(dataset->extent[0] * dataset->row_bytes)) != 0) {
            fail_msg("%s differs", dataset->name);
        }
        free(rows);
        free(others);
    }
}

/// What the file says of finished, diverged and printing trials.
static gs_progress count_in_file(const fixture *made) {
    gs_progress counted = {.trials = gs_plan_trial_count(made->plan)};
    unsigned char *status = read_all(made, dataset_named(made, "status"));
    float *loss_D = read_all(made, dataset_named(made, "loss_D"));
    float *loss_G = read_all(made, dataset_named(made, "loss_G"));
    const int64_t epochs = dataset_named(made, "loss_D")->extent[1];
    for (int64_t trial = 0; trial < counted.trials; trial++) {
        char printed[2][16];
        (void)snprintf(printed[0], sizeof printed[0], "%.3f", loss_D[trial * epochs + epochs - 1]);
        (void)snprintf(printed[1], sizeof printed[1], "%.3f", loss_G[trial * epochs + epochs - 1]);
        counted.done += status[trial] != GS_PENDING;
        counted.diverged += status[trial] == GS_DIVERGED;
        counted.prints_ln2 +=
            status[trial] != GS_PENDING && strcmp(printed[0], "0.693") == 0 && strcmp(printed[1], "0.693") == 0;
    }
    counted.examples = counted.done * epochs * made->experiment->data.n;
    free(status);
    free(loss_D);
    free(loss_G);
    return counted;
}

static void assert_counts(const gs_progress *said, const gs_progress *counted) {
    assert_int_equal(said->trials, counted->trials);
    assert_int_equal(said->done, counted->done);
    assert_int_equal(said->diverged, counted->diverged);
    assert_int_equal(said->prints_ln2, counted->prints_ln2);
    assert_int_equal(said->examples, counted->examples);
}

// ---- tests ----

/// One thread of the portable kernel against several of the fastest.
static void compare_threads_and_lanes(const char *const *overrides, int count) {
    fixture first;
    run_experiment(&first, &(gs_run_options){.threads = 1, .isa = GS_ISA_PORTABLE}, overrides, count);
    assert_int_equal(first.status, GS_OK);
    assert_int_equal(first.summary.done, first.summary.trials);
    static const int threads[] = {1, 2, 7};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        fixture other;
        run_experiment(&other, &(gs_run_options){.threads = threads[i]}, overrides, count);
        assert_int_equal(other.status, GS_OK);
        assert_equal_files(&first, &other);
        end(&other);
    }
    end(&first);
}

static void results_do_not_depend_on_threads_or_lanes(void **state) {
    (void)state;
    compare_threads_and_lanes(NULL, 0);
}

/// 32 seeds fill whole packs, so that those of equal seeds share draws, in an order of trials that is not the file's.
static void results_of_shared_seeds_do_not_depend_on_threads_or_lanes(void **state) {
    (void)state;
    static const char *const shared[] = {"seed=1:32", "lr_D=0.01,0.02,0.03,0.04,0.05", "lr_G=0.001,0.002,0.003,0.004"};
    compare_threads_and_lanes(shared, 3);
}

static void a_trial_alone_is_the_trial_in_the_sweep(void **state) {
    (void)state;
    static const char *const alone[] = {"seed=23", "convention=tf", "batch_size=50", "lr_D=1e-9"};
    fixture sweep, one;
    run_experiment(&sweep, NULL, NULL, 0);
    run_experiment(&one, NULL, alone, 4);
    int64_t trial = 0;
    gs_settings settings, wanted;
    gs_plan_settings(one.plan, 0, &wanted);
    for (gs_plan_settings(sweep.plan, 0, &settings);
         settings.seed != wanted.seed || settings.convention != wanted.convention ||
         settings.batch_size != wanted.batch_size || settings.lr_D != wanted.lr_D;
         gs_plan_settings(sweep.plan, ++trial, &settings)) {
    }
    static const char *const compared[] = {"loss_D", "loss_G", "generator_weight_by_epoch", "samples", "lrt_joint"};
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        const gs_dataset *dataset = dataset_named(&sweep, compared[i]);
        unsigned char *rows = read_all(&sweep, dataset), *row = read_all(&one, dataset_named(&one, compared[i]));
        assert_memory_equal(rows + trial * dataset->row_bytes, row, (size_t)dataset->row_bytes);
        free(rows);
        free(row);
    }
    end(&sweep);
    end(&one);
}

/// What the callback was told.
typedef struct {
    int calls, last_calls;
    int64_t done;
    volatile int stop;
    int64_t stop_at;
} heard;

static void listen(const gs_progress *progress, void *context) {
    heard *listener = context;
    assert_true(progress->done >= listener->done);
    assert_int_equal(listener->last_calls, 0);
    listener->calls++;
    listener->last_calls += progress->finished;
    listener->done = progress->done;
    if (progress->done >= listener->stop_at) {
        listener->stop = 1;
    }
}

static void progress_counts_what_is_in_the_file(void **state) {
    (void)state;
    heard listener = {.stop_at = INT64_MAX};
    fixture made;
    microseconds_a_write = 300000;
    run_experiment(&made, &(gs_run_options){.threads = 2, .progress = listen, .context = &listener}, NULL, 0);
    const gs_progress counted = count_in_file(&made);
    printf("%lld trials, %lld diverged, %lld print 0.693 / 0.693; %d calls in %.2f s\n", (long long)counted.trials,
           (long long)counted.diverged, (long long)counted.prints_ln2, listener.calls, made.summary.seconds);
    assert_int_equal(made.status, GS_OK);
    assert_true(counted.diverged > 0 && counted.prints_ln2 > 0);
    assert_counts(&made.summary, &counted);
    assert_true(made.summary.finished);
    assert_int_equal(listener.last_calls, 1);
    assert_int_equal(listener.done, made.summary.done);
    // about four times a second
    assert_true(listener.calls >= (int)(made.summary.seconds * 4 * 0.5) &&
                listener.calls <= made.summary.seconds * 4 + 2);
    end(&made);
}

/// What a stopped run has kept is what the whole run has; the rest is empty.
static void assert_finished_are_those_of(const fixture *made, const fixture *whole) {
    const gs_dataset *losses = dataset_named(made, "loss_G");
    unsigned char *status = read_all(made, dataset_named(made, "status"));
    unsigned char *kept = read_all(made, losses), *expected = read_all(whole, losses);
    for (int64_t trial = 0; trial < gs_plan_trial_count(made->plan); trial++) {
        if (status[trial] != GS_PENDING) {
            assert_memory_equal(kept + trial * losses->row_bytes, expected + trial * losses->row_bytes,
                                (size_t)losses->row_bytes);
        } else {
            assert_true(isnan(((float *)(kept + trial * losses->row_bytes))[0]));
        }
    }
    free(status);
    free(kept);
    free(expected);
}

static void a_stopped_run_keeps_what_is_finished(void **state) {
    (void)state;
    static const char *const many[] = {"seed=1:4000", "lr_D=1e-9"};
    heard listener = {.stop_at = 1};
    fixture made, whole;
    gs_run_options options = {.threads = 2, .progress = listen, .context = &listener, .stop = &listener.stop};
    microseconds_a_write = 100000;
    run_experiment(&made, &options, many, 2);
    microseconds_a_write = 0;
    run_experiment(&whole, &(gs_run_options){.threads = 2}, many, 2);
    const gs_progress counted = count_in_file(&made);
    printf("stopped after %lld of %lld trials\n", (long long)counted.done, (long long)counted.trials);
    assert_int_equal(made.status, GS_OK);
    assert_true(counted.done > 0 && counted.done < counted.trials);
    assert_counts(&made.summary, &counted);
    assert_finished_are_those_of(&made, &whole);
    end(&made);
    end(&whole);
}

static void a_pack_stopped_half_way_leaves_nothing(void **state) {
    (void)state;
    static const char *const long_packs[] = {"seed=1:32", "lr_D=1e-9", "convention=mxnet", "batch_size=1",
                                             "epochs=20000"};
    heard listener = {.stop_at = 0}; // stops at the first report
    fixture made, whole;
    run_experiment(&made,
                   &(gs_run_options){.threads = 2, .progress = listen, .context = &listener, .stop = &listener.stop},
                   long_packs, 5);
    run_experiment(&whole, &(gs_run_options){.threads = 2}, long_packs, 5);
    const gs_progress counted = count_in_file(&made);
    printf("stopped after %lld of %lld trials and %.2f s, the whole takes %.2f s\n", (long long)counted.done,
           (long long)counted.trials, made.summary.seconds, whole.summary.seconds);
    assert_int_equal(made.status, GS_OK);
    assert_true(counted.done < counted.trials);
    assert_counts(&made.summary, &counted);
    assert_finished_are_those_of(&made, &whole);
    end(&made);
    end(&whole);
}

static void a_run_stopped_beforehand_trains_nothing(void **state) {
    (void)state;
    static const int stop = 1;
    static const char *const many[] = {"seed=1:200000"};
    fixture made;
    run_experiment(&made, &(gs_run_options){.threads = 2, .stop = &stop}, many, 1);
    printf("ended after %.3f s with %lld trials\n", made.summary.seconds, (long long)made.summary.done);
    assert_int_equal(made.status, GS_OK);
    assert_int_equal(made.summary.done, 0);
    end(&made);
}

static void a_failing_write_ends_all_threads_and_is_reported(void **state) {
    (void)state;
    static const char *const many[] = {"seed=1:20000"};
    fixture made;
    failing_write = 3;
    run_experiment(&made, &(gs_run_options){.threads = 3}, many, 1);
    const gs_progress counted = count_in_file(&made);
    printf("'%s' after %lld trials, %d writes\n", made.error.message, (long long)counted.done, write_count);
    assert_int_equal(made.status, GS_ERROR_RUN);
    assert_string_equal(made.error.message, "the disk fell out");
    assert_counts(&made.summary, &counted); // what did not reach the file does not count
    assert_true(counted.done < counted.trials);
    assert_true(write_count <= 2 * 3 + 3); // each other thread writes what it has, and no more
    end(&made);
}

static void a_failing_check_names_its_trial(void **state) {
    (void)state;
    fixture made;
    const int lanes = gs_isa_lanes(gs_isa_best());
    failing_check = lanes + 5; // in the second pack, where a trial is not its lane
    run_experiment(&made, &(gs_run_options){.threads = 1}, NULL, 0);
    int64_t trials[GS_MAX_LANES];
    char expected[64];
    assert_true(gs_plan_pack(made.plan, lanes, 1, trials) >= 5);
    (void)snprintf(expected, sizeof expected, "trial %lld: dsygv: info 7", (long long)trials[4]);
    assert_int_equal(made.status, GS_ERROR_RUN);
    assert_string_equal(made.error.message, expected);
    assert_int_equal(made.summary.done, lanes + 4); // those before it
    const gs_progress counted = count_in_file(&made);
    assert_counts(&made.summary, &counted);
    end(&made);
}

static void blocks_gather_many_packs(void **state) {
    (void)state;
    static const char *const many[] = {"seed=1:20000", "lr_D=1e-9", "convention=mxnet", "batch_size=50"};
    fixture made;
    run_experiment(&made, &(gs_run_options){.threads = 1}, many, 4);
    const int64_t packs = gs_plan_pack_count(made.plan, gs_isa_lanes(gs_isa_best()));
    printf("%lld packs in %d writes\n", (long long)packs, write_count);
    assert_true(write_count * 8 < packs);
    end(&made);
}

/// Every second of every thread is in one part, and most are where the work was made to be.
static void the_profile_accounts_for_all_time(void **state) {
    (void)state;
    static const char *const many[] = {"seed=1:20000", "lr_D=1e-9", "convention=mxnet", "batch_size=50"};
    for (int slow = 0; slow < 2; slow++) {
        fixture made;
        gs_profile profile = {0};
        microseconds_a_write = slow ? 50000 : 0;
        run_experiment(&made, &(gs_run_options){.threads = 2, .profile = &profile}, many, 4);
        double sum = 0, largest = 0;
        for (int part = 0; part < GS_PART_COUNT; part++) {
            assert_true(profile.part[part] >= 0);
            sum += profile.part[part];
            largest = profile.part[part] > largest ? profile.part[part] : largest;
        }
        printf("%.4f s of threads in %.4f s: train %.4f, check %.4f with LAPACK %.4f, write %.4f\n", sum,
               profile.seconds, profile.part[GS_PART_TRAIN], profile.part[GS_PART_CHECK], profile.lapack,
               profile.part[GS_PART_WRITE]);
        assert_int_equal(profile.threads, 2);
        assert_true(profile.takes > 2);
        assert_true(profile.lapack > 0 && profile.lapack < profile.part[GS_PART_CHECK]);
        assert_true(sum <= 2 * profile.seconds && sum > 2 * profile.seconds - 0.1);
        if (slow) { // each write slept 50 ms
            assert_true(profile.part[GS_PART_WRITE] > 0.05 * write_count);
        }
        end(&made);
    }
}

/// Before any test could change it.
static cpu_set_t allowed_at_start;

/// A library must not change where its caller's threads run.
static void threads_may_run_where_they_might_before(void **state) {
    (void)state;
    fixture made;
    enum { THREADS = 8 };
    cpu_set_t after[THREADS];
    run_experiment(&made, &(gs_run_options){.threads = CPU_COUNT(&allowed_at_start)}, NULL, 0);
#pragma omp parallel num_threads(THREADS)
    (void)sched_getaffinity(0, sizeof *after, &after[omp_get_thread_num()]);
    assert_int_equal(made.status, GS_OK);
    for (int thread = 0; thread < THREADS; thread++) {
        assert_true(CPU_EQUAL(&allowed_at_start, &after[thread]));
    }
    end(&made);
}

static void an_unavailable_instruction_set_is_refused(void **state) {
    (void)state;
    for (gs_isa isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
        if (!gs_isa_available(isa)) {
            fixture made;
            run_experiment(&made, &(gs_run_options){.isa = isa}, NULL, 0);
            assert_int_equal(made.status, GS_ERROR_INPUT);
            assert_int_equal(made.summary.done, 0);
            end(&made);
        }
    }
}

static void the_estimate_is_quick_and_grows_with_the_plan(void **state) {
    (void)state;
    double seconds[2];
    static const char *const sizes[2][1] = {{"seed=1:100000"}, {"seed=1:100000000"}};
    for (int i = 0; i < 2; i++) {
        gs_experiment *experiment;
        gs_plan *plan;
        gs_error error = {""};
        assert_int_equal(
            gs_experiment_parse(EXPERIMENT, strlen(EXPERIMENT), "run.yaml", sizes[i], 1, &experiment, &error), GS_OK);
        assert_int_equal(gs_plan_create(experiment, &plan, &error), GS_OK);
        assert_int_equal(gs_run_estimate(experiment, plan, &(gs_run_options){.threads = 2}, &seconds[i], &error),
                         GS_OK);
        gs_plan_free(plan);
        gs_experiment_free(experiment);
    }
    printf("%g s and %g s\n", seconds[0], seconds[1]);
    assert_true(seconds[0] > 0);
    assert_true(seconds[1] / seconds[0] > 100 && seconds[1] / seconds[0] < 10000); // 1000, whatever else runs
}

int main(void) {
    (void)sched_getaffinity(0, sizeof allowed_at_start, &allowed_at_start);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_do_not_depend_on_threads_or_lanes),
        cmocka_unit_test(results_of_shared_seeds_do_not_depend_on_threads_or_lanes),
        cmocka_unit_test(a_trial_alone_is_the_trial_in_the_sweep),
        cmocka_unit_test(progress_counts_what_is_in_the_file),
        cmocka_unit_test(a_stopped_run_keeps_what_is_finished),
        cmocka_unit_test(a_pack_stopped_half_way_leaves_nothing),
        cmocka_unit_test(a_run_stopped_beforehand_trains_nothing),
        cmocka_unit_test(a_failing_write_ends_all_threads_and_is_reported),
        cmocka_unit_test(a_failing_check_names_its_trial),
        cmocka_unit_test(blocks_gather_many_packs),
        cmocka_unit_test(the_profile_accounts_for_all_time),
        cmocka_unit_test(threads_may_run_where_they_might_before),
        cmocka_unit_test(an_unavailable_instruction_set_is_refused),
        cmocka_unit_test(the_estimate_is_quick_and_grows_with_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
