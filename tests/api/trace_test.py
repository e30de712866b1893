"""sluisctl trace against a box whose port never rests: what is in the file, who may ask, and askers that go away."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import pcapng
from busy_box import BusyBox, dns_query
from control_box import TIMEOUT, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "network"))
import counters  # noqa: E402

BUILD = None
OK, FAILED, USAGE, UNREACHABLE, REFUSED = range(5)
HEADERS = 42  # bytes: Ethernet, IPv4, UDP
QUERIES = [dns_query("www.tiktok.com", 40000, "192.0.2.7"), dns_query("www.example.org", 40001, "192.0.2.7"),
           dns_query("www.example.org", 40002, "192.0.2.8")]


class TraceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.box = BusyBox(BUILD, cls.temporary.name + "/box", QUERIES)
        cls.box.start_control()
        cls.dataplane = cls.box.start_dataplane()
        cls.sluisctl = pathlib.Path(BUILD) / "control/cli/sluisctl"

    @classmethod
    def tearDownClass(cls):
        try:
            total = counters.read(cls.sluisctl, cls.box.runtime)["total"]
            assert cls.box.stop(cls.dataplane) == 0, cls.box.log_text("sluis-dataplane")
            ended = counters.read(cls.sluisctl, cls.box.runtime)["total"]
            assert ended["balance"] == 0 and sum(counters.by_side(total, "rx_frames")) > 1000, ended
        finally:
            cls.box.__exit__()
            cls.temporary.cleanup()

    def command(self, *arguments):
        return [str(self.sluisctl), "trace", *map(str, arguments), "--runtime", str(self.box.runtime)]

    def run_trace(self, *arguments, status=OK):
        done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(status, done.returncode, done)
        return done

    def trace(self, *arguments):
        """(interfaces, frames) of a trace."""
        return pcapng.read(self.run_trace(*arguments, "-o", "-").stdout)

    def test_every_frame_says_what_became_of_it(self):
        interfaces, traced = self.trace("client", "192.0.2.7", "and", "port", "40000", "--frames", "5")
        self.assertEqual(["pair0 inside", "pair0 outside"], interfaces)
        received = [each for each in traced if not each.outbound]
        made = [each for each in traced if each.outbound]
        self.assertEqual((5, 5), (len(received), len(made)), traced)
        for frame in received:
            self.assertIn("dns name www.tiktok.com: blocked", frame.comment)
            self.assertRegex(frame.comment, "; dropped: rule")
            self.assertEqual(HEADERS, len(frame.data), "no payload")
            self.assertLess(abs(frame.time / 1e9 - time.time()), 3600)
        for frame in made:
            self.assertEqual(("pair0 inside", "injected on pair0 inside"), (frame.interface, frame.comment))

    def test_payload_and_allowed_names_only_when_asked(self):
        _, traced = self.trace("port", "40001", "--frames", "3")
        self.assertNotIn("example", "".join(frame.comment for frame in traced))
        self.assertTrue(all(b"example" not in frame.data for frame in traced))
        _, traced = self.trace("port", "40001", "--frames", "3", "--payload")
        self.assertTrue(all(b"example" in frame.data and frame.length == len(frame.data) for frame in traced))
        self.assertTrue(all("www.example.org: allowed" in frame.comment for frame in traced))

    def test_the_filter_holds(self):
        for words, clients in ((["client", "192.0.2.8"], {8}), (["host", "192.0.2.0/29"], {7}),
                               (["any"], {7, 8}), (["protocol", "udp", "vlan", "0"], {7, 8})):
            with self.subTest(words=words):
                _, traced = self.trace(*words, "--frames", "30")
                self.assertEqual(clients, {frame.data[29] for frame in traced if not frame.outbound})
        _, traced = self.trace("server", "192.0.2.7", "--seconds", "1")
        self.assertEqual([], traced)

    def test_ends_with_its_time(self):
        begun = time.monotonic()
        done = self.run_trace("vlan", "7", "-o", self.box.folder / "none.pcapng", "--seconds", "2")
        self.assertLess(1.5, time.monotonic() - begun)
        self.assertIn(b"0 frames, 0 lost; ended by time", done.stderr)
        self.assertEqual(0o600, os.stat(self.box.folder / "none.pcapng").st_mode & 0o777)

    def test_many_frames_at_once(self):
        _, traced = self.trace("any", "--frames", "20000", "--snap", "64")
        self.assertEqual(20000, sum(not frame.outbound for frame in traced))

    def test_an_interrupted_trace_is_a_whole_file(self):
        path = self.box.folder / "interrupted.pcapng"
        process = subprocess.Popen(self.command("vlan", "9", "-o", path, "--seconds", "600"), stderr=subprocess.PIPE)
        wait_for("the trace is on", lambda: path.exists() and path.stat().st_size)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual(OK, process.returncode, errors)
        self.assertIn(b"ended by stopped", errors)
        self.assertEqual([], pcapng.read(path.read_bytes())[1])

    def test_one_at_a_time_and_an_asker_that_is_killed(self):
        path = self.box.folder / "killed.pcapng"
        process = subprocess.Popen(self.command("vlan", "9", "-o", path, "--seconds", "3600"))
        wait_for("the trace is on", lambda: path.exists() and path.stat().st_size)
        refused = self.run_trace("any", "-o", self.box.folder / "second.pcapng", status=FAILED)
        self.assertIn(b"503", refused.stderr)
        self.assertFalse((self.box.folder / "second.pcapng").exists())
        process.kill()
        process.wait()
        begun = time.monotonic()

        def is_free():
            return subprocess.run(self.command("any", "-o", "-", "--frames", "1"), capture_output=True,
                                  timeout=TIMEOUT).returncode == OK

        wait_for("the killed one's trace has ended", is_free)
        self.assertLess(time.monotonic() - begun, 40, "not before its own hour")
        stopped = [line["audit"] for line in self.box.audit() if line["audit"].get("outcome") == "stopped"]
        self.assertTrue(stopped)

    def test_control_killed_in_the_middle_frees_the_dataplane(self):
        path = self.box.folder / "orphan.pcapng"
        process = subprocess.Popen(self.command("vlan", "9", "-o", path, "--seconds", "3600"), stderr=subprocess.DEVNULL)
        wait_for("the trace is on", lambda: path.exists() and path.stat().st_size)
        control = next(each for each in self.box.started if each is not self.dataplane)
        control.kill()
        control.wait()
        self.box.started.remove(control)
        self.assertEqual(UNREACHABLE, process.wait(TIMEOUT))
        self.box.start_control()
        self.assertEqual(1, len([each for each in self.trace("any", "--frames", "1")[1] if not each.outbound]))

    def test_refuses_what_is_wrong(self):
        output = ["-o", self.box.folder / "wrong.pcapng"]
        for words, text in ((["clint", "192.0.2.1"], b'the nearest known one is "client"'), (["port", "x"], b"needs a number"),
                            (["client"], b"needs a value"), (["port", "1", "port", "2"], b"twice")):
            done = self.run_trace(*words, *output, status=USAGE)
            self.assertIn(text, done.stderr)
            self.assertEqual(1, done.stderr.count(b"\n"))
        self.run_trace("any", status=USAGE)
        self.run_trace("any", *output, "--frames", "0", status=USAGE)
        self.assertIn(b"host", self.run_trace("host", "192.0.2.1/24", *output, status=REFUSED).stderr)
        self.assertIn(b"no pair of that name", self.run_trace("pair", "nowhere", *output, status=REFUSED).stderr)
        self.assertFalse((self.box.folder / "wrong.pcapng").exists())

    def test_is_audited(self):
        self.trace("client", "192.0.2.8", "--frames", "2", "--comment", "CHG-4711")
        begun, done = [line["audit"] for line in self.box.audit() if line["audit"].get("comment") == "CHG-4711"]
        self.assertEqual(("begun", "done", "frames"), (begun["stage"], done["stage"], done["outcome"]))
        self.assertEqual(("192.0.2.8", 2, 2), (begun["after"]["client"], begun["after"]["frames"],
                                               done["after"]["frames_taken"]))
        self.assertRegex(begun["who"], rf"\Auid {os.getuid()}, pid \d+\Z")
        events = self.box.get("/v1/events?types=audit&follow=0", accept="text/event-stream").body
        self.assertIn(b"CHG-4711", events)
        self.assertNotIn(b"192.0.2.", events)

    @unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
    def test_wireshark_reads_the_same(self):
        path = self.box.folder / "shark.pcapng"
        self.run_trace("port", "40000", "-o", path, "--frames", "3")
        shown = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "frame.comment", "-e", "ip.src"], check=True,
                               capture_output=True, text=True, timeout=TIMEOUT).stdout.splitlines()
        _, traced = pcapng.read(path.read_bytes())
        self.assertEqual([frame.comment for frame in traced], [line.split("\t")[0] for line in shown])


class DataplaneEndTest(unittest.TestCase):
    def test_a_dataplane_that_is_killed_ends_the_trace(self):
        with tempfile.TemporaryDirectory() as folder, BusyBox(BUILD, folder + "/box", QUERIES) as box:
            box.start_control()
            dataplane = box.start_dataplane()
            path = box.folder / "cut.pcapng"
            process = subprocess.Popen([pathlib.Path(BUILD) / "control/cli/sluisctl", "trace", "vlan", "9", "-o", path,
                                        "--seconds", "3600", "--runtime", box.runtime], stderr=subprocess.PIPE)
            wait_for("the trace is on", lambda: path.exists() and path.stat().st_size)
            dataplane.kill()
            dataplane.wait()
            _, errors = process.communicate(timeout=TIMEOUT)
            self.assertEqual(REFUSED, process.returncode, errors)
            self.assertIn(b"ended in the middle", errors)


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
