/// One dense layer in lanes: forward, and both halves of backward.
///
/// Weights are [out x in], row-major; examples lie one after the other, [count x in] or [count x out]; each element is
/// a vector of lanes. Every sum runs in a fixed order within its lane (inputs, units or examples ascending), so that
/// tiles and unrolling change the speed and never a bit. Small shapes get instances with their sizes as constants, in
/// which weights and sums stay in registers; layers of any other size are worked through in tiles of sums.
#ifndef GANSWEEP_TRAIN_DENSE_H
#define GANSWEEP_TRAIN_DENSE_H

#include <stdbool.h>
#include <stddef.h>

#include "train/polynomials.h"
#include "train/shuffle.h"
#include "train/vector.h"

/// Examples that are worked on side by side, so that their chains of dependent operations overlap.
enum { DENSE_GROUP = 4 };

/// Tiles of sums that stay in registers: of weights' gradients, the largest of them, and a small layer's weights.
enum { DENSE_TILE = 4, DENSE_LARGEST_TILE = 5, DENSE_SMALL = 15 };

/// From this many units on a layer is wide.
enum { DENSE_WIDE = 32 };

/// Units (or, backward, inputs) of a group of examples in one tile: 16 sums of 32 registers, 8 of 16.
#if GS_LANES == 16
enum { DENSE_TILE_UNITS = 4 };
#else
enum { DENSE_TILE_UNITS = 2 };
#endif

typedef enum { DENSE_LINEAR, DENSE_TANH } dense_activation;

/// y[k][i] = f(bias[i] + sum_j weight[i][j] x[k][j]) for `group` examples and one unit.
GS_INLINE void dense_unit(const vfloat *restrict weight, vfloat bias, const vfloat *restrict x, vfloat *restrict y,
                          const int in, const int out, const dense_activation activation, const int group) {
    vfloat t[DENSE_GROUP];
    GS_UNROLL for (int u = 0; u < group; u++) {
        t[u] = bias;
    }
    for (int j = 0; j < in; j++) {
        GS_UNROLL for (int u = 0; u < group; u++) {
            t[u] = vfma(weight[j], x[(ptrdiff_t)u * in + j], t[u]);
        }
    }
    if (activation == DENSE_TANH) {
        vf_tanh_n(t, group);
    }
    GS_UNROLL for (int u = 0; u < group; u++) {
        y[(ptrdiff_t)u * out] = t[u];
    }
}

/// The same for one example and `group` units: what overlaps are the units.
GS_INLINE void dense_units(const vfloat *restrict weight, const vfloat *restrict bias, const vfloat *restrict x,
                           vfloat *restrict y, const int in, const dense_activation activation, const int group) {
    vfloat t[DENSE_GROUP];
    GS_UNROLL for (int u = 0; u < group; u++) {
        t[u] = bias[u];
    }
    for (int j = 0; j < in; j++) {
        GS_UNROLL for (int u = 0; u < group; u++) {
            t[u] = vfma(weight[(ptrdiff_t)u * in + j], x[j], t[u]);
        }
    }
    if (activation == DENSE_TANH) {
        vf_tanh_n(t, group);
    }
    GS_UNROLL for (int u = 0; u < group; u++) {
        y[u] = t[u];
    }
}

/// A tile of `units` x `group` sums: each weight serves `group` examples and each input `units` units.
GS_INLINE void dense_forward_tile(const vfloat *restrict weight, const vfloat *restrict bias, const vfloat *restrict x,
                                  vfloat *restrict y, const int in, const int out, const dense_activation activation,
                                  const int units, const int group) {
    vfloat t[DENSE_TILE][DENSE_GROUP];
    GS_UNROLL for (int i = 0; i < units; i++) {
        GS_UNROLL for (int u = 0; u < group; u++) {
            t[i][u] = bias[i];
        }
    }
    GS_NO_UNROLL for (int j = 0; j < in; j++) {
        GS_UNROLL for (int i = 0; i < units; i++) {
            const vfloat w = weight[(ptrdiff_t)i * in + j];
            GS_UNROLL for (int u = 0; u < group; u++) {
                t[i][u] = vfma(w, x[(ptrdiff_t)u * in + j], t[i][u]);
            }
        }
    }
    GS_UNROLL for (int i = 0; i < units; i++) {
        if (activation == DENSE_TANH) {
            vf_tanh_n(t[i], group);
        }
        GS_UNROLL for (int u = 0; u < group; u++) {
            y[(ptrdiff_t)u * out + i] = t[i][u];
        }
    }
}

