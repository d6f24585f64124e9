"""Merging under kills, signals, failing calls, exhausted memory, full disks and damaged shards: the merged file is there
whole, with the contents of the run that nobody disturbed, or it is not there; and the shards are as they were."""
import itertools
import random
import signal

from campaign import RESULTS, Failure, check_outcome
from disk import fill, mounted
from faults import BURST, CALLS, ERRORS, PARTS, TRANSFERS, is_harmless
from kills import REQUESTS, kill_after

SHARDS = 3
KINDS = {"copied": [], "virtual": ["--virtual"]}
# Where memory is short libhdf5 has come to no end: its process has 10 seconds of a processor, which may be shared.
LIMIT_WITHOUT_MEMORY = 240


def names_of_shards():
    return [f"small-{number}-of-{SHARDS}.h5" for number in range(1, SHARDS + 1)]


def arguments_of(kind, *more):
    return ["merge", "--quiet", "--threads", 1, "-o", RESULTS, *KINDS[kind], *more, *names_of_shards()]


def put_shards(case):
    for name in names_of_shards():
        case.put(name, case.campaign.shards[name])


def after(case, kind, outcome, may_leave_temporary=False):
    """Checks what a merge has left, merges again, and checks that."""
    killed = outcome is None or outcome.killed
    if not killed and not may_leave_temporary:
        case.refuse_leftovers()
    for name in names_of_shards():
        if (case.folder / name).read_bytes() != case.campaign.shards[name]:
            raise Failure(f"{name} was changed")
    if case.path.exists():
        verify_merged(case, killed or may_leave_temporary)
        case.path.unlink()
    elif not killed and outcome.code == 0:
        raise Failure(f"there is no file, and yet: {outcome.describe()}")
    case.gansweep(*arguments_of(kind), codes={0})
    case.refuse_leftovers()
    case.check_complete()


def verify_merged(case, may_leave_lock):
    """A merged file is complete as soon as it has its name."""
    found = case.verify()
    if found != (case.campaign.ledger, case.campaign.contents):
        raise Failure(f"it has its name, and is not complete: {found}")
    if not may_leave_lock and case.path.with_name(RESULTS + ".lock").exists():
        raise Failure("the lock is left behind")


def killed_at_random(kind):
    def act(case):
        put_shards(case)
        process = case.start(*arguments_of(kind))
        after(case, kind, kill_after(case, process, case.rng.uniform(0, 1.2) * case.campaign.merge_seconds[kind]))
    return act


def killed_at_call(kind, call, moment):
    def act(case):
        put_shards(case)
        outcome = case.gansweep(*arguments_of(kind), faults=f"any:{call}:{moment}-KILL")
        if outcome.signal != signal.SIGKILL:
            raise Failure(f"it should have been killed: {outcome.describe()}")
        after(case, kind, outcome)
    return act


def child_ends_at_call(kind, call):
    def act(case):
        put_shards(case)
        after(case, kind, case.gansweep(*arguments_of(kind), faults=f"any:{call}:before-CHILD"))
    return act


def requested_at_call(kind, name, call, moment):
    def act(case):
        put_shards(case)
        outcome = case.gansweep(*arguments_of(kind), faults=f"any:{call}:{moment}-{name}")
        number = REQUESTS[name]
        if outcome.killed and outcome.signal != number:
            raise Failure(f"it ended otherwise than by the signal: {outcome.describe()}")
        if not outcome.killed and outcome.code not in (0, 128 + number):
            raise Failure(f"exit code 0 or {128 + number} was expected: {outcome.describe()}")
        after(case, kind, outcome)
    return act


def fault(kind, call, k, action, times):
    def act(case):
        put_shards(case)
        codes = {0} if is_harmless(call, action) else {0, 1, 2, 3}
        outcome = case.gansweep(*arguments_of(kind), faults=f"{call}:{k}:{action}:{times}", codes=codes)
        if outcome.code != 0 and case.path.exists() and call not in ("unlink", "link"):
            raise Failure(f"it failed, and the file has its name: {outcome.describe()}")
        after(case, kind, outcome, may_leave_temporary=call in ("unlink", "link"))
    return act


def exhausted(kind, k):
    def act(case):
        put_shards(case)
        outcome = case.start(*arguments_of(kind), faults=f"malloc:{k}:ENOMEM").wait(LIMIT_WITHOUT_MEMORY)
        if "libgomp" not in outcome.stderr:
            check_outcome(outcome)
        if outcome.killed and outcome.signal != signal.SIGKILL:
            raise Failure(f"killed: {outcome.describe()}")
        if outcome.code == 3 and "memory is short" not in outcome.stderr:
            raise Failure(f"the shards are sound, and only memory was short: {outcome.describe()}")
        after(case, kind, outcome, may_leave_temporary="libgomp" in outcome.stderr)
    return act


def damaged(kind, name, address, bit):
    """A bit of a shard flips: it is refused by name, or the bit is one that does not matter, as of its plots."""
    def act(case):
        put_shards(case)
        data = bytearray(case.campaign.shards[name])
        data[address] ^= 1 << bit
        case.put(name, data)
        outcome = case.gansweep(*arguments_of(kind), codes={0, 3})
        if outcome.code == 3 and name not in outcome.stderr:
            raise Failure(f"it does not name {name}: {outcome.describe()}")
        if outcome.code == 3 and case.path.exists():
            raise Failure("a damaged shard was merged")
        case.put(name, case.campaign.shards[name])
        after(case, kind, outcome)
    return act


