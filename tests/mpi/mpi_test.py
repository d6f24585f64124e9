"""Several processes that mpirun has started train one sweep.

The oracle is the file of one process, as in merge_test.py: however many ranks there are, whichever is killed, what they
leave must be completed to a file that equals it in every dataset outside of /provenance.

    mpi_test.py PROGRAM [CLASS...]          with MPIRUN, and FAKETIME (libfaketime.so.1), in the environment
"""
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "merge"))
import merge_test  # takes PROGRAM off the command line

PROGRAM, SHORT = merge_test.PROGRAM, merge_test.SHORT
MPIRUN = os.environ.get("MPIRUN", "mpirun")
OPEN_MPI = re.search("Open MPI|OpenRTE", subprocess.run([MPIRUN, "--version"], capture_output=True, text=True).stdout)
os.environ |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
MORE_THAN_PROCESSORS = ["--oversubscribe", "--bind-to", "none"] if OPEN_MPI else []
# Some seconds of training on one thread.
LONG = ["--set", "seed=1:1000", "--set", "epochs=20,30,40"]


class Case(merge_test.Case):
    def command(self, ranks, *arguments):
        return [MPIRUN, *MORE_THAN_PROCESSORS, "-n", str(ranks), PROGRAM, *map(str, arguments)]

    def mpirun(self, ranks, *arguments, **options):
        return self.launch(self.command(ranks, *arguments), **options)

    def launch(self, command, **options):
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, errors="surrogateescape", timeout=300, **options)

    def begin(self, ranks, *arguments):
        run = subprocess.Popen(self.command(ranks, *arguments), cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (run.kill(), run.communicate()))
        return run

    def train(self, ranks, *arguments, **options):
        """To the end; what mpirun itself says, as of a network that is not there, does not count."""
        run = self.mpirun(ranks, *arguments, **options)
        self.assertEqual((run.returncode, self.ours(run.stderr)), (0, []), run.stderr)
        return run

    def ours(self, text):
        return [line for line in text.splitlines() if line.startswith("gansweep")]

    def results(self):
        return [name for name in self.files() if name.endswith(".h5")]

    def wait_for_parts(self, count, run):
        for _ in range(6000):
            if len(self.results()) >= count or run.poll() is not None:
                return
            time.sleep(0.01)
        self.fail("no part was made")

    def ranks_of(self, mpirun):
        """Process numbers of the program, by rank, among all that mpirun has started."""
        found, waiting = {}, [mpirun]
        while waiting:
            process = waiting.pop()
            try:
                waiting += map(int, pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split())
                environment = pathlib.Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
                if os.readlink(f"/proc/{process}/exe") != PROGRAM:
                    continue
            except OSError:
                continue
            for variable in environment:
                name, _, value = variable.partition(b"=")
                if name in (b"OMPI_COMM_WORLD_RANK", b"PMI_RANK"):
                    found.setdefault(int(value), process)  # a child that opens a file has its rank, too
        return found

    def long_reference(self):
        reference = pathlib.Path(self.held.name) / "long.h5"
        if not reference.exists():
            self.succeed("run", "small.yaml", "-q", *LONG, "-o", reference)
        return reference


