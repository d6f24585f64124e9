"""Two writers of one file: one works, the other is refused at once, and the file is right. Also where the file system
has no locks, and after a holder was killed."""
import itertools
import signal

from campaign import TIME_LIMIT, Failure, check_outcome
from order import read_log

SLOW = "pwrite@results:1:delay-3:on"  # makes a run last long enough to be met
SECONDS_BYTES = 64
NO_LOCKS = ["", "flock:1:ENOLCK:on", "flock:1:EOPNOTSUPP:on"]


def rules(*parts):
    return ",".join(part for part in parts if part)


def writes_rows(case, outcome):
    """More than statuses, which a resume writes again, and the time that was taken."""
    written = sum(call.result for call in read_log(outcome.log) if call.changes and call.kind == "results")
    return written > case.campaign.ledger.planned + SECONDS_BYTES


def check_pair(case, outcomes, there_before):
    """One has done the work; the other was refused, or came when all was done."""
    for outcome in outcomes:
        check_outcome(outcome)
        if outcome.code not in (0, 1, 2) and not (outcome.code == 3 and "replaced" in outcome.stderr):
            raise Failure(f"success or a refusal was expected: {outcome.describe()}")
    workers = [outcome for outcome in outcomes if outcome.code == 0]
    if not workers:
        raise Failure("both were refused: " + "; ".join(outcome.describe() for outcome in outcomes))
    if len(workers) == 2 and all(writes_rows(case, worker) for worker in workers):
        raise Failure("both have written")
    for outcome in outcomes:
        if outcome.code != 0 and writes_rows(case, outcome):
            raise Failure(f"one that was refused has written: {outcome.describe()}")
    case.refuse_leftovers()
    case.check_complete()
    case.after(workers[0], there_before=there_before)


def together(kinds, locks):
    """Two begin at nearly the same time."""
    def act(case):
        if "resume" in kinds:
            case.start_half_done()
        processes = []
        for kind in kinds:
            arguments = case.resume_arguments() if kind == "resume" else case.run_arguments()
            arguments += ["--force"] if kind == "run --force" else []
            processes.append(case.start(*arguments, faults=rules(SLOW, locks), log=True))
            processes[0].ended_within(case.rng.choice([0, 0, case.rng.uniform(0, 0.05)]))
        check_pair(case, [process.wait() for process in processes], "resume" in kinds)
    return act


def second_comes_later(second, locks):
    """The first is at work, and nothing of its file changes by the second's hands."""
    def act(case):
        first = case.start(*case.run_arguments(), faults=rules(SLOW, locks), log=True)
        while not case.path.exists():
            if first.ended_within(0.002):
                raise Failure(f"no file was made: {first.wait().describe()}")
        inode = case.path.stat().st_ino
        arguments = case.resume_arguments() if second == "resume" else [*case.run_arguments(), "--force"]
        refused = case.gansweep(*arguments, faults=locks, log=True)
        early = not first.ended_within(0)
        if early and (refused.code != 1 or writes_rows(case, refused)):
            raise Failure(f"the second should have been refused: {refused.describe()}")
        if early and refused.seconds > 2:
            raise Failure(f"the second was refused after {refused.seconds:.1f} s only")
        outcome = first.wait()
        check_outcome(outcome)
        if outcome.code != 0 or case.path.stat().st_ino != inode:
            raise Failure(f"the first should have been left alone: {outcome.describe()}")
        case.after(outcome)
    return act


def lock_of_a_dead_one(second, locks):
    """A lock that a killed holder left behind is taken over, and nothing of it stays."""
    def act(case):
        call = case.rng.randrange(case.campaign.run_counts["any@all"] // 2, case.campaign.run_counts["any@all"])
        outcome = case.gansweep(*case.run_arguments(), faults=rules(f"any:{call}:before-KILL", locks))
        if outcome.signal != signal.SIGKILL:
            raise Failure(f"it should have been killed: {outcome.describe()}")
        if case.path.exists() and second == "resume":
            arguments = case.resume_arguments()
        else:
            arguments = [*case.run_arguments(), "--force"]
        case.gansweep(*arguments, faults=locks, codes={0})
        case.refuse_leftovers()
        case.check_complete()
    return act


def lock_of_a_zombie(locks):
    """A killed holder whose parent has not asked how it ended is dead all the same."""
    def act(case):
        process = case.start(*case.run_arguments(), faults=rules(SLOW, locks))
        while not case.path.exists():
            if process.ended_within(0.002):
                raise Failure(f"no file was made: {process.wait().describe()}")
        process.send(signal.SIGKILL)
        process.ended_within(TIME_LIMIT)  # and nobody waits for it
        try:
            case.gansweep(*case.resume_arguments(), faults=locks, codes={0})
        finally:
            process.wait()
        case.refuse_leftovers()
        case.check_complete()
    return act


def run(campaign):
    cases = []
    pairs = [("run", "run"), ("resume", "resume"), ("run --force", "run --force"), ("run --force", "resume")]
    kinds = itertools.cycle(itertools.product(NO_LOCKS, pairs))
    for locks, pair in itertools.islice(kinds, campaign.size(36, 1200)):
        how = f", {locks}" if locks else ""
        cases.append((" and ".join(pair) + f" at once{how}", together(pair, locks)))
    for locks, second in itertools.islice(itertools.cycle(itertools.product(NO_LOCKS, ["run --force", "resume"])),
                                          campaign.size(12, 300)):
        how = f", {locks}" if locks else ""
        cases += [(f"{second} of a file that is written{how}", second_comes_later(second, locks)),
                  (f"{second} after a kill{how}", lock_of_a_dead_one(second, locks))]
    for locks in NO_LOCKS:
        cases.append(("a zombie" + (f", {locks}" if locks else ""), lock_of_a_zombie(locks)))
    campaign.cases(cases)
