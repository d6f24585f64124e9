#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const fixture_names[FIXTURE_COUNT] = {"affine", "deep", "plain"};

static const char *const texts[FIXTURE_COUNT] = {
    "title: \"Gr\xc3\xb6\xc3\x9f"
    "e <b>&amp;</b>; DROP TABLE trials\"\n"
    "convention: [mxnet, tf]\n"
    "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 100}\n"
    "model: {latent_dim: 2, generator: [], discriminator: [5, 3]}\n"
    "train: {epochs: 4}\n"
    "parameters:\n"
    "  seed: {range: [10, 12]}\n"
    "  lr_D: {values: [0.05, 0.01]}\n"
    "  lr_G: {values: [0.005]}\n"
    "  batch_size: {values: [8]}\n"
    "keep: {samples: 5, generator_by_epoch: true}\n"
    "check: {samples: 10, tolerance: 0.25}\n",

    "title: hidden layers everywhere\n"
    "convention: torch\n"
    "generator_loss: minimax\n"
    "data: {law: gaussian, A: [[1, 2, 0], [-0.1, 0.5, 0], [0, 0, 1]], b: [1, 2, 3], n: 100}\n"
    "model: {latent_dim: {values: [2, 4]}, generator: [6], discriminator: [5]}\n"
    "train: {epochs: {values: [2, 3]}}\n"
    "parameters:\n"
    "  seed: {range: [1, 2]}\n"
    "keep: {samples: 0, generator_by_epoch: true}\n"
    "check: {samples: 10, tolerance: 0.25, jsd: true, jacobian: true}\n",

    "title: one trial\n"
    "convention: mxnet\n"
    "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 100}\n"
    "model: {latent_dim: 3, generator: [], discriminator: []}\n"
    "train: {epochs: 1}\n"
    "parameters:\n"
    "  seed: {values: [7]}\n"
    "keep: {samples: 1, generator_by_epoch: false}\n"
    "check: {samples: 10, tolerance: 0.25}\n",
};

const gs_provenance fixture_provenance = {
    .version = "1.2.3",
    .isa = "portable",
    .compiler = "a compiler",
    .command_line = "gansweep run \"x y\" \xff\xfe '$(rm)'",
    .host = "a host",
    .threads = 2,
};

static void stop_on(gs_status status, const gs_error *error) {
    if (status != GS_OK) {
        (void)fprintf(stderr, "fixture: %s\n", error->message);
        exit(1);
    }
}

void fixture_create(fixture *made, fixture_name name, const char *const *overrides, int override_count) {
    gs_error error;
    stop_on(gs_experiment_parse(texts[name], strlen(texts[name]), fixture_names[name], overrides, override_count,
                                &made->experiment, &error),
            &error);
    stop_on(gs_plan_create(made->experiment, &made->plan, &error), &error);
    stop_on(gs_layout_create(made->experiment, made->plan, &made->layout, &error), &error);
    stop_on(gs_block_create(made->layout, 64, &made->block, &error), &error);
    made->training = gs_training_create(made->experiment, 1);
    made->check = gs_check_create(made->experiment->data.dimension);
    if (made->training == NULL || made->check == NULL) {
        (void)snprintf(error.message, sizeof error.message, "out of memory");
        stop_on(GS_ERROR_RUN, &error);
    }
}

void fixture_free(fixture *made) {
    gs_check_free(made->check);
    gs_training_free(made->training);
    gs_block_free(made->block);
    gs_layout_free(made->layout);
    gs_plan_free(made->plan);
    gs_experiment_free(made->experiment);
}

float fixture_value(int quantity, int64_t trial, int64_t index) {
    return (float)(quantity * 65536 + trial * 1024 + index);
}

static void fill_floats(float *into, int64_t count, int quantity, int64_t trial) {
    for (int64_t i = 0; i < count; i++) {
        into[i] = fixture_value(quantity, trial, i);
    }
}

static void fill_doubles(double *into, int64_t count, int quantity, int64_t trial) {
    for (int64_t i = 0; i < count; i++) {
        into[i] = (double)fixture_value(quantity, trial, i);
    }
}

