"""What all sections of the torture campaign stand on: the small experiment, running the program with time limits, and
the check after every case.

A section is a module with `run(campaign)`, which hands named functions to `campaign.cases()`. Each function gets a
`Case` with a folder and a random generator of its own, so that any case can be played again alone with the same seed.

The rule of every case: whatever was done to the program, what it had acknowledged is still there, the file is sound,
`resume` completes it, and the result is the same to the last bit as that of a run that nobody disturbed.
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import h5py
import numpy

EXPERIMENT = """title: A small one
convention: mxnet
generator_loss: non-saturating
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 64}
model: {latent_dim: 2, generator: [], discriminator: [5, 3]}
train: {epochs: 3}
parameters:
  seed: {range: [1, 8]}
  lr_D: {values: [0.05, 1.0e+37]}
  lr_G: {values: [0.005, 1.0e+37]}
  batch_size: {values: [4, 8, 16, 32]}
keep: {samples: 4}
check: {samples: 16, tolerance: 0.25}
"""
# One that takes seconds of computing, for what must end soon.
LONG_EXPERIMENT = EXPERIMENT.replace("n: 64", "n: 1000").replace("epochs: 3", "epochs: 2000")

TIME_LIMIT = 60  # seconds; a run takes some 0.02
CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
LEDGER = re.compile(r"([\d,]+) planned = ([\d,]+) done \+ ([\d,]+) diverged \+ ([\d,]+) pending")
CONTENTS = re.compile(r"(?m)^\s*contents\s+([0-9a-f]+)\s*$")
COUNTER = struct.Struct("24sQ")
RESULTS = "r.h5"
MARK = ".torture"  # of a work folder, which is emptied


def changing_parts(data):
    """[(name, address, bytes)] of what is written again outside of the rows: the seal of a file's bytes says it."""
    begin = data.index(b"gansweep seal 1\n")
    seal = data[begin:data.index(b"\nend ", begin)].decode()
    return [(name, int(address), int(size)) for name, address, size in re.findall(r"(?m)^changes +/(\S+) +(\d+) +(\d+)$", seal)]


class Failure(Exception):
    """What the program should not have done."""


class Skipped(Exception):
    """Why this machine can't try a case; it does not count as passed."""


@dataclasses.dataclass
class Outcome:
    """How one command ended."""
    code: int | None  # None: killed by `signal`
    signal: int | None
    stdout: str
    stderr: str
    seconds: float
    counts: dict
    log: pathlib.Path | None

    @property
    def killed(self):
        return self.signal is not None

    def describe(self):
        end = f"killed by {signal.Signals(self.signal).name}" if self.killed else f"exit code {self.code}"
        return f"{end}; stdout {self.stdout[-600:]!r}; stderr {self.stderr[-600:]!r}"


@dataclasses.dataclass
class Ledger:
    planned: int
    done: int
    diverged: int
    pending: int


class Process:
    """A command that runs. Its output goes to files, so that a child that outlives it holds nobody up."""

    def __init__(self, command, folder, environment, counts=None, log=None):
        self.counts, self.log = counts, log
        self.outputs = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
        self.began = time.monotonic()
        self.popen = subprocess.Popen(list(map(str, command)), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                      stdout=self.outputs[0], stderr=self.outputs[1])
        self.descriptor = os.pidfd_open(self.popen.pid)

    def ended_within(self, seconds):
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(max(0, seconds) * 1000))

    def send(self, number):
        """A signal, unless the process has ended; whether it was sent."""
        if self.ended_within(0):
            return False
        self.popen.send_signal(number)
        return True

    def wait(self, limit=TIME_LIMIT):
        hung = not self.ended_within(self.began + limit - time.monotonic())
        if hung:
            self.popen.kill()
        code = self.popen.wait()
        seconds = time.monotonic() - self.began
        os.close(self.descriptor)
        texts = []
        for output in self.outputs:
            output.seek(0)
            texts.append(output.read().decode(errors="replace"))
            output.close()
        outcome = Outcome(code if code >= 0 else None, -code if code < 0 else None, *texts, seconds,
                          read_counts(self.counts), self.log)
        if hung:
            raise Failure(f"it hangs: not at its end after {limit} s; {outcome.describe()}")
        return outcome


