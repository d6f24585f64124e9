/// tanh, exp, log, sine, cosine and the normal transform, in IEEE operations only: the same bits on every machine.
///
/// Each function exists once, for an array of n <= VF_CHAINS_MAX independent arguments that advance in lockstep: every
/// line below is one operation of all n chains, which then stand next to each other in the instruction stream. A
/// processor's scheduler is too small to overlap chains of this length by itself. n is a constant where it is called.
///
/// Coefficients carry the power of their variable in their name and come from tests/oracle/fit_polynomials.py. An error
/// is the largest distance to the exact result over all floats of the range, in units in the last place of that result;
/// tests/train/polynomials_test.c measures it again. Rounding makes most of it. Tables and longer reductions would buy
/// digits with time; training does not notice them: tests/train/trajectories_test.c.
#ifndef GANSWEEP_TRAIN_POLYNOMIALS_H
#define GANSWEEP_TRAIN_POLYNOMIALS_H

#include "train/vector.h"

/// The longest array that one call of an _n function takes.
enum { VF_CHAINS_MAX = 16 };

/// One operation of all n chains.
#define VF_EACH GS_UNROLL for (int k = 0; k < n; k++)

#define TANH_MAX_ULP 4.28
#define TANH_CLAMP 9.0f
#define TANH_P0 408447.469f
#define TANH_P1 12156.6318f
#define TANH_P2 46.5712776f
#define TANH_Q0 816894.938f
#define TANH_Q1 92387.8438f
#define TANH_Q2 984.691711f

/// tanh x = 2 p q / (q^2 + p^2), the double angle of tanh(x/2) = p/q, an odd rational function of degree 5 over 6 whose
/// denominator has leading coefficient 1: one division. All floats, error TANH_MAX_ULP.
///
/// Exactly odd, -0 stays -0, NaN stays NaN, never beyond +-1. Past the clamp the value stands still. Nearly all of the
/// error is rounding, which has no direction; that of one coefficient less has one, and training does notice: every
/// delta carries the factor 1 - tanh^2.
GS_INLINE void vf_tanh_n(vfloat *x, const int n) {
    vfloat y[VF_CHAINS_MAX], p[VF_CHAINS_MAX], q[VF_CHAINS_MAX];
    VF_EACH x[k] = vmin(vset(TANH_CLAMP), x[k]);
    VF_EACH x[k] = vmax(vset(-TANH_CLAMP), x[k]);
    VF_EACH y[k] = vmul(x[k], x[k]);
    VF_EACH p[k] = vfma(y[k], vset(TANH_P2), vset(TANH_P1));
    VF_EACH q[k] = vadd(y[k], vset(TANH_Q2));
    VF_EACH p[k] = vfma(p[k], y[k], vset(TANH_P0));
    VF_EACH q[k] = vfma(q[k], y[k], vset(TANH_Q1));
    VF_EACH p[k] = vmul(p[k], x[k]);
    VF_EACH q[k] = vfma(q[k], y[k], vset(TANH_Q0));
    VF_EACH x[k] = vadd(p[k], p[k]);
    VF_EACH y[k] = vmul(q[k], q[k]);
    VF_EACH x[k] = vmul(x[k], q[k]);
    VF_EACH y[k] = vfma(p[k], p[k], y[k]);
    VF_EACH x[k] = vdiv(x[k], y[k]);
}

GS_INLINE vfloat vf_tanh(vfloat x) {
    vf_tanh_n(&x, 1);
    return x;
}

#define EXP_MAX_ULP 4.49        // x in [-87, 0]
#define EXP_MAX_ULP_NEAR_0 0.77 // x in [-3, 0]
#define EXP_CLAMP (-87.0f)      // e^-87 is a normal float; the next power of two below would not be
#define EXP_LOG2_E 1.44269504f
#define EXP_LN_2 0.693147182f
/// Adding it to |v| < 2^21 rounds v to the integer n and leaves n + 127, the exponent field of 2^n, in the lowest bits.
#define EXP_ROUND (0x1.8p23f + 127.0f)
#define EXP_C2 0.499999911f
#define EXP_C3 0.166665152f
#define EXP_C4 0.0416685231f
#define EXP_C5 0.00836867373f
#define EXP_C6 0.00137881318f

