"""Rows F001 to F010, F013: ways around the box that no list has, found by trying."""

import re
import struct

import frames
from dns_wire import payload_names, query
from framework import ACK, FIN, RST, SYN, Capture, Tcp, Variant, row
from http_server import http_names
from layers import AH, ETHER_IP, GRE
from oracle import TcpReceiver, UdpReceiver
from rows_http import ANSWER, OTHER, SERVER, get
from rows_ip import gre, hello_packet, ip_in_ip, tunnel_ends
from tls_server import HANDSHAKE_LIMIT, hello_names
from tls_wire import client_hello, record

SECOND = 1000000


def conversation(tcp, lines):
    """What both sides say in turn, the client first."""
    for number, text in enumerate(lines):
        if number % 2:
            tcp.answer(text)
            tcp.acknowledge()
        elif text:
            tcp.send(text)
            tcp.server_ack()
    return tcp


@row("F001")
def other_protocol_on_dns_port(mode, family):
    name = mode.name.encode()
    for label, ports in (("the server's", {"port": 53}), ("the client's", {"port": 80, "client_port": 53})):
        tcp = Tcp(Capture(family), **ports).connect()
        conversation(tcp, [get(b"Host: " + name), ANSWER])
        yield Variant(f"HTTP, {label} port", tcp.capture, receiver=SERVER)
        connect = b"CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n" % (name, name)
        tcp = conversation(Tcp(Capture(family), **ports).connect(), [connect, b"HTTP/1.1 200 OK\r\n\r\n"])
        tcp.send(mode.hello())
        yield Variant(f"CONNECT, {label} port", tcp.finish(), receiver=TcpReceiver(http_names))
        tcp = conversation(
            Tcp(Capture(family), **ports).connect(),
            [b"\x05\x01\x00", b"\x05\x00", b"\x05\x01\x00\x01\xc6\x33\x64\x07\x01\xbb", b"\x05\x00\x00\x01" + bytes(6)],
        )
        tcp.send(mode.hello())
        yield Variant(f"TLS behind SOCKS, {label} port", tcp.finish())
        tcp = conversation(
            Tcp(Capture(family), **ports).connect(),
            [b"", b"220 x\r\n", b"EHLO a\r\n", b"250 STARTTLS\r\n", b"STARTTLS\r\n", b"220 go\r\n"],
        )
        tcp.send(mode.hello())
        yield Variant(f"TLS behind STARTTLS, {label} port", tcp.finish())


def names_of_any_version(stream):
    """As a server reads that does not look at the first record's version."""
    names = set()
    for match in re.finditer(rb"\x16[\x00-\xff]{4}\x01", stream, re.DOTALL):
        start = match.start()
        size = int.from_bytes(stream[start + 3 : start + 5], "big")
        names |= hello_names(stream[start + 5 : start + 5 + min(size, HANDSHAKE_LIMIT)])
    return names


@row("F002", note="Go's crypto/tls takes them")
def record_versions(mode, family):
    server = TcpReceiver(names_of_any_version)
    message = client_hello(mode.name, session=bytes(32))
    for version in (0x0000, 0x0101, 0x0200, 0x02FF, 0x0403, 0x0FFF):
        for cuts in ([], [3], [200]):
            tcp = Tcp(Capture(family)).connect()
            tcp.pieces(record(message, version=version), cuts)
            yield Variant(f"{version:04x}, {len(cuts) + 1} pieces {cuts}", tcp.finish(), receiver=server)


@row("F003", note="Linux takes off any number of priority tags; an answer could not carry so many")
def many_tags(mode, family):
    for count in (5, 10, 40):

        def link(packet, to_server, count=count):
            kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
            tags = struct.pack(">HH", 0, 0x8100) * (count - 1) + struct.pack(">HH", 0, kind)
            return frames.ethernet(tags + packet, to_server, 0x8100)

        for cuts in ([], [200]):
            tcp = Tcp(Capture(family, link=link)).connect()
            tcp.pieces(mode.hello(), cuts)
            yield Variant(f"TLS, {count} tags, {len(cuts) + 1} pieces", tcp.finish(), refusal="")
        tcp = Tcp(Capture(family, link=link), port=80).connect()
        conversation(tcp, [get(b"Host: " + mode.name.encode()), ANSWER])
        yield Variant(f"HTTP, {count} tags", tcp.capture, receiver=SERVER, refusal="")


