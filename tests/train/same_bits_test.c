/// A trial's bits depend on its settings alone: not on the instruction set, the lane, the trials beside it, or whether
/// the plain scalar reference or the packed kernel trains it. The oracle is the scalar reference in float, whose own
/// oracles are NumPy and PyTorch.
#include <assert.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "train/draws.h"
#include "train/reference.h"
#include "train/trainer_test.h"

static const char D2L[] = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
                          "train: {epochs: 3}\n"
                          "parameters: {seed: 1}\n"
                          "keep: {samples: 20, generator_by_epoch: true}\n"
                          "check: {samples: 150}\n";

/// Odd in every size: three components, a hidden layer in G, a last batch of 1, more rows than a shuffle word serves.
static const char ODD[] = "data: {law: gaussian, A: [[1, 0, 0.5], [0.25, 2, 0], [0, -1, 1]], b: [0, 1, -2], n: 1702}\n"
                          "model: {latent_dim: 4, generator: [5], discriminator: [9, 4, 6]}\n"
                          "train: {epochs: 2}\n"
                          "parameters: {seed: 1, batch_size: 7}\n"
                          "keep: {samples: 7, generator_by_epoch: true}\n"
                          "check: {samples: 70}\n";

static const char TINY[] = "data: {law: gaussian, A: [[2]], b: [3], n: 5}\n"
                           "model: {latent_dim: 1, generator: [], discriminator: []}\n"
                           "train: {epochs: 4}\n"
                           "parameters: {seed: 1, batch_size: 1}\n"
                           "keep: {samples: 3, generator_by_epoch: true}\n"
                           "check: {samples: 9}\n";

/// Batches of more examples than one logarithm covers, the last of them short.
static const char LARGE_BATCH[] = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 400}\n"
                                  "model: {latent_dim: 2, generator: [3], discriminator: [5, 3]}\n"
                                  "train: {epochs: 3}\n"
                                  "parameters: {seed: 1, batch_size: 150}\n";

/// Layers in tiles, with units left over; a batch whose deltas are put together, and one whose are not.
static const char WIDE[] = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 45}\n"
                           "model: {latent_dim: 7, generator: [32], discriminator: [41, 34]}\n"
                           "train: {epochs: 2}\n"
                           "parameters: {seed: 1, batch_size: 11}\n";
static const char WIDE_BATCH[] = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 80}\n"
                                 "model: {latent_dim: 2, generator: [], discriminator: [36]}\n"
                                 "train: {epochs: 2}\n"
                                 "parameters: {seed: 1, batch_size: 40}\n";

/// Long enough for moments of units without a gradient to decay below the normal numbers.
static const char BATCH_OF_ONE[] = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
                                   "train: {epochs: 7}\n"
                                   "parameters: {seed: 1, batch_size: 1}\n";

typedef struct {
    gs_experiment *experiment;
    gs_settings settings;
    gs_layers D, G;
} subject;

static subject open_subject(const char *text) {
    subject s;
    gs_error error = {{0}};
    if (gs_experiment_parse(text, strlen(text), "test", NULL, 0, &s.experiment, &error) != GS_OK) {
        fail_msg("%s", error.message);
    }
    s.settings = (gs_settings){
        .seed = 1,
        .data_seed = 1,
        .shuffle_seed = 1,
        .lr_G = 0.005,
        .lr_D = 0.05,
        .batch_size = gs_experiment_largest(s.experiment, GS_SETTING_BATCH_SIZE),
        .latent_dim = gs_experiment_largest(s.experiment, GS_SETTING_LATENT_DIM),
        .epochs = gs_experiment_largest(s.experiment, GS_SETTING_EPOCHS),
    };
    gs_discriminator_layers(s.experiment, &s.D);
    gs_generator_layers(s.experiment, s.settings.latent_dim, &s.G);
    return s;
}

