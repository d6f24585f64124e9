#!/usr/bin/env python3
"""forecast_against_run.py PROGRAM FOLDER [TRIALS]: what `gansweep run --dry-run --cores C --nodes M` foretells, and what runs of the
d2l.ai experiment then take: one process with a thread for each of two cores, and two processes of one thread under mpirun. PROGRAM is
built with MPI. Time is from the command line to the finished file, without the summary.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

from simulate_cluster import duration, number, size

TRIALS_FOR_TRAFFIC = 100000


def foretell(program, experiment, options):
    text = subprocess.run([program, "run", experiment, "--dry-run", "--force", *options], check=True, capture_output=True, text=True).stdout

    def found(pattern, reads):
        match = re.search(pattern, text)
        return reads(match.group(1)) if match else 0

    return {"seconds": found(r"time +about ([^:\n]+)", duration), "bytes": found(r"file +\S+, (\S+ \w+)", size),
            "memory": found(r"memory +at most (\S+ \w+)", size), "messages": found(r"traffic +(\S+) messages a second", number)}


def run(command, path):
    """Wall time, memory of the largest process, bytes of the file."""
    path.unlink(missing_ok=True)
    os.sync()
    begin = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)  # mpirun's counts those of its processes
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return {"seconds": time.monotonic() - begin, "memory": 1024 * usage.ru_maxrss, "bytes": path.stat().st_size}


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    trials = int(sys.argv[3]) if len(sys.argv) == 4 else 300000
    experiment = pathlib.Path(__file__).resolve().parent.parent / "experiments" / "d2l.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    path = pathlib.Path("foretold.h5")
    options = ["--set", f"seed=1:{trials}", "-o", path]
    mpirun = ["mpirun", "-n", "2", "--bind-to", "core"]
    kinds = {"1 process of 2 threads": (["--cores", "2"], [program, "run", experiment, *options, "--quiet", "--force", "--threads", "2"]),
             "2 processes of 1 thread": (["--nodes", "2", "--cores", "1"],
                                         [*mpirun, program, "run", experiment, *options, "--quiet", "--force", "--threads", "1"])}
    print(f"{trials:,} trials, load {os.getloadavg()[0]:.2f}\n{'':<26}{'':<26}{'foretold':>12}{'was':>12}{'ratio':>9}")
    for kind, (machines, command) in kinds.items():
        foretold = foretell(program, experiment, [*options, *machines])
        was = run(command, path)
        if "mpirun" in command:
            few = ["--set", f"seed=1:{min(trials, TRIALS_FOR_TRAFFIC)}", "-o", path, "--force", "--threads", "1", "--profile"]
            said = subprocess.run([*mpirun, program, "run", experiment, *few], check=True, capture_output=True, text=True).stdout
            was["messages"] = number(re.search(r"process 0 +\d+ +([\d.]+) a second", said).group(1))
        for what, name, unit in (("seconds", "time, s", 1), ("bytes", "file, MB", 1e6), ("memory", "memory a process, MB", 1e6),
                                 ("messages", "messages/s of a process", 1)):
            if what in was:
                print(f"{kind:<26}{name:<26}{foretold[what] / unit:>12.2f}{was[what] / unit:>12.2f}{foretold[what] / was[what]:>9.3f}",
                      flush=True)
                kind = ""
    path.unlink()


if __name__ == "__main__":
    main()
