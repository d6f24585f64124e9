"""Shards and their merging, as people and schedulers use them.

The oracle is the file of one run of the whole experiment: a merged file must equal it, byte for byte, in every dataset
outside of /provenance, and in every attribute. What does not fit together is refused in one line that names it, and
leaves nothing behind.

    merge_test.py PROGRAM [CLASS...]
"""
import contextlib
import ctypes
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import numpy as np

PROGRAM = os.path.abspath(sys.argv.pop(1))
SHORT = "GANSWEEP_TEST_SHORT" in os.environ

# 84 trials of three shapes, seeds that fill no vector, rates that diverge, and a zip.
EXPERIMENT = """title: A small one
convention: mxnet
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}
model: {latent_dim: 2, generator: [], discriminator: [5, 3]}
zip:
  batch_size: [4, 8, 16]
  epochs: [2, 3, 4]
parameters:
  seed: {range: [1, 7]}
  lr_D: {values: [0.05, 1.0e+37]}
  lr_G: {values: [0.005, 0.05]}
keep: {samples: 10, generator_by_epoch: true}
check: {samples: 50, tolerance: 0.25}
"""
TRIALS = 84
# A zip of seeds with other settings: a configuration's trials are scattered.
SCATTERED = EXPERIMENT.replace("  batch_size: [4, 8, 16]\n  epochs: [2, 3, 4]\n",
                               "  seed: [1, 2, 3, 4, 5, 6, 7, 8]\n  epochs: [2, 3, 2, 2, 3, 4, 3, 2]\n").replace("  seed: {range: [1, 7]}\n", "")


def datasets(file):
    """Names of all datasets outside of /provenance."""
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return [name for name in names if not name.startswith("provenance/")]


def attributes(item):
    """Attributes that say something; those of dimension scales are references."""
    return {name: np.asarray(value).tobytes() for name, value in item.attrs.items() if name not in ("DIMENSION_LIST", "REFERENCE_LIST")}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.held = tempfile.TemporaryDirectory(prefix="gansweep-merge-")
        cls.reference = pathlib.Path(cls.held.name) / "whole.h5"
        experiment = pathlib.Path(cls.held.name) / "small.yaml"
        experiment.write_text(EXPERIMENT)
        subprocess.run([PROGRAM, "run", experiment, "-q", "-o", cls.reference], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.held.cleanup()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gansweep-merge-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "small.yaml").write_text(EXPERIMENT)

    def gansweep(self, *arguments, **options):
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, errors="surrogateescape", timeout=300,
                              cwd=options.pop("cwd", self.folder), **options)

    def succeed(self, *arguments, **options):
        run = self.gansweep(*arguments, **options)
        self.assertEqual((run.returncode, run.stderr), (0, ""), arguments)
        return run.stdout

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def refused(self, code, *arguments, patterns=(), **options):
        """One line on standard error, this exit code, and every file as it was."""
        look = lambda: {path.name: path.read_bytes() if path.is_file() else None for path in self.folder.iterdir()}
        before = look()
        run = self.gansweep(*arguments, **options)
        self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (code, "", 1), run.stderr)
        self.assertTrue(run.stderr.startswith("gansweep: "), run.stderr)
        for pattern in patterns:
            self.assertRegex(run.stderr, pattern)
        self.assertTrue(look() == before, arguments)

    def shards(self, count, *options, only=None):
        """Names of the shards, which are made; `only` of these."""
        names = []
        for number in only or range(1, count + 1):
            self.succeed("run", "small.yaml", "-q", "--shard", f"{number}/{count}", *options)
            names.append(f"small-{number:0{len(str(count))}}-of-{count}.h5")
        return names

    def contents(self, name):
        return re.search(r"(?m)^contents   ([0-9a-f]{32})$", self.succeed("verify", name)).group(1)

    def assert_equal_files(self, name, reference=None):
        """Every dataset and every attribute; and what `gansweep verify` says."""
        reference = reference or self.reference
        with h5py.File(self.folder / name) as file, h5py.File(reference) as whole:
            names = datasets(whole)
            self.assertEqual(datasets(file), names)
            self.assertTrue({"trial", "loss_D", "status", "plots/losses/loss_D_median", "plots/losses/title"} <= set(names))
            for dataset in names:
                self.assertEqual(file[dataset][()].tobytes(), whole[dataset][()].tobytes(), dataset)
                self.assertEqual((file[dataset].dtype, file[dataset].shape), (whole[dataset].dtype, whole[dataset].shape))
                self.assertEqual(attributes(file[dataset]), attributes(whole[dataset]), dataset)
            self.assertEqual(attributes(file), attributes(whole))
        self.assertEqual(self.contents(name), self.contents(reference))


