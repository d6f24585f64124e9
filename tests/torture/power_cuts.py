"""Cuts the power: everything that the machine's sudden end could leave on the disk, after each call of recorded runs.

librecord.so records runs of a small experiment - other numbers of threads, checkpoints after every block or only at the end,
ended by a signal or killed and resumed, with a sync that fails, on file systems without renameat2 - and power_cut makes the
states of the disk from that and checks each in memory; its first lines have the model and what is required. Of the states a
seeded sample is then written out and goes the whole way: h5py opens it, `verify` says what it should, `resume` completes it,
and the contents are those of a run that nothing happened to.

    power_cuts.py --program build/release/gansweep --tools build/release/tests/torture --work /tmp/power_cuts [--full] [--seed N]

A failure is printed with its state, which power_cut makes again from the recording that stays in the work folder:

    power_cut --log LOG --name r.h5 --table TABLE --final FILE [--initial FILE] --state STATE --write FOLDER
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time

import h5py

from campaign import changing_parts

# The second rate diverges: both outcomes of a trial are there. 96 trials are 6 to 12 packs.
EXPERIMENT = """title: For power cuts
convention: mxnet
generator_loss: non-saturating
data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 64}
model: {latent_dim: 2, generator: [], discriminator: [5, 3]}
train: {epochs: 2}
parameters:
  seed: {range: [1, 48]}
  lr_D: {values: [0.05, 1.0e+30]}
  lr_G: {values: [0.005]}
  batch_size: {values: [8]}
