"""A client of the dataplane's command socket that can be as wrong as a test wants (dataplane/interface/command.proto)."""

import array
import fcntl
import os
import socket

ADD_SEALS, SEAL, SHRINK, GROW, WRITE = 1033, 1, 2, 4, 8
ALL_SEALS = SEAL | SHRINK | GROW | WRITE
OK, MALFORMED, BUSY, NOT_SEALED, TOO_LARGE, NO_MEMORY, RULES, ZONES, LATE = range(1, 10)

NO_PAIR, CONFIG, RESTART = range(20, 23)

STATE = bytes([1 << 3 | 2, 0])
END = bytes([12 << 3 | 2, 0])


def offer(rules=True, zones=False):
    fields = bytes([1 << 3, 1]) * rules + bytes([2 << 3, 1]) * zones
    return bytes([2 << 3 | 2, len(fields)]) + fields


def varint(value):
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def text(number, value):
    return bytes([number << 3 | 2]) + varint(len(value.encode())) + value.encode()


def set_mode(pair, mode, reason, seconds=0):
    wish = text(1, pair) + text(2, mode) + text(3, "uid 0") + text(4, reason) + bytes([5 << 3]) + varint(seconds)
    return bytes([10 << 3 | 2]) + varint(len(wish)) + wish


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
