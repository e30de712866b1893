"""The content of a slot: Debian's part, Sluis, what the board says, and a kernel. One squashfs that GRUB can read; or, where
the boot chain is verified, two."""

import datetime
import json
import shutil

import board as boards
import initrd
import keys as signing
import packages
import page_packages
import verified
from workshop import SOURCE, remove

COMMON = SOURCE / "boards/common"
UNITS = "usr/lib/systemd/system"
FIRST_ID = 850  # of Sluis's users and groups
ENABLED = {"sysinit.target": ["sluis-dataplane.service", "sluis-guard.service"],
           "multi-user.target": ["sluis-control.service", "sluis-enrol.service", "sluis-health.service",
                                 "sluis-console.service", "systemd-networkd.service", "systemd-resolved.service",
                                 "chrony.service"],
           "paths.target": ["sluis-reset.path", "sluis-restart.path"],
           "sockets.target": ["systemd-networkd.socket"]}
# No login anywhere, and nothing that a box of this kind waits for or never needs.
MASKED = ["getty.target", "serial-getty@.service", "getty@.service", "console-getty.service", "apt-daily.timer",
          "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
          "systemd-pcrphase.service", "systemd-firstboot.service", "systemd-networkd-wait-online.service",
          "systemd-hwdb-update.service", "systemd-update-done.service", "ldconfig.service", "systemd-journal-catalog-update.service",
          "systemd-update-utmp.service", "systemd-sysusers.service", "modprobe@drm.service", "rescue.service", "emergency.service",
          "debug-shell.service", "ctrl-alt-del.target", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "rauc-mark-good.service"]
# What else comes up early. It can wait until frames cross: nothing of it is needed for that, and together they take longer.
AFTER_DATAPLANE = ["systemd-udevd.service", "systemd-udev-trigger.service", "systemd-resolved.service",
                   "systemd-tmpfiles-setup.service", "systemd-journal-flush.service", "systemd-random-seed.service",
                   "sysinit.target"]
# systemd asks each of them at every start what else there is to do: of a box there is nothing that its units do not say.
GENERATORS = ["debug", "fstab", "getty", "gpt-auto", "hibernate-resume", "rc-local", "run", "ssh", "system-update", "sysv", "tpm2"]
# Of the kernel's security modules those that ask for no policy of their own.
SECURITY_MODULES = "lsm=landlock,lockdown,yama,integrity"


def make(workshop, base, programs, board, keys, version, plots, *, is_verified):
    """The folder of the slot's files. `plots`: what the status page has of npm; None: nothing. `is_verified`: it starts only
    as pack() makes it with a signer."""
    root = workshop.folder / "slot"
    remove(root)
    workshop.call(["cp", "-a", "--reflink=auto", base, root])
    workshop.call(["cp", "-a", f"{programs}/.", root])
    check_libraries(workshop, root, programs)
    add_board(root, board)
    add_common(root)
    add_rauc(root, board, keys, version)
    add_factory(workshop, root, programs, board, keys)
    for target, units in ENABLED.items():
        for unit in units:
            link(root / f"{UNITS}/{target}.wants/{unit}", f"../{unit}")
    for unit in MASKED:
        link(root / f"etc/systemd/system/{unit}", "/dev/null")
    for generator in GENERATORS:
        link(root / f"etc/systemd/system-generators/systemd-{generator}-generator", "/dev/null")
    link(root / "etc/systemd/system/default.target", "/usr/lib/systemd/system/multi-user.target")
    add_users(root)
    workshop.run(f"systemd-sysusers --root={workshop.there(root)}")
    own_factory(workshop, root)
    add_boot(workshop, root, board, is_verified)
    add_bill(workshop, root, board, version, plots)
    return root


