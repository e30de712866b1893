"""What sluis-dataplane, sluis-control and sluis-guard may do while they run, read from /proc of every thread of theirs:
started by root with all that root may, and with what their units (boards/common/systemd) give. As root, in a network
namespace of its own, which it makes. Usage: privileges_test.py PROGRAM RULES [TEST…]. Exit status 77: not root.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import wire
from dataplane import Dataplane, counters

PROGRAM, RULES = "", ""
SKIPPED = 77
UNITS = Path(__file__).resolve().parents[3] / "boards/common/systemd"
NUMBERS = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13,
           "CAP_IPC_LOCK": 14}
SETS = ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")
NONE = frozenset()
SERVICE_USER = 65534  # stands for the user that a unit names


def names(bits):
    return frozenset(next((name for name, number in NUMBERS.items() if number == bit), str(bit))
                     for bit in range(64) if bits >> bit & 1)


def threads(pid):
    """{(thread, name): {"CapEff": names, …, "NoNewPrivs": "1", "Seccomp": "2", "Uid": …}}"""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.MULTILINE))
        found[int(task.name), status["Name"]] = {key: names(int(value, 16)) if key in SETS else value
                                                 for key, value in status.items()}
    return found


def unit(name):
    """What a unit says: {"CapabilityBoundingSet": set, "User": …}"""
    said = dict(re.findall(r"^(\w+)=(.*)$", (UNITS / f"{name}.service.in").read_text(), re.MULTILINE))
    return {**said, "CapabilityBoundingSet": frozenset(said["CapabilityBoundingSet"].split())}


def as_unit(name):
    """The command that starts a program with the user and the capabilities of its unit."""
    said = unit(name)
    kept = ",".join(["-all", *(f"+{each[4:].lower()}" for each in sorted(said["CapabilityBoundingSet"]))])
    command = ["setpriv", "--no-new-privs", "--bounding-set", kept]
    if said["User"] != "root":
        ambient = ",".join(["-all", *(f"+{each[4:].lower()}" for each in said["AmbientCapabilities"].split())])
        command += [f"--reuid={SERVICE_USER}", f"--regid={SERVICE_USER}", "--clear-groups", f"--inh-caps={ambient}",
                    f"--ambient-caps={ambient}"]
    return command


class PrivilegesTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-privileges.")
        self.directory = Path(temporary.name)
        self.addCleanup(temporary.cleanup)
        for port, host in (("inside", "client"), ("outside", "server")):
            wire.connect(port, host, 1500)
            self.addCleanup(wire.disconnect, port)

    def check(self, pid, main, others=NONE, permitted=NONE, user="0"):
        """Every thread has just these. Threads that are told to give up theirs may take a moment."""
        end = time.monotonic() + 10
        while True:
            found = threads(pid)
            wrong = [f"{name} {thread}: {status}" for (thread, name), status in found.items()
                     if not self.is_right(status, main if thread == pid else others, permitted, user)]
            if not wrong or time.monotonic() > end:
                break
            time.sleep(0.1)
        self.assertEqual([], wrong)
        return found

    def is_right(self, status, effective, permitted, user):
        return (status["CapEff"] == effective and status["CapPrm"] <= effective | permitted
                and status["CapAmb"] <= permitted and status["CapBnd"] <= effective | permitted | self.bound
                and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2" and status["Uid"].split() == [user] * 4)

    bound = NONE  # what a unit leaves in the bounding set, which takes CAP_SETPCAP to change

    def starts(self, name):
        """Prefixes of the command: as root does, and as the unit does."""
        yield "root", [], NONE
        yield "unit", as_unit(name), unit(name)["CapabilityBoundingSet"]

    def start(self, command):
        with open(self.directory / "log", "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait(self, process, ready, what):
        end = time.monotonic() + 60
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"not {what}:\n{(self.directory / 'log').read_text()}")
            time.sleep(0.05)

    def test_the_dataplane(self):
        for follows, kept in (("false", NONE), ("true", frozenset({"CAP_NET_ADMIN"}))):
            for who, prefix, self.bound in self.starts("sluis-dataplane"):
                with self.subTest(who, follow_link=follows):
                    pair = ("net_af_packet0,iface=inside", "net_af_packet1,iface=outside",
                            f"workers = 2\nfollow_link = {follows}")
                    sluis = Dataplane(PROGRAM, RULES, self.directory, [pair], 1500)
                    sluis.command = [*prefix, PROGRAM]
                    with sluis:
                        found = self.check(sluis.process.pid, kept)
                        self.assertGreaterEqual(len(found), 4, "main, interrupts, two workers")
                        self.assertNotIn("privileges_kept", sluis.errors())
                        if kept:  # it is enough
                            wire.run("ip", "link", "set", "server", "down")
                            sluis.wait(lambda: sluis.ports()["inside"]["held_down"], "held down")
                            wire.run("ip", "link", "set", "server", "up")
                            sluis.wait(lambda: not sluis.ports()["inside"]["held_down"], "let up")
                        sluis.stop()

    def test_the_guard(self):
        config = self.directory / "guard.toml"
        config.write_text(f"""[[pair]]
