"""What a client does all the while, and what its server sees of it: a ping every 10 ms, a forbidden name every 20 ms over
DNS and every 100 ms over HTTP, and one download without an end."""

import socket
import struct
import threading
import time
from dataclasses import dataclass, field

import namespace
from lab import WEB4

PING_SECONDS, QUESTION_SECONDS, REQUEST_SECONDS = 0.01, 0.02, 0.1
PING_PORT, DNS_PORT, HTTP_PORT, DOWNLOAD_PORT = 5007, 53, 80, 8080
FORBIDDEN = "www.tiktok.com"
NXDOMAIN = 3


def question(number):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in FORBIDDEN.split("."))
    return struct.pack(">6H", number & 0xffff, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def answer(query):
    """What an honest server says: an address."""
    record = b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 5, 4) + socket.inet_aton(WEB4)
    return query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + query[12:] + record


@dataclass
class Seen:
    """One stretch of time: what was sent in it, and what became of it."""
    sent: int = 0
    lost: int = 0
    twice: int = 0
    gap_ms: float = 0
    refused: int = 0     # forbidden names that the box answered
    passed: int = 0      # that came to the server
    unanswered: int = 0  # that nobody answered
    downloaded: int = 0  # bytes
    strangers: set = field(default_factory=set)  # who sent frames to the server, besides the client


