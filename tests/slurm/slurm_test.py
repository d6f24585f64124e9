"""The job scripts of docs/clusters.md, as printed there, on a Slurm cluster of three nodes (cluster.py).

    slurm_test.py PROGRAM SOURCE_ROOT [unittest's options]

What is done to the jobs: scontrol requeue, preemption by another job, a node whose power is cut, the time limit, scancel, a shard
that fails. All of them run at the same time, each in a folder of its own, while the tests look on; whatever became of them, the
results must be those of one run that nobody disturbed.
"""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time
import unittest

import h5py
import numpy

import cluster

# Read now: what is under /mnt can't be seen later.
DOCUMENT = pathlib.Path(sys.argv.pop(2), "docs/clusters.md").read_text()
PROGRAM = pathlib.Path(sys.argv.pop(1)).read_bytes()

SKIPPED = 77
SHARDS = 10
HOME = cluster.SHARED / "home"
PREEMPTED, REQUEUED, CUT = "node1", "node2", "node3"  # what happens to a task there: to all of them on the first and the last
LIMITS_ARE_LOOKED_AT = 30  # seconds between two looks of slurmctld at the time limits; not to be configured
EXPERIMENT = """\
title: On a cluster
convention: mxnet
data: {{law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}}
model: {{latent_dim: 2, generator: [], discriminator: [5, 3]}}
train: {{epochs: 50}}
parameters:
  seed: {{range: [1, {seeds}]}}
  lr_D: {{values: [0.05]}}
  lr_G: {{values: [0.005]}}
  batch_size: {{values: [8]}}
keep: {{samples: 16}}
check: {{samples: 1000, tolerance: 0.25}}
"""
PARTITIONS = "PartitionName=all Nodes=ALL Default=YES State=UP PriorityTier=1\nPartitionName=urgent Nodes=ALL State=UP PriorityTier=9\n"


def printed(language, words):
    """The example of the document in that language that has these words."""
    found = [code for code in re.findall(rf"(?ms)^```{language}\n(.*?)^```$", DOCUMENT) if words in code]
    assert len(found) == 1, f"docs/clusters.md: {len(found)} examples have {words!r}"
    return found[0]


def number(text):
    return int(text.replace(",", ""))


class Slurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster.Cluster(3, 20, PARTITIONS)
        cls.began, cls.seeds = time.monotonic(), {}
        (cluster.SHARED / "bin/gansweep").write_bytes(PROGRAM)
        (cluster.SHARED / "bin/gansweep").chmod(0o755)
        cls.has_mpi = "MPI" in cls.user("gansweep --version")
        cls.say(f"gansweep {'with' if cls.has_mpi else 'without'} MPI; Slurm {cls.user('sinfo --version').split()[-1]}")
        rate = cls.trials_a_second()
        cls.say(f"{rate} trials a second of a processor")
        # Seconds of a processor: long enough to be caught in the middle, short enough for a test.
        cls.folder("array", 8 * rate)
        cls.folder("long", 7 * rate * SHARDS)
        cls.folder("fails", rate)
        cls.cut = cls.user(f"sbatch --parsable --cpus-per-task=1 --array=4 --nodelist={CUT} sweep.sh", "long")
        cls.cancelled = cls.user(f"sbatch --parsable --cpus-per-task=1 --array=5 --nodelist={REQUEUED} sweep.sh", "long")
        cls.array, cls.merge = cls.submit_both("array")
        (HOME / "fails/sweep-07-of-10.h5").mkdir()  # no file can be made there
        cls.failing, cls.never = cls.submit_both("fails", "--cpus-per-task=1")
        cls.disturb()

    # ---- what a user does ----

    @classmethod
    def say(cls, text):
        print(f"{time.monotonic() - cls.began:5.1f} s  {text}", flush=True)

    @classmethod
    def call(cls, command, folder="."):
        """A command line of the user, who is not root, on the machine where slurmctld runs."""
        return subprocess.run(["bash", "-c", command], cwd=HOME / folder, env=cls.cluster.environment, user=cls.cluster.user.pw_uid,
                              group=cls.cluster.user.pw_gid, extra_groups=[], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    @classmethod
    def user(cls, command, folder="."):
        done = cls.call(command, folder)
        assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    @classmethod
    def folder(cls, name, seeds):
        folder = HOME / name
        folder.mkdir()
        cls.seeds[name] = seeds
        (folder / "sweep.yaml").write_text(EXPERIMENT.format(seeds=seeds))
        (folder / "sweep.sh").write_text(printed("bash", "--array"))
        shutil.chown(folder, cls.cluster.user.pw_uid)
        return name

    @classmethod
    def trials_a_second(cls):
        """Of processor time, which tells little of what else this machine is at."""
        trials, before = 512, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        cls.user("gansweep run sweep.yaml --threads 1 --quiet", cls.folder("rate", trials))
        return int(trials / (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before))

    @classmethod
    def submit_both(cls, folder, options=""):
        """The two lines of the document, with options after the first sbatch; returns both job numbers."""
        lines = printed("sh", "sbatch --dependency").replace("sbatch --parsable", f"sbatch --parsable {options}", 1)
        said = cls.user(lines + "echo $array", folder).splitlines()
        return said[-1], re.search(r"Submitted batch job (\d+)", said[0]).group(1)

    @classmethod
    def submit_mpi(cls, name, launcher):
        """The MPI job of the document, on two nodes; with another line that starts the processes where one is given."""
        cls.folder(name, cls.seeds["array"])
        script = printed("bash", "srun --mpi=pmix")
        if launcher:
            script, lines = re.subn(r"(?m)^srun --mpi=pmix .*\n", launcher, script)
            assert lines == 1, script
        (HOME / name / "sweep.sh").write_text(script)
        return cls.user("sbatch --parsable --nodes=2 --cpus-per-task=1 sweep.sh", name)

    @classmethod
    def jobs(cls, job):
        """{task: {what scontrol says of it}} of an array, or {0: ...} of a job."""
        lines = cls.user(f"scontrol --oneliner show job {job}").splitlines()
        fields = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines]
        return {int(found["ArrayTaskId"]) if found.get("ArrayTaskId", "").isdigit() else 0: found for found in fields}

    @classmethod
    def finished(cls, folder, shard):
        """How many trials of a shard are finished, as a reader of its file sees it; 0 without a file."""
        said = cls.call(f"gansweep report sweep-{shard:02}-of-{SHARDS}.h5", folder).stdout
        found = re.search(r"ledger: .* = ([\d,]+) done", said)
        return number(found.group(1)) if found else 0

    @classmethod
    def running(cls, job):
        """{task: node} of the tasks of an array that are running."""
        lines = cls.user(f"squeue --noheader --array --states=RUNNING --format='%K %N' --jobs={job} 2>/dev/null || true").splitlines()
        return {int(line.split()[0]): line.split()[1] for line in lines if len(line.split()) == 2}

    # ---- what happens to the jobs ----

    @classmethod
    def disturb(cls):
        cls.preempted, cls.requeued = cls.catch_two()
        cls.user(f"scontrol requeue {cls.array}_{cls.requeued}")
        cls.user(f"sbatch --partition=urgent --exclusive --nodelist={PREEMPTED} --output=/dev/null --wrap 'sleep 1'")
        cls.say(f"task {cls.requeued} is requeued, task {cls.preempted} preempted")
        cls.wait(lambda: cls.finished("long", 5) > 0, "a checkpoint of the task to be cancelled")
        cls.user(f"scancel {cls.cancelled}_5")
        cls.wait(lambda: cls.finished("long", 4) > 0, "a checkpoint of the task to be cut off")
        cls.kept = cls.finished("long", 4)
        cls.cut_too = [task for task, node in cls.running(cls.array).items() if node == CUT]
        cls.cluster.power_off(CUT)
        cls.say(f"{CUT} is off; {cls.kept} trials of its task were acknowledged; tasks {cls.cut_too} of the array ran there, too")
        cls.wait(lambda: "down" in cls.user(f"sinfo --noheader --nodes={CUT} --format=%T"), f"{CUT} to be missed")
        cls.say("Slurm has noticed")
        cls.cluster.power_on(CUT)
        if cls.has_mpi:
            cls.mpi_jobs = {"mpi": cls.submit_mpi("mpi", ""), "mpirun": cls.submit_mpi("mpirun", printed("sh", "mpirun --map-by"))}
        look = LIMITS_ARE_LOOKED_AT
        while (next_look := look - (time.monotonic() - cls.cluster.slurmctld_began)) < 3.5:
            look += LIMITS_ARE_LOOKED_AT
        if cls.has_mpi:
            cls.end_mpi()
        time.sleep(max(0, cls.cluster.slurmctld_began + look - 3.5 - time.monotonic()))
        cls.limited = cls.user("sbatch --parsable --cpus-per-task=1 --array=3 --time=1 sweep.sh", "long")
        cls.say("a task with a time limit of a minute, of which Slurm warns a minute before")

    @classmethod
    def end_mpi(cls):
        """What Slurm does when the time is nearly up."""
        for name, job in cls.mpi_jobs.items():
            cls.wait(lambda: len(list((HOME / name).glob("sweep-*-of-*.h5"))) >= 2, f"two parts of the job {name} to be begun")
            time.sleep(0.5)
            cls.user(f"scancel --batch --signal=USR2 {job}")
            cls.say(f"{name}: the time is up")

    @classmethod
    def catch_two(cls):
        """The tasks of the array that train on the first two nodes."""
        def training():
            there = {node: task for task, node in cls.running(cls.array).items()
                     if (HOME / f"array/sweep-{task:02}-of-{SHARDS}.h5").exists()}
            return [there[node] for node in (PREEMPTED, REQUEUED) if node in there]

        cls.wait(lambda: len(training()) == 2, "two tasks of the array to train")
        time.sleep(0.3)
        return training()

    @classmethod
    def wait(cls, condition, what, seconds=60):
        cls.cluster.wait(condition, what, seconds)

    @classmethod
    def wait_for_end(cls, job):
        cls.wait(lambda: not cls.user(f"squeue --noheader --jobs={job} 2>/dev/null || true"), f"job {job} to end")

    # ---- what must have become of them ----

    def contents(self, file, folder):
        said = self.user(f"gansweep verify {file}", folder)
        return re.search(r"(?m)^contents +(\w+)", said).group(1)

    def log(self, folder, task):
        return (HOME / folder / f"sweep-{task}.log").read_text()

    def assert_state(self, fields, state, restarts=None, code=None):
        self.assertEqual(fields["JobState"], state, fields)
        if restarts is not None:
            self.assertEqual(int(fields["Restarts"]), restarts, fields)
        if code is not None:
            self.assertEqual(fields["ExitCode"], f"{code}:0", fields)

    def assert_gone_on(self, log, signal):
        """It was told to end, kept what it had, and went on with just that. Returns how much that was."""
        kept = re.findall(rf"gansweep: ended by {signal}: ([\d,]+) of [\d,]+ trials are finished and kept", log)
        self.assertGreater(len(kept), 0, log)
        found = re.findall(r"(?m)^([\d,]+) of [\d,]+ trials are finished: training the other", log)
        self.assertLessEqual(set(kept) - {"0"}, set(found), log)  # its node may have been cut off later
        return number(kept[0])

    def reference(self, folder):
        """`contents` of a run that nobody disturbed."""
        self.user("mkdir -p alone; gansweep run sweep.yaml -o alone/sweep.h5 --quiet --resume", folder)
        return self.contents("alone/sweep.h5", folder)

    def test_1_the_array_of_the_document_is_merged_into_the_file_of_one_run(self):
        expected = self.reference("array")
        self.wait_for_end(self.merge)
        self.assert_state(self.jobs(self.merge)[0], "COMPLETED", 0, 0)
        tasks = self.jobs(self.array)
        self.assertEqual(sorted(tasks), list(range(1, SHARDS + 1)))
        for task, fields in tasks.items():
            self.assert_state(fields, "COMPLETED", None, 0)
            self.assertIn("ledger: ", self.log("array", task))
        for task in {self.requeued, self.preempted, *self.cut_too}:
            self.assertGreaterEqual(int(tasks[task]["Restarts"]), 1, task)
        self.say(f"restarts: {({task: int(fields['Restarts']) for task, fields in sorted(tasks.items())})}")
        nodes = {fields["BatchHost"] for fields in tasks.values()}
        self.assertGreaterEqual(len(nodes), 2, nodes)
        for task in (self.requeued, self.preempted):
            self.say(f"task {task} went on with {self.assert_gone_on(self.log('array', task), 'SIGTERM')} trials")
        self.assertEqual(self.contents("sweep.h5", "array"), expected)
        self.say(f"contents of the array and of one run: {expected}")
        self.compare_datasets(HOME / "array/sweep.h5", HOME / "array/alone/sweep.h5")

    def compare_datasets(self, merged, alone):
        with h5py.File(merged) as first, h5py.File(alone) as second:
            names = [[], []]
            for file, found in zip((first, second), names):
                file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
                found[:] = [name for name in found if not name.startswith("provenance/")]
            self.assertEqual(names[0], names[1])
            self.assertGreater(len(names[0]), 20)
            for name in names[0]:
                numpy.testing.assert_array_equal(numpy.asarray(first[name][()]), numpy.asarray(second[name][()]), err_msg=name)

    def test_2_a_task_whose_node_lost_its_power_goes_on_with_what_was_acknowledged(self):
        self.wait_for_end(self.cut)
        self.assert_state(self.jobs(self.cut)[4], "COMPLETED", 1, 0)
        log = self.log("long", 4)
        self.assertNotIn("ended by", log)
        kept = number(re.search(r"(?m)^([\d,]+) of [\d,]+ trials are finished: training", log).group(1))
        self.assertGreaterEqual(kept, self.kept)
        self.say(f"went on with {kept} trials after the cut")
        self.user(f"gansweep verify --recompute 2% sweep-04-of-{SHARDS}.h5", "long")

    def test_3_the_time_limit_is_told_to_gansweep_and_the_task_requeues_itself(self):
        self.wait_for_end(self.limited)
        fields = self.jobs(self.limited)[3]
        self.assert_state(fields, "COMPLETED", None, 0)
        self.assertGreaterEqual(int(fields["Restarts"]), 1, fields)
        kept = self.assert_gone_on(self.log("long", 3), "SIGUSR2")
        self.assertGreater(kept, 0)
        self.say(f"went on with {kept} trials after the warning")
        self.user(f"gansweep verify --recompute 2% sweep-03-of-{SHARDS}.h5", "long")

    def test_4_a_cancelled_task_keeps_its_trials_and_stays_cancelled(self):
        self.wait_for_end(self.cancelled)
        self.assert_state(self.jobs(self.cancelled)[5], "CANCELLED", 0, 143)
        self.assertIn("gansweep: ended by SIGTERM", self.log("long", 5))
        self.assertGreater(self.finished("long", 5), 0)
        self.user(f"gansweep verify sweep-05-of-{SHARDS}.h5", "long")

    def test_5_a_failed_shard_holds_up_the_merging_and_is_trained_by_submitting_it_again(self):
        self.wait_for_end(self.failing)
        self.wait_for_end(self.never)
        for task, fields in self.jobs(self.failing).items():
            self.assert_state(fields, *(("FAILED", None, 3) if task == 7 else ("COMPLETED", None, 0)))
        self.assertIn("gansweep: sweep-07-of-10.h5", self.log("fails", 7))
        self.assert_state(self.jobs(self.never)[0], "CANCELLED")
        self.assertFalse((HOME / "fails/sweep.h5").exists())
        (HOME / "fails/sweep-07-of-10.h5").rmdir()
        merging = re.search(r"--wrap '(.*)'", printed("sh", "sbatch --dependency")).group(1)
        refused = self.call(merging, "fails")
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertRegex(refused.stderr, r"gansweep: .*trials? .*(none|pending|missing)")
        self.say(f"refused: {refused.stderr.strip()}")
        again = self.user("sbatch --parsable --cpus-per-task=1 --array=7 sweep.sh", "fails")
        self.wait_for_end(again)
        self.user(merging, "fails")
        self.assertEqual(self.contents("sweep.h5", "fails"), self.reference("fails"))

    def test_6_an_mpi_job_whose_time_is_up_goes_on_and_makes_the_file_of_one_run(self):
        if not self.has_mpi:
            self.skipTest("gansweep is built without MPI (cmake --preset mpi)")
        expected = self.reference("array")
        for name, job in self.mpi_jobs.items():
            self.wait_for_end(job)
            self.assert_state(self.jobs(job)[0], "COMPLETED", 1, 0)
            log = (HOME / name / "sweep-mpi.log").read_text()
            self.say(f"{name}: went on with {self.assert_gone_on(log, 'SIGUSR2')} trials")
            self.assertIn("with 2 threads of 2 processes", log)
            self.assertEqual(self.contents("sweep.h5", name), expected)


def fail_with_logs():
    for file in sorted((cluster.SHARED / "log").glob("*")):
        if not file.name.endswith(".out"):
            print(f"== {file.name}\n{file.read_text(errors='replace')[-1500:]}")
    for file in sorted(HOME.glob("*/*.log")):
        print(f"== {file.relative_to(HOME)}\n{file.read_text(errors='replace')[-500:]}")


def main():
    if cluster.INSIDE not in os.environ:
        reason = cluster.reason_to_skip()
        if reason:
            print(f"skipped: {reason}")
            return SKIPPED
    cluster.enter()
    result = unittest.main(exit=False, verbosity=2, warnings="ignore").result
    if not result.wasSuccessful():
        fail_with_logs()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
