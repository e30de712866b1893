"""Bundles and key sets written by hand: an encoder of its own, so that tests can write what sluisctl never would."""

import hashlib
import pathlib
import sys
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import protobuf_fields  # noqa: E402
from protobuf_fields import octets  # noqa: E402

ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551  # of P-256's group
RULES, KEY_SET, FRESHNESS = b"sluis-rules-v1", b"sluis-keyset-v1", b"sluis-fresh-v1"


def field(number, value):
    """One field; zero and empty values are left out, as proto3 does. Lists are repeated fields."""
    if isinstance(value, list):
        return b"".join(protobuf_fields.field(number, octets(each)) for each in value)
    return protobuf_fields.field(number, value) if value else b""


def message(*values):
    """A message whose fields are 1, 2, 3, … in order."""
    return b"".join(field(number, value) for number, value in enumerate(values, 1))


class Key:
    """A P-256 key made for this run."""

    def __init__(self, curve=ec.SECP256R1):
        self.private = ec.generate_private_key(curve())
        self.spki = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.id = hashlib.sha256(self.spki).digest()[:8]

    def sign(self, data):
        return self.private.sign(data, ec.ECDSA(hashes.SHA256()))

    def compressed_spki(self):
        """The same key, encoded another way."""
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
        return bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point

    def private_pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def der_number(number, *, padding=b"", signed=True):
    """An INTEGER; unsigned, the byte that keeps it positive is left out."""
    size = number.bit_length() // 8 + 1 if signed else max(1, (number.bit_length() + 7) // 8)
    content = padding + number.to_bytes(size, "big")
    return b"\x02" + bytes([len(content)]) + content


def der(*numbers, long_length=False, behind=b""):
    """A SEQUENCE of numbers that are encoded already."""
    content = b"".join(numbers) + behind
    return b"\x30" + (b"\x81" if long_length else b"") + bytes([len(content)]) + content


def signature(key, domain, payload):
    return message(key.id, key.sign(domain + b"\0" + payload))


def envelope(payload, keys, domain=RULES):
    return message(payload, [signature(key, domain, payload) for key in keys])


def key_set(version, root, rule, *, root_threshold=1, rule_threshold=1, freshness=(), expires=4102444800, floor_reset=0,
            revoked=(), product="sluis", development=1, format=1):
    spki = lambda keys: [key.spki if isinstance(key, Key) else key for key in keys]
    return message(format, version, spki(root), root_threshold, spki(rule), rule_threshold, spki(freshness), expires,
                   floor_reset, list(revoked), product, development)


def blob(content, name="rules.toml", *, digest=None, size=None, compression=1, uncompressed_size=None, data=None):
    content = octets(content)
    if data is None:
        data = zlib.compress(content, 9) if compression == 1 else content
    return message(name, hashlib.sha256(content).digest() if digest is None else digest,
                   len(data) if size is None else size, compression,
                   len(content) if uncompressed_size is None else uncompressed_size, data)


RULE_TEXT = """category = "tiktok"
default = "on"
comment = "made for a test"
source = "a test"
suffix = [
    { name = "tiktok.com", comment = "the site" },
    { name = "tiktokcdn.com", comment = "pictures" },
]
"""

MATCH, PASS = 1, 2


def self_test(name="", expected=MATCH, *, dns_name=b"", tls_stream=b"", rule="", category="", address="",
              quic_hello=()):
    return message(name, dns_name, tls_stream, expected, rule, category, address, message(list(quic_hello)))


def freshness(sequence, digest, issued, expires):
    return message(sequence, digest, expires, issued)


def bundle(sequence, **changes):
    """A RuleBundle's payload; a change of any field by its name."""
    fields = {"format": 1, "product": "sluis", "boards": ["testboard"], "sequence": sequence, "min_sequence": 0,
              "created": 3800000000, "expires": 3900000000, "min_engine": 1, "required_features": ["rule-suffix"],
              "origin": "", "notes": "", "blobs": [blob(RULE_TEXT)], "limits": b"",
              "tests": [self_test("www.tiktok.com", rule="tiktok.com"), self_test("example.com", PASS)]}
    unknown = changes.keys() - fields.keys()
    assert not unknown, unknown
    fields.update(changes)
    return message(*fields.values())


def limits(rules=0, compiled_bytes=0, compile_ms=0):
    # A message that is there and empty differs from one that is not: this one is never empty.
    return message(rules, compiled_bytes, compile_ms)
