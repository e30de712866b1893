#!/usr/bin/env python3
"""The evasion matrix over the live bridge: the rows' own frames, against real servers on a real kernel.

Every variant is played four times: with a forbidden and an allowed name, over the kernel's own bridge (the control: it
shows which names arrive when nobody is in the way) and through sluis-dataplane. Asked of the box: no server ever reads
a forbidden name, and it reads every allowed one that it read without the box, unless the matrix has the box refuse the
form itself; a TCP client whose name does not arrive is told by a reset. Exit status: 0, or 1 for any failure, 2 when the lab could not be made, 77 not root.
"""

import argparse
import gc
import ipaddress
import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import counters  # noqa: E402
from bridge import Cable, Sluis  # noqa: E402
from lab import LabError  # noqa: E402
from namespace import raw_socket  # noqa: E402
from routed_lab import RoutedLab  # noqa: E402

import live_rows  # noqa: E402
import framework  # noqa: E402  (live_rows knows where)
import tls_server  # noqa: E402
from player import Player  # noqa: E402
from witnesses import ALLOWED, Witnesses  # noqa: E402

SETTLE = 1.0  # seconds in which servers have nothing new to write in their logs
PATIENCE = 20.0  # seconds: for that
LAYOUT = "{mark:5} {number:5} {name:44.44} {variants:>4} {control:>9} {arrived:>9} {reset:>6} {before:>9} {after:>9}"


class Tally:
    """What came of a row's plays, counted by (name forbidden, through the box)."""

    def __init__(self, row):
        self.row, self.plays, self.read, self.reset, self.faults = row, Counter(), Counter(), Counter(), []

    def ratio(self, forbidden, boxed):
        return f"{self.read[forbidden, boxed]}/{self.plays[forbidden, boxed]}"


def main():
    options = parse_arguments()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root; run this as root", file=sys.stderr)
        return 77
    for signal_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: sys.exit(1))  # an exception, so that the lab is torn down
    try:
        with RoutedLab() as lab:
            return test(lab, options)
    except (LabError, counters.LayoutError, OSError, subprocess.SubprocessError) as error:
        print(f"the lab failed: {error}", file=sys.stderr)
        return 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True, help="the sluis-dataplane to run")
    parser.add_argument("--rules", type=Path, required=True, help="the compiled rule set that it loads")
    parser.add_argument("--row", action="append", help="only this row; may be given again")
    parser.add_argument("--verbose", action="store_true", help="say of each variant what came of it")
    return parser.parse_args()


def test(lab, options):
    witnesses = Witnesses(lab, Path(__file__).with_name("scripted_server.py"))
    player, numbers = Player(raw_socket(lab.names["client"], "eth0")), itertools.count()
    control = play_all(player, witnesses, options, numbers, Cable(lab))
    bridge = Sluis(lab, options.program.resolve(), options.rules.resolve())
    boxed = play_all(player, witnesses, options, numbers, bridge, bridge)
    tallies = judge_all(control, boxed, options.verbose)
    wrong = [fault for tally in tallies for fault in tally.faults] + boxed.wrong
    show(tallies)
    for fault in wrong:
        print(f"WRONG: {fault}")
    return 1 if wrong or not tallies else 0


class Round:
    """All plays over one bridge, and which names the servers read, by client."""

    def __init__(self, plays, names, wrong):
        self.plays, self.names, self.wrong = plays, names, wrong

    def read(self, play):
        return {tls_server.normal(name.encode()) for name in self.names[ipaddress.ip_address(play.client)]}