class Shards(Case):
    """One shard is a file like any other, of its own trials."""

    def test_a_shard_is_named_after_its_number_and_has_its_own_trials(self):
        first, second = self.shards(12, only=[3, 12])
        self.assertEqual(self.files(), ["small-03-of-12.h5", "small-12-of-12.h5", "small.yaml"])
        for name in (first, second):
            with h5py.File(self.folder / name) as file, h5py.File(self.reference) as whole:
                begin, count = int(file["provenance/first_trial"][()]), int(file["provenance/trials"][()])
                self.assertEqual(len(file["status"]), count)
                for dataset in ("trial", "configuration", "seed", "lr_D", "loss_G", "samples", "checksum", "status"):
                    self.assertEqual(file[dataset][()].tobytes(), whole[dataset][begin:begin + count].tobytes())
                self.assertEqual(file["trial"][0], begin)
        with h5py.File(self.folder / second) as file:
            self.assertEqual(file["trial"][-1], TRIALS - 1)

    def test_everything_that_reads_reads_a_shard(self):
        [name] = self.shards(3, only=[2])
        with h5py.File(self.folder / name) as file:
            first, last = int(file["trial"][0]), int(file["trial"][-1])
            count = last - first + 1
            finished = {value: int((file["status"][:] == value).sum()) for value in (1, 2)}
        self.assertIn(f"small-2-of-3.h5: {count} trials ({first} to {last} of {TRIALS})", self.succeed("list", name))
        report = self.succeed("report", name)
        self.assertIn(f"small-2-of-3.h5: {count} trials ({first} to {last} of {TRIALS}) in ", report)
        rows = [line.split(",") for line in self.succeed("report", name, "--format", "csv").splitlines()]
        self.assertEqual(sum(int(row[rows[0].index("trials")]) for row in rows[1:]), count)
        configurations = [int(row[0]) for row in rows[1:]]
        with h5py.File(self.folder / name) as file:
            self.assertEqual(configurations, sorted(set(file["configuration"][:].tolist())))
        self.assertIn(f"trial {last} of small-2-of-3.h5: seed ", self.succeed("show", name, last))
        self.refused(2, "show", name, first - 1, patterns=[f"{first} to {last} was expected"])
        self.refused(2, "show", name, last + 1, patterns=[f"{first} to {last} was expected"])
        self.refused(3, "next", name, patterns=[f"it is a shard, with {count} of {TRIALS} trials: gansweep merge"])
        self.refused(2, "report", name, "--compare", "0,1", patterns=[f"configuration 0; the file has {configurations[0]} to {configurations[-1]}"])
        self.succeed("report", name, "--compare", f"{configurations[0]},{configurations[1]}")
        tested = [line.split(",") for line in self.succeed("report", name, "--two-sample", "--format", "csv").splitlines()]
        self.assertEqual(list(dict.fromkeys(int(row[1]) for row in tested if row[0] == "trained")), configurations)
        verified = self.succeed("verify", name, "--recompute", "all")
        self.assertIn(f"recomputed {count} of them", verified)
        self.assertIn(f"ledger: {count} planned = {finished[1]} done + {finished[2]} diverged + 0 pending", verified)
        self.assertIn("plots      whole: they follow from the rows", verified)

    def test_a_plan_says_what_a_shard_would_be(self):
        plan = self.succeed("run", "small.yaml", "--dry-run", "--shard", "2/3")
        self.assertRegex(plan, rf"trials      \d+ \(\d+ to \d+ of {TRIALS}\) in \d+ configurations")
        self.assertIn("small-2-of-3.h5", plan)
        self.assertEqual(self.files(), ["small.yaml"])

    def test_bad_shards_are_refused(self):
        for shard in ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/-3", "1/3x", "x/3", "1 /3", "1/", "/3", "1/1000001", "9999999999/9999999999", "1/3/3"]:
            self.refused(2, "run", "small.yaml", "-q", f"--shard={shard}", patterns=["--shard: .* is not I/N"])
        self.refused(2, "run", "small.yaml", "-q", "--shard", f"1/{TRIALS + 1}", patterns=[f"--shard: {TRIALS} trials can't be divided into {TRIALS + 1} shards"])

    def test_a_shard_is_resumed_and_repaired(self):
        [name] = self.shards(3, only=[2])
        contents = self.contents(name)
        with h5py.File(self.folder / name, "r+") as file:
            file["status"][4:9], file["loss_D"][5] = 0, 7
            first = int(file["trial"][0])
        self.assertNotEqual(self.contents(name), contents)
        self.succeed("run", "small.yaml", "-q", "--resume", "--shard", "2/3")
        self.assertEqual(self.contents(name), contents)
        with h5py.File(self.folder / name, "r+") as file:
            file["status"][4] = 0
            file["loss_D"][6, 0], file["lr_D"][8] = 7, 7
        self.refused(3, "resume", name, "-q", patterns=[rf"lr_D of trial {first + 8} and others"])
        run = self.gansweep("resume", name, "--repair", "-q")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
        self.assertEqual(self.contents(name), contents)

    def test_another_shard_is_not_gone_on_with(self):
        [name] = self.shards(3, only=[2])
        self.refused(3, "run", "small.yaml", "-q", "--resume", "-o", name, "--shard", "1/3", patterns=["it has the trials 3. to 6. .* and this run 0 to 3."])
        self.refused(3, "run", "small.yaml", "-q", "--resume", "-o", name, patterns=[f"and this run 0 to {TRIALS - 1}"])
        self.shards(1)
        self.refused(3, "run", "small.yaml", "-q", "--resume", "-o", "small-1-of-1.h5", "--shard", "2/3", patterns=["it has the trials 0 to"])
        self.succeed("run", "small.yaml", "-q", "--resume", "-o", "small-1-of-1.h5")

    def test_a_configuration_that_a_shard_has_nothing_of_is_left_out(self):
        (self.folder / "small.yaml").write_text(SCATTERED)
        for name in self.shards(7):
            self.succeed("verify", name, "--recompute", "all")
            rows = [line.split(",") for line in self.succeed("report", name, "--format", "csv").splitlines()]
            with h5py.File(self.folder / name) as file:
                configuration = file["configuration"][:]
                counts = {int(value): int((configuration == value).sum()) for value in np.unique(configuration)}
                self.assertEqual({int(row[0]): int(row[1 + rows[0][1:].index("trials")]) for row in rows[1:]}, counts)
                losses = file["plots/losses"]
                shown = dict(zip(losses["configuration"][:].astype(int).tolist(), losses["loss_D_median"][:, 0]))
                trials = dict(zip(losses["configuration"][:].astype(int).tolist(), losses["first_trial"][:]))
                for value in shown:
                    done = (configuration == value) & np.isfinite(file["loss_D"][:, 0])
                    self.assertEqual(np.isnan(shown[value]), not done.any(), (name, value))
                    first = file["trial"][:][configuration == value]
                    np.testing.assert_equal(trials[value], first[0] if first.size else np.nan)


