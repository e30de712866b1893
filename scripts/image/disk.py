"""The disk: an EFI system partition with GRUB, two slots, and data. No loop device and no mount is needed."""

import hashlib
import shutil

import verified
from workshop import SOURCE, remove

GRUB_MODULES = ("part_gpt fat squash4 normal linux echo test regexp loadenv configfile reboot search search_label "
                "minicmd serial terminal sleep gzio all_video memdisk tar")
NETWORK_MODULES = "efinet net tftp http"  # of the boot loader that a server hands out
TARGETS = {"amd64": ("x86_64-efi", "BOOTX64.EFI"), "arm64": ("arm64-efi", "BOOTAA64.EFI")}
NETBOOT = "EFI/sluis/netboot.efi"


ESP_OFFSET = 1 << 20  # bytes into the disk


def identity(*parts):
    """A UUID that is the same for the same board and use, so that the same build gives the same bytes."""
    text = hashlib.sha256("/".join(("sluis", *parts)).encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


def make_esp(workshop, board, signer):
    """The files of the EFI system partition. `signer`: whose signature the boot loader has and asks for; None: nobody's."""
    esp = workshop.folder / "esp"
    remove(esp)
    for folder in ("EFI/BOOT", "EFI/sluis", "enrol"):
        (esp / folder).mkdir(parents=True)
    shutil.copyfile(SOURCE / "boards/common/enrol.txt", esp / "enrol/README.txt")
    _, name = TARGETS[board.architecture]
    make_boot_loader(workshop, board, signer, esp / "EFI/BOOT" / name, GRUB_MODULES)
    make_boot_loader(workshop, board, signer, esp / NETBOOT, f"{GRUB_MODULES} {NETWORK_MODULES}")
    if signer:
        (esp / "EFI/sluis/secure-boot.cer").write_bytes(signer.certificate_der)
    workshop.run(f"""
        cd {workshop.there(esp)}
        grub-editenv grubenv create
        grub-editenv grubenv set ORDER="A B" A_OK=1 A_TRY=0 B_OK=0 B_TRY=0
        find . -exec touch -d "@$SOURCE_DATE_EPOCH" {{}} +
    """)
    return esp


def make_boot_loader(workshop, board, signer, output, modules):
    """GRUB as one EFI program, which has its configuration in it."""
    target, _ = TARGETS[board.architecture]
    content = workshop.folder / "grub"
    remove(content)
    content.mkdir()
    speed = board.boot.console.partition(",")[2] or "115200"
    serial = f"serial --unit=0 --speed={speed}\nterminal_output serial console\n" if board.architecture == "amd64" else ""
    (content / "grub.cfg").write_text(serial + (SOURCE / "boards/common/grub.cfg").read_text())
    # Its own folder is where it was started from, until it is told otherwise.
    (content / "early.cfg").write_text("set from=$prefix\nexport from\nset prefix=(memdisk)/\n")
    trust = verified.boot_loader_options(workshop, signer) if signer else ""
    workshop.run(f"""
        cd {workshop.there(content)}
        tar -c --format=ustar --owner=0 --group=0 --mode=644 --mtime="@$SOURCE_DATE_EPOCH" -f ../grub.tar grub.cfg
        grub-mkimage -O {target} -d {workshop.sysroot(board.architecture)}/usr/lib/grub/{target} -o {workshop.there(output)} \
            -m ../grub.tar -p '' -c early.cfg {trust} {modules} {verified.GRUB_MODULES if signer else ""}
    """)
    if signer:
        verified.sign_program(workshop, signer, output)


def make(workshop, board, squashfs, signer, output):
    """The image of a whole disk, sparse."""
    esp = make_esp(workshop, board, signer)
    inputs = workshop.folder / "genimage-in"
    outputs = workshop.folder / "genimage-out"
    for folder in (inputs, outputs):
        remove(folder)
        folder.mkdir()
    (workshop.folder / "genimage.cfg").write_text(config(board, squashfs.name, output.name))
    workshop.run(f"""
        ln {workshop.there(squashfs)} {workshop.there(inputs)}/
        mkdir /tmp/root
        cd /tmp
        truncate -s {board.disk.esp_mib}M {workshop.there(inputs)}/esp.vfat
        mkfs.vfat -F 32 -n SLUIS-EFI -i {identity(board.name, "esp")[:8]} --invariant {workshop.there(inputs)}/esp.vfat
        cd {workshop.there(esp)}
        find . -mindepth 1 -type d | LC_ALL=C sort | while read -r folder; do mmd -i {workshop.there(inputs)}/esp.vfat "::$folder"; done
        find . -type f | LC_ALL=C sort | while read -r file; do mcopy -m -i {workshop.there(inputs)}/esp.vfat "$file" "::$file"; done
        truncate -s {board.disk.data_mib}M {workshop.there(inputs)}/data.ext4
        mkfs.ext4 -q -L data -U {identity(board.name, "data")} -E hash_seed={identity(board.name, "hash")},lazy_itable_init=0 \
            {workshop.there(inputs)}/data.ext4
        genimage --config {workshop.there(workshop.folder)}/genimage.cfg --rootpath /tmp/root --tmppath /tmp/genimage \
            --inputpath {workshop.there(inputs)} --outputpath {workshop.there(outputs)}
    """)
    (outputs / output.name).replace(output)
    for folder in (inputs, outputs):
        remove(folder)


def config(board, squashfs, output):
    slot = f"{board.disk.slot_mib}M"
    return f"""
image {output} {{
    hdimage {{
        partition-table-type = "gpt"
        disk-uuid = "{identity(board.name, 'disk')}"
    }}
    partition esp {{
        image = "esp.vfat"
        offset = {ESP_OFFSET}
        partition-type-uuid = "U"
        partition-uuid = "{identity(board.name, 'esp')}"
    }}
    partition rootfs-a {{
        image = "{squashfs}"
        size = {slot}
        partition-type-uuid = "L"
        partition-uuid = "{identity(board.name, 'a')}"
    }}
    partition rootfs-b {{
        size = {slot}
        partition-type-uuid = "L"
        partition-uuid = "{identity(board.name, 'b')}"
    }}
    partition data {{
        image = "data.ext4"
        partition-type-uuid = "L"
        partition-uuid = "{identity(board.name, 'data')}"
    }}
}}
"""
