/// The loops behind gs_peak_measure. This one source is compiled once for each instruction set, as the pack kernel is.
///
/// Each loop advances independent chains, enough of them to hide an operation's latency and few enough to stay in
/// registers. What it works on are ordinary numbers: subnormals and infinities may take another time.
#include "speed/peak_kernel.h"

#include "train/vector.h"

#if GS_LANES == 16 // as many as 32 registers or 16 have room for, besides what stands beside them
enum { CHAINS = 12 };
#else
enum { CHAINS = 10 };
#endif
enum { WIDE_CHAINS = 6, BUFFER = 32 };

/// Operations of another kind in a stream of multiply-adds, few enough that no chain of them takes longer than the
/// stream.
enum { STREAM = 60, TURNS = STREAM / CHAINS, SOME = 12, FEW = 2, BESIDE_CHAINS = 2 };

/// The compiler may not know that nobody looks at x.
#if defined(GS_VECTOR_AVX512) || defined(GS_VECTOR_AVX2)
#define KEEP(x) __asm__ volatile("" : "+v"(x))
#define KEEP_WIDE(x) __asm__ volatile("" : "+v"((x).even), "+v"((x).odd))
#elif defined(GS_VECTOR_NEON)
#define KEEP(x) __asm__ volatile("" : "+w"((x).half[0]), "+w"((x).half[1]))
#define KEEP_WIDE(x) __asm__ volatile("" : "+w"((x).pair[0]), "+w"((x).pair[1]), "+w"((x).pair[2]), "+w"((x).pair[3]))
#else
#define KEEP(x) __asm__ volatile("" : "+m"(x))
#define KEEP_WIDE(x) __asm__ volatile("" : "+m"(x))
#endif

/// A loop whose chains x[k] of `type` begin at `start` and go on with `next`.
#define LOOP(name, type, chains, keep, start, next)                                                                    \
    static void name(int64_t rounds) {                                                                                 \
        type x[chains];                                                                                                \
        GS_UNROLL for (int k = 0; k < (chains); k++) {                                                                 \
            x[k] = start;                                                                                              \
            keep(x[k]);                                                                                                \
        }                                                                                                              \
        GS_NO_UNROLL for (int64_t i = 0; i < rounds; i++) {                                                            \
            GS_UNROLL for (int k = 0; k < (chains); k++) {                                                             \
                x[k] = next;                                                                                           \
                keep(x[k]);                                                                                            \
            }                                                                                                          \
        }                                                                                                              \
    }

LOOP(add, vfloat, CHAINS, KEEP, vset(1.0f), vadd(x[k], vset(0x1p-20f)))
LOOP(multiply, vfloat, CHAINS, KEEP, vset(1.0f), vmul(x[k], x[k]))
LOOP(fma_loop, vfloat, CHAINS, KEEP, vset(1.0f), vfma(x[k], vset(0.5f), vset(0.75f)))
LOOP(minmax, vfloat, CHAINS, KEEP, vset(1.0f), vmin(vset(2.0f), x[k]))
LOOP(select_loop, vfloat, CHAINS, KEEP, vset(1.0f), vselect(vgreater(x[k], vset(0.5f)), vset(1.0f), x[k]))
LOOP(integer, vint, CHAINS, KEEP, viset(1), viadd(x[k], viset(3)))
LOOP(shift, vint, CHAINS, KEEP, viset(0x12345678), visrl(x[k], 1))
LOOP(convert, vfloat, CHAINS, KEEP, vset(1.0f), vtofloat(vbits(x[k])))
LOOP(wide_multiply, vwide, WIDE_CHAINS, KEEP_WIDE, vwiden(viset(1234567)), vwmul(x[k], 0xD2511F53u))
LOOP(wide_mix, vwide, WIDE_CHAINS, KEEP_WIDE, vwiden(viset(1234567)), vwxor3(vwhigh(x[k]), x[k], x[0]))
LOOP(wide_pack, vwide, WIDE_CHAINS, KEEP_WIDE, vwiden(viset(1234567)), vwiden(vnarrow(x[k])))
LOOP(divide, vfloat, CHAINS, KEEP, vset(1.5f), vdiv(vset(3.0f), x[k]))
LOOP(root, vfloat, CHAINS, KEEP, vset(1.5f), vsqrt(x[k]))
LOOP(adam_root, vfloat, CHAINS, KEEP, vset(1.5f), vsqrt_beside_vdiv(x[k]))

static void transpose(int64_t rounds) {
    vfloat square[GS_LANES];
    GS_UNROLL for (int k = 0; k < GS_LANES; k++) {
        square[k] = vset((float)k);
    }
    GS_NO_UNROLL for (int64_t i = 0; i < rounds; i++) {
        vtranspose(square);
        GS_UNROLL for (int k = 0; k < GS_LANES; k++) {
            KEEP(square[k]);
        }
    }
}

static void accumulate(int64_t rounds) {
    double sums[4][GS_LANES] = {{0}};
    vfloat x = vset(1.0f);
    GS_NO_UNROLL for (int64_t i = 0; i < rounds; i++) {
        GS_UNROLL for (int k = 0; k < 4; k++) {
            vaccumulate(sums[k], x);
        }
        KEEP(x);
        __asm__ volatile("" : : "r"(sums) : "memory");
    }
}

