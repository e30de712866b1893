"""Both processes of the box in a lab: control with a store of its own, the dataplane between the lab's cables."""

import os
import re
import signal
import sys
from pathlib import Path

NETWORK = Path(__file__).resolve().parents[1]
for folder in (NETWORK, NETWORK.parent / "api"):
    sys.path.insert(0, str(folder))
import counters  # noqa: E402
from bridge import RING, Sluis  # noqa: E402
from control_box import ControlBox, wire  # noqa: E402

MTU = 1500
BUFFERS = 4096  # so few that a leak of one frame in a thousand would be felt within minutes
RULES = [["tiktok.com"], ["tiktok.com", "another.example"]]  # in turn; the first name is refused by both


def rule_text(names):
    rules = "".join(f'    {{ name = "{name}", comment = "for a test" }},\n' for name in names)
    return f'category = "tiktok"\ndefault = "on"\ncomment = "c"\nsource = "s"\nsuffix = [\n{rules}]\n'


class SoakBox(ControlBox):
    def __init__(self, build, lab):
        self.lab = lab
        super().__init__(build, lab.directory / "box", inside=f"net_af_packet0,iface=inside,{RING}", mtu=MTU,
                         buffers=BUFFERS)
        self.write("factory.bundle", self.rules(1))
        text = self.config.read_text().replace("net_null1,no-rx=1", f"net_af_packet1,iface=outside,{RING}")
        text = re.sub(r"\[limits\].*?(?=\[rules\])", "", text, flags=re.DOTALL)  # as they are by default
        self.config.write_text(text.replace("idle_sleep_us = 500", "idle_sleep_us = 50"))
        self.sluisctl = self.build / "control/cli/sluisctl"
        self.sequence = 1

    def start(self, program, *arguments):
        return self.start_in(self.lab.inside("box", []), program, *arguments)

    def rules(self, sequence):
        names = RULES[sequence % len(RULES)]
        return self.bundle(sequence, blobs=[wire.blob(rule_text(names))],
                           tests=[wire.self_test(f"www.{name}", rule=name) for name in names] +
                                 [wire.self_test("example.com", wire.PASS)])

    def swap_rules(self):
        """Other rules are in force when it returns."""
        self.sequence += 1
        for answer in (lambda: self.post_bundle(self.rules(self.sequence), "?probation=0"),
                       lambda: self.ask("POST", "/v1/ruleset/confirm")):
            job = self.finish(answer())
            assert job["state"] == "done", job

    def restart_control(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.started.remove(process)
        return self.start_control()

    def counts(self):
        return counters.read(self.sluisctl, self.runtime)

    def missed(self):
        """Frames that the ports lost before they were received."""
        return sum(port["missed_frames"] for port in self.counts()["ports"])

    def lost(self):
        """What tells that more came than the box takes: frames that were missed, passed unread or not sent."""
        total = self.counts()["total"]
        return self.missed() + total["overloads"] + total["errors"].get("overload_pass", 0) + sum(
            total["drops"].get(reason, 0) for reason in ("tx_full", "overload_drop", "handoff_full"))


class Wires(Sluis):
    """The accounts of a dataplane that somebody else started, against what the kernel counts."""

    def __init__(self, box):
        self.lab, self.runtime, self.sluisctl = box.lab, box.runtime, box.sluisctl
        self.start = self.when_quiet()

    def seen_by_box(self):
        """With what came while the box was kept from its processors for too long, which its ports count: a machine with
        other work loses frames on veth."""
        inside_rx, inside_tx, outside_rx, outside_tx = super().seen_by_box()
        missed = {port["side"]: port["missed_frames"] for port in counters.read(self.sluisctl, self.runtime)["ports"]}
        return inside_rx + missed["inside"], inside_tx, outside_rx + missed["outside"], outside_tx


class Footprint:
    """What a process takes of the machine."""

    def __init__(self, pid):
        status = Path(f"/proc/{pid}/status").read_text()
        self.memory = int(re.search(r"VmRSS:\s+(\d+)", status).group(1))  # KiB
        self.files = len(os.listdir(f"/proc/{pid}/fd"))
