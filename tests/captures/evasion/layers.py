"""From a frame to what is in it, as a host reads it: links, tunnels, fragments, extension headers."""

import struct
from dataclasses import dataclass, field

import frames

GRE, AH, ETHER_IP = 47, 51, 97
PPP_PROTOCOLS = {0x0021: 0x0800, 0x0057: 0x86DD}


@dataclass
class Datagram:
    """A TCP segment or UDP datagram that came out of the layers below."""

    source: bytes
    destination: bytes
    protocol: int
    transport: bytes
    ip_valid: bool = True

    def checksum_holds(self):
        size = len(self.transport)
        pseudo = frames.pseudo_header(self.source, self.destination, self.protocol, size)
        if self.protocol == frames.UDP and self.transport[6:8] == b"\0\0":
            return True
        return frames.checksum(pseudo + self.transport) == 0

    def ports(self):
        return struct.unpack_from(">HH", self.transport)


@dataclass
class Reassembly:
    """Fragments of any number of datagrams. `overlap`: whether the first or the last copy of a byte counts."""

    overlap: str = "first"
    datagrams: dict = field(default_factory=dict)

    def add(self, key, offset, more, piece):
        """The whole, when this piece completes it."""
        parts = self.datagrams.setdefault(key, {"bytes": {}, "total": None})
        for at, value in enumerate(piece, offset):
            if self.overlap == "last" or at not in parts["bytes"]:
                parts["bytes"][at] = value
        if not more:
            parts["total"] = offset + len(piece)
        total = parts["total"]
        if total is None or any(at not in parts["bytes"] for at in range(total)):
            return None
        del self.datagrams[key]
        return bytes(parts["bytes"][at] for at in range(total))


def datagrams(frame, reassembly):
    """Every TCP or UDP datagram that the frame brings: none or one."""
    try:
        return [found for found in ethernet(frame, reassembly) if found is not None]
    except (IndexError, struct.error):
        return []


def ethernet(frame, reassembly):
    return ether_type(struct.unpack_from(">H", frame, 12)[0], frame[14:], reassembly)


def ether_type(kind, rest, reassembly):
    while kind in (0x8100, 0x88A8, 0x9100, 0x9200):
        kind, rest = struct.unpack_from(">H", rest, 2)[0], rest[4:]
    if kind == 0x8864:
        kind, rest = {0x0021: 0x0800, 0x0057: 0x86DD}.get(struct.unpack_from(">H", rest, 6)[0], 0), rest[8:]
    if kind in (0x8847, 0x8848):
        while not rest[2] & 1:
            rest = rest[4:]
        kind, rest = {4: 0x0800, 6: 0x86DD}.get(rest[4] >> 4, 0), rest[4:]
    if kind == 0x6558:
        return ethernet(rest, reassembly)
    if kind <= 1500 and rest[:6] == b"\xaa\xaa\x03\0\0\0":  # SNAP
        kind, rest = struct.unpack_from(">H", rest, 6)[0], rest[8:]
    if kind in (0x0800, 0x86DD):
        return ipv4(rest, reassembly) if kind == 0x0800 else ipv6(rest, reassembly)
    return []


def ipv4(packet, reassembly):
    header, total, ident, field_ = (packet[0] & 15) * 4, *struct.unpack_from(">HHH", packet, 2)
    valid = header <= total <= len(packet) and frames.checksum(packet[:header]) == 0
    body, ends = packet[header : total if valid else None], (packet[12:16], packet[16:20])
    protocol = packet[9]
    if field_ & 0x3FFF:
        body = reassembly.add((ends, ident, protocol), 8 * (field_ & 0x1FFF), bool(field_ & 0x2000), body)
        if body is None:
            return []
    return transport(ends, protocol, body, reassembly, valid)


def ipv6(packet, reassembly):
    length = struct.unpack_from(">H", packet, 4)[0]
    if length == 0 and packet[6] == 0:  # Linux takes it for a jumbogram's
        length = len(packet) - 40
    valid = 40 + length <= len(packet)
    ends = (packet[8:24], packet[24:40])
    return extensions(ends, packet[6], packet[40 : 40 + length if valid else None], reassembly, valid)


def extensions(ends, protocol, body, reassembly, valid):
    while protocol in (0, 43, 44, 51, 60, 135, 139, 140):
        if protocol == 44:
            next_header, offset, ident = body[0], *struct.unpack_from(">HI", body, 2)
            body = body[8:]
            if offset & 0xFFF9:
                body = reassembly.add((ends, ident), offset & 0xFFF8, bool(offset & 1), body)
                if body is None:
                    return []
        else:
            next_header, size = body[0], 4 * (body[1] + 2) if protocol == 51 else 8 * (body[1] + 1)
            body = body[size:]
        protocol = next_header
    return transport(ends, protocol, body, reassembly, valid)


def transport(ends, protocol, body, reassembly, valid):
    if protocol == GRE:
        return gre(body, reassembly)
    if protocol in (4, 41):
        return (ipv4 if protocol == 4 else ipv6)(body, reassembly)
    if protocol == AH:
        return transport(ends, body[0], body[4 * (body[1] + 2) :], reassembly, valid)
    if protocol == ETHER_IP:
        return ethernet(body[2:], reassembly)
    if protocol == frames.UDP and struct.unpack_from(">H", body, 2)[0] in UDP_TUNNELS:
        return UDP_TUNNELS[struct.unpack_from(">H", body, 2)[0]](body[8:], reassembly)
    if protocol not in (frames.TCP, frames.UDP):
        return []
    if protocol == frames.UDP:
        size = struct.unpack_from(">H", body, 4)[0]
        if size == 0 and len(ends[0]) == 16:  # Linux takes it for a jumbogram's
            size = len(body)
        valid, body = valid and 8 <= size <= len(body), body[: max(size, 8)]
    return [Datagram(*ends, protocol, body, valid)]


def gre(body, reassembly):
    flags, kind = struct.unpack_from(">HH", body)
    fields = 0xB080 if flags & 7 == 1 else 0xB000  # RFC 2637 has an acknowledgment number
    inner = body[4 + 4 * bin(flags & fields).count("1") :]
    if kind == 0x880B:
        return ppp(inner, reassembly)
    if kind == 0x88BE:
        return ethernet(inner[8:], reassembly)
    return ether_type(kind, inner, reassembly)


def ppp(data, reassembly):
    return ether_type(PPP_PROTOCOLS.get(struct.unpack_from(">H", data, 2)[0], 0), data[4:], reassembly)


def ip(packet, reassembly):
    return (ipv4 if packet[0] >> 4 == 4 else ipv6)(packet, reassembly)


#: By the server's port: from the payload to what is in it. Of each kind the headers that rows write.
UDP_TUNNELS = {
    1701: lambda data, reassembly: ppp(data[6:], reassembly),
    2152: lambda data, reassembly: ip(data[8:], reassembly),
    4789: lambda data, reassembly: ethernet(data[8:], reassembly),
    4790: lambda data, reassembly: ip(data[8:], reassembly),
    5555: ip,
    6080: lambda data, reassembly: ip(data[4:], reassembly),
    6635: lambda data, reassembly: ether_type(0x8847, data, reassembly),
    8472: lambda data, reassembly: ethernet(data[8:], reassembly),
}
