"""Three network namespaces in a row, and the processes in them.

    client ── eth0 ═ veth ═ inside ── box ── outside ═ veth ═ eth0 ── server

All is named after this process and goes away with it. Nothing of the machine's own is touched.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from counters import PATIENCE

CLIENT4, CLIENT6 = "192.0.2.100", "2001:db8::100"
DNS4, DNS6 = "192.0.2.1", "2001:db8::1"
WEB4, WEB6 = "192.0.2.2", "2001:db8::2"
QUIC4, QUIC6 = "192.0.2.3", "2001:db8::3"
NARROW4 = "192.0.2.4"  # the web server again, behind a client's route with a tiny MTU
NARROW_MTU = 150  # bytes: a ClientHello of 517 needs six segments, and its server name is in the second

# What a cable would not do. With these on, veth passes frames of 64 KB and leaves checksums unwritten.
OFFLOADS = ["rx", "tx", "sg", "tso", "gso", "gro", "lro", "ufo", "rxvlan", "txvlan", "ntuple", "rxhash"]


class LabError(Exception):
    """The lab could not be made: a fault of the machine or of a program, never of a row."""


def run(command, timeout=20):
    """Runs a command that must succeed. Returns its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Daemon:
    """A server in the foreground of its own namespace. Dies with this process, even if that is killed."""

    def __init__(self, name, command, directory):
        self.name = name
        self.log = directory / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=directory,
                start_new_session=True)  # Ctrl-C is for the script, which then stops each in order

    def alive(self):
        return self.process.poll() is None

    def output(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, ready, seconds, what):
        """Waits until ready() is true."""
        end = time.monotonic() + seconds * PATIENCE
        while not ready():
            if not self.alive():
                raise LabError(f"{self.name} ended with status {self.process.returncode}:\n{self.output()}")
            if time.monotonic() > end:
                raise LabError(f"{self.name}: {what} did not happen within {seconds} s:\n{self.output()}")
            time.sleep(0.05)

    def stop(self, seconds=10):
        """SIGTERM, then SIGKILL. Returns the exit status, negative for a signal."""
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        return self.process.returncode


class Lab:
    """The namespaces, the cables and a directory for everything that is written."""

    far = "server"  # what is at the other end of the box's outside port

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="sluis-lab."))
        self.names = {place: f"sluis-{place}-{os.getpid()}" for place in ("client", "box", "server")}
        self.daemons = []
        self.made = []

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.tear_down()
            raise
        return self

    def __exit__(self, *_):
        self.tear_down()

    def make_places(self):
        for name in self.names.values():
            run(["ip", "netns", "add", name])
            self.made.append(name)
        # The box says nothing of its own: no IPv6 address, hence no neighbour discovery.
        run(self.inside("box", ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                                "net.ipv6.conf.default.disable_ipv6=1"]))

    def build(self):
        self.make_places()
        for place, port in (("client", "inside"), ("server", "outside")):
            run(["ip", "link", "add", "eth0", "netns", self.names[place],
                 "type", "veth", "peer", "name", port, "netns", self.names["box"]])
            self.bring_up("box", port)
        self.address("client", [CLIENT4], [CLIENT6])
        self.address("server", [DNS4, WEB4, QUIC4, NARROW4], [DNS6, WEB6, QUIC6])
        run(self.inside("client", ["ip", "route", "add", NARROW4, "dev", "eth0", "mtu", "lock", str(NARROW_MTU)]))

    def address(self, place, ipv4, ipv6):
        run(self.inside(place, ["sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=0",
                                "net.ipv6.conf.eth0.addr_gen_mode=1"]))
        self.bring_up(place, "lo")
        self.bring_up(place, "eth0")
        for address in ipv4:
            run(self.inside(place, ["ip", "address", "add", f"{address}/24", "dev", "eth0"]))
        for address in ipv6:
            run(self.inside(place, ["ip", "address", "add", f"{address}/64", "dev", "eth0", "nodad"]))

    def bring_up(self, place, interface):
        if interface != "lo":
            for offload in OFFLOADS:  # one by one: a kernel may not know them all
                subprocess.run(self.inside(place, ["ethtool", "-K", interface, offload, "off"]), capture_output=True)
        run(self.inside(place, ["ip", "link", "set", interface, "up"]))

    def inside(self, place, command):
        """The command, run in a place's network. (`ip netns exec` would mount a new /sys as well.)"""
        return ["nsenter", f"--net=/run/netns/{self.names[place]}", "--", *command]

    def start(self, name, place, command):
        daemon = Daemon(name, self.inside(place, command), self.directory)
        self.daemons.append(daemon)
        return daemon

    def listens(self, place, protocol, port, address):
        """Whether a server socket is open. `protocol`: "udp" or "tcp"."""
        listing = run(self.inside(place, ["ss", "-Hln", f"--{protocol}", f"sport = :{port}"]))
        wanted = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        return any(wanted in line.split() or f"*:{port}" in line.split() for line in listing.splitlines())

    def frames(self, place, interface):
        """What the kernel counted at an interface: (received, sent) frames."""
        link = json.loads(run(self.inside(place, ["ip", "-s", "-j", "link", "show", "dev", interface])))[0]
        return link["stats64"]["rx"]["packets"], link["stats64"]["tx"]["packets"]

    def tear_down(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must leave nothing behind
        for daemon in reversed(self.daemons):
            daemon.stop()
        for name in self.made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)
