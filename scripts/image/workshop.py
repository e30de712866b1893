"""Where an image is made: one Debian 13 root that holds every tool, and layers that are kept between builds.

All of it is below one folder, build/firmware of the source tree. A layer is made anew when what it is made of changes.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
SUITE = "trixie"
# Debian's names of an architecture: of its compiler and folders of libraries, and in QEMU's emulators.
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
EMULATORS = {"amd64": "qemu-x86_64", "arm64": "qemu-aarch64"}
# What runs in the root of tools, whatever an image is for: compilers; makers of file systems, disks and bundles.
TOOLS = ("g++ cmake ninja-build pkgconf ccache protobuf-compiler libglib2.0-dev-bin "
         "genimage squashfs-tools mtools dosfstools rauc grub-common e2fsprogs cpio "
         "kmod openssl ca-certificates fdisk zstd xz-utils systemd "
         "sbsigntool cryptsetup-bin python3-cryptography python3-virt-firmware").split()
# What goes into an image by the way of tools: Sluis's libraries, the boot loader's modules, the initrd's programs.
LIBRARIES = ("libc6-dev libstdc++-14-dev libdpdk-dev libmbedtls-dev nettle-dev libtomlplusplus-dev libexpected-dev "
             "libfmt-dev libcli11-dev nlohmann-json3-dev libevent-dev libcurl4-openssl-dev libglib2.0-dev tzdata "
             "libprotobuf-dev zlib1g-dev libsqlite3-dev libgtest-dev libgmock-dev busybox-static dmsetup").split()
OWN_LIBRARIES = {"amd64": ["libhyperscan-dev", "libipsec-mb-dev", "grub-efi-amd64-bin"],
                 "arm64": ["libvectorscan-dev", "grub-efi-arm64-bin"]}
# Nobody reads these in an image, and compilers do not miss them.
LEFT_OUT = ["/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/doc/*"]
# Debian's packages are set up as if on this day: a layer outlives commits, and the days of passwords are in it.
LAYER_EPOCH = "1735689600"  # 2025-01-01
# Within the root of tools:
SOURCE_THERE, WORK_THERE = "/src", "/build"
# mmdebstrap notes nothing of what it only unpacks: in the form of dpkg's list, for the bill of materials.
NOTE_UNPACKED = ('--extract-hook=for deb in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb -f "$deb"; '
                 'printf "Status: install ok installed\\n\\n"; done >"$1/var/lib/dpkg/status"')
BINARY_FORMATS = Path("/proc/sys/fs/binfmt_misc")


class ImageError(Exception):
    """What failed, and where its output is."""


class Workshop:
    def __init__(self, folder, epoch):
        self.folder = Path(folder).resolve()
        self.epoch = str(epoch)  # seconds since 1970: the time of every file in an image
        self.tools = self.folder / "tools"
        self.log = self.folder / "log"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")

    def step(self, what):
        print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)

    def call(self, command, **more):
        """On this machine. Its output goes to the log."""
        with open(self.log, "a") as log:
            print("+", *command, file=log, flush=True)
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)
        if done.returncode:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise ImageError(f"{Path(command[0]).name} failed with {done.returncode}; the end of {self.log}:\n{tail}")

    def run(self, script, **variables):
        """A shell script in the root of tools, with the sources at /src, this folder at /build, and variables."""
        mounts = (f"mount --bind {SOURCE} {self.tools}{SOURCE_THERE} && mount -o remount,ro,bind {self.tools}{SOURCE_THERE} && "
                  f"mount --bind {self.folder} {self.tools}{WORK_THERE} && mount -t proc proc {self.tools}/proc && "
                  f"mount --rbind /dev {self.tools}/dev && mount -t tmpfs tmpfs {self.tools}/tmp && ")
        environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/tmp", "TZ=UTC",
                       f"SOURCE_DATE_EPOCH={self.epoch}", f"CCACHE_DIR={WORK_THERE}/ccache",
                       f"QEMU_LD_PREFIX={self.sysroot(other_architecture())}",
                       *(f"{name}={value}" for name, value in variables.items())]
        self.call(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-c",
                   mounts + 'exec chroot "$@"', "sh", self.tools, *environment, "sh", "-euc", script])

    def there(self, path):
        """A path of this folder, as it is called in the root of tools."""
        return f"{WORK_THERE}/{Path(path).relative_to(self.folder)}"

    def layer(self, name, inputs, make):
        """The folder of a layer; `make` fills it, when it is not there or was made of other inputs."""
        folder, stamp = self.folder / name, self.folder / f"{name}.made-of"
        wanted = hashlib.sha256("\n".join(inputs).encode()).hexdigest()
        if folder.exists() and stamp.exists() and stamp.read_text() == wanted:
            return folder
        self.step(f"making {name}")
        new = self.folder / f"{name}.new"
        for old in (new, folder):
            remove(old)
        stamp.unlink(missing_ok=True)
        make(new)
        new.rename(folder)
        stamp.write_text(wanted)
        return folder

    def debian(self, root, variant, packages, *more):
        """A Debian root of these packages, from where this machine takes Debian."""
        options = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
        self.call(["mmdebstrap", "--mode=root", f"--variant={variant}", "--format=directory",
                   '--aptopt=APT::Install-Recommends "false"', *options, *more, f"--include={','.join(packages)}",
                   SUITE, root], env={**os.environ, "SOURCE_DATE_EPOCH": LAYER_EPOCH})

    def make_tools(self, architecture):
        """The root of tools, with all that makes images for this machine's architecture and the given one."""
        host = host_architecture()
        compiler = f"g++-{TRIPLETS[other_architecture()]}".replace("_", "-")
        names = [*TOOLS, compiler, *libraries_of(host)]

        def make(root):
            self.debian(root, "minbase", names)
            for folder in (SOURCE_THERE, WORK_THERE):
                (root / folder[1:]).mkdir()
        self.layer("tools", [SUITE, *names], make)
        if architecture != host:
            self.make_sysroot(architecture)
            self.emulate(architecture)

    def make_sysroot(self, architecture):
        """Another architecture's libraries: unpacked, since nothing of them is run, and not configured."""
        names = libraries_of(architecture)

        def make(root):
            self.debian(root, "extract", names, f"--architectures={architecture}", NOTE_UNPACKED)
            if not (root / "lib").exists():
                (root / "lib").symlink_to("usr/lib")
        self.layer(f"sysroot-{architecture}", [SUITE, *names], make)

    def libraries(self, architecture):
        """The root that an architecture's libraries are in."""
        return self.tools if architecture == host_architecture() else self.folder / f"sysroot-{architecture}"

    def sysroot(self, architecture):
        """The same, as it is called in the root of tools."""
        return "" if architecture == host_architecture() else self.there(self.libraries(architecture))

    def emulate(self, architecture):
        """Has this machine's kernel start another architecture's programs by QEMU, in the root of tools, too."""
        if not (BINARY_FORMATS / "register").exists():
            self.call(["mount", "-t", "binfmt_misc", "binfmt_misc", BINARY_FORMATS])
        if not (BINARY_FORMATS / EMULATORS[architecture]).exists():
            self.call(["update-binfmts", "--enable", EMULATORS[architecture]])


def remove(path):
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def libraries_of(architecture):
    return [*LIBRARIES, *OWN_LIBRARIES[architecture]]


def host_architecture():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def other_architecture():
    """What this machine's kernel has QEMU run, where it is asked to."""
    return next(name for name in TRIPLETS if name != host_architecture())


def fail(message):
    print(f"scripts/firmware: {message}", file=sys.stderr)
    sys.exit(1)