class Ranks(Case):
    def test_any_number_of_ranks_makes_the_file_of_one_process(self):
        for ranks in (1, 2, 3, 5):
            for parts in ([], ["--parts", "13"]):
                self.train(ranks, "run", "small.yaml", "-q", *parts)
                self.assertEqual(self.files(), ["small.h5", "small.yaml"])
                self.assert_equal_files("small.h5")
                (self.folder / "small.h5").unlink()

    def test_a_virtual_file_keeps_the_parts_of_all(self):
        self.train(3, "run", "small.yaml", "-q", "--virtual", "--parts", "6")
        self.assertEqual(len(self.results()), 7)
        self.assertEqual(self.contents("small.h5"), self.contents(self.reference))
        with h5py.File(self.folder / "small.h5") as file, h5py.File(self.reference) as whole:
            for dataset in merge_test.datasets(whole):
                self.assertEqual(file[dataset][()].tobytes(), whole[dataset][()].tobytes(), dataset)

    def test_every_rank_trains(self):
        run = self.begin(3, "run", "small.yaml", "-q", "--threads", "1", "--parts", "30", "--virtual", *LONG)
        writers = set()
        while run.poll() is None:
            for lock in self.folder.glob("small-*.lock"):
                try:
                    writers |= set(re.findall(r"(?m)^process (\d+)$", lock.read_text()))
                except OSError:
                    pass
            time.sleep(0.005)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(len(writers), 3)

    def test_ranks_on_one_host_share_its_processors(self):
        processors = len(os.sched_getaffinity(0))
        for ranks in (2, 3):
            run = self.train(ranks, "run", "small.yaml", "--force")
            self.assertIn(f"with {max(processors, ranks)} threads of {ranks} processes", run.stdout)
        run = self.train(2, "run", "small.yaml", "--force", "--threads", "3")
        self.assertIn("with 6 threads of 2 processes", run.stdout)
        run = self.train(2, "run", "small.yaml", "--force", env=os.environ | {"OMP_NUM_THREADS": "2"})
        self.assertIn("with 4 threads of 2 processes", run.stdout)

    def test_messages_are_few_and_answered_while_process_0_trains(self):
        run = self.train(2, "run", "small.yaml", "--profile", "--threads", "1", "--parts", "8", "--set", "seed=1:4000", "--set", "epochs=20,30,40")
        messages, rate = re.search(r"messages to and from process 0 +(\d+) +([\d.]+) a second", run.stdout).groups()
        answer = re.search(r"waiting for an answer +([\d.]+) s at most", run.stdout).group(1)
        print(f"{messages} messages, {rate} a second; the longest answer took {answer} s")
        self.assertGreater(int(messages), 6)
        self.assertLess(int(messages), 6 * int(messages) / float(rate) + 2 * 8 + 10)  # two questions a second, beside those of parts and of the end; the bar is 10
        self.assertLess(float(answer), 0.5)  # on a machine with more threads than processors

    def test_clocks_may_differ(self):
        if not os.environ.get("FAKETIME", "").startswith("/"):
            self.skipTest("no libfaketime")
        for offset in ("-400d", "+3y"):
            later = ["env", "LD_PRELOAD=" + os.environ["FAKETIME"], "FAKETIME=" + offset, "FAKETIME_DONT_FAKE_MONOTONIC=1"]
            run = [PROGRAM, "run", "small.yaml", "-q", "--parts", "12"]
            done = self.launch([MPIRUN, *MORE_THAN_PROCESSORS, "-n", "1", *run, ":", "-n", "1", *later, *run])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_equal_files("small.h5")
            (self.folder / "small.h5").unlink()


