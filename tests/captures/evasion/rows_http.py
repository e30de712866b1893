"""Rows E114 to E120: HTTP requests as lenient servers read them."""

from framework import Capture, Tcp, Variant, row
from http_server import http_names
from oracle import TcpReceiver

SERVER = TcpReceiver(http_names)
BOTH = (4, 6)
OTHER = b"www.example.net"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def requesting(family, label, data, port=80, size=1400, **how):
    tcp = Tcp(Capture(family), port=port).connect()
    tcp.pieces(data, range(size, len(data), size))
    return finished(tcp, label, **how)


def finished(tcp, label, **how):
    tcp.server_ack()
    tcp.answer(ANSWER)
    tcp.acknowledge()
    return Variant(label, tcp.capture, receiver=SERVER, **how)


def get(host_line, first=b"GET / HTTP/1.1", before=b"User-Agent: x\r\n"):
    return first + b"\r\n" + before + host_line + b"\r\nAccept: */*\r\n\r\n"


@row("E114", families=BOTH)
def host_spelling(mode, family):
    name = mode.name.encode()
    for line in (
        b"Host: %s",
        b"hoSt: %s",
        b"HOST: %s",
        b"host:%s",
        b"Host:   %s",
        b"Host:\t%s",
        b"Host:%s  ",
        b"Host: %s\t",
    ):
        yield requesting(family, line.decode().replace("%s", "NAME").replace("\t", "\\t"), get(line % name))
    yield requesting(family, "name in mixed case", get(b"Host: " + name.title()))
    yield requesting(family, "Host first", get(b"Host: " + name, before=b""))
    yield requesting(family, "Host twice, the same", get(b"Host: %s\r\nHost: %s" % (name, name)))
    for size in (1, 7, 30):
        yield requesting(family, f"segments of {size}", get(b"Host: " + name), size=size)
    tcp = Tcp(Capture(family), port=80).connect()
    tcp.pieces(get(b"Host: " + name), [10, 36, 45], (3, 2, 1, 0))
    yield finished(tcp, "segments backwards")
    if mode.forbidden:
        for line in (b" Host: %s", b"Host : %s", b"Host\t: %s", b"Host:\x0b%s"):
            yield requesting(family, repr(line), get(line % name))
    yield requesting(family, "port 8080", get(b"Host: " + name), 8080)


@row("E115", families=BOTH)
def host_value(mode, family):
    name = mode.name.encode()
    for value in (b"%s.", b"%s:80", b"%s.:80", b"%s:", b"  %s  ", b"\t%s\t"):
        yield requesting(
            family, value.decode().replace("%s", "NAME").replace("\t", "\\t"), get(b"Host: " + value % name)
        )
    yield requesting(family, "upper case with a dot and a port", get(b"Host: " + name.upper() + b".:443"))
    if mode.forbidden:
        yield requesting(family, "user information", get(b"Host: user@" + name))


@row("E116", families=BOTH)
def request_line(mode, family):
    line = b"Host: " + mode.name.encode()
    for label, first in (
        ("two spaces", b"GET  /  HTTP/1.1"),
        ("a tab", b"GET\t/ HTTP/1.1"),
        ("a space behind", b"GET / HTTP/1.1 "),
        ("lower-case method", b"get / HTTP/1.1"),
        ("a method of its own", b"FOO / HTTP/1.1"),
        ("HTTP/1.0", b"GET / HTTP/1.0"),
        ("HTTP/1.9", b"GET / HTTP/1.9"),
        ("POST", b"POST / HTTP/1.1"),
        ("OPTIONS *", b"OPTIONS * HTTP/1.1"),
        ("a long target", b"GET /" + b"a" * 5000 + b" HTTP/1.1"),
        ("doubled version", b"GET / HTTP/1.1 HTTP/1.1"),
    ):
        yield requesting(family, label, get(line, first))
    for label, head in (
        ("an empty line first", b"\r\n"),
        ("a line feed first", b"\n"),
        ("five empty lines first", b"\r\n" * 5),
    ):
        yield requesting(family, label, head + get(line))
    yield requesting(family, "line feeds only", get(line).replace(b"\r\n", b"\n"))
    yield requesting(family, "the empty line first, alone", b"\r\n" + get(line), size=2)
    if mode.forbidden:
        for label, first in (
            ("no version", b"GET /"),
            ("no target", b"GET HTTP/1.1"),
            ("a space first", b" GET / HTTP/1.1"),
            ("a tab and spaces first", b"\t  GET / HTTP/1.1"),
        ):
            yield requesting(family, label, get(line, first))


