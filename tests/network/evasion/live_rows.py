"""Which variants of the matrix are played, against which server, and what a real server makes of them."""

import argparse
import ipaddress
import itertools
import struct
import sys
from pathlib import Path

GENERATORS = Path(__file__).resolve().parents[2] / "captures/evasion"
sys.path.insert(0, str(GENERATORS))

import judge  # noqa: E402
import layers  # noqa: E402
import quic_wire  # noqa: E402
import run  # noqa: E402
import tls_wire  # noqa: E402
from conversation import conversation  # noqa: E402
from framework import Capture, Tcp, Variant  # noqa: E402
from routed_lab import SERVERS4, SERVERS6  # noqa: E402

GROUPS = ("TCP segmentation", "TCP decoy packet", "TCP handshake/teardown", "IP layer", "TLS", "QUIC")
#: Rows that cannot be played, and why.
NOT_PLAYED = {
    "E052": "its frames end at a device behind the box, and here is none",
}

#: Rows whose forbidden name reaches no server even without the box, and why.
NEVER_ARRIVES = {
    "E015": "Linux keeps the first copy of a range, which here is the decoy",
    "E038": "a kernel that has seen no SYN answers with a reset",
    "E061": "OpenSSL refuses a hello with two names",
    "E063": "there is no name on the wire",
    "E079": "quic-go closes a connection whose CRYPTO bytes are that far ahead",
    "E085": "no server knows these versions",
}
SCRIPTED = ("E066", "E067")  # rows that need a server which says something else first


class Play:
    """One variant, and the conversation that plays it."""

    def __init__(self, row, variant, mode, number):
        self.row, self.variant, self.mode = row, variant, mode
        self.client = client_address(variant.capture.family, number)
        self.talk = conversation(variant, self.client, self.server())

    def __str__(self):
        name = "forbidden" if self.mode.forbidden else "allowed"
        return f"{self.row.number} {self.variant.label}, {name} name ({self.client})"

    def server(self):
        nginx, scripted, caddy = SERVERS6 if self.variant.capture.family == 6 else SERVERS4
        if self.row.group == "QUIC":
            return caddy
        return scripted if self.scripted else nginx

    @property
    def scripted(self):
        return self.row.number in SCRIPTED

    @property
    def wanted(self):
        """PASS, BLOCK, RESET or DROP: what the matrix asks."""
        if self.mode.forbidden:
            return "BLOCK"
        return judge.expectation(self.row.allowed, self.variant.allowed)

    def script(self):
        """For scripted_server.py; what the capture's server says before the client's hello."""
        heard, turns, said = {}, [], 0
        for sent in self.talk.sent:
            segment = TcpText(sent)
            if sent.to_server:
                heard.update(enumerate(segment.payload, segment.offset))
            elif segment.payload and segment.payload[0] != tls_wire.HANDSHAKE:
                turns.append([segment.acknowledged, segment.payload.hex()])
                said += len(segment.payload)
        stream = bytes(heard[at] for at in range(max(heard) + 1) if at in heard)
        skip = stream.index(b"\x16\x03")
        return {"client": self.client, "turns": turns, "skip": skip, "retry": self.row.number == "E066"}


class TcpText:
    """A segment of a capture by offsets: the client's bytes begin behind its SYN, whose number is 1000."""

    def __init__(self, sent):
        transport = layers.datagrams(sent.data, layers.Reassembly())[0].transport
        sequence, acknowledgment = struct.unpack_from(">II", transport, 4)
        self.offset, self.acknowledged = sequence - 1001, acknowledgment - 1001
        self.payload = transport[4 * (transport[12] >> 4) :]


def client_address(family, number):
    """One's own for each: by it servers' logs are read. (Of IPv6 a /64: the box budgets by it.)"""
    if family == 4:
        return str(ipaddress.ip_address("10.0.0.0") + 1 + number)
    return str(ipaddress.ip_address("2001:db8:1::10") + ((number & 0xFFFF) << 64))


def chosen(numbers):
    """The rows of the groups that are played; of these, when numbers are given, only them."""
    for row in run.chosen_rows(argparse.Namespace(row=numbers, group=None)):
        if row.group in GROUPS and row.number not in NOT_PLAYED:
            yield row


def plays(row, mode, numbers):
    """Those variants that can be played in seconds, with the configuration of all."""
    generate = retry_request if row.number == "E066" else row.variants
    for index in range(sum(1 for _ in generate(mode))):
        number = next(numbers)
        quic_wire.SALT[:] = struct.pack(">I", number)  # each from a generator of its own, so that no packet is shared
        variant = next(itertools.islice(generate(mode), index, None))
        play = Play(row, variant, mode, number)
        if not variant.config and play.talk.playable():
            yield play


def retry_request(mode):
    """E066 with a second hello that has what a real server asks for: a share of P-256 (its base point)."""
    share = tls_wire.extension(51, tls_wire.vector(2, b"\0\x17" + tls_wire.vector(2, b"\x04" + BASE_POINT)))
    second = tls_wire.record(tls_wire.client_hello(mode.name, session=bytes(32), share=share), version=0x0303)
    change = tls_wire.record(b"\x01", tls_wire.CHANGE_CIPHER_SPEC, 0x0303)
    for family, first_name, cuts in itertools.product((4, 6), ("www.example.net", mode.name), ([], [60, 90])):
        tcp = Tcp(Capture(family)).connect()
        tcp.send(tls_wire.record(tls_wire.client_hello(first_name, session=bytes(32))))
        tcp.server_ack()
        tcp.answer(tls_wire.server_hello(retry=True))
        tcp.acknowledge()
        tcp.pieces(change + second, cuts)
        yield Variant(f"IPv{family} {first_name} first, {len(cuts) + 1} pieces", tcp.finish())


BASE_POINT = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                           "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
