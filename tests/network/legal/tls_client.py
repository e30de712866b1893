"""A TLS client over a real TCP socket whose ClientHello can be sent in any pieces, at any pace."""

import hashlib
import socket
import ssl
import struct
import time

from namespace import tcp_socket

PATIENCE = 8.0  # seconds: for anything that the server is to say
#: Of struct tcp_info: tcpi_snd_mss, tcpi_total_retrans, tcpi_notsent_bytes, tcpi_snd_wnd.
SEGMENT_SIZE_AT, TOTAL_RESENT_AT, UNSENT_AT, SEND_WINDOW_AT = 16, 100, 144, 228
LEAST_FILLER = 600  # bytes: with as many, OpenSSL pads no hello


class Refused(Exception):
    """The connection was reset."""


def hello_of(tls, outgoing):
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("no hello")


def lengthen(context, name, size):
    """Has its hello fill a record of `size` bytes, header and all, by names of protocols (ALPN)."""
    context.set_alpn_protocols(protocols(LEAST_FILLER))
    outgoing = ssl.MemoryBIO()
    measured = len(hello_of(context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name or None), outgoing))
    context.set_alpn_protocols(protocols(LEAST_FILLER + size - measured))


def protocols(size):
    """Names that take so many bytes, each with a byte for its length."""
    sizes = [100] * (size // 100)
    sizes[-1] += size % 100
    return [f"{number:04d}".ljust(one - 1, "x") for number, one in enumerate(sizes)]


class TlsClient:
    """`namespace`: its name. `source`: its own address, where it has several."""

    def __init__(self, namespace, server, port, name, authority, source=None, size=0, curve="", version=None):
        """`size`: bytes of the hello's record. `curve`: the only one offered. Without: what OpenSSL makes of itself."""
        context = ssl.create_default_context(cafile=authority)
        context.check_hostname = bool(name)
        if version:
            context.minimum_version = context.maximum_version = version
        if curve:
            context.set_ecdh_curve(curve)
        if size:
            lengthen(context, name, size)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name or None)
        self.socket = tcp_socket(namespace, server)
        self.socket.settimeout(PATIENCE)
        if source:
            self.socket.bind((source, 0))
        self.address = (server, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def option(self, level, kind, value):
        self.socket.setsockopt(level, kind, value)
        return self

    def connect(self):
        try:
            self.socket.connect(self.address)
        except ConnectionResetError as error:
            raise Refused from error
        return self

    def hello(self):
        """The first bytes that TLS has to send."""
        return hello_of(self.tls, self.outgoing)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Refused from error

    def send_in_pieces(self, data, cuts, pause=0.0):
        """Each piece by a send() of its own."""
        for begin, end in zip([0, *cuts], [*cuts, len(data)]):
            self.send(data[begin:end])
            if pause and end < len(data):
                time.sleep(pause)

    def finish_handshake(self):
        return self.until_done(self.tls.do_handshake)

    def until_done(self, action):
        """Calls it until it needs nothing more of the peer."""
        while True:
            try:
                result = action()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(self.receive())

    def flush(self):
        while data := self.outgoing.read():
            self.send(data)

    def receive(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError as error:
            raise Refused from error
        if not data:
            raise ssl.SSLEOFError("the server closed")
        return data

    def shake_hands(self):
        self.send(self.hello())
        self.finish_handshake()
        return self

    def write(self, data):
        for at in range(0, len(data), 1 << 16):
            self.until_done(lambda: self.tls.write(data[at : at + (1 << 16)]))

    def read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            line += self.until_done(lambda: self.tls.read(1))
        return line.decode().strip()

    def asks_its_name(self):
        """What the server takes for the client's server name."""
        self.write(b"name\n")
        return self.read_line()

    def fetch(self, size):
        """Bytes that the server makes; they must arrive as they were."""
        self.write(b"get %d\n" % size)
        digest, left = hashlib.sha256(), size
        while left:
            part = self.until_done(lambda: self.tls.read(min(left, 1 << 16)))
            digest.update(part)
            left -= len(part)
        assert self.read_line() == digest.hexdigest(), "the bytes changed on their way"

    def store(self, size):
        block = bytes(range(256)) * 256
        data = (block * (size // len(block) + 1))[:size]
        self.write(b"put %d\n" % size)
        self.write(data)
        assert self.read_line() == hashlib.sha256(data).hexdigest(), "the bytes changed on their way"

    def no_delay(self):
        return self.option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def information(self, at):
        """A 32-bit member of Linux's struct tcp_info."""
        return struct.unpack_from("=I", self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), at)[0]

    def resent(self):
        """Segments that were sent again."""
        return self.information(TOTAL_RESENT_AT)

    def unsent(self):
        """Bytes that were written, and wait for something before they are sent (Linux 4.6 or later)."""
        return self.information(UNSENT_AT)

    def segment_size(self):
        return self.information(SEGMENT_SIZE_AT)

    def send_window(self):
        """Bytes that the server offers to receive (Linux 5.4 or later)."""
        return self.information(SEND_WINDOW_AT)
