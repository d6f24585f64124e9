#!/usr/bin/env python3
"""Finds the coefficients of src/train/polynomials.h and prints them as C constants.

For each function three steps:
1. Minimax: the largest |approximation - function| in ulp of the function is made smallest by linear programming
   (successive linear programs where a coefficient enters nonlinearly), the arithmetic still exact.
2. The coefficients are rounded to float one after the other, and the others fitted again each time.
3. A descent over neighbouring floats lowers the error of the float32 evaluation itself, rounding of every operation
   included, on a sample of arguments. What it ends at is measured over all arguments by tests/train/polynomials_test.c.

Needs numpy and scipy. The seed is fixed: the same versions print the same constants. About two minutes.
"""

import argparse
import math

import numpy as np
from scipy.optimize import linprog

LOG2_E = np.float32(math.log2(math.e))
LN_2 = np.float32(math.log(2))


def single(x):
    return np.asarray(x, np.float64).astype(np.float32)


def fma(a, b, c):
    """float32 a * b + c: the product is exact in double; its sum rounds twice, which changes one result in 2^29."""
    return single(np.float64(a) * np.float64(b) + np.float64(c))


def ulp(y):
    """Distance of neighbouring floats at |y|."""
    return np.exp2(np.floor(np.log2(np.maximum(np.abs(y), 2.0**-126))) - 23)


def horner(x, coefficients):
    """float32 polynomial, lowest power first, by fused multiply-adds."""
    result = coefficients[-1]
    for c in coefficients[-2::-1]:
        result = fma(result, x, c)
    return result


def minimax(residual, jacobian, coefficients, free):
    """Makes max(|residual|) smallest over the coefficients whose index is in `free`.

    residual(c) -> [points], jacobian(c) -> [points x coefficients].
    """
    best_coefficients = np.array(coefficients, np.float64)
    best = np.max(np.abs(residual(best_coefficients)))
    radius = 1.0
    scale = np.where(best_coefficients == 0, 1.0, np.abs(best_coefficients))[free]
    for _ in range(60):
        r = residual(best_coefficients)
        slope = jacobian(best_coefficients)[:, free] * scale
        unit = np.max(np.abs(slope), axis=0)
        ones = np.ones((len(r), 1))
        program = linprog(
            np.append(np.zeros(len(free)), 1.0),
            A_ub=np.block([[slope / unit, -ones], [-slope / unit, -ones]]),
            b_ub=np.concatenate([-r, r]),
            bounds=[(-radius * u, radius * u) for u in unit] + [(0, None)],
            method="highs",
        )
        if program.status == 0:
            trial = best_coefficients.copy()
            trial[free] += program.x[:-1] / unit * scale
            error = np.max(np.abs(residual(trial)))
            if error < best * (1 - 1e-9):
                best_coefficients, best = trial, error
                continue
        radius /= 8
        if radius < 1e-14:
            break
    return best_coefficients, best


def round_in_turn(residual, jacobian, coefficients, order):
    """Rounds coefficient after coefficient to float and fits those that are left again."""
    c, _ = minimax(residual, jacobian, coefficients, list(order))
    for i, index in enumerate(order):
        c[index] = np.float64(np.float32(c[index]))
        rest = list(order[i + 1 :])
        if rest:
            c, _ = minimax(residual, jacobian, c, rest)
    return single(c)


