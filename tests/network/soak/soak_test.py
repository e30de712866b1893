#!/usr/bin/env python3
"""Runs the whole box for a while: as much of a mixture of traffic as it takes without loss; beside that ordinary and
forbidden sessions between real programs, the evasion corpus, damaged frames and floods, other rules each minute, and
control killed between. At the end

- fewer than 0.001 % of the ordinary sessions have failed, or were reset, as RFC 9411 asks, and no
  forbidden one was served;
- every frame is accounted for: `rx + injected = tx + held + sum(drops)`, and what the kernel counts at the other ends
  of the cables is what the box counts;
- the dataplane takes no more memory, and has no more files open, than after the first third.

Usage: soak_test.py BUILD MINUTES [--sanitized]. Sanitized programs are under no load but the rest. Exit status: 0 all
is as it must be; 1 it is not; 2 the lab could not be made; 77 not root.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
from load import Load  # noqa: E402
from soak_box import Footprint, SoakBox, Wires  # noqa: E402
from traffic import Corpus, Flood, Sessions  # noqa: E402

import counters  # noqa: E402  (soak_box knows where)
import servers  # noqa: E402
from lab import Lab, LabError  # noqa: E402

ROUND = 60  # seconds: other rules in the middle, control killed at the end
LOOK = 5  # seconds between two looks
PASS_LINE = 0.001  # percent of sessions
GROWTH = 8192  # KiB: what allocators keep of rules that were replaced
LAYOUT = "{:>6} {:>10} {:>9} {:>7} {:>7} {:>9} {:>7} {:>8} {:>6} {:>7} {:>10} {:>6}"
TITLES = ("second", "frames", "a second", "missed", "served", "refused", "failed", "slipped", "swaps", "kills", "KiB",
          "files")


class Soak:
    def __init__(self, lab, build, minutes, sanitized):
        self.lab, self.seconds, self.sanitized = lab, 60 * minutes, sanitized
        self.round = min(ROUND, self.seconds / 3)
        self.box = SoakBox(build, lab)
        self.swaps, self.kills, self.looks = 0, 0, []
        self.load, self.frames = None, (0, 0)  # seconds, frames that were received by then

    def run(self):
        """Returns what is wrong, in words."""
        with self.box:
            self.control = self.box.start_control()
            self.dataplane = self.box.start_dataplane()
            wires = Wires(self.box)
            self.traffic = [Sessions(self.lab), Corpus(self.lab, 1500), Flood(self.lab, 500)]
            if not self.sanitized:
                self.load = Load(self.lab, self.box.build / "tests/bench/traffic_pcap", self.received, self.box.lost)
                self.traffic.append(self.load)
            for each in self.traffic:
                each.start()
            wrong = self.watch()
            for each in self.traffic:
                each.stop()
            wrong += wires.check_wires(wires.when_quiet())
            self.box.stop(self.dataplane)
            wrong += wires.check_accounts(wires.counts())
            return wrong + self.judge()

    def watch(self):
        print(LAYOUT.format(*TITLES))
        start, next_swap, next_kill = time.monotonic(), self.round / 2, self.round
        while (now := time.monotonic() - start) < self.seconds:
            if now >= next_swap:
                self.box.swap_rules()
                self.swaps, next_swap = self.swaps + 1, next_swap + self.round
            if now >= next_kill:
                self.control = self.box.restart_control(self.control)
                self.kills, next_kill = self.kills + 1, next_kill + self.round
            if self.dataplane.poll() is not None:
                return [f"sluis-dataplane ended with status {self.dataplane.returncode}:\n"
                        f"{self.box.log_text('sluis-dataplane')}"]
            self.look(now)
            time.sleep(LOOK)
        return []

    def received(self):
        return sum(counters.by_side(self.box.counts()["total"], "rx_frames"))

    def look(self, now):
        sessions = self.traffic[0]
        footprint = Footprint(self.dataplane.pid)
        self.looks.append((now, footprint))
        frames, former = self.received(), self.frames
        self.frames = now, frames
        rate = (frames - former[1]) / max(now - former[0], 1)
        print(LAYOUT.format(round(now), frames, round(rate), self.box.missed(), sessions.served, sessions.refused,
                            len(sessions.failed), len(sessions.slipped), self.swaps, self.kills, footprint.memory,
                            footprint.files), flush=True)

    def judge(self):
        sessions, counts = self.traffic[0], self.box.counts()["total"]
        wrong = [each.trouble for each in self.traffic if each.trouble]
        wrong += self.judge_sessions(sessions)
        unread = counts["errors"].get("overload_pass", 0)
        print(f"passed uninspected, as counted: {unread}; overloads: {counts['overloads']}")
        if self.load:
            print(f"load: {round(self.load.rate)} frames a second each way at the end, slowed down {self.load.losses} "
                  f"times; missed {self.box.missed()} of {self.received()} frames in all")
        if len(sessions.slipped) > unread:
            wrong += [f"served: {each}" for each in sessions.slipped[:10]]
        if not sessions.served or not sessions.refused or not all(each.sent for each in self.traffic[1:]):
            wrong.append("not everything has crossed")
        if not self.swaps or not self.kills:
            wrong.append("no other rules came, or control was not killed")
        return wrong + ([] if self.sanitized else self.judge_growth())

    def judge_sessions(self, sessions):
        """The pass lines of RFC 9411, and forbidden probes at load."""
        asked = sessions.served + len(sessions.failed)
        resets = sum("ConnectionResetError" in each for each in sessions.failed)
        probes = sessions.refused + len(sessions.slipped)
        wrong = []
        for what, count in (("failed", len(sessions.failed)), ("reset unexpectedly", resets)):
            share = 100 * count / max(asked, 1)
            print(f"ordinary sessions {what}: {count} of {asked}, {share:.4f} % (fewer than {PASS_LINE} %)")
            if share >= PASS_LINE:
                wrong += [f"failed: {each}" for each in sessions.failed[:10]]
        print(f"forbidden sessions refused: {sessions.refused} of {probes}, {100 * sessions.refused / max(probes, 1):.4f} %")
        return wrong

    def judge_growth(self):
        settled = [footprint for now, footprint in self.looks if now >= self.seconds / 3]
        first, last = settled[0], settled[-1]
        wrong = []
        if last.memory > first.memory + GROWTH:
            wrong.append(f"the dataplane's memory grew from {first.memory} to {last.memory} KiB")
        if last.files > first.files:
            wrong.append(f"the dataplane's open files grew from {first.files} to {last.files}")
        return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, help="the build's folder")
    parser.add_argument("minutes", type=float)
    parser.add_argument("--sanitized", action="store_true", help="programs that keep memory to find faults by")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root; run this as root", file=sys.stderr)
        return 77
    for signal_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: sys.exit(1))  # an exception, so that the lab is torn down
    try:
        with Lab() as lab:
            servers.start_all(lab)
            wrong = Soak(lab, options.build.resolve(), options.minutes, options.sanitized).run()
    except (LabError, counters.LayoutError, OSError, subprocess.SubprocessError) as error:
        print(f"the lab failed: {error}", file=sys.stderr)
        return 2
    for fault in wrong:
        print(f"WRONG: {fault}")
    print("WRONG" if wrong else "all is as it must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
