"""Frames a second of other programs that read the same names, on the same capture file, on one core.

nDPI comes with Debian 12 and 13 (libndpi-bin). Suricata 7 comes with Debian 13: where it is not installed, scripts/bench
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

SURICATA_RULES = "".join(
    f'drop {protocol} any any -> any any (msg:"tiktok"; {buffer}; content:"{name}"; endswith; nocase; sid:{sid};)\n'
    for sid, (protocol, buffer, name) in enumerate(
        ((protocol, buffer, name)
         for protocol, buffer in (("dns", "dns.query"), ("tls", "tls.sni"), ("quic", "quic.sni"))
         for name in ("tiktok.com", "tiktokv.com", "tiktokcdn.com")), start=1))

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


def ndpi_rate(traffic, core):
    """Frames a second."""
    run = subprocess.run(on_core(core, ["ndpiReader", "-i", traffic.both]), text=True, capture_output=True, timeout=600)
    milliseconds = re.search(r"Packet Processing Time:\s+(\d+) msec", run.stdout)
    frames = re.search(r"IP packets:\s+(\d+)", run.stdout)
    if not milliseconds or not frames or int(frames[1]) < traffic.frames:
        raise BenchError(f"ndpiReader did not read {traffic.both}:\n{run.stdout[-1000:]}{run.stderr[-1000:]}")
    return traffic.frames / (int(milliseconds[1]) / 1000)


class Suricata:
    """Suricata 7, installed, or in a Debian 13 root."""

    def __init__(self, root):
        self.root = pathlib.Path(root) if root else None

    def available(self):
        if self.root:
            return (self.root / "usr/bin/suricata").exists()
        return shutil.which("suricata") is not None

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
            command = ["suricata", "-v", "-r", inside / "both.pcap", "--runmode", "single", "-l", inside, "-S",
                       inside / "tiktok.rules", "--set", "outputs.1.eve-log.enabled=no"]
            if self.root:
                command = ["chroot", self.root, *command]
            run = subprocess.run(on_core(core, command), text=True, capture_output=True, timeout=600)
            text = run.stdout + run.stderr
        elapsed = re.search(r"time elapsed ([\d.]+)s", text)
        read = re.search(r"read 1 file, (\d+) packets", text)
        alerts = re.search(r"Alerts: (\d+)", text)
        if not elapsed or not read or int(read[1]) != traffic.frames:
            raise BenchError(f"Suricata did not read {traffic.both}:\n{text[-2000:]}")
        if not alerts or int(alerts[1]) == 0:
            raise BenchError("Suricata found none of the forbidden names")
        return traffic.frames / float(elapsed[1])