/// e^x for x <= 0: 2^n e^f with f = x - n ln 2 in [-ln 2 / 2, ln 2 / 2]. Error EXP_MAX_ULP_NEAR_0 where it matters
/// beside 1, growing in proportion to n (ln 2 is one float, off by 1.9e-9) to EXP_MAX_ULP.
///
/// Below -87, -inf included, e^-87 = 1.6e-38; e^0 = 1; NaN stays NaN. Not for x > 0.
GS_INLINE void vf_exp_negative_n(vfloat *x, const int n) {
    vfloat t[VF_CHAINS_MAX], f[VF_CHAINS_MAX], p[VF_CHAINS_MAX];
    VF_EACH x[k] = vmax(vset(EXP_CLAMP), x[k]);
    VF_EACH t[k] = vfma(x[k], vset(EXP_LOG2_E), vset(EXP_ROUND));
    VF_EACH f[k] = vsub(t[k], vset(EXP_ROUND));
    VF_EACH f[k] = vfnma(f[k], vset(EXP_LN_2), x[k]);
    VF_EACH p[k] = vfma(f[k], vset(EXP_C6), vset(EXP_C5));
    VF_EACH p[k] = vfma(p[k], f[k], vset(EXP_C4));
    VF_EACH p[k] = vfma(p[k], f[k], vset(EXP_C3));
    VF_EACH p[k] = vfma(p[k], f[k], vset(EXP_C2));
    VF_EACH p[k] = vfma(p[k], f[k], vset(1.0f));
    VF_EACH p[k] = vfma(p[k], f[k], vset(1.0f));
    VF_EACH x[k] = vmul(p[k], vfloatbits(visll(vbits(t[k]), 23)));
}

GS_INLINE vfloat vf_exp_negative(vfloat x) {
    vf_exp_negative_n(&x, 1);
    return x;
}

#define LOG_MAX_ULP 0.89
#define LOG_LN_2 0.693147182f
#define LOG_TWO_THIRDS_BITS 0x3f2aaaabu // of the float 2/3
#define LOG_ONE_BITS 0x3f800000u        // of 1.0f
#define LOG_C3 0.333332419f
#define LOG_C4 -0.249997765f
#define LOG_C5 0.200097352f
#define LOG_C6 -0.166815221f
#define LOG_C7 0.140152603f
#define LOG_C8 -0.121682502f
#define LOG_C9 0.139399588f
#define LOG_C10 -0.129769012f

/// log x = e ln 2 + log(1 + m), x = 2^e (1 + m) with 2/3 <= 1 + m < 4/3, log(1 + m) = m + m^2 (-1/2 + c3 m + ...).
/// For x in [2^-126, 2^126], error LOG_MAX_ULP.
///
/// log 1 = +0; NaN stays NaN, +inf gives no finite number. Not for zero, denormals and negative numbers.
GS_INLINE void vf_log_n(vfloat *x, const int n) {
    vint e[VF_CHAINS_MAX], scale[VF_CHAINS_MAX];
    vfloat m[VF_CHAINS_MAX], z[VF_CHAINS_MAX], p[VF_CHAINS_MAX];
    VF_EACH e[k] = visra(visub(vbits(x[k]), viset(LOG_TWO_THIRDS_BITS)), 23);
    VF_EACH scale[k] = visub(viset(LOG_ONE_BITS), visll(e[k], 23)); // the bits of 2^-e
    VF_EACH m[k] = vfms(x[k], vfloatbits(scale[k]), vset(1.0f));    // exact
    VF_EACH x[k] = vtofloat(e[k]);
    VF_EACH z[k] = vmul(m[k], m[k]);
    VF_EACH p[k] = vfma(m[k], vset(LOG_C10), vset(LOG_C9));
    VF_EACH p[k] = vfma(p[k], m[k], vset(LOG_C8));
    VF_EACH p[k] = vfma(p[k], m[k], vset(LOG_C7));
    VF_EACH p[k] = vfma(p[k], m[k], vset(LOG_C6));
    VF_EACH p[k] = vfma(p[k], m[k], vset(LOG_C5));
    VF_EACH p[k] = vfma(p[k], m[k], vset(LOG_C4));
    VF_EACH p[k] = vfma(p[k], m[k], vset(LOG_C3));
    VF_EACH p[k] = vfma(p[k], m[k], vset(-0.5f));
    VF_EACH p[k] = vfma(p[k], z[k], m[k]);
    VF_EACH x[k] = vfma(x[k], vset(LOG_LN_2), p[k]);
}

GS_INLINE vfloat vf_log(vfloat x) {
    vf_log_n(&x, 1);
    return x;
}

