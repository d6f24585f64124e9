#!/usr/bin/env python3
"""Prints the coefficients of log_exp.c and their largest errors (needs mpmath).

Interpolation at Chebyshev nodes in 60 digits, then rounding to double: within a few per cent of the minimax polynomial.
The errors printed are those of the rounded coefficients, evaluated exactly, relative to the final result.
"""
from mpmath import cos, exp, log, lu_solve, matrix, mp, mpf, pi, polyval, sqrt

mp.dps = 60


def interpolate(function, low, high, degree):
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * degree + 2)) for i in range(degree + 1)]
    powers = matrix([[x**j for j in range(degree + 1)] for x in nodes])
    return [float(c) for c in lu_solve(powers, matrix([function(x) for x in nodes]))]


def report(name, coefficients, error, low, high):
    points = [low + (high - low) * i / 2000 for i in range(1, 2000)]
    largest = max(abs(error(coefficients, x)) for x in points if x != 0)
    print(f"{name}: largest error of the polynomial 2^{float(log(largest, 2)):.2f}")
    for power, c in enumerate(coefficients):
        print(f"    {c.hex()}, // {power}")


def value(coefficients, x):
    return polyval([mpf(c) for c in reversed(coefficients)], x)


# exp(r) = 1 + r + r^2 Q(r), |r| <= ln(2)/2 with a little room for the rounding of k
half = log(mpf(2)) / 2 * mpf("1.0001")
report("Q", interpolate(lambda r: (exp(r) - 1 - r) / r**2, -half, half, 11),
       lambda c, r: (1 + r + r**2 * value(c, r)) / exp(r) - 1, -half, half)

# log(1+f) = 2 atanh(s) = 2 s + s z R(z), s = f / (2 + f), z = s^2, sqrt(1/2) <= 1 + f <= sqrt(2)
largest_z = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1))**2 * mpf("1.0001")


def atanh_tail(z):
    s = sqrt(z)
    return (log((1 + s) / (1 - s)) - 2 * s) / (s * z)


report("R", interpolate(atanh_tail, mpf(0), largest_z, 7),
       lambda c, z: (2 + z * value(c, z)) / (2 + z * atanh_tail(z)) - 1, mpf(0), largest_z)

# ln(2) in two parts: the first has 32 significant bits, so that k times it is exact for |k| < 2^21
ln2_high = mpf(int(log(mpf(2)) * 2**32)) / 2**32
print("ln(2)", float(ln2_high).hex(), float(log(mpf(2)) - ln2_high).hex())
print("1/ln(2)", float(1 / log(mpf(2))).hex())
print("largest and smallest x of exp", float(log(mpf(2)**1024 - mpf(2)**970)).hex(), float(log(mpf(2)**-1075)).hex())
