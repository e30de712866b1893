"""Rows of the group "TCP handshake/teardown"."""

import random

import frames
from framework import ACK, DECOY, FIN, PSH, RST, SYN, Capture, Tcp, Variant, row
from frames import URG

SECOND = 1000000
MIDSTREAM_CUTS = {
    "whole": [],
    "in two": [200],
    "cut at 3": [3],
    "cut at 1": [1],
    "of 40 bytes": list(range(40, 517, 40)),
}
COOKIE = frames.option(34, bytes(range(8)))


def connection(family, **fields):
    return Tcp(Capture(family), **fields).connect()


@row("E030")
def syn_with_data(mode, family):
    for label, payload in {"a fake hello": DECOY, "the hello": mode.hello(), "zeros": bytes(64)}.items():
        tcp = Tcp(Capture(family))
        tcp.syn(payload, invalid=True)
        tcp.syn(after=SECOND)
        tcp.syn_ack()
        tcp.acknowledge()
        tcp.send(mode.hello())
        yield Variant(label, tcp.finish())


@row("E030")
def syn_with_data_again(mode, family):
    """The SYN with data comes second, and before or after the answer."""
    for answered in (False, True):
        tcp = Tcp(Capture(family))
        tcp.syn()
        if answered:
            tcp.syn_ack()
        tcp.syn(DECOY, invalid=True)
        if not answered:
            tcp.syn_ack()
        tcp.acknowledge()
        tcp.send(mode.hello())
        yield Variant(f"second, {'after' if answered else 'before'} the answer", tcp.finish())


@row("E031")
def fast_open(mode, family):
    data = mode.hello()
    for size, taken in ((517, True), (517, False), (100, True), (100, False), (1, True)):
        tcp = Tcp(Capture(family))
        tcp.syn(data[:size], options=COOKIE + b"\x01\x01")
        tcp.syn_ack(ack=tcp.client_seq(size if taken else 0))
        tcp.offset = size if taken else 0
        tcp.acknowledge()
        if tcp.offset < len(data):
            tcp.send(data[tcp.offset :], tcp.offset)
        yield Variant(f"{size} bytes in the SYN, {'taken' if taken else 'not taken'}", tcp.finish())


@row("E031")
def fast_open_decoy(mode, family):
    if not mode.forbidden:
        return
    tcp = Tcp(Capture(family))
    tcp.syn(DECOY, options=COOKIE + b"\x01\x01")
    tcp.syn_ack()
    tcp.acknowledge()
    tcp.send(mode.hello(), 0)
    yield Variant("another hello in the SYN, not taken", tcp.finish())


@row("E032")
def reset_decoy(mode, family):
    for label, fields in {
        "RST, low TTL": {"flags": RST, "dies": True, "ip": {"ttl": 4}},
        "RST ACK, low TTL": {"flags": RST | ACK, "dies": True, "ip": {"ttl": 4}},
        "RST, bad checksum": {"flags": RST, "bad_checksum": True},
        "RST ACK, TCP-MD5": {"flags": RST | ACK, "options": b"\x01\x01" + frames.option(19, bytes(16))},
        "RST, in the window": {"flags": RST, "shift": 100},
        "RST, out of the window": {"flags": RST, "shift": 0x40000000},
        "RST ACK, before the window": {"flags": RST | ACK, "shift": -10000},
    }.items():
        for wait in (0, 15, 200):
            for begun in (0, 5):
                tcp, data = connection(family), mode.hello()
                tcp.send(data[:begun]) if begun else None
                shift = fields.get("shift", 0)
                rest = {key: value for key, value in fields.items() if key != "shift"}
                tcp.fake(b"", dies=rest.pop("dies", False), seq=tcp.client_seq(tcp.offset + shift), **rest)
                if begun and wait > 9:
                    continue
                tcp.send(data[begun:], begun, after=wait * SECOND)
                yield Variant(f"{label}, {begun} bytes before, {wait} s before the rest", tcp.finish())


@row("E033")
def fin_decoy(mode, family):
    cases = {
        "FIN ACK, low TTL": {"flags": FIN | ACK, "dies": True, "ip": {"ttl": 4}},
        "FIN ACK ahead, low TTL": {"flags": FIN | ACK, "dies": True, "ip": {"ttl": 4}, "shift": 3000},
        "FIN, no ACK": {"flags": FIN},
        "FIN ACK, bad checksum": {"flags": FIN | ACK, "bad_checksum": True},
        "FIN ACK, IP length short": {"flags": FIN | ACK, "ip": {"length": 25 if family == 4 else 10}},
        "FIN ACK, IP length without the payload": {
            "flags": FIN | ACK,
            "payload": DECOY[:300],
            "ip": {"length": 52 if family == 4 else 32},
        },
    }
    for label, fields in cases.items():
        for wait in (0, 15, 200):
            tcp, rest = connection(family), dict(fields)
            seq = tcp.client_seq(rest.pop("shift", 0))
            tcp.fake(rest.pop("payload", b""), dies=rest.pop("dies", False), seq=seq, **rest)
            tcp.send(mode.hello(), after=wait * SECOND)
            yield Variant(f"{label}, hello after {wait} s", tcp.finish())


