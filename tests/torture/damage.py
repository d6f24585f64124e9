"""Bits that flip and files that are cut short: each is found, and says where; what can be made again is made again.

A file that is damaged is never given to h5py here: libhdf5 has crashed and hung on forged files. Where everything lies
is read from the sound file, and each case has a copy of it.
"""
import dataclasses
import re

import h5py

from campaign import CONTENTS, RESULTS, Failure, changing_parts


HEAD = 2048  # bytes: superblock, root group, and the first of its headers


@dataclasses.dataclass
class Rows:
    """Where a dataset's bytes are."""
    name: str
    address: int
    bytes: int
    row_bytes: int  # 0: it has no rows of trials


def read_layout(campaign):
    path = campaign.work / "sound.h5"
    path.write_bytes(campaign.complete)
    found = []

    def visit(name, dataset):
        if isinstance(dataset, h5py.Dataset) and dataset.id.get_offset() is not None:
            size, trials = dataset.id.get_storage_size(), campaign.ledger.planned
            by_trial = dataset.shape[:1] == (trials,) and name in campaign.rows
            found.append(Rows(name, dataset.id.get_offset(), size, size // trials if by_trial else 0))

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def flip(case, *places):
    """The sound file with some bits changed; its bytes. A place is (address, bit)."""
    data = bytearray(case.campaign.complete)
    for address, bit in places:
        data[address] ^= 1 << bit
    case.put(RESULTS, data)
    return bytes(data)


def refused_and_unchanged(case, data, *arguments):
    outcome = case.gansweep(*arguments, codes={3})
    if case.path.read_bytes() != data:
        raise Failure(f"'{' '.join(map(str, arguments))}' changed a damaged file")
    return outcome


def flip_of_structure(address, bit):
    """Of metadata, a name, a text, the space between datasets: whatever the seal covers."""
    def act(case):
        data = flip(case, (address, bit))
        refused_and_unchanged(case, data, "verify", RESULTS)
        refused_and_unchanged(case, data, *case.resume_arguments())
        refused_and_unchanged(case, data, *case.resume_arguments(), "--repair")
    return act


def flip_of_coordinate(rows, at, bit):
    """Of a number that belongs to no trial, as epoch 1, 2, ..."""
    def act(case):
        data = flip(case, (rows.address + at, bit))
        outcome = refused_and_unchanged(case, data, "verify", RESULTS)
        if not re.search(rf"\b{rows.name}\b", outcome.stdout + outcome.stderr):
            raise Failure(f"{rows.name} is not named: {outcome.describe()}")
        refused_and_unchanged(case, data, *case.resume_arguments())
    return act


def flips_of_trials(chosen):
    """Of rows of trials; each is named with its dataset, left alone without --repair and made again with it.

    chosen -- [(rows, place within, bit)]
    """
    def act(case):
        data = flip(case, *((rows.address + at, bit) for rows, at, bit in chosen))
        outcome = refused_and_unchanged(case, data, "verify", RESULTS)
        text = outcome.stdout + outcome.stderr
        for rows, at, _ in chosen:
            trial = at // rows.row_bytes
            if not re.search(rf"(?m)\b{rows.name}\b", text) or not re.search(rf"(?m)\btrials?\b.*\b{trial}\b", text):
                raise Failure(f"{rows.name} of trial {trial} is not named: {outcome.describe()}")
        refused_and_unchanged(case, data, *case.resume_arguments())
        case.gansweep(*case.resume_arguments(), "--repair", codes={0})
        case.check_complete()
        case.campaign.compare_finished(case.path, case.statuses())
    return act


def killed_repair(rows, at, bit, share):
    """A repair that is killed is begun again, and is as good."""
    def act(case):
        flip(case, (rows.address + at, bit))
        repair = [*case.resume_arguments(), "--repair"]
        kill = max(1, int(case.campaign.repair_counts["any@all"] * share))
        outcome = case.gansweep(*repair, faults=f"any:{kill}:before-KILL")
        if not outcome.killed and outcome.code != 0:
            raise Failure(f"it should have been killed: {outcome.describe()}")
        case.gansweep(*repair, codes={0})
        case.check_complete()
        case.campaign.compare_finished(case.path, case.statuses())
    return act


def count_calls_of_repair(campaign, rows):
    """How many calls on files a repair makes."""
    case = campaign.case("repair", "a repair", campaign.rng)
    flip(case, (rows.address, 0))
    campaign.repair_counts = case.gansweep(*case.resume_arguments(), "--repair", faults="", codes={0}).counts


def flip_of_status(rows, trial, bit):
    """A trial that says it is pending is trained again; another status can't be believed."""
    def act(case):
        data = flip(case, (rows.address + trial, bit))
        if data[rows.address + trial] == 0:
            ledger, _ = case.verify()
            if ledger.pending != 1:
                raise Failure(f"one pending trial was expected: {ledger}")
            case.gansweep(*case.resume_arguments(), codes={0})
        else:
            outcome = refused_and_unchanged(case, data, "verify", RESULTS)
            if not re.search(rf"(?m)\btrials?\b.*\b{trial}\b", outcome.stdout + outcome.stderr):
                raise Failure(f"trial {trial} is not named: {outcome.describe()}")
            refused_and_unchanged(case, data, *case.resume_arguments())
            case.gansweep(*case.resume_arguments(), "--repair", codes={0})
        case.check_complete()
    return act


def flip_of_seconds(rows, at, bit):
    """The time that the training took is no result: it is noted, and the file is sound."""
    def act(case):
        flip(case, (rows.address + at, bit))
        outcome = case.gansweep("verify", RESULTS, codes={0})
        contents = CONTENTS.search(outcome.stdout)
        if contents is None or contents.group(1) != case.campaign.contents:
            raise Failure(f"the contents are the same: {outcome.describe()}")
        if "seconds" not in outcome.stdout + outcome.stderr:
            raise Failure(f"seconds should be named: {outcome.describe()}")
    return act


def flip_of_plot(name, address, bit):
    """Of a number or a title of the plots, which follow from the rows: it is named, and drawn again with --repair."""
    def act(case):
        data = flip(case, (address, bit))
        outcome = refused_and_unchanged(case, data, "verify", RESULTS)
        if f"damaged: {name} " not in outcome.stdout:
            raise Failure(f"{name} is not named: {outcome.describe()}")
        refused_and_unchanged(case, data, *case.resume_arguments())
        case.gansweep(*case.resume_arguments(), "--repair", codes={0})
        case.check_complete()
        if case.path.read_bytes() != case.campaign.complete:
            raise Failure("the file is not the sound one again")
    return act


def truncation(length):
    def act(case):
        data = case.campaign.complete[:length]
        case.put(RESULTS, data)
        refused_and_unchanged(case, data, "verify", RESULTS)
        refused_and_unchanged(case, data, *case.resume_arguments())
        refused_and_unchanged(case, data, *case.resume_arguments(), "--repair")
    return act


def bits_of(many):
    """Each bit of some datasets."""
    return [(rows, at, bit) for rows in many for at in range(rows.bytes) for bit in range(8)]


def describe(rows, at, bit):
    return f"bit {bit} of {rows.name}, trial {at // rows.row_bytes}"


def run(campaign):
    layout, size = read_layout(campaign), len(campaign.complete)
    named = {rows.name: rows for rows in layout}
    by_trial = [rows for rows in layout if rows.row_bytes and rows.name != "status"]
    coordinates = [rows for rows in layout if not rows.row_bytes and "/" not in rows.name]
    changing = [rows for rows in layout if rows.name in ("provenance/seconds", "provenance/seconds_checksum")]
    parts = changing_parts(campaign.complete)
    outside = bytearray(size)
    for address, length in [(rows.address, rows.bytes) for rows in layout if "/" not in rows.name] + [part[1:] for part in parts]:
        outside[address:address + length] = b"\1" * length
    structure = [address for address in range(size) if not outside[address]]
    draw = campaign.rng

    # tests/store flips every bit of the structure and cuts a file to every length, within one process: here the whole
    # program is run, on all of the beginning and on a sample of the rest.
    head = [(address, bit) for address in structure if address < HEAD for bit in range(8)]
    rest = [(address, bit) for address in structure if address >= HEAD for bit in range(8)]
    bits = campaign.sample(head, 60) + draw.sample(rest, campaign.size(60, 4000))
    cases = [(f"bit {bit} of byte {address}", flip_of_structure(address, bit)) for address, bit in bits]
    lengths = [*campaign.sample(range(HEAD), 20), *draw.sample(range(HEAD, size), campaign.size(20, 4000))]
    cases += [(f"cut to {length} bytes", truncation(length)) for length in sorted({0, 1, 95, 96, size - 1, *lengths})]
    for _ in range(campaign.size(100, 1000)):
        chosen = []
        for _ in range(draw.choice([1, 1, 1, 1, 3])):
            rows = draw.choice(by_trial)
            chosen.append((rows, draw.randrange(rows.bytes), draw.randrange(8)))
        chosen = list({(rows.name, at // rows.row_bytes): (rows, at, bit) for rows, at, bit in chosen}.values())
        cases.append((" and ".join(describe(*place) for place in chosen), flips_of_trials(chosen)))
    cases += [(f"bit {bit} of status, trial {trial}", flip_of_status(rows, trial, bit))
              for rows, trial, bit in campaign.sample(bits_of([named["status"]]), 20)]
    cases += [(f"bit {bit} of byte {at} of {rows.name}", flip_of_coordinate(rows, at, bit))
              for rows, at, bit in campaign.sample(bits_of(coordinates), 10)]
    cases += [(f"bit {bit} of byte {at} of {rows.name}", flip_of_seconds(rows, at, bit))
              for rows, at, bit in campaign.sample(bits_of(changing), 10)]
    plots = [(name, address + at, bit) for name, address, length in parts if name.startswith("plots/")
             for at in range(length) for bit in range(8)]
    cases += [(f"bit {bit} of byte {address}, of {name}", flip_of_plot(name, address, bit))
              for name, address, bit in draw.sample(plots, campaign.size(20, 2000))]
    count_calls_of_repair(campaign, by_trial[-1])
    for _ in range(campaign.size(20, 2000)):
        rows, share = draw.choice(by_trial), draw.random()
        at, bit = draw.randrange(rows.bytes), draw.randrange(8)
        cases.append((f"repair of {describe(rows, at, bit)}, killed at {share:.2f} of its calls",
                      killed_repair(rows, at, bit, share)))
    campaign.cases(cases)