/// Trial number `i` of a varied crowd: every convention, both losses, own seeds and learning rates.
static gs_settings varied(const subject *s, int i) {
    gs_settings settings = s->settings;
    settings.seed = 1000 + i;
    settings.data_seed = i % 3 == 0 ? INT64_MAX - i : settings.seed;
    settings.shuffle_seed = i % 5 == 0 ? 7 : settings.seed;
    settings.convention = (gs_convention)(i % GS_CONVENTION_COUNT);
    settings.generator_loss = (gs_generator_loss)(i / 4 % 2);
    settings.lr_D = 0.05 / (1 + i % 7);
    settings.lr_G = 0.005 * (1 + i % 4);
    return settings;
}

typedef struct {
    float *loss_D, *loss_G, *D, *G;
    gs_ending ending;
} reference_result;

static reference_result run_reference(const subject *s, const gs_settings *settings) {
    reference_result r = {
        .loss_D = calloc((size_t)settings->epochs, sizeof(float)),
        .loss_G = calloc((size_t)settings->epochs, sizeof(float)),
        .D = calloc((size_t)s->D.parameter_count, sizeof(float)),
        .G = calloc((size_t)s->G.parameter_count, sizeof(float)),
    };
    assert_true(gs_reference_float(s->experiment, settings, -1, r.loss_D, r.loss_G, r.D, r.G, NULL, NULL));
    assert_true(gs_reference_float_end(s->experiment, settings, r.D, r.G, &r.ending));
    return r;
}

static void free_reference(reference_result *r) {
    free(r->loss_D);
    free(r->loss_G);
    free(r->D);
    free(r->G);
}

static bool row_equals_reference(const subject *s, const gs_training *t, int row, const reference_result *r) {
    const size_t epochs = (size_t)s->settings.epochs;
    const size_t of_D = (size_t)s->D.parameter_count, of_G = (size_t)s->G.parameter_count;
    const double *const ending = (const double *)&t->ending[row], *const expected = (const double *)&r->ending;
    return memcmp(t->loss_D + (size_t)row * epochs, r->loss_D, epochs * sizeof(float)) == 0 &&
           memcmp(t->loss_G + (size_t)row * epochs, r->loss_G, epochs * sizeof(float)) == 0 &&
           memcmp(t->discriminator + (size_t)row * of_D, r->D, of_D * sizeof(float)) == 0 &&
           memcmp(t->generator + (size_t)row * of_G, r->G, of_G * sizeof(float)) == 0 &&
           memcmp(ending, expected, sizeof r->ending) == 0;
}

/// FNV-1a over everything that one row of a training holds.
static uint64_t hash_row(const subject *s, const gs_training *t, int row) {
    const size_t epochs = (size_t)s->settings.epochs, of_G = (size_t)s->G.parameter_count;
    const size_t samples = (size_t)s->experiment->check_samples * (size_t)s->experiment->data.dimension;
    const struct {
        const void *at;
        size_t bytes;
    } part[] = {
        {t->loss_D, epochs * 4},
        {t->loss_G, epochs * 4},
        {t->discriminator, (size_t)s->D.parameter_count * 4},
        {t->generator, of_G * 4},
        {t->generator_by_epoch, epochs * of_G * 4},
        {t->samples, samples * 4},
        {t->ending, sizeof *t->ending},
        {t->diverged_epoch, 8},
    };
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        const unsigned char *bytes = (const unsigned char *)part[i].at + (size_t)row * part[i].bytes;
        for (size_t k = 0; k < part[i].bytes; k++) {
            hash = (hash ^ bytes[k]) * 0x100000001b3u;
        }
    }
    return hash;
}

/// Trains `count` settings with one instruction set and hashes each row; NULL means that this processor lacks it.
static bool train_and_hash(const subject *s, gs_isa isa, const gs_settings *settings, int count, uint64_t *hashes) {
    if (!gs_isa_available(isa)) {
        return false;
    }
    gs_trainer *trainer;
    gs_error error = {{0}};
    assert_int_equal(gs_trainer_create(s->experiment, isa, &trainer, &error), GS_OK);
    const int lanes = gs_trainer_lanes(trainer);
    gs_training *training = gs_training_create(s->experiment, lanes);
    assert_non_null(training);
    for (int i = 0; i < count; i += lanes) {
        const int now = count - i < lanes ? count - i : lanes;
        assert_true(gs_train(trainer, settings + i, now, NULL, training));
        for (int row = 0; row < now; row++) {
            hashes[i + row] = hash_row(s, training, row);
        }
    }
    gs_training_free(training);
    gs_trainer_free(trainer);
    return true;
}

