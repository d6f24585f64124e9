/// Times the packed kernel against the plain scalar loop, on one core, in turn within one run, for every instruction
/// set that this processor has. Prints trials a second and their ratio (median of the rounds).
///
///     against_scalar [rounds [smallest ratio expected of the fastest instruction set]]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gansweep/gansweep.h"
#include "speed/scalar_loop.h"

enum { EPOCHS = 20, SCALAR_TRIALS = 16, LARGEST_ROUNDS = 1000 };

static const char EXPERIMENT[] = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
                                 "parameters: {seed: 1}\n";

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

static double scalar_rate(uint64_t first_seed) {
    scalar_result result;
    double check = 0;
    const double start = seconds();
    for (int i = 0; i < SCALAR_TRIALS; i++) {
        scalar_train(first_seed + (uint64_t)i, EPOCHS, &result);
        check += (double)result.loss_D;
    }
    const double rate = SCALAR_TRIALS / (seconds() - start);
    return check > 0 ? rate : 0; // the results are used, so the loop can't be optimised away
}

static double packed_rate(gs_trainer *trainer, gs_training *training, int64_t first_seed) {
    const int lanes = gs_trainer_lanes(trainer), packs = 256 / lanes;
    const double start = seconds();
    for (int pack = 0; pack < packs; pack++) {
        gs_settings settings[GS_MAX_LANES];
        for (int lane = 0; lane < lanes; lane++) {
            const int64_t seed = first_seed + pack * lanes + lane;
            settings[lane] = (gs_settings){seed, seed, seed, 0.005, 0.05, GS_NON_SATURATING, GS_MXNET, 8, 2, EPOCHS};
        }
        if (!gs_train(trainer, settings, lanes, NULL, training)) {
            return 0;
        }
    }
    return packs * lanes / (seconds() - start);
}

/// @return the median ratio, or a negative number on failure
static double measure(const gs_experiment *experiment, gs_isa isa, int rounds) {
    double ratio[LARGEST_ROUNDS], scalar[LARGEST_ROUNDS], packed[LARGEST_ROUNDS];
    gs_error error;
    gs_trainer *trainer;
    if (gs_trainer_create(experiment, isa, &trainer, &error) != GS_OK) {
        (void)fprintf(stderr, "against_scalar: %s\n", error.message);
        return -1;
    }
    gs_training *training = gs_training_create(experiment, gs_trainer_lanes(trainer));
    if (training == NULL) {
        gs_trainer_free(trainer);
        return -1;
    }
    for (int round = 0; round < rounds; round++) {
        scalar[round] = scalar_rate(1 + (uint64_t)round * SCALAR_TRIALS);
        packed[round] = packed_rate(trainer, training, 1 + round * 256);
        ratio[round] = packed[round] / scalar[round];
    }
    const double result = median(ratio, rounds);
    printf("%-8s %2d lanes  %8.1f trials/s  scalar loop %6.1f trials/s  ratio %5.1f (%.1f ... %.1f)\n",
           gs_isa_names[isa], gs_trainer_lanes(trainer), median(packed, rounds), median(scalar, rounds), result,
           ratio[0], ratio[rounds - 1]);
    gs_training_free(training);
    gs_trainer_free(trainer);
    return result;
}

int main(int argc, char **argv) {
    const int rounds = argc > 1 ? atoi(argv[1]) : 9;
    const double expected = argc > 2 ? atof(argv[2]) : 0;
    gs_experiment *experiment;
    gs_error error;
    if (rounds < 1 || rounds > LARGEST_ROUNDS) {
        (void)fprintf(stderr, "against_scalar: rounds: expected 1 ... %d\n", LARGEST_ROUNDS);
        return 2;
    }
    if (gs_experiment_parse(EXPERIMENT, strlen(EXPERIMENT), "against_scalar", NULL, 0, &experiment, &error) != GS_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    double best = 0;
    for (int isa = GS_ISA_PORTABLE; isa < GS_ISA_COUNT; isa++) {
        if (gs_isa_available((gs_isa)isa) && (isa != GS_ISA_PORTABLE || gs_isa_best() == GS_ISA_PORTABLE)) {
            best = measure(experiment, (gs_isa)isa, rounds);
        }
    }
    gs_experiment_free(experiment);
    if (best < expected && gs_isa_best() != GS_ISA_PORTABLE) { // which is slow, and says so
        printf("ratio %.1f is below the %.1f expected of %s\n", best, expected, gs_isa_names[gs_isa_best()]);
        return 1;
    }
    return 0;
}
