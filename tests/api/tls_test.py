"""HTTPS: who gets in, as whom, and what happens to those who should not."""

import contextlib
import hashlib
import http.client
import os
import json
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from cryptography.hazmat.primitives import serialization

from certificates import DAY, SERVER, Authority, now, pem
from control_box import TIMEOUT, Answer, ControlBox, free_port, wait_for

BUILD = None
PER_SOURCE = 32  # kTlsHandshakesPerSource
IN_ALL = 128  # kTlsHandshakeLimit
PER_CLIENT = 16  # kTlsConnectionsPerClient
PER_ROLE = 64  # kTlsConnectionsPerRole
HANDSHAKE_TIME = 10  # seconds; kHandshakeTime
BUSY = 3 * TIMEOUT / 60  # a busy machine takes so much longer


def fingerprint(certificate):
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def is_closed(tls):
    """Whether the other side has closed the connection, and nothing it sent is unread."""
    with socket.socket(fileno=os.dup(tls.fileno())) as beneath:
        try:
            return beneath.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.port = free_port()
        cls.box = ControlBox(BUILD, cls.temporary.name + "/box")
        cls.folder = cls.box.folder
        cls.authority = Authority("fleet")
        cls.make_certificates()
        cls.box.config.write_text(cls.box.config_text(f"""
[api]
listen = ["127.0.0.1:{cls.port}"]
certificate = "{cls.folder}/server.pem"
key = "{cls.folder}/server.key"
client_ca = "{cls.folder}/ca.pem"
client_crl = "{cls.folder}/crl.pem"
admin_unit = "network"
admin_fingerprints = ["{fingerprint(cls.named).upper()}"]
"""))
        cls.process = cls.box.start_control()
        cls.box.wait_for_ruleset(lambda r: r["sequence"] == 1)

    @classmethod
    def make_certificates(cls):
        issue, folder = cls.authority.issue, cls.folder
        issue(folder, "server", "box", usage=SERVER)
        issue(folder, "reader", "prometheus")
        issue(folder, "admin", "ansible", unit="network")
        cls.named = issue(folder, "named", "backup")
        issue(folder, "almost", "mallory", unit="network2")
        issue(folder, "wrong-usage", "other-box", unit="network", usage=SERVER)
        issue(folder, "expired", "old", unit="network", begin=now() - 5 * DAY, end=now() - DAY)
        issue(folder, "early", "new", unit="network", begin=now() + DAY)
        cls.revoked = issue(folder, "revoked", "lost-laptop", unit="network")
        other = Authority("fleet")  # the same name, another key
        other.issue(folder, "stranger", "ansible", unit="network")
        (folder / "ca.pem").write_bytes(pem(cls.authority.certificate))
        (folder / "crl.pem").write_bytes(cls.authority.revocations(cls.revoked))

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()
        cls.temporary.cleanup()

    def setUp(self):
        self.open = []
        self.addCleanup(lambda: [each.close() for each in self.open])

    def tearDown(self):
        self.assertIsNone(self.process.poll(), self.box.log_text("sluis-control"))

    def context(self, client):
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
        if client:
            context.load_cert_chain(self.folder / f"{client}.pem", self.folder / f"{client}.key")
        return context

    def connection(self, client, source=None):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=TIMEOUT, context=self.context(client),
                                           source_address=(source, 0) if source else None)

    def ask(self, client, method, path, body=None, headers=None, source=None):
        connection = self.connection(client, source)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def metric(self, name):
        for line in self.box.get("/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no {name}")

    def curl(self, *arguments, client="reader"):
        return subprocess.run(
            ["curl", "--silent", "--show-error", "--max-time", str(TIMEOUT), "--noproxy", "*", "--cacert",
             self.folder / "ca.pem", "--cert", self.folder / f"{client}.pem", "--key", self.folder / f"{client}.key",
             *arguments], capture_output=True, text=True, timeout=2 * TIMEOUT)

    def test_curl_reads_with_a_certificate(self):
        done = self.curl(f"https://127.0.0.1:{self.port}/v1/status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["ruleset"]["in_force"], "factory")
        bundle = self.box.write("curl.bundle", self.box.bundle(2))
        done = self.curl("--data-binary", f"@{bundle}", "--header", "Content-Type: application/octet-stream",
                         f"https://127.0.0.1:{self.port}/v1/ruleset?dry_run=1", client="admin")
        self.assertEqual(json.loads(done.stdout)["kind"], "ruleset.dry_run", done)

    def test_roles_are_those_of_the_certificate(self):
        for client, status in (("reader", 403), ("almost", 403), ("admin", 202), ("named", 202)):
            with self.subTest(client=client):
                self.assertEqual(self.ask(client, "GET", "/v1/status").status, 200)
                answer = self.ask(client, "POST", "/v1/ruleset/confirm",
                                  headers={"X-Forwarded-For": "1.2.3.4", "X-Role": "admin"})
                self.assertEqual(answer.status, status, answer)
                if status == 202:
                    self.assertEqual(self.box.finish(answer)["error"]["name"], "not_pending")

    def test_the_audit_record_names_the_certificate(self):
        self.box.finish(self.ask("named", "POST", "/v1/ruleset/rollback"))
        who = self.box.audit()[-1]["audit"]["who"]
        self.assertEqual(who, f"certificate CN=backup, SHA-256 {fingerprint(self.named)}")

    def test_no_other_certificate_gets_in(self):
        for client in (None, "stranger", "expired", "early", "revoked", "wrong-usage"):
            with self.subTest(client=client), self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                self.ask(client, "GET", "/v1/status")

    def test_old_versions_and_weak_ciphers_are_refused(self):
        # OpenSSL's defaults refuse old versions themselves: hence the lowest security level.
        for options in (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
                        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"],
                        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"]):
            with self.subTest(options=options):
                self.assertIn("Cipher is (NONE)", self.s_client(options).stdout)
        self.assertRegex(self.s_client(["-tls1_2"]).stdout, "Cipher is ECDHE-ECDSA-.*(GCM|CHACHA)")

    def s_client(self, options, text=""):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-cert",
                               self.folder / "reader.pem", "-key", self.folder / "reader.key", "-CAfile",
                               self.folder / "ca.pem", *options],
                              input=text, capture_output=True, text=True, timeout=TIMEOUT)

    def test_no_renegotiation(self):
        done = self.s_client(["-tls1_2"], "R\n")
        self.assertIn("RENEGOTIATING", done.stdout + done.stderr)
        self.assertRegex(done.stderr, "no renegotiation")

    def test_bodies_and_answers_cross_whole(self):
        direct = self.box.get("/v1/openapi.yaml").body
        self.assertEqual(self.ask("reader", "GET", "/v1/openapi.yaml").body, direct)
        job = self.box.finish(self.ask("admin", "POST", "/v1/ruleset", bytes(6 << 20),
                                       headers={"Content-Type": "application/octet-stream"}))
        self.assertEqual(job["error"]["name"], "envelope_malformed")
        for _ in range(5):
            refused = self.ask("reader", "POST", "/v1/ruleset", bytes(1 << 20),
                               headers={"Content-Type": "application/octet-stream"})
            self.assertEqual(refused.status, 403)
        connection = self.connection("reader")
        for _ in range(5):
            connection.request("GET", "/v1/openapi.yaml")
            self.assertEqual(connection.getresponse().read(), direct)
        connection.close()

    def test_silent_and_broken_clients_hold_nobody_up(self):
        for i in range(3 * IN_ALL):
            self.open.append(socket.create_connection(("127.0.0.1", self.port), TIMEOUT,
                                                      source_address=(f"127.0.1.{i % 100 + 1}", 0)))
        begun, slow = time.monotonic(), self.open[-1]
        slow.sendall(b"\x16\x03\x01\x02\x00\x01")
        self.assertEqual(self.ask("reader", "GET", "/v1/status").status, 200)
        self.assertLessEqual(self.metric("sluis_tls_connections"), IN_ALL)
        for junk in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 5000, b"\x16\x03\x01\xff\xff" + b"x" * 70000):
            with socket.create_connection(("127.0.0.1", self.port), TIMEOUT, source_address=("127.0.2.1", 0)) as client:
                try:
                    client.sendall(junk)
                    while client.recv(4096):
                        pass
                except ConnectionError:
                    pass
        self.assertEqual(self.ask("reader", "GET", "/v1/status").status, 200)

        def all_are_closed():
            with contextlib.suppress(OSError):
                slow.sendall(b"\x00")  # a byte now and then buys no time
            return self.metric("sluis_tls_connections") == 0

        wait_for("silent clients are closed after their time", all_are_closed)
        self.assertGreater(time.monotonic() - begun, HANDSHAKE_TIME - 1)
        self.assertLess(time.monotonic() - begun, HANDSHAKE_TIME * BUSY)

    def test_who_stays_after_the_last_answer_is_closed(self):
        self.when_alone()
        held = self.hold("reader", "127.0.8.1")
        held.request("GET", "/v1/caller", headers={"Connection": "close"})
        stays = held.sock  # http.client forgets it
        self.open.append(stays)
        self.assertEqual(held.getresponse().status, 200)
        self.when_alone()  # in kLingerTime: one that is only silent has longer than is waited for here

    def hold(self, client, source):
        """A connection that stays: shown to be served if `client` has a certificate, or silent."""
        if client is None:
            held = socket.create_connection(("127.0.0.1", self.port), TIMEOUT, source_address=(source, 0))
        else:
            held = self.connection(client, source)
            held.request("GET", "/v1/caller")
            self.assertEqual(held.getresponse().read()[:1], b"{")
            held.auto_open = 0  # no other connection in its place
        self.open.append(held)
        return held

    def is_served(self, held):
        """Whether a connection that was held serves yet. What is closed already is not written to: over OpenSSL 3.5 (Debian 13)
        the failure of one connection is reported of others as well."""
        if is_closed(held.sock):
            return False
        try:
            held.request("GET", "/v1/caller")
            return held.getresponse().read()[:1] == b"{"
        except (OSError, http.client.HTTPException):
            return False

    def when_alone(self):
        wait_for("others have gone", lambda: self.metric("sluis_tls_connections") == 0)

    def issue(self, name, **options):
        self.authority.issue(self.folder, name, name, **options)
        return name

    def test_who_says_nothing_keeps_nobody_behind_the_same_address_out(self):
        self.when_alone()
        silent = [self.hold(None, "127.0.3.1") for _ in range(3 * PER_SOURCE)]
        elsewhere = self.hold(None, "127.0.3.2")
        wait_for("they are counted", lambda: self.metric("sluis_tls_connections") == PER_SOURCE + 1)
        for source in ("127.0.3.1", "127.0.3.2"):
            self.assertEqual(self.ask("reader", "GET", "/v1/status", source=source).status, 200)
        silent[0].settimeout(TIMEOUT)
        self.assertEqual(silent[0].recv(1), b"", "the oldest made room")
        for still in (silent[-1], elsewhere):
            still.settimeout(0.1)
            self.assertRaises(TimeoutError, still.recv, 1)

    def test_many_clients_share_an_address(self):
        self.when_alone()
        people = [self.issue(f"person{number}") for number in range(8)]
        held = [self.hold(person, "127.0.4.1") for person in people for _ in range(6)]  # as many as a browser has
        self.assertGreater(len(held), PER_SOURCE)
        self.assertEqual([self.is_served(each) for each in held], [True] * len(held))

    def test_a_client_has_a_bound_of_its_own(self):
        self.when_alone()
        before = self.metric('sluis_tls_handshakes_total{result="turned_away"}')
        held = [self.hold("reader", f"127.0.5.{number % 2 + 1}") for number in range(PER_CLIENT)]
        for source in ("127.0.5.1", "127.0.5.3"):
            with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                self.ask("reader", "GET", "/v1/status", source=source)
        self.assertEqual(self.metric('sluis_tls_handshakes_total{result="turned_away"}') - before, 2)
        self.assertEqual(self.ask("admin", "GET", "/v1/status", source="127.0.5.1").status, 200)
        self.assertEqual([self.is_served(each) for each in held], [True] * PER_CLIENT)

    def test_who_has_most_makes_room_for_who_has_less(self):
        self.when_alone()
        greedy = [self.issue(f"greedy{number}") for number in range(PER_ROLE // PER_CLIENT)]
        held = {client: [self.hold(client, "127.0.6.1") for _ in range(PER_CLIENT)] for client in greedy}
        self.assertTrue(self.is_served(held[greedy[0]][0]), "not silent any more: another one is the longest silent")
        modest = self.issue("modest")
        late = [self.hold(modest, "127.0.6.1") for _ in range(4)]
        self.assertEqual(self.metric("sluis_tls_connections"), PER_ROLE)
        self.assertEqual(self.ask("admin", "GET", "/v1/status", source="127.0.6.1").status, 200, "a role of its own")
        self.assertEqual([self.is_served(each) for each in late], [True] * 4)
        self.assertEqual([[self.is_served(each) for each in held[client]].count(True) for client in greedy],
                         [PER_CLIENT - 1] * 4, "one each")
        self.assertTrue(self.is_served(held[greedy[0]][0]))

    def peer_certificate(self):
        connection = self.connection("reader")
        try:
            connection.connect()
            return connection.sock.getpeercert(True)
        finally:
            connection.close()

    def test_takes_up_new_certificates(self):
        former = self.peer_certificate()
        (self.folder / "server.key").write_text("broken")
        self.process.send_signal(signal.SIGHUP)
        wait_for("the failure shows", lambda: self.metric("sluis_tls_reload_failed") == 1)
        self.assertEqual(self.peer_certificate(), former)
        self.authority.issue(self.folder, "server", "box", usage=SERVER)
        wait_for("the new certificate is shown", lambda: self.peer_certificate() != former)
        self.assertEqual(self.metric("sluis_tls_reload_failed"), 0)

    def test_a_certificate_can_be_withdrawn(self):
        lost = self.authority.issue(self.folder, "lost", "lost", unit="network")
        self.assertEqual(self.ask("lost", "GET", "/v1/status").status, 200)
        revocations = (self.folder / "crl.pem").read_bytes()
        self.addCleanup((self.folder / "crl.pem").write_bytes, revocations)
        (self.folder / "crl.pem").write_bytes(self.authority.revocations(self.revoked, lost))
        self.process.send_signal(signal.SIGHUP)

        def is_refused():
            try:
                self.ask("lost", "GET", "/v1/status")
                return False
            except (ssl.SSLError, ConnectionError, http.client.HTTPException):
                return True

        wait_for("the certificate is refused", is_refused)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
