"""The real program over network interfaces of the kernel. As root, in a network namespace of its own (which it makes).

Usage: veth_test.py PROGRAM RULES [TEST…]. Exit status 77: not root.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import frames
import wire
from dataplane import Dataplane, problems, total

PROGRAM, RULES = "", ""
SKIPPED = 77


class VethTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-veth.")
        self.directory = temporary.name
        self.addCleanup(temporary.cleanup)

    def connect(self, mtu):
        for port, host in (("inside", "client"), ("outside", "server")):
            wire.connect(port, host, mtu)
            self.addCleanup(wire.disconnect, port)

    def dataplane(self, mtu, more="", arguments=""):
        pair = (f"net_af_packet0,iface=inside{arguments}", f"net_af_packet1,iface=outside{arguments}", more)
        return Dataplane(PROGRAM, RULES, self.directory, [pair], mtu)

    def cross(self, sent, mtu, more="", arguments="", interface_mtu=None):
        """Sends frames there and back again, one way after the other. Returns (arrived there, arrived back, accounts)."""
        self.connect(interface_mtu or mtu)
        with wire.Host("client") as client, wire.Host("server") as server, \
                self.dataplane(mtu, more, arguments) as sluis:
            client.send(sent)
            there = server.receive(len(sent))
            server.send([frames.back(frame) for frame in sent])
            back = client.receive(len(sent))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        return there, [frames.back(frame) for frame in back], accounts

    def check_kinds(self, kinds, mtu, in_order=True, **more):
        there, back, _ = self.cross(list(kinds.values()), mtu, **more)
        for way, arrived in (("there", there), ("back", back)):
            for name, frame in kinds.items():
                with self.subTest(name, way=way):
                    self.assertIn(frame, arrived, f"of {len(frame)} bytes")
            order = list if in_order else sorted
            self.assertIsNone(frames.first_difference(order(kinds.values()), order(arrived)), way)

    def kinds(self, mtu):
        return {**frames.layer2(), **frames.internet(mtu), **frames.tagged(mtu)}

    def test_every_kind_crosses_unchanged_and_in_order(self):
        self.check_kinds(self.kinds(1500), 1500)

    def test_jumbo_frames_cross(self):
        self.check_kinds(self.kinds(9000), 9000)

    def test_two_tags_around_the_longest_cross_where_the_interfaces_have_room(self):
        kinds = {**frames.encapsulated(1500), **frames.tagged(1500)}
        self.check_kinds(kinds, 1508, interface_mtu=1508)

    def test_the_promise_may_be_longer_than_the_interface(self):
        self.check_kinds(self.kinds(1500), 9000, interface_mtu=1500)

    def test_several_workers_share_the_one_queue(self):
        self.check_kinds(self.kinds(1500), 1500, in_order=False, more="workers = 3")

    def test_the_drivers_arguments_are_taken(self):
        arguments = ",blocksz=65536,framesz=2048,framecnt=8192,qdisc_bypass=1"
        self.check_kinds(self.kinds(1500), 1500, arguments=arguments)

    def test_fragments_are_not_joined(self):
        sent = frames.fragmented()
        there, back, _ = self.cross(sent, 1500)
        self.assertEqual(sent, there)
        self.assertEqual(sent, back)

    def test_many_frames_arrive_in_order(self):
        """No faster than the box takes them: what a ring of the kernel's loses is for benchmarks to say."""
        self.connect(1500)
        sent, size = frames.of_many_flows(20000), 1000
        with wire.Host("client") as client, wire.Host("server") as server, self.dataplane(1500) as sluis:
            for start in range(0, len(sent), size):
                client.send(sent[start:start + size])
                sluis.wait_for_frames(start + size)
                self.assertIsNone(frames.first_difference(sent[start:start + size], server.receive(size, more=False)))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertEqual(len(sent), total(accounts, "tx"))

    def test_a_frame_longer_than_promised_is_dropped_and_counted(self):
        kinds = frames.internet(1400)
        there, back, accounts = self.cross([frames.ethernet(frames.pattern(1450), 0x1234), *kinds.values()], 1400,
                                           interface_mtu=1500)
        self.assertEqual(list(kinds.values()), there)
        self.assertEqual(list(kinds.values()), back)
        self.assertEqual(2, total(accounts, "drop.frame_too_long"))

    def test_a_frame_longer_than_the_other_port_carries_is_dropped_and_counted(self):
        wire.connect("inside", "client", 9000)
        self.addCleanup(wire.disconnect, "inside")
        wire.connect("outside", "server", 1500)
        self.addCleanup(wire.disconnect, "outside")
        with wire.Host("client") as client, wire.Host("server") as server, self.dataplane(9000) as sluis:
            short = frames.of_many_flows(5)
            client.send([frames.ethernet(frames.pattern(5000), 0x1234), *short])
            self.assertEqual(short, server.receive(len(short)))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertEqual(1, total(accounts, "drop.frame_too_long"))

    def test_a_frame_that_the_ring_cut_short_is_dropped_and_counted(self):
        self.connect(9000)
        wire.run("ip", "link", "set", "inside", "mtu", "1500")
        with wire.Host("client") as client, wire.Host("server") as server, self.dataplane(9000) as sluis:
            wire.run("ip", "link", "set", "inside", "mtu", "9000")
            short = frames.of_many_flows(5)
            client.send([frames.ethernet(frames.pattern(5000), 0x1234), *short])
            self.assertEqual(short, server.receive(len(short)))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertEqual(1, total(accounts, "drop.frame_too_long"))

    def test_accounts_close_when_a_port_goes_down(self):
        self.connect(1500)
        with wire.Host("client") as client, self.dataplane(1500, arguments=",framecnt=64") as sluis:
            wire.run("ip", "link", "set", "outside", "down")
            for _ in range(100):  # each fits the rings; what does not leave soon fills the one to the dead port
                client.send(frames.of_many_flows(20))
                time.sleep(0.005)
            sluis.wait_for_frames(1500)
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertGreater(total(accounts, "drop.tx_full"), 1000)

    def test_what_is_lost_before_the_box_shows_while_it_runs(self):
        self.connect(1500)
        with wire.Host("client") as client, self.dataplane(1500, arguments=",framecnt=32") as sluis:
            os.kill(sluis.process.pid, signal.SIGSTOP)  # nobody empties the ring
            client.send(frames.of_many_flows(500))
            os.kill(sluis.process.pid, signal.SIGCONT)
            sluis.wait(lambda: sluis.received() + sluis.ports()["inside"]["missed_frames"] == 500, "all counted")
            missed = sluis.ports()["inside"]["missed_frames"]
            self.assertGreater(missed, 300)
            time.sleep(2.5)  # what was told once is not forgotten, nor told twice
            self.assertEqual(missed, sluis.ports()["inside"]["missed_frames"])
            self.assertEqual(0, sluis.ports()["outside"]["missed_frames"])
            self.assertRegex(sluis.table(), rf"pair0 inside +up +0 +\d+ +\d+ +{missed}  \d+\.\d % of what came was lost")
            sluis.stop()
        self.assertIn(f"missed={missed}", sluis.errors())

    def test_links_are_watched(self):
        self.connect(1500)
        with wire.Host("client") as client, self.dataplane(1500) as sluis:
            link = lambda side: sluis.ports()[side]["link"]
            self.assertEqual(("up", "up"), (link("inside"), link("outside")))
            self.assertNotIn("event=link", sluis.errors())
            wire.run("ip", "link", "set", "server", "down")
            sluis.wait(lambda: link("outside") == "down", "link down")
            wire.run("ip", "link", "set", "server", "up")
            sluis.wait(lambda: link("outside") == "up", "link up again")
            sent = frames.of_many_flows(5)
            with wire.Host("server") as server:
                client.send(sent)
                self.assertEqual(sent, server.receive(len(sent)))
            self.assertEqual({"inside": 0, "outside": 2}, {side: port["link_changes"] for side, port in sluis.ports().items()})
            sluis.stop()
        lines = [line for line in sluis.errors().splitlines() if "event=link" in line]
        self.assertEqual(["down", "up"], [line.rpartition("link=")[2] for line in lines], lines)

    def test_an_interface_that_is_deleted_is_gone(self):
        self.connect(1500)
        with self.dataplane(1500) as sluis:
            wire.disconnect("outside")
            sluis.wait(lambda: sluis.ports()["outside"]["link"] == "gone", "gone")
            wire.connect("outside", "server", 1500)  # of the same name: another one, which nobody bridges
            time.sleep(1.5)
            self.assertEqual("gone", sluis.ports()["outside"]["link"])
            sluis.stop()

    def test_what_the_box_says_itself_does_not_cross(self):
        self.connect(1500)
        wire.run("ip", "address", "add", "192.0.2.1/24", "dev", "inside")
        with wire.Host("server") as server, self.dataplane(1500) as sluis:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
                speaker.sendto(b"who has this address?", ("192.0.2.9", 9))
            self.assertEqual([], server.receive(1, seconds=1))
            sluis.stop()

    def test_an_interface_that_is_down_is_refused(self):
        self.connect(1500)
        wire.run("ip", "link", "set", "outside", "down")
        with self.assertRaisesRegex(AssertionError, "interface outside is down; run: ip link set dev outside up"):
            self.dataplane(1500).__enter__()

    def test_interfaces_of_another_one_are_refused(self):
        self.connect(1500)
        with self.dataplane(1500) as first:
            with self.assertRaisesRegex(AssertionError, "pair pair0: inside is a port of another sluis-dataplane already; stop that one"):
                self.dataplane(1500).__enter__()
            check = subprocess.run([PROGRAM, "--config", first.config, "--check"], capture_output=True, text=True, timeout=30)
            self.assertEqual(0, check.returncode, "before a restart with another configuration")
            for words in ("inside has an MTU of 1500 itself", "but      pair pair0: inside is a port of another sluis-dataplane already",
                          f"but      sluis-dataplane (pid {first.process.pid}) runs with the directory {first.runtime}"):
                self.assertIn(words, check.stdout)
            first.stop()
            check = subprocess.run([PROGRAM, "--config", first.config, "--check"], capture_output=True, text=True, timeout=30)
            self.assertNotIn("but ", check.stdout)
        with self.dataplane(1500) as second:
            second.stop()

    def test_several_queues_are_refused(self):
        self.connect(1500)
        with self.assertRaisesRegex(AssertionError, "qpairs must be 1"):
            self.dataplane(1500, arguments=",qpairs=2").__enter__()


def measure(seconds=5):
    """Prints how many frames a second cross, one way, and how many are lost. Not a test: machines differ."""
    for mtu in (1500, 9000):
        for arguments in ("", ",framecnt=512", ",framecnt=4096,qdisc_bypass=0"):
            case = VethTest()
            case.setUp()
            case.connect(mtu)
            with wire.Host("client") as client, case.dataplane(mtu, arguments=arguments) as sluis:
                burst, sent, end = frames.of_many_flows(1000), 0, time.monotonic() + seconds
                while time.monotonic() < end:
                    client.send(burst)
                    sent += len(burst)
                time.sleep(0.5)
                received = total(sluis.stop(), "tx")
            case.doCleanups()
            print(f"mtu {mtu}{arguments}: sent {sent / seconds:.0f}/s, lost {sent - received}")


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit(SKIPPED)
    if "SLUIS_OWN_NAMESPACE" not in os.environ:
        os.environ["SLUIS_OWN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    measure() if sys.argv[1:] == ["measure"] else unittest.main(verbosity=2)
