/// Kinds of vector operations of the pack kernel, and how many of each were done: what the kernel that is compiled over
/// vector_counting.h counts while it trains.
///
/// Loads, stores and constants are not counted: a processor has ports of their own for them. Nor is integer work
/// outside of vectors, such as the swaps of the shuffle.
#ifndef GANSWEEP_TRAIN_OPERATION_H
#define GANSWEEP_TRAIN_OPERATION_H

#include <stdint.h>

typedef enum {
    GS_OPERATION_ADD,           ///< vadd, vsub
    GS_OPERATION_MULTIPLY,      ///< vmul
    GS_OPERATION_FMA,           ///< vfma, vfms, vfnma
    GS_OPERATION_MINMAX,        ///< vmin, vmax
    GS_OPERATION_SELECT,        ///< vselect with the comparison that makes its mask; vflush
    GS_OPERATION_INTEGER,       ///< viadd, visub, viand, vior, vixor
    GS_OPERATION_SHIFT,         ///< visll, visrl, visra
    GS_OPERATION_CONVERT,       ///< vtofloat
    GS_OPERATION_WIDE_MULTIPLY, ///< vwmul
    GS_OPERATION_WIDE_MIX,      ///< vwxor3 of one vwhigh
    GS_OPERATION_WIDE_PACK,     ///< vwiden, vnarrow
    GS_OPERATION_DIVIDE,        ///< vdiv
    GS_OPERATION_ROOT,          ///< vsqrt
    GS_OPERATION_ROOT_BESIDE,   ///< vsqrt_beside_vdiv: some ten operations where it isn't vsqrt
    GS_OPERATION_TRANSPOSE,     ///< vtranspose
    GS_OPERATION_ACCUMULATE,    ///< vaccumulate
    GS_OPERATION_COUNT,
} gs_operation;

/// Of this thread, since it set them to 0; written by the counting kernels alone.
extern _Thread_local int64_t gs_operations_done[GS_OPERATION_COUNT];

#endif
