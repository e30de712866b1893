"""Rows E083 to E094, F011 and F012: QUIC versions, connection IDs, sizes, packet numbers and floods."""

import random
import struct

import frames
import tls_wire
from quic_case import (
    BLOCK_OR_PASS,
    CLIENT_ID,
    Case,
    DECOY,
    DROPPED,
    ID,
    OTHER_ID,
    SERVER_ID,
    answer,
    flow,
    hello,
    parts,
    pieces,
    quic_row,
    send,
    whole,
)
from quic_wire import DRAFT29, V1, V2, ZERO_RTT, ack, close, crypto, initial, other, retry, version_negotiation
from udp_flow import Flow


def another_address(capture):
    """Of another client of the same network."""
    return capture.client[:4] + b"\x99" + capture.client[5:] if capture.family == 6 else b"\xc0\0\2\x63"


def e083(name):
    grease = struct.pack(">BI", 0xC3, 0x1A2A3A4A) + b"\x08" + OTHER_ID + b"\x04" + CLIENT_ID + bytes(1180)
    negotiation = flow.datagram(version_negotiation(CLIENT_ID, OTHER_ID, V1, V2), False)
    yield Case("a reserved version first", send(grease, whole(name)))
    yield Case("answered with Version Negotiation", [*send(grease), negotiation, *send(whole(name))])
    same = grease.replace(OTHER_ID, ID)
    yield Case("the same connection ID", [*send(same), *send(whole(name))])
    yield Case("Version Negotiation from the client", send(version_negotiation(ID, CLIENT_ID, V1), whole(name)))
    yield Case("a server's Version Negotiation alone first", [*send(bytes(20)), negotiation, *send(whole(name))])


def e084(name):
    yield Case("version 2", send(whole(name, version=V2)))
    yield Case("version 2 over two datagrams", send(*parts(hello(name, True), 2, version=V2)))
    yield Case("version 2 over two, exchanged", send(*reversed(parts(hello(name, True), 2, version=V2))))
    yield Case("draft 29", send(whole(name, version=DRAFT29)))
    yield Case("draft 29 over two datagrams", send(*parts(hello(name, True), 2, version=DRAFT29)))
    yield Case("0-RTT of version 2 first", send(other(ZERO_RTT, ID, version=V2, size=1200), whole(name, version=V2)))
    message, halves = hello(name, True), None
    halves = [initial(ID, crypto(0, message[:900])), initial(ID, crypto(900, message[900:]), number=1, version=V2)]
    yield Case("half in version 1, half in 2", send(*halves), illegal=True)
    yield Case(
        "a server that goes on in version 2",
        [*send(parts(message, 2)[0]), answer(says=ack(), version=V2), *send(parts(message, 2)[1])],
    )


def e085(name):
    for version in (0xFF00001B, 0xFF000020, 0x51303530, 0xBABABABB, 0x00000002, 0xFACEB002):
        packet = (
            struct.pack(">BI", 0xC3, version)
            + b"\x08"
            + ID
            + b"\x04"
            + CLIENT_ID
            + b"\0"
            + hello(name).ljust(1180, b"\0")
        )
        yield Case(f"version {version:08x}", send(packet, invalid=True))


def e086(name):
    again = flow.datagram(retry(CLIENT_ID, SERVER_ID, original=ID), False)
    second = initial(SERVER_ID, crypto(0, hello(name)), token=b"token", number=1)
    yield Case("a decoy, Retry, the real one", [*send(whole(DECOY)), again, *send(second)])
    yield Case("the same hello again", [*send(whole(name)), again, *send(second)])
    third = initial(b"third-id", crypto(0, hello(name)), token=b"token", number=2)
    yield Case(
        "two Retries",
        [
            *send(whole(DECOY)),
            again,
            flow.datagram(retry(CLIENT_ID, b"third-id", original=SERVER_ID), False),
            *send(third),
        ],
    )
    message = hello(name, True)
    halves = [
        initial(SERVER_ID, crypto(*piece), token=b"token" * 12, number=i) for i, piece in enumerate(pieces(message, 2))
    ]
    yield Case("a large hello after it", [*send(parts(hello(DECOY, True), 2)[0]), again, *send(*halves)])
    yield Case("a large hello after it, exchanged", [*send(*parts(message, 2)[:1]), again, *send(*reversed(halves))])
    again = flow.answer(retry(CLIENT_ID, SERVER_ID, original=ID, version=V2))
    second = initial(SERVER_ID, crypto(0, hello(name)), token=b"token", version=V2)
    yield Case("version 2", [*send(whole(DECOY, version=V2)), *again, *send(second)])


