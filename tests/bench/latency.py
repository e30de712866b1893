"""What a bridge adds to the time of a frame at low load: one frame a millisecond, from one veth pair to another.

Sluis and testpmd io on the same interfaces in turn, in a network namespace of its own. Needs root.
"""
import ctypes
import os
import pathlib
import select
import socket
import statistics
import struct
import subprocess
import tempfile
import time

from ports import CONFIG, BUFFERS, BenchError, MEMORY_MIB, stop

FRAMES = 1000
GAP = 0.001
RING = "blocksz=65536,framesz=2048,framecnt=512,qdisc_bypass=1"
ETHERTYPE = 0x0800
ETH_P_ALL = 3


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Lab:
    """A namespace with two veth pairs: near0-box0 and box1-near1."""

    def __init__(self):
        self.name = f"sluis-latency-{os.getpid()}"
        self.inside_of = ["ip", "netns", "exec", self.name]
        run("ip", "netns", "add", self.name)
        try:
            self.connect()
        except BaseException:
            self.remove()
            raise

    def connect(self):
        for pair in (0, 1):
            self.ip("link", "add", f"near{pair}", "type", "veth", "peer", "name", f"box{pair}")
            for end in ("near", "box"):
                self.ip("link", "set", f"{end}{pair}", "up")

    def ip(self, *words):
        run("ip", "-n", self.name, *words)

    def remove(self):
        run("ip", "netns", "delete", self.name)


def udp_frame(number):
    """Data that no box inspects: a UDP datagram of 60 bytes of frame, its number at the end."""
    payload = struct.pack("!I", 0x4B000000) + b"sluis-latency" + struct.pack("!I", number)
    udp = struct.pack("!HHHH", 40000, 443, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes([192, 0, 2, 1]),
                       bytes([198, 51, 100, 1]))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:]
    return (bytes([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]) + struct.pack("!H", ETHERTYPE) + head + udp).ljust(60, b"\0")


def measure(lab, frames=FRAMES):
    """Microseconds of each frame that came through, in a child that is in the namespace."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{lab.name}", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.setns(there, 0) != 0:
            raise BenchError("cannot enter the network namespace")
        send = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        receive = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        send.bind(("near0", 0))
        receive.bind(("near1", ETH_P_ALL))
    finally:
        libc.setns(own, 0)
        os.close(own)
        os.close(there)
    times = []
    for number in range(frames):
        frame = udp_frame(number)
        begin = time.perf_counter_ns()
        send.send(frame)
        end = begin + 50_000_000
        while time.perf_counter_ns() < end:
            if select.select([receive], [], [], 0.05)[0] and receive.recv(2048) == frame:
                times.append((time.perf_counter_ns() - begin) / 1000)
                break
        time.sleep(GAP)
    return times


def p50(lab, process, what):
    """Waits until frames cross, then measures."""
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        if measure(lab, 3):
            times = measure(lab)
            if len(times) < FRAMES * 0.9:
                raise BenchError(f"{what}: {FRAMES - len(times)} of {FRAMES} frames were lost")
            return statistics.median(times)
    raise BenchError(f"{what} lets no frame pass")


def device(number):
    return f"net_af_packet{number},iface=box{number},{RING}"


def sluis_p50(lab, program, rules, core):
    with tempfile.TemporaryDirectory() as name:
        config = pathlib.Path(name) / "sluis.toml"
        config.write_text(CONFIG.format(inside=device(0), outside=device(1), memory=MEMORY_MIB, core=core,
                                        pid=os.getpid(), buffers=BUFFERS, rules=rules, runtime=name))
        process = subprocess.Popen([*lab.inside_of, program, "--config", config], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            return p50(lab, process, "sluis-dataplane")
        finally:
            stop(process)


def testpmd_p50(lab, core):
    command = [*lab.inside_of, "dpdk-testpmd", "--no-huge", "-m", str(MEMORY_MIB), "--no-pci", "--no-telemetry",
               f"--file-prefix=latency-{os.getpid()}", f"--lcores=0@(0-{os.cpu_count() - 1}),1@{core}",
               "--log-level=error", f"--vdev={device(0)}", f"--vdev={device(1)}", "--", "--forward-mode=io",
               "--nb-cores=1", f"--total-num-mbufs={BUFFERS}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return p50(lab, process, "testpmd io")
    finally:
        stop(process)


def ratios(program, rules, core, runs):
    """Sluis's p50 over testpmd's, of each pair of runs."""
    lab = Lab()
    try:
        return [sluis_p50(lab, program, rules, core) / testpmd_p50(lab, core) for _ in range(runs)]
    finally:
        lab.remove()
