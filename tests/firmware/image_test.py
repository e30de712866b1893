#!/usr/bin/env python3
"""Starts a board's image in an emulated machine and uses it: what must be served and refused through it, its API.

Usage: image_test.py --board qemu-q35 [--image FILE]       after scripts/firmware build; as root
Exit status: 0 all is as it must be; 1 something is not; 77 skipped.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from machine import ROOT, FirmwareLab, Machine, MachineError

import board as boards
import servers
from rows import REFUSED, SERVED, all_rows
from workshop import Workshop

PATIENCE = 60  # seconds for a client's answer: emulation is slow
# One of each kind is enough here: the rows' own test is the demo's.
ASKED = {(SERVED, "dns"): 2, (REFUSED, "dns"): 2, (SERVED, "tls"): 2, (REFUSED, "tls"): 2, (SERVED, "http"): 1,
         (REFUSED, "http"): 1, (SERVED, "quic"): 1, (REFUSED, "quic"): 1}


def main():
    options = parse_arguments()
    if os.geteuid() != 0:
        print("skipped: needs root", file=sys.stderr)
        return 77
    for signal_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: sys.exit(1))
    board = boards.load(options.board)
    workshop = Workshop(ROOT / "build/firmware", 1)
    folder = workshop.folder / f"test-{os.getpid()}"
    folder.mkdir()
    machine = Machine(options.image or workshop.folder / f"out/{board.name}.img", folder)
    try:
        machine.enrol(workshop, boards.sluis_config(board) + api_config())
        with FirmwareLab() as lab:
            cut_power(machine, lab)
            machine.start(lab)
            faults = use(machine, lab)
            machine.stop()
            faults += after(machine, workshop)
            faults += fall_back(machine, lab, workshop)
    except MachineError as error:
        faults = [str(error)]
    finally:
        machine.stop()
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"{'failed' if faults else 'passed'}: {board.name}")
    return 1 if faults else 0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", default="qemu-q35", choices=["qemu-q35"])
    parser.add_argument("--image")
    parser.add_argument("--keep", action="store_true", help="leave the disk and the console's output")
    return parser.parse_args()


def api_config():
    return """
[api]
listen = ["0.0.0.0:8443"]
certificate = "/etc/sluis/api/box.pem"
key = "/etc/sluis/api/box.key"
client_ca = "/etc/sluis/api/clients.pem"
"""


def say(machine, what):
    print(f"{machine.seconds():7.1f} s  {what}", flush=True)


def cut_power(machine, lab):
    """In the middle of the first start, while the box takes in what it is enrolled with."""
    machine.start(lab)
    machine.wait("the box is being enrolled", lambda: "enrolled: " in machine.console_text())
    machine.stop()
    say(machine, "power cut during enrolment")
    machine.forget_console()


def use(machine, lab):
    """What is wrong, in words."""
    say(machine, "power on")
    machine.wait("forwarding", lab.crosses)
    say(machine, "forwards")
    servers.start_all(lab)
    machine.wait("the API answers", lambda: machine.ask("GET", "/healthz"))
    say(machine, "the API answers")
    machine.wait("healthy", lambda: (machine.ask("GET", "/healthz") or [0])[0] == 200)
    faults = ask_rows(machine, lab)
    faults += look_at_counters(machine)
    machine.wait("the slot is marked good", lambda: "this slot is good" in machine.console_text(), 400)
    say(machine, "the slot is marked good")
    return faults


def ask_rows(machine, lab):
    left, faults = dict(ASKED), []
    for row in all_rows():
        kind = (row.must_be, row.ask.counted_as)
        if not left.get(kind):
            continue
        left[kind] -= 1
        begun = time.monotonic()
        try:
            done = subprocess.run(lab.inside("client", row.ask.command(lab.directory)), capture_output=True,
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE, cwd=lab.directory)
            answer = row.ask.read(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
            text, kind = answer.text, answer.kind
        except subprocess.TimeoutExpired:
            text, kind = "nothing", "other"
        wrong = kind != row.must_be
        say(machine, f"{'WRONG' if wrong else 'ok':6}{row.ask.question:40} {row.ask.protocol:16} {text} "
                     f"({(time.monotonic() - begun) * 1000:.0f} ms)")
        if wrong:
            faults.append(f"{row.ask.question} over {row.ask.protocol} must be {row.must_be}, but: {text}")
    return faults


def look_at_counters(machine):
    status, body = machine.ask("GET", "/v1/stats") or (0, b"{}")
    total = json.loads(body).get("total", {})
    faults = [] if status == 200 else [f"/v1/stats answers {status}"]
    for protocol in ("dns", "tls", "http", "quic"):
        if not total.get("names_blocked", {}).get(protocol):
            faults.append(f"no {protocol} name is counted as blocked: {body[:400]!r}")
    say(machine, f"counted by the API: blocked {total.get('names_blocked')}, allowed {total.get('names_allowed')}")
    status, body = machine.ask("GET", "/v1/status") or (0, b"{}")
    say(machine, f"alarms: {[alarm['name'] for alarm in json.loads(body).get('alarms', [])]}")
    return faults


def after(machine, workshop):
    """What the boot loader noted, once the plug is pulled."""
    notes = machine.grub_environment(workshop)
    print(f"boot loader: {notes}")
    return [] if (notes.get("A_OK"), notes.get("A_TRY")) == ("1", "0") else [f"slot A is not good and untried: {notes}"]


def fall_back(machine, lab, workshop):
    """An update that cannot even start: slot B is made the first choice, and there is nothing in it."""
    machine.set_grub_environment(workshop, {"ORDER": "B A", "B_OK": "1", "B_TRY": "0"})
    machine.forget_console()
    machine.start(lab)
    machine.wait("forwarding from the other slot", lab.crosses)
    say(machine, "forwards, after two tries of an empty slot")
    machine.wait("the slot is marked good", lambda: "this slot is good" in machine.console_text(), 400)
    machine.stop()
    notes = machine.grub_environment(workshop)
    print(f"boot loader: {notes}")
    return [] if (notes.get("A_TRY"), notes.get("B_TRY")) == ("0", "2") else [f"the boot loader did not fall back: {notes}"]


if __name__ == "__main__":
    sys.exit(main())
