/// What every random number of a trial is for: keys, streams and counters of Philox4x32-10 (docs/randomness.md).
///
/// Philox (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") is a pure function from a counter of four
/// 32-bit words and a key of two to four random words, a *block*. The key is one of a trial's three seeds, low word
/// first. The counter is (block, epoch or layer, stream, 0), so any number can be had without its predecessors.
#ifndef GANSWEEP_TRAIN_RANDOM_H
#define GANSWEEP_TRAIN_RANDOM_H

#include <stdint.h>

typedef enum {
    GS_STREAM_DATA = 0,               ///< key data_seed; counter (block, 0): normals of the real rows
    GS_STREAM_INIT_DISCRIMINATOR = 1, ///< key seed; counter (block, layer): its weights, then its biases
    GS_STREAM_INIT_GENERATOR = 2,     ///< the same for the generator
    GS_STREAM_SHUFFLE = 3,            ///< key shuffle_seed; counter (block, epoch): 64-bit words of the order
    GS_STREAM_LATENT = 4,             ///< key seed; counter (block, epoch): latents by position in the epoch
    GS_STREAM_SAMPLE = 5,             ///< key seed; counter (block, 0): latents of the samples that are checked
} gs_stream;

/// Multipliers and Weyl constants of Philox4x32 (Salmon et al. 2011, table 2; Random123's philox.h).
#define GS_PHILOX_M0 0xD2511F53u
#define GS_PHILOX_M1 0xCD9E8D57u
#define GS_PHILOX_W0 0x9E3779B9u
#define GS_PHILOX_W1 0xBB67AE85u
enum { GS_PHILOX_ROUNDS = 10 };

/// Up to this many rows one 64-bit word serves four bounded draws of the shuffle, beyond it two: a group's draws
/// together have at most n^4 or n^2 outcomes among the word's 2^64 values. docs/randomness.md says how far an order's
/// probability can be off.
enum { GS_SHUFFLE_FOUR_DRAWS_UP_TO = 1625 };

/// Standard deviation of the normal initialisation (d2l.ai 17.1.3).
#define GS_INIT_STANDARD_DEVIATION 0.02f

/// One block in plain C: `counter` becomes the four random words.
static inline void gs_philox_scalar(uint32_t counter[4], uint32_t key0, uint32_t key1) {
    for (int round = 0; round < GS_PHILOX_ROUNDS; round++) {
        const uint64_t p = (uint64_t)GS_PHILOX_M0 * counter[0];
        const uint64_t q = (uint64_t)GS_PHILOX_M1 * counter[2];
        const uint32_t c0 = (uint32_t)(q >> 32) ^ counter[1] ^ key0;
        const uint32_t c2 = (uint32_t)(p >> 32) ^ counter[3] ^ key1;
        counter[1] = (uint32_t)q;
        counter[3] = (uint32_t)p;
        counter[0] = c0;
        counter[2] = c2;
        key0 += GS_PHILOX_W0;
        key1 += GS_PHILOX_W1;
    }
}

#endif
