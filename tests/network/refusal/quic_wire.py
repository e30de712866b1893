"""What a client's own interface saw of QUIC."""

import socket
import struct
import threading
from dataclasses import dataclass

import namespace

ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
SO_TIMESTAMPNS = 35
PACKET_OUTGOING = 4
UDP, QUIC_PORT = 17, 443


@dataclass(frozen=True)
class Datagram:
    time: float  # seconds since 1970, by the kernel
    sent: bool  # by the client


class QuicWire(threading.Thread):
    """Every datagram from and to UDP port 443 at the client's interface, until `stop`."""

    def __init__(self, place, interface):
        super().__init__(daemon=True)
        with namespace.inside(place):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.socket.setsockopt(socket.SOL_SOCKET, namespace.SO_RCVBUFFORCE, 16 << 20)
            self.socket.bind((interface, namespace.ETH_P_ALL))
        self.socket.settimeout(0.1)
        self.seen, self.ending = [], False

    def run(self):
        while True:
            try:
                packet, ancillary, _, address = self.socket.recvmsg(2048, 64)
            except socket.timeout:
                if self.ending:
                    return
                continue
            datagram = self.read(address[1], packet, ancillary, address[2] == PACKET_OUTGOING)
            if datagram:
                self.seen.append(datagram)

    @staticmethod
    def read(ether_type, packet, ancillary, sent):
        if ether_type == ETH_P_IP:
            length, protocol = 4 * (packet[0] & 15), packet[9]
        elif ether_type == ETH_P_IPV6:
            length, protocol = 40, packet[6]
        else:
            return None
        if protocol != UDP or len(packet) < length + 8:
            return None
        source, destination = struct.unpack_from("!HH", packet, length)
        if (destination if sent else source) != QUIC_PORT:
            return None
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        return Datagram(seconds + nanoseconds / 1e9, sent)

    def stop(self):
        """What was seen, in the order of its coming."""
        self.ending = True
        self.join()
        self.socket.close()
        return self.seen
