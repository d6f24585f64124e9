/// Experiments that are right: what is read is what was written. The oracle is the text itself.
#include <math.h>

#include "fixture.h"

static const gs_values *values_of(const gs_experiment *experiment, gs_setting setting) {
    return &experiment->values[setting];
}

static void assert_integers(const gs_values *values, int64_t count, const int64_t *expected) {
    assert_true(values->count == count);
    for (int64_t i = 0; i < count; i++) {
        assert_true(gs_values_integer(values, i) == expected[i]);
    }
}

static void assert_reals(const gs_values *values, int64_t count, const double *expected) {
    assert_true(values->count == count);
    for (int64_t i = 0; i < count; i++) {
        assert_true(gs_values_real(values, i) == expected[i]);
    }
}

static void the_shipped_experiments_are_right(void **state) {
    (void)state;
    const struct {
        const char *name;
        int64_t trials, configurations;
    } rows[] = {
        {"d2l", 1000, 1},
        {"published", 4 * 4096, 4},
        {"published-mxnet", 256 * 75, 1},
        {"learning-rates", 81 * 256, 81},
        {"batch-sizes", 9 * 1024, 9},
        {"batch-sizes-equal-updates", 9 * 1024, 9},
        {"smoke", 64, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/experiments/%s.yaml", SOURCE_ROOT, rows[i].name);
        gs_experiment *experiment = NULL;
        gs_error error = {""};
        if (gs_experiment_read(path, NULL, 0, &experiment, &error) != GS_OK) {
            fail_msg("%s", error.message);
        }
        gs_plan *const plan = plan_of(experiment);
        printf("  %-26s %6lld trials, %2lld configurations, %5lld packs of 16\n", rows[i].name,
               (long long)gs_plan_trial_count(plan), (long long)gs_plan_configuration_count(plan),
               (long long)gs_plan_pack_count(plan, 16));
        assert_true(gs_plan_trial_count(plan) == rows[i].trials);
        assert_true(gs_plan_configuration_count(plan) == rows[i].configurations);
        assert_string_equal(experiment->path, path);
        gs_plan_free(plan);
        gs_experiment_free(experiment);
    }
}

static void what_is_not_said_is_preset(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA "parameters: {seed: 7}\n");
    assert_string_equal(e->title, "");
    assert_string_equal(e->path, "");
    assert_string_equal(e->overrides, "");
    assert_true(e->data.dimension == 2 && e->data.n == 1000);
    assert_true(e->data.A[0] == 1 && e->data.A[1] == 2 && e->data.A[2] == -0.1 && e->data.A[3] == 0.5);
    assert_true(e->data.b[0] == 1 && e->data.b[1] == 2);
    assert_true(e->generator.hidden_count == 0);
    assert_true(e->discriminator.hidden_count == 2 && e->discriminator.hidden[0] == 5 &&
                e->discriminator.hidden[1] == 3);
    assert_true(e->keep_samples == 100 && !e->keep_generator_by_epoch);
    assert_true(e->check_samples == 1000 && e->tolerance == 0.25 && !e->check_jsd && !e->check_jacobian);
    gs_plan *const plan = plan_of(e);
    gs_settings s;
    gs_plan_settings(plan, 0, &s);
    assert_true(s.seed == 7 && s.data_seed == 7 && s.shuffle_seed == 7);
    assert_true(s.lr_D == 0.05 && s.lr_G == 0.005 && s.batch_size == 8 && s.epochs == 20 && s.latent_dim == 2);
    assert_true(s.convention == GS_MXNET && s.generator_loss == GS_NON_SATURATING);
    gs_plan_free(plan);
    gs_experiment_free(e);
}

