#!/usr/bin/env python3
"""Freshness notes from their making to a box's alarm, and every one that must not count: freshness_test.py SLUISCTL"""

import hashlib
import json
import pathlib
import sys
import tempfile

import wire
from box import Box, NOW
from expectations import expect, expect_code, expect_done, failures

TIME = int(NOW[1:])
HOUR = 3600


def digest(sequence):
    return hashlib.sha256(wire.bundle(sequence)).digest()


def payload(sequence=2, issued=TIME, expires=TIME + HOUR, sha256=None):
    return wire.freshness(sequence, digest(sequence) if sha256 is None else sha256, issued, expires)


def sign(content, *keys, domain=wire.FRESHNESS):
    return wire.envelope(content, keys, domain)


def rows(box, fresh):
    """Notes that a box must not take."""
    stranger = wire.Key()
    good = sign(payload(), fresh)
    yield "empty", 102, b""
    yield "too large", 102, good + bytes(4096)
    yield "cut off", 103, good[:-1]
    yield "trailing byte", 103, good + b"\0"
    yield "not signed", 104, wire.message(payload())
    yield "stranger", 201, sign(payload(), stranger)
    yield "rule key", 201, sign(payload(), *box.rule)
    yield "root key", 201, sign(payload(), *box.root)
    yield "signed as a bundle", 202, sign(payload(), fresh, domain=wire.RULES)
    yield "signed as a key set", 202, sign(payload(), fresh, domain=wire.KEY_SET)
    yield "changed", 202, wire.message(payload(3), [wire.signature(fresh, wire.FRESHNESS, payload())])
    yield "no note", 301, sign(b"\xff", fresh)
    yield "a bundle", 301, sign(wire.bundle(2), fresh)
    yield "unknown field", 301, sign(payload() + wire.field(5, b"new"), fresh)
    yield "short digest", 305, sign(payload(sha256=b"x"), fresh)
    yield "sequence 0", 403, sign(payload(0, sha256=bytes(32)), fresh)
    yield "sequence huge", 403, sign(payload(10**12, sha256=bytes(32)), fresh)
    yield "no times", 504, sign(payload(issued=0, expires=0), fresh)
    yield "disordered", 504, sign(payload(issued=TIME, expires=TIME), fresh)
    yield "from the future", 1201, sign(payload(issued=TIME + 86401, expires=TIME + 90000), fresh)
    yield "expired", 1202, sign(payload(issued=TIME - HOUR, expires=TIME), fresh)
    yield "older", 1203, sign(payload(issued=TIME - HOUR - 1), fresh)
    yield "another of its time", 1203, sign(payload(issued=TIME - HOUR, expires=TIME + 1), fresh)


def take(box, content, now=NOW):
    note = box.write("note", content)
    return box.run("freshness", "install", note, *box.store_options(now))


def alarms(box, now=NOW):
    return box.alarms(now) - {"development_keys"}


def test_box(box, fresh):
    expect("none yet", alarms(box) == {"freshness_missing"}, alarms(box))
    expect_done("the newest", take(box, sign(payload(issued=TIME - HOUR), fresh)))
    expect("no alarm", alarms(box) == set(), alarms(box))
    before = box.snapshot()
    for name, code, content in rows(box, fresh):
        expect_code(name, code, take(box, content))
        expect(name, box.snapshot() == before, "the store has changed")
    expect_code("no clock", 501, take(box, sign(payload(), fresh), "@86400"))
    expect("expired since", alarms(box, f"@{TIME + HOUR}") == {"note_expired"}, alarms(box, f"@{TIME + HOUR}"))
    expect_code("a newer one is there", 1204, take(box, sign(payload(3), fresh)))
    expect("it is remembered all the same", alarms(box) == {"bundle_outdated"}, alarms(box))
    expect("what it says", box.status()["newest"]["sha256"] == digest(3).hex(), box.status())
    expect_done("the newer one", box.install(wire.envelope(wire.bundle(3), box.rule), "--confirm"))
    expect("up to date", alarms(box) == set(), alarms(box))
    expect_code("another bundle 3", 1205, take(box, sign(payload(3, issued=TIME + 1, sha256=bytes(32)), fresh)))
    expect("which one is it", alarms(box) == {"bundle_unlisted"}, alarms(box))


def test_commands(box, fresh):
    """As people make and check one."""
    key, public = box.write("fresh.pem", fresh.private_pem()), box.write("fresh.pub", fresh.public_pem())
    bundle, old = (box.write(f"{n}.bundle", wire.envelope(wire.bundle(n), box.rule)) for n in (9, 8))
    note, keys = box.folder / "9.note", box.folder / "factory.keyset"
    make = ["freshness", "make", "-o", note, "--bundle", bundle, "--issued", NOW]
    expect_code("disordered", 504, box.run(*make, "--expires", NOW))
    expect_done("make", box.run(*make, "--expires", f"@{TIME + HOUR}"))
    expect("as the other encoder makes it", note.read_bytes() == wire.message(payload(9)), note.read_bytes())
    expect_code("signed as a bundle", 301, box.run("bundle", "sign", note, "--key", key))
    expect_code("signed as a key set", 301, box.run("keys", "sign", note, "--key", key))
    expect_code("a bundle is no note", 301, box.run("freshness", "sign", old, "--key", key))
    expect_done("payload", box.run("freshness", "payload", note, "-o", box.folder / "bytes"))
    expect("what is signed", (box.folder / "bytes").read_bytes() == wire.FRESHNESS + b"\0" + payload(9))
    signature = box.write("der", fresh.sign(wire.FRESHNESS + b"\0" + payload(9)))
    expect_done("detached", box.run("freshness", "sign", note, "--signature", signature, "--public-key", public))
    expect_done("inside", box.run("freshness", "sign", note, "--key", key))
    shown = box.run("freshness", "show", note, "-o", "json")
    expect("shown", json.loads(shown.stdout)["signed_by"] == [fresh.id.hex()], shown.stdout)
    verify = lambda *more: box.run("freshness", "verify", note, "--keys", keys, *map(str, more))
    expect_done("verified", verify("--now", NOW, "--bundle", bundle))
    expect_code("not for an older one", 1204, verify("--now", NOW, "--bundle", old))
    expect_code("not for ever", 1202, verify("--now", f"@{TIME + HOUR}"))


def main():
    with tempfile.TemporaryDirectory(prefix="sluis-fresh-") as folder:
        fresh = wire.Key()
        box = Box(sys.argv[1], pathlib.Path(folder) / "box", freshness=[fresh])
        expect_done("installing", box.install(wire.envelope(wire.bundle(2), box.rule), "--confirm"))
        test_box(box, fresh)
        test_commands(box, fresh)
    print(f"freshness notes: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
