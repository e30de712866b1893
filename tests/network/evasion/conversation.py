"""One variant of a row, played over a live wire against a real server.

What the capture's client sends is sent; where the capture's server sends, the conversation waits for the real one to
have come as far. Acknowledgments follow the real server's numbers, at the distance that the capture has.
"""

import struct
import time
from dataclasses import dataclass

import frames
import layers
from frames import ACK, FIN, RST, SYN
from tls_wire import HELLO_RETRY_RANDOM
from translation import Editor, Segment, packed

HANDSHAKE_PATIENCE = 3.0  # seconds: for the server's SYN
SERVER_PATIENCE = 0.3  # seconds: for what else the capture's server sends, when the real one does not
LAST_PATIENCE = 2.0  # seconds: for the answer to the hello
LONGEST_PAUSE = 12.0  # seconds: variants that wait longer are not played
LONGEST_FRAME = 1514  # bytes
TLS_HANDSHAKE, TLS_ALERT = 22, 21


@dataclass
class Wait:
    """Until `ready` (when given), but no longer than `seconds`."""

    seconds: float
    ready: object = None


class Conversation:
    """`send`: puts a frame on the wire. `reset`: whether the client was."""

    over_tcp = False
    last_patience = LAST_PATIENCE
    longest_pause = LONGEST_PAUSE

    def __init__(self, variant, client, server):
        """`client`, `server`: their addresses as text."""
        self.variant, self.client = variant, client
        capture = variant.capture
        self.mapping = {capture.client: packed(client), capture.server: packed(server)}
        self.sent = [sent for sent in capture.sent if not is_time(sent.data)]
        self.reset = self.closed = False
        self.send = None  # set by who plays it

    def edited(self, sent):
        editor = Editor(sent.data)
        editor.addresses(self.mapping)
        ttl = editor.frame[editor.layout.ttl]
        if sent.dies:
            editor.hop_limit(1)
        elif ttl == 1:  # the capture's server is as near as the box; here is a router between
            editor.hop_limit(2)
        return editor

    def playable(self):
        """Whether it takes no longer than a test may, and no frame is longer than the wire's."""
        pause = max((sent.after for sent in self.sent), default=0) / 1e6
        return pause <= self.longest_pause and all(len(sent.data) <= LONGEST_FRAME for sent in self.sent)

    def steps(self):
        """Sends frames, and yields Waits."""
        for sent in self.sent:
            if sent.after:
                yield Wait(sent.after / 1e6)
            yield from self.pause()
            if sent.to_server:
                self.send(bytes(self.translated(sent)))
                continue
            if self.is_last(sent):
                break
            yield Wait(self.patience(sent), self.condition(sent))
            self.passed(sent)
        yield Wait(self.last_patience, lambda: self.settled)
        self.close()

    def pause(self):
        """Waits before every frame."""
        return ()

    def is_last(self, sent):
        return False

    def patience(self, sent):
        return SERVER_PATIENCE

    def passed(self, sent):
        """What the capture's server sends there has come, or was waited for in vain."""

    def close(self):
        pass


def is_time(frame):
    """The exchange that each capture begins with: it tells sluis-inspect who is inside."""
    found = layers.datagrams(frame, layers.Reassembly())
    return bool(found) and found[0].protocol == frames.UDP and 123 in found[0].ports()