def e087(name):
    message = hello(name, True)
    first, second = parts(message, 2)
    moved = initial(SERVER_ID, crypto(*pieces(message, 2)[1]), keys_from=ID, number=1)
    yield Case("the second half to the server's ID", [*send(first), answer(says=ack()), *send(moved)])
    yield Case("without an answer in sight", send(first, moved))
    yield Case(
        "an acknowledgment after the answer",
        [*send(whole(name)), answer(), *send(initial(SERVER_ID, ack(), keys_from=ID, number=1))],
    )
    yield Case(
        "a new connection on the same ports", [*send(whole(DECOY, OTHER_ID)), answer(OTHER_ID), *send(first, second)]
    )
    bye = initial(SERVER_ID, close(), keys_from=ID, number=1)
    yield Case(
        "the same connection ID again, after a close",
        [*send(whole(DECOY)), answer(), *send(bye), *send(whole(name, number=2), after=4_000_000)],
    )
    yield Case(
        "the same, over two datagrams",
        [*send(whole(DECOY)), answer(), *send(bye), *send(second, after=4_000_000), *send(first)],
    )
    elsewhere = Flow(client_port=50444)
    yield Case("the second half from another port", [*send(first), elsewhere.datagram(second)], roaming=True)

    def from_elsewhere(capture):
        capture.client = another_address(capture)
        capture.udp(second)

    yield Case("the second half from another address", [*send(first), from_elsewhere], roaming=True)


def e088(name):
    for size in (0, 1, 4, 7, 20):
        yield Case(f"{size} bytes", send(whole(name, bytes(range(size)))), BLOCK_OR_PASS)
    for size in (21, 40, 255):
        yield Case(f"{size} bytes", send(whole(name, bytes(i & 255 for i in range(size))), invalid=True), DROPPED)
    yield Case("0 bytes, a decoy of 8 before", send(whole(DECOY, OTHER_ID), whole(name, b"")), BLOCK_OR_PASS)
    yield Case("source ID of 21 bytes", send(whole(name, source=bytes(21)), invalid=True), DROPPED)
    yield Case("source ID of 0 bytes", send(whole(name, source=b"")), BLOCK_OR_PASS)
    yield Case(
        "no IDs at all, over two datagrams",
        send(
            *(
                initial(b"", crypto(*piece), source=b"", number=i)
                for i, piece in enumerate(pieces(hello(name, True), 2))
            )
        ),
        BLOCK_OR_PASS,
    )


def e089(name):
    for size in (600, 1199):
        yield Case(f"{size} bytes", send(whole(name, size=size), invalid=True))
    first, second = (crypto(*piece) for piece in pieces(hello(name), 2))
    yield Case(
        "the second half short",
        [*send(initial(ID, first)), *send(initial(ID, second, number=1, size=None), invalid=True)],
    )
    yield Case("a short decoy, then the real one", [*send(whole(DECOY, size=500), invalid=True), *send(whole(name))])


def e090(name):
    generator = random.Random(90)
    real = whole(name)
    for label, tail in (
        ("two zeros", bytes(2)),
        ("80 zeros", bytes(80)),
        ("junk", b"\x2a" + generator.randbytes(200)),
        ("junk like a long header", b"\xd5" + generator.randbytes(4) + b"\x05" + generator.randbytes(200)),
        ("text", b"GET / HTTP/1.1\r\n\r\n"),
    ):
        yield Case(label, send(real + tail))
    yield Case("a small packet made long by its tail", send(whole(name, size=400) + bytes(800)))

    def behind(capture):
        """Bytes that the IP length counts and the UDP length does not."""
        ends = capture.ends(True)
        capture.packet(frames.ip(ends, frames.UDP, frames.udp(ends, (50443, 443), real) + b"behind the datagram"))

    yield Case("bytes behind the UDP length", [behind])
    yield Case("a UDP length that is too much", [*send(whole(DECOY), length=9000, invalid=True), *send(real)])


def e091(name):
    real = whole(name)
    yield Case("two fragments", send(real, cuts=(8,)))
    yield Case("two fragments, cut in the middle", send(real, cuts=(600,)))
    yield Case("exchanged", send(real, cuts=(600,), order=(1, 0)))
    yield Case("five, shuffled", send(real, cuts=(8, 304, 640, 904), order=(3, 0, 4, 2, 1)))
    yield Case("the same fragment twice", send(real, cuts=(600,), order=(0, 0, 1)), illegal=True)
    two = parts(hello(name, True), 2)
    yield Case("half of the hello in fragments", [*send(two[1], cuts=(64,)), *send(two[0])])


