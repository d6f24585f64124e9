"""Readers at any moment of a run: what they see of a finished trial is whole and final, and they disturb nobody."""
import shutil

import h5py

from campaign import Failure, check_outcome

# A run of some 50 checkpoints that lasts about a second, nearly all of it asleep.
SLOW = "pwrite@results:1:delay-6:on,fdatasync@results:1:delay-2:on"


def look(case):
    """Status first: rows of a trial that it calls finished must be final, each bit."""
    with h5py.File(case.path, "r") as file:
        finished = file["status"][:] != 0
        for name in ("loss_G", "loss_D", "covariance_error", "checksum"):
            if file[name][:][finished].tobytes() != case.campaign.rows[name][finished].tobytes():
                raise Failure(f"a reader saw {name} of a finished trial torn or pending")
    return int(finished.sum())


def watched_by_h5py(threads):
    def act(case):
        process = case.start(*case.run_arguments(threads), faults=SLOW)
        looks, seen = 0, []
        while not process.ended_within(0.001):
            if case.path.exists():
                seen.append(look(case))
                looks += 1
        outcome = process.wait()
        check_outcome(outcome)
        if outcome.code != 0 or looks < 10:
            raise Failure(f"{looks} looks at a run: {outcome.describe()}")
        if seen != sorted(seen):
            raise Failure(f"finished trials became fewer: {seen}")
        case.after(outcome)
        case.campaign.looks += looks
    return act


def watched_by_h5dump(case):
    h5dump = shutil.which("h5dump")
    process = case.start(*case.run_arguments(2), faults=SLOW)
    looks = 0
    while not process.ended_within(0.02):
        if case.path.exists():
            outcome = case.campaign.run([h5dump, "-H", case.path], folder=case.folder)
            if outcome.code != 0:
                raise Failure(f"h5dump: {outcome.describe()}")
            looks += 1
    outcome = process.wait()
    check_outcome(outcome)
    if outcome.code != 0 or looks < 3:
        raise Failure(f"{looks} looks at a run: {outcome.describe()}")
    case.after(outcome)
    case.campaign.looks += looks


def run(campaign):
    campaign.looks = 0
    cases = [(f"h5py, {threads} threads", watched_by_h5py(threads)) for threads in [1, 2] * campaign.size(2, 50)]
    cases += [("h5dump", watched_by_h5dump)] * campaign.size(2, 50)
    campaign.cases(cases)
    campaign.note(f"{campaign.looks} looks at files that were being written")
