/// A thread's trainer: chooses the instruction set, fills the lanes of a pack, guards the floating-point state.
#include <fenv.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#include <pthread.h>

#include "train/fastest.h"
#endif

#include "train/kernel.h"

const char *const gs_isa_names[GS_ISA_COUNT] = {"auto", "portable", "neon", "avx2", "avx512"};

struct gs_trainer {
    const gs_kernel *kernel;
    void *workspace;
};

static const gs_kernel *kernel_of(gs_isa isa) {
    switch (isa) {
    case GS_ISA_PORTABLE:
        return &gs_kernel_portable;
#if defined(__x86_64__)
    case GS_ISA_AVX2:
        return &gs_kernel_avx2;
    case GS_ISA_AVX512:
        return &gs_kernel_avx512;
#elif defined(__aarch64__)
    case GS_ISA_NEON:
        return &gs_kernel_neon;
#endif
    default:
        return NULL;
    }
}

bool gs_isa_available(gs_isa isa) {
    switch (isa) {
    case GS_ISA_AUTO:
    case GS_ISA_PORTABLE:
        return true;
#if defined(__x86_64__)
    case GS_ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case GS_ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#elif defined(__aarch64__)
    case GS_ISA_NEON:
        return true;      // a part of every AArch64 processor
#endif
    default:
        return false;
    }
}

#if defined(__x86_64__)
/// Where a processor lowers its clock for 512 bits, or does them in halves, 256 may win. Found once in the process, so
/// that everyone asks for the same number of lanes.
static pthread_once_t faster_once = PTHREAD_ONCE_INIT;
static gs_isa faster_found;

static void find_faster(void) {
    faster_found = gs_isa_faster(GS_ISA_AVX512, GS_ISA_AVX2);
}
#endif

gs_isa gs_isa_best(void) {
#if defined(__x86_64__)
    if (gs_isa_available(GS_ISA_AVX512) && gs_isa_available(GS_ISA_AVX2)) {
        (void)pthread_once(&faster_once, find_faster);
        return faster_found;
    }
#endif
    for (int isa = GS_ISA_COUNT - 1; isa > GS_ISA_PORTABLE; isa--) {
        if (gs_isa_available((gs_isa)isa)) {
            return (gs_isa)isa;
        }
    }
    return GS_ISA_PORTABLE;
}

int gs_isa_lanes(gs_isa isa) {
    const gs_kernel *kernel = kernel_of(isa == GS_ISA_AUTO ? gs_isa_best() : isa);
    return kernel == NULL ? 0 : kernel->lanes;
}

gs_status gs_trainer_create(const gs_experiment *experiment, gs_isa isa, gs_trainer **trainer, gs_error *error) {
    const gs_isa chosen = isa == GS_ISA_AUTO ? gs_isa_best() : isa;
    *trainer = NULL;
    if (kernel_of(chosen) == NULL || !gs_isa_available(chosen)) {
        return gs_fail(error, GS_ERROR_INPUT,
                       "instruction set %s: this processor does not have it, expected one of: %s",
                       chosen >= 0 && chosen < GS_ISA_COUNT ? gs_isa_names[chosen] : "?", gs_isa_names[gs_isa_best()]);
    }
    gs_trainer *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->kernel = kernel_of(chosen);
        made->workspace = made->kernel->create(experiment);
    }
    if (made == NULL || made->workspace == NULL) {
        free(made);
        return gs_fail(error, GS_ERROR_RUN, "out of memory for the training workspace of one thread");
    }
    *trainer = made;
    return GS_OK;
}

void gs_trainer_free(gs_trainer *trainer) {
    if (trainer != NULL) {
        trainer->kernel->destroy(trainer->workspace);
        free(trainer);
    }
}

int gs_trainer_lanes(const gs_trainer *trainer) {
    return trainer->kernel->lanes;
}

