"""Legal traffic that a careless box breaks, over TCP. A case is a function of the ground and a server name; it returns
what it saw, raises Refused when the connection was reset, and anything else when something is wrong."""

import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from lab import WEB4, WEB6
from legal_lab import ONE_WAY4, SLOW_START4, SLOW_START6, SMALL_WINDOW4, SMALL_WINDOW6, WINDOW
from patient_server import DEAF, DELAYED_ACKS, PLAIN, hear_again, lose_all
from tls_client import PATIENCE, Refused

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "captures/evasion"))

import tls_wire  # noqa: E402

ALLOWED, FORBIDDEN = "www.example.org", "www.tiktok.com"
# The only one of a hello that fits into a segment, whatever OpenSSL offers by itself. Python on Debian 12 takes no X25519.
CURVE = "prime256v1"
TWO_SEGMENTS, ONE_RECORD = 2500, 5 + 16384  # bytes of hellos: of a post-quantum one, and of the longest in one record
TRIES = 10
RESENT = 3  # segments: the last part of a hello (RFC 8985, 7.3), the first, and one more
CONNECTIONS, EVERY = 500, 5  # at once; every fifth asks for the forbidden name
MEGABYTE = 1_000_000
SERVER_HELLO = 2


@dataclass(frozen=True)
class Case:
    label: str
    play: object
    names: tuple = (ALLOWED, FORBIDDEN)


def talk(client, name, size=20000):
    """An established connection goes on: the server knows the name, and bytes arrive whole."""
    assert client.asks_its_name() == name
    client.fetch(size)


def in_the_end(attempt, otherwise):
    """What an attempt saw. A machine that is busy elsewhere may have to try again."""
    for _ in range(TRIES):
        if seen := attempt():
            return seen
    raise AssertionError(otherwise)


def two_writes(cut, server):
    """The second write waits for the first one's acknowledgment (RFC 896), which the server delays (RFC 1122, 4.2.3.2).
    Its kernel does not always; then nothing may be seen to wait."""

    def play(ground, name):
        def attempt():
            with ground.client(DELAYED_ACKS, name, server, curve=CURVE).connect() as client:
                waiting = write_twice(client, cut)
                client.finish_handshake()
                talk(client, name)
                return waiting and f"{waiting} bytes had to wait"

        return in_the_end(attempt, "the second write never waited")

    return play


def write_twice(client, cut):
    """How many bytes of its hello the client's kernel has not sent yet."""
    hello = client.hello()
    assert len(hello) < client.segment_size(), f"a hello of {len(hello)} bytes"
    client.send_in_pieces(hello, [cut if cut > 0 else len(hello) + cut])
    return client.unsent()


def small_window(source, server):
    def play(ground, name):
        with ground.client(PLAIN, name, server, source=source, size=TWO_SEGMENTS).connect() as client:
            offered = client.send_window()
            assert offered <= WINDOW, f"the server offers {offered} bytes"
            hello = client.hello()
            client.send(hello)
            client.finish_handshake()
            talk(client, name)
            return f"hello of {len(hello)} bytes in a window of {offered}"

    return play


def slow_start(server):
    def play(ground, name):
        with ground.client(PLAIN, name, server, size=ONE_RECORD).connect() as client:
            hello = client.hello()
            client.send(hello)
            client.finish_handshake()
            talk(client, name)
            return f"hello of {len(hello)} bytes"

    return play


def slow_pieces(pause, count):
    def play(ground, name):
        with ground.client(PLAIN, name, WEB4).no_delay().connect() as client:
            hello = client.hello()
            client.send_in_pieces(hello, [len(hello) * part // count for part in range(1, count)], pause)
            client.finish_handshake()
            talk(client, name)
            return f"{count} pieces"

    return play


def resent_by_the_client(server):
    """The server loses what the box has seen; the client's kernel sends it again, in other segments."""

    def play(ground, name):
        def attempt():
            with ground.client(DEAF, name, server).no_delay().connect() as client:
                hello = client.hello()
                client.send_in_pieces(hello, range(40, len(hello), 40))
                client.finish_handshake()
                resent = client.resent()
                talk(client, name)
                return resent and f"{resent} segments sent again"

        return in_the_end(attempt, "nothing was sent again")

    return play


def resent_by_the_server(server):
    """All that the server says is lost for a while: the client sends its hello again, in parts, when the box knows its
    answer already."""

    def play(ground, name):
        with ground.client(PLAIN, name, server, size=TWO_SEGMENTS).connect() as client:
            hello = client.hello()
            lose_all(client.socket)
            client.send(hello)
            end = time.monotonic() + PATIENCE
            while client.resent() < RESENT:
                assert time.monotonic() < end, f"{client.resent()} segments sent again"
                time.sleep(0.05)
            hear_again(client.socket)
            client.finish_handshake()
            talk(client, name)
            return f"its answer was lost, {client.resent()} segments of the hello sent again"

    return play


def keep_alive(ground, name):
    """Probes (RFC 9293, 3.8.4) before the first byte, amid the hello, and later."""
    with ground.client(PLAIN, name, WEB4).no_delay() as client:
        for kind, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1)):
            client.option(socket.IPPROTO_TCP, kind, value)
        client.option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1).connect()
        time.sleep(2.2)
        hello = client.hello()
        client.send(hello[:100])
        time.sleep(2.2)
        client.send(hello[100:])
        client.finish_handshake()
        time.sleep(2.2)
        talk(client, name)
        return "probes before, amid and after the hello"


