"""The lab with two cables on either side of the box, as of a LAG or of redundant links.

    client ── eth0 ═ near ── wires ══ inside0, inside1 ── box ── outside0, outside1 ══ wires ── far ═ eth0 ── server

A spreader joins each host's one cable to the two of the box and says which of them a frame takes, so that how flows are
spread does not depend on what the kernel's bonding offers.
"""

import os
import select
import threading

import namespace
from lab import (CLIENT4, CLIENT6, DNS4, DNS6, NARROW4, NARROW_MTU, QUIC4, QUIC6, WEB4, WEB6, Lab, run)

LINKS = 2


def in_turn(count, _to_server):
    """Each frame by another cable than the one before, as a bond does in mode balance-rr."""
    return count % LINKS


def requests_by_one_answers_by_the_other(_count, to_server):
    return 0 if to_server else 1


def another_one_now_and_then(count, _to_server):
    """Flows change over to the other cable in their midst, as when a link of a LAG fails."""
    return count // 25 % LINKS


class Spreader(threading.Thread):
    """Copies frames between a host's cable and those of the box until `stop`."""

    def __init__(self, place, host, cables, to_server, choose):
        super().__init__(daemon=True)
        self.host = namespace.raw_socket(place, host)
        self.cables = [namespace.raw_socket(place, cable) for cable in cables]
        self.to_server, self.choose = to_server, choose
        self.count, self.ending = 0, False

    def run(self):
        poll = select.poll()
        sockets = {raw.fileno(): raw for raw in [self.host, *self.cables]}
        for descriptor in sockets:
            poll.register(descriptor, select.POLLIN)
        while not self.ending:
            for descriptor, _ in poll.poll(100):
                frame = sockets[descriptor].recv(65536)
                self.exit_for(sockets[descriptor]).send(frame)

    def exit_for(self, entry):
        if entry is not self.host:
            return self.host
        self.count += 1
        return self.cables[self.choose(self.count, self.to_server)]

    def stop(self):
        self.ending = True
        self.join(5)
        for raw in [self.host, *self.cables]:
            raw.close()


class SetLab(Lab):
    def __init__(self, choose):
        super().__init__()
        self.names["wires"] = f"sluis-wires-{os.getpid()}"
        self.choose, self.spreaders = choose, []

    def build(self):
        self.make_places()
        run(self.inside("wires", ["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                                  "net.ipv6.conf.default.disable_ipv6=1"]))
        for place, end in (("client", "near"), ("server", "far")):
            self.cable(place, "eth0", end)
        for side, end in (("inside", "near"), ("outside", "far")):
            for link in range(LINKS):
                self.cable("box", f"{side}{link}", f"{end}{link}")
        self.address("client", [CLIENT4], [CLIENT6])
        self.address("server", [DNS4, WEB4, QUIC4, NARROW4], [DNS6, WEB6, QUIC6])
        run(self.inside("client", ["ip", "route", "add", NARROW4, "dev", "eth0", "mtu", "lock", str(NARROW_MTU)]))
        for end, to_server in (("near", True), ("far", False)):
            cables = [f"{end}{link}" for link in range(LINKS)]
            self.spreaders.append(Spreader(self.names["wires"], end, cables, to_server, self.choose))
            self.spreaders[-1].start()

    def cable(self, place, interface, end):
        run(["ip", "link", "add", interface, "netns", self.names[place],
             "type", "veth", "peer", "name", end, "netns", self.names["wires"]])
        self.bring_up("wires", end)
        self.bring_up(place, interface)

    def tear_down(self):
        for spreader in self.spreaders:
            spreader.stop()
        super().tear_down()