class Probes:
    def __init__(self, lab):
        self.lab = lab
        self.ending = threading.Event()
        self.threads = []
        self.pings_sent, self.pings_seen = [], []  # (number, time)
        self.asked, self.answered = {}, {}         # number: time, number: code
        self.names_at_server = []                  # times
        self.downloaded = []                       # (time, bytes so far)
        self.resets = 0
        self.strangers = []                        # (time, MAC address)

    def __enter__(self):
        self.client_mac = self.mac("client")
        with namespace.inside(self.lab.names["server"]):
            pings = self.bound(socket.SOCK_DGRAM, PING_PORT)
            questions = self.bound(socket.SOCK_DGRAM, DNS_PORT)
            requests = self.bound(socket.SOCK_STREAM, HTTP_PORT)
            downloads = self.bound(socket.SOCK_STREAM, DOWNLOAD_PORT)
        frames = namespace.raw_socket(self.lab.names["server"], "eth0")
        with namespace.inside(self.lab.names["client"]):
            pinger, asker = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        pinger.connect((WEB4, PING_PORT))
        asker.connect((WEB4, DNS_PORT))
        self.sockets = [pings, questions, requests, downloads, frames, pinger, asker]
        for work, *arguments in ((self.ping, pinger), (self.see_pings, pings), (self.ask, asker),
                                 (self.see_answers, asker), (self.serve_questions, questions), (self.request,),
                                 (self.serve_requests, requests), (self.download,), (self.serve_download, downloads),
                                 (self.see_frames, frames)):
            thread = threading.Thread(target=work, args=arguments, daemon=True)
            thread.start()
            self.threads.append(thread)
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(15)
        for each in self.sockets:
            each.close()

    def bound(self, kind, port):
        made = socket.socket(socket.AF_INET, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((WEB4, port))
        made.settimeout(0.5)
        if kind == socket.SOCK_STREAM:
            made.listen(64)
        return made

    def mac(self, place):
        with namespace.inside(self.lab.names[place]):
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            raw.bind(("eth0", 0))
        with raw:
            return raw.getsockname()[4]

    # A ping one way: it is the receiver that knows what came.

    def every(self, seconds):
        """Numbers, one each time; none is left out when the machine was busy."""
        begin = time.monotonic()
        number = 0
        while not self.ending.is_set():
            yield number
            number += 1
            time.sleep(max(0, begin + number * seconds - time.monotonic()))

    def ping(self, pinger):
        for number in self.every(PING_SECONDS):
            self.pings_sent.append((number, time.monotonic()))
            self.send(pinger, b"ping %d" % number)

    def send(self, out, data):
        try:
            out.send(data)
        except OSError:  # what an earlier datagram met
            pass

    def see_pings(self, pings):
        for data in self.datagrams(pings):
            self.pings_seen.append((int(data[0].split()[1]), time.monotonic()))

    def datagrams(self, at):
        while not self.ending.is_set():
            try:
                yield at.recvfrom(2048)
            except OSError:
                continue

    # A forbidden name.

    def ask(self, asker):
        for number in self.every(QUESTION_SECONDS):
            self.asked[number & 0xffff] = time.monotonic()
            self.send(asker, question(number))

    def see_answers(self, asker):
        asker.settimeout(0.5)
        for data, _ in self.datagrams(asker):
            number, flags = struct.unpack(">2H", data[:4])
            self.answered[number] = flags & 15

    def serve_questions(self, questions):
        for data, client in self.datagrams(questions):
            self.names_at_server.append(time.monotonic())
            questions.sendto(answer(data), client)

    def request(self):
        for _ in self.every(REQUEST_SECONDS):
            with namespace.tcp_socket(self.lab.names["client"], WEB4) as made:
                made.settimeout(0.3)
                try:
                    made.connect((WEB4, HTTP_PORT))
                    made.send(f"GET / HTTP/1.1\r\nHost: {FORBIDDEN}\r\n\r\n".encode())
                    made.recv(100)
                except OSError:
                    continue

    def serve_requests(self, requests):
        while not self.ending.is_set():
            try:
                made, _ = requests.accept()
            except OSError:
                continue
            threading.Thread(target=self.serve_request, args=(made,), daemon=True).start()

    def serve_request(self, made):
        with made:
            made.settimeout(2)
            try:
                if FORBIDDEN.encode() in made.recv(1000):
                    self.names_at_server.append(time.monotonic())
                    made.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass

    # A download that must not break.

    def download(self):
        total = 0
        while not self.ending.is_set():
            with namespace.tcp_socket(self.lab.names["client"], WEB4) as made:
                made.settimeout(0.5)
                try:
                    made.connect((WEB4, DOWNLOAD_PORT))
                    made.send(b"GET /bulk HTTP/1.1\r\nHost: www.example.org\r\n\r\n")
                except OSError:
                    continue
                while not self.ending.is_set():
                    try:
                        data = made.recv(1 << 16)
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                    if not data:
                        break
                    total += len(data)
                    self.downloaded.append((time.monotonic(), total))
            self.resets += not self.ending.is_set()

    def serve_download(self, downloads):
        while not self.ending.is_set():
            try:
                made, _ = downloads.accept()
            except OSError:
                continue
            with made:
                made.settimeout(0.5)
                self.fill(made)

    def fill(self, made):
        """A megabyte a second or so: enough to be seen to stop."""
        piece = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(10_000)
        while not self.ending.is_set():
            try:
                made.send(piece)
            except TimeoutError:
                continue
            except OSError:
                return
            piece = bytes(10_000)
            time.sleep(0.01)

    def see_frames(self, frames):
        frames.settimeout(0.5)
        for data, _ in self.datagrams(frames):
            if data[6:12] != self.client_mac:
                self.strangers.append((time.monotonic(), data[6:12].hex(":") + " " + data[12:20].hex()))

    # What was seen.

    def served_to(self, begin):
        """Whether a ping and a piece of the download came after a time."""
        return bool(self.pings_seen and self.pings_seen[-1][1] > begin
                    and self.downloaded and self.downloaded[-1][0] > begin)

    def seen(self, begin, end):
        """Of what was sent within a stretch of time. What is under way at its end has a second to arrive."""
        time.sleep(max(0, end + 1 - time.monotonic()))
        sent = {number for number, at in list(self.pings_sent) if begin <= at <= end}
        came = [number for number, _ in list(self.pings_seen) if number in sent]
        times = [begin] + [at for number, at in list(self.pings_seen) if begin <= at <= end] + [end]
        asked = [number for number, at in list(self.asked.items()) if begin <= at <= end]
        codes = [self.answered.get(number) for number in asked]
        bytes_at = [total for at, total in list(self.downloaded) if begin <= at <= end] or [0]
        return Seen(sent=len(sent), lost=len(sent - set(came)), twice=len(came) - len(set(came)),
                    gap_ms=1000 * max(after - before for before, after in zip(times, times[1:])),
                    refused=codes.count(NXDOMAIN), unanswered=codes.count(None),
                    passed=sum(begin <= at <= end for at in list(self.names_at_server)),
                    downloaded=bytes_at[-1] - bytes_at[0],
                    strangers={who for at, who in list(self.strangers) if begin <= at <= end})
