"""What `gansweep report` prints against NumPy and SciPy, which read the same file with h5py.

Means, standard deviations and quantiles are NumPy's; intervals are SciPy's binomtest(...).proportion_ci("wilson"); tests are
SciPy's chi2.sf; "prints 0.693" is Python's "%.3f". The untrained baseline is held against a sweep whose learning rates are
the smallest that an experiment may have, so that no parameter moves.

    report_test.py PROGRAM
"""
import csv
import io
import json
import math
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np
from scipy import linalg, stats

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "oracle"))
import trial_in_numpy  # noqa: E402  docs/randomness.md in NumPy

PROGRAM = sys.argv.pop(1)

EXPERIMENT = """title: A report, with "quotes" and \\ in its title
convention: [mxnet, torch]
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 60}
model: {latent_dim: {values: [1, 2]}, generator: [], discriminator: [5, 40]}
train: {epochs: {values: [2, 40]}}
parameters:
  seed: {range: [1, 19]}
  lr_D: {values: [1.0e-9, 0.05, 1.0e+37]}
  lr_G: {values: [0.02]}
  batch_size: {values: [8]}
keep: {samples: 0}
check: {samples: 6, tolerance: 0.9}
"""
SETTINGS = ["lr_G", "lr_D", "generator_loss", "convention", "batch_size", "latent_dim", "epochs"]


def gansweep(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, **options)


def expected_equivalence(losses, signs, data_seed):
    """Number of data sets, and p-values of both margins: t tests on their sums, by Cochran's ratio estimator."""
    seeds, unit = np.unique(data_seed, return_inverse=True)
    trials = np.bincount(unit) if len(unit) else np.zeros(0)
    p = np.full(2, math.nan if len(seeds) < 2 else 0.0)
    for loss, sign in zip(losses, signs):
        if len(seeds) < 2:
            break
        sums = np.bincount(unit, loss)
        mean = sums.sum() / trials.sum()
        residual = sums - mean * trials
        error = np.sqrt(len(seeds) / (len(seeds) - 1) * (residual**2).sum()) / trials.sum()
        for i, margin in enumerate((0.0005, 0.005)):
            target = sign * math.log(2)
            p[i] = max(p[i], stats.t.sf((mean - target + margin) / error, len(seeds) - 1),
                       stats.t.cdf((mean - target - margin) / error, len(seeds) - 1))
    return len(seeds), p


def benjamini_hochberg(p):
    q, known = np.full(len(p), math.nan), np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(-p[known])]
    q[order] = np.minimum(1, np.minimum.accumulate(len(known) / np.arange(len(known), 0, -1) * p[order]))
    return q


def expected_row(file, trials):
    """The columns of one configuration, from the rows `trials` of a file's arrays."""
    status = file["status"][trials]
    done, finished = status == 1, status != 0
    epochs = int(file["epochs"][trials[0]])
    row = {"trials": len(status), "done": int(done.sum()), "diverged": int((status == 2).sum()),
           "pending": int((status == 0).sum())}
    prints = finished.copy()
    for name in ["loss_D", "loss_G"]:
        loss = file[name][trials][:, epochs - 1].astype(float)
        sign = -1 if name == "loss_G" and file["generator_loss"][trials[0]] == 1 else 1
        prints &= np.array(["%.3f" % (sign * value) == "0.693" for value in loss])
        loss = loss[done]
        few = len(loss) == 0
        row[name + "_mean"] = math.nan if few else loss.mean()
        row[name + "_sd"] = math.nan if len(loss) < 2 else loss.std(ddof=1)
        for key, q in [("median", 0.5), ("percentile_5", 0.05), ("percentile_95", 0.95)]:
            row[f"{name}_{key}"] = math.nan if few else np.quantile(loss, q)
    row["units"] = len(set(file["data_seed"][trials][done]))
    ok = finished & (file["covariance_ok"][trials] == 1)
    dimension = file["sample_mean"].shape[1]
    p = stats.chi2.sf(file["lrt_joint"][trials], dimension * (dimension + 1) / 2 + dimension)
    rejected = finished & ~(p >= 0.05)
    outcome = expected_outcomes(file, trials)
    for name, marks in [*((f"outcome_{name}", outcome == name) for name in OUTCOMES), ("prints_ln2", prints), ("covariance_ok", ok), ("both", prints & ok), ("lrt_rejected", rejected)]:
        count, of = int(marks.sum()), int(finished.sum())
        interval = stats.binomtest(count, of).proportion_ci(method="wilson") if of else None
        row[name + "_count"] = count
        row[name + "_share"] = count / of if of else math.nan
        row[name + "_low"] = interval.low if of else math.nan
        row[name + "_high"] = interval.high if of else math.nan
        if name.startswith("outcome"):
            row[name + "_at_ln2_count"] = int((marks & prints).sum())
    for name in ["covariance_error", "frechet_distance", "kl_exact"]:
        values = file[name][trials][done]
        values = values[~np.isnan(values)]
        row[name + "_median"] = np.median(values) if len(values) else math.nan
    nothing = np.full(int(done.sum()), math.nan)
    jsd = file["jsd"][trials][done] if "jsd" in file else nothing
    real, ratio = (file[name][trials][done] if name in file else nothing
                   for name in ("jacobian_largest_real", "jacobian_largest_ratio"))
    missed = jsd - (math.log(2) - file["end_loss_D"][trials][done])
    for name, values in [("jsd", jsd), ("missed", missed), ("jacobian_largest_real", real), ("jacobian_largest_ratio", ratio)]:
        values = values[~np.isnan(values)]
        row[name + "_median"] = np.median(values) if len(values) else math.nan
    row["unstable_count"] = int((real > 1e-9).sum())
    row["unstable_share"] = row["unstable_count"] / len(real) if np.isfinite(real).any() else math.nan
    return row


