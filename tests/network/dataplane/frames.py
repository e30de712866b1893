"""One frame of every kind that a cable carries, none of which a bridge may change. All are legal, with right checksums."""

import struct

CLIENT_MAC, SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
CLIENT4, SERVER4 = bytes([192, 0, 2, 17]), bytes([198, 51, 100, 203])
CLIENT6 = bytes.fromhex("20010db8000100000000000000001234")
SERVER6 = bytes.fromhex("20010db8ff000009010203040506abcd")
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58


def pattern(length, seed=0):
    """Bytes that look like no protocol's beginning."""
    return bytes((0xC1 + seed + 7 * i) & 0xFF | 0x80 for i in range(length))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(payload, ether_type, source=CLIENT_MAC, destination=SERVER_MAC, tags=()):
    tagged = b"".join(struct.pack(">HH", tag_type, tci) for tag_type, tci in tags)
    return destination + source + tagged + struct.pack(">H", ether_type) + payload


def slow(destination, ether_type, payload):
    return ethernet(payload.ljust(46, b"\0"), ether_type, destination=bytes.fromhex(destination))


def ipv4(protocol, payload, source=CLIENT4, destination=SERVER4, identifier=1, fragment=0):
    """`fragment`: flags and offset, as in the header."""
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identifier, fragment, 64, protocol, 0, source,
                         destination)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def ipv6(next_header, payload, source=CLIENT6, destination=SERVER6):
    return struct.pack(">IHBB16s16s", 6 << 28, len(payload), next_header, 64, source, destination) + payload


def transport_checksum(protocol, segment, offset, source, destination):
    if len(source) == 4:
        pseudo = source + destination + struct.pack(">BBH", 0, protocol, len(segment))
    else:
        pseudo = source + destination + struct.pack(">II", len(segment), protocol)
    value = checksum(pseudo + segment) or 0xFFFF
    return segment[:offset] + struct.pack(">H", value) + segment[offset + 2:]


def udp(payload, source=CLIENT4, destination=SERVER4, ports=(40000, 3478)):
    segment = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    return transport_checksum(UDP, segment, 6, source, destination)


def tcp_ack(source=CLIENT4, destination=SERVER4, ports=(40001, 5201)):
    segment = struct.pack(">HHIIBBHHH", *ports, 1000, 2000, 5 << 4, 0x10, 65535, 0, 0)
    return transport_checksum(TCP, segment, 16, source, destination)


def echo4(payload):
    message = struct.pack(">BBHHH", 8, 0, 0, 1, 1) + payload
    return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


