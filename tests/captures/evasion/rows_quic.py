"""Rows E070 to E082: QUIC hellos in Initials of every shape, and decoys around them."""

import itertools
import random

from quic_case import Case, DECOY, DROPPED, ID, OTHER_ID, answer, hello, parts, quic_row, send, whole
from quic_wire import HANDSHAKE, PING, V2, ZERO_RTT, ack, close, crypto, initial, other, varint
from tls_wire import client_hello, padding


def e070(name):
    decoy, real = whole(DECOY, OTHER_ID), whole(name)
    yield Case("decoy before", send(decoy, real))
    yield Case("decoy after", send(real, decoy))
    yield Case("decoy six times before", send(*[decoy] * 6, real))
    yield Case("decoy before and after", send(decoy, real, decoy))
    yield Case("three decoys, each another connection", send(*[whole(DECOY, bytes([i] * 8)) for i in range(3)], real))
    yield Case(
        "a decoy that is not complete",
        send(initial(OTHER_ID, crypto(0, hello(DECOY)[:100])), real),
    )
    yield Case("decoy of the same client connection ID, answered", [*send(decoy), answer(OTHER_ID), *send(real)])
    yield Case("decoy amid a large hello", send(parts(hello(name, True), 2)[0], decoy, parts(hello(name, True), 2)[1]))
    yield Case("decoy of version 2", send(whole(DECOY, OTHER_ID, version=V2), real))
    yield Case("decoy with an empty token and one with a token", send(whole(DECOY, OTHER_ID, token=b"t" * 70), real))


def e071(name):
    generator = random.Random(71)
    junk = [bytes([generator.randrange(128)]) + generator.randbytes(generator.randrange(8, 900)) for _ in range(30)]
    begin = b"\xc7" + generator.randbytes(4) + b"\x08"
    # The small one may be DNSCrypt's or anybody's, which no QUIC server answers.
    small, large = begin + generator.randbytes(300), begin + generator.randbytes(1200)
    yield Case("64 zeros", send(bytes(64), whole(name)))
    yield Case("30 datagrams of junk", send(*junk, whole(name)))
    yield Case("junk between the parts", send(parts(hello(name), 2)[0], *junk[:5], parts(hello(name), 2)[1]))
    yield Case("junk with a long header, small", send(small, whole(name)))
    yield Case("junk with a long header, large", [*send(large, invalid=True), *send(whole(name))])
    yield Case("a STUN request first", send(bytes.fromhex("000100002112a442") + bytes(12), whole(name)))
    yield Case("one byte", send(b"\x40", b"\xc0", whole(name)))


def e072(name):
    for label, decoy in (("the same connection ID", whole(DECOY)), ("another connection ID", whole(DECOY, OTHER_ID))):
        yield Case(f"before, {label}", [*send(decoy, bad_checksum=True, invalid=True), *send(whole(name))])
        yield Case(f"after, {label}", [*send(whole(name)), *send(decoy, bad_checksum=True, invalid=True)])


def e073(name):
    for ttl in (1, 3, 8):
        yield Case(f"TTL {ttl}", [*send(whole(DECOY, OTHER_ID), ip={"ttl": ttl}, dies=True), *send(whole(name))])


def e074(name):
    spoilt = whole(DECOY, spoil=True)
    yield Case("only a spoilt one", send(whole(name, spoil=True), invalid=True), DROPPED)
    yield Case("spoilt, then right", [*send(spoilt, invalid=True), *send(whole(name))], ("DROP", "PASS"))
    yield Case("right, then spoilt", [*send(whole(name)), *send(spoilt, invalid=True)], ("DROP", "PASS"))
    yield Case(
        "spoilt decoys around it",
        [*send(spoilt, invalid=True), *send(whole(name)), *send(spoilt, invalid=True)],
        ("DROP", "PASS"),
    )
    yield Case(
        "spoilt, coalesced before the right one",
        send(whole(DECOY, spoil=True, size=300) + whole(name)),
        ("DROP", ""),
        illegal=True,
    )
    yield Case(
        "keys of another connection ID",
        [*send(whole(DECOY, keys_from=OTHER_ID), invalid=True), *send(whole(name))],
        ("DROP", "PASS"),
    )


def shuffled(message, size, seed, between=b""):
    cuts = [(at, message[at : at + size]) for at in range(0, len(message), size)]
    random.Random(seed).shuffle(cuts)
    return between.join(crypto(*cut) for cut in cuts)


