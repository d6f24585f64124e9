"""The order of writes and syncs, without which a power cut could leave a trial that says it is done and is not.

`check_order` reads a log of faults.c and holds it against the rules; other sections call it on their logs, too.
"""
import dataclasses

import h5py
import numpy

from campaign import RESULTS, Failure

UNSUPPORTED = {22, 38, 95, 29}  # EINVAL, ENOSYS, EOPNOTSUPP, ESPIPE: a sync that does not exist here has not failed
INTERRUPTED = 4
SYNCS = {"fsync", "fdatasync"}


@dataclasses.dataclass
class Call:
    """One line of the log. What ended before another began surely came before it."""
    begin: int
    end: int
    name: str
    kind: str
    inode: int
    offset: int
    length: int
    result: int
    error: int
    injected: bool
    path: str

    def precedes(self, other):
        return self.end < other.begin

    @property
    def succeeded(self):
        return self.error == 0

    @property
    def changes(self):
        """Whether it changed a file's bytes."""
        return self.name in ("pwrite", "write") and self.result > 0


def read_log(path):
    calls = []
    for line in path.read_text(errors="replace").splitlines():
        words = line.split(" ", 10)
        if len(words) == 11:
            begin, end, name, kind, inode, offset, length, result, error, injected, where = words
            calls.append(Call(int(begin), int(end), name, kind, int(inode), int(offset), int(length), int(result),
                              int(error), injected == "1", where))
    return sorted(calls, key=lambda call: call.begin)