class Merge(Case):
    """The merged file is that of one run."""

    def test_shards_of_every_size_are_the_whole(self):
        sizes = [1, 2, 3, 5, 6, 7, 11, 25, TRIALS] if not SHORT else [1, 3, 7]
        isas = [isa for isa in ("portable", "avx2", "avx512", "neon") if self.gansweep("run", "small.yaml", "-n", "--isa", isa).returncode == 0]
        self.assertTrue("portable" in isas)
        for count in sizes:
            names = []
            for number in range(1, count + 1):  # made by different processors, with different numbers of threads
                [name] = self.shards(count, "--isa", isas[number % len(isas)], "--threads", str(1 + number % 2), only=[number])
                names.append(name)
            printed = self.gansweep("merge", "-o", "merged.h5", "--force", *reversed(names)).stdout
            self.assertIn(f"merged.h5: {TRIALS} trials of {count} file{'s' if count > 1 else ''}, ", printed)
            self.assertIn(f"contents   {self.contents('merged.h5')}\n", printed)
            self.assert_equal_files("merged.h5")
            self.succeed("verify", "merged.h5", "--recompute", "all")
            with h5py.File(self.folder / "merged.h5") as file:
                sources = file["provenance/sources"][()].decode().splitlines()
                self.assertEqual([line.split(" ", 8)[8] for line in sources], names)
                self.assertEqual(file["provenance/isa"][()].decode().split("+"), list(dict.fromkeys(line.split(" ")[4] for line in sources)))
                self.assertAlmostEqual(file["provenance/seconds"][()], sum(float(line.split(" ")[6]) for line in sources), places=6)
            for name in names:
                (self.folder / name).unlink()

    def test_scattered_configurations_are_merged(self):
        (self.folder / "small.yaml").write_text(SCATTERED)
        self.succeed("run", "small.yaml", "-q", "-o", "whole.h5")
        for count in (2, 5):
            self.succeed("merge", "-q", "--force", "-o", "merged.h5", *self.shards(count))
            self.assert_equal_files("merged.h5", self.folder / "whole.h5")

    def test_what_is_missing_stays_pending_on_request_and_is_trained_later(self):
        names = self.shards(5)
        with h5py.File(self.folder / names[1], "r+") as file:
            file["status"][3], file["status"][5] = 0, 0
            file["loss_D"][5, :] = 7  # of a pending trial: it may hold anything
            lost = 2
        (self.folder / names[3]).unlink()
        with h5py.File(self.folder / names[2]) as before, h5py.File(self.folder / names[4]) as after:
            gap = [int(before["trial"][-1]) + 1, int(after["trial"][0]) - 1]
        left = [names[0], names[1], names[2], names[4]]
        self.refused(2, "merge", "-o", "merged.h5", *left, patterns=[f"small-2-of-5.h5: {lost} of its .* trials are pending: gansweep resume"])
        self.refused(2, "merge", "-o", "merged.h5", names[0], names[2], names[4],
                     patterns=[r"the trials \d+ to \d+ of 84 are in none of the files; with --partial"])
        self.refused(2, "merge", "-o", "merged.h5", names[0], names[2], patterns=["are in none"])
        self.refused(2, "merge", "-o", "merged.h5", names[0], patterns=["to 83 of 84 are in none"])
        self.refused(2, "merge", "-o", "merged.h5", names[2], names[4], patterns=["the trials 0 to"])
        printed = self.succeed("merge", "--partial", "-o", "merged.h5", *left)
        pending = lost + gap[1] - gap[0] + 1
        self.assertRegex(printed, rf"ledger: 84 planned = \d+ done \+ \d+ diverged \+ {pending} pending")
        self.assertIn(f"contents   {self.contents('merged.h5')}\n", printed)
        with h5py.File(self.folder / "merged.h5") as file:
            status = file["status"][:]
            self.assertEqual(int((status == 0).sum()), pending)
            self.assertTrue((status[gap[0]:gap[1] + 1] == 0).all())
            self.assertTrue(np.isnan(file["loss_D"][:][status == 0]).all())
            self.assertTrue((file["checksum"][:][status == 0] == 0).all())
            with h5py.File(self.reference) as whole:
                np.testing.assert_array_equal(file["trial"][:], whole["trial"][:])
                np.testing.assert_array_equal(file["lr_D"][:], whole["lr_D"][:])
        self.succeed("resume", "merged.h5", "-q")
        self.assert_equal_files("merged.h5")

    def test_files_that_grow_are_merged_as_they_are(self):
        settings = ["--set", "seed=1:4000", "--set", "epochs=1000", "--set", "batch_size=8"]
        process = subprocess.Popen([PROGRAM, "run", "small.yaml", "-q", "--shard", "1/2", "--checkpoint", "0.02", "--threads", "1", *settings],
                                   cwd=self.folder, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        name, merged = "small-1-of-2.h5", 0
        while process.poll() is None and merged < 4:
            if not (self.folder / name).exists():
                time.sleep(0.005)
                continue
            self.succeed("merge", "--partial", "--force", "-q", "-o", "merged.h5", name)
            verified = self.succeed("verify", "merged.h5")
            with h5py.File(self.folder / "merged.h5") as file:
                self.assertEqual(int((file["status"][:] != 0).sum()) > 0, "finished trials match" in verified and " 0 finished" not in verified)
            merged += 1
        self.assertEqual(merged, 4)

    def test_a_merged_file_is_merged_again(self):
        names = self.shards(2)
        self.succeed("merge", "-q", "-o", "merged.h5", *names)
        self.succeed("merge", "-q", "-o", "again.h5", "merged.h5")
        self.assert_equal_files("again.h5")
        self.succeed("merge", "-q", "--virtual", "-o", "virtual.h5", *names)
        self.succeed("merge", "-q", "-o", "real.h5", "virtual.h5")
        self.assert_equal_files("real.h5")

    def test_memory_does_not_grow_with_the_trials(self):
        peaks = []
        for seeds in (1000, 20000):
            settings = ["--set", f"seed=1:{seeds}", "--set", "epochs=1", "--set", "batch_size=40"]
            names = self.shards(2, *settings, "--force")
            process = subprocess.Popen([PROGRAM, "merge", "-q", "--force", "-o", "merged.h5", "--threads", "1", *names], cwd=self.folder)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            peaks.append(usage.ru_maxrss / 1024)
        print(f"peak memory of merging {4 * 1000:,} trials {peaks[0]:.0f} MiB, {4 * 20000:,} trials {peaks[1]:.0f} MiB")
        self.assertLess(peaks[1], peaks[0] + 16)  # what the plots look at is bounded, and not yet reached by the smaller


class Refusals(Case):
    """What does not fit together is named."""

    def test_trials_in_two_files(self):
        names = self.shards(3)
        shutil.copy(self.folder / names[1], self.folder / "copy.h5")
        self.refused(2, "merge", "-o", "merged.h5", *names, "copy.h5", patterns=[r"copy.h5 and small-2-of-3.h5 both have the trials 3\d to 6\d"])
        self.refused(2, "merge", "-o", "merged.h5", *names, names[2], patterns=["small-3-of-3.h5 and small-3-of-3.h5 both have"])
        self.refused(2, "merge", "-o", "merged.h5", "--partial", names[1], "copy.h5", patterns=["both have"])
        self.refused(2, "merge", "-o", "merged.h5", names[0], self.reference, patterns=["both have the trials 0 to"])
        other = self.shards(2, only=[2])
        self.refused(2, "merge", "-o", "merged.h5", names[0], names[1], *other, patterns=["both have"])

    def test_shards_of_another_experiment_or_version(self):
        names = self.shards(3)
        self.succeed("run", "small.yaml", "-q", "--shard", "2/3", "-o", "other.h5", "--set", "lr_D=0.05,0.06")
        self.refused(3, "merge", "-o", "merged.h5", names[0], "other.h5", names[2],
                     patterns=['other.h5: it belongs to another experiment: it has "lr_D: .*" where small-1-of-3.h5 has "lr_D: '])
        with h5py.File(self.folder / names[1], "r+") as file:
            file["provenance/numerics_version"][()] = 1
        subprocess.run([os.environ["SEAL_AGAIN"], str(self.folder / names[1])], check=True)
        self.refused(3, "merge", "-o", "merged.h5", *names, patterns=["small-2-of-3.h5: its trials follow version 1"])
        (self.folder / "small.yaml").write_text(EXPERIMENT.replace("A small one", "The same, put better"))
        self.succeed("run", "small.yaml", "-q", "--shard", "2/3", "--force")
        self.succeed("merge", "-q", "-o", "merged.h5", *names)

    def test_damage(self):
        names = self.shards(3)
        with h5py.File(self.folder / names[1]) as file:
            first = int(file["trial"][0])
            places = {name: file[name].id.get_offset() for name in ("loss_G", "seed", "trial", "status", "checksum", "diverged_epoch")}
            strides = {name: file[name].id.get_storage_size() // len(file[name]) for name in places}
        whole = (self.folder / names[1]).read_bytes()
        for name in places:
            for row in (0, 17):
                damaged = bytearray(whole)
                damaged[places[name] + row * strides[name]] ^= 2 if name == "status" else 1
                (self.folder / names[1]).write_bytes(damaged)
                self.refused(3, "merge", "-o", "merged.h5", *names, patterns=[rf"small-2-of-3.h5: it is damaged: .*trial {first + row}"])
                self.refused(3, "merge", "-o", "merged.h5", "--virtual", *names, patterns=["small-2-of-3.h5: it is damaged"])
        for at in (600, len(whole) // 2, len(whole) - 3):
            damaged = bytearray(whole)
            damaged[at] ^= 1
            (self.folder / names[1]).write_bytes(damaged)
            run = self.gansweep("merge", "-o", "merged.h5", *names)
            self.assertIn(run.returncode, (0, 3))  # 0: in what is written again, such as the plots
            (self.folder / "merged.h5").unlink(missing_ok=run.returncode == 3)
        (self.folder / names[1]).write_bytes(whole[:-1000])
        self.refused(3, "merge", "-o", "merged.h5", *names, patterns=["small-2-of-3.h5: it is truncated"])
        (self.folder / names[1]).write_bytes(b"hello")
        self.refused(3, "merge", "-o", "merged.h5", *names, patterns=["small-2-of-3.h5: it is not an HDF5 file"])
        (self.folder / names[1]).unlink()
        self.refused(3, "merge", "-o", "merged.h5", *names, patterns=["small-2-of-3.h5: No such file"])

    def test_places_where_no_file_can_be(self):
        names = self.shards(2)
        self.refused(2, "merge", *names, patterns=["-o: the name of the merged file was expected"])
        self.refused(2, "merge", "-o", "merged.h5", patterns=["SHARD was expected"])
        self.refused(2, "merge", "-o", "absent/merged.h5", *names, patterns=["absent"])
        (self.folder / "merged.h5").write_text("mine")
        self.refused(2, "merge", "-o", "merged.h5", *names, patterns=["exists already: give another name, --force to replace it"])
        self.refused(2, "merge", "--force", "-o", names[0], *names, patterns=["small-1-of-2.h5 is one of the files that are merged"])
        os.link(self.folder / names[0], self.folder / "link.h5")
        self.refused(2, "merge", "--force", "-o", "link.h5", *names, patterns=["is one of the files that are merged"])
        self.succeed("merge", "-q", "--force", "-o", "merged.h5", *names)
        self.assert_equal_files("merged.h5")

    def test_a_disk_that_is_full(self):
        names = self.shards(2)
        size = (self.folder / names[0]).stat().st_size
        for share in (0.1, 0.5, 0.9):
            limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * size), resource.RLIM_INFINITY))
            run = self.gansweep("merge", "-o", "merged.h5", *names, preexec_fn=limit)
            self.assertIn(run.returncode, (1, 2), run.stderr)
            self.assertEqual(run.stderr.count("\n"), 1)
            self.assertEqual(self.files(), sorted([*names, "small.yaml"]))

    def test_a_merge_that_is_stopped_leaves_nothing(self):
        settings = ["--set", "seed=1:30000", "--set", "epochs=1", "--set", "batch_size=40"]
        names = self.shards(2, *settings)
        begin = time.monotonic()
        self.succeed("merge", "-q", "-o", "merged.h5", *names)
        seconds = time.monotonic() - begin
        contents = self.contents("merged.h5")
        (self.folder / "merged.h5").unlink()
        ended = {signal.SIGTERM: 0, signal.SIGINT: 0, signal.SIGKILL: 0}
        for number in ended:
            for step in range(12):
                process = subprocess.Popen([PROGRAM, "merge", "-q", "-o", "merged.h5", *names], cwd=self.folder, stderr=subprocess.PIPE, text=True)
                time.sleep(seconds * step / 12)
                process.send_signal(number)
                said = process.communicate(timeout=60)[1]
                if process.returncode == 0:
                    (self.folder / "merged.h5").unlink()
                    continue
                ended[number] += 1
                if number == signal.SIGKILL:
                    if (self.folder / "merged.h5").exists():  # it was killed between giving the name and its end
                        self.assertEqual(self.contents("merged.h5"), contents)
                        (self.folder / "merged.h5").unlink()
                else:
                    self.assertIn(process.returncode, (128 + number, -number), said)
                    self.assertEqual([name for name in self.files() if name not in (*names, "small.yaml")], [], said)
        print("stopped before the end:", {signal.Signals(number).name: count for number, count in ended.items()})
        self.assertTrue(all(ended.values()))
        self.succeed("merge", "-q", "-o", "merged.h5", *names)  # what a killed one has left is in nobody's way
        self.assertEqual([name for name in self.files() if name.startswith(".")], [])


