/// What the tests of training share: experiments as text, settings, one trainer's results, comparison of bits.
#ifndef GANSWEEP_TESTS_TRAIN_TRAINER_TEST_H
#define GANSWEEP_TESTS_TRAIN_TRAINER_TEST_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gansweep/train.h"

/// The instruction set that this program was compiled for; the build sets it where it matters.
#ifndef TEST_ISA
#define TEST_ISA GS_ISA_PORTABLE
#endif

/// A few random bits that owe nothing to the code under test (splitmix64: Steele, Lea & Flood 2014).
static inline uint64_t test_mix(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#endif
