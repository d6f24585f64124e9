"""src/inference against SciPy and R's definitions, on the same numbers.

    inference_test.py PROGRAM

PROGRAM is made from answer.c. Each statistic is held to a library's function: SciPy's t distribution, spearmanr, bootstrap,
false discovery rates, energy_distance, permutation_test, fisher_exact, minimize; where SciPy has none the published formula
stands here, in NumPy.
"""
import os
import subprocess
import sys
import unittest
import warnings

import numpy as np
from scipy import optimize, stats
from scipy.spatial.distance import cdist, pdist

PROGRAM = sys.argv.pop(1)


def ask(*questions):
    text = "".join(" ".join([question[0], *(f"{value:.17g}" for part in question[1:] for value in np.ravel(part))]) + "\n"
                   for question in questions)
    run = subprocess.run([PROGRAM], input=text, capture_output=True, text=True, check=True, timeout=120)
    return [np.array([float(word) for word in line.split()]) for line in run.stdout.splitlines()]


class Inference(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(20261125)

    def test_equivalence_is_two_t_tests(self):
        questions, expected = [], []
        for count in (2, 3, 16, 64, 5000):
            for shift in (-0.02, -0.004, 0, 0.0003, 0.004, 0.02):
                sample = np.log(2) + shift + 0.01 * self.rng.standard_normal(count)
                for margin in (0.0005, 0.005, 0.05):
                    questions.append(("equivalence", sample.mean(), stats.sem(sample), count - 1, np.log(2), margin))
                    expected.append(max(stats.ttest_1samp(sample, np.log(2) - margin, alternative="greater").pvalue,
                                        stats.ttest_1samp(sample, np.log(2) + margin, alternative="less").pvalue))
        np.testing.assert_allclose(np.ravel(ask(*questions)), expected, rtol=1e-8, atol=1e-14)

    def test_equivalence_of_what_is_known_exactly(self):
        inside, at_margin, outside, unknown, single = ask(
            ("equivalence", 0.5, 0, 3, 0.5, 0.1), ("equivalence", 0.625, 0, 3, 0.5, 0.125), ("equivalence", 0.7, 0, 3, 0.5, 0.1),
            ("equivalence", np.nan, 0.1, 3, 0.5, 0.1), ("equivalence", 0.5, 0.1, 0, 0.5, 0.1))
        self.assertEqual((inside[0], at_margin[0], outside[0]), (0, 1, 1))
        self.assertTrue(np.isnan(unknown[0]) and np.isnan(single[0]))

    def test_adjusted_p_is_benjamini_hochberg(self):
        """R's p.adjust(p, "BH"): pmin(1, cummin(n / i * p[order(p, decreasing = TRUE)])); and a table that R printed."""
        for p in (self.rng.uniform(size=40) ** 3, np.repeat([0.01, 0.2, 1.0], 5), np.array([0.5]), np.zeros(3)):
            descending = np.argsort(-p, kind="stable")
            expected = np.empty_like(p)
            expected[descending] = np.minimum(1, np.minimum.accumulate(len(p) / np.arange(len(p), 0, -1) * p[descending]))
            np.testing.assert_allclose(ask(("adjust", len(p), p))[0], expected, rtol=1e-14)
        # R 4.2: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "BH"); p.adjust(c(0.001, 0.008, 0.039, 0.041, 0.9), "BH")
        np.testing.assert_allclose(ask(("adjust", 5, [0.01, 0.02, 0.03, 0.04, 0.05]))[0], [0.05] * 5, rtol=1e-14)
        np.testing.assert_allclose(ask(("adjust", 5, [0.001, 0.008, 0.039, 0.041, 0.9]))[0],
                                   [0.005, 0.02, 0.05125, 0.05125, 0.9], rtol=1e-14)

    def test_what_has_no_p_is_not_counted(self):
        found = ask(("adjust", 4, [np.nan, 0.01, np.nan, 0.02]))[0]
        np.testing.assert_allclose(found, [np.nan, 0.02, np.nan, 0.02])

    def test_rank_correlation_is_scipys(self):
        for count in (4, 5, 17, 300):
            for ties in (False, True):
                x = self.rng.standard_normal(count)
                y = x + self.rng.standard_normal(count)
                if ties:
                    x, y = np.round(x), np.round(y)
                if len(set(x)) == 1 or len(set(y)) == 1:
                    continue
                r, low, high = ask(("rank", count, x, y))[0]
                self.assertAlmostEqual(r, stats.spearmanr(x, y)[0], places=12)
                if abs(r) < 1 - 1e-9:
                    half = stats.norm.ppf(0.975) * np.sqrt((1 + r**2 / 2) / (count - 3))  # Bonett & Wright 2000
                    np.testing.assert_allclose([low, high], np.tanh(np.arctanh(r) + [-half, half]), rtol=1e-10)
        self.assertTrue(np.isnan(ask(("rank", 5, np.ones(5), np.arange(5)))[0]).all())
        np.testing.assert_array_equal(ask(("rank", 9, np.arange(9), -np.arange(9)))[0], [-1, -1, -1])
        self.assertTrue(np.isnan(ask(("rank", 3, [1, 2, 3], [1, 3, 2]))[0][1:]).all())

    def test_rank_correlation_of_clusters(self):
        for count, per_cluster in ((400, 4), (400, 1), (180, 3), (130, 1), (75, 5), (25, 5)):
            cluster = np.repeat(3 + 2 * np.arange(count // per_cluster + 1), per_cluster)[:count]
            x = self.rng.standard_normal(count) + np.sin(cluster)
            y = x + self.rng.standard_normal(count)
            if per_cluster > 1:  # many equal values
                x, y = np.round(x), np.round(2 * y)
            r, low, high = ask(("rank-clusters", count, x, y, cluster))[0]
            self.assertAlmostEqual(r, stats.spearmanr(x, y)[0], places=12)
            z = np.arctanh([stats.spearmanr(x[cluster % 31 != group], y[cluster % 31 != group])[0] for group in np.unique(cluster % 31)])
            half = stats.t.ppf(0.975, len(z) - 1) * np.sqrt((len(z) - 1) * z.var())
            np.testing.assert_allclose([low, high], np.tanh(np.arctanh(r) + [-half, half]), rtol=1e-7)
        few = ask(("rank-clusters", 9, np.arange(9), np.roll(np.arange(9), 1), np.arange(9)), ("rank-clusters", 60, np.arange(60), np.roll(np.arange(60), 3), np.arange(60) % 4))
        for found in few:
            self.assertTrue(np.isnan(found[1:]).all() and found[0] > 0, found)
        alone = ask(("rank-clusters", 200, np.arange(200) == 7, np.arange(200), np.arange(200)))[0]  # constant without one group
        self.assertTrue(abs(alone[0]) < 1 and np.isnan(alone[1:]).all(), alone)

    def test_few_units_have_students_interval(self):
        for count in (2, 3, 7, 49):
            values = self.rng.exponential(size=count)
            expected = stats.t.interval(0.95, count - 1, values.mean(), stats.sem(values))
            np.testing.assert_allclose(ask(("interval", count, values, np.ones(count)))[0], expected, rtol=1e-7)
        self.assertTrue(np.isnan(ask(("interval", 1, [3], [1]))[0]).all())

    def test_numbers_whose_cubes_overflow_have_an_acceleration(self):
        values = self.rng.exponential(size=30)
        found = ask(("units", 30, values, np.ones(30)), ("units", 30, 1e135 * values, np.ones(30)), ("units", 30, 1e308 * values, np.ones(30)))
        np.testing.assert_allclose(found[1][2], found[0][2], rtol=1e-9)
        self.assertEqual(found[2][2], 0)  # the sum is infinite

    def test_means_and_standard_errors(self):
        values = self.rng.exponential(size=37)
        mean, error, acceleration = ask(("units", 37, values, np.ones(37)))[0]
        np.testing.assert_allclose([mean, error], [values.mean(), stats.sem(values)], rtol=1e-12)
        others = np.array([np.delete(values, i).mean() for i in range(37)])
        u = others.mean() - others
        self.assertAlmostEqual(acceleration, (u**3).sum() / (6 * (u**2).sum() ** 1.5), places=12)
        # Units of several trials: the ratio estimator, whose error is that of its residuals.
        trials = self.rng.integers(1, 6, 37).astype(float)
        sums = np.array([self.rng.exponential(size=int(n)).sum() for n in trials])
        mean, error, acceleration = ask(("units", 37, sums, trials))[0]
        self.assertAlmostEqual(mean, sums.sum() / trials.sum(), places=13)
        residual = sums - mean * trials
        self.assertAlmostEqual(error, np.sqrt(37 * residual.var(ddof=1)) / trials.sum(), places=12)
        others = np.array([np.delete(sums, i).sum() / np.delete(trials, i).sum() for i in range(37)])
        u = others.mean() - others
        self.assertAlmostEqual(acceleration, (u**3).sum() / (6 * (u**2).sum() ** 1.5), places=12)
        self.assertTrue(np.isnan(ask(("units", 1, [2.0], [1.0]))[0][1]))

    def test_bca_is_scipys_on_the_same_replicates(self):
        """The formula of scipy.stats.bootstrap (_bca_interval), which takes no replicates of ours."""
        for count, acceleration, confidence, shift in ((999, 0.05, 0.95, 0.1), (2000, -0.1, 0.9, -0.3), (500, 0, 0.99, 0)):
            replicates = np.round(self.rng.standard_normal(count), 2)  # some are equal to the estimate
            bias = stats.norm.ppf(((replicates < shift).sum() + (replicates <= shift).sum()) / (2 * count))
            z = bias + stats.norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
            expected = np.quantile(replicates, stats.norm.cdf(bias + z / (1 - acceleration * z)))
            found = ask(("bca", shift, acceleration, confidence, count, replicates))[0]
            np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_bca_of_equal_numbers_is_a_point(self):
        np.testing.assert_array_equal(ask(("bca", 0.5, 0, 0.95, 9, np.full(9, 0.5)))[0], [0.5, 0.5])

    def test_intervals_are_those_of_scipys_bootstrap(self):
        values = self.rng.exponential(size=60)
        mean, _, acceleration = ask(("units", 60, values, np.ones(60)))[0]
        replicates = ask(("bootstrap", 20000, 1, 2, 60, values, np.ones(60)))[0]
        found = ask(("bca", mean, acceleration, 0.95, 20000, replicates))[0]
        scipys = stats.bootstrap((values,), np.mean, n_resamples=20000, method="BCa", random_state=1).confidence_interval
        np.testing.assert_allclose(found, scipys, atol=6 * stats.sem(values) / np.sqrt(20000) * 3)

    def test_every_unit_is_drawn_equally_often_and_independently(self):
        """Numbers of draws of groups of units are multinomial: their means and covariances, over blocks of 256 units."""
        for count, group in ((3, [0]), (256, range(10, 60)), (700, range(200, 300)), (700, range(512, 700)), (5000, range(4999, 5000))):
            member = np.isin(np.arange(count), list(group)).astype(float)
            resamples = 20000
            draws = count * ask(("bootstrap", resamples, 7, 2, count, member, np.ones(count)))[0]
            share = member.mean()
            self.assertLess(abs(draws.mean() - count * share), 5 * np.sqrt(count * share * (1 - share) / resamples), (count, group))
            observed = np.bincount(np.round(draws).astype(int), minlength=count + 1)
            expected = resamples * stats.binom.pmf(np.arange(count + 1), count, share)
            kept = expected > 10
            statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
            self.assertGreater(stats.chi2.sf(statistic, kept.sum() - 1), 1e-4, (count, group))

    def factorial(self, values, a, b, freedom=None, threads=1):
        """values [units, a, b]: degrees of freedom, sum of squares, error's mean square, epsilon, F, p."""
        means = values.mean(axis=0)
        residuals = np.moveaxis(values - means, 0, -1)
        return ask(("factorial", a, b, len(values), len(values) - 1 if freedom is None else freedom, threads, means, residuals))[0]

    def test_effects_within_units_are_rs(self):
        """Main effects are of means over the other factor: what R's formulas M and X choose."""
        folder = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "oracle")
        data, effects = {}, 0
        with open(os.path.join(folder, "factorial_r.txt")) as file:
            lines = file.read().splitlines()
        for line in lines:
            kind, name, *words = line.split()
            if kind == "data":
                units, a, b = map(int, words[:3])
                data[name] = np.array(words[3:], dtype=float).reshape(units, a, b)
            elif kind == "effect":
                values = data[name]
                if words[0] == "a":
                    values = values.mean(axis=2, keepdims=True)
                elif words[0] == "b":
                    values = np.swapaxes(values.mean(axis=1, keepdims=True), 1, 2)
                units, a, b = values.shape
                df, squares, error, F, epsilon, p = map(float, words[1:])
                found = self.factorial(values, a, b)
                within = data[name][0].size / (a * b)  # cells that a mean is over
                np.testing.assert_allclose(found * [1, units * within, df * (units - 1) * within, 1, 1, 1],
                                           [df, squares, error, epsilon, F, p], rtol=1e-9, err_msg=line)
                effects += 1
        self.assertEqual(effects, 10)

    def test_effects_of_two_levels_are_paired_t_tests(self):
        values = self.rng.exponential(size=(23, 2, 2)) + [[0, 0.2], [0.1, 0.9]]
        main, both = values[:, 0] - values[:, 1], values[:, 0, 0] - values[:, 0, 1] - values[:, 1, 0] + values[:, 1, 1]
        for contrast, given, a, b in ((main.mean(axis=1), values.mean(axis=2, keepdims=True), 2, 1), (both, values, 2, 2)):
            t = stats.ttest_1samp(contrast, 0)
            found = self.factorial(given, a, b)
            np.testing.assert_allclose(found[[0, 3, 4, 5]], [1, 1, t.statistic**2, t.pvalue], rtol=1e-10)

    def test_effects_do_not_depend_on_threads_and_take_the_freedom_that_is_given(self):
        values = self.rng.standard_normal((40, 5, 3))
        np.testing.assert_array_equal(self.factorial(values, 5, 3), self.factorial(values, 5, 3, threads=3))
        found = self.factorial(values, 5, 3, freedom=9)
        self.assertAlmostEqual(found[5], stats.f.sf(found[4], found[3] * 8, found[3] * 8 * 9), places=12)

    def test_effects_where_units_agree_or_nothing_varies(self):
        alike = np.tile([[0.0], [1.0]], (6, 1, 1))
        self.assertEqual(list(self.factorial(alike, 2, 1)[[3, 4, 5]]), [1, np.inf, 0])
        for a, b in ((3, 1), (7, 1), (7, 3), (6, 11)):  # sums of 0.1 are rounded, and that is no effect
            found = self.factorial(np.full((6, a, b), 0.1), a, b)
            self.assertEqual(list(found[:3]), [(a - 1) * max(1, b - 1), 0, 0])
            self.assertTrue(np.isnan(found[3:]).all())
            found = self.factorial(np.tile(0.1 * np.arange(a)[:, None] + 0.7 * np.arange(b), (6, 1, 1)), a, b) if b > 1 else found
            self.assertEqual(found[1], 0)  # rows and columns, and no interaction
        found = self.factorial(np.array([[[1.0], [3.0], [8.0]]]), 3, 1)
        np.testing.assert_allclose(found[:2], [2, 26])
        self.assertTrue(np.isnan(found[2:]).all())

    def test_two_sample_statistics_are_scipys(self):
        for count, other, decimals, shift in ((5, 8, 9, 0), (36, 4000, 9, 0.3), (300, 40, 1, 0.2), (75, 2000, 1, 0), (9, 9, 0, 1)):
            x = np.round(self.rng.standard_normal(count) + shift, decimals)
            y = np.round(self.rng.standard_normal(other), decimals)
            distance, distance_p, difference, difference_p = ask(("two_sample", 4000, 1, count, x, other, y))[0]
            self.assertAlmostEqual(distance, stats.ks_2samp(x, y).statistic, places=12)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that p-values are cut
                scipys = stats.anderson_ksamp([x, y])
            self.assertAlmostEqual((difference - 1) / self.anderson_deviation(count, other), scipys.statistic, places=9)
            if decimals == 9:  # without ties the tables are right, too
                self.assertAlmostEqual(distance_p, stats.ks_2samp(x, y, method="exact" if count < 30 else "asymp").pvalue, delta=0.05)
                if 0.002 < scipys.significance_level < 0.24:
                    self.assertAlmostEqual(difference_p, scipys.significance_level, delta=0.03)

    @staticmethod
    def anderson_deviation(n, m):
        """Scholz & Stephens 1987, equation 4: the standard deviation of A^2 of two samples."""
        N, H = n + m, 1 / n + 1 / m
        h = (1 / np.arange(1, N)).sum()
        g = sum((1 / ((N - i) * np.arange(i + 1, N))).sum() for i in range(1, N - 1))
        a = (4 * g - 6) + (10 - 6 * g) * H
        b = (2 * g - 4) * 4 + 8 * h * 2 + (2 * g - 14 * h - 4) * H - 8 * h + 4 * g - 6
        c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * H + 4 * h
        d = (2 * h + 6) * 4 - 4 * h * 2
        return np.sqrt((a * N**3 + b * N**2 + c * N + d) / ((N - 1) * (N - 2) * (N - 3)))

    def test_two_sample_p_values_keep_their_level_with_ties(self):
        questions = []
        for repeat in range(1500):
            x, y = np.round(self.rng.standard_normal(24), 0), np.round(self.rng.standard_normal(200), 0)
            questions.append(("two_sample", 199, repeat, 24, x, 200, y))
        p = np.array(ask(*questions))[:, [1, 3]]
        for level in (0.05, 0.2, 0.5):
            error = np.sqrt(level * (1 - level) / len(p))
            self.assertTrue((p[:, 1] <= level).mean() < level + 3 * error)
            self.assertTrue((p[:, 0] <= level).mean() < level + 3 * error)
            self.assertTrue((p[:, 1] <= level).mean() > level - 3 * error - 0.02)  # ties make it coarse

    def test_two_sample_of_equal_numbers_sees_nothing(self):
        distance, distance_p, difference, difference_p = ask(("two_sample", 99, 1, 4, np.ones(4), 6, np.ones(6)))[0]
        self.assertEqual((distance, distance_p, difference, difference_p), (0, 1, 0, 1))

    def test_the_medians_interval_is_of_order_statistics(self):
        """The widest ranks from both ends whose binomial tails leave 95 %, all ranks tried, with SciPy's binomial law."""
        for count in (1, 2, 5, 6, 7, 16, 25, 50, 101, 1000, 100001):
            x = self.rng.standard_normal(count)
            for confidence in (0.5, 0.95, 0.999):
                ranks = np.arange(1, (count + 1) // 2 + 1)
                has = 1 - 2 * stats.binom.cdf(ranks - 1, count, 0.5)
                enough = ranks[has >= confidence - 1e-14]
                rank = enough.max() if len(enough) else 1
                ordered = np.sort(x)
                np.testing.assert_allclose(ask(("median", confidence, count, x))[0],
                                           [np.median(x), ordered[rank - 1], ordered[count - rank], has[rank - 1]], rtol=1e-9, atol=1e-14)

    def test_the_medians_interval_is_that_of_the_sign_test(self):
        """By hand: 1 - 2 (1 + 10) / 2^10 of the second and ninth of ten, and so on."""
        for count, low, high, confidence in ((6, 1, 6, 0.9688), (8, 1, 8, 0.9922), (10, 2, 9, 0.9785), (20, 6, 15, 0.9586), (5, 1, 5, 0.9375)):
            found = ask(("median", 0.95, count, self.rng.permutation(count) + 1))[0]
            np.testing.assert_allclose(found, [(count + 1) / 2, low, high, confidence], atol=5e-5)

    def test_the_medians_interval_covers(self):
        for count in (6, 16, 50):
            samples = self.rng.exponential(size=(4000, count))
            found = np.array(ask(*(("median", 0.95, count, sample) for sample in samples)))
            covered = ((found[:, 1] <= np.log(2)) & (np.log(2) <= found[:, 2])).mean()
            self.assertLess(abs(covered - found[0, 3]), 4 * np.sqrt(0.05 * 0.95 / len(samples)))

    def test_medians_of_infinities_and_of_nothing(self):
        most, half, none = ask(("median", 0.95, 3, [1, np.inf, np.inf]), ("median", 0.95, 4, [1, 2, np.inf, np.inf]), ("median", 0.95, 0))
        np.testing.assert_allclose(most, [np.inf, 1, np.inf, 0.75], rtol=1e-14)
        np.testing.assert_allclose(half, [np.inf, 1, np.inf, 0.875], rtol=1e-14)
        self.assertTrue(np.isnan(none).all())

    def test_threads_and_seeds(self):
        values, trials = self.rng.standard_normal(300), np.ones(300)
        one, two, other = ask(*(("bootstrap", 50, seed, threads, 300, values, trials) for seed, threads in ((3, 1), (3, 2), (4, 2))))
        np.testing.assert_array_equal(one, two)
        self.assertEqual(len(np.intersect1d(one, other)), 0)


def samples_of(x, y):
    """Two samples as a question has them."""
    x, y = (np.asarray(sample, dtype=float).reshape(len(sample), -1) for sample in (x, y))
    return x.shape[1], len(x), x, len(y), y


class TwoSamples(unittest.TestCase):
    """Tests of whether two samples of points are of one law."""

    def setUp(self):
        self.rng = np.random.default_rng(20261126)

    def samples(self, m, n, d, shift=0.0, scale=1.0):
        A = np.eye(d) + 0.5 * self.rng.standard_normal((d, d))
        return self.rng.standard_normal((m, d)) @ A, (scale * self.rng.standard_normal((n, d)) + shift) @ A

    @staticmethod
    def energy(x, y):
        """Szekely & Rizzo 2004 without the factor mn / (m + n), means over all pairs of places."""
        return 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()

    @staticmethod
    def mmd(x, y, bandwidth):
        """Gretton et al. 2012, equation 3."""
        def k(a, b):
            return np.exp(-cdist(a, b, "sqeuclidean") / (2 * bandwidth**2))
        m, n = len(x), len(y)
        return ((k(x, x).sum() - m) / (m * (m - 1)) + (k(y, y).sum() - n) / (n * (n - 1)) - 2 * k(x, y).mean())

    def test_energy_distance_and_mmd_are_their_definitions(self):
        for m, n, d in ((2, 2, 1), (5, 3, 1), (3, 40, 2), (60, 60, 3), (31, 30, 7), (200, 200, 2)):
            x, y = self.samples(m, n, d, shift=0.4)
            distance, _, mmd, _, bandwidth = ask(("pairs", 9, 1, *samples_of(x, y)))[0]
            self.assertAlmostEqual(bandwidth, np.median(pdist(np.vstack([x, y]))), places=12)
            self.assertAlmostEqual(distance, self.energy(x, y), places=12)
            self.assertAlmostEqual(mmd, self.mmd(x, y, bandwidth), places=12)
            if d == 1:  # SciPy's is the root
                self.assertAlmostEqual(distance, stats.energy_distance(x[:, 0], y[:, 0])**2, places=12)

    def test_p_values_of_pairs_are_those_of_all_permutations(self):
        """SciPy's permutation_test goes through every split of few points."""
        permutations = 20000
        for m, n, d, shift in ((4, 5, 1, 0.8), (5, 4, 2, 0.5), (3, 7, 2, 1.5), (6, 6, 3, 0)):
            x, y = self.samples(m, n, d, shift)
            _, energy_p, _, mmd_p, bandwidth = ask(("pairs", permutations, 3, *samples_of(x, y)))[0]
            pooled, places = np.vstack([x, y]), np.arange(m + n)
            for given, statistic in ((energy_p, self.energy), (mmd_p, lambda a, b: self.mmd(a, b, bandwidth))):
                exact = stats.permutation_test((places[:m], places[m:]), lambda a, b: statistic(pooled[a], pooled[b]),
                                               alternative="greater", n_resamples=np.inf, vectorized=False).pvalue
                self.assertLess(abs(given - exact), 4 * np.sqrt(exact * (1 - exact) / permutations) + 2 / permutations, (m, n, d))

    def test_p_counts_the_samples_themselves_among_the_permutations(self):
        x, y = self.samples(20, 20, 2, shift=50)
        for permutations in (1, 31, 32, 33, 64, 199):  # about the number that is handled at once
            _, energy_p, _, mmd_p, _ = ask(("pairs", permutations, 1, *samples_of(x, y)))[0]
            self.assertEqual((energy_p, mmd_p), (1 / (1 + permutations),) * 2)
        one, same, other = ask(*(("pairs", 999, seed, *samples_of(*self.fixed())) for seed in (5, 5, 6)))
        np.testing.assert_array_equal(one, same)
        self.assertFalse(np.array_equal(one, other))

    def fixed(self):
        rng = np.random.default_rng(1)
        return rng.standard_normal((30, 2)), rng.standard_normal((25, 2)) + 0.2

    def test_pairs_do_not_care_which_sample_is_first(self):
        x, y = self.fixed()
        one, other = ask(("pairs", 99, 1, *samples_of(x, y)), ("pairs", 99, 1, *samples_of(y, x)))
        np.testing.assert_allclose(one[[0, 2, 4]], other[[0, 2, 4]], rtol=1e-12)

    def test_equal_points(self):
        points = np.tile([1.5, -2.0], (9, 1))
        distance, distance_p, mmd, mmd_p, bandwidth = ask(("pairs", 99, 1, *samples_of(points, points)))[0]
        self.assertEqual((distance, distance_p, mmd, mmd_p, bandwidth), (0, 1, 0, 1, 0))
        # Half of the points are one, and most pairs are equal: the kernel is 1 for these and 0 for others.
        distance, distance_p, mmd, mmd_p, bandwidth = ask(("pairs", 99, 1, *samples_of(points, np.vstack([points[:8], [[0, 0]]]))))[0]
        self.assertEqual((bandwidth, distance_p, mmd_p), (0, 1, 1))
        self.assertAlmostEqual(mmd, 1 + (8 * 7) / (9 * 8) - 2 * 8 / 9, places=12)

    def test_hotelling_is_students_t_of_one_component(self):
        for m, n in ((2, 2), (5, 9), (40, 30)):
            x, y = self.samples(m, n, 1, shift=0.7)
            t2, p = ask(("hotelling", *samples_of(x, y)))[0]
            student = stats.ttest_ind(x[:, 0], y[:, 0])
            self.assertAlmostEqual(t2 / student.statistic**2, 1, places=10)
            self.assertAlmostEqual(p, student.pvalue, places=10)

    def test_hotelling_is_a_regression_of_the_samples_names(self):
        """T^2 = (m + n - 2) R^2 / (1 - R^2), R^2 of the regression of 0 and 1 on the points; whatever the units."""
        for m, n, d in ((5, 6, 2), (60, 40, 3), (30, 30, 12), (9, 3, 10)):
            x, y = self.samples(m, n, d, shift=0.2)
            x, y = x * 10.0**np.arange(d), y * 10.0**np.arange(d)
            name = np.repeat([0.0, 1.0], [m, n])
            design = np.column_stack([np.ones(m + n), np.vstack([x, y]) / 10.0**np.arange(d)])
            residual = name - design @ np.linalg.lstsq(design, name, rcond=None)[0]
            r2 = 1 - residual @ residual / ((name - name.mean())**2).sum()
            expected = (m + n - 2) * r2 / (1 - r2)
            t2, p = ask(("hotelling", *samples_of(x, y)))[0]
            self.assertAlmostEqual(t2 / expected, 1, places=7)
            self.assertAlmostEqual(p, stats.f.sf(expected * (m + n - d - 1) / (d * (m + n - 2)), d, m + n - d - 1), places=8)

    def test_hotelling_of_singular_samples(self):
        x = self.rng.standard_normal((10, 1)) * [1.0, 2.0]  # on a line
        y = self.rng.standard_normal((10, 1)) * [1.0, 2.0]
        constant = np.full((10, 2), 0.125)
        x[:, 1], y[:, 1] = 3, 3
        cases = [(constant, constant[:7], (0, 1)), (constant, constant + 1, (np.inf, 0)), (x, y + [0, 1], (np.inf, 0))]
        for given, other, expected in cases:
            self.assertEqual(tuple(ask(("hotelling", *samples_of(given, other)))[0]), expected)
        t2, p = ask(("hotelling", *samples_of(x, y)))[0]  # the second component says nothing
        self.assertAlmostEqual(t2, stats.ttest_ind(x[:, 0], y[:, 0]).statistic**2, places=10)
        self.assertTrue(np.isnan(ask(("hotelling", *samples_of(*self.samples(2, 2, 3))))[0]).all())

    def test_accuracy_is_fishers_exact_test(self):
        for m, n, right in ((4, 4, 0.8), (100, 100, 0.5), (100, 100, 0.6), (100, 99, 0.7), (7, 30, 0.5), (500, 500, 0.55)):
            x, y = self.rng.random(m) > right, self.rng.random(n) < right
            accuracy, p = ask(("accuracy", m, x, n, y))[0]
            table = [[y.sum(), n - y.sum()], [x.sum(), m - x.sum()]]
            self.assertAlmostEqual(accuracy, ((~x).sum() + y.sum()) / (m + n), places=14)
            self.assertAlmostEqual(p, stats.fisher_exact(table, alternative="greater")[1], places=10)
        for called in (0, 1):  # all the same: nothing is told apart
            self.assertEqual(tuple(ask(("accuracy", 20, np.full(20, called), 20, np.full(20, called)))[0]), (0.5, 1))

    @staticmethod
    def features(points, training, products):
        mean, deviation = training.mean(axis=0), training.std(axis=0)
        z = (points - mean) / np.where(deviation > 0, deviation, np.inf)
        columns = [np.ones(len(z)), *z.T]
        if products:
            columns += [z[:, i] * z[:, j] for i in range(z.shape[1]) for j in range(i + 1)]
        return np.column_stack(columns)

    def test_logistic_classifier_minimises_its_loss(self):
        for m, n, d, products in ((100, 100, 2, True), (60, 40, 1, True), (90, 90, 8, True), (80, 80, 8, False), (30, 30, 40, False)):
            x, y = self.samples(m, n, d, shift=0.3, scale=1.3)
            x[:, d // 2], y[:, d // 2] = (7, 7) if d == 8 else (x[:, d // 2], y[:, d // 2])  # a component that does not vary
            held_out = self.samples(50, 30, d, shift=0.3, scale=1.3)
            training, names = np.vstack([x, y]), np.repeat([0, 1], [m, n])
            F = self.features(training, training, products)

            def loss(beta):
                return np.logaddexp(0, F @ beta).sum() - (F @ beta)[names == 1].sum() + 0.01 * beta @ beta / 2

            def gradient(beta):
                return F.T @ (1 / (1 + np.exp(-F @ beta)) - names) + 0.01 * beta
            best = optimize.minimize(loss, np.zeros(F.shape[1]), jac=gradient, method="BFGS", options={"gtol": 1e-6, "maxiter": 5000}).x
            found = ask(("logistic", *samples_of(x, y), *samples_of(*held_out)))[0]
            np.testing.assert_allclose(found[:-80], best, atol=2e-4 * (1 + abs(best).max()))
            called = self.features(np.vstack(held_out), training, products) @ found[:-80] > 0
            np.testing.assert_array_equal(found[-80:], called)

    def test_logistic_classifier_finds_the_minimum_where_newtons_steps_are_too_long(self):
        """The loss is strictly convex: its gradient is 0 at the minimum alone."""
        questions, samples = [], []
        for repeat in range(600):
            d = 1 + repeat % 3
            x, y = self.rng.standard_normal((27, d))**3, self.rng.standard_normal((35, d))**3
            samples.append((x, y + 10 * self.rng.standard_normal(d)))
            questions.append(("logistic", *samples_of(*samples[-1]), *samples_of(x[:1], y[:1])))
        for (x, y), found in zip(samples, ask(*questions)):
            beta, F = found[:-2], self.features(np.vstack([x, y]), np.vstack([x, y]), True)
            gradient = F.T @ (1 / (1 + np.exp(-F @ beta)) - np.repeat([0, 1], [27, 35])) + 0.01 * beta
            self.assertLess(abs(gradient).max(), 1e-5)

    def test_logistic_classifier_of_samples_without_overlap(self):
        for shift in (5, 50, 1e6, 1e30):
            x, y = self.rng.standard_normal((50, 2)), self.rng.standard_normal((50, 2)) + shift
            found = ask(("logistic", *samples_of(x, y), *samples_of(x, y)))[0]
            self.assertTrue(np.isfinite(found).all())
            np.testing.assert_array_equal(found[-100:], np.repeat([0, 1], 50))
        # one inside of the other: no line separates them, products do
        angle = self.rng.uniform(0, 2 * np.pi, 50)
        y = 10 * np.column_stack([np.cos(angle), np.sin(angle)])
        x = self.rng.standard_normal((50, 2))
        np.testing.assert_array_equal(ask(("logistic", *samples_of(x, y), *samples_of(x, y)))[0][-100:], np.repeat([0, 1], 50))

    def test_nearest_neighbours_vote(self):
        for m, n, d, decimals in ((100, 100, 2, 9), (50, 50, 3, 1), (7, 9, 1, 0), (1, 1, 2, 9), (2, 2, 1, 0)):
            x, y = self.samples(m, n, d, shift=0.5)
            held_out = np.round(np.vstack(self.samples(40, 20, d, shift=0.5)), decimals)
            training = np.round(np.vstack([x, y]), decimals)
            of_y, k = np.repeat([0, 1], [m, n]), max(1, int(np.sqrt(m + n)))
            nearest = of_y[np.argsort(cdist(held_out, training, "sqeuclidean").round(9), axis=1, kind="stable")[:, :k]]
            votes = nearest.sum(axis=1)
            expected = np.where(2 * votes == k, nearest[:, 0], 2 * votes > k)
            found = ask(("neighbours", *samples_of(training[:m], training[m:]), *samples_of(held_out[:40], held_out[40:])))[0]
            np.testing.assert_array_equal(found, expected, str((m, n, d)))

    def test_all_tests_together(self):
        for count, d in ((8, 2), (33, 3), (200, 2)):
            x, y = self.samples(count, count, d, shift=0.2, scale=1.2)
            half = count // 2
            found = ask(("sample_tests", 199, 4, *samples_of(x, y)))[0].reshape(5, 2)
            energy = ask(("pairs", 199, 4, *samples_of(x, y)))[0]
            np.testing.assert_array_equal(found[:2].ravel(), energy[:4])
            np.testing.assert_array_equal(found[2], ask(("hotelling", *samples_of(x, y)))[0])
            for row, classifier in ((3, "logistic"), (4, "neighbours")):
                called = ask((classifier, *samples_of(x[:half], y[:half]), *samples_of(x[half:], y[half:])))[0][-2 * (count - half):]
                accuracy = ask(("accuracy", count - half, called[:count - half], count - half, called[count - half:]))[0]
                np.testing.assert_array_equal(found[row], accuracy)


unittest.main(verbosity=2)
