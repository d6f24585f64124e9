"""Runs every example of docs/reading-results.md, and the libraries of the viewers it names, on a real sweep: one that is
finished, and one that is being written. What an example prints is compared with the same number from h5py and NumPy.

    readers_test.py PROGRAM SOURCE_ROOT NEXUSFORMAT_FOLDER

NeXpy's own library, nexusformat, is not in Debian: it is installed into its folder from PyPI, and left out where that can't be
reached.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

NEXUSFORMAT = pathlib.Path(sys.argv.pop(3)).resolve()
SOURCE = pathlib.Path(sys.argv.pop(2)).resolve()
PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
COMMANDS = {"python": [sys.executable, "-"], "r": ["Rscript", "-"], "octave": ["octave-cli", "--no-init-file"], "sh": ["sh", "-e"]}


def install_nexusformat():
    """An interpreter that has it, or None."""
    python = NEXUSFORMAT / "bin/python"
    for command in [[python, "-c", "import nexusformat"], [sys.executable, "-m", "venv", "--clear", NEXUSFORMAT],
                    [python, "-m", "pip", "install", "-q", "nexusformat==2.0.2"], [python, "-c", "import nexusformat"]]:
        there = command[0] == sys.executable or python.exists()
        if there and subprocess.run(command, capture_output=True).returncode == 0 and command[1:] == ["-c", "import nexusformat"]:
            return python
    return None


def examples():
    """[language, code] of every example that is to be run, in order."""
    document, found = (SOURCE / "docs/reading-results.md").read_text(), []
    for section in re.split(r"(?m)^## ", document)[1:]:
        if "untested" not in section.splitlines()[0]:
            found += re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", section)
    return found


class Readers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.held = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.held.name)
        cls.environment = dict(os.environ, PATH=f"{PROGRAM.parent}:{os.environ['PATH']}", HOME=cls.held.name)
        cls.finished, cls.growing = cls.folder / "finished", cls.folder / "growing"
        cls.finished.mkdir()
        cls.growing.mkdir()
        experiment = SOURCE / "experiments/learning-rates.yaml"
        subprocess.run([PROGRAM, "run", experiment, "--set", "seed=1:8", "-o", cls.finished / "sweep.h5", "-q"], check=True)
        cls.writer = subprocess.Popen([PROGRAM, "run", experiment, "--set", "seed=1:320", "--set", "epochs=1000", "-o",
                                       cls.growing / "sweep.h5", "-q", "--checkpoint", "0.05", "--threads", "1"], stderr=subprocess.DEVNULL)
        while not (cls.growing / "sweep.h5").exists() or cls.done_trials() == 0:
            assert cls.writer.poll() is None, "the run that should be growing has ended"
            time.sleep(0.05)

    @classmethod
    def tearDownClass(cls):
        cls.writer.kill()
        cls.writer.wait()
        cls.held.cleanup()

    @classmethod
    def done_trials(cls):
        with h5py.File(cls.growing / "sweep.h5") as file:
            return int(np.count_nonzero(file["status"][:] == 1))

    def run_example(self, language, code, folder):
        run = subprocess.run(COMMANDS[language], input=code, capture_output=True, text=True, cwd=folder, env=self.environment, timeout=120)
        self.assertEqual(run.returncode, 0, f"{code}\n{run.stdout}\n{run.stderr}")
        return run.stdout

    def numbers(self, text):
        return [float(number) for number in re.findall(r"-?\d+\.\d+(?:e[+-]?\d+)?", text)]

    def test_every_example_prints_what_numpy_says(self):
        found = examples()
        self.assertEqual([language for language, _ in found], ["python"] * 5 + ["r", "octave", "sh"])
        printed = [self.run_example(language, code, self.finished) for language, code in found]
        with h5py.File(self.finished / "sweep.h5") as file:
            done = file["status"][:] == 1
            self.assertTrue(done.all())
            last, rate = file["loss_G"][:, -1].astype(float), file["lr_D"][:]
            medians = [np.median(last[rate == value]) for value in np.unique(rate)]
            ok = file["covariance_ok"][:]
            shares = [ok[rate == value].mean() for value in np.unique(rate)]
            chosen = file["plots/losses/loss_G_median"][40, 19]
            np.testing.assert_allclose(chosen, np.median(last[file["configuration"][:] == 40]), rtol=1e-12)
            mean = file["covariance_error"][:].mean()
        array = re.search(r"array\(\[(.*?)\]", printed[0], re.S).group(1)
        np.testing.assert_allclose(self.numbers(array), medians, rtol=1e-6)
        np.testing.assert_allclose(self.numbers(printed[1]), [mean, last.mean()], rtol=1e-5)
        table = [self.numbers(line)[-1] for line in printed[2].splitlines()[1:-1]]
        np.testing.assert_allclose(table, shares, atol=5e-7)
        self.assertIn("('trial', 'epoch') nat Losses by epoch, median and 5 to 95 %: 648 trainings", printed[3])
        np.testing.assert_allclose(self.numbers(printed[4]), [chosen], rtol=1e-12)
        r = [self.numbers(line) for line in printed[5].splitlines()]
        np.testing.assert_allclose([value for line in r[1::2] for value in line], medians, rtol=1e-5)
        np.testing.assert_allclose(self.numbers(printed[6]), [np.median(last)], atol=1e-6)
        self.assertTrue(printed[7].startswith("configuration,"), printed[7])
        self.assertIn("(0): 1, 1, 1, 1, 1", printed[7])

    def test_every_example_reads_a_file_that_is_being_written(self):
        for language, code in examples():
            if "report" not in code:
                self.run_example(language, code, self.growing)
        self.assertIsNone(self.writer.poll(), "the writer ended too early: nothing was shown")

    def test_a_reader_sees_what_came_since_when_it_opens_the_file_again(self):
        before = self.done_trials()
        for _ in range(600):
            if self.done_trials() > before:
                break
            time.sleep(0.1)
        self.assertGreater(self.done_trials(), before)
        with h5py.File(self.growing / "sweep.h5") as file:
            self.assertIn("the others are not finished", file["plots/losses/title"][()].decode())

    def test_silx_draws_every_plot(self):
        try:
            import silx.io
            import silx.io.nxdata
        except ImportError:
            self.skipTest("silx is not installed")
        for folder in self.finished, self.growing:
            with silx.io.open(str(folder / "sweep.h5")) as file:
                first = silx.io.nxdata.get_default(file)
                self.assertEqual(first.group.name, "/plots/map_of_ln2")
                self.assertTrue(first.is_image)
                for name, group in file["plots"].items():
                    if name == "title" or not hasattr(group, "items"):
                        continue
                    plot = silx.io.nxdata.NXdata(group)
                    self.assertTrue(plot.is_valid, plot.issues)
                    self.assertEqual(plot.issues, [])
                    kind = "is_image" if name.startswith("map") else "is_scatter" if name.startswith(("samples", "error")) else "is_curve"
                    self.assertTrue(getattr(plot, kind), name)
                    self.assertTrue(plot.title and "training" in plot.title or "Trial" in plot.title, plot.title)
                scale = silx.io.nxdata.NXdata(file["plots/error_against_loss"]).plot_style
                self.assertEqual(tuple(scale.axes_scale_types), ("log", "log"))

    def test_nexpy_draws_every_plot(self):
        python = install_nexusformat()
        if python is None:
            self.skipTest("nexusformat can't be installed")
        code = """