/// All units of an example that is left over from the groups.
GS_INLINE void dense_example(const vfloat *restrict weight, const vfloat *restrict bias, const vfloat *restrict x,
                             vfloat *restrict y, const int in, const int out, const dense_activation activation) {
    const int grouped = out - out % DENSE_GROUP;
    for (int i = 0; i < grouped; i += DENSE_GROUP) {
        dense_units(weight + (ptrdiff_t)i * in, bias + i, x, y + i, in, activation, DENSE_GROUP);
    }
    for (int i = grouped; i < out; i++) {
        dense_units(weight + (ptrdiff_t)i * in, bias + i, x, y + i, in, activation, 1);
    }
}

/// A small layer, whose sizes are constants: unit by unit, with its weights in registers.
GS_INLINE void dense_forward_small(const vfloat *restrict weight, const vfloat *restrict bias, const vfloat *restrict x,
                                   vfloat *restrict y, ptrdiff_t count, const int in, const int out,
                                   const dense_activation activation, row_shuffle *beside) {
    const ptrdiff_t grouped = count - count % DENSE_GROUP;
    GS_NO_UNROLL for (int i = 0; i < out; i++) {
        vfloat w[DENSE_LARGEST_TILE]; // in registers
        GS_UNROLL for (int j = 0; j < in; j++) {
            w[j] = weight[(ptrdiff_t)i * in + j];
        }
        const vfloat b = bias[i];
        GS_NO_UNROLL for (ptrdiff_t k = 0; k < grouped; k += DENSE_GROUP) {
            dense_unit(w, b, x + k * in, y + k * out + i, in, out, activation, DENSE_GROUP);
            if (activation == DENSE_TANH) { // long enough to hide behind
                shuffle_beside(beside);
            }
        }
    }
    GS_NO_UNROLL for (ptrdiff_t k = grouped; k < count; k++) {
        dense_example(weight, bias, x + k * in, y + k * out, in, out, activation);
    }
}

/// The same for any sizes: tiles of units and examples, so that an input or a weight is loaded once for several sums.
GS_INLINE void dense_forward_tiles(const vfloat *restrict weight, const vfloat *restrict bias, const vfloat *restrict x,
                                   vfloat *restrict y, ptrdiff_t count, const int in, const int out,
                                   const dense_activation activation, row_shuffle *beside) {
    const ptrdiff_t grouped = count - count % DENSE_GROUP;
    const int tiled = out - out % DENSE_TILE_UNITS;
    for (int i = 0; i < tiled; i += DENSE_TILE_UNITS) {
        for (ptrdiff_t k = 0; k < grouped; k += DENSE_GROUP) {
            dense_forward_tile(weight + (ptrdiff_t)i * in, bias + i, x + k * in, y + k * out + i, in, out, activation,
                               DENSE_TILE_UNITS, DENSE_GROUP);
            shuffle_beside(beside);
        }
    }
    for (int i = tiled; i < out; i++) {
        for (ptrdiff_t k = 0; k < grouped; k += DENSE_GROUP) {
            dense_forward_tile(weight + (ptrdiff_t)i * in, bias + i, x + k * in, y + k * out + i, in, out, activation,
                               1, DENSE_GROUP);
        }
    }
    for (ptrdiff_t k = grouped; k < count; k++) {
        dense_example(weight, bias, x + k * in, y + k * out, in, out, activation);
    }
}