@row("E117", families=BOTH)
def padding_before_host(mode, family):
    line = b"Host: " + mode.name.encode()
    for size in (1000, 4000, 8000, 15000):
        yield requesting(family, f"{size} bytes in one header", get(line, before=b"X: " + b"a" * size + b"\r\n"))
    yield requesting(family, "300 headers", get(line, before=b"X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 300))
    for size in (20000, 64000):
        head = get(line, before=b"X: " + b"a" * size + b"\r\n")
        tcp = Tcp(Capture(family), port=80).connect()
        for at in range(0, len(head), 1400):
            tcp.send(head[at : at + 1400])
            tcp.server_ack()
        yield finished(tcp, f"{size} bytes, acknowledged as they come")


@row("E118", families=BOTH)
def two_names(mode, family):
    name = mode.name.encode()
    for label, first, second in (("it is the first", name, OTHER), ("it is the second", OTHER, name)):
        yield requesting(family, f"two Hosts, {label}", get(b"Host: %s\r\nHost: %s" % (first, second)))
        yield requesting(
            family, f"absolute form and Host, {label}", get(b"Host: " + second, b"GET http://%s/ HTTP/1.1" % first)
        )
        yield requesting(
            family, f"CONNECT and Host, {label}", get(b"Host: " + second, b"CONNECT %s:443 HTTP/1.1" % first), 3128
        )
        yield requesting(
            family,
            f"two Hosts in two segments, {label}",
            get(b"Host: %s\r\nX: y\r\nHost: %s" % (first, second)),
            size=50,
        )


@row("E119", families=BOTH)
def second_request(mode, family):
    first, second = get(b"Host: " + OTHER), get(b"Host: " + mode.name.encode())
    tcp = Tcp(Capture(family), port=80).connect()
    tcp.send(first)
    tcp.server_ack()
    tcp.answer(ANSWER)
    tcp.acknowledge()
    tcp.send(second)
    yield finished(tcp, "after the answer")
    yield requesting(family, "pipelined", first + second)
    yield requesting(family, "the tenth, pipelined", first * 9 + second)
    posted = b"POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 3000\r\n\r\n" % OTHER + b"b" * 3000
    yield requesting(family, "after a body", posted + second)
    chunked = (
        b"POST / HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n"
        % OTHER
    )
    yield requesting(family, "after chunks", chunked + second)
    yield requesting(family, "after an empty line", first + b"\r\n" + second)
    tcp = Tcp(Capture(family), port=80).connect()
    for _ in range(5):
        tcp.send(first)
        tcp.server_ack()
        tcp.answer(ANSWER)
        tcp.acknowledge(after=2000000)
    tcp.pieces(second, [20, 40], (2, 1, 0))
    yield finished(tcp, "the sixth, in pieces")


@row("E120", families=BOTH)
def connect(mode, family):
    name = mode.name.encode()
    for label, first in (
        ("by name", b"CONNECT %s:443 HTTP/1.1"),
        ("HTTP/1.0", b"CONNECT %s:443 HTTP/1.0"),
        ("with a dot", b"CONNECT %s.:443 HTTP/1.1"),
        ("lower case", b"connect %s:443 HTTP/1.1"),
    ):
        for port in (3128, 80):
            yield requesting(
                family, f"{label}, port {port}", first % name + b"\r\nProxy-Connection: keep-alive\r\n\r\n", port
            )
    yield requesting(family, "with the same Host", get(b"Host: %s:443" % name, b"CONNECT %s:443 HTTP/1.1" % name), 3128)
    yield requesting(family, "absolute form", get(b"Accept-Language: nl", b"GET http://%s/x HTTP/1.1" % name), 3128)
    yield requesting(
        family,
        "absolute form with a port and upper case",
        get(b"X: y", b"GET HTTP://%s:80/x HTTP/1.1" % name.upper()),
        3128,
    )
