"""A port that loses its link takes its partner down ([[pair]] follow_link), and lets it up again. As root, in a network
namespace of its own, which it makes. Usage: links_test.py PROGRAM RULES [TEST…]. Exit status 77: not root.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import frames
import wire
from dataplane import Dataplane, problems

PROGRAM, RULES = "", ""
SKIPPED = 77


def carrier(interface):
    """Whether what is at the cable's other end is up. (/sys shows the namespace that it was mounted in.)"""
    shown = subprocess.run(["ip", "-j", "link", "show", "dev", interface], check=True, capture_output=True, timeout=20)
    return "LOWER_UP" in json.loads(shown.stdout)[0]["flags"]


class LinksTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-links.")
        self.directory = temporary.name
        self.addCleanup(temporary.cleanup)
        for port, host in (("inside", "client"), ("outside", "server")):
            wire.connect(port, host, 1500)
            self.addCleanup(wire.disconnect, port)

    def dataplane(self, more="follow_link = true"):
        pair = ("net_af_packet0,iface=inside", "net_af_packet1,iface=outside", more)
        return Dataplane(PROGRAM, RULES, self.directory, [pair], 1500)

    def check_crossing(self):
        sent = frames.of_many_flows(5)
        with wire.Host("client") as client, wire.Host("server") as server:
            client.send(sent)
            self.assertEqual(sent, server.receive(len(sent)))

    def lose(self, sluis, host, partner):
        wire.run("ip", "link", "set", host, "down")
        sluis.wait(lambda: not carrier(partner), f"{partner} without a carrier")

    def test_each_port_takes_its_partner_down_and_up_again(self):
        with self.dataplane() as sluis:
            for host, partner, held in (("server", "client", "inside"), ("client", "server", "outside")):
                with self.subTest(host):
                    self.lose(sluis, host, partner)
                    sluis.wait(lambda: sluis.ports()[held]["held_down"], "said so")
                    wire.run("ip", "link", "set", host, "up")
                    sluis.wait(lambda: carrier(partner), "let up")
                    sluis.wait(lambda: not sluis.ports()[held]["held_down"], "said so")
                    sluis.wait(lambda: sluis.ports()[held]["link"] == "up", "seen up")
                    self.check_crossing()
            self.assertEqual([], problems(sluis.stop()))
        followed = [line for line in sluis.errors().splitlines() if "event=link_follows" in line]
        self.assertEqual(4, len(followed), followed)
        self.assertTrue(all("done=yes" in line for line in followed), followed)

    def test_nothing_follows_unless_it_is_asked_for(self):
        with self.dataplane("") as sluis:
            wire.run("ip", "link", "set", "server", "down")
            sluis.wait(lambda: sluis.ports()["outside"]["link"] == "down", "link down")
            changes = sluis.ports()["inside"]["link_changes"]
            sluis.wait(lambda: sluis.counts()["heartbeat"] > 0, "running")
            self.assertTrue(carrier("client"))
            self.assertEqual(0, changes)
            sluis.stop()
        self.assertNotIn("event=link_follows", sluis.errors())

    def test_a_port_that_is_held_is_let_up_at_the_end(self):
        with self.dataplane() as sluis:
            self.lose(sluis, "server", "client")
            sluis.stop()
        self.assertTrue(carrier("client"))

    def test_a_port_that_a_killed_process_left_down_is_let_up_by_the_next(self):
        with self.dataplane() as sluis:
            self.lose(sluis, "server", "client")
            sluis.process.kill()
        self.assertFalse(carrier("client"))
        wire.run("ip", "link", "set", "server", "up")
        with self.dataplane() as sluis:
            self.assertTrue(carrier("client"))
            self.check_crossing()
            sluis.stop()


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit(SKIPPED)
    if "SLUIS_OWN_NAMESPACE" not in os.environ:
        os.environ["SLUIS_OWN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