static void compare_with_reference(const char *text, const char *name) {
    subject s = open_subject(text);
    for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
        if (!gs_isa_available((gs_isa)isa)) {
            print_message("%s: this processor has no %s\n", name, gs_isa_names[isa]);
            continue;
        }
        gs_trainer *trainer;
        gs_error error = {{0}};
        assert_int_equal(gs_trainer_create(s.experiment, (gs_isa)isa, &trainer, &error), GS_OK);
        const int lanes = gs_trainer_lanes(trainer);
        gs_training *training = gs_training_create(s.experiment, lanes);
        gs_settings settings[GS_MAX_LANES];
        for (int i = 0; i < lanes; i++) {
            settings[i] = varied(&s, i);
        }
        assert_true(gs_train(trainer, settings, lanes, NULL, training));
        for (int i = 0; i < lanes; i++) {
            reference_result r = run_reference(&s, &settings[i]);
            assert_int_equal(training->diverged_epoch[i], 0);
            assert_true(row_equals_reference(&s, training, i, &r));
            free_reference(&r);
        }
        print_message("%s: %d lanes of %s equal the scalar reference\n", name, lanes, gs_isa_names[isa]);
        gs_training_free(training);
        gs_trainer_free(trainer);
    }
    gs_experiment_free(s.experiment);
}

static void kernel_equals_the_scalar_reference_in_the_d2l_shape(void **state) {
    (void)state;
    compare_with_reference(D2L, "d2l");
}

static void kernel_equals_the_scalar_reference_in_an_odd_shape(void **state) {
    (void)state;
    compare_with_reference(ODD, "odd");
}

static void kernel_equals_the_scalar_reference_in_one_dimension_without_hidden_layers(void **state) {
    (void)state;
    compare_with_reference(TINY, "tiny");
}

static void kernel_equals_the_scalar_reference_in_large_batches(void **state) {
    (void)state;
    compare_with_reference(LARGE_BATCH, "large batch");
}

static void kernel_equals_the_scalar_reference_in_wide_layers(void **state) {
    (void)state;
    compare_with_reference(WIDE, "wide");
    compare_with_reference(WIDE_BATCH, "wide, large batch");
}

static void kernel_equals_the_scalar_reference_in_batches_of_one(void **state) {
    (void)state;
    compare_with_reference(BATCH_OF_ONE, "batches of one");
}

/// Hashes of trial varied(5) of each shape. Whatever compiler and optimisation this program is built with, they must be
/// met. They change only with docs/randomness.md or the polynomials, and then GS_NUMERICS_VERSION does too; the failing
/// test prints the new ones.
enum { RECORDED_WITH = 3 };
static_assert(GS_NUMERICS_VERSION == RECORDED_WITH, "other bits are another version of the numerical contract");
static const uint64_t RECORDED[3] = {0x39fda7cb48cfd25du, 0x20c313613796e920u, 0x9d4e6a4e898a6a63u};

static void the_recorded_bits_are_met_by_every_compiler_and_optimisation(void **state) {
    (void)state;
    const char *const texts[] = {D2L, ODD, TINY};
    uint64_t hashes[3][GS_ISA_COUNT] = {{0}};
    for (int t = 0; t < 3; t++) {
        subject s = open_subject(texts[t]);
        const gs_settings settings = varied(&s, 5);
        for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
            if (train_and_hash(&s, (gs_isa)isa, &settings, 1, &hashes[t][isa])) {
                print_message("shape %d, %s: 0x%016llx\n", t, gs_isa_names[isa], (unsigned long long)hashes[t][isa]);
            } else {
                hashes[t][isa] = RECORDED[t];
            }
        }
        gs_experiment_free(s.experiment);
    }
    for (int t = 0; t < 3; t++) {
        for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
            assert_int_equal(hashes[t][isa], RECORDED[t]);
        }
    }
}

enum { CROWD = 40, SHORT_CROWD = 17 };