def e075(name):
    message = hello(name)
    for size in (1, 2, 7, 40):
        yield Case(f"frames of {size} bytes, shuffled", send(initial(ID, shuffled(message, size, size), size=1300)))
    yield Case("PING and PADDING between", send(initial(ID, shuffled(message, 30, 1, PING + bytes(9)), size=1400)))
    yield Case(
        "from the last byte to the first",
        send(
            initial(
                ID, b"".join(crypto(at, message[at : at + 5]) for at in reversed(range(0, len(message), 5))), size=1400
            )
        ),
    )
    yield Case(
        "frames that overlap with the same bytes",
        send(initial(ID, crypto(0, message[:200]) + crypto(100, message[100:]))),
    )
    yield Case("empty frames first", send(initial(ID, crypto(0, b"") + crypto(9, b"") + crypto(0, message))))
    yield Case("long forms of the integers", send(initial(ID, crypto(0, message, 8))))
    yield Case("padding in front", send(initial(ID, bytes(600) + crypto(0, message))))


def e076(name):
    message = hello(name, True)
    for count in (2, 3):
        made = parts(message, count)
        for order in itertools.permutations(range(count)):
            yield Case(
                f"{count} datagrams, order {' '.join(str(i + 1) for i in order)}", send(*(made[i] for i in order))
            )
    two = parts(message, 2)
    yield Case("the server acknowledges between them", [*send(two[0]), answer(says=ack()), *send(two[1])])
    yield Case("the server acknowledges the later part first", [*send(two[1]), answer(says=ack(1)), *send(two[0])])
    yield Case("each part twice", send(two[0], two[0], two[1], two[1]))
    yield Case(
        "sent again with other cuts", send(two[0], initial(ID, crypto(500, message[500:1500]), number=5), two[1])
    )
    yield Case("eight datagrams backwards", send(*reversed(parts(message, 8))))
    yield Case(
        "all but the last byte, then it",
        send(
            *(
                initial(ID, crypto(at, message[at:end]), number=at)
                for at, end in ((0, 700), (700, len(message) - 1), (len(message) - 1, len(message)))
            )
        ),
    )
    yield Case(
        "the first byte last",
        send(
            *(
                initial(ID, crypto(at, message[at:end]), number=at)
                for at, end in ((1, 700), (700, len(message)), (0, 1))
            )
        ),
    )
    chaos = [
        initial(ID, shuffled(message[:900], 60, 3) + crypto(1000, message[1000:1100]), number=0),
        initial(ID, crypto(900, message[900:1000]) + crypto(1100, message[1100:]), number=1),
    ]
    yield Case("Chrome's shuffle over two", send(*chaos))
    yield Case("Chrome's shuffle over two, exchanged", send(*reversed(chaos)))
    yield Case("five seconds between", [*send(two[0]), *send(two[1], after=5_000_000)])


def e077(name):
    message = hello(name)
    at, ech = message.index(name.encode()), message.index(b"\xfe\x0d")
    for label, cut in (
        ("in the name", at + 6),
        ("before the name", at),
        ("after the name", at + len(name)),
        ("in the name's length", at - 1),
        ("in the extension's type", at - 8),
        ("in ECH's type", ech + 1),
    ):
        for order in (1, -1):
            made = [initial(ID, crypto(0, message[:cut])), initial(ID, crypto(cut, message[cut:]), number=1)]
            yield Case(f"{label}, {'in order' if order == 1 else 'exchanged'}", send(*made[::order]))
    yield Case(
        "in the name, in one packet",
        send(initial(ID, crypto(at + 6, message[at + 6 :]) + crypto(0, message[: at + 6]))),
    )


def e078(name):
    real, decoy = hello(name), hello(DECOY)
    first, last = whole(name), whole(DECOY)
    yield Case("a decoy's hello before", send(last, first))
    yield Case("a decoy's hello after", send(first, last))
    yield Case("a decoy's hello in another version", send(whole(DECOY, version=V2), first))
    yield Case("a decoy's hello with TTL 3", [*send(last, ip={"ttl": 3}, dies=True), *send(first)])
    yield Case("in one packet, decoy first", send(initial(ID, crypto(0, decoy) + crypto(0, real))))
    yield Case("in one packet, decoy last", send(initial(ID, crypto(0, real) + crypto(0, decoy))))
    at = real.index(name.encode())
    fake = crypto(at, b"x" * len(name))
    yield Case("a fake name first", send(initial(ID, fake), initial(ID, crypto(0, real), number=1)))
    yield Case(
        "a fake name between the halves",
        send(
            initial(ID, crypto(0, real[: at + 5])),
            initial(ID, fake, number=1),
            initial(ID, crypto(at, real[at:]), number=2),
        ),
    )
    yield Case("zeros first", send(initial(ID, crypto(20, bytes(400))), initial(ID, crypto(0, real), number=1)))
    yield Case(
        "with another packet number length",
        send(initial(ID, fake, number_size=1), initial(ID, crypto(0, real), number=1)),
    )