def descend(evaluate, function, draw, coefficients, rounds, random):
    """Moves coefficients by a few floats while the error of evaluate(coefficients, x) against function(x) falls.

    The error is the largest in ulp, then the mean square, over a sample of draw(count); after each eighth of the rounds
    the worst of many arguments join it, so that it holds those that matter.
    @return (coefficients, largest error in ulp over the many)
    """
    many = draw(4000000)
    exact_many = function(np.float64(many))
    sample, exact = many[::100], exact_many[::100]

    def error(trial):
        errors = in_ulp(evaluate(trial, sample), exact)
        return np.max(np.abs(errors)), np.mean(errors**2)

    best = coefficients.copy()
    ends = []
    for _ in range(8):
        best_error = error(best)
        for i in range(rounds // 8):
            trial = best.copy()
            for index in random.choice(len(best), size=random.integers(1, 4), replace=False):
                steps = int(random.integers(-12, 13) if i % 2 else random.integers(-2, 3))
                trial[index] = (np.array(trial[index]).view(np.int32) + np.int32(steps)).view(np.float32)
            trial_error = error(trial)
            if trial_error < best_error:
                best, best_error = trial, trial_error
        errors = np.abs(in_ulp(evaluate(best, many), exact_many))
        ends.append((np.max(errors), best))
        worst = np.argsort(errors)[-1000:]
        sample, exact = np.append(sample, many[worst]), np.append(exact, exact_many[worst])
    largest, best = min(ends, key=lambda end: end[0])
    return best, largest


def in_ulp(computed, exact):
    return (np.float64(computed) - exact) / ulp(exact)


def show(name, error, constants):
    print(f"// {name}: {error:.3f} ulp on the sample")
    for label, value in constants:
        print(f"#define {label} {value:.9g}f")
    print()


class Tanh:
    """tanh x = 2 p q / (q^2 + p^2), p / q = tanh(x / 2), p = x (p0 + p1 y + p2 y^2), q = q0 + ... + y^3, y = x^2."""

    labels = ["TANH_P0", "TANH_P1", "TANH_P2", "TANH_Q0", "TANH_Q1", "TANH_Q2"]
    start = np.array([332640, 10080, 42, 665280, 75600, 840.0])  # the continued fraction's sixth convergent

    def __init__(self, clamp):
        self.clamp = np.float32(clamp)
        self.x = np.concatenate([np.linspace(0.01, clamp, 500), np.geomspace(0.001, 1, 150)])

    @staticmethod
    def parts(c, x):
        y = x * x
        return x * (c[0] + y * (c[1] + y * c[2])), c[3] + y * (c[4] + y * (c[5] + y))

    def residual(self, c):
        p, q = self.parts(c, self.x)
        exact = np.tanh(self.x)
        return (2 * p * q / (q * q + p * p) - exact) / ulp(exact)

    def jacobian(self, c):
        x, y = self.x, self.x**2
        p, q = self.parts(c, x)
        by_p = 2 * q * (q * q - p * p) / (q * q + p * p) ** 2
        by_q = 2 * p * (p * p - q * q) / (q * q + p * p) ** 2
        columns = [by_p * x, by_p * x * y, by_p * x * y * y, by_q, by_q * y, by_q * y * y]
        return np.stack(columns, 1) / ulp(np.tanh(x))[:, None]

    def evaluate(self, c, x):
        x = np.clip(x, -self.clamp, self.clamp)
        y = x * x
        p = fma(fma(y, c[2], c[1]), y, c[0]) * x
        q = fma(fma(y + c[5], y, c[4]), y, c[3])
        return ((p + p) * q) / fma(p, p, q * q)

    def fit(self, rounds, random):
        c, _ = minimax(self.residual, self.jacobian, self.start, range(6))
        c = round_in_turn(self.residual, self.jacobian, c, [3, 0, 4, 1, 5, 2])

        def draw(count):
            """Everywhere, and more where rounding is worst: just below tanh = 1/2 and towards 1."""
            below_half = random.uniform(0.4, 0.5494, count // 2)
            near_one = random.uniform(2, self.clamp + 0.5, count // 4)
            return single(np.concatenate([below_half, near_one, np.exp(random.uniform(-5, 0.7, count // 4))]))

        def evaluate(trial, x):
            computed = self.evaluate(trial, x)
            return np.where(computed > 1, np.float32(2), computed)  # never above 1: a value there is as bad as can be

        return descend(evaluate, np.tanh, draw, c, rounds, random)


def fit_tanh(rounds, random):
    """The fit has a tenth of a unit left, so that errors are roundings and add up to nothing over many steps: with 2.7
    units of the form of one coefficient less, a hundred steps of training went four times as far from the exact ones.
    The clamp is a compromise: further out the fit is wider and rounding leads above 1; nearer, it is not yet 1."""
    fits = []
    for clamp in [8.25, 8.5, 8.75, 9.0]:
        model = Tanh(clamp)
        c, error = model.fit(rounds, random)
        print(f"// clamp {clamp}: {error:.3f} ulp")
        fits.append((error, model.clamp, c))
    error, clamp, c = min(fits, key=lambda fit: fit[0])
    show("tanh", error, [("TANH_CLAMP", clamp), *zip(Tanh.labels, c)])


def linear_fit(basis, target, unit):
    """residual and jacobian of  target ~ basis @ c  in multiples of `unit`."""
    return (lambda c: (basis @ c - target) / unit), (lambda c: basis / unit[:, None])


def fit_exp(rounds, random):
    """exp x = 2^n e^f, n = round(x / ln 2), f = x - n ln 2; e^f = 1 + f (1 + f (c2 + c3 f + ...)), |f| <= ln 2 / 2."""
    f = math.log(2) / 2 * 1.001 * np.cos(np.linspace(0, math.pi, 800))
    basis = np.stack([f**k for k in range(2, 7)], 1)
    residual, jacobian = linear_fit(basis, np.expm1(f) - f, ulp(np.exp(f)))
    c = round_in_turn(residual, jacobian, [1 / math.factorial(k) for k in range(2, 7)], range(5))
    one, shift = np.float32(1), np.float32(1.5 * 2**23)

    def evaluate(c, x):
        n = fma(x, LOG2_E, shift) - shift
        return horner(fma(-n, LN_2, x), [one, one, *c]) * single(np.exp2(n))

    def draw(count):
        return single(-random.uniform(0, 3, count))

    c, error = descend(evaluate, np.exp, draw, c, rounds, random)
    show("exp (x in [-3, 0])", error, [(f"EXP_C{k + 2}", v) for k, v in enumerate(c)])


def fit_log(rounds, random):
    """log x = e ln 2 + log(1 + m), 2/3 <= 1 + m < 4/3; log(1 + m) = m + m^2 (-1/2 + m (c3 + c4 m + ...))."""
    m = 1 / 3 * 1.0001 * np.cos(np.linspace(0, math.pi, 800))
    m = m[np.abs(m) > 1e-4]
    powers = range(3, 11)
    basis = np.stack([m**k for k in powers], 1)
    residual, jacobian = linear_fit(basis, np.log1p(m) - m + m * m / 2, ulp(np.log1p(m)))
    c = round_in_turn(residual, jacobian, [-((-1) ** k) / k for k in powers], range(len(powers)))

    def evaluate(c, x):
        e = (x.view(np.int32) - np.int32(0x3F2AAAAB)) >> 23
        m = fma(x, single(np.exp2(-e)), np.float32(-1))
        return fma(single(e), LN_2, fma(m * m, horner(m, [np.float32(-0.5), *c]), m))

    def draw(count):
        x = single(np.exp2(np.concatenate([random.uniform(-3, 3, count // 2), random.uniform(-0.6, 0.45, count // 2)])))
        return x[x != 1]

    c, error = descend(evaluate, np.log, draw, c, rounds, random)
    show("log", error, [(f"LOG_C{k}", v) for k, v in zip(powers, c)])


def fit_sine_and_cosine(rounds, random):
    """sin and cos of f quarter turns, |f| <= 1/2: f (s1 + s3 f^2 + ...) and 1 + f^2 (c2 + c4 f^2 + ...)."""
    quarter_turn = math.pi / 2
    f = np.sin(np.linspace(0.001, quarter_turn, 800)) / 2

    def draw(count):
        return single(np.concatenate([random.uniform(0, 0.5, count // 2), np.exp2(random.uniform(-9, -1, count // 2))]))

    def sine(x):
        return np.sin(x * quarter_turn)

    def cosine(x):
        return np.cos(x * quarter_turn)

    odd, even = range(1, 8, 2), range(2, 9, 2)
    residual, jacobian = linear_fit(np.stack([f**k for k in odd], 1), sine(f), ulp(sine(f)))
    start = [(-1) ** (k // 2) * quarter_turn**k / math.factorial(k) for k in odd]
    c = round_in_turn(residual, jacobian, start, range(4))
    c, error = descend(lambda c, x: horner(x * x, list(c)) * x, sine, draw, c, rounds, random)
    show("sine", error, [(f"SINE_C{k}", v) for k, v in zip(odd, c)])

    residual, jacobian = linear_fit(np.stack([f**k for k in even], 1), cosine(f) - 1, ulp(cosine(f)))
    start = [(-1) ** (k // 2) * quarter_turn**k / math.factorial(k) for k in even]
    c = round_in_turn(residual, jacobian, start, range(4))
    one = np.float32(1)
    c, error = descend(lambda c, x: horner(x * x, [one, *c]), cosine, draw, c, rounds, random)
    show("cosine", error, [(f"COSINE_C{k}", v) for k, v in zip(even, c)])


def main():
    functions = {"tanh": fit_tanh, "exp": fit_exp, "log": fit_log, "sincos": fit_sine_and_cosine}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("function", nargs="*", choices=[*functions, []], help="default: all")
    parser.add_argument("--rounds", type=int, default=8000, help="tries of the descent (default 8000)")
    arguments = parser.parse_args()
    for name in arguments.function or functions:
        functions[name](arguments.rounds, np.random.default_rng(17))


if __name__ == "__main__":
    main()
