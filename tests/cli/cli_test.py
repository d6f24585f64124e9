"""The program as people and scripts use it: what it prints, its exit codes, and what it leaves behind.

The oracle is the documented contract: one line on standard error that says where and what, exit code 2 for a bad command line
or experiment, 3 for a bad results file, 128 + signal when interrupted, and nothing left behind by a run that did not begin.

    cli_test.py PROGRAM SOURCE_ROOT
"""
import json
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM, ROOT = os.path.abspath(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1)).resolve()
SUBCOMMANDS = ["run", "resume", "verify", "merge", "report", "show", "list", "next", "bench"]

EXPERIMENT = """title: A small one
convention: mxnet
generator_loss: non-saturating
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}
model: {latent_dim: 2, generator: [], discriminator: [5, 3]}
train: {epochs: 4}
parameters:
  seed: {range: [1, 20]}
  lr_D: {values: [0.05]}
  lr_G: {values: [0.005]}
  batch_size: {values: [8]}
keep: {samples: 10, generator_by_epoch: true}
check: {samples: 50, tolerance: 0.25}
"""

# What is changed in the experiment above, where the error is, and what its line must say beside that.
BAD_EXPERIMENTS = {
    "unknown key": ("lr_D:", "lr_d:", "9:3", "'lr_D'"),
    "unknown key at the top": ("convention:", "konvention:", "2:1", "convention"),
    "unknown key in a map": ("tolerance:", "tolerence:", "13:22", "tolerance"),
    "wrong type": ("epochs: 4", "epochs: many", "6:17", "epochs"),
    "wrong type of a map": ("train: {epochs: 4}", "train: 4", "6:8", "train"),
    "real for an integer": ("epochs: 4", "epochs: 4.5", "6:17", "epochs"),
    "empty list": ("lr_D: {values: [0.05]}", "lr_D: {values: []}", "9:18", "lr_D"),
    "duplicate key": ("train: {epochs: 4}", "train: {epochs: 4, epochs: 5}", "6:20", "epochs"),
    "duplicate value": ("lr_D: {values: [0.05]}", "lr_D: {values: [0.05, 0.1, 0.05]}", "9:30", "lr_D"),
    "not finite": ("lr_D: {values: [0.05]}", "lr_D: {values: [.inf]}", "9:19", "lr_D"),
    "NaN": ("lr_G: {values: [0.005]}", "lr_G: {values: [.nan]}", "10:19", "lr_G"),
    "rate of zero": ("lr_G: {values: [0.005]}", "lr_G: {values: [0]}", "10:19", "lr_G"),
    "negative rate": ("lr_G: {values: [0.005]}", "lr_G: {values: [-0.1]}", "10:19", "lr_G"),
    "batch_size over n": ("batch_size: {values: [8]}", "batch_size: {values: [41]}", "11:25", "batch_size"),
    "batch_size 0": ("batch_size: {values: [8]}", "batch_size: {values: [0]}", "11:25", "batch_size"),
    "epochs 0": ("epochs: 4", "epochs: 0", "6:17", "epochs"),
    "singular A": ("A: [[1, 2], [-0.1, 0.5]]", "A: [[1, 2], [2, 4]]", "4:26", "singular"),
    "A not square": ("A: [[1, 2], [-0.1, 0.5]]", "A: [[1, 2, 3], [4, 5, 6]]", "4:", "A"),
    "length of b": ("b: [1, 2]", "b: [1, 2, 3]", "4:52", "data.b"),
    "unknown convention": ("convention: mxnet", "convention: mxnett", "2:13", "mxnet"),
    "backward range": ("range: [1, 20]", "range: [20, 1]", "8:", "seed"),
    "trials overflow": ("range: [1, 20]", "range: [0, 9223372036854775806]", "", "trials"),
    "bad YAML": ("range: [1, 20]", "range: [1, 20", "", "expected"),
    "not UTF-8": ("A small one", "A \udcff\udcfe one", "1:", "UTF-8"),
}


def datasets(file):
    """Names of all datasets of an open file outside of /provenance."""
    names = []
    file.visititems(lambda name, item: names.append(name) if hasattr(item, "dtype") else None)
    return [name for name in names if not name.startswith("provenance/")]


def gansweep(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, errors="surrogateescape", timeout=300,
                          **options)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gansweep-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.experiment = self.folder / "small.yaml"
        self.write(EXPERIMENT)

    def write(self, text):
        self.experiment.write_bytes(text.encode(errors="surrogateescape"))

    def gansweep(self, *arguments, **options):
        return gansweep(*arguments, cwd=self.folder, **options)

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())

    def assert_fails(self, code, run, *patterns):
        """One line on standard error that matches, nothing on standard output, and this exit code."""
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertEqual(run.stdout, "")
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertTrue(run.stderr.startswith("gansweep: "), run.stderr)
        for pattern in patterns:
            self.assertRegex(run.stderr, pattern)

    def assert_refused(self, code, *arguments, patterns=(), options=None):
        """A failure that leaves every file as it was."""
        before = self.files()
        run = self.gansweep(*arguments, **(options or {}))
        self.assert_fails(code, run, *patterns)
        self.assertEqual(self.files(), before)
        return run


class Help(Case):
    def test_help_is_everywhere_and_has_examples(self):
        for arguments in [["--help"], ["-h"], ["help"]]:
            run = self.gansweep(*arguments)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            for name in SUBCOMMANDS:
                self.assertRegex(run.stdout, rf"(?m)^  {name} ")
        for name in SUBCOMMANDS:
            texts = {self.gansweep(*arguments).stdout for arguments in
                     [[name, "--help"], [name, "-h"], [name, "x", "--bad", "--help"], ["help", name]]}
            self.assertEqual(len(texts), 1)
            text = texts.pop()
            self.assertTrue(text.startswith(f"Usage: gansweep {name} "), text)
            self.assertRegex(text, rf"(?m)^Examples:\n  gansweep {name} ")
            self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_help_names_every_option_of_run(self):
        text = self.gansweep("run", "--help").stdout
        for option in ["-o, --output FILE", "--set NAME=VALUES", "--threads N", "--isa NAME", "--force", "--quiet", "--dry-run"]:
            self.assertIn(option, text)

    def test_version_is_printed_and_whether_it_has_mpi(self):
        run = self.gansweep("--version")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stdout, r"^gansweep \d+\.\d+\.\d+, (without MPI|with .+)\n$")