def read_counts(path):
    """How often each call was made: {"pwrite@results": 12, ...}."""
    counts = {}
    if path is not None and path.exists():
        data = path.read_bytes()
        for at in range(0, len(data) - COUNTER.size + 1, COUNTER.size):
            name, count = COUNTER.unpack_from(data, at)
            if b"@" in name:
                counts[name.rstrip(b"\0").decode()] = count
    return counts


def check_outcome(outcome, extra=None):
    """No crash, and one clear line for every failure.

    extra -- regular expression of further lines that are allowed on standard error
    """
    if outcome.killed and outcome.signal in CRASHES:
        raise Failure(f"it crashed: {outcome.describe()}")
    allowed = r"gansweep: (note|warning): |\s+\S*gansweep resume " + (f"|.*(?:{extra})" if extra else "")
    lines = [line for line in outcome.stderr.splitlines() if not re.match(allowed, line)]
    if not outcome.killed and outcome.code and (len(lines) != 1 or not lines[0].startswith("gansweep: ")):
        raise Failure(f"one line 'gansweep: ...' was expected on standard error: {outcome.describe()}")
    if outcome.code == 0 and lines:
        raise Failure(f"it succeeded and complained: {outcome.describe()}")


class Case:
    """One thing that is done to the program, in a folder of its own."""

    def __init__(self, campaign, name, folder, rng):
        self.campaign, self.name, self.folder, self.rng = campaign, name, pathlib.Path(folder), rng
        self.commands = []
        self.number = 0
        self.lock = threading.Lock()

    @property
    def path(self):
        return self.folder / RESULTS

    # ---- running the program ----

    def start(self, *arguments, faults=None, log=False, environment=None):
        """Starts the program; `faults` are rules for faults.c, whose counters and log are read when asked for."""
        counts = written = None
        with self.lock:
            self.number += 1
            number = self.number
        added = dict(environment or {})
        if faults is not None or log:
            # Outside the folder, in which every file is the program's.
            counts = self.folder.with_name(f"{self.folder.name}.counts-{number}")
            added |= {"LD_PRELOAD": self.campaign.faults, "GANSWEEP_FAULTS_FOLDER": self.folder,
                      "GANSWEEP_FAULTS_COUNTS": counts, "GANSWEEP_FAULTS": faults or ""}
            if log:
                written = self.folder.with_name(f"{self.folder.name}.log-{number}")
                written.write_text("")
                added["GANSWEEP_FAULTS_LOG"] = written
        added = {name: str(value) for name, value in added.items()}
        command = [self.campaign.program, *map(str, arguments)]
        self.commands.append(" ".join(f"{name}={shlex.quote(value)}" for name, value in added.items())
                             + (" " if added else "") + shlex.join(command))
        return Process(command, self.folder, self.campaign.environment | added, counts, written)

    def gansweep(self, *arguments, codes=None, extra=None, limit=TIME_LIMIT, **options):
        """Runs the program to its end and checks how it ended.

        codes -- exit codes that are right; None: any, and a kill
        """
        outcome = self.start(*arguments, **options).wait(limit)
        check_outcome(outcome, extra)
        if codes is not None and outcome.code not in codes:
            raise Failure(f"'{' '.join(map(str, arguments))}' should end with {sorted(codes)}: {outcome.describe()}")
        return outcome

    def run_arguments(self, threads=1, checkpoint="0", path=RESULTS):
        return ["run", "small.yaml", "-o", path, "--quiet", "--threads", threads, "--checkpoint", checkpoint]

    def resume_arguments(self, threads=1, checkpoint="0", path=RESULTS):
        return ["resume", path, "--quiet", "--threads", threads, "--checkpoint", checkpoint]

    # ---- what is in the folder ----

    def put(self, name, data):
        """A file that is there before; a copy of it stays, from which the case can be played again."""
        self.number += 1
        copy = self.folder.with_name(f"{self.folder.name}.file-{self.number}")
        copy.write_bytes(data)
        (self.folder / name).write_bytes(data)
        self.commands.append(f"cp {shlex.quote(str(copy))} {name}")

    def start_half_done(self):
        """A results file of which a killed run has finished about half."""
        self.put(RESULTS, self.campaign.half)

    def names(self, pattern):
        return sorted(path.name for path in self.folder.glob(pattern))

    def statuses(self, path=None):
        with h5py.File(path or self.path, "r") as file:
            return file["status"][:]

    def verify(self, path=RESULTS, codes=(0,)):
        """Exit code 0, a ledger that adds up, and the hash of the contents."""
        outcome = self.gansweep("verify", path, codes=set(codes))
        ledger, contents = LEDGER.search(outcome.stdout), CONTENTS.search(outcome.stdout)
        if ledger is None or contents is None:
            raise Failure(f"verify says neither ledger nor contents: {outcome.describe()}")
        found = Ledger(*(int(text.replace(",", "")) for text in ledger.groups()))
        if found.planned != found.done + found.diverged + found.pending:
            raise Failure(f"the ledger does not add up: {ledger.group()}")
        return found, contents.group(1)

    # ---- the check after every case ----

    def after(self, outcome=None, *, path=None, there_before=False, acknowledged=None, may_leave_temporary=False,
              fresh=None):
        """Checks the folder after something happened to the program in it, completes the file, and checks again.

        outcome             -- of what happened; None: a kill, of which nothing is known
        there_before        -- the file existed before, so that it must exist now
        acknowledged        -- statuses that were seen before: no finished trial may be lost
        may_leave_temporary -- the program could not remove its temporary file
        """
        path = pathlib.Path(path or self.path)
        killed = outcome is None or outcome.killed
        if not killed and not may_leave_temporary:
            self.refuse_leftovers()
        if path.exists():
            self.check_sound(path, outcome, acknowledged)
            self.gansweep(*self.resume_arguments(path=path.name), codes={0})
        else:
            if there_before:
                raise Failure("the file was there before, and is gone")
            if outcome is not None and outcome.code == 0:
                raise Failure(f"there is no file, and yet: {outcome.describe()}")
            self.gansweep(*(fresh or self.run_arguments(path=path.name)), codes={0})
            self.refuse_leftovers()
        self.check_complete(path)

    def refuse_leftovers(self):
        left = self.names(".gansweep-*.tmp")
        if left:
            raise Failure(f"left behind: {left}")

    def check_sound(self, path, outcome=None, acknowledged=None):
        """A file that is not complete is sound, and has lost nothing."""
        ledger, _ = self.verify(path.name)
        statuses = self.statuses(path)
        self.campaign.compare_finished(path, statuses)
        counted = Ledger(len(statuses), *(int((statuses == value).sum()) for value in (1, 2, 0)))
        if ledger != counted:
            raise Failure(f"verify counts {ledger}, and the file has {counted}")
        if acknowledged is not None:
            lost = numpy.flatnonzero((acknowledged != 0) & (statuses != acknowledged))
            if lost.size:
                raise Failure(f"trials {lost.tolist()[:10]} were finished and are lost")
        if outcome is not None and outcome.code == 0 and ledger.pending:
            raise Failure(f"{ledger.pending} trials are pending after success: {outcome.describe()}")

    def check_complete(self, path=None):
        """The same ledger and the same contents as the reference, and no lock."""
        path = pathlib.Path(path or self.path)
        found = self.verify(path.name)
        if found != (self.campaign.ledger, self.campaign.contents):
            raise Failure(f"{found[0]} with contents {found[1]} in the place of {self.campaign.ledger} with "
                          f"{self.campaign.contents}")
        if path.with_name(path.name + ".lock").exists():
            raise Failure("the lock is left behind")


