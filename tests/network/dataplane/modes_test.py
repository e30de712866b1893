"""Modes of a port pair, set while frames cross. Usage: modes_test.py PROGRAM RULES [TEST…]"""

import random
import signal
import sys
import tempfile
import unittest
from pathlib import Path

import capture
import command
import frames
from command import Client
from dataplane import Dataplane, counters, problems, total
from hand_over_test import dns_query

PROGRAM, RULES = "", ""
CHANGES = 400
BURST = 128  # frames: a reader sees one burst half done
MODES = ["inline", "monitor", "wire", "closed"]
REFUSED, OTHER = dns_query("www.tiktok.com", 40000), dns_query("www.example.org", 40001)
LACP = frames.ethernet(bytes(110), 0x8809)


class ModesTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="sluis-modes.")
        self.directory = Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)

    def dataplane(self, *, workers=1, mode="inline"):
        capture.write(self.directory / "inside.rx.pcap", [REFUSED, OTHER, LACP])
        inside = f"net_pcap_inside,rx_pcap={self.directory}/inside.rx.pcap,infinite_rx=1"
        pairs = [(inside, "net_null0,no-rx=1", f'workers = {workers}\nmode = "{mode}"')]
        sluis = Dataplane(PROGRAM, RULES, self.directory, pairs, 1500)
        with open(sluis.config, "a") as config:
            config.write(f'modes = "{self.directory}/modes"\n')
        return sluis

    def set_mode(self, client, mode, seconds=0, pair="pair0"):
        reply = client.ask(command.set_mode(pair, mode, "a test", seconds))
        self.assertEqual(command.OK, reply.code, reply.message)

    def counted(self, sluis, frames_received):
        """What is counted while so many frames come."""
        before = sluis.counts()
        sluis.wait_for_frames(sum(counters.by_side(before, "rx_frames")) + frames_received)
        return counters.difference(sluis.counts(), before)

    def pair_state(self, sluis):
        return counters.read(sluis.sluisctl, sluis.runtime)["pairs"][0]

    def settled_counts(self, sluis, mode):
        """What is counted while frames come. A reader that loses its processor amid a set of counters sees the rest of them
        later than the first: then it reads again."""
        for _ in range(20):
            now = self.counted(sluis, 3000)
            came, went = (sum(counters.by_side(now, name)) for name in ("rx_frames", "tx_frames"))
            dropped = now["drops"].get("rule", 0)
            if mode == "closed" or abs(dropped - came / 3 if mode == "inline" else went - came) <= BURST:
                break
        return now, came, went

    def check_mode(self, sluis, mode):
        now, came, went = self.settled_counts(sluis, mode)
        drops = {reason: count for reason, count in now["drops"].items() if count}
        if mode == "inline":
            self.assertEqual({"rule"}, set(drops))
            self.assertGreater(now["injected_frames"], 0)
            self.assertAlmostEqual(drops["rule"], came / 3, delta=BURST)
        elif mode == "closed":
            self.assertEqual({"pair_closed"}, set(drops), "not even LACP crosses")
            self.assertEqual(0, went)
        else:
            self.assertEqual({}, drops)
            self.assertAlmostEqual(went, came, delta=BURST)
            self.assertEqual(0, now["injected_frames"])
        self.assertEqual(mode == "inline", now["names_blocked"]["dns"] > 0)
        self.assertEqual(mode == "monitor", now["names_monitored"]["dns"] > 0)
        self.assertEqual(mode == "monitor", now["would_block"].get("rule", 0) > 0)
        self.assertEqual(mode in ("inline", "monitor"), now["names_allowed"]["dns"] > 0)

    def test_each_mode_does_what_it_says(self):
        with self.dataplane() as sluis, Client(sluis.runtime) as client:
            for mode in ["closed", "wire", "monitor", "inline", "wire", "inline", "closed", "monitor"]:
                with self.subTest(mode):
                    self.set_mode(client, mode)
                    self.check_mode(sluis, mode)
                    self.assertEqual((mode, "command", "a test"), tuple(self.pair_state(sluis)[key]
                                                                        for key in ("mode", "cause", "reason")))
            self.assertEqual(8, self.pair_state(sluis)["transitions"]["command"])
            self.assertEqual([], problems(sluis.stop()))

    def change_under_load(self, workers):
        chance = random.Random(20230327)
        with self.dataplane(workers=workers) as sluis, Client(sluis.runtime) as client:
            for _ in range(CHANGES):
                self.set_mode(client, chance.choice(MODES))
            self.set_mode(client, "inline")
            sluis.wait_for_frames(sluis.received() + 1000)
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        for reason in ("rule", "pair_closed"):
            self.assertGreater(total(accounts, f"drop.{reason}"), 0)
        return total(accounts, "drops") - total(accounts, "drop.rule") - total(accounts, "drop.pair_closed"), accounts

    def test_hundreds_of_changes_under_load_lose_no_frame(self):
        others, accounts = self.change_under_load(1)
        self.assertEqual(0, others, accounts)

    def test_several_workers_change_together(self):
        # A port that never rests gives the second worker more than it takes.
        others, accounts = self.change_under_load(2)
        self.assertEqual(others, total(accounts, "drop.handoff_full"), accounts)

    def test_a_pair_that_begins_closed_lets_nothing_cross(self):
        with self.dataplane(mode="closed") as sluis:
            sluis.wait_for_frames(1000)
            self.assertEqual(("closed", "configuration"), tuple(self.pair_state(sluis)[k] for k in ("mode", "cause")))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertEqual((0, total(accounts, "rx")), (total(accounts, "tx"), total(accounts, "drop.pair_closed")))

    def test_what_is_set_by_hand_outlives_the_process_however_it_ends(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(end):
                with self.dataplane() as sluis:
                    with Client(sluis.runtime) as client:
                        self.set_mode(client, "wire")
                    since = self.pair_state(sluis)["since"]
                    sluis.process.send_signal(end)
                    sluis.process.communicate(timeout=30)
                with self.dataplane() as sluis, Client(sluis.runtime) as client:
                    self.check_mode(sluis, "wire")
                    self.assertEqual(since, self.pair_state(sluis)["since"])
                    self.set_mode(client, "inline")
                    self.assertEqual([], problems(sluis.stop()))
        with self.dataplane() as sluis:
            self.assertEqual("inline", self.pair_state(sluis)["mode"])

    def test_a_change_for_a_time_ends_by_itself(self):
        with self.dataplane() as sluis, Client(sluis.runtime) as client:
            self.set_mode(client, "wire", seconds=2)
            self.assertEqual("wire", self.pair_state(sluis)["mode"])
            sluis.wait(lambda: self.pair_state(sluis)["mode"] == "inline", "inline again")
            self.assertEqual("expiry", self.pair_state(sluis)["cause"])
            self.check_mode(sluis, "inline")
            self.assertEqual([], problems(sluis.stop()))

    def test_wrong_wishes_are_refused(self):
        with self.dataplane() as sluis, Client(sluis.runtime) as client:
            for pair, mode, reason, seconds, code in [("pair1", "wire", "x", 0, command.NO_PAIR),
                                                      ("pair0", "open", "x", 0, command.MALFORMED),
                                                      ("pair0", "", "x", 0, command.MALFORMED),
                                                      ("pair0", "wire", "", 0, command.MALFORMED),
                                                      ("pair0", "wire", "x" * 256, 0, command.MALFORMED),
                                                      ("pair0", "wire", "x", 1 << 31, command.MALFORMED)]:
                with self.subTest((pair, mode, seconds)):
                    self.assertEqual(code, client.ask(command.set_mode(pair, mode, reason, seconds)).code)
            self.assertEqual("inline", self.pair_state(sluis)["mode"])
            self.assertFalse((self.directory / "modes").exists())

    def test_it_ends_when_asked_to_and_says_so(self):
        with self.dataplane() as sluis, Client(sluis.runtime) as client:
            sluis.wait_for_frames(1000)
            self.assertEqual(command.OK, client.ask(command.END).code)
            stdout, _ = sluis.process.communicate(timeout=30)
            self.assertEqual(3, sluis.process.returncode)
            self.assertIn("balance=0", stdout)


if __name__ == "__main__":
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