@row("F004", note="whatever the name: the server's first answer is replaced by resets, and the client hears nothing of it")
def first_bytes_last(mode, family):
    for cut in (1, 3, 5, 60, 200):
        tcp = Tcp(Capture(family)).connect()
        tcp.acknowledge(after=400 * SECOND)
        tcp.pieces(mode.hello(), [cut], order=(1, 0))
        yield Variant(f"silent for 400 s, cut at {cut}", tcp.finish(), ordered=False)
        tcp = Tcp(Capture(family))
        tcp.server_ack(0)
        tcp.pieces(mode.hello(), [cut], order=(1, 0))
        yield Variant(f"never seen, cut at {cut}", tcp.finish(), ordered=False)


@row("F004")
def a_fin_for_the_byte_that_came_first(mode, family):
    """The server has a byte in the FIN's place: it drops the FIN, and takes what follows."""
    for cut in (1, 3, 5, 60):
        hello = mode.hello()
        tcp = Tcp(Capture(family))
        tcp.server_ack(0)
        tcp.segment(True, ACK, tcp.client_seq(cut), tcp.server_seq(), hello[cut : cut + 1])
        tcp.send(hello[:cut])
        tcp.segment(True, FIN | ACK, tcp.client_seq(cut), tcp.server_seq())
        tcp.server_ack(cut + 1)
        tcp.send(hello[cut + 1 :], cut + 1)
        yield Variant(f"a FIN over byte {cut}", tcp.finish(), ordered=False)


@row("F005")
def hello_of_the_accepting_end(mode, family):
    for cuts in ([], [60], [60, 200]):
        tcp = Tcp(Capture(family))
        options = frames.option(2, b"\x05\xb4")
        tcp.segment(False, SYN, tcp.server_isn, 0, options=options)
        tcp.segment(True, SYN | ACK, tcp.isn, tcp.server_isn + 1, options=options)
        tcp.server_ack(0)
        tcp.pieces(mode.hello(), cuts)
        yield Variant(f"{len(cuts) + 1} pieces", tcp.finish())


@row("F006", families=(4,), note="such datagrams are dropped whole, whatever is in them: fragment_nested")
def fragments_in_fragments(mode, family):
    tcp = Tcp(Capture(family)).connect()
    segment = tcp.transport(True, 0x18, tcp.client_seq(0), tcp.server_seq(), mode.hello())
    packet = frames.ip(tcp.capture.ends(True), frames.TCP, segment, fragment=0)
    for number, inner in enumerate(frames.fragments(packet, [120], ident=8)):
        outer = frames.ipv4(tunnel_ends(True), 4, inner)
        for piece in frames.fragments(outer, [64], ident=60 + number):
            tcp.capture.packet(piece, invalid=True)
    if not mode.forbidden:
        tcp.send(mode.hello(), 0)
        tcp.finish()
    yield Variant("TCP in IP in IP", tcp.capture, blocked="DROP", refusal="")


# Tunnels, each around one packet: functions of the packet and its direction.


def over_ip(protocol, payload, to_server):
    return frames.ethernet(frames.ipv4(tunnel_ends(to_server), protocol, payload), to_server)


def over_udp(port, payload, to_server):
    ports = (5555, port) if to_server else (port, 5555)
    ends = tunnel_ends(to_server)
    return frames.ethernet(frames.ipv4(ends, frames.UDP, frames.udp(ends, ports, payload)), to_server)