class Layout:
    """Where a file has the rows of each dataset that is written while trials finish."""

    def __init__(self, path):
        self.columns = {}
        with h5py.File(path, "r") as file:
            settings = set(file["loss_G"].attrs["coordinates"].decode().split()
                           if isinstance(file["loss_G"].attrs["coordinates"], bytes)
                           else file["loss_G"].attrs["coordinates"].split()) | {"trial", "status"}
            status = file["status"]
            self.trials, self.status = len(status), status.id.get_offset()
            for name, dataset in file.items():
                if isinstance(dataset, h5py.Dataset) and dataset.shape[:1] == status.shape and name not in settings:
                    self.columns[name] = (dataset.id.get_offset(), dataset.id.get_storage_size() // len(status))

    def acknowledged(self, call):
        """Trials whose status a write touches."""
        first = max(call.offset, self.status) - self.status
        last = min(call.offset + call.result, self.status + self.trials) - self.status
        return range(first, last) if call.changes and last > first else range(0)


def check_failed_syncs(calls):
    """After a failed sync nothing is known of the disk: no second one may be believed, nothing acknowledged."""
    for failed in calls:
        if failed.name not in SYNCS | {"sync_range"} or failed.succeeded or failed.error in UNSUPPORTED | {INTERRUPTED}:
            continue
        for later in calls:
            if later.inode == failed.inode and failed.precedes(later) and later.name in SYNCS:
                raise Failure(f"{later.name} of {later.path} after a failed {failed.name}")


def check_publication(calls):
    """The file is synced before it gets its name, and the folder after it, before any row is written."""
    for rename in calls:
        if rename.name not in ("rename", "link") or rename.kind != "temporary" or not rename.succeeded:
            continue
        own = [call for call in calls if call.inode == rename.inode]
        synced = [call for call in own if call.name in SYNCS and call.succeeded and call.precedes(rename)]
        written = [call for call in own if call.changes and call.begin < rename.begin]
        if not any(all(write.precedes(sync) for write in written) for sync in synced):
            raise Failure(f"{rename.path}: renamed before what was written to it was synced")
        folders = [call for call in calls if call.kind == "folder" and call.name in SYNCS and rename.precedes(call)
                   and (call.succeeded or call.error in UNSUPPORTED)]
        rows = [call for call in own if call.changes and rename.precedes(call)]
        if rows and not any(folder.precedes(rows[0]) for folder in folders):
            raise Failure(f"{rename.path}: rows are written before the folder was synced")


def check_acknowledgements(calls, layout, inode, finished):
    """Each status is written after its trial's whole row was, and was synced; how many there were.

    finished -- trials that were finished before: their statuses may be written again, since a sync may have failed
    """
    own = [call for call in calls if call.inode == inode]
    created = max((call.end for call in own if call.name in ("rename", "link") and call.succeeded), default=-1)
    later = [call for call in own if call.begin > created]
    syncs = [call for call in later if call.name in SYNCS and call.succeeded]
    failed = [call for call in later if call.name in SYNCS | {"sync_range"} and not call.succeeded
              and call.error not in UNSUPPORTED | {INTERRUPTED}]
    writes = sorted((call for call in later if call.changes), key=lambda call: call.end)
    durable = bytearray(max((write.offset + write.result for write in writes), default=0))  # 1: written, then synced
    known, count = 0, 0
    for status in sorted(writes, key=lambda call: call.begin):
        touched = layout.acknowledged(status)
        if touched and any(sync.precedes(status) for sync in failed):
            raise Failure(f"trials {touched[0]} to {touched[-1]} are acknowledged after a failed sync")
        trials = [trial for trial in touched if trial not in finished]
        if not trials:
            continue
        last_sync = max((sync.begin for sync in syncs if sync.precedes(status)), default=-1)
        while known < len(writes) and writes[known].end < last_sync:
            write = writes[known]
            durable[write.offset:write.offset + write.result] = b"\1" * write.result
            known += 1
        for name, (address, row_bytes) in layout.columns.items():
            if any(durable.count(1, address + trial * row_bytes, address + (trial + 1) * row_bytes) != row_bytes
                   for trial in trials):
                raise Failure(f"{name} of trials {trials[0]} to {trials[-1]} was not written and synced before "
                              "their status")
        count += len(trials)
    return count


def check_last_sync(calls, inode):
    """Whoever says that all is done has synced after the last byte."""
    own = [call for call in calls if call.inode == inode]
    writes = [call for call in own if call.changes]
    syncs = [call for call in own if call.name in SYNCS and call.succeeded]
    if writes and not any(all(write.precedes(sync) for write in writes) for sync in syncs):
        raise Failure("it ended well before what it wrote was synced")


def check_order(outcome, path, before=None):
    """Holds the log of one process against all rules; how many trials it acknowledged.

    path   -- of the results file, if there is one
    before -- statuses of a file that was resumed
    """
    calls = read_log(outcome.log)
    check_failed_syncs(calls)
    check_publication(calls)
    if not path.exists():
        return 0
    inode = path.stat().st_ino
    count = check_acknowledgements(calls, Layout(path), inode,
                                   set() if before is None else set(numpy.flatnonzero(before).tolist()))
    if outcome.code == 0:
        check_last_sync(calls, inode)
    return count


# ---- the section ----

def undisturbed_run(threads, checkpoint):
    def act(case):
        outcome = case.gansweep(*case.run_arguments(threads, checkpoint), log=True, codes={0})
        count = check_order(outcome, case.path)
        if count < case.campaign.ledger.planned:
            raise Failure(f"{count} statuses were written, of {case.campaign.ledger.planned}")
        case.after(outcome)
    return act


def undisturbed_resume(threads, checkpoint):
    def act(case):
        case.start_half_done()
        outcome = case.gansweep(*case.resume_arguments(threads, checkpoint), log=True, codes={0})
        before = case.campaign.half_statuses
        count, pending = check_order(outcome, case.path, before), int((before == 0).sum())
        if count != pending:
            raise Failure(f"{count} statuses were written, of {pending} that were pending")
        case.after(outcome, there_before=True)
    return act


def forced_run(case):
    case.put(RESULTS, case.campaign.half)
    outcome = case.gansweep(*case.run_arguments(), "--force", log=True, codes={0})
    check_order(outcome, case.path)
    case.after(outcome, there_before=True)


def without_renameat2(case):
    """Where a file system can't rename without overwriting in one step, a second name comes first."""
    outcome = case.gansweep(*case.run_arguments(), log=True, faults="rename@temporary:1:EINVAL", codes={0})
    check_order(outcome, case.path)
    case.after(outcome)


def repeated_resume(case):
    """A complete file stays as it is."""
    case.put(RESULTS, case.campaign.complete)
    outcome = case.gansweep(*case.resume_arguments(), log=True, codes={0})
    check_order(outcome, case.path, case.statuses())
    if case.path.read_bytes() != case.campaign.complete:
        raise Failure("a complete file was changed")
    case.after(outcome, there_before=True)


def run(campaign):
    cases = [("run --force", forced_run), ("run without renameat2", without_renameat2),
             ("resume twice", repeated_resume)]
    for _ in range(campaign.size(4, 50)):
        for threads in (1, 2):
            checkpoint = campaign.rng.choice(["0", "0.002", "0.01", "60"])
            options = f"--threads {threads} --checkpoint {checkpoint}"
            cases += [(f"run {options}", undisturbed_run(threads, checkpoint)),
                      (f"resume {options}", undisturbed_resume(threads, checkpoint))]
    campaign.cases(cases)
