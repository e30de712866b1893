"""What an emulated machine starts that has our keys, and what it refuses: each part of the boot chain changed by one byte,
or signed by somebody else. Each phase says what is wrong, in words."""

import shutil
from dataclasses import dataclass
from typing import Callable

import keys as signing
import verified

PROMPTS = ("grub>", "grub rescue>")
DENIED = "Access Denied"  # the firmware's word, of a boot loader
NO_ARGUMENTS = "none that this machine trusts"  # the boot loader's, of a slot
NEXT_TRY = "Sluis: slot A, try 2"
OWNER = "8be4df61-93ca-11d2-aa0d-00e098032b8c"  # of the keys; any would do


def trusted_variables(workshop, signer, variables, output):
    """A firmware's variables, by which it takes this signer's programs and nobody else's."""
    shutil.copyfile(variables, output)
    certificate = f"{OWNER} {workshop.there(signer.certificate)}"
    workshop.run(f"virt-fw-vars --inplace {workshop.there(output)} --set-pk {certificate} --add-kek {certificate} "
                 f"--add-db {certificate} --secure-boot")
    return output


@dataclass
class Refusal:
    what: str
    change: Callable  # of the disk
    said: str  # on the console


def refusals(bench):
    """Each of these is done to a disk that nothing was ever changed on."""
    machine = bench.machine
    machine.stop()
    cases = Cases(bench)
    faults = []
    for case in (
            Refusal("a boot loader of which one byte is another", cases.loader_changed, DENIED),
            Refusal("a kernel of which one byte is another", lambda: cases.changed_in_boot("vmlinuz"), "bad signature"),
            Refusal("a root of which one byte is another", cases.root_changed, "rootfs-a cannot be mounted"),
            Refusal("a slot that a stranger signed", cases.slot_of_a_stranger, NO_ARGUMENTS),
            Refusal("a boot loader that a stranger signed", cases.loader_of_a_stranger, DENIED),
            Refusal("other kernel arguments", lambda: cases.changed_in_boot("kernel.cfg"), NO_ARGUMENTS),
            Refusal("an initrd of which one byte is another", lambda: cases.changed_in_boot("initrd"), "bad signature")):
        machine.begin_anew()
        case.change()
        faults += refused(bench, case)
    machine.begin_anew()
    bench.enrol()
    return faults


def refused(bench, case):
    machine = bench.machine
    machine.start(bench.lab)
    machine.wait_for_text(case.said)
    if case.said != DENIED:
        machine.wait_for_text(NEXT_TRY)
    machine.say(f"refused: {case.what}")
    text = machine.console_text()
    machine.stop()
    # A kernel without its initrd panics.
    forbidden = [*PROMPTS, "systemd[", "Kernel panic", *(["Sluis: slot"] if case.said == DENIED else [])]
    return [f"{case.what}: the console shows {each!r}" for each in forbidden if each in text]


class Cases:
    """What is done to the machine's disk."""

    def __init__(self, bench):
        self.bench, self.machine, self.workshop = bench, bench.machine, bench.workshop
        self.loader = "EFI/BOOT/BOOTX64.EFI"
        self.begin = self.machine.slot_begin(self.workshop, self.machine.original, "A")
        self.boot = self.machine.folder / "boot"
        self.workshop.run(f"unsquashfs -quiet -no-progress -d {self.workshop.there(self.boot)} "
                          f"{self.workshop.there(bench.bundles.slot)}")
        folder = self.machine.folder / "strangers-boot-keys"
        folder.mkdir()
        signing.secure_boot_keys(self.workshop, folder)
        self.strangers = verified.Signer(folder)

    def on_esp(self, change):
        """`change(file)` of the boot loader."""
        esp, file = self.machine.esp(self.workshop), self.machine.folder / "loader"
        self.workshop.run(f"mcopy -o -i {esp} ::{self.loader} {self.workshop.there(file)}")
        change(file)
        self.workshop.run(f"mcopy -o -i {esp} {self.workshop.there(file)} ::{self.loader}")

    def loader_changed(self):
        self.on_esp(lambda file: flip(file, file.stat().st_size // 2))

    def loader_of_a_stranger(self):
        self.on_esp(lambda file: verified.sign_program(self.workshop, self.strangers, file))

    def changed_in_boot(self, name):
        """Of a file that lies as it is in the slot."""
        content = (self.boot / "boot" / name).read_bytes()
        middle = len(content) // 2
        with open(self.machine.image, "rb") as disk:
            disk.seek(self.begin)
            held = disk.read(64 << 20)
        flip(self.machine.image, self.begin + held.index(content[middle:middle + 48]))

    def slot_of_a_stranger(self):
        made = self.bench.bundles.changed("strangers-slot", "", "true", self.strangers)
        with open(self.machine.image, "r+b") as disk:
            disk.seek(self.begin)
            disk.write(made.read_bytes())

    def root_changed(self):
        flip(self.machine.image, self.begin + verified.root_of(self.boot / "boot")[0])


def flip(file, at):
    with open(file, "r+b") as disk:
        disk.seek(at)
        byte = disk.read(1)[0]
        disk.seek(at)
        disk.write(bytes([byte ^ 1]))
