"""Puts a captured frame on a live wire: other addresses, acknowledgments and hop limits, and all else left as it is.

Checksums are brought along by differences (RFC 1624), so that a wrong one stays wrong, and one that covers bytes of
other fragments stays right.
"""

import ipaddress
import struct

import frames

ETHERNET_BYTES = 14
TCP_HEADER_BYTES = 20
EXTENSIONS = (frames.HOP_BY_HOP, 43, frames.FRAGMENT, frames.DESTINATION_OPTIONS)  # 43: routing


class Layout:
    """Where the fields of an Ethernet frame's IP packet are. `transport`: where the TCP or UDP header begins; None in
    a fragment that is not the first."""

    def __init__(self, frame):
        at = ETHERNET_BYTES
        self.transport = None
        if frame[at] >> 4 == 4:
            self.ttl, self.header_checksum = at + 8, at + 10
            self.source, self.destination, self.address_bytes = at + 12, at + 16, 4
            self.protocol = frame[at + 9]
            if not struct.unpack_from(">H", frame, at + 6)[0] & 0x1FFF:
                self.transport = at + 4 * (frame[at] & 15)
        else:
            self.ttl, self.header_checksum = at + 7, None
            self.source, self.destination, self.address_bytes = at + 8, at + 24, 16
            self.protocol, self.transport = walk(frame, frame[at + 6], at + 40)
        self.checksum = self.checksum_position(len(frame))

    def checksum_position(self, size):
        within = {frames.TCP: 16, frames.UDP: 6}.get(self.protocol)
        if within is None or self.transport is None or self.transport + within + 2 > size:
            return None
        return self.transport + within


def walk(frame, protocol, at):
    """Along IPv6's extension headers (RFC 8200): the protocol behind them, and where it begins."""
    while protocol in EXTENSIONS and at + 8 <= len(frame):
        following = frame[at]
        if protocol == frames.FRAGMENT:
            if struct.unpack_from(">H", frame, at + 2)[0] & 0xFFF8:
                return following, None
            at += 8
        else:
            at += 8 * (frame[at + 1] + 1)
        protocol = following
    return protocol, at


class Editor:
    """A frame whose fields change together with the checksums that cover them."""

    def __init__(self, frame):
        self.frame, self.layout = bytearray(frame), Layout(frame)

    def change(self, at, new, *checksums):
        begin, end = at & ~1, at + len(new) + (at + len(new) & 1)
        before = frames.ones_sum(bytes(self.frame[begin:end]))
        self.frame[at : at + len(new)] = new
        after = frames.ones_sum(bytes(self.frame[begin:end]))
        for position in checksums:
            if position is not None:
                self.adjust(position, before, after)

    def adjust(self, position, before, after):
        old = struct.unpack_from(">H", self.frame, position)[0]
        total = (~old & 0xFFFF) + (~before & 0xFFFF) + after
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        value = ~total & 0xFFFF
        if not value and self.layout.protocol == frames.UDP and position == self.layout.checksum:
            value = 0xFFFF
        struct.pack_into(">H", self.frame, position, value)

    def addresses(self, mapping):
        """`mapping`: from the capture's packed addresses to those of the wire."""
        layout = self.layout
        for at in (layout.source, layout.destination):
            new = mapping.get(bytes(self.frame[at : at + layout.address_bytes]))
            if new is not None:
                self.change(at, new, layout.header_checksum, layout.checksum)

    def hop_limit(self, value):
        self.change(self.layout.ttl, bytes([value]), self.layout.header_checksum)

    def has_tcp_header(self):
        layout = self.layout
        return layout.checksum is not None and layout.transport + TCP_HEADER_BYTES <= len(self.frame)

    def acknowledgment(self, value):
        self.change(self.layout.transport + 8, struct.pack(">I", value & 0xFFFFFFFF), self.layout.checksum)

    def timestamp_echo(self, value):
        at = timestamp_position(self.frame, self.layout.transport)
        if at is not None:
            self.change(at + 6, struct.pack(">I", value & 0xFFFFFFFF), self.layout.checksum)


def timestamp_position(frame, transport):
    """Where the timestamps option (RFC 7323) begins; None when there is none, or the options cannot be read."""
    at, end = transport + 20, min(transport + 4 * (frame[transport + 12] >> 4), len(frame))
    while at < end:
        kind = frame[at]
        if kind == 0:
            return None
        if kind == 1:
            at += 1
            continue
        if at + 1 >= end or frame[at + 1] < 2:
            return None
        if kind == 8 and frame[at + 1] == 10 and at + 10 <= end:
            return at
        at += frame[at + 1]
    return None


class Segment:
    """What a conversation reads of a TCP segment that arrived."""

    def __init__(self, frame):
        layout = Layout(frame)
        at, size = layout.transport, total_bytes(frame)
        self.seq, self.ack = struct.unpack_from(">II", frame, at + 4)
        self.flags = frame[at + 13]
        self.payload = frame[at + 4 * (frame[at + 12] >> 4) : size]
        stamp = timestamp_position(frame, at)
        self.stamp = None if stamp is None else struct.unpack_from(">I", frame, stamp + 2)[0]


def total_bytes(frame):
    """Of the frame up to the end of its IP packet: Ethernet may have padded it."""
    if frame[ETHERNET_BYTES] >> 4 == 4:
        return ETHERNET_BYTES + struct.unpack_from(">H", frame, ETHERNET_BYTES + 2)[0]
    return ETHERNET_BYTES + 40 + struct.unpack_from(">H", frame, ETHERNET_BYTES + 4)[0]


def packed(address):
    return ipaddress.ip_address(address).packed
