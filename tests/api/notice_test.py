"""The notice page from outside: browsers' requests, a sinkholed site's, and clients that are slow, many or broken."""

import base64
import hashlib
import http.client
import os
import pathlib
import re
import resource
import socket
import sys
import tempfile
import time
import unittest

from control_box import TIMEOUT, ControlBox, free_port, wait_for

BUILD = None
HEAD_LIMIT = 16384  # kNoticeHeadLimit
CONNECTION_LIMIT = 256  # kNoticeConnectionLimit
PER_SOURCE = 32  # kNoticeConnectionsPerSource
HEAD_TIME = 5  # kNoticeHeadTime, seconds
ENDLESS = 64 << 20  # bytes; kNoticeDrainLimit and the buffers between are a part of that
TITLES = {"nl": "TikTok is op dit netwerk geblokkeerd", "fr": "TikTok est bloqué sur ce réseau",
          "de": "TikTok ist in diesem Netz gesperrt", "en": "TikTok is blocked on this network"}


class NoticeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.port = free_port()
        cls.box = ControlBox(BUILD, cls.folder.name + "/box", extra_config=f"""
[notice]
listen = ["127.0.0.1:{cls.port}", "[::1]:{cls.port}"]
office = "Stad <Mechelen> & co"
from = 2023-03-01
review_by = 2023-09-27
rule_link = "https://intranet.example/rule"
help_desk = "ICT, 015 12 34 56"
help_desk_link = "mailto:ict@mechelen.example"
language = "nl"
""")
        cls.process = cls.box.start_control()

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()
        cls.folder.cleanup()

    def tearDown(self):
        self.assertIsNone(self.process.poll(), self.box.log_text("sluis-control"))

    def ask(self, method="GET", path="/", headers=None, address="127.0.0.1", body=None):
        connection = http.client.HTTPConnection(address, self.port, timeout=TIMEOUT)
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        return answer

    def connect(self, data=b"", source="127.0.0.1"):
        made = socket.create_connection(("127.0.0.1", self.port), TIMEOUT, (source, 0))
        self.addCleanup(made.close)
        made.sendall(data)
        return made

    def raw(self, data, *, shut=False):
        connection = self.connect(data)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received

    def metric(self, name):
        return float(re.search(rf"^{re.escape(name)} (\S+)$", self.box.get("/metrics").body.decode(), re.M)[1])

    def ports(self, state):
        """The local ports of sluis-control's TCP sockets in a state, by its number in /proc/net/tcp."""
        links = {os.readlink(each) for each in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir() if each.is_symlink()}
        rows = [line.split() for name in ("tcp", "tcp6")
                for line in pathlib.Path(f"/proc/{self.process.pid}/net/{name}").read_text().splitlines()[1:]]
        return [int(row[1].rsplit(":", 1)[1], 16) for row in rows if row[3] == state and f"socket:[{row[9]}]" in links]

    def connected(self):
        return any(self.ports(state) for state in ("01", "04", "05", "08"))  # established, or on the way to its end

    def assert_page(self, answer, status, language):
        self.assertEqual((answer.status, answer.headers["Content-Language"]), (status, language))
        self.assertIn(f"<h1>{TITLES[language]}</h1>", answer.text)
        self.assertIn(f'<html lang="{language}">', answer.text)

    def test_the_page_speaks_the_browsers_language(self):
        for field, language in ((None, "nl"), ("fr-BE,fr;q=0.9,en;q=0.8", "fr"), ("en;q=0.5, de;q=0.6", "de"), ("es", "nl"),
                                ("en-GB,en", "en")):
            self.assert_page(self.ask(headers={"Accept-Language": field} if field else {}), 403, language)

    def test_the_language_can_be_switched_by_a_link(self):
        for language in TITLES:
            answer = self.ask(path=f"/{language}", headers={"Accept-Language": "es"})
            self.assert_page(answer, 200, language)
            for other in TITLES:
                self.assertIn(f'<a href="/{other}" lang="{other}"', answer.text)

    def test_a_sinkholed_site_is_answered_by_the_page(self):
        for path in ("/", "/@user/video/7?lang=nl", "/%ff", "http://www.tiktok.com/@u", "*"):
            for method in ("GET", "POST", "PUT", "OPTIONS", "BREW"):
                answer = self.ask(method, path, {"Host": "www.tiktok.com"}, body=b"x" * 1000 if method == "POST" else None)
                self.assert_page(answer, 403, "nl")
        self.assert_page(self.ask(address="::1"), 403, "nl")

    def test_head_has_no_content(self):
        head, get = self.ask("HEAD", "/fr"), self.ask("GET", "/fr")
        self.assertEqual((head.status, head.text), (200, ""))
        self.assertEqual(head.headers["Content-Length"], str(len(get.text.encode())))

    def test_every_header_field_is_right(self):
        answer = self.ask()
        fields = {key: value for key, value in answer.headers.items() if key not in ("Date", "Content-Length")}
        policy = fields.pop("Content-Security-Policy")
        style = re.search("<style>(.*?)</style>", answer.text, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertEqual(set(policy.split("; ")), {"default-src 'none'", f"style-src 'sha256-{digest}'", "base-uri 'none'",
                                                   "form-action 'none'", "frame-ancestors 'none'"})
        self.assertEqual(fields, {"Content-Type": "text/html; charset=utf-8", "Content-Language": "nl", "Connection": "close",
                                  "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
                                  "Cache-Control": "no-store", "Vary": "Accept-Language"})

    def test_nothing_that_a_client_sent_comes_back(self):
        mark = "x7mark7x"
        answer = self.raw(f"GET /{mark}?{mark} HTTP/1.1\r\nHost: {mark}\r\nReferer: {mark}\r\nCookie: {mark}\r\n"
                          f"User-Agent: {mark}\r\nAccept-Language: {mark}, nl\r\n{mark}: {mark}\r\n\r\n{mark}".encode())
        self.assertTrue(answer.startswith(b"HTTP/1.1 403 Forbidden\r\n"), answer[:200])
        self.assertNotIn(mark.encode(), answer)
        self.assertNotIn(mark, self.box.log_text("sluis-control"))

    def test_the_configuration_is_shown_escaped(self):
        text = self.ask(path="/en").text
        self.assertIn("Stad &lt;Mechelen&gt; &amp; co does not allow", text)
        for part in ("1 March 2023", "27 September 2023", "ICT, 015 12 34 56", 'href="https://intranet.example/rule"',
                     'href="mailto:ict@mechelen.example"'):
            self.assertIn(part, text)

    def test_old_and_odd_clients(self):
        for request, status in ((b"GET / HTTP/1.0\r\n\r\n", b"403"), (b"GET / HTTP/1.1\n\n", b"403"),
                                (b"GET /de HTTP/1.0\nHost: a\nHost: b\n\n", b"200"), (b"GET /\r\n\r\n", b"400"),
                                (b"\r\n\r\n", b"400"), (b"\x16\x03\x01\x00\xc8\x01\n\r\n", b"400"),
                                (b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * HEAD_LIMIT, b"431"),
                                (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505")):
            answer = self.raw(request)
            self.assertEqual(answer[:13], b"HTTP/1.1 " + status + b" ", (request[:40], answer[:60]))
            self.assertIn(b"<h1>TikTok", answer)

    def test_a_client_that_has_closed_its_side_is_answered(self):
        self.assertTrue(self.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", shut=True).endswith(b"</html>\n"))

    def test_a_large_body_does_not_take_the_answer_away(self):
        answer = self.raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000)
        self.assertTrue(answer.endswith(b"</html>\n"), answer[-100:])

    def test_a_pipelined_request_is_not_answered(self):
        self.assertEqual(self.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2).count(b"HTTP/1.1 "), 1)

    def test_a_slow_client_is_given_up(self):
        slow = self.connect(b"GET / HTTP/1.1\r\n")
        begun = time.monotonic()
        closed = False
        while not closed and time.monotonic() - begun < TIMEOUT:
            time.sleep(0.2)
            try:
                slow.sendall(b"a: b\r\n")
            except OSError:
                closed = True
        self.assertTrue(closed, "a client that never ends its head is kept")
        self.assertGreater(time.monotonic() - begun, HEAD_TIME - 1)

    def test_a_client_that_takes_nothing_is_given_up(self):
        wait_for("other tests' clients have gone", lambda: not self.connected())
        deaf = socket.socket()
        self.addCleanup(deaf.close)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.connect(("127.0.0.1", self.port))
        wait_for("it is taken up", self.connected)
        deaf.sendall(b"GET / HTTP/1.1\r\n\r\n")
        self.assert_page(self.ask(), 403, "nl")
        wait_for("it is closed", lambda: not self.connected())

    def test_a_client_that_never_ends_is_cut(self):
        endless = self.connect(b"POST / HTTP/1.1\r\n\r\n")
        endless.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        taken = 0
        with self.assertRaises(ConnectionError):
            while taken < ENDLESS:
                taken += endless.send(b"x" * (1 << 16))

    def test_a_thousand_connections_delay_nobody(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        before = self.metric("sluis_notice_connections_dropped_total")
        crowd = [self.connect(b"GET / HT", f"127.0.{i // PER_SOURCE}.2") for i in range(1000)]
        self.assertEqual(len(crowd), 1000)
        self.assert_page(self.ask(path="/nl"), 200, "nl")
        self.assertEqual(self.box.get("/v1/status").status, 200)
        wait_for("older ones have made room", lambda: self.metric("sluis_notice_connections_dropped_total") - before >=
                 1000 - CONNECTION_LIMIT)

    def test_one_source_takes_room_from_itself_only(self):
        patient = self.connect(b"GET /fr HTTP/1.1\r\n", "127.0.9.9")
        for _ in range(CONNECTION_LIMIT + PER_SOURCE):  # without a bound of its own, it would take all room that there is
            self.connect(b"GET / HT", "127.0.9.1")
        patient.sendall(b"\r\n")
        self.assertTrue(patient.recv(100).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_answers_are_counted(self):
        before = self.metric('sluis_notice_requests_total{request="page"}')
        unreadable = self.metric('sluis_notice_requests_total{request="unreadable"}')
        self.ask()
        self.raw(b"x\r\n\r\n")
        self.assertEqual(self.metric('sluis_notice_requests_total{request="page"}'), before + 1)
        self.assertEqual(self.metric('sluis_notice_requests_total{request="unreadable"}'), unreadable + 1)

    def test_it_listens_on_nothing_else(self):
        """So that the kernel resets who asks for port 443 of the page's address at once."""
        self.assertEqual(self.ports("0A"), [self.port] * 2)  # TCP_LISTEN, over IPv4 and IPv6

    def test_the_table_is_checked(self):
        right = self.box.config.read_text()
        for line, wrong, complaint in (('office = "Stad <Mechelen> & co"', "", "[notice] needs office and help_desk"),
                                       ("from = 2023-03-01", 'from = "March"', "from of [notice] is no date"),
                                       ('rule_link = "https:', 'rule_link = "script:', "rule_link of [notice] is no address"),
                                       ('"[::1]:', '"[2001:db8::1]:', "cannot be listened on"),
                                       ("language = ", "languag = ", 'unknown key "languag" in [notice]')):
            other = self.box.write("other.toml", right.replace(line, wrong).encode())
            process = self.box.start(self.box.control, "--config", other, "--check")
            self.assertEqual(process.wait(TIMEOUT), 1)
            self.assertIn(complaint, self.box.log_text("sluis-control"))


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
