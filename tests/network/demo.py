#!/usr/bin/env python3
"""Sluis between real clients and real servers: asks for every row, prints what came back, and judges it.

Exit status: 0 all is as it must be; 1 a row or the accounts are not; 2 the lab could not be made; 77 not root.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import counters
import servers
from bridge import Cable, Sluis
from clients import TIMEOUT, Answer
from lab import Lab, LabError
from rows import REFUSED, SERVED, all_rows

AT_ONCE = 1.5  # seconds: what a refusal may take, the client's own start included
LAYOUT = "{mark:5} {question:42} {protocol:21} {answer:28} {time:>7}  {counted}"


def main():
    options = parse_arguments()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root; run this as root", file=sys.stderr)
        return 77
    for signal_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: sys.exit(1))  # an exception, so that the lab is torn down
    try:
        with Lab() as lab:
            return demonstrate(lab, options)
    except (LabError, counters.LayoutError, OSError, subprocess.SubprocessError) as error:
        print(f"the lab failed: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, help="the sluis-dataplane to run")
    parser.add_argument("--rules", type=Path, help="the compiled rule set that it loads")
    parser.add_argument("--without-sluis", action="store_true",
                        help="control experiment: the kernel's bridge instead, under which every row must be served")
    parser.add_argument("--stay", action="store_true", help="leave all up until Ctrl-C, and say how to try things")
    options = parser.parse_args()
    if not options.without_sluis and not (options.program and options.rules):
        parser.error("--program and --rules are needed, or --without-sluis")
    return options


def demonstrate(lab, options):
    servers.start_all(lab)
    bridge = Cable(lab) if options.without_sluis else Sluis(lab, options.program.resolve(), options.rules.resolve())
    wrong = ask_all(lab, bridge, options.without_sluis)
    if options.stay:
        explain(lab)
        wait_for_interrupt()
    wrong += bridge.stop()
    for fault in wrong:
        print(f"WRONG: {fault}")
    return 1 if wrong else 0


def ask_all(lab, bridge, all_served):
    """Prints the table. Returns what is wrong, in words."""
    wrong, refused, served, slowest = [], 0, 0, 0.0
    print(LAYOUT.format(mark="", question="who asked for what", protocol="over", answer="what came back",
                        time="took", counted="what the box counted"))
    for row in all_rows():
        must_be = SERVED if all_served else row.must_be
        answer, seconds, counted = ask(lab, bridge, row.ask)
        if must_be == REFUSED and seconds > AT_ONCE:  # who has to wait for a timer waits again, unlike a busy machine
            answer, seconds, counted = ask(lab, bridge, row.ask)
        faults = judge(must_be, row.ask, answer, seconds, counted)
        wrong += [f"{row.ask.question} over {row.ask.protocol}: {fault}" for fault in faults]
        refused += answer.kind == REFUSED
        served += answer.kind == SERVED
        slowest = max(slowest, seconds if answer.kind == REFUSED else 0)
        print(LAYOUT.format(mark="WRONG" if faults else "ok", question=row.ask.question, protocol=row.ask.protocol,
                            answer=answer.text, time=f"{seconds * 1000:.0f} ms",
                            counted=counters.summary(counted) if counted else "").rstrip(), flush=True)
    print(f"{served} served, {refused} refused (the slowest within {slowest * 1000:.0f} ms), {len(wrong)} wrong")
    return wrong


def ask(lab, bridge, request):
    """Runs one client. Returns its answer, the seconds it took, and what the box counted meanwhile."""
    before = bridge.counts()
    start = time.monotonic()
    try:
        done = subprocess.run(lab.inside("client", request.command(lab.directory)), capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=TIMEOUT + 5, cwd=lab.directory)
        answer = request.read(done.returncode, done.stdout.decode(errors="replace"),
                              done.stderr.decode(errors="replace"))
    except subprocess.TimeoutExpired:
        answer = Answer("nothing: the client hung", "other")
    seconds = time.monotonic() - start
    bridge.check_alive()
    return answer, seconds, counters.difference(bridge.counts(), before) if before else None


def judge(must_be, request, answer, seconds, counted):
    """What is wrong with an answer, in words."""
    faults = []
    if answer.kind != must_be:
        faults.append(f"must be {must_be}, but: {answer.text}")
    if must_be == REFUSED and seconds > AT_ONCE:
        faults.append(f"took {seconds:.1f} s, not at once")
    if counted:
        blocked = counted["names_blocked"]
        if must_be == REFUSED and not blocked[request.counted_as]:
            faults.append(f"the box counted no blocked {request.counted_as} name")
        if must_be == SERVED and sum(blocked.values()):
            faults.append("the box counted a blocked name")
    return faults


def explain(lab):
    client = f"ip netns exec {lab.names['client']}"
    print(f"""
All stays up. Try, as root, from another terminal:
  {client} dig @192.0.2.1 www.tiktok.com
  {client} dig @2001:db8::1 +tcp www.example.org
  {client} curl --cacert {lab.directory}/ca.pem --connect-to ::192.0.2.2: https://www.tiktok.com/
  {client} sh -c 'mount --bind {lab.directory}/etc4 /etc; gtlsclient www.tiktok.com 443 https://www.tiktok.com/'
Servers: DNS 192.0.2.1; TLS 443 and 8443, HTTP 80 and 8080 on 192.0.2.2; HTTP/3 192.0.2.3. IPv6: 2001:db8::1 to ::3.
Logs and configuration: {lab.directory}
Ctrl-C takes all of it down.""", flush=True)


def wait_for_interrupt():
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