class Output(Case):
    def test_one_process_speaks_for_all(self):
        run = self.train(3, "run", "small.yaml", "--threads", "1", "--parts", "9")
        self.assertEqual(len(re.findall(r"(?m)^ledger: 84 planned = \d+ done \+ \d+ diverged \+ 0 pending$", run.stdout)), 1)
        self.assertEqual(len(re.findall(r"(?m)^84 trials in .* with 3 threads of 3 processes\. The results are in small\.h5:$", run.stdout)), 1)
        self.assertEqual(len(re.findall(r"(?m)^100\.0 %  84 of 84 trials ", run.stderr)), 1)
        self.assertEqual(run.stdout.count("Does loss = ln 2 appear?"), 1)

    def test_quiet_says_nothing(self):
        run = self.train(2, "run", "small.yaml", "-q")
        self.assertEqual(run.stdout, "")
        self.assertNotRegex(run.stderr, "trials")

    def test_progress_is_that_of_all(self):
        self.long_reference()
        run = self.begin(2, "run", "small.yaml", "--threads", "1", "--parts", "9", *LONG)
        self.wait_for_parts(6, run)
        rank_0 = self.ranks_of(run.pid)[0]
        os.kill(rank_0, signal.SIGUSR1)
        _, message = run.communicate(timeout=100)
        self.assertEqual(run.returncode, 0, message)
        first = re.search(r"(?m)^ *([\d.]+) %  ([\d,]+) of 36,000 trials", message)
        self.assertGreater(float(first.group(1)), 20, message)  # five parts of nine begun, most of four done
        self.assertEqual(self.contents("small.h5"), self.contents(self.long_reference()))

    def test_help_and_version_come_once(self):
        for arguments, line in ((["--version"], "gansweep "), (["run", "--help"], "Usage: "), (["--help"], "Usage: ")):
            run = self.train(3, *arguments)
            self.assertEqual(len([found for found in run.stdout.splitlines() if found.startswith(line)]), 1, run.stdout)

    def test_what_all_find_wrong_is_said_once(self):
        for code, pattern, arguments in ((2, "unknown option", ["run", "small.yaml", "--nonsense"]), (2, "no.yaml", ["run", "no.yaml"]),
                                         (2, "--shard is a part", ["run", "small.yaml", "--shard", "1/2"]),
                                         (2, "--nodes and --cores plan for other machines: leave out mpirun", ["run", "small.yaml", "-n", "--nodes", "2"]),
                                         (2, "report is done by one process", ["report", self.reference]),
                                         (2, "84 trials can't be divided into 100", ["run", "small.yaml", "--parts", "100"])):
            run = self.mpirun(3, *arguments)
            self.assertEqual(run.returncode, code, run.stderr)
            self.assertEqual(len(self.ours(run.stderr)), 1, run.stderr)
            self.assertIn(pattern, self.ours(run.stderr)[0])
            self.assertEqual(self.files(), ["small.yaml"])

    def test_a_dry_run_says_how_it_would_be_divided(self):
        run = self.train(2, "run", "small.yaml", "-n", "--threads", "1", "--parts", "7")
        self.assertRegex(run.stdout, r"(?m)^processes   2 threads of 2 processes: 7 parts of about 12 trials;")
        self.assertEqual(run.stdout.count("experiment  "), 1)
        self.assertEqual(self.files(), ["small.yaml"])

    def test_a_forecast_divides_as_a_job_does(self):
        options = ["run", "small.yaml", "-n", "--set", "seed=1:50000000"]
        job = self.mpirun(2, *options, "--threads", "1").stdout
        forecast = self.gansweep(*options, "--nodes", "2", "--cores", "1").stdout
        parts = r"(\d+) parts of about ([\d,]+) trials", r"parts +(\d+) of about ([\d,]+) trials"
        self.assertEqual(re.search(parts[0], job).groups(), re.search(parts[1], forecast).groups())
        self.assertGreater(int(re.search(parts[0], job).group(1)), 2)

    def test_without_mpirun_mpi_is_not_begun(self):
        # Open MPI and MPICH would not begin with these.
        self.succeed("run", "small.yaml", "-q", env=os.environ | {"OMPI_MCA_pml": "nonsense", "OMPI_MCA_btl": "nonsense", "PMI_FD": "77"})
        self.assert_equal_files("small.h5")