class CommandLine(Case):
    def test_bad_command_lines_are_refused(self):
        for arguments, pattern in [
                ([], "subcommand"),
                (["rum"], "did you mean 'run'"),
                (["run"], "EXPERIMENT"),
                (["report"], "FILE"),
                (["show", "x.h5"], "TRIAL"),
                (["run", "small.yaml", "another.yaml"], "unexpected 'another.yaml'"),
                (["run", "small.yaml", "--fource"], "did you mean '--force'"),
                (["run", "small.yaml", "-x"], "unknown option '-x'"),
                (["run", "small.yaml", "--force=yes"], "takes no value"),
                (["run", "small.yaml", "--resume", "--force"], "one of them"),
                (["run", "small.yaml", "--checkpoint", "-1"], "'-1' is not a number of seconds"),
                (["run", "small.yaml", "--checkpoint", "nan"], "'nan' is not a number of seconds"),
                (["run", "small.yaml", "--checkpoint", "5s"], "'5s' is not a number of seconds"),
                (["resume"], "FILE"),
                (["run", "small.yaml", "--shard", "4/3"], "--shard: '4/3' is not I/N"),
                (["merge", "a.h5", "b.h5"], "-o: the name of the merged file was expected"),
                (["merge", "-o", "a.h5"], "SHARD was expected"),
                (["merge", "-o", "a.h5", "b.h5", "--virtual", "--partial"], "a virtual file can't be partial"),
                (["merge", "-o", "a.h5", "b.h5", "c.h5", "--partail"], "did you mean '--partial'"),
                (["verify", "x.h5", "--recompute", "0"], "'0' is not a share"),
                (["verify", "x.h5", "--recompute", "101%"], "'101%' is not a share"),
                (["verify", "x.h5", "--recompute", "most"], "'most' is not a share"),
                (["run", "small.yaml", "-o"], "a value was expected"),
                (["run", "small.yaml", "--threads", "0"], "1 to 4096"),
                (["run", "small.yaml", "--threads", "two"], "'two'"),
                (["run", "small.yaml", "--threads", "2x"], "'2x'"),
                (["run", "small.yaml", "--threads=99999999999999999999"], "integer"),
                (["run", "small.yaml", "--isa", "avx3"], "did you mean 'avx2'"),
                (["run", "small.yaml", "--set", "lr_d=1"], "lr_D"),
                (["run", "small.yaml", "--set", "lr_D"], "--set"),
                (["run", "small.yaml", "--set", "lr_D=0"], "lr_D"),
                (["run", "small.yaml", "--set", "seed=5:1"], "seed"),
                (["report", "x.h5", "--format", "xml"], "expected one of table, csv, json, html"),
                (["report", "x.h5", "--two-sample", "--trials", "none"], "'none' is neither a number of trials"),
                (["report", "x.h5", "--two-sample", "--compare", "0,1"], "two reports"),
                (["report", "x.h5", "--points", "100"], "--two-sample was expected")]:
            with self.subTest(arguments=arguments):
                self.assert_refused(2, *arguments, patterns=[re.escape(pattern)])

    def test_options_may_be_written_in_every_usual_way(self):
        for arguments in [["-o", "a.h5", "small.yaml"], ["small.yaml", "-oa.h5"], ["--output=a.h5", "small.yaml"],
                          ["--output", "a.h5", "--", "small.yaml"]]:
            run = self.gansweep("run", "--quiet", *arguments)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
            self.assertEqual(self.files(), ["a.h5", "small.yaml"])
            (self.folder / "a.h5").unlink()

    def test_control_characters_do_not_reach_the_terminal(self):
        for control in ["\033", "\x9b"]:
            run = self.assert_refused(2, "run", f"{control}[31mred")
            self.assertNotIn(control, run.stderr)

    def test_a_full_standard_output_is_a_failure(self):
        with open("/dev/full", "w") as full:
            run = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn("standard output", run.stderr)


