"""An empty machine, and an installer that scripts/flash made: from a stick, and from a server. Each says what is wrong, in
words; the machine has a disk with the image afterwards, as a new unit has."""

import contextlib
import subprocess

from machine import ROOT, run

DISK_MIB = 1024
QUESTION = "Type that name (vda)"
WRONG_NAME = list("sda")  # the stick's, by a keyboard's keys
STICK_MIB = 512
PATIENCE = 600  # seconds for scripts/flash, which packs the image


def from_stick(bench):
    machine = bench.machine
    stick = machine.folder / "stick.img"
    make_stick(bench, stick)
    begin_empty(machine)
    machine.plugged_in = ["-device", "qemu-xhci,id=usb", "-drive", f"if=none,id=stick,format=raw,file={stick}",
                          "-device", "usb-storage,bus=usb.0,drive=stick,bootindex=0,removable=on"]
    faults = install(bench)
    bench.be_ready()  # with the certificate that the stick brought
    return faults


def from_server(bench):
    """QEMU's own, behind the management port."""
    machine = bench.machine
    folder = machine.folder / "netboot"
    run([ROOT / "scripts/flash", "--pxe", folder, machine.original], PATIENCE)
    begin_empty(machine)
    machine.management = f",tftp={folder},bootfile=netboot.efi"
    faults = install(bench)
    bench.enrol()
    bench.be_ready()
    return faults


def make_stick(bench, file):
    """With what enrols the box."""
    machine = bench.machine
    with open(file, "wb") as content:
        content.truncate(STICK_MIB << 20)
    device = subprocess.run(["losetup", "--find", "--show", file], check=True, capture_output=True, text=True).stdout.strip()
    with contextlib.ExitStack() as ends:
        ends.callback(run, ["losetup", "--detach", device])
        run([ROOT / "scripts/flash", "--usb", device, "--overwrite", "--enrol", machine.folder / "enrol", machine.original],
            PATIENCE)


def begin_empty(machine):
    """A unit with a disk that nothing was ever written to."""
    machine.stop()
    machine.begin_anew()
    with open(machine.image, "wb") as disk:
        disk.truncate(DISK_MIB << 20)


def install(bench):
    machine = bench.machine
    try:
        return use_installer(machine, bench.lab)
    finally:
        machine.stop()
        machine.plugged_in, machine.management = [], ""


def use_installer(machine, lab):
    machine.start(lab)
    machine.wait_for_text(QUESTION)
    machine.say("the installer asks")
    faults = [] if f"  vda  {DISK_MIB} MiB" in machine.console_text() else [f"the disks are not shown: {machine.console_text()[-1000:]}"]
    machine.look_from_here()
    machine.press([*WRONG_NAME, "ret"])
    machine.wait_for_text("nothing was written")
    machine.wait_for_text(QUESTION)
    if not is_empty(machine.image):
        return ["something was written though no disk's name was typed"]
    machine.say("nothing is written without the disk's name")
    machine.type("vda\n")
    machine.wait_for_text("reading it back")
    machine.say("written")
    machine.wait_for_text("written and compared: ")
    machine.say("compared")
    machine.type("\n")
    machine.wait("the installer ends", lambda: not machine.is_on())
    return faults


def is_empty(file):
    return subprocess.run(["cmp", "-n", str(DISK_MIB << 20), file, "/dev/zero"], capture_output=True).returncode == 0
