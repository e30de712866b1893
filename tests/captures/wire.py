"""What the generators (make.py) of the folders beside it share: conversations between a client and a server.

Needs scapy (Debian: python3-scapy) and, for QUIC, python3-cryptography. The tests themselves need neither.
"""

import hashlib
import hmac
import pathlib
import struct
import sys

from scapy.all import DNS, DNSQR, IP, TCP, UDP, Ether, IPv6, PcapWriter, Raw
from scapy.utils import EDecimal

CLIENT, SERVER = "192.0.2.10", "198.51.100.20"
START = 1679900400  # 27 March 2023, 07:00 UTC
INSIDE, OUTSIDE = "02:00:00:00:00:01", "02:00:00:00:00:02"


class Capture:
    """Frames with times one millisecond apart, written as FOLDER/input.pcap."""

    def __init__(self):
        self.frames = []
        self.now = START * 10**6  # microseconds

    def add(self, packet, after=1000):
        self.now += after
        packet.time = EDecimal(self.now).scaleb(-6)
        self.frames.append(packet)

    def save(self, name="input.pcap", **options):
        path = pathlib.Path(sys.argv[0]).resolve().parent / name
        writer = PcapWriter(str(path), linktype=1, **options)
        for packet in self.frames:
            writer.write(packet)
        writer.close()


def ether(to_server=True):
    return Ether(src=INSIDE, dst=OUTSIDE) if to_server else Ether(src=OUTSIDE, dst=INSIDE)


def dns_query(name, ident=0x0102, qtype="A", client=CLIENT, server=SERVER, port=50053):
    network = IPv6(src=client, dst=server) if ":" in client else IP(src=client, dst=server)
    return network / UDP(sport=port, dport=53) / DNS(id=ident, rd=1, qd=DNSQR(qname=name, qtype=qtype))


class TcpConversation:
    """One connection, client and server taking turns; sequence numbers begin at 1000 and 5000."""

    def __init__(self, capture, port=443, client_port=50000, below=lambda to_server: ether(to_server)):
        self.capture, self.ports, self.below = capture, (client_port, port), below
        self.sequence = {True: 1000, False: 5000}

    def segment(self, payload=b"", to_server=True, flags="A", offset=0, **fields):
        """Puts a segment `offset` bytes after the last one that moved the sequence number."""
        ports = self.ports if to_server else self.ports[::-1]
        addresses = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
        acknowledged = 0 if flags == "S" else self.sequence[not to_server]
        tcp = TCP(sport=ports[0], dport=ports[1], seq=self.sequence[to_server] + offset, ack=acknowledged, flags=flags,
                  window=64240, **fields)
        packet = self.below(to_server) / IP(src=addresses[0], dst=addresses[1]) / tcp
        self.capture.add(packet / Raw(payload) if payload else packet)

    def send(self, payload, to_server=True):
        self.segment(payload, to_server, "PA")
        self.sequence[to_server] += len(payload)

    def connect(self):
        self.segment(flags="S")
        self.sequence[True] += 1
        self.segment(to_server=False, flags="SA")
        self.sequence[False] += 1
        self.segment()


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def client_hello_message(name, extensions=b""):
    """A TLS 1.3 ClientHello (RFC 8446, 4.1.2), without the record header."""
    server_name = struct.pack(">H", 0) + vector(2, vector(2, b"\0" + vector(2, name.encode())))
    groups = struct.pack(">H", 10) + vector(2, vector(2, b"\x00\x1d"))
    versions = struct.pack(">H", 43) + vector(2, vector(1, b"\x03\x04"))
    share = struct.pack(">H", 51) + vector(2, vector(2, b"\x00\x1d" + vector(2, bytes(range(32)))))
    algorithms = struct.pack(">H", 13) + vector(2, vector(2, b"\x04\x03\x08\x04"))
    body = b"\x03\x03" + bytes(32) + vector(1, b"") + vector(2, b"\x13\x01") + vector(1, b"\0")
    body += vector(2, server_name + groups + versions + share + algorithms + extensions)
    return b"\x01" + vector(3, body)


def tls_record(data):
    return b"\x16\x03\x01" + vector(2, data)


def client_hello(name):
    return tls_record(client_hello_message(name))


QUIC_V1_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001, 5.2


def expand_label(secret, label, size):
    info = struct.pack(">H", size) + vector(1, b"tls13 " + label) + b"\0"
    return hmac.new(secret, info + b"\x01", hashlib.sha256).digest()[:size]


def quic_initial(destination, frames, number=0, size=1200, source=b"\x01\x02\x03\x04", server=False, keys_from=None):
    """A protected Initial packet of QUIC v1, padded to `size` bytes (RFC 9001, 5 and appendix A)."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    initial = hmac.new(QUIC_V1_SALT, keys_from or destination, hashlib.sha256).digest()
    secret = expand_label(initial, b"server in" if server else b"client in", 32)
    key, iv = expand_label(secret, b"quic key", 16), expand_label(secret, b"quic iv", 12)
    mask_key = expand_label(secret, b"quic hp", 16)
    header = b"\xc3" + struct.pack(">I", 1) + vector(1, destination) + vector(1, source) + b"\0"
    frames = frames.ljust(size - len(header) - 2 - 4 - 16, b"\0")
    header += struct.pack(">H", 0x4000 | (4 + len(frames) + 16)) + struct.pack(">I", number)
    nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, frames, header)
    mask = Cipher(algorithms.AES(mask_key), modes.ECB()).encryptor().update(sealed[:16])
    first = bytes([header[0] ^ (mask[0] & 0x0F)])
    hidden = bytes(a ^ b for a, b in zip(header[-4:], mask[1:5]))
    return first + header[1:-4] + hidden + sealed


def crypto_frame(offset, data):
    return b"\x06" + struct.pack(">HH", 0x4000 | offset, 0x4000 | len(data)) + data


def udp(payload, to_server=True, port=443, client_port=50443):
    ports = (client_port, port) if to_server else (port, client_port)
    addresses = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
    ip = IP(src=addresses[0], dst=addresses[1])
    return ether(to_server) / ip / UDP(sport=ports[0], dport=ports[1]) / Raw(payload)
