/// Prints hashes of what the kernel of one instruction set computes, one named line each: its polynomials over all
/// kinds of floats, its random words, and trained packs of several shapes, absurd learning rates among them.
///
/// Needs nothing but src/train and the table of settings, so that it can be built for a processor that this machine has
/// only an emulator of. The lines must be the same for every instruction set: same_bits_emulated.sh compares them.
#include <stdio.h>

#include "train/kernel.h"
#include "train/philox.h"
#include "train/polynomials.h"
#include "train/trainer_test.h"

static const uint64_t HASH_START = 0xcbf29ce484222325u; // FNV-1a

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t count) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

/// A NaN's sign and payload are the processor's own business: the store writes one NaN for all.
static uint64_t hash_lanes(uint64_t hash, vfloat x) {
    float lane[GS_LANES];
    vstore(lane, x);
    for (int i = 0; i < GS_LANES; i++) {
        const float canonical = isnan(lane[i]) ? __builtin_nanf("") : lane[i];
        hash = hash_bytes(hash, &canonical, sizeof canonical);
    }
    return hash;
}

enum { TOGETHER = 16, RANDOM_FLOATS = 60000 };

/// Zeros, infinities, NaN, the ends of the subnormals, ones, in both signs; then floats of random bits.
static float float_number(int number, uint64_t *state) {
    static const uint32_t special[] = {0x00000000u, 0x7f800000u, 0x7fc00000u, 0x00000001u, 0x007fffffu,
                                       0x00800000u, 0x3f800000u, 0x7f7fffffu, 0x41100000u, 0x42ae0000u};
    enum { SPECIALS = sizeof special / sizeof *special };
    const uint32_t bits =
        number < 2 * SPECIALS ? special[number / 2] | (uint32_t)(number % 2) << 31 : (uint32_t)test_mix(state);
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

typedef vfloat lane_function(vfloat x, vfloat y, vfloat z);

static vfloat call_tanh(vfloat x, vfloat y, vfloat z) {
    (void)y, (void)z;
    return vf_tanh(x);
}
static vfloat call_exp_negative(vfloat x, vfloat y, vfloat z) {
    (void)y, (void)z;
    return vf_exp_negative(vmin(x, vset(0.0f)));
}
static vfloat call_log(vfloat x, vfloat y, vfloat z) {
    (void)y, (void)z;
    return vf_log(vmax(vmin(vset(0x1p126f), x), vset(0x1p-126f)));
}
static vfloat call_sine(vfloat x, vfloat y, vfloat z) {
    (void)y, (void)z;
    vfloat sine, cosine;
    vf_sincos_turn(vbits(x), &sine, &cosine);
    return sine;
}
static vfloat call_cosine(vfloat x, vfloat y, vfloat z) {
    (void)y, (void)z;
    vfloat sine, cosine;
    vf_sincos_turn(vbits(x), &sine, &cosine);
    return cosine;
}
static vfloat call_fma(vfloat x, vfloat y, vfloat z) {
    return vfma(x, y, z);
}
static vfloat call_fms(vfloat x, vfloat y, vfloat z) {
    return vfms(x, y, z);
}
static vfloat call_fnma(vfloat x, vfloat y, vfloat z) {
    return vfnma(x, y, z);
}
static vfloat call_min(vfloat x, vfloat y, vfloat z) {
    (void)z;
    return vmin(x, y);
}
static vfloat call_max(vfloat x, vfloat y, vfloat z) {
    (void)z;
    return vmax(x, y);
}
static vfloat call_divide(vfloat x, vfloat y, vfloat z) {
    (void)z;
    return vdiv(x, y);
}
static vfloat call_root(vfloat x, vfloat y, vfloat z) {
    (void)y, (void)z;
    return vsqrt(x);
}
static vfloat call_root_beside_division(vfloat x, vfloat y, vfloat z) {
    (void)y, (void)z;
    return vsqrt_beside_vdiv(x);
}
static vfloat call_flush(vfloat x, vfloat y, vfloat z) {
    (void)z;
    return vflush(vmul(vmul(x, vset(0x1p-80f)), y));
}
static vfloat call_select(vfloat x, vfloat y, vfloat z) {
    return vselect(vgreater(x, y), vtofloat(visra(vbits(z), 3)), vfloatbits(visrl(vbits(y), 7)));
}

/// Floats in groups of TOGETHER, whatever the number of lanes, so that all instruction sets hash the same sequence.
/// y walks through the specials at another pace than x, so that all pairs of them meet.
static void dump_function(const char *name, lane_function *function) {
    uint64_t hash = HASH_START, state = 1;
    for (int first = 0; first < RANDOM_FLOATS; first += TOGETHER) {
        float x[TOGETHER], y[TOGETHER], z[TOGETHER];
        for (int i = 0; i < TOGETHER; i++) {
            const int number = first + i;
            x[i] = float_number(number < 400 ? number % 20 : number, &state);
            y[i] = float_number(number < 400 ? number / 20 : number, &state);
            const float product = x[i] * y[i]; // so that sums cancel; of a NaN the sign would be the processor's own
            z[i] = number % 3 == 0 && !isnan(product) ? -product
                                                      : float_number(number < 400 ? number % 20 : number, &state);
        }
        for (int i = 0; i < TOGETHER; i += GS_LANES) {
            hash = hash_lanes(hash, function(vload(x + i), vload(y + i), vload(z + i)));
        }
    }
    printf("%-16s %016llx\n", name, (unsigned long long)hash);
}

static void dump_philox(void) {
    uint64_t hash = HASH_START, state = 2;
    for (int round = 0; round < 1000; round++) {
        uint32_t key[2][TOGETHER], counter[TOGETHER], words[4][TOGETHER];
        for (int i = 0; i < TOGETHER; i++) {
            key[0][i] = (uint32_t)test_mix(&state);
            key[1][i] = (uint32_t)test_mix(&state);
            counter[i] = (uint32_t)test_mix(&state);
        }
        for (int i = 0; i < TOGETHER; i += GS_LANES) {
            philox_keys keys;
            philox_make_keys(&keys, viload(key[0] + i), viload(key[1] + i));
            const vint start = viload(counter + i);
            vint random[1][4];
            philox_n(&keys, &start, viset(7), viset((uint32_t)GS_STREAM_LATENT), random, 1);
            for (int word = 0; word < 4; word++) {
                vistore(words[word] + i, random[0][word]);
            }
        }
        hash = hash_bytes(hash, words, sizeof words);
    }
    printf("%-16s %016llx\n", "philox", (unsigned long long)hash);
}

/// A shape to train; its experiment is put together without a file.
typedef struct {
    const char *name;
    int dimension;
    int64_t n, batch_size, latent_dim, epochs;
    gs_network generator, discriminator;
} shape;

static double A[] = {1, 2, -0.1, 0.5, 0.25, 2, 0, -1, 1}, b[] = {1, 2, -2};

static gs_experiment experiment_of(const shape *s) {
    gs_experiment e = {.data = {.dimension = s->dimension, .n = s->n, .A = A, .b = b},
                       .generator = s->generator,
                       .discriminator = s->discriminator,
                       .keep_generator_by_epoch = true,
                       .check_samples = 70};
    for (int setting = 0; setting < GS_SETTING_COUNT; setting++) {
        e.values[setting] = (gs_values){.count = 1, .first = 1, .step = 1};
    }
    e.values[GS_SETTING_BATCH_SIZE].first = s->batch_size;
    e.values[GS_SETTING_LATENT_DIM].first = s->latent_dim;
    e.values[GS_SETTING_EPOCHS].first = s->epochs;
    return e;
}

/// Trial `i` of a varied crowd; two in four with rates that overflow, or that saturate and make gradients subnormal.
static gs_settings settings_of(const shape *s, int i) {
    const double rate_D[] = {0.05, 1e30, 1e5, 0.01}, rate_G[] = {0.005, 1e37, 1e-30, 0.02};
    return (gs_settings){.seed = 1000 + i,
                         .data_seed = i % 3 == 0 ? INT64_MAX - i : i,
                         .shuffle_seed = i % 5 == 0 ? 7 : i,
                         .lr_D = rate_D[i % 4],
                         .lr_G = rate_G[i % 4],
                         .convention = (gs_convention)(i / 4 % GS_CONVENTION_COUNT),
                         .generator_loss = (gs_generator_loss)(i / 2 % 2),
                         .batch_size = s->batch_size,
                         .latent_dim = s->latent_dim,
                         .epochs = s->epochs};
}

static uint64_t hash_training(const gs_experiment *e, const shape *s, const gs_training *t, int row) {
    gs_layers D, G;
    gs_discriminator_layers(e, &D);
    gs_generator_layers(e, s->latent_dim, &G);
    const struct {
        const void *at;
        int64_t bytes;
    } part[] = {
        {t->loss_D, s->epochs * 4},
        {t->loss_G, s->epochs * 4},
        {t->discriminator, D.parameter_count * 4},
        {t->generator, G.parameter_count * 4},
        {t->generator_by_epoch, s->epochs * G.parameter_count * 4},
        {t->samples, e->check_samples * s->dimension * 4},
        {t->ending, sizeof *t->ending},
        {t->diverged_epoch, 8},
    };
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        hash = hash_bytes(hash, (const char *)part[i].at + row * part[i].bytes, (size_t)part[i].bytes);
    }
    return hash;
}

