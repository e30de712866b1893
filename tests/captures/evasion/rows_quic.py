"""Rows E070 to E094: QUIC. The names are in Initials, which anybody can read who has seen the first one."""

import dataclasses
import itertools
import random
import struct

import frames
from framework import row
from oracle import UdpReceiver
from quic_server import QuicServer
from quic_wire import (DRAFT29, HANDSHAKE, PING, V1, V2, ZERO_RTT, ack, close, crypto, initial, other, retry, varint,
                       version_negotiation)
from tls_wire import TRANSPORT_PARAMETERS, alpn, client_hello, grease_ech, padding
from udp_flow import Flow, udp_variant

DECOY = "www.google.com"
ID, OTHER_ID, SERVER_ID = bytes.fromhex("8394c8f03e515708"), bytes.fromhex("0011223344556677"), b"\x5e\x5e\x5e\x5e\x01\x02\x03\x04"
CLIENT_ID = b"\x01\x02\x03\x04"
REFUSED = ("BLOCK", "RESET")  # illegal whatever the name is
DROPPED, READ = ("DROP", "DROP"), ("BLOCK", "PASS")
flow = Flow()
#: Rows that are tried over both families; what the others ask does not depend on it.
FAMILIES = {"e070": (4, 6), "e076": (4, 6), "e084": (4, 6), "e086": (4, 6), "e091": (4, 6)}


def hello(name, large=False, **fields):
    """As Chrome sends it; `large`: with a post-quantum key share, too much for one datagram."""
    return client_hello(name, before=alpn("h3"), after=TRANSPORT_PARAMETERS + grease_ech(), hybrid=large, **fields)


def send(*payloads, on=flow, **fields):
    return on.send(*payloads, **fields)


def whole(name, destination=ID, **fields):
    return initial(destination, crypto(0, hello(name)), **fields)


def answer(original=ID, says=None, version=V1):
    """A server's Initial; with CRYPTO bytes unless told otherwise."""
    says = ack() + crypto(0, b"\x02" + bytes(90)) if says is None else says
    packet = initial(CLIENT_ID, says, keys_from=original, server=True, source=SERVER_ID, version=version)
    return flow.datagram(packet, False)


