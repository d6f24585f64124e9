"""src/inference against SciPy and R's definitions, on the same numbers.

    inference_test.py PROGRAM

PROGRAM is made from answer.c. Each statistic is held to a library's function: SciPy's t distribution, spearmanr, bootstrap
and false discovery rates; where SciPy has none the published formula stands here, in NumPy.
"""
import subprocess
import sys
import unittest
import warnings

import numpy as np
from scipy import stats

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

    def test_threads_and_seeds(self):
        values, trials = self.rng.standard_normal(300), np.ones(300)
        one, two, other = ask(*(("bootstrap", 50, seed, threads, 300, values, trials) for seed, threads in ((3, 1), (3, 2), (4, 2))))
        np.testing.assert_array_equal(one, two)
        self.assertEqual(len(np.intersect1d(one, other)), 0)


unittest.main(verbosity=2)
