"""The real program over DPDK's virtual devices: no root, no network. Usage: ports_test.py PROGRAM RULES [TEST…]"""

import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections import defaultdict
from pathlib import Path

import capture
import frames
from dataplane import Dataplane, problems, total

PROGRAM, RULES = "", ""


def by_flow(all_frames):
    flows = defaultdict(list)
    for frame in all_frames:
        flows[frames.flow(frame)].append(frame)
    return flows


class PortsTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="sluis-ports.")
        self.directory = Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)

    def pcap(self, name, received, more=""):
        """A port that receives these frames, and writes what is sent to the file that `sent` reads."""
        capture.write(self.directory / f"{name}.rx.pcap", received)
        return f"net_pcap_{name},rx_pcap={self.directory}/{name}.rx.pcap,tx_pcap={self.directory}/{name}.tx.pcap{more}"

    def sent(self, name):
        return capture.read(self.directory / f"{name}.tx.pcap")

    def run_through(self, from_inside, from_outside, workers=1, mtu=9000):
        """Sends frames from both sides. Returns (left outside, left inside, accounts)."""
        inside, outside = self.pcap("inside", from_inside), self.pcap("outside", from_outside)
        with Dataplane(PROGRAM, RULES, self.directory, [(inside, outside, f"workers = {workers}")], mtu) as sluis:
            sluis.wait_for_frames(len(from_inside) + len(from_outside))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertEqual(workers, len(accounts))
        self.assertEqual(len(from_inside) + len(from_outside), total(accounts, "rx"))
        return self.sent("outside"), self.sent("inside"), accounts

    def test_every_kind_crosses_unchanged_and_in_order(self):
        kinds = {**frames.layer2(), **frames.internet(9000), **frames.tagged(9000), **frames.encapsulated(9000)}
        there = [frame for _ in range(20) for frame in kinds.values()]
        back = [frames.back(frame) for frame in reversed(there)]
        left_outside, left_inside, accounts = self.run_through(there, back)
        names = list(kinds)
        for number, (came, went) in enumerate(zip(there, left_outside)):
            self.assertEqual(came, went, f"frame {number}: {names[number % len(names)]}")
        self.assertIsNone(frames.first_difference(there, left_outside))
        self.assertIsNone(frames.first_difference(back, left_inside))
        self.assertEqual(0, total(accounts, "drops"))

    def test_fragments_cross_as_they_are(self):
        sent = frames.fragmented()
        left_outside, left_inside, _ = self.run_through(sent, [])
        self.assertEqual(sent, left_outside)
        self.assertEqual([], left_inside)

    def test_several_workers_keep_the_order_of_each_flow(self):
        there = frames.of_many_flows(6000)
        left_outside, _, accounts = self.run_through(there, [frames.back(frame) for frame in there[:1000]], workers=3)
        arrived = by_flow(left_outside)
        self.assertEqual(64, len(arrived))
        for source, sent in by_flow(there).items():
            self.assertIsNone(frames.first_difference(sent, arrived[source]), source)
        for account in accounts:
            self.assertGreater(account["rx"], 0, "a worker without any flow")
        self.assertEqual(total(accounts[:1], "handed_over"), total(accounts[1:], "rx"))

    def test_several_workers_keep_what_is_not_ip_in_order(self):
        there = [frame for _ in range(200) for frame in frames.layer2().values()]
        left_outside, _, accounts = self.run_through(there, [], workers=2)
        self.assertIsNone(frames.first_difference(there, left_outside))
        self.assertEqual(0, total(accounts, "handed_over"))

    def test_a_frame_that_is_too_long_is_dropped_and_counted(self):
        short, long = frames.of_many_flows(10), frames.ethernet(frames.pattern(1509), 0x1234)
        longest = frames.encapsulated(1500)["802.1ad, the longest"]
        left_outside, _, accounts = self.run_through(short + [long, longest], [], mtu=1500)
        self.assertEqual(short + [longest], left_outside)
        self.assertEqual(1, total(accounts, "drop.frame_too_long"))

    def test_a_ring_gives_back_all_that_it_takes(self):
        there = frames.of_many_flows(3000)
        inside = self.pcap("inside", there)
        with Dataplane(PROGRAM, RULES, self.directory, [(inside, "net_ring0", "")]) as sluis:
            sluis.wait_for_frames(2 * len(there))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertIsNone(frames.first_difference(there, self.sent("inside")))

    def test_two_pairs_in_one_process_do_not_mix(self):
        first, second = frames.of_many_flows(300), list(frames.layer2().values()) * 10
        pairs = [(self.pcap("a", first), self.pcap("b", []), 'name = "first"'),
                 (self.pcap("c", second), self.pcap("d", []), 'name = "second"\nworkers = 2')]
        with Dataplane(PROGRAM, RULES, self.directory, pairs) as sluis:
            sluis.wait_for_frames(len(first) + len(second))
            accounts = sluis.stop()
        self.assertEqual([], problems(accounts))
        self.assertIsNone(frames.first_difference(first, self.sent("b")))
        self.assertIsNone(frames.first_difference(second, self.sent("d")))
        self.assertEqual(["first", "second", "second"], [account["pair"] for account in accounts])

    def stop_under_load(self, workers, signum, eal=""):
        endless = self.pcap("inside", frames.of_many_flows(500), ",infinite_rx=1").replace(
            f",tx_pcap={self.directory}/inside.tx.pcap", "")
        with Dataplane(PROGRAM, RULES, self.directory, [(endless, "net_null0,no-rx=1", f"workers = {workers}")], 1500, eal) as sluis:
            sluis.wait_for_frames(20000)
            begin = time.monotonic()
            accounts = sluis.stop(signum)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual([], problems(accounts))
        self.assertGreaterEqual(total(accounts, "rx"), 20000)
        return accounts

    def test_a_stop_under_load_closes_the_accounts(self):
        accounts = self.stop_under_load(1, signal.SIGTERM)
        self.assertEqual(0, total(accounts, "drops"))

    def test_a_stop_under_load_closes_the_accounts_of_several_workers(self):
        self.stop_under_load(3, signal.SIGINT)

    def test_buffers_share_the_pages_of_ordinary_memory(self):
        """2,496 bytes each at this MTU: with pages of their own they would take 78 MiB."""
        inside, outside = self.pcap("inside", []), self.pcap("outside", [])
        with Dataplane(PROGRAM, RULES, self.directory, [(inside, outside, "")], mtu=1500, buffers=20000,
                       memory_mib=64) as sluis:
            self.assertEqual([], problems(sluis.stop()))

    def test_workers_run_on_the_cores_that_are_named(self):
        self.stop_under_load(2, signal.SIGTERM, 'cores = "0@0,1@0"')