def e079(name):
    message = hello(name)
    far = crypto((1 << 62) - 100, b"x" * 50)
    yield Case("near 2^62, beside the hello", send(initial(ID, far + crypto(0, message))))
    yield Case("near 2^62, in a packet of its own", send(initial(ID, far), initial(ID, crypto(0, message), number=1)))
    yield Case("at 20000", send(initial(ID, crypto(20000, b"x" * 90) + crypto(0, message))))
    yield Case("at 2^32", send(initial(ID, crypto(1 << 32, message) + crypto(0, message))))
    past = initial(ID, b"\x06" + varint((1 << 62) - 1) + varint(4) + b"xxxx" + crypto(0, hello(DECOY)))
    yield Case("past 2^62", [*send(past, invalid=True), *send(initial(ID, crypto(0, message), number=1))])
    long = client_hello(name, after=padding(17000))
    yield Case("a hello of 17 KB", send(*parts(long, 16, size=1250)), illegal=True)


def e080(name):
    message = crypto(0, hello(name))
    for label, frames in (
        ("ACK", ack()),
        ("ACK with ECN counts", ack(ecn=True)),
        ("PING", PING),
        ("all of them", PING + ack() + bytes(3)),
        ("an ACK of several ranges", b"\x02\x20\x00\x02\x01\x03\x02\x03\x01"),
    ):
        yield Case(f"{label} first", send(initial(ID, frames + message)))
    yield Case("CONNECTION_CLOSE first", send(initial(ID, close(0, b"bye") + message)))
    decoy, real = crypto(0, hello(DECOY)), initial(ID, message, number=1)
    for label, frame in (
        ("an unknown frame", b"\x3f"),
        ("a STREAM frame", b"\x08\x00a"),
        ("CONNECTION_CLOSE of an application", b"\x1d\0\0"),
        ("NEW_TOKEN", b"\x07\x01a"),
        ("a type in two bytes", b"\x40\x06"),
        ("HANDSHAKE_DONE", b"\x1e"),
        ("an ACK of less than nothing", b"\x02\x00\x00\x00\x05"),
    ):
        for order, frames_ in (("first", frame + decoy), ("last", decoy + frame)):
            yield Case(f"{label} {order}, then the real one", [*send(initial(ID, frames_), invalid=True), *send(real)])
        yield Case(f"{label} behind the hello", send(initial(ID, message + frame)), illegal=True)


def e081(name):
    real, small = whole(name), other(HANDSHAKE, ID, size=50)
    yield Case("Handshake first", send(small + real))
    yield Case("0-RTT first", send(other(ZERO_RTT, ID, size=200) + real))
    yield Case("seven packets first", send(small * 7 + real))
    yield Case("nine packets first", send(small * 9 + real), illegal=True)
    yield Case("thirty packets first", send(small * 30 + real), illegal=True)
    yield Case("another connection's Initial first", send(whole(DECOY, OTHER_ID, size=500) + real))
    message = hello(name)
    yield Case(
        "both halves in one datagram",
        send(initial(ID, crypto(0, message[:150]), size=300) + initial(ID, crypto(150, message[150:]), number=1)),
    )
    yield Case("a short header behind", send(real + b"\x40" + ID + bytes(range(40))))
    yield Case("the Initial last and small", send(other(ZERO_RTT, ID, size=900) + whole(name, size=None)))
    yield Case("fixed bit clear", send(sealed_clear(name)), illegal=True)
    yield Case("fixed bit clear, behind another", send(small + sealed_clear(name)), illegal=True)
    yield Case("a cut-off packet behind", send(real + small[:20]), illegal=True)


def sealed_clear(name):
    """An Initial whose fixed bit is clear, and authentic so: some servers take it."""
    return initial(ID, crypto(0, hello(name)), fixed_bit=False)


def e082(name):
    early, real = other(ZERO_RTT, ID, size=1200), whole(name)
    yield Case("one 0-RTT datagram first", send(early, real))
    yield Case("three first, one after", send(early, early, early, real, early))
    yield Case("amid a large hello", send(parts(hello(name, True), 2)[1], early, parts(hello(name, True), 2)[0]))
    yield Case("of another connection ID", send(other(ZERO_RTT, OTHER_ID, size=1200), real))


for generator in (e070, e071, e072, e073, e074, e075, e076, e077, e078, e079, e080, e081, e082):
    quic_row(generator)
