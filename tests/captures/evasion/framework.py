"""How a row of matrix.tsv becomes captures, and what is asked of the box. README.md shows how to write a row.

A row is a generator function that yields variants for one mode (forbidden or allowed name). Each variant is a capture,
as both ends would have exchanged it without a box between them. The runner puts it through sluis-inspect twice: with
its frames apart, and in bursts. The oracle is the receiver, over the frames that came out.
"""

import csv
import functools
import pathlib
from dataclasses import dataclass, field

import frames
import tls_server
import tls_wire
from frames import ACK, FIN, PSH, RST, SYN

HERE = pathlib.Path(__file__).resolve().parent
FORBIDDEN_NAME, ALLOWED_NAME, FORBIDDEN = "www.tiktok.com", "www.example.org", "tiktok.com"
SPACED, BURST = 2000, 5  # microseconds between frames: each in a burst of its own, or all in one


@dataclass(frozen=True)
class Mode:
    """What name the client wants."""

    forbidden: bool

    @property
    def name(self):
        return FORBIDDEN_NAME if self.forbidden else ALLOWED_NAME

    def hello(self, size=517):
        return hello(self.name, size)


def hello(name, size=517):
    """A ClientHello in one record, padded to `size` bytes as browsers pad."""
    bare = len(tls_wire.client_hello(name, session=bytes(32)))
    return tls_wire.record(tls_wire.client_hello(name, session=bytes(32), after=tls_wire.padding(size - 5 - bare - 4)))


DECOY = hello("www.w3.org")


@dataclass
class Sent:
    """A frame of the capture. `dies`: it may not arrive (low TTL). `invalid`: endpoints discard it, or some do; the
    box must drop it. Neither: it arrives, and the box must send it on in the allowed mode."""

    data: bytes
    to_server: bool
    after: int  # microseconds since the frame before; 0: the runner's usual gap
    dies: bool = False
    invalid: bool = False

    @property
    def uncertain(self):
        return self.dies or self.invalid


class Capture:
    """Frames in order. `link` puts an IP packet into a frame; families 4 and 6 decide the addresses."""

    def __init__(self, family=4, link=frames.ethernet, prelude=True):
        self.family, self.link, self.sent = family, link, []
        self.client, self.server = frames.ADDRESSES[family]
        if prelude:
            self.prelude()

    def prelude(self):
        """An NTP exchange: so that sluis-inspect knows who is inside, and that both ends compute checksums."""
        for to_server, ports in ((True, (40123, 123)), (False, (123, 40123))):
            message = bytes([0x23 if to_server else 0x24]) + bytes(47)
            packet = frames.ip(self.ends(to_server), frames.UDP, frames.udp(self.ends(to_server), ports, message))
            self.add(frames.ethernet(packet, to_server), to_server)

    def ends(self, to_server):
        return (self.client, self.server) if to_server else (self.server, self.client)

    def add(self, frame, to_server=True, after=0, dies=False, invalid=False):
        self.sent.append(Sent(frame, to_server, after, dies, invalid))
        return frame

    def packet(self, packet, to_server=True, **how):
        return self.add(self.link(packet, to_server), to_server, **how)

    def udp(self, payload, to_server=True, ports=(50443, 443), after=0, dies=False, invalid=False, ip=None, **fields):
        """`ports`: the client's and the server's."""
        ends = self.ends(to_server)
        datagram = frames.udp(ends, ports if to_server else ports[::-1], payload, **fields)
        packet = frames.ip(ends, frames.UDP, datagram, **(ip or {}))
        return self.packet(packet, to_server, after=after, dies=dies, invalid=invalid)


