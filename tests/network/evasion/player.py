"""Plays many conversations at once over one raw socket."""

import heapq
import itertools
import select
import socket
import time

from translation import Layout

AT_ONCE = 48  # conversations
PAUSE = 0.002  # seconds between two conversations' starts: the wire's queues are short


class Player:
    def __init__(self, raw):
        self.raw, self.talks, self.order = raw, {}, itertools.count()
        self.timers = []  # (when, tie breaker, talk, its turn): stale when the talk's turn is another

    def play(self, conversations):
        """All of them, to their ends."""
        left = list(reversed(conversations))
        while left or self.talks:
            if left and len(self.talks) < AT_ONCE:
                self.begin(left.pop())
            self.listen(PAUSE if left and len(self.talks) < AT_ONCE else 0.05)
            self.run_timers()

    def begin(self, conversation):
        conversation.send = self.raw.send
        talk = Talk(conversation)
        self.talks[talk.address] = talk
        self.advance(talk)

    def advance(self, talk):
        while True:
            talk.turn += 1
            talk.wait = next(talk.steps, None)
            if talk.wait is None:
                self.talks.pop(talk.address)
                return
            if not (talk.wait.ready and talk.wait.ready()):
                break
        heapq.heappush(self.timers, (time.monotonic() + talk.wait.seconds, next(self.order), talk, talk.turn))

    def run_timers(self):
        while self.timers and self.timers[0][0] <= time.monotonic():
            _, _, talk, turn = heapq.heappop(self.timers)
            if turn == talk.turn:
                self.advance(talk)

    def listen(self, seconds):
        """Until nothing more is there, at most `seconds` for the first frame."""
        if self.timers:
            seconds = min(seconds, max(self.timers[0][0] - time.monotonic(), 0.0001))
        if not select.select([self.raw], [], [], seconds)[0]:
            return
        try:
            while True:
                self.hand_over(self.raw.recv(65536, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass

    def hand_over(self, frame):
        if frame[12:14] not in (b"\x08\x00", b"\x86\xdd"):
            return
        layout = Layout(frame)
        talk = self.talks.get(frame[layout.destination : layout.destination + layout.address_bytes])
        if talk is None or layout.checksum is None:  # another's, or no TCP or UDP (ICMP from the router)
            return
        talk.conversation.receive(frame)
        if talk.wait and talk.wait.ready and talk.wait.ready():
            self.advance(talk)


class Talk:
    """A conversation and where it stands."""

    def __init__(self, conversation):
        self.conversation, self.steps = conversation, conversation.steps()
        self.wait, self.turn = None, 0
        self.address = conversation.mapping[conversation.variant.capture.client]
