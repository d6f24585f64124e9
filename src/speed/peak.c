#include "speed/peak.h"

#include <math.h>
#include <time.h>

#include "speed/peak_kernel.h"

static const double SECONDS_OF_A_TRY = 0.002;
enum { TRIES = 15 };

const char *const gs_operation_names[GS_OPERATION_COUNT] = {
    [GS_OPERATION_ADD] = "add",
    [GS_OPERATION_MULTIPLY] = "multiply",
    [GS_OPERATION_FMA] = "multiply-add",
    [GS_OPERATION_MINMAX] = "min, max",
    [GS_OPERATION_SELECT] = "compare and select",
    [GS_OPERATION_INTEGER] = "integer",
    [GS_OPERATION_SHIFT] = "shift",
    [GS_OPERATION_CONVERT] = "convert",
    [GS_OPERATION_WIDE_MULTIPLY] = "32 x 32 -> 64",
    [GS_OPERATION_WIDE_MIX] = "shift and xor of 64",
    [GS_OPERATION_WIDE_PACK] = "32 <-> 64",
    [GS_OPERATION_DIVIDE] = "divide",
    [GS_OPERATION_ROOT] = "square root",
    [GS_OPERATION_ROOT_BESIDE] = "square root (Adam)",
    [GS_OPERATION_TRANSPOSE] = "transpose",
    [GS_OPERATION_ACCUMULATE] = "add to double",
};

static double seconds_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double time_rounds(const gs_peak_loop *loop, int64_t rounds) {
    const double start = seconds_now();
    loop->run(rounds);
    return seconds_now() - start;
}

/// Seconds of one operation: the fastest of some tries, since others can only slow one down.
static double time_loop(const gs_peak_loop *loop) {
    int64_t rounds = 64;
    while (time_rounds(loop, rounds) < SECONDS_OF_A_TRY) {
        rounds *= 2;
    }
    double best = time_rounds(loop, rounds);
    for (int i = 1; i < TRIES; i++) {
        const double seconds = time_rounds(loop, rounds);
        best = seconds < best ? seconds : best;
    }
    return best / (double)rounds / loop->operations;
}

static const gs_peak_kernel *kernel_of(gs_isa isa) {
    switch (isa) {
    case GS_ISA_PORTABLE:
        return &gs_peak_portable;
#if defined(__x86_64__)
    case GS_ISA_AVX2:
        return &gs_peak_avx2;
    case GS_ISA_AVX512:
        return &gs_peak_avx512;
#elif defined(__aarch64__)
    case GS_ISA_NEON:
        return &gs_peak_neon;
#endif
    default:
        return NULL;
    }
}

bool gs_peak_measure(gs_isa isa, gs_peak *peak) {
    const gs_peak_kernel *kernel = kernel_of(isa == GS_ISA_AUTO ? gs_isa_best() : isa);
    if (kernel == NULL || !gs_isa_available(isa)) {
        return false;
    }
    double together[GS_OPERATION_COUNT], fma = time_loop(&kernel->fma);
    for (int operation = 0; operation < GS_OPERATION_COUNT; operation++) {
        const gs_peak_loop *beside = &kernel->beside[operation];
        peak->alone[operation] = peak->beside[operation] = time_loop(&kernel->alone[operation]);
        together[operation] = beside->run == NULL ? INFINITY : time_loop(beside) * beside->operations;
        fma = fmin(fma, together[operation]); // what holds more can't be faster: then others disturbed the first
    }
    fma = fmin(fma, time_loop(&kernel->fma));
    for (int operation = 0; operation < GS_OPERATION_COUNT; operation++) {
        if (kernel->beside[operation].run != NULL) {
            peak->beside[operation] = (together[operation] - fma) / kernel->beside[operation].operations;
        }
    }
    peak->adam_root_divides = kernel->adam_root_divides;
    peak->load = time_loop(&kernel->load);
    return true;
}