class Tcp:
    """One connection in a capture. Offsets count the client's bytes from its first one after the SYN."""

    def __init__(self, capture, port=443, client_port=50000, isn=1000, server_isn=5000, timestamps=True, window=64240):
        self.capture, self.ports, self.window = capture, (client_port, port), window
        self.isn, self.server_isn, self.timestamps = isn, server_isn, timestamps
        self.offset = self.server_offset = 0  # what each side has sent
        self.arrived = 0  # what the server says it has
        self.clock = 100000

    def segment(self, to_server, flags, seq, ack, payload=b"", options=None, stamp=0, ip=None, **rest):
        """A segment with every field given. `stamp`: added to the timestamp; `ip`: fields of the IP header; `dies`,
        `invalid` and `after` as of Sent; the rest are fields of frames.tcp."""
        how = {key: rest.pop(key) for key in ("dies", "invalid", "after") if key in rest}
        data = self.transport(to_server, flags, seq, ack, payload, options, stamp, **rest)
        packet = frames.ip(self.capture.ends(to_server), frames.TCP, data, **(ip or {}))
        return self.capture.packet(packet, to_server, **how)

    def transport(self, to_server, flags, seq, ack, payload=b"", options=None, stamp=0, **rest):
        self.clock += 1
        options = b"" if options is None else options
        if self.timestamps:
            echo = 0 if flags == SYN else self.clock - 1
            options += frames.timestamp_option(self.clock + stamp, echo)
        ports = self.ports if to_server else self.ports[::-1]
        rest.setdefault("window", self.window)
        return frames.tcp(self.capture.ends(to_server), ports, seq, ack, flags, payload, options=options, **rest)

    def client_seq(self, offset):
        return self.isn + 1 + offset

    def server_seq(self, offset=None):
        return self.server_isn + 1 + (self.server_offset if offset is None else offset)

    # What happens in an ordinary connection.

    def connect(self, **fields):
        self.syn(**fields)
        self.syn_ack()
        self.acknowledge()
        return self

    def syn(self, payload=b"", **fields):
        options = fields.pop("options", frames.option(2, b"\x05\xb4") + frames.option(3, b"\x07"))
        self.segment(True, fields.pop("flags", SYN), fields.pop("seq", self.isn), 0, payload, options=options, **fields)

    def syn_ack(self, **fields):
        options = fields.pop("options", frames.option(2, b"\x05\xb4") + frames.option(3, b"\x07"))
        seq, ack = fields.pop("seq", self.server_isn), fields.pop("ack", self.isn + 1)
        self.segment(False, SYN | ACK, seq, ack, options=options, **fields)

    def acknowledge(self, **fields):
        """The client has what the server sent."""
        self.segment(True, ACK, self.client_seq(self.offset), self.server_seq(), **fields)

    def send(self, payload, at=None, **fields):
        """Client bytes, from where it stopped or at an offset. Frames that die or are invalid do not count as sent."""
        at = self.offset if at is None else at
        flags, seq = fields.pop("flags", PSH | ACK), fields.pop("seq", self.client_seq(at))
        ack = fields.pop("ack", self.server_seq())
        self.segment(True, flags, seq, ack, payload, **fields)
        if not (fields.get("dies") or fields.get("invalid")):
            self.offset = max(self.offset, at + len(payload))

    def fake(self, payload, at=None, dies=False, **fields):
        """A decoy at the present offset: invalid, unless it `dies` on its way."""
        self.send(payload, self.offset if at is None else at, dies=dies, invalid=not dies, **fields)

    def pieces(self, data, cuts, order=None, **fields):
        """Client bytes in pieces, cut at the offsets; `order`: of the pieces' numbers."""
        start, edges = self.offset, [0, *cuts, len(data)]
        parts = list(zip(edges, edges[1:]))
        for number in order if order is not None else range(len(parts)):
            begin, end = parts[number]
            self.send(data[begin:end], start + begin, **fields)

    def server_ack(self, offset=None, **fields):
        """The server acknowledges the client's bytes up to an offset; all of them, when none is given."""
        self.arrived = self.offset if offset is None else offset
        self.segment(False, fields.pop("flags", ACK), self.server_seq(), self.client_seq(self.arrived), **fields)

    def answer(self, payload=None, **fields):
        """Server bytes: a ServerHello, unless others are given. They acknowledge all that the client sent."""
        if payload is None:
            payload = tls_wire.server_hello() + tls_wire.record(bytes(range(200)), 23, 0x0303)
        self.arrived = self.offset
        self.segment(False, PSH | ACK, self.server_seq(), self.client_seq(self.arrived), payload, **fields)
        self.server_offset += len(payload)

    def finish(self):
        """The server answers the hello, the client sends its first encrypted bytes, and both close."""
        self.server_ack()
        self.answer()
        self.acknowledge()
        self.send(tls_wire.record(b"\x01", 20, 0x0303) + tls_wire.record(bytes(range(58)), 23, 0x0303))
        self.server_ack()
        self.segment(True, FIN | ACK, self.client_seq(self.offset), self.server_seq())
        self.segment(False, FIN | ACK, self.server_seq(), self.client_seq(self.offset + 1))
        self.segment(True, ACK, self.client_seq(self.offset + 1), self.server_seq() + 1)
        return self.capture


@dataclass
class Variant:
    """A capture and what must come of it. `blocked`, `allowed`: which alternative of the matrix's cell holds here
    (BLOCK, PASS, RESET, DROP, FORMERR), where the cell leaves a choice. Of DROP: frames marked `invalid` must not come
    out, all others must (in the forbidden mode: the receiver must not read the name)."""

    label: str
    capture: Capture
    blocked: str = ""
    allowed: str = ""
    #: What the receiver is: a function from what arrives to the names that it can read; see oracle.py.
    receiver: object = None
    #: How a refused TCP flow shows: "reset" on both sides, or "" when nothing is asked (the frames just do not arrive).
    refusal: str = "reset"
    #: Names that the receiver must read in the allowed mode; none: nothing is asked of it.
    needs: tuple = (ALLOWED_NAME,)
    config: str = ""  # TOML for --config
    ordered: bool = True  # whether frames must come out in their order (fragments wait for the last one)
    rewritten: bool = False  # a DNS answer comes out changed: `check` says how
    #: Findings that sluis-inspect must report: dicts of keys as in expected.jsonl.
    findings: tuple = ()
    #: A check of the row's own: check(outcome) returns a list of failures. See judge.py.
    check: object = None


@dataclass
class Row:
    number: str
    group: str
    name: str
    blocked: str
    allowed: str
    generators: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def variants(self, mode):
        for generator in self.generators:
            yield from generator(mode)


@functools.lru_cache(maxsize=None)
def matrix():
    """The published ways, and those that were found by trying."""
    return {line[0]: Row(*line) for table in ("matrix.tsv", "found.tsv") for line in table_rows(HERE / table)}


def table_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def row(number, families=(4, 6), note=""):
    """Registers a generator of variants: function(mode, family). A row may have several."""

    def register(function):
        def variants(mode):
            for family in families:
                for variant in function(mode, family):
                    variant.label = f"IPv{family} {variant.label}"
                    yield variant

        entry = matrix()[number]
        entry.generators.append(variants)
        if note:
            entry.notes.append(note)
        return function

    return register


def is_forbidden(name):
    return name == FORBIDDEN or name.endswith("." + FORBIDDEN)


def tls_names(stream):
    return tls_server.stream_names(stream)


__all__ = ["ACK", "FIN", "PSH", "RST", "SYN", "Capture", "DECOY", "Mode", "Tcp", "Variant", "hello", "row"]
