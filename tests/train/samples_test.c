/// Samples, initial parameters and real data that are drawn again have the bits of the training. The oracle is the
/// packed kernel, which has NumPy's for its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "train/trainer_test.h"

enum { CHECKED = 70, ALL = 130 };

/// An affine generator; one with hidden layers, whose latent points are of several sizes; the same of one component.
static const char *const EXPERIMENTS[] = {
    "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}\n"
    "model: {latent_dim: {values: [1, 2, 3]}}\n"
    "train: {epochs: 3}\nparameters: {seed: [1, 9000000000]}\ncheck: {samples: %d}\n",
    "data: {law: gaussian, A: [[1, 0, 0.5], [0.25, 2, 0], [0, -1, 1]], b: [0, 1, -2], n: 33}\n"
    "model: {latent_dim: {values: [4, 7]}, generator: [5, 37], discriminator: [9]}\n"
    "train: {epochs: 2}\nparameters: {seed: [1, 2], lr_G: 0.05}\ncheck: {samples: %d}\n",
    "data: {law: gaussian, A: [[2]], b: [3], n: 5}\n"
    "model: {latent_dim: 1, generator: [3], discriminator: []}\n"
    "train: {epochs: 4}\nparameters: {seed: 1, batch_size: 4}\ncheck: {samples: %d}\n",
};
enum { EXPERIMENT_COUNT = sizeof EXPERIMENTS / sizeof *EXPERIMENTS };

static gs_experiment *read_experiment(const char *pattern, int samples) {
    char text[512];
    gs_error error = {""};
    gs_experiment *experiment = NULL;
    (void)snprintf(text, sizeof text, pattern, samples);
    if (gs_experiment_parse(text, strlen(text), "test", NULL, 0, &experiment, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    return experiment;
}

/// Settings number `index` of those that are tried: every convention, latent size and seed.
static gs_settings settings_of(const gs_experiment *experiment, int index) {
    const gs_values *latent = &experiment->values[GS_SETTING_LATENT_DIM], *seed = &experiment->values[GS_SETTING_SEED];
    return (gs_settings){.seed = gs_values_integer(seed, index % seed->count),
                         .data_seed = 3,
                         .shuffle_seed = 4,
                         .lr_G = 0.02,
                         .lr_D = 0.05,
                         .convention = (gs_convention)(index % GS_CONVENTION_COUNT),
                         .batch_size = 4,
                         .latent_dim = gs_values_integer(latent, index / GS_CONVENTION_COUNT % latent->count),
                         .epochs = gs_experiment_largest(experiment, GS_SETTING_EPOCHS)};
}

static gs_training *train_one(const gs_experiment *experiment, const gs_settings *settings) {
    gs_error error = {""};
    gs_trainer *trainer = NULL;
    assert_int_equal(gs_trainer_create(experiment, TEST_ISA, &trainer, &error), GS_OK);
    gs_training *training = gs_training_create(experiment, gs_trainer_lanes(trainer));
    assert_non_null(training);
    assert_true(gs_train(trainer, settings, 1, NULL, training));
    assert_int_equal(training->diverged_epoch[0], 0);
    gs_trainer_free(trainer);
    return training;
}

static void samples_are_those_that_were_checked_and_more(void **state) {
    (void)state;
    for (int which = 0; which < EXPERIMENT_COUNT; which++) {
        gs_experiment *few = read_experiment(EXPERIMENTS[which], CHECKED),
                      *many = read_experiment(EXPERIMENTS[which], ALL);
        const size_t d = (size_t)few->data.dimension;
        float *samples = malloc(ALL * d * sizeof *samples);
        for (int index = 0; index < 3 * GS_CONVENTION_COUNT; index++) {
            const gs_settings settings = settings_of(few, index);
            gs_training *of_few = train_one(few, &settings), *of_many = train_one(many, &settings);
            gs_generator_samples(few, &settings, of_few->generator, ALL, samples);
            assert_memory_equal(samples, of_few->samples, CHECKED * d * sizeof *samples);
            assert_memory_equal(samples, of_many->samples, ALL * d * sizeof *samples);
            gs_training_free(of_few);
            gs_training_free(of_many);
        }
        free(samples);
        gs_experiment_free(few);
        gs_experiment_free(many);
    }
}

static void untrained_generators_are_those_that_do_not_learn(void **state) {
    (void)state;
    for (int which = 0; which < EXPERIMENT_COUNT; which++) {
        gs_experiment *experiment = read_experiment(EXPERIMENTS[which], CHECKED);
        for (int index = 0; index < 3 * GS_CONVENTION_COUNT; index++) {
            gs_settings settings = settings_of(experiment, index);
            gs_layers layers;
            settings.lr_D = settings.lr_G = 0;
            gs_generator_layers(experiment, settings.latent_dim, &layers);
            gs_training *training = train_one(experiment, &settings);
            float *parameters = malloc((size_t)layers.parameter_count * sizeof *parameters);
            gs_untrained_generator(experiment, &settings, parameters);
            assert_memory_equal(parameters, training->generator, (size_t)layers.parameter_count * sizeof *parameters);
            free(parameters);
            gs_training_free(training);
        }
        gs_experiment_free(experiment);
    }
}

/// The rows themselves are held to NumPy's in tests/report.
static void real_data_are_of_their_seed(void **state) {
    (void)state;
    gs_experiment *experiment = read_experiment(EXPERIMENTS[0], CHECKED);
    float rows[40 * 2], first[7 * 2], other[7 * 2];
    gs_real_data(experiment, 5, 40, rows);
    gs_real_data(experiment, 5, 7, first);
    gs_real_data(experiment, 6, 7, other);
    assert_memory_equal(rows, first, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    gs_experiment_free(experiment);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_those_that_were_checked_and_more),
        cmocka_unit_test(untrained_generators_are_those_that_do_not_learn),
        cmocka_unit_test(real_data_are_of_their_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
