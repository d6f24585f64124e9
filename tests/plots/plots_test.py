"""Draws /plots again with NumPy, from the other datasets of the file and by the rules of docs/file-format.md, and compares
every number; then reads the file's structure as the NeXus manual's NXdata demands it.

    plots_test.py PROGRAM
"""
import hashlib
import math
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))
import trial_in_numpy  # noqa: E402  docs/randomness.md in NumPy

PROGRAM = sys.argv.pop(1)
LN_2 = np.log(2)
SEEDS = ["seed", "data_seed", "shuffle_seed"]
CANDIDATES = ["lr_D", "lr_G", "batch_size", "latent_dim", "convention", "epochs", "generator_loss"]
NAMED = ["convention", "generator_loss"]

EXPERIMENT = """title: Plots
convention: mxnet
generator_loss: non-saturating
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}
model: {latent_dim: 2, generator: [], discriminator: [5, 3]}
train: {epochs: 5}
parameters:
  seed: {range: [1, 9]}
  lr_D: 0.05
  lr_G: 0.005
  batch_size: 8
keep: {samples: 30}
check: {samples: 50, tolerance: 0.9}
"""
MAP = EXPERIMENT.replace("lr_D: 0.05", "lr_D: [0.0005, 0.05, 1.0e+37]").replace("lr_G: 0.005", "lr_G: {min: 0.001, max: 0.5, count: 4, scale: log}").replace("convention: mxnet", "convention: [mxnet, torch]")
LINE = EXPERIMENT.replace("batch_size: 8", "batch_size: [1, 40, 8]").replace("generator_loss: non-saturating", "generator_loss: minimax")
ZIPPED = EXPERIMENT.replace("  batch_size: 8\n", "").replace("train: {epochs: 5}\n", "").replace(
    "keep:", "zip:\n  batch_size: [2, 4, 8]\n  epochs: [1, 3, 6]\nkeep:").replace("lr_D: 0.05", "lr_D: [0.01, 0.05]")
SCATTERED = EXPERIMENT.replace("  seed: {range: [1, 9]}\n", "").replace("  lr_D: 0.05\n", "").replace(
    "keep:", "zip:\n  seed: [1, 2, 3, 4, 5, 6]\n  lr_D: [0.1, 0.01, 0.1, 0.1, 0.01, 0.1]\nkeep:").replace("lr_G: 0.005", "lr_G: [0.001, 0.01, 0.02, 0.2]")
LONG = EXPERIMENT.replace("range: [1, 9]", "range: [1, 2500]").replace("epochs: 5", "epochs: 4001").replace("n: 40", "n: 8")
FLAT = EXPERIMENT.replace("A: [[1, 2], [-0.1, 0.5]], b: [1, 2]", "A: [[2]], b: [1]")
DESIGN = EXPERIMENT.replace("lr_D: 0.05", "lr_D: {min: 0.003, max: 2, scale: log}").replace("lr_G: 0.005", "lr_G: {min: 0.001, max: 0.9}").replace(
    "batch_size: 8", "batch_size: {min: 3, max: 5}").replace("range: [1, 9]", "range: [1, 3]").replace(
    "convention: mxnet", "convention: {choice: [torch, mxnet]}\ndesign: {method: sobol, points: 150}")
DRAWN_LINE = EXPERIMENT.replace("batch_size: 8", "batch_size: {min: 1, max: 35, scale: log}").replace(
    "convention: mxnet", "convention: mxnet\ndesign: {method: random, points: 90, seed: 4}").replace("range: [1, 9]", "range: [1, 2]")
DRAWN_AND_CROSSED = EXPERIMENT.replace("lr_D: 0.05", "lr_D: {min: 0.001, max: 1, scale: log}").replace(
    "convention: mxnet", "convention: [tf, mxnet]\ndesign: {method: random, points: 45, seed: 4}").replace("range: [1, 9]", "range: [1, 2]")