class Virtual(Case):
    """A small file whose datasets lead to those of the shards."""

    def make(self, count=3):
        names = self.shards(count)
        self.succeed("merge", "-q", "--virtual", "-o", "virtual.h5", *names)
        return names

    def test_it_reads_as_the_whole(self):
        for count in (1, 3, 11):
            names = self.make(count)
            self.assert_equal_files("virtual.h5")
            with h5py.File(self.folder / "virtual.h5") as file:
                self.assertTrue(file["loss_D"].is_virtual)
                self.assertEqual([source.file_name for source in file["loss_D"].virtual_sources()], names)
                self.assertEqual(file["provenance/virtual"][()], 1)
            self.succeed("verify", "virtual.h5", "--recompute", "all")
            for command in ("report", "list"):
                whole = self.succeed(command, self.reference).replace(str(self.reference), "virtual.h5")
                same = lambda text: re.sub(r"\d+ [kM]?B\b|[\d.]+ [kM]B", "SIZE", text)
                self.assertEqual(same(self.succeed(command, "virtual.h5")), same(whole))
            self.assertIn("trial 40 of virtual.h5", self.succeed("show", "virtual.h5", 40))
            for name in ["virtual.h5", *names]:
                (self.folder / name).unlink()

    def test_it_is_found_from_everywhere_and_moves_with_its_sources(self):
        self.make()
        moved = self.folder / "moved"
        moved.mkdir()
        for path in self.folder.glob("*.h5"):
            path.rename(moved / path.name)
        self.succeed("verify", "moved/virtual.h5")
        self.succeed("verify", moved / "virtual.h5", cwd="/")
        self.succeed("verify", "virtual.h5", cwd=moved)
        script = ("import sys, xarray\nsweep = xarray.open_dataset(sys.argv[1], engine='h5netcdf')\n"
                  "print(int((sweep.status != 0).sum()), float(sweep.samples.sum()), list(sweep.loss_D.coords))")
        printed = [subprocess.run([sys.executable, "-c", script, path], cwd="/", capture_output=True, text=True, check=True).stdout
                   for path in (moved / "virtual.h5", self.reference)]
        self.assertEqual(printed[0], printed[1])
        self.assertTrue(printed[0].startswith(f"{TRIALS} "))

    def test_a_source_that_is_missing_or_another_is_refused(self):
        names = self.make()
        whole = (self.folder / names[1]).read_bytes()
        (self.folder / names[1]).unlink()
        for command in (["verify", "virtual.h5"], ["report", "virtual.h5"], ["list", "virtual.h5"], ["show", "virtual.h5", 0]):
            self.refused(3, *command, patterns=["virtual.h5: its source small-2-of-3.h5: No such file"])
        for other, why in [(names[0], "it is not the file that was merged"), ("virtual.h5", "it is virtual itself")]:
            shutil.copy(self.folder / other, self.folder / names[1])
            self.refused(3, "verify", "virtual.h5", patterns=[f"virtual.h5: its source small-2-of-3.h5: {why}"])
        time.sleep(1.1)  # the same shard again, made at another time
        self.succeed("run", "small.yaml", "-q", "--force", "--shard", "2/3")
        self.refused(3, "verify", "virtual.h5", patterns=["it is not the file that was merged"])
        (self.folder / names[1]).unlink()
        os.mkfifo(self.folder / names[1])
        self.refused(3, "verify", "virtual.h5", patterns=["it is a device, a pipe"])
        (self.folder / names[1]).unlink()
        (self.folder / names[1]).write_bytes(whole[:-1])
        self.refused(3, "verify", "virtual.h5", patterns=["it is truncated"])
        (self.folder / names[1]).write_bytes(whole)
        self.succeed("verify", "virtual.h5")

    def test_damage_in_a_source_is_found_and_repaired_there(self):
        names = self.make()
        contents = self.contents("virtual.h5")
        with h5py.File(self.folder / names[2], "r+") as file:
            file["loss_D"][3, 0] = 7
            trial = int(file["trial"][3])
        run = self.gansweep("verify", "virtual.h5")
        self.assertEqual(run.returncode, 3)
        self.assertIn(f"damaged: loss_D of trial {trial}\n", run.stdout)
        self.refused(3, "resume", "virtual.h5", "--repair", patterns=["virtual.h5: it is virtual: .* go on with those"])
        self.refused(3, "run", "small.yaml", "--resume", "-o", "virtual.h5", patterns=["it is virtual"])
        self.assertEqual(self.gansweep("resume", names[2], "--repair", "-q").returncode, 0)
        self.assertEqual(self.contents("virtual.h5"), contents)

    def test_damage_in_itself_is_found(self):
        self.make()
        whole = (self.folder / "virtual.h5").read_bytes()
        changes = [tuple(map(int, found)) for found in re.findall(rb"(?m)^(?:changes|rows) +/?\S+ +(\d+) +(\d+)$", whole[:1 << 20])]
        step = 9973 if SHORT else 997
        tried = 0
        for at in range(0, len(whole), step):
            if any(address <= at < address + size for address, size in changes):
                continue
            tried += 1
            damaged = bytearray(whole)
            damaged[at] ^= 16
            (self.folder / "virtual.h5").write_bytes(damaged)
            self.refused(3, "list", "virtual.h5")
        print(f"{tried} bits flipped outside of plots and coordinates: all found")
        self.assertGreater(tried, 10)

    def test_a_forged_mapping_is_refused(self):
        names = self.make()
        whole = (self.folder / "virtual.h5").read_bytes()
        text = names[1].encode()
        for forged in (b"../mall-2-of-3.h5", b"/etc/passwd\0\0\0\0\0\0", b"%b%b%b%b%b%b%b%b%", b"virtual.h5\0\0\0\0\0\0\0"):
            changed = whole.replace(text, forged[:len(text)].ljust(len(text), b"\0"))
            self.assertNotEqual(changed, whole)
            (self.folder / "virtual.h5").write_bytes(changed)
            seal = subprocess.run([os.environ["SEAL_AGAIN"], str(self.folder / "virtual.h5")], capture_output=True, text=True)
            self.assertNotEqual(seal.returncode, 0)  # it opens the file, too
            self.refused(3, "verify", "virtual.h5")
        places = [match.start() for match in re.finditer(re.escape(text) + b"\0", whole)]
        self.assertGreater(len(places), 20)  # one a dataset
        for place in places[:3]:
            changed = bytearray(whole)  # the mapping of one dataset leads elsewhere
            changed[place:place + len(text)] = names[0].encode()
            (self.folder / "virtual.h5").write_bytes(changed)
            subprocess.run([os.environ["SEAL_AGAIN"], str(self.folder / "virtual.h5")], capture_output=True)
            self.refused(3, "verify", "virtual.h5", patterns=["is not as documented"])

    def test_what_can_not_be_virtual_is_refused(self):
        names = self.shards(2)
        other = self.folder / "other"
        other.mkdir()
        self.refused(2, "merge", "--virtual", "-o", "other/virtual.h5", *names, patterns=["small-1-of-2.h5 is in another folder than other/virtual.h5"])
        self.refused(2, "merge", "--virtual", "--partial", "-o", "virtual.h5", *names, patterns=["a virtual file can't be partial"])
        self.refused(2, "merge", "--virtual", "-o", "virtual.h5", names[0], patterns=["are in none of the files"])
        self.refused(2, "merge", "--virtual", "-o", "virtual.h5", *(["absent.h5"] * 513), patterns=["up to 512 sources"])
        for name in ("100%.h5", "a\nb.h5", "a\udcffb.h5"):
            shutil.copy(self.folder / names[1], self.folder / name)
            self.refused(2, "merge", "--virtual", "-o", "virtual.h5", names[0], name, patterns=["UTF-8 without % and control"])
            (self.folder / name).unlink()
        self.succeed("merge", "-q", "--virtual", "-o", "virtual.h5", *names)
        self.refused(3, "merge", "--virtual", "-o", "again.h5", "virtual.h5", patterns=["virtual.h5: it is virtual"])
        self.refused(3, "view", "virtual.h5", "--no-browser", "--page", "small.yaml", patterns=["virtual.h5: it is virtual"])
        link = self.folder / "other" / names[0]
        link.symlink_to(self.folder / names[0])
        shutil.copy(self.folder / names[1], other)
        self.succeed("merge", "-q", "--virtual", "-o", "other/virtual.h5", f"other/{names[0]}", f"other/{names[1]}")
        self.succeed("verify", "other/virtual.h5")

    def test_a_virtual_file_that_is_stopped_leaves_nothing(self):
        names = self.shards(2, "--set", "seed=1:20000", "--set", "epochs=1", "--set", "batch_size=40")
        stopped = 0
        for step in range(10):
            process = subprocess.Popen([PROGRAM, "merge", "-q", "--virtual", "-o", "virtual.h5", *names], cwd=self.folder, stderr=subprocess.PIPE)
            time.sleep(0.02 * step)
            process.terminate()
            process.communicate(timeout=60)
            if process.returncode != 0:
                stopped += 1
                self.assertEqual([name for name in self.files() if name not in (*names, "small.yaml")], [])
            else:
                (self.folder / "virtual.h5").unlink()
        self.assertGreater(stopped, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=2)
