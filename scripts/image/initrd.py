"""The initrd: busybox, the modules that find the slot, and boards/common/initrd-init with initrd-data."""

import shutil
from pathlib import Path

import packages
from workshop import SOURCE, remove

# Every initrd has these, and each board names the drivers of its disks.
MODULES = ["squashfs", "overlay", "ext4", "crc32c_generic", "vfat", "nls_cp437", "nls_ascii"]


def closure(root, version, wanted):
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
        elif name not in built_in and name != "crc32c_generic":
            raise KeyError(f"the kernel {version} has no module {name}")
    return [folder / path for path in order]


def name_of(path):
    return Path(path).name.split(".ko")[0].replace("-", "_")


def make(workshop, root, board, output):
    """Writes a zstd cpio. The modules are unpacked: busybox's insmod takes them as they are."""
    work = workshop.folder / "initrd"
    remove(work)
    for folder in ("bin", "modules", "proc", "sys", "dev", "run"):
        (work / folder).mkdir(parents=True)
    shutil.copy(SOURCE / "boards/common/initrd-init", work / "init")
    (work / "init").chmod(0o755)
    shutil.copy(SOURCE / "boards/common/initrd-data", work / "data.sh")
    modules = closure(root, packages.kernel_version(root), [*MODULES, *board.boot.modules])
    names = []
    for module in modules:
        shutil.copy(module, work / "modules" / module.name)
        names.append(name_of(module.name) + ".ko")
    (work / "modules/order").write_text("".join(f"{name}\n" for name in names))
    workshop.run(f"""
        cd {workshop.there(work)}
        for packed in modules/*.xz; do [ ! -e "$packed" ] || xz -d "$packed"; done
        for module in modules/*-*.ko; do [ ! -e "$module" ] || mv "$module" "$(echo "$module" | tr - _)"; done
        cp {workshop.sysroot(board.architecture)}/usr/bin/busybox bin/busybox
        for name in $(bin/busybox --list); do [ "$name" = busybox ] || ln -s busybox "bin/$name"; done
        mknod -m 600 dev/console c 5 1
        find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {{}} +
        find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0 | zstd -q -19 > {workshop.there(output)}
    """)
