"""Receivers: from what arrives to the names that the far end can read."""

import functools
from dataclasses import dataclass

import framework
import frames
import layers
from tcp_server import OVERLAPS, Host


@dataclass(frozen=True)
class Arrival:
    """A frame that came out of the box. Of one to the server, `lenient`: the server has not the check that others
    discard it for."""

    frame: bytes
    to_server: bool
    lenient: bool = False
    made: bool = False  # by the box


class TcpReceiver:
    """Reads the streams of every connection; `names(stream)` is the application. `towards_server=False`: it is the
    client's application (answers)."""

    def __init__(self, names=framework.tls_names, towards_server=True):
        self.names, self.towards_server = functools.lru_cache(maxsize=4096)(names), towards_server

    def systems(self):
        """Every kind of system that may be there."""
        return [(overlap, fast_open) for overlap in OVERLAPS for fast_open in (False, True)]

    def host(self, arrivals, system):
        host, reassembly = Host(*system), layers.Reassembly(system[0])
        backwards = layers.Reassembly(system[0])
        for arrival in arrivals:
            inward = arrival.to_server == self.towards_server
            for datagram in layers.datagrams(arrival.frame, reassembly if inward else backwards):
                if datagram.protocol == frames.TCP and len(datagram.transport) >= 20:
                    if inward:
                        host.receive(datagram, arrival.lenient)
                    elif not arrival.made:
                        host.sent(datagram)
        return host

    def read(self, arrivals, system):
        found = set()
        for stream in self.host(arrivals, system).readings():
            found |= self.names(stream)
        return found


class UdpReceiver:
    """Gives the application every UDP payload in order: names(list of (ports, payload))."""

    def __init__(self, names, towards_server=True):
        self.names, self.towards_server = names, towards_server

    def systems(self):
        return [("first", False), ("last", False)]

    def read(self, arrivals, system):
        reassembly, payloads = layers.Reassembly(system[0]), []
        for arrival in arrivals:
            if arrival.to_server != self.towards_server:
                continue
            for datagram in layers.datagrams(arrival.frame, reassembly):
                valid = datagram.ip_valid and datagram.checksum_holds()
                if datagram.protocol == frames.UDP and (valid or arrival.lenient):
                    # To Linux, 0 is all there is (RFC 2675, section 4).
                    size = int.from_bytes(datagram.transport[4:6], "big") or len(datagram.transport)
                    payloads.append((datagram.ports(), datagram.transport[8:size]))
        return self.names(payloads)


TLS_OVER_TCP = TcpReceiver()
