"""A model of the far end of a TCP connection: what does its application read?

Linux's rules, as linux_test.py compares them with a real one, and two more ways to treat overlapping segments, since
the box cannot know which system its segments go to. A segment that "may be discarded" can be given with `lenient`:
then this host is one that has not the check that Linux would discard it for.
"""

import struct

from frames import ACK, FIN, RST, SYN, URG

WINDOW = 64240
OVERLAPS = ("first", "last", "linux")


def distance(a, b):
    """a - b, of sequence numbers."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class Segment:
    """A TCP header in numbers; `valid` is whether its lengths and checksum hold."""

    def __init__(self, datagram):
        data = datagram.transport
        self.ports = struct.unpack_from(">HH", data)
        self.seq, self.ack = struct.unpack_from(">II", data, 4)
        self.flags, self.window = data[13] & 0x3F, struct.unpack_from(">H", data, 14)[0]
        self.urgent = struct.unpack_from(">H", data, 18)[0]
        header = 4 * (data[12] >> 4)
        self.valid = datagram.ip_valid and 20 <= header <= len(data) and datagram.checksum_holds()
        self.payload = data[max(header, 20) :]
        self.options = dict(options(data[20:header]))

    def timestamp(self):
        """TSval, or None."""
        value = self.options.get(8)
        return struct.unpack(">II", value)[0] if value and len(value) == 8 else None

    def has_fast_open(self):
        return 34 in self.options or self.options.get(254, b"")[:2] == b"\xf9\x89"

    def length(self):
        return len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)


def options(data):
    at = 0
    while at < len(data) and data[at] != 0:
        if data[at] == 1:
            at += 1
            continue
        if at + 1 >= len(data) or data[at + 1] < 2 or at + data[at + 1] > len(data):
            return
        yield data[at], data[at + 2 : at + data[at + 1]]
        at += data[at + 1]


class Stream:
    """Bytes by offset. `delivered` are in order and cannot change; what lies beyond a gap waits in `pieces`."""

    def __init__(self, overlap):
        self.overlap, self.delivered, self.pieces, self.loose = overlap, bytearray(), [], {}

    def put(self, offset, data):
        below = max(0, len(self.delivered) - offset)
        if below >= len(data):
            return
        offset, data = offset + below, data[below:]
        if self.overlap == "linux":
            self.put_linux(offset, data)
        else:
            for at, value in enumerate(data, offset):
                if self.overlap == "last" or at not in self.loose:
                    self.loose[at] = value
            while len(self.delivered) in self.loose:
                self.delivered.append(self.loose.pop(len(self.delivered)))

    def put_linux(self, offset, data):
        """In order: delivered at once. Beyond a gap: as tcp_data_queue_ofo() orders it."""
        if offset == len(self.delivered):
            self.delivered += data
            return self.drain()
        end, kept = offset + len(data), []
        for begin, piece in self.pieces:
            piece_end = begin + len(piece)
            if begin <= offset and end <= piece_end:
                return None  # all of it is there
            if not (offset <= begin and piece_end <= end):
                kept.append((begin, piece))  # what the new one covers is forgotten
        kept.append((offset, data))
        self.pieces = self.joined(sorted(kept, key=lambda piece: piece[0]))
        return None

    @staticmethod
    def joined(pieces):
        result = []
        for begin, piece in pieces:
            if result and result[-1][0] + len(result[-1][1]) == begin:
                result[-1] = (result[-1][0], result[-1][1] + piece)
            else:
                result.append((begin, piece))
        return result

    def drain(self):
        while self.pieces and self.pieces[0][0] <= len(self.delivered):
            begin, piece = self.pieces.pop(0)
            self.delivered += piece[len(self.delivered) - begin :] if len(self.delivered) - begin < len(piece) else b""


class Connection:
    """The receiving half of one end."""

    def __init__(self, overlap="linux", fast_open=False, window=WINDOW):
        self.stream, self.fast_open, self.window = Stream(overlap), fast_open, window
        self.initial = None  # the peer's initial sequence number
        self.recent = None  # TS.Recent
        self.unacknowledged = self.next = None  # of what this end sends
        self.md5 = False
        self.syn_payload = b""  # of the peer's SYN
        self.ambiguous = False  # this end gave several initial sequence numbers
        self.others = set()  # initial sequence numbers of other SYN-ACKs
        self.syn_sent = False  # this end said SYN without being asked
        self.marks = []  # offsets of urgent bytes, as Linux counts them
        self.fin_at, self.closed, self.challenged = None, False, False

    def receive_next(self):
        """rcv_nxt: the sequence number that this end waits for."""
        if self.initial is None:
            return None
        fin = self.fin_at is not None and len(self.stream.delivered) >= self.fin_at
        return (self.initial + 1 + len(self.stream.delivered) + fin) & 0xFFFFFFFF

    def sent(self, segment):
        """This end sent a segment: what it says about what it has."""
        if segment.flags & SYN:
            self.syn_sent = True
            self.sent_syn_ack(segment)
        elif segment.flags & ACK and (self.initial is None or (segment.ack - 1) & 0xFFFFFFFF in self.others):
            self.initial = (segment.ack - 1) & 0xFFFFFFFF
            self.others.clear()
        end = segment.seq + segment.length()
        if self.next is None or distance(end, self.next) > 0:
            self.next = end & 0xFFFFFFFF

    def sent_syn_ack(self, segment):
        self.ambiguous |= self.next is not None and segment.seq + segment.length() != self.next
        if not segment.flags & ACK:
            return
        if not self.answers_syn(segment):
            self.initial = (segment.ack - 1) & 0xFFFFFFFF
        elif distance(segment.ack - 1, self.initial) > 0:  # it took what the SYN brought
            self.stream.put(0, self.syn_payload[: distance(segment.ack - 1, self.initial)])

    def answers_syn(self, segment):
        """Whether a SYN-ACK acknowledges the SYN that is known, with or without its data."""
        return self.initial is not None and 0 <= distance(segment.ack - 1, self.initial) <= len(self.syn_payload)

    def receive(self, segment, lenient=False):
        if self.closed or not (segment.valid or lenient):
            return
        if segment.flags & SYN:
            return self.receive_syn(segment, lenient)
        if segment.flags & RST and self.initial is None:
            self.closed = segment.flags & ACK and segment.ack == self.next  # it answers a SYN (RFC 9293, 3.10.7.3)
            return None
        if self.initial is None:  # its beginning was not seen
            self.initial = (segment.seq - 1) & 0xFFFFFFFF
        if not (lenient or self.acceptable(segment)):
            return None
        if segment.flags & RST:
            return self.receive_reset(segment)
        return self.receive_data(segment)

    def receive_syn(self, segment, lenient):
        if segment.flags & ACK and not self.syn_sent and not lenient:
            return
        if self.initial is not None and (self.next is not None or segment.seq != self.initial):
            if self.syn_sent and segment.flags & ACK and not self.stream.delivered:
                self.others.add(segment.seq)
            return
        stamp = segment.timestamp()
        self.initial, self.syn_payload, self.md5 = segment.seq, segment.payload, 19 in segment.options
        self.recent = stamp
        if segment.payload and (lenient or (self.fast_open and segment.has_fast_open())):
            self.stream.put(0, segment.payload)

    def acceptable(self, segment):
        if 19 in segment.options and not self.md5:
            return False
        if not segment.flags & (ACK | RST):
            return False
        stamp = segment.timestamp()
        old = stamp is not None and self.recent is not None and distance(stamp, self.recent) < 0
        if old and not segment.flags & RST:
            return False
        here = self.receive_next()
        end = segment.seq + segment.length()
        if distance(end, here) < 0 or distance(segment.seq, here + self.window) > 0:
            return False
        return segment.flags & RST or self.acknowledgment_acceptable(segment)

    def acknowledgment_acceptable(self, segment):
        if not segment.flags & ACK or self.next is None or self.ambiguous:
            return True
        return -self.window <= distance(segment.ack, self.next) <= 0

    def receive_reset(self, segment):
        """RFC 5961, section 3.2."""
        if segment.seq == self.receive_next():
            self.closed = True
        else:
            self.challenged = True

    def receive_data(self, segment):
        stamp = segment.timestamp()
        if stamp is not None and distance(segment.seq, self.receive_next()) <= 0:
            self.recent = stamp
        if self.fin_at is not None and len(self.stream.delivered) >= self.fin_at:
            return
        offset = distance(segment.seq, self.initial + 1)
        if segment.flags & URG and segment.urgent:
            self.marks.append(offset + segment.urgent - 1)
        end = offset + len(segment.payload)
        if segment.flags & FIN and self.fin_at is None and end >= len(self.stream.delivered):  # else it is an old one
            self.fin_at = end
        if segment.payload and abs(offset) < 1 << 24:
            self.stream.put(offset, segment.payload)
        if self.fin_at is not None:
            del self.stream.delivered[self.fin_at :]

    def readings(self):
        """What the application may read: the urgent bytes in line, or left out, where they lie by either count."""
        stream = bytes(self.stream.delivered)
        yield stream
        if self.marks:
            for marks in (set(self.marks), set(self.marks[-1:]), {mark + 1 for mark in self.marks}):
                yield bytes(value for at, value in enumerate(stream) if at not in marks)


class Host:
    """Every connection of one end, by the peer's address and both ports. Port reuse makes a new one."""

    def __init__(self, overlap="linux", fast_open=False, window=WINDOW):
        self.arguments, self.connections, self.past = (overlap, fast_open, window), {}, []

    def connection(self, key):
        if key not in self.connections:
            self.connections[key] = Connection(*self.arguments)
        return self.connections[key]

    def receive(self, datagram, lenient=False):
        segment = Segment(datagram)
        key = (datagram.source, datagram.destination, *segment.ports)
        connection = self.connection(key)
        over = connection.closed or connection.fin_at is not None
        if segment.flags & (SYN | ACK) == SYN and over and segment.seq != connection.initial:
            self.past.append(self.connections.pop(key))
            connection = self.connection(key)
        connection.receive(segment, lenient)

    def sent(self, datagram):
        segment = Segment(datagram)
        self.connection((datagram.destination, datagram.source, *segment.ports[::-1])).sent(segment)

    def readings(self):
        for connection in [*self.past, *self.connections.values()]:
            yield from connection.readings()
