"""Datagrams as rows write them down, before they are put into a capture of one address family."""

import dataclasses

import frames
from framework import Capture, Variant


@dataclasses.dataclass
class Datagram:
    """`cuts`: where it is cut into fragments, multiples of 8 in UDP header and payload; `order`: of these."""

    payload: bytes
    to_server: bool = True
    ports: tuple = (50443, 443)
    cuts: tuple = ()
    order: tuple = ()
    fields: dict = dataclasses.field(default_factory=dict)

    def put(self, capture):
        if not self.cuts:
            return capture.udp(self.payload, self.to_server, self.ports, **self.fields)
        ends, ports = capture.ends(self.to_server), self.ports if self.to_server else self.ports[::-1]
        whole = frames.ip(ends, frames.UDP, frames.udp(ends, ports, self.payload))
        made = frames.fragments(whole, self.cuts)
        for index in self.order or range(len(made)):
            capture.packet(made[index], self.to_server, **self.fields)
        return None


@dataclasses.dataclass
class Flow:
    """A client's port and a server's."""

    port: int = 443
    client_port: int = 50443

    def datagram(self, payload, to_server=True, cuts=(), order=(), **fields):
        return Datagram(payload, to_server, (self.client_port, self.port), cuts, order, fields)

    def send(self, *payloads, **fields):
        return [self.datagram(payload, **fields) for payload in payloads]

    def answer(self, *payloads, **fields):
        return [self.datagram(payload, False, **fields) for payload in payloads]


def udp_variant(family, label, datagrams, **how):
    """A variant of datagrams alone. Each may be a Datagram, or a function that adds to the capture."""
    capture = Capture(family)
    for datagram in datagrams:
        datagram.put(capture) if isinstance(datagram, Datagram) else datagram(capture)
    return Variant(label, capture, refusal="", **how)