def fragments4(datagram, identifier, size=1480):
    """The IPv4 packets of one fragmented datagram, in order."""
    pieces = range(0, len(datagram), size)
    return [ipv4(UDP, datagram[at:at + size], identifier=identifier,
                 fragment=(0x2000 if at + size < len(datagram) else 0) | at // 8) for at in pieces]


def fragments6(datagram, identifier, size=1448):
    packets = []
    for at in range(0, len(datagram), size):
        more = 1 if at + size < len(datagram) else 0
        packets.append(ipv6(44, struct.pack(">BBHI", UDP, 0, at | more, identifier) + datagram[at:at + size]))
    return packets


def layer2():
    """Not IP at all."""
    arp = struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, CLIENT_MAC, CLIENT4, b"\0" * 6, SERVER4)
    bpdu = bytes.fromhex("4242030000000000") + pattern(31)
    return {
        "ARP": slow("ffffffffffff", 0x0806, arp),
        "LLDP": slow("0180c200000e", 0x88CC, bytes.fromhex("0207040200000000010403050165")),
        "STP": ethernet(bpdu.ljust(46, b"\0"), len(bpdu), destination=bytes.fromhex("0180c2000000")),
        "LACP": slow("0180c2000002", 0x8809, b"\x01\x01" + pattern(108)),
        "802.1X": slow("0180c2000003", 0x888E, bytes.fromhex("02010000")),
        "PTP": slow("011b19000000", 0x88F7, bytes.fromhex("0002002c") + pattern(40)),
        "MACsec": slow("0180c2000003", 0x88E5, pattern(46)),
        "EtherType 0x1234": ethernet(pattern(200), 0x1234),
        "an experiment's EtherType": ethernet(pattern(46), 0x88B5),
        "PPPoE discovery": slow("ffffffffffff", 0x8863, bytes.fromhex("110900000004010100000000")),
    }


def internet(mtu):
    """IPv4 and IPv6 of several protocols, up to the longest."""
    return {
        "UDP": ethernet(ipv4(UDP, udp(pattern(100))), 0x0800),
        "TCP": ethernet(ipv4(TCP, tcp_ack()), 0x0800),
        "ICMP": ethernet(ipv4(ICMP, echo4(pattern(56))), 0x0800),
        "OSPF": ethernet(ipv4(89, pattern(44)), 0x0800),
        "ESP": ethernet(ipv4(50, pattern(88)), 0x0800),
        "SCTP": ethernet(ipv4(132, pattern(64)), 0x0800),
        "IPv6 UDP": ethernet(ipv6(UDP, udp(pattern(100), CLIENT6, SERVER6)), 0x86DD),
        "IPv6 TCP": ethernet(ipv6(TCP, tcp_ack(CLIENT6, SERVER6)), 0x86DD),
        "IPv6 ESP": ethernet(ipv6(50, pattern(88)), 0x86DD),
        "padding behind the packet": ethernet(ipv4(UDP, udp(b"\x80")).ljust(46, b"\xA5"), 0x0800),
        "the longest": ethernet(ipv4(UDP, udp(pattern(mtu - 28))), 0x0800),
        "the longest, not IP": ethernet(pattern(mtu), 0x1234),
    }


def tagged(mtu):
    """VLAN tags of all kinds, around short and long packets."""
    packet = ipv4(UDP, udp(pattern(100)))
    longest = ipv4(UDP, udp(pattern(mtu - 28)))
    return {
        "802.1Q": ethernet(packet, 0x0800, tags=[(0x8100, 0xE007)]),
        "802.1Q, priority only": ethernet(packet, 0x0800, tags=[(0x8100, 0xA000)]),
        "802.1Q, DEI": ethernet(packet, 0x0800, tags=[(0x8100, 0x1FFF)]),
        "802.1ad": ethernet(packet, 0x0800, tags=[(0x88A8, 0x2064), (0x8100, 0x0007)]),
        "802.1ad alone": ethernet(packet, 0x0800, tags=[(0x88A8, 0x2064)]),
        "0x8100 twice": ethernet(packet, 0x0800, tags=[(0x8100, 0x0064), (0x8100, 0x0007)]),
        "0x9100": ethernet(packet, 0x0800, tags=[(0x9100, 0x0064), (0x8100, 0x0007)]),
        "tagged ARP": ethernet(pattern(46), 0x0806, tags=[(0x8100, 7)]),
        "802.1Q, the longest": ethernet(longest, 0x0800, tags=[(0x8100, 7)]),
    }


def encapsulated(mtu):
    """Two tags around the longest packet, PPPoE and MPLS."""
    longest = ipv4(UDP, udp(pattern(mtu - 28)))
    packet = ipv4(UDP, udp(pattern(100)))
    return {
        "802.1ad, the longest": ethernet(longest, 0x0800, tags=[(0x88A8, 100), (0x8100, 7)]),
        "PPPoE": ethernet(struct.pack(">BBHHH", 0x11, 0, 9, len(packet) + 2, 0x21) + packet, 0x8864),
        "MPLS": ethernet(struct.pack(">II", 0x00010040, 0x00020140) + packet, 0x8847),
    }


def fragmented():
    """Fragments, in the order of their datagrams."""
    datagram4, datagram6 = udp(pattern(4000)), udp(pattern(4000), CLIENT6, SERVER6)
    return ([ethernet(packet, 0x0800) for packet in fragments4(datagram4, 77)] +
            [ethernet(packet, 0x86DD) for packet in fragments6(datagram6, 78)])


def back(frame):
    """The frame as the server would send it: MAC addresses swapped, all else alike. (IP addresses stay: another flow.)"""
    return frame[6:12] + frame[:6] + frame[12:]


def of_many_flows(count, flows=64):
    """Datagrams of `flows` clients in turn, each with a number of its own in its last four bytes."""
    frames = []
    for number in range(count):
        source = bytes([10, 9, number % flows, 1])
        payload = pattern(20 + number % 700) + struct.pack(">I", number)
        frames.append(ethernet(ipv4(UDP, udp(payload, source), source), 0x0800))
    return frames


def first_difference(sent, arrived):
    """Where two lists of frames differ, in words; None when they do not. (A whole diff of thousands takes minutes.)"""
    for number, (one, other) in enumerate(zip(sent, arrived)):
        if one != other:
            return f"frame {number} of {len(sent)}: {one[:64].hex()} ({len(one)} bytes) is {other[:64].hex()} ({len(other)})"
    return None if len(sent) == len(arrived) else f"{len(arrived)} frames instead of {len(sent)}"


def flow(frame):
    """What tells flows of `of_many_flows` apart: the source address."""
    return frame[26:30]
