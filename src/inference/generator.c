#include "inference/generator.h"

#include "train/random.h"

static unsigned long next_word(void *memory) {
    gs_generator_state *state = memory;
    if (state->used == GS_GENERATOR_WORDS) {
        uint32_t counter[GS_GENERATOR_WORDS] = {state->block++, state->draw[0], state->draw[1], 0};
        gs_philox_scalar(counter, state->key[0], state->key[1]);
        for (int i = 0; i < GS_GENERATOR_WORDS; i++) {
            state->words[i] = counter[i];
        }
        state->used = 0;
    }
    return state->words[state->used++];
}

static double next_double(void *memory) {
    return (double)next_word(memory) * 0x1p-32;
}

/// GSL's way to begin; gs_generator_begin does the work.
static void set_nothing(void *memory, unsigned long seed) {
    (void)memory, (void)seed;
}

static const gsl_rng_type philox = {
    .name = "Philox4x32-10",
    .max = UINT32_MAX,
    .min = 0,
    .size = sizeof(gs_generator_state),
    .set = set_nothing,
    .get = next_word,
    .get_double = next_double,
};

gsl_rng gs_generator_begin(gs_generator_state *state, uint64_t seed, int64_t draw) {
    *state = (gs_generator_state){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .draw = {(uint32_t)draw, (uint32_t)((uint64_t)draw >> 32)},
        .used = GS_GENERATOR_WORDS,
    };
    return (gsl_rng){.type = &philox, .state = state};
}