/// @return false when there is no memory
static bool dump_training(const shape *s) {
    const gs_experiment e = experiment_of(s);
    gs_trainer *trainer;
    gs_error error;
    if (gs_trainer_create(&e, TEST_ISA, &trainer, &error) != GS_OK) {
        (void)fprintf(stderr, "kernel_dump: %s\n", error.message);
        return false;
    }
    gs_training *training = gs_training_create(&e, gs_trainer_lanes(trainer));
    const int lanes = gs_trainer_lanes(trainer);
    for (int i = 0; training != NULL && i < TOGETHER; i += lanes) {
        gs_settings settings[GS_MAX_LANES];
        for (int row = 0; row < lanes; row++) {
            settings[row] = settings_of(s, i + row);
        }
        (void)gs_train(trainer, settings, lanes, NULL, training);
        for (int row = 0; row < lanes; row++) {
            printf("%-10s %3d  %016llx  diverged in epoch %lld\n", s->name, i + row,
                   (unsigned long long)hash_training(&e, s, training, row), (long long)training->diverged_epoch[row]);
        }
    }
    const bool trained = training != NULL;
    gs_training_free(training);
    gs_trainer_free(trainer);
    return trained;
}

int main(void) {
    static const struct {
        const char *name;
        lane_function *function;
    } functions[] = {{"fma", call_fma},          {"fms", call_fms},       {"fnma", call_fnma},
                     {"min", call_min},          {"max", call_max},       {"divide", call_divide},
                     {"root", call_root},        {"select", call_select}, {"tanh", call_tanh},
                     {"log", call_log},          {"sine", call_sine},     {"cosine", call_cosine},
                     {"exp", call_exp_negative}, {"flush", call_flush},   {"root by fma", call_root_beside_division}};
    static const shape shapes[] = {
        {"d2l", 2, 1000, 8, 2, 2, {0, {0}}, {2, {5, 3}}},    {"wide", 2, 300, 8, 2, 20, {0, {0}}, {2, {5, 40}}},
        {"odd", 3, 702, 7, 4, 2, {1, {5}}, {3, {9, 4, 6}}},  {"tiny", 1, 5, 1, 1, 4, {0, {0}}, {0, {0}}},
        {"batch", 2, 400, 150, 2, 3, {1, {3}}, {2, {5, 3}}},
    };
    if (!gs_isa_available(TEST_ISA)) {
        return 77;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        dump_function(functions[i].name, functions[i].function);
    }
    dump_philox();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (!dump_training(&shapes[i])) {
            return 1;
        }
    }
    return 0;
}