static void every_key_is_read(void **state) {
    (void)state;
    gs_experiment *const e = parse("---\n"
                                   "title: \"A title: with 'quotes' and \\u00fc\"\n"
                                   "convention: tf\n"
                                   "generator_loss: [minimax, non-saturating]\n"
                                   "data: {law: gaussian, A: [[3]], b: [-1e-1], n: 1e3}\n"
                                   "model: {latent_dim: 4, generator: [7], discriminator: []}\n"
                                   "train: {epochs: [5, 6]}\n"
                                   "parameters:\n"
                                   "  seed: {value: 9223372036854775807}\n"
                                   "keep: {samples: 0, generator_by_epoch: true}\n"
                                   "check: {samples: 50, tolerance: 0.5, jsd: true, jacobian: true}\n");
    assert_string_equal(e->title, "A title: with 'quotes' and \xc3\xbc");
    assert_true(e->data.dimension == 1 && e->data.n == 1000 && e->data.A[0] == 3 && e->data.b[0] == -0.1);
    assert_true(e->generator.hidden_count == 1 && e->generator.hidden[0] == 7);
    assert_true(e->discriminator.hidden_count == 0);
    assert_true(e->keep_samples == 0 && e->keep_generator_by_epoch);
    assert_true(e->check_samples == 50 && e->tolerance == 0.5 && e->check_jsd && e->check_jacobian);
    assert_integers(values_of(e, GS_SETTING_CONVENTION), 1, (int64_t[]){GS_TF});
    assert_integers(values_of(e, GS_SETTING_GENERATOR_LOSS), 2, (int64_t[]){GS_MINIMAX, GS_NON_SATURATING});
    assert_integers(values_of(e, GS_SETTING_LATENT_DIM), 1, (int64_t[]){4});
    assert_integers(values_of(e, GS_SETTING_EPOCHS), 2, (int64_t[]){5, 6});
    assert_integers(values_of(e, GS_SETTING_SEED), 1, (int64_t[]){INT64_MAX});
    gs_experiment_free(e);
}

static void every_form_of_values_is_read(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA "convention: {values: [torch, tf-as-documented]}\n"
                                        "generator_loss: {value: minimax}\n"
                                        "parameters:\n"
                                        "  seed: {range: [5, 11], step: 3}\n"
                                        "  data_seed: [4, 2]\n"
                                        "  lr_D: {range: [0.1, 0.3], step: 0.1}\n"
                                        "  lr_G: {min: 0.001, max: 0.1, count: 5, scale: log}\n"
                                        "  batch_size: {min: 1, max: 256, count: 9, scale: log}\n"
                                        "  epochs: {min: 10, max: 20, count: 4}\n"
                                        "  latent_dim: 3\n");
    assert_integers(values_of(e, GS_SETTING_CONVENTION), 2, (int64_t[]){GS_TORCH, GS_TF_AS_DOCUMENTED});
    assert_integers(values_of(e, GS_SETTING_GENERATOR_LOSS), 1, (int64_t[]){GS_MINIMAX});
    assert_integers(values_of(e, GS_SETTING_SEED), 3, (int64_t[]){5, 8, 11});
    assert_integers(values_of(e, GS_SETTING_DATA_SEED), 2, (int64_t[]){4, 2});
    assert_true(values_of(e, GS_SETTING_SHUFFLE_SEED)->count == 0);
    assert_reals(values_of(e, GS_SETTING_LR_D), 3, (double[]){0.1, 0.2, 0.3});
    assert_reals(values_of(e, GS_SETTING_LR_G), 5, (double[]){0.001, 0.00316227766017, 0.01, 0.0316227766017, 0.1});
    assert_integers(values_of(e, GS_SETTING_BATCH_SIZE), 9, (int64_t[]){1, 2, 4, 8, 16, 32, 64, 128, 256});
    assert_integers(values_of(e, GS_SETTING_EPOCHS), 4, (int64_t[]){10, 13, 17, 20});
    assert_integers(values_of(e, GS_SETTING_LATENT_DIM), 1, (int64_t[]){3});
    assert_true(gs_experiment_largest(e, GS_SETTING_BATCH_SIZE) == 256);
    assert_true(gs_experiment_largest(e, GS_SETTING_SEED) == 11);
    assert_true(gs_experiment_largest(e, GS_SETTING_DATA_SEED) == 4);
    assert_true(gs_experiment_largest(e, GS_SETTING_SHUFFLE_SEED) == 11);
    gs_experiment_free(e);
}

