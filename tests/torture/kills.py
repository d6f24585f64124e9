"""Kills at random instants and at every call, during creation, training and resuming; signals that ask for an end."""
import itertools
import signal
import time

from campaign import LONG_EXPERIMENT, RESULTS, Failure, changing_parts, check_outcome

REQUESTS = {"TERM": signal.SIGTERM, "INT": signal.SIGINT, "HUP": signal.SIGHUP}
MOST_SECONDS_TO_END = 1.0  # after a request
PROGRESS = r"trials/s|\d %"  # in a line that answers SIGUSR1


def kill_after(case, process, seconds):
    """SIGKILL after some time, wherever the process is then."""
    process.ended_within(seconds)
    process.send(signal.SIGKILL)
    outcome = process.wait()
    check_outcome(outcome)
    return outcome


# ---- kill -9 at random instants ----

def random_run(case):
    threads, checkpoint = case.rng.choice([1, 2]), case.rng.choice(["0", "0.001", "60"])
    instant = case.rng.uniform(0, 1.2) * case.campaign.run_seconds
    process = case.start(*case.run_arguments(threads, checkpoint))
    case.after(kill_after(case, process, instant))


def random_forced_run(case):
    """What is there is replaced whole, or stays."""
    case.put(RESULTS, case.campaign.half)
    instant = case.rng.uniform(0, 1.2) * case.campaign.run_seconds
    case.after(kill_after(case, case.start(*case.run_arguments(), "--force"), instant), there_before=True)


def random_resume(case):
    case.start_half_done()
    instant = case.rng.uniform(0, 1.2) * case.campaign.run_seconds
    process = case.start(*case.resume_arguments(case.rng.choice([1, 2])))
    case.after(kill_after(case, process, instant), there_before=True, acknowledged=case.campaign.half_statuses)


