"""Rows of the group "IP layer": fragments, extension headers, encapsulation."""

import struct

import frames
from framework import ACK, DECOY, PSH, Capture, Tcp, Variant, row
from frames import DESTINATION_OPTIONS, HOP_BY_HOP

UNKNOWN_OPTION = b"\xc1\x04\0\0\0\0"  # hosts that do not know it discard the packet (RFC 8200, section 4.2)


def connection(family, **fields):
    return Tcp(Capture(family), **fields).connect()


def hello_packet(tcp, data, at=0):
    """The IP packet of a segment with hello bytes."""
    segment = tcp.transport(True, PSH | ACK, tcp.client_seq(at), tcp.server_seq(), data)
    tcp.offset = max(tcp.offset, at + len(data))
    return frames.ip(tcp.capture.ends(True), frames.TCP, segment)


def fragmented(mode, family, cuts, order=None):
    tcp = connection(family)
    made = frames.fragments(hello_packet(tcp, mode.hello()), cuts)
    for number in order or range(len(made)):
        tcp.capture.packet(made[number])
    return tcp.finish()


def fragment_variants(mode, family):
    for label, cuts, order in (
        ("two, cut behind the header", [32], None),
        ("two, cut in the name", [184], None),
        ("many", list(range(40, 540, 40)), None),
        ("two, last first", [184], (1, 0)),
        ("four, shuffled", [64, 128, 256], (2, 0, 3, 1)),
    ):
        yield Variant(label, fragmented(mode, family, cuts, order))


@row("E043", families=(4,))
def fragments_in_order(mode, family):
    yield from fragment_variants(mode, family)


@row("E043", families=(4,))
def fragments_of_pieces(mode, family):
    tcp, data = connection(family), mode.hello()
    for ident, (begin, end) in enumerate(((0, 200), (200, 517))):
        for packet in frames.fragments(hello_packet(tcp, data[begin:end], begin), [64], ident + 70):
            tcp.capture.packet(packet)
    yield Variant("two segments, each in two", tcp.finish())


@row("E044")
def overlapping_fragments(mode, family):
    """The datagram is dropped; the client sends the hello again, whole."""
    for label, decoy_first in {"decoy first": True, "decoy last": False}.items():
        for begin, end in ((64, 200), (32, 549), (0, 64), (184, 192)):
            tcp = connection(family)
            packet = hello_packet(tcp, mode.hello())
            body = packet[20 if family == 4 else 40 :]
            end = min(end, len(body))
            ends = tcp.capture.ends(True)
            other = bytes(value ^ 0x11 for value in body[begin:end]) if begin else body[:34] + bytes(end - 34)
            decoy = frames.fragment(ends, frames.TCP, other, begin, end < len(body))
            real = frames.fragments(packet, [64, 200])
            for fragment in [decoy, *real] if decoy_first else [*real[:2], decoy, real[2]]:
                tcp.capture.packet(fragment, invalid=True)
            tcp.send(mode.hello(), 0, after=300000)
            yield Variant(f"{label}, {begin} to {end}", tcp.finish(), blocked="BLOCK")


@row("E045")
def tiny_first_fragment(mode, family):
    for cuts in ([8], [16], [8, 16, 24]):
        for order in (1, -1):
            tcp = connection(family)
            for fragment in frames.fragments(hello_packet(tcp, mode.hello()), cuts)[::order]:
                tcp.capture.packet(fragment, invalid=True)
            tcp.send(mode.hello(), 0, after=300000)
            yield Variant(f"cut at {cuts}{', last first' if order < 0 else ''}", tcp.finish())


@row("E046", families=(6,))
def fragments_ipv6(mode, family):
    yield from fragment_variants(mode, family)


