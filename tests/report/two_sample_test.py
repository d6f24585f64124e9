"""What `gansweep report --two-sample` prints against NumPy and SciPy.

Real data are drawn by docs/randomness.md in NumPy, generated samples are those that the file keeps, distances are SciPy's,
classifiers are written here once more. p-values by permutation are held to SciPy's permutation_test.

    two_sample_test.py PROGRAM
"""
import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np
from scipy import optimize, stats
from scipy.spatial.distance import cdist, pdist

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "oracle"))
import trial_in_numpy  # noqa: E402  docs/randomness.md in NumPy

PROGRAM = sys.argv.pop(1)
TESTS = ["energy_distance", "mmd", "hotelling_t2", "logistic", "nearest_neighbours"]
POINTS = 50

A, b, N = [[1, 2], [-0.1, 0.5]], [1, 2], 120
EXPERIMENT = f"""title: Two samples
convention: [mxnet, torch]
data: {{law: gaussian, A: {A}, b: {b}, n: {N}}}
model: {{latent_dim: {{values: [2, 3]}}, generator: HIDDEN, discriminator: [5]}}
train: {{epochs: 25}}
parameters:
  seed: {{range: [1, 12]}}
  lr_D: {{values: [0.05, 1.0e+37]}}
  lr_G: {{values: [0.002, 0.02]}}
  batch_size: 8
keep: {{samples: {POINTS}}}
check: {{samples: {POINTS}}}
"""


def gansweep(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, **options)


def accuracy_test(called_y, count):
    """Accuracy on held-out points, `count` of each sample, and Fisher's exact test."""
    x, y = called_y[:count], called_y[count:]
    table = [[y.sum(), count - y.sum()], [x.sum(), count - x.sum()]]
    return ((~x).sum() + y.sum()) / (2 * count), stats.fisher_exact(table, alternative="greater")[1]


def logistic(training, names, points):
    """By products of standardised components, with a ridge of 0.01."""
    mean, deviation = training.mean(axis=0), training.std(axis=0)

    def features(rows):
        z = (rows - mean) / deviation
        return np.column_stack([np.ones(len(z)), z, *(z[:, i] * z[:, j] for i in range(z.shape[1]) for j in range(i + 1))])
    F = features(training)

    def loss(beta):
        return np.logaddexp(0, F @ beta).sum() - (F @ beta)[names == 1].sum() + 0.01 * beta @ beta / 2

    def gradient(beta):
        return F.T @ (1 / (1 + np.exp(-F @ beta)) - names) + 0.01 * beta

    def hessian(beta):
        p = 1 / (1 + np.exp(-F @ beta))
        return (F.T * (p * (1 - p))) @ F + 0.01 * np.eye(F.shape[1])
    best = optimize.minimize(loss, np.zeros(F.shape[1]), jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-9})
    return features(points) @ best.x > 0


def neighbours(training, names, points):
    nearest = names[np.argsort(cdist(points, training), axis=1, kind="stable")[:, :int(math.sqrt(len(training)))]]
    votes, k = nearest.sum(axis=1), nearest.shape[1]
    return np.where(2 * votes == k, nearest[:, 0] == 1, 2 * votes > k)


def energy(D, m):
    return 2 * D[:m, m:].mean() - D[:m, :m].mean() - D[m:, m:].mean()


def mmd(K, m):
    n = len(K) - m
    return (K[:m, :m].sum() - m) / (m * (m - 1)) + (K[m:, m:].sum() - n) / (n * (n - 1)) - 2 * K[:m, m:].mean()


