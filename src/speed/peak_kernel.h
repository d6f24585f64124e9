/// Loops of one kind of operation, as peak_kernel.c has them for one instruction set.
#ifndef GANSWEEP_SPEED_PEAK_KERNEL_H
#define GANSWEEP_SPEED_PEAK_KERNEL_H

#include <stdbool.h>

#include "train/operation.h"

/// Does `rounds` times `operations` operations.
typedef struct {
    void (*run)(int64_t rounds);
    int operations;
} gs_peak_loop;

typedef struct {
    gs_peak_loop alone[GS_OPERATION_COUNT];
    gs_peak_loop fma; ///< a stream of multiply-adds ...
    /// ... the same with some operations of another kind in it; `operations` counts these. Empty for kinds that go
    /// where multiply-adds go on every processor.
    gs_peak_loop beside[GS_OPERATION_COUNT];
    gs_peak_loop load;
    bool adam_root_divides; ///< whether vsqrt_beside_vdiv is vsqrt
} gs_peak_kernel;

extern const gs_peak_kernel gs_peak_portable;
#if defined(__x86_64__)
extern const gs_peak_kernel gs_peak_avx2, gs_peak_avx512;
#elif defined(__aarch64__)
extern const gs_peak_kernel gs_peak_neon;
#endif

#endif
