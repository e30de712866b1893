"""The dataplane, or who guards it, is killed, crashed, stopped or started again while a client works: what that costs, and
whether a forbidden name slips through. Prints one table.

Usage: faults_test.py BUILD RULES [TEST…]
"""

import json
import os
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "dataplane")]

import command  # noqa: E402
import namespace  # noqa: E402
from counters import PATIENCE  # noqa: E402
from guarded_box import GuardedBox  # noqa: E402
from lab import Lab, run  # noqa: E402
from memory_group import MemoryGroup  # noqa: E402
from stream_of_probes import Probes  # noqa: E402

BUILD, RULES = Path(), ""
SKIPPED = 77
LONGEST_GAP_MS = 1000 * PATIENCE  # what an open pair may be cut for, hang_after included
START_MS = 5000 * PATIENCE  # and for where nothing but another dataplane carries frames
UNDER_WAY = 0.5  # seconds: for a name that has crossed, and that its server has had no processor to read yet
WITHIN = 60            # seconds for all to be well again
ROWS = []
COLUMNS = ("fault", "policy", "sent", "lost", "twice", "gap, ms", "forbidden: refused", "passed", "unanswered")


def print_table():
    rows = [COLUMNS, *ROWS]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    for row in rows:
        print("  ".join(cell.ljust(width) if place < 2 else cell.rjust(width)
                        for place, (cell, width) in enumerate(zip(row, widths))))


