/// A vector of float lanes: the thin layer below which intrinsics live and above which nobody knows one.
///
/// Chosen by the compile definition GS_VECTOR_AVX512, GS_VECTOR_AVX2, GS_VECTOR_NEON or none (portable, GS_LANES
/// lanes). Every operation is one IEEE-754 operation in each lane, so that all four give the same bits:
///
///     vfloat  vset(x) vload(p) vstore(p, x) vadd vsub vmul vdiv vsqrt
///             vfma(a, b, c) = a b + c    vfms(a, b, c) = a b - c    vfnma(a, b, c) = -a b + c
///             vmin(a, b) = a < b ? a : b    vmax(a, b) = a > b ? a : b    (b when unordered: NaN in b passes through)
///             vselect(mask, a, b) = mask ? a : b    vgreater(a, b) -> mask
///             vsqrt_beside_vdiv(x) = vsqrt(x), for where it and a division would wait for the same unit
///             vflush(x) = +0 where x is subnormal or a zero, x anywhere else
///     vint    32-bit lanes: viset(x) viload(p) vistore(p, x) viadd visub viand vior vixor
///             visll(x, n) visrl(x, n) visra(x, n)    vnonzero(x) -> mask
///     casts   vbits(float) -> its bits    vfloatbits(bits) -> float    vtofloat(int32) -> nearest float
///     vwide   the same 32-bit lanes as even and odd halves of 64-bit products, for Philox:
///             vwiden(x) vnarrow(w) vwmul(w, m) vwhigh(w) vwxor3(a, b, c)
///     vaccumulate(double *sums, x): sums[lane] += (double)x
///     vtranspose(r): the square of GS_LANES vectors, r[i][j] <-> r[j][i]
#ifndef GANSWEEP_TRAIN_VECTOR_H
#define GANSWEEP_TRAIN_VECTOR_H

#include <stdint.h>
#include <string.h>

#define GS_INLINE static inline __attribute__((always_inline))

/// Complete unrolling of short loops over registers, in the words of both compilers.
#if defined(__clang__)
#define GS_UNROLL _Pragma("clang loop unroll(full)")
#define GS_NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define GS_UNROLL _Pragma("GCC unroll 16")
#define GS_NO_UNROLL _Pragma("GCC unroll 1")
#endif

#if defined(GS_VECTOR_AVX512)
#include "train/vector_avx512.h"
#elif defined(GS_VECTOR_AVX2)
#include "train/vector_avx2.h"
#elif defined(GS_VECTOR_NEON)
#include "train/vector_neon.h"
#elif defined(GS_VECTOR_COUNTING)
#include "train/vector_counting.h"
#else
#include "train/vector_portable.h"
#endif

#endif
