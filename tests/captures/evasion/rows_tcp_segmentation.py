"""Rows of the group "TCP segmentation": the hello in pieces, in any order, some of them sent twice."""

import random
import struct

import frames
from framework import DECOY, Capture, Tcp, Variant, row

SECOND = 1000000


def connection(family, **fields):
    return Tcp(Capture(family), **fields).connect()


def name_at(data, mode):
    """Where the host name begins."""
    return data.index(mode.name.encode())


def other(data):
    """As many bytes, all of them different."""
    return bytes(value ^ 0x20 for value in data)


@row("E001")
def split_first_bytes(mode, family):
    for cut in (1, 2, 3, 5):
        for acknowledged in (False, True):
            tcp, data = connection(family), mode.hello()
            tcp.send(data[:cut])
            if acknowledged:
                tcp.server_ack()
            tcp.send(data[cut:])
            yield Variant(f"cut at {cut}{', acknowledged' if acknowledged else ''}", tcp.finish())


@row("E002")
def split_in_name(mode, family):
    data = mode.hello()
    begin = name_at(data, mode)
    for label, cuts in {
        "in the middle": [begin + 7],
        "extension plus 1": [begin - 8],
        "before and after": [begin, begin + len(mode.name)],
        "last byte of the name": [begin + len(mode.name) - 1],
        "each byte of the name": list(range(begin, begin + len(mode.name))),
        "last byte of the hello": [len(data) - 1],
    }.items():
        tcp = connection(family)
        tcp.pieces(data, cuts)
        yield Variant(label, tcp.finish())


@row("E003")
def tiny_segments(mode, family):
    data, source = mode.hello(), random.Random(3)
    edges = [sum(source.randint(1, 40) for _ in range(n)) for n in range(1, 15)]
    for label, cuts in {
        "1 byte each": range(1, len(data)),
        "3 bytes each": range(3, len(data), 3),
        "40 bytes each": range(40, len(data), 40),
        "1 to 40 bytes": sorted(set(edge for edge in edges if edge < len(data))),
    }.items():
        tcp = connection(family)
        tcp.pieces(data, list(cuts))
        yield Variant(label, tcp.finish())


@row("E003")
def tiny_segments_acknowledged(mode, family):
    tcp = connection(family)
    for value in mode.hello():
        tcp.send(bytes([value]))
        tcp.server_ack()
    yield Variant("1 byte each, each acknowledged", tcp.finish())


@row("E004")
def reverse(mode, family):
    data = mode.hello()
    for label, cuts in {
        "2 pieces": [name_at(data, mode) + 4],
        "first byte last": [1],
        "3 pieces": [100, 300],
        "all of 40 bytes": list(range(40, len(data), 40)),
        "all of 1 byte": list(range(1, len(data))),
    }.items():
        tcp = connection(family)
        tcp.pieces(data, cuts, order=range(len(cuts), -1, -1))
        yield Variant(label, tcp.finish())


@row("E004")
def shuffled(mode, family):
    for seed in range(4):
        data, source = mode.hello(), random.Random(seed)
        cuts = sorted(source.sample(range(1, len(data)), 12))
        tcp = connection(family)
        tcp.pieces(data, cuts, order=source.sample(range(13), 13))
        yield Variant(f"shuffled {seed}", tcp.finish())


@row("E005")
def disorder_by_ttl(mode, family):
    data = mode.hello()
    begin = name_at(data, mode)
    for label, cuts in {"2 pieces": [begin + 3], "4 pieces": [1, begin, begin + 5]}.items():
        for first in (0, 1):
            tcp, edges = connection(family), [0, *cuts, len(data)]
            parts = list(zip(edges, edges[1:]))
            for number, (a, b) in enumerate(parts):
                if number % 2 == first:
                    tcp.fake(data[a:b], a, dies=True, ip={"ttl": 1})
                else:
                    tcp.send(data[a:b], a)
            for number, (a, b) in enumerate(parts):
                if number % 2 == first:
                    tcp.send(data[a:b], a, after=220000)
            yield Variant(f"{label}, {'odd' if first else 'even'} ones die", tcp.finish())


