#!/usr/bin/env python3
"""How trust moves: key sets one by one, a lost rule key, a fast-forward undone, signatures made by openssl.

keys_test.py SLUISCTL
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import wire
from box import Box
from expectations import expect, expect_code, expect_done, failures


def sign_set(payload, *keys):
    return wire.envelope(payload, keys, wire.KEY_SET)


def test_walk(box):
    """From 1 to 5: a new root key each time, thresholds of 2 from 3 on."""
    roots, sets = [box.root], []
    for version in range(2, 6):
        new = [wire.Key(), wire.Key()]
        threshold = 2 if version >= 3 else 1
        payload = wire.key_set(version, new, box.rule, root_threshold=threshold)
        sets.append(sign_set(payload, *roots[-1], *new))
        roots.append(new)
    before = box.snapshot()
    expect_code("skipping one", 201, box.install_keys(sets[1]))
    expect_code("in the wrong order", 201, box.install_keys(sets[0], sets[2], sets[1]))
    expect("nothing was stored", box.snapshot() == before or not before, "the store has changed")
    expect_done("one step", box.install_keys(sets[0]))
    expect_code("the same again", 1005, box.install_keys(sets[0]))
    expect_done("three steps", box.install_keys(*sets[1:]))
    expect("version 5", box.status()["key_set"] == 5)
    paths = [box.folder / "factory.keyset"] + [box.write(f"walk-{i}.keyset", each) for i, each in enumerate(sets)]
    expect_done("keys verify", box.run("keys", "verify", *paths))
    expect_done("a bundle under set 5", box.install(wire.envelope(wire.bundle(2), box.rule), "--confirm"))
    return roots[-1]


def set_rows(root, rule):
    """Successors of a set with version 5, two root keys and threshold 2, that must not be taken."""
    new, p384 = wire.Key(), wire.Key(wire.ec.SECP384R1)
    other_curve = wire.Key(wire.ec.SECP256K1)
    two = {"root_threshold": 2}
    good = lambda version=6, roots=root, rules=rule, **changes: wire.key_set(version, roots, rules, **{**two, **changes})
    signed = lambda payload, *keys: sign_set(payload, *(keys or root))
    yield "one root signature of two", 203, signed(good(), root[0])
    yield "signed by strangers", 201, signed(good(), new)
    yield "signed as a bundle", 202, wire.envelope(good(), root)
    yield "not by its own new root", 1008, signed(good(roots=[new], root_threshold=1))
    yield "version skipped", 1005, signed(good(7))
    yield "version kept", 1005, signed(good(5))
    yield "other product", 303, signed(good(product="other"))
    yield "real after development", 1007, signed(good(development=0))
    yield "threshold 0", 1004, signed(good(rule_threshold=0))
    yield "threshold above", 1004, signed(good(rule_threshold=2))
    yield "root threshold 0", 1004, signed(good(root_threshold=0))
    yield "key twice", 1003, signed(good(rules=[rule[0], rule[0]], rule_threshold=2))
    yield "key in two roles", 1003, signed(good(rules=[root[0]]))
    yield "key compressed", 1001, signed(good(rules=[rule[0], rule[0].compressed_spki()], rule_threshold=2))
    yield "P-384", 1001, signed(good(rules=[p384]))
    yield "secp256k1", 1001, signed(good(rules=[other_curve]))
    yield "no key", 1001, signed(good(rules=[b"key"]))
    yield "no rule keys", 1002, signed(good(rules=[]))
    yield "17 rule keys", 1002, signed(good(rules=[wire.Key() for _ in range(17)]))
    yield "version huge", 1002, signed(good(2**64 - 1))
    yield "short digest", 1002, signed(good(revoked=[b"x"]))
    yield "format", 302, signed(good(format=2))
    yield "unknown field", 301, signed(good() + wire.field(13, b"new"))
    yield "expired", 1006, signed(good(expires=1700000000))
    yield "trailing bytes", 103, signed(good()) + b"\0"


def test_bad_sets(box, root):
    before = box.snapshot()
    for name, code, content in set_rows(root, box.rule):
        expect_code(name, code, box.install_keys(content))
        expect(name, box.snapshot() == before, "the store has changed")
    expect_code("clock not set", 501, box.install_keys(sign_set(
        wire.key_set(6, root, box.rule, root_threshold=2), *root), now="@86400"))


def test_lost_rule_key(box):
    """A rule key is lost: the next key set replaces it. What is in force stays so; what it signs from then on does not."""
    expect_done("before the loss", box.install(wire.envelope(wire.bundle(2), box.rule), "--confirm"))
    lost, box.rule = box.rule, [wire.Key()]
    expect_done("new keys", box.install_keys(sign_set(wire.key_set(2, box.root, box.rule), *box.root)))
    boot = box.boot()
    expect("still in force", boot["sequence"] == 2 and boot["in_force"] == "current", boot)
    expect("an alarm", "former_keys" in box.alarms(), box.alarms())
    expect_code("signed by the lost key", 201, box.install(wire.envelope(wire.bundle(3), lost)))
    expect_done("signed by the new key", box.install(wire.envelope(wire.bundle(3), box.rule), "--confirm"))
    expect("no alarm", "former_keys" not in box.alarms(), box.alarms())


def test_fast_forward(box):
    """Who holds a stolen rule key signs the highest sequence, so that no bundle can follow. A key set undoes it."""
    expect_done("an honest bundle", box.install(wire.envelope(wire.bundle(2), box.rule), "--confirm"))
    thief, highest = box.rule, 10**12 - 1
    attack = wire.bundle(highest, min_sequence=highest)
    expect_done("the attack", box.install(wire.envelope(attack, thief), "--confirm"))
    expect_code("locked out", 402, box.install(wire.envelope(wire.bundle(3), thief)))
    box.rule = [wire.Key()]
    digest = wire.hashlib.sha256(attack).digest()
    cure = wire.key_set(2, box.root, box.rule, floor_reset=3, revoked=[digest])
    expect_done("the cure", box.install_keys(sign_set(cure, *box.root)))
    boot = box.boot()
    expect("the honest bundle is back", (boot["in_force"], boot["sequence"]) == ("previous", 2), boot)
    expect_code("the attack again", 201, box.install(wire.envelope(attack, thief)))
    expect_code("withdrawn, whoever signs it", 406, box.install(wire.envelope(attack, box.rule)))
    expect_code("below the reset", 401, box.install(wire.envelope(wire.bundle(2), box.rule)))
    expect_done("the next one", box.install(wire.envelope(wire.bundle(3), box.rule), "--confirm"))
    status = box.status()
    expect("floor and sequence", (status["installed_sequence"], status["floor"]) == (3, 2), status)


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def test_openssl(box):
    """Keys made by openssl, and a signature that only openssl has made."""
    folder, key, public = box.folder, box.folder / "openssl.pem", box.folder / "openssl.pub"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", public)
    made, payload, der = folder / "made.bundle", folder / "payload", folder / "signature.der"
    rules = box.write("rules.toml", wire.RULE_TEXT.encode())
    make = ["bundle", "make", "-o", made, "--sequence", "7", "--created", "2090-06-01", "--expires", "2091-06-01",
            "--board", "testboard", rules]
    expect_done("make", box.run(*make))
    first = made.read_bytes()
    expect_done("make again", box.run(*make))
    expect("the same bytes", made.read_bytes() == first)
    expect_done("payload", box.run("bundle", "payload", made, "-o", payload))
    expect("the payload is what is signed", payload.read_bytes().startswith(b"sluis-rules-v1\0"))
    openssl("dgst", "-sha256", "-sign", key, "-out", der, payload)
    openssl("dgst", "-sha256", "-verify", public, "-signature", der, payload)
    detached = ["bundle", "sign", made, "--signature", der, "--public-key"]
    other = box.write("other.pub", wire.Key().public_pem())
    expect("another key's", box.run(*detached, other).returncode == 1)
    expect_done("detached", box.run(*detached, public))
    set_path, root = folder / "openssl.keyset", box.write("root.pem", box.root[0].private_pem())
    root_public = box.write("root.pub", box.root[0].public_pem())
    expect_done("key set", box.run("keys", "set", "-o", set_path, "--version", 1, "--root", root_public, "--rule", public,
                                   "--expires", "2099-01-01"))
    expect_done("sign the key set", box.run("keys", "sign", set_path, "--key", root))
    verify = ["bundle", "verify", made, "--keys", set_path, "--board", "testboard", "--now", "2090-07-01"]
    expect_done("openssl's signature", box.run(*verify))
    signed = made.read_bytes()
    expect_done("signed inside", box.run("bundle", "sign", made, "--key", key))
    expect("in its place", len(signed) - 4 < len(made.read_bytes()) < len(signed) + 4)
    expect_done("our signature", box.run(*verify))
    # And openssl accepts ours.
    der.write_bytes(signature_in(made.read_bytes()))
    openssl("dgst", "-sha256", "-verify", public, "-signature", der, payload)


def signature_in(envelope):
    """The DER at the end of an envelope with one signature."""
    for start in range(len(envelope) - 1, 0, -1):
        # ECDSA-Sig-Value: a SEQUENCE that reaches to the end, behind the tag of field 2 and its length.
        if envelope[start] == 0x30 and envelope[start + 1:start + 2] == bytes([len(envelope) - start - 2]) and \
                envelope[start - 2:start] == bytes([0x12, len(envelope) - start]):
            return envelope[start:]
    raise AssertionError("no signature at the end")


def test_making_keys(box):
    """Two new files or none; nothing that is there is written over."""
    folder = box.folder
    there = box.write("root-3.pem", b"precious")
    make = lambda key, *more: box.run("keys", "make", folder / key, *more)
    rows = [("over a public key", "n.pem", ["--public", there]),
            ("one path for both", "n.pem", ["--public", folder / "n.pem"]),
            ("one file for both", "n.pem", ["--public", f"{folder}/x/../n.pem"]),
            ("nowhere", "n.pem", ["--public", folder / "missing" / "n.pub"]),
            ("over a private key", "root-3.pem", [])]
    (folder / "x").mkdir()
    for name, key, more in rows:
        expect(name, make(key, *map(str, more)).returncode == 1)
        expect(name, there.read_bytes() == b"precious", "it was written over")
        expect(name, not list(folder.glob("n.p*")) and not list(folder.glob("*.pub")), "something is left behind")
    expect_done("two new files", make("n.pem"))
    expect("modes", [(folder / name).stat().st_mode & 0o777 for name in ("n.pem", "n.pem.pub")] == [0o600, 0o644])
    expect("over n.pem.pub", make("m.pem", "--public", folder / "n.pem.pub").returncode == 1)


def test_wrong_command(box):
    """A signature for another purpose must not take the place of the right one."""
    key = box.write("rule.pem", box.rule[0].private_pem())
    root = box.write("root.pem", box.root[0].private_pem())
    bundle = box.write("2.bundle", wire.envelope(wire.bundle(2), box.rule))
    keys = box.folder / "factory.keyset"
    for group, file, signer in [("keys", bundle, key), ("bundle", keys, root)]:
        before = file.read_bytes()
        expect_code(f"{group} sign {file.name}", 301, box.run(group, "sign", file, "--key", signer))
        expect_code(f"{group} payload {file.name}", 301,
                    box.run(group, "payload", file, "-o", box.folder / "payload"))
        expect(file.name, file.read_bytes() == before, "it was changed")
    bundle.chmod(0o640)
    expect_done("the right command", box.run("bundle", "sign", bundle, "--key", key))
    expect("its mode", bundle.stat().st_mode & 0o777 == 0o640)


def test_what_is_shown(box):
    """What a stranger wrote into a bundle steers no terminal."""
    old, new = (box.write(f"{number}.bundle", wire.envelope(wire.bundle(
        number, notes=f"\x1b]0;{number}\x07\nsequence 9", origin="\x1b[2J", boards=["a\x7f\x1b[31m"]), box.rule))
        for number in (2, 3))
    shown = [box.run("bundle", "show", old), box.run("bundle", "diff", old, new)]
    for result in shown:
        expect("shown", result.returncode == 0, result.stderr)
        expect("control bytes", not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stdout), repr(result.stdout))
    expect("escaped", r"\x1b]0;2\x07\x0asequence 9" in shown[0].stdout, shown[0].stdout)
    expect("still one line", not re.search(r"^sequence 9", shown[0].stdout, re.M), shown[0].stdout)


def main():
    sluisctl = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="sluis-keys-") as folder:
        folder = pathlib.Path(folder)
        walked = Box(sluisctl, folder / "walk")
        test_bad_sets(walked, test_walk(walked))
        test_lost_rule_key(Box(sluisctl, folder / "lost"))
        test_fast_forward(Box(sluisctl, folder / "fast-forward"))
        test_openssl(Box(sluisctl, folder / "openssl"))
        test_making_keys(Box(sluisctl, folder / "making"))
        test_wrong_command(Box(sluisctl, folder / "wrong-command"))
        test_what_is_shown(Box(sluisctl, folder / "shown"))
        development = Box(sluisctl, folder / "development")
        expect("development keys are said", "development_keys" in development.alarms())
    print(f"key sets, lost keys, openssl: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
