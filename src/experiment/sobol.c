#include "experiment/sobol.h"

#include <assert.h>
#include <stddef.h>

enum { MOST_INITIAL = 7 };

/// A primitive polynomial x^s + a_1 x^(s-1) + ... + a_(s-1) x + 1 with `coefficients` a_1 ... a_(s-1) in binary, and
/// the first s direction numbers m_1 ... m_s, which are odd, m_k < 2^k.
typedef struct {
    int degree;
    unsigned coefficients;
    unsigned initial[MOST_INITIAL];
} sobol_row;

// Dimensions 2 to 32 of the file new-joe-kuo-6.21201 of S. Joe and F. Y. Kuo: Constructing Sobol sequences with better
// two-dimensional projections, SIAM J. Sci. Comput. 30, 2635-2654 (2008). The licence of the direction numbers:
//
// Copyright (c) 2008, Frances Y. Kuo and Stephen Joe. All rights reserved.
//
// Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
// following conditions are met:
//     * Redistributions of source code must retain the above copyright notice, this list of conditions and the
//       following disclaimer.
//     * Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the
//       following disclaimer in the documentation and/or other materials provided with the distribution.
//     * Neither the names of the copyright holders nor the names of the University of New South Wales and the
//       University of Waikato and its contributors may be used to endorse or promote products derived from this
//       software without specific prior written permission.
// THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT
// LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO
// EVENT SHALL THE COPYRIGHT HOLDERS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
// CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA,
// OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT
// LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF
// ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
static const sobol_row rows[GS_SOBOL_DIMENSIONS - 1] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
    {7, 7, {1, 1, 3, 13, 7, 35, 63}},
    {7, 8, {1, 3, 5, 9, 1, 25, 53}},
    {7, 14, {1, 3, 1, 13, 9, 35, 107}},
    {7, 19, {1, 3, 1, 5, 27, 61, 31}},
    {7, 21, {1, 1, 5, 11, 19, 41, 61}},
    {7, 28, {1, 3, 5, 3, 3, 13, 69}},
    {7, 31, {1, 1, 7, 13, 1, 19, 1}},
    {7, 32, {1, 3, 7, 5, 13, 19, 59}},
    {7, 37, {1, 1, 3, 9, 25, 29, 41}},
    {7, 41, {1, 3, 5, 13, 23, 1, 55}},
    {7, 42, {1, 3, 7, 3, 13, 59, 17}},
};

void gs_sobol_directions(int dimension, uint64_t directions[GS_SOBOL_BITS]) {
    assert(dimension >= 0 && dimension < GS_SOBOL_DIMENSIONS);
    // The first dimension has no polynomial: all of its m are 1, and its points are van der Corput's.
    const sobol_row *const row = dimension == 0 ? NULL : &rows[dimension - 1];
    const int degree = row == NULL ? GS_SOBOL_BITS : row->degree;
    for (int k = 0; k < degree; k++) {
        directions[k] = (row == NULL ? UINT64_C(1) : (uint64_t)row->initial[k]) << (GS_SOBOL_BITS - 1 - k);
    }
    // Bratley & Fox 1988, equation 3: v_k = a_1 v_(k-1) ^ ... ^ a_(s-1) v_(k-s+1) ^ v_(k-s) ^ v_(k-s) / 2^s
    for (int k = degree; row != NULL && k < GS_SOBOL_BITS; k++) {
        directions[k] = directions[k - degree] ^ (directions[k - degree] >> degree);
        for (int i = 1; i < degree; i++) {
            directions[k] ^= (row->coefficients >> (degree - 1 - i) & 1) != 0 ? directions[k - i] : 0;
        }
    }
}

uint64_t gs_sobol_coordinate(const uint64_t directions[GS_SOBOL_BITS], uint64_t index) {
    uint64_t coordinate = 0;
    for (uint64_t bits = index ^ (index >> 1); bits != 0; bits &= bits - 1) {
        coordinate ^= directions[__builtin_ctzll(bits)];
    }
    return coordinate;
}
