"""Disks that are really full: small file systems made for the purpose, and a limit on the size of files.

tmpfs and ext4 are mounted in the case's folder, which takes root; where it is not permitted the case is skipped.
"""
import contextlib
import os
import resource
import shlex
import shutil
import subprocess
import time

from campaign import Case, Failure, Skipped, check_outcome

SLOW = "pwrite@results:1:delay-3:on"
ROOM_FOR_STRUCTURE = 1 << 20  # of the file system itself


def command(*words):
    outcome = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if outcome.returncode != 0:
        raise Skipped(f"{words[0]}: {outcome.stderr.strip() or outcome.returncode}")


@contextlib.contextmanager
def mounted(case, kind, size):
    """A file system of so many bytes; a Case in its folder."""
    folder = case.folder / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        raise Skipped("mounting needs root")
    if kind == "tmpfs":
        command("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
    else:
        if shutil.which("mkfs.ext4") is None:
            raise Skipped("there is no mkfs.ext4")
        image = case.folder / "image"
        with open(image, "wb") as file:
            file.truncate(size + ROOM_FOR_STRUCTURE)
        command("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image)
        command("mount", "-o", "loop", image, folder)
    try:
        (folder / "small.yaml").write_bytes((case.folder / "small.yaml").read_bytes())
        inner = Case(case.campaign, case.name, folder, case.rng)
        inner.commands = case.commands
        yield inner
    finally:
        for _ in range(50):  # a reader of ours may still be closing a file
            if subprocess.run(["umount", str(folder)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


def fill(case, leave=0):
    """Takes the room that is left but some bytes."""
    with open(case.folder / "filler", "ab", buffering=0) as file:
        for piece in (1 << 16, 4096, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    disk = os.statvfs(case.folder)
                    if disk.f_bavail * disk.f_frsize < leave + piece:
                        break
                    file.write(b"x" * piece)


def no_room(kind, share):
    """At creation: a refusal, and nothing left behind; or, if it fits after all, a right file."""
    def act(case):
        size = int(len(case.campaign.complete) * share)
        with mounted(case, kind, max(size, 1 << 14)) as disk:
            if kind == "ext4":
                fill(disk, size)
            outcome = disk.gansweep(*disk.run_arguments())
            if outcome.code not in (0, 2) or (share < 0.95 and outcome.code == 0):
                raise Failure(f"a refusal was expected: {outcome.describe()}")
            if outcome.code == 2 and set(disk.names("*") + disk.names(".*")) - {"small.yaml", "filler", "lost+found"}:
                raise Failure(f"left behind: {disk.names('*') + disk.names('.*')}")
            (disk.folder / "filler").unlink(missing_ok=True)
            if outcome.code == 0:
                disk.after(outcome)
    return act


def full_while_running(kind):
    """The room was reserved at creation, so that nothing of a run depends on what others write."""
    def act(case):
        with mounted(case, kind, 4 << 20) as disk:
            process = disk.start(*disk.run_arguments(), faults=SLOW)
            while not disk.path.exists():
                if process.ended_within(0.001):
                    raise Failure(f"no file was made: {process.wait().describe()}")
            process.ended_within(disk.rng.uniform(0, 0.1))
            fill(disk)
            outcome = process.wait()
            check_outcome(outcome)
            if outcome.code != 0:
                raise Failure(f"the room was reserved, and yet: {outcome.describe()}")
            (disk.folder / "filler").unlink()
            disk.after(outcome)
    return act


def full_at_resume(kind):
    """There may be no room for the lock: a clear line, or the work; and later all is well."""
    def act(case):
        with mounted(case, kind, 4 << 20) as disk:
            disk.start_half_done()
            fill(disk)
            outcome = disk.gansweep(*disk.resume_arguments(), codes={0, 1})
            disk.check_sound(disk.path, outcome, disk.campaign.half_statuses)
            (disk.folder / "filler").unlink()
            disk.after(outcome, there_before=True, acknowledged=disk.campaign.half_statuses)
    return act


def read_only(case):
    with mounted(case, "tmpfs", 4 << 20) as disk:
        disk.start_half_done()
        command("mount", "-o", "remount,ro", disk.folder)
        outcome = disk.gansweep(*disk.resume_arguments(), codes={1, 2, 3})
        disk.verify()
        disk.gansweep(*disk.run_arguments(path="another.h5"), codes={1, 2})
        command("mount", "-o", "remount,rw", disk.folder)
        disk.after(outcome, there_before=True, acknowledged=disk.campaign.half_statuses)


def size_limit(share):
    """A file larger than a limit of the shell (ulimit -f) is a failed write with a message, not a signal."""
    def act(case):
        limit = int(len(case.campaign.complete) * share)
        limited = ["/bin/sh", "-c", f'ulimit -f {limit // 512}; exec "$@"', "sh"]
        wrapped = list(map(str, [*limited, case.campaign.program, *case.run_arguments()]))
        case.commands.append(shlex.join(wrapped))
        outcome = case.campaign.run(wrapped, folder=case.folder)
        check_outcome(outcome)
        if outcome.code not in (1, 2):
            raise Failure(f"a failure was expected: {outcome.describe()}")
        if case.names("*") != ["small.yaml"]:
            raise Failure(f"left behind: {case.names('*')}")
        case.after(outcome)
    return act


def run(campaign):
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    cases = [(f"no file over {share} of what is needed", size_limit(share)) for share in (0.02, 0.3, 0.9)
             if hard == resource.RLIM_INFINITY]
    for kind in ("tmpfs", "ext4"):
        shares = [0.2, 0.8, 0.97, 1.0, 1.05] if not campaign.full else [0.1 + 0.02 * step for step in range(60)]
        cases += [(f"{kind} with room for {share:.2f} of it", no_room(kind, share)) for share in shares]
        cases += [(f"{kind} fills while it runs", full_while_running(kind))] * campaign.size(2, 20)
        cases += [(f"{kind} is full when it resumes", full_at_resume(kind))] * campaign.size(1, 10)
    cases.append(("a disk that can't be written", read_only))
    campaign.cases(cases)
