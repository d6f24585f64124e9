/// gs_sine_cosine: the angle is reduced to |r| <= pi / 4 by the nearest multiple of pi / 2, and r is put into the
/// Taylor polynomials of both functions, whose first missing terms are under 2^-63.
#include "numeric/sine_cosine.h"

#include <stdint.h>
#include <string.h>

// pi / 2 = HALF_PI_HIGH + HALF_PI_MIDDLE + HALF_PI_LOW; the first two have 32 significant bits, so that k times them is
// exact for |k| < 2^21
#define HALF_PI_HIGH 0x1.921fb544p+0
#define HALF_PI_MIDDLE 0x1.0b4611a6p-34
#define HALF_PI_LOW 0x1.3198a2e037073p-69
#define TWO_OVER_PI 0x1.45f306dc9c883p-1
// adding and subtracting 1.5 * 2^52 rounds a small double to the nearest integer
#define ROUNDER 0x1.8p52
#define LARGEST 0x1p20
#define BITS_OF_NAN UINT64_C(0x7ff8000000000000)

// sin(r) = r + r^3 S(r^2), cos(r) = 1 - r^2 / 2 + r^4 C(r^2)
static const double S[] = {
    -1.0 / 6.0,        1.0 / 120.0,        -1.0 / 5040.0,          1.0 / 362880.0,
    -1.0 / 39916800.0, 1.0 / 6227020800.0, -1.0 / 1307674368000.0, 1.0 / 355687428096000.0,
};
static const double C[] = {
    1.0 / 24.0,        -1.0 / 720.0,         1.0 / 40320.0,          -1.0 / 3628800.0,
    1.0 / 479001600.0, -1.0 / 87178291200.0, 1.0 / 20922789888000.0,
};

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof *(array)))

/// coefficients[0] + coefficients[1] x + ..., by Horner's rule.
static double polynomial(const double *coefficients, int count, double x) {
    double sum = coefficients[count - 1];
    for (int i = count - 2; i >= 0; i--) {
        sum = sum * x + coefficients[i];
    }
    return sum;
}

void gs_sine_cosine(double x, double *sine, double *cosine) {
    if (!(x >= -LARGEST && x <= LARGEST)) {
        const uint64_t bits = BITS_OF_NAN;
        memcpy(sine, &bits, sizeof bits);
        memcpy(cosine, &bits, sizeof bits);
        return;
    }
    const double k = (x * TWO_OVER_PI + ROUNDER) - ROUNDER;
    const double r = ((x - k * HALF_PI_HIGH) - k * HALF_PI_MIDDLE) - k * HALF_PI_LOW;
    const double z = r * r;
    const double sine_of_r = r + r * (z * polynomial(S, COUNT_OF(S), z));
    const double cosine_of_r = 1.0 - (0.5 * z - z * z * polynomial(C, COUNT_OF(C), z));
    // x = r + k pi / 2: each quarter turn takes (cos, sin) to (-sin, cos)
    const unsigned quarter = (unsigned)(int)k & 3U;
    const double s = quarter % 2 == 0 ? sine_of_r : cosine_of_r;
    const double c = quarter % 2 == 0 ? cosine_of_r : sine_of_r;
    *sine = quarter >= 2 ? -s : s;
    *cosine = quarter == 1 || quarter == 2 ? -c : c;
}