static void set_replaces_values_and_leaves_the_zip(void **state) {
    (void)state;
    const char *const overrides[] = {"lr_D=0.01,0.05",       "seed=1:200",          "epochs=5",
                                     "convention=torch, tf", "shuffle_seed=0:10:5", "lr_G=0.1:0.3:0.1"};
    const int count = sizeof overrides / sizeof *overrides;
    gs_experiment *const e =
        parse_with(DATA SEEDS "zip: {batch_size: [8, 16, 32], epochs: [1, 2, 3]}\n", overrides, count);
    assert_reals(values_of(e, GS_SETTING_LR_D), 2, (double[]){0.01, 0.05});
    assert_reals(values_of(e, GS_SETTING_LR_G), 3, (double[]){0.1, 0.2, 0.3});
    assert_integers(values_of(e, GS_SETTING_EPOCHS), 1, (int64_t[]){5});
    assert_false(values_of(e, GS_SETTING_EPOCHS)->zipped);
    assert_true(values_of(e, GS_SETTING_BATCH_SIZE)->zipped);
    assert_true(values_of(e, GS_SETTING_SEED)->count == 200);
    assert_integers(values_of(e, GS_SETTING_CONVENTION), 2, (int64_t[]){GS_TORCH, GS_TF});
    assert_integers(values_of(e, GS_SETTING_SHUFFLE_SEED), 3, (int64_t[]){0, 5, 10});
    assert_string_equal(e->overrides, "lr_D=0.01,0.05\nseed=1:200\nepochs=5\nconvention=torch, tf\n"
                                      "shuffle_seed=0:10:5\nlr_G=0.1:0.3:0.1");
    gs_experiment_free(e);
}

static void a_seed_may_come_from_set_alone(void **state) {
    (void)state;
    gs_experiment *const e = parse_with(DATA, (const char *const[]){"seed=3"}, 1);
    assert_integers(values_of(e, GS_SETTING_SEED), 1, (int64_t[]){3});
    gs_experiment_free(e);
}

static void an_experiment_reads_itself_back(void **state) {
    (void)state;
    const char *const overrides[] = {"lr_D=0.01"};
    gs_experiment *const first = parse_with("\xef\xbb\xbf# a byte order mark\n" DATA SEEDS, overrides, 1);
    gs_experiment *second = NULL;
    const char *const again[] = {first->overrides};
    gs_error error;
    assert_true(gs_experiment_parse(first->text, first->text_length, "results.h5", again, 1, &second, &error) == GS_OK);
    assert_string_equal(first->text, second->text);
    assert_true(first->text_length == second->text_length);
    assert_true(gs_values_real(values_of(second, GS_SETTING_LR_D), 0) == 0.01);
    gs_experiment_free(first);
    gs_experiment_free(second);
}

static void dos_line_ends_and_block_style_are_read(void **state) {
    (void)state;
    gs_experiment *const e = parse("data:\r\n  A:\r\n    - [1, 2]\r\n    - - -0.1\r\n      - 0.5\r\n  b: [1, 2]\r\n"
                                   "  n: 1000\r\nparameters:\r\n  seed:\r\n    - 1\r\n    - 2\r\n");
    assert_true(e->data.A[2] == -0.1 && e->data.A[3] == 0.5);
    assert_integers(values_of(e, GS_SETTING_SEED), 2, (int64_t[]){1, 2});
    gs_experiment_free(e);
}

static void fewer_checked_samples_keep_fewer(void **state) {
    (void)state;
    gs_experiment *const e = parse(DATA SEEDS "check: {samples: 40}\n");
    assert_true(e->keep_samples == 40);
    gs_experiment_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_experiments_are_right),
        cmocka_unit_test(what_is_not_said_is_preset),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(every_form_of_values_is_read),
        cmocka_unit_test(set_replaces_values_and_leaves_the_zip),
        cmocka_unit_test(a_seed_may_come_from_set_alone),
        cmocka_unit_test(an_experiment_reads_itself_back),
        cmocka_unit_test(dos_line_ends_and_block_style_are_read),
        cmocka_unit_test(fewer_checked_samples_keep_fewer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