from nexusformat.nexus import nxload
import sys
root = nxload(sys.argv[1])
print(root.get_default().nxpath)
for name, plot in root["plots"].items():
    print(name, plot.nxsignal.nxname, ",".join(axis.nxname for axis in plot.nxaxes), plot.is_plottable(), plot.nxtitle, sep="|")
"""
        for folder in self.finished, self.growing:
            run = subprocess.run([python, "-c", code, folder / "sweep.h5"], capture_output=True, text=True, timeout=120)
            self.assertEqual(run.returncode, 0, run.stderr)
            lines = run.stdout.splitlines()
            self.assertEqual(lines[0], "/plots/map_of_ln2")
            plots = {line.split("|")[0]: line.split("|")[1:] for line in lines[1:]}
            self.assertEqual(plots["map_of_ln2"][:3], ["share", "lr_G,lr_D", "True"])
            self.assertEqual(plots["samples_worst"][:3], ["generated", "x,y", "True"])
            self.assertTrue(all(plot[2] == "True" and len(plot[3]) > 20 for plot in plots.values()), plots)


if not all(shutil.which(command[0]) for command in COMMANDS.values()):
    print("not all readers are installed:", [command[0] for command in COMMANDS.values() if not shutil.which(command[0])])
    sys.exit(77)
unittest.main(verbosity=2)
