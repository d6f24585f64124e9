/// Trains packs of trials: as many as a vector has float lanes, one trial a lane, in lockstep.
///
/// The numbers of a trial depend on its settings and its experiment alone: not on the lane, the trials beside it, the
/// instruction set, the compiler or the number of threads. docs/randomness.md defines every draw.
#ifndef GANSWEEP_TRAIN_H
#define GANSWEEP_TRAIN_H

#include "gansweep/experiment.h"

/// Version of the numerical contract: a trial's bits change only together with it.
#define GS_NUMERICS_VERSION 3

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    GS_ISA_AUTO, ///< the fastest that this processor has
    GS_ISA_PORTABLE,
    GS_ISA_NEON,
    GS_ISA_AVX2,
    GS_ISA_AVX512,
    GS_ISA_COUNT,
} gs_isa;

extern const char *const gs_isa_names[GS_ISA_COUNT]; ///< "auto", "portable", "neon", "avx2", "avx512"

/// Whether this program and this processor have an instruction set.
bool gs_isa_available(gs_isa isa);
/// The instruction set that GS_ISA_AUTO stands for on this processor: the fastest that it has. Where it has both AVX2
/// and AVX-512 the first call measures them, about 10 ms.
gs_isa gs_isa_best(void);
/// Float lanes of a vector: the number of trials in a pack.
int gs_isa_lanes(gs_isa isa);

enum { GS_MAX_LANES = 16 };

/// Sizes of the layers of one network, hidden and output: layer i maps size[i] inputs to size[i + 1] units.
/// Parameters are stored layer by layer: weights [size[i + 1] x size[i]], row-major, then biases [size[i + 1]].
typedef struct {
    int layer_count;
    int size[GS_MAX_HIDDEN_LAYERS + 2];
    int64_t parameter_count;
} gs_layers;

void gs_generator_layers(const gs_experiment *experiment, int64_t latent_dim, gs_layers *layers);
void gs_discriminator_layers(const gs_experiment *experiment, gs_layers *layers);

/// The trained nets as they are left: their losses, and how steep they are, over all real rows and all checked samples.
/// The gradients are those of the means, whatever the convention sums. All NaN for a diverged trial.
typedef struct {
    double loss_D, loss_G; ///< nats per example, of the trained discriminator and through it
    double logit_spread;   ///< standard deviation of its logits over real rows and samples, half the weight each
    double gradient_norm_D, gradient_norm_G; ///< Euclidean norms of the losses' gradients in their own net's parameters
} gs_ending;

/// Where the results of a pack's trials go. Each row belongs to one trial, trial k of the pack to row k; the row
/// lengths are sized for the experiment's largest epochs and latent_dim. Rows of trials with fewer epochs are filled
/// with NaN. A diverged trial's floats are the quiet NaN 0x7fc00000 from its first diverged epoch on, and wholly in the
/// rest.
typedef struct {
    float *loss_D;             ///< [lanes x epochs] nats per example, the mean over each epoch
    float *loss_G;             ///< [lanes x epochs]
    float *generator;          ///< [lanes x generator parameters], gs_layers order for the trial's own latent_dim
    float *discriminator;      ///< [lanes x discriminator parameters]
    float *generator_by_epoch; ///< [lanes x epochs x generator parameters], or NULL
    float *samples;            ///< [lanes x check_samples x dimension] drawn from the trained generator
    float *real;               ///< [lanes x n x dimension] the real data as drawn, or NULL
    float *latents;            ///< [lanes x check_samples x latent_dim] what the samples were made from, or NULL
    gs_ending *ending;         ///< [lanes]
    int64_t *diverged_epoch;   ///< [lanes] 1-based epoch at whose end a loss or a parameter was not finite; 0: none
} gs_training;

/// One thread's trainer: its workspace is allocated here, and nothing is allocated while training.
typedef struct gs_trainer gs_trainer;

/// @param experiment  must outlive the trainer
/// @param isa  GS_ISA_AUTO or one that is available
gs_status gs_trainer_create(const gs_experiment *experiment, gs_isa isa, gs_trainer **trainer, gs_error *error);
void gs_trainer_free(gs_trainer *trainer);
int gs_trainer_lanes(const gs_trainer *trainer);

/// Trains `count` trials of equal batch_size, latent_dim and epochs, 1 <= count <= lanes, and draws their samples.
/// @param settings  [count]
/// @param stop  polled at every step; when it becomes true training ends early; may be NULL
/// @return whether training was completed; on false the results are not to be used
bool gs_train(gs_trainer *trainer, const gs_settings *settings, int count, const volatile int *stop,
              const gs_training *training);

/// A buffer for one pack's results with every row allocated, or NULL when out of memory.
gs_training *gs_training_create(const gs_experiment *experiment, int lanes);
void gs_training_free(gs_training *training);

/// The first rows of the real data that a trial is trained on. Like the two below it gives gs_train's bits, in plain C.
/// @param count  0 ... n
/// @param rows  [count x dimension], row-major, out
void gs_real_data(const gs_experiment *experiment, int64_t data_seed, int64_t count, float *rows);

/// The generator's parameters before the first step.
/// @param parameters  [generator parameters], gs_layers order for settings->latent_dim, out
void gs_untrained_generator(const gs_experiment *experiment, const gs_settings *settings, float *parameters);

/// The first samples of a generator: those that are checked, and any number more of the same stream.
/// @param parameters  [generator parameters], gs_layers order for settings->latent_dim
/// @param samples  [count x dimension], row-major, out; not finite where the parameters are not
void gs_generator_samples(const gs_experiment *experiment, const gs_settings *settings, const float *parameters,
                          int64_t count, float *samples);

#ifdef __cplusplus
}
#endif
#endif