class RefusalTest(unittest.TestCase):
    """What does not start says why in one line, with the right exit status, and leaves nothing behind."""

    NULLS = '[[pair]]\ninside = "net_null0"\noutside = "net_null1"\n'
    PLAIN = '[eal]\nhugepages = false\nmemory_mib = 64\n[frames]\nbuffers = 1024\nmtu = 1500\n[rules]\ncompiled = "RULES"\n'
    CASES = [
        ("an absent file", NULLS.replace("net_null1", "net_pcap0,rx_pcap=/nonexistent.pcap") + PLAIN,
         "pair pair0: net_pcap0,rx_pcap=/nonexistent.pcap: cannot read /nonexistent.pcap: No such file"),
        ("a file that is no capture", NULLS.replace("net_null1", "net_pcap0,rx_pcap=/dev/null") + PLAIN,
         "pair pair0: net_pcap0,rx_pcap=/dev/null cannot be made"),
        ("an absent interface", NULLS.replace("net_null1", "net_af_packet0,iface=sluis-absent") + PLAIN,
         'there is no network interface "sluis-absent"'),
        ("an absent driver", NULLS.replace("net_null1", "net_nodriver0") + PLAIN, 'net_nodriver0: DPDK has no virtual device "net_nodriver"'),
        ("an absent PCI device", NULLS.replace("net_null1", "0000:ff:1f.7") + PLAIN, "there is no PCI device 0000:ff:1f.7"),
        ("no memory", NULLS + PLAIN.replace("buffers = 1024", "buffers = 100000"), "[frames] buffers = 100000 for each of 1 worker(s)"),
        ("more memory than there is", NULLS + PLAIN.replace("memory_mib = 64", "memory_mib = 1048576"),
         "not enough memory: [limits] ask for "),
        ("huge limits", NULLS + PLAIN + "[limits]\nlarge_streams = 65536\nstream_bytes = 1048576\n",
         " MiB by large_streams = 65536)"),
        ("a limit beyond its most", NULLS + PLAIN + "[limits]\nflows = 4294967295\n", "flows of [limits] is 4294967295, out of range"),
        ("an interface without a name", NULLS.replace("net_null1", "net_af_packet0") + PLAIN, "names no interface"),
        ("an interface that is no Ethernet", NULLS.replace("net_null1", "net_af_packet0,iface=lo") + PLAIN, "interface lo is not Ethernet"),
        ("one device twice", NULLS.replace("net_null1", "net_null0") + PLAIN, "device net_null0 is the port pair0.inside already"),
        ("help from the EAL", NULLS + PLAIN.replace("[eal]", '[eal]\narguments = ["--help"]'), '"--help" is not free; leave it out'),
        ("a file prefix with a slash", NULLS + PLAIN.replace("[eal]\n", "[eal] \n") .replace("hugepages = false", 'hugepages = false\nfile_prefix = "../x"'),
         'file_prefix of [eal] is "../x", which will not do'),
        ("an unknown category", NULLS + PLAIN + '[policy]\noff = ["tictok"]\n', 'does not have; the nearest known one is "tiktok"'),
        ("an absent rule set", NULLS + PLAIN.replace("RULES", "/nonexistent/rules"),
         "/nonexistent/rules: cannot be read: No such file or directory; make it by sluisctl rules compile"),
        ("an absent CPU", NULLS + PLAIN.replace("[eal]", '[eal]\ncores = "0@4095"'), "[eal] cores has CPU 4095, which this machine does not have"),
        ("too few cores", NULLS.replace('net_null1"', 'net_null1"\nworkers = 2') + PLAIN.replace("[eal]", '[eal]\ncores = "0"'),
         "cores of [eal] has 1 lcore(s) for 2 workers"),
        ("an unwritable run-time directory", NULLS + PLAIN + '[runtime]\ndirectory = "/proc/sluis"\n', "/proc holds no files"),
        ("an unknown key", NULLS + "worker = 2\n" + PLAIN, ':4:1: unknown key "worker" in [[pair]]; the nearest known one is "workers"'),
    ]

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)

    def test_what_is_wrong_is_said_in_one_line(self):
        for number, (name, text, message) in enumerate(self.CASES):
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                config = Path(directory) / "sluis.toml"
                if "[runtime]" not in text:
                    text += f'[runtime]\ndirectory = "{directory}/run"\n'
                config.write_text(text.replace("RULES", RULES).replace("[eal]\n", f'[eal]\nfile_prefix = "sluis-refused-{number}"\n'))
                done = self.run_program("--config", str(config))
                ours = [line for line in done.stderr.splitlines() if line.startswith("sluis-dataplane: ")]
                self.assertEqual(1, done.returncode, done.stderr)
                self.assertEqual(1, len(ours), done.stderr)
                self.assertIn(message, ours[0])
                self.assertEqual("", done.stdout)
                self.assertFalse((Path(directory) / "run" / "counters").exists())

    def test_arguments(self):
        with tempfile.TemporaryDirectory() as directory:
            config = Path(directory) / "sluis.toml"
            config.write_text(self.NULLS + '[rules]\ncompiled = "/nonexistent"\n')
            cases = [(["--confg", "x"], 2), (["--config"], 2), (["extra"], 2), (["--help"], 0), (["--help-config"], 0),
                     (["--config", str(config), "--check"], 1), (["--config", "/nonexistent", "--check"], 1)]
            for arguments, status in cases:
                with self.subTest(arguments):
                    self.assertEqual(status, self.run_program(*arguments).returncode)


if __name__ == "__main__":
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