def authenticated(packet, to_server):
    """An IP packet whose payload is behind an authentication header (RFC 4302)."""
    v4 = packet[0] >> 4 == 4
    size, ends = (20, (packet[12:16], packet[16:20])) if v4 else (40, (packet[8:24], packet[24:40]))
    header = struct.pack(">BBHII", packet[9 if v4 else 6], 4, 0, 1, 1) + bytes(12)
    return frames.ethernet(frames.ip(ends, AH, header + packet[size:]), to_server)


PPP_IP = {4: b"\xff\x03\x00\x21", 6: b"\xff\x03\x00\x57"}
GPE_IP = {4: 1, 6: 2}
BOTTOM_LABEL = b"\x00\x01\x01\x40"


def version(packet):
    return packet[0] >> 4


TUNNELS = {
    "L2TP (RFC 2661)": lambda packet, up: over_udp(1701, b"\0\x02\0\x01\0\x01" + PPP_IP[version(packet)] + packet, up),
    "PPTP (RFC 2637)": lambda packet, up: over_ip(
        GRE,
        b"\x30\x01\x88\x0b" + struct.pack(">HHI", len(packet) + 4, 1, 1) + PPP_IP[version(packet)] + packet,
        up,
    ),
    "GTP-U": lambda packet, up: over_udp(2152, b"\x30\xff" + struct.pack(">HI", len(packet), 7) + packet, up),
    "EtherIP (RFC 3378)": lambda packet, up: over_ip(ETHER_IP, b"\x30\0" + frames.ethernet(packet, up), up),
    "Foo over UDP": lambda packet, up: over_udp(5555, packet, up),
    "GUE": lambda packet, up: over_udp(6080, bytes([0, {4: 4, 6: 41}[version(packet)], 0, 0]) + packet, up),
    "MPLS in UDP (RFC 7510)": lambda packet, up: over_udp(6635, BOTTOM_LABEL + packet, up),
    "VXLAN-GPE": lambda packet, up: over_udp(
        4790, bytes([0x0C, 0, 0, GPE_IP[version(packet)], 0, 0, 1, 0]) + packet, up
    ),
    "MPLS in GRE (RFC 4023)": lambda packet, up: over_ip(GRE, b"\0\0\x88\x47" + BOTTOM_LABEL + packet, up),
    "ERSPAN": lambda packet, up: over_ip(
        GRE, b"\x10\0\x88\xbe\0\0\0\x01" + b"\x10" + bytes(7) + frames.ethernet(packet, up), up
    ),
    "AH (RFC 4302)": authenticated,
}


@row("F007", note="inside of tunnels nothing is answered: the frames are dropped")
def tunnels(mode, family):
    for label, link in TUNNELS.items():
        for cuts in ([], [200]):
            tcp = Tcp(Capture(family, link=link)).connect()
            tcp.pieces(mode.hello(), cuts)
            yield Variant(f"{label}, {len(cuts) + 1} pieces", tcp.finish(), refusal="")


def snap(packet, to_server):
    """RFC 1042: Windows and some routers take IP in it."""
    kind = 0x0800 if version(packet) == 4 else 0x86DD
    body = b"\xaa\xaa\x03\0\0\0" + struct.pack(">H", kind) + packet
    return frames.ethernet(body, to_server, len(body))


def lengthless(packet, to_server):
    """An IPv6 packet behind hop-by-hop options whose length is 0, in GRE."""
    ends = (packet[8:24], packet[24:40])
    return gre(frames.ipv6(ends, frames.HOP_BY_HOP, frames.extension(packet[6]) + packet[40:], length=0), to_server)


@row("F008", note="outside of tunnels such packets are dropped; longer chains are in tunnels, too")
def read_by_hosts(mode, family):
    links = {"LLC and SNAP": snap, "no length, in GRE": lengthless}
    for label, link in links.items():
        for cuts in ([], [200]) if family == 6 or link == snap else ():
            tcp = Tcp(Capture(family, link=link)).connect()
            tcp.pieces(mode.hello(), cuts)
            how = {"refusal": "", "blocked": "BLOCK", "allowed": "PASS"}
            yield Variant(f"{label}, {len(cuts) + 1} pieces", tcp.finish(), **how)


