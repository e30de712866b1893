"""QUIC packets as clients and servers send them (RFC 9000, 9001, 9369). Needs python3-cryptography."""

import functools
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tls_wire import vector

V1, V2, DRAFT29 = 0x00000001, 0x6B3343CF, 0xFF00001D
#: By version: the salt of the Initial secrets, and what the labels begin with.
VERSIONS = {
    V1: (bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic "),
    V2: (bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 "),
    DRAFT29: (bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"), b"quic "),
}
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = 0, 1, 2, 3
#: Mixed into the destination's connection IDs: a real server knows a connection by its ID alone, so that captures that
#: are to be other connections need other IDs. Empty: as the rows write them.
SALT = bytearray()
LEAST_SALTED = 8  # bytes of an ID; rows with shorter ones are about the length
PING, PADDING = b"\x01", b"\0"


def expand(secret, label, size):
    """HKDF-Expand-Label (RFC 8446, section 7.1) of at most one block."""
    info = struct.pack(">H", size) + vector(1, b"tls13 " + label) + b"\0"
    return hmac.new(secret, info + b"\x01", hashlib.sha256).digest()[:size]


@functools.lru_cache(maxsize=4096)
def initial_keys(version, destination, server=False):
    """Key, IV and header protection key of one side (RFC 9001, section 5.2)."""
    salt, label = VERSIONS[version]
    secret = hmac.new(salt, destination, hashlib.sha256).digest()
    secret = expand(secret, b"server in" if server else b"client in", 32)
    return tuple(expand(secret, label + what, size) for what, size in ((b"key", 16), (b"iv", 12), (b"hp", 16)))


def header_mask(key, sample):
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(sample)


def nonce(iv, number):
    return (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")


def varint(value, size=None):
    """A variable-length integer, in the least bytes or in `size` (RFC 9000, section 16)."""
    size = size or next(s for s in (1, 2, 4, 8) if value < 1 << (8 * s - 2))
    return (value | {1: 0, 2: 1, 4: 2, 8: 3}[size] << (8 * size - 2)).to_bytes(size, "big")


def crypto(offset, data, size=None):
    return b"\x06" + varint(offset, size) + varint(len(data), size) + data


def ack(largest=0, ecn=False):
    return (b"\x03" if ecn else b"\x02") + varint(largest) + b"\0\0\0" + (b"\0\0\0" if ecn else b"")


def close(code=0, reason=b""):
    return b"\x1c" + varint(code) + b"\0" + varint(len(reason)) + reason


def salted(connection_id):
    if not SALT or len(connection_id) < LEAST_SALTED:
        return connection_id
    return hashlib.shake_128(bytes(SALT) + connection_id).digest(len(connection_id))


def type_bits(kind, version):
    return (kind + 1 & 3 if version == V2 else kind) << 4


def sealed(
    kind,
    destination,
    frames,
    keys,
    number=0,
    number_size=4,
    size=None,
    source=b"\x01\x02\x03\x04",
    version=V1,
    token=b"",
    spoil=False,
    length_size=2,
    fixed_bit=True,
):
    """A protected long header packet; padded so that it has `size` bytes in all. `spoil`: its tag is wrong.
    `number`: of which `number_size` bytes are sent. `fixed_bit`: as RFC 9000, section 17.2 asks."""
    key, iv, mask_key = keys
    first = 0x80 | fixed_bit << 6 | type_bits(kind, version) | number_size - 1
    header = struct.pack(">BI", first, version) + vector(1, salted(destination)) + vector(1, source)
    if kind == INITIAL:
        header += varint(len(token)) + token
    room = 0 if size is None else size - len(header) - length_size - number_size - 16
    frames = frames.ljust(max(room, 4), PADDING)  # 4: so that there is a sample (RFC 9001, 5.4.2)
    header += varint(number_size + len(frames) + 16, length_size) + number.to_bytes(8, "big")[-number_size:]
    body = AESGCM(key).encrypt(nonce(iv, number), frames, header)
    if spoil:
        body = body[:-1] + bytes([body[-1] ^ 1])
    mask = header_mask(mask_key, (header[-number_size:] + body)[4:20])
    hidden = bytes(a ^ b for a, b in zip(header[-number_size:], mask[1:]))
    return bytes([header[0] ^ (mask[0] & 0x0F)]) + header[1:-number_size] + hidden + body


def initial(destination, frames, keys_from=None, server=False, size=1200, version=V1, **fields):
    """An Initial that pads its datagram to 1200 bytes, unless told otherwise."""
    keys = initial_keys(version, salted(destination if keys_from is None else keys_from), server)
    return sealed(INITIAL, destination, frames, keys, size=size, version=version, **fields)


def other(kind, destination, version=V1, size=60, source=b"\x01\x02\x03\x04"):
    """A 0-RTT or Handshake packet: its keys are nobody's here, so any will do."""
    return sealed(kind, destination, b"", (b"k" * 16, b"i" * 12, b"h" * 16), size=size, version=version, source=source)


def retry(to, source, token=b"token", original=b"", version=V1):
    """A server's Retry with its integrity tag (RFC 9001, section 5.8; RFC 9369, section 3.3.3)."""
    key, iv = {
        V1: ("be0c690b9f66575a1d766b54e368c84e", "461599d35d632bf2239825bb"),
        V2: ("8fb4b01b56ac48e260fbcbcead7ccc92", "d86969bc2d7c6d9990efb04a"),
        DRAFT29: ("ccce187ed09a09d05728155a6cb96be1", "e54930f97f2136f0530a8c1c"),
    }[version]
    packet = struct.pack(">BI", 0xC0 | type_bits(RETRY, version), version) + vector(1, to) + vector(1, source) + token
    tag = AESGCM(bytes.fromhex(key)).encrypt(bytes.fromhex(iv), b"", vector(1, original) + packet)
    return packet + tag


def version_negotiation(to, source, *versions):
    return (
        struct.pack(">BI", 0xCA, 0)
        + vector(1, to)
        + vector(1, source)
        + b"".join(struct.pack(">I", v) for v in versions)
    )
