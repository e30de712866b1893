"""Bundles that a box must refuse, each with the code that it must give. Rows: name, code, content, options."""

import zlib

import wire

INSTALLED = 10
HELLO_TOO_SHORT = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"


def envelopes(box):
    """What is wrong outside of the payload."""
    rule, stranger = box.rule[0], wire.Key()
    payload = wire.bundle(INSTALLED + 1)
    good = wire.envelope(payload, [rule])
    signature = rule.sign(wire.RULES + b"\0" + payload)
    while len(signature) > 71:  # of 70 to 72 bytes: with one more it is to be possible still
        signature = rule.sign(wire.RULES + b"\0" + payload)
    signed = lambda *signatures: wire.message(payload, list(signatures))
    by = lambda key_id, value: signed(wire.message(key_id, value))
    yield "empty", 102, b""
    yield "too-large", 102, b"\0" * ((64 << 20) + 1)
    yield "garbage", 103, b"-----BEGIN PGP MESSAGE-----\n" * 20
    yield "cut-off", 103, good[:-1]
    yield "trailing-byte", 103, good + b"\0"
    yield "trailing-field", 103, good + wire.field(3, b"more")
    yield "second-payload", 103, good + wire.field(1, wire.bundle(99))
    yield "long-varint", 103, b"\x8a\x00" + good[1:]
    yield "signature-first", 103, good[len(wire.field(1, payload)):] + wire.field(1, payload)
    yield "unknown-in-signature", 103, signed(wire.message(rule.id, signature, b"more"))
    yield "no-payload", 103, wire.message(b"", [wire.message(rule.id, signature)])
    yield "no-signature", 104, signed()
    yield "millions-of-signatures", 104, signed() + b"\x12\0" * (20 << 20)
    yield "many-signatures", 104, signed(*(wire.message(bytes(7) + bytes([i]), signature) for i in range(17)))
    yield "short-key-id", 105, by(rule.id[:7], signature)
    yield "empty-signature", 105, by(rule.id, b"")
    yield "long-signature", 105, by(rule.id, signature + bytes(80))
    yield "same-key-twice", 106, signed(*[wire.message(rule.id, signature)] * 2)
    yield "unknown-key", 201, wire.envelope(payload, [stranger])
    yield "flipped-key-id", 201, by(bytes([rule.id[0] ^ 1]) + rule.id[1:], signature)
    yield "flipped-signature", 202, by(rule.id, signature[:-1] + bytes([signature[-1] ^ 1]))
    yield "signature-and-byte", 105, by(rule.id, signature + b"\0")
    yield "signature-of-another-bundle", 202, by(rule.id, rule.sign(wire.RULES + b"\0" + wire.bundle(12)))
    yield "stranger-under-known-id", 202, by(rule.id, stranger.sign(wire.RULES + b"\0" + payload))
    yield "domain-of-key-sets", 202, wire.envelope(payload, [rule], wire.KEY_SET)
    yield "domain-of-freshness", 202, wire.envelope(payload, [rule], wire.FRESHNESS)
    yield "no-domain", 202, by(rule.id, rule.sign(payload))
    yield "domain-without-zero", 202, by(rule.id, rule.sign(wire.RULES + payload))
    yield "one-right-one-wrong", 202, wire.message(payload, [wire.signature(box.rule[0], wire.RULES, payload),
                                                             wire.message(box.rule[1].id, signature)])


def encodings(box):
    """One right signature, written in other ways than DER has; and numbers that no signature has."""
    rule, payload = box.rule[0], wire.bundle(INSTALLED + 1)
    r = s = 0
    while r < 1 << 255 or s < 1 << 255:  # both need a byte that keeps them positive
        r, s = wire.decode_dss_signature(rule.sign(wire.RULES + b"\0" + payload))
    number, by = wire.der_number, lambda value: wire.message(payload, [wire.message(rule.id, value)])
    plain = lambda value: value.to_bytes(32, "big")
    yield "plain-numbers", 105, by(plain(r) + plain(s))
    yield "long-form-length", 105, by(wire.der(number(r), number(s), long_length=True))
    yield "padded-r", 105, by(wire.der(number(r, padding=b"\0"), number(s)))
    yield "padded-s", 105, by(wire.der(number(r), number(s, padding=b"\0")))
    yield "negative-r", 105, by(wire.der(number(r, signed=False), number(s)))
    yield "negative-s", 105, by(wire.der(number(r), number(s, signed=False)))
    yield "third-number", 105, by(wire.der(number(r), number(s), number(1)))
    yield "one-number", 105, by(wire.der(number(r)))
    yield "zero-r", 105, by(wire.der(number(0), number(s)))
    yield "zero-s", 105, by(wire.der(number(r), number(0)))
    yield "257-bits", 105, by(wire.der(number(r + (1 << 256)), number(s)))
    yield "r-is-the-order", 202, by(wire.der(number(wire.ORDER), number(s)))
    yield "s-is-the-order", 202, by(wire.der(number(r), number(wire.ORDER)))
    yield "one-signature-two-ways", 106, wire.message(payload, [
        wire.message(rule.id, wire.der(number(r), number(each))) for each in (s, wire.ORDER - s)])


