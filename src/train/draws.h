/// Every random draw of one trial in plain scalar C, number by number as docs/randomness.md states it.
///
/// The packed kernel makes the same numbers in lanes; tests hold the two to equal bits. No draw needs its predecessors.
#ifndef GANSWEEP_TRAIN_DRAWS_H
#define GANSWEEP_TRAIN_DRAWS_H

#include "gansweep/train.h"
#include "train/convention.h"
#include "train/random.h"

/// Standard normals number first ... first + count - 1 of a stream.
/// @param normals  [count]
void gs_draw_normals(uint64_t seed, gs_stream stream, uint32_t epoch, uint64_t first, uint64_t count, float *normals);

/// The order in which an epoch visits the examples.
/// @param epoch  0-based
/// @param order  [n] row numbers
void gs_draw_order(uint64_t shuffle_seed, uint32_t epoch, int64_t n, int64_t *order);

/// Initial parameters of a network.
/// @param parameters  [layers->parameter_count]
void gs_draw_parameters(uint64_t seed, gs_stream stream, const gs_layers *layers, gs_initialisation rule,
                        float *parameters);

/// The first rows of the real data X A + b.
/// @param count  0 ... n
/// @param rows  [count x dimension], row-major
void gs_draw_data(const gs_data_law *law, uint64_t data_seed, int64_t count, float *rows);

#endif
