"""What goes into an image, as far as it shows without making one."""

import socket
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts/image"), str(ROOT / "tests/firmware")]
import board as boards  # noqa: E402
import disk  # noqa: E402
import initrd  # noqa: E402
import packages  # noqa: E402
import page_packages  # noqa: E402
import programs  # noqa: E402
import slot  # noqa: E402
import workshop  # noqa: E402
from emulators import EMULATORS  # noqa: E402
from guest_clock import GuestClock  # noqa: E402


class ImagePartsTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_packages_are_of_the_architecture(self):
        amd64, arm64 = packages.listed("amd64"), packages.listed("arm64")
        self.assertIn("libhyperscan5", amd64)
        self.assertNotIn("libhyperscan5", arm64)
        self.assertIn("libvectorscan5", arm64)
        self.assertIn("rauc", set(amd64) & set(arm64))
        self.assertEqual(len(amd64), len(set(amd64)))

    def test_what_is_compiled_with_is_of_the_architecture(self):
        amd64, arm64 = workshop.libraries_of("amd64"), workshop.libraries_of("arm64")
        self.assertEqual({"libhyperscan-dev", "libipsec-mb-dev", "grub-efi-amd64-bin"}, set(amd64) - set(arm64))
        self.assertEqual({"libvectorscan-dev", "grub-efi-arm64-bin"}, set(arm64) - set(amd64))

    def test_there_is_a_compiler_for_every_board(self):
        for name in boards.names():
            architecture = boards.load(name).architecture
            self.assertIn(architecture, disk.TARGETS)
            if architecture != "amd64":
                self.assertTrue((ROOT / f"scripts/image/{architecture}.cmake").exists(), name)
        self.assertEqual("", programs.toolchain(workshop.host_architecture()))

    def test_programs_of_this_machine_need_no_other_root(self):
        shop = workshop.Workshop(self.root, 1)
        self.assertEqual("", shop.sysroot(workshop.host_architecture()))
        other = workshop.other_architecture()
        self.assertEqual(f"/build/sysroot-{other}", shop.sysroot(other))

    def test_the_clock_of_every_emulated_machine_can_be_read(self):
        answers = {"qemu-q35": (b"portw[0x0608] = 0x00c0ffee\r\n(qemu) ", 0xc0ffee),
                   "qemu-virt": (b"0000000009010000: 0x6565a3f1\r\n(qemu) ", 0x6565a3f1)}
        for name, (answer, value) in answers.items():
            clock = GuestClock.__new__(GuestClock)
            clock.counter = EMULATORS[name].counter
            ours, monitors = socket.socketpair()
            with ours, monitors:
                monitors.sendall(b"(qemu) \x1b[K" + clock.counter.command.encode() + b"\x1b[D\r\n" + answer)
                self.assertEqual(value, clock.read(ours), name)
                self.assertEqual(clock.counter.command.encode() + b"\n", monitors.recv(100))

    def test_every_board_has_its_drivers(self):
        names = {"net_virtio": "librte-net-virtio25", "net_igc": "librte-net-igc25", "net_e1000_igb": "librte-net-e1000-25",
                 "net_ixgbe": "librte-net-ixgbe25", "net_dpaa2": "librte-net-dpaa2-25"}
        for name in boards.names():
            board = boards.load(name)
            for driver in board.dpdk.drivers:
                self.assertIn(names[driver], packages.listed(board.architecture), name)

    def test_modules_come_after_what_they_need(self):
        self.write("usr/lib/modules/6/modules.dep", "a/ext4.ko.xz: b/jbd2.ko.xz c/crc.ko.xz\nb/jbd2.ko.xz: c/crc.ko.xz\n"
                                                    "c/crc.ko.xz:\nd/virtio-blk.ko.xz:\n")
        self.write("usr/lib/modules/6/modules.builtin", "kernel/drivers/virtio/virtio_pci.ko\n")
        order = [path.name for path in initrd.closure(self.root, "6", ["ext4", "virtio_pci", "virtio_blk"])]
        self.assertEqual(["crc.ko.xz", "jbd2.ko.xz", "ext4.ko.xz", "virtio-blk.ko.xz"], order)
        with self.assertRaisesRegex(KeyError, "no module nvme"):
            initrd.closure(self.root, "6", ["nvme"])

    def test_a_module_that_is_kept_survives_its_family(self):
        kernel = self.root / "kernel"
        for name in ("drivers/scsi/sd_mod.ko.xz", "drivers/scsi/aic7xxx/aic7xxx.ko.xz", "fs/btrfs/btrfs.ko.xz", "fs/ext4/ext4.ko.xz"):
            self.write(f"kernel/{name}", "")
        packages.trim_modules(kernel)
        self.assertEqual(["ext4.ko.xz", "sd_mod.ko.xz"], sorted(path.name for path in kernel.rglob("*.ko.xz")))

    def test_users_have_the_same_numbers_in_every_image(self):
        slot.add_users(self.root)
        lines = [line for line in (self.root / "etc/sysusers.d/sluis.conf").read_text().splitlines() if line[:2] in ("u ", "g ")]
        self.assertEqual(["850", "851", "852"], [line.split()[2] for line in lines])

    def test_partitions_have_the_same_identity_in_every_build(self):
        made = {disk.identity(board, use) for board in ("one", "two") for use in ("a", "b")}
        self.assertEqual(4, len(made))
        for identity in made:
            self.assertEqual(identity, str(uuid.UUID(identity)))
        self.assertEqual(disk.identity("one", "a"), disk.identity("one", "a"))

    def test_the_bill_of_materials_has_what_is_installed(self):
        self.write("var/lib/dpkg/status", "Package: one\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n"
                                          "Description: x\n more: words\n\n"
                                          "Package: gone\nStatus: deinstall ok config-files\nVersion: 2\nArchitecture: all\n")
        bill = packages.bill_of_materials(self.root)
        self.assertEqual([("one", "1.0-1")], [(entry["name"], entry["versionInfo"]) for entry in bill])

    def test_the_bill_of_materials_has_what_the_page_is_made_with(self):
        self.write("node_modules/uplot/package.json", '{"name": "uplot", "version": "1.6.32", "license": "MIT"}')
        bill = page_packages.bill_of_materials(self.root / "node_modules")
        self.assertEqual([("uplot", "1.6.32", "MIT")], [(e["name"], e["versionInfo"], e["licenseDeclared"]) for e in bill])

    def test_only_the_workers_processors_are_set_apart(self):
        arguments = boards.kernel_arguments(boards.load("qemu-q35"))
        self.assertIn("isolcpus=1", arguments)
        self.assertEqual("console=ttyS0,115200", arguments[-1])

    def test_the_box_knows_how_long_a_version_has(self):
        board = boards.load("qemu-q35")
        self.assertIn(f'TRIAL_SECONDS="{board.boot.trial_seconds}"\n', boards.setup_variables(board))
        self.assertIn("limit=$TRIAL_SECONDS", (ROOT / "boards/common/root/usr/libexec/sluis/health").read_text())


if __name__ == "__main__":
    unittest.main()
