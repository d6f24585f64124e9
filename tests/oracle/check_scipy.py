#!/usr/bin/python3
"""Records SciPy's answers for tests/check: python3 tests/oracle/check_scipy.py > tests/oracle/check_scipy.txt

Every quantity is computed by a route of its own, not by the formulas of src/check: likelihood ratios as differences of
log-densities (multivariate normal, Wishart), square roots and logarithms of matrices by sqrtm and logm. Before it
records anything it holds Bartlett's two factors to the exact means of the likelihood ratios (digamma): the relative
error that remains must fall as 1 / count^2.
"""
import sys

import numpy as np
import scipy
from scipy.linalg import eigh, logm, sqrtm
from scipy.special import digamma
from scipy.stats import multivariate_normal, wishart

QUANTITIES = ["mean", "covariance", "eigenvalues", "covariance_error", "affine_invariant_distance", "lrt_covariance",
              "lrt_joint", "hotelling_t2", "frechet_distance", "kl_exact", "frechet_exact"]
# (dimension, latent_dim, count): latent_dim below, at and above the dimension.
SHAPES = [(1, 1, 12), (1, 3, 50), (2, 2, 25), (2, 5, 40), (3, 3, 23), (3, 2, 21), (5, 5, 30), (5, 7, 22), (8, 8, 31),
          (8, 11, 29)]
SEED = 20230817


def bartlett_covariance(d, count):
    return 1 - (2 * d * d + 3 * d - 1) / (6 * (count - 1) * (d + 1))


def bartlett_joint(d, count):
    return 1 - (2 * d * d + 9 * d + 11) / (6 * count * (d + 3))


def check_bartlett_factors():
    for d in (1, 2, 3, 5, 8):
        for count in (100, 1000, 10000):
            n = count - 1
            log_determinant = sum(digamma((n - i) / 2) + np.log(2) for i in range(d))  # of a Wishart matrix, mean
            covariance = n * (d * np.log(n) - log_determinant)
            joint = count * (d * np.log(count) - log_determinant)
            for mean, degrees in ((bartlett_covariance(d, count) * covariance, d * (d + 1) / 2),
                                  (bartlett_joint(d, count) * joint, d * (d + 3) / 2)):
                assert abs(mean / degrees - 1) < 7 / count**2, (d, count, mean, degrees)


def frechet(mean, covariance, b, sigma):
    root = sqrtm(sigma)
    middle = sqrtm(root @ covariance @ root)
    return float(np.sum((mean - b)**2) + np.trace(covariance + sigma - 2 * np.real(middle)))


def kl(mean, covariance, b, sigma):
    d = len(b)
    if np.linalg.matrix_rank(covariance) < d:
        return np.inf
    difference = mean - b
    return 0.5 * (np.trace(np.linalg.solve(sigma, covariance)) - d + difference @ np.linalg.solve(sigma, difference)
                  + np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(covariance)[1])


def answers(samples, A, b, weight, bias):
    count, d = samples.shape
    x = samples.astype(float)
    sigma = A.T @ A
    mean = x.mean(axis=0)
    S = np.atleast_2d(np.cov(x.T))
    scatter = (count - 1) * S
    n = count - 1
    lrt_covariance = 2 * (wishart.logpdf(scatter, n, scatter / n) - wishart.logpdf(scatter, n, sigma))
    joint = 2 * (multivariate_normal.logpdf(x, mean, scatter / count) - multivariate_normal.logpdf(x, b, sigma)).sum()
    logarithm = np.real(logm(np.linalg.solve(sigma, S)))
    W = weight.astype(float)
    c = bias.astype(float)
    return {
        "mean": mean,
        "covariance": S,
        "eigenvalues": eigh(S, sigma, eigvals_only=True),
        "covariance_error": np.linalg.norm(S - sigma) / np.linalg.norm(sigma),
        "affine_invariant_distance": np.sqrt(np.trace(logarithm @ logarithm)),
        "lrt_covariance": bartlett_covariance(d, count) * lrt_covariance,
        "lrt_joint": bartlett_joint(d, count) * joint,
        "hotelling_t2": count * (mean - b) @ np.linalg.solve(S, mean - b),
        "frechet_distance": frechet(mean, S, b, sigma),
        "kl_exact": kl(c, W @ W.T, b, sigma),
        "frechet_exact": frechet(c, W @ W.T, b, sigma),
    }


def line(name, values):
    print(name, *(repr(float(v)) for v in np.ravel(values)))


def main():
    check_bartlett_factors()
    print(f"# Made by tests/oracle/check_scipy.py with SciPy {scipy.__version__}, NumPy {np.__version__}, "
          f"Python {sys.version.split()[0]}, seed {SEED}.")
    print("# A case: its shape, the true law N(b, A^T A), samples (float32), an affine generator (float32), the answers.")
    generator = np.random.default_rng(SEED)
    for dimension, latent_dim, count in SHAPES:
        A = generator.normal(size=(dimension, dimension)) + 1.5 * np.eye(dimension)
        b = generator.normal(size=dimension)
        weight = (0.8 * generator.normal(size=(dimension, latent_dim))).astype(np.float32)
        bias = (b + 0.3 * generator.normal(size=dimension)).astype(np.float32)
        mixing = A + 0.3 * generator.normal(size=A.shape)
        samples = (generator.normal(size=(count, dimension)) @ mixing + b + 0.2).astype(np.float32)
        print("dimension", dimension)
        print("latent_dim", latent_dim)
        print("count", count)
        for name, values in (("A", A), ("b", b), ("samples", samples), ("weight", weight), ("bias", bias)):
            line(name, values)
        recorded = answers(samples, A, b, weight, bias)
        for name in QUANTITIES:
            line(name, recorded[name])


if __name__ == "__main__":
    main()
