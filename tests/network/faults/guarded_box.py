"""A box whose dataplane is started again whenever it ends, as systemd does, with sluis-guard beside it."""

import json
import os
import signal
import threading
import time

import counters
from lab import LabError

RESTART_SECONDS = 0.2  # RestartSec of the dataplane's unit
# Sanitized programs are slow, and a worker of theirs may stand still for longer. Else it is the default.
HANG_AFTER = f'hang_after = "{500 * counters.PATIENCE}ms"' if counters.PATIENCE > 1 else ""


class GuardedBox:
    """`policy`: "open" or "closed", of [[pair]] on_failure."""

    def __init__(self, lab, build, rules, policy):
        self.lab, self.build = lab, build
        self.runtime = lab.directory / "run"
        self.runtime.mkdir()
        self.sluisctl = counters.sluisctl_beside(build / "dataplane/sluis-dataplane")
        self.config = lab.directory / "sluis.toml"
        self.config.write_text(self.config_text(rules, policy))
        self.guard = None
        self.dataplane = None
        self.wanted = False
        self.starts = 0
        self.lock = threading.Lock()
        self.supervisor = threading.Thread(target=self.supervise, daemon=True)
        self.ending = False

    def config_text(self, rules, policy):
        return f"""
[[pair]]
name = "lan"
inside = "net_af_packet0,iface=inside,framecnt=2048"
outside = "net_af_packet1,iface=outside,framecnt=2048"
on_failure = {{ dataplane = "{policy}" }}

[eal]
hugepages = false
memory_mib = 128
file_prefix = "sluis-faults-{os.getpid()}"
idle_sleep_us = 50

[frames]
mtu = 1500
buffers = 8192

[guard]
{HANG_AFTER}

[rules]
compiled = "{rules}"

[runtime]
directory = "{self.runtime}"
modes = ""
"""

    # The dataplane.

    def start_dataplane(self):
        """It stays started, until `stop_dataplane`."""
        self.wanted = True
        if not self.supervisor.is_alive():
            self.supervisor.start()

    def stop_dataplane(self):
        with self.lock:
            self.wanted = False
            if self.dataplane:
                self.dataplane.stop()

    def supervise(self):
        while not self.ending:
            with self.lock:
                if self.wanted and (self.dataplane is None or not self.dataplane.alive()):
                    if self.dataplane is not None:
                        time.sleep(RESTART_SECONDS)
                    self.starts += 1
                    self.dataplane = self.lab.start(f"dataplane-{self.starts}", "box", [
                        str(self.build / "dataplane/sluis-dataplane"), "--config", str(self.config)])
            time.sleep(0.01)

    def forwards(self):
        """Whether the process that runs now has workers that poll."""
        dataplane = self.dataplane
        if dataplane is None or not dataplane.alive():
            return False
        counted = counters.read(self.sluisctl, self.runtime)
        return bool(counted and counted["pid"] == dataplane.process.pid
                    and all(worker["heartbeat"] for worker in counted["workers"]))

    def wait_until_forwarding(self, seconds=60):
        self.wait(self.forwards, seconds, "the dataplane did not forward")

    def signal_dataplane(self, number):
        os.kill(self.dataplane.process.pid, number)

    # The guard.

    def start_guard(self):
        self.guard = self.lab.start(f"guard-{time.monotonic_ns()}", "box", [
            str(self.build / "control/guard/sluis-guard"), "--config", str(self.config)])

    def kill_guard(self):
        self.guard.process.send_signal(signal.SIGKILL)
        self.guard.process.wait(10)

    def passage(self):
        """What the guard says of the pair: {"passage": …, "cause": …, …}; nothing while it says nothing."""
        try:
            return json.loads((self.runtime / "guard.json").read_text())["pairs"][0]
        except FileNotFoundError:
            return {"passage": ""}

    def wait_for_passage(self, *wanted, seconds=60):
        self.wait(lambda: self.passage()["passage"] in wanted, seconds, f"the guard did not say {wanted}")

    def wait(self, ready, seconds, problem):
        end = time.monotonic() + seconds
        while not ready():
            guard_ended = self.guard and self.guard.process.poll() not in (None, -signal.SIGKILL)
            if time.monotonic() > end or guard_ended:
                raise LabError(f"{problem} within {seconds} s; {self.passage()}\n{self.logs()}")
            time.sleep(0.02)

    def logs(self):
        return "\n".join(f"{daemon.name}: {daemon.output()[-2000:]}" for daemon in self.lab.daemons)

    def end(self):
        self.ending = True
        self.stop_dataplane()
        if self.supervisor.is_alive():
            self.supervisor.join(30)