def play_all(player, witnesses, options, numbers, bridge, sluis=None):
    start = time.monotonic()
    plays = [play for row in live_rows.chosen(options.row) for forbidden in (True, False)
             for play in live_rows.plays(row, framework.Mode(forbidden), numbers)]
    witnesses.say([play.script() for play in plays if play.scripted])
    gc.disable()  # a pause of the player is a pause on the wire
    player.play([play.talk for play in plays])
    gc.enable()
    bridge.check_alive()
    names = all_names(witnesses)
    for play in plays:
        if getattr(play.talk, "shook_hands", False):  # there is one certificate only
            names[ipaddress.ip_address(play.client)].add(ALLOWED)
    wrong = bridge.stop()
    print(f"{'through the box' if sluis else 'without it'}: {len(plays)} plays in {time.monotonic() - start:.0f} s",
          flush=True)
    return Round(plays, names, wrong)


def all_names(witnesses):
    """Once the servers have read all that came."""
    end, names, before = time.monotonic() + PATIENCE, witnesses.names(), None
    while names != before and time.monotonic() < end:
        time.sleep(SETTLE)
        names, before = witnesses.names(), names
    return names


def judge_all(control, boxed, verbose):
    tallies = {}
    for free, play in zip(control.plays, boxed.plays):
        tally = tallies.setdefault(play.row.number, Tally(play.row))
        judge_play(tally, play, got(free, control.read(free)), got(play, boxed.read(play)))
        if verbose:
            print(f"{play}: without the box {sorted(control.read(free))}, through it {sorted(boxed.read(play))}"
                  f"{', reset' if play.talk.reset else ''}")
    for tally in tallies.values():
        judge_row(tally)
    return list(tallies.values())


def got(play, names):
    """Whether a server read the name of the play's mode."""
    if play.mode.forbidden:
        return any(framework.is_forbidden(name) for name in names)
    return set(play.variant.needs) <= names if play.variant.needs else bool(names)


def judge_play(tally, play, before, after):
    forbidden = play.mode.forbidden
    for boxed, read in ((False, before), (True, after)):
        tally.plays[forbidden, boxed] += 1
        tally.read[forbidden, boxed] += read
    tally.reset[forbidden] += play.talk.reset
    if forbidden and after:
        tally.faults.append(f"{play}: a server read the forbidden name")
    if before and not after and play.talk.over_tcp and not play.talk.reset:
        tally.faults.append(f"{play}: no server read the name, and the client was not told by a reset")
    if not forbidden and before and not after and play.wanted == "PASS":
        tally.faults.append(f"{play}: the server read the allowed name without the box, and not through it")


def judge_row(tally):
    """A row whose name never arrives would test nothing: there must be a reason."""
    arrives, number = tally.read[True, False] > 0, tally.row.number
    reason = live_rows.NEVER_ARRIVES.get(number)
    if not arrives and reason is None:
        tally.faults.append(f"{number}: the forbidden name does not arrive even without the box")
    if arrives and reason is not None:
        tally.faults.append(f"{number}: the forbidden name arrives without the box, though {reason}")


def show(tallies):
    print("Variants, and of how many the server read the name: forbidden and allowed, without and through the box.")
    print(LAYOUT.format(mark="", number="row", name="", variants="", control="forbidden", arrived="boxed",
                        reset="reset", before="allowed", after="boxed"))
    group = None
    for tally in tallies:
        if tally.row.group != group:
            group = tally.row.group
            print(f"      {group}")
        print(LAYOUT.format(
            mark="WRONG" if tally.faults else "ok", number=tally.row.number, name=tally.row.name,
            variants=sum(tally.plays.values()) // 2, control=tally.ratio(True, False), arrived=tally.ratio(True, True),
            reset=tally.reset[True], before=tally.ratio(False, False), after=tally.ratio(False, True)))
    total = sum((tally.plays for tally in tallies), Counter())
    read = sum((tally.read for tally in tallies), Counter())
    print(f"{len(tallies)} rows, {sum(total.values())} plays; forbidden names read: {read[True, False]} of "
          f"{total[True, False]} without the box, {read[True, True]} of {total[True, True]} through it; allowed: "
          f"{read[False, False]} and {read[False, True]} of {total[False, True]}")


if __name__ == "__main__":
    sys.exit(main())