/// How many trials stand beside each other; fewer under the sanitizers, but one more than the widest vector has lanes.
static int crowd_size(void) {
    return getenv("GANSWEEP_TEST_SHORT") == NULL ? CROWD : SHORT_CROWD;
}

static void instruction_sets_lanes_and_neighbours_change_no_bit(void **state) {
    (void)state;
    const char *const texts[] = {D2L, ODD, TINY};
    const int crowd = crowd_size();
    for (int t = 0; t < 3; t++) {
        subject s = open_subject(texts[t]);
        gs_settings settings[CROWD], reversed[CROWD];
        uint64_t expected[CROWD], hashes[CROWD];
        for (int i = 0; i < crowd; i++) {
            settings[i] = varied(&s, i);
            reversed[crowd - 1 - i] = settings[i];
        }
        assert_true(train_and_hash(&s, GS_ISA_PORTABLE, settings, crowd, expected));
        for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
            if (!train_and_hash(&s, (gs_isa)isa, settings, crowd, hashes)) {
                continue;
            }
            assert_memory_equal(hashes, expected, (size_t)crowd * sizeof expected[0]);
            train_and_hash(&s, (gs_isa)isa, reversed, crowd, hashes);
            for (int i = 0; i < crowd; i++) {
                assert_int_equal(hashes[crowd - 1 - i], expected[i]);
            }
            for (int i = 0; i < crowd; i += 13) { // alone
                train_and_hash(&s, (gs_isa)isa, settings + i, 1, hashes);
                assert_int_equal(hashes[0], expected[i]);
            }
        }
        gs_experiment_free(s.experiment);
    }
}

/// Overflow, zero gradient and NaN in some lanes, ordinary trials in the others.
static void extreme_trials_have_the_same_bits_and_disturb_nobody(void **state) {
    (void)state;
    subject s = open_subject(D2L);
    const int crowd = crowd_size();
    gs_settings settings[CROWD], calm[CROWD];
    uint64_t expected[CROWD], hashes[CROWD], undisturbed[CROWD];
    for (int i = 0; i < crowd; i++) {
        settings[i] = calm[i] = varied(&s, i);
        if (i % 4 == 1) {
            settings[i].lr_D = 1e30;
            settings[i].lr_G = 1e38; // parameters overflow
        } else if (i % 4 == 2) {
            settings[i].lr_D = 1e5; // saturated: gradients vanish and turn subnormal
            settings[i].lr_G = 1e-30;
        }
    }
    assert_true(train_and_hash(&s, GS_ISA_PORTABLE, settings, crowd, expected));
    assert_true(train_and_hash(&s, GS_ISA_PORTABLE, calm, crowd, undisturbed));
    for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
        if (train_and_hash(&s, (gs_isa)isa, settings, crowd, hashes)) {
            assert_memory_equal(hashes, expected, (size_t)crowd * sizeof expected[0]);
        }
    }
    for (int i = 0; i < crowd; i++) {
        if (i % 4 == 0 || i % 4 == 3) {
            assert_int_equal(expected[i], undisturbed[i]);
        }
    }
    gs_experiment_free(s.experiment);
}

