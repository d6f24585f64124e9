#!/usr/bin/python3
"""Records Jensen-Shannon divergences of Gaussian laws for tests/check/jensen_shannon_test.c (two minutes):

    python3 tests/oracle/jensen_shannon.py > tests/oracle/jensen_shannon.txt

All are integrals of log(1 + q / p) p + log(1 + p / q) q over the space of the data, never over t as in src/check: in one
dimension by mpmath's adaptive quadrature, in two by the trapezoidal rule in 30 digits with its step halved until 20 of
them stand, in three by the same rule in double; laws that depend on the distance from the origin alone as integrals over
it, in up to 256 dimensions. `affine` cases name the matrices A and W and are integrated in the coordinates of the data,
without diagonalising anything; so are the `loss` cases, the mean of log(1 + q / p) under p.
"""
import sys

import mpmath
import numpy as np
from mpmath import mp, mpf

mp.dps = 30
SEED = 20230817
TAILS = 13  # standard deviations: what lies beyond is under 1e-37


def terms(log_p, log_q, context):
    """p log(1 + q / p), q log(1 + p / q)"""
    exp, log1p = context.exp, context.log1p
    difference = log_q - log_p
    if difference > 0:
        log_ratio = log1p(exp(-difference))
        return exp(log_p) * (difference + log_ratio), exp(log_q) * log_ratio
    log_ratio = log1p(exp(difference))
    return exp(log_p) * log_ratio, exp(log_q) * (-difference + log_ratio)


def log_density(x, mean, variance):
    return -(x - mean)**2 / (2 * variance) - mpmath.log(2 * mpmath.pi * variance) / 2


def one_dimension(variance, shift):
    variance, shift = mpf(variance), mpf(shift)
    root = mpmath.sqrt(variance)
    points = sorted({mpf(k) for k in range(-TAILS, TAILS + 1)} | {shift + root * k for k in range(-TAILS, TAILS + 1)})
    return mpmath.log(2) - mpmath.quad(
        lambda x: sum(terms(log_density(x, 0, 1), log_density(x, shift, variance), mpmath)), points) / 2


def overlap(variance, shift):
    """Where neither law is negligible, and the scale of the narrower one."""
    root = mpmath.sqrt(variance)
    return max(mpf(-TAILS), shift - TAILS * root), min(mpf(TAILS), shift + TAILS * root), min(mpf(1), root)


def log_densities(variance, shift, step):
    low, high, scale = overlap(variance, shift)
    if high <= low:
        return [], scale * step
    nodes = [low + scale * step * k for k in range(int((high - low) / (scale * step)) + 1)]
    return [(log_density(x, 0, 1), log_density(x, shift, variance)) for x in nodes], scale * step


def two_dimensions(variances, shifts):
    previous, step = mpf(2), mpf(1) / 4
    while True:
        (first, h), (second, k) = (log_densities(mpf(v), mpf(s), step) for v, s in zip(variances, shifts))
        total = mpf(0)
        for p1, q1 in first:
            for p2, q2 in second:
                if min(p1 + p2, q1 + q2) > -70 - mpmath.log(h * k):
                    total += sum(terms(p1 + p2, q1 + q2, mpmath))
        value = mpmath.log(2) - total * h * k / 2
        if abs(value - previous) < mpf("1e-20"):
            return value
        previous, step = value, step / 2


def logaddexp_terms(log_p, log_q):
    return np.exp(log_p) * np.logaddexp(0, log_q - log_p) + np.exp(log_q) * np.logaddexp(0, log_p - log_q)


def three_dimensions(variances, shifts):
    grids, volume = [], 1.0
    for variance, shift in zip(variances, shifts):
        nodes, step = log_densities(mpf(variance), mpf(shift), mpf(1) / 8)
        grids.append(np.array(nodes, float))
        volume *= float(step)
    log_p, log_q = (grids[0][:, None, None, i] + grids[1][None, :, None, i] + grids[2][None, None, :, i] for i in (0, 1))
    return np.log(2) - logaddexp_terms(log_p, log_q).sum() * volume / 2


