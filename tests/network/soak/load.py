"""The benchmark's mixture of traffic, both ways, as fast as the box takes it without loss."""

import subprocess
import time

from traffic import Traffic

FRAMES, SETTLED = 100_000, 4096  # of one loop of the capture; flows
FIRST, MOST = 10_000, 500_000  # frames a second, each way
PROBE, CALM, LOOK = 4, 30, 0.5  # seconds at a rate that is tried, at one that was found, between two looks
STEP = 1.2  # from one rate to the next
MARGIN = 0.7  # of the highest rate without loss
REACHED = 0.85  # of what was asked for: below it the sender is at its end
BATCH = 16  # frames between two sleeps of the sender


class Load(Traffic):
    """Looks for the highest rate that the box takes without loss, and stays below it until `stop`. What a machine with
    other work loses later makes it slower for a while. `received` counts the box's frames, `lost` those that were too
    much."""

    def __init__(self, lab, maker, received, lost):
        super().__init__(lab)
        self.received, self.lost = received, lost
        self.captures = {name: lab.directory / f"mixed.{name}.pcap" for name in ("client", "server")}
        subprocess.run([maker, "--frames", str(FRAMES), "--flows", str(SETTLED), "mixed", *self.captures.values()],
                       check=True, stdout=subprocess.DEVNULL)
        self.rate, self.best, self.sent, self.losses = FIRST, None, 0, 0

    def step(self):
        before, lost_before, begin = self.received(), self.lost(), time.monotonic()
        senders = [self.sender(name, capture) for name, capture in self.captures.items()]
        try:
            span = CALM if self.best else PROBE
            while not self.ending.wait(LOOK) and self.lost() == lost_before and time.monotonic() - begin < span:
                pass
        finally:
            for sender in senders:
                sender.terminate()
                sender.wait(PROBE)
        reached = (self.received() - before) / (time.monotonic() - begin) / len(senders)
        self.sent += self.received() - before
        loss = self.lost() != lost_before
        if loss:
            self.ending.wait(PROBE)  # what is too much is over then
        if not self.ending.is_set():
            self.choose(reached, loss)

    def choose(self, reached, loss):
        """The next rate."""
        if self.best:
            self.losses += loss
            self.rate = max(FIRST, MARGIN * self.rate) if loss else min(self.best, STEP * self.rate)
        elif loss or reached < REACHED * self.rate or STEP * self.rate > MOST:
            self.best = self.rate = max(FIRST, MARGIN * (self.rate / STEP if loss else min(reached, self.rate)))
        else:
            self.rate *= STEP

    def sender(self, name, capture):
        command = ["tcpreplay", "--quiet", "--preload-pcap", "--loop=0", "--timer=nano", f"--pps={round(self.rate)}",
                   f"--pps-multi={BATCH}", "--intf1=eth0", str(capture)]
        return subprocess.Popen(self.lab.inside(name, command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