/// @param x  [count x in]
/// @param y  [count x out] result
/// @param beside  a shuffle to go on with meanwhile, or one without rows
static void dense_forward(const vfloat *weight, const vfloat *bias, const vfloat *x, vfloat *y, ptrdiff_t count, int in,
                          int out, dense_activation activation, row_shuffle *beside) {
    if (in == 2 && out == 5 && activation == DENSE_TANH) {
        dense_forward_small(weight, bias, x, y, count, 2, 5, DENSE_TANH, beside);
    } else if (in == 5 && out == 3 && activation == DENSE_TANH) {
        dense_forward_small(weight, bias, x, y, count, 5, 3, DENSE_TANH, beside);
    } else if (in == 3 && out == 1 && activation == DENSE_LINEAR) {
        dense_forward_small(weight, bias, x, y, count, 3, 1, DENSE_LINEAR, beside);
    } else if (in == 2 && out == 2 && activation == DENSE_LINEAR) {
        dense_forward_small(weight, bias, x, y, count, 2, 2, DENSE_LINEAR, beside);
    } else if (activation == DENSE_TANH) {
        dense_forward_tiles(weight, bias, x, y, count, in, out, DENSE_TANH, beside);
    } else {
        dense_forward_tiles(weight, bias, x, y, count, in, out, DENSE_LINEAR, beside);
    }
}

/// A tile of the weights' gradient, dL/dw[i][j] = sum_k delta[k][i] x[k][j], with its sums in registers; and with
/// `biases` that of the tile's rows, dL/db[i] = sum_k delta[k][i]. Examples' deltas lie `out` apart.
GS_INLINE void dense_gradient_tile(const vfloat *restrict delta, const vfloat *restrict x, vfloat *restrict weight,
                                   vfloat *restrict bias, ptrdiff_t count, const int in, const int out, const int rows,
                                   const int columns, const bool biases) {
    vfloat sum[DENSE_LARGEST_TILE][DENSE_LARGEST_TILE], bias_sum[DENSE_LARGEST_TILE];
    GS_UNROLL for (int i = 0; i < rows; i++) {
        bias_sum[i] = vset(0.0f);
        GS_UNROLL for (int j = 0; j < columns; j++) {
            sum[i][j] = vset(0.0f);
        }
    }
    GS_NO_UNROLL for (ptrdiff_t k = 0; k < count; k++) {
        GS_UNROLL for (int i = 0; i < rows; i++) {
            const vfloat d = delta[k * out + i];
            if (biases) {
                bias_sum[i] = vadd(bias_sum[i], d);
            }
            GS_UNROLL for (int j = 0; j < columns; j++) {
                sum[i][j] = vfma(d, x[k * in + j], sum[i][j]);
            }
        }
    }
    GS_UNROLL for (int i = 0; i < rows; i++) {
        if (biases) {
            bias[i] = bias_sum[i];
        }
        GS_UNROLL for (int j = 0; j < columns; j++) {
            weight[(ptrdiff_t)i * in + j] = sum[i][j];
        }
    }
}

/// `rows` rows of the weights' gradient and of the biases', tile by tile.
/// @param delta  of the first of them; `apart` from one example to the next
GS_INLINE void dense_gradient_rows(const vfloat *restrict delta, const int apart, const vfloat *restrict x,
                                   vfloat *restrict weight, vfloat *restrict bias, ptrdiff_t count, const int in,
                                   const int rows) {
    int j = 0;
    if (in >= DENSE_TILE) {
        dense_gradient_tile(delta, x, weight, bias, count, in, apart, rows, DENSE_TILE, true);
        j = DENSE_TILE;
    } else {
        dense_gradient_tile(delta, x, weight, bias, count, in, apart, rows, 1, true);
        j = 1;
    }
    for (; j + DENSE_TILE <= in; j += DENSE_TILE) {
        dense_gradient_tile(delta, x + j, weight + j, bias, count, in, apart, rows, DENSE_TILE, false);
    }
    for (; j < in; j++) {
        dense_gradient_tile(delta, x + j, weight + j, bias, count, in, apart, rows, 1, false);
    }
}

