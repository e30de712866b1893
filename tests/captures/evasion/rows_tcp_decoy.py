"""Rows of the group "TCP decoy packet": another hello at the same place, made so that the server does not take it."""

import random

import frames
from framework import ACK, DECOY, FIN, PSH, RST, SYN, Capture, Tcp, Variant, hello, row
from frames import URG

GARBAGE = random.Random(28).randbytes(517)


def connection(family, **fields):
    return Tcp(Capture(family), **fields).connect()


def decoys(mode, family, label, before=1, payload=DECOY, **fields):
    """Decoys, the real hello whole or in two, and decoys between the two."""
    for cuts in ([], [200]):
        tcp = connection(family)
        for _ in range(before):
            tcp.fake(payload, **fields)
        if cuts:
            tcp.send(mode.hello()[:200])
            tcp.fake(payload[200:] if len(payload) > 200 else payload, **fields)
            tcp.send(mode.hello()[200:])
        else:
            tcp.send(mode.hello())
        yield Variant(f"{label}, then {len(cuts) + 1} segments", tcp.finish())


@row("E016")
def low_ttl(mode, family):
    for ttl in (1, 8):
        yield from decoys(mode, family, f"TTL {ttl}", dies=True, ip={"ttl": ttl})
    yield from decoys(mode, family, "3 times", before=3, dies=True, ip={"ttl": 5})
    for size in (300, 700, 1200):
        payload = hello("www.w3.org", size)
        yield from decoys(mode, family, f"of {size} bytes", payload=payload, dies=True, ip={"ttl": 5})


@row("E016")
def low_ttl_afterwards(mode, family):
    tcp = connection(family)
    tcp.send(mode.hello()[:300])
    tcp.fake(DECOY[:300], 0, dies=True, ip={"ttl": 5})
    tcp.send(mode.hello()[300:], 300)
    yield Variant("behind the first half", tcp.finish())
    tcp = connection(family)
    tcp.send(mode.hello())
    tcp.fake(DECOY, 0, dies=True, ip={"ttl": 5})
    yield Variant("behind the hello", tcp.finish())


@row("E016")
def low_ttl_server_alive(mode, family):
    """The server acknowledges nothing new between the decoy and the hello."""
    tcp = connection(family)
    tcp.fake(DECOY, dies=True, ip={"ttl": 5})
    tcp.server_ack(0)
    tcp.send(mode.hello(), after=300000)
    yield Variant("with an acknowledgment between", tcp.finish())


@row("E016")
def low_ttl_later(mode, family):
    if not mode.forbidden:
        return
    for seconds in (11, 75, 290):
        tcp = connection(family)
        tcp.fake(DECOY, dies=True, ip={"ttl": 5})
        tcp.send(mode.hello(), after=seconds * 1000000)
        yield Variant(f"the hello {seconds} s later", tcp.finish())


@row("E017")
def bad_checksum(mode, family):
    yield from decoys(mode, family, "once", bad_checksum=True)
    yield from decoys(mode, family, "5 times", before=5, bad_checksum=True)


@row("E018")
def past_sequence(mode, family):
    for back, ack in ((10000, 66000), (10000, 0), (600, 0), (519, 0)):
        tcp = connection(family)
        tcp.fake(DECOY, seq=tcp.client_seq(-back), ack=tcp.server_seq() - ack)
        tcp.send(mode.hello())
        yield Variant(f"{back} back, acknowledgment {ack} back", tcp.finish())


@row("E019")
def random_sequence(mode, family):
    for jump in (0x80000000, 0x7FFFFFF0, 0x40000000, 0xC0000000, 0x12345678, 20000000):
        tcp = connection(family)
        tcp.fake(DECOY, seq=tcp.client_seq(jump))
        tcp.send(mode.hello())
        yield Variant(f"{jump:#x} away", tcp.finish())
    for jump in (517, 30000, 100000):  # in the window
        if jump == 517 and not mode.forbidden:
            continue
        tcp = connection(family)
        tcp.fake(DECOY, jump, dies=True, ip={"ttl": 5})
        tcp.send(mode.hello())
        yield Variant(f"{jump} ahead, low TTL", tcp.finish())


@row("E020")
def bad_acknowledgment(mode, family):
    for shift in (-66000, -1, 1, 100000, 0x40000000, -0x70000000):
        tcp = connection(family)
        if shift == -1:
            shift = -0x1000
        tcp.fake(DECOY, ack=tcp.server_seq() + shift)
        tcp.send(mode.hello())
        yield Variant(f"acknowledgment {shift:+}", tcp.finish())


@row("E021")
def md5_signature(mode, family):
    yield from decoys(mode, family, "16 zeros", options=b"\x01\x01" + frames.option(19, bytes(16)))
    no_stamps = Tcp(Capture(family), timestamps=False).connect()
    no_stamps.fake(DECOY, options=b"\x01\x01" + frames.option(19, bytes(range(16))))
    no_stamps.send(mode.hello())
    yield Variant("without timestamps", no_stamps.finish())


@row("E022")
def old_timestamp(mode, family):
    for shift in (-600000, -50, -0x70000000):
        yield from decoys(mode, family, f"{shift}", stamp=shift)


