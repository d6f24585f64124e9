/// How fast training goes: rates of packs and of the plain scalar loop, measured in turn.
#ifndef GANSWEEP_SPEED_RATE_H
#define GANSWEEP_SPEED_RATE_H

#include "gansweep/train.h"

enum { GS_MOST_REPEATS = 1000 };

/// A rate over repeated measurements.
typedef struct {
    double median, low, high;
} gs_rate;

/// Trains full packs of the experiment's first values on `threads` threads at once, each with a trainer of its own.
/// @param repeats  1 ... GS_MOST_REPEATS
/// @param least_seconds  that one measurement takes
/// @param trials  filled with trials a second of all threads together
gs_status gs_rate_of_training(const gs_experiment *experiment, gs_isa isa, int threads, int repeats,
                              double least_seconds, gs_rate *trials, gs_error *error);

/// The same beside the scalar loop, which does the d2l.ai training of as many epochs on one thread, in turn.
/// @param packs_of_a_seed  packs after each other with the same seeds, under different learning rates as in a sweep
/// @param ratio  of the two in each turn
gs_status gs_rate_against_scalar(const gs_experiment *experiment, gs_isa isa, int packs_of_a_seed, int repeats,
                                 double least_seconds, gs_rate *trials, gs_rate *scalar, gs_rate *ratio,
                                 gs_error *error);

#endif
