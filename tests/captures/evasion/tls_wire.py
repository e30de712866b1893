"""TLS ClientHellos and records as clients send them (RFC 8446), and as programs that hide names do."""

import struct

CLIENT_RANDOM = bytes(range(32))
HELLO_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
HANDSHAKE, ALERT, CHANGE_CIPHER_SPEC, APPLICATION_DATA, HEARTBEAT = 22, 21, 20, 23, 24


def vector(size, data):
    """A length of `size` bytes, and what it counts."""
    return len(data).to_bytes(size, "big") + data


def extension(kind, data):
    return struct.pack(">H", kind) + vector(2, data)


def server_name(*names):
    """Extension 0 (RFC 6066, section 3); names as bytes or text."""
    raw = [name if isinstance(name, bytes) else name.encode() for name in names]
    return extension(0, vector(2, b"".join(b"\0" + vector(2, name) for name in raw)))


def alpn(*protocols):
    return extension(16, vector(2, b"".join(vector(1, name.encode()) for name in protocols)))


def mlkem768_key():
    """An encapsulation key of ML-KEM-768 (FIPS 203, section 7.2): 768 coefficients of 12 bits, each below 3329, which
    servers check, and 32 bytes of seed."""
    coefficients = sum(number * 7 % 3329 << 12 * number for number in range(768))
    return coefficients.to_bytes(1152, "little") + bytes(range(32))


def key_share(hybrid=False):
    """X25519, with X25519MLKEM768 (1216 bytes: ML-KEM's key first) before it as Chrome and Firefox send it."""
    x25519 = bytes(range(32))
    share = struct.pack(">H", 0x001D) + vector(2, x25519)
    if hybrid:
        share = struct.pack(">H", 0x11EC) + vector(2, mlkem768_key() + x25519) + share
    return extension(51, vector(2, share))


def padding(size):
    """Extension 21 (RFC 7685), `size` bytes."""
    return extension(21, bytes(size))


def grease_ech():
    """An outer ECH extension that means nothing (RFC 9849, section 6.2)."""
    return extension(0xFE0D, b"\0\0\x01\0\x01\x2a" + vector(2, bytes(range(32))) + vector(2, bytes(144)))


GROUPS = extension(10, vector(2, b"\x11\xec\x00\x1d\x00\x17"))
ALGORITHMS = extension(13, vector(2, b"\x04\x03\x08\x04\x04\x01"))
VERSIONS = extension(43, vector(1, b"\x03\x04\x03\x03"))
ONLY_TLS13 = extension(43, vector(1, b"\x03\x04"))  # what QUIC's clients offer (RFC 9001, section 4.2)
GREASE = extension(0x7A7A, b"")
#: An idle timeout, and the connection ID that quic_wire.py's packets come from: real servers compare the two.
TRANSPORT_PARAMETERS = extension(57, b"\x01\x04\x80\x00\xea\x60" + b"\x0f\x04\x01\x02\x03\x04")


def client_hello(
    name=None, before=b"", after=b"", hybrid=False, session=b"", names=None, share=None, versions=VERSIONS
):
    """The handshake message. `before` and `after`: extensions on either side of server_name; `names`, `share`,
    `versions`: the extensions server_name, key_share and supported_versions, where they are not ordinary ones."""
    if names is None:
        names = b"" if name is None else server_name(name)
    share = key_share(hybrid) if share is None else share
    extensions = GREASE + before + names + GROUPS + ALGORITHMS + versions + share + after
    body = b"\x03\x03" + CLIENT_RANDOM + vector(1, session) + vector(2, b"\x0a\x0a\x13\x01\x13\x02\xc0\x2f")
    return b"\x01" + vector(3, body + vector(1, b"\0") + vector(2, extensions))


def record(data, kind=HANDSHAKE, version=0x0301):
    return struct.pack(">BH", kind, version) + vector(2, data)


def records(message, sizes, version=0x0301):
    """The message in records of the given sizes, one after the other; the last takes what is left."""
    result, at = b"", 0
    for size in [*sizes, len(message)]:
        part = message[at : at + size]
        at += size
        if part:
            result += record(part, version=version)
    return result


def server_hello(retry=False):
    body = b"\x03\x03" + (HELLO_RETRY_RANDOM if retry else bytes(range(32, 64))) + vector(1, b"") + b"\x13\x01\0"
    body += vector(2, extension(43, b"\x03\x04") + extension(51, b"\x00\x1d" if retry else b"\x00\x1d" + vector(2, bytes(32))))
    return record(b"\x02" + vector(3, body), version=0x0303)
