"""What goes into an image, as far as it shows without making one."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts/image"), str(ROOT / "tests/firmware")]
import board as boards  # noqa: E402
import disk  # noqa: E402
import initrd  # noqa: E402
import openpgp  # noqa: E402
import packages  # noqa: E402
import page_packages  # noqa: E402
import programs  # noqa: E402
import slot  # noqa: E402
import verified  # noqa: E402
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

    def signed(self, folder):
        """A folder of files, with their signatures, and who made these."""
        key = rsa.generate_private_key(65537, 2048)
        self.write("keys/secure-boot.key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                             serialization.NoEncryption()).decode())
        self.write("keys/secure-boot.pem", "")
        signer = verified.Signer(self.root / "keys")
        verified.sign_files(workshop.Workshop(self.root, 1000), signer, folder)
        return key

    def test_what_grub_reads_is_signed(self):
        """By the key that it is given, over the file and when it was signed (RFC 9580, section 5.2)."""
        self.write("boot/kernel.cfg", "set kernel_arguments=\"quiet\"\n")
        key = self.signed(self.root / "boot")
        packet = (self.root / "boot/kernel.cfg.sig").read_bytes()
        self.assertEqual(b"\x89", packet[:1])
        body = packet[3:]
        self.assertEqual(int.from_bytes(packet[1:3], "big"), len(body))
        hashed_end = 6 + int.from_bytes(body[4:6], "big")
        self.assertEqual((1000).to_bytes(4, "big"), body[hashed_end - 4:hashed_end])
        issuer_end = hashed_end + 2 + int.from_bytes(body[hashed_end:hashed_end + 2], "big")
        self.assertEqual(openpgp.key_id(key), body[issuer_end - 8:issuer_end])
        over = (self.root / "boot/kernel.cfg").read_bytes() + body[:hashed_end] + b"\x04\xff" + hashed_end.to_bytes(4, "big")
        self.assertEqual(hashlib.sha256(over).digest()[:2], body[issuer_end:issuer_end + 2])
        signature = int.from_bytes(body[issuer_end + 4:], "big").to_bytes(256, "big")
        key.public_key().verify(signature, over, padding.PKCS1v15(), hashes.SHA256())
        numbers = openpgp.public_key(key)
        self.assertIn(key.public_key().public_numbers().n.to_bytes(256, "big"), numbers)

    def test_the_kernel_is_told_what_root_was_signed(self):
        self.write("boot/kernel.cfg", 'set kernel_arguments="quiet console=ttyS0"\n')
        self.write("boot/vmlinuz", "k" * (3 << 20))
        boot = self.root / "boot"
        begin = verified.reserved(boot)
        self.assertEqual(4 << 20, begin)
        verified.add_argument(boot / "kernel.cfg", f"{verified.ARGUMENT}{begin // verified.BLOCK},7,{'0' * 64}")
        self.assertEqual((begin, 7 * verified.BLOCK), verified.root_of(boot))
        self.assertEqual(f'set kernel_arguments="quiet console=ttyS0 sluis.verity=1024,7,{"0" * 64}"\n',
                         (boot / "kernel.cfg").read_text())

    def test_secure_boot_is_refused_where_it_cannot_work(self):
        with self.assertRaisesRegex(workshop.ImageError, "uio_pci_generic"):
            verified.check(boards.load("pcengines-apu2"))
        verified.check(boards.load("qemu-q35"))
        with self.assertRaisesRegex(workshop.ImageError, "needs secure-boot.key"):
            verified.Signer(self.root)

    def test_the_boot_loader_takes_no_more_of_its_notes_than_it_must(self):
        """Nobody signs them: what they hold is compared, and never part of a command."""
        text = (ROOT / "boards/common/grub.cfg").read_text()
        self.assertEqual(1, text.count("load_env"))
        self.assertIn("load_env --skip-sig --file=\"($root)/grubenv\" ORDER A_OK A_TRY B_OK B_TRY\n", text)
        for line in text.splitlines():
            if line.strip().startswith(("linux", "initrd", "source", "echo")):
                self.assertNotRegex(line, r"\$(ORDER|[AB]_OK|[AB]_TRY|ok|try|candidate)\b")

    def test_the_boot_loader_starts_no_kernel_without_what_goes_with_it(self):
        """A command that is refused ends no script of its, and `source` never fails."""
        text = (ROOT / "boards/common/grub.cfg").read_text()
        self.assertNotIn("if source", text)
        starts = [line.strip() for line in text.splitlines() if re.search(r"\bboot\b(?!/)", line) and not line.startswith("#")]
        self.assertEqual(2, len(starts))
        for line in starts:
            self.assertRegex(line, r"^if initrd [^;]+; then boot; fi$")

    def test_only_the_workers_processors_are_set_apart(self):
        arguments = boards.kernel_arguments(boards.load("qemu-q35"))
        self.assertIn("isolcpus=1", arguments)
        self.assertEqual("console=ttyS0,115200", arguments[-1])

    def test_the_box_knows_how_long_a_version_has(self):
        board = boards.load("qemu-q35")
        self.assertIn(f'TRIAL_SECONDS="{board.boot.trial_seconds}"\n', boards.setup_variables(board))
        self.assertIn("limit=$TRIAL_SECONDS", (ROOT / "boards/common/root/usr/libexec/sluis/health").read_text())

    @unittest.skipIf(os.geteuid() != 0, "needs root")
    def test_an_image_that_was_not_made_is_named(self):
        done = subprocess.run([sys.executable, ROOT / "tests/firmware/image_test.py", "--image", self.root / "none.img"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr, r"^scripts/firmware: .*/none.img: no such file; make it by scripts/firmware build --board qemu-q35\n$")

    def test_everybody_may_know_which_version_was_good_in_a_slot(self):
        health = (ROOT / "boards/common/root/usr/libexec/sluis/health").read_text()
        function = re.search(r"^tell_proven\(\).*?^}$", health, re.M | re.S)[0]
        kept, told = self.root / "rauc", self.root / "told"
        kept.mkdir(mode=0o700)
        (kept / "proven-A").write_text("1.3\n")
        script = function.replace("/data/rauc", str(kept)).replace("/run/sluis-firmware", str(told))
        subprocess.run(["sh", "-euc", f"umask 077\n{script}\ntell_proven"], check=True, timeout=20)
        self.assertEqual(["A"], [path.name for path in told.iterdir()])
        self.assertEqual(("1.3\n", 0o644), ((told / "A").read_text(), (told / "A").stat().st_mode & 0o777))
        self.assertEqual(0o755, told.stat().st_mode & 0o777)
        self.assertIn('"/run/sluis-firmware"', (ROOT / "control/firmware/firmware_keeper.h").read_text())


if __name__ == "__main__":
    unittest.main()
