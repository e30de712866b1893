#!/usr/bin/env python3
"""Starts a board's image in an emulated machine and uses it: what must be served and refused through it, its API, its
updates, and what it does when one of them is no good or the power goes.

Usage: image_test.py --board qemu-q35 [--image FILE] [--only PART]...    after scripts/firmware build; as root
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
from pathlib import Path

from machine import ROOT, FirmwareLab, Machine, MachineError

import board as boards
import servers
import updates
from bundle_server import BundleServer
from bundles import Bundles
from rows import REFUSED, SERVED, all_rows
from workshop import Workshop

PARTS = ["enrol", "update", "empty", "reset"]
POLICY = """
[policy]
time_zone = "Europe/Brussels"

[[zone]]
name = "annex"
vlans = [210]
language = "nl"

    [[zone.rule]]
    mode = "monitor"
    from = 2023-03-27
"""
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
    image = Path(options.image or workshop.folder / f"out/{board.name}.img").resolve()
    machine = Machine(image, folder)
    faults = []
    try:
        machine.enrol(workshop, boards.sluis_config(board) + api_config())
        with FirmwareLab() as lab:
            if "enrol" in options.only:
                cut_power(machine, lab)
            machine.start(lab)
            faults += use(machine, lab)
            if "update" in options.only:
                bundles = Bundles(workshop, board, image.with_suffix(".squashfs"), folder)
                with BundleServer(folder) as server:
                    faults += updates.run(machine, lab, bundles, server)
            machine.stop()
            if "empty" in options.only:
                faults += fall_back(machine, lab, workshop)
            if "reset" in options.only:
                faults += reset(machine, lab, workshop, board)
    except MachineError as error:
        faults.append(str(error))
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
    parser.add_argument("--only", action="append", choices=PARTS, help="and the first start; by default all")
    parser.add_argument("--keep", action="store_true", help="leave the disk and the console's output")
    options = parser.parse_args()
    options.only = options.only or PARTS
    return options


def api_config():
    return """
[api]
listen = ["0.0.0.0:8443"]
certificate = "/etc/sluis/api/box.pem"
key = "/etc/sluis/api/box.key"
client_ca = "/etc/sluis/api/clients.pem"
"""


def cut_power(machine, lab):
    """In the middle of the first start, while the box takes in what it is enrolled with."""
    machine.start(lab)
    machine.wait("the box is being enrolled", lambda: "enrolled: " in machine.console_text())
    machine.stop()
    machine.say("power cut during enrolment")


def use(machine, lab):
    """What is wrong, in words."""
    machine.say("power on")
    machine.wait("forwarding", lab.crosses)
    machine.say("forwards")
    servers.start_all(lab)
    machine.wait("the API answers", lambda: machine.ask("GET", "/healthz"))
    machine.say("the API answers")
    machine.wait("healthy", lambda: (machine.ask("GET", "/healthz") or [0])[0] == 200)
    faults = ask_rows(machine, lab)
    faults += look_at_counters(machine)
    machine.wait_for_text("this slot is good", 400)
    machine.say("the slot is marked good")
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
        machine.say(f"{'WRONG' if wrong else 'ok':6}{row.ask.question:40} {row.ask.protocol:16} {text} "
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
    machine.say(f"counted by the API: blocked {total.get('names_blocked')}, allowed {total.get('names_allowed')}")
    status, body = machine.ask("GET", "/v1/status") or (0, b"{}")
    machine.say(f"alarms: {[alarm['name'] for alarm in json.loads(body).get('alarms', [])]}")
    return faults


def fall_back(machine, lab, workshop):
    """The slot that the boot loader takes first holds nothing at all."""
    notes = machine.grub_environment(workshop)
    print(f"boot loader: {notes}")
    empty, other = ("B", "A") if notes["ORDER"].startswith("A") else ("A", "B")
    machine.set_grub_environment(workshop, {"ORDER": f"{empty} {other}", f"{empty}_OK": "1", f"{empty}_TRY": "0"})
    machine.empty_slot(workshop, empty)
    machine.start(lab)
    machine.wait("forwarding from the other slot", lab.crosses)
    machine.say("forwards, after two tries of an empty slot")
    machine.wait_for_text("this slot is good", 400)
    machine.stop()
    notes = machine.grub_environment(workshop)
    print(f"boot loader: {notes}")
    return [] if (notes[f"{other}_TRY"], notes[f"{empty}_TRY"]) == ("0", "2") else [f"the boot loader did not fall back: {notes}"]


def reset(machine, lab, workshop, board):
    """The box forgets what it was told, and is enrolled anew, by files on its EFI partition."""
    machine.start(lab)
    job = machine.do("/v1/policy", POLICY)
    known = machine.get("/v1/policy")["origin"]
    machine.stop()
    machine.enrol(workshop, boards.sluis_config(board) + api_config(), {"factory-reset": b""})
    machine.start(lab)
    machine.wait_for_text("factory reset: starting again")
    machine.wait_for_text("enrolled: sluis.toml")
    origin = machine.get("/v1/policy")["origin"]
    machine.say(f"factory reset: the policy came from {known}, and comes from {origin}")
    machine.wait("forwarding", lab.crosses)
    machine.stop()
    return [] if (known, origin) == ("file", "none") else [f"the policy is from {known}, then {origin}: {job}"]


if __name__ == "__main__":
    sys.exit(main())
