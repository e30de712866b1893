"""Clients that are slow, half open, many, broken or lying: each gets its own clear answer, and delays nobody."""

import base64
import hashlib
import json
import re
import resource
import sys
import tempfile
import time
import unittest

from control_box import ControlBox, raw, unix_socket, wait_for

BUILD = None
CONNECTION_LIMIT = 128  # kConnectionLimit
HEAD_LIMIT = 8192  # kHeadLimit
BUNDLE_LIMIT = 64 << 20  # kEnvelopeLimit
GET = b"GET /v1/status HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n"


def request(line, *fields, body=b""):
    return b"\r\n".join([line, b"Host: box", *fields, b"", body])


def status_of(answer):
    assert answer.startswith(b"HTTP/1.1 "), answer[:200]
    return int(answer[9:12])


def problem_of(answer):
    head, body = answer.split(b"\r\n\r\n", 1)
    assert b"Content-Type: application/problem+json" in head, answer
    return json.loads(body)


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.box = ControlBox(BUILD, cls.folder.name + "/box")
        cls.process = cls.box.start_control()
        cls.box.wait_for_ruleset(lambda r: r["sequence"] == 1)

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        self.open = []
        self.addCleanup(self.close_all)

    def tearDown(self):
        self.assertIsNone(self.process.poll(), self.box.log_text("sluis-control"))
        self.assertEqual(self.box.get("/v1/status").status, 200)

    def close_all(self):
        for each in self.open:
            each.close()

    def connect(self, data=b"", which="ro"):
        made = unix_socket(self.box.socket(which))
        self.open.append(made)
        if data:
            made.sendall(data)
        return made

    def has_connected(self):
        try:
            return self.connect()
        except BlockingIOError:
            return None

    def send(self, data, which="rw"):
        return raw(self.box.socket(which), data)

    def test_broken_heads(self):
        cases = [
            (b"GET /v1/status HTTP/1.1\n\n" + b"\r\n\r\n", 400),
            (b"GET /v1/status HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
            (b"GET  /v1/status HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET /v1/status\r\n\r\n", 400),
            (b"GET /v1/status HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            (b"GET /v1/status HTTP/1.1\r\n\r\n", 400),
            (b"GET /v1/status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            (b"GET /v1/status HTTP/1.1\r\nHost : a\r\n\r\n", 400),
            (b"GET /v1/status HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
            (b"GET /v1/status HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400),
            (b"GET /v1/st\xffatus HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET /v1/status%0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET /v1/status%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET /v1/status?a=1&a=2 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET /v1/status?%zz=1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"GET status HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"G\x00T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
            (b"POST /v1/ruleset HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            (b"POST /v1/ruleset HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
            (b"POST /v1/ruleset HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
            (b"POST /v1/ruleset HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
            (b"POST /v1/ruleset HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            (b"GET /v1/status HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417),
            (b"GET /" + b"a" * HEAD_LIMIT + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
            (request(b"GET /v1/status HTTP/1.1", *[b"X-%d: y" % i for i in range(70)]), 431),
        ]
        for data, status in cases:
            with self.subTest(data=data[:80]):
                answer = self.send(data)
                self.assertEqual(status_of(answer), status, answer)
                self.assertEqual(problem_of(answer)["status"], status)
                self.assertIn(b"Connection: close", answer)

    def test_pages_of_other_sites(self):
        post = b"POST /v1/ruleset/rollback HTTP/1.1"
        form = b"Content-Type: application/x-www-form-urlencoded"
        cases = [
            (post, [b"Origin: https://evil.example"], 403), (post, [b"Origin: null"], 403),
            (post, [b"Origin: http://box"], 403), (post, [b"Origin: https://box.evil.example"], 403),
            (post, [b"Origin: https://box:8443"], 403), (post, [b"Sec-Fetch-Site: cross-site"], 403),
            (post, [b"Sec-Fetch-Site: same-site"], 403), (post, [b"Origin: https://box", b"Sec-Fetch-Site: cross-site"], 403),
            (post, [b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Mode: navigate", b"Sec-Fetch-Dest: document"], 403),
            (post, [b"Origin: https://box", b"Origin: https://evil.example"], 400),
            (post, [form], 415), (post, [b"Content-Type: text/plain"], 415),
            (post, [b"Origin: https://BOX", b"Sec-Fetch-Site: same-origin"], 202), (post, [], 202),
            (b"GET /v1/status HTTP/1.1", [b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Mode: no-cors", b"Sec-Fetch-Dest: script"], 403),
            (b"GET /v1/status HTTP/1.1", [b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Mode: navigate", b"Sec-Fetch-Dest: iframe"], 403),
            (b"GET /v1/status HTTP/1.1", [b"Origin: https://evil.example"], 403),
            (b"GET / HTTP/1.1", [b"Sec-Fetch-Site: cross-site", b"Sec-Fetch-Mode: navigate", b"Sec-Fetch-Dest: document"], 200),
            (b"GET /v1/status HTTP/1.1", [b"Sec-Fetch-Site: none", b"Sec-Fetch-Mode: navigate", b"Sec-Fetch-Dest: document"], 200),
        ]
        for line, fields, status in cases:
            with self.subTest(line=line, fields=fields):
                answer = self.send(request(line, *fields, b"Connection: close"))
                self.assertEqual(status_of(answer), status, answer)
                self.assertNotIn(b"Access-Control", answer)

    def test_answers_load_nothing_in_a_browser(self):
        bare = {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"}
        page = bare | {"script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'",
                       "require-trusted-types-for 'script'", "trusted-types 'none'"}
        style = re.search("<style>(.*?)</style>", self.box.get("/v1/report", accept="text/html").body.decode(), re.S)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        report = bare | {f"style-src 'sha256-{digest}'"}
        for path, policy in (("/v1/status", bare), ("/nothing", bare), ("/v1/events?follow=0", bare), ("/metrics", bare), ("/", page),
                             ("/page/main.js", page), ("/v1/report", report)):
            with self.subTest(path=path):
                answer = self.box.get(path, accept="text/html, */*;q=0.1")
                self.assertEqual(set(answer.headers["Content-Security-Policy"].split("; ")), policy, answer)
                for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
                                    ("Cross-Origin-Resource-Policy", "same-origin")):
                    self.assertEqual(answer.headers[name], value)

    def test_the_page_is_served_from_the_program(self):
        page = self.box.get("/")
        self.assertEqual((page.status, page.type), (200, "text/html"), page)
        again = self.box.ask("GET", "/", headers={"If-None-Match": page.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        for path, kind in (("/page/main.js", "text/javascript"), ("/page/style.css", "text/css"), ("/page/uplot.js", "text/javascript"),
                           ("/page/icon.svg", "image/svg+xml")):
            self.assertEqual((self.box.get(path).status, self.box.get(path).type), (200, kind))
        for path in ("/page/", "/page/index.html", "/page/../main.js", "/page/%2e%2e/main.js", "/index.html"):
            self.assertEqual(self.box.get(path).status, 404, path)
        self.assertEqual(self.box.ask("POST", "/").status, 405)

    def test_wrong_methods_paths_and_roles(self):
        for line, which, status in ((b"DELETE /v1/status HTTP/1.1", "rw", 405), (b"BREW /v1/status HTTP/1.1", "rw", 405),
                                    (b"GET /v1/ruleset/confirm HTTP/1.1", "rw", 405), (b"GET /v2/status HTTP/1.1", "rw", 404),
                                    (b"GET /v1/status/ HTTP/1.1", "rw", 404), (b"GET /v1/jobs/ HTTP/1.1", "rw", 404),
                                    (b"GET /v1/jobs/1/2 HTTP/1.1", "rw", 404), (b"GET /v1/jobs/x HTTP/1.1", "rw", 404),
                                    (b"GET /../../etc/passwd HTTP/1.1", "rw", 404),
                                    (b"POST /v1/ruleset/rollback HTTP/1.1", "ro", 403)):
            with self.subTest(line=line):
                answer = self.send(request(line, b"Connection: close"), which)
                self.assertEqual(status_of(answer), status, answer)
                self.assertEqual(b"\r\nAllow: " in answer, status == 405)

    def test_bodies_are_judged_before_they_are_read(self):
        def head(*fields, path=b"/v1/ruleset"):
            return request(b"POST " + path + b" HTTP/1.1", *fields)

        octets = b"Content-Type: application/octet-stream"
        confirm = b"/v1/ruleset/confirm"
        cases = [(head(b"Content-Length: %d" % (BUNDLE_LIMIT + 1), octets), "rw", 413, "content-length"),
                 (head(b"Content-Length: 65537", b"Content-Type: application/json", path=confirm), "rw", 413,
                  "content-length"),
                 (request(b"GET /v1/status HTTP/1.1", b"Content-Length: 1"), "rw", 413, "content-length"),
                 (head(b"Transfer-Encoding: chunked", octets), "rw", 411, "content-length"),
                 (head(octets), "rw", 411, "content-length"),
                 (head(b"Content-Length: 1000000"), "rw", 415, "content-type"),
                 (head(b"Content-Length: 1000", octets, b"Content-Encoding: gzip"), "rw", 415, "content-encoding"),
                 (head(b"Content-Length: 1000000", octets), "ro", 403, None)]
        for data, which, status, field in cases:
            with self.subTest(data=data):
                answer = self.send(data, which)
                self.assertEqual(status_of(answer), status, answer)
                self.assertEqual(problem_of(answer).get("field"), field)

    def test_a_refused_body_does_not_hide_the_answer(self):
        answer = self.box.ask("POST", "/v1/ruleset", b"x" * (1 << 20), socket="ro",
                              headers={"Content-Type": "application/octet-stream"})
        self.assertEqual(answer.status, 403)

    def test_waits_for_no_body_before_it_says_continue(self):
        connection = self.connect(request(b"POST /v1/ruleset?dry_run=1 HTTP/1.1", b"Content-Length: 4",
                                          b"Content-Type: application/octet-stream", b"Expect: 100-continue"), "rw")
        self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"junk")
        self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 202 "))

    def test_wrong_messages(self):
        json_type, protobuf = b"application/json", b"application/x-protobuf"
        cases = [(json_type, b"{", None), (json_type, b"[]", None), (json_type, b"\xff\xfe", None),
                 (json_type, b"[" * 60000, None), (json_type, b'{"sequenze": 1}', "sequenze"),
                 (json_type, b'{"sequence": "1"}', "sequence"), (json_type, b'{"sequence": -1}', "sequence"),
                 (json_type, b'{"sequence": 1.5}', "sequence"), (json_type, b'{"comment": 1}', "comment"),
                 (json_type, b'{"comment": "%s"}' % (b"x" * 501), "comment"),
                 (json_type, b'{"sequence": 1, "comment": "x", "sequence": 2}', "sequence"),
                 (json_type, b'{"comment": {"comment": 1, "comment": 2}}', "comment"),
                 (json_type, b'{"a":' * 9000 + b"1" + b"}" * 9000, "a"),
                 (protobuf, b"\x08", None), (protobuf, b"\xff" * 100, None), (protobuf, b"\x12\x05ab", None),
                 (protobuf, b"\x18\x01", None), (protobuf, b"\x12\x02\xff\xfe", None)]
        for media_type, body, field in cases:
            with self.subTest(body=body[:40]):
                answer = self.box.ask("POST", "/v1/ruleset/confirm", body, headers={"Content-Type": media_type.decode()})
                self.assertEqual((answer.status, answer.json().get("field")), (400, field), answer)

    def test_a_bundle_of_junk_is_refused_by_its_job(self):
        for junk in (b"x", b"x" * (8 << 20)):
            job = self.box.finish(self.box.post_bundle(junk))
            self.assertEqual((job["state"], job["error"]["name"]), ("failed", "envelope_malformed"), job)

    def test_requests_may_come_at_once_and_byte_by_byte(self):
        answers = self.send(GET.replace(b"Connection: close\r\n", b"") * 2 + b"\r\n" + GET)
        self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 3)
        connection = self.connect()
        for i in range(len(GET)):
            connection.sendall(GET[i:i + 1])
        self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200 "))

    def test_half_open_clients_are_answered_or_forgotten(self):
        self.assertEqual(status_of(raw(self.box.socket("ro"), GET, shut=True)), 200)
        self.assertEqual(raw(self.box.socket("ro"), GET[:30], shut=True), b"")
        self.assertEqual(raw(self.box.socket("ro"), b"", shut=True), b"")
        cut = request(b"POST /v1/ruleset HTTP/1.1", b"Content-Length: 10", b"Content-Type: application/octet-stream")
        self.assertEqual(raw(self.box.socket("rw"), cut + b"half", shut=True), b"")

    def test_slow_clients_hold_nobody_up(self):
        for _ in range(2 * CONNECTION_LIMIT):
            self.connect(b"GET /v1/sta")
        for _ in range(20):
            self.assertEqual(self.box.get("/v1/status").status, 200)
        # Those that have not made room are told that they were too slow.
        last = self.open[-1]
        end = time.monotonic() + 60
        answer = b""
        while time.monotonic() < end:
            try:
                last.sendall(b"x")
            except OSError:
                break
            last.settimeout(1)
            try:
                answer += last.recv(4096)
                break
            except TimeoutError:
                continue
        self.assertEqual(status_of(answer), 408)

    def test_slow_bodies_hold_nobody_up(self):
        for _ in range(CONNECTION_LIMIT - 10):
            self.connect(request(b"POST /v1/ruleset/confirm HTTP/1.1", b"Content-Length: 10",
                                 b"Content-Type: application/json", body=b"{"), "rw")
        for _ in range(20):
            self.assertEqual(self.box.get("/v1/status", socket="rw").status, 200)

    def test_when_all_are_busy_others_are_told(self):
        head = request(b"POST /v1/ruleset/confirm HTTP/1.1", b"Content-Length: 10", b"Content-Type: application/json",
                       b"Expect: 100-continue")
        for _ in range(CONNECTION_LIMIT):
            self.assertTrue(self.connect(head, "rw").recv(100).startswith(b"HTTP/1.1 100 "))
        answer = self.connect(GET, "rw").recv(4096)
        self.assertEqual(status_of(answer), 503)
        self.assertIn(b"\r\nRetry-After: 1\r\n", answer)
        self.assertEqual(self.box.get("/v1/status", socket="ro").status, 200)
        self.close_all()
        wait_for("there is room again", lambda: self.box.get("/v1/status", socket="rw").status == 200)

    def test_all_bodies_together_are_bounded(self):
        head = request(b"POST /v1/ruleset HTTP/1.1", b"Content-Length: %d" % BUNDLE_LIMIT,
                       b"Content-Type: application/octet-stream", b"Expect: 100-continue")
        for _ in range(2):
            self.assertTrue(self.connect(head, "rw").recv(100).startswith(b"HTTP/1.1 100 "))
        self.assertEqual(status_of(self.connect(head, "rw").recv(4096)), 503)
        self.close_all()
        wait_for("there is room again",
                 lambda: self.connect(head, "rw").recv(100).startswith(b"HTTP/1.1 100 "))

    def test_a_client_that_does_not_read_holds_nobody_up(self):
        connection = self.connect()
        connection.setblocking(False)
        request_bytes = b"GET /metrics HTTP/1.1\r\nHost: box\r\n\r\n"
        try:
            for _ in range(100000):
                connection.send(request_bytes)
        except BlockingIOError:
            pass
        for _ in range(20):
            self.assertEqual(self.box.get("/metrics").status, 200)

    def test_a_thousand_connections_at_once(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1000):
            wait_for("there is room in the queue of the socket", self.has_connected)
        outcomes = {200: 0, 503: 0, None: 0}
        for connection in self.open:
            try:
                connection.sendall(GET)
                answer = connection.recv(4096)
            except (BrokenPipeError, ConnectionResetError):
                answer = b""
            outcomes[status_of(answer) if answer else None] += 1
        print(outcomes, end=" ")
        self.assertGreaterEqual(outcomes[200], CONNECTION_LIMIT - 1)
        self.assertEqual(sum(outcomes.values()), 1000)
        self.assertEqual(self.box.get("/v1/status", socket="rw").status, 200)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
