"""Development keys, made when they are first needed and kept in the work folder, never in the repository. Whoever ships
boxes brings keys of their own: `scripts/firmware build --keys FOLDER`."""

from pathlib import Path

MARK = "DEVELOPMENT-KEYS"
YEARS = 10


def development_keys(workshop, programs):
    """The folder with them: RAUC's authority and signer, and the rules' first key set."""
    folder = workshop.folder / "keys"
    if (folder / MARK).exists():
        if not (folder / "secure-boot.pem").exists():  # a folder that is older than these
            secure_boot_keys(workshop, folder)
        return folder
    workshop.step("making development keys")
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)
    firmware_keys(workshop, folder)
    secure_boot_keys(workshop, folder)
    workshop.run(f"""
        cd {workshop.there(folder)}
        umask 077
        sluisctl={workshop.there(programs)}/usr/bin/sluisctl
        for key in root rule; do "$sluisctl" keys make $key.pem; done
        "$sluisctl" keys set -o factory.keyset --version 1 --development --root root.pem.pub --rule rule.pem.pub \
            --expires "$(date -u -d '+{YEARS} years' +%F)"
        "$sluisctl" keys sign factory.keyset --key root.pem
        : > {MARK}
    """)
    return folder


def firmware_keys(workshop, folder):
    """Who may sign firmware, and a key that does: ca.pem and ca.key, bundle.pem and bundle.key."""
    workshop.run(f"""
        cd {workshop.there(folder)}
        umask 077
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {YEARS * 365} -keyout ca.key -out ca.pem \
            -subj '/O=Sluis/CN=Sluis DEVELOPMENT firmware authority' -addext keyUsage=critical,keyCertSign,cRLSign
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {YEARS * 365} -keyout bundle.key -out bundle.pem \
            -subj '/O=Sluis/CN=Sluis DEVELOPMENT firmware' -CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE \
            -addext keyUsage=critical,digitalSignature
    """)


def secure_boot_keys(workshop, folder):
    """What may start on a machine: secure-boot.key and secure-boot.pem. RSA of 2048 bits is what every firmware and
    GRUB know."""
    workshop.run(f"""
        cd {workshop.there(folder)}
        umask 077
        openssl req -x509 -newkey rsa:2048 -nodes -days {YEARS * 365} -keyout secure-boot.key -out secure-boot.pem \
            -subj '/O=Sluis/CN=Sluis DEVELOPMENT secure boot' -addext keyUsage=critical,digitalSignature \
            -addext extendedKeyUsage=codeSigning
    """)


def factory_bundle(workshop, programs, keys, output):
    """The rules that a box has before it is given any. The same content and key give the same signature (RFC 6979)."""
    workshop.run(f"""
        sluisctl={workshop.there(programs)}/usr/bin/sluisctl
        "$sluisctl" bundle make -o {workshop.there(output)} --sequence 1 --created "@$SOURCE_DATE_EPOCH" \
            --expires "@$((SOURCE_DATE_EPOCH + {YEARS} * 365 * 86400))" --board '*' {workshop.there(programs)}/usr/share/sluis/rules
        "$sluisctl" bundle sign {workshop.there(output)} --key {workshop.there(keys)}/rule.pem
    """)


def is_development(keys):
    return (Path(keys) / MARK).exists()