/// Lanes beyond the last trial repeat it, so that they never do anything that a real trial does not.
static void fill_lanes(gs_pack *pack, const gs_settings *settings, int count) {
    pack->batch_size = settings->batch_size;
    pack->epochs = settings->epochs;
    pack->latent_dim = settings->latent_dim;
    for (int lane = 0; lane < GS_MAX_LANES; lane++) {
        const gs_settings *of = &settings[lane < count ? lane : count - 1];
        pack->data_seed[lane] = (uint64_t)of->data_seed;
        pack->seed[lane] = (uint64_t)of->seed;
        pack->shuffle_seed[lane] = (uint64_t)of->shuffle_seed;
        pack->lr_D[lane] = (float)of->lr_D;
        pack->lr_G[lane] = (float)of->lr_G;
        pack->convention[lane] = of->convention;
        pack->generator_loss[lane] = of->generator_loss;
    }
}

/// Round to nearest, subnormals kept: the caller's state may differ (a linked library built with fast-math sets it).
static void enter_ieee(fenv_t *saved) {
    fegetenv(saved);
    fesetround(FE_TONEAREST);
#if defined(__x86_64__)
    const unsigned flush_to_zero = 0x8000u, denormals_are_zero = 0x0040u;
    _mm_setcsr(_mm_getcsr() & ~(flush_to_zero | denormals_are_zero));
#elif defined(__aarch64__)
    fesetenv(FE_DFL_ENV); // clears FZ of FPCR
#endif
}

bool gs_train(gs_trainer *trainer, const gs_settings *settings, int count, const volatile int *stop,
              const gs_training *training) {
    gs_pack pack;
    fenv_t saved;
    fill_lanes(&pack, settings, count);
    enter_ieee(&saved);
    const bool completed = trainer->kernel->train(trainer->workspace, &pack, count, stop, training);
    fesetenv(&saved);
    return completed;
}

gs_training *gs_training_create(const gs_experiment *experiment, int lanes) {
    gs_layers generator, discriminator;
    const size_t rows = (size_t)lanes;
    const size_t epochs = (size_t)gs_experiment_largest(experiment, GS_SETTING_EPOCHS);
    gs_generator_layers(experiment, gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM), &generator);
    gs_discriminator_layers(experiment, &discriminator);
    const size_t of_G = (size_t)generator.parameter_count, of_D = (size_t)discriminator.parameter_count;
    gs_training *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    made->loss_D = calloc(rows * epochs, sizeof(float));
    made->loss_G = calloc(rows * epochs, sizeof(float));
    made->generator = calloc(rows * of_G, sizeof(float));
    made->discriminator = calloc(rows * of_D, sizeof(float));
    made->samples =
        calloc(rows * (size_t)experiment->check_samples * (size_t)experiment->data.dimension, sizeof(float));
    made->ending = calloc(rows, sizeof *made->ending);
    made->diverged_epoch = calloc(rows, sizeof(int64_t));
    if (experiment->check_jacobian) {
        const size_t latents =
            (size_t)experiment->check_samples * (size_t)gs_experiment_largest(experiment, GS_SETTING_LATENT_DIM);
        made->real = calloc(rows * (size_t)experiment->data.n * (size_t)experiment->data.dimension, sizeof(float));
        made->latents = calloc(rows * latents, sizeof(float));
    }
    if (experiment->keep_generator_by_epoch) {
        made->generator_by_epoch = calloc(rows * epochs * of_G, sizeof(float));
    }
    const bool complete = made->loss_D != NULL && made->loss_G != NULL && made->generator != NULL &&
                          made->discriminator != NULL && made->samples != NULL && made->ending != NULL &&
                          made->diverged_epoch != NULL &&
                          ((made->real != NULL && made->latents != NULL) || !experiment->check_jacobian) &&
                          (made->generator_by_epoch != NULL || !experiment->keep_generator_by_epoch);
    if (!complete) {
        gs_training_free(made);
        return NULL;
    }
    return made;
}

void gs_training_free(gs_training *training) {
    if (training != NULL) {
        free(training->loss_D);
        free(training->loss_G);
        free(training->generator);
        free(training->discriminator);
        free(training->generator_by_epoch);
        free(training->samples);
        free(training->real);
        free(training->latents);
        free(training->ending);
        free(training->diverged_epoch);
        free(training);
    }
}
