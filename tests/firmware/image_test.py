#!/usr/bin/env python3
"""Starts a board's image in an emulated machine and uses it: what must be served and refused through it, its API, its
updates, and what it does when one of them is no good or the power goes.

Usage: image_test.py --board qemu-q35|qemu-virt [--secure-boot] [--image FILE] [--only PHASE,…]
After scripts/firmware build, with --secure-boot where that is given here; as root.
Exit status: 0 all is as it must be; 1 something is not; 77 skipped. Times are the host's, and in brackets the machine's.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from emulators import EMULATORS
from machine import ROOT, FirmwareLab, Machine, MachineError

import board as boards
import installers
import secure_boot
import starts
import updates
import verified
from bench import Bench
from bundle_server import BundleServer
from bundles import Bundles
from lab import LabError
from workshop import ImageError, Workshop

# Some begin with a machine that is off and was never on, the others with one whose slot is good.
PHASES = {"first-power-cut": starts.first_power_cut, "first-start": starts.first, "update": updates.good,
          "stranger": updates.stranger, "without-init": updates.without_init, "unhealthy": updates.unhealthy,
          "power-cut": updates.power_cut, "empty-slot": starts.empty_slot, "last-resort": starts.last_resort,
          "factory-reset": starts.factory_reset, "stick": installers.from_stick, "server": installers.from_server,
          "replacement": starts.replacement}
SECURED_PHASES = {**PHASES, "refusals": secure_boot.refusals}
WITHOUT_GOOD_SLOT = ("first-power-cut", "first-start", "stick", "server", "refusals")


def main():
    options = parse_arguments()
    if os.geteuid() != 0:
        print("skipped: needs root", file=sys.stderr)
        return 77
    for signal_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: sys.exit(1))
    board = boards.load(options.board)
    workshop = Workshop(ROOT / "build/firmware", 1)
    name = f"{board.name}-secure-boot" if options.secure_boot else board.name
    image = Path(options.image or workshop.folder / f"out/{name}.img").resolve()
    for needed in (image, image.with_suffix(".squashfs")):
        if not needed.is_file():
            secured = " --secure-boot" if options.secure_boot else ""
            print(f"scripts/firmware: {needed}: no such file; make it by scripts/firmware build --board {board.name}{secured}",
                  file=sys.stderr)
            return 1
    folder = workshop.folder / f"test-{os.getpid()}"
    folder.mkdir()
    signer, trusted = None, None
    if options.secure_boot:
        signer = verified.Signer(workshop.folder / "keys")
        trusted = secure_boot.trusted_variables(workshop, signer, EMULATORS[board.name].variables, folder / "trusted.fd")
    machine = Machine(board, image, folder, trusted)
    try:
        with FirmwareLab() as lab, BundleServer(folder) as server:
            bundles = Bundles(workshop, board, image.with_suffix(".squashfs"), signer, folder)
            bench = Bench(board, workshop, machine, lab, bundles, server)
            bench.enrol()
            outcomes = {name: carry_out(name, phase, bench) for name, phase in options.phases.items() if name in options.only}
    finally:
        machine.stop()
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)
    for phase, faults in outcomes.items():
        print(f"{phase:16} {'; '.join(faults) or 'as it must be'}")
    failed = any(outcomes.values())
    print(f"{'failed' if failed else 'passed'}: {name}, {len(outcomes)} of {len(options.phases)} phases")
    return 1 if failed else 0


def carry_out(name, phase, bench):
    """What is wrong, in words. The next phase begins with another start, where this one did not come to its end."""
    print(f"== {name}", flush=True)
    begun = time.monotonic()
    try:
        if name not in WITHOUT_GOOD_SLOT:
            bench.be_ready()
        faults = phase(bench)
    except (MachineError, LabError, ImageError) as error:
        bench.machine.stop()
        faults = [str(error)]
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"== {name} took {time.monotonic() - begun:.0f} s", flush=True)
    return faults


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", default="qemu-q35", choices=list(EMULATORS))
    parser.add_argument("--image")
    parser.add_argument("--secure-boot", action="store_true", help="a machine that starts only what our keys signed")
    parser.add_argument("--only", type=lambda names: names.split(","), metavar="PHASE,…",
                        help="of " + ", ".join(SECURED_PHASES) + "; by default all, in this order")
    parser.add_argument("--keep", action="store_true", help="leave the disk and the console's output")
    options = parser.parse_args()
    if options.secure_boot and not EMULATORS[options.board].secure_boot:
        parser.error(f"--secure-boot was not tried with {options.board}")
    options.phases = SECURED_PHASES if options.secure_boot else PHASES
    options.only = options.only or list(options.phases)
    for name in options.only:
        if name not in options.phases:
            parser.error(f"no phase {name}; they are {', '.join(options.phases)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
