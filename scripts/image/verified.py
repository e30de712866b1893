"""A boot chain in which each part is verified by the one before it (build.py --secure-boot): the machine's firmware looks
at GRUB and at the kernel, GRUB at all that it reads, and the kernel at the root file system, by dm-verity. One key signs
all. boards/README.md says what that leaves open."""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

import openpgp
from workshop import ImageError, remove

# What GRUB checks signatures with.
GRUB_MODULES = "pgp gcry_rsa gcry_sha256 gcry_sha1"
BLOCK = 4096  # bytes, of data and of hashes alike
ALIGNMENT = 1 << 20  # of what follows kernel and initrd in a slot
ARGUMENT = "sluis.verity="  # of the kernel, for boards/common/initrd-init: BEGIN,BLOCKS,HASH


@dataclass
class Signer:
    """secure-boot.key and secure-boot.pem of a folder of keys."""
    keys: Path

    def __post_init__(self):
        for file in (self.key, self.certificate):
            if not file.exists():
                raise ImageError(f"--secure-boot needs {file.name} in the folder of keys (boards/README.md)")

    @property
    def key(self):
        return self.keys / "secure-boot.key"

    @property
    def certificate(self):
        return self.keys / "secure-boot.pem"

    @property
    def certificate_der(self):
        """As a machine's firmware takes it in."""
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())


def check(board):
    """What would not work where nothing but what is signed may run."""
    if board.dpdk.binding == "uio_pci_generic":
        raise ImageError(f"{board.name}: --secure-boot has the kernel keep programs from PCI devices without an IOMMU, "
                         "and this board's ports are bound to uio_pci_generic")


def boot_loader_options(workshop, signer):
    """It asks for this key's signature of each file; and for no shim, since there is none before it."""
    public = workshop.folder / "secure-boot.pgp"
    public.write_bytes(openpgp.public_key(openpgp.load_key(signer.key)))
    return f"--pubkey={workshop.there(public)} --disable-shim-lock"


def sign_program(workshop, signer, program):
    """For the machine's firmware, in place of any signature that it came with."""
    there = workshop.there(program)
    workshop.run(f"""
        while sbattach --remove {there} 2>/dev/null; do :; done
        sbsign --key {workshop.there(signer.key)} --cert {workshop.there(signer.certificate)} --output {there}.signed {there}
        mv {there}.signed {there}
    """)


def sign_files(workshop, signer, folder):
    """For GRUB: FILE.sig beside each."""
    key = openpgp.load_key(signer.key)
    for file in sorted(folder.iterdir()):
        signed = openpgp.signature(key, int(workshop.epoch), file.read_bytes())
        file.with_name(f"{file.name}.sig").write_bytes(signed)


def make_slot(workshop, signer, squash, root, output, options=""):
    """boot/ as a file system of its own, which GRUB reads; then the rest, and the tree of its hashes. `squash(workshop,
    folder, file, options)` makes a file system."""
    work = workshop.folder / "verified"
    remove(work)
    (work / "outer").mkdir(parents=True)
    boot = work / "outer/boot"
    (root / "boot").rename(boot)
    (root / "boot").mkdir()
    parts = [work / name for name in ("boot.squashfs", "root.squashfs", "root.hashes")]
    squash(workshop, root, parts[1], options)
    blocks = parts[1].stat().st_size // BLOCK
    begin = reserved(boot)
    add_argument(boot / "kernel.cfg", f"{ARGUMENT}{begin // BLOCK},{blocks},{hash_tree(workshop, parts[1], parts[2])}")
    sign_program(workshop, signer, boot / "vmlinuz")
    sign_files(workshop, signer, boot)
    squash(workshop, work / "outer", parts[0], "-noI -noD -noF -noX")  # what is in it is compressed already
    if parts[0].stat().st_size > begin:
        raise ImageError(f"kernel and initrd take {parts[0].stat().st_size} bytes, and {begin} were reserved")
    workshop.run(f"""
        cd {workshop.there(work)}
        truncate -s {begin} boot.squashfs
        cat boot.squashfs root.squashfs root.hashes >{workshop.there(output)}
    """)
    remove(work)


def unpack_slot(workshop, slot, folder, part):
    """The folder again, from which make_slot makes a slot, or a part of it: `boot`."""
    there = workshop.there
    workshop.run(f"unsquashfs -no-xattrs -quiet -no-progress -d {there(folder)} {there(slot)}")
    begin, _ = root_of(folder / "boot")
    if part != "boot":
        workshop.run(f"unsquashfs -no-xattrs -quiet -no-progress -f -offset {begin} -d {there(folder)} {there(slot)} {part}")
    for file in (folder / "boot").glob("*.sig"):
        file.unlink()
    config = folder / "boot/kernel.cfg"
    config.write_text(re.sub(rf" {ARGUMENT}[^ \"]*", "", config.read_text()))


def root_of(boot):
    """Where it begins in a slot with this boot/, and its size, in bytes."""
    begin, blocks, _ = re.search(rf"{ARGUMENT}([^ \"]*)", (boot / "kernel.cfg").read_text())[1].split(",")
    return int(begin) * BLOCK, int(blocks) * BLOCK


def reserved(boot):
    """Bytes for kernel and initrd, before it is known what they will take: they name what comes after them."""
    expected = sum(file.stat().st_size for file in boot.iterdir()) + ALIGNMENT // 4
    return -(-expected // ALIGNMENT) * ALIGNMENT


def hash_tree(workshop, data, output):
    """Writes it, and gives its root."""
    said = workshop.folder / "verity"
    workshop.run(f"""
        veritysetup format --no-superblock --salt=- --hash=sha256 --data-block-size={BLOCK} --hash-block-size={BLOCK} \
            {workshop.there(data)} {workshop.there(output)} >{workshop.there(said)}
    """)
    return re.search(r"(?m)^Root hash:\s+([0-9a-f]{64})$", said.read_text())[1]


def add_argument(file, argument):
    """To the kernel's, in boot/kernel.cfg."""
    text = file.read_text()
    if not text.endswith('"\n'):
        raise ImageError(f"{file} does not end as slot.add_boot writes it")
    file.write_text(f'{text[:-2]} {argument}"\n')
