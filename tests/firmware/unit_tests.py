"""Compiles the unit tests for a board's architecture, over the very objects that go into its image, and runs them: by QEMU
where it is not this machine's. They are the tests that scripts/test runs; here they show what depends on the processor.

Usage: unit_tests.py --board NAME [CTEST'S ARGUMENT ...]      for example: unit_tests.py --board qemu-virt -R Checksum
Exit status: 0 all passed; 1 some did not.
"""

import argparse
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What an emulator cannot show: sluis-rule-trial bounds its own address space, and QEMU has to live in it, too; pages, bounds,
# filters of system calls and the failure to start a program are QEMU's own; and it is slow.
NOT_EMULATED = "|".join((
    r"^(AllowedNames|BundleBoot|BundleStore|FreshnessNote|Probation|SelfTest|TryBundle)\.",
    r"^Privileges\.(Calls|Programs)",
    r"^MemoryNeed\.AvailableIsAtMostWhatTheProcessMayMap$",
    r"^HugeArray\.AllOfItsPagesAreThereFromTheStart$",
    r"^ChildProcess\.SaysHowItEnded$",
    r"^PatternSet\.CompilesInLessThanASecondOfAProcessor$"))
sys.path.insert(0, str(ROOT / "scripts/image"))
import board as boards  # noqa: E402
import build  # noqa: E402
import programs  # noqa: E402
from workshop import ImageError, Workshop, fail, host_architecture  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", required=True, choices=boards.names())
    options, chosen = parser.parse_known_args()
    try:
        report = compile_and_run(boards.load(options.board).architecture, chosen).read_text()
    except (ImageError, boards.BoardError) as error:
        fail(str(error))
    print(report[report.rfind("\n", 0, report.find("% tests passed")):].strip())
    return 0 if "100% tests passed" in report else 1


def compile_and_run(architecture, chosen):
    """What ctest said, as a file."""
    workshop = Workshop(ROOT / "build/firmware", build.commit()[0])
    workshop.make_tools(architecture)
    workshop.step(f"compiling the unit tests for {architecture}")
    folder = programs.configure(workshop, architecture, BUILD_TESTING="ON")
    variables = {"BUILD": workshop.there(folder), "JOBS": programs.jobs()}
    workshop.run('ninja -C "$BUILD" -j "$JOBS" unit_tests', **variables)
    workshop.step("running them")
    if architecture != host_architecture():
        chosen = [*chosen, "-E", NOT_EMULATED]
    # Programs as an image has them look for the one that tries rules where an image has it.
    workshop.run(f"""
        mkdir -p /usr/libexec/sluis
        ln -sf "$BUILD/control/bundle/sluis-rule-trial" /usr/libexec/sluis/
        ctest --test-dir "$BUILD" -L unit -j "$JOBS" --no-tests=error --output-on-failure {shlex.join(chosen)} \\
            >"$BUILD/ctest.log" || true
    """, **variables)
    return folder / "ctest.log"


if __name__ == "__main__":
    sys.exit(main())