class TcpConversation(Conversation):
    over_tcp = True

    def __init__(self, variant, client, server):
        super().__init__(variant, client, server)
        self.captured_next = self.captured_base()  # of the server in the capture, after what was played
        self.next = None  # of the real server
        self.text = 0  # how many of its bytes are what the capture's server says before its ServerHello
        self.acknowledged, self.stamp, self.bytes, self.ports = 0, None, b"", None

    def captured_base(self):
        for sent in self.sent:
            if not sent.to_server and Segment(sent.data).flags & SYN:
                return Segment(sent.data).seq + 1
        return 0

    def translated(self, sent):
        editor = self.edited(sent)
        if not editor.has_tcp_header():  # a fragment
            return editor.frame
        at = editor.layout.transport
        self.ports = struct.unpack_from(">HH", editor.frame, at)
        acknowledgment = struct.unpack_from(">I", editor.frame, at + 8)[0]
        if acknowledgment and self.next is not None:
            editor.acknowledgment(acknowledgment - self.captured_next + self.next)
        if self.stamp is not None:
            editor.timestamp_echo(self.stamp)
        return editor.frame

    def receive(self, frame):
        segment = Segment(frame)
        if segment.flags & RST:
            self.reset = True
            return
        if segment.flags & SYN:
            self.next = segment.seq + 1
        if self.next is None:
            return
        if segment.stamp is not None:
            self.stamp = segment.stamp
        if segment.flags & ACK and (segment.ack - self.acknowledged) & 0xFFFFFFFF < 1 << 31:
            self.acknowledged = segment.ack
        self.take(segment)

    def take(self, segment):
        skip = (self.next - segment.seq) & 0xFFFFFFFF
        if skip < len(segment.payload):
            self.bytes += segment.payload[skip:]
            self.next = (self.next + len(segment.payload) - skip) & 0xFFFFFFFF
        if segment.flags & FIN and segment.seq + len(segment.payload) & 0xFFFFFFFF == self.next:
            self.closed = True

    def is_last(self, sent):
        """The ServerHello, which the real server says in its own way."""
        payload = Segment(sent.data).payload
        return payload[:1] == bytes([TLS_HANDSHAKE]) and HELLO_RETRY_RANDOM not in payload

    def condition(self, sent):
        """The real server has acknowledged as much, and said as much (of TLS: anything)."""
        segment = Segment(sent.data)
        if segment.flags & SYN:
            return lambda: self.next is not None or self.reset
        wanted = self.text + (1 if HELLO_RETRY_RANDOM in segment.payload else len(segment.payload))
        return lambda: self.reset or (
            (self.acknowledged - segment.ack) & 0xFFFFFFFF < 1 << 31 and len(self.bytes) >= wanted
        )

    def patience(self, sent):
        return HANDSHAKE_PATIENCE if Segment(sent.data).flags & SYN else SERVER_PATIENCE

    def passed(self, sent):
        segment = Segment(sent.data)
        self.captured_next += len(segment.payload)
        self.text = len(self.bytes) if HELLO_RETRY_RANDOM in segment.payload else self.text + len(segment.payload)

    @property
    def said(self):
        """What the server said beyond the capture's text."""
        return self.bytes[self.text :]

    @property
    def shook_hands(self):
        return self.said[:1] == bytes([TLS_HANDSHAKE])

    @property
    def settled(self):
        return self.reset or self.closed or self.said[:1] in (bytes([TLS_HANDSHAKE]), bytes([TLS_ALERT]))

    def close(self):
        """A reset where the server waits, so that it keeps nothing."""
        if self.next is None or self.ports is None:
            return
        ends = tuple(self.mapping[address] for address in self.variant.capture.ends(True))
        segment = frames.tcp(ends, self.ports, self.acknowledged, self.next, RST | ACK)
        self.send(frames.ethernet(frames.ip(ends, frames.TCP, segment), True))


class UdpConversation(Conversation):
    """Nothing is read from the answers: what the server's log says is enough."""

    received = 0
    last_patience = SERVER_PATIENCE
    longest_pause = 4.0  # quic-go forgets a connection whose handshake is silent for 5 s
    gap = 0.01  # seconds before a frame
    patience_left = 0.5  # seconds in all: for the first answer
    begun = False

    def pause(self):
        """quic-go drops an Initial that comes while it still makes the connection of the one before, which takes a busy
        machine long. That the connection is there its first answer tells."""
        yield Wait(self.gap)
        if self.begun and not self.received and self.patience_left > 0:
            begin = time.monotonic()
            yield Wait(self.patience_left, lambda: self.received > 0)
            self.patience_left -= time.monotonic() - begin
        self.begun = True

    def translated(self, sent):
        return self.edited(sent).frame

    def receive(self, frame):
        self.received += 1

    def condition(self, sent):
        before = self.received
        return lambda: self.received > before

    settled = False


def conversation(variant, client, server):
    for sent in variant.capture.sent:
        found = layers.datagrams(sent.data, layers.Reassembly())
        if found and found[0].protocol == frames.TCP:
            return TcpConversation(variant, client, server)
    return UdpConversation(variant, client, server)