@row("E046", families=(6,))
def fragments_behind_extension(mode, family):
    """Destination options before the fragment header, and inside of what is fragmented."""
    tcp = connection(family)
    packet = hello_packet(tcp, mode.hello())
    ends = tcp.capture.ends(True)
    body = frames.extension(frames.TCP) + packet[40:]
    for begin, end in ((0, 104), (104, len(body))):
        header = struct.pack(">BBHI", DESTINATION_OPTIONS, 0, begin | (end < len(body)), 99)
        piece = frames.extension(frames.FRAGMENT) + header + body[begin:end]
        tcp.capture.packet(frames.ipv6(ends, DESTINATION_OPTIONS, piece))
    yield Variant("destination options outside and inside", tcp.finish())


def behind(chain, client_only=False):
    """A link that puts extension headers before what the IPv6 packet holds. `chain`: function(next header) -> (first
    header's number, bytes)."""

    def link(packet, to_server):
        if client_only and not to_server:
            return frames.ethernet(packet, to_server)
        first, headers = chain(packet[6])
        ends = (packet[8:24], packet[24:40])
        return frames.ethernet(frames.ipv6(ends, first, headers + packet[40:], packet[7]), to_server)

    return link


def each_with(mode, chain, label, cuts=(200,)):
    tcp = Tcp(Capture(6, link=behind(chain))).connect()
    tcp.pieces(mode.hello(), list(cuts))
    return Variant(label, tcp.finish())


def atomic(next_header):
    return frames.FRAGMENT, struct.pack(">BBHI", next_header, 0, 0, 5)


@row("E047", families=(6,))
def atomic_fragment(mode, family):
    yield each_with(mode, atomic, "every packet")
    yield each_with(mode, atomic, "every packet, hello whole", cuts=())


@row("E048", families=(6,))
def hop_by_hop(mode, family):
    yield each_with(mode, lambda following: (HOP_BY_HOP, frames.extension(following)), "PadN")
    alert = b"\x05\x02\0\0\x01\0"  # router alert
    yield each_with(mode, lambda following: (HOP_BY_HOP, frames.extension(following, alert)), "router alert")
    long = b"\x01\x0c" + bytes(12)
    yield each_with(mode, lambda following: (HOP_BY_HOP, frames.extension(following, long)), "16 bytes")


@row("E050", families=(6,))
def destination_options(mode, family):
    yield each_with(mode, lambda following: (DESTINATION_OPTIONS, frames.extension(following)), "PadN")

    def both(following):
        inner = frames.extension(DESTINATION_OPTIONS) + frames.extension(following)
        return HOP_BY_HOP, inner

    yield each_with(mode, both, "behind hop-by-hop options")


def illegal(mode, chain, label, **how):
    """A decoy, then the hello itself, behind a chain that hosts discard; then the hello without it."""
    for what in ("decoy", "hello"):
        tcp = connection(6)
        for packet in (hello_packet(tcp, DECOY if what == "decoy" else mode.hello()),):
            first, headers = chain(frames.TCP)
            made = frames.ipv6(tcp.capture.ends(True), first, headers + packet[40:])
            tcp.capture.packet(made, invalid=True)
        tcp.send(mode.hello(), 0)
        yield Variant(f"{label}, {what}", tcp.finish(), **how)


@row("E049", families=(6,))
def two_hop_by_hop(mode, family):
    def twice(following):
        return HOP_BY_HOP, frames.extension(HOP_BY_HOP) + frames.extension(following)

    def later(following):
        return DESTINATION_OPTIONS, frames.extension(HOP_BY_HOP) + frames.extension(following)

    yield from illegal(mode, twice, "two")
    yield from illegal(mode, later, "behind destination options")


@row("E051", families=(6,), note="an unknown header is an unknown transport, to hosts and to us: it crosses, unread")
def long_chain(mode, family):
    for count in (9, 20, 60):

        def chain(following, count=count):
            before = frames.extension(DESTINATION_OPTIONS) * (count - 1)
            return DESTINATION_OPTIONS, before + frames.extension(following)

        yield from illegal(mode, chain, f"{count} headers")

    def unknown(following):
        return DESTINATION_OPTIONS, frames.extension(following, UNKNOWN_OPTION)

    yield from illegal(mode, unknown, "unknown option that forbids delivery")

    def cut(following):
        return DESTINATION_OPTIONS, bytes([following, 200]) + bytes(6)

    yield from illegal(mode, cut, "header longer than the packet")


