"""Does to gansweep what machines do to programs: kills, signals, failing calls, exhausted memory, damaged files, full
disks, second writers, readers at any moment. Whatever happens, no finished trial is lost and the file completes to the
same bits.

    torture.py --program build/release/gansweep --faults build/release/tests/torture/libtorture_faults.so --work FOLDER

The short form takes a minute or two; --full takes hours. Everything is drawn from --seed, and each failure is printed
with what plays it again. README.md has the sections.
"""
import argparse
import faulthandler
import importlib
import signal
import sys
import traceback

from campaign import Campaign, Failure, Tally

SECTIONS = ["order", "kills", "faults", "memory", "damage", "writers", "readers", "disk", "power_cuts", "merging"]


def read_only(text):
    """"kills,faults:3:7" -> {"kills": None, "faults": {3, 7}}."""
    only = {}
    for part in filter(None, text.split(",")):
        section, *numbers = part.split(":")
        if section not in SECTIONS:
            raise argparse.ArgumentTypeError(f"no section {section}: {', '.join(SECTIONS)} were expected")
        only[section] = {int(number) for number in numbers} or None
    return only


def print_table(tallies):
    print(f"\n{'section':<12} {'cases':>8} {'failures':>9} {'skipped':>8} {'seconds':>8}")
    all_of_them = Tally(*(sum(getattr(tally, field) for tally in tallies.values())
                          for field in ("cases", "failures", "skipped", "seconds")))
    for name, tally in [*tallies.items(), ("all", all_of_them)]:
        print(f"{name:<12} {tally.cases:>8} {tally.failures:>9} {tally.skipped:>8} {tally.seconds:>8.1f}")
    for name, tally in tallies.items():
        for note in tally.notes:
            print(f"{name}: {note}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="gansweep")
    parser.add_argument("--faults", required=True, help="the library made from faults.c")
    parser.add_argument("--work", required=True, help="folder for the cases; it is emptied")
    parser.add_argument("--full", action="store_true", help="every call, every byte, every size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=read_only, default={}, metavar="SECTION[:CASE...],...")
    parser.add_argument("--jobs", type=int, help="cases at a time; without it the number of processors")
    arguments = parser.parse_args()
    faulthandler.enable()
    for number in (signal.SIGINT, signal.SIGHUP):  # ignored by whoever started this in the background, and so by the program
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    campaign = Campaign(arguments.program, arguments.faults, arguments.work, arguments.full, arguments.seed,
                        arguments.jobs, arguments.only)
    try:
        campaign.prepare()
    except Failure as failure:
        print(f"The reference can't be made: {failure}", file=sys.stderr)
        return 1
    for name in SECTIONS:
        if arguments.only and name not in arguments.only:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            campaign.run_section(name, importlib.import_module(name).run)
        except Exception:  # of the section, not of the program: the others are still worth running
            traceback.print_exc()
            campaign.record("the section itself", "it broke")
    print_table(campaign.tallies)
    empty = [name for name, tally in campaign.tallies.items() if tally.cases + tally.skipped == 0]
    for name in empty:
        print(f"{name}: no case ran")
    return 1 if empty or not campaign.tallies or any(tally.failures for tally in campaign.tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
