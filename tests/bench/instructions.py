#!/usr/bin/env python3
"""Counts the instructions that a frame of each class costs, and compares them with instructions.tsv.

  instructions.py --program build/…/callgrind_frames             exit status 1 when one grew by more than a tenth
  instructions.py --program build/…/callgrind_frames --write     keeps what was counted; of some CLASS …, theirs
  instructions.py --program build/…/callgrind_frames CLASS ...   these only, printed

The counts are those of one compiler and one set of libraries: GCC on Debian 12, on an x86-64 processor with AVX2 (which
is what valgrind knows). Elsewhere the exit status is 77: skipped.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

KEPT = pathlib.Path(__file__).with_name("instructions.tsv")
MAY_GROW = 1.10
SKIPPED = 77


def why_not_here(compiler):
    release = pathlib.Path("/etc/os-release").read_text()
    if 'VERSION_ID="12"' not in release or "ID=debian" not in release:
        return "not Debian 12"
    if compiler and not compiler.startswith("GNU"):
        return f"compiled by {compiler}, not by GCC"
    if "avx2" not in pathlib.Path("/proc/cpuinfo").read_text():
        return "not an x86-64 processor with AVX2"
    if subprocess.run(["which", "valgrind"], stdout=subprocess.DEVNULL).returncode != 0:
        return "valgrind is not installed"
    return None


def count(program, classes):
    """Instructions a frame, by class."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no",
             f"--callgrind-out-file={folder}/out", program, *classes],
            text=True, capture_output=True, timeout=900)
        if run.returncode != 0:
            sys.exit(f"{program} failed:\n{run.stderr[-3000:]}")
        frames = {name: int(number) for name, number in (line.split() for line in run.stdout.splitlines())}
        counts = {}
        for dump in pathlib.Path(folder).iterdir():
            text = dump.read_text()
            named = re.search(r"^desc: Trigger: Client Request: (\S+)$", text, re.M)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
            if named and total:
                counts[named[1]] = round(int(total[1]) / frames[named[1]])
    if set(counts) != set(frames):
        sys.exit(f"no count for {', '.join(sorted(set(frames) - set(counts)))}")
    return {name: counts[name] for name in frames}


def read_kept():
    if not KEPT.exists():
        return {}
    rows = (line.split("\t") for line in KEPT.read_text().splitlines() if line and not line.startswith("#"))
    return {name: int(number) for name, number in rows}


def write(counts):
    lines = ["# Instructions a frame, in the whole pipeline, of each class of traffic (tests/bench/script.h).",
             "# Made by instructions.py --write with GCC on Debian 12; a test fails when one grows by more than a tenth."]
    KEPT.write_text("\n".join(lines + [f"{name}\t{number}" for name, number in counts.items()]) + "\n")


def compare(counts, kept):
    """Prints the table; the classes that cost too much."""
    grown = []
    for name, number in counts.items():
        before = kept.get(name)
        note = ""
        if before is None:
            note = "not kept yet: run instructions.py --write"
            grown.append(name)
        elif number > before * MAY_GROW:
            note = "grew by more than a tenth"
            grown.append(name)
        elif number < before / MAY_GROW:
            note = "less than kept: instructions.py --write keeps it"
        print(f"{name:16}{before or 0:10} →{number:10} {number / before - 1 if before else 0:+8.1%}  {note}")
    return grown


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--compiler", default="", help="as CMake names it, such as GNU 12.2.0")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("classes", nargs="*")
    arguments = parser.parse_args()
    if why := why_not_here(arguments.compiler):
        print(f"skipped: {why}")
        return SKIPPED
    counts = count(arguments.program, arguments.classes)
    if arguments.write:
        write((read_kept() | counts) if arguments.classes else counts)
        return 0
    grown = compare(counts, read_kept())
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