/// Biases that start at zero and hardly move.
static void subnormal_numbers_are_kept(void **state) {
    (void)state;
    subject s = open_subject(D2L);
    gs_settings settings = s.settings; // mxnet
    settings.lr_D = settings.lr_G = 1e-42;
    reference_result r = run_reference(&s, &settings);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fpclassify(r.G[4 + i]), FP_SUBNORMAL);
    }
    for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
        if (!gs_isa_available((gs_isa)isa)) {
            continue;
        }
        gs_trainer *trainer;
        gs_error error = {{0}};
        assert_int_equal(gs_trainer_create(s.experiment, (gs_isa)isa, &trainer, &error), GS_OK);
        gs_training *t = gs_training_create(s.experiment, gs_trainer_lanes(trainer));
        assert_true(gs_train(trainer, &settings, 1, NULL, t));
        assert_true(row_equals_reference(&s, t, 0, &r));
        gs_training_free(t);
        gs_trainer_free(trainer);
    }
    free_reference(&r);
    gs_experiment_free(s.experiment);
}

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void a_diverged_trial_is_the_quiet_nan_from_its_epoch_on(void **state) {
    (void)state;
    subject s = open_subject(D2L);
    for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
        if (!gs_isa_available((gs_isa)isa)) {
            continue;
        }
        gs_trainer *trainer;
        gs_error error = {{0}};
        gs_settings settings = s.settings;
        settings.lr_D = settings.lr_G = 3e38;
        assert_int_equal(gs_trainer_create(s.experiment, (gs_isa)isa, &trainer, &error), GS_OK);
        gs_training *t = gs_training_create(s.experiment, gs_trainer_lanes(trainer));
        assert_true(gs_train(trainer, &settings, 1, NULL, t));
        print_message("%s: diverged in epoch %d\n", gs_isa_names[isa], (int)t->diverged_epoch[0]);
        assert_int_equal(t->diverged_epoch[0], 1);
        for (int64_t i = 0; i < settings.epochs; i++) {
            assert_int_equal(bits_of(t->loss_D[i]), 0x7fc00000u);
            assert_int_equal(bits_of(t->loss_G[i]), 0x7fc00000u);
        }
        for (int64_t i = 0; i < s.G.parameter_count * settings.epochs; i++) {
            assert_int_equal(bits_of(t->generator_by_epoch[i]), 0x7fc00000u);
        }
        for (int64_t i = 0; i < s.D.parameter_count; i++) {
            assert_int_equal(bits_of(t->discriminator[i]), 0x7fc00000u);
        }
        for (int64_t i = 0; i < s.experiment->check_samples * 2; i++) {
            assert_int_equal(bits_of(t->samples[i]), 0x7fc00000u);
        }
        const double *const ending = (const double *)t->ending;
        for (size_t i = 0; i < sizeof *t->ending / sizeof *ending; i++) {
            assert_true(isnan(ending[i]));
        }
        gs_training_free(t);
        gs_trainer_free(trainer);
    }
    gs_experiment_free(s.experiment);
}

static void samples_are_the_generator_of_the_sample_stream(void **state) {
    (void)state;
    subject s = open_subject(D2L);
    gs_trainer *trainer;
    gs_error error = {{0}};
    assert_int_equal(gs_trainer_create(s.experiment, GS_ISA_AUTO, &trainer, &error), GS_OK);
    gs_training *t = gs_training_create(s.experiment, gs_trainer_lanes(trainer));
    gs_settings settings = varied(&s, 3);
    assert_true(gs_train(trainer, &settings, 1, NULL, t));
    const float *W = t->generator, *b = W + 4;
    for (int64_t i = 0; i < s.experiment->check_samples; i++) {
        float z[2];
        gs_draw_normals((uint64_t)settings.seed, GS_STREAM_SAMPLE, 0, (uint64_t)(2 * i), 2, z);
        for (int j = 0; j < 2; j++) {
            const float expected = fmaf(W[2 * j + 1], z[1], fmaf(W[2 * j], z[0], b[j]));
            assert_true(t->samples[2 * i + j] == expected);
        }
    }
    gs_training_free(t);
    gs_trainer_free(trainer);
    gs_experiment_free(s.experiment);
}

/// With learning rates of zero nothing moves, so an epoch's losses are those of the untrained net on its data, order
/// and latents; they are sums over the same numbers whatever the batch size, and differ by rounding alone.
static void batch_sizes_see_the_same_data_order_and_latents(void **state) {
    (void)state;
    const char *text = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
                       "parameters: {seed: 1, batch_size: [8, 32, 333]}\n"
                       "train: {epochs: 1}\n";
    subject s = open_subject(text);
    gs_trainer *trainer;
    gs_error error = {{0}};
    assert_int_equal(gs_trainer_create(s.experiment, GS_ISA_AUTO, &trainer, &error), GS_OK);
    gs_training *t = gs_training_create(s.experiment, gs_trainer_lanes(trainer));
    float loss_D[3], loss_G[3];
    const int64_t sizes[3] = {8, 32, 333};
    for (int i = 0; i < 3; i++) {
        gs_settings settings = varied(&s, 1); // torch: biases are drawn too
        settings.lr_D = settings.lr_G = 0;
        settings.batch_size = sizes[i];
        assert_true(gs_train(trainer, &settings, 1, NULL, t));
        loss_D[i] = t->loss_D[0];
        loss_G[i] = t->loss_G[0];
        print_message("batch %3d: loss_D %.9g loss_G %.9g\n", (int)sizes[i], (double)loss_D[i], (double)loss_G[i]);
        assert_true(fabsf(loss_D[i] - loss_D[0]) < 2e-7f && fabsf(loss_G[i] - loss_G[0]) < 2e-7f);
    }
    gs_training_free(t);
    gs_trainer_free(trainer);
    gs_experiment_free(s.experiment);
}

