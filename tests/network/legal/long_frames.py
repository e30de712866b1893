"""Offloads on, as a kernel has them by default: segments longer than the wire's frames (GSO), joined ones (GRO), and
checksums that nobody has written yet. The box reads frames as a wire carries them. At its own ports it switches off
what joins; what a neighbour on the same machine left unfinished it drops, and says so in its counters."""

import subprocess

import counters
from cases import ALLOWED, MEGABYTE, Case
from lab import WEB4, run
from patient_server import PLAIN

OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro")
HOSTS = (("client", "eth0"), ("server", "eth0"))
PORTS = (("box", "inside"), ("box", "outside"))
PATIENCE = 5.0  # seconds: for what the box will drop


def switch(lab, interfaces, offloads, state):
    for place, interface in interfaces:
        for offload in offloads:  # one by one: a kernel may not know them all
            subprocess.run(lab.inside(place, ["ethtool", "-K", interface, offload, state]), capture_output=True,
                           check=False)


def prepare(lab):
    """Before the box starts."""
    switch(lab, PORTS, ("gro",), "on")


def joins_nothing(ground, _name):
    """The kernel would hand it segments that no other port can send."""
    for place, interface in PORTS:
        features = run(ground.lab.inside(place, ["ethtool", "-k", interface]))
        joins = "generic-receive-offload: on" in features
        assert joins != ground.boxed, f"{interface}: GRO is {'on' if joins else 'off'}"
    return "GRO is off at its ports" if ground.boxed else "GRO is on"


def unfinished(ground, name):
    """Over the kernel's bridge these are served: there is never a wire that needs them finished."""
    before = ground.bridge.counts()
    switch(ground.lab, HOSTS, OFFLOADS, "on")
    try:
        with ground.client(PLAIN, name, WEB4) as client:
            client.socket.settimeout(PATIENCE)
            client.connect().shake_hands().fetch(MEGABYTE)
            return "whole"
    except TimeoutError:
        counted = counters.difference(ground.bridge.counts(), before)
        assert counted["drops"].get("tcp_checksum"), f"the box does not say why: {counters.summary(counted)}"
        return f"not carried, and counted: {counters.summary(counted)}"
    finally:
        switch(ground.lab, HOSTS, OFFLOADS, "off")


def all_cases():
    yield Case("joined segments (GRO)", joins_nothing, (ALLOWED,))
    yield Case("unfinished segments (checksum offload, GSO)", unfinished, (ALLOWED,))
