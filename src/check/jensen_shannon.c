/// Jensen-Shannon divergence of Gaussian laws by one integral over their Chernoff coefficient.
#include "check/jensen_shannon.h"

#include <math.h>

#include "numeric/log_exp.h"
#include "numeric/sine_cosine.h"

static const double PI = 0x1.921fb54442d18p+1;
static const double LN2 = 0x1.62e42fefa39efp-1;

/// The trapezoidal rule's nodes t = k / NODES_PER_UNIT, k = 0 ... NODE_COUNT - 1, stand for those at -t too. The
/// distance is within 2e-17 of the integral; what lies beyond the last node is 6e-17.
enum { NODES_PER_UNIT = 14, NODE_COUNT = 144 };

/// Coefficients of a smaller modulus, in logarithms, are 0.
static const double SMALLEST_LOG_MODULUS = -45;

typedef struct {
    double real, imaginary;
} complex_number;

static complex_number multiply(complex_number a, complex_number b) {
    return (complex_number){a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real};
}

/// modulus e^(i angle)
static complex_number polar(double modulus, double angle) {
    double sine = 0;
    double cosine = 0;
    gs_sine_cosine(angle, &sine, &cosine);
    return (complex_number){modulus * cosine, modulus * sine};
}

/// The inverse root of (x + i y) / length, length = |x + i y|, x > 0: half of its angle, turned back.
static complex_number inverse_root(double x, double y, double length) {
    const double cosine = sqrt(0.5 + 0.5 * (x / length));
    return (complex_number){cosine, -0.5 * (y / length) / cosine};
}

/// The Chernoff coefficient C(1/2 + i t) of N(0, I) and N(shift, diag(variance)), variance > 0. In each direction
///   log C = ((1 - a) log variance - log D - a (1 - a) shift^2 / D) / 2,  D = (1 - a) variance + a,  a = 1/2 + i t.
static complex_number chernoff_coefficient(double t, const double *variance, const double *shift, int dimension) {
    double log_modulus = 0;
    double angle = 0;
    complex_number roots = {1, 0};
    for (int i = 0; i < dimension; i++) {
        const double logarithm = gs_log(variance[i]);
        const double x = 0.5 * (variance[i] + 1.0);
        const double y = t * (1.0 - variance[i]);
        const double squared_length = x * x + y * y;
        const double distance = (0.25 + t * t) * (shift[i] * shift[i]) / squared_length;
        log_modulus += 0.25 * (logarithm - gs_log(squared_length)) - 0.5 * (distance * x);
        angle += 0.5 * (distance * y) - 0.5 * (t * logarithm);
        roots = multiply(roots, inverse_root(x, y, sqrt(squared_length)));
    }
    // not a number only where something overflowed: far apart
    if (!(log_modulus > SMALLEST_LOG_MODULUS)) {
        return (complex_number){0, 0};
    }
    return multiply(polar(gs_exp(log_modulus), angle), roots);
}

/// h / ((1/4 + t^2) cosh(pi t)) at node k, halved at t = 0, which has no other side.
static double node_weight(int k, double t) {
    const double exponential = gs_exp(PI * t);
    const double cosh = 0.5 * (exponential + 1.0 / exponential);
    const double step = (k == 0 ? 0.5 : 1.0) / NODES_PER_UNIT;
    return step / ((0.25 + t * t) * cosh);
}

static bool all_finite(const double *values, int count) {
    for (int i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}

static bool all_positive(const double *values, int count) {
    for (int i = 0; i < count; i++) {
        if (!(values[i] > 0)) {
            return false;
        }
    }
    return true;
}

double gs_jensen_shannon_of_directions(const double *variance, const double *shift, int dimension) {
    if (!all_finite(variance, dimension) || !all_finite(shift, dimension)) {
        return NAN;
    }
    if (!all_positive(variance, dimension)) {
        return LN2;
    }
    double sum = 0;
    for (int k = 0; k < NODE_COUNT; k++) {
        const double t = (double)k / NODES_PER_UNIT;
        const complex_number C = chernoff_coefficient(t, variance, shift, dimension);
        sum += node_weight(k, t) * (1.0 - C.real);
    }
    const double divergence = 0.5 * sum;
    if (divergence > LN2) {
        return LN2;
    }
    return divergence > 0 ? divergence : 0;
}

/// 1/2 integral of factor^(1/2 + i t) C(1/2 + i t) / ((1/2 + i t) cosh(pi t)) dt.
double gs_mean_loss_on_data(const double *variance, const double *shift, int dimension, double factor) {
    const double logarithm = gs_log(factor);
    const double root = sqrt(factor);
    double sum = 0;
    for (int k = 0; k < NODE_COUNT; k++) {
        const double t = (double)k / NODES_PER_UNIT;
        const complex_number C =
            multiply(polar(root, t * logarithm), chernoff_coefficient(t, variance, shift, dimension));
        sum += node_weight(k, t) * (0.5 * C.real + t * C.imaginary);
    }
    return sum > 0 ? sum : 0;
}

static bool all_finite_floats(const float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}

gs_status gs_jensen_shannon_gaussian(gs_directions *directions, const float *weight, const float *bias,
                                     int64_t latent_dim, double *divergence, gs_error *error) {
    const int d = directions->truth->dimension;
    *divergence = NAN;
    if (!all_finite_floats(weight, d * latent_dim) || !all_finite_floats(bias, d)) {
        return GS_OK;
    }
    if (latent_dim < d) {
        *divergence = LN2;
        return GS_OK;
    }
    const gs_status status = gs_directions_of_affine(directions, weight, bias, latent_dim, error);
    if (status == GS_OK) {
        *divergence = gs_jensen_shannon_of_directions(directions->variance, directions->shift, d);
    }
    return status;
}
