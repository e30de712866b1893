"""The real sluis-dataplane, run over ports that a test chooses."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import counters  # noqa: E402

SECONDS = 30 * counters.PATIENCE  # for whatever should take a moment


class Dataplane:
    """`pairs`: (inside, outside, further lines of TOML) for each. Use with `with`; ends with the block. By default all
    is read, since ports that never rest would be an overload."""

    serial = 0

    def __init__(self, program, rules, directory, pairs, mtu=9000, eal="", extra="",
                 environment=None, overload="inspect", buffers=12288, memory_mib=512):
        Dataplane.serial += 1
        self.command, self.directory = [program], Path(directory)
        self.runtime = self.directory / f"run{Dataplane.serial}"
        self.config = self.directory / f"sluis{Dataplane.serial}.toml"
        self.log = self.directory / f"log{Dataplane.serial}"
        self.sluisctl = counters.sluisctl_beside(program)
        self.process, self.stdout, self.environment = None, "", environment
        text = "".join(f'[[pair]]\ninside = "{inside}"\noutside = "{outside}"\n{more}\n' for inside, outside, more in pairs)
        self.config.write_text(f"""{text}
[eal]
hugepages = false
memory_mib = {memory_mib}
file_prefix = "sluis-test-{os.getpid()}-{Dataplane.serial}"
idle_sleep_us = 50
{eal}
[frames]
mtu = {mtu}
buffers = {buffers}
[limits]
flows = 4096
small_streams = 1024
large_streams = 64
quic_connections = 1024
overload = "{overload}"
{extra}
[rules]
compiled = "{rules}"
[runtime]
directory = "{self.runtime}"
""")

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*self.command, "--config", self.config], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment)
        try:
            self.wait(lambda: "event=forwarding" in self.errors(), "forwarding")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def errors(self):
        return self.log.read_text(errors="replace")

    def wait(self, ready, what):
        end = time.monotonic() + SECONDS
        while not ready():
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}, not {what}:\n{self.errors()}")
            if time.monotonic() > end:
                raise AssertionError(f"not {what} within {SECONDS} s: {self.received()} frames\n{self.errors()}")
            time.sleep(0.02)

    def counts(self):
        """All workers' counts, summed; None while nothing is counted."""
        counted = counters.read(self.sluisctl, self.runtime)
        return counted and counted["total"]

    def ports(self):
        """{"inside": {"link", "missed_frames", …}, "outside": …} of the first pair."""
        return {port["side"]: port for port in counters.read(self.sluisctl, self.runtime)["ports"][:2]}

    def table(self):
        return subprocess.run([self.sluisctl, "counters", "--runtime", self.runtime], check=True, capture_output=True,
                              text=True, timeout=30).stdout

    def received(self):
        return sum(counters.by_side(self.counts(), "rx_frames")) if self.counts() else 0

    def wait_for_frames(self, count):
        self.wait(lambda: self.received() >= count, f"having received {count} frames")

    def stop(self, signum=signal.SIGTERM):
        """Ends it in order. Returns the accounts: a list of {key: value}, numbers as numbers, one for each worker."""
        self.process.send_signal(signum)
        self.stdout, _ = self.process.communicate(timeout=SECONDS)
        if self.process.returncode != 0:
            raise AssertionError(f"exit status {self.process.returncode}, not 0:\n{self.stdout}{self.errors()}")
        return [accounts(line) for line in self.stdout.splitlines() if line.startswith("accounts ")]


def accounts(line):
    values = dict(re.findall(r"([\w.]+)=(\S+)", line))
    return {key: int(value) if re.fullmatch(r"-?\d+", value) else value for key, value in values.items()}


def problems(all_accounts):
    """What does not close, in words; read from the numbers, not from the program's own balance."""
    wrong = []
    for account in all_accounts:
        by_reason = sum(value for key, value in account.items() if key.startswith("drop."))
        if by_reason != account["drops"]:
            wrong.append(f"drops by reason are {by_reason}: {account}")
        if account["rx"] + account["injected"] != account["tx"] + account["held"] + account["drops"]:
            wrong.append(f"do not close: {account}")
        if account["held"]:
            wrong.append(f"still held after a stop: {account}")
    return wrong


def total(all_accounts, key):
    return sum(account.get(key, 0) for account in all_accounts)
