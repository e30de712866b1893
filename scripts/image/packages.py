"""The Debian part of an image: its packages, and what an appliance needs of them."""

import shutil
from pathlib import Path

from workshop import LAYER_EPOCH, LEFT_OUT, SOURCE, remove

LIST = SOURCE / "boards/common/packages"
# dpkg's list of what is installed stays: it is the bill of materials.
REMOVED = ["var/lib/apt", "var/cache", "var/log", "var/lib/dpkg/info", "usr/share/perl", "usr/lib/apt", "usr/share/bash-completion",
           "usr/share/zoneinfo-icu", "usr/share/i18n", "usr/share/common-licenses.d", "boot/System.map*", "boot/config-*",
           "usr/lib/*/perl*", "usr/bin/perl*", "usr/share/polkit-1", "usr/lib/udev/hwdb.d", "etc/udev/hwdb.bin", "usr/lib/udev/hwdb.bin",
           "usr/lib/firmware", "etc/machine-id", "var/lib/dbus/machine-id", "etc/resolv.conf", "etc/hostname",
           "etc/ssh", "usr/lib/grub/*", "usr/share/initramfs-tools", "usr/lib/initramfs-tools", "usr/lib/klibc", "etc/initramfs-tools",
           "usr/share/lintian", "usr/share/bug", "usr/share/perl5", "usr/share/zsh", "usr/share/info"]
# Families of kernel modules that no filtering bridge uses.
REMOVED_MODULES = ["drivers/gpu", "drivers/media", "drivers/infiniband", "drivers/isdn", "drivers/staging", "drivers/iio",
                   "drivers/net/wireless", "drivers/bluetooth", "drivers/nfc", "drivers/video", "drivers/hid", "drivers/input",
                   "drivers/scsi", "drivers/target", "drivers/mtd", "drivers/firewire", "drivers/accessibility", "drivers/comedi",
                   "drivers/parport", "drivers/pcmcia", "drivers/gnss", "drivers/net/can", "drivers/net/hamradio", "drivers/net/ieee802154",
                   "drivers/net/wan", "drivers/net/fddi", "drivers/net/arcnet", "drivers/net/wwan", "drivers/block/drbd",
                   "sound", "net/bluetooth", "net/wireless", "net/mac80211", "net/nfc", "net/can", "net/ax25", "net/netrom",
                   "net/rose", "net/sctp", "net/tipc", "net/rds", "net/dccp", "net/atm", "net/appletalk", "net/ceph", "net/9p",
                   "fs/btrfs", "fs/xfs", "fs/ocfs2", "fs/gfs2", "fs/jfs", "fs/reiserfs", "fs/ceph", "fs/nfs", "fs/nfsd", "fs/smb",
                   "fs/afs", "fs/ubifs", "fs/f2fs", "fs/ntfs3", "fs/bcachefs", "fs/orangefs", "fs/nilfs2", "fs/udf", "fs/dlm",
                   "fs/coda", "fs/hfs", "fs/hfsplus", "fs/minix", "fs/sysv", "fs/ufs", "fs/qnx4", "fs/qnx6", "fs/befs"]
KEPT_MODULES = ["drivers/scsi/sd_mod", "drivers/scsi/scsi_mod", "drivers/scsi/scsi_common", "drivers/hid/hid.ko",
                "drivers/hid/hid-generic", "drivers/hid/usbhid/usbhid"]


def listed(architecture):
    """The packages of boards/common/packages for one architecture."""
    names = []
    for line in LIST.read_text().splitlines():
        line = line.partition("#")[0].strip()
        only, colon, rest = line.partition(":")
        if not colon or only == architecture:
            names += (rest if colon else line).split()
    return names


def make_base(workshop, architecture):
    """The layer of an architecture: packages, unpacked and configured, and made smaller."""
    names = listed(architecture)

    def make(root):
        options = ["--dpkgopt=path-include=/usr/share/doc/*/copyright",
                   "--dpkgopt=path-exclude=/etc/kernel/postinst.d/initramfs-tools", f"--architectures={architecture}"]
        workshop.debian(root, "essential", names, *options)
        trim(root)

    return workshop.layer(f"base-{architecture}", [LAYER_EPOCH, *names, *LEFT_OUT, *REMOVED, *REMOVED_MODULES, *KEPT_MODULES], make)


def trim(root):
    for pattern in REMOVED:
        for path in root.glob(pattern):
            remove(path)
    for folder in ("var/lib/apt", "var/cache", "var/log", "usr/lib/firmware", "var/tmp"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "etc/machine-id").write_text("")  # made at each first start
    for name in ("initrd.img", "initrd.img.old", "vmlinuz", "vmlinuz.old"):
        remove(root / name)
    for modules in (root / "usr/lib/modules").iterdir():
        trim_modules(modules / "kernel")


def trim_modules(kernel):
    kept = {}
    for name in KEPT_MODULES:
        for path in kernel.glob(name + "*"):
            kept[path] = path.read_bytes()
    for family in REMOVED_MODULES:
        shutil.rmtree(kernel / family, ignore_errors=True)
    for path, content in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def bill_of_materials(root):
    """Name, version and source of each package, as SPDX 2.3's packages."""
    found = []
    for paragraph in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if line[:1].strip() and ": " in line)
        if fields.get("Status", "").endswith(" installed"):
            found.append(fields)
    return [{"SPDXID": f"SPDXRef-{fields['Package'].replace('+', '-plus')}", "name": fields["Package"],
             "versionInfo": fields["Version"], "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION",
             "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                               "referenceLocator": f"pkg:deb/debian/{fields['Package']}@{fields['Version']}?arch={fields['Architecture']}"}]}
            for fields in sorted(found, key=lambda fields: fields["Package"])]


def kernel_version(root):
    versions = sorted(path.name for path in (Path(root) / "usr/lib/modules").iterdir())
    return versions[-1]