@row("F008", families=(6,))
def udp_without_length(mode, family):
    capture = Capture(family, link=gre)
    ends = capture.ends(True)
    datagram = frames.udp(ends, (50053, 53), query(mode.name), length=0)
    pseudo = frames.pseudo_header(*ends, frames.UDP, len(datagram)) + datagram[:6] + b"\0\0" + datagram[8:]
    capture.packet(frames.ip(ends, frames.UDP, datagram[:6] + struct.pack(">H", frames.checksum(pseudo)) + datagram[8:]))
    how = {"refusal": "", "blocked": "BLOCK", "allowed": "PASS", "receiver": UdpReceiver(payload_names)}
    yield Variant("UDP without length, in GRE", capture, **how)


@row("F008", families=(6,))
def long_chains(mode, family):
    for label, link in (("GRE", gre), ("6in4", ip_in_ip)):
        for count in (9, 60):
            tcp = Tcp(Capture(family)).connect()
            packet = hello_packet(tcp, mode.hello())
            chain = frames.extension(frames.DESTINATION_OPTIONS) * (count - 1) + frames.extension(packet[6])
            made = frames.ipv6(tcp.capture.ends(True), frames.DESTINATION_OPTIONS, chain + packet[40:])
            tcp.capture.add(link(made, True), invalid=True)
            if not mode.forbidden:
                tcp.send(mode.hello(), 0)
                tcp.finish()
            yield Variant(f"{count} headers in {label}", tcp.capture, blocked="DROP", allowed="DROP", refusal="")


@row("F009", note="as long as they are too few to tell that they are no DNS query")
def few_bytes_first(mode, family):
    for first in (b"foo\n", b"EHLO x\r\n", b"\1\2\n"):
        for cuts in ([], [1], [3], [1, 2, 3], [20]):
            tcp = conversation(Tcp(Capture(family), port=8090).connect(), [first, b"220 x\r\n"])
            tcp.pieces(get(b"Host: " + mode.name.encode()), cuts)
            tcp.server_ack()
            tcp.answer(ANSWER)
            tcp.acknowledge()
            yield Variant(f"{first!r}, cut at {cuts}", tcp.capture, receiver=SERVER)


@row("F010", note="Go's net.Dial takes them off, so proxies do that ask for what CONNECT says")
def brackets(mode, family):
    name = mode.name.encode()
    for label, head in (
        ("CONNECT", b"CONNECT [%s]:443 HTTP/1.1\r\nHost: [%s]:443\r\n\r\n" % (name, name)),
        ("absolute form", b"GET http://[%s]/ HTTP/1.1\r\n\r\n" % name),
        ("Host", get(b"Host: [%s]:80" % name)),
    ):
        tcp = conversation(Tcp(Capture(family), port=3128).connect(), [head, ANSWER])
        yield Variant(label, tcp.capture, receiver=SERVER)


@row("F013", note="a CONNECT that says that it has content is refused, whatever the name: a server may skip it, or not")
def content_of_a_connect(mode, family):
    request = get(b"Host: " + mode.name.encode())
    for label, field, content in (
        ("none", b"Content-Length: 0", b""),
        ("a length", b"Content-Length: 5", b"{ ab}"),
        ("a chunk", b"Transfer-Encoding: chunked", b"5\r\n{ ab}\r\n0\r\n\r\n"),
    ):
        if content and not mode.forbidden:
            continue
        head = b"CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n%s\r\n\r\n" % (OTHER, OTHER, field)
        for how, pieces in (("at once", [head + content + request]),
                            ("in segments of their own", [head, content, request])):
            tcp = Tcp(Capture(family), port=3128).connect()
            for piece in filter(None, pieces):
                tcp.send(piece)
                tcp.server_ack()
            tcp.answer(ANSWER)
            tcp.acknowledge()
            yield Variant(f"{label}, {how}", tcp.capture, receiver=SERVER)
