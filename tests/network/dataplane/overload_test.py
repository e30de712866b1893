"""More comes than a worker can inspect: what is new passes or is dropped, control traffic goes first, and nothing is
lost unseen. Usage: overload_test.py PROGRAM RULES [TEST…]. As root in a network namespace of its own, which it makes;
without, what needs interfaces is skipped.

No test depends on how fast the machine is: a stopped process finds its queue deep, however fast it goes on.
"""

import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

import capture
import frames
import wire
from dataplane import Dataplane, counters, problems, total
from hand_over_test import dns_query

PROGRAM, RULES = "", ""
RING = 1024
REFUSED = dns_query("www.tiktok.com", 40000)
LACP = frames.layer2()["LACP"]


def ospf(number):
    return frames.ethernet(frames.ipv4(89, frames.pattern(44), identifier=number), 0x0800)


class BetweenWorkersTest(unittest.TestCase):
    def test_a_worker_that_is_given_too_much_passes_what_is_new(self):
        with tempfile.TemporaryDirectory(prefix="sluis-overload.") as directory:
            queries = [dns_query("www.tiktok.com", 40000 + number) for number in range(8)]
            capture.write(Path(directory) / "rx.pcap", queries + frames.of_many_flows(64))
            inside = f"net_pcap_inside,rx_pcap={directory}/rx.pcap,infinite_rx=1"
            with Dataplane(PROGRAM, RULES, directory, [(inside, "net_null0,no-rx=1", "workers = 2")], 1500,
                           overload="open") as sluis:
                sluis.wait(lambda: sluis.counts() and sluis.counts()["overloads"] > 0, "overloaded")
                now = counters.read(sluis.sluisctl, sluis.runtime)
                self.assertEqual(0, now["workers"][0]["overloads"], "a queue that tells nothing, and loses nothing")
                sluis.wait(lambda: "event=overload" in sluis.errors(), "said so")
                accounts = sluis.stop()
            self.assertEqual([], problems(accounts))


@unittest.skipIf(os.geteuid() != 0, "needs root")
class OverloadTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-overload.")
        self.directory = temporary.name
        self.addCleanup(temporary.cleanup)
        for port, host in (("inside", "client"), ("outside", "server")):
            wire.connect(port, host, 1500)
            self.addCleanup(wire.disconnect, port)

    def dataplane(self, overload, **more):
        ports = [f"net_af_packet{number},iface={name},framecnt={RING}" for number, name in enumerate(("inside", "outside"))]
        return Dataplane(PROGRAM, RULES, self.directory, [(*ports, "")], 1500, overload=overload, **more)

    def all_at_once(self, sluis, client, sent):
        """The frames wait in the queue before the first is taken."""
        os.kill(sluis.process.pid, signal.SIGSTOP)
        os.waitpid(sluis.process.pid, os.WUNTRACED)
        client.send(sent)
        os.kill(sluis.process.pid, signal.SIGCONT)

    def run_overload(self, overload, sent, **more):
        """Returns (what arrived, the accounts, what was counted before the end)."""
        with wire.Host("client") as client, wire.Host("server") as server, self.dataplane(overload, **more) as sluis:
            self.all_at_once(sluis, client, sent)
            sluis.wait_for_frames(len(sent))
            sluis.wait(lambda: sluis.counts()["overloaded"] == 0, "calm again")
            arrived = server.receive(len(sent), seconds=2)
            counted = sluis.counts()
            self.check_calm(sluis, client)
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertEqual(1, counted["overloads"])
        self.assertEqual(0, sluis_missed(sluis), "nothing was lost unseen")
        return arrived, accounts, counted

    def check_calm(self, sluis, client):
        before = sluis.counts()
        client.send([REFUSED] * 5)
        sluis.wait(lambda: sluis.counts()["drops"].get("rule", 0) == before["drops"].get("rule", 0) + 5, "refusing again")

    def sent(self):
        """More than the queue's half before anything else, then questions and neighbours."""
        ordinary = frames.of_many_flows(800)
        control = [LACP, ospf(1), LACP, ospf(2)]
        return ordinary, control, ordinary + [REFUSED] * 50 + control

    def test_control_traffic_goes_first_and_each_kind_in_its_order(self):
        ordinary, control, sent = self.sent()
        arrived, _, _ = self.run_overload("open", sent)
        self.assertEqual(ordinary, [frame for frame in arrived if frame not in control and frame != REFUSED])
        self.assertEqual(control, [frame for frame in arrived if frame in control])
        last_control = max(number for number, frame in enumerate(arrived) if frame in control)
        self.assertLess(last_control, len(ordinary) - 100, "sent before what was there long before")

    def test_what_is_new_passes_uninspected_and_is_counted(self):
        _, _, sent = self.sent()
        arrived, accounts, counted = self.run_overload("open", sent)
        self.assertEqual(len(sent), len(arrived))
        self.assertEqual(50, counted["errors"]["overload_pass"])
        self.assertEqual(5, total(accounts, "drops"), "those behind it")

    def test_what_is_new_is_dropped_and_counted_where_overload_is_closed(self):
        ordinary, control, sent = self.sent()
        arrived, accounts, counted = self.run_overload("closed", sent)
        self.assertEqual(len(ordinary) + len(control), len(arrived))
        self.assertNotIn(REFUSED, arrived)
        self.assertEqual(50, counted["drops"]["overload_drop"])
        self.assertEqual({}, counted["errors"])

    def test_everything_is_read_where_it_is_to_be(self):
        _, _, sent = self.sent()
        arrived, _, counted = self.run_overload("inspect", sent)
        self.assertNotIn(REFUSED, arrived)
        self.assertEqual(50, counted["drops"]["rule"])

    def test_what_is_too_much_is_dropped_where_it_is_counted_and_no_control_traffic(self):
        ordinary, control, sent = self.sent()
        arrived, accounts, counted = self.run_overload("open", sent, buffers=2048)  # 128 may wait
        self.assertGreater(counted["drops"]["overload_drop"], 100)
        self.assertEqual(len(sent) - counted["drops"]["overload_drop"], len(arrived))
        self.assertEqual(control, [frame for frame in arrived if frame in control])

    def test_a_queue_that_is_less_than_half_full_is_none(self):
        sent = frames.of_many_flows(RING // 2) + [REFUSED] * 50
        with wire.Host("client") as client, self.dataplane("open") as sluis:
            for _ in range(5):
                before = sluis.received()
                self.all_at_once(sluis, client, sent)
                sluis.wait_for_frames(before + len(sent))
            counted = sluis.counts()
            self.assertEqual([], problems(sluis.stop()))
        self.assertEqual(0, counted["overloads"])
        self.assertEqual(5 * 50, counted["drops"]["rule"])

    def test_a_flood_that_lasts_is_accounted_to_the_frame(self):
        burst, sent = frames.of_many_flows(900), 0
        with wire.Host("client") as client, self.dataplane("open") as sluis:
            for _ in range(20):
                self.all_at_once(sluis, client, burst)
                sent += len(burst)
                end = time.monotonic() + 30
                while sluis.received() + sluis.ports()["inside"]["missed_frames"] < sent and time.monotonic() < end:
                    time.sleep(0.02)
            self.assertEqual(sent, sluis.received() + sluis.ports()["inside"]["missed_frames"])
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))


def sluis_missed(sluis):
    return sum(int(line.rpartition("missed=")[2]) for line in sluis.errors().splitlines() if "event=port_stopped" in line)


if __name__ == "__main__":
    if os.geteuid() == 0 and "SLUIS_OWN_NAMESPACE" not in os.environ:
        os.environ["SLUIS_OWN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
