"""What the programs say when something is wrong: one clear line, the right exit status, nothing left behind.

Usage: programs_test.py SLUIS-DATAPLANE RULES [TEST…]. As root, a few cases more: a full disk, another user.
"""

import gzip
import os
import pwd
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from dataplane import Dataplane, counters

PROGRAM, RULES = "", ""
NULLS = '[[pair]]\ninside = "net_null0"\noutside = "net_null1"\n'
ROOT = os.geteuid() == 0


def config(directory, pairs=NULLS, more=""):
    """A configuration that starts without root and hugepages."""
    path = Path(directory) / "sluis.toml"
    path.write_text(f"""{pairs}[eal]
hugepages = false
memory_mib = 64
file_prefix = "sluis-programs-{os.getpid()}"
[frames]
buffers = 1024
mtu = 1500
[rules]
compiled = "{RULES}"
[runtime]
directory = "{directory}/run"
{more}""")
    return path


def build_of(program):
    return counters.sluisctl_beside(PROGRAM).parent / program


class Programs(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-programs.")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def run_program(self, *command, before=None, stdout=subprocess.PIPE):
        return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, text=True, timeout=60, preexec_fn=before)

    def assert_refused(self, command, status, *said, before=None, stdout=subprocess.PIPE):
        """One line of ours, and it says this."""
        done = self.run_program(*command, before=before, stdout=stdout)
        self.assertEqual(status, done.returncode, done.stderr)
        ours = [line for line in done.stderr.splitlines() if line.startswith(("sluis-", "sluisctl: "))]
        self.assertEqual(1, len(ours), done.stderr)
        for words in said:
            self.assertIn(words, ours[0])

    def on_full_disk(self, *command):
        """The command, with a file system of a page, full, over "full" in the directory; prints what is left on it."""
        full = self.directory / "full"
        full.mkdir()
        return ["unshare", "-m", "sh", "-c", 'mount -t tmpfs -o size=4k none "$0" && { "$@"; status=$?; ls -A "$0"; exit $status; }',
                full, *command]