@row("E006")
def delay(mode, family):
    cut = name_at(mode.hello(), mode) + 4
    for seconds in (0.1, 1, 3, 9):
        tcp = connection(family)
        tcp.pieces(mode.hello(), [cut])
        tcp.capture.sent[-1].after = int(seconds * SECOND)
        yield Variant(f"second half after {seconds} s", tcp.finish())


@row("E006")
def delay_beyond_limit(mode, family):
    """Longer than an open hello may take: closed, whatever the name; only the forbidden one is tried."""
    if not mode.forbidden:
        return
    data = mode.hello()
    for label, cut in {"cut in the name": name_at(data, mode) + 4, "cut at 1": 1}.items():
        for seconds in (11, 30, 75, 130, 320, 700):
            for acknowledged in (False, True):
                tcp = connection(family)
                tcp.send(data[:cut])
                if acknowledged:
                    tcp.server_ack()
                tcp.send(data[cut:], after=seconds * SECOND)
                label_ = f"{label}, {'acknowledged, ' if acknowledged else ''}second half after {seconds} s"
                yield Variant(label_, tcp.finish(), refusal="")


@row("E006")
def delay_beyond_limit_reversed(mode, family):
    if not mode.forbidden:
        return
    for seconds in (11, 75, 320):
        data, tcp = mode.hello(), connection(family)
        tcp.send(data[100:], 100)
        tcp.send(data[:100], 0, after=seconds * SECOND)
        yield Variant(f"last part first, first part after {seconds} s", tcp.finish(), refusal="")


@row("E007")
def first_segment_out_of_order(mode, family):
    data = mode.hello()
    for cut in (1, 5, 11, 100):
        tcp = connection(family)
        tcp.pieces(data, [cut], order=(1, 0))
        yield Variant(f"cut at {cut}", tcp.finish())
    if mode.forbidden:
        tcp = connection(family)
        tcp.send(DECOY, len(data))
        tcp.send(data, 0)
        yield Variant("another hello behind it first", tcp.finish())


@row("E008")
def retransmitted_with_other_boundaries(mode, family):
    data = mode.hello()
    for label, pieces in {
        "whole again": [(0, 200), (200, 517), (0, 517)],
        "across the boundary": [(0, 200), (200, 517), (100, 400)],
        "growing": [(0, 200), (0, 300), (0, 517)],
        "overlapping each other": [(0, 200), (150, 350), (300, 517)],
        "out of order": [(300, 517), (200, 400), (0, 250)],
        "tail first, twice": [(400, 517), (350, 517), (0, 517)],
    }.items():
        tcp = connection(family)
        for begin, end in pieces:
            tcp.send(data[begin:end], begin)
        yield Variant(label, tcp.finish(), blocked="BLOCK", allowed="PASS")


@row("E009")
def before_the_window(mode, family):
    data = mode.hello()
    for size in (1, 5, 336, 600):
        fake = (DECOY * 2)[:size]
        for cut in (None, 1, name_at(data, mode) + 3):
            tcp = connection(family)
            tcp.send(fake + data[:cut], -size)
            if cut is not None:
                tcp.send(data[cut:], cut)
            tcp.offset = len(data)
            yield Variant(f"{size} bytes before, cut at {cut}", tcp.finish())


@row("E009")
def before_the_window_after_acknowledgment(mode, family):
    data = mode.hello()
    cut = name_at(data, mode) + 3
    for size in (1, 40, cut):
        tcp = connection(family)
        tcp.send(data[:cut])
        tcp.server_ack()
        tcp.send(other(data[cut - size : cut]) + data[cut:], cut - size)
        yield Variant(f"{size} acknowledged bytes again, changed", tcp.finish())


