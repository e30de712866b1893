"""Connections that are older than the box: made over the kernel's bridge, and gone on with when the box is there."""

import time

from cases import ALLOWED, FORBIDDEN
from lab import WEB4, WEB6
from namespace import tcp_socket
from patient_server import PLAIN
from tls_client import PATIENCE, Refused


class Older:
    """`go_on()` raises when it cannot. `name`: for which it asks once the box is there, if it does."""

    def __init__(self, label, go_on, name=""):
        self.label, self.go_on, self.name = label, go_on, name


def make_all(ground):
    """Before the box starts."""
    for name, server in ((ALLOWED, WEB4), (ALLOWED, WEB6), (FORBIDDEN, WEB4)):
        client = ground.client(PLAIN, name, server).connect().shake_hands()
        yield Older(f"TLS for {name}, {server}", established(client, name))
    yield Older("TLS amid a transfer", transfer(ground.client(PLAIN, ALLOWED, WEB4).connect().shake_hands()))
    yield Older("TLS amid its hello", half(ground.client(PLAIN, ALLOWED, WEB4).no_delay().connect()))
    for name in (ALLOWED, FORBIDDEN):
        yield Older("TLS before its hello", silent(ground.client(PLAIN, name, WEB4).connect(), name), name)
        yield Older("HTTP, kept alive", kept_alive(ground, name), name)


def established(client, name):
    def go_on():
        assert client.asks_its_name() == name
        client.fetch(100000)
        client.store(100000)

    return go_on


def transfer(client, size=20_000_000):
    """The server has begun to send, as much as the window takes."""
    client.write(b"get %d\n" % size)
    time.sleep(0.05)

    def go_on():
        left = size
        while left:
            left -= len(client.until_done(lambda: client.tls.read(min(left, 1 << 16))))
        assert len(client.read_line()) == 64

    return go_on


def half(client):
    hello = client.hello()
    client.send(hello[:60])

    def go_on():
        client.send(hello[60:])
        client.finish_handshake()
        assert client.asks_its_name() == ALLOWED

    return go_on


def silent(client, name):
    def go_on():
        client.shake_hands()
        assert client.asks_its_name() == name

    return go_on


def kept_alive(ground, name):
    """The first request is for an allowed host."""
    plain = tcp_socket(ground.lab.names["client"], WEB4)
    plain.settimeout(PATIENCE)
    plain.connect((WEB4, 80))
    get(plain, ALLOWED)
    return lambda: get(plain, name)


def get(plain, name):
    plain.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    answer = b""
    while b"served for" not in answer:
        try:
            part = plain.recv(4096)
        except ConnectionResetError as error:
            raise Refused from error
        assert part, "the server closed"
        answer += part
    assert answer.startswith(b"HTTP/1.1 200"), answer
