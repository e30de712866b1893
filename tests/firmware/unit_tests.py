"""Compiles the unit tests for a board's architecture, with Debian 13's compiler and libraries, and runs them: by QEMU
where it is not this machine's. They are the same tests that scripts/test runs; here they show what depends on the processor.

Usage: unit_tests.py --board NAME [CTEST'S ARGUMENT ...]      for example: unit_tests.py --board qemu-virt -R Checksum
Exit status: 0 all passed; 1 some did not.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/image"))
import board as boards  # noqa: E402
import programs  # noqa: E402
from workshop import ImageError, Workshop, fail, host_architecture  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", required=True, choices=boards.names())
    options, chosen = parser.parse_known_args()
    try:
        architecture = boards.load(options.board).architecture
        workshop = Workshop(ROOT / "build/firmware", 1)
        workshop.make_tools(architecture)
        workshop.step(f"compiling the unit tests for {architecture}")
        build = workshop.folder / f"tests-{architecture}"
        run(workshop, architecture, build, 'ninja -C "$BUILD" -j "$JOBS" unit_tests')
        workshop.step("running them")
        run(workshop, architecture, build, f"""
            ctest --test-dir "$BUILD" -L unit -j "$JOBS" --no-tests=error --output-on-failure {' '.join(chosen)} \\
                >"$BUILD/ctest.log" || true
        """)
    except (ImageError, boards.BoardError) as error:
        fail(str(error))
    said = (build / "ctest.log").read_text()
    print(said[said.find("% tests passed") - 5:].strip())
    return 0 if "100% tests passed" in said else 1


def run(workshop, architecture, build, script):
    preset = "gcc" if architecture == host_architecture() else architecture
    workshop.run(f'cd /src && cmake --preset {preset} -B "$BUILD"\n{script}', BUILD=workshop.there(build),
                 JOBS=programs.jobs())


if __name__ == "__main__":
    sys.exit(main())
