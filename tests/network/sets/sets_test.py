#!/usr/bin/env python3
"""Two port pairs as one inline set, between real clients and real servers whose flows take both: every row of the demo
must come out as over one pair, whatever frame takes which link.

Usage: sets_test.py --program PROGRAM --rules RULES. Exit status: 0 all is as it must be; 1 it is not; 2 the lab could
not be made; 77 not root.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import counters  # noqa: E402
import demo  # noqa: E402
import servers  # noqa: E402
from bridge import RING, Sluis  # noqa: E402
from lab import LabError  # noqa: E402
from set_lab import (LINKS, SetLab, another_one_now_and_then, in_turn,  # noqa: E402
                     requests_by_one_answers_by_the_other)

# How flows take the links, and how many workers share the set's.
SPREADS = [(in_turn, 2), (requests_by_one_answers_by_the_other, 1), (another_one_now_and_then, 1)]


class SluisSet(Sluis):
    """The bridge with one set of two pairs."""

    def __init__(self, lab, program, rules, workers):
        self.workers = workers
        super().__init__(lab, program, rules)

    def config(self, rules):
        pair = super().config(rules).split("[eal]")
        links = "".join(f"""
[[pair]]
name = "link{link}"
set = "lag"
workers = {self.workers}
inside = "net_af_packet{2 * link},iface=inside{link},{RING}"
outside = "net_af_packet{2 * link + 1},iface=outside{link},{RING}"
""" for link in range(LINKS))
        return f"{links}\n[eal]{pair[1]}"

    def ports(self):
        return counters.read(self.sluisctl, self.runtime)["ports"]

    def check_accounts(self, counts):
        """And what each link carried is, in all, what the set did."""
        wrong = super().check_accounts(counts)
        ports = self.ports()
        print("on the links: " + ", ".join(f"{port['pair']} {port['side']} {port['rx_frames']} in, "
                                           f"{port['tx_frames']} out" for port in ports))
        for key in ("rx_frames", "rx_bytes", "tx_frames", "tx_bytes"):
            by_link = tuple(sum(port[key] for port in ports if port["side"] == side) for side in counters.SIDES)
            if by_link != counters.by_side(counts, key):
                wrong.append(f"{key} of the links are {by_link}, of the set {counters.by_side(counts, key)}")
        return wrong + self.check_exits(ports)

    def check_exits(self, ports):
        """Of a link that carries one direction, the other one takes nothing but what the box made."""
        if self.lab.choose is not requests_by_one_answers_by_the_other:
            idle = [port for port in ports if not port["rx_frames"] or not port["tx_frames"]]
            return [f"{port['pair']} {port['side']} carried nothing" for port in idle]
        entries = {(port["pair"], port["side"]): port["rx_frames"] for port in ports}
        return [f"{entries[entry]} frames came by {entry}" for entry in (("link1", "inside"), ("link0", "outside"))
                if entries[entry]]


def check(options, choose, workers):
    """Returns what is wrong, in words."""
    print(f"\n{choose.__name__.replace('_', ' ')}, {workers} worker(s)")
    with SetLab(choose) as lab:
        servers.start_all(lab)
        bridge = SluisSet(lab, options.program.resolve(), options.rules.resolve(), workers)
        wrong = demo.ask_all(lab, bridge, False)
        return [f"{choose.__name__}: {fault}" for fault in wrong + bridge.stop()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True, help="the sluis-dataplane to run")
    parser.add_argument("--rules", type=Path, required=True, help="the compiled rule set that it loads")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root; run this as root", file=sys.stderr)
        return 77
    for signal_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: sys.exit(1))  # an exception, so that the lab is torn down
    try:
        wrong = [fault for choose, workers in SPREADS for fault in check(options, choose, workers)]
    except (LabError, counters.LayoutError, OSError, subprocess.SubprocessError) as error:
        print(f"the lab failed: {error}", file=sys.stderr)
        return 2
    for fault in wrong:
        print(f"WRONG: {fault}")
    print("WRONG" if wrong else "all is as it must be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
