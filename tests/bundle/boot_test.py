#!/usr/bin/env python3
"""A box starts with its rules although its store cannot be written: boot_test.py SLUISCTL [--sanitized]"""

import fcntl
import json
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile

import wire
from box import Box, TIMEOUT

failures = []


def expect(name, condition, detail=""):
    if not condition:
        failures.append(name)
        print(f"FAILED {name}: {detail}")


def full_disk():
    """For a child: every write to a file fails. Pipes go on."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def low_limits(address_space):
    """For a child: hard limits of its own, below those of a trial."""
    resource.setrlimit(resource.RLIMIT_CPU, (50, 50))
    if address_space:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def boot(box, prepare=None):
    command = box.command("rules", "boot", "-o", "json", *box.store_options())
    result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, preexec_fn=prepare)
    if result.returncode != 0:
        return "none", {result.stderr}
    outcome = json.loads(result.stdout)
    return f"{outcome['in_force']} {outcome['sequence']}", {alarm["alarm"] for alarm in outcome["alarms"]}


def expect_boot(name, box, in_force, alarm, prepare=None):
    got = boot(box, prepare)
    expect(name, got[0] == in_force and alarm in got[1], got)


def installed(sluisctl, folder):
    box = Box(sluisctl, folder)
    result = box.install(wire.envelope(wire.bundle(2), box.rule), "--confirm")
    expect("installing", result.returncode == 0, result.stderr)
    return box


def main():
    sluisctl = sys.argv[1]
    sanitized = sys.argv[2:] == ["--sanitized"]
    with tempfile.TemporaryDirectory(prefix="sluis-boot-") as folder:
        folder = pathlib.Path(folder)
        box = installed(sluisctl, folder / "box")
        expect_boot("nothing wrong", box, "current 2", "development_keys")
        expect_boot("full disk, nothing to write", box, "current 2", "development_keys", full_disk)
        (box.store / "state").unlink()
        expect_boot("full disk", box, "current 2", "store_unusable", full_disk)
        expect_boot("low limits", box, "current 2", "development_keys",
                    # AddressSanitizer's shadow needs more address space than any limit.
                    lambda: low_limits(address_space=not sanitized))
        with open(box.store / "lock", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            expect_boot("lock held", box, "current 2", "store_locked")
        expect_boot("full disk, never a store", Box(sluisctl, folder / "new"), "factory 1", "store_unusable", full_disk)
        (box.store / "lock").unlink()
        (box.store / "lock").mkdir()
        expect_boot("lock is a folder", box, "current 2", "store_unusable")
    print(f"starts in trouble: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
