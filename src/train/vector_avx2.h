/// Eight lanes of AVX2 with FMA. See vector.h for what each operation means.
#ifndef GANSWEEP_TRAIN_VECTOR_AVX2_H
#define GANSWEEP_TRAIN_VECTOR_AVX2_H

#include <immintrin.h>

#define GS_LANES 8

typedef __m256 vfloat;
typedef __m256i vint;
typedef __m256 vmask;
typedef struct {
    __m256i even, odd;
} vwide;

#define vset(x) _mm256_set1_ps(x)
#define vload(p) _mm256_loadu_ps(p)
#define vstore(p, x) _mm256_storeu_ps(p, x)
#define vadd(a, b) _mm256_add_ps(a, b)
#define vsub(a, b) _mm256_sub_ps(a, b)
#define vmul(a, b) _mm256_mul_ps(a, b)
#define vdiv(a, b) _mm256_div_ps(a, b)
#define vsqrt(a) _mm256_sqrt_ps(a)
#define vsqrt_beside_vdiv(a) vsqrt(a)
#define vfma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define vfms(a, b, c) _mm256_fmsub_ps(a, b, c)
#define vfnma(a, b, c) _mm256_fnmadd_ps(a, b, c)
#define vmin(a, b) _mm256_min_ps(a, b)
#define vmax(a, b) _mm256_max_ps(a, b)
#define vselect(mask, a, b) _mm256_blendv_ps(b, a, mask)
#define vgreater(a, b) _mm256_cmp_ps(a, b, _CMP_GT_OQ)

GS_INLINE vfloat vflush(vfloat x) {
    const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    return _mm256_and_ps(x, _mm256_cmp_ps(magnitude, _mm256_set1_ps(0x1p-126f), _CMP_NLT_UQ)); // NaN passes
}

#define viset(x) _mm256_set1_epi32((int)(x))
#define viload(p) _mm256_loadu_si256((const __m256i *)(p))
#define vistore(p, x) _mm256_storeu_si256((__m256i *)(p), x)
#define viadd(a, b) _mm256_add_epi32(a, b)
#define visub(a, b) _mm256_sub_epi32(a, b)
#define viand(a, b) _mm256_and_si256(a, b)
#define vior(a, b) _mm256_or_si256(a, b)
#define vixor(a, b) _mm256_xor_si256(a, b)
#define visll(x, n) _mm256_slli_epi32(x, n)
#define visrl(x, n) _mm256_srli_epi32(x, n)
#define visra(x, n) _mm256_srai_epi32(x, n)

#define vbits(x) _mm256_castps_si256(x)
#define vfloatbits(x) _mm256_castsi256_ps(x)
#define vtofloat(x) _mm256_cvtepi32_ps(x)

GS_INLINE vmask vnonzero(vint x) {
    const __m256i zero = _mm256_cmpeq_epi32(x, _mm256_setzero_si256());
    return _mm256_castsi256_ps(_mm256_xor_si256(zero, _mm256_set1_epi32(-1)));
}

GS_INLINE vwide vwiden(vint x) {
    return (vwide){x, _mm256_srli_epi64(x, 32)};
}
GS_INLINE vint vnarrow(vwide w) {
    return _mm256_blend_epi32(w.even, _mm256_slli_epi64(w.odd, 32), 0xAA);
}
GS_INLINE vwide vwmul(vwide w, uint32_t m) {
    const __m256i factor = _mm256_set1_epi64x(m);
    return (vwide){_mm256_mul_epu32(w.even, factor), _mm256_mul_epu32(w.odd, factor)};
}
GS_INLINE vwide vwhigh(vwide w) {
    return (vwide){_mm256_srli_epi64(w.even, 32), _mm256_srli_epi64(w.odd, 32)};
}
GS_INLINE vwide vwxor3(vwide a, vwide b, vwide c) {
    return (vwide){_mm256_xor_si256(_mm256_xor_si256(a.even, b.even), c.even),
                   _mm256_xor_si256(_mm256_xor_si256(a.odd, b.odd), c.odd)};
}

GS_INLINE void vaccumulate(double *sums, vfloat x) {
    const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(x));
    const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
    _mm256_storeu_pd(sums, _mm256_add_pd(_mm256_loadu_pd(sums), low));
    _mm256_storeu_pd(sums + 4, _mm256_add_pd(_mm256_loadu_pd(sums + 4), high));
}

/// Transposes in three rounds: 32-bit and 64-bit interleaves within 128-bit blocks, then whole blocks.
GS_INLINE void vtranspose(vfloat r[GS_LANES]) {
    vfloat t[GS_LANES];
    GS_UNROLL for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    GS_UNROLL for (int i = 0; i < 2; i++) {
        const __m256d a = _mm256_castps_pd(t[4 * i]), b = _mm256_castps_pd(t[4 * i + 2]);
        const __m256d c = _mm256_castps_pd(t[4 * i + 1]), d = _mm256_castps_pd(t[4 * i + 3]);
        r[4 * i] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
        r[4 * i + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        r[4 * i + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(c, d));
        r[4 * i + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(c, d));
    }
    GS_UNROLL for (int c = 0; c < 4; c++) {
        t[c] = _mm256_permute2f128_ps(r[c], r[4 + c], 0x20);
        t[4 + c] = _mm256_permute2f128_ps(r[c], r[4 + c], 0x31);
    }
    GS_UNROLL for (int i = 0; i < GS_LANES; i++) {
        r[i] = t[i];
    }
}

#endif