/// The same for a layer of any size. Deltas of a wide layer lie so far apart, 4,096 bytes in one of 64 units, that
/// those of a tile would take each other's place in the cache: they are put together first.
static void dense_gradient_tiles(const vfloat *delta, const vfloat *x, vfloat *weight, vfloat *bias, ptrdiff_t count,
                                 int in, int out, vfloat *panel) {
    const int tiled = out - out % DENSE_TILE;
    for (int i = 0; i < tiled; i += DENSE_TILE) {
        vfloat *const w = weight + (ptrdiff_t)i * in;
        if (out >= DENSE_WIDE) {
            for (ptrdiff_t k = 0; k < count; k++) {
                GS_UNROLL for (int u = 0; u < DENSE_TILE; u++) {
                    panel[k * DENSE_TILE + u] = delta[k * out + i + u];
                }
            }
            dense_gradient_rows(panel, DENSE_TILE, x, w, bias + i, count, in, DENSE_TILE);
        } else {
            dense_gradient_rows(delta + i, out, x, w, bias + i, count, in, DENSE_TILE);
        }
    }
    for (int i = tiled; i < out; i++) {
        dense_gradient_rows(delta + i, out, x, weight + (ptrdiff_t)i * in, bias + i, count, in, 1);
    }
}

/// Gradient of the loss with respect to a layer's weights and biases, summed over the examples.
/// @param delta  [count x out] dL/d(preactivation)
/// @param x  [count x in] the layer's input
/// @param weight, bias  [out x in], [out] the gradients
/// @param panel  [count x DENSE_TILE] work space
static void dense_gradient(const vfloat *delta, const vfloat *x, vfloat *weight, vfloat *bias, ptrdiff_t count, int in,
                           int out, vfloat *panel) {
    if (in == 2 && out == 5) {
        dense_gradient_tile(delta, x, weight, bias, count, 2, 5, 5, 2, true);
        return;
    }
    if (in == 3 && out == 1) {
        dense_gradient_tile(delta, x, weight, bias, count, 3, 1, 1, 3, true);
        return;
    }
    if (in == 2 && out == 2) {
        dense_gradient_tile(delta, x, weight, bias, count, 2, 2, 2, 2, true);
        return;
    }
    if (in == 5 && out == 3) {
#if GS_LANES == 16 // 32 registers hold the whole matrix; 16 hold a row
        dense_gradient_tile(delta, x, weight, bias, count, 5, 3, 3, 5, true);
#else
        for (int i = 0; i < 3; i++) {
            dense_gradient_tile(delta + i, x, weight + (ptrdiff_t)i * 5, bias + i, count, 5, 3, 1, 5, true);
        }
#endif
        return;
    }
    dense_gradient_tiles(delta, x, weight, bias, count, in, out, panel);
}

/// All inputs of one example at a time, with the weights of a small layer in registers: each delta is loaded once.
GS_INLINE void dense_backward_small(const vfloat *restrict weight, const vfloat *restrict delta,
                                    const vfloat *restrict x, vfloat *restrict before, ptrdiff_t count, const int in,
                                    const int out, const dense_activation activation) {
    vfloat w[DENSE_SMALL];
    GS_UNROLL for (int i = 0; i < in * out; i++) {
        w[i] = weight[i];
    }
    GS_NO_UNROLL for (ptrdiff_t k = 0; k < count; k++) {
        vfloat s[DENSE_LARGEST_TILE];
        GS_UNROLL for (int j = 0; j < in; j++) {
            s[j] = vmul(delta[k * out], w[j]);
        }
        GS_UNROLL for (int i = 1; i < out; i++) {
            GS_UNROLL for (int j = 0; j < in; j++) {
                s[j] = vfma(delta[k * out + i], w[i * in + j], s[j]);
            }
        }
        GS_UNROLL for (int j = 0; j < in; j++) {
            if (activation == DENSE_TANH) {
                const vfloat a = x[k * in + j];
                s[j] = vfnma(vmul(s[j], a), a, s[j]);
            }
            before[k * in + j] = s[j];
        }
    }
}

