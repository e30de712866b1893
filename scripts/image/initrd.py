"""The initrd: busybox, the modules that find the slot, and boards/common/initrd-init with initrd-data. And what is added to
it for an installer: boards/common/installer, and drivers of sticks, keyboards and ports."""

import shutil
from pathlib import Path

import packages
from workshop import SOURCE, TRIPLETS, remove

COMMON = SOURCE / "boards/common"
# Every initrd has these, and each board names the drivers of its disks.
MODULES = ["squashfs", "overlay", "ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii"]
VERITY_MODULES = ["dm_mod", "dm_verity"]
# Of these, an installer has what there is in the kernel.
INSTALLER_MODULES = ["xhci_pci", "ehci_pci", "usb_storage", "uas", "sd_mod", "usbhid", "hid_generic", "ahci", "nvme",
                     "virtio_net", "e1000e", "igb", "igc", "ixgbe", "i40e", "r8169", "vmxnet3", "af_packet"]


def closure(root, version, wanted, *, may_lack=False):
    """The modules and all that they need, in an order in which each can be loaded."""
    folder = Path(root) / "usr/lib/modules" / version
    needs, built_in = {}, set()
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    for line in (folder / "modules.builtin").read_text().splitlines():
        built_in.add(name_of(line))
    by_name = {name_of(path): path for path in needs}
    order = []

    def visit(path):
        for needed in reversed(needs[path]):  # modules.dep has the deepest last
            if needed not in order:
                visit(needed)
        if path not in order:
            order.append(path)

    for name in wanted:
        if name in by_name:
            visit(by_name[name])
        elif name not in built_in and name != "crc32c_generic" and not may_lack:
            raise KeyError(f"the kernel {version} has no module {name}")
    return [folder / path for path in order]


def name_of(path):
    return Path(path).name.split(".ko")[0].replace("-", "_")


def make(workshop, root, board, output, *, is_verified):
    """Writes a zstd cpio. `is_verified`: it takes no slot but one that dm-verity vouches for."""
    work = begin(workshop, "initrd", ("bin", "proc", "sys", "dev", "run"))
    shutil.copy(COMMON / "initrd-init", work / "init")
    (work / "init").chmod(0o755)
    shutil.copy(COMMON / "initrd-data", work / "data.sh")
    wanted = [*MODULES, *board.boot.modules, *(VERITY_MODULES if is_verified else [])]
    add_modules(work, closure(root, packages.kernel_version(root), wanted), "order")
    if is_verified:
        (work / "verified").write_text("")
        add_program(workshop, board, work, "dmsetup")
    workshop.run(f"""
        cd {workshop.there(work)}
        cp {workshop.sysroot(board.architecture)}/usr/bin/busybox bin/busybox
        for name in $(bin/busybox --list); do [ "$name" = busybox ] || ln -s busybox "bin/$name"; done
        mknod -m 600 dev/console c 5 1
    """)
    pack(workshop, work, output)


def make_installer(workshop, root, board, output):
    """Writes what the boot loader lays over the initrd."""
    work = begin(workshop, "installer", ())
    for name in ("installer", "installer-disks", "installer-address"):
        shutil.copy(COMMON / name, work / name)
    (work / "installer-address").chmod(0o755)
    version = packages.kernel_version(root)
    already = closure(root, version, [*MODULES, *board.boot.modules])
    more = [module for module in closure(root, version, INSTALLER_MODULES, may_lack=True) if module not in already]
    add_modules(work, more, "installer-order")
    pack(workshop, work, output)


def begin(workshop, name, folders):
    work = workshop.folder / name
    remove(work)
    for folder in ("modules", *folders):
        (work / folder).mkdir(parents=True)
    return work


def add_modules(work, modules, order):
    """And a list of them. Unpacked, since busybox's insmod takes them as they are; their signatures are still there."""
    names = [f"{name_of(module.name)}.ko" for module in modules]
    for module in modules:
        shutil.copy(module, work / "modules" / module.name)
    (work / "modules" / order).write_text("".join(f"{name}\n" for name in names))


def add_program(workshop, board, work, name):
    """With its libraries, out of Debian's package of it."""
    root, triplet = workshop.sysroot(board.architecture), TRIPLETS[board.architecture]
    workshop.run(f"""
        cd {workshop.there(work)}
        mkdir -p lib lib64
        cp {root}/usr/sbin/{name} bin/
        wanted=bin/{name}
        while [ -n "$wanted" ]; do
            readelf -d $wanted | sed -n 's/.*(NEEDED).*\\[\\(.*\\)\\]/\\1/p' | sort -u >/tmp/libraries
            wanted=
            while read -r library; do
                [ ! -e "lib/$library" ] || continue
                cp -L {root}/usr/lib/{triplet}/"$library" lib/
                wanted="$wanted lib/$library"
            done </tmp/libraries
        done
        interpreter=$(readelf -l bin/{name} | sed -n 's/.*interpreter: \\(.*\\)\\]/\\1/p')
        [ -e ".$interpreter" ] || cp -L {root}/usr/lib/{triplet}/"$(basename "$interpreter")" ".$interpreter"
    """)


def pack(workshop, work, output):
    workshop.run(f"""
        cd {workshop.there(work)}
        for packed in modules/*.xz; do [ ! -e "$packed" ] || xz -d "$packed"; done
        for module in modules/*-*.ko; do [ ! -e "$module" ] || mv "$module" "$(echo "$module" | tr - _)"; done
        find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {{}} +
        find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0 | zstd -q -19 > {workshop.there(output)}
    """)