def flips(box):
    """One bit of one byte changed, all through the signed payload."""
    payload = wire.bundle(INSTALLED + 1)
    signatures = [wire.signature(key, wire.RULES, payload) for key in box.rule]
    for at in range(0, len(payload), 9):
        changed = payload[:at] + bytes([payload[at] ^ 1 << at % 8]) + payload[at + 1:]
        yield f"flip-{at}", 202, wire.message(changed, signatures)


def contents():
    """What is wrong within, though it is rightly signed: by a signer's mistake, or a stolen key. Fields to change."""
    next_one = INSTALLED + 1
    unknown_field = wire.field(15, b"new")
    yield "no-protobuf", 301, b"\xff\xff\xff"
    yield "unknown-field", 301, wire.bundle(next_one) + unknown_field
    yield "unknown-in-blob", 301, {"blobs": [wire.blob(wire.RULE_TEXT) + unknown_field]}
    yield "unknown-in-limits", 301, {"limits": wire.limits(rules=9) + unknown_field}
    yield "unknown-in-test", 301, {"tests": [wire.self_test("a.tiktok.com") + unknown_field]}
    yield "twice-a-field", 301, wire.bundle(next_one) + wire.field(14, [wire.self_test("x")]) + wire.field(4, 99)
    yield "no-utf-8", 301, {"notes": b"\xff"}
    yield "format-2", 302, {"format": 2}
    yield "format-missing", 302, {"format": 0}
    yield "other-product", 303, {"product": "sluice"}
    yield "other-board", 304, {"boards": ["otherboard"]}
    yield "board-prefix", 304, {"boards": ["testboar", "testboard2"]}
    yield "no-board", 305, {"boards": []}
    yield "many-boards", 305, {"boards": ["testboard"] * 65}
    yield "no-blob", 305, {"blobs": []}
    yield "many-blobs", 305, {"blobs": [wire.blob(b"", f"{i}.toml", compression=0) for i in range(257)]}
    yield "millions-of-tests", 305, wire.bundle(next_one, tests=[]) + b"\x72\0" * (20 << 20)
    yield "many-tests", 305, {"tests": [wire.self_test("tiktok.com")] * 20001}
    yield "long-test", 305, {"tests": [wire.self_test(tls_stream=bytes(32769))]}
    yield "test-without-input", 305, {"tests": [wire.self_test()]}
    yield "test-without-expectation", 305, {"tests": [wire.self_test("tiktok.com", 0)]}
    yield "long-notes", 305, {"notes": "n" * 4097}
    yield "min-sequence-above", 405, {"min_sequence": next_one + 1}
    yield "expires-before-created", 504, {"expires": 1700000000}
    yield "no-times", 504, {"created": 0, "expires": 0}
    yield "created-in-future", 502, {"created": 3810000000 + 86401, "expires": 3890000000}
    yield "expired", 503, {"expires": 3810000000}


