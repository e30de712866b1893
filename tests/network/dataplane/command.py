"""A client of the dataplane's command socket that can be as wrong as a test wants (dataplane/interface/command.proto)."""

import array
import fcntl
import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from protobuf_fields import field  # noqa: E402

ADD_SEALS, SEAL, SHRINK, GROW, WRITE = 1033, 1, 2, 4, 8
ALL_SEALS = SEAL | SHRINK | GROW | WRITE
OK, MALFORMED, BUSY, NOT_SEALED, TOO_LARGE, NO_MEMORY, RULES, ZONES, LATE = range(1, 10)

NO_PAIR, CONFIG, RESTART = range(20, 23)

STATE = field(1, b"")
END = field(12, b"")


def offer(rules=True, zones=False):
    return field(2, (field(1, 1) if rules else b"") + (field(2, 1) if zones else b""))


def set_mode(pair, mode, reason, seconds=0):
    return field(10, field(1, pair) + field(2, mode) + field(3, "uid 0") + field(4, reason) + field(5, seconds))


def memory(content, seals=ALL_SEALS):
    descriptor = os.memfd_create("test", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, content)
    fcntl.fcntl(descriptor, ADD_SEALS, seals)
    return descriptor


def fields(message):
    """{number: value} of a message with varints and length-delimited fields; the last one of each number."""
    values, at = {}, 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        size = varint()
        if key & 7 == 2:
            values[key >> 3] = message[at:at + size]
            at += size
        else:
            values[key >> 3] = size
    return values


class Reply:
    def __init__(self, message):
        values = fields(message)
        self.code, self.message = values.get(1, 0), values.get(2, b"").decode()
        state = fields(values.get(3, b""))
        self.generation, self.digest = state.get(1, 0), state.get(2, b"").decode()


class Client:
    def __init__(self, runtime):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(20 * int(os.environ.get("SLUIS_PATIENCE", "1")))
        self.socket.connect(str(runtime / "dataplane.sock"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, message, descriptors=()):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.socket.sendmsg([message], rights)

    def reply(self):
        """None when the dataplane has hung up."""
        message = self.socket.recv(1 << 16)
        return Reply(message) if message else None

    def ask(self, message, descriptors=()):
        self.send(message, descriptors)
        return self.reply()
