"""scripts/flash onto a loop device, which is nobody's disk. As root (exit status 77: skipped)."""

import gzip
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
        self.divide("start=2048, size=1024, name=esp\nstart=3072, size=960, name=rootfs-a")
        self.device = self.loop(4 * MIB)

    def divide(self, partitions):
        subprocess.run(["sfdisk", "-q", self.image], input=f"label: gpt\n{partitions}\n", text=True, check=True, capture_output=True)

    def loop(self, size, *options):
        disk = self.folder / f"disk-{size}"
        disk.write_bytes(b"\xaa" * size)
        device = subprocess.run(["losetup", "--find", "--show", *options, disk], check=True, capture_output=True, text=True).stdout.strip()
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
            self.assert_untouched(self.flash(self.image, self.device, answer=answer), "nothing was written")

    def test_does_not_ask_when_told_so(self):
        self.assertEqual(0, self.flash("--overwrite", self.image, self.device).returncode)

    def test_checks_the_sum(self):
        sums = self.folder / "box.sha256"
        sums.write_text(f"{'0' * 64}  box.img\n")
        self.assert_untouched(self.flash("--overwrite", self.image, self.device), "is not what")
        sums.write_text(f"{hashlib.sha256(self.image.read_bytes()).hexdigest()}  other.img\n")
        self.assert_untouched(self.flash("--overwrite", self.image, self.device), "no line for box.img: was the image renamed?")
        sums.write_text(f"{hashlib.sha256(self.image.read_bytes()).hexdigest()}  box.img\n")
        self.assertEqual(0, self.flash("--overwrite", self.image, self.device).returncode)

    def test_names_may_have_spaces(self):
        image = self.image.rename(self.folder / "my box.img")
        digest = hashlib.sha256(image.read_bytes()).hexdigest()
        (self.folder / "my box.sha256").write_text(f"{'0' * 64}  box.img\n{digest} *my box.img\r\n")
        done = self.flash("--overwrite", image, self.device)
        self.assertEqual(0, done.returncode, done.stderr)

    def test_writes_nothing_but_a_whole_image(self):
        whole = self.image.read_bytes()
        for content, said in ((b"", "no partition rootfs-a"), (os.urandom(MIB), "no partition rootfs-a"),
                              (whole[:MIB + MIB // 2], "or not all of one"), (whole[:-512], "is cut off")):
            self.image.write_bytes(content)
            for options in ((self.image, self.device), ("--usb", self.device, self.image), ("--pxe", self.folder / "served", self.image)):
                self.assert_untouched(self.flash("--overwrite", *options), said)
        self.assertFalse((self.folder / "served").exists())

    def test_says_what_it_takes(self):
        for option in ("-h", "--help"):
            done = self.flash(option)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn("--enrol FOLDER", done.stdout)
        self.assertIn("-x: unknown option", self.flash("-x", self.image, self.device).stderr)

    def test_refuses_what_is_no_free_disk(self):
        small = self.loop(MIB)
        self.assertIn("has 1 MiB, the image 2", self.flash("--overwrite", self.image, small).stderr)
        self.assertIn("is no block device", self.flash("--overwrite", self.image, self.folder / "disk-4194304").stderr)
        self.assertIn("no such image", self.flash("--overwrite", self.folder / "none", self.device).stderr)
        for arguments in ((self.image,), (self.image, self.device, "--overwrite")):
            done = self.flash(*arguments)
            self.assertEqual(2, done.returncode)
            self.assertIn(f"these are {len(arguments)}: {self.image}", done.stderr)
        subprocess.run(["mkfs.ext4", "-q", self.device], check=True)
        place = self.folder / "mounted"
        place.mkdir()
        subprocess.run(["mount", self.device, place], check=True)
        try:
            self.assertIn("is in use", self.flash("--overwrite", self.image, self.device).stderr)
        finally:
            subprocess.run(["umount", place], check=True)

    def test_refuses_what_is_held_and_not_mounted(self):
        """A part of an encrypted disk, as lsblk shows it where there is one."""
        lsblk = self.folder / "lsblk"
        lsblk.write_text(f'#!/bin/sh\ncase $* in *NAME,TYPE*) printf "sdx disk\\nsdx1 part\\nvault crypt\\n" ;; '
                         f'*) exec {shutil.which("lsblk")} "$@" ;; esac\n')
        lsblk.chmod(0o755)
        done = subprocess.run([FLASH, "--overwrite", self.image, self.device], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"})
        self.assert_untouched(done, "is in use: vault crypt")

    def test_refuses_what_is_write_protected(self):
        self.assert_untouched(self.flash("--overwrite", self.image, self.loop(8 * MIB, "--read-only")), "is write-protected")

    def image_with_esp(self):
        """As scripts/image/disk.py lays it out, as far as that matters here."""
        esp = self.folder / "esp.vfat"
        esp.write_bytes(bytes(MIB))
        subprocess.run(["mkfs.vfat", esp], check=True, capture_output=True)
        subprocess.run(["mmd", "-i", esp, "::enrol"], check=True)
        self.image.write_bytes(bytes(MIB) + esp.read_bytes() + bytes(MIB))
        self.divide("start=2048, size=2048, name=esp\nstart=4096, size=1024, name=rootfs-a")

    def whole_image(self, *names):
        """With a slot that has these files, and boot loaders."""
        self.image_with_esp()
        for loader in ("EFI/BOOT/BOOTX64.EFI", "EFI/sluis/netboot.efi"):
            for folder in ("::EFI", f"::{loader.rpartition('/')[0]}"):
                subprocess.run(["mmd", "-D", "s", "-i", f"{self.image}@@{MIB}", folder], capture_output=True)
            self.lay(loader, f"of {loader}")
        boot = self.folder / "slot/boot"
        shutil.rmtree(boot, ignore_errors=True)
        boot.mkdir(parents=True)
        for name in names:
            (boot / name).write_text(f"of {name}")
        squashfs = self.folder / "slot.squashfs"
        subprocess.run(["mksquashfs", boot.parent, squashfs, "-quiet", "-no-progress", "-noappend"], check=True, capture_output=True)
        os.truncate(self.image, 2 * MIB)
        with open(self.image, "ab") as image:
            image.write(squashfs.read_bytes() + bytes(2 * MIB))
        self.divide(f"start=2048, size=1MiB, name=esp\nstart=4096, size={squashfs.stat().st_size // 512}, name=rootfs-a")

    def lay(self, name, text):
        subprocess.run(["mcopy", "-i", f"{self.image}@@{MIB}", "-", f"::{name}"], input=text, text=True, check=True)

    BOOT = ("vmlinuz", "vmlinuz.sig", "initrd", "installer", "kernel.cfg")

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

    def test_does_not_enrol_with_what_would_get_lost(self):
        """Some of it mtools would leave out, or wait for, others the EFI partition cannot hold."""
        self.image_with_esp()
        cases = [("api/deep/box.pem", "is nothing that"), ("api/._box.pem", "is nothing that"), ("box.backup", "behind --restore"),
                 ("factory-reset", "nothing to forget"), ("api/a:b.pem", "takes no such name"), ("api/a\nb.pem", "takes no such name")]
        for name, said in cases:
            folder = self.enrolment("sluis.toml", name)
            self.assert_untouched(self.flash("--overwrite", "--enrol", folder, self.image, self.device), said)
            shutil.rmtree(folder)
        api = self.enrolment("sluis.toml", "api/box.key") / "api"
        for make in (lambda file: file.symlink_to("/nowhere"), lambda file: file.symlink_to("/etc"), os.mkfifo):
            make(api / "x.pem")
            self.assert_untouched(self.flash("--overwrite", "--enrol", api.parent, self.image, self.device), "x.pem is no file")
            (api / "x.pem").unlink()
        (api / "x.pem").symlink_to(api / "box.key")
        self.assertEqual(0, self.flash("--overwrite", "--enrol", api.parent, self.image, self.device).returncode)
        self.assertEqual(b"of api/box.key", self.read_on(self.device, "enrol/api/x.pem"))

    def test_writes_nothing_when_the_enrolment_does_not_fit(self):
        self.whole_image(*self.BOOT)
        folder = self.enrolment("sluis.toml")
        (folder / "policy.toml").write_bytes(bytes(2 * MIB))
        self.assert_untouched(self.flash("--overwrite", "--enrol", folder, self.image, self.loop(8 * MIB)), "is it too large?")
        stick = self.loop(96 * MIB)
        self.assert_untouched(self.flash("--usb", stick, "--overwrite", "--enrol", folder, self.image), "is it too large?", stick)

    def read_on(self, device, name):
        return subprocess.run(["mtype", "-i", f"{device}@@{MIB}", f"::{name}"], capture_output=True).stdout

    def check_installer(self, read):
        """What a box is installed from: the image's own boot loader and slot, and the image with its digests."""
        for name in self.BOOT:
            self.assertEqual(f"of {name}".encode(), read(f"install/{name}"))
        packed = read("install/image.gz")
        self.assertEqual(self.image.read_bytes(), gzip.decompress(packed))
        told = dict(line.split(" ", 1) for line in read("install/manifest").decode().splitlines())
        self.assertEqual({"name": "box.img", "size": str(self.image.stat().st_size), "image.gz": hashlib.sha256(packed).hexdigest(),
                          "sha256": hashlib.sha256(self.image.read_bytes()).hexdigest()}, told)

    def test_makes_a_stick(self):
        self.whole_image(*self.BOOT)
        stick = self.loop(96 * MIB)
        done = self.flash("--usb", stick, "--enrol", self.enrolment("sluis.toml", "api/box.key"), self.image, answer=stick + "\n")
        self.assertEqual(0, done.returncode, done.stderr)
        self.check_installer(lambda name: self.read_on(stick, name))
        self.assertEqual(b"of EFI/BOOT/BOOTX64.EFI", self.read_on(stick, "EFI/BOOT/BOOTX64.EFI"))
        self.assertEqual(b"of api/box.key", self.read_on(stick, "install/enrol/api/box.key"))
        partition = subprocess.run(["sfdisk", "-d", stick], capture_output=True, text=True).stdout
        self.assertIn('name="sluis-stick"', partition)

    def test_makes_no_stick_without_its_name(self):
        self.whole_image(*self.BOOT)
        stick = self.loop(96 * MIB)
        self.assert_untouched(self.flash("--usb", stick, self.image, answer=self.device + "\n"), "nothing was written", stick)
        self.assert_untouched(self.flash("--usb", self.device, "--overwrite", self.image), "has 4 MiB, the image 67")

    def test_makes_a_folder_for_a_server(self):
        self.whole_image(*self.BOOT)
        folder = self.folder / "served"
        done = self.flash("--pxe", folder, self.image)
        self.assertEqual(0, done.returncode, done.stderr)
        self.check_installer(lambda name: (folder / name).read_bytes())
        self.assertEqual("of EFI/sluis/netboot.efi", (folder / "netboot.efi").read_text())
        self.assertIn("is not empty", self.flash("--pxe", folder, self.image).stderr)

    def test_makes_no_installer_of_what_has_none(self):
        served = self.folder / "served"
        self.whole_image("vmlinuz", "initrd")
        self.assertIn("has no installer in it", self.flash("--pxe", served, self.image).stderr)
        self.assertFalse(served.exists())
        self.whole_image(*self.BOOT)
        subprocess.run(["mdel", "-i", f"{self.image}@@{MIB}", "::EFI/sluis/netboot.efi"], check=True)
        self.assertIn("has no EFI/sluis/netboot.efi", self.flash("--pxe", served, self.image).stderr)
        self.assertEqual([], list(served.iterdir()))
        (self.folder / "box.sha256").write_text(f"{'0' * 64}  box.img\n")
        self.assertIn("is not what", self.flash("--pxe", served, self.image).stderr)

    def test_says_what_is_wrong_with_arguments(self):
        for arguments, said in ((["--usb"], "--usb needs a name behind it"),
                                (["--pxe", "x", "--usb", "y", self.image], "call it twice"),
                                (["--pxe", "x", "--enrol", "y", self.image], "--pxe takes no --enrol"),
                                (["--pxe", "x", "--restore", "y", self.image], "--pxe takes no --enrol and no --restore"),
                                (["--ca", "x", self.image, self.device], "--ca is for --restore"),
                                (["--restore", self.image, "--ca", "none.pem", self.image, self.device], "--ca none.pem: no such file"),
                                (["--usb", self.device, self.image, self.device], "one IMAGE and nothing behind it; these are 2"),
                                (["--pxe", self.image, self.image], "is no folder"),
                                (["--usb", self.folder / "none", self.image], "is no block device"),
                                (["--stick", self.device, self.image], "--stick: unknown option")):
            with self.subTest(arguments):
                self.assert_untouched(self.flash(*arguments), said)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: loop devices need root", file=sys.stderr)
        sys.exit(77)
    unittest.main()
