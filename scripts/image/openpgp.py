"""OpenPGP keys and detached signatures (RFC 9580, version 4, RSA with SHA-256), as GRUB checks them. Written here, since
GnuPG keeps keys of its own, and one key that openssl and sbsign read is to sign all that a start looks at."""

import hashlib
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

VERSION, BINARY, RSA, SHA256 = 4, 0, 1, 8
SIGNATURE, PUBLIC_KEY = 2, 6  # kinds of packets
CREATION_TIME, ISSUER = 2, 16  # kinds of a signature's parts
KEY_MADE = 1735689600  # belongs to a key's identity, and nobody looks at it


def load_key(file):
    return serialization.load_pem_private_key(file.read_bytes(), None)


def public_key(key):
    """What GRUB is given."""
    return packet(PUBLIC_KEY, key_body(key))


def signature(key, made, content):
    """What lies beside a file as FILE.sig. The same content and key give the same bytes."""
    time = part(CREATION_TIME, struct.pack(">I", made))
    signed = struct.pack(">BBBBH", VERSION, BINARY, RSA, SHA256, len(time)) + time
    over = content + signed + struct.pack(">BBI", VERSION, 0xff, len(signed))
    issuer = part(ISSUER, key_id(key))
    body = (signed + struct.pack(">H", len(issuer)) + issuer + hashlib.sha256(over).digest()[:2] +
            number(int.from_bytes(key.sign(over, padding.PKCS1v15(), hashes.SHA256()), "big")))
    return packet(SIGNATURE, body)


def key_id(key):
    body = key_body(key)
    return hashlib.sha1(b"\x99" + struct.pack(">H", len(body)) + body).digest()[-8:]


def key_body(key):
    public = key.public_key().public_numbers()
    return struct.pack(">BIB", VERSION, KEY_MADE, RSA) + number(public.n) + number(public.e)


def packet(kind, body):
    """With a length of two bytes, in the form that GRUB knows (RFC 9580, section 4.2.2)."""
    return struct.pack(">BH", 0x80 | kind << 2 | 1, len(body)) + body


def part(kind, content):
    return struct.pack(">BB", len(content) + 1, kind) + content


def number(value):
    return struct.pack(">H", value.bit_length()) + value.to_bytes((value.bit_length() + 7) // 8, "big")
