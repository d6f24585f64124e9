/// Sixteen lanes of AVX-512 (F, DQ). See vector.h for what each operation means.
#ifndef GANSWEEP_TRAIN_VECTOR_AVX512_H
#define GANSWEEP_TRAIN_VECTOR_AVX512_H

#include <immintrin.h>

#define GS_LANES 16

typedef __m512 vfloat;
typedef __m512i vint;
typedef __mmask16 vmask;
typedef struct {
    __m512i even, odd;
} vwide;

#define vset(x) _mm512_set1_ps(x)
#define vload(p) _mm512_loadu_ps(p)
#define vstore(p, x) _mm512_storeu_ps(p, x)
#define vadd(a, b) _mm512_add_ps(a, b)
#define vsub(a, b) _mm512_sub_ps(a, b)
#define vmul(a, b) _mm512_mul_ps(a, b)
#define vdiv(a, b) _mm512_div_ps(a, b)
#define vsqrt(a) _mm512_sqrt_ps(a)
#define vfma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define vfms(a, b, c) _mm512_fmsub_ps(a, b, c)
#define vfnma(a, b, c) _mm512_fnmadd_ps(a, b, c)
#define vmin(a, b) _mm512_min_ps(a, b)
#define vmax(a, b) _mm512_max_ps(a, b)
#define vselect(mask, a, b) _mm512_mask_blend_ps(mask, b, a)
#define vgreater(a, b) _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ)

#define vflush(x) _mm512_mask_mov_ps(x, _mm512_fpclass_ps_mask(x, 0x26), _mm512_setzero_ps()) // 0x26: zeros, subnormals

/// The square root by multiply-adds from an estimate (Markstein, IA-64 and Elementary Functions, 2000, chapter 9): one
/// Newton step for the root g and for h = 1 / (2 root), and the remainder's correction, which rounds correctly for
/// every float whose remainder is a float, whatever the estimate within its 2^-14: tests/train/polynomials_test.c tries
/// all.
GS_INLINE vfloat vsqrt_beside_vdiv(vfloat x) {
    const uint32_t smallest = 0x0D800000u, largest = 0x71800000u; // of 2^-100 and 2^100
    const __m512i above = _mm512_sub_epi32(_mm512_castps_si512(x), _mm512_set1_epi32((int)smallest));
    if (__builtin_expect(_mm512_cmpgt_epu32_mask(above, _mm512_set1_epi32((int)(largest - smallest))) != 0, 0)) {
        return _mm512_sqrt_ps(x);
    }
    const __m512 half = _mm512_set1_ps(0.5f), estimate = _mm512_rsqrt14_ps(x);
    const __m512 root = _mm512_mul_ps(x, estimate), reciprocal = _mm512_mul_ps(half, estimate);
    const __m512 error = _mm512_fnmadd_ps(root, reciprocal, half);
    const __m512 g = _mm512_fmadd_ps(root, error, root), h = _mm512_fmadd_ps(reciprocal, error, reciprocal);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(g, g, x), h, g);
}

#define viset(x) _mm512_set1_epi32((int)(x))
#define viload(p) _mm512_loadu_si512(p)
#define vistore(p, x) _mm512_storeu_si512(p, x)
#define viadd(a, b) _mm512_add_epi32(a, b)
#define visub(a, b) _mm512_sub_epi32(a, b)
#define viand(a, b) _mm512_and_si512(a, b)
#define vior(a, b) _mm512_or_si512(a, b)
#define vixor(a, b) _mm512_xor_si512(a, b)
#define visll(x, n) _mm512_slli_epi32(x, n)
#define visrl(x, n) _mm512_srli_epi32(x, n)
#define visra(x, n) _mm512_srai_epi32(x, n)
#define vnonzero(x) _mm512_test_epi32_mask(x, x)

#define vbits(x) _mm512_castps_si512(x)
#define vfloatbits(x) _mm512_castsi512_ps(x)
#define vtofloat(x) _mm512_cvtepi32_ps(x)

GS_INLINE vwide vwiden(vint x) {
    return (vwide){x, _mm512_srli_epi64(x, 32)};
}
GS_INLINE vint vnarrow(vwide w) {
    return _mm512_mask_blend_epi32(0xAAAA, w.even, _mm512_slli_epi64(w.odd, 32));
}
GS_INLINE vwide vwmul(vwide w, uint32_t m) {
    const __m512i factor = _mm512_set1_epi64(m);
    return (vwide){_mm512_mul_epu32(w.even, factor), _mm512_mul_epu32(w.odd, factor)};
}
GS_INLINE vwide vwhigh(vwide w) {
    return (vwide){_mm512_srli_epi64(w.even, 32), _mm512_srli_epi64(w.odd, 32)};
}
GS_INLINE vwide vwxor3(vwide a, vwide b, vwide c) {
    return (vwide){_mm512_ternarylogic_epi64(a.even, b.even, c.even, 0x96),
                   _mm512_ternarylogic_epi64(a.odd, b.odd, c.odd, 0x96)};
}

GS_INLINE void vaccumulate(double *sums, vfloat x) {
    const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
    const __m512d high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
    _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), low));
    _mm512_storeu_pd(sums + 8, _mm512_add_pd(_mm512_loadu_pd(sums + 8), high));
}

/// Transposes in four rounds: 32-bit and 64-bit interleaves within 128-bit blocks, then two rounds of whole blocks.
GS_INLINE void vtranspose(vfloat r[GS_LANES]) {
    vfloat t[GS_LANES];
    GS_UNROLL for (int i = 0; i < 8; i++) {
        t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    GS_UNROLL for (int i = 0; i < 4; i++) {
        const __m512d a = _mm512_castps_pd(t[4 * i]), b = _mm512_castps_pd(t[4 * i + 2]);
        const __m512d c = _mm512_castps_pd(t[4 * i + 1]), d = _mm512_castps_pd(t[4 * i + 3]);
        r[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
        r[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        r[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(c, d));
        r[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(c, d));
    }
    // Now 128-bit block q of r[4 i + c] holds column 4 q + c of rows 4 i ... 4 i + 3.
    GS_UNROLL for (int c = 0; c < 4; c++) {
        t[c] = _mm512_shuffle_f32x4(r[c], r[4 + c], 0x88);
        t[4 + c] = _mm512_shuffle_f32x4(r[c], r[4 + c], 0xDD);
        t[8 + c] = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0x88);
        t[12 + c] = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0xDD);
    }
    GS_UNROLL for (int c = 0; c < 4; c++) {
        r[c] = _mm512_shuffle_f32x4(t[c], t[8 + c], 0x88);
        r[8 + c] = _mm512_shuffle_f32x4(t[c], t[8 + c], 0xDD);
        r[4 + c] = _mm512_shuffle_f32x4(t[4 + c], t[12 + c], 0x88);
        r[12 + c] = _mm512_shuffle_f32x4(t[4 + c], t[12 + c], 0xDD);
    }
}

#endif
