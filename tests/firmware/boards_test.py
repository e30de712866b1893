"""Every board's file is right, and what is wrong with one is said with its key."""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/image"))
import board as boards  # noqa: E402


class BoardsTest(unittest.TestCase):
    def test_every_board_is_right(self):
        self.assertGreaterEqual(len(boards.names()), 6)
        for name in boards.names():
            with self.subTest(name):
                board = boards.load(name)
                config = tomllib.loads(boards.sluis_config(board))
                self.assertEqual([pair["name"] for pair in config["pair"]], list(board.pairs))
                workers = sum(pair["workers"] for pair in config["pair"])
                self.assertEqual(workers, len(config["eal"]["cores"].split(",")))

    def test_every_board_is_in_the_readme(self):
        readme = (boards.BOARDS / "README.md").read_text()
        for name in boards.names():
            self.assertTrue(f"| `{name}` |" in readme, f"boards/README.md has no row for `{name}`: which machine, what it ran on")

    def test_a_board_that_is_wrong_hides_no_other(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "scripts/image", Path(folder) / "scripts/image")
            shutil.copytree(boards.BOARDS, Path(folder) / "boards")
            (Path(folder) / "boards/lanner-nca/board.toml").write_text('title = "none"\n')
            done = subprocess.run([sys.executable, Path(folder) / "scripts/image/list_boards.py"], capture_output=True, text=True, timeout=20)
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr, r"^scripts/firmware: .*/lanner-nca/board.toml: name is missing\n$")
        self.assertEqual(len(boards.names()) - 1, len(done.stdout.splitlines()))

    def test_boards_are_told_apart(self):
        all_boards = [boards.load(name) for name in boards.names()]
        for what in ("compatible", "title"):
            values = [getattr(board, what) for board in all_boards]
            self.assertEqual([], sorted({each for each in values if values.count(each) > 1}), f"{what} of two boards")
        machines = [(board.architecture, product) for board in all_boards for product in board.match.dmi_product]
        self.assertEqual([], sorted({each for each in machines if machines.count(each) > 1}), "match.dmi_product of two boards")

    def test_what_is_wrong_is_said(self):
        cases = [
            ('binding = "vfio-pci"', 'binding = "vfio"', "dpdk.binding: 'vfio' is none of"),
            ('binding = "vfio-pci"', 'bindings = "vfio-pci"', "dpdk.bindings: unknown key; did you mean binding?"),
            ("hugepages_mib = 512", "", "dpdk.hugepages_mib is missing"),
            ("hugepages_mib = 512", 'hugepages_mib = "512"', "dpdk.hugepages_mib must be int, not str"),
            ("hugepages_mib = 512", "hugepages_mib = true", "dpdk.hugepages_mib must be int, not bool"),
            ('"intel_iommu=on", ', "", "vfio-pci needs the IOMMU on"),
            ("0000:00:11.0", "0000:00:10.0", "address 0000:00:10.0 is there twice"),
            ("0000:00:11.0", "00:11.0", "port[1].address: '00:11.0' is not a PCI address"),
            ('role = "outside"', 'role = "inside"', "pair lan: must be one inside and one outside port"),
            ('role = "management"', 'role = "management"\npair = "lan"', "port MGMT: ports with the role"),
            ('workers = "1"', 'workers = "0"', "processor 0 serves"),
            ('workers = "1"', 'workers = "1,"', "is not a list of processors"),
            ('workers = "1"', 'workers = "3-1"', "ends before it begins"),
            ('workers = "1"', 'workers = "1-2,2"', "a processor twice"),
            ('workers = "1"', 'workers = "\u0661"', "is not a list of processors"),
            ('workers = "1"', 'workers = "1-99999999999"', "is not a list of processors"),
            ('title = "QEMU q35"', 'title = "q35\\n[pair]"', "title: 'q35\\n[pair]' is not one line"),
            ('"intel_iommu=on"', '"intel_iommu=on; reboot"', "boot.kernel_arguments: 'intel_iommu=on; reboot' is not one word"),
            ('"virtio_blk"', '"../virtio_blk"', "is not a kernel module's name"),
            ('"net_virtio"', '"net virtio"', "is not a driver of DPDK's"),
            ('method = "none"', 'method = "sysfs"\ndevices = ["g3bp0"]', "is not the path of a folder"),
            ('name = "qemu-q35"', 'name = "q35"', "name is 'q35', but the folder is 'qemu-q35'"),
            ('method = "none"', 'method = "smbus"', "a method needs ports"),
            ('method = "none"', 'method = "none"\ndevices = ["/sys/class/bypass/g3bp0"]', "with the method sysfs and no other"),
            ("slot_mib = 256", "slot_mib = 1", "disk.slot_mib: 1 is not between"),
            ('"virtio_blk"', "7", "boot.modules must be a list of strings"),
            ("[match]", "[match", "board.toml: "),
            ('title = "QEMU q35"', "", "title is missing"),
        ]
        good = (boards.BOARDS / "qemu-q35/board.toml").read_text()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "qemu-q35/board.toml"
            file.parent.mkdir()
            for old, new, said in cases:
                with self.subTest(new or old):
                    self.assertIn(old, good)
                    file.write_text(good.replace(old, new, 1))
                    with self.assertRaises(boards.BoardError) as raised:
                        boards.load("qemu-q35", Path(folder))
                    self.assertIn(said, str(raised.exception))
                    self.assertNotIn("\n", str(raised.exception))
            for bytes_, said in ((good.encode("utf-16"), "utf-8"), (good.replace("[match]", "[bypass]").encode(), "twice"),
                                 (b"port = [1]\n" + good.replace("[[port]]", "[[quirk]]").encode(), "port[0] must be a table")):
                file.write_bytes(bytes_)
                with self.assertRaisesRegex(boards.BoardError, f"board.toml: .*{re.escape(said)}"):
                    boards.load("qemu-q35", Path(folder))
            file.write_text(good)
            boards.load("qemu-q35", Path(folder))
            shutil.rmtree(file.parent)
            with self.assertRaisesRegex(boards.BoardError, "No such file"):
                boards.load("qemu-q35", Path(folder))


