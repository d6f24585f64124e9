"""`gansweep next` against its rules in NumPy: which configurations are the best, and what is trained next. And designs through
the whole program: the same file however it is trained.

    next_test.py PROGRAM SOURCE_ROOT

Scores and statuses are written into results files where the choice must be known beforehand; what is written is read with
PyYAML, and by `gansweep run`.
"""
import csv
import math
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np
import yaml

PROGRAM, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
del sys.argv[1:]
SETTINGS = ["lr_G", "lr_D", "generator_loss", "convention", "batch_size", "latent_dim", "epochs"]
CRITERIA = ["frechet_distance", "kl_exact", "covariance_error"]
NAMES = {"convention": ["mxnet", "torch", "tf", "tf-as-documented"], "generator_loss": ["non-saturating", "minimax"]}

WIDE = """# a search
title: "A search: \\"quoted\\", wide search"
design: {method: random, points: 40, seed: 5, phase: wide}
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}
model: {latent_dim: {min: 2, max: 5}, discriminator: [4, 3]}
convention: {choice: [tf, mxnet, torch]}
train: {epochs: 2}
parameters:
  seed: {range: [11, 14]}
  lr_D: {min: 0.001, max: 1, scale: log}
  lr_G: {min: 0.01, max: 0.2}
keep: {samples: 5}
check:
  samples: 60
  tolerance: 0.3
"""
GRID = """data: {A: [[2]], b: [1], n: 20}
parameters: {seed: [3, 9, 4], lr_D: [0.1, 0.02, 0.3], convention: [mxnet, torch]}
zip: {epochs: [1, 2, 1], batch_size: [4, 5, 6]}
keep: {samples: 0}
check: {samples: 20}
"""


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        held = tempfile.TemporaryDirectory()
        self.addCleanup(held.cleanup)
        self.folder = pathlib.Path(held.name)

    def gansweep(self, *arguments, code=0):
        run = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=200, cwd=self.folder)
        self.assertEqual(run.returncode, code, run.stderr)
        return run

    def sweep(self, text, *arguments, name="wide"):
        (self.folder / f"{name}.yaml").write_text(text)
        self.gansweep("run", f"{name}.yaml", "-q", "--force", *arguments)
        return self.folder / f"{name}.h5"

    def refuse(self, code, *arguments, says):
        before = {path.name: path.stat().st_mtime_ns for path in self.folder.iterdir()}
        run = self.gansweep("next", *arguments, code=code)
        self.assertEqual((run.stdout, run.stderr.count("\n")), ("", 1), run.stderr)
        self.assertRegex(run.stderr, says)
        self.assertEqual({path.name: path.stat().st_mtime_ns for path in self.folder.iterdir()}, before)

    def write(self, path, dataset, values):
        """Puts other rows into a results file, where nothing else changes."""
        with h5py.File(path) as file:
            offset, kind, size = file[dataset].id.get_offset(), file[dataset].dtype, file[dataset].size
        rows = np.ascontiguousarray(values, dtype=kind)
        self.assertEqual(rows.size, size)
        with open(path, "r+b") as bytes_:
            bytes_.seek(offset)
            bytes_.write(rows.tobytes())

    def next(self, path, *arguments):
        """What is written, as PyYAML reads it, and what is said. The program must plan it, too."""
        output = self.folder / "next.yaml"
        run = self.gansweep("next", path, "-o", output, "--force", *arguments)
        self.assertEqual(sorted(found.suffix for found in self.folder.iterdir() if "next" in found.name), [".yaml"])
        self.dry = self.gansweep("run", output, "--dry-run").stdout
        return yaml.safe_load(output.read_text()), run

    def ranked(self, path, criterion="frechet_distance"):
        """Configurations with finished trials, the best first: (median, number, [settings])."""
        with h5py.File(path) as file:
            status, score, configuration = file["status"][:], file[criterion][:], file["configuration"][:]
            columns = {name: file[name][:] for name in SETTINGS}
        found = []
        for c in range(configuration.max() + 1):
            members = np.flatnonzero((configuration == c) & (status != 0))
            if len(members):
                values = np.sort(np.where(status[members] == 2, np.inf, score[members]))
                middle = values[(len(values) - 1) // 2], values[len(values) // 2]
                median = np.inf if np.inf in middle else sum(middle) / 2
                found.append((median, c, {name: columns[name][members[0]] for name in SETTINGS}))
        return sorted(found, key=lambda entry: entry[:2])


def outwards(value, up):
    """To three digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{(math.ceil if up else math.floor)(round(value / unit, 7)) * unit:.3g}")


def named(name, value):
    return NAMES[name][int(value)] if name in NAMES else value.item()


class Narrow(Case):
    def expect_bounds(self, made, best, before):
        for name, (low, high) in before.items():
            values = [settings[name] for _, _, settings in best]
            if isinstance(low, float):
                wanted = max(outwards(min(values), False), low), min(outwards(max(values), True), high)
            else:
                wanted = min(values), max(values)
            self.assertEqual((made[name]["min"], made[name]["max"]), wanted, name)

    def test_it_draws_between_the_bounds_of_the_best(self):
        path = self.sweep(WIDE)
        for criterion in CRITERIA:
            for keep in (None, 2, 7, 1000):
                made, run = self.next(path, "--criterion", criterion, *(["--keep", keep] if keep else []))
                best = self.ranked(path, criterion)
                best = best[:keep or 4]
                self.assertEqual(made["design"], {"method": "random", "points": 20, "seed": 6, "phase": "narrow"})
                self.assertEqual(made["title"], 'A search: "quoted", narrow search')
                parameters = made["parameters"]
                self.expect_bounds(parameters, best, {"lr_D": (0.001, 1.0), "lr_G": (0.01, 0.2)})
                self.assertEqual((parameters["lr_D"]["scale"], parameters["lr_G"]["scale"]), ("log", "linear"))
                latent = sorted({settings["latent_dim"] for _, _, settings in best})
                self.assertEqual(parameters["latent_dim"], {"min": latent[0], "max": latent[-1], "scale": "linear"}
                                 if len(latent) > 1 else latent[0])
                conventions = [name for name in NAMES["convention"] if name in {named("convention", s["convention"]) for _, _, s in best}]
                self.assertEqual(parameters["convention"], {"choice": conventions} if len(conventions) > 1 else conventions[0])
                self.assertEqual(parameters["seed"], {"range": [15, 18]})
                self.assertEqual((parameters["batch_size"], parameters["epochs"], parameters["generator_loss"]), (8, 2, "non-saturating"))
                self.assertNotIn("data_seed", parameters)
                # Everything else stands as it stood.
                before = yaml.safe_load(WIDE)
                for section in "data", "keep", "check":
                    self.assertEqual(made[section], before[section])
                self.assertEqual(made["model"], {"discriminator": [4, 3]})
                self.assertIn("trials      80 in 20 configurations", self.dry)
                rows = re.findall(r"(?m)^ +(\d+) .* ([\d.e+-]+|inf) +[\d.]+ to ", run.stdout)
                self.assertEqual([int(row[0]) for row in rows], [c for _, c, _ in best[:10]])
                for row, (median, _, _) in zip(rows, best):
                    self.assertAlmostEqual(float(row[1]) / median, 1, delta=1e-3)
                self.assertIn("87.5 %", run.stdout)  # the whole range of four seeds
                self.assertIn(criterion, run.stdout)

    def test_bounds_stay_within_those_before(self):
        made, _ = self.next(self.sweep(WIDE.replace("{min: 0.01, max: 0.2}", "{min: 0.012345, max: 0.012349}")))
        self.assertEqual(made["parameters"]["lr_G"], {"min": 0.012345, "max": 0.012349, "scale": "linear"})

    def test_a_tenth_is_kept_and_half_as_many_points_follow(self):
        path = self.sweep(WIDE.replace("points: 40", "points: 101"))
        made, run = self.next(path)
        self.assertIn("The best 11 of 101 configurations", run.stdout)
        self.assertEqual(made["design"]["points"], 51)
        self.assertEqual(self.next(path, "--points", 7)[0]["design"]["points"], 7)

    def test_diverged_trials_count_as_the_worst_and_ties_keep_their_order(self):
        path = self.sweep(WIDE)
        scores, status = np.full((40, 4), 5.0), np.ones((40, 4), int)
        scores[[3, 8, 12, 30]] = [[1, 9, 9, 1], [1, 2, 3, 4], [5, 1, 1, 5], [0, 0, 0, 0]]
        status[30] = [1, 2, 2, 1]  # the middle of 0, 0, inf, inf
        status[8] = [1, 1, 2, 0]  # 2, the middle of 1, 2, inf
        status[12] = [0, 0, 1, 0]
        self.write(path, "frechet_distance", scores)
        self.write(path, "status", status)
        order = [c for _, c, _ in self.ranked(path)]
        self.assertEqual((order[:4], order[-1]), ([12, 8, 0, 1], 30))
        made, run = self.next(path, "--keep", 5)
        rows = [int(row) for row in re.findall(r"(?m)^ +(\d+) .* to ", run.stdout)]
        self.assertEqual(rows, [12, 8, 0, 1, 2])
        self.assertEqual(run.stderr, "gansweep: note: 4 of 160 trials are pending, and the choice is made without them\n")
        self.expect_bounds(made["parameters"], self.ranked(path)[:5], {"lr_D": (0.001, 1.0), "lr_G": (0.01, 0.2)})
        # 39 have a finite median, and no more bound the search
        made, run = self.next(path, "--keep", 40)
        self.assertIn("The best 39 of 40", run.stdout)

    def test_what_is_crossed_keeps_the_values_among_the_best(self):
        path = self.sweep(WIDE.replace("convention: {choice: [tf, mxnet, torch]}", "convention: [tf, mxnet, torch]\nzip: {batch_size: [8, 4, 8], "
                                       "generator_loss: [minimax, minimax, non-saturating]}").replace("points: 40", "points: 10"))
        with h5py.File(path) as file:
            columns = {name: file[name][::4] for name in SETTINGS}
        scores = np.full(90, 7.0)
        best = np.flatnonzero((columns["convention"] != 1) & ((columns["batch_size"] == 4) | (columns["generator_loss"] == 0)))[:6]
        scores[best] = 1
        self.write(path, "frechet_distance", np.repeat(scores, 4))
        made, _ = self.next(path, "--keep", len(best))
        pairs = sorted({(columns["batch_size"][c].item(), named("generator_loss", columns["generator_loss"][c])) for c in best})
        conventions = [NAMES["convention"][i] for i in sorted(set(columns["convention"][best]))]
        self.assertEqual(made["parameters"]["convention"], conventions if len(conventions) > 1 else conventions[0])
        if len(pairs) == 1:
            self.assertNotIn("zip", made)
        else:
            self.assertEqual(sorted(zip(made["zip"]["batch_size"], made["zip"]["generator_loss"])), pairs)
            self.assertNotIn("batch_size", made["parameters"])
        # each pair with all conventions: both stay
        scores[:] = 7
        scores[[0, 10, 20, 30, 40, 50]] = 1
        self.write(path, "frechet_distance", np.repeat(scores, 4))
        made, _ = self.next(path, "--keep", 6)
        seen = sorted({(columns["batch_size"][c].item(), named("generator_loss", columns["generator_loss"][c])) for c in (0, 10, 20, 30, 40, 50)})
        self.assertEqual(sorted(zip(made["zip"]["batch_size"], made["zip"]["generator_loss"])), seen)

    def test_overrides_and_seeds_of_every_kind(self):
        text = WIDE.replace("seed: {range: [11, 14]}", "seed: [8, 30, 2]\n  data_seed: 40\n  shuffle_seed: {range: [5, 9], step: 4}")
        path = self.sweep(text, "--set", "lr_D=0.25", "--set", "convention=torch,tf")
        made, _ = self.next(path)
        parameters = made["parameters"]
        self.assertEqual((parameters["seed"], parameters["data_seed"], parameters["shuffle_seed"]),
                         ({"range": [31, 33]}, 40, {"range": [10, 11]}))
        self.assertEqual(parameters["lr_D"], 0.25)
        self.assertIn(parameters["convention"], ["torch", "tf", ["torch", "tf"]])
        self.assertNotIn("choice", str(parameters["convention"]))

    def test_what_agrees_among_the_best_is_no_longer_drawn(self):
        path = self.sweep(WIDE.replace("lr_G: {min: 0.01, max: 0.2}", "lr_G: {choice: [0.1, 0.3]}").replace("lr_D: {min: 0.001, max: 1, scale: log}", "lr_D: 0.1"))
        with h5py.File(path) as file:
            same = (file["lr_G"][:] == 0.3) & (file["latent_dim"][:] == 3)
            conventions = sorted(set(file["convention"][same]))
        self.write(path, "frechet_distance", np.where(same, 0.5, 9.0))
        made, _ = self.next(path, "--keep", int(same.sum()) // 4)
        self.assertEqual((made["parameters"]["lr_G"], made["parameters"]["latent_dim"]), (0.3, 3))
        self.assertEqual(made["parameters"]["convention"], {"choice": [NAMES["convention"][i] for i in conventions]})
        with h5py.File(path) as file:
            one = same & (file["convention"][:] == conventions[0])
        self.assertGreaterEqual(one.sum(), 8)
        self.write(path, "frechet_distance", np.where(one, 0.25, 9.0))
        self.refuse(2, path, "--keep", int(one.sum()) // 4, says="agree in all that is drawn.*larger --keep was expected, or --phase best")

    def test_the_name_follows_the_results_and_nothing_is_overwritten(self):
        path = self.sweep(WIDE, name="my-study-wide")
        run = self.gansweep("next", path)
        self.assertIn("my-study-narrow.yaml is written", run.stdout)
        self.assertIn("run my-study-narrow.yaml", run.stdout)
        text = (self.folder / "my-study-narrow.yaml").read_text()
        self.refuse(2, path, says="my-study-narrow.yaml exists already: another name \\(-o\\) or --force was expected")
        self.gansweep("next", path, "--force")
        self.assertEqual((self.folder / "my-study-narrow.yaml").read_text(), text)
        self.assertEqual((self.folder / "my-study-narrow.yaml").stat().st_mode & 0o777, 0o666 & ~umask())
        self.refuse(2, path, "-o", path, "--force", says="can't replace the results")
        (self.folder / "link.yaml").symlink_to("my-study-narrow.yaml")
        self.refuse(2, path, "-o", "link.yaml", "--force", says="link.yaml is a link")
        self.refuse(2, path, "-o", ".", "--force", says="is a folder")
        self.refuse(2, path, "-o", "nowhere/a.yaml", says="nowhere/a.yaml|folder nowhere/")
        self.refuse(2, path, "-o", "", says="is not the name of a file")
        self.gansweep("run", "my-study-narrow.yaml", "-q")
        self.assertIn("my-study-best.yaml is written", self.gansweep("next", "my-study-narrow.h5").stdout)

    def test_a_failure_leaves_nothing_behind(self):
        path = self.sweep(WIDE)
        (self.folder / "old.yaml").write_text("precious")
        before = sorted(self.folder.iterdir())
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        for arguments in ["-o", "new.yaml"], ["-o", "old.yaml", "--force"]:
            run = subprocess.run([PROGRAM, "next", path, *arguments], capture_output=True, text=True, cwd=self.folder, preexec_fn=limit)
            self.assertEqual((run.returncode, run.stdout), (1, ""))
            self.assertRegex(run.stderr, r"^gansweep: (new|old)\.yaml can't be written: File too large\n$")
            self.assertEqual(sorted(self.folder.iterdir()), before)
        self.assertEqual((self.folder / "old.yaml").read_text(), "precious")

    def test_a_file_name_can_not_write_yaml(self):
        path = self.sweep(WIDE)
        evil = self.folder / "a\nseed: 5 \u2028 b\x85.h5"
        path.rename(evil)
        made, _ = self.next(evil)
        self.assertEqual(sorted(made), ["check", "data", "design", "keep", "model", "parameters", "title"])


class Best(Case):
    def test_it_is_the_best_on_50_fresh_seeds(self):
        path = self.sweep(WIDE.replace("phase: wide", "phase: narrow").replace("wide search", "narrow search"))
        for arguments, seeds in ([], 50), (["--seeds", 7], 7):
            made, run = self.next(path, *arguments)
            _, number, best = self.ranked(path)[0]
            self.assertNotIn("design", made)
            self.assertEqual(made["title"], 'A search: "quoted", best configuration')
            self.assertEqual(made["parameters"], {"seed": {"range": [15, 14 + seeds]}, **{name: named(name, best[name]) for name in SETTINGS}})
            self.assertIn(f"configuration {number}, the best", run.stdout)
            self.assertIn(f"trials      {seeds} in 1 configuration", self.dry)
        self.gansweep("run", "next.yaml", "-q", "-o", "best.h5")
        with h5py.File(self.folder / "best.h5") as file, h5py.File(path) as before:
            self.assertFalse(set(file["seed"][:]) & set(before["seed"][:]))
            for name in SETTINGS:
                self.assertEqual(set(file[name][:]), {best[name]})
        with h5py.File(self.folder / "best.h5") as file:
            scores = np.sort(file["frechet_distance"][:])  # of seven the whole range covers the median with 1 - 2 / 2^7
        for arguments in [], ["--phase", "best"]:
            run = self.gansweep("next", "best.h5", *arguments, code=0)
            said = re.fullmatch(r"best.h5: one configuration, of 7 trials: median frechet_distance (\S+) \((\S+) to (\S+), 98.4 %\)\n"
                                "Nothing is left to choose: this is the last phase.\n", run.stdout)
            self.assertEqual(run.stderr, "")
            np.testing.assert_allclose([float(number) for number in said.groups()], scores[[3, 0, 6]], rtol=1e-3)

    def test_of_a_grid_with_a_zip(self):
        path = self.sweep(GRID, name="grid")
        self.refuse(2, path, says=r"names no phase \(design: \{phase: wide\} or narrow\): --phase narrow or --phase best")
        self.refuse(2, path, "--phase", "narrow", says="has no design, whose bounds a narrow search could narrow")
        for criterion in CRITERIA:
            made, _ = self.next(path, "--phase", "best", "--criterion", criterion)
            _, _, best = self.ranked(path, criterion)[0]
            self.assertNotIn("zip", made)
            self.assertEqual(made["parameters"], {"seed": {"range": [10, 59]}, **{name: named(name, best[name]) for name in SETTINGS}})
            self.assertEqual(made["data"], {"A": [[2]], "b": [1], "n": 20})

    def test_a_wide_search_may_be_followed_by_the_best_at_once(self):
        made, _ = self.next(self.sweep(WIDE), "--phase", "best")
        self.assertEqual(made["parameters"]["seed"], {"range": [15, 64]})
        self.refuse(2, "wide.h5", "--phase", "best", "--keep", 3, says="--keep belongs to a narrow search")
        self.refuse(2, "wide.h5", "--phase", "best", "--points", 3, says="--points belongs to a narrow search")
        self.refuse(2, "wide.h5", "--seeds", 3, says="--seeds belongs to the best configuration")

    def test_fresh_seeds_at_the_end_of_all_numbers(self):
        last = 2**63 - 1
        made, _ = self.next(self.sweep(GRID.replace("seed: [3, 9, 4]", f"seed: {last}")), "--phase", "best")
        self.assertEqual(made["parameters"]["seed"], {"range": [last - 50, last - 1]})
        self.refuse(2, self.sweep(GRID.replace("seed: [3, 9, 4]", f"seed: [20, {last}]")), "--phase", "best",
                    says="50 fresh values were expected")

    def test_no_finite_score_is_no_choice(self):
        path = self.sweep(WIDE)
        self.write(path, "status", np.full(160, 2))
        self.refuse(3, path, "--phase", "best", says="0 configurations have a finite median of frechet_distance")
        self.write(path, "status", np.zeros(160))
        self.refuse(3, path, says="none of its 160 trials is finished")
        deep = self.sweep(WIDE.replace("discriminator: [4, 3]", "generator: [3]"), name="deep")
        self.refuse(3, deep, "--criterion", "kl_exact", says="kl_exact is not defined for these generators")
        self.next(deep)


class Designs(Case):
    """Files of designs: the same in every way of making them."""

    def contents(self, path):
        return re.search(r"(?m)^contents +(\w+)$", self.gansweep("verify", path, "--recompute", "100%").stdout)[1]

    def test_threads_lanes_and_interruptions_change_nothing(self):
        text = WIDE.replace("points: 40", "points: 700").replace("random", "sobol").replace("train: {epochs: 2}", "train: {epochs: {min: 1, max: 30, scale: log}}")
        contents = {self.contents(self.sweep(text, *options)) for options in
                    (["--threads", 1], ["--threads", 2], ["--threads", 2, "--isa", "portable"])}
        path = self.folder / "killed.h5"
        process = subprocess.Popen([PROGRAM, "run", self.folder / "wide.yaml", "-o", path, "-q", "--checkpoint", "0.01", "--threads", "1",
                                    "--isa", "portable"], stderr=subprocess.DEVNULL)
        finished = 0
        while finished == 0 and process.poll() is None:
            time.sleep(0.005)
            if path.exists():
                with h5py.File(path) as file:
                    finished = np.count_nonzero(file["status"][:])
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        with h5py.File(path) as file:
            self.assertTrue(0 < np.count_nonzero(file["status"][:]) < 2800)
        self.gansweep("resume", path, "-q")
        contents.add(self.contents(path))
        self.assertEqual(len(contents), 1)
        with h5py.File(path) as file:
            for name, low, high in ("lr_D", 0.001, 1), ("lr_G", 0.01, 0.2), ("latent_dim", 2, 5), ("epochs", 1, 30):
                self.assertTrue(low <= file[name][:].min() < file[name][:].max() <= high, name)
            resolved = file["provenance/resolved"][()].decode()
            self.assertIn("\n  lr_D: drawn from 0.001 to 1, log (dimension 1)\n", resolved)
            self.assertIn("\n  convention: drawn from tf, mxnet, torch (dimension 2)\n", resolved)
            self.assertIn("\ndesign:\n  method: sobol\n  points: 700\n  seed: 5\n  phase: wide\n", resolved)

    def test_every_command_takes_them(self):
        path = self.sweep(WIDE)
        rows = list(csv.DictReader(self.gansweep("report", path, "--format", "csv").stdout.splitlines()))
        self.assertEqual([int(row["configuration"]) for row in rows if row["configuration"].isdigit()], list(range(40)))
        with h5py.File(path) as file:
            self.assertEqual([float(row["lr_D"]) for row in rows[:40]], list(file["lr_D"][::4]))
        self.assertIn("160 trials in 40 configurations", self.gansweep("report", path).stdout)
        self.gansweep("report", path, "--compare", "0,39")
        self.assertIn("lr_D", self.gansweep("show", path, 159).stdout)
        self.gansweep("list", path)
        self.gansweep("run", "wide.yaml", "-o", path, "--resume", "-q")
        other = WIDE.replace("seed: 5", "seed: 6")
        (self.folder / "other.yaml").write_text(other)
        self.assertIn("seed", self.gansweep("run", "other.yaml", "-o", path, "--resume", "-q", code=3).stderr)

    def test_a_billion_points_are_planned_at_once(self):
        (self.folder / "huge.yaml").write_text(WIDE.replace("points: 40", "points: 1000000000").replace("latent_dim: {min: 2, max: 5}, ", ""))
        start = time.monotonic()
        run = self.gansweep("run", "huge.yaml", "--dry-run")
        self.assertIn("trials      4,000,000,000 in 1,000,000,000 configurations", run.stdout)
        self.assertLess(time.monotonic() - start, 10)


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


if __name__ == "__main__":
    unittest.main()