#define SINE_MAX_ULP 2.37
#define COSINE_MAX_ULP 1.15
#define SINCOS_EIGHTH_TURN 0x20000000u
#define SINE_C1 1.57079637f
#define SINE_C3 -0.645967066f
#define SINE_C5 0.0797208995f
#define SINE_C7 -0.00471443869f
#define COSINE_C2 -1.23370051f
#define COSINE_C4 0.253668517f
#define COSINE_C6 -0.020855248f
#define COSINE_C8 0.000893572695f

/// Sine and cosine of `angle` 2^-32 turns: the nearest quarter turn is taken off, the rest f (in quarter turns,
/// [-1/2, 1/2), rounded to float) goes into both polynomials, which change places and signs with the quarter.
/// All angles; exact at the four quarters. Errors SINE_MAX_ULP and COSINE_MAX_ULP within an eighth turn of 0, where the
/// sine and the cosine are the polynomials of their own names.
GS_INLINE void vf_sincos_turn_n(const vint *angle, vfloat *sine, vfloat *cosine, const int n) {
    vint q[VF_CHAINS_MAX];
    vfloat f[VF_CHAINS_MAX], z[VF_CHAINS_MAX], s[VF_CHAINS_MAX], c[VF_CHAINS_MAX];
    VF_EACH q[k] = visrl(viadd(angle[k], viset(SINCOS_EIGHTH_TURN)), 30);
    VF_EACH f[k] = vmul(vtofloat(visub(angle[k], visll(q[k], 30))), vset(0x1p-30f));
    VF_EACH z[k] = vmul(f[k], f[k]);
    VF_EACH s[k] = vfma(z[k], vset(SINE_C7), vset(SINE_C5));
    VF_EACH c[k] = vfma(z[k], vset(COSINE_C8), vset(COSINE_C6));
    VF_EACH s[k] = vfma(s[k], z[k], vset(SINE_C3));
    VF_EACH c[k] = vfma(c[k], z[k], vset(COSINE_C4));
    VF_EACH s[k] = vfma(s[k], z[k], vset(SINE_C1));
    VF_EACH c[k] = vfma(c[k], z[k], vset(COSINE_C2));
    VF_EACH s[k] = vmul(s[k], f[k]);
    VF_EACH c[k] = vfma(c[k], z[k], vset(1.0f));
    VF_EACH {
        const vmask odd = vnonzero(viand(q[k], viset(1)));
        const vint sine_sign = visll(viand(q[k], viset(2)), 30);
        const vint cosine_sign = visll(viand(viadd(q[k], viset(1)), viset(2)), 30);
        sine[k] = vfloatbits(vixor(vbits(vselect(odd, c[k], s[k])), sine_sign));
        cosine[k] = vfloatbits(vixor(vbits(vselect(odd, s[k], c[k])), cosine_sign));
    }
}

GS_INLINE void vf_sincos_turn(vint angle, vfloat *sine, vfloat *cosine) {
    vf_sincos_turn_n(&angle, sine, cosine, 1);
}

#define RADIUS_MAX_ULP 0.98

/// Two independent standard normals from two random words (Box & Muller 1958): z0 = r cos, z1 = r sin of the angle
/// u_angle 2^-32 turns, r = sqrt(-2 log a), a = ((u_radius >> 8) + 1/2) 2^-24 rounded to float, which lies in (0, 1].
/// So |z| <= 5.888 = sqrt(50 log 2). Error of r RADIUS_MAX_ULP.
GS_INLINE void vf_box_muller_n(const vint *u_radius, const vint *u_angle, vfloat *z0, vfloat *z1, const int n) {
    vfloat r[VF_CHAINS_MAX];
    VF_EACH r[k] = vfma(vtofloat(visrl(u_radius[k], 8)), vset(0x1p-24f), vset(0x1p-25f));
    vf_log_n(r, n);
    VF_EACH r[k] = vsqrt(vmul(r[k], vset(-2.0f)));
    vf_sincos_turn_n(u_angle, z1, z0, n);
    VF_EACH z0[k] = vmul(r[k], z0[k]);
    VF_EACH z1[k] = vmul(r[k], z1[k]);
}

GS_INLINE void vf_box_muller(vint u_radius, vint u_angle, vfloat *z0, vfloat *z1) {
    vf_box_muller_n(&u_radius, &u_angle, z0, z1, 1);
}

#endif
