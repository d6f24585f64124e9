/// The reference training in float: the packed kernel's bits, one trial at a time. See reference.h.
#include "train/reference.h"

#include <math.h>

#define GS_LANES 1
#include "train/polynomials.h"

static float real_fma(float a, float b, float c) {
    return fmaf(a, b, c);
}
static float real_sqrt(float x) {
    return sqrtf(x);
}
static float real_tanh(float x) {
    vfloat v = vset(x);
    vf_tanh_n(&v, 1);
    return v.lane[0];
}
static float real_exp_negative(float x) {
    vfloat v = vset(x);
    vf_exp_negative_n(&v, 1);
    return v.lane[0];
}
static float real_log(float x) {
    return vf_log(vset(x)).lane[0];
}

#define REAL float
#define REAL_SMALLEST 0x1p-126f
#define REFERENCE gs_reference_float
#define REFERENCE_FROM gs_reference_float_from
#define REFERENCE_END gs_reference_float_end
#define OBSERVE gs_observe_float
#include "train/reference_body.h"
