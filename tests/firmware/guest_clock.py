"""How much time went by in the emulated machine. Its own clock is what its time limits go by: without KVM, or on a busy
host, it is slower than the host's, and a limit of the test that went by the latter would judge the host."""

import re
import socket
import threading
import time

LOOK_EVERY = 0.5  # seconds, the host's


class GuestClock:
    """Reads a counter over QEMU's monitor, from the machine's start to its end, in a thread."""

    def __init__(self, monitor, counter):
        self.monitor, self.counter = str(monitor), counter
        self.elapsed = 0.0  # seconds in the machine
        self.moved = time.monotonic()  # when it was last seen to go on
        self.ended = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def stop(self):
        self.ended.set()

    def run(self):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            while not self.connect(line):
                if self.ended.wait(LOOK_EVERY):
                    return
            last = None
            while not self.ended.wait(LOOK_EVERY):
                try:
                    now = self.read(line)
                except OSError:
                    return
                if None not in (last, now) and now != last:
                    self.elapsed += (now - last) % self.counter.wraps_at / self.counter.a_second
                    self.moved = time.monotonic()
                last = now

    def connect(self, line):
        try:
            line.connect(self.monitor)
        except OSError:
            return False
        return True

    def read(self, line):
        """The counter; None before the firmware has put it there."""
        line.sendall(f"{self.counter.command}\n".encode())
        text = b""
        while not (found := re.search(rb"(?:\] =|[0-9a-f]:) 0x([0-9a-f]+)\r\n", text)):
            more = line.recv(4096)
            if not more:
                raise OSError("QEMU has ended")
            text += more
        value = int(found[1], 16)
        return None if value == self.counter.nothing else value % self.counter.wraps_at
