"""Frames built by hand, from TCP or UDP down to Ethernet. Every field can be given a wrong value."""

import ipaddress
import struct

CLIENT_MAC, SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
ADDRESSES = {
    4: (ipaddress.ip_address("192.0.2.10").packed, ipaddress.ip_address("198.51.100.20").packed),
    6: (ipaddress.ip_address("2001:db8:1::10").packed, ipaddress.ip_address("2001:db8:2::20").packed),
}
FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
TCP, UDP, GRE, FRAGMENT, HOP_BY_HOP, DESTINATION_OPTIONS = 6, 17, 47, 44, 0, 60


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def checksum(data):
    """RFC 1071."""
    return ~ones_sum(data) & 0xFFFF


def pseudo_header(source, destination, protocol, length):
    if len(source) == 4:
        return source + destination + struct.pack(">BBH", 0, protocol, length)
    return source + destination + struct.pack(">IHBB", length, 0, 0, protocol)


def option(kind, value=b""):
    """A TCP option."""
    return bytes([kind, 2 + len(value)]) + value


def timestamp_option(value, echo):
    return b"\x01\x01" + option(8, struct.pack(">II", value & 0xFFFFFFFF, echo & 0xFFFFFFFF))


def pad_options(options):
    return options + b"\0" * (-len(options) % 4)


def tcp(ends, ports, seq, ack, flags, payload=b"", window=64240, urgent=0, options=b"", words=None, bad_checksum=False):
    """A segment. `ends`, `ports`: (source, destination). `words`: the data offset, where it is to lie."""
    options = pad_options(options)
    offset = 5 + len(options) // 4 if words is None else words
    fields = (*ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, offset << 4, flags, window)
    header = struct.pack(">HHIIBBH", *fields)
    body = header + struct.pack(">HH", 0, urgent) + options + payload
    right = checksum(pseudo_header(*ends, TCP, len(body)) + body)
    value = right ^ 0x5A5A if bad_checksum else right
    return header + struct.pack(">HH", value, urgent) + options + payload


def udp(ends, ports, payload, bad_checksum=False, length=None):
    size = 8 + len(payload) if length is None else length
    header = struct.pack(">HHH", *ports, size)
    body = header + b"\0\0" + payload
    right = checksum(pseudo_header(*ends, UDP, size) + body) or 0xFFFF
    return header + struct.pack(">H", right ^ 0x5A5A if bad_checksum else right) + payload


def ipv4(ends, protocol, payload, ttl=64, ident=0x4D2, fragment=0x4000, options=b"", length=None, bad_checksum=False):
    """`fragment`: the flags (0x4000 DF, 0x2000 MF) and the offset in units of 8 bytes."""
    header_size = 20 + len(options)
    total = header_size + len(payload) if length is None else length
    header = struct.pack(">BBHHHBB", 0x40 | header_size // 4, 0, total & 0xFFFF, ident, fragment, ttl, protocol)
    rest = ends[0] + ends[1] + options
    right = checksum(header + b"\0\0" + rest)
    return header + struct.pack(">H", right ^ 0x5A5A if bad_checksum else right) + rest + payload


def ipv6(ends, next_header, payload, ttl=64, length=None):
    size = len(payload) if length is None else length
    return struct.pack(">IHBB", 0x60000000, size & 0xFFFF, next_header, ttl) + ends[0] + ends[1] + payload


def extension(next_header, body=b"\x01\x04\0\0\0\0"):
    """A hop-by-hop or destination options header; `body` is 6 bytes, or 8 n + 6. The default is one PadN."""
    assert len(body) % 8 == 6
    return bytes([next_header, len(body) // 8]) + body


def ip(ends, protocol, payload, ttl=64, **fields):
    """IPv4 or IPv6 by the addresses' size."""
    make = ipv4 if len(ends[0]) == 4 else ipv6
    return make(ends, protocol, payload, ttl, **fields)


def fragments(packet, cuts, ident=0x77):
    """The packet's fragments, in order. `cuts`: where in the IP payload to cut, multiples of 8."""
    v4 = packet[0] >> 4 == 4
    header_size = 4 * (packet[0] & 15) if v4 else 40
    body = packet[header_size:]
    ends = (packet[12:16], packet[16:20]) if v4 else (packet[8:24], packet[24:40])
    edges = [0, *cuts, len(body)]
    protocol = packet[9] if v4 else packet[6]
    return [
        fragment(ends, protocol, body[begin:end], begin, end < len(body), ident) for begin, end in zip(edges, edges[1:])
    ]


def fragment(ends, protocol, piece, offset, more, ident=0x77):
    """One fragment as an IP packet. `offset` in bytes."""
    if len(ends[0]) == 4:
        return ipv4(ends, protocol, piece, ident=ident, fragment=(0x2000 if more else 0) | offset // 8)
    header = struct.pack(">BBHI", protocol, 0, offset | more, ident)
    return ipv6(ends, FRAGMENT, header + piece)


def ethernet(packet, to_server, ether_type=None):
    """An Ethernet frame around an IP packet (or any bytes, with `ether_type`); not padded."""
    if ether_type is None:
        ether_type = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    macs = SERVER_MAC + CLIENT_MAC if to_server else CLIENT_MAC + SERVER_MAC
    return macs + struct.pack(">H", ether_type) + packet
