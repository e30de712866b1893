"""Makes a board's image and update bundle. Usage: build.py --board NAME [--secure-boot] [--output FOLDER] [--keys FOLDER]

Work, and what is kept for the next time, is in build/firmware; so is what comes out, unless --output says otherwise:
NAME.img, NAME.raucb, NAME.squashfs and NAME.sha256. With --secure-boot they are called NAME-secure-boot.
"""

import argparse
import hashlib
import os
import subprocess
import time
from pathlib import Path

import board as boards
import bundle
import disk
import keys as signing
import packages
import page_packages
import programs
import slot
import verified
from workshop import SOURCE, ImageError, Workshop, fail, remove


def main():
    options = parse_arguments()
    begun = time.monotonic()
    try:
        # 1. What is to be made.
        board = boards.load(options.board)
        if board.boot.loader != "grub-efi":
            raise ImageError(f"{board.name}: images for {board.boot.loader} are not made yet")
        if options.secure_boot:
            verified.check(board)
        epoch, version = commit()
        workshop = Workshop(SOURCE / "build/firmware", epoch)
        output = Path(options.output or workshop.folder / "out").resolve()
        output.mkdir(parents=True, exist_ok=True)

        # 2. Layers: tools, Debian's part, Sluis.
        workshop.make_tools(board.architecture)
        base = packages.make_base(workshop, board.architecture)
        plots = page_packages.fetch(workshop)
        compiled = programs.make(workshop, board.architecture, plots)

        # 3. Keys: brought, or for development.
        keys = bring(workshop, options.keys) if options.keys else signing.development_keys(workshop, compiled)
        if signing.is_development(keys):
            version += "+development-keys"
        signer = verified.Signer(keys) if options.secure_boot else None
        name = f"{board.name}-secure-boot" if signer else board.name

        # 4. A slot.
        workshop.step(f"making the slot of {name}, {version}")
        root = slot.make(workshop, base, compiled, board, keys, version, plots, is_verified=bool(signer))
        squashfs = workshop.folder / f"{name}.squashfs"
        slot.pack(workshop, root, signer, squashfs)
        if squashfs.stat().st_size > board.disk.slot_mib << 20:
            raise ImageError(f"{board.name}: the slot has {squashfs.stat().st_size >> 20} MiB, its partition {board.disk.slot_mib}")

        # 5. Disk and bundle.
        workshop.step("making disk and bundle")
        image, update = (workshop.folder / f"{name}.{ending}" for ending in ("img", "raucb"))
        disk.make(workshop, board, squashfs, signer, image)
        bundle.make(workshop, board, squashfs, keys, version, update)
        deliver([image, update, squashfs], output)
        remove(root)
        print(f"{name} {version}: {output}, made in {time.monotonic() - begun:.0f} s")
    except (ImageError, boards.BoardError, OSError, KeyError) as error:
        fail(str(error))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", required=True, help="one of: " + ", ".join(boards.names()))
    parser.add_argument("--output", help="a folder")
    parser.add_argument("--keys", help="a folder with ca.pem, bundle.pem, bundle.key, factory.keyset, and rule.pem; with "
                        "--secure-boot, secure-boot.pem and secure-boot.key, too")
    parser.add_argument("--secure-boot", action="store_true", help="a machine that has its keys starts nothing but what they signed")
    return parser.parse_args()


def commit():
    """The time and the name of what is built: of the last commit, so that a commit has one image."""
    def git(*command):
        done = subprocess.run(["git", "-C", SOURCE, *command], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or "1"
    name = git("rev-parse", "--short=12", "HEAD") or "unknown"
    changed = "-changed" if git("status", "--porcelain", "--untracked-files=no") else ""
    return epoch, f"0.1.0-{name}{changed}"


def bring(workshop, folder):
    """Keys from outside, within reach of the tools for as long as the work folder is there."""
    keys = workshop.folder / "brought-keys"
    remove(keys)
    workshop.call(["cp", "-a", Path(folder).resolve(), keys])
    return keys


def deliver(files, output):
    sums = []
    for file in files:
        file.replace(output / file.name)
        with open(output / file.name, "rb") as content:
            sums.append(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {file.name}\n")
    (output / f"{files[0].stem}.sha256").write_text("".join(sums))


if __name__ == "__main__":
    main()
