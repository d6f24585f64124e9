"""Main effects and interactions of `gansweep report --effects`, against NumPy and SciPy on the same file.

Everything is computed by another route than the program's: sums of squares as differences of residual sums of squares of
least-squares fits with dummy variables, tests from the covariance of orthonormal (Helmert) contrasts, intervals by SciPy's
bootstrap over data sets.

    effects_test.py PROGRAM
"""
import csv
import html
import io
import itertools
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np
from scipy import linalg, stats

PROGRAM = sys.argv.pop(1)
RESPONSES = ["prints_ln2", "covariance_ok", "covariance_error", "loss_distance"]
SETTINGS = ["lr_G", "lr_D", "generator_loss", "convention", "batch_size", "latent_dim", "epochs"]


def gansweep(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, **options)


def read_file(path):
    with h5py.File(path) as file:
        return {name: file[name][:] for name in file if isinstance(file[name], h5py.Dataset)}


def responses_of(file):
    """[response] of each trial; NaN where it has none."""
    status, rows = file["status"], np.arange(len(file["status"]))
    loss_D, loss_G = (file[name][rows, file["epochs"] - 1].astype(float) for name in ("loss_D", "loss_G"))
    sign = np.where(file["generator_loss"] == 1, -1, 1)
    prints = np.array([status == 1 and "%.3f" % D == "0.693" and "%.3f" % G == "0.693"
                       for status, D, G in zip(status, loss_D, sign * loss_G)], dtype=float)
    right = ((status == 1) & (file["covariance_ok"] == 1)).astype(float)
    for share in (prints, right):
        share[status == 0] = math.nan
    with np.errstate(invalid="ignore"):
        error = np.log10(np.maximum(file["covariance_error"], 1e-9))
        distance = np.log10(np.maximum(np.maximum(abs(loss_D - math.log(2)), abs(sign * loss_G - math.log(2))), 1e-9))
    for score in (error, distance):
        score[status != 1] = math.nan
    return dict(zip(RESPONSES, (prints, right, error, distance)))


def indicator(levels):
    return (levels[:, None] == np.unique(levels)).astype(float)


def residual_squares(means, columns):
    design = np.column_stack([np.ones(len(means)), *columns])
    return ((means - design @ np.linalg.lstsq(design, means, rcond=None)[0])**2).sum()


def helmert(count):
    """[count - 1, count] orthonormal contrasts."""
    return linalg.helmert(count)


DESIGN = ("design: {method: random, points: 40, seed: 2}\ntrain: {epochs: 3}\nconvention: {choice: [mxnet, torch]}\n"
          "parameters: {seed: {range: [1, 12]}, lr_G: {min: 0.001, max: 0.5, scale: log}, lr_D: {min: 0.01, max: 0.5}, batch_size: [8, 20]}\n")


