#!/usr/bin/env python3
"""sluis-inspect judges a capture by a signed bundle: inspect_test.py SLUISCTL SLUIS-INSPECT CAPTURE

CAPTURE holds a hello for www.tiktok.com.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import wire
from box import TIMEOUT, Box
from expectations import expect, failures

OTHER_RULES = wire.RULE_TEXT.replace("tiktok.com", "musical.ly")
NO_TESTS = {"tests": []}


def inspect(*arguments):
    return subprocess.run(list(map(str, [sys.argv[2], *arguments])), capture_output=True, text=True, timeout=TIMEOUT)


def verdicts(result):
    return {finding["name"]: finding["verdict"] for finding in map(json.loads, result.stdout.splitlines())}


def expect_refused(name, status, text, result):
    right = result.returncode == status and text in result.stderr and result.stderr.count("\n") == 1 and not result.stdout
    expect(name, right, f"wanted {status} and {text!r}, got {result.returncode}: {result.stdout}{result.stderr}")


def main():
    capture = sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="sluis-inspect-") as folder:
        box = Box(sys.argv[1], folder)
        keys = ["--keys", box.folder / "factory.keyset"]
        judge = lambda content, *options: inspect("--json", "--rules", box.write("judge.bundle", content), *options, capture)
        sign = lambda payload, *signers: wire.envelope(payload, signers or box.rule)

        for name, content, verdict in [
            ("a bundle with the rule", sign(wire.bundle(2)), "block"),
            ("a bundle without it", sign(wire.bundle(3, blobs=[wire.blob(OTHER_RULES)], **NO_TESTS)), "allow"),
            ("a bundle that has expired", sign(wire.bundle(4, created=1600000000, expires=1600000001)), "block"),
        ]:
            result = judge(content, *keys)
            right = result.returncode == 0 and not result.stderr and verdicts(result).get("www.tiktok.com") == verdict
            expect(name, right, f"{result.returncode}: {result.stdout}{result.stderr}")

        good = sign(wire.bundle(5))
        failing = wire.bundle(6, tests=[wire.self_test("www.tiktok.com", wire.PASS)])
        expect_refused("signed by a stranger", 1, "201 signature_unknown_key", judge(sign(wire.bundle(5), wire.Key()), *keys))
        changed = sign(wire.bundle(5, origin="here")).replace(b"here", b"else")
        expect_refused("changed after it was signed", 1, "202 signature_wrong", judge(changed, *keys))
        expect_refused("fails its own test", 1, "901 self_test_failed", judge(sign(failing), *keys))
        expect_refused("no key set", 1, "--keys", judge(good, "--keys", box.folder / "none.keyset"))
        expect_refused("the key set is a bundle", 1, "see --keys", judge(good, "--keys", box.write("other", good)))

        # The installation's key set is trusted where none is named. This one has none, or none that knows the key.
        expect_refused("no --keys", 1, "judge.bundle", judge(good))

        next_keys = wire.key_set(2, box.root, [wire.Key()])
        second = box.write("2.keyset", wire.envelope(next_keys, box.root, wire.KEY_SET))
        expect_refused("a key that the second set has no more", 1, "201", judge(good, *keys, "--keys", second))

        rules = box.write("rules.toml", wire.RULE_TEXT.encode())
        expect_refused("a bundle that is cut off", 1, "103 envelope_malformed",
                       inspect("--rules", box.write("cut.bundle", good[:200]), *keys, capture))
        expect_refused("no bundle", 1, "101 file_unreadable", inspect("--rules", box.folder / "none", *keys, capture))
        expect_refused("keys for rule source", 2, "--keys is for a bundle", inspect("--rules", rules, *keys, capture))
        expect_refused("keys without rules", 2, "--keys is for a bundle", inspect(*keys, capture))
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
