/// The plan against nested loops written out by hand, and packs against what they promise: every trial in exactly one
/// pack, ascending, of one shape.
#include <stdlib.h>
#include <time.h>

#include "fixture.h"

static bool equal_shapes(const gs_settings *a, const gs_settings *b) {
    return a->batch_size == b->batch_size && a->latent_dim == b->latent_dim && a->epochs == b->epochs;
}

/// Walks all packs of a plan; returns the share of lanes that are used.
static double check_packs(const gs_plan *plan, int lanes) {
    const int64_t trials = gs_plan_trial_count(plan), packs = gs_plan_pack_count(plan, lanes);
    unsigned char *const seen = calloc((size_t)trials, 1);
    int64_t *const pack_trials = calloc((size_t)lanes, sizeof *pack_trials);
    assert_non_null(seen);
    assert_non_null(pack_trials);
    int64_t total = 0;
    for (int64_t p = 0; p < packs; p++) {
        const int count = gs_plan_pack(plan, lanes, p, pack_trials);
        assert_true(count >= 1 && count <= lanes);
        gs_settings first, other;
        gs_plan_settings(plan, pack_trials[0], &first);
        for (int i = 0; i < count; i++) {
            assert_true(pack_trials[i] >= 0 && pack_trials[i] < trials);
            assert_true(i == 0 || pack_trials[i] > pack_trials[i - 1]);
            assert_true(seen[pack_trials[i]]++ == 0);
            gs_plan_settings(plan, pack_trials[i], &other);
            assert_true(equal_shapes(&first, &other));
        }
        total += count;
    }
    assert_true(total == trials);
    free(seen);
    free(pack_trials);
    return (double)trials / ((double)packs * lanes);
}

static void trials_follow_the_documented_order(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA "convention: [mxnet, torch]\n"
                                        "generator_loss: [non-saturating, minimax]\n"
                                        "parameters:\n"
                                        "  epochs: [3, 4]\n  latent_dim: [1, 2]\n  batch_size: [8, 4]\n"
                                        "  lr_D: [0.1, 0.2]\n  lr_G: [0.3, 0.4]\n"
                                        "  shuffle_seed: [5, 6]\n  data_seed: [7, 8]\n  seed: {range: [1, 3]}\n");
    gs_plan *const plan = plan_of(e);
    assert_true(gs_plan_trial_count(plan) == 3 * 512);
    assert_true(gs_plan_configuration_count(plan) == 128);
    int64_t trial = 0, configuration = 0;
    for (int epochs = 3; epochs <= 4; epochs++)
        for (int latent = 1; latent <= 2; latent++)
            for (int batch = 8; batch >= 4; batch -= 4)
                for (int convention = 0; convention < 2; convention++)
                    for (int loss = 0; loss < 2; loss++)
                        for (int lr_D = 0; lr_D < 2; lr_D++)
                            for (int lr_G = 0; lr_G < 2; lr_G++, configuration++)
                                for (int shuffle = 5; shuffle <= 6; shuffle++)
                                    for (int data = 7; data <= 8; data++)
                                        for (int seed = 1; seed <= 3; seed++, trial++) {
                                            gs_settings s;
                                            gs_plan_settings(plan, trial, &s);
                                            assert_true(s.seed == seed && s.data_seed == data);
                                            assert_true(s.shuffle_seed == shuffle && s.epochs == epochs);
                                            assert_true(s.lr_G == (lr_G == 0 ? 0.3 : 0.4));
                                            assert_true(s.lr_D == (lr_D == 0 ? 0.1 : 0.2));
                                            assert_true((int)s.generator_loss == loss);
                                            assert_true((int)s.convention == convention);
                                            assert_true(s.batch_size == batch && s.latent_dim == latent);
                                            assert_true(gs_plan_configuration(plan, trial) == configuration);
                                        }
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void zipped_settings_walk_together_at_the_place_of_the_slowest(void **state) {
    (void)state;
    gs_experiment *const e =
        parse(DATA "parameters: {seed: {range: [1, 2]}, lr_G: [0.1, 0.2], convention: [mxnet, tf]}\n"
                   "zip: {lr_D: [0.5, 0.6, 0.5], batch_size: [8, 16, 32]}\n");
    gs_plan *const plan = plan_of(e);
    assert_true(gs_plan_trial_count(plan) == 24 && gs_plan_configuration_count(plan) == 12);
    const double lr_D[] = {0.5, 0.6, 0.5};
    for (int64_t trial = 0; trial < 24; trial++) {
        gs_settings s;
        gs_plan_settings(plan, trial, &s);
        assert_true(s.seed == 1 + trial % 2);
        assert_true(s.lr_G == (trial / 2 % 2 == 0 ? 0.1 : 0.2));
        assert_true(s.convention == (trial / 4 % 2 == 0 ? GS_MXNET : GS_TF));
        assert_true(s.lr_D == lr_D[trial / 8] && s.batch_size == 8 << trial / 8);
        assert_true(gs_plan_configuration(plan, trial) == trial / 2);
    }
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void a_zip_with_a_seed_numbers_its_different_other_settings(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA "parameters: {convention: [mxnet, tf]}\n"
                                        "zip: {seed: [1, 2, 3, 4, 5], lr_D: [0.5, 0.6, 0.5, 0.7, 0.6]}\n");
    gs_plan *const plan = plan_of(e);
    const int64_t expected[] = {0, 1, 0, 2, 1};
    assert_true(gs_plan_trial_count(plan) == 10 && gs_plan_configuration_count(plan) == 6);
    for (int64_t trial = 0; trial < 10; trial++) {
        assert_true(gs_plan_configuration(plan, trial) == expected[trial % 5] + 3 * (trial / 5));
    }
    gs_plan_free(plan);
    gs_experiment_free(e);
}