def cut(name, length):
    def act(case):
        put_shards(case)
        case.put(name, case.campaign.shards[name][:length])
        outcome = case.gansweep(*arguments_of("copied"), codes={3})
        if name not in outcome.stderr:
            raise Failure(f"it does not name {name}: {outcome.describe()}")
        case.put(name, case.campaign.shards[name])
        after(case, "copied", outcome)
    return act


def no_room(kind, file_system, share):
    """A disk with room for the shards, and for a share of the merged file."""
    def act(case):
        size = len(case.campaign.complete)
        room = sum(map(len, case.campaign.shards.values()))
        with mounted(case, file_system, room + int(size * share) + (1 << 16)) as disk:
            put_shards(disk)
            if file_system == "ext4":
                fill(disk, int(size * share))
            outcome = disk.gansweep(*arguments_of(kind), codes={0, 1, 2})
            if outcome.code != 0 and disk.path.exists():
                raise Failure(f"it failed, and the file has its name: {outcome.describe()}")
            (disk.folder / "filler").unlink(missing_ok=True)
            if outcome.code == 0:
                verify_merged(disk, False)
            else:
                disk.refuse_leftovers()
            for name in names_of_shards():
                if (disk.folder / name).read_bytes() != case.campaign.shards[name]:
                    raise Failure(f"{name} was changed")
    return act


def prepare(campaign):
    """The shards, and what merging them asks of files and memory."""
    case = campaign.case("shards", "the shards", random.Random(0))
    campaign.shards, campaign.merge_counts, campaign.merge_seconds = {}, {}, {}
    for number, name in enumerate(names_of_shards(), 1):
        case.gansweep("run", "small.yaml", "--quiet", "--shard", f"{number}/{SHARDS}", codes={0})
        campaign.shards[name] = (case.folder / name).read_bytes()
    for kind in KINDS:
        campaign.merge_counts[kind] = case.gansweep(*arguments_of(kind), faults="", codes={0}).counts
        case.path.unlink()
        campaign.merge_seconds[kind] = case.gansweep(*arguments_of(kind), codes={0}).seconds
        case.check_complete()
        case.path.unlink()


def run(campaign):
    prepare(campaign)
    cases = []
    for kind, part in [("copied", 1), ("virtual", 0.4)]:
        counts = campaign.merge_counts[kind]
        calls = range(1, counts["any@all"] + 1)
        cases += [(f"kill -9 at any instant, {kind}", killed_at_random(kind))] * campaign.size(round(30 * part), 2000)
        cases += [(f"kill -9 {moment} call {call}, {kind}", killed_at_call(kind, call, moment))
                  for call, moment in campaign.sample(itertools.product(calls, ["before", "after"]), round(40 * part))]
        cases += [(f"a child ends at call {call}, {kind}", child_ends_at_call(kind, call))
                  for call in campaign.sample(calls, round(6 * part))]
        cases += [(f"SIG{name} {moment} call {call}, {kind}", requested_at_call(kind, name, call, moment))
                  for name, call, moment in campaign.sample(itertools.product(REQUESTS, calls, ["before", "after"]), round(20 * part))]
        places = [(call, k) for call in CALLS for k in range(1, counts.get(f"{call}@all", 0) + 1)]
        for place, error, times in campaign.sample(itertools.product(places, ERRORS, ["once", "on"]), round(60 * part)):
            times = BURST if (error, times) == ("EINTR", "on") else times
            cases.append((f"{error} {times} at {place[0]} {place[1]}, {kind}", fault(kind, *place, error, times)))
        rare = [place for place in places if place[0] in ("fsync", "rename", "allocate", "sync_range", "unlink", "truncate")]
        cases += [(f"{error} once at {place[0]} {place[1]}, {kind}", fault(kind, *place, error, "once"))
                  for place, error in campaign.sample(itertools.product(rare, ["ENOSPC", "EIO"]), round(20 * part))]
        short = itertools.product([place for place in places if place[0] in TRANSFERS], PARTS)
        cases += [(f"short {part_} at {place[0]} {place[1]}, {kind}", fault(kind, *place, f"short-{part_}", "once"))
                  for place, part_ in campaign.sample(short, round(20 * part))]
        cases += [(f"allocation {k}, {kind}", exhausted(kind, k))
                  for k in campaign.sample(range(1, counts["malloc@all"] + 1), round(40 * part))]
        for file_system in ("tmpfs", "ext4"):
            cases += [(f"{file_system} with room for {share} of it, {kind}", no_room(kind, file_system, share))
                      for share in (0.01, 0.5, 0.9, 1.3)]
        for _ in range(campaign.size(round(60 * part), 5000)):
            name = campaign.rng.choice(names_of_shards())
            address = campaign.rng.randrange(len(campaign.shards[name]))
            cases.append((f"bit of byte {address} of {name} flips, {kind}",
                          damaged(kind, name, address, campaign.rng.randrange(8))))
    for name in names_of_shards():
        lengths = campaign.sample(range(len(campaign.shards[name])), 4 if not campaign.full else 400)
        cases += [(f"{name} ends at {length}", cut(name, length)) for length in lengths[:400]]
    campaign.cases(cases)