/// One pack of a sequence: what differs from the pack before it.
typedef struct {
    int64_t data_seed, seed, shuffle_seed; ///< of lane 0
    int64_t batch_size, latent_dim, epochs;
    double lr_D;
    bool stopped; ///< before it begins
} shared_pack;

static void settings_of_shared_pack(const shared_pack *pack, int lanes, gs_settings *settings) {
    for (int lane = 0; lane < lanes; lane++) {
        settings[lane] = (gs_settings){.data_seed = pack->data_seed + lane,
                                       .seed = pack->seed + lane,
                                       .shuffle_seed = pack->shuffle_seed + lane,
                                       .lr_D = lane == 3 ? 1e3 * pack->lr_D : pack->lr_D,
                                       .lr_G = 0.005,
                                       .convention = (gs_convention)(lane % GS_CONVENTION_COUNT),
                                       .batch_size = pack->batch_size,
                                       .latent_dim = pack->latent_dim,
                                       .epochs = pack->epochs};
    }
}

/// Whether row `lane`, as long as the experiment's largest trial needs, is what the reference trains.
static bool shared_row_equals_reference(const subject *s, const gs_training *t, int lane, const gs_settings *settings) {
    reference_result r = run_reference(s, settings);
    gs_layers G;
    gs_generator_layers(s->experiment, settings->latent_dim, &G);
    const ptrdiff_t row = lane * (ptrdiff_t)s->settings.epochs;
    const size_t bytes = (size_t)settings->epochs * sizeof(float);
    const bool equal = memcmp(t->loss_D + row, r.loss_D, bytes) == 0 && memcmp(t->loss_G + row, r.loss_G, bytes) == 0 &&
                       memcmp(t->discriminator + lane * (ptrdiff_t)s->D.parameter_count, r.D,
                              (size_t)s->D.parameter_count * sizeof(float)) == 0 &&
                       memcmp(t->generator + lane * (ptrdiff_t)s->G.parameter_count, r.G,
                              (size_t)G.parameter_count * sizeof(float)) == 0;
    free_reference(&r);
    return equal;
}

/// A trainer with room for its results.
typedef struct {
    gs_trainer *trainer;
    gs_training *training;
    int lanes;
} hand;

static hand open_hand(const subject *s, gs_isa isa) {
    hand h;
    gs_error error = {{0}};
    assert_int_equal(gs_trainer_create(s->experiment, isa, &h.trainer, &error), GS_OK);
    h.lanes = gs_trainer_lanes(h.trainer);
    h.training = gs_training_create(s->experiment, h.lanes);
    assert_non_null(h.training);
    return h;
}

static void close_hand(hand *h) {
    gs_training_free(h->training);
    gs_trainer_free(h->trainer);
}

/// Trains a pack after whatever the hand trained before, and holds everything that it holds to a pack of a new trainer,
/// and its first lanes to the reference.
static void train_shared_pack(const subject *s, gs_isa isa, hand *h, const shared_pack *pack, size_t number) {
    gs_settings settings[GS_MAX_LANES];
    const volatile int stop = pack->stopped;
    settings_of_shared_pack(pack, h->lanes, settings);
    assert_true(gs_train(h->trainer, settings, h->lanes, &stop, h->training) == !pack->stopped);
    if (pack->stopped) {
        return;
    }
    hand alone = open_hand(s, isa);
    assert_true(gs_train(alone.trainer, settings, h->lanes, NULL, alone.training));
    for (int lane = 0; lane < h->lanes; lane++) {
        if (hash_row(s, h->training, lane) != hash_row(s, alone.training, lane) ||
            (lane < 4 && !shared_row_equals_reference(s, h->training, lane, &settings[lane]))) {
            fail_msg("%s: lane %d of pack %zu differs", gs_isa_names[isa], lane, number);
        }
    }
    close_hand(&alone);
}

