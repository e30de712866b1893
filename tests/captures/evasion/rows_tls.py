"""Rows E053 to E069: TLS hellos in every shape that servers read, and what may come before them."""

from framework import Capture, Tcp, Variant, row
from tls_wire import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HEARTBEAT,
    alpn,
    client_hello,
    grease_ech,
    padding,
    record,
    records,
    server_hello,
    server_name,
)

OTHER_NAME = "www.example.net"
BOTH = (4, 6)


def connection(family, port=443):
    return Tcp(Capture(family), port=port).connect()


def sent(family, data, port=443, size=1400):
    """A connection whose client sends these bytes in segments of at most `size`."""
    tcp = connection(family, port)
    tcp.pieces(data, range(size, len(data), size))
    return tcp.finish()


def name_at(message, mode):
    return message.index(mode.name.encode())


@row("E053", families=BOTH)
def two_records(mode, family):
    message = client_hello(mode.name)
    at = name_at(message, mode)
    for label, sizes in (
        ("in the name", [at + 5]),
        ("before the name", [at]),
        ("after 1 byte", [1]),
        ("in the header", [3]),
        ("after the header", [4]),
        ("in three, twice in the name", [at + 2, 6]),
        ("in the random", [20]),
    ):
        yield Variant(label, sent(family, records(message, sizes)))


@row("E054", families=BOTH)
def tiny_records(mode, family):
    message = client_hello(mode.name, session=bytes(32))
    for size in (1, 2, 3):
        yield Variant(f"{size} bytes a record", sent(family, records(message, [size] * len(message))))
    yield Variant("1 byte a record, segments of 7", sent(family, records(message, [1] * len(message)), size=7))
    yield Variant("the name in single bytes", sent(family, records(message, [name_at(message, mode)] + [1] * 20)))


@row("E055", families=BOTH)
def last_byte(mode, family):
    message = client_hello(mode.name, after=padding(200))
    data = records(message, [len(message) - 1])
    yield Variant("in one segment", sent(family, data))
    yield Variant("in two segments", sent(family, data, size=len(data) - 6))
    yield Variant("its header in the first segment", sent(family, data, size=len(data) - 1))


