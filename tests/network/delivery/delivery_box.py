"""A box with both processes, endless traffic, and a clock that the test sets."""

import os
import sys
import time
from pathlib import Path

NETWORK = Path(__file__).resolve().parents[1]
for folder in (NETWORK, NETWORK / "dataplane", NETWORK.parent / "api"):
    sys.path.insert(0, str(folder))
import capture  # noqa: E402
import frames  # noqa: E402
from control_box import ControlBox, wait_for, wire  # noqa: E402
from dataplane import accounts, problems  # noqa: E402

# How often each name is asked for in a round: what is refused of a round tells which names are.
# No rule is about the last one: rules that match half of all names would be rolled back, as a mistake.
WEIGHTS = {"a.example": 1, "b.example": 2, "c.example": 4, "other.example": 9}
ROUND = sum(WEIGHTS.values())
OTHER_CLIENT = bytes([192, 0, 3, 17])
START = 1679700000  # 2023-03-24T23:20:00Z


def dns_query(name, port, source=frames.CLIENT4):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    message = bytes.fromhex("000101000001000000000000") + labels + bytes.fromhex("0000010001")
    return frames.ethernet(frames.ipv4(frames.UDP, frames.udp(message, source, ports=(port, 53)), source), 0x0800)


def traffic():
    """A round of questions, by a client of 192.0.2.0/24."""
    names = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
    return [dns_query(name, 40000 + number) for number, name in enumerate(names)]


def rule_text(*names):
    rules = "".join(f'    {{ name = "{name}", comment = "for a test" }},\n' for name in names)
    return f'category = "tiktok"\ndefault = "on"\ncomment = "c"\nsource = "s"\nsuffix = [\n{rules}]\n'


class DeliveryBox(ControlBox):
    def __init__(self, build, folder):
        folder = Path(folder)
        folder.mkdir(parents=True)
        capture.write(folder / "inside.pcap", traffic())
        self.clock = folder / "clock"
        self.set_clock(START)
        os.environ["SLUIS_TEST_CLOCK"] = str(self.clock)
        super().__init__(build, folder, inside=f"net_pcap_inside,rx_pcap={folder}/inside.pcap,infinite_rx=1", mtu=1500,
                         buffers=12288, control="tests/api/sluis-control-by-file-clock")
        self.write("factory.bundle", self.rules(1, "a.example"))
        self.write("sluis.toml", self.config.read_bytes().replace(b"memory_mib = 256", b"memory_mib = 512"))

    def set_clock(self, seconds, synchronised=True):
        new = self.clock.with_suffix(".new")
        new.write_text(f"{seconds} {int(synchronised)}\n")
        new.rename(self.clock)

    def rules(self, sequence, *names):
        """A bundle whose rules refuse these names."""
        return self.bundle(sequence, blobs=[wire.blob(rule_text(*names))],
                           tests=[wire.self_test(f"www.{names[0]}", rule=names[0]), wire.self_test("example.com", wire.PASS)])

    def install(self, sequence, *names):
        job = self.finish(self.post_bundle(self.rules(sequence, *names), "?probation=0"))
        assert job["state"] == "done", job
        job = self.finish(self.ask("POST", "/v1/ruleset/confirm"))
        assert job["state"] == "done", job

    def post_policy(self, text, query="", headers=None):
        return self.ask("POST", "/v1/policy" + query, text.encode(),
                        headers={"Content-Type": "application/toml", **(headers or {})})

    def status(self):
        return self.get("/v1/status").json()

    def alarms(self):
        return {alarm["name"] for alarm in self.status()["alarms"]} - {"link_down"}

    def wait_until_in_use(self):
        """Until the dataplane judges by what is in force; the status then."""
        def look():
            status = self.status()
            state, wanted = status["hand_over"], self.get("/v1/ruleset").json().get("compiled_digest")
            in_use = state["rules_in_use"] and state["zones_in_use"] and state["rules_digest"] == wanted
            return status if in_use else None
        return wait_for("the dataplane judges by what is in force", look)

    def verdicts(self):
        """Of a round, how many questions were "blocked" and "monitored" just now; each is a sum of WEIGHTS."""
        def counts():
            total = self.get("/v1/stats").json()["total"]
            return [total[f"names_{verdict}"]["dns"] for verdict in ("blocked", "monitored", "allowed")]

        before, end = counts(), time.monotonic() + 60
        while True:
            time.sleep(0.1)
            seen = [after - then for after, then in zip(counts(), before)]
            if sum(seen) >= 1000 * ROUND:
                break
            assert time.monotonic() < end, f"no traffic: {seen}"
        return tuple(round(ROUND * each / sum(seen)) for each in seen[:2])

    def wait_for_verdicts(self, blocked, monitored=()):
        wanted = tuple(sum(WEIGHTS[name] for name in names) for names in (blocked, monitored))
        wait_for(f"blocked and monitored are {wanted}", lambda: self.verdicts() == wanted)

    def end_dataplane(self, process):
        """Ends it in order, and returns its accounts."""
        self.stop(process)
        text = self.log_text("sluis-dataplane")
        return [accounts(line) for line in text.splitlines() if line.startswith("accounts ")]


__all__ = ["DeliveryBox", "START", "WEIGHTS", "problems", "wait_for", "wire"]
