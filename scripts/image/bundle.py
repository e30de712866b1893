"""The update: RAUC's verity bundle, which a box can read while it comes over the network."""

from workshop import remove


def make(workshop, board, squashfs, keys, version, output):
    content = workshop.folder / "bundle"
    remove(content)
    remove(output)
    content.mkdir()
    (content / "rootfs.squashfs").hardlink_to(squashfs)
    (content / "manifest.raucm").write_text(f"""\
[update]
compatible={board.compatible}
version={version}

[bundle]
format=verity

[image.rootfs]
filename=rootfs.squashfs
""")
    workshop.run(f"""
        rauc --cert={workshop.there(keys)}/bundle.pem --key={workshop.there(keys)}/bundle.key \
            --keyring={workshop.there(keys)}/ca.pem bundle {workshop.there(content)} {workshop.there(output)}
    """)
    remove(content)
