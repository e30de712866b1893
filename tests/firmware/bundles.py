"""Updates for the emulated machine: one that is good, and three that must not stay."""

import bundle
import keys as signing
from workshop import remove


class Bundles:
    def __init__(self, workshop, board, squashfs, folder):
        self.workshop, self.board, self.squashfs, self.folder = workshop, board, squashfs, folder
        self.keys = workshop.folder / "keys"

    def make(self, name, squashfs, keys):
        made = self.folder / f"{name}.raucb"
        if not made.exists():
            bundle.make(self.workshop, self.board, squashfs, keys, f"test-{name}", made)
        return made.name

    def good(self):
        return self.make("good", self.squashfs, self.keys)

    def of_a_stranger(self):
        keys = self.folder / "strangers-keys"
        keys.mkdir()
        signing.firmware_keys(self.workshop, keys)
        return self.make("strangers", self.squashfs, keys)

    def without_init(self):
        """A kernel and an initrd that find nothing to start."""
        return self.make("no-init", self.changed("no-init", "boot", """
            mkdir -p data etc/sluis var/lib/sluis usr/share/sluis
        """), self.keys)

    def unhealthy(self):
        """It forwards, and sluis-control does not run."""
        return self.make("unhealthy", self.changed("unhealthy", "", """
            ln -sf /usr/bin/false usr/sbin/sluis-control
            sed -i 's/^VERSION_ID=.*/VERSION_ID=unhealthy/' usr/lib/os-release
        """), self.keys)

    def changed(self, name, part, script):
        """The slot, or a folder of it, changed by a script in its root."""
        there, squashfs = self.workshop.there, self.folder / f"{name}.squashfs"
        tree = self.folder / f"{name}.tree"
        self.workshop.run(f"""
            unsquashfs -no-xattrs -quiet -no-progress -d {there(tree)} {there(self.squashfs)} {part}
            cd {there(tree)}
            {script}
            mksquashfs . {there(squashfs)} -comp gzip -Xcompression-level 1 -no-xattrs -no-progress -quiet
        """)
        remove(tree)
        return squashfs
