#!/usr/bin/env python3
"""Every test that SECURITY.md names for a promise exists. Usage: security_table_test.py SOURCE BUILD."""

import fnmatch
import re
import subprocess
import sys
from pathlib import Path


def known_tests(source, build):
    """Test programs of tests/unit, corpora, which the sanitized build replays, and what this build's ctest knows."""
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], check=True, capture_output=True, text=True).stdout
    unit = {path.stem for path in (source / "tests/unit").glob("*_test.cc")}
    corpora = {f"fuzz/{path.name}" for path in (source / "tests/fuzz/corpus").iterdir()}
    return unit | corpora | set(re.findall(r"^ *Test +#\d+: (\S+)", listed, re.MULTILINE))


def promises(text):
    """(promise, the tests that it names) of each row."""
    table = text.split("## What is promised")[1].split("\n## ")[0]
    for row in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE):
        if row[0] not in ("promise", "---"):
            yield row[0], [name for name in re.findall(r"`([^`]+)`", row[1]) if re.fullmatch(r"[\w./*]+", name)]


def main():
    source, build = map(Path, sys.argv[1:])
    known = known_tests(source, build)
    wrong, count = [], 0
    for promise, names in promises((source / "SECURITY.md").read_text()):
        count += 1
        names = [name for name in names if not name.startswith("scripts/") and not name.endswith(".md")]
        if not names and "scripts/" not in promise and "firmware" not in promise:
            wrong.append(f"no test shows: {promise}")
        wrong += [f"there is no test {name}, which is to show: {promise}" for name in names
                  if not fnmatch.filter(known, name)]
    for fault in wrong:
        print(fault)
    print(f"{count} promises")
    return 1 if wrong or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
