"""What rows of QUIC are written with: datagrams of a client and its server, and the server that reads them."""

import dataclasses

from framework import row
from oracle import UdpReceiver
from quic_server import QuicServer
from quic_wire import V1, ack, crypto, initial
from tls_wire import ONLY_TLS13, TRANSPORT_PARAMETERS, alpn, client_hello, grease_ech
from udp_flow import Flow, udp_variant

DECOY = "www.google.com"
ID, OTHER_ID, SERVER_ID = (
    bytes.fromhex("8394c8f03e515708"),
    bytes.fromhex("0011223344556677"),
    b"\x5e\x5e\x5e\x5e\x01\x02\x03\x04",
)
CLIENT_ID = b"\x01\x02\x03\x04"
BLOCK_OR_PASS, DROPPED = ("BLOCK", "PASS"), ("DROP", "DROP")
flow = Flow()
#: Rows that are tried over both families; what the others ask does not depend on it.
FAMILIES = {"e070": (4, 6), "e076": (4, 6), "e084": (4, 6), "e086": (4, 6), "e091": (4, 6)}


def hello(name, large=False, **fields):
    """As Chrome sends it; `large`: with a post-quantum key share, too much for one datagram."""
    after = TRANSPORT_PARAMETERS + grease_ech()
    return client_hello(name, before=alpn("h3"), after=after, hybrid=large, versions=ONLY_TLS13, **fields)


def send(*payloads, on=flow, **fields):
    return on.send(*payloads, **fields)


def whole(name, destination=ID, **fields):
    return initial(destination, crypto(0, hello(name)), **fields)


def answer(original=ID, says=None, version=V1):
    """A server's Initial; with CRYPTO bytes unless told otherwise."""
    says = ack() + crypto(0, b"\x02" + bytes(90)) if says is None else says
    packet = initial(CLIENT_ID, says, keys_from=original, server=True, source=SERVER_ID, version=version)
    return flow.datagram(packet, False)


def pieces(message, count):
    """The message cut into `count` parts, as (offset, bytes)."""
    edges = [len(message) * i // count for i in range(count + 1)]
    return [(a, message[a:b]) for a, b in zip(edges, edges[1:])]


def parts(message, count, **fields):
    """One Initial a part."""
    return [initial(ID, crypto(*piece), number=i, **fields) for i, piece in enumerate(pieces(message, count))]


class QuicReceiver(UdpReceiver):
    """A QUIC server that keeps the first or the last copy of a CRYPTO byte. `roaming`: it knows a connection by its ID
    alone, whatever port its packets come from."""

    def __init__(self, roaming=False):
        super().__init__(list)
        self.roaming = roaming

    def read(self, arrivals, system):
        server = QuicServer(first_wins=system[0] == "first")
        for ports, payload in super().read(arrivals, system):
            server.datagram(None if self.roaming else ports, payload)
        return server.names()


@dataclasses.dataclass
class Case:
    """`expect`: (blocked, allowed), where the matrix leaves a choice. `illegal`: no client sends this, and what comes of it
    with an allowed name does not matter."""

    label: str
    datagrams: list
    expect: tuple = ("", "")
    config: str = ""
    illegal: bool = False
    roaming: bool = False

    def variant(self, family):
        blocked, allowed = self.expect
        how = {"blocked": blocked, "allowed": allowed, "config": self.config, "receiver": QuicReceiver(self.roaming)}
        return udp_variant(family, self.label, self.datagrams, **how)


def quic_row(function):
    """Registers eNNN(name) as row ENNN."""

    @row(function.__name__.upper(), families=FAMILIES.get(function.__name__, (4,)))
    def variants(mode, family):
        for case in function(mode.name):
            if mode.forbidden or not case.illegal:
                yield case.variant(family)

    return function
