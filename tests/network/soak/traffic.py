"""What crosses the box in a soak: ordinary sessions, which must not fail, forbidden ones, which must, and hostile
frames. Each runs in a thread of its own until `stop`."""

import argparse
import itertools
import os
import random
import socket
import ssl
import struct
import sys
import threading
from pathlib import Path

NETWORK = Path(__file__).resolve().parents[1]
for folder in (NETWORK, NETWORK.parent / "captures/evasion"):
    sys.path.insert(0, str(folder))
import namespace  # noqa: E402
from lab import DNS4, WEB4  # noqa: E402

PATIENCE = 15  # seconds: for a session
ALLOWED, FORBIDDEN = "www.example.org", "www.tiktok.com"
SHORTEST_FRAME = 60  # of Ethernet, as every cable has it: of a VLAN tag that is cut the kernel tells nobody
LONGEST_FRAME = 1514  # bytes
VARIANTS, FRAMES_OF_EACH = 12, 40  # of a row of the matrix; of a variant


class Traffic(threading.Thread):
    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.ending, self.trouble = lab, threading.Event(), None

    def run(self):
        try:
            while not self.ending.is_set():
                self.step()
        except Exception as error:  # a thread that ends must not go unseen
            self.trouble = f"{type(self).__name__}: {type(error).__name__}: {error}"

    def stop(self):
        self.ending.set()
        self.join(3 * PATIENCE)
        if self.is_alive():
            self.trouble = f"{type(self).__name__} hangs"


class Sessions(Traffic):
    """A browser: allowed names over TLS and DNS are served, forbidden ones are not."""

    def __init__(self, lab):
        super().__init__(lab)
        self.context = ssl.create_default_context(cafile=str(lab.directory / "ca.pem"))
        self.served, self.refused, self.failed, self.slipped = 0, 0, [], []
        self.number = itertools.count()

    def step(self):
        number = next(self.number)
        bulk = number % 20 == 19
        self.expect(True, f"TLS session {number}", lambda: self.fetch(ALLOWED, "/bulk" if bulk else "/"))
        self.expect(True, f"question {number}", lambda: self.ask(ALLOWED))
        if number % 5 == 0:
            self.expect(False, f"forbidden TLS session {number}", lambda: self.fetch(FORBIDDEN, "/"))
            self.expect(False, f"forbidden question {number}", lambda: self.ask(FORBIDDEN))
        self.ending.wait(0.02)

    def expect(self, serve, what, attempt):
        try:
            attempt()
        except OSError as error:  # ssl.SSLError is one
            if serve:
                self.failed.append(f"{what}: {type(error).__name__}: {error}")
            self.refused += not serve
        else:
            if not serve:
                self.slipped.append(what)
            self.served += serve

    def fetch(self, name, path):
        with namespace.tcp_socket(self.lab.names["client"], WEB4) as plain:
            plain.settimeout(PATIENCE)
            plain.connect((WEB4, 443))
            with self.context.wrap_socket(plain, server_hostname=name) as session:
                session.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                received = b""
                while chunk := session.recv(1 << 16):
                    received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0] or f"Content-Length: {len(body)}".encode() not in head:
            raise OSError(f"an answer of {len(body)} bytes: {head[:60]!r}")

    def ask(self, name):
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        query = os.urandom(2) + bytes.fromhex("01000001000000000000") + labels + bytes.fromhex("0000010001")
        with namespace.inside(self.lab.names["client"]):
            plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with plain:
            plain.settimeout(PATIENCE / 3)
            plain.connect((DNS4, 53))
            for _ in range(3):
                plain.send(query)
                try:
                    answer = plain.recv(4096)
                except TimeoutError:
                    continue
                code, answers = answer[3] & 15, struct.unpack_from(">H", answer, 6)[0]
                if code != 0 or answers == 0:
                    raise ConnectionRefusedError(f"code {code}, {answers} answers")
                return
        raise TimeoutError(f"no answer for {name}")


class Frames(Traffic):
    """Frames of `produce()`, pairs of bytes and whether they go to the server, so many a second."""

    def __init__(self, lab, rate):
        super().__init__(lab)
        self.rate, self.sent = rate, 0
        self.chance = random.Random(20230327)
        self.wires = {True: namespace.raw_socket(lab.names["client"], "eth0"),
                      False: namespace.raw_socket(lab.names["server"], "eth0")}
        for wire in self.wires.values():
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)  # nobody reads
        self.frames = self.produce()

    def step(self):
        batch = max(1, self.rate // 50)
        for data, to_server in itertools.islice(self.frames, batch):
            try:
                self.wires[to_server].send(data)
                self.sent += 1
            except OSError:  # no room in the kernel's queue
                pass
        self.ending.wait(batch / self.rate)


class Corpus(Frames):
    """The evasion matrix's frames, in their order, and every eighth changed somewhere."""

    def produce(self):
        frames = self.read()
        while True:
            for number, (data, to_server) in enumerate(frames):
                yield self.damaged(data) if number % 8 == 0 else data, to_server

    @staticmethod
    def read():
        import framework
        import run
        found = []
        for row in run.chosen_rows(argparse.Namespace(row=None, group=None)):
            for forbidden in (True, False):
                for variant in itertools.islice(row.variants(framework.Mode(forbidden)), VARIANTS):
                    found += [(sent.data, sent.to_server) for sent in variant.capture.sent[:FRAMES_OF_EACH]
                              if len(sent.data) <= LONGEST_FRAME]
        return found

    def damaged(self, data):
        changed = bytearray(data)
        for _ in range(self.chance.randrange(1, 4)):
            changed[self.chance.randrange(12, len(changed))] = self.chance.randrange(256)
        cut = bytes(changed[:self.chance.randrange(14, len(changed) + 1)])
        return cut.ljust(SHORTEST_FRAME, b"\0")


class Flood(Frames):
    """SYNs and QUIC Initials that nobody can read, from forged addresses."""

    def produce(self):
        import frames
        _, server = frames.ADDRESSES[4]
        while True:
            ends = bytes([10, 7, self.chance.randrange(256), self.chance.randrange(1, 255)]), server
            ports = self.chance.randrange(1024, 65535), 443
            syn = frames.tcp(ends, ports, self.chance.getrandbits(32), 0, frames.SYN)
            yield frames.ethernet(frames.ip(ends, frames.TCP, syn), True), True
            initial = b"\xc3\0\0\0\1\x08" + self.chance.randbytes(8) + b"\0\0\x44\x96" + self.chance.randbytes(1174)
            yield frames.ethernet(frames.ip(ends, frames.UDP, frames.udp(ends, ports, initial)), True), True