@row("E010")
def overlap_in_disorder(mode, family):
    data = mode.hello()
    cut = name_at(data, mode) + 3
    for size in (1, 40, cut - 1):
        tcp = connection(family)
        fake = DECOY[cut - size : cut]
        if fake == data[cut - size : cut]:
            fake = other(fake)
        tcp.send(fake + data[cut:], cut - size)
        tcp.send(data[:cut], 0)
        yield Variant(f"{size} bytes in common", tcp.finish())


def with_fakes(mode, family, order, cuts=None, fake=None):
    """`order`: of pieces; "f1" is a fake of piece 1 that dies, "r1" the real one."""
    data, tcp = mode.hello(), connection(family)
    edges = [0, *(cuts or [name_at(data, mode) + 4]), len(data)]
    for what in order:
        begin, end = edges[int(what[1])], edges[int(what[1]) + 1]
        if what[0] == "f":
            tcp.fake((fake or other)(data[begin:end]), begin, dies=True, ip={"ttl": 4})
        else:
            tcp.send(data[begin:end], begin)
    return tcp.finish()


def zeros(data):
    return bytes(len(data))


@row("E011")
def faked_split(mode, family):
    orders = ("f0 r0 f0 f1 r1 f1", "f0 r0 f1 r1", "r0 f0 r1 f1", "f0 r0 r1", "r0 f0 r1", "f0 f1 r0 r1", "r0 f1 r1")
    for order in orders:
        for name, fake in (("zeros", zeros), ("other bytes", other)):
            yield Variant(f"{order}, {name}", with_fakes(mode, family, order.split(), fake=fake))


@row("E012")
def faked_disorder(mode, family):
    for order in ("f1 r1 f1 f0 r0 f0", "f1 r1 f0 r0", "r1 f1 r0 f0", "f1 r1 r0", "r1 f1 r0", "f0 r1 r0", "f1 f0 r1 r0"):
        for name, fake in (("zeros", zeros), ("other bytes", other)):
            yield Variant(f"{order}, {name}", with_fakes(mode, family, order.split(), fake=fake))


@row("E013")
def faked_host(mode, family):
    def fake_host(data):
        return (b"www.google.com" * 2)[: len(data)]

    begin = name_at(mode.hello(), mode)
    end = begin + len(mode.name)
    for order in ("r0 f1 r1 f1 r2", "r0 f1 r1 r2", "r0 r1 f1 r2", "r0 f1 r2 r1", "f1 r1 r2 r0", "r0 f1 r2 f1 r1"):
        yield Variant(order, with_fakes(mode, family, order.split(), [begin, end], fake_host))
    for order in ("r0 f1 r1 f1 f2 r2 f2 r3", "r0 f1 f2 r3 r1 r2"):
        capture = with_fakes(mode, family, order.split(), [begin, begin + 7, end], fake_host)
        yield Variant(f"{order}, host in two", capture)


@row("E014")
def fakes_in_a_train(mode, family):
    for real_cuts in ([], [200]):
        for fake_cuts in ([100, 300], list(range(50, 517, 50))):
            tcp = connection(family)
            for begin, end in zip([0, *fake_cuts], [*fake_cuts, len(DECOY)]):
                tcp.fake(DECOY[begin:end], begin, dies=True, ip={"ttl": 5})
            tcp.pieces(mode.hello(), real_cuts)
            yield Variant(f"{len(fake_cuts) + 1} fakes, then {len(real_cuts) + 1} segments", tcp.finish())


@row("E015")
def selective_acknowledgment_ignored(mode, family):
    data = mode.hello()
    for cut in (100, name_at(data, mode) + 4):
        for fake in (zeros, other):
            tcp = connection(family)
            tcp.send(fake(data[cut:]), cut)
            edges = struct.pack(">II", tcp.client_seq(cut), tcp.client_seq(len(data)))
            tcp.server_ack(0, options=b"\x01\x01" + frames.option(5, edges))
            tcp.send(data[cut:], cut)
            tcp.server_ack(0, options=b"\x01\x01" + frames.option(5, edges))
            tcp.send(data[:cut], 0)
            yield Variant(f"cut at {cut}, {fake.__name__}", tcp.finish())
