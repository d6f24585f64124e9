"""python3 -m analysis draws every figure of any experiment's results, and refuses other files with one line.

    analysis_test.py PROGRAM SOURCE_ROOT
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

PROGRAM, ROOT = sys.argv[1], sys.argv[2]
del sys.argv[1:]
sys.path.insert(0, ROOT)
FIGURES = ["covariance", "ellipses", "histogram", "losses", "maps", "notebook", "trials"]

EXPERIMENT = """data: {{law: gaussian, A: {A}, b: {b}, n: {n}}}
model: {{latent_dim: 2, generator: [3], discriminator: [4]}}
train: {{epochs: {epochs}}}
generator_loss: {loss}
keep: {{samples: {kept}}}
parameters: {{seed: {{range: [1, {seeds}]}}, lr_D: {{values: [{lr}]}}, lr_G: {{values: [{lr_G}]}}}}
"""

# What takes long is done once, with the program as it is shipped.
WHOLE = unittest.skipIf("GANSWEEP_TEST_SHORT" in os.environ, "not in the short form")


class Analysis(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def sweep(self, **changes):
        text = EXPERIMENT.format(**{"A": "[[1, 2], [-0.1, 0.5]]", "b": "[1, 2]", "epochs": 3, "seeds": 20, "lr": "0.05, 0.1", "lr_G": 0.005, "n": 40,
                                    "loss": "non-saturating", "kept": 100, **changes})
        (self.folder / "small.yaml").write_text(text)
        results = self.folder / "small.h5"
        subprocess.run([PROGRAM, "run", "small.yaml", "-o", results, "-q", "--force"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL)
        return results

    def analyse(self, file):
        return subprocess.run([sys.executable, "-m", "analysis", file, "-o", self.folder / "figures"], cwd=ROOT, text=True,
                              capture_output=True)

    def assert_drawn(self, run, figures=FIGURES):
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        files = {path.name: path.read_bytes() for path in (self.folder / "figures").iterdir()}
        self.assertEqual(sorted(files), sorted(f"{name}.{kind}" for name in figures for kind in ("png", "svg")))
        for name, content in files.items():
            self.assertTrue(content.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml"), name)

    def assert_refused(self, run, *words):
        self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (1, "", 1), run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)

    def test_every_figure_is_drawn(self):
        self.assert_drawn(self.analyse(self.sweep()))

    @WHOLE
    def test_one_configuration_has_no_map(self):
        run = self.analyse(self.sweep(lr=0.05))
        self.assertIn("maps: not drawn, since no setting but seeds is swept", run.stdout)
        self.assert_drawn(run, [name for name in FIGURES if name != "maps"])

    @WHOLE
    def test_a_map_many_configurations_and_named_settings(self):
        many = ", ".join(str(0.001 * (i + 1)) for i in range(100))
        self.assert_drawn(self.analyse(self.sweep(lr=many, lr_G=many, seeds=1, n=8, epochs=1)))
        self.assert_drawn(self.analyse(self.sweep(lr=0.05, loss="[non-saturating, minimax]")))

    def test_a_design(self):
        """Its maps have cells of ranges: the axes show numbers, also where there are as many cells as points."""
        (self.folder / "design.yaml").write_text("""data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}
