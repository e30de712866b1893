#!/usr/bin/env python3
"""What is not confirmed in time is rolled back, by whichever command comes next: probation_test.py SLUISCTL"""

import fcntl
import pathlib
import sys
import tempfile

import wire
from box import Box, NOW
from expectations import expect, expect_code, expect_done, failures

TIME = int(NOW[1:])
LATE = f"@{TIME + 600}"  # the end of a probation as it is by default


def bundle(box, sequence):
    return wire.envelope(wire.bundle(sequence, min_sequence=sequence), box.rule)


def pending_box(sluisctl, folder, *arguments):
    """2 and 3 are confirmed, 4 is on probation."""
    box = Box(sluisctl, folder)
    for sequence in (2, 3):
        expect_done("installing", box.install(bundle(box, sequence), "--confirm"))
    expect_done("on probation", box.install(bundle(box, 4), *arguments))
    return box


def expect_rolled_back(name, box):
    status = box.status(LATE)
    expect(name, (status["in_force"], status["sequence"], status["pending"]) == ("current", 3, False), status)
    expect(name, status["floor"] == 2, "a floor has risen without a confirmation")


def test_shown(box):
    status = box.status()
    expect("its end is shown", (status["pending"], status["probation_ends"]) == (True, "2090-09-25T05:30:00Z"), status)
    expect("no alarm before", "probation_over" not in box.alarms(f"@{TIME + 599}"))
    before = box.snapshot()
    expect("an alarm from then on", "probation_over" in box.alarms(LATE))
    expect_done("a dry run", box.install(bundle(box, 5), "--dry-run", now=LATE))
    expect("who looks changes nothing", box.snapshot() == before)


def test_commands(sluisctl, folder):
    box = pending_box(sluisctl, folder / "confirm")
    test_shown(box)
    expect_code("confirmed too late", 1107, box.rules("confirm", now=LATE))
    expect_rolled_back("confirm", box)
    box = pending_box(sluisctl, folder / "rollback")
    expect_done("rolled back too late", box.rules("rollback", now=LATE))
    expect_rolled_back("rollback: one step, not two", box)
    box = pending_box(sluisctl, folder / "boot")
    boot = box.boot(LATE)
    expect("a start", (boot["in_force"], boot["sequence"]) == ("current", 3), boot)
    expect_rolled_back("boot", box)
    box = pending_box(sluisctl, folder / "install")
    result = box.install(bundle(box, 5), now=LATE)
    expect("the next one", result.returncode == 0 and "sequence 4 was not confirmed in time" in result.stderr,
           result.stderr)
    expect("its fallback", box.status(LATE)["previous"]["sequence"] == 3, box.status(LATE))
    box = pending_box(sluisctl, folder / "keys")
    payload = wire.key_set(2, box.root, box.rule)
    expect_done("key sets", box.install_keys(wire.envelope(payload, box.root, wire.KEY_SET), now=LATE))
    expect_rolled_back("keys install", box)


def test_options(sluisctl, folder):
    box = pending_box(sluisctl, folder / "day", "--probation", 86400)
    expect_done("a day", box.rules("confirm", now=f"@{TIME + 86399}"))
    box = pending_box(sluisctl, folder / "person", "--probation", 0)
    expect_done("as long as it takes", box.rules("confirm", now=f"@{TIME + 10**7}"))
    too_long = box.install(bundle(box, 5), "--probation", 30 * 86400 + 1)
    expect("too long", too_long.returncode == 2 and "--probation" in too_long.stderr, too_long.stderr)


def test_locked(sluisctl, folder):
    """A start that may not write goes on with what is there."""
    box = pending_box(sluisctl, folder / "locked")
    with open(box.store / "lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        boot = box.boot(LATE)
        alarms = {alarm["alarm"] for alarm in boot["alarms"]}
        expect("locked", boot["sequence"] == 4 and {"probation_over", "store_locked"} <= alarms, boot)
        expect_code("two writers", 1101, box.rules("confirm"))
        expect_code("two installers", 1101, box.install(bundle(box, 5)))
    expect_done("afterwards", box.rules("confirm"))


def main():
    with tempfile.TemporaryDirectory(prefix="sluis-probation-") as folder:
        folder = pathlib.Path(folder)
        test_commands(sys.argv[1], folder)
        test_options(sys.argv[1], folder)
        test_locked(sys.argv[1], folder)
    print(f"probation: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