class DataplaneTest(Programs):
    def check(self, *arguments):
        return self.run_program(PROGRAM, *arguments)

    def test_a_second_one_is_refused_and_the_first_goes_on(self):
        with Dataplane(PROGRAM, RULES, self.directory, [("net_null0,no-rx=1", "net_null1,no-rx=1", "")]) as first:
            file = first.runtime / "counters"
            before = file.stat().st_ino
            second = self.directory / "second.toml"
            second.write_text(first.config.read_text().replace('file_prefix = "', 'file_prefix = "second-'))
            self.assert_refused([PROGRAM, "--config", second], 1,
                                f"another sluis-dataplane (pid {first.process.pid}) runs with the directory {first.runtime}")
            self.assertEqual(before, file.stat().st_ino)
            self.assertEqual(["counters", "dataplane.sock", "events", "lock"], sorted(os.listdir(first.runtime)))
            self.assertEqual(0, self.check("--config", second, "--check").returncode, "a check starts nothing")
            first.stop()
        self.assertTrue(file.exists(), "the counters stay readable")
        self.assertFalse(counters.read(first.sluisctl, first.runtime)["running"])

    def test_it_outlives_its_terminal_and_the_reader_of_its_log(self):
        read_end, write_end = os.pipe()
        path = config(self.directory)
        process = subprocess.Popen([PROGRAM, "--config", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=write_end, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        os.close(write_end)
        with open(read_end) as log:
            self.assertTrue(any("event=forwarding" in line for line in log))
        for signum in (signal.SIGHUP, signal.SIGPIPE):
            process.send_signal(signum)
        before = counters.read(build_of("sluisctl"), self.directory / "run")
        time.sleep(0.3)
        after = counters.read(build_of("sluisctl"), self.directory / "run")
        self.assertTrue(after["running"])
        self.assertGreater(after["total"]["heartbeat"], before["total"]["heartbeat"])
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(0, process.returncode)
        self.assertIn("balance=0", output)

    def test_check_says_what_would_be_done(self):
        done = self.check("--config", config(self.directory, more='[policy]\noff = ["shared-overseas"]\n'), "--check")
        self.assertEqual(0, done.returncode, done.stderr)
        for words in ("bridge   pair0: net_null0 (inside) and net_null1 (outside), 1 worker(s), MTU 1500",
                      "refuse   tiktok, tiktok-download (DNS: nxdomain)", "shared-overseas", f"rules of {RULES}, digest ",
                      "64 MiB of ordinary memory", f"{self.directory}/run/counters"):
            self.assertIn(words, done.stdout)
        self.assertFalse((self.directory / "run").exists(), "a check makes nothing")

    def test_check_finds_what_a_start_would_find(self):
        cases = [(NULLS.replace("net_null1", "net_af_packet0,iface=sluis-absent"), "", 'there is no network interface "sluis-absent"'),
                 (NULLS.replace("net_null1", "0000:ff:1f.7"), "", "there is no PCI device 0000:ff:1f.7"),
                 (NULLS, '[policy]\nenforce = ["nonsense"]\n', 'category "nonsense", which the rule set does not have'),
                 (NULLS, "[limits]\nlarge_streams = 65536\nstream_bytes = 1048576\n", "not enough memory")]
        for pairs, more, message in cases:
            with self.subTest(message):
                self.assert_refused([PROGRAM, "--check", "--config", config(self.directory, pairs, more)], 1, message)

    def test_check_finds_what_is_too_little_or_not_there(self):
        right = config(self.directory).read_text()
        cases = [("buffers = 1024", "buffers = 65536", "[frames] buffers = 65536 for each of 1 worker(s), with an MTU of 1500, take more than 1"),
                 (f"{self.directory}/run", f"{self.directory}/a/b", f"cannot be made: there is no directory {self.directory}/a;"),
                 (f"{self.directory}/run", f"{self.directory}/sluis.toml", "sluis.toml is no directory")]
        if not any(int(path.read_text()) for path in Path("/sys/kernel/mm/hugepages").glob("*/nr_hugepages")):
            cases.append(("hugepages = false", "hugepages = true", "this machine has no hugepages; reserve some"))
        for was, becomes, message in cases:
            with self.subTest(message):
                path = self.directory / "sluis.toml"
                path.write_text(right.replace(was, becomes))
                self.assert_refused([PROGRAM, "--check", "--config", path], 1, message)

    def test_check_says_what_it_cannot_tell(self):
        path = config(self.directory)
        path.write_text(path.read_text().replace("[eal]", '[eal]\narguments = ["--no-shconf"]\ncores = "0@0"'))
        done = self.check("--config", path, "--check")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("but      [eal] arguments are DPDK's to judge", done.stdout)
        self.assertIn("but      whether the CPUs of [eal] cores exist", done.stdout)

    @unittest.skipUnless(ROOT, "needs root")
    def test_check_says_that_a_user_may_not_start_it(self):
        self.directory.chmod(0o755)
        path = config(self.directory, NULLS.replace("net_null1", "net_af_packet0,iface=sluis0"))
        alone = ["unshare", "-n", "sh", "-c", 'ip link add sluis0 up type veth peer name sluis1 && exec setpriv --reuid=65534 --clear-groups "$@"', "sh"]
        done = self.run_program(*alone, PROGRAM, "--config", path, "--check")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("but      this user may open no packet socket", done.stdout)

    def test_wrong_usage(self):
        self.assert_refused([PROGRAM, "--chekc"], 2, 'unknown argument "--chekc"; the nearest known one is "--check"')
        self.assert_refused([PROGRAM, "--config"], 2, "--config needs a file behind it")

    def test_little_address_space(self):
        for mebibytes in (96, 256):  # more may do
            with self.subTest(mebibytes):
                space = mebibytes << 20
                done = self.run_program(PROGRAM, "--config", config(self.directory),
                                        before=lambda: resource.setrlimit(resource.RLIMIT_AS, (space, space)))
                ours = [line for line in done.stderr.splitlines() if line.startswith("sluis-dataplane: ")]
                self.assertEqual((1, 1), (done.returncode, len(ours)), done.stderr)
                self.assertFalse((self.directory / "run/counters").exists())

    @unittest.skipUnless(ROOT, "needs root")
    def test_another_user(self):
        nobody = pwd.getpwnam("nobody").pw_uid
        self.directory.chmod(0o755)
        self.assert_refused([PROGRAM, "--config", config(self.directory)], 1, f"cannot make the directory {self.directory}/run: Permission denied",
                            "set [runtime] directory", before=lambda: os.setuid(nobody))
        secret = config(self.directory)
        secret.chmod(0o600)
        self.assert_refused([PROGRAM, "--config", secret], 1, f"{secret}: cannot be read: Permission denied; let this user read it",
                            before=lambda: os.setuid(nobody))

    @unittest.skipUnless(ROOT, "needs root")
    def test_an_interface_that_is_down(self):
        path = config(self.directory, NULLS.replace("net_null1", "net_af_packet0,iface=sluis0"))
        alone = ["unshare", "-n", "sh", "-c", 'ip link add sluis0 type veth peer name sluis1 && exec "$@"', "sh"]
        for check in ([], ["--check"]):
            self.assert_refused([*alone, PROGRAM, "--config", path, *check], 1,
                                "interface sluis0 is down; run: ip link set dev sluis0 up")

    @unittest.skipUnless(ROOT, "needs root")
    def test_a_full_disk(self):
        path = config(self.directory)
        path.write_text(path.read_text().replace(f"{self.directory}/run", f"{self.directory}/full"))
        done = self.run_program(*self.on_full_disk(PROGRAM, "--config", path))
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("counters.new: No space left on device; make room on its file system", done.stderr)
        self.assertEqual("lock\n", done.stdout)


class ConfigurationFileTest(Programs):
    """What is given as a configuration, and is none: to both programs that read one."""

    def test_what_cannot_be_read(self):
        os.mkfifo(self.directory / "pipe")
        (self.directory / "empty").touch()
        (self.directory / "huge").touch()
        os.truncate(self.directory / "huge", 64 << 20)
        (self.directory / "bytes").write_bytes(b"\xff\xfe\x00")
        cases = [(self.directory, "is no regular file; give a configuration file"), ("/nonexistent", "No such file or directory; make one by"),
                 (self.directory / "pipe", "is no regular file"), ("/dev/zero", "is no regular file"), (self.directory / "huge", "67108864 bytes"),
                 (self.directory / "bytes", "bytes:1:1: ")]
        capture = self.directory / "none.pcap"
        for path, message in cases:
            with self.subTest(path=path):
                self.assert_refused([PROGRAM, "--config", path], 1, message)
                self.assert_refused([build_of("inspect/sluis-inspect"), "--config", path, capture], 1, message)
        self.assert_refused([PROGRAM, "--config", self.directory / "empty"], 1, "there is no port pair; write a [[pair]]")


class InspectTest(Programs):
    ETHERNET, USER0 = 1, 147

    def capture(self, link_type=ETHERNET, packets=()):
        path = self.directory / f"{link_type}.pcap"
        words = [0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, link_type]
        for packet in packets:
            words += [1, 0, len(packet), len(packet)]
            words += [int.from_bytes(packet[i:i + 4], "little") for i in range(0, len(packet), 4)]
        path.write_bytes(b"".join(word.to_bytes(4, "little") for word in words))
        return path

    def test_what_cannot_be_read(self):
        inspect, empty = build_of("inspect/sluis-inspect"), self.capture()
        os.mkfifo(self.directory / "pipe.toml")
        (self.directory / "damaged").write_bytes(Path(RULES).read_bytes()[:-1])
        (self.directory / "a.pcap.gz").write_bytes(gzip.compress(empty.read_bytes()))
        cases = [([], 2, None), (["--nonsense", empty], 2, None),
                 (["/nonexistent"], 1, "/nonexistent: cannot be read: No such file"), ([self.directory], 1, "is a directory"),
                 ([self.directory / "a.pcap.gz"], 1, "a.pcap.gz: is compressed; gunzip it first"), (["/dev/null"], 1, "/dev/null: is empty, no capture"),
                 ([self.capture(self.USER0)], 1, "link type 147 cannot be read; these can: "),
                 (["--rules", "/nonexistent", empty], 1, "/nonexistent: cannot be read: No such file or directory; make it by"),
                 (["--rules", "/nonexistent.toml", empty], 1, "/nonexistent.toml: cannot be read: No such file"),
                 (["--rules", self.directory / "pipe.toml", empty], 1, "is no regular file; name a rule file"),
                 (["--rules", "/dev", empty], 1, "/dev: no file named *.toml"),
                 (["--rules", empty, empty], 1, "not a compiled rule set: "),
                 (["--rules", self.directory / "damaged", empty], 1, "compile the rules again on this box with: sluisctl rules compile"),
                 (["--write", "/nonexistent/out", empty], 1, "/nonexistent/out: cannot be written: No such file"),
                 (["--write", empty, empty], 2, "is one of the captures"), (["--write", "/dev/full", self.capture(packets=[bytes(9000)])], 1, "No space left")]
        for arguments, status, message in cases:
            with self.subTest(arguments):
                if message is None:
                    self.assertEqual(status, self.run_program(inspect, *arguments).returncode)
                else:
                    self.assert_refused([inspect, *arguments], status, message)
        self.assertEqual(0, self.run_program(inspect, empty).returncode)

    def test_little_memory(self):
        limits = self.directory / "limits.toml"
        limits.write_text("[limits]\nlarge_streams = 65536\nstream_bytes = 1048576\n")
        self.assert_refused([build_of("inspect/sluis-inspect"), "--config", limits, self.capture()], 1, "MiB by large_streams = 65536)")
        for mebibytes in (48, 96, 224):
            space = mebibytes << 20
            with self.subTest(mebibytes):
                self.assert_refused([build_of("inspect/sluis-inspect"), self.capture()], 1, "memory",
                                    before=lambda: resource.setrlimit(resource.RLIMIT_AS, (space, space)))

    @unittest.skipUnless(ROOT, "needs root")
    def test_a_full_disk(self):
        done = self.run_program(*self.on_full_disk(build_of("inspect/sluis-inspect"), "--json", "--write", self.directory / "full/out.pcap",
                                                   self.capture(packets=[bytes(9000)])))
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("out.pcap: cannot be written: No space left on device; the part that was written is removed", done.stderr)
        self.assertEqual("", done.stdout)


class SluisctlTest(Programs):
    def test_what_fails(self):
        sluisctl = build_of("sluisctl")
        (self.directory / "wrong.toml").write_text('category = "a"\ndefault = "on"\ncomment = "a"\nsufix = []\n')
        cases = [(["counters", "--runtime", self.directory], "counters: No such file or directory; start sluis-dataplane"),
                 (["rules", "check", "/nonexistent"], "/nonexistent: cannot be read: No such file"),
                 (["rules", "explain", "--rules", "/nonexistent", "a.example"], "make it by sluisctl rules compile"),
                 (["rules", "explain", "--rules", self.directory / "wrong.toml", "a.example"], "wrong.toml:4:1: unknown key 'sufix'; the nearest known one is 'suffix'"),
                 (["rules", "compile", "-o", "/proc/sluis/compiled"], "/proc/sluis/compiled: cannot be written: "),
                 (["rules", "compile", "-o", self.directory / "absent/compiled"], "absent/compiled: cannot be written: No such file or directory"),
                 (["rules", "compile", "-o", self.directory], "not a regular file; it is left as it is")]
        for arguments, message in cases:
            with self.subTest(arguments):
                self.assert_refused([sluisctl, *arguments], 1, message)
        self.assert_refused([sluisctl, "counter"], 2, 'unknown command "counter"; the nearest known one is "counters"')
        self.assert_refused([sluisctl, "rules", "chekc"], 2, 'unknown command "chekc"; the nearest known one is "check"')
        for arguments in ([], ["rules"], ["rules", "explain"], ["counters", "-o", "json"]):
            with self.subTest(arguments):
                self.assertEqual(2, self.run_program(sluisctl, *arguments).returncode)
        self.assertFalse((self.directory / "absent").exists(), "no directory comes of a slip of the pen")
        with open("/dev/full", "w") as full:
            self.assert_refused([sluisctl, "--help"], 1, "standard output could not be written", stdout=full)

    @unittest.skipUnless(ROOT, "needs root")
    def test_a_full_disk(self):
        done = self.run_program(*self.on_full_disk(build_of("sluisctl"), "rules", "compile", "-o", self.directory / "full/compiled"))
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("cannot be written: No space left on device", done.stderr)
        self.assertEqual("", done.stdout)


if __name__ == "__main__":
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