class Expected:
    """What the effects of one response should be; levels [factor][configuration] number each factor's values."""

    def __init__(self, file, response, levels):
        configuration, seeds = file["configuration"], file["data_seed"]
        values = responses_of(file)[response]
        unit = np.unique(seeds, return_inverse=True)[1]
        self.units, self.configurations = unit.max() + 1, configuration.max() + 1
        present = ~np.isnan(values)
        self.left_out = int((~present).sum())
        shape = (self.units, self.configurations)
        self.sums, self.trials = np.zeros(shape), np.zeros(shape)
        np.add.at(self.sums, (unit[present], configuration[present]), values[present])
        np.add.at(self.trials, (unit[present], configuration[present]), 1)
        self.given = bool((self.trials.sum(axis=0) > 0).all())
        if not self.given:
            return
        self.levels = levels
        self.means = self.sums.sum(axis=0) / self.trials.sum(axis=0)
        units_here = (self.trials > 0).sum(axis=0)
        residuals = (self.sums - self.means * self.trials) / (self.trials.sum(axis=0) / units_here)
        self.within = (self.units / units_here * residuals**2).sum()
        self.between = self.units * ((self.means - self.means.mean())**2).sum()
        cell = unit * self.configurations + configuration
        variances = np.zeros(shape)
        for one in np.unique(cell[present]):
            variances[divmod(one, self.configurations)] = values[present & (cell == one)].var()
        self.within_units = (self.units / units_here * variances).sum()
        self.total = self.within + self.between + self.within_units
        absent = np.where(self.trials > 0, residuals, math.nan)
        some = ~np.isnan(absent).all(axis=1)
        self.of_units = self.configurations * (np.nanmean(absent[some], axis=1)**2).sum()
        self.residuals = residuals * self.units / units_here * np.sqrt(units_here * (self.units - 1) / (units_here - 1) / self.units)
        self.freedom = units_here.min() - 1

    def effect(self, factors):
        """Sum of squares by least squares: what the dummies of an effect add to those of its margins."""
        dummies = [indicator(self.levels[factor]) for factor in factors]
        product = dummies[0] if len(factors) == 1 else (dummies[0][:, :, None] * dummies[1][:, None, :]).reshape(len(self.means), -1)
        below = [] if len(factors) == 1 else dummies
        squares = self.units * (residual_squares(self.means, below) - residual_squares(self.means, [*below, product]))
        # Contrasts of the unit's means over each of the effect's cells.
        margins = (self.means + self.residuals) @ product / product.sum(axis=0)
        counts = [dummy.shape[1] for dummy in dummies]
        contrasts = helmert(counts[0]) if len(factors) == 1 else np.kron(helmert(counts[0]), helmert(counts[1]))
        projected = margins @ contrasts.T
        projected[abs(projected) < 1e-13] = 0  # rounding
        covariance = np.atleast_2d(np.cov(projected.T))
        p = len(contrasts)
        with np.errstate(invalid="ignore"):
            epsilon = np.trace(covariance)**2 / p / np.trace(covariance @ covariance)
            F = self.units * (projected.mean(axis=0)**2).sum() / np.trace(covariance)
        return {"degrees_of_freedom": p, "sum_of_squares": squares, "eta_squared": squares / self.total,
                "partial_eta_squared": F / (F + self.units - 1), "epsilon": epsilon, "F": F,
                "p": stats.f.sf(F, epsilon * p, epsilon * p * self.freedom)}

    def level(self, factor, level, logarithm):
        chosen = self.levels[factor] == level
        of_units = (self.means + self.residuals)[:, chosen].mean(axis=1)
        mean = self.means[chosen].mean()
        if of_units.std() < 1e-12:
            if mean in (0, 1) and not logarithm:
                known = int((self.trials[:, chosen] > 0).sum(axis=0).min())
                interval = stats.binomtest(int(mean * known), known).proportion_ci(method="wilson")
                return mean, interval.low, interval.high
            interval = (mean, mean)
        elif len(of_units) < 50:
            interval = stats.ttest_1samp(of_units, 0).confidence_interval()
            interval = interval if logarithm else np.clip(interval, 0, 1)
        else:
            interval = stats.bootstrap((of_units,), np.mean, n_resamples=10000, method="BCa", random_state=1).confidence_interval
        return tuple(10**x if logarithm else x for x in (mean, *interval))


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def sweep(self, name, parameters, n=60, before="", **options):
        path, experiment = (os.path.join(self.folder.name, name + ending) for ending in (".h5", ".yaml"))
        with open(experiment, "w") as file:
            file.write(f"{before}data: {{law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: {n}}}\nkeep: {{samples: 0}}\n"
                       f"check: {{samples: 60, tolerance: 0.9}}\n{parameters}")
        run = gansweep("run", experiment, "-o", path, "--quiet", "--force")
        self.assertEqual(run.returncode, 0, run.stderr)
        return path

    def effects(self, path):
        run = gansweep("report", path, "--effects", "--format", "json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        alone = json.loads(run.stdout)
        self.assertEqual(alone, json.loads(gansweep("report", path, "--format", "json").stdout)["effects"])
        return alone

    def check(self, path, factors, exact=True, drawn=()):
        """Compares all effects and levels; factors: lists of settings."""
        found, file = self.effects(path), read_file(path)
        self.assertIsNone(found["missing"])
        first = [np.flatnonzero(file["configuration"] == i)[0] for i in range(file["configuration"].max() + 1)]
        tuples = [[tuple(file[name][trial] for name in names) for trial in first] for names in factors]
        values = [sorted(set(of_factor)) for of_factor in tuples]
        levels = [np.array([of_factor.index(one) for one in all_]) for of_factor, all_ in zip(values, tuples)]
        names = [" & ".join(settings) for settings in factors]
        terms = [(i,) for i in range(len(factors))] + list(itertools.combinations(range(len(factors)), 2))
        p, q = [], []
        self.assertEqual([response["response"] for response in found["responses"]], RESPONSES)
        for response in found["responses"]:
            expected = Expected(file, response["response"], levels)
            self.assertEqual((response["left_out"], bool(response["effects"])), (expected.left_out, expected.given))
            self.assertEqual(found["data_sets"], expected.units)
            if not expected.given:
                self.assertEqual((response["levels"], response["total_sum_of_squares"]), ([], None))
                continue
            close = dict(rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(response["total_sum_of_squares"], expected.total, **close)
            np.testing.assert_allclose(response["data_sets_sum_of_squares"], min(expected.of_units, expected.within), **close)
            self.assertEqual([effect["effect"] for effect in response["effects"]], [" x ".join(names[i] for i in term) for term in terms])
            explained = 0
            for effect, term in zip(response["effects"], terms):
                explained += effect["sum_of_squares"]
                p.append(effect["p"] if effect["p"] is not None else math.nan)
                q.append(effect["q"] if effect["q"] is not None else math.nan)
                if expected.total == 0:
                    self.assertEqual((effect["eta_squared"], effect["p"]), (None, None))
                    continue
                for key, value in expected.effect(term).items():
                    if math.isnan(value):  # no effect, and no unit that differs in it
                        self.assertIsNone(effect[key])
                        continue
                    np.testing.assert_allclose(effect[key], value, rtol=1e-7, atol=1e-10, err_msg=f"{response['response']} {effect['effect']} {key}")
            np.testing.assert_allclose(response["higher_sum_of_squares"], expected.between - explained, rtol=1e-7, atol=1e-8)
            parts = explained + sum(response[part + "_sum_of_squares"] for part in ("data_sets", "higher", "rest", "within"))
            np.testing.assert_allclose(response["within_sum_of_squares"], expected.within_units, **close)
            if exact:
                np.testing.assert_allclose(parts, expected.total, **close)
            self.check_levels(response, expected, factors, values, drawn)
        p, q = np.array(p), np.array(q)
        known = np.flatnonzero(~np.isnan(p))
        order = known[np.argsort(-p[known], kind="stable")]
        adjusted = np.full(len(p), math.nan)
        adjusted[order] = np.minimum(1, np.minimum.accumulate(len(known) / np.arange(len(known), 0, -1) * p[order]))
        np.testing.assert_allclose(q, adjusted, rtol=1e-12)
        return found

    def check_levels(self, response, expected, factors, values, drawn):
        logarithm = response["response"] in RESPONSES[2:]
        at = iter(response["levels"])
        for factor, settings in enumerate(factors):
            for level, value in enumerate(values[factor]):
                found = next(at)
                self.assertEqual(found["factor"], " & ".join(settings))
                for name, number in zip(settings, value):
                    if name == "convention":
                        number = ["mxnet", "torch", "tf", "tf-as-documented"][number]
                    self.assertEqual(found[name], number)
                mean, low, high = expected.level(factor, level, logarithm)
                np.testing.assert_allclose(found["mean"], mean, rtol=1e-9, atol=1e-12)
                if expected.units == 1 or settings in drawn:
                    self.assertEqual((found["low"], found["high"]), (None, None))
                    continue
                chosen = expected.levels[factor] == level
                step = 0 if logarithm else 1 / chosen.sum() / (expected.trials[:, chosen] > 0).sum(axis=0).min()  # of a share
                for end, value_of_end in (("low", low), ("high", high)):
                    self.assertAlmostEqual(found[end], value_of_end, delta=0.1 * (high - low) + 1.01 * step + 1e-9, msg=f"{response['response']} {found}")
        self.assertIsNone(next(at, None))


class Effects(Case):
    def test_three_factors_one_of_them_a_zip(self):
        path = self.sweep("three", "convention: [torch, mxnet]\nparameters: {seed: {range: [1, 40]}, lr_G: [0.2, 0.005, 0.05]}\n"
                          "zip: {batch_size: [8, 4, 30], epochs: [4, 2, 8]}\n")
        found = self.check(path, [["lr_G"], ["convention"], ["batch_size", "epochs"]])
        shares = [effect["eta_squared"] for response in found["responses"] for effect in response["effects"] if effect["eta_squared"] is not None]
        self.assertGreater(max(shares), 0.2)
        p = [effect["p"] for response in found["responses"] for effect in response["effects"] if effect["p"] is not None]
        self.assertTrue(min(p) < 1e-6 and max(p) > 0.1, p)

    def test_names_of_long_zips_are_whole(self):
        path = self.sweep("long", "convention: [torch, mxnet]\nparameters: {seed: {range: [1, 6]}}\n"
                          "zip: {lr_G: [0.0123, 0.0456], lr_D: [0.0124, 0.0457], generator_loss: [minimax, non-saturating], batch_size: [16, 8], "
                          "latent_dim: [31, 32], epochs: [21, 22]}\n")
        zipped = "lr_G & lr_D & generator_loss & batch_size & latent_dim & epochs"
        levels = ["0.0123 & 0.0124 & minimax & 16 & 31 & 21", "0.0456 & 0.0457 & non-saturating & 8 & 32 & 22"]
        text = gansweep("report", path, "--effects").stdout
        for name in (zipped, zipped + " x convention", *levels):
            self.assertRegex(text, "(?m)^" + re.escape(name) + "  ")
        self.assertRegex(gansweep("report", path).stdout, "(?m)^" + re.escape(zipped) + "  ")
        page = html.unescape(gansweep("report", path, "--format", "html").stdout)
        for name in (zipped, *levels):
            self.assertIn(f">{name}</td>", page)

    def test_data_sets_are_the_blocks_not_trials(self):
        path = self.sweep("clusters", "train: {epochs: 4}\nparameters: {seed: {range: [1, 4]}, data_seed: {range: [1, 25]}, lr_D: [0.02, 0.2], lr_G: [0.01, 0.3]}\n")
        self.assertEqual(self.check(path, [["lr_G"], ["lr_D"]])["data_sets"], 25)

    def test_the_minimax_loss_is_as_far_from_its_own_equilibrium(self):
        path = self.sweep("minimax", "generator_loss: minimax\ntrain: {epochs: 3}\nparameters: {seed: {range: [1, 30]}, lr_D: [0.0001, 0.002]}\n")
        found = self.check(path, [["lr_D"]])
        self.assertGreater(found["responses"][0]["levels"][0]["mean"], 0)

    def test_diverged_trials_are_left_out_where_they_have_no_value(self):
        path = self.sweep("diverged", "convention: [mxnet, torch]\ntrain: {epochs: 4}\nmodel: {discriminator: [5, 3]}\n"
                          "parameters: {seed: {range: [1, 40]}, lr_D: [0.05, 1.0e+37], lr_G: 0.05}\n")
        found = self.check(path, [["lr_D"], ["convention"]], exact=False)
        left_out = [response["left_out"] for response in found["responses"]]
        self.assertTrue(left_out[:2] == [0, 0] and 0 < left_out[2] == left_out[3] < 80, left_out)
        self.assertIn(f"up to {left_out[2]} trials have no response and are left out", gansweep("report", path).stdout)

    def test_a_configuration_without_any_value_leaves_shares_only(self):
        path = self.sweep("all-diverged", "train: {epochs: 40}\nmodel: {discriminator: [5, 40]}\n"
                          "parameters: {seed: {range: [1, 12]}, lr_D: [0.05, 1.0e+37]}\n")
        found = self.check(path, [["lr_D"]])
        self.assertEqual([bool(response["effects"]) for response in found["responses"]], [True, True, False, False])
        line = next(line for line in gansweep("report", path).stdout.splitlines() if line.startswith("lr_D  "))
        cells = re.split(r"\s{2,}", line)
        self.assertEqual((len(cells), cells[-4:]), (9, ["-"] * 4))

    def test_trials_that_are_not_finished_are_left_out(self):
        path = os.path.join(self.folder.name, "ended.h5")
        experiment = os.path.join(self.folder.name, "ended.yaml")
        with open(experiment, "w") as file:
            file.write("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\nkeep: {samples: 0}\ncheck: {samples: 60}\n"
                       "train: {epochs: 200}\nparameters: {seed: {range: [1, 960]}, lr_G: [0.005, 0.05, 0.2, 0.5]}\n")
        run = subprocess.Popen([PROGRAM, "run", experiment, "-o", path, "--quiet", "--checkpoint", "0.1"], stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (os.path.exists(path) and (read_file(path)["status"] != 0).sum() > 300):
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130)
        pending = int((read_file(path)["status"] == 0).sum())
        found = self.check(path, [["lr_G"]], exact=False)
        self.assertEqual([response["left_out"] for response in found["responses"]], [pending] * 4)
        self.assertTrue(found["responses"][0]["effects"])  # packs of the same seeds follow each other in four configurations

    def test_a_share_of_nothing_is_as_sure_as_the_trials_that_are_there(self):
        path = self.sweep("part", "train: {epochs: 1}\nparameters: {seed: {range: [1, 400]}, lr_G: [0.005, 0.01], batch_size: [40, 60]}\n")
        experiment, parts = path.replace(".h5", ".yaml"), []
        for shard in (1, 3, 4, 6, 7):
            parts.append(path.replace(".h5", f"-{shard}.h5"))
            self.assertEqual(gansweep("run", experiment, "-o", parts[-1], "--quiet", "--shard", f"{shard}/7").returncode, 0)
        run = gansweep("merge", "--partial", "-o", path, "--force", *parts)
        self.assertEqual(run.returncode, 0, run.stderr)
        found = self.check(path, [["lr_G"], ["batch_size"]], exact=False)
        level = next(level for level in found["responses"][1]["levels"] if level["mean"] == 0)
        self.assertGreater(level["high"], stats.binomtest(0, 380).proportion_ci(method="wilson").high)

    def check_trends(self, found, path):
        self.assertEqual([trend["setting"] for trend in found["trends"]], ["lr_G", "lr_D"])  # the others are no numbers, or not drawn
        rows = [row for row in json.loads(gansweep("report", path, "--format", "json").stdout)["rows"] if row["done"] > 0]
        distance = [max(abs(row["loss_D_mean"] - math.log(2)), abs(row["loss_G_mean"] - math.log(2))) for row in rows]
        points = [(row["lr_G"], row["lr_D"], row["convention"]) for row in rows]
        self.assertEqual(len(set(points)), 40)

        def of_points(numbers):
            return np.array([np.mean([number for point, number in zip(points, numbers) if point == one]) for one in sorted(set(points))])
        for trend in found["trends"]:
            for response, values in zip(RESPONSES, ([row["prints_ln2_share"] for row in rows], [row["covariance_ok_share"] for row in rows],
                                                    [row["covariance_error_median"] for row in rows], distance)):
                if len(set(of_points(values))) == 1:
                    self.assertIsNone(trend[response])
                    continue
                r = stats.spearmanr(of_points([row[trend["setting"]] for row in rows]), of_points(values))[0]
                self.assertAlmostEqual(trend[response], r, places=9)
                half = stats.norm.ppf(0.975) * math.sqrt((1 + r**2 / 2) / (40 - 3))
                np.testing.assert_allclose([trend[response + "_low"], trend[response + "_high"]], np.tanh(np.arctanh(r) + [-half, half]), rtol=1e-9)

    def test_points_with_fewer_configurations_count_as_much(self):
        """The first three quarters of a design: some points have both batch sizes, and some one."""
        path, experiment = self.sweep("cut", DESIGN, n=100), os.path.join(self.folder.name, "cut.yaml")
        parts = []
        for shard in (1, 2, 3):
            parts.append(path.replace(".h5", f"-{shard}.h5"))
            self.assertEqual(gansweep("run", experiment, "-o", parts[-1], "--quiet", "--shard", f"{shard}/4").returncode, 0)
        run = gansweep("merge", "--partial", "-o", path, "--force", *parts)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.check_trends(self.effects(path), path)

    def test_points_of_a_design_are_one_factor_and_have_rank_correlations(self):
        path = self.sweep("design", DESIGN, n=100)
        found = self.check(path, [["lr_G", "lr_D", "convention"], ["batch_size"]], drawn=[["lr_G", "lr_D", "convention"]])
        self.check_trends(found, path)
        text = gansweep("report", path, "--effects").stdout
        self.assertNotIn("Main effect of lr_G", text)  # points are in no order
        self.assertIn("Main effect of batch_size", text)
        line = next(line.split() for line in text[text.index("rank correlations over the design's 40 points"):].splitlines() if line.startswith("lr_G"))
        self.assertEqual(line[1], "%.2f" % found["trends"][0]["prints_ln2"] if found["trends"][0]["prints_ln2"] is not None else "-")

    def test_a_shard_that_cuts_a_configuration_has_no_effects(self):
        path = self.sweep("shard", "train: {epochs: 2}\nparameters: {seed: {range: [1, 32]}, lr_G: [0.001, 0.01, 0.1]}\n")
        experiment = path.replace(".h5", ".yaml")
        for shard, known in (("1/2", False), ("2/2", False), ("3/3", None), ("1/1", True)):
            run = gansweep("run", experiment, "-o", path, "--quiet", "--force", "--shard", shard)
            self.assertEqual(run.returncode, 0, run.stderr)
            found = self.effects(path)
            if known is None:
                self.assertIsNone(found)  # one configuration
            elif known:
                self.check(path, [["lr_G"]])
            else:
                self.assertEqual(found["missing"], "the configurations have different data sets")

    def test_one_data_set_has_shares_and_no_tests(self):
        path = self.sweep("single", "train: {epochs: 4}\nparameters: {seed: {range: [1, 6]}, data_seed: 7, lr_G: [0.001, 0.3], lr_D: [0.05, 0.5]}\n")
        found = self.effects(path)
        self.assertEqual(found["data_sets"], 1)
        for response in found["responses"]:
            if response["total_sum_of_squares"]:
                within = response["within_sum_of_squares"] / response["total_sum_of_squares"]
                self.assertGreater(within, 0)
                self.assertAlmostEqual(sum(effect["eta_squared"] for effect in response["effects"]) + within, 1, places=9)
            for effect in response["effects"]:
                self.assertEqual([effect[key] for key in ("F", "p", "q", "epsilon", "partial_eta_squared")], [None] * 5)
            for level in response["levels"]:
                self.assertEqual((level["low"], level["high"]), (None, None))
        self.assertIn("\nseeds", gansweep("report", path, "--effects").stdout)
        self.check(path, [["lr_G"], ["lr_D"]])

    def test_nothing_swept_has_no_effects(self):
        path = self.sweep("nothing", "train: {epochs: 2}\nparameters: {seed: {range: [1, 5]}}\n")
        self.assertIsNone(self.effects(path))
        self.assertNotIn("explain", gansweep("report", path).stdout)
        self.assertIn("one configuration sweeps nothing", gansweep("report", path, "--effects").stdout)
        self.assertEqual(gansweep("report", path, "--effects", "--format", "csv").stdout.count("\n"), 1)

    def test_configurations_with_different_data_have_no_effects(self):
        path = self.sweep("zipped", "train: {epochs: 2}\nparameters: {lr_D: [0.01, 0.02]}\nzip: {seed: [1, 2, 3], lr_G: [0.001, 0.01, 0.1]}\n")
        self.assertEqual(self.effects(path), {"trends": [], "missing": "the configurations have different data sets"})
        self.assertIn("There are no main effects and interactions: the configurations have different data sets.", gansweep("report", path).stdout)
        self.assertIn("no main effects and interactions", gansweep("report", path, "--effects").stdout)

    def test_table_and_csv_say_what_json_says(self):
        path = self.sweep("printed", "train: {epochs: 4}\nparameters: {seed: {range: [1, 30]}, lr_G: [0.005, 0.3], lr_D: [0.02, 0.05]}\n")
        found = self.effects(path)
        lines = list(csv.DictReader(io.StringIO(gansweep("report", path, "--effects", "--format", "csv").stdout, newline="")))
        def number(text):
            return None if text == "nan" else float(text)
        for response in found["responses"]:
            ours = [line for line in lines if line["response"] == response["response"]]
            self.assertEqual([line["part"] for line in ours], ["lr_G", "lr_D", "lr_G x lr_D", "higher interactions", "data sets", "data sets x settings", "within data sets"]
                             + ["lr_G"] * 2 + ["lr_D"] * 2)
            for line, effect in zip(ours, response["effects"]):
                for key in ("degrees_of_freedom", "sum_of_squares", "eta_squared", "partial_eta_squared", "epsilon", "F", "p", "q"):
                    self.assertEqual(number(line[key]), effect[key])
                self.assertEqual((line["level"], line["mean"], line["low"], line["high"]), ("", "", "", ""))
            for line, part in zip(ours[3:], ("higher", "data_sets", "rest", "within")):
                self.assertEqual(number(line["sum_of_squares"]), response[part + "_sum_of_squares"])
                if response["total_sum_of_squares"]:
                    self.assertAlmostEqual(number(line["eta_squared"]), response[part + "_sum_of_squares"] / response["total_sum_of_squares"], places=12)
            for line, level in zip(ours[7:], response["levels"]):
                self.assertEqual([number(line[key]) for key in ("mean", "low", "high")], [level[key] for key in ("mean", "low", "high")])
                self.assertEqual(float(line["level"]), level[line["part"]])
        text = gansweep("report", path, "--effects").stdout
        short = gansweep("report", path).stdout
        for i, name in enumerate(["lr_G", "lr_D", "lr_G x lr_D"]):
            said = next(line for line in text.splitlines() if re.match(f"{name}  ", line))
            self.assertIn(said, short)
            cells = re.findall(r"(< 0\.1 %|> 99\.9 %|[\d.]+ %|-)\s+(< 1e-06|[\d.e+-]+)", said[len(name):])
            self.assertEqual(len(cells), 4, said)
            for (share, q), response in zip(cells, found["responses"]):
                effect = response["effects"][i]
                if effect["eta_squared"] is not None and share[0].isdigit():
                    self.assertEqual(share, "%.1f %%" % (100 * effect["eta_squared"]))
                    self.assertEqual(q, "< 1e-06" if effect["q"] < 1e-6 else "%.2g" % effect["q"])
        level = next(line.split() for line in text.splitlines() if line.split()[:1] == ["0.3"])
        self.assertEqual(level[-4], "%.3g" % found["responses"][3]["levels"][1]["mean"])

    def test_more_effects_than_fit_are_cut_to_the_greatest(self):
        path = self.sweep("four", "train: {epochs: [1, 2]}\nmodel: {latent_dim: [1, 2]}\n"
                          "parameters: {seed: {range: [1, 8]}, lr_G: [0.01, 0.3], lr_D: [0.02, 0.2]}\n")
        found = self.effects(path)
        text = gansweep("report", path).stdout
        self.assertLessEqual(len(text.splitlines()), 66)
        table = text[text.index("What the swept settings explain"):].splitlines()
        self.assertIn("... and 4 smaller ones", table)
        shown = [line.split("  ")[0] for line in table[3:table.index("... and 4 smaller ones")]]
        most = {}
        for response in found["responses"]:
            for effect in response["effects"]:
                most[effect["effect"]] = max(most.get(effect["effect"], 0), effect["eta_squared"] or 0)
        greatest = sorted(most, key=lambda name: -most[name])[:6]
        self.assertEqual(shown, [name for name in most if name in greatest])
        self.assertEqual(gansweep("report", path, "--effects").stdout.count(" x "), 6)

    def test_effects_and_compare_are_two_questions(self):
        run = gansweep("report", "x.h5", "--effects", "--compare", "0,1")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("one of them was expected", run.stderr)


class Large(Case):
    """What takes minutes under sanitizers, and sees the same lines of code."""

    def test_very_many_data_sets_are_tested_in_groups(self):
        """Over 2^14 of them: means and sums of squares stay those of all trials, F nearly."""
        path = self.sweep("many", "train: {epochs: 1}\nparameters: {seed: {range: [1, 33001]}, lr_G: [0.001, 0.01], lr_D: [0.05, 0.5]}\n", n=8)
        found, file = self.effects(path), read_file(path)
        self.assertGreater(found["responses"][0]["total_sum_of_squares"], 0)
        order = np.lexsort([file["data_seed"], file["configuration"]])
        for response in found["responses"]:
            y = responses_of(file)[response["response"]][order].reshape(2, 2, -1)  # lr_D, lr_G, seed
            units = y.shape[2]
            np.testing.assert_allclose(response["total_sum_of_squares"], ((y - y.mean())**2).sum(), rtol=1e-9)
            np.testing.assert_allclose(response["data_sets_sum_of_squares"], 4 * ((y.mean(axis=(0, 1)) - y.mean())**2).sum(), rtol=1e-9)
            for effect, axis in zip(response["effects"], (0, 1) if y.std() > 0 else ()):
                contrast = (y.mean(axis=axis)[1] - y.mean(axis=axis)[0]) / 2
                squares = 4 * units * contrast.mean()**2
                np.testing.assert_allclose(effect["sum_of_squares"], squares, rtol=1e-9, atol=1e-9)
                if contrast.std() == 0:
                    continue
                F = contrast.mean()**2 / contrast.var(ddof=1) * units
                np.testing.assert_allclose(effect["F"], F, rtol=0.06)
                np.testing.assert_allclose(effect["partial_eta_squared"], F / (F + units - 1), rtol=0.06)


if __name__ == "__main__":
    unittest.main(verbosity=2)
