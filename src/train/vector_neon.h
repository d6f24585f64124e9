/// Eight lanes of AArch64 NEON, as two registers of four. See vector.h for what each operation means.
///
/// Two registers side by side, since chains of dependent operations want company, and 32 registers have room for it.
/// Arithmetic without an intrinsic is the vector operators of GCC and clang: one IEEE operation in each lane.
#ifndef GANSWEEP_TRAIN_VECTOR_NEON_H
#define GANSWEEP_TRAIN_VECTOR_NEON_H

#include <arm_neon.h>

#define GS_LANES 8

typedef struct {
    float32x4_t half[2];
} vfloat;
typedef struct {
    uint32x4_t half[2];
} vint;
typedef vint vmask; // all bits or none of each lane
typedef struct {
    uint64x2_t pair[4];
} vwide;

GS_INLINE vfloat vset(float x) {
    return (vfloat){{vdupq_n_f32(x), vdupq_n_f32(x)}};
}
GS_INLINE vfloat vload(const float *p) {
    return (vfloat){{vld1q_f32(p), vld1q_f32(p + 4)}};
}
GS_INLINE void vstore(float *p, vfloat x) {
    vst1q_f32(p, x.half[0]);
    vst1q_f32(p + 4, x.half[1]);
}
GS_INLINE vfloat vadd(vfloat a, vfloat b) {
    return (vfloat){{a.half[0] + b.half[0], a.half[1] + b.half[1]}};
}
GS_INLINE vfloat vsub(vfloat a, vfloat b) {
    return (vfloat){{a.half[0] - b.half[0], a.half[1] - b.half[1]}};
}
GS_INLINE vfloat vmul(vfloat a, vfloat b) {
    return (vfloat){{a.half[0] * b.half[0], a.half[1] * b.half[1]}};
}
GS_INLINE vfloat vdiv(vfloat a, vfloat b) {
    return (vfloat){{a.half[0] / b.half[0], a.half[1] / b.half[1]}};
}
GS_INLINE vfloat vsqrt(vfloat a) {
    return (vfloat){{vsqrtq_f32(a.half[0]), vsqrtq_f32(a.half[1])}};
}
#define vsqrt_beside_vdiv(a) vsqrt(a)
GS_INLINE vfloat vfma(vfloat a, vfloat b, vfloat c) {
    return (vfloat){{vfmaq_f32(c.half[0], a.half[0], b.half[0]), vfmaq_f32(c.half[1], a.half[1], b.half[1])}};
}
/// Not -(c - a b), whose zero has the other sign.
GS_INLINE vfloat vfms(vfloat a, vfloat b, vfloat c) {
    return (vfloat){{vfmaq_f32(-c.half[0], a.half[0], b.half[0]), vfmaq_f32(-c.half[1], a.half[1], b.half[1])}};
}
GS_INLINE vfloat vfnma(vfloat a, vfloat b, vfloat c) {
    return (vfloat){{vfmsq_f32(c.half[0], a.half[0], b.half[0]), vfmsq_f32(c.half[1], a.half[1], b.half[1])}};
}
GS_INLINE vfloat vselect(vmask mask, vfloat a, vfloat b) {
    return (vfloat){{vbslq_f32(mask.half[0], a.half[0], b.half[0]), vbslq_f32(mask.half[1], a.half[1], b.half[1])}};
}
GS_INLINE vmask vgreater(vfloat a, vfloat b) {
    return (vmask){{vcgtq_f32(a.half[0], b.half[0]), vcgtq_f32(a.half[1], b.half[1])}};
}
/// Not vminq_f32, which gives NaN whichever argument it is in, and -0 of two zeros.
GS_INLINE vfloat vmin(vfloat a, vfloat b) {
    return vselect(vgreater(b, a), a, b);
}
GS_INLINE vfloat vmax(vfloat a, vfloat b) {
    return vselect(vgreater(a, b), a, b);
}

GS_INLINE vfloat vflush(vfloat x) {
    GS_UNROLL for (int i = 0; i < 2; i++) {
        const uint32x4_t subnormal = vcltq_f32(vabsq_f32(x.half[i]), vdupq_n_f32(0x1p-126f));
        x.half[i] = vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x.half[i]), subnormal));
    }
    return x;
}