def resumes_of_resumes(case):
    """Killed while it runs, and while it is resumed, three times; each time it has lost nothing."""
    kill = case.rng.randrange(1, max(2, case.campaign.run_counts["any@results"] // 3))
    outcome = case.gansweep(*case.run_arguments(), faults=f"any@results:{kill}:after-KILL")
    if outcome.signal != signal.SIGKILL:
        raise Failure(f"it should have been killed: {outcome.describe()}")
    for depth in range(3):
        before = case.statuses()
        if case.rng.random() < 0.5:
            process = case.start(*case.resume_arguments(case.rng.choice([1, 2])))
            outcome = kill_after(case, process, case.rng.uniform(0, 1) * case.campaign.run_seconds)
        else:
            kill = case.rng.randrange(1, max(2, case.campaign.resume_counts["any@all"] // 2))
            outcome = case.gansweep(*case.resume_arguments(), faults=f"any:{kill}:before-KILL")
        case.check_sound(case.path, outcome, before)
        lost = (case.statuses() != before) & (before != 0)
        if lost.any():
            raise Failure(f"resume {depth + 1} lost finished trials")
    case.after(outcome, there_before=True, acknowledged=before)


# ---- kill -9 at every call ----

def kill_at_call(kind, call, moment):
    def act(case):
        faults = f"any:{call}:{moment}-KILL"
        if kind == "resume":
            case.start_half_done()
            outcome = case.gansweep(*case.resume_arguments(), faults=faults)
            case.after(outcome, there_before=True, acknowledged=case.campaign.half_statuses)
        elif kind == "run --force":
            case.start_half_done()
            case.after(case.gansweep(*case.run_arguments(), "--force", faults=faults), there_before=True)
        else:
            case.after(case.gansweep(*case.run_arguments(), faults=faults))
    return act


def child_ends_at_call(kind, call):
    """A child process that works for the program is killed, as by a system without memory."""
    def act(case):
        if kind == "resume":
            case.start_half_done()
        arguments = case.resume_arguments() if kind == "resume" else case.run_arguments()
        outcome = case.gansweep(*arguments, faults=f"any:{call}:before-CHILD", codes={0, 1, 3})
        case.after(outcome, there_before=kind == "resume",
                   acknowledged=case.campaign.half_statuses if kind == "resume" else None)
    return act


# ---- requests ----

def check_request(case, outcome, number):
    """It ended as asked, or was done already; a request before main() or after its end has the system's effect."""
    check_outcome(outcome)
    if outcome.killed and outcome.signal != number:
        raise Failure(f"it ended otherwise than by the signal: {outcome.describe()}")
    if not outcome.killed and outcome.code not in (0, 128 + number):
        raise Failure(f"exit code 0 or {128 + number} was expected: {outcome.describe()}")
    if outcome.killed and case.names(".gansweep-*.tmp"):
        raise Failure("it was killed by a request while it made the file, and left it behind")
    if outcome.code != 128 + number or not case.path.exists() or case.path.read_bytes() == case.campaign.half:
        return  # it had not begun, and says nothing of going on
    if f"gansweep resume {RESULTS}" not in outcome.stderr:
        raise Failure(f"it does not say how to resume: {outcome.describe()}")


def request_at_call(kind, name, call, moment):
    def act(case):
        number, faults = REQUESTS[name], f"any:{call}:{moment}-{name}"
        if kind == "resume":
            case.start_half_done()
        arguments = case.resume_arguments() if kind == "resume" else case.run_arguments()
        outcome = case.gansweep(*arguments, faults=faults)
        check_request(case, outcome, number)
        case.after(outcome, there_before=kind == "resume",
                   acknowledged=case.campaign.half_statuses if kind == "resume" else None)
    return act


def request_at_random(case):
    name = case.rng.choice(list(REQUESTS))
    process = case.start(*case.run_arguments(case.rng.choice([1, 2])))
    process.ended_within(case.rng.uniform(0, 1.2) * case.campaign.run_seconds)
    process.send(REQUESTS[name])
    outcome = process.wait()
    check_request(case, outcome, REQUESTS[name])
    case.after(outcome)


def start_long_run(case, threads=2):
    """A run that is at its training, for seconds."""
    (case.folder / "small.yaml").write_text(LONG_EXPERIMENT)
    process = case.start(*case.run_arguments(threads))
    while not case.path.exists():
        if process.ended_within(0.01):
            raise Failure(f"a run of seconds ended at once: {process.wait().describe()}")
    process.ended_within(case.rng.uniform(0.05, 0.3))
    return process


def end_long_run(case, process, number, since, codes):
    outcome = process.wait()
    seconds = time.monotonic() - since
    check_outcome(outcome, extra=PROGRESS)
    if outcome.code not in codes and not (None in codes and outcome.signal == number):
        raise Failure(f"one of {codes} was expected: {outcome.describe()}")
    if seconds > MOST_SECONDS_TO_END:
        raise Failure(f"it took {seconds:.2f} s to end")
    ledger, _ = case.verify()
    if not ledger.pending:
        raise Failure("nothing is pending, so nothing was interrupted")
    if not outcome.killed and case.path.with_name(RESULTS + ".lock").exists():
        raise Failure("the lock is left behind")
    case.campaign.slowest_end = max(case.campaign.slowest_end, seconds)
    return outcome


def request_while_training(name):
    def act(case):
        process, number = start_long_run(case), REQUESTS[name]
        since = time.monotonic()
        process.send(number)
        outcome = end_long_run(case, process, number, since, {128 + number})
        check_request(case, outcome, number)
    return act


def second_request(case):
    """The first asks, the second ends it at once, whatever it is at."""
    process = start_long_run(case)
    since = time.monotonic()
    process.send(signal.SIGTERM)
    process.ended_within(case.rng.uniform(0, 0.005))
    process.send(signal.SIGTERM)
    end_long_run(case, process, signal.SIGTERM, since, {128 + signal.SIGTERM, None})


def many_requests(case):
    """An impatient person at the keyboard."""
    process = start_long_run(case)
    since = time.monotonic()
    for _ in range(10):
        process.send(signal.SIGINT)
    end_long_run(case, process, signal.SIGINT, since, {128 + signal.SIGINT, None})


def stopped_and_continued(case):
    """A request that waits while the process is stopped is heard when it goes on."""
    process = start_long_run(case)
    process.send(signal.SIGSTOP)
    process.ended_within(0.05)
    process.send(signal.SIGTERM)
    since = time.monotonic()
    process.send(signal.SIGCONT)
    end_long_run(case, process, signal.SIGTERM, since, {128 + signal.SIGTERM})


def killed_while_stopped(case):
    process = start_long_run(case)
    process.send(signal.SIGSTOP)
    process.ended_within(0.02)
    since = time.monotonic()
    process.send(signal.SIGKILL)
    end_long_run(case, process, signal.SIGKILL, since, {None})


def asked_how_far(case):
    """SIGUSR1 is answered and harms nothing."""
    process = start_long_run(case)
    for _ in range(3):
        process.send(signal.SIGUSR1)
        process.ended_within(0.05)
    since = time.monotonic()
    process.send(signal.SIGTERM)
    outcome = end_long_run(case, process, signal.SIGTERM, since, {128 + signal.SIGTERM})
    if len(outcome.stderr.splitlines()) < 2:
        raise Failure(f"no line of progress after SIGUSR1: {outcome.describe()}")


def request_while_drawing(name):
    """The drawing that completes the file is slow: it is given up, and one trial waits for it."""
    def act(case):
        number = REQUESTS[name]
        outcome = case.gansweep(*case.run_arguments(checkpoint="60"), codes={128 + number},
                                faults=f"pread@results:1:delay-400:once,pread@results:2:before-{name}")
        check_request(case, outcome, number)
        if outcome.seconds > MOST_SECONDS_TO_END:
            raise Failure(f"it took {outcome.seconds:.2f} s to end")
        ledger, _ = case.verify()
        if ledger.pending != 1:
            raise Failure(f"the last trial alone should wait for the plots: {ledger}")
        case.after(outcome)
    return act


def request_while_verifying_plots(case):
    case.gansweep(*case.run_arguments(), codes={0})
    reads = case.gansweep("verify", RESULTS, "--threads", 1, codes={0}, faults="pread:1000000:EIO").counts["pread@results"]
    outcome = case.gansweep("verify", RESULTS, "--threads", 1, codes={128 + signal.SIGTERM},
                            faults=f"pread@results:{reads // 2}:before-TERM")  # half of them are the drawing's
    if outcome.stdout:
        raise Failure(f"it was stopped, and finds all the same: {outcome.describe()}")
    case.check_complete()


def request_while_repairing_plots(case):
    """No trial is pending that could wait for the plots: they stay damaged, and it says so."""
    case.gansweep(*case.run_arguments(), codes={0})
    data = bytearray(case.path.read_bytes())
    name, address, _ = changing_parts(bytes(data))[0]
    data[address] ^= 1
    repair = [*case.resume_arguments(), "--repair"]
    case.path.write_bytes(data)
    reads = case.gansweep(*repair, codes={0}, faults="pread:1000000:EIO").counts["pread@results"]
    case.path.write_bytes(data)
    outcome = case.gansweep(*repair, codes={128 + signal.SIGTERM},
                            faults=f"pread@results:{reads - 200}:delay-400:once,pread@results:{reads - 199}:before-TERM")
    if outcome.stdout or "can't be drawn" not in outcome.stderr:
        raise Failure(f"it does not say that {name} is still damaged: {outcome.describe()}")
    case.gansweep("verify", RESULTS, codes={3})
    case.gansweep(*repair, codes={0})
    case.check_complete()


def asked_during_a_short_run(case):
    """At any instant, also while the file is made."""
    process = case.start(*case.run_arguments())
    process.ended_within(case.rng.uniform(0, 1) * case.campaign.run_seconds)
    process.send(signal.SIGUSR1)
    outcome = process.wait()
    if outcome.signal == signal.SIGUSR1 and not case.names(".gansweep-*.tmp") and not case.path.exists():
        return case.after(outcome)  # before main()
    check_outcome(outcome, extra=PROGRESS)
    if outcome.code != 0:
        raise Failure(f"it should go on: {outcome.describe()}")
    return case.after(outcome)


def run(campaign):
    campaign.slowest_end = 0
    cases = []
    for name, function, short, full in [("kill -9 of a run", random_run, 60, 6000),
                                        ("kill -9 of run --force", random_forced_run, 10, 1000),
                                        ("kill -9 of a resume", random_resume, 30, 3000),
                                        ("three resumes deep", resumes_of_resumes, 12, 1000),
                                        ("a request at any instant", request_at_random, 20, 1000),
                                        ("second request", second_request, 2, 50),
                                        ("many requests", many_requests, 1, 50),
                                        ("stopped and continued", stopped_and_continued, 1, 50),
                                        ("killed while stopped", killed_while_stopped, 1, 50),
                                        ("SIGUSR1", asked_how_far, 1, 50),
                                        ("SIGUSR1 at any instant", asked_during_a_short_run, 5, 500)]:
        cases += [(name, function)] * campaign.size(short, full)
    cases += [(f"SIG{name} while training", request_while_training(name)) for name in REQUESTS]
    cases += [(f"SIG{name} while drawing", request_while_drawing(name)) for name in REQUESTS]
    cases += [("SIGTERM while verify draws", request_while_verifying_plots),
              ("SIGTERM while a repair draws", request_while_repairing_plots)]

    calls = {"run": campaign.run_counts["any@all"], "resume": campaign.resume_counts["any@all"],
             "run --force": campaign.run_counts["any@all"]}
    for kind, short in [("run", 70), ("resume", 30), ("run --force", 10)]:
        places = itertools.product(range(1, calls[kind] + 1), ["before", "after"])
        cases += [(f"kill -9 {moment} call {call} of {kind}", kill_at_call(kind, call, moment))
                  for call, moment in campaign.sample(places, short)]
        cases += [(f"a child ends at call {call} of {kind}", child_ends_at_call(kind, call))
                  for call in campaign.sample(range(1, calls[kind] + 1), short // 10) if kind != "run --force"]
    for kind, short in [("run", 20), ("resume", 10)]:
        places = itertools.product(REQUESTS, range(1, calls[kind] + 1), ["before", "after"])
        cases += [(f"SIG{name} {moment} call {call} of {kind}", request_at_call(kind, name, call, moment))
                  for name, call, moment in campaign.sample(places, short)]
    campaign.cases(cases)
    campaign.note(f"slowest end after a request: {campaign.slowest_end:.2f} s")