def like_chrome(ground, name):
    """GREASE, a post-quantum key share and GREASE ECH, in two segments. What answers is a real ServerHello."""
    hello = tls_wire.record(tls_wire.client_hello(
        name, before=tls_wire.alpn("h2", "http/1.1"), after=tls_wire.grease_ech(), hybrid=True, session=bytes(32)))
    with ground.client(PLAIN, name, WEB4).connect() as client:
        client.send(hello)
        answer = client.receive()
        assert answer[0] == tls_wire.HANDSHAKE and answer[5] == SERVER_HELLO, answer[:7].hex()
        return f"hello of {len(hello)} bytes"


def transfer(size, server):
    def play(ground, name):
        with ground.client(PLAIN, name, server).connect().shake_hands() as client:
            begin = time.monotonic()
            client.fetch(size)
            middle = time.monotonic()
            client.store(size)
            end = time.monotonic()
            return f"{size / (middle - begin) / 125000:.0f} and {size / (end - middle) / 125000:.0f} Mbit/s"

    return play


def many_at_once(ground, _name):
    """All are connected before any says hello."""
    clients = [ground.client(PLAIN, FORBIDDEN if number % EVERY == 0 else ALLOWED, WEB6 if number % 2 else WEB4)
               for number in range(CONNECTIONS)]
    wrong, gate = [], threading.Barrier(CONNECTIONS)

    def run(number, client):
        with client.connect():
            gate.wait(30)
            try:
                client.shake_hands()
                came = client.asks_its_name()
            except Refused:
                came = FORBIDDEN if ground.boxed else "refused"
            if came != (FORBIDDEN if number % EVERY == 0 else ALLOWED):
                wrong.append((number, came))

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a connection hangs"
    assert not wrong, f"{len(wrong)} connections went wrong, the first: {wrong[0]}"
    return f"{CONNECTIONS} connections, each fifth for {FORBIDDEN}"


def answers_past_the_box(ground, name):
    ground.lab.answers_past_the_box()
    with ground.client(PLAIN, name, WEB4, source=ONE_WAY4).connect().shake_hands() as client:
        talk(client, name)
        return "the box sees the client alone"


def requests_past_the_box(ground, name):
    ground.lab.requests_past_the_box(SLOW_START4)
    with ground.client(PLAIN, name, SLOW_START4, source=ONE_WAY4).connect().shake_hands() as client:
        talk(client, name)
        return "the box sees the server alone"


def all_cases():
    for server, family in ((WEB4, ""), (WEB6, ", IPv6")):
        for cut in (1, 5, 60, -1):
            yield Case(f"Nagle: two writes, cut at {cut}{family}", two_writes(cut, server))
    yield Case(f"receive window of {WINDOW}", small_window(SMALL_WINDOW4, WEB4))
    yield Case(f"receive window of {WINDOW}, IPv6", small_window(SMALL_WINDOW6, WEB6))
    yield Case("hello longer than the initial window", slow_start(SLOW_START4))
    yield Case("hello longer than the initial window, IPv6", slow_start(SLOW_START6))
    yield Case("200 ms between segments", slow_pieces(0.2, 8))
    yield Case("hello sent again by the client", resent_by_the_client(WEB4))
    yield Case("hello sent again by the client, IPv6", resent_by_the_client(WEB6))
    yield Case("answer sent again by the server", resent_by_the_server(WEB4))
    yield Case("answer sent again by the server, IPv6", resent_by_the_server(WEB6))
    yield Case("keep-alive probes", keep_alive)
    yield Case("GREASE ECH", like_chrome)
    yield Case("100 MB each way", transfer(100 * MEGABYTE, WEB4), (ALLOWED,))
    yield Case("10 MB each way, IPv6", transfer(10 * MEGABYTE, WEB6), (ALLOWED,))
    yield Case("answers take another way", answers_past_the_box)
    yield Case("requests take another way", requests_past_the_box, (ALLOWED,))


def last_cases():
    """After which the servers have much to do for a while."""
    yield Case("500 connections at once", many_at_once, (ALLOWED,))
