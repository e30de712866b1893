"""Frames a second of other programs that read the same names, on the same capture file, on one core.

nDPI comes with Debian 12 and 13 (libndpi-bin). Suricata 7 comes with Debian 13: where none is installed, scripts/bench
makes a root of Debian 13 for it, and it runs there. Neither's figure has its start in it.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from ports import BenchError

PROTOCOLS = {"dns": "dns.query", "tls": "tls.sni", "quic": "quic.sni"}
FORBIDDEN = ("tiktok.com", "tiktokv.com", "tiktokcdn.com")
SURICATA_RULES = "".join(
    f'drop {protocol} any any -> any any (msg:"{protocol}"; {buffer}; content:"{name}"; endswith; nocase; sid:{sid};)\n'
    for sid, (protocol, buffer, name) in enumerate(
        ((protocol, buffer, name) for protocol, buffer in PROTOCOLS.items() for name in FORBIDDEN), start=1))


def count_by_protocol(alerts):
    """Of lines as in fast.log, by the message of the rule."""
    found = re.findall(r"\[1:\d+:\d+\] (\w+) ", alerts)
    return {protocol: found.count(protocol) for protocol in PROTOCOLS}


def first_version(text):
    number = re.search(r"\d+(?:\.\d+)+", text)
    return number[0] if number else "unknown"


READER = """
import ctypes, sys, time
pcap = ctypes.CDLL("libpcap.so.0.8")
pcap.pcap_open_offline.restype = ctypes.c_void_p
nothing = ctypes.cast(ctypes.CDLL(None).abs, ctypes.c_void_p)
capture = pcap.pcap_open_offline(sys.argv[1].encode(), ctypes.create_string_buffer(256))
begun = time.perf_counter()
if pcap.pcap_loop(ctypes.c_void_p(capture), -1, nothing, None) != 0:
    sys.exit("pcap_loop failed")
print(time.perf_counter() - begun)
"""


def on_core(core, command):
    return ["taskset", "-c", str(core), *command]


def reading_rate(traffic, core):
    """Frames a second of libpcap alone, by which both peers read: it hands each frame to a function that does nothing."""
    read = subprocess.run(on_core(core, [sys.executable, "-c", READER, traffic.both]), text=True, capture_output=True)
    if read.returncode != 0:
        raise BenchError(f"libpcap did not read {traffic.both}:\n{read.stderr[-1000:]}")
    return traffic.frames / float(read.stdout)


class Ndpi:
    """nDPI's reader, as it is installed."""

    name, goal = "ndpi", 30

    def why_not(self):
        """Why nothing can be compared with it here; None when it can."""
        return None if shutil.which("ndpiReader") else "it is not installed"

    def version(self):
        said = subprocess.run(["ndpiReader", "--version"], text=True, capture_output=True)
        return first_version(said.stdout + said.stderr)

    def rate(self, traffic, core):
        """Frames a second."""
        run = subprocess.run(on_core(core, ["ndpiReader", "-i", traffic.both]), text=True, capture_output=True,
                             timeout=600)
        milliseconds = re.search(r"Packet Processing Time:\s+(\d+) msec", run.stdout)
        frames = re.search(r"IP packets:\s+(\d+)", run.stdout)
        if not milliseconds or not frames or int(frames[1]) < traffic.frames:
            raise BenchError(f"ndpiReader did not read {traffic.both}:\n{run.stdout[-1000:]}{run.stderr[-1000:]}")
        return traffic.frames / (int(milliseconds[1]) / 1000)

    def found(self):
        """It prints what it found in another mode only, which is slower."""
        return {}


class Suricata:
    """Suricata, installed, or in a Debian 13 root. Figures of other versions than 7 are not to be compared with its."""

    goal = 10
    oldest = 7  # older ones read no names in QUIC

    def __init__(self, root):
        self.root = pathlib.Path(root) if root else None
        self.alerts = {}

    @property
    def name(self):
        return f"suricata-{self.major() or self.oldest}"

    def major(self):
        """The first number of its version; None when it does not say."""
        number = self.version().split(".")[0]
        return int(number) if number.isdecimal() else None

    def why_not(self):
        """Why nothing can be compared with it here; None when it can."""
        if not self.available():
            return "it is not installed"
        if (major := self.major()) is None:
            return "it does not say its version"
        return None if major >= self.oldest else f"it is version {self.version()}, which reads no names in QUIC"

    def available(self):
        if self.root:
            return (self.root / "usr/bin/suricata").exists()
        return shutil.which("suricata") is not None

    def command(self, *arguments):
        return [*(("chroot", self.root) if self.root else ()), "suricata", *arguments]

    def version(self):
        if not self.available():
            return "none"
        return first_version(subprocess.run(self.command("-V"), text=True, capture_output=True).stdout)

    def rate(self, traffic, core):
        """Frames a second, with rules for the forbidden names and no log but for them."""
        folder = (self.root or pathlib.Path("/")) / "var/tmp"
        with tempfile.TemporaryDirectory(dir=folder) as name:
            place = pathlib.Path(name)
            (place / "tiktok.rules").write_text(SURICATA_RULES)
            capture = place / "both.pcap"
            try:
                os.link(traffic.both, capture)
            except OSError:
                shutil.copyfile(traffic.both, capture)
            inside = pathlib.Path("/var/tmp") / place.name  # as the program sees it
            command = self.command("-v", "-r", inside / "both.pcap", "--runmode", "single", "-l", inside, "-S",
                                   inside / "tiktok.rules", "--set", "outputs.1.eve-log.enabled=no")
            run = subprocess.run(on_core(core, command), text=True, capture_output=True, timeout=600)
            text = run.stdout + run.stderr
            alerts = place / "fast.log"
            self.alerts = count_by_protocol(alerts.read_text() if alerts.exists() else "")
        elapsed = re.search(r"time elapsed ([\d.]+)s", text)
        read = re.search(r"read 1 file, (\d+) packets", text)
        if not elapsed or not read or int(read[1]) != traffic.frames:
            raise BenchError(f"Suricata did not read {traffic.both}:\n{text[-2000:]}")
        if not all(self.alerts.values()):
            raise BenchError(f"Suricata found no forbidden name in one of the protocols: {self.alerts}")
        return traffic.frames / float(elapsed[1])

    def found(self):
        """Forbidden names in the last run, by protocol. It looks at questions only, not at answers."""
        return self.alerts