design: {method: sobol, points: 4}
convention: {choice: [mxnet, torch]}
train: {epochs: 2}
parameters: {seed: {range: [1, 5]}, lr_D: {min: 0.001, max: 1, scale: log}, lr_G: {min: 0.001, max: 1}}
""")
        subprocess.run([PROGRAM, "run", "design.yaml", "-o", "design.h5", "-q"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.assert_drawn(self.analyse(self.folder / "design.h5"))
        from analysis import figures
        from analysis.results import Results
        read = Results(self.folder / "design.h5")
        self.assertEqual(read.swept(), ["lr_D", "lr_G", "convention"])
        for (name, label, places), wanted in zip(read.axes_of("map_of_ln2"), (["lr_G"], ["lr_D"])):
            self.assertEqual(([name], len(places)), (wanted, 4))
            self.assertIsNone(figures.tick_values(name, places, label, read))

    @WHOLE
    def test_one_and_three_dimensions_one_epoch_one_trial(self):
        self.assert_drawn(self.analyse(self.sweep(A="[[2]]", b="[1]", epochs=1)), [name for name in FIGURES if name != "ellipses"])
        self.assert_drawn(self.analyse(self.sweep(A="[[1, 0, 0], [0, 2, 1], [0, 0, 3]]", b="[1, 2, 3]", seeds=1)))

    def test_pending_and_diverged_trials_are_left_out(self):
        results = self.sweep()
        with h5py.File(results, "r+") as file:
            file["status"][:5] = [0, 0, 0, 2, 2]
        from analysis.results import Results
        read = Results(results)
        self.assertEqual((read.trials, read.planned), (35, 40))
        with h5py.File(results) as file:
            np.testing.assert_array_equal(read.last_losses(), [file["loss_D"][5:, -1], file["loss_G"][5:, -1]])
            for trial in [0, 34]:
                np.testing.assert_array_equal(read.of_trial("samples", trial), file["samples"][5 + trial])
        np.testing.assert_allclose(read.covariance, [[1.01, 1.95], [1.95, 4.25]], rtol=1e-14)
        np.testing.assert_array_equal(read.mean, [1, 2])
        from analysis import figures
        with h5py.File(results) as file:  # shares are of what is finished, and a diverged trial is neither near nor right
            near = (np.abs([file[name][5:, -1] - np.log(2) for name in ("loss_D", "loss_G")]).max(axis=0) <= 0.0005).sum() / 37
            right = file["covariance_ok"][5:].sum() / 37
        self.assertEqual(figures.covariance(read).axes[0].get_title(),
                         f"Of 37 trainings {100 * near:.1f} % end within 0.0005 of ln 2,\n{100 * right:.1f} % are right; 35 are drawn")
        self.assert_drawn(self.analyse(results))

    def test_the_trials_of_a_shard_have_their_numbers_in_the_experiment(self):
        self.sweep()
        subprocess.run([PROGRAM, "run", "small.yaml", "-o", "shard.h5", "-q", "--shard", "2/2"], cwd=self.folder, check=True)
        from analysis import figures
        from analysis.results import Results
        whole, shard = Results(self.folder / "small.h5"), Results(self.folder / "shard.h5")
        self.assertEqual((shard.trials, shard.numbers[0]), (40 - shard.numbers[0], 16))
        np.testing.assert_array_equal(shard.of_trial("samples", 3), whole.of_trial("samples", shard.numbers[3]))
        middle = shard.best_to_worst()[(shard.trials - 1) // 2]
        self.assertIn(f"trial {shard.numbers[middle]:,},", figures.notebook(shard).axes[0].get_title())

    def test_a_title_that_yaml_would_not_read(self):
        (self.folder / "titled.yaml").write_text('title: "Learning rates: a [map]"\ndata: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}\n'
                                                 "parameters: {seed: {range: [1, 3]}}\n")
        subprocess.run([PROGRAM, "run", "titled.yaml", "-o", "titled.h5", "-q"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        from analysis.results import Results
        read = Results(self.folder / "titled.h5")
        self.assertEqual((read.title, list(read.mean)), ("Learning rates: a [map]", [1, 2]))

    @WHOLE
    def test_each_trial_is_judged_by_its_own_last_epoch_and_loss(self):
        results = self.sweep(seeds=150, n=1000, epochs="[12, 20]", loss="[non-saturating, minimax]", lr="0.05, 0.01")
        from analysis.results import Results
        read = Results(results)
        report = subprocess.run([PROGRAM, "report", results, "--format", "json"], check=True, capture_output=True, text=True)
        rows = json.loads(report.stdout)["rows"]
        rows = [row for row in rows if row["configuration"] >= 0]
        self.assertEqual(len(rows), 8)
        losses = read.last_losses()
        prints = np.all((losses > 0.6925) & (losses < 0.6935), axis=0)  # what "%.3f" prints as 0.693
        for row in rows:
            members = read.configuration == row["configuration"]
            self.assertEqual(members.sum(), 150)
            self.assertEqual(prints[members].sum(), row["prints_ln2_count"])
            self.assertEqual(read.covariance_ok[members].sum(), row["covariance_ok_count"])
        for sign in [1, -1]:
            for epochs in [12, 20]:
                self.assertGreater(prints[(read.equilibrium_sign == sign) & (read.epochs == epochs)].sum(), 0)
        self.assert_drawn(self.analyse(results))

    @WHOLE
    def test_no_samples_no_figure_of_them(self):
        run = self.analyse(self.sweep(kept=0))
        self.assertIn("trials: not drawn, since the experiment keeps no samples", run.stdout)
        self.assert_drawn(run, [name for name in FIGURES if name != "trials"])

    def test_files_that_cannot_be_drawn_are_refused(self):
        self.assert_refused(self.analyse(self.folder / "none.h5"), "none.h5")
        (self.folder / "text.h5").write_text("not HDF5")
        self.assert_refused(self.analyse(self.folder / "text.h5"), "text.h5")
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = [1]
        self.assert_refused(self.analyse(self.folder / "other.h5"), "no results file of gansweep", "status")
        results = self.sweep()
        with h5py.File(results, "r+") as file:
            file["status"][:] = 0
        self.assert_refused(self.analyse(results), "none of 40 trials is done")
        with h5py.File(results, "r+") as file:
            file["provenance/layout_version"][()] = 99
        self.assert_refused(self.analyse(results), "layout version 99", "version 4")


if __name__ == "__main__":
    unittest.main(verbosity=2)