class BadExperiments(Case):
    def test_each_is_one_line_with_its_place(self):
        for name, (old, new, place, text) in BAD_EXPERIMENTS.items():
            with self.subTest(name=name):
                self.assertEqual(EXPERIMENT.count(old), 1)
                self.write(EXPERIMENT.replace(old, new))
                place = re.escape(f"gansweep: small.yaml:{place}") if place else r"^gansweep: small\.yaml:"
                run = self.assert_refused(2, "run", "small.yaml", patterns=[place, re.escape(text)])
                print(run.stderr, end="")

    def test_sizes_that_exceed_the_disk_are_refused_but_for_a_dry_run_which_warns(self):
        for seeds in ["seed=1:100000000000", "seed=1:1000000000000000"]:
            self.assert_refused(2, "run", "small.yaml", "--set", seeds, patterns=["free|room|overflow"])
            run = self.gansweep("run", "small.yaml", "--set", seeds, "--dry-run")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stderr, r"^gansweep: warning: the file needs .* and the disk has .* free.*\n$")
            self.assertEqual(self.files(), ["small.yaml"])

    def test_what_is_not_a_readable_file_is_refused(self):
        self.assert_refused(2, "run", "missing.yaml", patterns=["missing.yaml", "No such file"])
        self.assert_refused(2, "run", ".", patterns=["folder|directory"])
        os.mkfifo(self.folder / "fifo.yaml")
        self.assert_refused(2, "run", "fifo.yaml", patterns=["fifo.yaml"])
        self.assert_refused(2, "run", "/dev/zero", patterns=["/dev/zero"])
        self.assert_refused(2, "run", "", patterns=["No such file|empty"])
        self.write("")
        self.assert_refused(2, "run", "small.yaml", patterns=[r"small\.yaml"])
        if os.geteuid() != 0:
            self.write(EXPERIMENT)
            self.experiment.chmod(0)
            self.assert_refused(2, "run", "small.yaml", patterns=["Permission denied"])

    def test_an_unwritable_folder_is_refused(self):
        self.assert_refused(2, "run", "small.yaml", "-o", "nowhere/a.h5", patterns=["nowhere"])
        self.assert_refused(2, "run", "small.yaml", "-o", "small.yaml/a.h5", patterns=["small.yaml"])
        self.assert_refused(2, "run", "small.yaml", "-o", ".", patterns=["folder|directory"])
        self.assert_refused(2, "run", "small.yaml", "-o", "/proc/a.h5", patterns=["/proc"])

    def test_hostile_yaml_is_refused_quickly_and_in_little_memory(self):
        nested = "title: " + "[" * 100_000_000
        aliases = "a0: &a0 [x, x]\n" + "".join(
            f"a{i}: &a{i} [{', '.join(['*a%d' % (i - 1)] * 9)}]\n" for i in range(1, 40))
        deep = "title: " + "{a: " * 5000
        for text in [nested, aliases, deep, "title: &a [*a]\n", "\0" * 1000]:
            self.write(text)
            before = self.files()
            start = time.monotonic()
            process = subprocess.Popen([PROGRAM, "run", "small.yaml"], cwd=self.folder, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            out, error = process.stdout.read(), process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close(), process.stderr.close()
            self.assert_fails(2, subprocess.CompletedProcess([], process.returncode, out, error), r"small\.yaml")
            self.assertEqual(self.files(), before)
            self.assertLess(time.monotonic() - start, 10)
            self.assertLess(usage.ru_maxrss, 1_000_000)  # kB


class BadResults(Case):
    def test_files_that_are_not_ours_are_refused_with_3(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q", "-o", "good.h5").returncode, 0)
        good = (self.folder / "good.h5").read_bytes()
        (self.folder / "empty.h5").write_bytes(b"")
        (self.folder / "half.h5").write_bytes(good[:len(good) // 2])
        (self.folder / "header.h5").write_bytes(good[:100])
        (self.folder / "noise.h5").write_bytes(bytes(range(256)) * 64)
        (self.folder / "folder.h5").mkdir()
        os.mkfifo(self.folder / "fifo.h5")
        names = ["empty.h5", "half.h5", "header.h5", "noise.h5", "folder.h5", "fifo.h5", "small.yaml", "missing.h5"]
        for name in names:
            for arguments in [["report", name], ["show", name, "0"], ["list", name]]:
                with self.subTest(arguments=arguments):
                    run = self.assert_refused(3, *arguments, patterns=[re.escape(name)])
                    print(run.stderr, end="")

    def test_damage_that_would_change_numbers_is_refused_with_3(self):
        import h5py
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        with h5py.File(self.folder / "small.h5", "r+") as file:
            file["status"][3] = 3
        for arguments in [["report", "small.h5"], ["show", "small.h5", "3"]]:
            self.assert_refused(3, *arguments, patterns=["trial 3 has status 3"])

    def test_doubtful_numbers_are_reported_with_a_warning(self):
        import h5py
        few = ["--set", "seed=1:5"]
        self.write(EXPERIMENT.replace("samples: 50", "samples: 8").replace("samples: 10", "samples: 0"))
        self.assertIn("at least 9 keeps it", self.gansweep("run", "small.yaml", *few).stdout)
        self.write(EXPERIMENT.replace("samples: 50", "samples: 9").replace("samples: 10", "samples: 0"))
        run = self.gansweep("run", "small.yaml", "--force", *few)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn("keeps it", run.stdout)
        self.assertNotIn("numerical contract", run.stdout)
        with h5py.File(self.folder / "small.h5", "r+") as file:
            file["provenance/numerics_version"][()] = 1
        self.assert_refused(3, "report", "small.h5", patterns=["not as it was sealed"])
        subprocess.run([os.environ["SEAL_AGAIN"], str(self.folder / "small.h5")], check=True)
        self.assert_refused(3, "resume", "small.h5", patterns=["version 1 of the numerical contract", r"gansweep \d"])
        self.assert_refused(3, "verify", "small.h5", "--recompute", "all", patterns=["version 1 of the numerical contract"])
        self.assert_refused(3, "report", "small.h5", "--two-sample", patterns=["version 1 of the numerical contract"])
        self.assertEqual(self.gansweep("verify", "small.h5").returncode, 0)
        self.assertIn("made with version 1 of the numerical contract", self.gansweep("report", "small.h5").stdout)

    def test_a_trial_that_is_not_there_is_refused_with_2(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        for trial in ["20", "-1", "x", "1.5", "", "99999999999999999999"]:
            run = self.gansweep("show", "small.h5", "--", trial)
            self.assert_fails(2, run, "0 to 19")


class Runs(Case):
    def test_a_run_says_what_it_found_and_where_it_is(self):
        run = self.gansweep("run", "small.yaml")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.files(), ["small.h5", "small.yaml"])
        for pattern in ["A small one", "20 trials in 1 configuration", "print 0.693 / 0.693", "untrained", r"trials/s",
                        r"gansweep report small\.h5", r"gansweep show small\.h5 0", "xarray", "h5py"]:
            self.assertRegex(run.stdout, pattern)
        self.assertNotIn("\033", run.stdout + run.stderr)
        self.assertNotIn("\r", run.stderr)

    def test_a_profile_adds_up_to_the_whole(self):
        for threads in ["1", "2"]:
            run = self.gansweep("run", "small.yaml", "--set", "seed=1:2000", "--profile", "--quiet", "--force", "--threads",
                                threads)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            rows = {name.strip(): (float(seconds), float(share)) for name, seconds, share in
                    re.findall(r"^ +(\S.*?) +(\d+\.\d+) s +(\d+\.\d+) %$", run.stdout, re.MULTILINE)}
            total = rows.pop("in all")
            lapack = rows.pop("of these LAPACKE")
            self.assertLessEqual(lapack[0], rows["checks"][0])
            self.assertAlmostEqual(sum(seconds for seconds, _ in rows.values()), total[0], delta=0.01)
            self.assertAlmostEqual(sum(share for _, share in rows.values()), 100, delta=0.2)
            self.assertGreater(rows["training"][0], 0)
            self.assertRegex(run.stdout, r"progress took .* Threads came \d+ times for packs")

    def test_portable_vectors_are_said_to_be_slow(self):
        run = self.gansweep("run", "small.yaml", "--isa", "portable")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(len(re.findall("^gansweep: note: .*slower", run.stderr, re.MULTILINE)), 1, run.stderr)
        quiet = self.gansweep("run", "small.yaml", "--isa", "portable", "--quiet", "--force")
        self.assertEqual((quiet.returncode, quiet.stderr), (0, ""))

    def test_what_it_says_to_do_next_works(self):
        run = self.gansweep("run", "small.yaml", "-o", "with space's.h5")
        lines = [line.strip() for line in run.stdout.splitlines() if line.startswith("  ") and ".h5" in line]
        self.assertEqual(len(lines), 5)
        path = os.path.dirname(PROGRAM) + ":" + os.environ["PATH"]
        for line in lines:
            line = line.replace("python3", sys.executable, 1)
            done = subprocess.run(line, shell=True, cwd=self.folder, env=dict(os.environ, PATH=path), capture_output=True)
            self.assertEqual(done.returncode, 0, (line, done.stderr))

    def test_the_results_file_is_named_after_the_experiment(self):
        (self.folder / "sub").mkdir()
        for name, expected in [("sub/a.yaml", "a.h5"), ("b.c.yml", "b.c.h5"), ("plain", "plain.h5"), (".hidden", ".hidden.h5")]:
            shutil.copy(self.experiment, self.folder / name)
            self.assertEqual(self.gansweep("run", name, "-q").returncode, 0)
            self.assertIn(expected, self.files())

    def test_an_existing_file_is_kept_without_force(self):
        output = self.folder / "small.h5"
        output.write_text("precious")
        self.assert_refused(2, "run", "small.yaml", patterns=["small.h5", "--force"])
        self.assertEqual(output.read_text(), "precious")
        run = self.gansweep("run", "small.yaml", "-q", "--force")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(output.read_bytes()[:4], b"\x89HDF")

    def test_force_does_not_replace_the_experiment(self):
        for name in ["small.yaml", "./small.yaml"]:
            self.assert_refused(2, "run", "small.yaml", "--force", "-o", name, patterns=["small.yaml"])
        (self.folder / "link").symlink_to("small.yaml")
        self.assert_refused(2, "run", "small.yaml", "--force", "-o", "link")
        self.assertEqual(self.experiment.read_text(), EXPERIMENT)

    def test_plain_progress_is_lines_and_quiet_is_silent(self):
        run = self.gansweep("run", "small.yaml")
        self.assertRegex(run.stderr, r"^100\.0 %  20 of 20 trials  .*trials/s  .*examples/s  done  .* print 0\.693/0\.693\n$")
        run = self.gansweep("run", "small.yaml", "--force", "--quiet")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))

    def test_threads_and_processors_are_respected(self):
        def threads(prefix=(), environment=None, arguments=()):
            run = subprocess.run([*prefix, PROGRAM, "run", "small.yaml", "--dry-run", "--set", "seed=1:1000", *arguments], cwd=self.folder, text=True,
                                 capture_output=True, env=dict(os.environ, **(environment or {})))
            self.assertEqual(run.returncode, 0, run.stderr)
            return int(re.search(r"with (\d+) thread", run.stdout).group(1))
        self.assertEqual(threads(arguments=["--threads", "3"]), 3)
        self.assertEqual(threads(environment={"OMP_NUM_THREADS": "5"}), 5)
        self.assertEqual(threads(environment={"OMP_NUM_THREADS": "5"}, arguments=["--threads", "2"]), 2)
        one = str(min(os.sched_getaffinity(0)))
        self.assertEqual(threads(prefix=["taskset", "-c", one]), 1)
        import h5py
        run = self.gansweep("run", "small.yaml", "--threads", "8", "--set", "seed=1")
        self.assertIn("with 1 thread.", run.stdout)
        with h5py.File(self.folder / "small.h5") as file:
            self.assertEqual(file["provenance/threads"][()], 1)

    def test_overrides_make_the_plan(self):
        run = self.gansweep("run", "small.yaml", "--dry-run", "--set", "lr_D=0.01,0.05", "--set", "seed=1:200")
        self.assertRegex(run.stdout, r"trials +400 in 2 configurations")

    def test_shipped_experiments_can_be_planned(self):
        experiments = sorted((ROOT / "experiments").glob("*.yaml"))
        self.assertGreater(len(experiments), 0)
        for experiment in experiments:
            run = self.gansweep("run", experiment, "--dry-run")
            self.assertEqual((run.returncode, run.stderr), (0, ""), experiment.name)


class DryRun(Case):
    def test_it_says_what_a_run_would_be_and_makes_nothing(self):
        run = self.gansweep("run", "small.yaml", "--dry-run")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        for pattern in [r"trials +20 in 1 configuration\n", r"packs +\d+ of \d+ lanes \(\w+\), [\d.]+ % of the lanes used",
                        r"file +small\.h5, [\d.]+ [kM]B; .* free", r"time +about .* with \d+ threads?, .* trials/s"]:
            self.assertRegex(run.stdout, pattern)
        packs, lanes, used = re.search(r"packs +(\d+) of (\d+) lanes \(\w+\), ([\d.]+) %", run.stdout).groups()
        self.assertAlmostEqual(float(used), 100 * 20 / (int(packs) * int(lanes)), delta=0.051)
        self.assertEqual(self.files(), ["small.yaml"])

    def test_it_says_that_the_file_exists(self):
        self.assertNotIn("exists already", self.gansweep("run", "small.yaml", "--dry-run").stdout)
        (self.folder / "small.h5").write_text("precious")
        self.assertIn("exists already, so that a run needs --force", self.gansweep("run", "small.yaml", "--dry-run").stdout)
        self.assertEqual((self.folder / "small.h5").read_text(), "precious")

    def test_its_file_size_is_the_files(self):
        units = {"kB": 1e3, "MB": 1e6}
        said = re.search(r"file +small\.h5, ([\d.]+) (\w+);", self.gansweep("run", "small.yaml", "--dry-run", "--set",
                                                                            "seed=1:2000").stdout)
        self.gansweep("run", "small.yaml", "-q", "--set", "seed=1:2000")
        size = (self.folder / "small.h5").stat().st_size
        print(f"said {said.group(1)} {said.group(2)}, is {size} bytes")
        self.assertLess(abs(float(said.group(1)) * units[said.group(2)] - size) / size, 0.25)

    def test_a_billion_trials_take_under_a_second_and_constant_memory(self):
        memory, seconds = {}, {}
        for trials in [10**3, 10**9, 10**12]:
            for _ in range(3):
                start = time.monotonic()
                process = subprocess.Popen([PROGRAM, "run", ROOT / "experiments" / "d2l.yaml", "--dry-run", "--set",
                                            f"seed=1:{trials}"], cwd=self.folder, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                self.assertEqual(process.returncode, 0)
                memory[trials] = usage.ru_maxrss
                seconds[trials] = min(seconds.get(trials, 1e9), time.monotonic() - start)
        print("seconds", seconds, "kB", memory)
        self.assertLess(max(seconds.values()), max(1, 3 * seconds[1000]))  # the second: of a machine that others use
        self.assertLess(memory[10**12], 1.2 * memory[10**3])


class Forecast(Case):
    """What a sweep takes on other machines."""

    UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}

    def forecast(self, *arguments):
        run = self.gansweep("run", "small.yaml", "--dry-run", *arguments)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def size(self, text):
        number, unit = text.split()
        return float(number) * self.UNITS[unit]

    def rows(self, text):
        """{trials: the other columns} of the table."""
        rows = [re.split(r"  +", line.strip()) for line in text.splitlines() if re.match(r" *1[0,]+  ", line)]
        return {int(row[0].replace(",", "")): row[1:] for row in rows}

    def test_it_says_what_a_cluster_takes_and_makes_nothing(self):
        start = time.monotonic()
        said = self.forecast("--nodes", "10", "--cores", "64", "--set", "seed=1:1000000000")
        self.assertLess(time.monotonic() - start, 10)
        for pattern in [r"trials +1,000,000,000 in 1 conf", r"machines +10 nodes of 64 cores: a process a node, a thread a core\n",
                        r"parts +[\d,]+ of about [\d,]+ trials; a node trains one in [\d.]+ (ms|s|min|h).*\n",
                        r"file +small\.h5, [\d.]+ GB, and its parts, [\d.]+ GB\n", r"memory +at most [\d.]+ MB a process:",
                        r"traffic +[\d.]+ messages a second to and from a process, [\d,]+ in all: [\d.]+ [kM]B; process 0 spends",
                        r"time +about .*: starting 0\.[56] s, training .*, joining the parts", r"All cores train during [\d.<]+ .*% of it",
                        r"Taken for granted:\n +cores +each trains [\d,]+ trials a second, as \d+ threads? of this machine did"]:
            self.assertRegex(said, pattern)
        self.assertEqual(sorted(self.rows(said)), [10**6, 10**7, 10**8, 10**9, 10**10])
        self.assertEqual(self.files(), ["small.yaml"])

    def test_files_are_as_large_as_files_are(self):
        rows = self.rows(self.forecast("--nodes", "3", "--cores", "2", "--set", "seed=1:20000", "--parts", "20"))
        half = self.gansweep("run", "small.yaml", "--dry-run", "--set", "seed=1:10000000", "--force").stdout
        whole = re.search(r"file +small\.h5, ([\d.]+ \w+);", half).group(1)
        self.assertLess(abs(self.size(rows[10**7][5]) / self.size(whole) - 1), 0.02)
        self.assertLess(abs(self.size(rows[10**10][5]) / self.size(whole) / 1000 - 1), 0.02)

    def test_a_slow_disk_is_waited_for(self):
        options = ["--nodes", "100", "--cores", "64", "--set", "seed=1:1000000000"]
        slow, fast = self.forecast(*options, "--disk", "10"), self.forecast(*options, "--disk", "1000000")
        self.assertIn("The disk takes longer than the training", slow)
        self.assertIn("waiting for the disk", slow.split("The same experiment")[0])
        self.assertNotIn("The disk takes", fast)
        self.assertNotIn("waiting for the disk", fast.split("The same experiment")[0])
        self.assertIn("10 MB a second of all nodes together", slow)

    def test_one_machine_needs_neither_parts_nor_messages(self):
        said = self.forecast("--cores", "2")
        self.assertIn("machines    1 node of 2 cores", said)
        self.assertNotRegex(said, r"(?m)^(parts|traffic) ")
        self.assertNotRegex(said, "joining the parts")

    def test_memory_is_enough_for_a_run(self):
        said = self.forecast("--cores", "2", "--set", "seed=1:2000")
        most = self.size(re.search(r"memory +at most ([\d.]+ \w+) a process", said).group(1))
        process = subprocess.Popen([PROGRAM, "run", "small.yaml", "--threads", "2", "-q", "--set", "seed=1:2000"], cwd=self.folder)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        print(f"said {most:.3g}, took {1024 * usage.ru_maxrss:.3g} bytes")
        if "0 bytes a thread" not in said:  # AddressSanitizer's allocator does not tell
            self.assertLess(1024 * usage.ru_maxrss, most)
            self.assertLess(most, 8 * 1024 * usage.ru_maxrss)

    def test_what_does_not_fit_together_is_refused(self):
        for options, patterns in [(["--nodes", "2"], ["--dry-run was expected"]), (["--cores", "2", "-o", "a.h5"], ["--dry-run was"]),
                                  (["--dry-run", "--disk", "100"], ["--disk", "--nodes or --cores was expected"]),
                                  (["--dry-run", "--nodes", "2", "--shard", "1/2"], ["leave out --shard and --threads"]),
                                  (["--dry-run", "--cores", "2", "--threads", "2"], ["leave out --shard and --threads"]),
                                  (["--dry-run", "--nodes", "0"], ["--nodes"]), (["--dry-run", "--cores", "0"], ["--cores"]),
                                  (["--dry-run", "--nodes", "2", "--disk", "-1"], ["--disk"]),
                                  (["--dry-run", "--nodes", "2", "--parts", "21"], ["20 trials can't be divided into 21 parts"]),
                                  (["--dry-run", "--nodes", "2", "--virtual", "--parts", "513", "--set", "seed=1:1000"],
                                   ["up to 512 parts", "these are 513"])]:
            with self.subTest(options):
                self.assert_fails(2, self.gansweep("run", "small.yaml", *options), *patterns)
        self.assertEqual(self.files(), ["small.yaml"])


class Stored(Case):
    """Helpers for results files that were left, or changed."""

    SWEEP = ["--set", "seed=1:3000", "--set", "lr_D=0.01,0.02,0.05,0.1", "--set", "lr_G=0.005,1e37"]

    def contents(self, name):
        run = self.gansweep("verify", name)
        self.assertEqual((run.returncode, run.stderr), (0, ""), run.stdout)
        return re.search(r"^contents   ([0-9a-f]{32})$", run.stdout, re.MULTILINE).group(1)

    def start(self, *arguments):
        return subprocess.Popen([PROGRAM, *arguments, "--quiet"], cwd=self.folder, stderr=subprocess.PIPE, text=True)

    def wait_for(self, name):
        deadline = time.monotonic() + 60
        while not (self.folder / name).exists() and time.monotonic() < deadline:
            time.sleep(0.002)

    def status(self, name):
        import h5py
        with h5py.File(self.folder / name) as file:
            return file["status"][:]

    def set(self, name, change):
        import h5py
        with h5py.File(self.folder / name, "r+") as file:
            change(file)


class Resume(Stored):
    """What was left pending is trained, and only that; the file then equals one that was never left."""

    def kill_after_more(self, process, name, finished):
        """Kills a process as soon as more trials are finished than before; the statuses then."""
        self.wait_for(name)
        while process.poll() is None and (self.status(name) != 0).sum() <= finished:
            time.sleep(0.001)
        process.kill()
        process.communicate()
        return self.status(name)

    def test_a_killed_run_is_completed_to_the_same_file(self):
        import h5py
        self.assertEqual(self.gansweep("run", "small.yaml", "-q", "-o", "whole.h5", *self.SWEEP).returncode, 0)
        process = self.start("run", "small.yaml", "-o", "left.h5", "--checkpoint", "0.01", *self.SWEEP)
        before = self.kill_after_more(process, "left.h5", 0)
        for _ in range(2):  # and two resumes that are killed as well
            process = self.start("resume", "left.h5", "--checkpoint", "0.01")
            before = self.kill_after_more(process, "left.h5", (before != 0).sum())
        process = self.start("resume", "left.h5", "--checkpoint", "0.01")
        self.assertEqual(process.communicate()[1], "")
        print(f"{(before != 0).sum()} of {len(before)} trials were finished before the last resume")
        self.assertTrue(0 < (before != 0).sum() < len(before))
        after = self.status("left.h5")
        self.assertTrue((after[before != 0] == before[before != 0]).all())
        self.assertEqual(self.contents("left.h5"), self.contents("whole.h5"))
        self.assertIn(2, after)
        with h5py.File(self.folder / "left.h5") as left, h5py.File(self.folder / "whole.h5") as whole:
            names = datasets(whole)
            self.assertTrue({"loss_D", "plots/losses/loss_D_median", "plots/losses/title"} <= set(names))
            for name in names:
                self.assertEqual(left[name][()].tobytes(), whole[name][()].tobytes(), name)
        self.assertEqual(self.files(), ["left.h5", "small.yaml", "whole.h5"])

    def test_only_what_is_pending_is_trained(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        contents = self.contents("small.h5")

        def leave(file):
            file["status"][3], file["status"][17] = 0, 0
            file["loss_D"][3] = 7
        self.set("small.h5", leave)
        self.assertIn("note       1 pending trials have whole rows", self.gansweep("verify", "small.h5").stdout)
        self.assertNotEqual(self.contents("small.h5"), contents)
        run = self.gansweep("resume", "small.h5")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"\n2 trials in ")
        self.assertTrue(run.stdout.endswith("ledger: 20 planned = 20 done + 0 diverged + 0 pending\n"), run.stdout)
        self.assertEqual(self.contents("small.h5"), contents)
        run = self.gansweep("resume", "small.h5")
        self.assertEqual(run.returncode, 0)
        self.assertIn("small.h5 is complete: no trial is pending.\n", run.stdout)

    def test_run_resume_begins_and_goes_on(self):
        for seeds in range(2):
            self.assertEqual(self.gansweep("run", "small.yaml", "--resume", "-q").returncode, 0)
            contents = self.contents("small.h5")
            self.set("small.h5", lambda file: file["status"].__setitem__(5, 0))
        self.assertEqual(self.gansweep("run", "small.yaml", "--resume", "-q").returncode, 0)
        self.assertEqual(self.contents("small.h5"), contents)

    def test_another_experiment_is_refused_with_the_first_difference(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        self.assert_refused(3, "run", "small.yaml", "--resume", "--set", "lr_D=0.1",
                            patterns=["another experiment", "lr_D: 0.05", "lr_D: 0.1"])
        self.write(EXPERIMENT.replace("samples: 50", "samples: 60"))
        self.assert_refused(3, "run", "small.yaml", "--resume", patterns=["samples: 50", "samples: 60"])
        self.write("# another comment\n" + EXPERIMENT.replace("A small one", "The same, put better"))
        self.assertEqual(self.gansweep("run", "small.yaml", "--resume").returncode, 0)
        (self.folder / "small.h5").write_bytes(b"something else")
        self.assert_refused(3, "run", "small.yaml", "--resume", patterns=["not an HDF5 file"])
        (self.folder / "small.h5").unlink()
        self.assert_refused(3, "resume", "small.h5", patterns=["No such file"])

    def test_a_second_writer_is_refused_at_once(self):
        process = self.start("run", "small.yaml", "--set", "seed=1:600000")
        self.wait_for("small.h5")
        for arguments in [["resume", "small.h5"], ["run", "small.yaml", "--force"], ["run", "small.yaml", "--resume"]]:
            begin = time.monotonic()
            run = self.gansweep(*arguments)
            if "--resume" in arguments:
                self.assert_fails(3, run, "another experiment")
            else:
                self.assert_fails(1, run, f"process {process.pid} on .* writes it")
            self.assertLess(time.monotonic() - begin, 2)
        for reader in ["verify", "report", "list"]:
            self.assertEqual(self.gansweep(reader, "small.h5").returncode, 0)
        self.assertIsNone(process.poll(), "it is still being written")
        os.symlink("small.h5", self.folder / "another-name.h5")
        self.assert_fails(1, self.gansweep("resume", "another-name.h5"), "writes it")
        process.kill()
        process.communicate()
        self.assertIn("small.h5.lock", self.files())
        self.assertEqual(self.gansweep("verify", "small.h5").returncode, 0)

    def test_a_file_that_is_taken_away_ends_the_run_soon(self):
        path = self.folder / "small.h5"
        def replace():
            path.rename(self.folder / "other.h5")
            path.write_bytes((self.folder / "foreign.h5").read_bytes())
        self.assertEqual(self.gansweep("run", "small.yaml", "-o", "foreign.h5", "-q").returncode, 0)
        for take_away, said in [(path.unlink, "removed while it was written: there is no file"),
                                (replace, "renamed or replaced while .*, and can't be resumed: .*seed"),
                                (lambda: path.rename(self.folder / "other.h5"), "renamed or replaced while .*: there is no file"),
                                (lambda: os.truncate(path, 100000), "cut off or added to while .*, and can't be resumed: .*truncated")]:
            process = self.start("run", "small.yaml", "--set", "seed=1:600000", "--checkpoint", "0.2")
            self.wait_for("small.h5")
            time.sleep(0.5)
            take_away()
            error = process.communicate(timeout=20)[1]
            self.assertEqual(process.returncode, 1, error)
            self.assertRegex(error, said)
            self.assertNotIn("finished and kept; go on with", error)
            path.unlink(missing_ok=True)
        self.assertEqual(self.gansweep("verify", "other.h5").returncode, 0)
        self.assertGreater((self.status("other.h5") == 1).sum(), 0)

    def test_closed_standard_streams_are_no_harm(self):
        for closed in [">&-", "2>&-", "<&- >&- 2>&-"]:
            run = subprocess.run(["sh", "-c", f'"$0" run small.yaml --force {closed}', PROGRAM], cwd=self.folder,
                                 capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(self.gansweep("verify", "small.h5").returncode, 0)

    def test_damage_stops_a_resume_and_is_repaired_on_request(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        contents = self.contents("small.h5")

        def damage(file):
            file["loss_G"][4, 2] += 1
            file["seed"][7] = 99
            file["epoch"][1] = 9
            file["status"][11] = 2
            file["checksum"][13] = 1
            file["status"][15] = 0
        self.set("small.h5", damage)
        before = (self.folder / "small.h5").read_bytes()
        self.assert_refused(3, "resume", "small.h5", patterns=["damaged", "--repair"])
        self.assertEqual((self.folder / "small.h5").read_bytes(), before)
        self.assert_refused(3, "show", "small.h5", "4", patterns=["the row of trial 4 does not match its checksum"])
        run = self.gansweep("verify", "small.h5")
        self.assertEqual(run.returncode, 3)
        self.assertEqual(re.findall(r"(?m)^damaged: (.*)$", run.stdout),
                         ["epoch of position 1", "seed of trial 7", "loss_G of trial 4", "status of trial 11", "checksum of trial 13"])
        run = self.gansweep("resume", "small.h5", "--repair")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"\n4 trials in ")
        self.assertEqual(self.contents("small.h5"), contents)


class Verify(Stored):
    SWEEP = ["--set", "seed=1:300", *Stored.SWEEP[2:]]

    def test_every_bit_is_trained_again(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q", *self.SWEEP).returncode, 0)
        run = self.gansweep("verify", "small.h5", "--recompute", "all")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("2,400 of them, trained and checked again", run.stdout)
        self.assertIn("every bit is the same", run.stdout)
        run = self.gansweep("verify", "small.h5", "--recompute", "10%", "--seed", "5")
        self.assertRegex(run.stdout, r"recomputed 240 of them, trained and checked again \(--seed 5\)")
        self.assertEqual(run.stdout, self.gansweep("verify", "small.h5", "--recompute", "0.1", "--seed", "5").stdout)
        self.assertNotEqual(run.stdout, self.gansweep("verify", "small.h5", "--recompute", "0.1", "--seed", "6").stdout)

    def test_what_a_forger_changed_is_found_by_training_it_again(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        self.set("small.h5", lambda file: file["hotelling_t2"].__setitem__(4, 0.693))
        subprocess.run([os.environ["SEAL_AGAIN"], str(self.folder / "small.h5")], check=True)
        self.assertEqual(self.gansweep("verify", "small.h5").returncode, 0)
        run = self.gansweep("verify", "small.h5", "--recompute", "all")
        self.assertEqual(run.returncode, 3)
        self.assertEqual(re.findall(r"(?m)^damaged: (.*)$", run.stdout), ["hotelling_t2 of trial 4", "checksum of trial 4"])
        self.assertEqual(self.gansweep("resume", "small.h5", "--repair").returncode, 0)

    def test_plots_that_do_not_follow_from_the_rows_are_named_and_drawn_again(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        before = (self.folder / "small.h5").read_bytes()
        self.set("small.h5", lambda file: file["plots/ln2_by_epoch/both"].__setitem__(1, 0.5))
        run = self.gansweep("verify", "small.h5")
        self.assertEqual(run.returncode, 3)
        self.assertIn("plots      damaged in 1 places\n", run.stdout)
        self.assertIn("rows       whole", run.stdout)
        self.assertEqual(re.findall(r"(?m)^damaged: (.*)$", run.stdout), ["plots/ln2_by_epoch/both of position 1"])
        run = self.gansweep("resume", "small.h5")
        self.assertEqual(run.returncode, 3)
        self.assertIn("with --repair", run.stderr)
        self.assertEqual(self.gansweep("resume", "small.h5", "--repair").returncode, 0)
        self.assertEqual((self.folder / "small.h5").read_bytes(), before)

    def test_seconds_that_do_not_match_their_checksum_are_not_believed(self):
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        self.set("small.h5", lambda file: file["provenance/seconds"].__setitem__((), 1e9))
        run = self.gansweep("verify", "small.h5")
        self.assertEqual(run.returncode, 0)
        self.assertIn("the time of training is not known", run.stdout)
        self.assertIn("examples/sec is not known", self.gansweep("show", "small.h5", "3").stdout)

    def test_a_flipped_bit_of_any_row_is_named(self):
        import h5py
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        good = (self.folder / "small.h5").read_bytes()
        contents = self.contents("small.h5")
        with h5py.File(self.folder / "small.h5") as file:
            places = {name: (item.id.get_offset(), item.dtype.itemsize * item.size, item.shape)
                      for name, item in file.items() if isinstance(item, h5py.Dataset)}
        some = list(places.items())[::7 if "GANSWEEP_TEST_SHORT" in os.environ else 1]
        self.assertGreater(len(some), 6)
        for name, (address, size, shape) in some:
            at = address + (size * 7) // 20
            changed = bytearray(good)
            changed[at] ^= 0x10
            (self.folder / "small.h5").write_bytes(changed)
            run = self.gansweep("verify", "small.h5")
            row = (at - address) * shape[0] // size
            self.assertIn(f"damaged: {name} of {'trial' if shape[0] == 20 else 'position'} {row}\n", run.stdout)
            self.assertEqual(run.returncode, 3)
            self.assertEqual(self.gansweep("resume", "small.h5", "--repair").returncode, 0)
            self.assertEqual(self.contents("small.h5"), contents)


class Interruptions(Case):
    def start(self, *arguments):
        process = subprocess.Popen([PROGRAM, "run", "small.yaml", "--set", "seed=1:300000", "--quiet", *arguments], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.wait_for_results()
        return process

    def wait_for_results(self):
        deadline = time.monotonic() + 60
        while not (self.folder / "small.h5").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertIn("small.h5", self.files())

    def test_signals_end_a_run_and_keep_what_is_finished(self):
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU, signal.SIGUSR2]:
            process = self.start("--force", "--profile")
            time.sleep(0.3)
            start = time.monotonic()
            process.send_signal(number)
            out, error = process.communicate(timeout=60)
            seconds = time.monotonic() - start
            self.assertTrue(out.startswith("\nWhere the time went"), out)
            self.assert_fails(128 + number, subprocess.CompletedProcess([], process.returncode, "", error), number.name)
            said = re.search(r"([\d,]+) of 300,000 trials are finished and kept; go on with: \S*gansweep resume small\.h5\n", error)
            done = int(said.group(1).replace(",", ""))
            print(f"{number.name}: ended in {seconds:.2f} s, {done} trials kept")
            self.assertLess(seconds, 2)
            self.assertLess(done, 300000)
            report = self.gansweep("report", "small.h5").stdout
            self.assertIn(f"{done:,} done, 0 diverged, {300000 - done:,} pending", report)
            self.assertTrue(report.endswith(f"ledger: 300,000 planned = {done:,} done + 0 diverged + {300000 - done:,} pending\n"), report)
            self.assertEqual(self.files(), ["small.h5", "small.yaml"])
            (self.folder / "small.h5").unlink()

    def test_a_run_whose_epochs_take_seconds_ends_within_one(self):
        self.write(EXPERIMENT.replace("n: 40", "n: 300000").replace("discriminator: [5, 3]", "discriminator: [64, 64]"))
        process = subprocess.Popen([PROGRAM, "run", "small.yaml", "--quiet", "--threads", "2"], cwd=self.folder,
                                   stderr=subprocess.PIPE, text=True)
        self.wait_for_results()
        time.sleep(1.5)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
        print(f"ended in {time.monotonic() - start:.2f} s")
        self.assertLess(time.monotonic() - start, 2)
        self.assert_fails(143, subprocess.CompletedProcess([], process.returncode, "", error), "0 of 20 trials are finished")

    def test_a_second_signal_ends_at_once_and_leaves_a_good_file(self):
        process = self.start("--checkpoint", "0.05")
        time.sleep(0.4)
        process.send_signal(signal.SIGSTOP)  # so that it can't end in good order between the two
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=60)
        self.assertIn(process.returncode, [-signal.SIGTERM, -signal.SIGINT])
        self.assertEqual(self.gansweep("verify", "small.h5").returncode, 0)

    def test_a_reader_of_messages_that_sleeps_holds_up_no_signal(self):
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(write_end, True)
        process = subprocess.Popen([PROGRAM, "run", "small.yaml", "--set", "seed=1:3000000", "--checkpoint", "0.1"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=write_end)
        os.close(write_end)
        self.wait_for_results()
        time.sleep(6)  # longer than between two lines of progress
        process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        self.assertNotIn("small.h5.lock", self.files())  # all is written; only its last line waits
        text = b""
        while chunk := os.read(read_end, 65536):
            text += chunk
        self.assertEqual(process.wait(), 143)
        self.assertIn(b"ended by SIGTERM", text)
        os.close(read_end)

    def test_a_scheduler_that_stops_and_continues_is_obeyed(self):
        process = self.start("--checkpoint", "0.05")
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        _, error = process.communicate(timeout=60)
        self.assert_fails(143, subprocess.CompletedProcess([], process.returncode, "", error), "SIGTERM", "resume small.h5")

    def test_sigusr1_prints_progress_also_when_quiet(self):
        process = self.start()
        for _ in range(2):
            process.send_signal(signal.SIGUSR1)
            line = process.stderr.readline()
            self.assertRegex(line, r"^[\d.]+ %  [\d,]+ of 300,000 trials")
        process.kill()
        process.communicate()

    def test_a_signal_while_the_file_is_made_leaves_nothing(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            process = subprocess.Popen([PROGRAM, "run", "small.yaml", "--quiet", "--set", "seed=1:8000000"], cwd=self.folder,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while len(self.files()) < 2:
                time.sleep(0.001)
            process.send_signal(number)
            out, error = process.communicate(timeout=60)
            self.assertNotIn("small.h5", self.files(), "the file was there before the signal came")
            self.assert_fails(128 + number, subprocess.CompletedProcess([], process.returncode, out, error), "stopped before", "removed")
            self.assertEqual(self.files(), ["small.yaml"])

    def test_a_limit_of_the_files_size_is_a_failure_that_leaves_nothing(self):
        run = subprocess.run(["sh", "-c", 'ulimit -f 100; exec "$0" run small.yaml -q --set seed=1:100000', PROGRAM], cwd=self.folder,
                             capture_output=True, text=True)
        self.assert_fails(1, run, "File too large")
        self.assertEqual(self.files(), ["small.yaml"])

    def test_an_ignored_signal_stays_ignored(self):
        process = subprocess.Popen(["nohup", PROGRAM, "run", "small.yaml", "-q", "--set", "seed=1:100000"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        self.wait_for_results()
        self.assertIsNone(process.poll(), "it has ended before the signal")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(timeout=60), 0)


class Terminal(Case):
    def on_terminal(self, arguments, environment, columns=120):
        """What a command writes to a terminal, both streams together."""
        import fcntl
        import struct
        import termios
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        process = subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, stdin=theirs, stdout=theirs, stderr=theirs,
                                   env=environment)
        os.close(theirs)
        text = b""
        while True:
            ready, _, _ = select.select([ours], [], [], 60)
            try:
                piece = os.read(ours, 65536) if ready else b""
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        self.assertEqual(process.wait(), 0)
        return text.decode()

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items() if key not in ["NO_COLOR", "TERM"]}
        return {**kept, "TERM": "xterm", **more}

    def test_progress_is_a_bar_that_fits_the_terminal(self):
        arguments = ["run", "small.yaml", "--force", "--threads", "1", "--isa", "portable", "--set", "seed=1:6000"]
        for columns in [140, 60]:
            text = self.on_terminal(arguments, self.environment(), columns)
            drawn = re.findall(r"\r\033\[K([^\r]*?%  [^\r\n]*)", text)
            self.assertGreater(len(drawn), 0)
            plain = [re.sub(r"\033\[\d*m", "", line) for line in drawn]
            self.assertLess(max(map(len, plain)), columns)
            self.assertIn("trials", plain[0])
            self.assertTrue(columns == 60 or any(re.match(r"\[=*>? *\] ", line) for line in plain), plain)
        self.assertEqual(text.count("\033[1m") > 0, True)

    def test_no_color_has_a_bar_without_colour(self):
        text = self.on_terminal(["run", "small.yaml", "--force"], self.environment(NO_COLOR="1"))
        self.assertNotRegex(text, r"\033\[\d*m")

    def test_a_dumb_terminal_gets_plain_lines(self):
        text = self.on_terminal(["run", "small.yaml", "--force"], self.environment(TERM="dumb"))
        self.assertNotIn("\033", text)


class Show(Case):
    def test_a_trial_is_told_in_the_notebooks_words(self):
        import h5py
        self.gansweep("run", "small.yaml", "-q", "--threads", "2")
        run = self.gansweep("show", "small.h5", 3)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"(?m)^loss_D \d\.\d{3}, loss_G \d\.\d{3}, \d+\.\d examples/sec$")
        for pattern in ["sweep's mean rate a thread", "seed 4", "lr_D 0.05", r"mean +\[", r"covariance +\[\[", r"eigenvalues +\[",
                        r"true \[\[1\.01, 1\.95\], \[1\.95, 4\.25\]\]", r"The losses (print|don't print) 0\.693 / 0\.693"]:
            self.assertRegex(run.stdout, pattern)
        self.assertGreater(sum(line.count("D") + line.count("G") + line.count("*") for line in run.stdout.splitlines()
                               if "|" in line), 4)
        plot = [(float(label), cells) for label, cells in re.findall(r"(?m)^ *(-?[\d.e+-]+) \|(.*)$", run.stdout)]
        with h5py.File(self.folder / "small.h5") as file:
            seconds, threads = file["provenance/seconds"][()], file["provenance/threads"][()]
            for mark, name in [("D", "loss_D"), ("G", "loss_G")]:
                for epoch, loss in enumerate(file[name][3]):
                    drawn = [value for value, cells in plot if cells[3 * epoch] in [mark, "*"]]
                    self.assertEqual(len(drawn), 1)
                    self.assertAlmostEqual(drawn[0], loss, delta=(plot[0][0] - plot[-1][0]) / 22 + 2e-4)
        rate = float(re.search(r"([\d.]+) examples/sec$", run.stdout, re.MULTILINE).group(1))
        expected = 20 * 4 * 40 / (seconds * threads)
        self.assertAlmostEqual(rate, expected, delta=0.051 + 1e-6 * expected)

    def test_its_numbers_are_the_files(self):
        import h5py
        from scipy import stats
        self.gansweep("run", "small.yaml", "-q", "--set", "epochs=200")
        with h5py.File(self.folder / "small.h5") as file:
            for trial in [0, 7, 19]:
                text = self.gansweep("show", "small.h5", trial).stdout
                self.assertIn("loss_D %.3f, loss_G %.3f, " % (file["loss_D"][trial, -1], file["loss_G"][trial, -1]), text)
                self.assertIn("[%s]" % ", ".join("%.4g" % value for value in file["sample_mean"][trial]), text)
                self.assertIn("[%s]" % ", ".join("%.4g" % value for value in file["covariance_eigenvalues"][trial]), text)
                ok = bool(file["covariance_ok"][trial])
                prints = all("%.3f" % file[name][trial, -1] == "0.693" for name in ["loss_D", "loss_G"])
                self.assertIn("The losses %s 0.693 / 0.693%s the covariance is %s:" % (
                    "print" if prints else "don't print", " and" if prints == ok else ", but", "right" if ok else "wrong"), text)
                said = re.search(r"covariance p = (\S+), covariance and mean p = (\S+) ", text).groups()
                for p, statistic, freedom in zip(said, ["lrt_covariance", "lrt_joint"], [3, 5]):
                    expected = stats.chi2.sf(file[statistic][trial], freedom)
                    self.assertAlmostEqual(float(p), expected, delta=0.0051 * expected)

    def test_huge_losses_are_drawn(self):
        import h5py
        self.gansweep("run", "small.yaml", "-q")
        with h5py.File(self.folder / "small.h5", "r+") as file:
            for trial, value in enumerate([1e30, -1e30, 3e38, 1e-38, 0]):
                file["loss_D"][trial] = file["loss_G"][trial] = value
            file["loss_G"][5] = [3e38, -3e38, 0, 1]
        subprocess.run([os.environ["SEAL_AGAIN"], str(self.folder / "small.h5")], check=True)
        for trial in range(6):
            run = self.gansweep("show", "small.h5", trial)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertEqual(sum("|" in line for line in run.stdout.splitlines()), 12)

    def test_diverged_and_pending_trials_say_so(self):
        self.write(EXPERIMENT.replace("[5, 3]", "[5, 40]"))
        self.gansweep("run", "small.yaml", "-q", "--set", "lr_D=1e37")
        run = self.gansweep("show", "small.h5", 0)
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stdout, r"diverged: .* at the end of epoch \d of 4")
        self.assertNotIn("nan", run.stdout)
        process = subprocess.Popen([PROGRAM, "run", "small.yaml", "-q", "-o", "long.h5", "--set", "seed=1:300000"], cwd=self.folder)
        while not (self.folder / "long.h5").exists():
            time.sleep(0.01)
        process.terminate()
        process.wait()
        run = self.gansweep("show", "long.h5", 299999)
        self.assertEqual(run.returncode, 0)
        self.assertIn("pending", run.stdout)

    def test_wide_and_deep_experiments_are_shown(self):
        self.write(EXPERIMENT.replace("generator: []", "generator: [4]").replace(
            "A: [[1, 2], [-0.1, 0.5]], b: [1, 2]", "A: [%s], b: [%s]" % (
                ", ".join(str([int(i == j) for j in range(9)]) for i in range(9)), ", ".join(["0"] * 9))))
        self.assertEqual(self.gansweep("run", "small.yaml", "-q").returncode, 0)
        run = self.gansweep("show", "small.h5", 0)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(", ...]", run.stdout)
        self.assertIn("], ...]", run.stdout)
        self.assertNotIn("KL", run.stdout)  # a generator with hidden layers has no exact law


class List(Case):
    def test_every_dataset_is_listed_with_type_and_shape(self):
        import h5py
        self.gansweep("run", "small.yaml", "-q")
        text = self.gansweep("list", "small.h5").stdout
        with h5py.File(self.folder / "small.h5") as file:
            datasets = {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}
        lines = text.splitlines()
        self.assertEqual(lines[-2:], ["", "ledger: 20 planned = 20 done + 0 diverged + 0 pending"])
        listed = {line.split()[0]: line for line in lines[4:-2]}
        self.assertEqual(set(listed), set(datasets))
        with h5py.File(self.folder / "small.h5") as file:
            for name, line in listed.items():
                self.assertEqual(line.split()[1], file[name].dtype.name)
                shape = tuple(int(size) for size in re.findall(r"[a-z_\d]+ (\d+)(?: x |  )", line[len(name):]))
                self.assertEqual(shape, file[name].shape, line)


class Bench(Case):
    def test_the_peak_counts_a_steps_operations(self):
        run = self.gansweep("bench", "--peak", "--repeats", "1", "--epochs", "2", "--format", "json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        said = json.loads(run.stdout)
        self.assertEqual(sorted(said), ["conditions", "operations", "wall"])
        count = {row["operation"]: row["count"] for row in said["operations"]}
        # 24 discriminations with 8 tanh and a sigmoid each, and Adam's of 43 parameters
        self.assertEqual(count["divide"], 24 * 8 + 24 + 43)
        # two Box-Muller pairs for each of 4 blocks of normals, and Adam's
        self.assertEqual((count["square root"], count["square root (Adam)"]), (8, 43))
        for row in said["operations"]:
            unit = row["beside_ns"] if row["operation"] in ("divide", "square root", "square root (Adam)") else row["alone_ns"]
            self.assertAlmostEqual(row["wall_ns"], row["count"] * unit, delta=1e-4 * row["wall_ns"])
        wall = said["wall"][0]
        self.assertAlmostEqual(wall["operations"], sum(count.values()), delta=0.01)
        self.assertAlmostEqual(wall["issue_ns"], sum(row["wall_ns"] for row in said["operations"]), delta=0.01 * wall["issue_ns"])
        self.assertEqual(wall["wall_ns"], max(wall["issue_ns"], wall["divider_ns"]))
        side_by_side = sum(row["count"] * row["beside_ns"] for row in said["operations"])
        self.assertAlmostEqual(wall["side_by_side_ns"], max(side_by_side, wall["divider_ns"]), delta=0.01 * wall["wall_ns"])
        self.assertGreater(wall["share"], 0.1)
        self.assertGreater(wall["share_side_by_side"], 0.05)

    def test_every_section_is_in_the_table_and_in_json(self):
        # One epoch: what is asked is whether all is there, also of a program that a sanitizer makes 60 times slower.
        run = self.gansweep("bench", "--repeats", "1", "--threads", "2", "--epochs", "1")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        for words in ["epochs: 1 of 1000", "square root", "of the wall", "portable", "ratio", "times one", "Batch sizes", "2-64-64-1"]:
            self.assertIn(words, run.stdout)
        said = json.loads(self.gansweep("bench", "--repeats", "2", "--threads", "2", "--epochs", "1", "--format", "json").stdout)
        self.assertEqual(list(said), ["conditions", "operations", "wall", "instruction_sets", "shared_seeds", "threads", "batch_sizes",
                                      "shapes"])
        for row in said["instruction_sets"]:
            self.assertAlmostEqual(row["examples_a_second"], 1000 * row["trials_a_second"], delta=row["trials_a_second"])
            self.assertLessEqual(row["low"], row["trials_a_second"])
            self.assertLessEqual(row["trials_a_second"], row["high"])
        self.assertEqual([row["threads"] for row in said["threads"]], [1, 2])
        self.assertEqual(sorted(row["batch_size"] for row in said["batch_sizes"]), [1, 2, 4, 8, 16, 32, 64, 128, 256, 1000])
        self.assertEqual((said["conditions"][0]["epochs"], said["conditions"][0]["repeats"]), (1, 2))
        for row in said["shapes"]:
            self.assertGreater(row["operations"], 1000)
            self.assertGreater(row["examples_a_second"], 1000)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main(verbosity=2)