GS_INLINE vint viset(uint32_t x) {
    return (vint){{vdupq_n_u32(x), vdupq_n_u32(x)}};
}
GS_INLINE vint viload(const uint32_t *p) {
    return (vint){{vld1q_u32(p), vld1q_u32(p + 4)}};
}
GS_INLINE void vistore(uint32_t *p, vint x) {
    vst1q_u32(p, x.half[0]);
    vst1q_u32(p + 4, x.half[1]);
}
GS_INLINE vint viadd(vint a, vint b) {
    return (vint){{a.half[0] + b.half[0], a.half[1] + b.half[1]}};
}
GS_INLINE vint visub(vint a, vint b) {
    return (vint){{a.half[0] - b.half[0], a.half[1] - b.half[1]}};
}
GS_INLINE vint viand(vint a, vint b) {
    return (vint){{a.half[0] & b.half[0], a.half[1] & b.half[1]}};
}
GS_INLINE vint vior(vint a, vint b) {
    return (vint){{a.half[0] | b.half[0], a.half[1] | b.half[1]}};
}
GS_INLINE vint vixor(vint a, vint b) {
    return (vint){{a.half[0] ^ b.half[0], a.half[1] ^ b.half[1]}};
}
GS_INLINE vint visll(vint x, const int n) {
    return (vint){{x.half[0] << n, x.half[1] << n}};
}
GS_INLINE vint visrl(vint x, const int n) {
    return (vint){{x.half[0] >> n, x.half[1] >> n}};
}
GS_INLINE vint visra(vint x, const int n) {
    return (vint){{vreinterpretq_u32_s32(vreinterpretq_s32_u32(x.half[0]) >> n),
                   vreinterpretq_u32_s32(vreinterpretq_s32_u32(x.half[1]) >> n)}};
}
GS_INLINE vmask vnonzero(vint x) {
    return (vmask){{vtstq_u32(x.half[0], x.half[0]), vtstq_u32(x.half[1], x.half[1])}};
}

GS_INLINE vint vbits(vfloat x) {
    return (vint){{vreinterpretq_u32_f32(x.half[0]), vreinterpretq_u32_f32(x.half[1])}};
}
GS_INLINE vfloat vfloatbits(vint x) {
    return (vfloat){{vreinterpretq_f32_u32(x.half[0]), vreinterpretq_f32_u32(x.half[1])}};
}
GS_INLINE vfloat vtofloat(vint x) {
    return (vfloat){{vcvtq_f32_s32(vreinterpretq_s32_u32(x.half[0])), vcvtq_f32_s32(vreinterpretq_s32_u32(x.half[1]))}};
}

GS_INLINE vwide vwiden(vint x) {
    return (vwide){{vmovl_u32(vget_low_u32(x.half[0])), vmovl_high_u32(x.half[0]), vmovl_u32(vget_low_u32(x.half[1])),
                    vmovl_high_u32(x.half[1])}};
}
GS_INLINE vint vnarrow(vwide w) {
    return (vint){{vcombine_u32(vmovn_u64(w.pair[0]), vmovn_u64(w.pair[1])),
                   vcombine_u32(vmovn_u64(w.pair[2]), vmovn_u64(w.pair[3]))}};
}
GS_INLINE vwide vwmul(vwide w, uint32_t m) {
    GS_UNROLL for (int i = 0; i < 4; i++) {
        w.pair[i] = vmull_n_u32(vmovn_u64(w.pair[i]), m);
    }
    return w;
}
GS_INLINE vwide vwhigh(vwide w) {
    GS_UNROLL for (int i = 0; i < 4; i++) {
        w.pair[i] = w.pair[i] >> 32;
    }
    return w;
}
GS_INLINE vwide vwxor3(vwide a, vwide b, vwide c) {
    GS_UNROLL for (int i = 0; i < 4; i++) {
        a.pair[i] = a.pair[i] ^ b.pair[i] ^ c.pair[i];
    }
    return a;
}

GS_INLINE void vaccumulate(double *sums, vfloat x) {
    GS_UNROLL for (int i = 0; i < 2; i++) {
        double *const four = sums + 4 * (ptrdiff_t)i;
        vst1q_f64(four, vld1q_f64(four) + vcvt_f64_f32(vget_low_f32(x.half[i])));
        vst1q_f64(four + 2, vld1q_f64(four + 2) + vcvt_high_f64_f32(x.half[i]));
    }
}

/// Transposes rows [0, 4) of a half in place: 32-bit and then 64-bit interleaves.
GS_INLINE void vtranspose_block(float32x4_t *r0, float32x4_t *r1, float32x4_t *r2, float32x4_t *r3) {
    const float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(*r0, *r1)), b = vreinterpretq_f64_f32(vtrn2q_f32(*r0, *r1));
    const float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(*r2, *r3)), d = vreinterpretq_f64_f32(vtrn2q_f32(*r2, *r3));
    *r0 = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
    *r1 = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
    *r2 = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
    *r3 = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}

/// Transposes the four blocks of 4 x 4, and exchanges the two off the diagonal.
GS_INLINE void vtranspose(vfloat r[GS_LANES]) {
    GS_UNROLL for (int block = 0; block < 2; block++) {
        vfloat *const q = r + 4 * (ptrdiff_t)block;
        GS_UNROLL for (int half = 0; half < 2; half++) {
            vtranspose_block(&q[0].half[half], &q[1].half[half], &q[2].half[half], &q[3].half[half]);
        }
    }
    GS_UNROLL for (int i = 0; i < 4; i++) {
        const float32x4_t upper = r[i].half[1];
        r[i].half[1] = r[i + 4].half[0];
        r[i + 4].half[0] = upper;
    }
}

#endif
