/// Random numbers for resamples and permutations: Philox4x32-10 as a generator of GSL's, so that its distributions can
/// be drawn from. Any draw can be had alone, from its number: threads change nothing.
#ifndef GANSWEEP_INFERENCE_GENERATOR_H
#define GANSWEEP_INFERENCE_GENERATOR_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

enum { GS_GENERATOR_WORDS = 4 }; ///< of a block

/// What a generator is at.
typedef struct {
    uint32_t words[GS_GENERATOR_WORDS], block;
    uint32_t key[2], draw[2];
    int used;
} gs_generator_state;

/// The numbers of one draw, from their beginning.
/// @param state  is the generator's memory, and must outlive it
gsl_rng gs_generator_begin(gs_generator_state *state, uint64_t seed, int64_t draw);

#endif
