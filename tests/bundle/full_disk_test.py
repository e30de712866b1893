#!/usr/bin/env python3
"""A store on a disk that is full: what fails leaves everything as it was, and nothing in the way of what comes next.

full_disk_test.py SLUISCTL

The disk is a small file system in memory, in a mount namespace of this test's own.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import wire
from box import Box, code_of

ROOM = 256 << 10  # bytes
failures = []


def expect(name, condition, detail=""):
    if not condition:
        failures.append(name)
        print(f"FAILED {name}: {detail}")


def bundle(box, sequence, size=0):
    """Of `size` bytes that no compression makes smaller."""
    text = wire.RULE_TEXT + "# " + os.urandom(size // 2).hex() + "\n"
    return wire.envelope(wire.bundle(sequence, blobs=[wire.blob(text, compression=0)]), box.rule)


def fill(folder, leave=0):
    """Takes all room but some."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave))
    return filler


def expect_as_before(name, box, result):
    expect(name, code_of(result) == (1102, "store_unusable"), result.stderr)
    expect(name, (box.boot()["in_force"], box.boot()["sequence"]) == ("current", 3), box.boot())


def test_box(box, disk):
    for sequence in (2, 3):
        result = box.install(bundle(box, sequence), "--confirm")
        expect("installing", result.returncode == 0, result.stderr)
    bundles = {path.name for path in (box.store / "store").iterdir()}
    # There is room for the bundle, and none for the state that makes it count: again and again.
    large = bundle(box, 4, 80 << 10)
    filler = fill(disk, len(large) // 4096 * 4096 + 4096)
    for attempt in range(3):
        result = box.install(large)
        left = {path.name for path in (box.store / "store").iterdir()}
        expect(f"attempt {attempt}", left == bundles, f"left behind: {left - bundles}")
        expect_as_before(f"no room for the state, {attempt}", box, result)
    filler.unlink()
    filler = fill(disk)
    expect_as_before("no room at all", box, box.install(bundle(box, 4)))
    # What a writer left that was killed goes even now.
    filler.unlink()
    (box.store / "store" / ("00" * 32 + ".bundle")).write_bytes(large)
    filler = fill(disk)
    box.boot()
    expect("leftovers", {path.name for path in (box.store / "store").iterdir()} == bundles)
    filler.unlink()
    result = box.install(bundle(box, 4), "--confirm")
    expect("with room again", result.returncode == 0, result.stderr)


def main():
    sluisctl = sys.argv[1]
    if len(sys.argv) == 2:
        # A user namespace is for those who may not mount; inside a changed root there are none (user_namespaces(7)).
        mounts = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
        if subprocess.run([*mounts, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode != 0:
            print("skipped: nothing may be mounted here")
            return 77
        with tempfile.TemporaryDirectory(prefix="sluis-full-disk-") as folder:
            inside = ["sh", "-ec", f"mount -t tmpfs -o size={ROOM} tmpfs \"$1\"; exec python3 \"$0\" \"$2\" \"$1\"",
                      __file__, folder, sluisctl]
            return subprocess.run([*mounts, *inside], timeout=300).returncode
    disk = pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="sluis-full-disk-") as folder:
        box = Box(sluisctl, folder)
        box.store = disk / "store"
        test_box(box, disk)
    print(f"full disk: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