def blobs():
    text = wire.RULE_TEXT.encode()
    packed = zlib.compress(text, 9)
    yield "blob-path", 601, [wire.blob(text, "../rules.toml")]
    yield "blob-absolute", 601, [wire.blob(text, "/etc/passwd.toml")]
    yield "blob-hidden", 601, [wire.blob(text, ".toml")]
    yield "blob-other-suffix", 601, [wire.blob(text, "rules.txt")]
    yield "blob-name-twice", 601, [wire.blob(text), wire.blob(text)]
    yield "blob-size", 602, [wire.blob(text, size=len(packed) + 1)]
    yield "blob-content-size", 602, [wire.blob(text, uncompressed_size=len(text) + 1)]
    yield "blob-plain-content-size", 602, [wire.blob(text, compression=0, uncompressed_size=len(text) - 1)]
    yield "blob-digest", 603, [wire.blob(text, digest=bytes(32))]
    yield "blob-short-digest", 603, [wire.blob(text, digest=b"")]
    yield "blob-compression", 604, [wire.blob(text, compression=7, data=text)]
    yield "blob-broken", 605, [wire.blob(text, data=packed[:10] + b"\xff" + packed[11:])]
    yield "blob-cut-off", 605, [wire.blob(text, data=packed[:-4])]
    yield "blob-checksum", 605, [wire.blob(text, data=packed[:-1] + bytes([packed[-1] ^ 1]))]
    yield "blob-empty", 605, [wire.blob(text, data=b"")]
    yield "blob-bomb", 606, [wire.blob(text, data=zlib.compress(bytes(32 << 20), 9))]
    yield "blob-one-more", 606, [wire.blob(text, uncompressed_size=len(text) - 1)]
    yield "blob-trailing", 607, [wire.blob(text, data=packed + b"\0")]
    yield "blob-second-stream", 607, [wire.blob(text, data=packed + packed)]
    yield "blob-large", 608, [wire.blob(text, uncompressed_size=(16 << 20) + 1)]
    yield "blob-huge", 608, [wire.blob(text, uncompressed_size=2**64 - 1)]
    yield "blobs-large", 608, [wire.blob(text, f"{i}.toml", uncompressed_size=16 << 20) for i in range(7)]


def rules():
    """What only the trial finds."""
    rule = lambda text: {"blobs": [wire.blob(wire.RULE_TEXT + text)]}
    test = lambda *arguments, **more: {"tests": [wire.self_test(*arguments, **more)]}
    yield "engine", 701, {"min_engine": 2}
    yield "feature", 702, {"required_features": ["rule-suffix", "rule-telepathy"]}
    yield "no-toml", 801, {"blobs": [wire.blob("category = [")]}
    yield "unknown-key", 801, rule("sufix = []\n")
    yield "bad-regex", 801, rule("[[regex]]\nname = 'r'\ncomment = 'c'\npattern = '('\n")
    yield "no-rules", 801, {"blobs": [wire.blob('category = "tiktok"\ndefault = "on"\ncomment = "c"\n')]}
    yield "many-rules", 803, {"limits": wire.limits(rules=1)}
    yield "large-compiled-set", 804, {"limits": wire.limits(compiled_bytes=100)}
    yield "no-time", 806, {"limits": wire.limits(compile_ms=1)}
    yield "too-broad", 901, rule("exact = [ { name = 'www.example.org', comment = 'c' } ]\n")
    yield "test-must-match", 901, test("nothing.example")
    yield "test-other-rule", 901, test("www.tiktok.com", rule="tiktokcdn.com")
    yield "test-other-category", 901, test("www.tiktok.com", category="encrypted-dns")
    yield "test-no-such-category", 901, test("example.com", wire.PASS, category="tiktk")
    yield "test-no-such-rule", 901, test("example.com", wire.PASS, rule="tiktok")
    yield "test-must-pass", 901, test("www.tiktok.com", wire.PASS)
    yield "test-no-hello", 901, test(tls_stream=HELLO_TOO_SHORT)
    yield "test-no-dns-name", 901, test(dns_name=b"\x40tiktok")


def sequences():
    yield "sequence-equal", 401, INSTALLED
    yield "sequence-lower", 402, INSTALLED - 1
    yield "sequence-zero", 403, 0
    yield "sequence-huge", 403, 10**12
    yield "sequence-largest", 403, 2**64 - 1


def rows(box):
    yield from envelopes(box)
    yield from encodings(box)
    yield from flips(box)
    for name, code, content in [*contents(), *rules()]:
        payload = wire.bundle(INSTALLED + 1, **content) if isinstance(content, dict) else content
        yield name, code, wire.envelope(payload, box.rule)
    for name, code, content in blobs():
        yield name, code, wire.envelope(wire.bundle(INSTALLED + 1, blobs=content), box.rule)
    for name, code, sequence in sequences():
        yield name, code, wire.envelope(wire.bundle(sequence), box.rule)