/// NaNs with other bits than the contract's: negative, with a payload, signalling.
static void spoil(fixture *made, int64_t epochs) {
    static const uint32_t floats[] = {0xffc00000U, 0x7fc01234U, 0x7f800001U};
    static const uint64_t doubles[] = {0xfff8000000000000U, 0x7ff8000000001234U};
    for (int64_t epoch = 1; epoch < epochs; epoch++) {
        memcpy(&made->training->loss_D[epoch], &floats[epoch % 3], sizeof(float));
        memcpy(&made->training->loss_G[epoch], &floats[(epoch + 1) % 3], sizeof(float));
    }
    memcpy(&made->training->generator[0], &floats[2], sizeof(float));
    memcpy(&made->check->covariance_error, &doubles[0], sizeof(double));
    memcpy(&made->check->sample_covariance[1], &doubles[1], sizeof(double));
    made->training->diverged_epoch[0] = 2;
}

void fixture_append(fixture *made, int64_t trial) {
    gs_settings settings;
    gs_layers G, D;
    gs_training *training = made->training;
    gs_check *check = made->check;
    const int dimension = made->experiment->data.dimension;
    const int64_t largest_epochs = gs_experiment_largest(made->experiment, GS_SETTING_EPOCHS);
    gs_plan_settings(made->plan, trial, &settings);
    gs_generator_layers(made->experiment, gs_experiment_largest(made->experiment, GS_SETTING_LATENT_DIM), &G);
    gs_discriminator_layers(made->experiment, &D);
    fill_floats(training->loss_D, largest_epochs, 1, trial);
    fill_floats(training->loss_G, largest_epochs, 2, trial);
    fill_floats(training->generator, G.parameter_count, 3, trial);
    fill_floats(training->discriminator, D.parameter_count, 4, trial);
    if (training->generator_by_epoch != NULL) {
        fill_floats(training->generator_by_epoch, largest_epochs * G.parameter_count, 5, trial);
    }
    fill_floats(training->samples, made->experiment->check_samples * dimension, 6, trial);
    fill_doubles(check->sample_mean, dimension, 7, trial);
    fill_doubles(check->sample_covariance, (int64_t)dimension * dimension, 8, trial);
    fill_doubles(check->eigenvalues, dimension, 9, trial);
    double *const scores[] = {
        &check->covariance_error, &check->affine_invariant_distance, &check->lrt_covariance, &check->lrt_joint,
        &check->hotelling_t2,     &check->frechet_distance,          &check->kl_exact,       &check->frechet_exact,
        &check->mean_error,       &check->loss_oscillation,
    };
    gs_ending *const ending = &training->ending[0];
    double *const endings[] = {&ending->loss_D, &ending->loss_G, &ending->logit_spread, &ending->gradient_norm_D,
                               &ending->gradient_norm_G};
    for (int i = 0; i < (int)(sizeof scores / sizeof scores[0]); i++) {
        *scores[i] = (double)fixture_value(10, trial, i);
    }
    double *const requested[] = {&check->jsd, &check->jsd_standard_error, &check->jacobian_largest_real,
                                 &check->jacobian_largest_ratio, &check->jacobian_spectral_radius};
    for (int i = 0; i < (int)(sizeof requested / sizeof requested[0]); i++) {
        *requested[i] = (double)fixture_value(12, trial, i);
    }
    for (int i = 0; i < (int)(sizeof endings / sizeof endings[0]); i++) {
        *endings[i] = (double)fixture_value(11, trial, i);
    }
    check->covariance_ok = trial % 2 == 1;
    check->outcome = (gs_outcome)(1 + trial % (GS_OUTCOME_COUNT - 1));
    training->diverged_epoch[0] = 0;
    if (trial == 2) {
        spoil(made, settings.epochs);
    }
    gs_block_append(made->block, trial, &settings, training, 0, check);
}

gs_store *fixture_store(const fixture *made, const char *path, bool force) {
    gs_store *store;
    gs_error error;
    stop_on(gs_store_create(path, made->experiment, made->plan, &fixture_provenance, force, NULL, &store, &error),
            &error);
    return store;
}
