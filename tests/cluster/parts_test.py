"""A sweep in parts, trained by one process: what a job of several does, but for what they say to each other.

The oracle is the file of one run, as in merge_test.py: what the parts become must equal it in every dataset outside of
/provenance. Whatever is refused is refused in one line, and every file stays as it was.

    parts_test.py PROGRAM [CLASS...]
"""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "merge"))
import merge_test  # takes PROGRAM off the command line

PROGRAM, TRIALS = merge_test.PROGRAM, merge_test.TRIALS
LONG, LONG_TRIALS = [], ""  # some two seconds of training on one thread, of whatever build: see setUpClass


class Case(merge_test.Case):
    @classmethod
    def setUpClass(cls):
        global LONG, LONG_TRIALS
        super().setUpClass()
        sweep = lambda seeds: ["--set", f"seed=1:{seeds}", "--set", "epochs=20,30,40", "--threads", "1"]
        begin = time.monotonic()
        subprocess.run([PROGRAM, "run", pathlib.Path(cls.held.name) / "small.yaml", "-q", "-o", pathlib.Path(cls.held.name) / "sweep.h5", *sweep(32)], check=True)
        seeds = 32 * min(32, 1 + int(2 / (time.monotonic() - begin)))
        LONG, LONG_TRIALS = sweep(seeds), f"{36 * seeds:,}"

    def parts(self, count, stem="small"):
        return [f"{stem}-{number:0{len(str(count))}}-of-{count}.h5" for number in range(1, count + 1)]

    def begin(self, *arguments):
        run = subprocess.Popen([PROGRAM, "run", "small.yaml", *map(str, arguments)], cwd=self.folder, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (run.kill(), run.communicate()))
        return run

    def wait_for_files(self, count, run):
        """Until so many results files are there."""
        for _ in range(3000):
            if len(list(self.folder.glob("*.h5"))) >= count or run.poll() is not None:
                return
            time.sleep(0.01)
        self.fail("no part was made")


class Parts(Case):
    def test_parts_become_the_file_of_one_run(self):
        for count in (1, 2, 5, 13, TRIALS):
            self.succeed("run", "small.yaml", "-q", "--parts", count, "-o", "all.h5")
            self.assertEqual(self.files(), ["all.h5", "small.yaml"])
            self.assert_equal_files("all.h5")
            (self.folder / "all.h5").unlink()

    def test_a_virtual_file_keeps_its_parts(self):
        self.succeed("run", "small.yaml", "-q", "--parts", "5", "--virtual")
        self.assertEqual(self.files(), sorted(["small.h5", "small.yaml", *self.parts(5)]))
        self.assertEqual(self.contents("small.h5"), self.contents(self.reference))
        for part in self.parts(5):
            self.succeed("verify", part)
        self.assertIn("is complete", self.succeed("run", "small.yaml", "--virtual", "--resume"))
        self.assertEqual(self.files(), sorted(["small.h5", "small.yaml", *self.parts(5)]))

    def test_the_number_of_parts_is_chosen(self):
        output = self.succeed("run", "small.yaml", "-n", "--virtual")
        self.assertRegex(output, r"(?m)^processes   \d+ threads? of 1 process: 1 part of about 84 trials;")
        self.assertEqual(self.files(), ["small.yaml"])

    def test_it_says_what_a_run_says(self):
        run = self.gansweep("run", "small.yaml", "--parts", "3", "--threads", "2")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"(?m)^84 trials in .*, [\d,]+ trials/s with 2 threads of 1 process\. The results are in small\.h5:$")
        self.assertRegex(run.stdout, r"(?m)^ledger: 84 planned = \d+ done \+ \d+ diverged \+ 0 pending$")
        self.assertRegex(run.stderr, r"(?m)^100\.0 %  84 of 84 trials ")
        with h5py.File(self.folder / "small.h5") as file:
            self.assertEqual(file["provenance/command_line"][()].decode(), "gansweep run small.yaml --parts 3 --threads 2")
            self.assertEqual(file["provenance/sources"][()].decode().count("small-"), 3)

    def test_force_replaces_the_file_and_all_parts(self):
        self.shards(4, only=[2, 4])
        self.shards(3, only=[1])
        self.succeed("run", "small.yaml", "-q")
        before = (self.folder / "small.h5").read_bytes()
        self.succeed("run", "small.yaml", "-q", "--parts", "6", "--force", "--set", "seed=1:3")
        self.assertEqual(self.files(), ["small.h5", "small.yaml"])
        self.assertNotEqual((self.folder / "small.h5").read_bytes(), before)