def expected_tests(x, y):
    """Statistic and p of each test; p is NaN where it comes of permutations, and the matrices of these."""
    m, pooled = len(x), np.vstack([x, y])
    D = cdist(pooled, pooled)
    K = np.exp(-D**2 / (2 * np.median(pdist(pooled))**2))
    S = ((m - 1) * np.cov(x.T) + (m - 1) * np.cov(y.T)) / (2 * m - 2)
    difference, d = x.mean(axis=0) - y.mean(axis=0), x.shape[1]
    t2 = m / 2 * difference @ np.linalg.solve(S, difference)
    training, held_out = (np.vstack([x[part], y[part]]) for part in (slice(0, m // 2), slice(m // 2, m)))
    names = np.repeat([0, 1], m // 2)
    return {"energy_distance": (energy(D, m), math.nan), "mmd": (mmd(K, m), math.nan),
            "hotelling_t2": (t2, stats.f.sf(t2 * (2 * m - d - 1) / (d * (2 * m - 2)), d, 2 * m - d - 1)),
            "logistic": accuracy_test(logistic(training, names, held_out), m - m // 2),
            "nearest_neighbours": accuracy_test(neighbours(training, names, held_out), m - m // 2)}, D, K


def permutation_p(matrix, statistic, m):
    """SciPy's, by 4,000 permutations."""
    places = np.arange(len(matrix))
    return stats.permutation_test((places[:m], places[m:]), lambda x, y: statistic(matrix[np.ix_(np.r_[x, y], np.r_[x, y])], m),
                                  alternative="greater", n_resamples=4000, vectorized=False, random_state=1).pvalue


def chosen_places(wanted, count):
    """docs/file-format.md: the first numbers i P mod n."""
    step = max(1, int(0.61803398874989485 * count))
    while math.gcd(step, count) != 1:
        step += 1
    return sorted(i * step % count for i in range(min(wanted, count)))


def benjamini_hochberg(p):
    q, known = np.full(len(p), math.nan), np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(-p[known], kind="stable")]
    q[order] = np.minimum(1, np.minimum.accumulate(len(known) / np.arange(len(known), 0, -1) * p[order]))
    return q


class TwoSample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = cls.run_sweep("whole")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def run_sweep(cls, name, *settings, hidden="[]", text=EXPERIMENT):
        path, experiment = (os.path.join(cls.folder.name, name + ending) for ending in (".h5", ".yaml"))
        with open(experiment, "w") as file:
            file.write(text.replace("HIDDEN", hidden))
        run = gansweep("run", experiment, "-o", path, "--quiet", *(word for setting in settings for word in ("--set", setting)))
        assert run.returncode == 0, run.stderr
        return path

    def ask(self, path, *arguments):
        run = gansweep("report", path, "--two-sample", "--quiet", *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout

    def by_trial(self, path, *arguments):
        """The report as json, and the trials as arrays."""
        def refuse(constant):
            raise ValueError(constant + " is not JSON")
        report = json.loads(self.ask(path, "--format", "json", "--by-trial", *arguments), parse_constant=refuse)
        trials = {key: np.array([math.nan if row[key] is None else row[key] for row in report["by_trial"]])
                  for key in report["by_trial"][0]}
        return report, trials

    def check_trials(self, path, *arguments):
        """Every statistic from the file's samples."""
        report, trials = self.by_trial(path, "--trials", "all", "--points", str(POINTS), *arguments)
        checked = 0
        with h5py.File(path) as file:
            self.assertEqual(list(trials["trial"]), list(range(len(file["trial"]))))
            np.testing.assert_array_equal(trials["configuration"], file["configuration"][:])
            status, samples, data_seed = (file[name][:] for name in ("status", "samples", "data_seed"))
        np.testing.assert_array_equal(trials["state"], np.array(["pending", "tested", "diverged"])[status])
        data = {seed: trial_in_numpy.draw_data(A, b, N, int(seed))[:POINTS].astype(float) for seed in set(data_seed)}
        for trial in range(len(status)):
            if status[trial] != 1:
                self.assertTrue(all(math.isnan(trials[name][trial]) for test in TESTS for name in (test, test + "_p")))
                continue
            expected, D, K = expected_tests(data[data_seed[trial]], samples[trial].astype(float))
            for test in TESTS:
                statistic, p = trials[test][trial], trials[test + "_p"][trial]
                self.assertAlmostEqual(statistic, expected[test][0], delta=1e-8 * max(1, abs(statistic)), msg=f"{test} of trial {trial}")
                if not math.isnan(expected[test][1]):
                    self.assertAlmostEqual(p, expected[test][1], delta=1e-7, msg=f"{test} of trial {trial}")
            checked += 1
            if checked % 20 == 1:
                for test, matrix, statistic in (("energy_distance", D, energy), ("mmd", K, mmd)):
                    p = permutation_p(matrix, statistic, POINTS)
                    error = math.sqrt(p * (1 - p) * (1 / report["permutations"] + 1 / 4000)) + 1 / report["permutations"]
                    self.assertLess(abs(trials[test + "_p"][trial] - p), 4 * error, f"{test} of trial {trial}")
        print(checked, "trials,", *(f"{test} {np.nanmean(trials[test + '_p'] <= 0.05):.2f}" for test in TESTS), "rejected")
        return report, trials

    def test_statistics_of_every_trial_are_scipys(self):
        report, trials = self.check_trials(self.path, "--permutations", "499")
        self.assertEqual((report["points"], report["permutations"], report["data_sets"]), (POINTS, 499, 12))
        self.assertTrue(0 < report["sweep"]["diverged"] < len(trials["trial"]), "nothing to see")
        for test in TESTS[:4]:
            self.assertTrue(0 < np.nanmean(trials[test + "_p"] <= 0.05) < 1, f"nothing to see in {test}")

    def test_statistics_of_generators_with_hidden_layers_are_scipys(self):
        self.check_trials(self.run_sweep("hidden", "lr_D=0.05", "seed=1:6", "data_seed=100,200", hidden="[7, 3]"))

    def check_summary(self, row, trials, q):
        """The columns of one row, from arrays of its trials."""
        for state in ("tested", "diverged", "pending", "not_finite"):
            self.assertEqual(row[state], (trials["state"] == state).sum(), state)
        self.assertEqual(row["chosen"], len(trials["trial"]))
        for test in TESTS:
            known, summary = ~np.isnan(trials[test + "_p"]), row["tests"][test]
            count = int((trials[test + "_p"][known] <= 0.05).sum())
            self.assertEqual((summary["rejected_count"], summary["discoveries"]), (count, (q[test][known] <= 0.05).sum()), test)
            if not known.any():
                self.assertIsNone(summary["median"])
                self.assertIsNone(summary["rejected_share"])
                continue
            self.assertAlmostEqual(summary["median"], np.median(trials[test][known]), delta=1e-12 * abs(summary["median"]))
            interval = stats.binomtest(count, int(known.sum())).proportion_ci(method="wilson")
            for key, value in (("share", count / known.sum()), ("low", interval.low), ("high", interval.high)):
                self.assertAlmostEqual(summary["rejected_" + key], value, places=12)

    def test_rows_sum_up_their_trials(self):
        kept = 0
        for arguments in (["--trials", "all", "--points", "40"], ["--trials", "5", "--points", "30", "--permutations", "39"]):
            report, trials = self.by_trial(self.path, *arguments)
            q = {test: benjamini_hochberg(trials[test + "_p"]) for test in TESTS}
            with h5py.File(self.path) as file:
                configuration = file["configuration"][:]
            self.assertEqual(len(report["rows"]), 16)
            for index, row in enumerate(report["rows"]):
                own = trials["configuration"] == index
                self.assertEqual(row["configuration"], index)
                self.assertEqual(row["trials"], (configuration == index).sum())
                self.check_summary(row, {key: value[own] for key, value in trials.items()}, {test: q[test][own] for test in TESTS})
            self.check_summary(report["sweep"], trials, q)
            self.assertEqual(report["sweep"]["trials"], len(configuration))
            kept += sum(report["sweep"]["tests"][test]["rejected_count"] - report["sweep"]["tests"][test]["discoveries"] for test in TESTS)
        self.assertGreater(kept, 0, "nothing to see")

    def test_the_chosen_trials_are_spread_over_each_configuration(self):
        path = self.run_sweep("crossed", "lr_D=0.05", "seed=1:5", "data_seed=1:8", "latent_dim=2", "convention=mxnet")
        _, trials = self.by_trial(path, "--trials", "8", "--points", "20")
        with h5py.File(path) as file:
            configuration, data_seed, seed = (file[name][:] for name in ("configuration", "data_seed", "seed"))
        expected = np.concatenate([np.flatnonzero(configuration == i)[chosen_places(8, 40)] for i in (0, 1)])
        np.testing.assert_array_equal(trials["trial"], expected)
        chosen = trials["trial"][:8]
        self.assertEqual(len(set(seed[chosen])), 5)  # every fifth would have had one seed alone
        self.assertGreater(len(set(data_seed[chosen])), 3)

    def test_without_a_number_of_trials_8192_are_shared_among_the_configurations(self):
        self.assertEqual(self.by_trial(self.path, "--points", "8")[0]["sweep"]["chosen"], 16 * 12)
        text = EXPERIMENT.replace("epochs: 25", "epochs: 1").replace(f"n: {N}", "n: 8")
        path = self.run_sweep("many", "lr_D=0.05", "lr_G=0.01,0.02,0.03", "seed=1:3000", "latent_dim=2", "convention=mxnet", text=text)
        report, trials = self.by_trial(path, "--permutations", "19")
        self.assertEqual([row["chosen"] for row in report["rows"]], [8192 // 3] * 3)
        self.assertEqual(report["points"], 8)  # the data have no more
        self.assertEqual(len(set(trials["trial"])), 8192 // 3 * 3)

    def test_the_true_law_is_rejected_as_often_as_promised(self):
        path = self.run_sweep("floor", "lr_D=0.05", "lr_G=0.02", "seed=1:256", "latent_dim=2", "convention=mxnet")
        report = json.loads(self.ask(path, "--format", "json", "--trials", "1", "--points", str(POINTS)))
        floor = report["true_law"]
        self.assertEqual((floor["chosen"], floor["tested"], report["data_sets"]), (256, 256, 256))
        expected = [expected_tests(*(trial_in_numpy.draw_data(A, b, N, seed)[:POINTS].astype(float) for seed in (1 + i, 2**63 - 1 - i)))[0]
                    for i in range(256)]
        for test in TESTS:
            found = floor["tests"][test]
            self.assertAlmostEqual(found["median"], np.median([row[test][0] for row in expected]), delta=1e-6)
            if test in ("energy_distance", "mmd"):
                self.assertLess(abs(found["rejected_count"] - 0.05 * 256), 3 * math.sqrt(256 * 0.05 * 0.95))
            else:
                self.assertEqual(found["rejected_count"], sum(row[test][1] <= 0.05 for row in expected))
            self.assertLess(found["rejected_count"], 0.05 * 256 + 3 * math.sqrt(256 * 0.05 * 0.95))
            self.assertEqual(report["untrained"][0]["tests"][test]["rejected_count"], 1)
        print("of 256 samples of the true law rejected:", *(f"{test} {floor['tests'][test]['rejected_count']}" for test in TESTS))

    def test_untrained_nets_are_a_sweep_without_learning(self):
        still = self.run_sweep("still", "lr_D=1e-37", "lr_G=1e-37", "epochs=1")
        arguments = ["--format", "json", "--points", str(POINTS), "--trials", "7"]
        rows = json.loads(self.ask(still, *arguments))["rows"]
        report = json.loads(self.ask(self.path, *arguments))
        self.assertEqual(len(report["untrained"]), 4)
        for row in report["rows"]:
            found = report["untrained"][row["untrained"]]
            self.assertEqual((found["convention"], found["latent_dim"]), (row["convention"], row["latent_dim"]))
            expected = next(other for other in rows if (other["convention"], other["latent_dim"]) == (row["convention"], row["latent_dim"]))
            self.assertEqual((found["chosen"], found["tested"]), (7, 7))
            for test in TESTS:
                self.assertEqual(found["tests"][test], expected["tests"][test])

    def test_threads_and_the_order_of_work_change_nothing(self):
        arguments = ["--format", "json", "--by-trial", "--points", "30", "--permutations", "39"]
        one, three = (self.ask(self.path, *arguments, "--threads", threads) for threads in "13")
        self.assertEqual(one, three)
        few, all_of_them = (self.by_trial(self.path, "--points", "30", "--permutations", "39", "--trials", trials)[1] for trials in ("3", "all"))
        for key in few:  # a trial's numbers are its own
            np.testing.assert_array_equal(few[key], all_of_them[key][few["trial"]])

    def test_csv_says_what_json_says(self):
        arguments = ["--trials", "4", "--points", "20", "--permutations", "29"]
        report, trials = self.by_trial(self.path, *arguments)
        raw = self.ask(self.path, *arguments, "--format", "csv", "--by-trial")
        rows = list(csv.DictReader(io.StringIO(raw, newline="")))
        self.assertEqual(len(rows), len(trials["trial"]))
        for i, row in enumerate(rows):
            self.assertEqual((int(row["trial"]), int(row["configuration"]), row["state"]),
                             (trials["trial"][i], trials["configuration"][i], trials["state"][i]))
            for test in TESTS:
                np.testing.assert_equal([float(row[test]), float(row[test + "_p"])], [trials[test][i], trials[test + "_p"][i]])
        raw = subprocess.run([PROGRAM, "report", self.path, "--two-sample", *arguments, "--format", "csv"], capture_output=True).stdout
        self.assertEqual(raw.count(b"\n"), raw.count(b"\r\n"))
        lines = list(csv.DictReader(io.StringIO(raw.decode(), newline=""), strict=True))
        expected = [("sweep", report["sweep"]), *(("trained", row) for row in report["rows"]),
                    *(("untrained", row) for row in report["untrained"]), ("true_law", report["true_law"])]
        self.assertEqual(len(lines), 5 * len(expected))
        for i, line in enumerate(lines):
            nets, row = expected[i // 5]
            self.assertEqual((line["nets"], line["test"], line["points"], line["permutations"]), (nets, TESTS[i % 5], "20", "29"))
            self.assertEqual(line["configuration"], str(row["configuration"]) if nets == "trained" else "")
            for key in ("lr_G", "lr_D", "batch_size", "latent_dim", "epochs"):
                self.assertEqual(line[key], "" if key not in row else line[key])
                self.assertTrue(key not in row or float(line[key]) == row[key])
            self.assertEqual(line["convention"], row.get("convention", ""))
            for key in ("trials", "chosen", "tested", "diverged", "pending", "not_finite"):
                self.assertEqual(int(line[key]), row[key])
            for key, value in row["tests"][line["test"]].items():
                np.testing.assert_equal(float(line[key]), math.nan if value is None else float(value))

    def test_table_says_how_many_and_cuts_to_hardest_and_easiest(self):
        report = json.loads(self.ask(self.path, "--format", "json", "--points", "60", "--permutations", "39"))
        text = self.ask(self.path, "--points", "60", "--permutations", "39")
        sweep = report["sweep"]
        self.assertIn(f"two-sample tests of 192 of 192 trials in 16 configurations: {sweep['tested']} tested, {sweep['diverged']} diverged, 0 pending\n", text)
        self.assertIn("60 samples of each generator against the first 60 rows of its data; 39 permutations", text)
        self.assertIn("fresh samples of it against 12 of the data sets", text)
        self.assertTrue(text.endswith(f"ledger: 192 planned = {sweep['tested']} done + {sweep['diverged']} diverged + 0 pending\n"))
        lines = text.splitlines()
        def numbers(name):
            return [line[len(name):].split() for line in lines if line.startswith(name)]
        medians, rejected = numbers("all trained")
        self.assertEqual(medians[:2], [str(sweep["tested"]), str(sweep["diverged"])])
        for cell, test, decimals in zip(medians[2:], TESTS, (4, 4, 1, 3, 3)):
            self.assertAlmostEqual(float(cell), sweep["tests"][test]["median"], delta=0.51 * 10**-decimals)
        for test, share, discoveries in zip(TESTS, rejected[0::6], rejected[5::6]):
            self.assertAlmostEqual(float(share), 100 * sweep["tests"][test]["rejected_share"], delta=0.051)
            self.assertEqual(int(discoveries), sweep["tests"][test]["discoveries"])
        self.assertEqual(len(numbers("true law")), 2)
        self.assertEqual(len(numbers("untrained")), 8)
        grid = self.run_sweep("grid", "seed=1:4", "lr_D=0.05", "convention=mxnet", "latent_dim=2",
                              "lr_G=" + ",".join(str(i / 1000) for i in range(1, 61)))
        text = self.ask(grid, "--points", "20", "--permutations", "39")
        rows = json.loads(self.ask(grid, "--points", "20", "--permutations", "39", "--format", "json"))["rows"]
        rows.sort(key=lambda row: (row["tests"]["energy_distance"]["rejected_share"], row["tests"]["energy_distance"]["median"]))
        table = [line.split() for line in text.splitlines() if line.startswith("trained")]
        self.assertEqual(len(table) % 4, 0)
        self.assertIn(f"... {60 - len(table) // 2} between them", text)
        shown = [float(line[1]) for line in table[:len(table) // 2]]
        half = len(shown) // 2
        self.assertEqual(shown, [row["lr_G"] for row in rows[:half] + rows[-half:]])

    def test_pending_trials_are_counted_apart(self):
        path, experiment = (os.path.join(self.folder.name, "ended" + ending) for ending in (".h5", ".yaml"))
        with open(experiment, "w") as file:
            file.write(EXPERIMENT.replace("HIDDEN", "[]"))
        run = subprocess.Popen([PROGRAM, "run", experiment, "-o", path, "--quiet", "--set", "seed=1:100000"], stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(1.0)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130)
        report, trials = self.by_trial(path, "--points", "10", "--trials", "50")
        with h5py.File(path) as file:
            np.testing.assert_array_equal(trials["state"], np.array(["pending", "tested", "diverged"])[file["status"][:][trials["trial"]]])
        self.assertGreater(report["sweep"]["pending"], 0)
        self.assertEqual(report["sweep"]["chosen"], 16 * 50)
        self.assertEqual(sum(report["sweep"][state] for state in ("tested", "diverged", "pending", "not_finite")), 16 * 50)

    def test_samples_that_are_not_finite_are_counted_apart(self):
        text = EXPERIMENT.replace("batch_size: 8", f"batch_size: {N}")  # one step, by as much as a float has
        path = self.run_sweep("infinite", "epochs=1", "lr_D=0.05", "lr_G=0.02,1e37", hidden="[400]", text=text)
        report, trials = self.by_trial(path, "--points", str(POINTS))
        with h5py.File(path) as file:
            finite = np.isfinite(file["samples"][:]).all(axis=(1, 2))
            self.assertTrue((file["status"][:] == 1).all())
        np.testing.assert_array_equal(trials["state"], np.where(finite, "tested", "not_finite"))
        self.assertTrue(0 < finite.sum() < len(finite))
        self.assertEqual(report["sweep"]["not_finite"], (~finite).sum())
        self.assertIn(f"{(~finite).sum()} with samples that are not finite", self.ask(path, "--points", str(POINTS)))

    def test_an_interruption_ends_the_tests(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = subprocess.Popen([PROGRAM, "report", self.path, "--two-sample", "--points", "100", "--permutations", "99999"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(1)
            process.send_signal(signal.SIGUSR1)  # how far is it?
            process.send_signal(number)
            out, error = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out), (code, ""), error)
            self.assertRegex(error, r"^(testing: [\d.]+ % in .* s\n)*gansweep: .*: stopped after \d+ of 496 two-sample tests\n$")

    def test_what_cannot_be_tested_is_refused(self):
        tiny = self.run_sweep("tiny", "seed=1:2", "lr_D=0.05", text=EXPERIMENT.replace(f"n: {N}", "n: 7").replace("batch_size: 8", "batch_size: 7"))
        for arguments, said in [(["--trials", "0"], "--trials: '0'"), (["--trials", "some"], "--trials: 'some'"), (["--trials", "5x"], "--trials: '5x'"),
                                (["--trials", "-3"], "--trials: '-3'"), (["--trials", ""], "--trials: ''"),
                                (["--points", "7"], "--points: '7' is not an integer from 8 to 1000"),
                                (["--permutations", "18"], "--permutations: '18' is not an integer from 19 to 99999"),
                                (["--by-trial"], "--format csv or json was expected"), (["--compare", "0,1"], "two reports")]:
            run = gansweep("report", self.path, "--two-sample", *arguments)
            self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1), run.stderr)
            self.assertIn(said, run.stderr)
        for option in (["--trials", "3"], ["--points", "30"], ["--permutations", "30"], ["--by-trial"], ["--quiet"], ["--threads", "1"]):
            run = gansweep("report", self.path, *option)
            self.assertEqual((run.returncode, run.stdout), (2, ""))
            self.assertIn("--two-sample was expected", run.stderr)
        run = gansweep("report", tiny, "--two-sample")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("its data have 7 rows; two-sample tests need at least 8 points", run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