def radial(dimension, variance):
    """N(0, I) and N(0, variance I): an integral over the distance from the origin."""
    d, variance = mpf(dimension), mpf(variance)

    def log_density_of_distance(r, v):
        return ((d - 1) * mpmath.log(r) - r * r / (2 * v) - d / 2 * mpmath.log(v) - (d / 2 - 1) * mpmath.log(2)
                - mpmath.loggamma(d / 2))

    root = mpmath.sqrt(variance)
    points = sorted({mpf(0)} | {max(mpf(0), scale * (mpmath.sqrt(d) + k)) for scale in (mpf(1), root)
                                for k in range(-TAILS, TAILS + 1)})
    return mpmath.log(2) - mpmath.quad(
        lambda r: sum(terms(log_density_of_distance(r, mpf(1)), log_density_of_distance(r, variance), mpmath))
        if r > 0 else mpf(0), points) / 2


def log_density_2(x, mean, covariance):
    inverse, (_, log_determinant) = np.linalg.inv(covariance), np.linalg.slogdet(covariance)
    y = x - mean
    return -(np.einsum("...i,ij,...j", y, inverse, y) + log_determinant) / 2 - np.log(2 * np.pi)


def affine(A, b, W, c):
    """(JSD, mean under p of log(1 + q / p)) in the coordinates of the data, x = b + L u."""
    sigma = A.T @ A
    factor = np.linalg.cholesky(sigma)
    nodes, step = np.linspace(-9, 9, 1441, retstep=True)
    u = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1)
    x = b + u @ factor.T
    volume = step**2 * np.linalg.det(factor)
    log_p, log_q = log_density_2(x, b, sigma), log_density_2(x, c, W @ W.T)
    return (np.log(2) - logaddexp_terms(log_p, log_q).sum() * volume / 2,
            (np.exp(log_p) * np.logaddexp(0, log_q - log_p)).sum() * volume)


def line(name, *values):
    print(name, *(repr(float(v)) for value in values for v in np.ravel(value)))


def main():
    print(f"# Made by tests/oracle/jensen_shannon.py with mpmath {mpmath.__version__}, NumPy {np.__version__}, "
          f"Python {sys.version.split()[0]}, seed {SEED}.")
    print("# directions DIMENSION variances shifts JSD")
    print("# affine LATENT_DIM A b W c JSD LOSS, all of two dimensions")
    for variance in ("1e-12", "1e-8", "1e-4", "0.01", "0.25", "0.9", "1", "1.5", "10", "100", "1e4"):
        for shift in ("0", "0.1", "1", "3", "8", "30"):
            line("directions 1", variance, shift, one_dimension(variance, shift))
    for variances, shifts in ((("1", "1"), ("0.3", "-0.4")), (("0.9", "1.2"), ("0.05", "0.1")), (("1e-12", "1"), ("0", "0")),
                              (("1e-12", "1e4"), ("0.5", "3")), (("1e-6", "1e-3"), ("1", "-2")), (("0.01", "100"), ("2", "8")),
                              (("1e-12", "1e-12"), ("0", "0")), (("1e4", "1e4"), ("30", "0")), (("0.25", "4"), ("1", "1"))):
        line("directions 2", variances, shifts, two_dimensions(variances, shifts))
    for variances, shifts in (((0.5, 1.0, 3.0), (0.5, -1.0, 2.0)), ((1e-6, 0.9, 50.0), (0.2, 0.3, -1.0))):
        line("directions 3", variances, shifts, three_dimensions(variances, shifts))
    for dimension in (2, 3, 8, 32, 256):
        for variance in ("1e-6", "0.5", "0.95", "1.1", "20"):
            line(f"directions {dimension}", [variance] * dimension, [0] * dimension, radial(dimension, variance))
    generator = np.random.default_rng(SEED)
    for latent_dim in (2, 2, 2, 3, 5):
        A = generator.normal(size=(2, 2)) + np.eye(2)
        b = generator.normal(size=2)
        mixing = A.T @ (np.eye(2) + 0.4 * generator.normal(size=(2, 2)))
        W = (mixing @ np.linalg.qr(generator.normal(size=(latent_dim, latent_dim)))[0][:2]).astype(np.float32)
        c = (b + 0.5 * generator.normal(size=2)).astype(np.float32)
        line(f"affine {latent_dim}", A, b, W, c, affine(A, b, W.astype(float), c.astype(float)))


if __name__ == "__main__":
    main()
