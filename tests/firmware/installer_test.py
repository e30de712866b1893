"""Which disks an installer shows, proposes and takes, by a folder that looks as the kernel's list of them."""

import subprocess
import tempfile
import unittest
from pathlib import Path

DISKS = Path(__file__).resolve().parents[2] / "boards/common/installer-disks"
MIB = 1 << 20
IMAGE = 800 * MIB


class InstallerTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-installer.")
        self.addCleanup(temporary.cleanup)
        self.blocks = Path(temporary.name)

    def disk(self, name, mib, *, removable=0, write_protected=0, model=None, partition=None):
        folder = self.blocks / name
        (folder / "device").mkdir(parents=True)
        for file, value in (("size", mib * MIB // 512), ("removable", removable), ("ro", write_protected)):
            (folder / file).write_text(f"{value}\n")
        if model:
            (folder / "device/model").write_text(f"{model}\n")
        if partition:
            (folder / f"{name}1").mkdir()
            (folder / f"{name}1/uevent").write_text(f"DEVNAME={name}1\nPARTNAME={partition}\n")

    def call(self, command):
        done = subprocess.run(["sh", "-uc", f". {DISKS}; {command}"], env={"blocks": str(self.blocks), "PATH": "/usr/bin:/bin"},
                              capture_output=True, text=True, timeout=20)
        self.assertEqual("", done.stderr)
        return done

    def proposed(self):
        return self.call(f"propose {IMAGE}").stdout.strip()

    def test_proposes_the_first_disk_that_stays(self):
        self.disk("sda", 4096, removable=1)
        self.disk("mmcblk0", 512)
        self.disk("mmcblk0boot0", 4096)
        self.disk("nvme0n1", 120000)
        self.disk("sdb", 4096)
        self.assertEqual("nvme0n1", self.proposed())

    def test_proposes_nothing_where_nothing_fits(self):
        self.disk("sda", 799)
        self.disk("sdb", 4096, write_protected=1)
        self.disk("sdc", 4096, partition="sluis-stick")
        self.disk("sdd", 4096, removable=1)
        self.disk("loop0", 4096)
        self.assertEqual("", self.proposed())

    def test_takes_no_stick_of_an_installer(self):
        self.disk("sda", 4096, partition="sluis-stick")
        self.disk("sdb", 4096, partition="data")
        self.assertNotEqual(0, self.call(f"is_disk sda && can_take sda {IMAGE}").returncode)
        self.assertEqual(0, self.call(f"is_disk sdb && can_take sdb {IMAGE}").returncode)

    def test_takes_nothing_but_a_disks_name(self):
        self.disk("sda", 4096, partition="data")
        self.disk("sdb", 0)
        (self.blocks / "x").mkdir()
        for name in ("", "sda1", "sdb", "sdz", "x", ".", "..", "*", "sda sdb", "../sda", "sda/sda1", "-e", "$(reboot)"):
            with self.subTest(name):
                self.assertNotEqual(0, self.call(f"is_disk '{name}'").returncode)

    def test_shows_size_and_model(self):
        self.disk("sda", 1024, model="SuperFast  64G ")
        self.disk("sdb", 512)
        self.disk("sdc", 4096, removable=1, partition="sluis-stick")
        said = self.call(f"for disk in $(disks); do describe $disk {IMAGE}; done").stdout
        self.assertEqual("  sda  1024 MiB  SuperFast 64G \n  sdb  512 MiB  of no known model (too small, or write-protected)\n"
                         "  sdc  4096 MiB  of no known model (an installer's stick)\n", said)


if __name__ == "__main__":
    unittest.main()
