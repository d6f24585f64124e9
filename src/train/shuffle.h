/// The order of one lane's examples, drawn a few rows at a time: its swaps are integer work, for which a processor has
/// room beside vector arithmetic.
///
/// Inside-out Fisher-Yates (Knuth, TAOCP 2, 3.4.2) on whole rows, from the rows as drawn. Position i draws j uniform in
/// 0 ... i as the high half of word * (i + 1); the low half is the word of the next draw, up to `draws` of a word.
#ifndef GANSWEEP_TRAIN_SHUFFLE_H
#define GANSWEEP_TRAIN_SHUFFLE_H

#include <stdint.h>
#include <string.h>

#include "train/random.h"
#include "train/vector.h"

enum { SHUFFLE_MOST_DRAWS = 4, SHUFFLE_PAIR = 2 };

typedef struct {
    const float *rows;    ///< [n x dimension] as drawn
    float *ordered;       ///< [n x dimension] those placed so far, in order
    const uint64_t *word; ///< the next random word
    int64_t placed, n;    ///< rows
    int64_t beside;       ///< rows that shuffle_beside places: whole words' worth of pairs; 0 for other shapes
    int dimension, draws; ///< floats of a row; draws that a word serves
} row_shuffle;

/// Draws that one word serves for data of n rows.
GS_INLINE int shuffle_draws(int64_t n) {
    return n <= GS_SHUFFLE_FOUR_DRAWS_UP_TO ? SHUFFLE_MOST_DRAWS : 2;
}

GS_INLINE row_shuffle shuffle_start(const float *rows, float *ordered, const uint64_t *words, int64_t n,
                                    int dimension) {
    const int draws = shuffle_draws(n);
    const bool light = dimension == SHUFFLE_PAIR && draws == SHUFFLE_MOST_DRAWS;
    return (row_shuffle){rows, ordered, words, 0, n, light ? n - n % SHUFFLE_MOST_DRAWS : 0, dimension, draws};
}

/// Places `count` rows with one word.
GS_INLINE void shuffle_word(row_shuffle *shuffle, const int count, const int dimension) {
    const size_t bytes = (size_t)dimension * sizeof(float);
    const float *row = shuffle->rows + shuffle->placed * dimension;
    float *const ordered = shuffle->ordered;
    uint64_t word = *shuffle->word++;
    GS_UNROLL for (int draw = 0; draw < count; draw++) {
        const int64_t i = shuffle->placed + draw;
        const unsigned __int128 product = (unsigned __int128)word * (uint64_t)(i + 1);
        const int64_t j = (int64_t)(uint64_t)(product >> 64);
        word = (uint64_t)product;
        memmove(ordered + i * dimension, ordered + j * dimension, bytes);
        memcpy(ordered + j * dimension, row + (ptrdiff_t)draw * dimension, bytes);
    }
    shuffle->placed += count;
}

/// A few rows more, while some are left that take little: called between groups of vector operations.
GS_INLINE void shuffle_beside(row_shuffle *shuffle) {
    if (shuffle->placed < shuffle->beside) {
        shuffle_word(shuffle, SHUFFLE_MOST_DRAWS, SHUFFLE_PAIR);
    }
}

/// All rows that are left.
static void shuffle_finish(row_shuffle *shuffle) {
    while (shuffle->placed < shuffle->beside) {
        shuffle_word(shuffle, SHUFFLE_MOST_DRAWS, SHUFFLE_PAIR);
    }
    while (shuffle->placed < shuffle->n) {
        const int64_t left = shuffle->n - shuffle->placed;
        shuffle_word(shuffle, left < shuffle->draws ? (int)left : shuffle->draws, shuffle->dimension);
    }
}

#endif