@row("E034")
def syn_ack_from_client(mode, family):
    for label, before in {"first": True, "after the SYN": False}.items():
        tcp = Tcp(Capture(family))
        if not before:
            tcp.syn()
        tcp.segment(True, SYN | ACK, tcp.isn, 7777, invalid=True)
        if before:
            tcp.syn()
        tcp.syn_ack()
        tcp.acknowledge()
        tcp.send(mode.hello())
        yield Variant(label, tcp.finish())


@row("E034")
def syn_ack_from_client_another_number(mode, family):
    tcp = Tcp(Capture(family))
    tcp.segment(True, SYN | ACK, 900000, 7777, invalid=True)
    tcp.syn()
    tcp.syn_ack()
    tcp.acknowledge()
    tcp.send(mode.hello())
    yield Variant("another sequence number", tcp.finish())


@row("E035")
def split_handshake(mode, family):
    for label, with_ack in {"4 segments": False, "5 segments": True}.items():
        for cuts in ([], [200]):
            tcp = Tcp(Capture(family))
            tcp.syn()
            if with_ack:
                tcp.segment(False, ACK, tcp.server_isn, tcp.isn + 1)
            tcp.segment(False, SYN, tcp.server_isn, 0, options=frames.option(2, b"\x05\xb4"))
            tcp.segment(True, SYN | ACK, tcp.isn, tcp.server_isn + 1, options=frames.option(2, b"\x05\xb4"))
            tcp.server_ack(0)
            tcp.pieces(mode.hello(), cuts)
            yield Variant(f"{label}, {len(cuts) + 1} pieces", tcp.finish())


@row("E035")
def simultaneous_open(mode, family):
    """Both sides' SYNs cross; both answer with SYN-ACK."""
    tcp = Tcp(Capture(family))
    tcp.syn()
    tcp.segment(False, SYN, tcp.server_isn, 0, options=frames.option(2, b"\x05\xb4"))
    tcp.segment(True, SYN | ACK, tcp.isn, tcp.server_isn + 1)
    tcp.syn_ack()
    tcp.send(mode.hello())
    yield Variant("simultaneous open", tcp.finish())


@row("E036")
def bogus_server_teardown(mode, family):
    for label, ack in {"acknowledging another number": 0x1234, "acknowledging the SYN, with a wrong echo": 1}.items():
        tcp = Tcp(Capture(family))
        tcp.syn()
        for flags in (RST | ACK, FIN | ACK):
            tcp.segment(False, flags, 0, tcp.isn + ack, stamp=-77777, dies=True)
        tcp.syn_ack()
        tcp.acknowledge()
        tcp.pieces(mode.hello(), [200])
        yield Variant(label, tcp.finish())


@row("E037")
def several_syn_acks(mode, family):
    for label, isns, taken in (
        ("first taken", (5000, 900000), 0),
        ("second taken", (5000, 900000), 1),
        ("third taken", (5000, 900000, 70), 2),
    ):
        for cuts in ([], [200]):
            tcp = Tcp(Capture(family))
            tcp.syn()
            for isn in isns:
                tcp.syn_ack(seq=isn)
            tcp.server_isn = isns[taken]
            tcp.acknowledge()
            tcp.pieces(mode.hello(), cuts)
            yield Variant(f"{label}, {len(cuts) + 1} pieces", tcp.finish())


@row("E038", note="a flow whose beginning was not seen: hellos in it are read; other data passes")
def midstream(mode, family):
    for label, cuts in MIDSTREAM_CUTS.items():
        tcp = Tcp(Capture(family))
        tcp.server_ack(0)
        tcp.pieces(mode.hello(), cuts)
        yield Variant(label, tcp.finish(), blocked="BLOCK")


@row("E038", note="a hello that comes last part first reaches its server; the server's acknowledgment of it is answered with resets")
def after_silence(mode, family):
    """The flow is older than an idle one is kept, and has said nothing."""
    for label, cuts in MIDSTREAM_CUTS.items():
        tcp = connection(family)
        tcp.acknowledge(after=400 * SECOND)
        tcp.pieces(mode.hello(), cuts)
        yield Variant(f"after 400 s, {label}", tcp.finish(), blocked="BLOCK")


@row("E038")
def other_data_midstream(mode, family):
    if mode.forbidden:
        return
    tcp = Tcp(Capture(family))
    for number in range(4):
        tcp.send(random.Random(number).randbytes(400))
        tcp.server_ack()
        tcp.answer(random.Random(number + 9).randbytes(700))
    yield Variant("no hello at all", tcp.capture, needs=())


