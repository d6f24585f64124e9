/// gs_log and gs_exp. The coefficients are made by log_exp_coefficients.py, which also prints their errors.
///
/// Both carry the leading term as an exact sum of two doubles, so that only the last addition rounds visibly.
#include "numeric/log_exp.h"

#include <stdint.h>
#include <string.h>

#define ONE_OVER_LN2 0x1.71547652b82fep+0
// ln 2 = LN2_HIGH + LN2_LOW; LN2_HIGH has 32 significant bits, so that k LN2_HIGH is exact for every exponent k
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33
// adding and subtracting 1.5 * 2^52 rounds a small double to the nearest integer
#define ROUNDER 0x1.8p52

enum {
    MANTISSA_BITS = 52,
    EXPONENT_BIAS = 1023,
    EXPONENT_MASK = 0x7ff,
};
#define BITS_OF_INFINITY UINT64_C(0x7ff0000000000000)
#define BITS_OF_NAN UINT64_C(0x7ff8000000000000)
#define BITS_OF_SQRT_HALF UINT64_C(0x3fe6a09e667f3bcd)
#define BITS_OF_ONE UINT64_C(0x3ff0000000000000)
#define MANTISSA_MASK UINT64_C(0x000fffffffffffff)
#define SMALLEST_NORMAL 0x1p-1022

// beyond these the result is infinite, or 0, for certain; in between the last multiplication decides
#define EXP_LARGEST 710.0
#define EXP_SMALLEST (-746.0)

// exp(r) = 1 + r + r^2 Q(r) for |r| <= ln(2) / 2; error of the polynomial 2^-60.6 relative to the result
static const double Q[] = {
    0x1.0000000000000p-1,  0x1.5555555555555p-3,  0x1.5555555555557p-5,  0x1.1111111111111p-7,
    0x1.6c16c16c15a68p-10, 0x1.a01a01a0196acp-13, 0x1.a01a01a9e991bp-16, 0x1.71de3a5aa7bb7p-19,
    0x1.27e4d41966f2fp-22, 0x1.ae642c82e33d5p-26, 0x1.1f7f2776cfaf2p-29, 0x1.61bfaa228dde5p-33,
};

// log((1 + s) / (1 - s)) = 2 s + s z R(z), z = s^2, for |s| <= 3 - 2 sqrt(2); error 2^-60.7 relative to the result
static const double R[] = {
    0x1.5555555555555p-1, 0x1.9999999999a38p-2, 0x1.2492492476c87p-2, 0x1.c71c720160b47p-3,
    0x1.745cf901605f7p-3, 0x1.3b1c360763b8ap-3, 0x1.0fbe83c2cbcf3p-3, 0x1.0c04595972ab8p-3,
};

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

static double from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t to_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/// 2^exponent for a normal result.
static double power_of_two(int64_t exponent) {
    return from_bits((uint64_t)(exponent + EXPONENT_BIAS) << MANTISSA_BITS);
}

/// coefficients[0] + coefficients[1] x + ..., by Horner's rule.
static double polynomial(const double *coefficients, int count, double x) {
    double sum = coefficients[count - 1];
    for (int i = count - 2; i >= 0; i--) {
        sum = sum * x + coefficients[i];
    }
    return sum;
}

double gs_log(double x) {
    if (x != x || x < 0) {
        return from_bits(BITS_OF_NAN);
    }
    if (x == 0) {
        return -from_bits(BITS_OF_INFINITY);
    }
    if (to_bits(x) == BITS_OF_INFINITY) {
        return x;
    }
    int64_t exponent = 0;
    if (x < SMALLEST_NORMAL) {
        exponent = -(MANTISSA_BITS + 2);
        x *= 0x1p54;
    }
    // x = 2^exponent m with sqrt(1/2) <= m < sqrt(2)
    const uint64_t shifted = to_bits(x) + (BITS_OF_ONE - BITS_OF_SQRT_HALF);
    exponent += (int64_t)(shifted >> MANTISSA_BITS) - EXPONENT_BIAS;
    const double m = from_bits((shifted & MANTISSA_MASK) + BITS_OF_SQRT_HALF);
    const double k = (double)exponent;

    // log(m) = f - f^2/2 + s (f^2/2 + z R(z)), f = m - 1 (exact), s = f / (2 + f)
    const double f = m - 1;
    const double s = f / (2 + f);
    const double z = s * s;
    // f^2/2 = square_high + square_low; the upper half of f squares without rounding
    const double f_high = from_bits(to_bits(f) & ~UINT64_C(0x7ffffff));
    const double square_high = 0.5 * f_high * f_high;
    const double square_low = 0.5 * (f - f_high) * (f + f_high);
    const double rest = s * (square_high + square_low + z * polynomial(R, COUNT_OF(R), z)) - square_low;
    // k ln 2 + f - f^2/2, each addition with its exact remainder
    const double near = f - square_high;
    const double near_remainder = (f - near) - square_high;
    const double whole = k * LN2_HIGH;
    if (exponent == 0) {
        return near + (near_remainder + rest);
    }
    const double sum = whole + near;
    const double sum_remainder = (whole - sum) + near;
    return sum + (sum_remainder + (near_remainder + (rest + k * LN2_LOW)));
}

double gs_exp(double x) {
    if (x != x) {
        return from_bits(BITS_OF_NAN);
    }
    if (x > EXP_LARGEST) {
        return from_bits(BITS_OF_INFINITY);
    }
    if (x < EXP_SMALLEST) {
        return 0;
    }
    // x = k ln 2 + r, r = high - low
    const double k = (x * ONE_OVER_LN2 + ROUNDER) - ROUNDER;
    const double high = x - k * LN2_HIGH;
    const double low = k * LN2_LOW;
    const double r = high - low;
    // 1 + high with its exact remainder, then everything small
    const double sum = 1 + high;
    const double remainder = (1 - sum) + high;
    const double y = sum + (remainder + (r * r * polynomial(Q, COUNT_OF(Q), r) - low));
    // 2^k in two factors: the first never leaves the normal range, so that only the second rounds
    const int64_t exponent = (int64_t)k;
    const int64_t half = exponent / 2;
    return y * power_of_two(half) * power_of_two(exponent - half);
}
