#include "train/fastest.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { ROWS = 64, EPOCHS = 20, ROUNDS = 3, PACKS_OF_A_ROUND = 3 };
static const double CLEARLY = 1.05;

static double seconds_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/// The nets of d2l.ai section 17.1 on few examples; the caller sets the law.
static gs_experiment small_experiment(void) {
    gs_experiment experiment = {.data = {.dimension = 2, .n = ROWS},
                                .discriminator = {.hidden_count = 2, .hidden = {5, 3}},
                                .check_samples = 2};
    for (int setting = 0; setting < GS_SETTING_COUNT; setting++) {
        experiment.values[setting] = (gs_values){.count = 1, .first = 1, .step = 1};
    }
    experiment.values[GS_SETTING_BATCH_SIZE].first = 8;
    experiment.values[GS_SETTING_LATENT_DIM].first = 2;
    experiment.values[GS_SETTING_EPOCHS].first = EPOCHS;
    return experiment;
}

/// Least seconds of a pack, a lane, in one round; the first pack only lets the processor settle.
static double time_round(gs_trainer *trainer, const gs_training *training, int round) {
    const int lanes = gs_trainer_lanes(trainer);
    double least = INFINITY;
    for (int pack = 0; pack <= PACKS_OF_A_ROUND; pack++) {
        gs_settings settings[GS_MAX_LANES];
        for (int lane = 0; lane < lanes; lane++) {
            const int64_t seed = ((int64_t)round * (PACKS_OF_A_ROUND + 1) + pack) * GS_MAX_LANES + lane;
            settings[lane] = (gs_settings){.seed = seed,
                                           .data_seed = seed,
                                           .shuffle_seed = seed,
                                           .lr_D = 0.05,
                                           .lr_G = 0.005,
                                           .batch_size = 8,
                                           .latent_dim = 2,
                                           .epochs = EPOCHS};
        }
        const double start = seconds_now();
        (void)gs_train(trainer, settings, lanes, NULL, training);
        const double seconds = (seconds_now() - start) / lanes;
        least = pack > 0 && seconds < least ? seconds : least;
    }
    return least;
}

gs_isa gs_isa_faster(gs_isa preferred, gs_isa other) {
    double A[4] = {1, 0, 0, 1}, b[2] = {0, 0}, seconds[2] = {INFINITY, INFINITY};
    gs_experiment experiment = small_experiment();
    experiment.data.A = A;
    experiment.data.b = b;
    const gs_isa isa[2] = {preferred, other};
    gs_trainer *trainer[2] = {NULL, NULL};
    gs_training *training[2] = {NULL, NULL};
    bool ready = true;
    for (int i = 0; i < 2; i++) {
        gs_error ignored;
        ready = ready && gs_trainer_create(&experiment, isa[i], &trainer[i], &ignored) == GS_OK;
        training[i] = ready ? gs_training_create(&experiment, gs_trainer_lanes(trainer[i])) : NULL;
        ready = ready && training[i] != NULL;
    }
    for (int round = 0; round < ROUNDS && ready; round++) {
        for (int i = 0; i < 2; i++) {
            const double found = time_round(trainer[i], training[i], round);
            seconds[i] = found < seconds[i] ? found : seconds[i];
        }
    }
    for (int i = 0; i < 2; i++) {
        gs_training_free(training[i]);
        gs_trainer_free(trainer[i]);
    }
    return ready && seconds[0] > CLEARLY * seconds[1] ? other : preferred;
}
