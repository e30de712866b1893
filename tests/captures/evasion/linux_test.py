#!/usr/bin/env python3
"""The receiver's model (tcp_server.py) against a real Linux listening socket. Needs root: exit status 77 without.

In a network namespace of its own, a TAP device is the wire: raw frames are written to it, and what a socket behind it
reads is compared with what the model reads from the same frames. `linux_test.py --verbose` shows both.
"""

import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import frames  # noqa: E402
import layers  # noqa: E402
from frames import ACK, FIN, PSH, RST, SYN, URG  # noqa: E402
from tcp_server import Host  # noqa: E402

SKIPPED = 77
CLONE_NEWNET = 0x40000000
CLIENT, SERVER = "192.0.2.10", "198.51.100.20"
ENDS = frames.ADDRESSES[4]
DEVICE, PORT, ISN = "wire0", 4443, 1000
WORDS = b"abcdefghijklmnopqrstuvwxyz"


def new_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def open_tap():
    """A TAP device whose frames this program reads and writes."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH", DEVICE.encode(), 0x0002 | 0x1000))  # TUNSETIFF: IFF_TAP, IFF_NO_PI
    run("ip", "link", "set", DEVICE, "address", frames.SERVER_MAC.hex(":"), "up")
    run("ip", "address", "add", f"{SERVER}/32", "dev", DEVICE)
    run("ip", "route", "add", f"{CLIENT}/32", "dev", DEVICE)
    run("ip", "neighbour", "add", CLIENT, "lladdr", frames.CLIENT_MAC.hex(":"), "dev", DEVICE)
    return tap


class Talk:
    """One connection, by hand, to the kernel and to the model at once."""

    def __init__(self, tap, port, inline=False):
        self.tap, self.ports = tap, (port, PORT)
        self.model, self.reassembly = Host("linux"), layers.Reassembly()
        self.clock, self.ack = 100000, 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((SERVER, PORT))
        self.listener.listen()
        self.inline = inline
        self.connect()

    def put(self, flags, at=0, payload=b"", stamp=0, ack=None, seq=None, **fields):
        """A segment at an offset of the client's bytes."""
        self.clock += 1
        options = fields.pop("options", b"") + frames.timestamp_option(self.clock + stamp, 0)
        seq = ISN + 1 + at if seq is None else seq
        ack = self.ack if ack is None else self.ack + ack
        segment = frames.tcp(ENDS, self.ports, seq, ack, flags, payload, options=options, **fields)
        frame = frames.ethernet(frames.ipv4(ENDS, frames.TCP, segment), True)
        os.write(self.tap, frame)
        for datagram in layers.datagrams(frame, self.reassembly):
            self.model.receive(datagram)
        self.listen()

    def listen(self, seconds=0.02):
        """Tells the model what the kernel sends."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and select.select([self.tap], [], [], left)[0]:
            for datagram in layers.datagrams(os.read(self.tap, 4096), self.reassembly):
                if datagram.protocol == frames.TCP and datagram.ports()[1] == self.ports[0]:
                    self.note(datagram)

    def note(self, datagram):
        if datagram.transport[13] & SYN:
            self.ack = struct.unpack_from(">I", datagram.transport, 4)[0] + 1
        if not datagram.transport[13] & RST:
            self.model.sent(datagram)

    def connect(self):
        self.put(SYN, -1, ack=0, seq=ISN)
        self.listen(0.2)
        assert self.ack, "no SYN-ACK"
        self.put(ACK)

    def read(self):
        """What the application reads; None when the connection was reset."""
        self.listener.settimeout(1)
        with self.listener, self.listener.accept()[0] as peer:
            if self.inline:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
            peer.settimeout(0.1)
            data = b""
            try:
                while part := peer.recv(4096):
                    data += part
            except TimeoutError:
                pass
            except ConnectionResetError:
                data = None
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return data

    def modelled(self):
        """What the model's application may read."""
        connections = [*self.model.past, *self.model.connections.values()]
        return [None if end.closed else reading for end in connections for reading in end.readings()]


def data(talk, at, payload, **fields):
    talk.put(fields.pop("flags", PSH | ACK), at, payload, **fields)


