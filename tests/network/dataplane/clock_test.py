"""The machine's clock is set to 1970, to 2038 and beyond, and back, while frames cross: nothing is judged otherwise, no
timer fires early or never, and no frame is lost. The process alone sees these times.
Usage: clock_test.py PROGRAM RULES STEPPING_CLOCK [TEST…]"""

import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

import capture
import command
import frames
from command import Client
from dataplane import Dataplane, counters, problems, total
from hand_over_test import dns_query

PROGRAM, RULES, LIBRARY = "", "", ""
REFUSED, OTHER = dns_query("www.tiktok.com", 40000), dns_query("www.example.org", 40001)
DAY = 86400
TIMES = {"1970": 1, "the last second of 32 bits": (1 << 31) - 1, "2038": 1 << 31, "2106": 1 << 32, "2500": 16725225600,
         "a day ago": None}


class ClockTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-clock.")
        self.directory = Path(temporary.name)
        self.addCleanup(temporary.cleanup)
        self.step = self.directory / "step"
        self.set_clock(None)

    def set_clock(self, seconds):
        """None: as it is."""
        step = 0 if seconds is None else seconds - int(time.time())
        new = self.step.with_suffix(".new")
        new.write_text(str(step))
        new.rename(self.step)

    def dataplane(self):
        # A fragment without the rest of its datagram waits for its timer.
        lone = frames.ethernet(frames.fragments4(frames.udp(frames.pattern(4000)), 77)[0], 0x0800)
        capture.write(self.directory / "rx.pcap", [REFUSED, OTHER, lone])
        inside = f"net_pcap_inside,rx_pcap={self.directory}/rx.pcap,infinite_rx=1"
        environment = {**os.environ, "LD_PRELOAD": LIBRARY, "SLUIS_TEST_STEP": str(self.step)}
        return Dataplane(PROGRAM, RULES, self.directory, [(inside, "net_null0,no-rx=1", "")], 1500,
                         environment=environment)

    def check_judging(self, sluis):
        before = sluis.counts()
        sluis.wait_for_frames(sum(counters.by_side(before, "rx_frames")) + 3000)
        now = counters.difference(sluis.counts(), before)
        came = sum(counters.by_side(now, "rx_frames"))
        self.assertAlmostEqual(now["drops"]["rule"], came / 3, delta=128)
        self.assertAlmostEqual(now["names_allowed"]["dns"], came / 3, delta=128)

    def check_timers(self, sluis):
        """Datagrams that do not complete are given up after five seconds, and others wait meanwhile."""
        before = sluis.counts()["drops"].get("fragment_timeout", 0)
        sluis.wait(lambda: sluis.counts()["drops"].get("fragment_timeout", 0) > before, "a timer's end")

    def test_whatever_the_clock_says_frames_are_judged_alike(self):
        with self.dataplane() as sluis:
            self.check_judging(sluis)
            for what, seconds in TIMES.items():
                with self.subTest(what):
                    self.set_clock(seconds if seconds is not None else int(time.time()) - DAY)
                    self.check_judging(sluis)
                    self.check_timers(sluis)
                    self.watch(sluis, 1)
                    sluis.wait(lambda: self.mode(sluis) == "inline", "the end of a change for a second")
            self.assertEqual([], problems(sluis.stop()))

    def test_a_clock_that_is_set_ends_no_change_early(self):
        with self.dataplane() as sluis:
            self.watch(sluis, 3600)
            self.set_clock(int(time.time()) + 7200)
            heartbeat = sluis.counts()["heartbeat"]
            time.sleep(2.5)  # the main thread has looked at it
            self.assertGreater(sluis.counts()["heartbeat"], heartbeat)
            self.assertEqual("monitor", self.mode(sluis))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertGreater(total(accounts, "rx"), 0)

    def watch(self, sluis, seconds):
        """Monitors for so long. (Who says nothing for ten seconds is disconnected.)"""
        with Client(sluis.runtime) as client:
            reply = client.ask(command.set_mode("pair0", "monitor", "a test", seconds))
        self.assertEqual(command.OK, reply.code, reply.message)

    def mode(self, sluis):
        return counters.read(sluis.sluisctl, sluis.runtime)["pairs"][0]["mode"]


if __name__ == "__main__":
    PROGRAM, RULES, LIBRARY = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