def pieces(message, count):
    """The message cut into `count` parts, as (offset, bytes)."""
    edges = [len(message) * i // count for i in range(count + 1)]
    return [(a, message[a:b]) for a, b in zip(edges, edges[1:])]


def parts(message, count, **fields):
    """One Initial a part."""
    return [initial(ID, crypto(*piece), number=i, **fields) for i, piece in enumerate(pieces(message, count))]


class QuicReceiver(UdpReceiver):
    """A QUIC server that keeps the first or the last copy of a CRYPTO byte. `roaming`: it knows a connection by its ID
    alone, whatever port its packets come from."""

    def __init__(self, roaming=False):
        super().__init__(list)
        self.roaming = roaming

    def read(self, arrivals, system):
        server = QuicServer(first_wins=system[0] == "first")
        for ports, payload in super().read(arrivals, system):
            server.datagram(None if self.roaming else ports, payload)
        return server.names()


@dataclasses.dataclass
class Case:
    """`expect`: (blocked, allowed), where the matrix leaves a choice or this variant is another case."""

    label: str
    datagrams: list
    expect: tuple = ("", "")
    config: str = ""
    roaming: bool = False

    def variant(self, family):
        blocked, allowed = self.expect
        how = {"blocked": blocked, "allowed": allowed, "config": self.config, "receiver": QuicReceiver(self.roaming)}
        return udp_variant(family, self.label, self.datagrams, **how)


def quic_row(function):
    """Registers eNNN(name) as row ENNN."""

    @row(function.__name__.upper(), families=FAMILIES.get(function.__name__, (4,)))
    def variants(mode, family):
        for case in function(mode.name):
            yield case.variant(family)

    return function


def e070(name):
    decoy, real = whole(DECOY, OTHER_ID), whole(name)
    yield Case("decoy before", send(decoy, real))
    yield Case("decoy after", send(real, decoy))
    yield Case("decoy six times before", send(*[decoy] * 6, real))
    yield Case("decoy before and after", send(decoy, real, decoy))
    yield Case("three decoys, each another connection", send(*[whole(DECOY, bytes([i] * 8)) for i in range(3)], real))
    yield Case("a decoy that is not complete", send(parts(hello(DECOY), 2)[1], initial(OTHER_ID, crypto(0, hello(DECOY)[:100])), real)[1:])
    yield Case("decoy of the same client connection ID, answered", [*send(decoy), answer(OTHER_ID), *send(real)])
    yield Case("decoy amid a large hello", send(parts(hello(name, True), 2)[0], decoy, parts(hello(name, True), 2)[1]))
    yield Case("decoy of version 2", send(whole(DECOY, OTHER_ID, version=V2), real))
    yield Case("the same connection ID, other bytes", send(whole(DECOY), real), REFUSED)
    yield Case("the same connection ID, other bytes after", send(real, whole(DECOY)), REFUSED)
    yield Case("the same connection ID in another version", send(whole(DECOY, version=V2), real), REFUSED)
    yield Case("decoy with an empty token and one with a token", send(whole(DECOY, OTHER_ID, token=b"t" * 70), real))


def e071(name):
    generator = random.Random(71)
    junk = [bytes([generator.randrange(128)]) + generator.randbytes(generator.randrange(8, 900)) for _ in range(30)]
    long_form = b"\xc7" + generator.randbytes(4) + b"\x08" + generator.randbytes(300)
    yield Case("64 zeros", send(bytes(64), whole(name)))
    yield Case("30 datagrams of junk", send(*junk, whole(name)))
    yield Case("junk between the parts", send(parts(hello(name), 2)[0], *junk[:5], parts(hello(name), 2)[1]))
    yield Case("junk with a long header", [*send(long_form, invalid=True), *send(whole(name))])
    yield Case("a STUN request first", send(bytes.fromhex("000100002112a442") + bytes(12), whole(name)))
    yield Case("one byte", send(b"\x40", b"\xc0", whole(name)))


def e072(name):
    for label, decoy in (("the same connection ID", whole(DECOY)), ("another connection ID", whole(DECOY, OTHER_ID))):
        yield Case(f"before, {label}", [*send(decoy, bad_checksum=True, invalid=True), *send(whole(name))])
        yield Case(f"after, {label}", [*send(whole(name)), *send(decoy, bad_checksum=True, invalid=True)])


def e073(name):
    for ttl in (1, 3, 8):
        yield Case(f"TTL {ttl}", [*send(whole(DECOY, OTHER_ID), ip={"ttl": ttl}, dies=True), *send(whole(name))])
    yield Case("TTL 3, same connection ID", [*send(whole(DECOY), ip={"ttl": 3}, dies=True), *send(whole(name))], REFUSED)


def e074(name):
    spoilt = whole(DECOY, spoil=True)
    yield Case("only a spoilt one", send(whole(name, spoil=True), invalid=True), DROPPED)
    yield Case("spoilt, then right", [*send(spoilt, invalid=True), *send(whole(name))], READ)
    yield Case("right, then spoilt", [*send(whole(name)), *send(spoilt, invalid=True)], READ)
    yield Case("spoilt decoys around it", [*send(spoilt, invalid=True), *send(whole(name)), *send(spoilt, invalid=True)], READ)
    yield Case("spoilt, coalesced before the right one", send(whole(DECOY, spoil=True, size=300) + whole(name)), ("BLOCK", "ANY"))
    yield Case("keys of another connection ID", [*send(whole(DECOY, keys_from=OTHER_ID), invalid=True), *send(whole(name))], READ)


def shuffled(message, size, seed, between=b""):
    cuts = [(at, message[at : at + size]) for at in range(0, len(message), size)]
    random.Random(seed).shuffle(cuts)
    return between.join(crypto(*cut) for cut in cuts)


def e075(name):
    message = hello(name)
    for size in (1, 2, 7, 40):
        yield Case(f"frames of {size} bytes, shuffled", send(initial(ID, shuffled(message, size, size), size=1300)))
    yield Case("PING and PADDING between", send(initial(ID, shuffled(message, 30, 1, PING + bytes(9)), size=1400)))
    yield Case("from the last byte to the first", send(initial(ID, b"".join(
        crypto(at, message[at : at + 5]) for at in reversed(range(0, len(message), 5))), size=1400)))
    yield Case("frames that overlap with the same bytes", send(initial(ID, crypto(0, message[:200]) + crypto(100, message[100:]))))
    yield Case("empty frames first", send(initial(ID, crypto(0, b"") + crypto(9, b"") + crypto(0, message))))
    yield Case("long forms of the integers", send(initial(ID, crypto(0, message, 8))))
    yield Case("padding in front", send(initial(ID, bytes(600) + crypto(0, message))))


def e076(name):
    message = hello(name, True)
    for count in (2, 3):
        made = parts(message, count)
        for order in itertools.permutations(range(count)):
            yield Case(f"{count} datagrams, order {' '.join(str(i + 1) for i in order)}", send(*(made[i] for i in order)))
    two = parts(message, 2)
    yield Case("the server acknowledges between them", [*send(two[0]), answer(says=ack()), *send(two[1])])
    yield Case("the server acknowledges the later part first", [*send(two[1]), answer(says=ack(1)), *send(two[0])])
    yield Case("each part twice", send(two[0], two[0], two[1], two[1]))
    yield Case("sent again with other cuts", send(two[0], initial(ID, crypto(500, message[500:1500]), number=5, size=None), two[1]))
    yield Case("eight datagrams backwards", send(*reversed(parts(message, 8))))
    yield Case("all but the last byte, then it", send(*(initial(ID, crypto(at, message[at:end]), number=at)
               for at, end in ((0, 700), (700, len(message) - 1), (len(message) - 1, len(message))))))
    yield Case("the first byte last", send(*(initial(ID, crypto(at, message[at:end]), number=at)
               for at, end in ((1, 700), (700, len(message)), (0, 1)))))
    chaos = [initial(ID, shuffled(message[:900], 60, 3) + crypto(1000, message[1000:1100]), number=0),
             initial(ID, crypto(900, message[900:1000]) + crypto(1100, message[1100:]), number=1)]
    yield Case("Chrome's shuffle over two", send(*chaos))
    yield Case("Chrome's shuffle over two, exchanged", send(*reversed(chaos)))
    yield Case("five seconds between", [*send(two[0]), *send(two[1], after=5_000_000)])


def e077(name):
    message = hello(name)
    at, ech = message.index(name.encode()), message.index(b"\xfe\x0d")
    for label, cut in (("in the name", at + 6), ("before the name", at), ("after the name", at + len(name)),
                       ("in the name's length", at - 1), ("in the extension's type", at - 8), ("in ECH's type", ech + 1)):
        for order in (1, -1):
            made = [initial(ID, crypto(0, message[:cut])), initial(ID, crypto(cut, message[cut:]), number=1)]
            yield Case(f"{label}, {'in order' if order == 1 else 'exchanged'}", send(*made[::order]))
    yield Case("in the name, in one packet", send(initial(ID, crypto(at + 6, message[at + 6 :]) + crypto(0, message[: at + 6]))))


def e078(name):
    real, decoy = hello(name), hello(DECOY)
    yield Case("in one packet, decoy first", send(initial(ID, crypto(0, decoy) + crypto(0, real))), REFUSED)
    yield Case("in one packet, decoy last", send(initial(ID, crypto(0, real) + crypto(0, decoy))), REFUSED)
    at = real.index(name.encode())
    fake = crypto(at, b"x" * len(name))
    yield Case("a fake name first", send(initial(ID, fake), initial(ID, crypto(0, real), number=1)), REFUSED)
    yield Case("a fake name between the halves", send(initial(ID, crypto(0, real[: at + 5])), initial(ID, fake, number=1),
               initial(ID, crypto(at + 5, real[at + 5 :]), number=2)), REFUSED)
    yield Case("zeros first", send(initial(ID, crypto(20, bytes(400))), initial(ID, crypto(0, real), number=1)), REFUSED)
    yield Case("with another packet number length", send(initial(ID, fake, number_size=1), initial(ID, crypto(0, real), number=1)), REFUSED)


def e079(name):
    message = hello(name)
    far = crypto((1 << 62) - 100, b"x" * 50)
    yield Case("near 2^62, beside the hello", send(initial(ID, far + crypto(0, message))))
    yield Case("near 2^62, in a packet of its own", send(initial(ID, far), initial(ID, crypto(0, message), number=1)))
    yield Case("at 20000", send(initial(ID, crypto(20000, b"x" * 90) + crypto(0, message))))
    yield Case("at 2^32", send(initial(ID, crypto(1 << 32, message) + crypto(0, message))))
    yield Case("past 2^62", send(initial(ID, b"\x06" + varint((1 << 62) - 1) + varint(4) + b"xxxx" + crypto(0, message))), DROPPED)
    long = client_hello(name, after=padding(17000))
    yield Case("a hello of 17 KB", send(*parts(long, 16, size=1250)), REFUSED)


def e080(name):
    message = crypto(0, hello(name))
    for label, frames in (("ACK", ack()), ("ACK with ECN counts", ack(ecn=True)), ("PING", PING), ("all of them", PING + ack() + bytes(3)),
                          ("an ACK of several ranges", b"\x02\x20\x00\x02\x01\x03\x02\x03\x01")):
        yield Case(f"{label} first", send(initial(ID, frames + message)))
    yield Case("CONNECTION_CLOSE first", send(initial(ID, close(0, b"bye") + message)))
    for label, frame in (("an unknown frame", b"\x3f"), ("a STREAM frame", b"\x08\x00a"), ("CONNECTION_CLOSE of an application", b"\x1d\0\0"),
                         ("NEW_TOKEN", b"\x07\x01a"), ("a type in two bytes", b"\x40\x06"), ("HANDSHAKE_DONE", b"\x1e")):
        yield Case(f"{label} first", send(initial(ID, frame + message)), DROPPED)
        yield Case(f"{label} last", send(initial(ID, message + frame)), DROPPED)
    yield Case("an ACK of less than nothing", send(initial(ID, b"\x02\x00\x00\x00\x05" + message)), DROPPED)


def e081(name):
    real, small = whole(name), other(HANDSHAKE, ID, size=50)
    yield Case("Handshake first", send(small + real))
    yield Case("0-RTT first", send(other(ZERO_RTT, ID, size=200) + real))
    yield Case("seven packets first", send(small * 7 + real))
    yield Case("nine packets first", send(small * 9 + real), ("BLOCK", "ANY"))
    yield Case("thirty packets first", send(small * 30 + real), ("BLOCK", "ANY"))
    yield Case("another connection's Initial first", send(whole(DECOY, OTHER_ID, size=500) + real))
    message = hello(name)
    yield Case("both halves in one datagram", send(initial(ID, crypto(0, message[:150]), size=300) + initial(ID, crypto(150, message[150:]), number=1)))
    yield Case("a short header behind", send(real + b"\x40" + ID + bytes(range(40))))
    yield Case("the Initial last and small", send(other(ZERO_RTT, ID, size=900) + whole(name, size=None)))
    clear = bytes([real[0] & 0xBF]) + real[1:]
    yield Case("fixed bit clear", send(clear), ("BLOCK", "ANY"))
    yield Case("fixed bit clear, behind another", send(small + sealed_clear(name)), ("BLOCK", "ANY"))
    yield Case("a cut-off packet behind", send(real + small[:20]), ("BLOCK", "ANY"))


def sealed_clear(name):
    """An Initial whose fixed bit is clear, and authentic so: some servers take it."""
    return initial(ID, crypto(0, hello(name)), fixed_bit=False)


def e082(name):
    early, real = other(ZERO_RTT, ID, size=1200), whole(name)
    yield Case("one 0-RTT datagram first", send(early, real))
    yield Case("three first, one after", send(early, early, early, real, early))
    yield Case("amid a large hello", send(parts(hello(name, True), 2)[1], early, parts(hello(name, True), 2)[0]))
    yield Case("of another connection ID", send(other(ZERO_RTT, OTHER_ID, size=1200), real))


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
    yield Case("half in version 1, half in 2", send(*halves), ("BLOCK", "ANY"))
    yield Case("a server that goes on in version 2", [*send(parts(message, 2)[0]), answer(says=ack(), version=V2), *send(parts(message, 2)[1])])


def e085(name):
    for version in (0xFF00001B, 0xFF000020, 0x51303530, 0xBABABABB, 0x00000002, 0xFACEB002):
        packet = struct.pack(">BI", 0xC3, version) + b"\x08" + ID + b"\x04" + CLIENT_ID + b"\0" + hello(name).ljust(1180, b"\0")
        yield Case(f"version {version:08x}", send(packet, invalid=True), DROPPED)


def e086(name):
    again = flow.datagram(retry(CLIENT_ID, SERVER_ID, original=ID), False)
    second = initial(SERVER_ID, crypto(0, hello(name)), token=b"token", number=1)
    yield Case("a decoy, Retry, the real one", [*send(whole(DECOY)), again, *send(second)])
    yield Case("the same hello again", [*send(whole(name)), again, *send(second)])
    third = initial(b"third-id", crypto(0, hello(name)), token=b"token", number=2)
    yield Case("two Retries", [*send(whole(DECOY)), again, flow.datagram(retry(CLIENT_ID, b"third-id", original=SERVER_ID), False), *send(third)])
    message = hello(name, True)
    halves = [initial(SERVER_ID, crypto(*piece), token=b"token" * 12, number=i) for i, piece in enumerate(pieces(message, 2))]
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
    yield Case("an acknowledgment after the answer", [*send(whole(name)), answer(), *send(initial(SERVER_ID, ack(), keys_from=ID, number=1))])
    yield Case("a new connection on the same ports", [*send(whole(DECOY, OTHER_ID)), answer(OTHER_ID), *send(first, second)])
    bye = initial(SERVER_ID, close(), keys_from=ID, number=1)
    yield Case("the same connection ID again, after a close", [*send(whole(DECOY)), answer(), *send(bye), *send(whole(name, number=2), after=4_000_000)])
    yield Case("the same, over two datagrams", [*send(whole(DECOY)), answer(), *send(bye), *send(second, after=4_000_000), *send(first)])
    elsewhere = Flow(client_port=50444)
    yield Case("the second half from another port", [*send(first), elsewhere.datagram(second)], roaming=True)


def e088(name):
    for size in (0, 1, 4, 7, 20):
        yield Case(f"{size} bytes", send(whole(name, bytes(range(size)))), ("BLOCK", "PASS"))
    for size in (21, 40, 255):
        yield Case(f"{size} bytes", send(whole(name, bytes(i & 255 for i in range(size)))), DROPPED)
    yield Case("0 bytes, a decoy of 8 before", send(whole(DECOY, OTHER_ID), whole(name, b"")), ("BLOCK", "PASS"))
    yield Case("source ID of 21 bytes", send(whole(name, source=bytes(21))), DROPPED)
    yield Case("source ID of 0 bytes", send(whole(name, source=b"")), ("BLOCK", "PASS"))
    yield Case("no IDs at all, over two datagrams", send(*(initial(b"", crypto(*piece), source=b"", number=i)
               for i, piece in enumerate(pieces(hello(name, True), 2)))), ("BLOCK", "PASS"))


def e089(name):
    yield Case("600 bytes", send(whole(name, size=600)), DROPPED)
    yield Case("1199 bytes", send(whole(name, size=1199)), DROPPED)
    message = hello(name)
    yield Case("the second half short", send(initial(ID, crypto(0, message[:150])), initial(ID, crypto(150, message[150:]), number=1, size=None)), DROPPED)
    yield Case("a short decoy, then the real one", [*send(whole(DECOY, size=500), invalid=True), *send(whole(name))], READ)


def e090(name):
    generator = random.Random(90)
    real = whole(name)
    for label, tail in (("two zeros", bytes(2)), ("80 zeros", bytes(80)), ("junk", b"\x2a" + generator.randbytes(200)),
                        ("junk like a long header", b"\xd5" + generator.randbytes(4) + b"\x05" + generator.randbytes(200)), ("text", b"GET / HTTP/1.1\r\n\r\n")):
        yield Case(label, send(real + tail))
    yield Case("a small packet made long by its tail", send(whole(name, size=400) + bytes(800)))

    def behind(capture):
        """Bytes that the IP length counts and the UDP length does not."""
        ends = capture.ends(True)
        capture.packet(frames.ip(ends, frames.UDP, frames.udp(ends, (50443, 443), real) + b"behind the datagram"))

    yield Case("bytes behind the UDP length", [behind])
    yield Case("a UDP length that is too much", send(real, length=9000, invalid=True), DROPPED)


def e091(name):
    real = whole(name)
    yield Case("two fragments", send(real, cuts=(8,)))
    yield Case("two fragments, cut in the middle", send(real, cuts=(600,)))
    yield Case("exchanged", send(real, cuts=(600,), order=(1, 0)))
    yield Case("five, shuffled", send(real, cuts=(8, 304, 640, 904), order=(3, 0, 4, 2, 1)))
    yield Case("the same fragment twice", send(real, cuts=(600,), order=(0, 0, 1)), DROPPED)
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
        capture.client = capture.client[:4] + b"\x99" + capture.client[5:] if capture.family == 6 else b"\xc0\0\2\x63"
        for packet in real:
            capture.udp(packet)

    yield Case("another host", [*flood, other_host], READ, few)
    yield Case("the same host", [*flood, *send(whole(name))], ("BLOCK", "ANY"), few)
    yield Case("nine connections on one pair of ports", [*send(*begun[:9], dies=True), *send(whole(name))], ("BLOCK", "ANY"))
    unread = [initial(struct.pack(">Q", i), crypto(0, hello(DECOY)[:100]), spoil=True) for i in range(100)]
    yield Case("a hundred that are not authentic", [*send(*unread, invalid=True), *send(whole(name))], READ, few)


for generator in (e070, e071, e072, e073, e074, e075, e076, e077, e078, e079, e080, e081, e082, e083, e084, e085, e086,
                  e087, e088, e089, e090, e091, e092, e094):
    quic_row(generator)
