"""DNS messages (RFC 1035, 6891, 9460), made, and read the way a kind resolver or client would."""

import struct

A, CNAME, SOA, AAAA, DNAME, OPT, RRSIG, SVCB, HTTPS = 1, 5, 6, 28, 39, 41, 46, 64, 65
NXDOMAIN, FORMERR, BLOCKED = 3, 1, 15


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.rstrip(".").split(".") if label) + b"\0"


def question(text, kind=A, klass=1):
    return (text if isinstance(text, bytes) else name(text)) + struct.pack(">HH", kind, klass)


def message(questions=(), answers=(), extra=(), ident=0x1D0C, flags=0x0100, counts=None):
    counts = counts or (len(questions), len(answers), 0, len(extra))
    return struct.pack(">HH4H", ident, flags, *counts) + b"".join([*questions, *answers, *extra])


def record(owner, kind, data, ttl=60, klass=1):
    return (
        (owner if isinstance(owner, bytes) else name(owner)) + struct.pack(">HHIH", kind, klass, ttl, len(data)) + data
    )


def edns(*options, size=1232):
    data = b"".join(struct.pack(">HH", code, len(value)) + value for code, value in options)
    return b"\0" + struct.pack(">HHIH", OPT, size, 0, len(data)) + data


def query(text, kind=A, extra=(), **fields):
    return message([question(text, kind)], extra=extra, **fields)


def response(text, answers, kind=A, extra=(), flags=0x8180, **fields):
    return message([question(text, kind)], answers, extra, flags=flags, **fields)


def service(priority, target, *params):
    """RDATA of HTTPS and SVCB; params: (key, value)."""
    return struct.pack(">H", priority) + name(target) + b"".join(struct.pack(">HH", k, len(v)) + v for k, v in params)


def framed(data):
    """As over TCP."""
    return struct.pack(">H", len(data)) + data


def read_name(data, at, steps=200):
    """Text, and where it ends. Pointers may lead anywhere; at most `steps` of them."""
    labels, end = [], None
    while steps:
        steps -= 1
        size = data[at]
        if size == 0:
            return ".".join(labels).lower(), at + 1 if end is None else end
        if size >= 0xC0:
            end = at + 2 if end is None else end
            at = (size & 0x3F) << 8 | data[at + 1]
        else:
            labels.append(data[at + 1 : at + 1 + size].decode("latin-1"))
            at += 1 + size
    raise IndexError


class Message:
    """What can be read of a message, up to where it ends."""

    def __init__(self, data):
        self.data, self.questions, self.records = data, [], []
        self.ident, self.flags, *self.counts = struct.unpack_from(">6H", data)
        at = 12
        try:
            for _ in range(self.counts[0] if self.is_response() else max(self.counts[0], 1)):
                text, end = read_name(data, at)
                self.questions.append((text, *struct.unpack_from(">HH", data, end)))
                at = end + 4
            for _ in range(sum(self.counts[1:])):
                at = self.read_record(at)
        except (IndexError, struct.error):
            pass

    def read_record(self, at):
        owner, at = read_name(self.data, at)
        kind, klass, ttl, size = struct.unpack_from(">HHIH", self.data, at)
        self.records.append((owner, kind, at + 10, size))
        return at + 10 + size

    def is_response(self):
        return bool(self.flags & 0x8000)

    def names(self):
        """Names asked for; in a response, names that its records lead to."""
        if not self.is_response():
            return {text for text, _, _ in self.questions}
        found = set()
        for owner, kind, at, _ in self.records:
            if kind in (A, AAAA, CNAME, DNAME, HTTPS, SVCB):
                found.add(owner)
            if kind in (CNAME, DNAME, HTTPS, SVCB):
                found.add(read_name(self.data, at + (2 if kind in (HTTPS, SVCB) else 0))[0])
        return found

    def options(self):
        """EDNS options; None without an OPT record."""
        for _, kind, at, size in self.records:
            if kind == OPT:
                return dict(tlv(self.data[at : at + size]))
        return None

    def service_keys(self):
        for _, kind, at, size in self.records:
            if kind in (HTTPS, SVCB):
                _, params = read_name(self.data, at + 2)
                yield from (key for key, _ in tlv(self.data[params : at + size]))


def tlv(data):
    at = 0
    while at + 4 <= len(data):
        key, size = struct.unpack_from(">HH", data, at)
        yield key, data[at + 4 : at + 4 + size]
        at += 4 + size


def message_names(data):
    try:
        return Message(data).names()
    except (IndexError, struct.error):
        return set()


def stream_messages(stream):
    at = 0
    while at + 2 <= len(stream):
        size = struct.unpack_from(">H", stream, at)[0]
        if at + 2 + size > len(stream):
            return
        yield stream[at + 2 : at + 2 + size]
        at += 2 + size


def stream_names(stream):
    return {text for data in stream_messages(stream) for text in message_names(data)}


def payload_names(payloads):
    return {text for _, data in payloads for text in message_names(data)}
