"""The far ends of the box's cables, in this process's own network namespace: raw frames in and out."""

import socket
import struct
import subprocess
import time

SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
VLAN_VALID, VLAN_TPID_VALID = 1 << 4, 1 << 6
AUXDATA = struct.Struct("=IIIHHHH")
OFFLOADS = ["rx", "tx", "sg", "tso", "gso", "gro", "rxvlan", "txvlan", "tx-vlan-stag-hw-insert", "rx-vlan-stag-hw-parse"]


def run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)


def connect(port, host, mtu):
    """A cable between an interface of the box and one of a host. Neither says anything of its own."""
    run("ip", "link", "add", port, "type", "veth", "peer", "name", host)
    for interface in (port, host):
        run("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")
        run("ip", "link", "set", interface, "mtu", str(mtu))
        for offload in OFFLOADS if interface == host else []:
            subprocess.run(["ethtool", "-K", interface, offload, "off"], capture_output=True)
    for interface in (port, host):
        run("ip", "link", "set", interface, "up")


def disconnect(port):
    run("ip", "link", "delete", port)


class Host:
    """Sends frames, and sees those that arrive, as they were on the wire."""

    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.bind((interface, 3))  # ETH_P_ALL

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, frames):
        for frame in frames:
            self.socket.send(frame)

    def receive(self, count, seconds=5, more=True):
        """The frames that arrive, until there are `count` (with `more`: and none follows), or time is up."""
        frames, end = [], time.monotonic() + seconds
        while time.monotonic() < end and (more or len(frames) < count):
            self.socket.settimeout(max(0.2 if len(frames) >= count else end - time.monotonic(), 0.001))
            try:
                frames.append(self.receive_one())
            except TimeoutError:
                break
        return frames

    def receive_one(self):
        frame, ancillary, _, _ = self.socket.recvmsg(65536, 256)
        for level, kind, data in ancillary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                status, _, _, _, _, tci, tag_type = AUXDATA.unpack_from(data)
                if status & VLAN_VALID:
                    tag_type = tag_type if status & VLAN_TPID_VALID else 0x8100
                    frame = frame[:12] + struct.pack(">HH", tag_type, tci) + frame[12:]
        return frame
