"""A box whose inside port never rests."""

import pathlib
import sys

from control_box import ControlBox

ROOT = pathlib.Path(__file__).resolve().parent.parent
for folder in ("network", "network/dataplane"):
    sys.path.insert(0, str(ROOT / folder))
import capture  # noqa: E402
import frames  # noqa: E402


def dns_query(name, port, client):
    """A frame in which a client asks for the A records of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    message = bytes.fromhex("000101000001000000000000") + labels + bytes.fromhex("0000010001")
    source = bytes(map(int, client.split(".")))
    segment = frames.udp(message, source=source, ports=(port, 53))
    return frames.ethernet(frames.ipv4(frames.UDP, segment, source=source), 0x0800)


class BusyBox(ControlBox):
    """Its inside port brings the same frames again and again."""

    def __init__(self, build, folder, received, **more):
        path = pathlib.Path(folder) / "inside.pcap"
        super().__init__(build, folder, inside=f"net_pcap_inside,rx_pcap={path},infinite_rx=1", **more)
        capture.write(path, received)