class FaultsTest(unittest.TestCase):
    def start(self, policy):
        self.lab = self.enterContext(Lab())
        self.box = GuardedBox(self.lab, BUILD, RULES, policy)
        self.addCleanup(self.box.end)
        self.policy = policy
        self.probes = self.enterContext(Probes(self.lab))
        self.box.start_guard()
        self.box.wait_for_passage("bypassed" if policy == "open" else "closed")
        self.box.start_dataplane()
        self.wait_until_well()

    def wait_until_well(self):
        """The dataplane forwards and refuses, and the client is served by it."""
        self.box.wait_until_forwarding()
        begin = time.monotonic()
        self.box.wait(lambda: self.probes.served_to(begin), WITHIN, "the client was not served")

    def fault(self, name, act, recovered=None, longest_gap_ms=LONGEST_GAP_MS, restarts=1):
        """Has a fault happen, and looks at what became of all that was sent. What was too late is looked at again: a
        machine with other work may keep whoever measures, or a worker, from its processors."""
        for last in (False, False, True):
            starts = self.box.starts
            seen = self.observe(name, act, recovered or (lambda: self.wait_for_another_start(starts)))
            in_time = starts + restarts == self.box.starts and (self.policy == "closed" or seen.gap_ms < longest_gap_ms)
            if in_time or last:
                break
        with self.subTest(name):
            self.assertEqual(starts + restarts, self.box.starts, self.box.logs())
            self.assertEqual(0, seen.twice, "frames crossed twice")
            self.assertEqual(set(), seen.strangers, "the box sent frames of its own")
            self.assertEqual(0, self.probes.resets, "the download broke")
            self.assertGreater(seen.downloaded, 0)
            self.assertGreater(seen.refused, 0, "names are refused before and after")
            if self.policy == "closed":
                self.assertEqual(0, seen.passed, "forbidden names slipped through")
            else:
                self.assertLess(seen.gap_ms, longest_gap_ms)
        return seen

    def observe(self, name, act, recovered):
        """From half a second before the fault until half a second after all was well again."""
        began = time.monotonic()
        time.sleep(0.5)
        act()
        recovered()
        self.wait_until_well()
        time.sleep(0.5)
        seen = self.probes.seen(began, time.monotonic())
        ROWS.append((name, self.policy, str(seen.sent), str(seen.lost), str(seen.twice), f"{seen.gap_ms:.0f}",
                     str(seen.refused), str(seen.passed), str(seen.unanswered)))
        return seen

    def wait_for_another_start(self, starts):
        self.box.wait(lambda: self.box.starts > starts, WITHIN, "the dataplane was not started again")

    def each_death(self):
        for name, number in (("SIGKILL", signal.SIGKILL), ("SIGSEGV", signal.SIGSEGV),
                             ("SIGSTOP: it hangs", signal.SIGSTOP)):
            self.fault(name, lambda number=number: self.box.signal_dataplane(number))
            failures = self.box.passage()["failures"]
            self.assertGreater(failures, 0)
        self.assertGreater(self.box.passage()["hangs"], 0)
        self.out_of_memory()
        self.fault("SIGTERM: a warm restart", lambda: self.box.signal_dataplane(signal.SIGTERM))

    def out_of_memory(self):
        """The kernel kills the dataplane when it loads new rules, for which there is no memory."""
        try:
            group = self.enterContext(MemoryGroup())
        except OSError as error:
            return ROWS.append((f"out of memory: not tried, {error}", self.policy, *[""] * 7))
        rules = Path(RULES).read_bytes()

        def swap_rules():
            group.add(self.box.dataplane.process.pid)
            try:
                with command.Client(self.box.runtime) as client:
                    client.ask(command.offer(), [command.memory(rules)])
            except OSError:
                pass  # it was killed before it answered

        self.fault("out of memory: the kernel's kill", swap_rules)
        self.assertNotEqual("0", group.kills())

    def guard_deaths(self):
        """Nobody misses a guard while the dataplane works, nor when it dies in the middle."""
        seen = self.fault("guard: SIGKILL", self.box.kill_guard, recovered=lambda: None, restarts=0)
        self.assertEqual(0, seen.lost)
        self.assertEqual(0, seen.passed)
        self.box.start_guard()
        self.box.wait_for_passage("dataplane")

        def kill_both():
            self.box.stop_dataplane()
            self.box.wait_for_passage("bypassed", "closed")
            self.box.kill_guard()

        self.fault("dataplane stopped, then guard: SIGKILL, then both again", kill_both, recovered=self.start_both)

        def dataplane_alone():
            kill_both()
            self.box.start_dataplane()
            self.wait_until_well()  # and nothing passes by a bridge that nobody looks after

        self.fault("the same, and the dataplane comes first", dataplane_alone, recovered=self.box.start_guard)
        self.box.wait_for_passage("dataplane")

        def nobody_looks():
            self.box.guard.process.send_signal(signal.SIGSTOP)
            self.box.signal_dataplane(signal.SIGKILL)

        self.fault("guard: SIGSTOP, then the dataplane: SIGKILL", nobody_looks, longest_gap_ms=START_MS)
        self.box.guard.process.send_signal(signal.SIGCONT)
        self.box.wait_for_passage("dataplane")

    def start_both(self):
        self.box.start_guard()
        time.sleep(1)
        self.box.start_dataplane()

    def test_open(self):
        self.start("open")
        self.each_death()
        self.guard_deaths()
        self.nothing_passes_any_more()

    def test_closed(self):
        self.start("closed")
        self.each_death()
        self.guard_deaths()
        self.nothing_passes_any_more()

    def nothing_passes_any_more(self):
        time.sleep(UNDER_WAY)
        began = time.monotonic()
        time.sleep(1)
        seen = self.probes.seen(began, time.monotonic())
        self.assertEqual(0, seen.passed)
        self.assertEqual(0, seen.twice)

    def test_policy_is_taken_up_without_a_dataplane(self):
        self.start("open")
        self.box.stop_dataplane()
        self.box.wait_for_passage("bypassed")
        text = self.box.config.read_text()
        self.box.config.write_text(text.replace('"open"', '"closed"'))
        self.box.wait_for_passage("closed")
        time.sleep(UNDER_WAY)
        began = time.monotonic()
        time.sleep(0.5)
        self.assertEqual(0, self.probes.seen(began, time.monotonic()).passed)
        self.box.config.write_text("nonsense")
        time.sleep(1.5)
        self.assertEqual("closed", self.box.passage()["passage"])
        self.box.config.write_text(text)
        self.box.wait_for_passage("bypassed")
        began = time.monotonic()
        self.box.wait(lambda: self.probes.served_to(began), WITHIN, "the client was not served")


class NoRulesTest(unittest.TestCase):
    """A dataplane without rules does not start: its pairs are those of a dead one."""

    def test_missing_rules(self):
        for policy, passage in (("open", "bypassed"), ("closed", "closed")):
            with self.subTest(policy), Lab() as lab:
                box = GuardedBox(lab, BUILD, "/nowhere/compiled", policy)
                try:
                    box.start_guard()
                    box.start_dataplane()
                    box.wait(lambda: box.starts > 3, WITHIN, "the dataplane was not started again")
                    self.assertEqual(passage, box.passage()["passage"])
                    self.assertIn("/nowhere/compiled", box.logs())
                finally:
                    box.end()


