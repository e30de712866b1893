#!/usr/bin/env python3
"""A TLS server (OpenSSL, by Python) that can be slow: it delays acknowledgments, or loses what arrives.

Usage: patient_server.py DIRECTORY. Listens on every address, on the ports below. After the handshake it reads lines:
"name" (answered with the client's server name), "get N" (N bytes, and then their SHA-256), "put N" (reads N bytes, and
answers with their SHA-256), "bye".
"""

import ctypes
import hashlib
import random
import select
import socket
import ssl
import struct
import sys
import threading
import time

PLAIN, DELAYED_ACKS, DEAF = 4443, 4444, 4445  # ports
DEAF_SECONDS = 0.5  # no byte that arrives there is heard, or acknowledged, for as long
PATIENCE = 60  # seconds: of a silent client
TCP_QUICKACK, SO_ATTACH_FILTER, SO_DETACH_FILTER = 12, 26, 27
BLOCK = random.Random(1).randbytes(1 << 16)


#: Socket filters (Linux: struct sock_filter), which discard every segment, or those that carry bytes. Offsets count from
#: the TCP header.
NOTHING = [(0x06, 0, 0, 0)]  # return 0
NO_BYTES = [
    (0x30, 0, 0, 12),  # A = the byte with the header's size, in words, in its upper half
    (0x74, 0, 0, 2),
    (0x54, 0, 0, 0x3C),
    (0x07, 0, 0, 0),  # X = A
    (0x80, 0, 0, 0),  # A = the segment's size
    (0x1D, 0, 1, 0),  # A == X ?
    (0x06, 0, 0, 0xFFFFFFFF),
    (0x06, 0, 0, 0),
]


def hear(peer, instructions):
    """Attaches a filter: nothing else is heard."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in instructions))
    program = struct.pack("HL", len(instructions), ctypes.addressof(code))
    peer.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def lose_all(peer):
    hear(peer, NOTHING)


def hear_again(peer):
    peer.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def context(directory):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")
    return made


class Session:
    def __init__(self, directory):
        self.name, self.made = "", context(directory)
        self.made.sni_callback = self.note

    def note(self, _object, name, _context):
        self.name = name or ""

    def serve(self, peer):
        with self.made.wrap_socket(peer, server_side=True) as stream:
            self.converse(stream)

    def converse(self, stream):
        lines = stream.makefile("rwb")
        while words := lines.readline().split():
            if words[0] == b"bye":
                return
            answer = {b"name": self.say_name, b"get": give, b"put": take}[words[0]]
            answer(lines, *(int(word) for word in words[1:]))
            lines.flush()

    def say_name(self, lines):
        lines.write(self.name.encode() + b"\n")


def give(lines, size):
    digest = hashlib.sha256()
    for at in range(0, size, len(BLOCK)):
        part = BLOCK[: size - at]
        digest.update(part)
        lines.write(part)
    lines.write(digest.hexdigest().encode() + b"\n")


def take(lines, size):
    digest, left = hashlib.sha256(), size
    while left:
        part = lines.read(min(left, 1 << 16))
        if not part:
            return
        digest.update(part)
        left -= len(part)
    lines.write(digest.hexdigest().encode() + b"\n")


def serve(peer, port, directory):
    peer.settimeout(PATIENCE)
    try:
        if port == DEAF:
            time.sleep(DEAF_SECONDS)
            hear_again(peer)
        Session(directory).serve(peer)
    except (OSError, ValueError, KeyError):  # a refused client's reset; ssl.SSLError too
        pass
    finally:
        peer.close()


def listen(port):
    """What a listener is told, its connections do from their first segment on."""
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
    if port == DELAYED_ACKS:
        listener.setsockopt(socket.IPPROTO_TCP, TCP_QUICKACK, 0)
    if port == DEAF:
        hear(listener, NO_BYTES)
    return listener


def main():
    directory = sys.argv[1]
    listeners = {listen(port): port for port in (PLAIN, DELAYED_ACKS, DEAF)}
    print("ready", flush=True)
    while True:
        for listener in select.select(list(listeners), [], [])[0]:
            peer, _ = listener.accept()
            threading.Thread(target=serve, args=(peer, listeners[listener], directory), daemon=True).start()


if __name__ == "__main__":
    main()