@row("E039")
def small_windows(mode, family):
    for window in (1, 40, 100):
        tcp = Tcp(Capture(family))
        tcp.syn(options=frames.option(2, b"\x05\xb4"))
        tcp.syn_ack(options=frames.option(2, b"\x05\xb4"), window=window)
        tcp.acknowledge()
        data = mode.hello()
        for begin in range(0, len(data), window):
            tcp.send(data[begin : begin + window])
            tcp.server_ack(window=window)
        yield Variant(f"window {window}", tcp.finish())
    tcp = Tcp(Capture(family))
    tcp.syn()
    tcp.syn_ack(options=frames.option(2, b"\x00\x58"))
    tcp.acknowledge()
    tcp.pieces(mode.hello(), range(88, 517, 88))
    yield Variant("segments of 88 bytes", tcp.finish())


@row("E040")
def urgent_byte(mode, family):
    """One byte more, which a server that does not take urgent data in line never reads."""
    data = mode.hello()
    name = data.index(mode.name.encode())
    for place, at in {"in the name": name + 5, "first": 0, "behind byte 1": 1, "last": 516}.items():
        for extra in (b"a", b"\0"):
            stream = data[:at] + extra + data[at:]
            head = at + 1
            for label, parts in {
                "two segments": [(0, head), (head, len(stream))],
                "one segment": [(0, len(stream))],
                "in disorder": [(head, len(stream)), (0, head)],
            }.items():
                tcp = connection(family)
                for begin, end in parts:
                    urgent = begin < head <= end
                    flags = PSH | ACK | URG if urgent else PSH | ACK
                    tcp.send(stream[begin:end], begin, flags=flags, urgent=head - begin if urgent else 0)
                yield Variant(f"{place}, {extra!r}, {label}", tcp.finish())


@row("E040")
def several_urgent_bytes(mode, family):
    """Of several urgent bytes a slow reader misses only the last, a quick one all of them."""
    data = mode.hello()
    name = data.index(mode.name.encode())
    stream = data[: name + 5] + b"a" + data[name + 5 :]
    for real in ([3], [100]):  # bytes of the hello that are marked too
        tcp, marks = connection(family), [*real, name + 5]
        for begin, mark in zip([0, *[mark + 1 for mark in marks]], marks):
            tcp.send(stream[begin : mark + 1], begin, flags=PSH | ACK | URG, urgent=mark + 1 - begin)
        tcp.send(stream[marks[-1] + 1 :])
        yield Variant(f"{len(real)} real ones marked before it", tcp.finish())
    if mode.forbidden:
        extra, tcp = b"".join(bytes([value, 0x61]) for value in data[:20]), connection(family)
        for begin in range(0, 40, 2):
            tcp.send(extra[begin : begin + 2], begin, flags=PSH | ACK | URG, urgent=2)
        tcp.send(data[20:], 40)
        yield Variant("20 of them", tcp.finish())


@row("E040")
def urgent_byte_announced(mode, family):
    """The mark comes before its byte, in a segment without any; or only then do the bytes complete a message."""
    data = mode.hello()
    name = data.index(mode.name.encode())
    for at in (1, name + 5):
        for acknowledged in (False, True):
            tcp, stream = connection(family), data[:at] + b"a" + data[at:]
            tcp.segment(True, ACK | URG, tcp.client_seq(0), tcp.server_seq(), urgent=at + 1)
            for begin, end in ((0, at), (at, at + 2), (at + 2, len(stream) - 1), (len(stream) - 1, len(stream))):
                tcp.send(stream[begin:end], begin)
                if acknowledged:
                    tcp.server_ack()
            label = f"announced, at {'1' if at == 1 else 'the name'}{', acknowledged' if acknowledged else ''}"
            yield Variant(label, tcp.finish())


@row("E041", families=(4,))
def identification(mode, family):
    for label, ident in {
        "zero": lambda number: 0,
        "the same": lambda number: 7,
        "falling": lambda number: 60000 - number,
        "random": lambda number: random.Random(number).randrange(65536),
    }.items():
        tcp = connection(family)
        data = mode.hello()
        for number, begin in enumerate(range(0, len(data), 50)):
            tcp.send(data[begin : begin + 50], ip={"ident": ident(number)})
        yield Variant(label, tcp.finish())


@row("E042")
def probes(mode, family):
    """Keep-alive and window probes: a byte that the server has already, whatever is in it."""
    for payload in (b"", b"\0", b"\xff"):
        tcp, data = connection(family), mode.hello()
        tcp.send(payload, -1)
        tcp.server_ack(0)
        tcp.send(data[:200], 0)
        tcp.server_ack()
        tcp.send(payload, 199, after=SECOND)
        tcp.server_ack(200)
        tcp.send(payload, 199, after=SECOND)
        tcp.server_ack(200)
        tcp.send(data[200:], 200)
        checks = [] if not mode.forbidden else [{"reason": "rule"}]
        yield Variant(f"probe byte {payload.hex()}", tcp.finish(), blocked="BLOCK", findings=tuple(checks))


@row("E042")
def probes_of_quiet_flow(mode, family):
    """Nothing but probes: they cross, whatever the flow is for."""
    tcp = connection(family)
    for _ in range(3):
        tcp.send(b"\0", -1, after=SECOND)
        tcp.server_ack(0)
    yield Variant("no hello", tcp.capture, needs=())