MANY = EXPERIMENT.replace("range: [1, 9]", "range: [1, 2]").replace("lr_D: 0.05", "lr_D: {min: 0.01, max: 0.4, count: 700}").replace("lr_G: 0.005", "lr_G: {min: 0.0001, max: 0.1, count: 9, scale: log}").replace("epochs: 5", "epochs: 1")


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def quantile(values, probability):
    return np.quantile(values, probability) if len(values) else np.nan


def spread(chosen, count):
    """The numbers that stand for 0 ... count - 1."""
    step = max(1, math.floor(0.61803398874989485 * count))
    while math.gcd(step, count) != 1:
        step += 1
    return [i * step % count for i in range(chosen)]

# What takes long is done once, with the program as it is shipped.
WHOLE = unittest.skipIf("GANSWEEP_TEST_SHORT" in os.environ, "not in the short form")


class Expected:
    """The plots of a file, from its other datasets."""

    def __init__(self, file):
        self.file = file
        self.column = {name: file[name][:] for name in SEEDS + CANDIDATES + [
            "configuration", "loss_D", "loss_G", "covariance_error", "covariance_ok", "frechet_distance", "status"]}
        column = self.column
        self.trials, self.epochs = column["loss_D"].shape
        self.configurations = int(column["configuration"].max()) + 1
        self.sign = np.where(column["generator_loss"] == 1, -1.0, 1.0)
        last = column["epochs"] - 1
        rows = np.arange(self.trials)
        self.last_D = column["loss_D"][rows, last].astype(float)
        self.last_G = self.sign * column["loss_G"][rows, last].astype(float)
        self.finished = column["status"] != 0
        self.shown_epochs = min(self.epochs, 2000)
        self.epoch = (np.arange(self.shown_epochs) + 1) * self.epochs // self.shown_epochs
        order = np.argsort(column["configuration"], kind="stable")
        self.members = np.split(order, np.searchsorted(column["configuration"][order], np.arange(1, self.configurations)))
        shown = min(self.configurations, 1 << 16)
        self.places = sorted(spread(shown, self.configurations))
        by_trials = max((1 << 19) // shown, 32)
        by_losses = max(min((1 << 22) // (2 * self.shown_epochs), (1 << 24) // (2 * self.shown_epochs * shown)), 32)
        for c, members in enumerate(self.members):
            step = -(-len(members) // min(len(members), by_trials, by_losses))
            self.members[c] = members[::step]
        self.looked_at = np.sort(np.concatenate([self.members[c] for c in self.places]))
        self.counted = self.looked_at[self.finished[self.looked_at]]

    def prints(self, loss):
        return np.array(["%.3f" % value == "0.693" for value in loss.ravel()]).reshape(loss.shape)

    def curves(self, name):
        rows = min(self.configurations, 4096, (1 << 17) // self.shown_epochs)
        shown = self.rows = np.sort(spread(rows, self.configurations))
        curves = np.full((3, rows, self.shown_epochs), np.nan)
        for row, c in enumerate(shown):
            members = self.members[c][self.finished[self.members[c]]]
            losses = self.column[name][members][:, self.epoch - 1].astype(float)
            for e in range(self.shown_epochs):
                defined = losses[:, e][~np.isnan(losses[:, e])]
                curves[:, row, e] = [quantile(defined, p) for p in (0.5, 0.05, 0.95)]
        return shown, curves

    def histogram(self, loss):
        loss = loss[self.counted]
        bins = np.floor((loss[~np.isnan(loss)] - LN_2) / 0.001 + 0.5) + 693
        return np.bincount(np.clip(bins, 0, 2000).astype(int), minlength=2001).astype(float)

    def share_by_epoch(self):
        D = self.column["loss_D"][self.counted][:, self.epoch - 1].astype(float)
        G = self.sign[self.counted, None] * self.column["loss_G"][self.counted][:, self.epoch - 1]
        there = self.epoch <= self.column["epochs"][self.counted, None]
        D, G = self.prints(D), self.prints(G)
        with np.errstate(invalid="ignore"):
            return [(flags & there).sum(axis=0) / there.sum(axis=0) for flags in (D & G, D, G)]

    def axes(self):
        """Swept settings, the most varied first: name, levels, cell of each level."""
        # Not from what the file's rows say alone: a value of a zip may repeat, but every level appears in some row.
        levels = {name: np.unique(self.column[name]) for name in CANDIDATES}
        varied = {name: len(levels[name]) for name in CANDIDATES}
        resolved = text(self.file["provenance/resolved"][()])
        points = int((re.findall(r"\n  points: (\d+)\n", resolved) or [0])[0])
        self.drawn = {}  # settings whose cells are ranges: ends of the scale, whether it is logarithmic
        for name in CANDIDATES:
            found = re.search(rf"\n  {name}: drawn from ([-+.e\d]+) to ([-+.e\d]+), (log|linear) ", resolved)
            if found:
                low, high, integer = float(found[1]), float(found[2]), not name.startswith("lr")
                if integer and high - low + 1 <= 16:
                    continue
                varied[name] = min(points, int(high - low) + 1) if integer else points
                logarithmic = found[3] == "log"
                scale = np.log if logarithmic else float
                step = 0.5 if integer else 0
                ends = scale(low - step), scale(high + step)
                most = int((ends[1] - ends[0]) / (scale(low + step) - ends[0])) if integer else 10**9
                self.drawn[name] = (*ends, logarithmic, most)
        order = sorted((name for name in CANDIDATES if varied[name] > 1), key=lambda name: -varied[name])
        if not order:
            return []
        zipped = [name for name in CANDIDATES if re.search(rf"\n  {name}: .*\(zipped\)\n", resolved)]
        second = [name for name in order[1:] if not (name in zipped and order[0] in zipped)][:1]
        chosen = [order[0]] + second
        most = 4096 if len(chosen) == 1 else 256
        found = []
        ranges = sum(name in self.drawn for name in chosen)
        for name in chosen:
            if name in self.drawn:
                low, high, logarithmic, holding = self.drawn[name]
                cells = min(max(4, int((points / 4) ** (1 / ranges))), most, holding)
                at = np.log(levels[name]) if logarithmic else levels[name]
                place = np.floor((at - low) / (high - low) * cells + 1e-9).astype(int)
                found.append((name, levels[name], np.clip(place, 0, cells - 1), cells))
                continue
            cells = min(len(levels[name]), most)
            found.append((name, levels[name], np.arange(len(levels[name])) * cells // len(levels[name]), cells))
        return found

    def positions(self, name, levels, cell, cells, line):
        if name in self.drawn:
            low, high, logarithmic, _ = self.drawn[name]
            middle = low + (np.arange(cells) + 0.5) / cells * (high - low)
            return middle if not logarithmic else np.exp(middle) if line else middle / np.log(10)
        spread = np.diff(np.log10(levels)) if levels[0] > 0 else np.array([0.0, 1.0])
        even = lambda steps: np.ptp(steps) < 1e-5 * steps.mean()
        if name in NAMED:
            at = np.arange(len(levels))
        elif line:
            at = levels
        elif even(spread) and (name.startswith("lr") or len(levels) > 2):
            at = np.log10(levels)
        else:
            at = levels if even(np.diff(levels)) else np.arange(len(levels))
        return np.array([(at[cell == c][0] + at[cell == c][-1]) / 2 for c in range(cells)])

    def cells_of(self, trials):
        """The cell of each trial in the flattened map."""
        axes = self.axes()
        place = [cell[np.searchsorted(levels, self.column[name][trials])] for name, levels, cell, _ in reversed(axes)]
        return np.ravel_multi_index(place, [axis[3] for axis in reversed(axes)])

    def maps(self):
        axes = self.axes()
        shape = tuple(cells for _, _, _, cells in reversed(axes))
        of_cell = {}
        for members in [self.members[c] for c in self.places]:
            place = tuple(cell[np.searchsorted(levels, self.column[name][members[0]])] for name, levels, cell, _ in reversed(axes))
            of_cell.setdefault(place, []).append(members[self.finished[members]])
        maps = {name: np.full(shape, np.nan) for name in ["ln2", "ok", "error", "frechet"]}
        for place, members in of_cell.items():
            members = np.concatenate(members)
            if len(members) == 0:
                continue
            ok = self.prints(self.last_D[members]) & self.prints(self.last_G[members])
            maps["ln2"][place] = ok.mean()
            maps["ok"][place] = (self.column["covariance_ok"][members] == 1).mean()
            for name, values in ("error", self.column["covariance_error"][members]), ("frechet", self.column["frechet_distance"][members]):
                maps[name][place] = quantile(values[~np.isnan(values)], 0.5)
        return axes, maps


class Plots(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.held = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.held.name)
        self.addCleanup(self.held.cleanup)

    def run_sweep(self, experiment, *arguments):
        (self.folder / "plots.yaml").write_text(experiment)
        path = self.folder / "plots.h5"
        run = subprocess.run([PROGRAM, "run", self.folder / "plots.yaml", "-o", path, "-q", "--force", *arguments],
                             capture_output=True, text=True, timeout=300)
        self.assertEqual(run.returncode, 0, run.stderr)
        return path

    def same(self, got, wanted, name):
        np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=0, err_msg=name)

    def compare(self, path):
        with h5py.File(path) as file:
            expected, plots = Expected(file), file["plots"]
            self.compare_losses(expected, plots["losses"])
            self.same(plots["last_losses/loss"], LN_2 + 0.001 * (np.arange(2001) - 693), "bins")
            self.same(plots["last_losses/loss_D"], expected.histogram(expected.last_D), "loss_D")
            self.same(plots["last_losses/loss_G"], expected.histogram(expected.last_G), "loss_G")
            mark = np.zeros(2001)
            mark[693] = max(plots["last_losses/loss_D"][:].max(), plots["last_losses/loss_G"][:].max())
            self.same(plots["last_losses/ln_2"], mark, "ln_2")
            self.same(plots["ln2_by_epoch/epoch"], expected.epoch, "epoch")
            for name, wanted in zip(["both", "loss_D", "loss_G"], expected.share_by_epoch()):
                self.same(plots["ln2_by_epoch"][name], wanted, name)
            self.compare_maps(expected, plots)
            self.compare_points(expected, plots["error_against_loss"])
            self.compare_samples(expected, plots)
            self.compare_titles(expected, plots)

    def compare_losses(self, expected, plot):
        for network in "loss_D", "loss_G":
            shown, curves = expected.curves(network)
            for name, wanted in zip(["median", "percentile_5", "percentile_95"], curves):
                self.same(plot[f"{network}_{name}"], wanted if expected.configurations > 1 else wanted[0], name)
        self.same(plot["epoch"], expected.epoch, "epoch")
        if expected.configurations > 1:
            self.same(plot["configuration"], shown, "configuration")
            first = np.array([np.flatnonzero(expected.column["configuration"] == c)[0] for c in shown])
            self.same(plot["first_trial"], first, "first_trial")
            runs = expected.column["configuration"][first[:, None] + np.arange(int(plot["consecutive_trials"][0]))]
            self.assertTrue((runs == shown[:, None]).all())
            self.same(plot["cell"], expected.cells_of(first), "cell")
            for name in CANDIDATES:
                if len(np.unique(expected.column[name])) > 1:
                    self.same(plot[name], expected.column[name][first], name)
                else:
                    self.assertNotIn(name, plot)

    def compare_maps(self, expected, plots):
        if not expected.axes():
            self.assertNotIn("map_of_ln2", plots)
            return
        axes, maps = expected.maps()
        for name, signal, values in [("ln2", "share", "ln2"), ("covariance_ok", "share", "ok"),
                                     ("covariance_error", "covariance_error", "error"),
                                     ("frechet_distance", "frechet_distance", "frechet")]:
            plot = plots[f"map_of_{name}"]
            self.same(plot[signal], maps[values], name)
            self.assertEqual([text(axis) for axis in plot.attrs["axes"]], [axis[0] for axis in reversed(axes)])
            for axis in axes:
                self.same(plot[axis[0]], expected.positions(*axis, len(axes) == 1), axis[0])

    def compare_points(self, expected, plot):
        count = min(expected.trials, 4096)
        trial = np.sort(spread(count, expected.trials))
        expected.points = trial
        shown = expected.finished[trial] & ~np.isnan(expected.last_D[trial]) & ~np.isnan(expected.column["covariance_error"][trial])
        distance = np.maximum(np.abs(expected.last_D - LN_2), np.abs(expected.last_G - LN_2))[trial]
        self.same(plot["trial"], trial, "trial")
        self.same(plot["distance"], np.where(shown, np.maximum(distance, 1e-9), np.nan), "distance")
        self.same(plot["covariance_error"], np.where(shown, expected.column["covariance_error"][trial], np.nan), "error")
        self.same(plot["covariance_ok"], np.where(shown, expected.column["covariance_ok"][trial], np.nan), "ok")

    def compare_samples(self, expected, plots):
        if expected.file["component"].size == 1:
            self.assertNotIn("samples_best", plots)
            return
        errors = expected.column["covariance_error"][expected.counted]
        counted = expected.counted[~np.isnan(errors)]
        order = counted[np.lexsort((counted, errors[~np.isnan(errors)]))]
        self.assertGreater(len(order), 0)
        for name, trial in [("best", order[0]), ("median", order[(len(order) - 1) // 2]), ("worst", order[-1])]:
            plot, kept = plots[f"samples_{name}"], expected.file["samples"].shape[1]
            points = np.stack([plot["x"][:], plot["y"][:]], axis=1)
            generated = plot["generated"][:] == 1
            self.assertEqual(generated.sum(), kept)
            self.same(points[generated], expected.file["samples"][trial].astype(float), name)
            n = 40 if expected.epochs < 4000 else 8
            real = trial_in_numpy.draw_data([[1, 2], [-0.1, 0.5]], [1, 2], n, int(expected.column["data_seed"][trial]))
            self.same(points[~generated], real[:min(kept, n)].astype(float), name)
            self.assertIn(f"Trial {trial:,},", text(plot["title"][()]))

    def compare_titles(self, expected, plots):
        shown = {"losses": np.concatenate([expected.members[c] for c in expected.rows]), "error_against_loss": expected.points}
        for name in plots:
            if name.startswith("samples"):
                continue
            looked_at = shown.get(name, expected.looked_at)
            finished, all_, trials = int(expected.finished[looked_at].sum()), len(looked_at), expected.trials
            wanted = f"{all_:,} trainings" + (f", an even part of {trials:,}" if all_ < trials else "")
            if finished < all_:
                wanted = (f"{finished:,} of {all_:,} trainings" + (f", a part of {trials:,}" if all_ < trials else "")
                          + ": the others are not finished")
            diverged = int((expected.column["status"][looked_at] == 2).sum())
            wanted += f" ({diverged:,} diverged)" if diverged else ""
            self.assertTrue(text(plots[name]["title"][()]).endswith(": " + wanted), (text(plots[name]["title"][()]), wanted))

    def test_a_map_of_two_settings(self):
        path = self.run_sweep(MAP)
        self.compare(path)
        with h5py.File(path) as file:
            self.assertEqual(file["plots"].attrs["default"], b"map_of_ln2")
            self.assertIn(2, file["status"][:])  # some trials diverge
            self.assertEqual(text(file["plots/map_of_ln2/lr_G"].attrs["long_name"]), "log10 of lr_G")
            self.assertEqual(text(file["plots/map_of_ln2/lr_D"].attrs["long_name"]),
                             "lr_D: 0 is 0.0005, 1 is 0.05, 2 is 1e+37")
            convention = file["plots/losses/convention"]
            self.assertEqual((list(convention.attrs["flag_values"]), convention.attrs["flag_values"].dtype),
                             ([0, 1, 2, 3], convention.dtype))
            self.assertEqual(convention.attrs["flag_meanings"], file["convention"].attrs["flag_meanings"])
            self.assertEqual(set(convention[:]), set(file["convention"][:]))

    def test_the_same_bits_of_every_compiler_and_build(self):
        digest = hashlib.sha256()
        with h5py.File(self.run_sweep(MAP)) as file:
            def add(name, item):
                if isinstance(item, h5py.Dataset):
                    digest.update(name.encode() + (item[()] if item.shape == () else item[()].tobytes()))
            file["plots"].visititems(add)
        # As gcc 12 made it on x86-64. It changes with GS_LAYOUT_VERSION and with the numerical contract, never otherwise.
        self.assertEqual(digest.hexdigest(), "e04c485b18ea0ac16dd161c7543232665aae9a689b2333189649b307c8cb8546")

    def test_a_line_over_one_setting(self):
        path = self.run_sweep(LINE)
        self.compare(path)
        with h5py.File(path) as file:
            self.assertIn('"axes_scale_types":["log"]', text(file["plots/map_of_ln2"].attrs["SILX_style"]))

    def test_one_configuration(self):
        path = self.run_sweep(EXPERIMENT)
        self.compare(path)
        with h5py.File(path) as file:
            self.assertEqual(file["plots"].attrs["default"], b"losses")

    def test_zipped_settings_are_one_axis(self):
        self.compare(self.run_sweep(ZIPPED.replace("  lr_D:", "  data_seed: [70, 80]\n  lr_D:")))

    def test_configurations_whose_seeds_are_scattered(self):
        self.compare(self.run_sweep(SCATTERED))

    def test_data_of_one_component(self):
        self.compare(self.run_sweep(FLAT))

    def test_a_design_has_cells_of_ranges(self):
        path = self.run_sweep(DESIGN)
        self.compare(path)
        with h5py.File(path) as file:
            plot = file["plots/map_of_ln2"]
            self.assertEqual((plot["share"].shape, text(plot["lr_D"].attrs["long_name"]), text(plot["lr_G"].attrs["long_name"])),
                             ((6, 6), "log10 of lr_D, middle of a range", "lr_G, middle of a range"))
            self.assertFalse(np.isnan(plot["share"][:]).any())
            self.assertIn("convention", file["plots/losses"])

    def test_integers_that_are_drawn_share_cells_and_none_stays_empty(self):
        path = self.run_sweep(DRAWN_LINE)
        self.compare(path)
        with h5py.File(path) as file:
            plot = file["plots/map_of_ln2"]
            self.assertEqual((plot["share"].size, text(plot["batch_size"].attrs["long_name"])),
                             (3, "batch_size (examples), middle of a range"))
            self.assertIn('"axes_scale_types":["log"]', text(plot.attrs["SILX_style"]))

    def test_what_is_drawn_beside_what_is_crossed(self):
        path = self.run_sweep(DRAWN_AND_CROSSED)
        self.compare(path)
        with h5py.File(path) as file:
            self.assertEqual(file["plots/map_of_ln2/share"].shape, (2, 11))

    @WHOLE
    def test_many_epochs_are_thinned_out(self):
        self.compare(self.run_sweep(LONG))

    @WHOLE
    def test_many_values_share_cells(self):
        self.compare(self.run_sweep(MANY))

    @WHOLE
    def test_more_configurations_than_are_looked_at_leave_no_gap(self):
        values = lambda scale: "[" + ", ".join(f"{scale * (i + 1):.6g}" for i in range(260)) + "]"
        path = self.run_sweep(MANY.replace("range: [1, 2]", "range: [1, 1]").replace(
            "{min: 0.01, max: 0.4, count: 700}", values(0.001)).replace("{min: 0.0001, max: 0.1, count: 9, scale: log}", values(0.0001)))
        self.compare(path)
        with h5py.File(path) as file:
            share = file["plots/map_of_ln2/share"][:]
            self.assertLess(np.isnan(share).mean(), 0.05)
            self.assertFalse(np.isnan(share).all(axis=0).any() or np.isnan(share).all(axis=1).any())

    def test_a_stopped_run_shows_what_is_finished(self):
        (self.folder / "plots.yaml").write_text(MAP.replace("range: [1, 9]", "range: [1, 400]").replace("epochs: 5", "epochs: 200"))
        path = self.folder / "plots.h5"
        process = subprocess.Popen([PROGRAM, "run", self.folder / "plots.yaml", "-o", path, "-q", "--checkpoint", "0.01"],
                                   stderr=subprocess.DEVNULL)
        finished = 0
        while finished == 0 and process.poll() is None:
            time.sleep(0.02)
            if path.exists():
                with h5py.File(path) as file:
                    finished = np.count_nonzero(file["status"][:])
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        with h5py.File(path) as file:
            self.assertTrue(0 < np.count_nonzero(file["status"][:]) < file["status"].size)
        self.compare(path)

    def test_a_new_file_says_that_nothing_is_finished(self):
        (self.folder / "plots.yaml").write_text(MAP.replace("range: [1, 9]", "range: [1, 40]").replace("epochs: 5", "epochs: 90000"))
        path = self.folder / "plots.h5"
        process = subprocess.Popen([PROGRAM, "run", self.folder / "plots.yaml", "-o", path, "-q"], stderr=subprocess.DEVNULL)
        while not path.exists():
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.kill()
        process.wait()
        with h5py.File(path) as file:
            self.assertFalse(file["status"][:].any())
            self.assertTrue(np.isnan(file["plots/losses/loss_D_median"][:]).all())
            self.assertEqual(text(file["plots/map_of_ln2/title"][()]),
                             "Share at 0.693 / 0.693: no training of 960 is finished")
            self.assertIn("none is finished", text(file["plots/samples_best/title"][()]))

    def test_every_group_is_an_nxdata(self):
        """NXdata of the NeXus manual: signal, axes and auxiliary signals are datasets of the group, of fitting shapes."""
        for experiment in MAP, LINE, EXPERIMENT:
            with h5py.File(self.run_sweep(experiment)) as file:
                self.assertEqual((file.attrs["NX_class"], file.attrs["default"]), (b"NXroot", b"plots"))
                self.assertEqual(file["plots"].attrs["NX_class"], b"NXentry")
                self.assertIn(text(file["plots"].attrs["default"]), file["plots"])
                for plot in file["plots"].values():
                    self.assertEqual(plot.attrs["NX_class"], b"NXdata")
                    signal_, axes = plot[text(plot.attrs["signal"])], [plot[text(name)] for name in plot.attrs["axes"]]
                    scatter = len(axes) == 2 and signal_.ndim == 1
                    self.assertEqual([axis.size for axis in axes], 2 * [signal_.size] if scatter else list(signal_.shape))
                    for name in plot.attrs.get("auxiliary_signals", []):
                        self.assertEqual(plot[text(name)].shape, signal_.shape)
                    for name, dataset in plot.items():
                        if name == "title":
                            self.assertTrue(len(text(dataset[()])) > 10)
                            continue
                        self.assertEqual(dataset.dtype, "<f8")
                        self.assertTrue(len(text(dataset.attrs["long_name"])) > 2 or name in ("x", "y"))
                        self.assertTrue(text(dataset.attrs["units"]))


unittest.main(verbosity=2)