@row("E056", families=BOTH)
def records_and_segments(mode, family):
    message = client_hello(mode.name)
    at = name_at(message, mode)
    data = records(message, [at + 4, 7])
    cuts = [2, at + 7, at + 12, at + 22]
    for order in ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (1, 0, 3, 2, 4), (2, 4, 0, 1, 3)):
        tcp = connection(family)
        tcp.pieces(data, cuts, order)
        yield Variant(f"order {order}", tcp.finish())
    tcp = connection(family)
    data = records(message, [1] * len(message))
    tcp.pieces(data, range(100, len(data), 100), reversed(range((len(data) + 99) // 100)))
    yield Variant("bytes in records, backwards", tcp.finish())


@row("E057", families=BOTH)
def records_before(mode, family):
    hello = mode.hello()
    change, warning = record(b"\x01", CHANGE_CIPHER_SPEC), record(b"\x01\x5a", ALERT)
    beat = record(b"\x01\x00\x03abc" + bytes(16), HEARTBEAT)
    for label, before in (
        ("ChangeCipherSpec", change),
        ("a warning", warning),
        ("a heartbeat", beat),
        ("three of them", change + warning + beat),
    ):
        yield Variant(f"{label} in the same segment", sent(family, before + hello))
        tcp = connection(family)
        tcp.send(before)
        tcp.server_ack()
        tcp.send(hello)
        yield Variant(f"{label} in a segment before", tcp.finish())
    if mode.forbidden:
        for label, before in (
            ("an empty handshake record", record(b"")),
            ("eight warnings", warning * 8),
            ("a fatal alert", record(b"\x02\x28", ALERT)),
            ("an empty record of alerts", record(b"", ALERT)),
        ):
            yield Variant(label, sent(family, before + hello))
        message = client_hello(mode.name)
        for label, amid in (("a warning", warning), ("an empty record", record(b""))):
            yield Variant(f"{label} amid the hello", sent(family, record(message[:90]) + amid + record(message[90:])))
            tcp = talk(family, 587, [b"STARTTLS\r\n", b"220 go ahead\r\n"])
            tcp.send(record(message[:90]) + amid + record(message[90:]))
            yield Variant(f"{label} amid the hello after STARTTLS", tcp.finish())
        tcp = talk(family, 587, [b"STARTTLS\r\n", b"220 go ahead\r\n"])
        tcp.send(record(b"") + hello)
        yield Variant("an empty handshake record after STARTTLS", tcp.finish())


@row("E058", families=BOTH)
def record_version(mode, family):
    message = client_hello(mode.name)
    for version in (0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0305, 0x037F, 0x03FF):
        yield Variant(f"{version:04x}", sent(family, record(message, version=version)))
    halves = record(message[:100], version=0x0300) + record(message[100:], version=0x03FE)
    yield Variant("two versions", sent(family, halves))


@row("E059", families=BOTH)
def huge_padding(mode, family):
    for size in (2000, 9000, 15000, 15900):
        yield Variant(
            f"{size} bytes before the name",
            sent(family, records(client_hello(mode.name, before=padding(size)), [16384])),
        )
    yield Variant(
        "8000 bytes in records of 50", sent(family, records(client_hello(mode.name, before=padding(8000)), [50] * 200))
    )
    if mode.forbidden:
        yield Variant(
            "20000 bytes before the name",
            sent(family, records(client_hello(mode.name, before=padding(20000)), [16384])),
        )
        yield Variant(
            "60000 bytes before the name",
            sent(family, records(client_hello(mode.name, before=padding(60000)), [16384] * 3)),
        )


@row("E060", families=BOTH)
def extension_order(mode, family):
    message = client_hello(names=b"", hybrid=True, after=alpn("h2", "http/1.1") + padding(300) + server_name(mode.name))
    yield Variant("the name last", sent(family, record(message)))
    yield Variant("the name last, over segments of 500", sent(family, record(message), size=500))
    yield Variant("the name first", sent(family, record(client_hello(mode.name, hybrid=True))))
    tcp = connection(family)
    data = record(message)
    tcp.pieces(data, [1400], (1, 0))
    yield Variant("the name last, its segment first", tcp.finish())


@row("E061", families=BOTH)
def several_names(mode, family):
    mine, other = server_name(mode.name), server_name(OTHER_NAME)
    for label, names in (
        ("two entries", server_name(OTHER_NAME, mode.name)),
        ("two entries, exchanged", server_name(mode.name, OTHER_NAME)),
        ("two extensions", other + mine),
        ("two extensions, exchanged", mine + other),
        ("the same twice", mine + mine),
    ):
        yield Variant(label, sent(family, record(client_hello(names=names))))
    apart = client_hello(names=other, after=mine)
    yield Variant("two extensions far apart, in two segments", sent(family, record(apart), size=120))


@row("E062", families=BOTH)
def spelling(mode, family):
    name = mode.name
    for text in (name.upper(), name.title(), name + ".", name.upper() + ".", name + ":443", name + ".:443"):
        yield Variant(
            text.replace(name, "NAME").replace(name.upper(), "UPPER").replace(name.title(), "Title"),
            sent(family, record(client_hello(text))),
        )
    if mode.forbidden:
        for label, text in (
            ("a NUL behind", b"%s\0"),
            ("a NUL and another name behind", b"%s\0.example.org"),
            ("white space around", b" %s "),
            ("a tab behind", b"%s\t"),
            ("a high byte behind", b"%s\0\xff"),
        ):
            yield Variant(label, sent(family, record(client_hello(names=server_name(text % name.encode())))))
        yield Variant("labels before it", sent(family, record(client_hello("a.b.c." + name))))


@row("E063", families=BOTH, note="There is no name on the wire: passed, or refused by policy (require_server_name).")
def no_name(mode, family):
    for label, hello in (("no extension", client_hello()), ("an empty extension", client_hello(names=b"\0\0\0\0"))):
        yield Variant(label, sent(family, record(hello)), blocked="PASS", needs=())


@row("E065", families=BOTH, note="ECH is stripped from DNS answers; the outer name is matched like any other.")
def encrypted_hello(mode, family):
    yield Variant("GREASE ECH", sent(family, record(client_hello(mode.name, after=grease_ech()))), blocked="BLOCK")
    outer = record(client_hello("cloudflare-ech.com", after=grease_ech()))
    yield Variant("an outer name that is allowed", sent(family, outer), blocked="PASS", needs=("cloudflare-ech.com",))


@row("E066", families=BOTH)
def retry_request(mode, family):
    second = record(client_hello(mode.name, session=bytes(32)), version=0x0303)
    request, change = server_hello(retry=True), record(b"\x01", CHANGE_CIPHER_SPEC, 0x0303)
    for first_name in (OTHER_NAME, mode.name):
        for label, answer in (("", request), (", with ChangeCipherSpec", request + change)):
            tcp = connection(family)
            tcp.send(record(client_hello(first_name, session=bytes(32))))
            tcp.server_ack()
            tcp.answer(answer)
            tcp.acknowledge()
            tcp.send(change + second)
            which = "another name first" if first_name == OTHER_NAME else "the same name twice"
            yield Variant(which + label, tcp.finish())
    tcp = connection(family)
    tcp.send(record(client_hello(OTHER_NAME, session=bytes(32))))
    for begin in range(0, len(request), 40):
        tcp.answer(request[begin : begin + 40])
    tcp.acknowledge()
    tcp.pieces(second, [60, 90], (2, 1, 0))
    yield Variant("another name first, all in pieces", tcp.finish())


def talk(family, port, lines):
    """What both sides say in turn, the server first when the first line is None."""
    tcp = connection(family, port)
    for number, text in enumerate(lines):
        if text is None:
            continue
        if number % 2:
            tcp.answer(text)
            tcp.acknowledge()
        else:
            tcp.send(text)
            tcp.server_ack()
    return tcp


@row("E067", families=BOTH)
def text_before(mode, family):
    conversations = (
        (
            "SMTP",
            587,
            [
                None,
                b"220 mail.example ESMTP\r\n",
                b"EHLO me\r\n",
                b"250-mail.example\r\n250 STARTTLS\r\n",
                b"STARTTLS\r\n",
                b"220 go ahead\r\n",
            ],
        ),
        ("IMAP", 143, [None, b"* OK ready\r\n", b"a1 STARTTLS\r\n", b"a1 OK begin\r\n"]),
        ("POP3", 110, [None, b"+OK\r\n", b"STLS\r\n", b"+OK begin\r\n"]),
        (
            "CONNECT to an address",
            3128,
            [b"CONNECT 198.51.100.7:443 HTTP/1.1\r\nHost: 198.51.100.7:443\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
        ),
        (
            "CONNECT to another name",
            8080,
            [b"CONNECT www.example.net:443 HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
        ),
        (
            "SOCKS5 to an address",
            1080,
            [b"\x05\x01\0", b"\x05\0", b"\x05\x01\0\x01\xc6\x33\x64\x07\x01\xbb", b"\x05\0\0\x01" + bytes(6)],
        ),
        ("SOCKS4", 1080, [b"\x04\x01\x01\xbb\xc6\x33\x64\x07me\0", b"\0\x5a" + bytes(6)]),
        ("PostgreSQL", 5432, [b"\0\0\0\x08\x04\xd2\x16\x2f", b"S"]),
        ("PROXY protocol", 443, [b"PROXY TCP4 192.0.2.1 192.0.2.2 5 443\r\n"]),
        (
            "STARTTLS twice",
            25,
            [b"EHLO me\r\n", b"250 STARTTLS\r\n", b"STARTTLS\r\n", b"454 later\r\n", b"STARTTLS\r\n", b"220 now\r\n"],
        ),
    )
    for label, port, lines in conversations:
        tcp = talk(family, port, lines)
        tcp.send(mode.hello())
        yield Variant(label, tcp.finish())
        tcp = talk(family, port, lines)
        tcp.pieces(mode.hello(), [3, 100, 180], (1, 0, 3, 2))
        yield Variant(f"{label}, the hello in pieces", tcp.finish())


@row("E068", families=BOTH)
def other_port(mode, family):
    for port in (8443, 80, 25565, 53, 22, 5223, 1, 65535):
        yield Variant(f"port {port}", sent(family, mode.hello(), port))
        yield Variant(f"port {port}, in two records", sent(family, records(client_hello(mode.name), [60]), port, 40))


@row("E069", families=BOTH)
def early_data(mode, family):
    early = record(b"\x17" * 300, APPLICATION_DATA, 0x0303)
    yield Variant("in the same segment", sent(family, mode.hello() + early))
    yield Variant("in the next segments", sent(family, mode.hello() + early * 4, size=517))
    tcp = connection(family)
    tcp.pieces(mode.hello() + early, [517], (1, 0))
    yield Variant("before the hello", tcp.finish())
    tcp = connection(family)
    tcp.pieces(mode.hello() + early * 3, [200, 700], (2, 1, 0))
    yield Variant("before the hello's last part", tcp.finish())
