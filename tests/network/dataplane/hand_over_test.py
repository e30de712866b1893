"""Rule sets swapped while frames cross, and clients of the command socket that are wrong, slow or killed.
Usage: hand_over_test.py PROGRAM RULES [TEST…]"""

import mmap
import os
import random
import signal
import subprocess
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

PROGRAM, RULES = "", ""
SWAPS = 1000
CATEGORY = """category = "tiktok"
default = "on"
comment = "test"
source = "test"
suffix = [ {{ name = "{name}", comment = "test" }} ]
"""


def dns_query(name, port):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    message = bytes.fromhex("000101000001000000000000") + labels + bytes.fromhex("0000010001")
    return frames.ethernet(frames.ipv4(frames.UDP, frames.udp(message, ports=(port, 53))), 0x0800)


class HandOverTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="sluis-hand-over.")
        self.directory = Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)
        self.sets = [self.compiled("a.example"), self.compiled("b.example")]

    def compiled(self, name):
        source, output = self.directory / f"{name}.toml", self.directory / f"{name}.rules"
        source.write_text(CATEGORY.format(name=name))
        subprocess.run([counters.sluisctl_beside(PROGRAM), "rules", "compile", "-o", output, source], check=True,
                       capture_output=True, timeout=60)
        return output.read_bytes()

    def endless(self, *received):
        capture.write(self.directory / "inside.rx.pcap", received)
        return f"net_pcap_inside,rx_pcap={self.directory}/inside.rx.pcap,infinite_rx=1"

    def dataplane(self, *received, workers=1):
        pairs = [(self.endless(*received), "net_null0,no-rx=1", f"workers = {workers}")]
        return Dataplane(PROGRAM, RULES, self.directory, pairs, 1500)

    def offer(self, client, number):
        """Offers set A when the number is even, set B when it is odd."""
        descriptor = command.memory(self.sets[number % 2])
        try:
            return client.ask(command.offer(), [descriptor])
        finally:
            os.close(descriptor)

    def swap_under_load(self, swaps, workers):
        received = [dns_query(name, 40000 + number) for number, name in enumerate(("a.example", "b.example", "c.example"))]
        with self.dataplane(*received, workers=workers) as sluis, Client(sluis.runtime) as client:
            for number in range(swaps):
                reply = self.offer(client, number)
                self.assertEqual((command.OK, number + 2), (reply.code, reply.generation), reply.message)
            sluis.wait_for_frames(sluis.received() + 1000)
            self.assertEqual(swaps + 1, counters.read(sluis.sluisctl, sluis.runtime)["rule_generation"])
            self.assertLess(len(os.listdir(f"/proc/{sluis.process.pid}/fd")), 100)
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertGreater(total(accounts, "drop.rule"), 0)
        return accounts

    def test_a_thousand_swaps_under_load_lose_no_frame(self):
        accounts = self.swap_under_load(SWAPS, 1)
        self.assertEqual(total(accounts, "drops"), total(accounts, "drop.rule"))

    def test_several_workers_move_together(self):
        # A port that never rests gives the second worker more than it takes.
        accounts = self.swap_under_load(SWAPS // 5, 2)
        self.assertEqual(total(accounts, "drops"), total(accounts, "drop.rule") + total(accounts, "drop.handoff_full"))

    def test_each_generation_judges_by_its_own_set_only(self):
        received = [dns_query(name, 40000) for name in ("a.example", "b.example")]
        seen = {}
        with self.dataplane(*received) as sluis, Client(sluis.runtime) as client:
            with open(sluis.runtime / "events", "r+b") as file, mmap.mmap(file.fileno(), 0) as events:
                for number in range(60):
                    self.assertEqual(command.OK, self.offer(client, number).code)
                    sluis.wait(lambda: self.take_events(events, seen).get(number + 2), "reporting")
            self.assertEqual([], problems(sluis.stop()))
        for generation, names in seen.items():
            self.assertEqual({"a.example" if generation % 2 == 0 else "b.example"}, names, generation)
        self.assertEqual(set(range(2, 62)), set(seen))

    @staticmethod
    def take_events(events, seen):
        """Takes all events of the first worker (dataplane/interface/event.h). `seen`: {generation: names blocked}."""
        ring = int.from_bytes(events[16:20], "little")
        head, tail = (int.from_bytes(events[at:at + 8], "little") for at in (ring, ring + 64))
        for number in range(tail, head):
            at = ring + 192 + number % 1024 * 512
            generation = int.from_bytes(events[at + 8:at + 16], "little")
            seen.setdefault(generation, set()).add(events[at + 208:at + 463].rstrip(b"\0").decode())
        events[ring + 64:ring + 72] = head.to_bytes(8, "little")
        return seen

    def test_what_is_wrong_is_refused_and_changes_nothing(self):
        good, broken = self.sets[0], self.sets[0][:-1] + b"x"
        cases = [("no request", b"\xff\xff", [], command.MALFORMED),
                 ("nothing asked", b"", [], None),
                 ("no descriptor", command.offer(), [], command.MALFORMED),
                 ("one too many", command.offer(), [command.memory(good), command.memory(good)], command.MALFORMED),
                 ("far too many", command.offer(), [command.memory(good) for _ in range(9)], command.MALFORMED),
                 ("a descriptor for a question", command.STATE, [command.memory(good)], command.OK),
                 ("not sealed", command.offer(), [command.memory(good, 0)], command.NOT_SEALED),
                 ("may be written", command.offer(), [command.memory(good, command.ALL_SEALS & ~command.WRITE)], command.NOT_SEALED),
                 ("a file", command.offer(), [os.open(__file__, os.O_RDONLY)], command.NOT_SEALED),
                 ("a pipe", command.offer(), [os.pipe()[0]], command.NOT_SEALED),
                 ("empty", command.offer(), [command.memory(b"")], command.RULES),
                 ("a wrong digest", command.offer(), [command.memory(broken)], command.RULES),
                 ("no zone table", command.offer(True, True), [command.memory(good), command.memory(good)], command.ZONES),
                 ("too long", command.STATE + b"\0" * 20000, [], command.MALFORMED)]
        with self.dataplane(dns_query("a.example", 40000)) as sluis:
            before = len(os.listdir(f"/proc/{sluis.process.pid}/fd"))
            for name, message, descriptors, code in cases:
                with self.subTest(name), Client(sluis.runtime) as client:
                    reply = client.ask(message, descriptors)
                    self.assertEqual(code, reply and reply.code, reply and reply.message)
                for descriptor in descriptors:
                    os.close(descriptor)
            huge = os.memfd_create("huge", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.ftruncate(huge, 1 << 40)
            command.fcntl.fcntl(huge, command.ADD_SEALS, command.ALL_SEALS)
            with Client(sluis.runtime) as client:
                self.assertEqual(command.TOO_LARGE, client.ask(command.offer(), [huge]).code)
                self.assertEqual(1, client.ask(command.STATE).generation)
            os.close(huge)
            sluis.wait(lambda: len(os.listdir(f"/proc/{sluis.process.pid}/fd")) <= before, "rid of every descriptor")
            self.assertEqual([], problems(sluis.stop()))

    def test_silent_clients_delay_nobody(self):
        with self.dataplane(dns_query("a.example", 40000)) as sluis:
            silent = [Client(sluis.runtime) for _ in range(7)]
            with Client(sluis.runtime) as client:
                for number in range(5):
                    self.assertEqual(command.OK, self.offer(client, number).code)
            # One that asks and never reads is dropped once its answers find no room.
            with self.assertRaises((BrokenPipeError, ConnectionResetError)):
                for _ in range(10000):
                    silent[0].send(command.STATE)
            silent += [Client(sluis.runtime) for _ in range(4)]  # more than are served at once: they wait in the queue
            with Client(sluis.runtime) as client:
                client.socket.settimeout(25)
                self.assertEqual(6, client.ask(command.STATE).generation, "after silent ones were disconnected")
            for each in silent:
                each.socket.close()
            self.assertEqual([], problems(sluis.stop()))

    def test_a_client_killed_at_any_point_leaves_one_set_or_the_other(self):
        child = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import command
rules = [Path(path).read_bytes() for path in sys.argv[3:]]
print(flush=True)
number = 0
while True:
    with command.Client(Path(sys.argv[2])) as client:
        descriptor = command.memory(rules[number % 2])
        client.ask(command.offer(), [descriptor])
        os.close(descriptor)
    number += 1
"""
        chance = random.Random(20230327)
        paths = [str(self.directory / "a.example.rules"), str(self.directory / "b.example.rules")]
        with self.dataplane(dns_query("a.example", 40000), dns_query("b.example", 40000)) as sluis:
            before = len(os.listdir(f"/proc/{sluis.process.pid}/fd"))
            for _ in range(15):
                client = subprocess.Popen([sys.executable, "-c", child, str(Path(__file__).parent), str(sluis.runtime)] + paths,
                                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                client.stdout.readline()
                time.sleep(chance.uniform(0, 0.05))
                client.kill()
                client.communicate()
            with Client(sluis.runtime) as client:
                sluis.wait(lambda: self.offer(client, 0).code == command.OK, "free for another offer")
            sluis.wait(lambda: len(os.listdir(f"/proc/{sluis.process.pid}/fd")) <= before, "rid of every descriptor")
            self.assertEqual([], problems(sluis.stop()))

    def test_sluisctl_shows_and_offers(self):
        with self.dataplane(dns_query("a.example", 40000)) as sluis:
            def run(*arguments):
                return subprocess.run([sluis.sluisctl, "dataplane", *arguments, "--runtime", sluis.runtime],
                                      capture_output=True, text=True, timeout=60)
            self.assertIn("generation  1", run("state").stdout)
            offered = run("offer", "--rules", str(self.directory / "b.example.rules"))
            self.assertEqual((0, ""), (offered.returncode, offered.stderr))
            self.assertIn("generation  2", offered.stdout)
            wrong = run("offer", "--rules", __file__)
            self.assertEqual(4, wrong.returncode)
            self.assertIn("not a compiled rule set", wrong.stderr)
            self.assertEqual(0o600, os.stat(sluis.runtime / "dataplane.sock").st_mode & 0o777)
            self.assertEqual([], problems(sluis.stop(signal.SIGINT)))
            self.assertFalse((sluis.runtime / "dataplane.sock").exists())
            self.assertEqual(3, run("state").returncode)


if __name__ == "__main__":
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
