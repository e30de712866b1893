"""Several port pairs as one inline set ([[pair]] set), frame by frame. As root, in a network namespace of its own, which
it makes. Usage: sets_test.py PROGRAM RULES [TEST…]. Exit status 77: not root.
"""

import os
import subprocess
import sys
import tempfile
import unittest

import command
import frames
import wire
from command import Client
from dataplane import Dataplane, counters, problems, total
from hand_over_test import dns_query

PROGRAM, RULES = "", ""
SKIPPED = 77
LINKS = ("a", "b")
CONTROL = [frames.slow("0180c2000002", 0x8809, bytes([1, 1, 1, 20])), frames.slow("0180c2000000", 0x0026, b"\x42\x42\3")]


class SetsTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-sets.")
        self.directory = temporary.name
        self.addCleanup(temporary.cleanup)
        for link in LINKS:
            for port, host in ((f"in_{link}", f"client_{link}"), (f"out_{link}", f"server_{link}")):
                wire.connect(port, host, 1500)
                self.addCleanup(wire.disconnect, port)
        self.hosts = {}
        for name in (f"{end}_{link}" for end in ("client", "server") for link in LINKS):
            self.hosts[name] = wire.Host(name)
            self.addCleanup(self.hosts[name].socket.close)

    def dataplane(self, more="", workers=1):
        pairs = [(f"net_af_packet{2 * i},iface=in_{link}", f"net_af_packet{2 * i + 1},iface=out_{link}",
                  f'name = "{link}"\nset = "lag"\nworkers = {workers}\n{more}') for i, link in enumerate(LINKS)]
        return Dataplane(PROGRAM, RULES, self.directory, pairs, 1500)

    def arrived(self, name, count=0, seconds=0.3):
        return self.hosts[name].receive(count, seconds if count == 0 else 5)

    def check_crossing(self, sent, link, other):
        """From client to server and back, by this link's own ports and no other."""
        for source, target, way in (("client", "server", sent), ("server", "client", [frames.back(f) for f in sent])):
            self.hosts[f"{source}_{link}"].send(way)
            self.assertEqual(sorted(way), sorted(self.arrived(f"{target}_{link}", len(way))), f"{source} {link}")
            self.assertEqual([], self.arrived(f"{target}_{other}"), "by the other link")

    def ports(self, sluis):
        return {(port["pair"], port["side"]): port for port in counters.read(sluis.sluisctl, sluis.runtime)["ports"]}

    def test_each_frame_leaves_by_the_pair_that_it_came_by(self):
        for workers in (1, 2):
            with self.subTest(workers=workers), self.dataplane(workers=workers) as sluis:
                kinds = [*frames.layer2().values(), *frames.internet(1500).values(), *CONTROL]
                for link, other in (LINKS, LINKS[::-1]):
                    self.check_crossing(kinds, link, other)
                accounts = sluis.stop()
                self.assertEqual([], problems(accounts))
                self.assertEqual(workers, len(accounts), "workers are the set's, and not each pair's")
                self.assertEqual(4 * len(kinds), total(accounts, "tx"))
                for place, port in self.ports(sluis).items():
                    self.assertEqual((len(kinds), len(kinds), "lag"),
                                     (port["rx_frames"], port["tx_frames"], port["set"]), place)

    def test_fragments_of_one_datagram_keep_their_own_links(self):
        sent = frames.fragmented()
        with self.dataplane() as sluis:
            for i, frame in enumerate(sent):
                self.hosts[f"client_{LINKS[i % 2]}"].send([frame])
            for i, link in enumerate(LINKS):
                self.assertEqual(sent[i::2], self.arrived(f"server_{link}", len(sent[i::2])))
            self.assertEqual([], problems(sluis.stop()))

    def test_a_refusal_leaves_by_the_link_of_what_it_answers(self):
        with self.dataplane() as sluis:
            for link, other in (LINKS, LINKS[::-1]):
                self.hosts[f"client_{link}"].send([dns_query("www.tiktok.com", 40000)])
                answers = self.arrived(f"client_{link}", 1)
                self.assertEqual(1, len(answers))
                self.assertEqual(frames.SERVER_MAC, answers[0][6:12])
                for name in (f"client_{other}", f"server_{link}", f"server_{other}"):
                    self.assertEqual([], self.arrived(name), name)
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertEqual((2, 2), (total(accounts, "injected"), total(accounts, "drop.rule")))

    def test_a_mode_is_the_whole_sets_whichever_name_it_is_set_by(self):
        with self.dataplane() as sluis, Client(sluis.runtime) as client:
            for name, mode in (("b", "closed"), ("lag", "wire"), ("a", "closed"), ("lag", "inline")):
                with self.subTest(name, mode=mode):
                    self.assertEqual(command.OK, client.ask(command.set_mode(name, mode, "a test")).code)
                    pairs = counters.read(sluis.sluisctl, sluis.runtime)["pairs"]
                    self.assertEqual([("a", "lag", mode), ("b", "lag", mode)],
                                     [(pair["pair"], pair["set"], pair["mode"]) for pair in pairs])
                    for link in LINKS:
                        self.hosts[f"client_{link}"].send(CONTROL)
                        expected = [] if mode == "closed" else CONTROL
                        self.assertEqual(expected, self.arrived(f"server_{link}", len(expected)))
            self.assertEqual(command.NO_PAIR, client.ask(command.set_mode("c", "wire", "x")).code)
            self.assertEqual([], problems(sluis.stop()))

    def test_a_links_ports_follow_each_other_and_leave_the_other_link_alone(self):
        with self.dataplane("follow_link = true") as sluis:
            wire.run("ip", "link", "set", "server_a", "down")
            sluis.wait(lambda: self.ports(sluis)["a", "inside"]["held_down"], "held down")
            self.assertEqual((False, False), tuple(self.ports(sluis)["b", side]["held_down"] for side in counters.SIDES))
            self.check_crossing(CONTROL, "b", "b")
            wire.run("ip", "link", "set", "server_a", "up")
            sluis.wait(lambda: not self.ports(sluis)["a", "inside"]["held_down"], "let up")
            sluis.stop()

    def test_it_shows(self):
        with self.dataplane() as sluis:
            shown = subprocess.run([sluis.sluisctl, "dataplane", "state", "--runtime", sluis.runtime], check=True,
                                   capture_output=True, text=True, timeout=30).stdout
            self.assertIn("a of lag, 1 worker(s), inline", shown)
            self.assertRegex(sluis.table(), r"b \(lag\) outside +up ")
            sluis.stop()
        checked = subprocess.run([PROGRAM, "--check", "--config", sluis.config], capture_output=True, text=True,
                                 timeout=60).stdout
        self.assertIn("1 worker(s), MTU 1500, a link of lag", checked)
        self.assertIn("for each of 1 worker(s)", checked)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit(SKIPPED)
    if "SLUIS_OWN_NAMESPACE" not in os.environ:
        os.environ["SLUIS_OWN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
