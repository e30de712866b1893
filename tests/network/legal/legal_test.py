#!/usr/bin/env python3
"""Legal traffic that a careless box breaks: real kernels and programs on either side of sluis-dataplane.

Every case must be served with an allowed name; where there is a forbidden one to try, that must be refused by a reset.
--without-sluis is the control: over the kernel's bridge both are served. Exit status: 0 all is as it must be; 1 a case
or the accounts are not; 2 the lab could not be made; 77 not root.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import counters  # noqa: E402
import servers  # noqa: E402
from bridge import Cable, Sluis  # noqa: E402
from lab import LabError  # noqa: E402
from legal_lab import LegalLab  # noqa: E402

import cases  # noqa: E402
import long_frames  # noqa: E402
import older  # noqa: E402
import programs  # noqa: E402
from tls_client import Refused, TlsClient  # noqa: E402

HERE = Path(__file__).resolve().parent
LAYOUT = "{mark:5} {label:60} {name:16} {result:12} {time:>8}  {said}"


class Ground:
    """What a case plays on."""

    def __init__(self, lab, boxed):
        self.lab, self.boxed, self.bridge = lab, boxed, None

    def client(self, port, name, server, **more):
        return TlsClient(self.lab.names["client"], server, port, name, self.lab.directory / "ca.pem", **more)


def main():
    options = parse_arguments()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root; run this as root", file=sys.stderr)
        return 77
    for signal_ in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_, lambda *_: sys.exit(1))  # an exception, so that the lab is torn down
    try:
        with LegalLab() as lab:
            return test(lab, options)
    except (LabError, counters.LayoutError, OSError, subprocess.SubprocessError) as error:
        print(f"the lab failed: {error}", file=sys.stderr)
        return 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, help="the sluis-dataplane to run")
    parser.add_argument("--rules", type=Path, help="the compiled rule set that it loads")
    parser.add_argument("--without-sluis", action="store_true", help="the kernel's bridge instead: all must be served")
    parser.add_argument("--case", default="", help="only cases whose label contains this")
    options = parser.parse_args()
    if not options.without_sluis and not (options.program and options.rules):
        parser.error("--program and --rules are needed, or --without-sluis")
    return options


def test(lab, options):
    servers.start_all(lab)
    programs.start_all(lab)
    patient = lab.start("patient", "server", ["python3", str(HERE / "patient_server.py"), str(lab.directory)])
    patient.wait_for(lambda: "ready" in patient.output(), 10, "listening")
    ground, cable = Ground(lab, not options.without_sluis), Cable(lab)
    long_frames.prepare(lab)
    before = list(older.make_all(ground))
    if ground.boxed:
        cable.stop()
        ground.bridge = Sluis(lab, options.program.resolve(), options.rules.resolve())
    else:
        ground.bridge = cable
    wrong = play_all(ground, before, options.case)
    wrong += ground.bridge.stop()
    for fault in wrong:
        print(f"WRONG: {fault}")
    return 1 if wrong else 0


def play_all(ground, before, wanted):
    """Prints the table. Returns what is wrong, in words."""
    wrong = [play(ground, f"older than the box: {flow.label}", flow.name, lambda *_: flow.go_on())
             for flow in before if wanted in flow.label]
    for case in (*cases.all_cases(), *programs.all_cases(), *long_frames.all_cases(), *cases.last_cases()):
        for name in case.names if wanted in case.label else ():
            wrong.append(play(ground, case.label, name, case.play))
    count = len(wrong)
    wrong = [fault for fault in wrong if fault]
    print(f"{count} plays, {len(wrong)} wrong")
    return wrong if count else ["no case has that label"]


def play(ground, label, name, action):
    """Prints a line. Returns what is wrong, or nothing."""
    must_be = "refused" if ground.boxed and name == cases.FORBIDDEN else "served"
    begin = time.monotonic()
    result, said = outcome(ground, action, name)
    seconds = time.monotonic() - begin
    ground.bridge.check_alive()
    good = result == must_be
    print(LAYOUT.format(mark="ok" if good else "WRONG", label=label, name=name, result=result,
                        time=f"{seconds * 1000:.0f} ms", said=said).rstrip(), flush=True)
    return "" if good else f"{label}, {name}: must be {must_be}, is {result}: {said}"


def outcome(ground, action, name):
    try:
        return "served", action(ground, name) or ""
    except Refused:
        return "refused", ""
    except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:  # ssl.SSLError too
        return "broken", f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main())