# Encapsulation: links that put a packet behind another header.


def tagged(*tags):
    def link(packet, to_server):
        kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
        following = [0x8100] * (len(tags) - 1) + [kind]
        body = b"".join(struct.pack(">HH", *pair) for pair in zip(tags, following))
        return frames.ethernet(body + packet, to_server, 0x8100 if len(tags) == 1 else 0x88A8)

    return link


def pppoe(packet, to_server):
    protocol = 0x0021 if packet[0] >> 4 == 4 else 0x0057
    return frames.ethernet(struct.pack(">BBHHH", 0x11, 0, 7, len(packet) + 2, protocol) + packet, to_server, 0x8864)


def mpls(labels):
    def link(packet, to_server):
        stack = b"".join(struct.pack(">I", (16 + n) << 12 | (n == labels - 1) << 8 | 64) for n in range(labels))
        return frames.ethernet(stack + packet, to_server, 0x8847)

    return link


def tunnel_ends(to_server):
    ends = (bytes([203, 0, 113, 1]), bytes([203, 0, 113, 2]))
    return ends if to_server else ends[::-1]


def ip_in_ip(packet, to_server):
    protocol = 4 if packet[0] >> 4 == 4 else 41
    return frames.ethernet(frames.ipv4(tunnel_ends(to_server), protocol, packet), to_server)


def gre_packet(packet, to_server, key=False):
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    header = struct.pack(">HHI", 0x2000, kind, 42) if key else struct.pack(">HH", 0, kind)
    return frames.ipv4(tunnel_ends(to_server), frames.GRE, header + packet)


def gre(packet, to_server):
    return frames.ethernet(gre_packet(packet, to_server), to_server)


def gre_with_key(packet, to_server):
    return frames.ethernet(gre_packet(packet, to_server, True), to_server)


def vxlan(packet, to_server):
    ends = tunnel_ends(to_server)
    inner = struct.pack(">II", 0x08000000, 42 << 8) + frames.ethernet(packet, to_server)
    return frames.ethernet(frames.ipv4(ends, frames.UDP, frames.udp(ends, (45000, 4789), inner)), to_server)


def two_tunnels(packet, to_server):
    return ip_in_ip(gre_packet(packet, to_server), to_server)


def three_tunnels(packet, to_server):
    inner = frames.ipv4(tunnel_ends(to_server), 4, gre_packet(packet, to_server))
    return ip_in_ip(inner, to_server)


@row("E052", note="inside of MPLS and tunnels nothing is answered: the frames are dropped")
def encapsulated(mode, family):
    for label, link, answered in (
        ("VLAN", tagged(7), True),
        ("QinQ", tagged(7, 8), True),
        ("PPPoE", pppoe, True),
        ("MPLS", mpls(1), False),
        ("MPLS, 3 labels", mpls(3), False),
        ("IP in IP", ip_in_ip, False),
        ("GRE", gre, False),
        ("GRE with a key", gre_with_key, False),
        ("VXLAN", vxlan, False),
        ("GRE in IP in IP", two_tunnels, False),
    ):
        for cuts in ([], [200]):
            tcp = Tcp(Capture(family, link=link)).connect()
            tcp.pieces(mode.hello(), cuts)
            how = {"refusal": "reset" if answered else "", "blocked": "BLOCK"}
            yield Variant(f"{label}, {len(cuts) + 1} pieces", tcp.finish(), **how)


@row("E052", note="deeper than limits.tunnel_depth: as limits.deeper_tunnel says")
def deeper(mode, family):
    tcp = Tcp(Capture(family, link=three_tunnels)).connect()
    tcp.pieces(mode.hello(), [200])
    tcp.finish()
    if mode.forbidden:
        config = '[limits]\ndeeper_tunnel = "closed"\n'
        yield Variant("three tunnels, closed", tcp.capture, blocked="BLOCK", refusal="", config=config)
    else:
        yield Variant("three tunnels", tcp.capture)
