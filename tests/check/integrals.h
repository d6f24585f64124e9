/// Losses of optimal discriminators between Gaussian laws as integrals over the space of the data, by the trapezoidal
/// rule with 256 nodes in every direction: what src/check finds by another integral.
#ifndef GANSWEEP_TESTS_CHECK_INTEGRALS_H
#define GANSWEEP_TESTS_CHECK_INTEGRALS_H

#include <math.h>
#include <stddef.h>

enum { NODES = 256 };
#define LN2 0.69314718055994530942
#define TAILS 8.5 // standard deviations; what lies beyond is under 1e-16

/// The logarithms of both densities at the nodes of one direction, where neither law is negligible.
typedef struct {
    double log_p[NODES], log_q[NODES];
    double step; ///< 0: nowhere
} direction;

static inline double log_density(double x, double mean, double variance) {
    return -0.5 * ((x - mean) * (x - mean) / variance + log(2 * M_PI * variance));
}

static inline direction direction_of(double variance, double shift) {
    direction made = {.step = 0};
    const double deviation = sqrt(variance);
    const double low = fmax(-TAILS, shift - TAILS * deviation);
    const double high = fmin(TAILS, shift + TAILS * deviation);
    if (high > low) {
        made.step = (high - low) / (NODES - 1);
        for (int i = 0; i < NODES; i++) {
            const double x = low + made.step * i;
            made.log_p[i] = log_density(x, 0, 1);
            made.log_q[i] = log_density(x, shift, variance);
        }
    }
    return made;
}

static inline double softplus(double x) {
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/// p log(1 + q / p) and q log(1 + p / q), the second times `of_q`.
static inline double integrand(double log_p, double log_q, double of_q) {
    return exp(log_p) * softplus(log_q - log_p) + of_q * exp(log_q) * softplus(log_p - log_q);
}

/// E_p log(1 + q / p) + of_q E_q log(1 + p / q), in one direction or, with `second`, in two.
static inline double losses(const direction *first, const direction *second, double of_q) {
    double sum = 0;
    for (int i = 0; i < NODES; i++) {
        if (second == NULL) {
            sum += integrand(first->log_p[i], first->log_q[i], of_q);
        } else {
            double row = 0;
            for (int j = 0; j < NODES; j++) {
                row += integrand(first->log_p[i] + second->log_p[j], first->log_q[i] + second->log_q[j], of_q);
            }
            sum += row;
        }
    }
    return sum * first->step * (second == NULL ? 1 : second->step);
}

#endif
