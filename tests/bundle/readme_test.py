#!/usr/bin/env python3
"""The walk in control/bundle/README.md runs as it is written there: readme_test.py SLUISCTL README

The shell blocks of the README are one script, run in an empty folder with nothing but sluisctl added to the path.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# A walk that has lost one of these has lost a step.
STEPS = ["keys make", "keys set", "keys sign", "keys verify", "bundle make", "bundle payload", "openssl dgst",
         "bundle sign", "bundle verify", "bundle test", "bundle show", "bundle diff", "rules install", "rules status",
         "rules confirm", "rules rollback", "freshness make", "freshness verify", "freshness install"]
failures = []


def expect(name, condition, detail=""):
    if not condition:
        failures.append(name)
        print(f"FAILED {name}: {detail}")


def main():
    sluisctl, readme = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```$", readme.read_text(), re.M | re.S))
    for step in STEPS:
        expect(step, step in script, "the README does not show it")
    with tempfile.TemporaryDirectory(prefix="sluis-readme-") as folder:
        folder = pathlib.Path(folder)
        environment = os.environ | {"PATH": f"{sluisctl.resolve().parent}:{os.environ['PATH']}"}
        # -x, so that the line that fails is the last one on standard error.
        result = subprocess.run(["sh", "-eux", "-c", script], cwd=folder, env=environment, capture_output=True,
                                text=True, timeout=240, stdin=subprocess.DEVNULL)
        expect("the walk", result.returncode == 0, "\n".join(result.stderr.splitlines()[-4:]))
        box = ["--store", folder / "store", "--factory", folder / "7.bundle", "--factory-keys", folder / "1.keyset"]
        status = subprocess.run([sluisctl, "rules", "status", "-o", "json", *box], capture_output=True, text=True,
                                timeout=60)
        expect("the box", status.returncode == 0, status.stderr)
        status = json.loads(status.stdout or "{}")
        # What the words beside the commands promise.
        expect("8 is in force", (status.get("in_force"), status.get("sequence")) == ("current", 8), status)
        expect("nothing is on probation", status.get("pending") is False, status)
        expect("all is well", status.get("alarms") == [], status)
    print(f"README: {len(script.splitlines())} lines, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