class BridgeTest(unittest.TestCase):
    """What the kernel's bridge is to what it joins: a cable."""

    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.box = GuardedBox(self.lab, BUILD, RULES, "open")
        self.client = self.enterContext(namespace.raw_socket(self.lab.names["client"], "eth0"))
        self.server = self.enterContext(namespace.raw_socket(self.lab.names["server"], "eth0"))
        for place, ports in (("client", ["eth0"]), ("box", ["inside", "outside"]), ("server", ["eth0"])):
            for port in ports:
                run(self.lab.inside(place, ["ip", "link", "set", port, "mtu", "9000"]))
        # The ports have no IPv6; what is made from here on may.
        run(self.lab.inside("box", ["sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=0"]))
        self.box.start_guard()
        self.box.wait_for_passage("bypassed")

    def test_it_says_nothing(self):
        heard, end = [], time.monotonic() + 3
        hosts = set()
        for place in ("client", "server"):
            hosts.add(json.loads(run(self.lab.inside(place, ["ip", "-j", "link", "show", "eth0"])))[0]["address"])
        while (rest := end - time.monotonic()) > 0:
            for raw in (self.client, self.server):
                raw.settimeout(max(0.01, rest / 10))
                try:
                    heard.append(raw.recv(16384))
                except TimeoutError:
                    continue
        self.assertEqual([], [frame.hex() for frame in heard if frame[6:12].hex(":") not in hosts])

    def cross(self, frame, wait=5):
        self.client.send(frame)
        # A tag that arrives is put beside the frame, not into it.
        wanted = frame[:12] + frame[16:] if frame[12:14] == bytes.fromhex("8100") else frame
        end = time.monotonic() + wait
        while (rest := end - time.monotonic()) > 0:
            self.server.settimeout(rest)
            try:
                if self.server.recv(16384) == wanted:
                    return True
            except TimeoutError:
                break
        return False

    def test_whatever_a_cable_carries_crosses(self):
        stranger = bytes.fromhex("02005e100001")
        for last in (0x00, 0x02, 0x03, 0x0e):  # STP, LACP, 802.1X, LLDP
            for kind in (0x8809, 0x88cc, 0x888e):
                destination = bytes.fromhex("0180c20000") + bytes([last])
                self.assertTrue(self.cross(destination + stranger + struct.pack(">H", kind) + bytes(46)), hex(last))
        for destination in ("ffffffffffff", "33330000abcd", "01005e0000fb", "02005e100002"):
            head = bytes.fromhex(destination) + stranger
            self.assertTrue(self.cross(head + bytes.fromhex("88b5") + bytes(60)), destination)
            self.assertTrue(self.cross(head + bytes.fromhex("8100006488b5") + os.urandom(8950)), "802.1Q, long")
        # A station that moves to the other side is no reason to keep its frames back.
        self.server.send(bytes.fromhex("02005e100003") + stranger + bytes.fromhex("88b5") + bytes(50))
        self.assertTrue(self.cross(bytes.fromhex("02005e100003") + stranger + bytes.fromhex("88b5") + os.urandom(50)))

    def test_what_was_changed_by_hand_or_left_down_is_mended(self):
        frame = bytes.fromhex("ffffffffffff02005e10000188b5") + bytes(60)
        for change in (["inside", "nomaster"], ["outside", "down"]):
            run(self.lab.inside("box", ["ip", "link", "set", *change]))
            self.assertTrue(any(self.cross(frame, 0.2) for _ in range(100)), change)

    def test_a_bridge_of_somebody_else_is_left(self):
        self.box.kill_guard()
        run(self.lab.inside("box", ["ip", "link", "add", "theirs", "type", "bridge"]))
        run(self.lab.inside("box", ["ip", "link", "set", "inside", "master", "theirs"]))
        self.box.start_guard()
        self.box.wait_for_passage("cut")
        self.assertIn("theirs", self.box.passage()["trouble"])
        self.assertIn("theirs", run(self.lab.inside("box", ["ip", "-o", "link", "show", "inside"])))
        checked = self.check()
        self.assertEqual(1, checked.returncode)
        self.assertIn("pair lan cannot be kept open: interface inside is a port of theirs already", checked.stdout)

    def test_check_says_what_would_be_done(self):
        checked = self.check()
        self.assertEqual((0, "pair lan is bridged without a dataplane, by kernel-bridge\n"),
                         (checked.returncode, checked.stdout))

    def check(self):
        return subprocess.run(self.lab.inside("box", [str(BUILD / "control/guard/sluis-guard"), "--check", "--config",
                                                      str(self.box.config)]), capture_output=True, text=True, timeout=60)


if __name__ == "__main__":
    BUILD, RULES = Path(sys.argv.pop(1)).resolve(), sys.argv.pop(1)
    if os.geteuid() != 0:
        print("network namespaces need root: skipped")
        sys.exit(SKIPPED)
    # Sanitizers would report the SIGSEGV that is sent here.
    for options in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
        os.environ[options] = os.environ.get(options, "") + ":handle_segv=0"
    result = unittest.main(verbosity=2, exit=False).result
    print_table()
    sys.exit(not result.wasSuccessful())
