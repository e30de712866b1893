"""scripts/flash onto a loop device, which is nobody's disk. As root (exit status 77: skipped)."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FLASH = Path(__file__).resolve().parents[2] / "scripts/flash"
MIB = 1 << 20


class FlashTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-flash.")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.image = self.folder / "box.img"
        self.image.write_bytes(os.urandom(2 * MIB))
        self.device = self.loop(4 * MIB)

    def loop(self, size):
        disk = self.folder / f"disk-{size}"
        disk.write_bytes(b"\xaa" * size)
        device = subprocess.run(["losetup", "--find", "--show", disk], check=True, capture_output=True, text=True).stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "--detach", device], check=True)
        return device

    def flash(self, *arguments, answer=""):
        return subprocess.run([FLASH, *arguments], input=answer, capture_output=True, text=True, timeout=60)

    def content(self, device, size):
        with open(device, "rb") as file:
            return file.read(size)

    def assert_untouched(self, done, said, device=None):
        self.assertNotEqual(0, done.returncode)
        self.assertIn(said, done.stderr)
        self.assertEqual(b"\xaa" * 2 * MIB, self.content(device or self.device, 2 * MIB))

    def test_writes_when_the_name_is_typed(self):
        done = self.flash(self.image, self.device, answer=self.device + "\n")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("LOST", done.stdout)
        self.assertEqual(self.image.read_bytes(), self.content(self.device, 2 * MIB))

    def test_writes_nothing_otherwise(self):
        for answer in ("", "yes\n", "/dev/sda\n"):
            self.assert_untouched(self.flash(self.image, self.device, answer=answer), "" if not answer else "nothing was written")

    def test_does_not_ask_when_told_so(self):
        self.assertEqual(0, self.flash("--overwrite", self.image, self.device).returncode)

    def test_checks_the_sum(self):
        sums = self.folder / "box.sha256"
        sums.write_text(f"{'0' * 64}  box.img\n")
        self.assert_untouched(self.flash("--overwrite", self.image, self.device), "is not what")
        sums.write_text(f"{hashlib.sha256(self.image.read_bytes()).hexdigest()}  box.img\n")
        self.assertEqual(0, self.flash("--overwrite", self.image, self.device).returncode)

    def test_refuses_what_is_no_free_disk(self):
        small = self.loop(MIB)
        self.assertIn("has 1 MiB, the image 2", self.flash("--overwrite", self.image, small).stderr)
        self.assertIn("is no block device", self.flash("--overwrite", self.image, self.folder / "disk-4194304").stderr)
        self.assertIn("no such image", self.flash("--overwrite", self.folder / "none", self.device).stderr)
        self.assertEqual(2, self.flash(self.image).returncode)
        subprocess.run(["mkfs.ext4", "-q", self.device], check=True)
        place = self.folder / "mounted"
        place.mkdir()
        subprocess.run(["mount", self.device, place], check=True)
        try:
            self.assertIn("is in use", self.flash("--overwrite", self.image, self.device).stderr)
        finally:
            subprocess.run(["umount", place], check=True)

    def image_with_esp(self):
        """As scripts/image/disk.py lays it out, as far as that matters here."""
        esp = self.folder / "esp.vfat"
        esp.write_bytes(bytes(MIB))
        subprocess.run(["mkfs.vfat", esp], check=True, capture_output=True)
        subprocess.run(["mmd", "-i", esp, "::enrol"], check=True)
        self.image.write_bytes(bytes(MIB) + esp.read_bytes())

    def enrolment(self, *files):
        folder = self.folder / "branch"
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"of {name}")
        return folder

    def test_enrols(self):
        self.image_with_esp()
        files = ["sluis.toml", "api/box.key", "network/50-management.network"]
        done = self.flash("--overwrite", "--enrol", self.enrolment(*files), self.image, self.device)
        self.assertEqual(0, done.returncode, done.stderr)
        for name in files:
            read = subprocess.run(["mtype", "-i", f"{self.device}@@{MIB}", f"::enrol/{name}"], capture_output=True, text=True)
            self.assertEqual(f"of {name}", read.stdout, read.stderr)

    def test_does_not_enrol_with_what_a_box_would_not_take(self):
        self.image_with_esp()
        refused = [(["sluis.tmol"], "sluis.tmol is nothing"), (["sluis.toml", "api/box.crt"], "api/box.crt is nothing"),
                   (["README.txt"], "holds nothing")]
        for files, said in refused:
            folder = self.enrolment(*files)
            self.assert_untouched(self.flash("--overwrite", "--enrol", folder, self.image, self.device), said)
            shutil.rmtree(folder)
        self.assert_untouched(self.flash("--overwrite", "--enrol", self.folder / "none", self.image, self.device), "no such folder")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: loop devices need root", file=sys.stderr)
        sys.exit(77)
    unittest.main()
