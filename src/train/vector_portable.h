/// Any number of lanes (GS_LANES) in plain C. See vector.h for what each operation means.
///
/// The multiply-add is C's fmaf, which rounds once on every machine; where the processor has none it is slow but exact.
#ifndef GANSWEEP_TRAIN_VECTOR_PORTABLE_H
#define GANSWEEP_TRAIN_VECTOR_PORTABLE_H

#ifndef GS_LANES
#define GS_LANES 8
#endif

typedef struct {
    float lane[GS_LANES];
} vfloat;
typedef struct {
    uint32_t lane[GS_LANES];
} vint;
typedef vint vmask; // 0 or 1 in each lane
typedef struct {
    uint64_t lane[GS_LANES];
} vwide;

GS_INLINE vfloat vset(float x) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = x;
    }
    return result;
}
GS_INLINE vfloat vload(const float *p) {
    vfloat result;
    memcpy(result.lane, p, sizeof result.lane);
    return result;
}
GS_INLINE void vstore(float *p, vfloat x) {
    memcpy(p, x.lane, sizeof x.lane);
}
GS_INLINE vfloat vadd(vfloat a, vfloat b) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] + b.lane[i];
    }
    return result;
}
GS_INLINE vfloat vsub(vfloat a, vfloat b) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] - b.lane[i];
    }
    return result;
}
GS_INLINE vfloat vmul(vfloat a, vfloat b) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] * b.lane[i];
    }
    return result;
}
GS_INLINE vfloat vdiv(vfloat a, vfloat b) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] / b.lane[i];
    }
    return result;
}
GS_INLINE vfloat vsqrt(vfloat a) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = __builtin_sqrtf(a.lane[i]);
    }
    return result;
}
#define vsqrt_beside_vdiv(a) vsqrt(a)
GS_INLINE vfloat vfma(vfloat a, vfloat b, vfloat c) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]);
    }
    return result;
}
GS_INLINE vfloat vfms(vfloat a, vfloat b, vfloat c) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = __builtin_fmaf(a.lane[i], b.lane[i], -c.lane[i]);
    }
    return result;
}
GS_INLINE vfloat vfnma(vfloat a, vfloat b, vfloat c) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = __builtin_fmaf(-a.lane[i], b.lane[i], c.lane[i]);
    }
    return result;
}
GS_INLINE vfloat vmin(vfloat a, vfloat b) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
    }
    return result;
}
GS_INLINE vfloat vmax(vfloat a, vfloat b) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
    }
    return result;
}
GS_INLINE vfloat vselect(vmask mask, vfloat a, vfloat b) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = mask.lane[i] ? a.lane[i] : b.lane[i];
    }
    return result;
}
GS_INLINE vmask vgreater(vfloat a, vfloat b) {
    vmask result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] > b.lane[i];
    }
    return result;
}

GS_INLINE vfloat vflush(vfloat x) {
    for (int i = 0; i < GS_LANES; i++) {
        x.lane[i] = __builtin_fabsf(x.lane[i]) < 0x1p-126f ? 0.0f : x.lane[i];
    }
    return x;
}

GS_INLINE vint viset(uint32_t x) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = x;
    }
    return result;
}
GS_INLINE vint viload(const void *p) {
    vint result;
    memcpy(result.lane, p, sizeof result.lane);
    return result;
}
GS_INLINE void vistore(void *p, vint x) {
    memcpy(p, x.lane, sizeof x.lane);
}
GS_INLINE vint viadd(vint a, vint b) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] + b.lane[i];
    }
    return result;
}
GS_INLINE vint visub(vint a, vint b) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] - b.lane[i];
    }
    return result;
}
GS_INLINE vint viand(vint a, vint b) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] & b.lane[i];
    }
    return result;
}
GS_INLINE vint vior(vint a, vint b) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] | b.lane[i];
    }
    return result;
}
GS_INLINE vint vixor(vint a, vint b) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] ^ b.lane[i];
    }
    return result;
}
GS_INLINE vint visll(vint x, int n) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = x.lane[i] << n;
    }
    return result;
}
GS_INLINE vint visrl(vint x, int n) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = x.lane[i] >> n;
    }
    return result;
}
GS_INLINE vint visra(vint x, int n) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = (uint32_t)((int32_t)x.lane[i] >> n);
    }
    return result;
}
GS_INLINE vmask vnonzero(vint x) {
    vmask result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = x.lane[i] != 0;
    }
    return result;
}

GS_INLINE vint vbits(vfloat x) {
    return viload(x.lane);
}
GS_INLINE vfloat vfloatbits(vint x) {
    vfloat result;
    memcpy(result.lane, x.lane, sizeof result.lane);
    return result;
}
GS_INLINE vfloat vtofloat(vint x) {
    vfloat result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = (float)(int32_t)x.lane[i];
    }
    return result;
}

GS_INLINE vwide vwiden(vint x) {
    vwide result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = x.lane[i];
    }
    return result;
}
GS_INLINE vint vnarrow(vwide w) {
    vint result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = (uint32_t)w.lane[i];
    }
    return result;
}
GS_INLINE vwide vwmul(vwide w, uint32_t m) {
    vwide result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = (w.lane[i] & UINT32_MAX) * m;
    }
    return result;
}
GS_INLINE vwide vwhigh(vwide w) {
    vwide result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = w.lane[i] >> 32;
    }
    return result;
}
GS_INLINE vwide vwxor3(vwide a, vwide b, vwide c) {
    vwide result;
    for (int i = 0; i < GS_LANES; i++) {
        result.lane[i] = a.lane[i] ^ b.lane[i] ^ c.lane[i];
    }
    return result;
}

GS_INLINE void vaccumulate(double *sums, vfloat x) {
    for (int i = 0; i < GS_LANES; i++) {
        sums[i] += (double)x.lane[i];
    }
}
GS_INLINE void vtranspose(vfloat r[GS_LANES]) {
    for (int i = 0; i < GS_LANES; i++) {
        for (int j = 0; j < i; j++) {
            const float t = r[i].lane[j];
            r[i].lane[j] = r[j].lane[i];
            r[j].lane[i] = t;
        }
    }
}

#endif