def cases():
    """Name, what is sent, and what must be read."""
    yield "in order", lambda t: (data(t, 0, WORDS[:10]), data(t, 10, WORDS[10:])), WORDS
    yield "last first", lambda t: (data(t, 10, WORDS[10:]), data(t, 0, WORDS[:10])), WORDS
    yield "same bytes again", lambda t: (data(t, 0, WORDS[:10]), data(t, 5, WORDS[5:])), WORDS
    mixed = WORDS[:10] + b"X" * 16
    yield "others for delivered bytes", lambda t: (data(t, 0, WORDS[:10]), data(t, 0, b"X" * 26)), mixed
    yield "before the window", lambda t: data(t, -5, b"XXXXX" + WORDS), WORDS
    # Overlaps beyond a gap: two copies of one range.
    twice = lambda t: (data(t, 5, b"1" * 5), data(t, 5, b"2" * 5), data(t, 0, b"0" * 5))  # noqa: E731
    yield "same range twice", twice, b"0000011111"
    yield "covering", lambda t: (data(t, 6, b"1" * 2), data(t, 5, b"2" * 5), data(t, 0, b"0" * 5)), b"0000022222"
    yield "inside", lambda t: (data(t, 5, b"1" * 5), data(t, 6, b"2" * 2), data(t, 0, b"0" * 5)), b"0000011111"
    yield "left part", lambda t: (data(t, 7, b"1" * 5), data(t, 5, b"2" * 4), data(t, 0, b"0" * 5)), b"000002222111"
    yield "right part", lambda t: (data(t, 5, b"1" * 4), data(t, 7, b"2" * 5), data(t, 0, b"0" * 5)), b"000001111222"
    yield "in order over held", lambda t: (data(t, 5, b"1" * 5), data(t, 0, b"0" * 8)), b"0000000011"
    yield "in order over all held", lambda t: (data(t, 5, b"1" * 5), data(t, 0, b"0" * 12)), b"0" * 12
    yield from decoys()
    yield from marks()
    yield "RST", lambda t: (data(t, 0, WORDS[:10]), t.put(RST, 10)), None
    yield "RST, wrong number", lambda t: (t.put(RST, 100), data(t, 0, WORDS)), WORDS
    yield "RST, one short", lambda t: (data(t, 0, WORDS[:10]), t.put(RST, 9), data(t, 10, WORDS[10:])), WORDS
    yield "RST, bad checksum", lambda t: (t.put(RST, 0, bad_checksum=True), data(t, 0, WORDS)), WORDS
    yield "FIN ahead", lambda t: (t.put(FIN | ACK, 26), data(t, 0, WORDS)), WORDS
    yield "FIN, then bytes", lambda t: (t.put(FIN | ACK, 0), data(t, 0, WORDS)), b""


def decoys():
    """A decoy that is not taken, and the bytes."""
    md5 = b"\x01\x01" + frames.option(19, bytes(16))
    for name, fields in {
        "bad checksum": {"bad_checksum": True},
        "old timestamp": {"stamp": -60000},
        "TCP-MD5": {"options": md5},
        "no ACK flag": {"flags": PSH},
        "no flags": {"flags": 0},
        "SYN ACK": {"flags": SYN | ACK},
        "acknowledges the future": {"ack": 100000},
        "out of the window": {"seq": ISN + 0x40000000},
        "in the past": {"seq": ISN - 10000},
        "data offset beyond the segment": {"words": 15, "payload": b"XX"},
    }.items():

        def play(talk, fields=fields):
            rest = dict(fields)
            data(talk, 0, rest.pop("payload", b"X" * 26), **rest)
            data(talk, 0, WORDS)

        yield name, play, WORDS


def marks():
    """Urgent bytes; the application has no SO_OOBINLINE."""
    urgent = PSH | ACK | URG
    without = b"abcdefgh" + WORDS[9:]
    yield "urgent byte", lambda t: (data(t, 0, WORDS[:9], flags=urgent, urgent=9), data(t, 9, WORDS[9:])), without
    yield "urgent byte, one segment", lambda t: data(t, 0, WORDS, flags=urgent, urgent=9), without
    yield "mark ahead", lambda t: (t.put(ACK | URG, 0, urgent=9), data(t, 0, WORDS)), without
    two = b"abcdefgh" + WORDS[8:14] + WORDS[15:]
    yield (
        "two urgent bytes, read late",
        lambda t: (
            data(t, 0, WORDS[:9], flags=urgent, urgent=9),
            data(t, 9, WORDS[9:15], flags=urgent, urgent=6),
            data(t, 15, WORDS[15:]),
        ),
        two,
    )


def main():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        print("skipped: needs root and /dev/net/tun, to play frames to the kernel")
        sys.exit(SKIPPED)
    try:
        new_namespace()
        tap = open_tap()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: no network namespace with a TAP device: {error}")
        sys.exit(SKIPPED)
    failures = 0
    for number, (name, play, expected) in enumerate(cases()):
        talk = Talk(tap, 40000 + number)
        play(talk)
        real, modelled = talk.read(), talk.modelled()
        good = real == expected and real in modelled
        failures += not good
        if not good or "--verbose" in sys.argv:
            said = f"the kernel reads {real}, the model {modelled}, expected {expected}"
            print(f"{'pass' if good else 'FAIL'} {name}: {said}")
    print(f"{number + 1} cases, {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
