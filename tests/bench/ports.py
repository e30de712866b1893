"""Frames over DPDK ports: Sluis and testpmd on the same capture files, in cycles of busy polls a frame.

Both receive by net_pcap from a file a port, both send into nothing (net_pcap without a file to write). Both count the
TSC cycles of those rounds of polling that found frames, so that neither start nor idle rounds are in the figure.
"""
import collections
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "network"))
import counters  # noqa: E402

BURST = 64
BUFFERS = 32768
MEMORY_MIB = 1024
LONGEST_RUN = 120


class BenchError(Exception):
    """A run that did not do what it should have; says what."""


class Traffic:
    """Capture files of one class, and what is in them."""

    def __init__(self, program, folder, name, frames, options=(), both=False):
        import json
        self.name = name
        self.inside, self.outside, self.both = (folder / f"{name}.{part}.pcap" for part in ("inside", "outside", "both"))
        files = [self.inside, self.outside] + ([self.both] if both else [])
        made = subprocess.run([program, "--frames", str(frames), *options, name, *files], text=True,
                              capture_output=True)
        if made.returncode != 0:
            raise BenchError(f"{program} did not make {name}'s captures in {folder}: {made.stderr[-1000:]}")
        self.contents = json.loads(made.stdout)
        self.frames = self.contents["inside"] + self.contents["outside"]


def stop(process):
    """Ends it, if it has not ended."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def devices(traffic):
    return [f"net_pcap0,rx_pcap={traffic.inside}", f"net_pcap1,rx_pcap={traffic.outside}"]


def testpmd_cycles(traffic, mode, core):
    """Cycles a frame of testpmd's forwarding mode: macswap, io, …"""
    seconds = 2
    while seconds < LONGEST_RUN:
        command = ["dpdk-testpmd", "--no-huge", "-m", str(MEMORY_MIB), "--no-pci", "--no-telemetry",
                   f"--file-prefix=bench-{os.getpid()}", f"--lcores=0@(0-{os.cpu_count() - 1}),1@{core}",
                   "--log-level=warning", *(f"--vdev={device}" for device in devices(traffic)), "--", "-i",
                   f"--forward-mode={mode}", f"--burst={BURST}", "--nb-cores=1", "--record-core-cycles",
                   "--no-flush-rx", f"--total-num-mbufs={BUFFERS}"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        try:
            process.stdin.write("start\n")
            process.stdin.flush()
            time.sleep(seconds)
            output, _ = process.communicate("stop\nquit\n", timeout=60)
        finally:
            stop(process)
        forwarded = re.findall(r"RX-packets: (\d+)", output)
        cycles = re.findall(r"CPU cycles/packet=([\d.]+)", output)
        if process.returncode != 0 or not forwarded or not cycles:
            raise BenchError(f"testpmd failed:\n{output[-2000:]}")
        if int(forwarded[-1]) >= traffic.frames:
            return float(cycles[-1])
        seconds *= 2  # not yet through
    raise BenchError(f"testpmd {mode} did not come to the end of {traffic.inside}")


CONFIG = """
[[pair]]
inside = "{inside}"
outside = "{outside}"
[eal]
hugepages = false
memory_mib = {memory}
cores = "0@{core}"
file_prefix = "bench-{pid}-sluis"
[frames]
mtu = 1500
buffers = {buffers}
[rules]
compiled = "{rules}"
[runtime]
directory = "{runtime}"
"""


def write_config(folder, traffic, rules, core):
    inside, outside = devices(traffic)
    config = folder / "sluis.toml"
    config.write_text(CONFIG.format(inside=inside, outside=outside, memory=MEMORY_MIB, core=core, pid=os.getpid(),
                                    buffers=BUFFERS, rules=rules, runtime=folder))
    return config


def wait_for_frames(process, sluisctl, runtime, frames):
    """The counts when all frames were received."""
    end = time.monotonic() + LONGEST_RUN
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.1)
        counted = counters.read(sluisctl, runtime)
        if counted is not None and sum(counters.by_side(counted["total"], "rx_frames")) >= frames:
            return counted["total"]
    raise BenchError(f"sluis-dataplane did not receive {frames} frames")


def check(traffic, counts):
    """Inspection was on, and no frame was another's retransmission."""
    contents = traffic.contents
    expected = {"flows inserted": (counts["flows_inserted"], contents["tcp_flows"])}
    for protocol, number in contents["names"].items():
        expected[f"{protocol} names"] = (sum(counts[f"names_{verdict}"][protocol]
                                             for verdict in ("allowed", "blocked", "monitored")), number)
    expected["passed uninspected"] = (counts["errors"].get("overload_pass", 0), 0)
    came, went = counters.account(counts)
    expected["accounts"] = (came, went)
    wrong = [f"{what}: {counted}, not {right}" for what, (counted, right) in expected.items() if counted != right]
    if wrong:
        raise BenchError(f"{traffic.name}: {'; '.join(wrong)}; counted: {counters.summary(counts)}")


Run = collections.namedtuple("Run", "cycles mebibytes blocked")


def most_memory(process):
    """What a process had in memory at the most, MiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def sluis_run(traffic, program, rules, core):
    """sluis-dataplane's cycles a frame, and its memory; its counters are checked against what the traffic holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config = write_config(folder, traffic, rules, core)
        log = open(folder / "log", "w+")
        process = subprocess.Popen([program, "--config", config], stdout=log, stderr=log)
        try:
            counts = wait_for_frames(process, counters.sluisctl_beside(program), folder, traffic.frames)
            memory = most_memory(process)
        except BenchError as error:
            log.seek(0)
            raise BenchError(f"{error}:\n{log.read()[-2000:]}") from None
        finally:
            stop(process)
        check(traffic, counts)
        cycles = counts["busy_cycles"] / sum(counters.by_side(counts, "rx_frames"))
        return Run(cycles, memory, counts["names_blocked"])
