#include "speed/rate.h"

#include <omp.h>
#include <stdlib.h>

#include "gansweep/plan.h"
#include "speed/scalar_loop.h"

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/// @param values  [count] sorted on return
static gs_rate rate_of(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return (gs_rate){
        .median = (values[count / 2] + values[(count - 1) / 2]) / 2, .low = values[0], .high = values[count - 1]};
}

/// A trainer with somewhere to put its results, and the trials that it is given.
typedef struct {
    gs_trainer *trainer;
    gs_training *training;
    gs_settings settings; ///< of every trial, but for its seeds and its rate
    int lanes;
    int packs_of_a_seed; ///< that follow each other under different learning rates
    int64_t packs;       ///< trained so far
} bench_hand;

static void free_hand(bench_hand *hand) {
    gs_training_free(hand->training);
    gs_trainer_free(hand->trainer);
}

static gs_status create_hand(const gs_experiment *experiment, gs_isa isa, int packs_of_a_seed, bench_hand *hand,
                             gs_error *error) {
    gs_plan *plan;
    *hand = (bench_hand){.packs_of_a_seed = packs_of_a_seed};
    gs_status status = gs_trainer_create(experiment, isa, &hand->trainer, error);
    if (status != GS_OK) {
        return status;
    }
    hand->lanes = gs_trainer_lanes(hand->trainer);
    hand->training = gs_training_create(experiment, hand->lanes);
    if (hand->training == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the results of one pack of trials");
    }
    status = gs_plan_create(experiment, &plan, error);
    if (status == GS_OK) {
        gs_plan_settings(plan, 0, &hand->settings);
        gs_plan_free(plan);
    }
    return status;
}

static const double RATE_STEP = 0.01; // by which packs of the same seeds differ

/// One pack, of seeds that no packs but its own set had: a branch predictor must not learn them.
static void train_one(bench_hand *hand, int64_t *seed) {
    const int64_t of_set = hand->packs++ % hand->packs_of_a_seed;
    gs_settings settings[GS_MAX_LANES];
    for (int row = 0; row < hand->lanes; row++) {
        settings[row] = hand->settings;
        settings[row].seed = settings[row].data_seed = settings[row].shuffle_seed = *seed + row + 1;
        settings[row].lr_D *= 1 - RATE_STEP * (double)of_set;
    }
    if (of_set + 1 == hand->packs_of_a_seed) {
        *seed += hand->lanes;
    }
    (void)gs_train(hand->trainer, settings, hand->lanes, NULL, hand->training);
}

/// Trials a second of one thread over at least `least_seconds`.
static double time_hand(bench_hand *hand, double least_seconds, int64_t *seed) {
    const double start = omp_get_wtime();
    int64_t trials = 0;
    double seconds;
    do {
        train_one(hand, seed);
        trials += hand->lanes;
        seconds = omp_get_wtime() - start;
    } while (seconds < least_seconds);
    return (double)trials / seconds;
}

gs_status gs_rate_of_training(const gs_experiment *experiment, gs_isa isa, int threads, int repeats,
                              double least_seconds, gs_rate *trials, gs_error *error) {
    gs_status first_failure = GS_OK;
    double *rates = calloc((size_t)repeats, sizeof *rates);
    if (rates == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for %d measurements", repeats);
    }
#pragma omp parallel num_threads(threads)
    {
        bench_hand hand;
        gs_error failure;
        int64_t seed = (int64_t)omp_get_thread_num() << 32;
        const gs_status status = create_hand(experiment, isa, 1, &hand, &failure);
#pragma omp critical(gs_rate_failure)
        if (status != GS_OK && first_failure == GS_OK) {
            first_failure = gs_fail(error, status, "%s", failure.message);
        }
#pragma omp barrier
        const bool all_ready = first_failure == GS_OK; // nobody writes it any more
        if (all_ready) {
            train_one(&hand, &seed); // for warmth
        }
        for (int repeat = 0; repeat < repeats && all_ready; repeat++) {
#pragma omp barrier
            const double rate = time_hand(&hand, least_seconds, &seed);
#pragma omp critical(gs_rate_sum)
            rates[repeat] += rate;
        }
        free_hand(&hand);
    }
    if (first_failure == GS_OK) {
        *trials = rate_of(rates, repeats);
    }
    free(rates);
    return first_failure;
}

static scalar_training *best_scalar_loop(void) {
#if defined(__x86_64__)
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        return gs_scalar_train_v4;
    }
    if (v3) {
        return gs_scalar_train_v3;
    }
#endif
    return gs_scalar_train_baseline;
}

/// Trials a second of the scalar loop.
static double time_scalar(scalar_training *train, int epochs, double least_seconds, int64_t *seed) {
    const double start = omp_get_wtime();
    int64_t trials = 0;
    double seconds;
    do {
        scalar_result result;
        train((uint64_t)++ * seed, epochs, &result);
        trials++;
        seconds = omp_get_wtime() - start;
    } while (seconds < least_seconds);
    return (double)trials / seconds;
}

gs_status gs_rate_against_scalar(const gs_experiment *experiment, gs_isa isa, int packs_of_a_seed, int repeats,
                                 double least_seconds, gs_rate *trials, gs_rate *scalar, gs_rate *ratio,
                                 gs_error *error) {
    bench_hand hand;
    int64_t seed = 0, scalar_seed = 0;
    double *rates = calloc(3 * (size_t)repeats, sizeof *rates);
    if (rates == NULL) {
        return gs_fail(error, GS_ERROR_RUN, "out of memory for %d measurements", repeats);
    }
    double *const of_packs = rates, *const of_scalar = rates + repeats, *const ratios = rates + 2 * (ptrdiff_t)repeats;
    const gs_status status = create_hand(experiment, isa, packs_of_a_seed, &hand, error);
    if (status == GS_OK) {
        scalar_training *const loop = best_scalar_loop();
        train_one(&hand, &seed); // for warmth
        for (int i = 0; i < repeats; i++) {
            of_scalar[i] = time_scalar(loop, (int)hand.settings.epochs, least_seconds, &scalar_seed);
            of_packs[i] = time_hand(&hand, least_seconds, &seed);
            ratios[i] = of_packs[i] / of_scalar[i];
        }
        *trials = rate_of(of_packs, repeats);
        *scalar = rate_of(of_scalar, repeats);
        *ratio = rate_of(ratios, repeats);
    }
    free_hand(&hand);
    free(rates);
    return status;
}