class Failures(Case):
    def other_rank(self, script):
        """Rank 1 sees a folder that a script has made, in a namespace of its own."""
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
            self.skipTest("mounting is not allowed")
        path = self.folder.parent / (self.folder.name + "-rank")
        path.write_text("#!/bin/sh\n"
                        '[ "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ] || exec "$@"\n'
                        f'exec unshare -m sh -c \'{script} && cd . && exec "$0" "$@"\' "$@"\n')
        path.chmod(0o755)
        self.addCleanup(path.unlink, missing_ok=True)
        return str(path)

    def run_apart(self, script, *arguments):
        return self.launch([MPIRUN, *MORE_THAN_PROCESSORS, "-n", "2", self.other_rank(script), PROGRAM, "run", "small.yaml", *arguments])

    def test_a_folder_that_one_rank_cannot_write_ends_the_job(self):
        (self.folder / "out").mkdir()
        run = self.run_apart(f"mount --bind {self.folder}/out {self.folder}/out && mount -o remount,ro,bind {self.folder}/out",
                             "-q", "-o", "out/small.h5", "--parts", "12", "--threads", "1", *LONG)
        self.assertEqual(run.returncode, 2, run.stderr)
        host = os.uname().nodename
        self.assertRegex(run.stderr, rf"(?m)^gansweep: rank 1 on {host}: out/small-..-of-12\.h5.* can't be (made|written|locked).*Read-only file system")
        self.assertRegex(run.stderr, r"(?m)^gansweep: ended by a failure: [\d,]+ of 36,000 trials are finished and kept in the parts of out/small\.h5")
        for path in (self.folder / "out").glob("*.h5"):
            self.succeed("verify", path)
        self.train(3, "run", "small.yaml", "-q", "-o", "out/small.h5", "--resume", *LONG)
        self.assertEqual(self.contents("out/small.h5"), self.contents(self.long_reference()))
        self.assertEqual([path.name for path in (self.folder / "out").iterdir()], ["small.h5"])

    def test_a_rank_with_another_folder_of_the_same_name_is_told(self):
        (self.folder / "out").mkdir()
        for old_lock in ("", f" && cp {self.folder}/old.lock {self.folder}/out/small.h5.lock"):
            (self.folder / "old.lock").write_text("host gone\n")
            run = self.run_apart(f"mount -t tmpfs none {self.folder}/out{old_lock}", "-q", "-o", "out/small.h5")
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertRegex(run.stderr, r"(?m)^gansweep: rank 1 on .*: out/small\.h5\.lock, which rank 0 has made, is not there: all ranks need the same folder$")
        self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_ranks_with_different_experiments_are_told(self):
        run = [PROGRAM, "run", "small.yaml", "-q"]
        done = self.launch([MPIRUN, *MORE_THAN_PROCESSORS, "-n", "2", *run, ":", "-n", "1", *run, "--set", "lr_D=0.3"])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^gansweep: rank 2 on .*: small\.yaml: it is another experiment here than on rank 0$")
        self.assertEqual(self.files(), ["small.yaml"])

    def test_a_part_of_another_experiment_is_refused_by_whoever_finds_it(self):
        self.succeed("run", "small.yaml", "-q", "--shard", "4/4", "--set", "lr_D=0.06,0.07")
        before = (self.folder / "small-4-of-4.h5").read_bytes()
        run = self.mpirun(3, "run", "small.yaml", "--resume")
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertRegex(run.stderr, r"(?m)^gansweep: rank \d on .*: small-4-of-4\.h5: it belongs to another experiment")
        self.assertEqual(self.files(), ["small-4-of-4.h5", "small.yaml"])
        self.assertEqual((self.folder / "small-4-of-4.h5").read_bytes(), before)

    def test_of_two_jobs_at_once_the_second_is_refused(self):
        longer = ["--set", "seed=1:20000", "--set", "epochs=20,30,40"]
        first = self.begin(2, "run", "small.yaml", "-q", "--threads", "1", "--parts", "9", *longer)
        self.wait_for_parts(2, first)
        for arguments in (["--resume"], ["--force"], ["--resume", "--parts", "9"], []):
            second = self.mpirun(2, "run", "small.yaml", *arguments, *longer)
            self.assertEqual(second.returncode, 1, second.stderr)
            self.assertRegex(second.stderr, r"(?m)^gansweep: rank 0 on .*: small\.h5: process \d+ on \S+ writes it")
        self.assertIsNone(first.poll())
        first.terminate()
        first.communicate(timeout=100)
        for name in self.results():
            self.succeed("verify", name)

    def interrupted(self, signal_number, process_of):
        run = self.begin(3, "run", "small.yaml", "--threads", "1", "--parts", "12", *LONG)
        self.wait_for_parts(4, run)
        os.kill(process_of(run), signal_number)
        _, message = run.communicate(timeout=100)
        for name in self.results():
            self.succeed("verify", name)
        return run.returncode, message

    def test_a_signal_to_one_rank_ends_all_with_what_is_finished(self):
        for rank in (0, 2):
            code, message = self.interrupted(signal.SIGTERM, lambda run: self.ranks_of(run.pid)[rank])
            self.assertEqual(code, 143, message)
            kept = re.findall(r"(?m)^gansweep: ended by SIGTERM: ([\d,]+) of 36,000 trials are finished and kept in the parts of small\.h5; "
                              r"go on with the same command and --resume$", message)
            self.assertEqual(len(kept), 1, message)
            finished = 0
            for name in self.results():
                with h5py.File(self.folder / name) as file:
                    finished += int((file["status"][:] > 0).sum())
            self.assertEqual(f"{finished:,}", kept[0])
            self.train(2, "run", "small.yaml", "-q", "--resume", *LONG)
            self.assertEqual(self.contents("small.h5"), self.contents(self.long_reference()))
            (self.folder / "small.h5").unlink()

    def test_a_signal_to_one_rank_stops_the_others_soon(self):
        run = self.begin(2, "run", "small.yaml", "-q", "--threads", "1", "--parts", "12", "--set", "seed=1:20000", "--set", "epochs=20,30,40")
        self.wait_for_parts(2, run)
        os.kill(self.ranks_of(run.pid)[1], signal.SIGTERM)
        run.communicate(timeout=100)
        self.assertEqual(run.returncode, 143)
        self.assertLess(len(self.results()), 12)

    def test_ranks_that_are_told_to_end_one_after_the_other_all_write_what_they_have(self):
        for wait in (0.1, 0.35, 0.6):
            run = self.begin(2, "run", "small.yaml", "--threads", "1", "--parts", "12", "--set", "seed=1:20000", "--set", "epochs=20,30,40")
            self.wait_for_parts(2, run)
            ranks = self.ranks_of(run.pid)
            os.kill(ranks[0], signal.SIGTERM)
            time.sleep(wait)
            try:
                os.kill(ranks[1], signal.SIGTERM)
            except ProcessLookupError:
                pass  # it was as fast
            _, message = run.communicate(timeout=100)
            self.assertEqual(run.returncode, 143, message)
            self.assertEqual(len(re.findall("(?m)^gansweep: ended by SIGTERM: ", message)), 1, message)
            for name in self.results():
                self.succeed("verify", name)
                (self.folder / name).unlink()

    def test_a_signal_to_mpirun_ends_all_with_what_is_finished(self):
        code, message = self.interrupted(signal.SIGTERM, lambda run: run.pid)
        self.assertNotEqual(code, 0)
        self.train(4, "run", "small.yaml", "-q", "--resume", *LONG)
        self.assertEqual(self.files(), ["small.h5", "small.yaml"])
        self.assertEqual(self.contents("small.h5"), self.contents(self.long_reference()))