@dataclasses.dataclass
class Tally:
    """What became of a section."""
    cases: int = 0
    failures: int = 0
    skipped: int = 0
    seconds: float = 0
    notes: list = dataclasses.field(default_factory=list)


class Campaign:
    """The program under torture, its reference, and the tally.

    program, faults -- paths of gansweep and of the library made from faults.c
    tools           -- folder of what tests/torture/CMakeLists.txt builds
    work            -- folder that may be emptied
    full            -- the long form
    only            -- {section: None, or numbers of its cases}; empty: everything
    """

    def __init__(self, program, faults, work, full=False, seed=1, jobs=None, only=None):
        self.program, self.faults = str(pathlib.Path(program).resolve()), str(pathlib.Path(faults).resolve())
        self.tools = pathlib.Path(self.faults).parent
        self.work = pathlib.Path(work).resolve()
        self.full, self.seed, self.jobs, self.only = full, seed, jobs or os.cpu_count(), only or {}
        self.section, self.rng = None, random.Random(str(seed))
        self.tallies = {}
        self.reporting = threading.Lock()
        self.environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.work), "LC_ALL": "C", "TERM": "dumb",
                            "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"}
        if self.work.exists() and any(self.work.iterdir()) and not (self.work / MARK).exists():
            raise SystemExit(f"{self.work} is not a folder of an earlier campaign, and is not emptied")
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        (self.work / MARK).touch()
        # A short case in the place of each slow one, as in the other tests.
        self.shortest = bool(os.environ.get("GANSWEEP_TEST_SHORT"))

    def size(self, short, full):
        """How many cases: of the long form, the short one, or a fifth of that."""
        return full if self.full else max(1, short // 5) if self.shortest else short

    def sample(self, everything, short):
        """All in the long form, else a seeded sample, in order."""
        everything = list(everything)
        count = min(self.size(short, len(everything)), len(everything))
        return [everything[i] for i in sorted(self.rng.sample(range(len(everything)), count))]

    # ---- the reference ----

    def prepare(self):
        """A run that nobody disturbs, and the file of one that was killed half-way."""
        case = self.case("reference", "an undisturbed run", random.Random(0))
        self.run_counts = case.gansweep(*case.run_arguments(), faults="", log=True, codes={0}).counts
        case.path.unlink()
        began = time.monotonic()
        case.gansweep(*case.run_arguments(), codes={0})
        self.run_seconds = time.monotonic() - began
        self.complete = case.path.read_bytes()
        with h5py.File(case.path, "r") as file:
            self.rows = {name: file[name][:] for name in file if isinstance(file[name], h5py.Dataset)
                         and file[name].shape[:1] == file["status"].shape}
        self.ledger, self.contents = case.verify()
        if self.ledger.pending or not self.ledger.diverged or not self.ledger.done:
            raise Failure(f"the reference should have trials that are done and some that diverged: {self.ledger}")
        case.path.unlink()
        kill = self.run_counts["pwrite@results"] // 2
        outcome = case.gansweep(*case.run_arguments(), faults=f"pwrite@results:{kill}:before-KILL")
        self.half = case.path.read_bytes()
        self.half_statuses = case.statuses()
        if outcome.signal != signal.SIGKILL or not 0 < (self.half_statuses != 0).sum() < len(self.half_statuses):
            raise Failure(f"a run killed half-way was expected: {outcome.describe()}")
        case.after(outcome)
        case.start_half_done()
        self.resume_counts = case.gansweep(*case.resume_arguments(), faults="", codes={0}).counts
        self.verify_counts = case.gansweep("verify", RESULTS, faults="", codes={0}).counts
        shutil.rmtree(case.folder)

    def compare_finished(self, path, statuses):
        """Rows of finished trials are those of the reference, bit by bit, as h5py reads them."""
        finished = statuses != 0
        with h5py.File(path, "r") as file:
            for name, reference in self.rows.items():
                found = file[name][:][finished]
                if found.tobytes() != reference[finished].tobytes():
                    raise Failure(f"{name} of a finished trial is not what it should be")

    # ---- cases ----

    def case(self, name, title, rng):
        folder = self.work / name
        folder.mkdir(parents=True)
        (folder / "small.yaml").write_text(EXPERIMENT)
        return Case(self, title, folder, rng)

    def run(self, command, env=None, folder=None, limit=TIME_LIMIT):
        """Any command with a time limit; for sections that go their own way."""
        environment = self.environment | {name: str(value) for name, value in (env or {}).items()}
        outcome = Process(command, folder or self.work, environment).wait(limit)
        if outcome.killed and outcome.signal in CRASHES:
            raise Failure(f"{shlex.join(map(str, command))}: {outcome.describe()}")
        return outcome

    def after(self, path, outcome=None, **options):
        """The check after a case, of a results file anywhere."""
        path = pathlib.Path(path)
        if not (path.parent / "small.yaml").exists():
            (path.parent / "small.yaml").write_text(EXPERIMENT)
        Case(self, path.name, path.parent, self.rng).after(outcome, path=path, **options)

    def record(self, name, failure=None, replay=()):
        """Counts one case of the present section. `failure` says what was wrong; `replay` are commands that show it."""
        with self.reporting:
            tally = self.tallies[self.section]
            if isinstance(failure, Skipped):
                tally.skipped += 1
                tally.notes.append(f"{name}: skipped: {failure}")
                print(f"{self.section}: {name}: skipped: {failure}", file=sys.stderr, flush=True)
                return
            tally.cases += 1
            if failure is not None:
                tally.failures += 1
                print(f"\n{self.section}: {name}: {failure}", file=sys.stderr)
                for line in replay:
                    print(f"    {line}", file=sys.stderr, flush=True)

    def note(self, text):
        """A line below the table."""
        with self.reporting:
            self.tallies[self.section].notes.append(text)

    def cases(self, named):
        """Runs [(name, function of a Case)] in parallel; those of `only` if it names some."""
        named = list(enumerate(named))
        wanted = self.only.get(self.section)
        if wanted is not None:
            named = [(number, case) for number, case in named if number in wanted]
        self.started, self.finished, self.last_line = time.monotonic(), 0, 0
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for future in [pool.submit(self.try_case, number, *case, len(named)) for number, case in named]:
                future.result()

    def try_case(self, number, name, function, total):
        case = self.case(f"{self.section}/{number:05d}", name, random.Random(f"{self.seed}:{self.section}:{number}"))
        failure = None
        try:
            function(case)
        except (Failure, Skipped) as reason:
            failure = reason
        except Exception as reason:  # h5py raises what it likes on a file that it can't read
            failure = f"{type(reason).__name__}: {reason}"
        replay = []
        if failure is None or isinstance(failure, Skipped):
            for path in [case.folder, *case.folder.parent.glob(f"{case.folder.name}.*")]:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            replay = [f"again: --seed {self.seed} --only {self.section}:{number}{' --full' if self.full else ''}",
                      f"cd {shlex.quote(str(case.folder))} && rm -f {RESULTS}* .gansweep-*", *case.commands]
        self.record(f"case {number}, {name}", failure, replay)
        with self.reporting:
            self.finished += 1
            now = time.monotonic()
            if now - self.last_line > 2:
                self.last_line = now
                print(f"{self.section}: {self.finished} of {total} cases in {now - self.started:.0f} s, "
                      f"{self.tallies[self.section].failures} failed", file=sys.stderr, flush=True)

    def run_section(self, name, function):
        self.section, self.rng = name, random.Random(f"{self.seed}:{name}")
        tally = self.tallies[name] = Tally()
        began = time.monotonic()
        try:
            function(self)
        except Failure as failure:
            self.record("the section itself", failure)
        tally.seconds = time.monotonic() - began
