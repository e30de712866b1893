"""A model of a QUIC server as the oracle: it takes any Initial that is authentic and puts its CRYPTO bytes together.

Written apart from quic_wire.py, so that a mistake in making packets is not repeated in reading them.
"""

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tls_server import hello_names

SALTS = {
    1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
    0x6B3343CF: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
    0xFF00001D: "afbfec289993d24c9e9786f19c6111e04390a899",
}
LEAST_DATAGRAM = 1200
CRYPTO_LIMIT = 1 << 17


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise ValueError("cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def integer(self, size):
        return int.from_bytes(self.take(size), "big")

    def varint(self):
        size = 1 << (self.data[self.at] >> 6) if self.at < len(self.data) else 1
        return self.integer(size) & (1 << (8 * size - 2)) - 1


def derive(secret, label, size):
    label = b"tls13 " + label
    info = bytes([0, size, len(label)]) + label + b"\0"
    return HKDFExpand(hashes.SHA256(), size, info).derive(secret)


def client_keys(version, destination):
    import hmac

    secret = hmac.digest(bytes.fromhex(SALTS[version]), destination, hashlib.sha256)
    secret = derive(secret, b"client in", 32)
    prefix = b"quicv2 " if version == 0x6B3343CF else b"quic "
    return derive(secret, prefix + b"key", 16), derive(secret, prefix + b"iv", 12), derive(secret, prefix + b"hp", 16)


def whole_number(sent, size, largest):
    """The packet number that is nearest to the next one (RFC 9000, section 17.1)."""
    around = largest + 1 >> 8 * size
    candidates = (high << 8 * size | sent for high in (around - 1, around, around + 1) if high >= 0)
    return min(candidates, key=lambda number: abs(number - largest - 1))


def decrypt(packet, number_at, keys, largest=-1):
    """The packet number and the frames of a protected packet; None when it is not authentic. `largest`: number so far."""
    key, iv, mask_key = keys
    if len(packet) < number_at + 20:
        return None
    mask = Cipher(algorithms.AES(mask_key), modes.ECB()).encryptor().update(packet[number_at + 4 : number_at + 20])
    first = packet[0] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    number = bytes(packet[number_at + i] ^ mask[1 + i] for i in range(size))
    header = bytes([first]) + packet[1:number_at] + number
    full = whole_number(int.from_bytes(number, "big"), size, largest)
    counter = bytes(a ^ b for a, b in zip(iv, full.to_bytes(12, "big")))
    body, tag = packet[number_at + size : -16], packet[-16:]
    opened = Cipher(algorithms.AES(key), modes.GCM(counter, tag)).decryptor()
    opened.authenticate_additional_data(header)
    try:
        return full, opened.update(body) + opened.finalize()
    except InvalidTag:
        return None


def crypto_frames(frames):
    """(offset, bytes) of every CRYPTO frame up to the first frame that cannot be read; an offset of None is a
    CONNECTION_CLOSE."""
    cursor = Cursor(frames)
    try:
        while cursor.at < len(frames):
            kind = cursor.varint()
            if kind in (0, 1):
                continue
            if kind in (2, 3):
                cursor.varint(), cursor.varint()
                for _ in range(2 * cursor.varint() + 1):
                    cursor.varint()
                for _ in range(3 if kind == 3 else 0):
                    cursor.varint()
            elif kind == 6:
                offset = cursor.varint()
                yield offset, cursor.take(cursor.varint())
            elif kind == 0x1C:
                cursor.varint(), cursor.varint()
                cursor.take(cursor.varint())
                yield None, b""
            else:
                return
    except ValueError:
        return


class Connection:
    def __init__(self, version, destination, first_wins):
        self.keys = {v: client_keys(v, destination) for v in SALTS}
        self.version, self.first_wins, self.bytes = version, first_wins, {}
        self.largest = -1  # packet number

    def add(self, offset, data):
        if offset + len(data) > CRYPTO_LIMIT:
            return
        for i, byte in enumerate(data, offset):
            if not (self.first_wins and i in self.bytes):
                self.bytes[i] = byte

    def stream(self):
        result = bytearray()
        while len(result) in self.bytes:
            result.append(self.bytes[len(result)])
        return bytes(result)


class QuicServer:
    """`first_wins`: of two copies of one CRYPTO byte it keeps the first, else the last."""

    def __init__(self, first_wins):
        self.first_wins = first_wins
        self.connections = {}  # by (flow, version, first Destination Connection ID)
        self.closed = []

    def datagram(self, flow, payload):
        rest = payload
        while len(rest) >= 7 and rest[0] & 0x80:
            cursor = Cursor(rest)
            try:
                rest = self.packet(flow, cursor, len(payload))
            except ValueError:
                return

    def packet(self, flow, cursor, datagram_size):
        first, version = cursor.integer(1), cursor.integer(4)
        if version not in SALTS:
            raise ValueError("no version of this server's")
        destination = cursor.take(cursor.integer(1))
        source = cursor.take(cursor.integer(1))
        if len(destination) > 20 or len(source) > 20:
            raise ValueError("connection ID too long")
        kind = first >> 4 & 3
        if version == 0x6B3343CF:
            kind = kind - 1 & 3
        if kind == 3:
            raise ValueError("a Retry")
        if kind == 0:
            cursor.take(cursor.varint())
        length = cursor.varint()
        number_at = cursor.at
        cursor.take(length)
        if kind == 0:
            self.initial(flow, version, destination, cursor.data[: cursor.at], number_at, datagram_size)
        return cursor.data[cursor.at :]

    def initial(self, flow, version, destination, packet, number_at, datagram_size):
        """An Initial of a known connection, by its keys, whatever its connection ID is; or a new connection's."""
        for (known_flow, _, _), connection in self.connections.items():
            if known_flow != flow:
                continue
            opened = decrypt(packet, number_at, connection.keys[version], connection.largest)
            if opened is not None:
                break
        else:
            if datagram_size < LEAST_DATAGRAM:
                return
            opened = decrypt(packet, number_at, client_keys(version, destination))
            if opened is None:
                return
            connection = Connection(version, destination, self.first_wins)
            self.connections[flow, version, destination] = connection
        number, frames = opened
        connection.largest = max(connection.largest, number)
        for offset, data in crypto_frames(frames):
            if offset is None:
                self.forget(connection)
            else:
                connection.add(offset, data)

    def forget(self, connection):
        """After a CONNECTION_CLOSE and a few round trips nothing is left of it, and its connection ID is free again."""
        self.closed.append(connection)
        self.connections = {key: other for key, other in self.connections.items() if other is not connection}

    def names(self):
        """Names in the complete hellos of all connections; a second hello follows a HelloRetryRequest."""
        names = set()
        for connection in [*self.closed, *self.connections.values()]:
            stream = connection.stream()
            while len(stream) >= 4:
                names |= hello_names(stream)
                stream = stream[4 + int.from_bytes(stream[1:4], "big") :]
        return names
