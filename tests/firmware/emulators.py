"""What QEMU has to be told for each board that it emulates, beyond what is the same for all."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Counter:
    """Something that counts the machine's time, and that QEMU's monitor can read."""
    command: str
    a_second: int
    wraps_at: int
    nothing: int = 0xffffffff  # is what a device has that is not there yet


@dataclass
class Emulator:
    program: str
    arguments: list
    code: Path  # the firmware, and what its variables are at first
    variables: Path
    counter: Counter
    secure_boot: bool = False  # seen to take keys, and to refuse what they did not sign


# The ACPI timer (ACPI 6.5, section 4.8.3.3), where OVMF puts it: PMBASE 0x600.
ACPI_TIMER = Counter("i /w 0x608", 3579545, 1 << 24)
# The clock of the virt machine (Arm PL031): its seconds are the machine's own by `-rtc clock=vm`.
PL031 = Counter("xp /1wx 0x9010000", 1, 1 << 32)

# OVMF without system management mode, in which the second processor's start stood still (QEMU 7.2, -icount): who is root in
# the machine could change its keys, which is not what is tested.
EMULATORS = {
    "qemu-q35": Emulator(
        "qemu-system-x86_64",
        ["-machine", "q35,accel=tcg,kernel-irqchip=split", "-cpu", "max",
         "-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on,aw-bits=48"],
        Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd"), ACPI_TIMER, secure_boot=True),
    # pauth-impdef: without it, a third of the emulator's time goes into the cipher of pointer authentication.
    "qemu-virt": Emulator(
        "qemu-system-aarch64",
        ["-machine", "virt,accel=tcg,gic-version=3,iommu=smmuv3", "-cpu", "max,pauth-impdef=on"],
        Path("/usr/share/AAVMF/AAVMF_CODE.fd"), Path("/usr/share/AAVMF/AAVMF_VARS.fd"), PL031),
}
