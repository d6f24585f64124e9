/// The portable vectors, with every operation counted: see operation.h.
///
/// A macro is not expanded again within itself, so that each one below ends in the function of its own name.
#ifndef GANSWEEP_TRAIN_VECTOR_COUNTING_H
#define GANSWEEP_TRAIN_VECTOR_COUNTING_H

#include "train/operation.h"
#include "train/vector_portable.h"

#define GS_DONE_ONE(operation) ((void)gs_operations_done[GS_OPERATION_##operation]++)

#define vadd(a, b) (GS_DONE_ONE(ADD), vadd(a, b))
#define vsub(a, b) (GS_DONE_ONE(ADD), vsub(a, b))
#define vmul(a, b) (GS_DONE_ONE(MULTIPLY), vmul(a, b))
#define vfma(a, b, c) (GS_DONE_ONE(FMA), vfma(a, b, c))
#define vfms(a, b, c) (GS_DONE_ONE(FMA), vfms(a, b, c))
#define vfnma(a, b, c) (GS_DONE_ONE(FMA), vfnma(a, b, c))
#define vmin(a, b) (GS_DONE_ONE(MINMAX), vmin(a, b))
#define vmax(a, b) (GS_DONE_ONE(MINMAX), vmax(a, b))
#define vselect(mask, a, b) (GS_DONE_ONE(SELECT), vselect(mask, a, b))
#define vflush(x) (GS_DONE_ONE(SELECT), vflush(x))
#define viadd(a, b) (GS_DONE_ONE(INTEGER), viadd(a, b))
#define visub(a, b) (GS_DONE_ONE(INTEGER), visub(a, b))
#define viand(a, b) (GS_DONE_ONE(INTEGER), viand(a, b))
#define vior(a, b) (GS_DONE_ONE(INTEGER), vior(a, b))
#define vixor(a, b) (GS_DONE_ONE(INTEGER), vixor(a, b))
#define visll(x, n) (GS_DONE_ONE(SHIFT), visll(x, n))
#define visrl(x, n) (GS_DONE_ONE(SHIFT), visrl(x, n))
#define visra(x, n) (GS_DONE_ONE(SHIFT), visra(x, n))
#define vtofloat(x) (GS_DONE_ONE(CONVERT), vtofloat(x))
#define vwmul(w, m) (GS_DONE_ONE(WIDE_MULTIPLY), vwmul(w, m))
#define vwxor3(a, b, c) (GS_DONE_ONE(WIDE_MIX), vwxor3(a, b, c))
#define vwiden(x) (GS_DONE_ONE(WIDE_PACK), vwiden(x))
#define vnarrow(w) (GS_DONE_ONE(WIDE_PACK), vnarrow(w))
#define vdiv(a, b) (GS_DONE_ONE(DIVIDE), vdiv(a, b))
#define vsqrt(a) (GS_DONE_ONE(ROOT), vsqrt(a))
#undef vsqrt_beside_vdiv
#define vsqrt_beside_vdiv(a) (GS_DONE_ONE(ROOT_BESIDE), (vsqrt)(a))
#define vtranspose(r) (GS_DONE_ONE(TRANSPOSE), vtranspose(r))
#define vaccumulate(sums, x) (GS_DONE_ONE(ACCUMULATE), vaccumulate(sums, x))

#endif
