"""UDP conversations as frames, and the way back: what a host at the far end makes of frames."""

import struct

from frames import ADDRESSES, UDP, checksum, ethernet, fragments, ip, pseudo_header, udp


class UdpFlow:
    """A client's and a server's endpoint."""

    def __init__(self, port=443, client_port=50443, version=4):
        self.ports, self.ends = (client_port, port), ADDRESSES[version]

    def packet(self, payload, to_server=True, bad_checksum=False, **fields):
        turn = 1 if to_server else -1
        ends, ports = self.ends[::turn], self.ports[::turn]
        return ip(ends, UDP, udp(ends, ports, payload, bad_checksum), **fields)

    def frame(self, payload, to_server=True, **fields):
        return ethernet(self.packet(payload, to_server, **fields), to_server)

    def fragments(self, payload, *cuts, to_server=True, ident=0x77):
        """The datagram's fragments; `cuts`: multiples of 8 in its UDP header and payload."""
        return [ethernet(part, to_server) for part in fragments(self.packet(payload, to_server), cuts, ident)]


def ip_packets(frames):
    """(source, destination, protocol, payload) of every IP packet, reassembled; what is malformed is left out."""
    parts = {}
    for frame in frames:
        packet = frame[14:]
        if packet[0] >> 4 == 4:
            header, total = (packet[0] & 15) * 4, struct.unpack(">H", packet[2:4])[0]
            if checksum(packet[:header]) != 0:
                continue
            ident, place = struct.unpack(">HH", packet[4:8])
            ends, protocol, payload = packet[12:20], packet[9], packet[header:total]
            offset, more = (place & 0x1FFF) * 8, place >> 13 & 1
        else:
            ends, protocol, payload = packet[8:40], packet[6], packet[40 : 40 + struct.unpack(">H", packet[4:6])[0]]
            offset = more = ident = 0
            if protocol == 44:
                protocol, place, ident = payload[0], *struct.unpack(">HI", payload[2:8])
                offset, more, payload = place & 0xFFF8, place & 1, payload[8:]
        half = len(ends) // 2
        key = ends, protocol, ident
        if not offset and not more:
            yield ends[:half], ends[half:], protocol, payload
            continue
        held = parts.setdefault(key, {})
        held[offset] = payload, more
        at, whole = 0, b""
        while at in held:
            whole += held[at][0]
            if not held[at][1]:
                del parts[key]
                yield ends[:half], ends[half:], protocol, whole
                break
            at += len(held[at][0])


def udp_datagrams(frames):
    """((source, port, destination, port), payload) of every datagram with a right checksum, in order."""
    for source, destination, protocol, transport in ip_packets(frames):
        if protocol != UDP or len(transport) < 8:
            continue
        ports, size, value = struct.unpack(">HH", transport[:4]), *struct.unpack(">HH", transport[4:8])
        pseudo = pseudo_header(source, destination, UDP, size)
        if size < 8 or size > len(transport) or (value and checksum(pseudo + transport[:size]) != 0):
            continue
        yield (source, ports[0], destination, ports[1]), transport[8:size]
