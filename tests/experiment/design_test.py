"""What a design draws against SciPy's Sobol sequence and against docs/randomness.md in NumPy.

    design_test.py PROGRAM

PROGRAM is made from print_design.c. SciPy has the direction numbers of Joe & Kuo 2008 in a file of its own; it makes the first
2^20 points in all dimensions, and its matrix of 64 direction numbers the points far beyond. Random numbers come from
NumPy's own Philox, values from NumPy's logarithm and exponential.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

import numpy as np
from scipy.stats import qmc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))
import trial_in_numpy  # noqa: E402  docs/randomness.md in NumPy

PROGRAM = sys.argv.pop(1)
DIMENSIONS = 32
DESIGN, SHIFT = 6, 7  # streams
FAR = [2**20 - 1, 2**31, 2**40 + 12345, 3**39, 2**61 + 1, 2**62 - 1]
EXPERIMENT = """data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}
design: {method: %s, points: 40000, seed: %d}
convention: {choice: [tf, mxnet, torch]}
parameters:
  seed: 3
  lr_D: {min: 0.003, max: 0.7, scale: log}
  lr_G: {min: 0.01, max: 0.5, scale: linear}
  batch_size: {min: 2, max: 300, scale: %s}
"""


def ask(*words, columns):
    run = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, check=True, timeout=120)
    return np.frombuffer(run.stdout).reshape(-1, columns)


def bits_of(units):
    return (units * 2.0**53).astype(np.uint64)


def block_bits(seed, stream, dimension, points):
    """64 bits of each block: docs/randomness.md, `Designs`."""
    low, high = np.array([point % 2**32 for point in points]), np.array([point >> 32 for point in points])
    words = trial_in_numpy.philox(low, high, stream, seed, dimension).astype(np.uint64)
    return words[:, 0] | (words[:, 1] << np.uint64(32))


class Designs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")  # counts that are no power of two
        cls.sobol = qmc.Sobol(DIMENSIONS, scramble=False, bits=64)
        cls.directions = np.array(cls.sobol._sv, dtype=np.uint64)

    def test_the_first_2_to_the_20_points_are_scipys_in_all_dimensions(self):
        chunk = 1 << 16
        for first in range(0, 1 << 20, chunk):
            np.testing.assert_array_equal(ask("units", "sobol", 0, DIMENSIONS, first, chunk, columns=DIMENSIONS),
                                          self.sobol.random(chunk), err_msg=f"from {first}")

    def test_points_far_off_follow_from_scipys_direction_numbers(self):
        for point in FAR:
            gray, wanted = point ^ (point >> 1), np.zeros(DIMENSIONS, dtype=np.uint64)
            for bit in range(64):
                if gray >> bit & 1:
                    wanted ^= self.directions[:, bit]
            got = ask("units", "sobol", 0, DIMENSIONS, point, 1, columns=DIMENSIONS)[0]
            np.testing.assert_array_equal(bits_of(got), wanted >> np.uint64(11), err_msg=str(point))

    def test_a_seed_shifts_every_point_alike(self):
        plain = bits_of(ask("units", "sobol", 0, DIMENSIONS, 0, 1000, columns=DIMENSIONS))
        for seed in (1, 2**40 + 17, 2**63 - 1):
            shift = np.array([block_bits(seed, SHIFT, d, [0])[0] for d in range(DIMENSIONS)]) >> np.uint64(11)
            got = bits_of(ask("units", "sobol", seed, DIMENSIONS, 0, 1000, columns=DIMENSIONS))
            np.testing.assert_array_equal(got, plain ^ shift)
            self.assertEqual(len(set(shift)), DIMENSIONS)

    def test_random_points_are_philoxs(self):
        for seed in (0, 1, 2**40 + 17, 2**63 - 1):
            for first in (0, 2**32 - 3, 2**61 + 5):
                points = [first + i for i in range(50)]
                got = bits_of(ask("units", "random", seed, DIMENSIONS, first, len(points), columns=DIMENSIONS))
                for d in range(DIMENSIONS):
                    np.testing.assert_array_equal(got[:, d], block_bits(seed, DESIGN, d, points) >> np.uint64(11))

    def test_values_stand_where_the_points_do_on_their_scales(self):
        for method, seed, scale in [("sobol", 0, "log"), ("sobol", 5, "linear"), ("random", 0, "log"), ("random", 5, "linear")]:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(EXPERIMENT % (method, seed, scale))
                file.flush()
                lr_G, lr_D, batch_size, convention = ask("values", file.name, 0, 40000, columns=4).T
            # The dimensions are numbered in the order of the table of settings.
            units = dict(zip(["lr_G", "lr_D", "convention", "batch_size"],
                             ask("units", method, seed, 4, 0, 40000, columns=4).T))
            # batch_size changes the shape of the work, and convention too comes after the rates: all are one digit.
            np.testing.assert_allclose(lr_G, 0.01 + units["lr_G"] * 0.49, rtol=1e-11)
            np.testing.assert_allclose(lr_D, np.exp(np.log(0.003) + units["lr_D"] * np.log(0.7 / 0.003)), rtol=1e-11)
            low, high = (np.log(1.5), np.log(300.5)) if scale == "log" else (1.5, 300.5)
            exact = low + units["batch_size"] * (high - low)
            np.testing.assert_array_equal(batch_size, np.clip(np.round(np.exp(exact) if scale == "log" else exact), 2, 300))
            np.testing.assert_array_equal(convention, np.array([2, 0, 1])[(units["convention"] * 3).astype(int)])
            for values in (lr_G, lr_D):  # twelve digits, as grids have
                self.assertTrue(all(float(f"{value:.11e}") == value for value in values[:2000]))
            self.assertEqual((set(convention), batch_size.min(), batch_size.max()), ({0, 1, 2}, 2, 300))
            ends = np.count_nonzero(batch_size == 2), np.count_nonzero(batch_size == 300)
            shares = (np.log(2.5 / 1.5) / np.log(300.5 / 1.5), np.log(300.5 / 299.5) / np.log(300.5 / 1.5)) if scale == "log" else (1 / 299, 1 / 299)
            for count, share in zip(ends, shares):  # the ends are drawn as often as their parts of the scale say
                self.assertLess(abs(count - 40000 * share), 5 * np.sqrt(40000 * share) + 1)

    def test_random_points_are_uniform_and_independent(self):
        units = ask("units", "random", 9, 6, 0, 200000, columns=6)
        self.assertLess(np.abs(units.mean(axis=0) - 0.5).max(), 5 / np.sqrt(12 * 200000))
        self.assertLess(np.abs(units.var(axis=0) - 1 / 12).max(), 5 / np.sqrt(180 * 200000))
        correlation = np.corrcoef(units.T) - np.eye(6)
        self.assertLess(np.abs(correlation).max(), 5 / np.sqrt(200000))
        self.assertLess(np.abs(np.corrcoef(units[1:, 0], units[:-1, 0])[0, 1]), 5 / np.sqrt(200000))


if __name__ == "__main__":
    unittest.main()
