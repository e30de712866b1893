"""sluis-guard and a board's bypass relays, which a folder of files stands for, with a thread that does what their driver
and their timer do. Usage: relays_test.py PROGRAM RULES [TEST…]"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from dataplane import SECONDS, Dataplane

PROGRAM, RULES = "", ""
SETTLED_AFTER, RELAY_SECONDS = 2, 4
PATIENCE = int(os.environ.get("SLUIS_PATIENCE", "1"))


def guard_beside(program):
    return Path(program).resolve().parent.parent / "control/guard/sluis-guard"


class Relays(threading.Thread):
    """One pair of relays of class bypass. Each write of a mode stops the timer."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.ending = folder, threading.Event()
        self.changes = []   # (time, mode)
        self.seen = {}      # attribute: when it was written
        self.open_at = None
        folder.mkdir()
        for attribute, value in (("bypass", "n"), ("wdt", "0"), ("period", "9"), ("nextboot", "0"), ("bpe", "0")):
            self.write(attribute, value)

    def read(self, attribute):
        """A file that is being written is empty for a moment; an attribute is not."""
        while not (text := (self.folder / attribute).read_text()):
            time.sleep(0.0005)
        return text.strip()

    def write(self, attribute, value):
        (self.folder / attribute).write_text(value + "\n")
        self.is_new(attribute)

    def is_new(self, attribute):
        written = (self.folder / attribute).stat().st_mtime_ns
        before, self.seen[attribute] = self.seen.get(attribute), written
        return before != written

    def run(self):
        while not self.ending.wait(0.002):
            for attribute in sorted(("bypass", "wdt"), key=lambda name: (self.folder / name).stat().st_mtime_ns):
                if self.is_new(attribute):
                    self.take(attribute, self.read(attribute))
            if self.open_at and time.monotonic() > self.open_at:
                self.open_at = None
                self.write("wdt", "0")
                self.write("bypass", "b" if self.read("bpe") == "1" else "o")
                self.changes.append((time.monotonic(), self.read("bypass")))

    def take(self, attribute, value):
        if attribute == "bypass":
            self.open_at = None
            self.changes.append((time.monotonic(), value))
        elif value == "1":
            self.open_at = time.monotonic() + int(self.read("period"))
        elif value == "0":
            self.open_at = None


class RelaysTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-relays.")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)
        self.relays = Relays(self.directory / "g3bp0")
        self.relays.start()
        self.addCleanup(lambda: (self.relays.ending.set(), self.relays.join()))
        self.guard = None
        self.addCleanup(self.end_guard, signal.SIGKILL)

    def dataplane(self, policy):
        relay = f'relay = "{self.relays.folder}"\non_failure = {{ dataplane = "{policy}" }}'
        sluis = Dataplane(PROGRAM, RULES, self.directory, [("net_null0,no-rx=1", "net_null1,no-rx=1", relay)], 1500)
        with open(sluis.config, "a") as config:
            config.write(f'modes = ""\n[guard]\nsettled_after = "{SETTLED_AFTER}s"\nrelay_seconds = {RELAY_SECONDS}\n'
                         f'hang_after = "{500 * PATIENCE}ms"\n')
        sluis.runtime.mkdir()
        return sluis

    def start_guard(self, sluis):
        log = open(self.directory / "guard.log", "ab")
        self.addCleanup(log.close)
        self.guard = subprocess.Popen([guard_beside(PROGRAM), "--config", sluis.config], stdin=subprocess.DEVNULL, stderr=log)

    def end_guard(self, signum):
        if self.guard:
            self.guard.send_signal(signum)
            self.guard.wait(SECONDS)

    def wait_for(self, mode):
        """Returns when the relays came to it."""
        end = time.monotonic() + SECONDS
        while self.relays.read("bypass") != mode:
            self.assertLess(time.monotonic(), end, f"not in {mode}: {(self.directory / 'guard.log').read_text()}")
            time.sleep(0.005)
        time.sleep(0.02)
        return self.relays.changes[-1][0]

    def passage(self, sluis):
        return json.loads((sluis.runtime / "guard.json").read_text())["pairs"][0]

    def test_they_carry_what_no_dataplane_does(self):
        sluis = self.dataplane("open")
        self.start_guard(sluis)
        self.wait_for("b")
        with sluis:
            forwarding = time.monotonic()
            self.assertGreater(self.wait_for("n"), forwarding + SETTLED_AFTER - 0.5, "before it was seen to be well")
            self.assertEqual(("1", "1", "1", str(RELAY_SECONDS)),
                             tuple(map(self.relays.read, ("wdt", "nextboot", "bpe", "period"))))
            time.sleep(RELAY_SECONDS + 1)
            self.assertEqual("n", self.relays.read("bypass"), "they are fed")
            killed = time.monotonic()
            sluis.process.kill()
            self.assertLess(self.wait_for("b") - killed, RELAY_SECONDS - 1, "by their own timer")
        # One that fails again and again leaves them as they are.
        changes = len(self.relays.changes)
        for _ in range(2):
            with sluis:
                time.sleep(SETTLED_AFTER / 4)
        self.assertEqual(changes, len(self.relays.changes))
        self.assertEqual(("bypassed", "relays", "ended"),
                         tuple(self.passage(sluis)[key] for key in ("passage", "method", "cause")))

    def test_they_open_when_nobody_watches(self):
        sluis = self.dataplane("open")
        with sluis:
            self.start_guard(sluis)
            self.wait_for_feeding()
            self.end_guard(signal.SIGKILL)
            self.wait_for("b")
            self.start_guard(sluis)
            self.wait_for("n")
            self.wait_for_feeding()
            self.end_guard(signal.SIGTERM)  # in order: nothing follows
            self.assertEqual("0", self.relays.read("wdt"))
            time.sleep(RELAY_SECONDS + 0.5)
            self.assertEqual("n", self.relays.read("bypass"))

    def test_a_shutdown_leaves_them_open(self):
        """The guard is told to end before it has seen that the dataplane did."""
        with self.dataplane("open") as sluis:
            self.start_guard(sluis)
            self.wait_for_feeding()
            self.guard.send_signal(signal.SIGSTOP)
            sluis.stop()
        self.guard.send_signal(signal.SIGTERM)
        self.end_guard(signal.SIGCONT)
        self.assertEqual(("b", "0"), (self.relays.read("bypass"), self.relays.read("wdt")))

    def wait_for_feeding(self):
        end = time.monotonic() + SECONDS
        while not self.relays.open_at:
            self.assertLess(time.monotonic(), end, "not fed")
            time.sleep(0.005)

    def test_those_that_are_no_longer_named_stay_as_they_are(self):
        with self.dataplane("open") as sluis:
            self.start_guard(sluis)
            self.wait_for_feeding()
            another = sluis.config.with_suffix(".next")
            another.write_text(sluis.config.read_text().replace(f'relay = "{self.relays.folder}"\n', ""))
            another.rename(sluis.config)
            time.sleep(RELAY_SECONDS + 2)
            self.assertEqual(("n", "0"), (self.relays.read("bypass"), self.relays.read("wdt")))

    def test_check_says_when_they_are_not_there(self):
        for policy, well, wrong in (("open", "is bridged without a dataplane, by relays", "cannot be kept open"),
                                    ("closed", "is closed without a dataplane", "cannot be kept closed")):
            sluis = self.dataplane(policy)
            self.assertIn(well, self.check(sluis, status=0))
            sluis.config.write_text(sluis.config.read_text().replace("g3bp0", "g3bp1"))
            self.assertIn(f"{wrong}: cannot read {self.directory}/g3bp1/bypass", self.check(sluis, status=1))

    def check(self, sluis, status):
        done = subprocess.run([guard_beside(PROGRAM), "--check", "--config", sluis.config], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual((status, status), (done.returncode, done.stderr.count("\n")), done.stderr)
        return done.stdout

    def test_those_of_a_closed_pair_never_open(self):
        sluis = self.dataplane("closed")
        with sluis:
            self.start_guard(sluis)
            end = time.monotonic() + SECONDS
            while not (sluis.runtime / "guard.json").exists():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)
            sluis.process.kill()
        time.sleep(RELAY_SECONDS + 0.5)
        self.end_guard(signal.SIGKILL)
        self.assertEqual([], self.relays.changes)
        self.assertEqual(("n", "0", "0", "0"), tuple(map(self.relays.read, ("bypass", "wdt", "nextboot", "bpe"))))
        self.assertEqual("closed", self.passage(sluis)["passage"])


if __name__ == "__main__":
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