static void packs_of_equal_seeds_after_each_other_have_the_bits_of_packs_alone(void **state) {
    (void)state;
    static const shared_pack packs[] = {
        {1, 1, 1, 8, 2, 3, 0.05, false},    // alone
        {1, 1, 1, 8, 2, 3, 0.02, false},    // records
        {1, 1, 1, 5, 2, 3, 0.01, false},    // reads, with other batches
        {1, 1, 1, 8, 2, 2, 0.03, false},    // reads fewer epochs
        {1, 1, 1, 8, 1, 3, 0.03, false},    // reads fewer latents
        {200, 2, 2, 8, 1, 2, 0.05, false},  // other seeds alone
        {200, 2, 2, 8, 1, 2, 0.05, false},  // records two epochs
        {200, 2, 2, 8, 1, 3, 0.05, false},  // needs three
        {200, 2, 2, 8, 1, 3, 0.03, false},  // reads
        {200, 2, 2, 8, 2, 3, 0.04, false},  // needs more latents
        {200, 2, 2, 8, 2, 3, 0.05, false},  // reads
        {100, 1, 1, 8, 2, 3, 0.05, false},  // other data alone
        {100, 1, 1, 8, 2, 3, 0.04, false},  // records
        {100, 1, 50, 8, 2, 3, 0.05, false}, // other orders alone
        {100, 1, 50, 8, 2, 3, 0.04, false}, // records
        {100, 9, 50, 8, 2, 3, 0.05, false}, // other latents alone
        {100, 9, 50, 8, 2, 3, 0.05, true},  // would record
        {100, 9, 50, 8, 2, 3, 0.04, false}, // records
        {100, 9, 50, 8, 2, 3, 0.03, true},  // would read
        {100, 9, 50, 8, 2, 3, 0.02, false}, // reads
        {7, 7, 7, 8, 2, 3, 0.02, true},     // other seeds, which leave no data behind
        {7, 7, 7, 8, 2, 3, 0.02, false},
    };
    subject s = open_subject("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 300}\n"
                             "parameters: {seed: 1, batch_size: [5, 8], latent_dim: [1, 2], epochs: [2, 3]}\n"
                             "keep: {samples: 10, generator_by_epoch: true}\n"
                             "check: {samples: 70}\n");
    for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
        if (gs_isa_available((gs_isa)isa)) {
            hand h = open_hand(&s, (gs_isa)isa);
            for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
                train_shared_pack(&s, (gs_isa)isa, &h, &packs[i], i);
            }
            close_hand(&h);
        }
    }
    gs_experiment_free(s.experiment);
}

static void draws_too_large_to_record_are_drawn_afresh(void **state) {
    (void)state;
    subject s = open_subject("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 3000}\n"
                             "model: {latent_dim: 200, generator: [], discriminator: [2]}\n"
                             "parameters: {seed: 1, batch_size: 500}\n"
                             "train: {epochs: 2}\n"
                             "keep: {samples: 10, generator_by_epoch: true}\n"
                             "check: {samples: 70}\n");
    hand h = open_hand(&s, GS_ISA_AUTO);
    for (size_t i = 0; i < 3; i++) {
        const shared_pack pack = {1, 1, 1, 500, 200, 2, 0.05 / (1 + (double)i), false};
        train_shared_pack(&s, GS_ISA_AUTO, &h, &pack, i);
    }
    close_hand(&h);
    gs_experiment_free(s.experiment);
}

/// Stops a training once its first epoch's losses are there.
typedef struct {
    const volatile float *loss;
    volatile int stop;
} stopper;

static void *stop_after_an_epoch(void *argument) {
    stopper *self = argument;
    while (!(*self->loss < 100)) {
    }
    self->stop = 1;
    return NULL;
}

