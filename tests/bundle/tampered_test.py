#!/usr/bin/env python3
"""Every tampered bundle is refused with its own code, and leaves the store as it was: tampered_test.py SLUISCTL"""

import pathlib
import sys
import tempfile

import tampered_bundles
import wire
from box import Box, NOW, code_of

failures = []


def expect(name, condition, detail=""):
    if not condition:
        failures.append(name)
        print(f"FAILED {name}: {detail}")


def expect_refusal(box, name, code, result, before):
    expect(name, (code_of(result) or (0, ""))[0] == code,
           f"wanted {code}, got status {result.returncode}: {result.stdout}{result.stderr}")
    expect(name, box.snapshot() == before, "the store has changed")


def installed_box(sluisctl, folder, **keys):
    """A box with one confirmed bundle, and a fallback below it."""
    box = Box(sluisctl, folder, **keys)
    for sequence in (tampered_bundles.INSTALLED - 5, tampered_bundles.INSTALLED):
        result = box.install(wire.envelope(wire.bundle(sequence), box.rule), "--confirm")
        expect("installing", result.returncode == 0, result.stderr)
    return box


def test_rows(box):
    before = box.snapshot()
    count = 0
    for name, code, content in tampered_bundles.rows(box):
        expect_refusal(box, name, code, box.install(content), before)
        count += 1
    # The untampered one is taken: it was not something else that made the box refuse.
    result = box.install(wire.envelope(wire.bundle(tampered_bundles.INSTALLED + 1), box.rule), "--dry-run")
    expect("untampered", result.returncode == 0, result.stderr)
    return count


def test_situations(box):
    """Refusals that the box's own situation decides."""
    payload = wire.bundle(tampered_bundles.INSTALLED + 1, expires=5000000000)
    good = wire.envelope(payload, box.rule)
    before = box.snapshot()
    rows = [("clock-1970", 501, box.install(good, now="@86400")),
            ("keys-expired", 505, box.install(good, now="@4102444800"))]
    for name, code, result in rows:
        expect_refusal(box, name, code, result, before)
    verify = lambda *arguments: box.run("bundle", "verify", box.write("new.bundle", good), "--keys",
                                        box.folder / "factory.keyset", "--now", NOW, *arguments)
    expect_refusal(box, "below-floor", 404, verify("--floor", tampered_bundles.INSTALLED + 2), before)
    expect_refusal(box, "pinned-name", 902, verify("--pin", "intranet.tiktok.com"), before)
    expect_refusal(box, "no-such-file", 101, box.rules("install", box.folder / "missing"), before)
    expect_refusal(box, "a-folder", 101, box.rules("install", box.folder), before)
    result = box.install(good, "--dry-run", "--accept-clock", now="@86400")
    expect("accept-clock", result.returncode == 0, result.stderr)
    return len(rows) + 4


def test_either_s(box):
    """Of the two values that s may have, openssl and HSMs make either: both are right, and not two signatures."""
    payload, rule = wire.bundle(tampered_bundles.INSTALLED + 1), box.rule[0]
    r, s = wire.decode_dss_signature(rule.sign(wire.RULES + b"\0" + payload))
    for value in (s, wire.ORDER - s):
        signature = wire.der(wire.der_number(r), wire.der_number(value))
        result = box.install(wire.message(payload, [wire.message(rule.id, signature)]), "--dry-run")
        expect(f"s = {value:x}", result.returncode == 0, result.stderr)


def test_threshold(sluisctl, folder):
    box = installed_box(sluisctl, folder, rule_keys=3, rule_threshold=2)
    before = box.snapshot()
    payload = wire.bundle(tampered_bundles.INSTALLED + 1)
    one = wire.envelope(payload, box.rule[:1])
    expect_refusal(box, "threshold-less-one", 203, box.install(one), before)
    expect_refusal(box, "stranger-fills-up", 201, box.install(wire.envelope(payload, [box.rule[0], wire.Key()])), before)
    twice = wire.message(payload, [wire.signature(box.rule[0], wire.RULES, payload) for _ in range(2)])
    expect_refusal(box, "one-key-two-signatures", 106, box.install(twice), before)
    two = box.install(wire.envelope(payload, box.rule[1:]), "--dry-run")
    expect("threshold-reached", two.returncode == 0, two.stderr)
    return 3


def main():
    sluisctl = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="sluis-bundles-") as folder:
        folder = pathlib.Path(folder)
        box = installed_box(sluisctl, folder / "box", rule_keys=2)
        count = test_rows(box) + test_situations(box) + test_threshold(sluisctl, folder / "threshold")
        test_either_s(box)
        # What was in force before all this still is.
        expect("in force", box.boot()["sequence"] == tampered_bundles.INSTALLED)
    print(f"{count} tampered bundles, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
