"""Each allocation fails once: the program says so in one line and ends, or does without; and the file is as always."""
import signal

from campaign import RESULTS, Failure, check_outcome

LIBGOMP = r"^\s*$|^(libgomp|OMP): "  # libgomp ends the process by itself, with a line of its own
MOST = 40000  # allocations of one command that are made to fail one by one


def exhausted(kind, k):
    def act(case):
        if kind != "run":
            case.start_half_done()
        arguments = {"run": case.run_arguments(), "resume": case.resume_arguments(),
                     "verify": ["verify", RESULTS]}[kind]
        outcome = case.start(*arguments, faults=f"malloc:{k}:ENOMEM").wait()
        if "libgomp" not in outcome.stderr:
            check_outcome(outcome)
        elif outcome.killed:
            raise Failure(f"killed: {outcome.describe()}")
        if outcome.killed and outcome.signal != signal.SIGKILL:
            raise Failure(f"killed: {outcome.describe()}")
        if outcome.code not in (0, 1, 2, 3):
            raise Failure(f"an exit code of 0 to 3 was expected: {outcome.describe()}")
        # Without memory libhdf5 crashes or ends its process, and from outside it can't be told from a forged file.
        if outcome.code == 3 and "memory is short" not in outcome.stderr:
            raise Failure(f"the file is sound, and only memory was short: {outcome.describe()}")
        case.after(None if kind == "verify" else outcome, there_before=kind != "run",
                   acknowledged=case.campaign.half_statuses if kind != "run" else None,
                   may_leave_temporary="libgomp" in outcome.stderr)
    return act


def run(campaign):
    cases = []
    for kind, counts, short in [("run", campaign.run_counts, 70), ("resume", campaign.resume_counts, 30),
                                ("verify", campaign.verify_counts, 20)]:
        count = min(counts["malloc@all"], MOST)
        cases += [(f"allocation {k} of {kind}", exhausted(kind, k))
                  for k in campaign.sample(range(1, count + 1), short)]
    campaign.cases(cases)
