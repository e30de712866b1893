#!/usr/bin/env python3
"""A writer that dies at any system call leaves a store that starts: with the old rules or the new ones, never neither.

power_cut_test.py SLUISCTL [--sanitized]

Each operation is run once under strace to count its system calls, then once for every call of every kind that can
change something, killed as it enters that call; and once more with that call failing. Then the box starts. A sanitizers' build can only
find fault with what goes on after a call, so there the deaths are left to the ordinary build.
"""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import wire
from box import Box

# What reaches the disk, and what could be in the way of it. Calls that only look cannot leave half of anything.
CALLS = ("openat", "mkdir", "write", "pwrite64", "fchmod", "fsync", "fdatasync", "rename", "renameat", "renameat2",
         "unlink", "unlinkat", "symlink", "symlinkat", "ftruncate", "flock", "close")
ERRORS = {"write": "ENOSPC", "openat": "EMFILE"}  # others: EIO
SANITIZED = "--sanitized" in sys.argv
failures = []


def expect(name, condition, detail=""):
    if not condition:
        failures.append(name)
        print(f"FAILED {name}: {detail}")


def known(calls):
    """strace refuses names that the machine's architecture does not have: `?` lets it pass them over."""
    return ",".join("?" + call for call in calls)


class Operation:
    """A command on a store, the store as it is before, and what may be in force after."""

    def __init__(self, name, box, command, before, after):
        self.name, self.box, self.command = name, box, command
        self.allowed = {before, after}
        self.after = after
        self.saved = box.folder / f"saved-{name}"
        shutil.copytree(box.store, self.saved, symlinks=True)

    def memory(self):
        """What the store knows besides: lost, it would be guessed, and the guess be taken for the truth."""
        boot = self.box.boot()
        return tuple(boot[key] for key in ("pending", "floor", "wanted_floor", "installed_sequence", "key_set"))

    def restore(self):
        shutil.rmtree(self.box.store, ignore_errors=True)
        shutil.copytree(self.saved, self.box.store, symlinks=True)

    def traced(self, *options):
        log = self.box.folder / "strace.log"
        command = ["strace", "-o", log, *options, *self.command]
        # The leak checker of a sanitizer's build cannot run under a tracer.
        environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, env=environment)
        return result, log.read_text(errors="replace")

    def count_calls(self):
        """How many calls of each kind come before the lock of the store is taken, and in all. The same every time."""
        self.restore()
        self.memories = {self.memory()}
        self.restore()
        result, log = self.traced("-e", "trace=" + known(CALLS))
        expect(self.name, result.returncode == 0, result.stderr)
        self.memories.add(self.memory())
        first, total, locked = collections.Counter(), collections.Counter(), False
        for line in log.splitlines():
            call = re.match(r"(\w+)\(", line)
            if not call or call[1] not in CALLS:
                continue
            total[call[1]] += 1
            locked = locked or "/store" in line
            if not locked:
                first[call[1]] += 1
        return first, total

    def check(self, what, result):
        boot = self.box.boot()
        state = (boot["in_force"], boot["sequence"])
        expect(what, state in self.allowed, f"{state} is in force; {result.stderr}")
        damage = [alarm for alarm in boot["alarms"] if alarm["alarm"] != "development_keys"]
        expect(what, not damage, damage)
        expect(what, self.memory() in self.memories, f"{self.memory()} is none of {self.memories}")
        if result.returncode == 0:
            expect(what, state == self.after, f"it said that it was done, and {state} is in force")
        leftovers = [name for name in self.box.snapshot() if re.search(r"\.\w{6}$", name) and not
                     name.endswith((".bundle", ".keyset"))]
        expect(what, not leftovers, f"left behind: {leftovers}")
        # Whatever happened, the same again or the next one can be done.
        retry = self.box.rules("rollback") if state == ("current", 4) else None
        expect(what, retry is None or retry.returncode == 0, retry and retry.stderr)

    def run_all(self):
        first, total = self.count_calls()
        points = 0
        for call in total:
            for when in range(first[call] + 1, total[call] + 1):
                faults = [f"signal=KILL:when={when}", f"error={ERRORS.get(call, 'EIO')}:when={when}"]
                if call == "close":  # strace's failing one closes nothing, which no system does: a pipe would stay open
                    faults.pop()
                for fault in faults[1:] if SANITIZED else faults:
                    self.restore()
                    result, _ = self.traced("-e", f"inject={call}:{fault}")
                    self.check(f"{self.name}: {call} {fault}", result)
                    points += 1
        expect(self.name, points > (15 if SANITIZED else 40), f"only {points} points: is the trace right?")
        return points


def operations(sluisctl, folder):
    """Installing the second bundle ever, confirming, rolling back; and the first key set after the factory's."""
    new = lambda box, sequence: box.write(f"{sequence}.bundle", wire.envelope(
        wire.bundle(sequence, min_sequence=sequence - 1), box.rule))

    def prepared(name, *sequences, pending=()):
        box = Box(sluisctl, folder / name)
        for sequence in sequences:
            box.rules("install", new(box, sequence), "--confirm")
        for sequence in pending:
            box.rules("install", new(box, sequence))
        return box

    def on_store(box, *words):
        return box.command(*words, *box.store_options())

    box = prepared("install", 2, 3)
    yield Operation("install", box, on_store(box, "rules", "install", new(box, 4)), ("current", 3), ("current", 4))
    box = prepared("confirm", 2, 3, pending=[4])
    yield Operation("confirm", box, on_store(box, "rules", "confirm"), ("current", 4), ("current", 4))
    box = prepared("rollback", 2, 3, pending=[5])
    yield Operation("rollback", box, on_store(box, "rules", "rollback"), ("current", 5), ("current", 3))
    box = prepared("keys", 2, 3)
    payload = wire.key_set(2, box.root, box.rule, floor_reset=2)
    keys = box.write("2.keyset", wire.envelope(payload, box.root, wire.KEY_SET))
    yield Operation("keys", box, on_store(box, "keys", "install", keys), ("current", 3), ("current", 3))


def main():
    sluisctl = sys.argv[1]
    if shutil.which("strace") is None or subprocess.run(["strace", "-o", os.devnull, "true"]).returncode != 0:
        print("skipped: strace is not here (scripts/install --test), or may trace nothing")
        return 77
    with tempfile.TemporaryDirectory(prefix="sluis-power-") as folder:
        for operation in operations(sluisctl, pathlib.Path(folder)):
            print(f"{operation.name}: {operation.run_all()} faults, {len(failures)} failures so far", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
