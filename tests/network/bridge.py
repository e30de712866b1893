"""What joins the box's two ports: Sluis, or the kernel's own bridge as a control experiment."""

import os
import time

import counters
from lab import LabError, run

FRAME_BYTES = 2048  # of a packet ring's slot: net_af_packet loses longer frames without a word
MTU = 1500
# A larger ring than the default, and sending past the queueing discipline: ten times the rate on veth.
RING = f"blocksz=65536,framesz={FRAME_BYTES},framecnt=8192,qdisc_bypass=1"


class Cable:
    """The kernel's bridge. Everything crosses, so every row must be served: else the fault is the lab's."""

    def __init__(self, lab):
        self.lab = lab
        run(lab.inside("box", ["ip", "link", "add", "cable", "type", "bridge"]))
        for port in ("inside", "outside"):
            run(lab.inside("box", ["ip", "link", "set", port, "master", "cable"]))
        run(lab.inside("box", ["ip", "link", "set", "cable", "up"]))

    def counts(self):
        return None

    def check_alive(self):
        pass

    def stop(self):
        """Ends it. Returns what is wrong with its accounts, in words."""
        run(self.lab.inside("box", ["ip", "link", "delete", "cable"]))
        return []


class Sluis:
    """The bridge under test, in the box's namespace."""

    def __init__(self, lab, program, rules):
        self.lab = lab
        self.runtime = lab.directory / "run"
        self.runtime.mkdir()
        self.sluisctl = counters.sluisctl_beside(program)
        config = lab.directory / "sluis.toml"
        config.write_text(self.config(rules))
        self.daemon = lab.start("sluis-dataplane", "box", [str(program), "--config", str(config)])
        self.daemon.wait_for(self.polls, 30, "polling its ports")
        self.start = self.when_quiet()

    def config(self, rules):
        return f"""
[[pair]]
name = "demo"
inside = "net_af_packet0,iface=inside,{RING}"
outside = "net_af_packet1,iface=outside,{RING}"

[eal]
hugepages = false
memory_mib = 512
file_prefix = "sluis-{os.getpid()}"
idle_sleep_us = 50

[frames]
mtu = {MTU}

[rules]
compiled = "{rules}"

[runtime]
directory = "{self.runtime}"
"""

    def polls(self):
        counted = counters.read(self.sluisctl, self.runtime)
        return counted and all(worker["heartbeat"] for worker in counted["workers"])

    def counts(self):
        """All workers' counts, summed; they stay readable after the program's end."""
        return counters.read(self.sluisctl, self.runtime)["total"]

    def check_alive(self):
        if not self.daemon.alive():
            raise LabError(f"sluis-dataplane ended with status {self.daemon.process.returncode}:\n"
                           f"{self.daemon.output()}")

    def stop(self):
        """Ends it. Returns what is wrong with its accounts, in words."""
        self.check_alive()
        wrong = self.check_wires(self.when_quiet())
        status = self.daemon.stop()
        if status != 0:
            wrong.append(f"SIGTERM: exit status {status}, not 0:\n{self.daemon.output()}")
        return wrong + self.check_accounts(self.counts())

    def when_quiet(self):
        """(frames at the hosts' ends of the cables, frames that the box counted), when nothing moves any more."""
        end = time.monotonic() + 10
        last = None
        while time.monotonic() < end:
            now = self.seen_by_hosts(), self.seen_by_box()
            if now == last:
                return now
            last = now
            time.sleep(0.2)
        raise LabError("the network did not become quiet within 10 s")

    def seen_by_hosts(self):
        """(from client, to client, from server, to server), counted by the kernel."""
        to_client, from_client = self.lab.frames("client", "eth0")
        to_server, from_server = self.lab.frames(self.lab.far, "eth0")
        return from_client, to_client, from_server, to_server

    def seen_by_box(self):
        """The same four, counted by the box."""
        counts = self.counts()
        inside_rx, outside_rx = counters.by_side(counts, "rx_frames")
        inside_tx, outside_tx = counters.by_side(counts, "tx_frames")
        return inside_rx, inside_tx, outside_rx, outside_tx

    def check_wires(self, end):
        """Loss is what the receiver misses: the hosts' own counts must be the box's."""
        hosts, box = ([after - before for after, before in zip(*pair)] for pair in zip(end, self.start))
        places = ("from the client", "to the client", "from the server", "to the server")
        print("on the wires: " + ", ".join(f"{count} frames {place}" for count, place in zip(hosts, places)))
        return [f"{host} frames went {place}, the box counted {mine}"
                for host, mine, place in zip(hosts, box, places) if host != mine]

    def check_accounts(self, counts):
        came, went = counters.account(counts)
        print(f"accounts: rx {sum(counters.by_side(counts, 'rx_frames'))} + injected {counts['injected_frames']} = "
              f"tx {sum(counters.by_side(counts, 'tx_frames'))} + held {counts['held_frames']} "
              f"+ drops {sum(counts['drops'].values())}")
        return [] if came == went else [f"accounts do not close: {came} frames came, {went} are accounted for"]
