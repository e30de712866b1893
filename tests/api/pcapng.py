"""Reads pcapng as strictly as the draft (draft-ietf-opsawg-pcapng) says it: every length, every padding, every option."""

import struct

SECTION, INTERFACE, ENHANCED = 0x0A0D0D0A, 1, 6


class Frame:
    def __init__(self, interface, time, length, data, options):
        self.interface, self.time, self.length, self.data = interface, time, length, data
        self.comment = options[1].decode()
        self.outbound = struct.unpack("<I", options[2])[0] & 3 == 2

    def __repr__(self):
        return f"<{self.interface} {self.comment}>"


def options(data):
    """{code: value}; ends with opt_endofopt, and nothing behind it."""
    found, at = {}, 0
    while True:
        code, size = struct.unpack_from("<HH", data, at)
        value = data[at + 4:at + 4 + size]
        assert len(value) == size, "an option is cut short"
        padding = data[at + 4 + size:at + 4 + size + -size % 4]
        assert len(padding) == -size % 4 and not any(padding), "padding"
        at += 4 + size + len(padding)
        if code == 0:
            assert size == 0 and at == len(data), "something is behind the last option"
            return found
        assert code not in found, code
        found[code] = value


def blocks(data):
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        assert size % 4 == 0 and size >= 12 and at + size <= len(data), (kind, size)
        assert struct.unpack_from("<I", data, at + size - 4)[0] == size, "the length behind is another one"
        yield kind, data[at + 8:at + size - 4]
        at += size


def read(data):
    """([interface names], [Frame]) of a file with one section."""
    interfaces, frames = [], []
    for number, (kind, body) in enumerate(blocks(data)):
        assert (kind == SECTION) == (number == 0), "one section, at the start"
        if kind == SECTION:
            magic, major, minor, length = struct.unpack_from("<IHHq", body)
            assert (magic, major, minor, length) == (0x1A2B3C4D, 1, 0, -1)
            options(body[16:])
        elif kind == INTERFACE:
            link, reserved, snap = struct.unpack_from("<HHI", body)
            found = options(body[8:])
            assert (link, reserved) == (1, 0) and found[9] == b"\x09" and snap >= 64
            interfaces.append(found[2].decode())
        else:
            assert kind == ENHANCED, kind
            interface, high, low, captured, length = struct.unpack_from("<IIIII", body)
            assert interface < len(interfaces) and captured <= length, (interface, captured, length)
            end = 20 + captured + -captured % 4
            frames.append(Frame(interfaces[interface], high << 32 | low, length, body[20:20 + captured],
                                options(body[end:])))
    return interfaces, frames