inside = "net_af_packet0,iface=inside"
outside = "net_af_packet1,iface=outside"
[runtime]
directory = "{self.directory}/run"
""")
        program = Path(PROGRAM).resolve().parent.parent / "control/guard/sluis-guard"
        for who, prefix, self.bound in self.starts("sluis-guard"):
            with self.subTest(who):
                (self.directory / "run/guard.json").unlink(missing_ok=True)
                process = self.start([*prefix, program, "--config", config])
                self.wait(process, lambda: '"open"' in self.guard_says(), "open")
                kept = {"CAP_NET_ADMIN", "CAP_KILL"}
                if who == "root" and not self.locks_any_memory(process.pid):
                    kept.add("CAP_IPC_LOCK")  # the units lift that limit
                self.check(process.pid, frozenset(kept))
                process.kill()
                process.wait()
        wire.run("ip", "link", "set", "inside", "nomaster")

    def locks_any_memory(self, pid):
        limits = Path(f"/proc/{pid}/limits").read_text()
        return re.search(r"^Max locked memory +unlimited", limits, re.MULTILINE) is not None

    def guard_says(self):
        try:
            return (self.directory / "run/guard.json").read_text()
        except FileNotFoundError:
            return ""

    def test_control(self):
        for who, prefix, self.bound in self.starts("sluis-control"):
            for port, kept in ((8081, NONE), (81, frozenset({"CAP_NET_BIND_SERVICE"}))):
                with self.subTest(who, port=port):
                    folder = self.directory / f"{who}-{port}"
                    folder.mkdir()
                    os.chmod(self.directory, 0o755)
                    if who == "unit":
                        os.chown(folder, SERVICE_USER, SERVICE_USER)
                    config = folder / "sluis.toml"
                    config.write_text(self.control_config(folder, port))
                    program = counters.sluisctl_beside(PROGRAM).parent.parent / "main/sluis-control"
                    process = self.start([*prefix, program, "--config", config])
                    self.wait(process, lambda: (folder / "control-ro.sock").is_socket(), "serving")
                    self.check(process.pid, kept, kept, frozenset({"CAP_NET_BIND_SERVICE", "CAP_CHOWN"}),
                               str(SERVICE_USER) if who == "unit" else "0")
                    self.wait(process, lambda: self.hears_terminate(process.pid), "hearing SIGTERM")
                    process.terminate()
                    self.assertEqual(0, process.wait(60))

    def hears_terminate(self, pid):
        caught = re.search(r"^SigCgt:\s+([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(caught[1], 16) >> (signal.SIGTERM - 1) & 1

    def control_config(self, folder, port):
        return f"""[[pair]]
inside = "net_null0"
outside = "net_null1"
[rules]
compiled = "{folder}/compiled"
zones = "{folder}/zones"
[runtime]
directory = "{folder}"
[control]
store = "{folder}/store"
audit_file = "{folder}/audit.jsonl"
policy = "{folder}/policy.toml"
policy_state = "{folder}/policy"
[events]
numbers_file = "{folder}/numbers.json"
[history]
file = "{folder}/history.sqlite"
[notice]
office = "An office"
help_desk = "helpdesk@example.org"
listen = ["127.0.0.1:{port}"]
"""


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit(SKIPPED)
    if "SLUIS_OWN_NAMESPACE" not in os.environ:
        os.environ["SLUIS_OWN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    wire.run("ip", "link", "set", "lo", "up")
    PROGRAM, RULES = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
