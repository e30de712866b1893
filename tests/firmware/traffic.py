"""Requests through the emulated machine, and what its API counts of them."""

import json
import subprocess
import time

import servers
from rows import REFUSED, SERVED, all_rows

PATIENCE = 60  # seconds for a client's answer: emulation is slow
# One of each kind is enough here: the rows' own test is the demo's.
ASKED = {(SERVED, "dns"): 2, (REFUSED, "dns"): 2, (SERVED, "tls"): 2, (REFUSED, "tls"): 2, (SERVED, "http"): 1,
         (REFUSED, "http"): 1, (SERVED, "quic"): 1, (REFUSED, "quic"): 1}


def judge(machine, lab):
    """What is wrong, in words."""
    servers.start_all(lab)
    return ask_rows(machine, lab) + look_at_counters(machine)


def ask_rows(machine, lab):
    left, faults = dict(ASKED), []
    for row in all_rows():
        kind = (row.must_be, row.ask.counted_as)
        if not left.get(kind):
            continue
        left[kind] -= 1
        begun = time.monotonic()
        try:
            done = subprocess.run(lab.inside("client", row.ask.command(lab.directory)), capture_output=True,
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE, cwd=lab.directory)
            answer = row.ask.read(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
            text, kind = answer.text, answer.kind
        except subprocess.TimeoutExpired:
            text, kind = "nothing", "other"
        wrong = kind != row.must_be
        machine.say(f"{'WRONG' if wrong else 'ok':6}{row.ask.question:40} {row.ask.protocol:16} {text} "
                     f"({(time.monotonic() - begun) * 1000:.0f} ms)")
        if wrong:
            faults.append(f"{row.ask.question} over {row.ask.protocol} must be {row.must_be}, but: {text}")
    return faults


def look_at_counters(machine):
    status, body = machine.ask("GET", "/v1/stats") or (0, b"{}")
    total = json.loads(body).get("total", {})
    faults = [] if status == 200 else [f"/v1/stats answers {status}"]
    for protocol in ("dns", "tls", "http", "quic"):
        if not total.get("names_blocked", {}).get(protocol):
            faults.append(f"no {protocol} name is counted as blocked: {body[:400]!r}")
    machine.say(f"counted by the API: blocked {total.get('names_blocked')}, allowed {total.get('names_allowed')}")
    status, body = machine.ask("GET", "/v1/status") or (0, b"{}")
    machine.say(f"alarms: {[alarm['name'] for alarm in json.loads(body).get('alarms', [])]}")
    return faults
