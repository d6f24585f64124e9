#!/usr/bin/env python3
"""Breaks the code on purpose and fails if a test does not notice.

Each *.patch beside this file is a unified diff (-p1) whose first line, `# test: NAME`, names the CTest test that must
fail. Every patch is applied to a copy of the source tree, what the test needs is built, the test is run, and the patch is
taken back. Those of tests mpi_* and slurm are left out where MPI is not built in. A patch that does not apply or does not build, or a test that fails without it, is a failure of this driver.
Set GANSWEEP_TEST_SHORT=1 for the short cases of slow tests.
"""
import argparse
import filecmp
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

LEFT_OUT = {".git", "build", "__pycache__"}  # of the copy; so are results files
SLOWER_AT_MOST = 10  # times the intact test, before a mutant counts as hanging ...
SECONDS_AT_LEAST = 60  # ... but never sooner than this


class Broken(Exception):
    """A mutant that proves nothing."""


def copy_tree(source, copy):
    """Makes `copy` equal to `source`; files that are equal keep their times, so that only what changed is built."""
    wanted = set()
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in files:
            path = pathlib.Path(folder, name)
            if path.suffix == ".h5" or not path.is_file():
                continue
            target = copy / path.relative_to(source)
            wanted.add(target)
            if not target.is_file() or not filecmp.cmp(path, target, shallow=False):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            shutil.copymode(path, target)
    for path in [path for path in copy.rglob("*") if path.is_file() and path not in wanted]:
        path.unlink()


def run(command, folder, seconds=None):
    """Runs a command; returns (succeeded, output). One that does not end in time has failed, with all it started."""
    process = subprocess.Popen([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode == 0, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return False, output + f"\nstopped after {seconds:.0f} s\n"


class Copy:
    """The copy of the source tree and its build folder."""

    def __init__(self, source, work, options):
        self.source, self.build = work / "source", work / "build"
        copy_tree(source, self.source)
        succeeded, output = run(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DGANSWEEP_TESTS=ON",
                                 *options], work)
        if not succeeded:
            sys.exit(output + "mutants: the copy could not be configured")
        listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=self.build, check=True, capture_output=True)
        self.tests = {test["name"]: test for test in json.loads(listing.stdout)["tests"]}
        listing = subprocess.run(["ninja", "-t", "targets", "all"], cwd=self.build, check=True, capture_output=True, text=True)
        self.targets = {line.split(":")[0] for line in listing.stdout.splitlines()}
        self.seconds = {}  # that an intact test takes

    def needs(self, test):
        """Targets that a test's command and environment name: its own program, the command line, ..."""
        words = list(self.tests[test].get("command", []))
        for test_property in self.tests[test]["properties"]:
            if test_property["name"] == "ENVIRONMENT":
                words += test_property["value"]
        found = {path for word in words for path in re.findall(re.escape(str(self.build)) + r"/([^\s;:,'\"]+)", word)}
        # The program is run by name in many tests, and a test that names nothing builds or installs by itself.
        found &= self.targets
        return [*sorted(found), "gansweep-cli"] if found else ["all"]

    def check(self, test):
        """Builds what a test needs and runs it; returns whether it passed."""
        succeeded, output = run(["ninja", *self.needs(test)], self.build)
        if not succeeded:
            raise Broken("does not build:\n" + output[-3000:])
        limit = max(SECONDS_AT_LEAST, SLOWER_AT_MOST * self.seconds[test]) if test in self.seconds else None
        passed, output = run(["ctest", "-R", f"^{re.escape(test)}$", "--no-tests=error", "--output-on-failure"], self.build, limit)
        if "***Skipped" in output:
            raise Broken(f"{test} was skipped: " + output[-3000:])
        return passed, output

    def try_mutant(self, patch, test):
        """Returns whether the test notices the mutant."""
        if test not in self.tests:
            raise Broken(f"there is no test {test}")
        if test not in self.seconds:
            start = time.monotonic()
            passed, output = self.check(test)
            if not passed:
                raise Broken(f"{test} fails without any mutant:\n" + output[-3000:])
            self.seconds[test] = time.monotonic() - start
        command = ["patch", "-p1", "--batch", "--silent", "--no-backup-if-mismatch", "--reject-file=-", "-i", patch]
        succeeded, output = run([*command, "--dry-run"], self.source)
        if not succeeded:
            raise Broken("does not apply:\n" + output)
        run(command, self.source)
        try:
            return not self.check(test)[0]
        finally:
            succeeded, output = run([*command, "-R"], self.source)
            if not succeeded:
                sys.exit(f"mutants: {patch} could not be taken back:\n{output}")


def read_patch(path):
    """Returns (files that it changes, test that must fail)."""
    text = path.read_text()
    test = re.match(r"# test: (\S+)\s*\n", text)
    if not test:
        sys.exit(f"{path}:1: expected '# test: NAME'")
    return re.findall(r"^\+\+\+ b/(\S+)", text, re.MULTILINE), test.group(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=pathlib.Path, required=True, help="the source tree")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the copy and its build")
    parser.add_argument("--option", action="append", default=[], help="handed to cmake, as in --option=-DNAME=VALUE")
    parser.add_argument("patches", type=pathlib.Path, nargs="*", help="all, when none is named")
    arguments = parser.parse_args()

    patches = arguments.patches or sorted(pathlib.Path(__file__).parent.glob("*.patch"))
    if not patches:
        sys.exit("mutants: there are no patches")
    mutants = [(*read_patch(path), path.resolve()) for path in patches]
    mutants.sort()  # by the files changed: a file that stays broken is built once, not mended and built in between
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    copy = Copy(arguments.source.resolve(), work, arguments.option)

    left_out = [mutant for mutant in mutants if (mutant[1].startswith("mpi_") or mutant[1] == "slurm") and mutant[1] not in copy.tests]
    if left_out:
        print(f"{len(left_out)} mutants of what is done with MPI alone are left out: --option=-DGANSWEEP_MPI=ON tries them")
        mutants = [mutant for mutant in mutants if mutant not in left_out]

    caught = 0
    for _, test, path in mutants:
        start = time.monotonic()
        try:
            noticed, remark = copy.try_mutant(path, test), ""
        except Broken as problem:
            noticed, remark = False, f": {problem}"
        caught += noticed
        print(f"{'caught' if noticed else 'MISSED'}  {path.stem}  by {test}  {time.monotonic() - start:.1f} s{remark}", flush=True)
    without = sorted(set(copy.tests) - {test for _, test, _ in mutants})
    if not arguments.patches and without:
        print("tests without a mutant:", *without)
    print(f"caught {caught} of {len(mutants)}")
    return caught != len(mutants)


if __name__ == "__main__":
    sys.exit(main())
