#!/usr/bin/env python3
"""simulate_cluster.py PROGRAM [--nodes M ...] [--cores C] [--disk MB] [--seed N]: holds `gansweep run --dry-run --nodes M --cores C`,
which is a closed form of equal nodes, against a simulation event by event: of equal nodes, of nodes whose speeds have a standard
deviation of a tenth, and of a cluster with a tenth of its nodes half as fast.

Simulated as src/cluster and src/run do it: a node claims a part, its threads take runs of packs, fewer the fewer are left; at four
fifths of the part the next one is claimed, by a message that process 0 answers when it looks next and is not busy with others, and
its file is made beside; the file of the part before is written by then, through the one disk of all, or the node waits. The speed of
a core, sizes of files and all that is assumed are read from the forecast. Prints for a million to ten billion trials of the d2l.ai
experiment the foretold and the simulated times.
"""
import argparse
import heapq
import pathlib
import random
import re
import subprocess

SHARE_BEFORE_CLAIM = 0.8
SECONDS_BETWEEN_ANSWERS = 0.002
PACKS_OF_A_BLOCK = 128  # at most
TAKES_OF_A_THREAD = 4
PACK_DEVIATION = 0.02  # of the time of equal packs
SAMPLES_OF_A_PART = 8  # simulated thread by thread; other parts of the same size take one of these times
UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15}
SECONDS = {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "days": 86400, "years": 365.25 * 86400}


def number(text):
    return float(text.replace(",", ""))


def size(text):
    value, unit = text.split()
    return number(value) * UNITS[unit]


def duration(text):
    """"1 h 07 min" -> 4020"""
    words = text.split()
    return 0 if text == "-" else sum(number(value) * SECONDS[unit] for value, unit in zip(words[::2], words[1::2]))


def read_forecast(program, nodes, cores, disk):
    """What the program assumes, and its table: {trials: (parts, seconds until they are written, bytes of them)}."""
    experiment = pathlib.Path(__file__).resolve().parent.parent / "experiments" / "d2l.yaml"
    text = subprocess.run([program, "run", experiment, "--dry-run", "--nodes", str(nodes), "--cores", str(cores), "--disk", str(disk),
                           "--set", "seed=1:1000000", "-o", "simulated.h5"], check=True, capture_output=True, text=True).stdout

    def found(pattern):
        return re.search(pattern, text).group(1)

    starting = number(found(r"starting +([\d.]+) s under"))
    part = 1e-3 * number(found(r"parts +([\d.]+) ms of a core"))
    known = {"lanes": number(found(r"packs +\S+ of (\d+) lanes")), "trials_a_second": number(found(r"each trains (\S+) trials a second")),
             "start": starting, "part": part,
             "answer": 1e-6 * number(found(r"([\d.]+) us of process 0"))}
    table = {}
    for line in text.splitlines():
        cells = re.split(r"  +", line.strip())
        if len(cells) == 9 and re.fullmatch(r"1[0,]+", cells[0]):
            table[int(number(cells[0]))] = (int(number(cells[1])), starting + part + duration(cells[2]) + duration(cells[3]), size(cells[7]))
    return known, table


