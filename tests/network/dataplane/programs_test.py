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
            self.assertEqual(["counters", "dataplane.sock", "events", "lock", "way"], sorted(os.listdir(first.runtime)))
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
                 (NULLS, '[policy]\nenforce = ["nonsense"]\n', ':12: [policy] names the category "nonsense", which the rule set does not have'),
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

    def test_check_finds_what_dpdk_would_panic_over(self):
        right = config(self.directory).read_text()
        cases = [("[eal]", '[eal]\ncores = "0@1000"', "[eal] cores has CPU 1000, which this machine does not have; lscpu -e"),
                 ("net_null1", "net_nul1", 'net_nul1: DPDK has no virtual device "net_nul"; the nearest known one is "net_null"'),
                 ("[runtime]", '[runtime]\ncommand_group = "sluis-nosuch"', '[runtime] command_group: there is no group "sluis-nosuch"'),
                 (f"{self.directory}/run", "/proc/run", "[runtime] directory: /proc holds no files; set [runtime] directory")]
        for was, becomes, message in cases:
            for check in ([], ["--check"]):
                with self.subTest(message, check=check):
                    path = self.directory / "sluis.toml"
                    path.write_text(right.replace(was, becomes))
                    self.assert_refused([PROGRAM, "--config", path, *check], 1, message)
        self.assert_refused([PROGRAM, "--config", config(self.directory)], 1, "may have 20 open files only, and needs 128; run it with ulimit -n",
                            before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)))

    @unittest.skipUnless(ROOT and Path("/sys/bus/pci/devices").is_dir(), "needs root, and a machine with PCI")
    def test_pci_devices_that_dpdk_cannot_have(self):
        """Of a machine that is made up: a disk, a port of the kernel's, and one that is free."""
        for address, code, driver in (("0000:00:01.0", "0x010802", "nvme"), ("0000:00:02.0", "0x020000", "e1000e"),
                                      ("0000:00:03.0", "0x020000", "vfio-pci")):
            device = self.directory / "pci" / address
            device.mkdir(parents=True)
            (device / "class").write_text(code + "\n")
            (device / "driver").symlink_to(f"/drivers/{driver}")
        there = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /sys/bus/pci/devices && exec "$@"', self.directory / "pci"]
        for address, message in (("0000:00:01.0", "PCI device 0000:00:01.0 is no network device; lspci -D"),
                                 ("0000:00:02.0", "is the kernel's, by its driver e1000e; take it from there by dpdk-devbind.py --bind=vfio-pci 0000:00:02.0"),
                                 ("0000:00:03.0", "PCI device 0000:00:03.0 needs hugepages; set [eal] hugepages = true"),
                                 ("0000:00:04.0", "there is no PCI device 0000:00:04.0")):
            for check in ([], ["--check"]):
                with self.subTest(address, check=check):
                    path = config(self.directory, NULLS.replace("net_null1", address))
                    self.assert_refused([*there, PROGRAM, "--config", path, *check], 1, message)

    @unittest.skipUnless(ROOT, "needs root")
    def test_check_warns_of_a_bridge_of_the_kernels(self):
        path = config(self.directory, NULLS.replace("net_null1", "net_af_packet0,iface=sluis0"))
        alone = ["unshare", "-n", "-m", "sh", "-c", "mount -t sysfs none /sys && ip link add sluis0 up type veth peer name sluis1 && "
                 'ip link add sluisbr type bridge && ip link set sluis0 master sluisbr && exec "$@"', "sh"]
        done = self.run_program(*alone, PROGRAM, "--config", path, "--check")
        if "type bridge" in done.stderr or "Unknown device type" in done.stderr:
            self.skipTest("this kernel has no bridge")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("but      interface sluis0 is a port of the kernel's bridge sluisbr", done.stdout)

    @unittest.skipUnless(ROOT, "needs root")
    def test_check_finds_a_full_runtime_directory(self):
        path = config(self.directory)
        path.write_text(path.read_text().replace(f"{self.directory}/run", f"{self.directory}/full"))
        self.assert_refused(self.on_full_disk(PROGRAM, "--config", path, "--check"), 1, "full is full; make room for ")

    def test_the_socket_of_another_one_stays(self):
        with Dataplane(PROGRAM, RULES, self.directory, [("net_null0,no-rx=1", "net_null1,no-rx=1", "")]) as first:
            for file in first.runtime.iterdir():
                file.unlink()
            other = first.runtime / "dataplane.sock"
            other.touch()
            first.stop()
            self.assertTrue(other.exists())

    def test_check_says_what_it_cannot_tell(self):
        path = config(self.directory)
        path.write_text(path.read_text().replace("[eal]", '[eal]\narguments = ["--no-shconf"]'))
        done = self.check("--config", path, "--check")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("but      [eal] arguments are DPDK's to judge", done.stdout)

    @unittest.skipUnless(ROOT, "needs root")
    def test_check_says_that_a_user_may_not_start_it(self):
        self.directory.chmod(0o777)
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
        self.assert_refused([PROGRAM, "--config", config(self.directory)], 1, f"cannot write to {self.directory}: Permission denied",
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
        self.assertIn("full is full; make room for ", done.stderr)
        self.assertEqual("", done.stdout)

    @unittest.skipUnless(ROOT, "needs root")
    def test_no_files_of_the_eal(self):
        """A full /run would end a process by SIGBUS that has sparse files mapped there."""
        script = ('mount -t tmpfs -o size=64k none /run && head -c 1M /dev/zero > /run/filler 2>/dev/null; "$@" & program=$!; '
                  'trap "kill $program" TERM; wait $program; wait $program; status=$?; find /run -type f; exit $status')
        path = config(self.directory)
        process = subprocess.Popen(["unshare", "-m", "sh", "-c", script, "sh", PROGRAM, "--config", path],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        for line in process.stderr:
            if "event=forwarding" in line:
                break
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=30)
        self.assertEqual(0, process.returncode, output + errors)
        self.assertEqual(["/run/filler"], [line for line in output.splitlines() if line.startswith("/run")])


class AllProgramsTest(Programs):
    """What holds for every program."""

    CONTROL = "../main/sluis-control"

    def test_a_full_standard_output(self):
        for program in (PROGRAM, build_of(self.CONTROL), build_of("sluisctl"), build_of("inspect/sluis-inspect")):
            for option in ("--help", "--help-config") if program in (PROGRAM, build_of(self.CONTROL)) else ("--help",):
                with self.subTest(f"{program} {option}"), open("/dev/full", "w") as full:
                    self.assert_refused([program, option], 1, "standard output could not be written", stdout=full)

    def test_the_version(self):
        for program in (PROGRAM, build_of(self.CONTROL), build_of("sluisctl"), build_of("inspect/sluis-inspect")):
            done = self.run_program(program, "--version")
            self.assertRegex(done.stdout, rf"^{Path(program).name} \d+\.\d+\.\d+\n$")
            self.assertEqual(0, done.returncode)

    def test_standard_streams_that_are_closed(self):
        """What is opened next would take their place, and be written to as the log."""
        path = config(self.directory)
        process = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", PROGRAM, "--config", path])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        end = time.monotonic() + 30
        while not (self.directory / "run/counters").exists():
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.assertEqual(["/dev/null"] * 3, [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)])
        self.assertEqual(f"{process.pid}\n", (self.directory / "run/lock").read_text())


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
        for name, why in (("a" * 300 + ".example", "more than 253 bytes"), ("a" * 64 + ".example", "a label of more than 63 bytes"),
                          (".", "it has no label"), ("a..example", "an empty label")):
            self.assert_refused([sluisctl, "rules", "explain", "--rules", RULES, name], 1, f'"{name}" is no host name: it has', why)
        self.assert_refused([sluisctl, "rules", "explain", "--rules", "", "a.example"], 2, "--rules: its value is empty; see --help")
        self.assert_refused([sluisctl, "rules", "check", "/tmp/\x1b[31m\nx"], 1, "/tmp/\\x1b[31m\\x0ax: cannot be read")
        os.mkfifo(self.directory / "pipe")
        for what in ("--rules", "--policy"):
            for path, why in ((self.directory / "pipe", "no regular file"), ("/dev/zero", "no regular file"), (self.directory, "no regular file")):
                self.assert_refused([sluisctl, "dataplane", "offer", what, path], 1, f"{path}: cannot be read: it is {why}")
        big = self.directory / "big"
        big.touch()
        os.truncate(big, 1 << 30)
        self.assert_refused([sluisctl, "dataplane", "offer", "--policy", big], 1, f"{big}: has more than 67108864 bytes")
        self.assert_refused([sluisctl, "counters", "--bogus"], 2, 'unknown option "--bogus"')
        self.assert_refused([build_of("inspect/sluis-inspect"), "--ruels"], 2, 'unknown option "--ruels"; the nearest known one is "--rules"')
        for arguments in ([], ["rules"], ["rules", "explain"], ["counters", "-o", "yaml"]):
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
