"""A box whose dataplane reads captures, and the collectors that take its events."""

import json
import pathlib
import socket
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
for folder in ("api", "network/dataplane"):
    sys.path.insert(0, str(HERE.parent / folder))

import capture  # noqa: E402
import frames  # noqa: E402
from control_box import ControlBox, UnixConnection, wire  # noqa: E402

RULES = """category = "tiktok"
default = "on"
comment = "made for a test"
source = "a test"
suffix = [ { name = "tiktok.com", comment = "the site" } ]
"""
MONITORED = """category = "sibling"
default = "off"
comment = "made for a test"
source = "a test"
suffix = [ { name = "capcut.com", comment = "another" } ]
"""
CAPTURES = HERE.parent / "captures"


def client_frames(name):
    """What the client of a capture sent: the frames of the side inside."""
    inside = bytes.fromhex("020000000001")
    return [frame for frame in capture.read(CAPTURES / name / "input.pcap") if frame[6:12] == inside]


def dns_query(name, *, client, mac, port=40000):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    message = bytes.fromhex("000101000001000000000000") + labels + bytes.fromhex("0000010001")
    source, target = socket.inet_aton(client), socket.inet_aton("198.51.100.53")
    datagram = frames.udp(message, source=source, destination=target, ports=(port, 53))
    return frames.ethernet(frames.ipv4(frames.UDP, datagram, source=source, destination=target), 0x0800,
                           source=bytes.fromhex(mac.replace(":", "")))


class EventBox(ControlBox):
    def __init__(self, build, folder, received, *, events="", endless=False):
        self.events = events
        self.capture = pathlib.Path(folder).with_suffix(".pcap")
        capture.write(self.capture, received)
        self.endless = ",infinite_rx=1" if endless else ""
        super().__init__(build, folder)

    def config_text(self, extra):
        text = super().config_text(extra, self.events.replace("FOLDER", str(self.folder)))
        return text.replace("net_null0,no-rx=1", f"net_pcap0,rx_pcap={self.capture}{self.endless}")

    def bundle(self, sequence, keys=None, **changes):
        blobs = [wire.blob(RULES, "tiktok.toml"), wire.blob(MONITORED, "sibling.toml")]
        return super().bundle(sequence, keys, blobs=blobs, **changes)

    def lines(self, name="eve.json"):
        path = self.folder / name
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text().splitlines()]

    def metric(self, sample):
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(sample + " "):
                return float(line.rsplit(" ", 1)[1])
        return None


class Stream:
    """A client of GET /v1/events that reads until it is closed."""

    def __init__(self, box, query="", last=None):
        self.connection = UnixConnection(box.socket("ro"))
        self.connection.request("GET", "/v1/events" + query, headers={"Last-Event-ID": last} if last else {})
        self.answer = self.connection.getresponse()
        self.events, self.comments = [], 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            while line := self.answer.readline():
                text = line.decode().rstrip("\n")
                if text.startswith(":"):
                    self.comments += 1
                elif text:
                    name, value = text.split(": ", 1)
                    event[name] = value
                elif event:
                    self.events.append(event)
                    event = {}
        except (OSError, ValueError, AttributeError):
            pass
        self.ended.set()

    def close(self):
        sock = self.connection.sock or self.answer.fp.raw._sock
        sock.shutdown(socket.SHUT_RDWR)
        self.ended.wait(10)
        self.connection.close()


class SyslogCollector:
    """Takes RFC 5424 messages with octet counting (RFC 6587) on a loopback port; with `tls`, an ssl.SSLContext, by
    RFC 5425. `shown`: the certificates of its clients; `farewells`: how many said that they end. Without `takes`, it
    reads nothing."""

    def __init__(self, port=0, tls=None, takes=True):
        self.tls, self.takes = tls, takes
        self.shown, self.farewells, self.stalled = [], 0, []
        self.socket = socket.create_server(("127.0.0.1", port))
        if not takes:  # nor does its kernel, which would keep megabytes
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = self.socket.getsockname()[1]
        self.messages = []
        self.connection = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                self.connection, _ = self.socket.accept()
                if self.tls and not self.shake_hands():
                    continue
                if self.takes:
                    self.take()
                else:
                    self.stalled.append(self.connection)
        except OSError:
            pass

    def take(self):
        with self.connection.makefile("rb") as file:
            while digits := self.read_length(file):
                self.messages.append(file.read(int(digits)).decode())
        self.farewells += self.tls is not None  # an end without one is an ssl.SSLError

    def shake_hands(self):
        try:
            self.connection = self.tls.wrap_socket(self.connection, server_side=True, suppress_ragged_eofs=False)
        except OSError:  # ssl.SSLError, too
            self.connection.close()
            return False
        self.shown.append(self.connection.getpeercert())
        return True

    @staticmethod
    def read_length(file):
        digits = b""
        while (each := file.read(1)) not in (b" ", b""):
            digits += each
        return digits

    def close(self):
        for each in (self.connection, *self.stalled, self.socket):
            if each:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                each.close()


class DatagramCollector:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(60)

    def take(self, count):
        return [json.loads(self.socket.recv(65536)) for _ in range(count)]