def check_libraries(workshop, root, programs):
    """What the programs are linked with is there."""
    workshop.run(f"""
        cd {workshop.there(programs)}
        find usr -type f -perm -100 -exec readelf -d {{}} + | sed -n 's/.*(NEEDED).*\\[\\(.*\\)\\]/\\1/p' | sort -u |
            while read -r library; do
                [ -e {workshop.there(root)}/usr/lib/*/"$library" ] || echo "boards/common/packages lacks what has $library"
            done >/tmp/lacking
        cat /tmp/lacking
        [ ! -s /tmp/lacking ]
    """)


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def write(root, path, text, mode=0o644):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def add_common(root):
    """boards/common/root lies over all images' roots; its scripts are executable."""
    workspace = COMMON / "root"
    for source in sorted(workspace.rglob("*")):
        if source.is_file():
            target = root / source.relative_to(workspace)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    for folder in ("data", "efi", "etc/sluis", "var/lib/sluis"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    link(root / "etc/resolv.conf", "/run/systemd/resolve/resolv.conf")


def add_users(root):
    """The same numbers in every image: files on the data partition outlive it."""
    lines = (COMMON / "systemd/sluis.sysusers").read_text().splitlines()
    numbers = iter(range(FIRST_ID, FIRST_ID + 10))
    fixed = [line.replace(" -", f" {next(numbers)}", 1) if line.startswith(("g ", "u ")) else line for line in lines]
    write(root, "etc/sysusers.d/sluis.conf", "\n".join(fixed) + "\n")


def add_board(root, board):
    libexec = root / "usr/libexec/sluis"
    libexec.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(COMMON / "setup-board", libexec / "setup-board")
    (libexec / "setup-board").chmod(0o755)
    write(root, "usr/libexec/sluis/board", boards.setup_variables(board))
    write(root, "usr/lib/modules-load.d/watchdog.conf", f"{board.watchdog.driver}\n")
    write(root, "etc/systemd/system.conf.d/watchdog.conf",
          f"[Manager]\nRuntimeWatchdogSec={board.watchdog.seconds}\nRebootWatchdogSec=120\nDefaultTimeoutStopSec=20\n")
    write(root, "etc/hostname", f"{board.compatible}\n")
    for port in board.port:
        if port.role == "management":
            write(root, "usr/lib/systemd/network/50-management.network",
                  f"# Port {port.label}. A file of the same name in /etc/sluis/network takes its place.\n"
                  f"[Match]\nPath=pci-{port.address}*\n\n[Network]\nDHCP=yes\nIPv6AcceptRA=yes\nLLDP=no\n")
    if board.dpdk.binding != "kernel":  # whose interfaces have their names from udev
        write(root, f"{UNITS}/sluis-dataplane.service.d/early.conf", f"[Unit]\nBefore={' '.join(AFTER_DATAPLANE)}\n")
    if board.dpdk.binding == "uio_pci_generic":  # addresses of frames are physical ones, which only this capability shows
        write(root, f"{UNITS}/sluis-dataplane.service.d/uio.conf",
              "[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_RAWIO\nProtectKernelTunables=no\n")


def add_rauc(root, board, keys, version):
    write(root, "etc/rauc/system.conf", f"""\
[system]
compatible={board.compatible}
bootloader=grub
grubenv=/efi/grubenv
bundle-formats=verity
data-directory=/data/rauc
mountprefix=/run/rauc

[keyring]
path=/etc/rauc/keyring.pem

[slot.rootfs.0]
device=/dev/disk/by-partlabel/rootfs-a
type=raw
bootname=A

[slot.rootfs.1]
device=/dev/disk/by-partlabel/rootfs-b
type=raw
bootname=B
""")
    shutil.copyfile(keys / "ca.pem", root / "etc/rauc/keyring.pem")
    write(root, "usr/lib/os-release", f"""\
NAME="Sluis"
ID=sluis
ID_LIKE=debian
VERSION_ID={version}
PRETTY_NAME="Sluis {version} for {board.title}"
VARIANT_ID={board.name}
""")


def add_factory(workshop, root, programs, board, keys):
    """What a box begins with: rules that are signed, a configuration, and empty folders, as /data gets them."""
    share = root / "usr/share/sluis"
    shutil.copyfile(keys / "factory.keyset", share / "factory.keyset")
    bundle = workshop.folder / "factory.bundle"
    signing.factory_bundle(workshop, programs, keys, bundle)
    shutil.copyfile(bundle, share / "factory.bundle")
    for folder in ("etc-sluis/network", "etc-sluis/time", "var-lib-sluis/rules", "rauc"):
        (share / "data" / folder).mkdir(parents=True, exist_ok=True)
    write(root, "usr/share/sluis/data/etc-sluis/sluis.toml", boards.sluis_config(board), 0o640)


def own_factory(workshop, root):
    """Owners by the image's own users, which this machine does not know."""
    ids = {}
    for line in (root / "etc/passwd").read_text().splitlines():
        fields = line.split(":")
        ids[fields[0]] = (int(fields[2]), int(fields[3]))
    user, group = ids["sluis"]
    data = root / "usr/share/sluis/data"
    for path in (data / "etc-sluis").rglob("*"):
        shutil.chown(path, 0, group)
    shutil.chown(data / "etc-sluis", 0, group)
    for path in (data / "var-lib-sluis", data / "var-lib-sluis/rules"):
        shutil.chown(path, user, group)
        path.chmod(0o750)
    (data / "etc-sluis").chmod(0o770)
    (data / "etc-sluis/network").chmod(0o755)
    (data / "rauc").chmod(0o700)


def add_boot(workshop, root, board, is_verified):
    kernels = sorted((root / "boot").glob("vmlinuz-*"))
    shutil.move(kernels[-1], root / "boot/vmlinuz")
    for other in (root / "boot").glob("*-*"):
        remove(other)
    workshop.run(f"depmod -b {workshop.there(root)} {packages.kernel_version(root)}")
    arguments = " ".join(["quiet", "panic=10", SECURITY_MODULES, *boards.kernel_arguments(board)])
    write(root, "boot/kernel.cfg", f'set kernel_arguments="{arguments}"\n')
    initrd.make(workshop, root, board, root / "boot/initrd", is_verified=is_verified)
    initrd.make_installer(workshop, root, board, root / "boot/installer")


# Sources that Sluis's programs are compiled with, and no package of the image shows.
COMPILED_IN = ["nlohmann-json3-dev", "libcli11-dev", "libexpected-dev", "libtomlplusplus-dev"]


def add_bill(workshop, root, board, version, plots):
    """The bill of materials, in SPDX 2.3, and Sluis's own licence. Debian's are in usr/share/doc and common-licenses."""
    sluis = {"SPDXID": "SPDXRef-sluis", "name": "sluis", "versionInfo": version, "licenseDeclared": "Apache-2.0",
             "licenseConcluded": "Apache-2.0", "downloadLocation": "NOASSERTION", "filesAnalyzed": False}
    installed = packages.bill_of_materials(root)
    compiled_in = [entry for entry in packages.bill_of_materials(workshop.libraries(board.architecture)) if entry["name"] in COMPILED_IN]
    if plots:
        compiled_in += page_packages.bill_of_materials(plots)
    made = datetime.datetime.fromtimestamp(int(workshop.epoch), datetime.timezone.utc)
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", entry["SPDXID"]) for entry in (sluis, *installed)]
    relations += [("SPDXRef-sluis", "CONTAINS", entry["SPDXID"]) for entry in compiled_in]
    bill = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": f"sluis-{version}-{board.name}", "documentNamespace": f"urn:sluis:{board.name}:{version}",
            "creationInfo": {"creators": ["Tool: scripts/firmware"], "created": f"{made:%Y-%m-%dT%H:%M:%SZ}"},
            "packages": [sluis, *installed, *compiled_in],
            "relationships": [{"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": related}
                              for element, kind, related in relations]}
    write(root, "usr/share/sluis/sbom.spdx.json", json.dumps(bill, indent=1) + "\n")
    shutil.copyfile(SOURCE / "LICENSE", root / "usr/share/sluis/LICENSE")


def pack(workshop, root, signer, output, options=""):
    """What a slot's partition holds, of a folder. `signer`: whose signatures its start is verified by; None: nobody's."""
    if signer:
        verified.make_slot(workshop, signer, squash, root, output, options)
    else:
        squash(workshop, root, output, options)


def squash(workshop, root, output, options=""):
    """gzip, since GRUB reads the kernel out of it. Each file has the commit's time, however old its layer is."""
    remove(output)
    workshop.run(f"env -u SOURCE_DATE_EPOCH mksquashfs {workshop.there(root)} {workshop.there(output)} -comp gzip -noappend "
                 f"-no-xattrs -no-progress -quiet -mkfs-time {workshop.epoch} -all-time {workshop.epoch} {options}")
