/// The pack kernel as the trainer sees it: one table of functions for each instruction set.
#ifndef GANSWEEP_TRAIN_KERNEL_H
#define GANSWEEP_TRAIN_KERNEL_H

#include "gansweep/train.h"

/// What the lanes of a pack share, and what differs between them.
typedef struct {
    int64_t batch_size, epochs, latent_dim;
    uint64_t data_seed[GS_MAX_LANES], seed[GS_MAX_LANES], shuffle_seed[GS_MAX_LANES];
    float lr_D[GS_MAX_LANES], lr_G[GS_MAX_LANES];
    gs_convention convention[GS_MAX_LANES];
    gs_generator_loss generator_loss[GS_MAX_LANES];
} gs_pack;

typedef struct {
    int lanes;
    /// Allocates a workspace for the largest shape of the experiment; NULL when out of memory.
    void *(*create)(const gs_experiment *experiment);
    void (*destroy)(void *workspace);
    /// Trains all lanes and stores the first `count` rows. @return false when stopped early.
    bool (*train)(void *workspace, const gs_pack *pack, int count, const volatile int *stop,
                  const gs_training *training);
} gs_kernel;

extern const gs_kernel gs_kernel_portable;
extern const gs_kernel gs_kernel_counting_8, gs_kernel_counting_16; ///< portable, with operation.h's counts
#if defined(__x86_64__)
extern const gs_kernel gs_kernel_avx2;
extern const gs_kernel gs_kernel_avx512;
#elif defined(__aarch64__)
extern const gs_kernel gs_kernel_neon;
#endif

#endif