keep: {samples: 3}
check: {samples: 16, tolerance: 0.25}
"""
OTHER_SIZES = {"96 trials": [], "64 trials": ["--set", "seed=1:32"], "160 trials": ["--set", "seed=1:80"]}

RESULTS = "r.h5"
SHORT_STATES, FULL_STATES = 1_000_000, 40_000_000  # in all, about
SHORT_SAMPLE, FULL_SAMPLE = 120, 10_000  # that go the whole way
TIME_LIMIT = 120
AT_THE_END = "3600"  # seconds between checkpoints: no run is that long
NOT_ALLOWED = 4  # exit code of power_cut
PROMISE = 12  # EVENT_PROMISE of recording.h
EVENT = struct.Struct("<IiqqqiIIIq")
ROLES = {"status": "status", "checksum": "checksum", "diverged_epoch": "diverged"}
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "OMP_WAIT_POLICY": "passive"}


class Wrong(Exception):
    """What the program should not have done."""


# ---- recording ----

@dataclasses.dataclass
class Recording:
    """What happened to one folder, and what was in it before and after."""
    name: str
    log: pathlib.Path
    arguments: list  # of `run`, for the states in which there is no file yet
    final: pathlib.Path | None = None
    table: pathlib.Path | None = None
    initial: pathlib.Path | None = None
    figures: dict = dataclasses.field(default_factory=dict)

    def options(self):
        options = ["--log", self.log, "--name", RESULTS]
        for option, path in [("--table", self.table), ("--final", self.final), ("--initial", self.initial)]:
            options += [option, path] if path else []
        return list(map(str, options))


class Recorder:
    """Runs the program in a folder of its own and makes the recording. Its processes follow each other on one machine."""

    def __init__(self, section, name, size="96 trials", initial=None, arguments=()):
        self.section = section
        self.work = section.work / "recordings" / re.sub(r"\W+", "-", name)
        self.folder = self.work / "folder"
        self.folder.mkdir(parents=True)
        self.recording = Recording(name, self.work / "log", OTHER_SIZES[size] + list(arguments))
        if initial:
            self.recording.initial = self.work / "initial.h5"
            shutil.copyfile(initial, self.recording.initial)
            shutil.copyfile(initial, self.folder / RESULTS)

    def process(self, command, threads, checkpoint, codes=(0,), **harm):
        """One process; `harm` names variables of record.c without their GANSWEEP_RECORD_."""
        environment = ENVIRONMENT | {"LD_PRELOAD": str(self.section.tools / "librecord.so"),
                                     "GANSWEEP_RECORD_FOLDER": str(self.folder), "GANSWEEP_RECORD_LOG": str(self.recording.log)}
        environment |= {f"GANSWEEP_RECORD_{name}": str(value) for name, value in harm.items()}
        command = command + ["--quiet", "--threads", str(threads), "--checkpoint", checkpoint]
        ended = subprocess.run([self.section.program, *command], cwd=self.folder, env=environment, capture_output=True, text=True,
                               timeout=TIME_LIMIT)
        if codes is not None and ended.returncode not in codes:
            raise Wrong(f"{' '.join(command)} {harm}: exit code {ended.returncode}, {ended.stderr.strip()}")
        if ended.returncode in (0, 128 + signal.SIGTERM):  # then it has told its user which trials are kept
            with open(self.recording.log, "ab") as log:
                log.write(EVENT.pack(PROMISE, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        return ended.returncode

    def run(self, threads, checkpoint, codes=(0,), **harm):
        return self.process(["run", str(self.section.experiment), "-o", RESULTS, *self.recording.arguments], threads,
                            checkpoint, codes, **harm)

    def resume(self, threads, checkpoint, codes=(0,), **harm):
        return self.process(["resume", RESULTS], threads, checkpoint, codes, **harm)

    def end(self):
        results = self.folder / RESULTS
        if results.exists():
            self.recording.final = results
            self.recording.table = self.work / "table"
            self.recording.table.write_text("".join(sorted_table(results)))
        return self.recording


def is_by_trial(name, entry, trials):
    """Coordinates of other dimensions than `trial` may be as long by chance."""
    return (isinstance(entry, h5py.Dataset) and entry.shape[:1] == (trials,)
            and (name == "trial" or not h5py.h5ds.is_scale(entry.id)))


def sorted_table(path):
    """Lines "role name address row_bytes rows" in the order of the addresses."""
    lines = []
    with h5py.File(path, "r") as file:
        trials, first_result = len(file["status"]), file["loss_D"].id.get_offset()
        for name, entry in file.items():
            if is_by_trial(name, entry, trials):
                address, row_bytes = entry.id.get_offset(), entry.id.get_storage_size() // trials
                role = ROLES.get(name, "setting" if address < first_result else "row")
                lines.append((address, f"{role} {name} {address} {row_bytes} {trials}\n"))
    for name, address, size in changing_parts(path.read_bytes()):
        lines.append((address, f"{'plot' if name.startswith('plots/') else 'loose'} {name} {address} {size} 1\n"))
    return [line for _, line in sorted(lines)]


def writes_until_name(log):
    """How many writes were made before the results file got its name, and how many in all; and how many syncs."""
    data = log.read_bytes()
    at, writes, syncs, before = data.index(b"\n") + 1, 0, 0, None
    while at < len(data):
        kind, _, _, _, length, error, _, name_bytes, other_bytes, data_bytes = EVENT.unpack_from(data, at)
        names = data[at + EVENT.size:at + EVENT.size + name_bytes + other_bytes]
        at += EVENT.size + name_bytes + other_bytes + data_bytes
        writes += kind == 2
        syncs += kind == 5
        if kind in (8, 9) and not error and names.endswith(b"\0" + RESULTS.encode() + b"\0"):
            before = writes
    return before, writes, syncs


# ---- the section ----

class Section:
    def __init__(self, campaign):
        self.campaign = campaign
        self.program = str(pathlib.Path(campaign.program).resolve())
        self.tools = pathlib.Path(campaign.tools).resolve()
        self.power_cut = str(self.tools / "power_cut")
        self.work = pathlib.Path(campaign.work).resolve() / "power_cuts"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.experiment = self.work / "small.yaml"
        self.experiment.write_text(EXPERIMENT)
        self.contents = {}
        self.totals = {}

    def gansweep(self, *arguments, folder=None, codes=None):
        ended = subprocess.run([self.program, *map(str, arguments)], cwd=folder or self.work, env=ENVIRONMENT,
                               capture_output=True, text=True, timeout=TIME_LIMIT)
        if ended.returncode < 0 or (codes is not None and ended.returncode not in codes):
            raise Wrong(f"{' '.join(map(str, arguments))}: exit code {ended.returncode}, {ended.stdout.strip()[-300:]} "
                        f"{ended.stderr.strip()[-300:]}")
        return ended

    def record(self, name, failure=None, replay=()):
        self.campaign.record(name, failure, replay)

    # ---- recordings ----

    def recordings(self):
        """All recordings, each by one function."""
        plain = Recorder(self, "1 thread, checkpoint after every block")
        plain.run(1, "0")
        made = [plain.end()]
        before, writes, syncs = writes_until_name(plain.recording.log)
        rng = random.Random(f"{self.campaign.seed}:recordings")

        def record(name, *steps, **options):
            recorder = Recorder(self, name, **options)
            try:
                for step in steps:
                    step(recorder)
            except (Wrong, subprocess.TimeoutExpired) as reason:
                self.record(f"recording '{name}'", reason)
                return
            made.append(recorder.end())

        record("2 threads, checkpoint after every block", lambda r: r.run(2, "0"))
        record("2 threads, one checkpoint", lambda r: r.run(2, AT_THE_END))
        record("creation stopped by SIGTERM",
               lambda r: r.run(1, "0", (128 + signal.SIGTERM,), SIGNAL=f"{signal.SIGTERM:d}@{rng.randrange(10, before - 10)}"))
        record("without renameat2", lambda r: r.run(1, AT_THE_END, NO_RENAMEAT2=1))
        record("in the place of an older file", lambda r: r.run(2, "0"), initial=plain.recording.final, arguments=["--force"])
        ended = {"SIGTERM": (signal.SIGTERM, (0, 128 + signal.SIGTERM)), "SIGKILL": (signal.SIGKILL, (0, -signal.SIGKILL))}
        # Without checkpoints there are fewer writes, and the run may end before its signal.
        for repetition in range(6 if self.campaign.full else 1):
            for name, (number, codes) in ended.items():
                threads, at = rng.choice([1, 2]), rng.randrange(before + 40, writes - 30)
                record(f"{name} after write {at}, {threads} threads, resumed",
                       lambda r: r.run(threads, rng.choice(["0", "0", AT_THE_END]), codes, SIGNAL=f"{number:d}@{at}"),
                       lambda r: r.resume(rng.choice([1, 2]), "0"))
        half = Recorder(self, "half a file")
        half.run(1, "0", (-signal.SIGKILL,), SIGNAL=f"{signal.SIGKILL:d}@{(before + writes) // 2}")
        record("resume, 2 threads", lambda r: r.resume(2, "0"), initial=half.folder / RESULTS)
        record("resume, one checkpoint", lambda r: r.resume(1, AT_THE_END), initial=half.folder / RESULTS)
        # The first two are the new file's and the folder's: then there is no file, or nobody knows of it.
        for number in [1, 2]:
            record(f"sync {number} fails", lambda r: r.run(1, "0", (1,), FAIL_SYNC=number))
        record("sync 2 fails without renameat2", lambda r: r.run(1, "0", (1,), FAIL_SYNC=2, NO_RENAMEAT2=1))
        later = range(5, syncs + 1)
        for number in [3, 4, *(later if self.campaign.full else sorted(rng.sample(later, min(2, len(later)))))]:
            threads = 2 if number == 3 else rng.choice([1, 2])  # what another thread writes meanwhile is lost, too
            record(f"sync {number} fails, {threads} threads, resumed", lambda r: r.run(threads, "0", (0, 1), FAIL_SYNC=number),
                   lambda r: r.resume(1, "0"))
        if self.campaign.full:
            for size in ["64 trials", "160 trials"]:
                for threads, checkpoint in [(1, "0"), (2, "0"), (2, AT_THE_END)]:
                    record(f"{size}, {threads} threads, checkpoint {checkpoint}", lambda r: r.run(threads, checkpoint), size=size)
        return made

    # ---- states ----

    def go_through(self, recording, states, samples):
        """All states of one recording; returns some of them."""
        samples_path = recording.log.with_name("samples")
        command = [self.power_cut, *recording.options(), "--states", str(states), "--seed", str(self.campaign.seed),
                   "--exhaustive", "12", "--samples", str(samples), "--samples-file", str(samples_path)]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode not in (0, NOT_ALLOWED):
            self.record(recording.name, f"power_cut: {ended.stderr.strip()}", [" ".join(command)])
            return []
        failures = []
        for line in ended.stdout.splitlines():
            name, _, text = line.rpartition(" ")
            if line.startswith("failure "):
                failures.append(line)
            elif name:
                self.totals[name] = self.totals.get(name, 0) + float(text)
                if name in ("states", "failures", "seconds", "exhaustive"):
                    recording.figures[name] = float(text)
        figures = recording.figures
        name = f"{recording.name}: {figures['states']:,.0f} states"
        rate = figures["states"] / max(figures["seconds"], 1e-3)
        print(f"power cuts: {name}, all subsets of up to {figures['exhaustive']:.0f}, {rate:,.0f} states/s", file=sys.stderr)
        if failures:
            replay = [" ".join([self.power_cut, *recording.options(), "--state", line.split()[1]]) for line in failures[:3]]
            self.record(name, f"{figures['failures']:,.0f} states are not allowed, first: "
                        + "; ".join(line.split(maxsplit=2)[2] for line in failures[:3]), replay)
        else:
            self.record(name)
        return [(recording, state) for state in samples_path.read_text().split()]

    # ---- the whole way ----

    def contents_of(self, path, folder):
        found = re.search(r"(?m)^\s*contents\s+([0-9a-f]+)\s*$", self.gansweep("verify", path, folder=folder, codes=(0,)).stdout)
        if not found:
            raise Wrong("verify says no contents")
        return found.group(1)

    def expected_contents(self, recording):
        """Of a run that nothing happens to."""
        key = " ".join(argument for argument in recording.arguments if argument != "--force")
        if key not in self.contents:
            folder = self.work / f"reference-{len(self.contents)}"
            folder.mkdir()
            self.gansweep("run", self.experiment, "-o", RESULTS, "--quiet", *key.split(), folder=folder, codes=(0,))
            self.contents[key] = self.contents_of(RESULTS, folder)
        return self.contents[key]

    def go_the_whole_way(self, number, recording, state, contents):
        folder = self.work / f"state-{number}"
        folder.mkdir()
        command = [self.power_cut, *recording.options(), "--state", state, "--write", str(folder)]
        ended = subprocess.run(command, capture_output=True, text=True)
        said = dict(line.partition(" ")[::2] for line in ended.stdout.splitlines())
        failure = None
        try:
            if ended.returncode not in (0, NOT_ALLOWED):
                raise Wrong(ended.stderr.strip())
            if said["file"] == "no":
                force = ["--force"] if "--force" in recording.arguments else []
                self.gansweep("run", self.experiment, "-o", RESULTS, "--quiet", *recording.arguments, *force, folder=folder,
                              codes=(0,))
            else:
                self.complete(folder, said)
            found = contents if (folder / "refused").exists() else self.contents_of(RESULTS, folder)
            if found != contents:
                raise Wrong(f"contents {found} in the place of {contents}")
        except (Wrong, OSError, KeyError, RuntimeError, subprocess.TimeoutExpired) as reason:
            failure = reason
        self.record(f"the whole way: {recording.name}, state {state}", failure, [" ".join(command)] if failure else ())
        shutil.rmtree(folder)

    def complete(self, folder, said):
        """From what was left to the whole file."""
        is_damaged = said["expect"] == "damaged"
        if not (is_damaged and said["metadata-spoilt"] == "1"): # libhdf5 can crash on what verify must refuse
            read_with_h5py(folder / RESULTS)
        self.gansweep("verify", RESULTS, folder=folder, codes=(3 if is_damaged else 0,))
        if not is_damaged:
            self.gansweep("resume", RESULTS, "--quiet", folder=folder, codes=(0,))
        elif said["metadata-spoilt"] == "1":
            # What is not a trial's can't be trained again: it is enough that nobody believes the file.
            if self.gansweep("resume", RESULTS, "--repair", "--quiet", folder=folder, codes=(0, 3)).returncode == 3:
                (folder / "refused").touch()
        else:
            self.gansweep("resume", RESULTS, "--repair", "--quiet", folder=folder, codes=(0,))


def read_with_h5py(path):
    """Every dataset, to the last byte; more readers would read the same bytes."""
    def read(_, entry):
        if isinstance(entry, h5py.Dataset):
            entry[()]
    with h5py.File(path, "r") as file:
        file.visititems(read)


def share(section, recordings, states, samples):
    """The states of all recordings, by two processes at a time in the long form. Recordings with few states have few."""
    jobs = 2 if section.campaign.full else 1
    each, per = states // max(1, len(recordings) - 2), max(8, samples * 2 // len(recordings))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        parts = list(pool.map(lambda recording: section.go_through(recording, each, per), recordings))
    sampled = [one for part in parts for one in part]
    rng = random.Random(f"{section.campaign.seed}:sample")
    return rng.sample(sampled, min(samples, len(sampled)))


def run(campaign):
    section = Section(campaign)
    try:
        recordings = section.recordings()
    except Wrong as reason:
        section.record("recording", reason)
        return
    full = campaign.full
    sampled = share(section, recordings, FULL_STATES if full else SHORT_STATES, FULL_SAMPLE if full else SHORT_SAMPLE)
    expected = {}
    for recording, _ in sampled:
        expected[recording.name] = section.expected_contents(recording)
    with concurrent.futures.ThreadPoolExecutor(2 if full else 1) as pool:
        for future in [pool.submit(section.go_the_whole_way, number, recording, state, expected[recording.name])
                       for number, (recording, state) in enumerate(sampled)]:
            future.result()
    totals = {name: int(value) for name, value in section.totals.items()}
    kinds = ", ".join(f"{name.removeprefix('kind ')} {value:,}" for name, value in totals.items() if name.startswith("kind "))
    campaign.note(f"{totals.get('states', 0):,} states of the disk in {section.totals.get('seconds', 0):.1f} s of processor time: "
                  f"{kinds}; damage that must be found in {totals.get('damage-found', 0):,}; "
                  f"{len(sampled):,} went the whole way")


# ---- alone ----

class Alone:
    """The part of a campaign that this section needs."""

    def __init__(self, arguments):
        self.program, self.tools, self.work = arguments.program, pathlib.Path(arguments.tools), pathlib.Path(arguments.work)
        self.full, self.seed = arguments.full, arguments.seed
        self.cases = self.failures = 0
        self.lock = threading.Lock()

    def record(self, name, failure=None, replay=()):
        with self.lock:
            self.cases += 1
            if failure is not None:
                self.failures += 1
                print(f"{name}: {failure}")
                for line in replay:
                    print(f"    {line}")

    def note(self, text):
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="gansweep")
    parser.add_argument("--tools", required=True, help="folder of librecord.so and power_cut")
    parser.add_argument("--work", required=True, help="folder for recordings and states")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    alone = Alone(parser.parse_args())
    began = time.monotonic()
    run(alone)
    print(f"{alone.cases:,} cases, {alone.failures:,} failures, {time.monotonic() - began:.1f} s")
    return 1 if alone.failures or not alone.cases else 0


if __name__ == "__main__":
    sys.exit(main())
