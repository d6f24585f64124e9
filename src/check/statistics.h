/// Distances and test statistics from the generalized eigenvalues lambda of a covariance against the true one.
///
/// Every function takes lambda ascending with exact zeros for a singular covariance, as gs_generalized_eigenvalues()
/// leaves them. Only gs_log() and IEEE operations: the same bits on every machine.
#ifndef GANSWEEP_CHECK_STATISTICS_H
#define GANSWEEP_CHECK_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

/// sqrt(sum log^2 lambda) (Forstner & Moonen 1999); +inf if singular.
double gs_affine_invariant_distance(const double *eigenvalues, int dimension);

/// -2 rho log Lambda of Sigma = Sigma0, mean unknown, from `count` samples (Muirhead 1982, 8.4; Anderson 2003, 10.8):
///   n sum (lambda - 1 - log lambda),  n = count - 1,  rho = 1 - (2 d^2 + 3 d - 1) / (6 n (d + 1)); +inf if singular.
double gs_lrt_covariance(const double *eigenvalues, int dimension, int64_t count);

/// -2 rho log Lambda of mean = b and Sigma = Sigma0 (Muirhead 1982, 8.5; Anderson 2003, 10.9):
///   N (sum (l - 1 - log l) + |L^-1 (mean - b)|^2),  l = lambda (N - 1) / N,  N = count,
///   rho = 1 - (2 d^2 + 9 d + 11) / (6 N (d + 3)); +inf if singular.
/// @param squared_length  (mean - b)^T Sigma0^-1 (mean - b)
double gs_lrt_joint(const double *eigenvalues, int dimension, int64_t count, double squared_length);

/// KL(N(c, C) to N(b, Sigma0)) = (sum (lambda - 1 - log lambda) + |L^-1 (c - b)|^2) / 2, nats; +inf if singular.
double gs_kl_divergence(const double *eigenvalues, int dimension, double squared_length);

/// Whether every eigenvalue lies in [1 - tolerance, 1 + tolerance].
bool gs_within_tolerance(const double *eigenvalues, int dimension, double tolerance);

#endif