/// A tile of `inputs` x `group` of them: each weight serves `group` examples and each delta `inputs` inputs.
GS_INLINE void dense_backward_tile(const vfloat *restrict weight, const vfloat *restrict delta,
                                   const vfloat *restrict x, vfloat *restrict before, const int in, const int out,
                                   const dense_activation activation, const int inputs, const int group) {
    vfloat s[DENSE_TILE][DENSE_GROUP];
    GS_UNROLL for (int j = 0; j < inputs; j++) {
        GS_UNROLL for (int u = 0; u < group; u++) {
            s[j][u] = vmul(delta[(ptrdiff_t)u * out], weight[j]);
        }
    }
    GS_NO_UNROLL for (int i = 1; i < out; i++) {
        GS_UNROLL for (int j = 0; j < inputs; j++) {
            const vfloat w = weight[(ptrdiff_t)i * in + j];
            GS_UNROLL for (int u = 0; u < group; u++) {
                s[j][u] = vfma(delta[(ptrdiff_t)u * out + i], w, s[j][u]);
            }
        }
    }
    GS_UNROLL for (int u = 0; u < group; u++) {
        GS_UNROLL for (int j = 0; j < inputs; j++) {
            if (activation == DENSE_TANH) {
                const vfloat a = x[(ptrdiff_t)u * in + j];
                s[j][u] = vfnma(vmul(s[j][u], a), a, s[j][u]);
            }
            before[(ptrdiff_t)u * in + j] = s[j][u];
        }
    }
}

/// All inputs of `group` examples.
GS_INLINE void dense_backward_examples(const vfloat *restrict weight, const vfloat *restrict delta,
                                       const vfloat *restrict x, vfloat *restrict before, const int in, const int out,
                                       const dense_activation activation, const int group) {
    const int tiled = in - in % DENSE_TILE_UNITS;
    for (int j = 0; j < tiled; j += DENSE_TILE_UNITS) {
        dense_backward_tile(weight + j, delta, x + j, before + j, in, out, activation, DENSE_TILE_UNITS, group);
    }
    for (int j = tiled; j < in; j++) {
        dense_backward_tile(weight + j, delta, x + j, before + j, in, out, activation, 1, group);
    }
}

GS_INLINE void dense_backward_body(const vfloat *restrict weight, const vfloat *restrict delta,
                                   const vfloat *restrict x, vfloat *restrict before, ptrdiff_t count, const int in,
                                   const int out, const dense_activation activation) {
    const ptrdiff_t grouped = count - count % DENSE_GROUP;
    GS_NO_UNROLL for (ptrdiff_t k = 0; k < grouped; k += DENSE_GROUP) {
        dense_backward_examples(weight, delta + k * out, x + k * in, before + k * in, in, out, activation, DENSE_GROUP);
    }
    GS_NO_UNROLL for (ptrdiff_t k = grouped; k < count; k++) {
        dense_backward_examples(weight, delta + k * out, x + k * in, before + k * in, in, out, activation, 1);
    }
}

/// Takes dL/d(preactivation) of a layer to that of the layer before it.
/// @param delta  [count x out]
/// @param x  [count x in] the layer's input: with DENSE_TANH the outputs of a tanh, whose derivative is then applied
/// @param before  [count x in] result; with DENSE_LINEAR it is dL/dx itself
static void dense_backward(const vfloat *weight, const vfloat *delta, const vfloat *x, vfloat *before, ptrdiff_t count,
                           int in, int out, dense_activation activation) {
    if (in == 3 && out == 1 && activation == DENSE_TANH) {
        dense_backward_small(weight, delta, x, before, count, 3, 1, DENSE_TANH);
    } else if (in == 5 && out == 3 && activation == DENSE_TANH) {
#if GS_LANES == 16 // 32 registers hold the weights; 16 do not
        dense_backward_small(weight, delta, x, before, count, 5, 3, DENSE_TANH);
#else
        dense_backward_body(weight, delta, x, before, count, 5, 3, DENSE_TANH);
#endif
    } else if (in == 2 && out == 5 && activation == DENSE_LINEAR) {
        dense_backward_small(weight, delta, x, before, count, 2, 5, DENSE_LINEAR);
    } else if (activation == DENSE_TANH) {
        dense_backward_body(weight, delta, x, before, count, in, out, DENSE_TANH);
    } else {
        dense_backward_body(weight, delta, x, before, count, in, out, DENSE_LINEAR);
    }
}

#endif