/// The pack that is stopped is, in turn, one that draws afresh, one that records and one that reads.
static void a_pack_stopped_half_way_leaves_no_records(void **state) {
    (void)state;
    // Slow enough for the other thread to see the first of 2,000 epochs, and small enough to be recorded.
    subject s = open_subject("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 20}\n"
                             "model: {latent_dim: 2, generator: [], discriminator: [64, 64]}\n"
                             "parameters: {seed: 1, batch_size: 1}\n"
                             "train: {epochs: 2000}\n"
                             "keep: {samples: 10, generator_by_epoch: true}\n"
                             "check: {samples: 70}\n");
    for (int before = 0; before < 3; before++) {
        hand h = open_hand(&s, GS_ISA_AUTO);
        gs_settings settings[GS_MAX_LANES];
        shared_pack pack = {1, 1, 1, 1, 2, 6, 0.05, false};
        for (int i = 0; i < before; i++) {
            train_shared_pack(&s, GS_ISA_AUTO, &h, &pack, (size_t)i);
        }
        pthread_t thread;
        stopper self = {h.training->loss_D, 0};
        h.training->loss_D[0] = INFINITY;
        pack.epochs = 2000;
        settings_of_shared_pack(&pack, h.lanes, settings);
        assert_int_equal(pthread_create(&thread, NULL, stop_after_an_epoch, &self), 0);
        const bool completed = gs_train(h.trainer, settings, h.lanes, &self.stop, h.training);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_false(completed);
        pack.epochs = 6;
        for (size_t i = 0; i < 3; i++) {
            train_shared_pack(&s, GS_ISA_AUTO, &h, &pack, 10 + i);
        }
        close_hand(&h);
    }
    gs_experiment_free(s.experiment);
}

static void training_stops_when_asked(void **state) {
    (void)state;
    subject s = open_subject(D2L);
    gs_trainer *trainer;
    gs_error error = {{0}};
    const volatile int stop = 1;
    assert_int_equal(gs_trainer_create(s.experiment, GS_ISA_AUTO, &trainer, &error), GS_OK);
    gs_training *t = gs_training_create(s.experiment, gs_trainer_lanes(trainer));
    assert_false(gs_train(trainer, &s.settings, 1, &stop, t));
    gs_training_free(t);
    gs_trainer_free(trainer);
    gs_experiment_free(s.experiment);
}

/// With the argument "recorded" the recorded bits alone are compared: enough for a build that is slow.
int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recorded_bits_are_met_by_every_compiler_and_optimisation),
        cmocka_unit_test(kernel_equals_the_scalar_reference_in_the_d2l_shape),
        cmocka_unit_test(kernel_equals_the_scalar_reference_in_an_odd_shape),
        cmocka_unit_test(kernel_equals_the_scalar_reference_in_one_dimension_without_hidden_layers),
        cmocka_unit_test(kernel_equals_the_scalar_reference_in_large_batches),
        cmocka_unit_test(kernel_equals_the_scalar_reference_in_wide_layers),
        cmocka_unit_test(kernel_equals_the_scalar_reference_in_batches_of_one),
        cmocka_unit_test(instruction_sets_lanes_and_neighbours_change_no_bit),
        cmocka_unit_test(extreme_trials_have_the_same_bits_and_disturb_nobody),
        cmocka_unit_test(subnormal_numbers_are_kept),
        cmocka_unit_test(a_diverged_trial_is_the_quiet_nan_from_its_epoch_on),
        cmocka_unit_test(samples_are_the_generator_of_the_sample_stream),
        cmocka_unit_test(batch_sizes_see_the_same_data_order_and_latents),
        cmocka_unit_test(packs_of_equal_seeds_after_each_other_have_the_bits_of_packs_alone),
        cmocka_unit_test(draws_too_large_to_record_are_drawn_afresh),
        cmocka_unit_test(a_pack_stopped_half_way_leaves_no_records),
        cmocka_unit_test(training_stops_when_asked),
    };
    if (argc > 1 && strcmp(argv[1], "recorded") == 0) {
        cmocka_set_test_filter("the_recorded_bits*");
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