class Kills(Case):
    def test_a_rank_killed_at_any_instant_costs_nothing_that_was_finished(self):
        """Resumed with another number of ranks, again and again, until it is complete."""
        chance = random.Random(7)
        rounds = 5 if SHORT else 50
        reference = self.long_reference()
        kills = resumed = 0
        while kills < rounds:
            resume = ["--resume"] if self.results() else []
            run = self.begin(chance.choice((1, 2, 3, 5)), "run", "small.yaml", "-q", "--threads", "1", "--checkpoint", "0.1",
                             *resume, *(["--parts", "24"] if not resume else []), *LONG)
            before = {name: self.finished(name) for name in self.results()}
            end = time.monotonic() + chance.choice((0.3, 0.6, 1, 1.5, 2)) * chance.random() + 0.2
            while time.monotonic() < end and run.poll() is None:
                time.sleep(0.01)
            ranks = self.ranks_of(run.pid)
            if ranks and run.poll() is None:
                os.kill(ranks[chance.choice(sorted(ranks))], signal.SIGKILL)
                kills += 1
            run.communicate(timeout=100)
            if run.returncode == 0 or "small.h5" in self.results():
                self.train(2, "run", "small.yaml", "-q", "--resume", *LONG)
                self.assertEqual(self.files(), ["small.h5", "small.yaml"])
                self.assertEqual(self.contents("small.h5"), self.contents(reference))
                (self.folder / "small.h5").unlink()
                continue
            for name in self.results():
                self.succeed("verify", name)
                self.assertGreaterEqual(self.finished(name), before.get(name, 0))
            resumed += bool(before)
        if self.results():
            self.train(3, "run", "small.yaml", "-q", "--resume", *LONG)
            self.assertEqual(self.files(), ["small.h5", "small.yaml"])
            self.assert_equal_files("small.h5", reference)
        print(f"{kills} kills, {resumed} of these of a job that was resumed")

    def finished(self, name):
        with h5py.File(self.folder / name) as file:
            return int((file["status"][:] > 0).sum())