OUTCOMES_EXPERIMENT = """title: Every outcome
generator_loss: [non-saturating, minimax]
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}
train: {epochs: 20}
parameters:
  seed: {range: [1, 48]}
  lr_D: {values: [0.0005, 0.05, 1, 1.0e+37]}
  lr_G: {values: [0.005, 0.5]}
keep: {samples: 0}
check: {tolerance: 0.5}
"""


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


OUTCOMES = ["diverged", "converged", "dead_discriminator", "generator_collapsed", "losses_only", "discriminator_wins",
            "oscillating", "not_yet"]


def expected_outcomes(file, trials):
    """What became of each trial, as docs/statistics.md has it, from the other numbers of its row."""
    D, G = (file[name][trials].astype(float) for name in ("loss_D", "loss_G"))
    A, b, tolerance = np.array([[1, 2], [-0.1, 0.5]]), np.array([1, 2]), file["tolerance"]
    whitened = np.linalg.solve(np.linalg.cholesky(A.T @ A), (file["sample_mean"][trials] - b).T)
    status, minimax, ok, spread = (file[name][trials] for name in ("status", "generator_loss", "covariance_ok", "logit_spread"))
    least = file["covariance_eigenvalues"][trials, 0]
    result = []
    for i, epochs in enumerate(file["epochs"][trials]):
        if status[i] != 1:
            result.append("diverged" if status[i] == 2 else "pending")
            continue
        sign = -1 if minimax[i] == 1 else 1
        last = np.array([D[i, epochs - 1], sign * G[i, epochs - 1]])
        back_and_forth = [(np.abs(np.diff(losses)).sum() - abs(losses[-1] - losses[0])) / 2
                          for losses in (loss[i, max(0, epochs - 5):epochs] for loss in (D, G))]
        right = ok[i] == 1 and np.linalg.norm(whitened[:, i]) <= tolerance
        near = (abs(last - math.log(2)) <= 0.005).all()
        conditions = [("converged", near and right),
                      ("dead_discriminator", spread[i] < 0.01 and not right),
                      ("generator_collapsed", least[i] < 0.01),
                      ("losses_only", near),
                      ("discriminator_wins", last[0] < math.log(2) / 2),
                      ("oscillating", max(back_and_forth) > 0.05),
                      ("not_yet", True)]
        result.append(next(name for name, holds in conditions if holds))
    return np.array(result)


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = os.path.join(cls.folder.name, "whole.h5")
        cls.experiment = os.path.join(cls.folder.name, "experiment.yaml")
        with open(cls.experiment, "w") as file:
            file.write(EXPERIMENT)
        run = gansweep("run", cls.experiment, "-o", cls.path, "--quiet")
        assert run.returncode == 0, run.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def assert_rows(self, found, expected, tolerance=1e-12):
        for key, value in expected.items():
            given = float(found[key]) if found[key] is not None else math.nan
            same = given == value or (math.isnan(given) and math.isnan(value))
            self.assertTrue(same or abs(given - value) <= tolerance * abs(value), f"{key}: {given!r} instead of {value!r}")

    def check_file(self, path):
        """Compares csv and json with the file; returns the rows of csv."""
        text = gansweep("report", path, "--format", "csv")
        self.assertEqual(text.returncode, 0, text.stderr)
        rows = list(csv.DictReader(io.StringIO(text.stdout, newline="")))
        report = json.loads(gansweep("report", path, "--format", "json").stdout)
        self.assertEqual(len(report["rows"]), len(rows))
        with h5py.File(path) as file:
            configuration = file["configuration"][:]
            columns = {name: file[name][:] for name in file if isinstance(file[name], h5py.Dataset)}
            columns["tolerance"] = float(re.search("tolerance: ([^\n]*)", file["provenance/resolved"].asstr()[()]).group(1))
            settings = list(zip(*(columns[name] for name in SETTINGS)))
            self.assertEqual(len(set(settings)), len(set(configuration)))
            self.assertEqual(len(set(settings)), len(set(zip(settings, configuration))))
            self.assertEqual(len(rows), configuration.max() + 1)
            for index, row in enumerate(rows):
                trials = np.flatnonzero(configuration == index)
                expected = expected_row(columns, trials)
                self.assert_rows(row, expected)
                self.assert_rows(report["rows"][index], expected)
                for name in SETTINGS:
                    value = file[name][trials[0]]
                    if name in ["generator_loss", "convention"]:
                        value = file[name].attrs["flag_meanings"].split()[value]
                        value = value.decode() if isinstance(value, bytes) else value
                        self.assertEqual(row[name], value)
                        self.assertEqual(report["rows"][index][name], value)
                    else:
                        self.assertEqual(float(row[name]), value)
                        self.assertEqual(report["rows"][index][name], value)
        return rows

    def test_statistics_are_numpys_and_scipys(self):
        rows = self.check_file(self.path)
        print(f"{len(rows)} configurations,", sum(int(row["diverged"]) for row in rows), "diverged trials,",
              sum(int(row["prints_ln2_count"]) for row in rows), "print 0.693 / 0.693,",
              sum(int(row["covariance_ok_count"]) for row in rows), "right")
        for column in ["diverged", "prints_ln2_count", "covariance_ok_count"]:
            self.assertGreater(sum(int(row[column]) for row in rows), 0, f"nothing to see in {column}")
        self.assertLess(sum(int(row["lrt_rejected_count"]) for row in rows), sum(int(row["trials"]) for row in rows))

    def test_what_became_of_each_trial_follows_from_its_row(self):
        experiment, path = (os.path.join(self.folder.name, "outcomes" + ending) for ending in (".yaml", ".h5"))
        with open(experiment, "w") as file:
            file.write(OUTCOMES_EXPERIMENT)
        run = gansweep("run", experiment, "-o", path, "--quiet")
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = self.check_file(path)
        with h5py.File(path) as file:
            columns = {name: file[name][:] for name in file if isinstance(file[name], h5py.Dataset)}
            columns["tolerance"] = 0.5
            names = text_of(file["outcome"].attrs["flag_meanings"]).replace("-", "_").split()
            self.assertEqual(list(file["outcome"].attrs["flag_values"]), list(range(len(names))))
            self.assertEqual(sorted(names), sorted(OUTCOMES + ["pending"]))
            found = np.array(names)[columns["outcome"]]
            np.testing.assert_array_equal(found, expected_outcomes(columns, np.arange(len(found))))
            np.testing.assert_allclose(columns["mean_error"] ** 2, np.einsum(
                "ti,ij,tj->t", columns["sample_mean"] - [1, 2], np.linalg.inv([[1.01, 1.95], [1.95, 4.25]]),
                columns["sample_mean"] - [1, 2]), rtol=1e-9, equal_nan=True)
        print({name: int((found == name).sum()) for name in names})
        for name in OUTCOMES:
            self.assertGreater((found == name).sum(), 0, f"nothing to see in {name}")
        for row in rows:
            self.assertEqual(sum(int(row[f"outcome_{name}_count"]) for name in OUTCOMES), int(row["trials"]))

    def test_what_is_requested_has_columns_of_its_own(self):
        path = self.run_sweep("requested", "  seed: {range: [1, 20]}\n  lr_D: [0.005, 0.05, 1.0e+37]\ncheck: {jsd: true, jacobian: true}\n")
        rows = self.check_file(path)
        print([(row["diverged"], row["jsd_median"], row["missed_median"], row["unstable_share"]) for row in rows])
        self.assertLess(0.01, float(rows[0]["jsd_median"]))
        text = gansweep("report", path).stdout
        self.assertIn("the best discriminator would gain", text)
        for row in rows[:2]:
            self.assertIn(" %.4f " % float(row["jsd_median"]), text)
            self.assertIn(" %.4f " % float(row["missed_median"]), text)
        self.assertNotIn("the best discriminator would gain", gansweep("report", self.path).stdout)

    def test_a_sweep_that_was_ended_is_reported_with_its_pending_trials(self):
        path = os.path.join(self.folder.name, "ended.h5")
        run = subprocess.Popen([PROGRAM, "run", self.experiment, "-o", path, "--quiet", "--set", "seed=1:40000"],
                               stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(1.0)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130)
        rows = self.check_file(path)
        pending = [int(row["pending"]) for row in rows]
        print("pending trials of the configurations:", *pending)
        self.assertTrue(any(pending) and not all(row["done"] == "0" for row in rows))
        self.assertIn("nan", [row["loss_D_mean"] for row in rows])
        self.assertEqual(gansweep("report", path).returncode, 0)

    def test_untrained_baseline_is_a_sweep_without_learning(self):
        path = os.path.join(self.folder.name, "still.h5")
        run = gansweep("run", self.experiment, "-o", path, "--quiet", "--set", "lr_D=1e-37", "--set", "lr_G=1e-37", "--set",
                       "epochs=1", "--set", "seed=1:19")
        self.assertEqual(run.returncode, 0, run.stderr)
        still = {(row["convention"], row["latent_dim"]): row for row in self.check_file(path)}
        for row in self.check_file(self.path):
            expected = still[row["convention"], row["latent_dim"]]
            for key in expected:
                if key not in SETTINGS + ["configuration"] and not key.startswith("untrained_"):
                    self.assertEqual(row["untrained_" + key], expected[key], key)

    def test_a_baseline_has_at_most_256_trials(self):
        path = os.path.join(self.folder.name, "many.h5")
        gansweep("run", self.experiment, "-o", path, "--quiet", "--set", "seed=1:300", "--set", "lr_D=0.05", "--set", "epochs=1")
        rows = list(csv.DictReader(io.StringIO(gansweep("report", path, "--format", "csv").stdout)))
        self.assertEqual({row["untrained_trials"] for row in rows}, {"256"})

    def test_the_untrained_baseline_does_not_depend_on_the_number_of_threads(self):
        said = [gansweep("report", self.path, "--format", "json", env={**os.environ, "OMP_NUM_THREADS": threads}).stdout for threads in ("1", "2", "5")]
        self.assertTrue(said[0] == said[1] == said[2] and said[0])

    def test_seeds_that_are_zipped_with_settings_share_a_baseline_of_all_their_seeds(self):
        path = os.path.join(self.folder.name, "zipped.h5")
        experiment = os.path.join(self.folder.name, "zipped.yaml")
        with open(experiment, "w") as file:
            file.write("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 60}\n"
                       "zip:\n  seed: {values: [5, 6, 7]}\n  lr_D: {values: [0.01, 0.02, 0.03]}\n")
        run = gansweep("run", experiment, "-o", path, "--quiet")
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = self.check_file(path)
        self.assertEqual([row["trials"] for row in rows], ["1", "1", "1"])
        self.assertEqual({row["untrained_trials"] for row in rows}, {"3"})

    def test_configurations_that_a_zip_scatters_are_put_together(self):
        path = os.path.join(self.folder.name, "scattered.h5")
        experiment = os.path.join(self.folder.name, "scattered.yaml")
        for zipped, sizes in [("lr_D: {values: [0.01, 0.5, 0.01, 0.5]}", ["12"] * 4),
                              ("convention: {values: [mxnet, torch, tf, mxnet]}", ["12"] * 2 + ["6"] * 4)]:
            with open(experiment, "w") as file:
                file.write("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 60}\ntrain: {epochs: 4}\n"
                           "zip:\n  data_seed: {values: [1, 2, 3, 4]}\n  " + zipped + "\n"
                           "parameters: {seed: [1, 2, 3], shuffle_seed: [1, 2], lr_G: [0.001, 0.5]}\n")
            run = gansweep("run", experiment, "-o", path, "--quiet", "--force")
            self.assertEqual(run.returncode, 0, run.stderr)
            rows = self.check_file(path)
            self.assertEqual([row["trials"] for row in rows], sizes)
            self.assertGreater(len({row["loss_D_mean"] for row in rows}), 3)

    def test_csv_ends_lines_and_quotes_as_rfc_4180_says(self):
        raw = subprocess.run([PROGRAM, "report", self.path, "--format", "csv"], capture_output=True).stdout
        self.assertEqual(raw.count(b"\n"), raw.count(b"\r\n"))
        table = list(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))
        self.assertEqual(len({len(line) for line in table}), 1)
        self.assertEqual(len(set(table[0])), len(table[0]))

    def test_json_has_strings_for_infinities_and_null_for_nan(self):
        def refuse(constant):
            raise ValueError(constant + " is not JSON")
        report = json.loads(gansweep("report", self.path, "--format", "json").stdout, parse_constant=refuse)
        self.assertEqual(report["title"], 'A report, with "quotes" and \\ in its title')
        self.assertIn("inf", [row["kl_exact_median"] for row in report["rows"]])  # latent_dim 1: a line in the plane
        self.assertIn(None, [row["loss_D_mean"] for row in report["rows"]])  # all diverged

    def test_more_rows_than_fit_are_cut_to_best_and_worst(self):
        path = os.path.join(self.folder.name, "grid.h5")
        gansweep("run", self.experiment, "-o", path, "--quiet", "--set", "seed=1:8", "--set", "epochs=40", "--set", "latent_dim=2",
                 "--set", "lr_D=" + ",".join(str(i / 1000) for i in range(1, 61)))
        text = gansweep("report", path).stdout
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 66)
        left_out = {int(count) for count in re.findall(r"\.\.\. (\d+) between them", text)}
        shown = len([line for line in lines if line.startswith("trained")]) // 3
        self.assertEqual(left_out, {120 - shown})
        rows = list(csv.DictReader(io.StringIO(gansweep("report", path, "--format", "csv").stdout)))
        self.assertEqual(len(rows), 120)
        rows.sort(key=lambda row: (-float(row["covariance_ok_share"]), float(row["frechet_distance_median"])))
        self.assertNotEqual(rows[0]["covariance_ok_share"], rows[-1]["covariance_ok_share"], "nothing to see")
        def label(row):
            return [row["lr_D"], row["convention"]]
        table = [line.split() for line in lines if line.startswith("trained")][:shown]
        self.assertEqual(sorted(table[0][1:3]), sorted(label(rows[0])))
        self.assertEqual(sorted(table[-1][1:3]), sorted(label(rows[-1])))
        columns = [(f"loss_{net}_{name}", decimals) for net in "DG" for name, decimals in
                   [("mean", 4), ("sd", 4), ("median", 4), ("percentile_5", 3), ("percentile_95", 3)]]
        for cell, (name, decimals) in zip(table[0][6:], columns, strict=True):
            self.assertAlmostEqual(float(cell), float(rows[0][name]), delta=0.51 * 10**-decimals, msg=name)

    def test_findings_are_sums_over_the_configurations(self):
        path = os.path.join(self.folder.name, "findings.h5")
        experiment = os.path.join(self.folder.name, "findings.yaml")
        with open(experiment, "w") as file:
            file.write("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\n"
                       "parameters:\n  seed: {range: [1, 100]}\n  batch_size: {values: [8, 16]}\n")
        run = gansweep("run", experiment, "-o", path, "--quiet")
        self.assertEqual(run.returncode, 0, run.stderr)
        rows = list(csv.DictReader(io.StringIO(gansweep("report", path, "--format", "csv").stdout)))
        def sums(rows, before=""):
            return [sum(int(row[before + column]) for row in rows) for column in
                    ["done", "diverged", "prints_ln2_count", "covariance_ok_count", "both_count"]]
        done, diverged, prints, right, both = sums(rows)
        self.assertTrue(0 < both < min(prints, right), "nothing to see")
        of_null, null_diverged, null_prints, _, _ = sums(rows[:1], "untrained_")  # which both have
        self.assertEqual(null_diverged, 0)
        text = gansweep("report", path).stdout
        share = r"([\d.]+ %) \(([\d.]+) to ([\d.]+)\)"
        said = [re.search(pattern, text).groups() for pattern in (
            f"Both losses print 0.693 in {share} of the trainings", f"and in {share} of the untrained nets",
            f"Of those at 0.693 / 0.693 {share} have the right covariance", f"of the others {share}")]
        counts = [(prints, done + diverged), (null_prints, of_null), (both, prints), (right - both, done + diverged - prints)]
        expected = []
        for count, of in counts:
            interval = stats.binomtest(count, of).proportion_ci(method="wilson")
            expected.append(("%.1f %%" % (100 * count / of), "%.1f" % (100 * interval.low), "%.1f" % (100 * interval.high)))
        self.assertEqual(said, expected)

    def run_sweep(self, name, text):
        path, experiment = (os.path.join(self.folder.name, name + ending) for ending in (".h5", ".yaml"))
        with open(experiment, "w") as file:
            file.write("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\nparameters:\n" + text)
        run = gansweep("run", experiment, "-o", path, "--quiet")
        self.assertEqual(run.returncode, 0, run.stderr)
        return path

    def check_equilibrium(self, path, signs=(1, 1)):
        rows = list(csv.DictReader(io.StringIO(gansweep("report", path, "--format", "csv").stdout)))
        expected_p = []
        with h5py.File(path) as file:
            for index, row in enumerate(rows):
                trials = np.flatnonzero((file["configuration"][:] == index) & (file["status"][:] == 1))
                losses = [file[name][:][trials, file["epochs"][int(trials[0])] - 1].astype(float) for name in ("loss_D", "loss_G")]
                units, p = expected_equivalence(losses, signs, file["data_seed"][:][trials])
                self.assertEqual(int(row["units"]), units)
                expected_p.append(p)
                for loss, name in zip(losses, ("loss_D", "loss_G")):
                    low, high = float(row[name + "_mean_low"]), float(row[name + "_mean_high"])
                    if units < 2:
                        self.assertTrue(math.isnan(low) and math.isnan(high))
                        continue
                    seeds, unit = np.unique(file["data_seed"][:][trials], return_inverse=True)
                    groups = np.array([np.bincount(unit, loss), np.bincount(unit)])
                    ratio = lambda sums, counts, axis=-1: sums.sum(axis=axis) / counts.sum(axis=axis)
                    scipys = stats.bootstrap(tuple(groups), ratio, paired=True, vectorized=True, n_resamples=20000, method="BCa",
                                             random_state=1).confidence_interval
                    if units < 50:  # Student's, of a ratio
                        residuals = groups[0] - ratio(*groups) * groups[1]
                        half = stats.t.ppf(0.975, units - 1) * math.sqrt(units / (units - 1) * (residuals**2).sum()) / groups[1].sum()
                        np.testing.assert_allclose([low, high], ratio(*groups) + np.array([-half, half]), rtol=1e-9)
                        continue
                    width = scipys.high - scipys.low
                    self.assertAlmostEqual(low, scipys.low, delta=0.1 * width)
                    self.assertAlmostEqual(high, scipys.high, delta=0.1 * width)
        expected_p = np.array(expected_p)
        for i, margin in enumerate(("0.0005", "0.005")):
            given = np.array([[float(row[f"equivalence_{margin}_{kind}"]) for kind in "pq"] for row in rows])
            np.testing.assert_allclose(given[:, 0], expected_p[:, i], rtol=1e-6, atol=1e-300)
            np.testing.assert_allclose(given[:, 1], benjamini_hochberg(expected_p[:, i]), rtol=1e-6, atol=1e-300)
        return rows

    def test_equivalence_and_intervals_of_the_mean_losses(self):
        rows = self.check_equilibrium(self.run_sweep("seeds", "  seed: {range: [1, 60]}\n  lr_G: [0.005, 0.05, 0.5]\n"))
        self.assertTrue(0 < sum(float(row["equivalence_0.005_q"]) < 0.05 for row in rows) < 3)

    def test_trials_that_share_their_data_are_one_unit(self):
        path = self.run_sweep("clusters", "  seed: {range: [1, 5]}\n  data_seed: {range: [1, 40]}\n  lr_G: [0.05, 0.3]\n")
        rows = self.check_equilibrium(path)
        self.assertEqual({(row["done"], row["units"]) for row in rows}, {("200", "40")})
        said = "Every data set is trained with the same 5 seeds"
        self.assertIn(said, gansweep("report", path).stdout)
        self.assertIn(said, gansweep("report", path, "--format", "html").stdout)
        self.assertNotIn("Every data set is trained", gansweep("report", self.path).stdout)

    def test_one_data_set_has_no_interval(self):
        path = self.run_sweep("single", "  seed: {range: [1, 30]}\n  data_seed: 7\n")
        self.check_equilibrium(path)
        self.assertIn("One data set alone", gansweep("report", path).stdout)

    def test_the_minimax_equilibrium_of_the_generator_is_negative(self):
        path = self.run_sweep("minimax", "  seed: {range: [1, 60]}\ngenerator_loss: minimax\n")
        rows = self.check_equilibrium(path, (1, -1))
        self.assertLess(float(rows[0]["loss_G_mean"]), 0)

    def test_answers_stand_in_the_first_ten_lines(self):
        path = self.run_sweep("answers", "  seed: {range: [1, 60]}\n  lr_G: [0.005, 0.05, 0.5]\n")
        rows = list(csv.DictReader(io.StringIO(gansweep("report", path, "--format", "csv").stdout)))
        said = gansweep("report", path).stdout.split("\n")[:10]
        within = [sum(float(row[f"equivalence_{margin}_q"]) < 0.05 for row in rows) for margin in ("0.005", "0.0005")]
        self.assertRegex(said[4], f"within 0.005 nat of ln 2 in {within[0]} of 3 configurations, within 0.0005 in {within[1]}; nearest: lr_G ")
        best = min((row for row in rows if float(row["equivalence_0.005_q"]) < 0.05),
                   key=lambda row: max(abs(float(row[name]) - math.log(2)) for name in ("loss_D_mean", "loss_G_mean")))
        if within[1] == 0:
            self.assertTrue(said[4].endswith("lr_G " + "%.4g" % float(best["lr_G"])))
            self.assertIn("loss_D is %.5f (%.5f to %.5f)" % tuple(float(best["loss_D_mean" + end]) for end in ("", "_low", "_high")), said[5])
        with h5py.File(path) as file:
            distance = np.maximum(*(abs(file[name][:, -1].astype(float) - math.log(2)) for name in ("loss_D", "loss_G")))
            r = stats.spearmanr(distance, file["covariance_error"][:])[0]
        report = json.loads(gansweep("report", path, "--format", "json").stdout)
        self.assertAlmostEqual(report["error_correlation"], r, places=9)
        self.assertEqual(report["correlated"], 180)
        self.assertEqual([f"{answer['question']:<24}  {answer['answer']}" for answer in report["answers"] if answer["question"]], said[3:9])
        prints, right, both = (sum(int(row[name + "_count"]) for row in rows) for name in ("prints_ln2", "covariance_ok", "both"))
        self.assertEqual([report["sweep"][name] for name in ("trials", "done", "prints_ln2_count", "covariance_ok_count", "covariance_ok_at_ln2_count", "covariance_ok_elsewhere_count")],
                         [180, 180, prints, right, both, right - both])
        self.assertAlmostEqual(report["sweep"]["covariance_ok_elsewhere_share"], (right - both) / (180 - prints), places=12)
        self.assertEqual((report["ideal"]["loss_D_mean"], report["ideal"]["equivalence_0.005_p"]), (None, None))
        with h5py.File(path) as file:
            group, error = file["data_seed"][:] % 31, file["covariance_error"][:]
        z = np.arctanh([stats.spearmanr(distance[group != one], error[group != one])[0] for one in range(31)])
        half = stats.t.ppf(0.975, 30) * math.sqrt(30 * z.var())
        np.testing.assert_allclose([report["error_correlation_low"], report["error_correlation_high"]], np.tanh(np.arctanh(r) + [-half, half]), rtol=1e-9)
        self.assertIn("covariance error %.2f (%.2f to %.2f)" % (r, report["error_correlation_low"], report["error_correlation_high"]), said[8])
        words = {"losses_only": "equilibrium of losses only"}
        became = sorted(((sum(int(row[f"outcome_{name}_count"]) for row in rows), name) for name in OUTCOMES), reverse=True)
        counts = [count for count, _ in became if count > 0]
        at_ln2 = sorted((sum(int(row[f"outcome_{name}_at_ln2_count"]) for row in rows) for name in OUTCOMES), reverse=True)
        shares_at_ln2 = [float(share) for share in re.findall(r" ([\d.]+) %", said[7].split("; of all: ")[0])]
        self.assertEqual(shares_at_ln2, [float("%.1f" % (100 * count / sum(at_ln2))) for count in at_ln2 if count > 0])
        self.assertEqual(sum(at_ln2), sum(int(row["prints_ln2_count"]) for row in rows))
        printed = re.findall(r"([a-z ]+) ([\d.]+) %", said[7].split("; of all: ")[1])
        self.assertEqual([float(share) for _, share in printed], [float("%.1f" % (100 * count / 180)) for count in counts])
        self.assertEqual({name.strip() for name, _ in printed},
                         {words.get(name, name.replace("_", " ")) for count, name in became if count > 0})

    def test_floors_are_what_the_true_law_and_the_real_data_score(self):
        path = self.run_sweep("floors", "  seed: {range: [1, 3]}\n  data_seed: {range: [11, 30]}\ncheck: {samples: 250, tolerance: 0.25}\n")
        report = json.loads(gansweep("report", path, "--format", "json").stdout)
        A, b = np.array([[1, 2], [-0.1, 0.5]]), np.array([1, 2])
        truth = A.T @ A

        def scores(rows):
            S, n = np.cov(rows.T), len(rows)
            eigenvalues = linalg.eigh(S, truth, eigvals_only=True)
            error = np.linalg.norm(S - truth) / np.linalg.norm(truth)
            root = linalg.sqrtm(truth)
            distance = ((rows.mean(axis=0) - b)**2).sum() + np.trace(S + truth - 2 * np.real(linalg.sqrtm(root @ S @ root)))
            likelihood = stats.multivariate_normal
            ratio = 2 * (likelihood(rows.mean(axis=0), S * (n - 1) / n).logpdf(rows).sum() - likelihood(b, truth).logpdf(rows).sum())
            ratio *= 1 - (2 * 4 + 18 + 11) / (6 * n * 5)
            return abs(eigenvalues - 1).max() <= 0.25, error, distance, stats.chi2.sf(ratio, 5) < 0.05

        def check(found, sets, tolerance):
            right, error, distance, rejected = np.array(sets, dtype=float).T
            self.assertEqual((found["trials"], found["covariance_ok_count"], found["lrt_rejected_count"]),
                             (len(sets), right.sum(), rejected.sum()))
            self.assertAlmostEqual(found["covariance_error_median"], np.median(error), delta=tolerance)
            self.assertAlmostEqual(found["frechet_distance_median"], np.median(distance), delta=tolerance)
            self.assertIsNone(found["prints_ln2_share"])

        check(report["real_data"], [scores(trial_in_numpy.draw_data(A.tolist(), b.tolist(), 1000, seed).astype(float)) for seed in range(11, 31)], 1e-6)
        check(report["ideal"], [scores(trial_in_numpy.draw_data(A.tolist(), b.tolist(), 250, 2**63 - 1 - i).astype(float)) for i in range(256)], 1e-6)
        text = gansweep("report", path).stdout
        self.assertRegex(text, r"\nreal data .*%.*\ntrue law .*%")
        self.assertIn("of samples of the true law %.1f %%" % (100 * report["ideal"]["covariance_ok_share"]), text)

    def compare(self, path, *arguments):
        run = gansweep("report", path, "--format", "json", "--compare", *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        said = json.loads(run.stdout)
        return said, {row["quantity"]: row for row in said["differences"]}

    def test_two_configurations_are_compared_trial_by_trial(self):
        path = self.run_sweep("paired", "  seed: {range: [1, 60]}\n  lr_G: [0.005, 0.05]\n")
        said, rows = self.compare(path, "0,1")
        self.assertEqual((said["common"], said["finished"], said["done"]), (60, 60, 60))
        self.assertEqual({(row["pairs"], row["units"]) for row in rows.values()}, {(60, 60)})
        with h5py.File(path) as file:
            trials = [np.flatnonzero(file["configuration"][:] == i) for i in (0, 1)]
            trials = [t[np.argsort(file["seed"][:][t])] for t in trials]
            last = {name: file[name][:, -1].astype(float) for name in ("loss_D", "loss_G")}
            values = {**last, **{name: file[name][:].astype(float) for name in ("covariance_error", "frechet_distance", "covariance_ok")},
                      "prints_ln2": np.all([[("%.3f" % x) == "0.693" for x in loss] for loss in last.values()], axis=0).astype(float)}
        self.assertEqual(set(rows), set(values))
        for name, value in values.items():
            first, second = value[trials[0]], value[trials[1]]
            test = stats.ttest_rel(second, first)
            self.assertAlmostEqual(rows[name]["first"], first.mean(), delta=1e-12 * abs(first.mean()))
            self.assertAlmostEqual(rows[name]["second"], second.mean(), delta=1e-12 * abs(second.mean()))
            self.assertAlmostEqual(rows[name]["difference"], (second - first).mean(), delta=1e-11)
            self.assertAlmostEqual(rows[name]["p"], test.pvalue, delta=1e-9)
            scipys = stats.bootstrap((second - first,), np.mean, n_resamples=20000, method="BCa", random_state=1).confidence_interval
            for end in ("low", "high"):
                self.assertAlmostEqual(rows[name][end], getattr(scipys, end), delta=0.1 * (scipys.high - scipys.low), msg=name)
        back = self.compare(path, "1,0")[1]
        for name in values:
            self.assertEqual((back[name]["first"], back[name]["difference"]), (rows[name]["second"], -rows[name]["difference"]))
        text = gansweep("report", path, "--compare", "0,1").stdout
        self.assertIn("of 60 pairs of trials with the same seeds 60 are finished, 60 have both trials done", text)
        self.assertIn("first:  lr_G 0.005\nsecond: lr_G 0.05\n", text)
        row = next(csv.DictReader(io.StringIO(gansweep("report", path, "--compare", "0,1", "--format", "csv").stdout)))
        self.assertEqual(float(row["difference"]), rows["loss_D"]["difference"])

    def test_pairs_of_the_same_data_are_one_unit(self):
        path = self.run_sweep("paired-units", "  seed: {range: [1, 4]}\n  data_seed: {range: [1, 20]}\n  lr_G: [0.05, 0.3]\n")
        said, rows = self.compare(path, "0,1")
        self.assertEqual({(row["pairs"], row["units"]) for row in rows.values()}, {(80, 20)})
        with h5py.File(path) as file:
            order = np.lexsort([file["seed"][:], file["data_seed"][:], file["configuration"][:]])
            value = file["covariance_error"][:][order].reshape(2, 20, 4)
        unit = (value[1] - value[0]).sum(axis=1)
        t = unit.mean() / (unit.std(ddof=1) / np.sqrt(20))
        self.assertAlmostEqual(rows["covariance_error"]["p"], 2 * stats.t.sf(abs(t), 19), delta=1e-9)

    def test_trials_that_diverged_are_failures_of_the_compared_shares(self):
        path = self.run_sweep("diverged", "  seed: {range: [1, 200]}\n  lr_G: 0.005\n  lr_D: [0.05, 1.0e+37]\n")
        said, rows = self.compare(path, "0,1")
        with h5py.File(path) as file:
            trials = [np.flatnonzero(file["configuration"][:] == i) for i in (0, 1)]
            trials = [t[np.argsort(file["seed"][:][t])] for t in trials]
            status, right = file["status"][:], file["covariance_ok"][:].astype(float)
        self.assertTrue(np.isin(status, (1, 2)).all())
        done = (status[trials[0]] == 1) & (status[trials[1]] == 1)
        self.assertTrue(0 < done.sum() < 200, done.sum())
        self.assertEqual((said["common"], said["finished"], said["done"]), (200, 200, done.sum()))
        for name, row in rows.items():
            self.assertEqual(row["pairs"], 200 if name in ("prints_ln2", "covariance_ok") else done.sum(), name)
        self.assertTrue(right[status == 2].sum() == 0 and right[trials[0]][~done].sum() > 0, "no trial whose partner diverged is right")
        whole = {row["configuration"]: row for row in json.loads(gansweep("report", path, "--format", "json").stdout)["rows"]}
        for name in ("prints_ln2", "covariance_ok"):
            self.assertEqual((rows[name]["first"], rows[name]["second"]), tuple(whole[i][name + "_share"] for i in (0, 1)))
        lines = {line.split()[0]: line.split()[1] for line in gansweep("report", path, "--compare", "0,1").stdout.splitlines() if line}
        self.assertEqual((lines["loss_D"], lines["covariance_ok"]), (str(done.sum()), "200"))
        table = list(csv.DictReader(io.StringIO(gansweep("report", path, "--compare", "0,1", "--format", "csv").stdout)))
        self.assertEqual([int(row["pairs"]) for row in table], [row["pairs"] for row in rows.values()])

    def test_shares_that_do_not_differ_have_an_interval_with_a_width(self):
        # Neither prints 0.693 in any trial: discriminators see through generators that do not learn. The four trials of a data set count as one.
        path = self.run_sweep("never", "  seed: {range: [1, 4]}\n  data_seed: {range: [1, 30]}\n  lr_G: 1.0e-9\n  lr_D: [0.05, 0.1]\n")
        said, rows = self.compare(path, "0,1")
        row = rows["prints_ln2"]
        self.assertEqual((row["first"], row["second"], row["units"], row["p"]), (0, 0, 30, 1))
        high = stats.binomtest(0, 30).proportion_ci(method="wilson").high
        self.assertAlmostEqual(row["high"], high, delta=1e-12)
        self.assertAlmostEqual(row["low"], -high, delta=1e-12)

    def test_what_cannot_be_compared_is_refused(self):
        path = self.run_sweep("unpaired", "  batch_size: 8\nzip:\n  seed: [1, 2]\n  lr_G: [0.05, 0.3]\n")
        for given, said in [("0,1", "no seeds in common"), ("0,2", "there is no configuration 2; the file has 0 to 1"),
                            ("0,-1", "there is no configuration -1"), ("0", "two numbers"), ("0,1,2", "two numbers"), ("a,b", "two numbers"),
                            ("", "two numbers")]:
            run = gansweep("report", path, "--compare", given)
            self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1), run.stderr)
            self.assertIn(said, run.stderr)

    def test_colour_is_for_terminals_without_no_color(self):
        self.assertNotIn("\033", gansweep("report", self.path).stdout)
        for no_color, coloured in [(None, True), ("", True), ("1", False)]:
            environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
            if no_color is not None:
                environment["NO_COLOR"] = no_color
            self.assertEqual(b"\033" in self.on_terminal(environment), coloured, no_color)

    def on_terminal(self, environment):
        """What the report prints on a terminal."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([PROGRAM, "report", self.path], stdout=theirs, env=environment)
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        self.assertEqual(process.wait(), 0)
        return text


class Large(unittest.TestCase):
    """What takes minutes under sanitizers, and sees the same lines of code."""

    def test_many_kinds_of_untrained_nets_share_one_budget(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        text = ("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 3000}\nconvention: [mxnet, torch, tf]\n"
                "generator_loss: [non-saturating, minimax]\nmodel: {latent_dim: {range: [1, 64]}}\ntrain: {epochs: 1}\n"
                "parameters: {seed: {range: [1, 20]}, batch_size: 500}\nkeep: {samples: 0}\n")
        experiment, path = (os.path.join(folder, "kinds" + ending) for ending in (".yaml", ".h5"))
        with open(experiment, "w") as file:
            file.write(text)
        found = {}
        for name, options in {"many": [], "few": ["--set", "latent_dim=1,2"]}.items():
            run = gansweep("run", experiment, "-o", path, "--quiet", "--force", *options)
            self.assertEqual(run.returncode, 0, run.stderr)
            rows = list(csv.DictReader(io.StringIO(gansweep("report", path, "--format", "csv").stdout)))
            found[name] = {row["untrained_trials"] for row in rows}
        self.assertEqual(found, {"many": {"16"}, "few": {"20"}})


if __name__ == "__main__":
    unittest.main(verbosity=2)
