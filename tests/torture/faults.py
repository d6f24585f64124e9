"""Every call on files fails, once and from then on, with every error that a disk or a network can give; and transfers
that are short. The program ends with one clear line or carries on, and never believes a failed sync."""
import itertools

from campaign import RESULTS, Failure
from order import check_order

ERRORS = ["ENOSPC", "EIO", "EDQUOT", "EINTR", "ESTALE", "EROFS", "ENOLCK", "EAGAIN"]
CALLS = ["open", "pread", "pwrite", "read", "write", "truncate", "allocate", "fsync", "fdatasync", "sync_range",
         "rename", "link", "unlink", "close", "flock"]
TRANSFERS = {"pread", "pwrite", "read", "write"}
RETRIED = TRANSFERS | {"allocate"}  # an interruption of these is not a failure
NO_LOCKS = {"ENOLCK", "EOPNOTSUPP", "ENOSYS"}  # of flock: the file system has none, and the file's existence counts
PARTS = ["1", "half", "rest"]  # of a transfer: 1, n/2, n - 1 bytes
BURST = "40"  # an interruption comes again, but not for ever

KINDS = {"run": 0.5, "resume": 0.35, "run --force": 0.05, "verify": 0.1}


def arguments_of(case, kind):
    return {"run": case.run_arguments(), "run --force": [*case.run_arguments(), "--force"],
            "resume": case.resume_arguments(), "verify": ["verify", RESULTS]}[kind]


def is_harmless(call, action):
    """What the program must do without."""
    return (action.startswith("short") or (action == "EINTR" and call in RETRIED)
            or (call == "flock" and action in NO_LOCKS))


def fault(kind, call, k, action, times):
    """One call that goes wrong."""
    def act(case):
        if kind != "run":
            case.start_half_done()
        before = case.path.read_bytes() if kind == "verify" else None
        codes = {0} if is_harmless(call, action) else {0, 1, 2, 3}
        outcome = case.gansweep(*arguments_of(case, kind), faults=f"{call}:{k}:{action}:{times}", log=True, codes=codes)
        check_order(outcome, case.path, case.campaign.half_statuses if kind in ("resume", "verify") else None)
        if before is not None and case.path.read_bytes() != before:
            raise Failure("verify changed the file")
        case.after(None if kind == "verify" else outcome, there_before=kind != "run",
                   acknowledged=case.campaign.half_statuses if kind in ("resume", "verify") else None,
                   may_leave_temporary=call == "unlink" or call == "link")
    return act


def places(counts):
    """(call, k) for every call on files that a command makes."""
    return [(call, k) for call in CALLS for k in range(1, counts.get(f"{call}@all", 0) + 1)]


def spread(campaign, cases, short):
    """A sample in which rare calls are as likely as frequent ones: there is one rename and a hundred writes."""
    if campaign.full:
        return cases
    by_call = {}
    for case in cases:
        by_call.setdefault(case[0][0], []).append(case)
    chosen, count = [], min(campaign.size(short, 0), len(cases))
    while len(chosen) < count:
        for group in by_call.values():
            if group and len(chosen) < count:
                chosen.append(group.pop(campaign.rng.randrange(len(group))))
    return chosen


def run(campaign):
    cases = []
    counts = {"run": campaign.run_counts, "resume": campaign.resume_counts, "run --force": campaign.run_counts,
              "verify": campaign.verify_counts}
    for kind, share in KINDS.items():
        found = places(counts[kind])
        failing = [(place, error, times) for place, error, times in itertools.product(found, ERRORS, ["once", "on"])]
        for place, error, times in spread(campaign, failing, round(220 * share)):
            times = BURST if (error, times) == ("EINTR", "on") else times
            cases.append((f"{error} {times} at {place[0]} {place[1]} of {kind}", fault(kind, *place, error, times)))
        short = itertools.product([place for place in found if place[0] in TRANSFERS], PARTS)
        for place, part in spread(campaign, list(short), round(40 * share)):
            cases.append((f"short {part} at {place[0]} {place[1]} of {kind}",
                          fault(kind, *place, f"short-{part}", "once")))
        for part in PARTS if kind != "run --force" else []:
            cases += [(f"every {call} of {kind} is short: {part}", fault(kind, call, 1, f"short-{part}", "on"))
                      for call in ("pread", "pwrite") if counts[kind].get(f"{call}@all")]
    campaign.cases(cases)