class Hosts(Case):
    """Hosts are network namespaces of this machine, joined by a bridge: ranks reach each other by TCP alone."""

    NAMES = ["gansweep-a", "gansweep-b", "gansweep-c"]
    ADDRESSES = ["10.213.7.1", "10.213.7.2", "10.213.7.3"]

    def setUp(self):
        super().setUp()
        if not OPEN_MPI or os.geteuid() != 0 or not shutil.which("ip"):
            self.skipTest("needs Open MPI, root and ip")
        self.addCleanup(self.remove_hosts)
        self.remove_hosts()
        for name in self.NAMES:
            if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
                self.skipTest("network namespaces are not allowed")
        self.inside(0, "ip link add bridge type bridge && ip link set bridge up && ip link set lo up && ip addr add 10.213.7.1/24 dev bridge")
        for i in (1, 2):
            self.check(f"ip link add gsweep{i} netns {self.NAMES[0]} type veth peer name wire netns {self.NAMES[i]}")
            self.inside(0, f"ip link set gsweep{i} master bridge up")
            self.inside(i, f"ip link set lo up && ip addr add {self.ADDRESSES[i]}/24 dev wire && ip link set wire up")
        self.agent = self.folder.parent / (self.folder.name + "-agent")
        cases = "".join(f"{address}) name={name} ;;\n" for address, name in zip(self.ADDRESSES, self.NAMES))
        self.agent.write_text(f'#!/bin/sh\ncase $1 in\n{cases}esac\nshift\n'
                              'exec ip netns exec "$name" unshare --uts sh -c "hostname $name; $*"\n')
        self.agent.chmod(0o755)
        self.addCleanup(self.agent.unlink)

    def check(self, command):
        run = subprocess.run(command, shell=True, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)

    def inside(self, host, command):
        self.check(f"ip netns exec {self.NAMES[host]} sh -c '{command}'")

    def remove_hosts(self):
        for name in self.NAMES:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def on_hosts(self, ranks, *arguments):
        command = [str(self.agent), self.ADDRESSES[0], MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", ranks, "--host",
                   ",".join(f"{address}:4" for address in self.ADDRESSES), "--map-by", "node", "--mca", "plm_rsh_agent", self.agent,
                   "--mca", "oob_tcp_if_include", "10.213.7.0/24", "--mca", "btl_tcp_if_include", "10.213.7.0/24",
                   PROGRAM, "run", "small.yaml", *arguments]
        return self.launch(list(map(str, command)))

    def test_hosts_make_the_file_of_one_process(self):
        for ranks in (2, 3, 5):
            run = self.on_hosts(ranks, "-q", "--parts", "13", "--threads", "1")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assert_equal_files("small.h5")
            (self.folder / "small.h5").unlink()

    def test_parts_are_handed_out_over_the_network_while_process_0_trains(self):
        run = self.on_hosts(3, "--virtual", "--parts", "24", "--threads", "1", "--profile", *LONG)
        self.assertEqual(run.returncode, 0, run.stderr)
        answer = re.search(r"waiting for an answer +([\d.]+) s at most", run.stdout).group(1)
        rate = re.search(r"messages to and from process 0 +\d+ +([\d.]+) a second", run.stdout).group(1)
        print(f"{rate} messages a second; the longest answer took {answer} s")
        self.assertLess(float(answer), 0.5)
        hosts = set()
        for path in self.folder.glob("small-*.h5"):
            with h5py.File(path) as file:
                hosts.add(file["provenance/host"][()].decode())
        self.assertEqual(hosts, set(self.NAMES))
        self.assertEqual(self.contents("small.h5"), self.contents(self.long_reference()))

    def test_a_host_that_disappears_ends_the_job_and_costs_nothing(self):
        command = [str(self.agent), self.ADDRESSES[0], MPIRUN, "--oversubscribe", "-n", "3", "--host", ",".join(self.ADDRESSES), "--mca", "plm_rsh_agent", str(self.agent),
                   "--mca", "oob_tcp_if_include", "10.213.7.0/24", "--mca", "btl_tcp_if_include", "10.213.7.0/24",
                   PROGRAM, "run", "small.yaml", "-q", "--parts", "24", "--threads", "1", "--checkpoint", "0.1", *LONG]
        run = subprocess.Popen(command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (run.kill(), run.communicate()))
        self.wait_for_parts(6, run)
        for process in subprocess.run(["ip", "netns", "pids", self.NAMES[2]], capture_output=True, text=True).stdout.split():
            os.kill(int(process), signal.SIGKILL)
        run.communicate(timeout=100)
        self.assertNotEqual(run.returncode, 0)
        for name in self.results():
            self.succeed("verify", name)
        done = self.on_hosts(2, "-q", "--resume", *LONG)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.files(), ["small.h5", "small.yaml"])
        self.assertEqual(self.contents("small.h5"), self.contents(self.long_reference()))


if __name__ == "__main__":
    unittest.main()