static void load(int64_t rounds) {
    _Alignas(64) float buffer[BUFFER][GS_LANES];
    memset(buffer, 0, sizeof buffer);
    vfloat sum[4] = {vset(0.0f), vset(0.0f), vset(0.0f), vset(0.0f)};
    GS_NO_UNROLL for (int64_t i = 0; i < rounds; i++) {
        __asm__ volatile("" : : "r"(buffer) : "memory");
        GS_UNROLL for (int k = 0; k < 16; k++) {
            sum[k % 4] = vadd(sum[k % 4], vload(buffer[k]));
        }
    }
    GS_UNROLL for (int k = 0; k < 4; k++) {
        KEEP(sum[k]);
    }
}

/// STREAM multiply-adds, and spread among them `count` operations of other chains y, which may be none at all.
#define BESIDE(name, type, keep, count, start, next)                                                                   \
    static void name(int64_t rounds) {                                                                                 \
        vfloat x[CHAINS];                                                                                              \
        type y[BESIDE_CHAINS];                                                                                         \
        GS_UNROLL for (int k = 0; k < CHAINS; k++) {                                                                   \
            x[k] = vset(1.0f);                                                                                         \
            KEEP(x[k]);                                                                                                \
        }                                                                                                              \
        GS_UNROLL for (int k = 0; k < BESIDE_CHAINS; k++) {                                                            \
            y[k] = start;                                                                                              \
            keep(y[k]);                                                                                                \
        }                                                                                                              \
        GS_NO_UNROLL for (int64_t round = 0; round < rounds; round++) {                                                \
            GS_UNROLL for (int turn = 0; turn < TURNS; turn++) {                                                       \
                GS_UNROLL for (int i = turn * (count) / TURNS; i < (turn + 1) * (count) / TURNS; i++) {                \
                    const int k = i % BESIDE_CHAINS;                                                                   \
                    y[k] = next;                                                                                       \
                    keep(y[k]);                                                                                        \
                }                                                                                                      \
                GS_UNROLL for (int k = 0; k < CHAINS; k++) {                                                           \
                    x[k] = vfma(x[k], vset(0.5f), vset(0.75f));                                                        \
                    KEEP(x[k]);                                                                                        \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

BESIDE(fma_stream, vfloat, KEEP, 0, vset(1.5f), y[k])
BESIDE(add_beside, vfloat, KEEP, SOME, vset(1.0f), vadd(y[k], vset(0x1p-20f)))
BESIDE(minmax_beside, vfloat, KEEP, SOME, vset(1.0f), vmin(vset(2.0f), y[k]))
BESIDE(select_beside, vfloat, KEEP, FEW, vset(1.0f), vselect(vgreater(y[k], vset(0.5f)), vset(1.0f), y[k]))
BESIDE(integer_beside, vint, KEEP, SOME, viset(1), viadd(y[k], viset(3)))
BESIDE(shift_beside, vint, KEEP, SOME, viset(0x12345678), visrl(y[k], 1))
BESIDE(convert_beside, vfloat, KEEP, SOME, vset(1.0f), vtofloat(vbits(y[k])))
BESIDE(divide_beside, vfloat, KEEP, FEW, vset(1.5f), vdiv(vset(3.0f), y[k]))
BESIDE(root_beside, vfloat, KEEP, FEW, vset(1.5f), vsqrt(y[k]))
BESIDE(adam_root_beside, vfloat, KEEP, FEW, vset(1.5f), vsqrt_beside_vdiv(y[k]))

const gs_peak_kernel GS_PEAK = {
    .alone = {[GS_OPERATION_ADD] = {add, CHAINS},
              [GS_OPERATION_MULTIPLY] = {multiply, CHAINS},
              [GS_OPERATION_FMA] = {fma_loop, CHAINS},
              [GS_OPERATION_MINMAX] = {minmax, CHAINS},
              [GS_OPERATION_SELECT] = {select_loop, CHAINS},
              [GS_OPERATION_INTEGER] = {integer, CHAINS},
              [GS_OPERATION_SHIFT] = {shift, CHAINS},
              [GS_OPERATION_CONVERT] = {convert, CHAINS},
              [GS_OPERATION_WIDE_MULTIPLY] = {wide_multiply, WIDE_CHAINS},
              [GS_OPERATION_WIDE_MIX] = {wide_mix, WIDE_CHAINS},
              [GS_OPERATION_WIDE_PACK] = {wide_pack, 2 * WIDE_CHAINS},
              [GS_OPERATION_DIVIDE] = {divide, CHAINS},
              [GS_OPERATION_ROOT] = {root, CHAINS},
              [GS_OPERATION_ROOT_BESIDE] = {adam_root, CHAINS},
              [GS_OPERATION_TRANSPOSE] = {transpose, 1},
              [GS_OPERATION_ACCUMULATE] = {accumulate, 4}},
    .fma = {fma_stream, 1},
    .beside = {[GS_OPERATION_ADD] = {add_beside, SOME},
               [GS_OPERATION_MINMAX] = {minmax_beside, SOME},
               [GS_OPERATION_SELECT] = {select_beside, FEW},
               [GS_OPERATION_INTEGER] = {integer_beside, SOME},
               [GS_OPERATION_SHIFT] = {shift_beside, SOME},
               [GS_OPERATION_CONVERT] = {convert_beside, SOME},
               [GS_OPERATION_DIVIDE] = {divide_beside, FEW},
               [GS_OPERATION_ROOT] = {root_beside, FEW},
               [GS_OPERATION_ROOT_BESIDE] = {adam_root_beside, FEW}},
    .load = {load, 16},
#if !defined(GS_VECTOR_AVX512)
    .adam_root_divides = true,
#endif
};