class RelaysTest(unittest.TestCase):
    """A board whose kernel has a driver for its relays."""

    def load(self, bypass, number=1):
        text = (boards.BOARDS / "qemu-q35/board.toml").read_text()
        for role in ("inside", "outside"):
            text = text.replace(f'role = "{role}"', f'role = "{role}"\nbypass = {number}')
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "qemu-q35/board.toml"
            file.parent.mkdir()
            file.write_text(text.replace('method = "none"', bypass))
            return boards.load("qemu-q35", Path(folder))

    def test_the_guard_is_told_where_they_are(self):
        devices = 'devices = ["/sys/class/bypass/g3bp0", "/sys/class/bypass/g3bp1"]'
        board = self.load(f'method = "sysfs"\n{devices}\nrun_seconds = 3', number=2)
        config = tomllib.loads(boards.sluis_config(board))
        self.assertEqual("/sys/class/bypass/g3bp1", config["pair"][0]["relay"])
        self.assertEqual(3, config["guard"]["relay_seconds"])

    def test_what_is_missing_is_said(self):
        device = 'devices = ["/sys/class/bypass/g3bp0"]'
        for bypass, number, said in (('method = "sysfs"\nrun_seconds = 3', 1, "the folder of each relay pair"),
                                     (f'method = "sysfs"\n{device}\nrun_seconds = 3', 2, "one is missing"),
                                     (f'method = "sysfs"\n{device}\nrun_seconds = 1', 1, "2 at least")):
            with self.subTest(bypass, number=number), self.assertRaisesRegex(boards.BoardError, said):
                self.load(bypass, number)


if __name__ == "__main__":
    unittest.main()