@row("E023")
def no_acknowledgment(mode, family):
    for flags in (PSH, 0, PSH | URG):
        yield from decoys(mode, family, f"flags {flags:#04x}", flags=flags)


@row("E024")
def odd_flags(mode, family):
    mixes = {
        "SYN": SYN,
        "SYN PSH": SYN | PSH,
        "SYN FIN": SYN | FIN,
        "SYN FIN ACK": SYN | FIN | ACK,
        "SYN ACK": SYN | ACK,
        "SYN PSH ACK": SYN | PSH | ACK,
        "RST": RST,
        "RST ACK": RST | ACK,
        "RST FIN ACK": RST | FIN | ACK,
        "SYN RST": SYN | RST,
        "FIN": FIN,
        "FIN PSH URG": FIN | PSH | URG,
        "all": FIN | SYN | RST | PSH | ACK | URG,
    }
    for label, flags in mixes.items():
        yield from decoys(mode, family, label, flags=flags)


@row("E025")
def lying_lengths(mode, family):
    for words in (15, 4, 0):
        tcp = connection(family)
        tcp.fake(DECOY[:20], words=words)
        tcp.send(mode.hello())
        yield Variant(f"data offset {words}", tcp.finish())
    header = (20 if family == 4 else 0) + 32
    for length in (64, 78, header, header + 5, 30000):
        tcp = connection(family)
        tcp.fake(DECOY, ip={"length": length})
        tcp.send(mode.hello())
        yield Variant(f"IP length {length}", tcp.finish())


@row("E025")
def bytes_behind_the_packet(mode, family):
    """What lies behind the IP length is no part of the packet: Ethernet padding, or a decoy."""
    data = mode.hello()
    tcp = connection(family)
    for begin, end in ((0, 3), (3, 200), (200, 517)):
        packet = frames.ip(
            tcp.capture.ends(True),
            frames.TCP,
            tcp.transport(True, PSH | ACK, tcp.client_seq(begin), tcp.server_seq(), data[begin:end]),
        )
        tcp.capture.add(frames.ethernet(packet, True) + DECOY[end : end + 100])
    tcp.offset = len(data)
    yield Variant("more bytes behind the IP packet", tcp.finish())


@row("E026")
def corrupt_options(mode, family):
    for label, options in {
        "length 0": b"\x08\x00" + bytes(2),
        "length 1": b"\x05\x01" + bytes(2),
        "length beyond the header": b"\x1e\xff" + bytes(2),
        "window scale of 2 bytes": b"\x03\x02\x01\x01",
        "segment size of 3 bytes": b"\x02\x03\x05\x01",
    }.items():
        tcp = connection(family, timestamps=False)
        tcp.fake(DECOY, options=options)
        tcp.send(mode.hello())
        yield Variant(label, tcp.finish())


@row("E026")
def unknown_options(mode, family):
    """Odd, but well formed: the real hello carries them."""
    for label, options in {
        "user timeout": frames.option(28, b"\x80\x3c"),
        "window scale": b"\x01" + frames.option(3, b"\x07"),
        "segment size": frames.option(2, b"\x05\xb4"),
        "unknown kind": frames.option(200, b"\x01\x02\x03\x04\x05\x06"),
    }.items():
        tcp = connection(family)
        tcp.pieces(mode.hello(), [200], options=options)
        yield Variant(label, tcp.finish())


@row("E027")
def repeated(mode, family):
    for count in (10, 40):
        tcp = connection(family)
        for number in range(count):
            tcp.fake(hello(f"host{number}.example.net"), bad_checksum=True)
        tcp.send(mode.hello())
        yield Variant(f"{count} decoys", tcp.finish())
    for cuts in ([], [1], [200]):
        tcp = connection(family)
        for begin, end in zip([0, *cuts], [*cuts, 517]):
            for _ in range(10):
                tcp.send(mode.hello()[begin:end], begin)
        yield Variant(f"10 copies of the originals, {len(cuts) + 1} segments", tcp.finish())


@row("E028")
def garbage(mode, family):
    for label, payload in {
        "random bytes": GARBAGE,
        "short random bytes": GARBAGE[:20],
        "1 random byte": GARBAGE[:1],
        "more random bytes": GARBAGE * 2,
        "zeros": bytes(517),
        "an HTTP request": b"GET / HTTP/1.1\r\nHost: www.w3.org\r\n\r\n",
        "a half HTTP request": b"GET / HTTP/1.1\r\nHost: ",
        "an SSH banner": b"SSH-2.0-OpenSSH_9.2\r\n",
    }.items():
        yield from decoys(mode, family, label, payload=payload, dies=True, ip={"ttl": 5})


@row("E029")
def raised_ttl(mode, family):
    for ttl in (1, 5, 65, 128, 255):
        tcp = Tcp(Capture(family))
        tcp.syn(ip={"ttl": ttl})
        tcp.syn_ack()
        tcp.acknowledge(ip={"ttl": ttl})
        tcp.pieces(mode.hello(), [200], ip={"ttl": ttl})
        yield Variant(f"TTL {ttl}", tcp.finish())
    tcp = connection(family)
    for number, begin in enumerate(range(0, 517, 47)):
        tcp.send(mode.hello()[begin : begin + 47], ip={"ttl": 30 + 20 * number})
    yield Variant("another TTL in each segment", tcp.finish())