def seconds_of_a_part(packs, cores, pack_seconds, chance):
    """Training of a part: threads take runs of packs, and the last one to end ends it."""
    threads = [0.0] * cores
    left, end = packs, 0.0
    while left > 0:
        take = min(PACKS_OF_A_BLOCK, left // (cores * TAKES_OF_A_THREAD) + 1, left)
        left -= take
        time = heapq.heappop(threads) + take * pack_seconds * max(0.5, chance.gauss(1, PACK_DEVIATION / take**0.5))
        heapq.heappush(threads, time)
        end = max(end, time)
    return end


class Answers:
    """Process 0's thread: it looks every 2 ms, and a claim waits for the exchanges of all processes that came before."""

    def __init__(self, nodes, seconds, chance):
        self.seconds, self.chance = seconds, chance
        self.load = min(0.99, 2 * (nodes - 1) * seconds)  # two exchanges a second of each
        self.longest = 0.0

    def wait(self):
        queue = self.chance.expovariate(1) * self.load * self.seconds / (2 * (1 - self.load))  # of mean M/D/1
        wait = self.chance.uniform(0, SECONDS_BETWEEN_ANSWERS) + queue + self.seconds
        self.longest = max(self.longest, wait)
        return wait


def simulate(known, cores, disk, trials, parts, parts_bytes, speeds, chance):
    """Seconds until all parts are trained and written, by nodes of these speeds, and the longest wait for an answer."""
    nodes = len(speeds)
    pack_seconds = known["lanes"] / known["trials_a_second"]
    packs = -(-trials // int(known["lanes"]))
    samples = [seconds_of_a_part(max(1, packs // parts), cores, pack_seconds, chance) for _ in range(SAMPLES_OF_A_PART)]
    answers = Answers(nodes, known["answer"], chance)
    disk_is_free = end = 0.0
    claimed = 0
    # (when the node is ready for its next part, node, when the file of its last part is written)
    events = [(answers.wait() + known["part"], node, 0.0) for node in range(nodes)]
    heapq.heapify(events)
    while claimed < parts:
        ready, node, written = heapq.heappop(events)
        claimed += 1
        seconds = chance.choice(samples) / speeds[node]
        trained = ready + seconds + known["part"] / cores
        disk_is_free = max(disk_is_free, ready) + parts_bytes / parts / disk  # rows are written as they are trained
        written_now = max(trained, disk_is_free)
        end = max(end, written_now)
        # The next one is claimed when the last one is written, and this one is four fifths trained; its file is then made.
        claim = max(ready + SHARE_BEFORE_CLAIM * seconds, written) + answers.wait() + known["part"]
        heapq.heappush(events, (max(trained, claim), node, written_now))
    return known["start"] + end, answers.longest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--nodes", type=int, nargs="+", default=[2, 10, 100, 1000, 10000])
    parser.add_argument("--cores", type=int, default=64)
    parser.add_argument("--disk", type=int, default=100000, help="MB/s of all nodes together")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    print(f"Nodes of {arguments.cores} cores, disk {arguments.disk} MB/s, seed {arguments.seed}. Assumed:")
    for count, nodes in enumerate(arguments.nodes):
        known, table = read_forecast(arguments.program, nodes, arguments.cores, arguments.disk)
        if count == 0:
            print(f"  a core trains {known['trials_a_second']:,.0f} trials/s, calibrated here and again for each number of nodes; equal packs\n"
                  f"  deviate by {PACK_DEVIATION:.0%}; a start takes {known['start']} s, a part's file {known['part'] * 1e3:.0f} ms of a core, "
                  f"an answer {known['answer'] * 1e6:.0f} us, looked\n  for every {SECONDS_BETWEEN_ANSWERS * 1e3:.0f} ms; nobody else uses disk or nodes. Until all parts are written, joining left out:\n\n"
                  f"{'':>23}{'':>8}{'':>12}{'equal nodes':>22}{'deviation 10 %':>18}{'a tenth half':>18}{'longest wait':>14}\n"
                  f"{'nodes':>8}{'trials':>15}{'parts':>8}{'foretold':>12}{'simulated':>13}{'ratio':>9}{'simulated':>18}{'as fast':>18}"
                  f"{'for an answer':>14}")
        for trials, (parts, foretold, parts_bytes) in sorted(table.items()):
            slow = max(1, nodes // 10)
            kinds = ([1.0] * nodes, [max(0.3, chance.gauss(1, 0.1)) for _ in range(nodes)], [0.5] * slow + [1.0] * (nodes - slow))
            results = [simulate(known, arguments.cores, 1e6 * arguments.disk, trials, parts, parts_bytes, speeds, chance) for speeds in kinds]
            equal, deviating, halved = (seconds for seconds, _ in results)
            print(f"{nodes:>8,}{trials:>15,}{parts:>8,}{foretold:>11.4g}s{equal:>12.4g}s{foretold / equal:>9.3f}{deviating:>17.4g}s{halved:>17.4g}s"
                  f"{1e3 * max(wait for _, wait in results):>11.1f} ms", flush=True)


if __name__ == "__main__":
    main()