def e092(name):
    for client_port in (40, 442, 443):
        low = Flow(client_port=client_port)
        yield Case(f"client port {client_port}", send(whole(name), on=low))
        yield Case(f"client port {client_port}, over two datagrams", send(*parts(hello(name, True), 2), on=low))
    high = Flow(port=55555, client_port=1024)
    yield Case("server port 55555", send(whole(name), on=high))


def e094(name):
    """The flood is from one host; another's connection is not to suffer, and nothing forbidden passes for it."""
    few = "[limits]\nquic_connections_per_source = 16\n"
    begun = [initial(struct.pack(">Q", i), crypto(0, hello(DECOY)[:100])) for i in range(40)]
    flood = [Flow(client_port=20000 + i).datagram(packet, dies=True) for i, packet in enumerate(begun)]
    real = parts(hello(name, True), 2)

    def other_host(capture):
        capture.client = another_address(capture)
        for packet in real:
            capture.udp(packet)

    yield Case("another host", [*flood, other_host], BLOCK_OR_PASS, few)
    yield Case("the same host", [*flood, *send(whole(name))], ("BLOCK", ""), few, illegal=True)
    yield Case(
        "nine connections on one pair of ports",
        [*send(*begun[:9], dies=True), *send(whole(name))],
        ("BLOCK", ""),
        illegal=True,
    )
    unread = [initial(struct.pack(">Q", i), crypto(0, hello(DECOY)[:100]), spoil=True) for i in range(100)]
    yield Case(
        "a hundred that are not authentic", [*send(*unread, invalid=True), *send(whole(name))], BLOCK_OR_PASS, few
    )


def server_says(says, number=0, **fields):
    packet = initial(CLIENT_ID, says, keys_from=ID, server=True, source=SERVER_ID, number=number, **fields)
    return flow.datagram(packet, False)


SERVER_HELLO = b"\x02" + (90).to_bytes(3, "big") + bytes(90)
RETRY_REQUEST = tls_wire.server_hello(retry=True)[5:]  # without its record


def f011(name):
    """After an acknowledgment one byte of a number is enough, however large the number is (RFC 9000, section 17.1)."""
    first, second = pieces(hello(name, True), 2)
    again = hello(name)
    for begin, server_begin in ((300, 0), (255, 255), (0, 0x12345678), (0x7FFFFFF0, 0x7FFFFFF0), (0xFFFFFFFF, 0)):
        yield Case(
            f"numbers from {begin:x}, the server's from {server_begin:x}",
            [
                *send(initial(ID, crypto(*first), number=begin)),
                server_says(ack(begin), server_begin),
                *send(initial(ID, crypto(*second), number=begin + 1, number_size=1)),
                server_says(ack(begin + 1) + crypto(0, SERVER_HELLO), server_begin + 1, number_size=1),
            ],
        )
        yield Case(
            f"numbers from {begin:x}, HelloRetryRequest",
            [
                *send(initial(ID, crypto(0, hello(DECOY)), number=begin)),
                server_says(ack(begin) + crypto(0, RETRY_REQUEST), server_begin),
                *send(
                    initial(
                        SERVER_ID, crypto(len(hello(DECOY)), again), keys_from=ID, number=begin + 1, number_size=1
                    )
                ),
                server_says(ack(begin + 1) + crypto(len(RETRY_REQUEST), SERVER_HELLO), server_begin + 1, number_size=1),
            ],
        )


def f012(name):
    token = {"token": b"t" * 40, "fixed_bit": False}
    yield Case("in the only one", send(whole(name, **token)))
    yield Case("in version 2", send(whole(name, version=V2, **token)))
    for order in (1, -1):
        made = [initial(ID, crypto(*piece), number=i, **token) for i, piece in enumerate(pieces(hello(name, True), 2))]
        yield Case(f"over two datagrams, {'in order' if order == 1 else 'exchanged'}", send(*made[::order]))
    answer_too = server_says(ack() + crypto(0, SERVER_HELLO), fixed_bit=False)
    yield Case("the server's, too", [*send(whole(name, **token)), answer_too])


for generator in (e083, e084, e085, e086, e087, e088, e089, e090, e091, e092, e094, f011, f012):
    quic_row(generator)
