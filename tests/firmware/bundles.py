"""Updates for the emulated machine: one that is good, and three that must not stay."""

import bundle
import keys as signing
import slot as slots
import verified
from workshop import remove


class Bundles:
    def __init__(self, workshop, board, slot, signer, folder):
        """`slot`: the image's; `signer`: who signed what starts it; None: nobody."""
        self.workshop, self.board, self.slot, self.signer, self.folder = workshop, board, slot, signer, folder
        self.keys = workshop.folder / "keys"

    def make(self, name, slot, keys):
        made = self.folder / f"{name}.raucb"
        if not made.exists():
            bundle.make(self.workshop, self.board, slot, keys, f"test-{name}", made)
        return made.name

    def good(self):
        return self.make("good", self.slot, self.keys)

    def of_a_stranger(self):
        keys = self.folder / "strangers-keys"
        keys.mkdir()
        signing.firmware_keys(self.workshop, keys)
        return self.make("strangers", self.slot, keys)

    def without_init(self):
        """A kernel and an initrd that find nothing to start."""
        return self.make("no-init", self.changed("no-init", "boot", """
            mkdir -p data etc/sluis var/lib/sluis usr/share/sluis
        """, self.signer), self.keys)

    def unhealthy(self):
        """It forwards, and sluis-control does not run."""
        return self.make("unhealthy", self.changed("unhealthy", "", """
            ln -sf /usr/bin/false usr/sbin/sluis-control
            sed -i 's/^VERSION_ID=.*/VERSION_ID=unhealthy/' usr/lib/os-release
        """, self.signer), self.keys)

    def changed(self, name, part, script, signer):
        """The slot, or a folder of it, changed by a script in its root, and signed."""
        there, slot = self.workshop.there, self.folder / f"{name}.squashfs"
        tree = self.folder / f"{name}.tree"
        if signer:
            verified.unpack_slot(self.workshop, self.slot, tree, part)
        else:
            self.workshop.run(f"unsquashfs -no-xattrs -quiet -no-progress -d {there(tree)} {there(self.slot)} {part}")
        self.workshop.run(f"cd {there(tree)}\n{script}")
        slots.pack(self.workshop, tree, signer, slot, "-Xcompression-level 1")
        remove(tree)
        return slot