/// Every trial is a member of its configuration, and members ascend.
static void members_are_the_trials_of_a_configuration(void **state) {
    (void)state;
    static const char *const texts[] = {
        DATA "parameters: {seed: {range: [1, 3]}, data_seed: [4, 5], lr_D: [0.1, 0.2], convention: [mxnet, tf]}\n",
        DATA "parameters: {shuffle_seed: [1, 2], convention: [mxnet, tf]}\n"
             "zip: {seed: [1, 2, 3, 4, 5], lr_D: [0.5, 0.6, 0.5, 0.7, 0.6]}\n",
        DATA "parameters: {data_seed: [7, 8, 9], lr_G: [0.1, 0.2]}\n"
             "zip: {seed: {range: [1, 4]}, epochs: [1, 2, 3, 4]}\n",
        DATA "parameters: {seed: [3]}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        gs_experiment *const e = parse(texts[i]);
        gs_plan *const plan = plan_of(e);
        int64_t members = 0;
        for (int64_t c = 0; c < gs_plan_configuration_count(plan); c++) {
            int64_t before = -1;
            for (int64_t k = 0; k < gs_plan_member_count(plan, c); k++, members++) {
                const int64_t trial = gs_plan_member(plan, c, k);
                assert_true(trial > before && trial < gs_plan_trial_count(plan));
                assert_true(gs_plan_configuration(plan, trial) == c);
                before = trial;
            }
        }
        assert_true(members == gs_plan_trial_count(plan));
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
}

static void a_zip_of_seeds_is_no_configuration(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA "parameters: {lr_D: [0.1, 0.2]}\n"
                                        "zip: {seed: {range: [0, 999999999]}, data_seed: {range: [1, 1000000000]}}\n");
    gs_plan *const plan = plan_of(e);
    assert_true(gs_plan_trial_count(plan) == 2000000000 && gs_plan_configuration_count(plan) == 2);
    gs_settings s;
    gs_plan_settings(plan, 1999999999, &s);
    assert_true(s.seed == 999999999 && s.data_seed == 1000000000 && s.lr_D == 0.2);
    assert_true(s.shuffle_seed == s.seed);
    assert_true(gs_plan_configuration(plan, 1999999999) == 1);
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void every_trial_is_in_one_pack_of_its_shape(void **state) {
    (void)state;
    const char *const texts[] = {
        DATA "parameters: {seed: {range: [1, 1]}}\n",
        DATA "parameters: {seed: {range: [1, 37]}, lr_D: [0.1, 0.2], batch_size: [1, 2, 3], epochs: [1, 2]}\n",
        DATA "parameters: {seed: {range: [1, 5]}, latent_dim: [1, 2]}\n"
             "zip: {lr_D: [1, 2, 3, 4, 5, 6, 7], batch_size: [8, 4, 8, 2, 4, 8, 1]}\n",
        DATA "zip: {seed: [1, 2, 3, 4, 5], epochs: [2, 1, 2, 1, 2]}\n",
        DATA "parameters: {seed: {range: [1, 48]}, lr_D: [1, 2, 3, 4, 5, 6, 7], lr_G: [1, 2, 3], epochs: [2, 1]}\n",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        gs_experiment *const e = parse(texts[t]);
        gs_plan *const plan = plan_of(e);
        for (int lanes = 1; lanes <= 19; lanes++) {
            (void)check_packs(plan, lanes);
        }
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
}

/// 37 rates in tiles of 13, 12 and 12; in each, six packs of 16 seeds; and two shapes.
static void packs_of_the_same_seeds_follow_each_other(void **state) {
    (void)state;
    gs_experiment *const e =
        parse(DATA "parameters: {seed: {range: [1, 96]}, batch_size: [4, 8], lr_D: {range: [1, 37], step: 1}}\n");
    gs_plan *const plan = plan_of(e);
    (void)check_packs(plan, 16);
    int changes = 0;
    int64_t last_seed = 0;
    for (int64_t p = 0; p < gs_plan_pack_count(plan, 16); p++) {
        int64_t trials[16];
        gs_settings first, last;
        assert_int_equal(gs_plan_pack(plan, 16, p, trials), 16);
        gs_plan_settings(plan, trials[0], &first);
        gs_plan_settings(plan, trials[15], &last);
        assert_true(last.seed == first.seed + 15);
        changes += first.seed != last_seed;
        last_seed = first.seed;
        // So that some packs together have long runs of trials: 13 rates with the first seeds, then with the next ones.
        assert_true(p >= 13 * 6 || (first.lr_D == 1 + (double)(p % 13) && first.seed == 1 + 16 * (p / 13)));
    }
    assert_int_equal(changes, 3 * 6 * 2);
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void packs_fill_across_everything_but_shape(void **state) {
    (void)state;
    // three seeds alone never fill 16 lanes; shapes interleave in the zip
    gs_experiment *const e = parse(DATA "convention: [mxnet, torch, tf, tf-as-documented]\n"
                                        "parameters: {seed: {range: [1, 3]}, lr_G: [0.1, 0.2, 0.3, 0.4, 0.5]}\n"
                                        "zip: {lr_D: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],\n"
                                        "      batch_size: [8, 4, 8, 4, 8, 4, 8, 4, 8, 4, 8, 4]}\n");
    gs_plan *const plan = plan_of(e);
    const double use = check_packs(plan, 16);
    printf("  %lld trials of 2 shapes: %.2f %% of 16 lanes used\n", (long long)gs_plan_trial_count(plan), 100 * use);
    assert_true(gs_plan_pack_count(plan, 16) == 2 * 23); // 360 trials of each shape in 22.5 packs
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void lanes_are_95_percent_full_from_20_packs_a_shape_on(void **state) {
    (void)state;
    for (int lanes = 1; lanes <= 16; lanes *= 2) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       DATA "parameters: {seed: {range: [1, %d]}, batch_size: [1, 2, 3], epochs: [1, 2]}\n",
                       20 * lanes + 1);
        gs_experiment *const e = parse(text);
        gs_plan *const plan = plan_of(e);
        const double use = check_packs(plan, lanes);
        printf("  %2d lanes: %.2f %%\n", lanes, 100 * use);
        assert_true(use >= 0.95);
        gs_plan_free(plan);
        gs_experiment_free(e);
    }
}

static void a_plan_of_2_to_the_62_trials_is_right_at_its_ends(void **state) {
    (void)state;
    gs_experiment *const e =
        parse(DATA "parameters: {seed: {range: [1, 1152921504606846976]}, lr_D: [0.1, 0.2, 0.3, 0.4]}\n");
    gs_plan *const plan = plan_of(e);
    const int64_t count = gs_plan_trial_count(plan);
    assert_true(count == INT64_C(1) << 62);
    gs_settings s;
    gs_plan_settings(plan, count - 1, &s);
    assert_true(s.seed == INT64_C(1) << 60 && s.lr_D == 0.4);
    assert_true(gs_plan_configuration(plan, count - 1) == 3);
    const int64_t packs = gs_plan_pack_count(plan, 16);
    assert_true(packs == count / 16);
    int64_t trials[16];
    assert_true(gs_plan_pack(plan, 16, packs - 1, trials) == 16 && trials[15] == count - 1);
    for (int lanes = 1; lanes <= 16; lanes *= 2) {
        for (int64_t p = 0; p < 3; p++) {
            const int64_t packs_of_lanes = gs_plan_pack_count(plan, lanes), number = packs_of_lanes / 2 * p - (p == 2);
            assert_true(gs_plan_pack(plan, lanes, number, trials) == lanes);
            assert_true(trials[0] >= 0 && trials[lanes - 1] == trials[0] + lanes - 1 && trials[lanes - 1] < count);
        }
    }
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void a_million_shapes_are_planned_in_a_moment(void **state) {
    (void)state;
    const clock_t begin = clock();
    gs_experiment *const e = parse("data: {A: [[1]], b: [0], n: 1000000}\n"
                                   "parameters: {seed: {range: [1, 1000]}, batch_size: {range: [1, 1000000]}}\n");
    gs_plan *const plan = plan_of(e);
    assert_true(gs_plan_trial_count(plan) == 1000000000);
    assert_true(gs_plan_pack_count(plan, 16) == 63 * 1000000);
    int64_t trials[16];
    for (int64_t p = 0; p < 63 * 1000000; p += 63) {
        assert_true(gs_plan_pack(plan, 16, p, trials) == 16 && trials[0] == p / 63 * 1000);
    }
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("  1,000,000,000 trials planned and 1,000,000 packs looked up in %.2f s\n", seconds);
    assert_true(seconds < 5);
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void an_experiment_made_by_hand_is_checked_too(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA SEEDS);
    gs_plan *plan = NULL;
    gs_error error;
    e->values[GS_SETTING_SEED] = (gs_values){.count = INT64_MAX, .step = 1};
    assert_true(gs_plan_create(e, &plan, &error) == GS_ERROR_INPUT);
    printf("  %s\n", error.message);
    e->values[GS_SETTING_SEED] = (gs_values){.count = 3, .step = 1, .zipped = true};
    e->values[GS_SETTING_DATA_SEED] = (gs_values){.count = 4, .step = 1, .zipped = true};
    assert_true(gs_plan_create(e, &plan, &error) == GS_ERROR_INPUT);
    printf("  %s\n", error.message);
    gs_experiment_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trials_follow_the_documented_order),
        cmocka_unit_test(zipped_settings_walk_together_at_the_place_of_the_slowest),
        cmocka_unit_test(a_zip_with_a_seed_numbers_its_different_other_settings),
        cmocka_unit_test(members_are_the_trials_of_a_configuration),
        cmocka_unit_test(a_zip_of_seeds_is_no_configuration),
        cmocka_unit_test(every_trial_is_in_one_pack_of_its_shape),
        cmocka_unit_test(packs_of_the_same_seeds_follow_each_other),
        cmocka_unit_test(packs_fill_across_everything_but_shape),
        cmocka_unit_test(lanes_are_95_percent_full_from_20_packs_a_shape_on),
        cmocka_unit_test(a_plan_of_2_to_the_62_trials_is_right_at_its_ends),
        cmocka_unit_test(a_million_shapes_are_planned_in_a_moment),
        cmocka_unit_test(an_experiment_made_by_hand_is_checked_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