class Resume(Case):
    def test_killed_at_any_instant_it_goes_on(self):
        reference = pathlib.Path(self.held.name) / "long.h5"
        self.succeed("run", "small.yaml", "-q", *LONG, "-o", reference)
        for round in range(3 if merge_test.SHORT else 10):
            run = self.begin("-q", "--parts", "9", "--checkpoint", "0.05", *LONG)
            self.wait_for_files(1 + round % 7, run)
            time.sleep(0.03 * (round % 5))
            run.kill()
            run.wait()
            left = [name for name in self.files() if name.endswith(".h5")]
            for name in left:
                self.succeed("verify", name)
            self.succeed("run", "small.yaml", "-q", "--resume", "--parts", "9", *LONG)
            self.assertEqual(self.files(), ["small.h5", "small.yaml"], left)
            self.assertEqual(self.contents("small.h5"), self.contents(reference))
            (self.folder / "small.h5").unlink()

    def test_a_signal_ends_it_with_what_is_finished(self):
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            run = self.begin("--parts", "9", *LONG)
            self.wait_for_files(3, run)
            run.send_signal(number)
            _, message = run.communicate(timeout=60)
            self.assertEqual(run.returncode, code, message)
            self.assertRegex(message, rf"(?m)^gansweep: ended by {number.name}: [\d,]+ of {LONG_TRIALS} trials are finished and kept in the parts "
                                      r"of small\.h5; go on with the same command and --resume\n$")
            finished = 0
            for name in self.files():
                if name.endswith(".h5"):
                    self.succeed("verify", name)
                    with h5py.File(self.folder / name) as file:
                        finished += int((file["status"][:] > 0).sum())
            self.assertIn(f"{finished:,} of {LONG_TRIALS}", message)
            resumed = self.gansweep("run", "small.yaml", "--resume", "--parts", "9", *LONG)
            self.assertEqual(resumed.returncode, 0, resumed.stderr)
            self.assertRegex(resumed.stdout, rf"(?m)^{int(LONG_TRIALS.replace(',', '')) - finished:,} trials in ")
            for path in self.folder.glob("*.h5"):
                path.unlink()

    def test_finished_parts_are_not_trained_again(self):
        self.shards(4, only=[1, 3])
        before = [(self.folder / name).read_bytes() for name in self.parts(4)[::2]]
        run = self.gansweep("run", "small.yaml", "--resume", "--parts", "4", "--virtual")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stderr, r"(?m)^\d+ of 84 trials are finished: training the other \d+$")
        self.assertEqual([(self.folder / name).read_bytes() for name in self.parts(4)[::2]], before)
        self.assertEqual(self.contents("small.h5"), self.contents(self.reference))

    def test_parts_that_a_dead_job_could_not_remove_are_removed_and_nothing_else(self):
        self.succeed("run", "small.yaml", "-q", "--parts", "4", "--virtual")
        part = (self.folder / "small-2-of-4.h5").read_bytes()
        (self.folder / "small.h5").unlink()
        self.succeed("run", "small.yaml", "-q", "--parts", "4", "--resume")  # joins them
        self.assertEqual(self.files(), ["small.h5", "small.yaml"])
        (self.folder / "small-2-of-4.h5").write_bytes(part)
        (self.folder / "small-4-of-4.h5.lock").write_text("")  # killed between a part's removal and that of its lock
        self.succeed("run", "small.yaml", "-q", "--shard", "1/4", "--set", "lr_D=0.06,0.07")
        self.succeed("run", "small.yaml", "-q", "--shard", "3/4")
        self.succeed("run", "small.yaml", "-q", "--shard", "2/3")
        self.assertIn("small.h5 is complete", self.succeed("run", "small.yaml", "--parts", "4", "--resume"))
        self.assertEqual(self.files(), ["small-1-of-4.h5", "small-2-of-3.h5", "small-3-of-4.h5", "small.h5", "small.yaml"])

    @unittest.skipIf(merge_test.SHORT, "520 files take long")
    def test_more_parts_than_a_virtual_file_has_are_complete_as_well(self):
        many = ["--parts", "520", "--set", "seed=1:50", "--set", "epochs=1"]
        self.succeed("run", "small.yaml", "-q", *many)
        self.assertIn("small.h5 is complete", self.succeed("run", "small.yaml", "--resume", *many))

    def test_shards_that_someone_has_merged_are_left(self):
        names = self.shards(3)
        self.succeed("merge", "-q", "-o", "small.h5", *names)
        self.succeed("run", "small.yaml", "--parts", "3", "--resume")
        self.assertEqual(self.files(), sorted(["small.h5", "small.yaml", *names]))

    def test_begun_with_nothing_it_begins(self):
        self.succeed("run", "small.yaml", "-q", "--parts", "4", "--resume")
        self.assert_equal_files("small.h5")


class Refusals(Case):
    def test_parts_are_not_trained_again_by_one_process_alone(self):
        self.shards(4, only=[2])
        self.refused(2, "run", "small.yaml", "--resume",
                     patterns=["small-2-of-4.h5 is a part of these results: go on with the parts by --parts 4 --resume, or mpirun; .* without --resume"])
        self.succeed("run", "small.yaml", "-q")

    def test_what_is_there_is_not_replaced(self):
        self.shards(4, only=[2])
        self.refused(2, "run", "small.yaml", "--parts", "4", patterns=["small-2-of-4.h5, a part of these results, exists already: --resume .*--force"])
        self.refused(2, "run", "small.yaml", "--parts", "5", patterns=["small-2-of-4.h5"])
        (self.folder / "small-2-of-4.h5").unlink()
        self.succeed("run", "small.yaml", "-q")
        self.refused(2, "run", "small.yaml", "--parts", "4", patterns=["small.h5 exists already: give another name, --resume .*--force"])

    def test_a_part_of_another_experiment_is_named(self):
        self.succeed("run", "small.yaml", "-q", "--shard", "3/4", "--set", "lr_D=0.06,0.07")
        self.refused(3, "run", "small.yaml", "--parts", "4", "--resume", patterns=[r"small-3-of-4\.h5: it belongs to another experiment: it has .*0\.0599"])

    def test_a_part_with_other_trials_is_named(self):
        self.shards(4, only=[3])
        (self.folder / "small-3-of-4.h5").rename(self.folder / "small-2-of-4.h5")
        self.refused(3, "run", "small.yaml", "--parts", "4", "--resume", patterns=[r"small-2-of-4\.h5: it has the trials \d+ to \d+ of this experiment, and part 2 of 4 has"])

    def test_a_damaged_part_is_named(self):
        self.shards(4, only=[3])
        path = self.folder / "small-3-of-4.h5"
        with h5py.File(path) as file:
            row = file["loss_D"].id.get_offset() + 3 * file["loss_D"][0].nbytes
            status = file["status"].id.get_offset()
        with open(path, "r+b") as file:
            file.seek(status)
            file.write(b"\0")  # pending, so that the part is gone on with
            file.seek(row)
            file.write(b"\x11\x22")
        run = self.gansweep("run", "small.yaml", "--parts", "4", "--resume", "-q")
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertRegex(run.stderr, r"small-3-of-4\.h5: it is damaged, in \d+ places: gansweep resume --repair makes these again")
        path.write_bytes(b"nonsense")
        self.refused(3, "run", "small.yaml", "--parts", "4", "--resume", patterns=[r"small-3-of-4\.h5"])

    def test_two_divisions_are_told_apart(self):
        self.shards(4, only=[3])
        self.shards(5, only=[3])
        self.refused(2, "run", "small.yaml", "--resume", "--virtual", patterns=["small-3-of-. *.*and small-3-of-.*different divisions: say by --parts"])
        self.refused(2, "run", "small.yaml", "--resume", "--parts", "6", patterns=["--parts: small-3-of-.* not of 6"])
        self.succeed("run", "small.yaml", "-q", "--resume", "--parts", "5")
        self.assert_equal_files("small.h5")
        self.assertEqual(self.files(), ["small-3-of-4.h5", "small.h5", "small.yaml"])

    def test_a_file_that_one_process_began_is_left(self):
        run = self.begin("-q", "--checkpoint", "0", *LONG)
        self.wait_for_files(1, run)
        run.terminate()
        run.wait()
        self.refused(2, "run", "small.yaml", "--parts", "4", "--resume", *LONG, patterns=["small.h5 was begun by one process.*gansweep resume"])

    def test_nothing_is_removed_for_what_can_not_be(self):
        names = self.shards(3)
        self.refused(2, "run", "small.yaml", "--force", "--parts", "100", patterns=["84 trials can't be divided into 100"])
        self.refused(2, "run", "small.yaml", "--force", "--virtual", "--parts", "513", "--set", "seed=1:1000", patterns=["up to 512 parts"])
        self.assertEqual(self.files(), sorted(["small.yaml", *names]))

    def test_bad_numbers_of_parts(self):
        self.refused(2, "run", "small.yaml", "--parts", "85", patterns=["84 trials can't be divided into 85 parts"])
        self.refused(2, "run", "small.yaml", "--parts", "0", patterns=["--parts: '0' is not an integer from 1 to 1000000"])
        self.refused(2, "run", "small.yaml", "--set", "seed=1:100", "--virtual", "--parts", "513", patterns=["--virtual: up to 512 parts"])
        self.refused(2, "run", "small.yaml", "--parts", "2", "--shard", "1/2", patterns=["--shard is a part that one process trains alone"])
        self.refused(2, "run", "small.yaml", "--virtual", "--shard", "1/2", patterns=["--shard"])
        self.refused(2, "run", "small.yaml", "--parts", "2", "-o", "no/such.h5", patterns=["folder no/: No such file"])
        (self.folder / "folder").mkdir()
        self.refused(2, "run", "small.yaml", "--parts", "2", "-o", "folder", patterns=["folder is a folder"])

    def test_two_at_once_are_one_too_many(self):
        run = self.begin("-q", "--parts", "9", *LONG)
        self.wait_for_files(1, run)
        second = self.gansweep("run", "small.yaml", "--parts", "9", "--resume", *LONG)
        self.assertEqual(second.returncode, 1, second.stderr)
        self.assertRegex(second.stderr, rf"^gansweep: small\.h5: process {run.pid} on \S+ writes it")
        run.terminate()
        run.wait()

    def test_one_of_several_processes_without_mpi_is_refused(self):
        if "without MPI" not in self.gansweep("--version").stdout:
            self.skipTest("built with MPI")
        for variables, launcher in (("OMPI_COMM_WORLD_SIZE OMPI_COMM_WORLD_RANK", "mpirun"), ("PMI_SIZE PMI_RANK", "mpirun"),
                                    ("SLURM_STEP_NUM_TASKS SLURM_PROCID", "srun")):
            size, rank = variables.split()
            environment = os.environ | {size: "4", rank: "0"}
            self.refused(2, "run", "small.yaml", patterns=[f"started by {launcher} as one of 4 processes, but built without MPI"], env=environment)
            silent = self.gansweep("run", "small.yaml", env=environment | {rank: "3"})
            self.assertEqual((silent.returncode, silent.stdout, silent.stderr), (2, "", ""))
            alone = self.gansweep("run", "small.yaml", "-q", "-o", f"{size}.h5", env=environment | {size: "1"})
            self.assertEqual((alone.returncode, alone.stderr), (0, ""))

    def test_tasks_of_srun_may_have_shards_of_their_own(self):
        environment = os.environ | {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "1"}
        self.succeed("run", "small.yaml", "-q", "--shard", "2/4", env=environment)
        self.succeed("verify", "small-2-of-4.h5", env=environment)

    def test_what_one_process_does_is_refused_to_several(self):
        environment = os.environ | {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"}
        self.refused(2, "verify", self.reference, env=environment, patterns=["verify is done by one process, and this is one of 4 that mpirun has started"])
        self.assertIn("Usage", self.succeed("run", "--help", env=environment))
        for arguments in (["--help"], ["run", "--help"], ["--version"]):
            self.assertEqual(self.succeed(*arguments, env=environment | {"OMPI_COMM_WORLD_RANK": "2"}), "")
        silent = self.gansweep("report", self.reference, env=environment | {"OMPI_COMM_WORLD_RANK": "2"})
        self.assertEqual((silent.returncode, silent.stdout, silent.stderr), (2, "", ""))


if __name__ == "__main__":
    unittest.main()
