#!/usr/bin/env python3
"""What pulling makes of mirrors of every kind: hostile_test.py UPDATE_DRIVER"""

import pathlib
import select
import socket
import sys
import threading
import time
import unittest
import zlib

from mirror_case import NOTE, NOW, PATIENCE, Driver, MirrorCase
import wire
from mirror import Files, reset, respond


class GoodMirrors(MirrorCase):
    def test_a_newer_bundle_is_installed_once(self):
        files, name, content = self.release(2)
        mirror = self.mirror(files)
        driver = self.driver(mirror)
        view = driver.ask("check")
        self.installed(view)
        self.assertEqual((view["downloaded"], view["who"]), (len(content), "updates"))
        self.installed(driver.ask("check"))
        self.assertEqual([r.path for r in mirror.requests], [NOTE, "/rules/" + name, NOTE])
        self.assertIn("if-none-match", mirror.requests[2].fields)
        for request in mirror.requests:
            self.assertEqual(request.fields["accept-encoding"], "identity")
            self.assertFalse({"cookie", "authorization", "referer"} & request.fields.keys())

    def test_the_next_mirror_has_it(self):
        files, _, _ = self.release(2)
        bad = self.mirror(lambda _, c: respond(c, "500 Oh"))
        view = self.driver(bad, "https://127.0.0.1:9/", self.mirror(files)).ask("check")
        self.installed(view)
        self.assertEqual([m["cause"] for m in view["mirrors"]], ["status", "connect", "none"])

    def test_one_mirror_cannot_keep_the_newest_back(self):
        old, _, _ = self.release(1)
        new, _, _ = self.release(2)
        self.installed(self.driver(self.mirror(old), self.mirror(new)).ask("check"))

    def test_asks_before_it_installs(self):
        driver = self.driver(self.mirror(self.release(2)[0]), install="ask")
        view = driver.ask("check")
        self.assertEqual((view["stage"], view["sequence"], view["alarms"]), ("waits_for_somebody", 1, ["update_waits"]))
        view = driver.ask("install")
        self.installed(view)
        self.assertEqual(view["who"], "somebody")

    def test_installs_in_its_window(self):
        mirror = self.mirror(self.release(2)[0])
        driver = self.driver(mirror, window="22:00-04:00")
        self.assertEqual(driver.ask("check")["stage"], "waits_for_window")
        driver.ask("minute 1319")
        self.assertEqual(driver.ask("go-on")["sequence"], 1)
        driver.ask("minute 1320")
        self.installed(driver.ask("go-on"))
        self.assertEqual(len(mirror.requests), 2)

    def test_waits_for_the_end_of_a_probation(self):
        driver = self.driver(self.mirror(self.release(2)[0]))
        driver.ask("pending 1")
        self.assertEqual(driver.ask("check")["stage"], "waits_for_probation")
        driver.ask("pending 0")
        self.installed(driver.ask("go-on"))

    def test_goes_by_its_own_proxy_and_by_no_other(self):
        mirror = self.mirror(self.release(2)[0])
        dead = {name: "http://127.0.0.1:9" for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY")}
        self.installed(self.driver(mirror, environment=dead).ask("check"))
        asked = []

        def connect(request, client):
            asked.append(request.path)
            respond(client, "200 Connected", length=-1)
            with socket.create_connection(("127.0.0.1", mirror.port)) as server:
                client.settimeout(None)
                pairs = {client: server, server: client}
                while True:
                    for each in select.select(list(pairs), [], [])[0]:
                        data = each.recv(65536)
                        if not data:
                            return
                        pairs[each].sendall(data)

        proxy = self.mirror(connect, certificate=None)
        driver = self.driver(mirror, proxy=f"http://127.0.0.1:{proxy.port}")
        self.installed(driver.ask("check"))
        self.assertEqual(set(asked), {f"127.0.0.1:{mirror.port}"})
        proxy.answer = lambda _, c: respond(c, "407 No")
        driver.ask(f"now {NOW + 90000}")
        self.assertIn(driver.ask("check")["mirrors"][0]["cause"], ("connect", "transfer"))

    def test_follows_a_redirection_within_https(self):
        files, _, _ = self.release(2)
        target = self.mirror(files)
        first = self.mirror(lambda r, c: respond(c, "302 There", (
            f"Location: https://127.0.0.1:{target.port}{r.path}", "Set-Cookie: a=b; Path=/")))
        self.installed(self.driver(first).ask("check"))
        self.assertNotIn("cookie", target.requests[-1].fields)


class Transfers(MirrorCase):
    def cut(self, files, name, at, end):
        """The first answer for the bundle ends behind `at` bytes; later ones are whole."""
        cuts = [at]

        def answer(request, connection):
            if request.path == "/rules/" + name and cuts:
                content = files.files[name]
                respond(connection, "200 OK", (), content[:cuts.pop()], length=len(content))
                self.wait_for_part(name, at)
                return end(connection)
            files(request, connection)
        return answer

    def wait_for_part(self, name, size):
        """What was sent has to arrive before the end does."""
        part = pathlib.Path(self.state) / name.replace(".bundle", ".part")
        end = time.monotonic() + PATIENCE
        while (not part.exists() or part.stat().st_size < size) and time.monotonic() < end:
            time.sleep(0.01)

    def test_goes_on_where_it_broke(self):
        for end in (reset, lambda c: None):
            files, name, content = self.release(2)
            mirror = self.mirror(self.cut(files, name, 100_000, end))
            driver = self.driver(mirror)
            self.failed(driver.ask("check"), "transfer")
            self.assertEqual(self.downloads(), [".part"])
            view = driver.ask("check")
            self.installed(view)
            self.assertEqual(mirror.requests[-1].fields["range"], "bytes=100000-")
            self.assertEqual(view["downloaded"], len(content))
            driver.close()

    def test_goes_on_after_a_kill(self):
        files, name, content = self.release(2)
        half = threading.Event()

        def slow(request, connection):
            if request.path != "/rules/" + name or half.is_set():
                return files(request, connection)
            respond(connection, "200 OK", (), content[:200_000], length=len(content))
            self.wait_for_part(name, 200_000)
            half.set()
            time.sleep(5)

        mirror = self.mirror(slow)
        driver = self.driver(mirror)
        driver.send("check")
        self.assertTrue(half.wait(PATIENCE))
        driver.kill()
        self.assertEqual(self.downloads(), [".part"])
        self.installed(self.driver(mirror).ask("check"))
        self.assertEqual(mirror.requests[-1].fields["range"], "bytes=200000-")

    def test_a_mirror_that_ignores_ranges(self):
        files, name, content = self.release(2)
        whole = self.cut(files, name, 50_000, reset)

        def answer(request, connection):
            request.fields.pop("range", None)
            whole(request, connection)

        driver = self.driver(self.mirror(answer))
        self.failed(driver.ask("check"), "transfer")
        self.installed(driver.ask("check"))

    def test_wrong_ranges(self):
        files, name, content = self.release(2)
        size = len(content)
        for line in (f"bytes 0-{size - 1}/{size}", f"bytes 49999-{size - 1}/{size}", f"bytes 50000-60000/{size}",
                     f"bytes 50000-{size - 1}/*", f"bytes 50000-{1 << 40}/{(1 << 40) + 1}", "bytes 9-5/10", "", "x"):
            broken = self.cut(files, name, 50_000, reset)
            lies = []

            def answer(request, connection, line=line, broken=broken, lies=lies):
                if "range" not in request.fields:
                    return broken(request, connection)
                lies.append(line)
                respond(connection, "206 Partial Content", (f"Content-Range: {line}",), content[50_000:])

            driver = self.driver(self.mirror(answer))
            self.failed(driver.ask("check"), "transfer")
            with self.subTest(line=line):
                self.installed(driver.ask("check"))  # begun anew at once, or with the next one
                self.assertEqual(lies, [line])
            driver.close()

    def test_a_part_that_is_too_long_already(self):
        files, name, _ = self.release(2)
        (pathlib.Path(self.state) / name.replace(".bundle", ".part")).write_bytes(b"x" * 2_000_000)
        mirror = self.mirror(files)
        self.installed(self.driver(mirror).ask("check"))
        self.assertEqual([r.fields.get("range") for r in mirror.requests], [None, "bytes=2000000-", None])

    def test_a_part_that_another_mirror_spoiled(self):
        files, name, content = self.release(2)
        (pathlib.Path(self.state) / name.replace(".bundle", ".part")).write_bytes(b"x" * 1000)
        self.installed(self.driver(self.mirror(files)).ask("check"))

    def test_a_status_with_a_part(self):
        files, name, _ = self.release(2)
        part = pathlib.Path(self.state) / name.replace(".bundle", ".part")
        part.write_bytes(b"x" * 1000)
        only_note = Files({"newest.note": files.files["newest.note"]})
        self.failed(self.driver(self.mirror(only_note)).ask("check"), "status")
        self.assertEqual(part.stat().st_size, 1000)

    def test_what_is_of_no_use_is_removed(self):
        for name in ("0" * 64 + ".part", "1" * 64 + ".bundle"):
            (pathlib.Path(self.state) / name).write_bytes(b"x")
        self.installed(self.driver(self.mirror(self.release(2)[0])).ask("check"))


class HostileMirrors(MirrorCase):
    def fails(self, answer, cause, certificate="right", **options):
        mirror = self.mirror(answer, certificate)
        driver = self.driver(mirror, **options)
        view = driver.ask("check")
        self.failed(view, cause)
        driver.close()
        return mirror, view

    def test_certificates(self):
        files, _, _ = self.release(2)
        for certificate in ("expired", "foreign", "client", None):
            with self.subTest(certificate=certificate):
                mirror, _ = self.fails(files, "tls", certificate)
                self.assertEqual(mirror.requests if certificate else [], [])
        self.fails(files, "tls", ca="")  # the system does not know this authority
        named = self.mirror(files)
        view = self.driver(f"https://localhost:{named.port}/rules/").ask("check")
        self.failed(view, "tls")  # the certificate is for 127.0.0.1 only
        self.assertEqual(named.requests, [])

    def test_notes_without_an_end(self):
        def endless(fields):
            def answer(_, connection):
                respond(connection, "200 OK", fields, b"", length=-1)
                while True:
                    connection.sendall(b"400\r\n" + b"x" * 0x400 + b"\r\n")
            return answer

        self.fails(endless(("Transfer-Encoding: chunked",)), "size")
        self.fails(endless(()), "size")
        self.fails(lambda _, c: respond(c, "200 OK", (), b"x" * 100, length=10**12), "size")
        self.fails(lambda _, c: respond(c, "200 OK", (), b"x" * 5000), "size")

        def heads(_, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"X-More: " + b"x" * 900 + b"\r\n")
        self.fails(heads, "size")

    def test_bundles_without_an_end(self):
        files, name, content = self.release(2)

        def answer(request, connection):
            if request.path != "/rules/" + name:
                return files(request, connection)
            respond(connection, "200 OK", (), content, length=-1)
            while True:
                connection.sendall(bytes(1 << 20))

        mirror, view = self.fails(answer, "size")
        self.assertLessEqual(view["downloaded"], 65 << 20)
        self.assertLessEqual(sum(p.stat().st_size for p in pathlib.Path(self.state).iterdir()), 65 << 20)
        mirror, view = self.fails(lambda r, c: files(r, c) if r.path == NOTE else respond(
            c, "200 OK", (), b"x", length=(64 << 20) + 1), "size")
        self.assertEqual(view["downloaded"], 0)

    def test_drips(self):
        def drip_head(_, connection):
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.1)

        def drip_body(_, connection):
            respond(connection, "200 OK", (), b"", length=3000)
            for _ in range(1000):
                connection.sendall(b"x")
                time.sleep(0.1)

        def mute(_, connection):
            time.sleep(20)

        for answer in (drip_head, drip_body, mute):
            self.fails(answer, "timeout")
        plain = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(plain.close)
        self.failed(self.driver(f"https://127.0.0.1:{plain.getsockname()[1]}/").ask("check"), "timeout")

    def test_redirections(self):
        mirror, _ = self.fails(lambda r, c: respond(c, "302 Round", (f"Location: {r.path}",)), "redirect")
        self.assertEqual(len(mirror.requests), 4)
        plain = self.mirror(self.release(2)[0], certificate=None)
        for target in (f"http://127.0.0.1:{plain.port}{NOTE}", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x/"):
            with self.subTest(target=target):
                self.fails(lambda _, c, t=target: respond(c, "301 Away", (f"Location: {t}",)), "redirect")
        self.assertEqual(plain.requests, [])
        self.fails(lambda _, c: respond(c, "302 Nowhere"), "status")

    def test_statuses(self):
        for status in ("500 Oh", "404 No", "403 No", "204 Nothing", "206 Partial Content", "304 Not Modified", "416 No"):
            with self.subTest(status=status):
                self.fails(lambda _, c, s=status: respond(c, s, (), b""), "status")
        _, view = self.fails(lambda _, c: respond(c, "503 Later", ("Retry-After: 7200",), b"x"), "status")
        self.assertEqual(view["mirrors"][0]["note_retry_at"], NOW + 7200)
        _, view = self.fails(lambda _, c: respond(c, "503 Later", ("Retry-After: 99999999999",), b"x"), "status")
        self.assertEqual(view["mirrors"][0]["note_retry_at"], NOW + 86400)

    def test_no_http(self):
        for data in (b"", b"\0" * 100, b"SSH-2.0-x\r\n", b"HTTP/0.9 200\r\n\r\nx", b"x\r\n\r\n" * 10):
            with self.subTest(data=data):
                self.fails(lambda _, c, d=data: c.sendall(d), "transfer")
        self.fails(lambda _, c: respond(c, "200 OK", ("Content-Length: 3",), b"abcd"), "transfer")

    def test_nothing_is_decoded(self):
        files, _, _ = self.release(2)
        note = files.files["newest.note"]
        bomb = zlib.compress(bytes(50_000_000), 9)[:4000]
        for body in (zlib.compress(note), bomb):
            self.fails(lambda _, c, b=body: respond(c, "200 OK", ("Content-Encoding: deflate",), b), "note")

    def test_notes_that_are_not_right(self):
        payload = self.payload(2)
        good = self.note(2, payload)
        for name, note in {"unsigned": wire.message(wire.freshness(2, bytes(32), NOW, NOW + 9)),
                           "another key": self.note(2, payload, key=self.rule), "bytes": good + b"\0",
                           "cut": good[:-1], "empty": b"", "future": self.note(2, payload, issued=NOW + 90000,
                                                                               expires=NOW + 99000),
                           "expired": self.note(2, payload, issued=NOW - 9000, expires=NOW - 1)}.items():
            with self.subTest(name=name):
                self.fails(Files({"newest.note": note}), "note")

    def test_a_mirror_that_goes_back(self):
        new, _, _ = self.release(3)
        mirror = self.mirror(new)
        driver = self.driver(mirror)
        self.installed(driver.ask("check"), 3)
        payload = self.payload(2)
        mirror.answer = Files({"newest.note": self.note(2, payload, issued=NOW - 600)})
        view = driver.ask("check")
        self.assertEqual((view["mirrors"][0]["cause"], view["sequence"], view["alarms"]), ("older", 3, []))
        driver.ask(f"now {NOW + 3600}")
        self.assertIn("mirror_older", driver.ask("check")["alarms"])
        mirror.answer = new
        self.assertNotIn("mirror_older", driver.ask("check")["alarms"])

    def test_a_mirror_that_stands_still(self):
        """It says for ever that nothing has changed."""
        mirror = self.mirror(self.release(2)[0])
        driver = self.driver(mirror)
        self.installed(driver.ask("check"))
        mirror.answer = lambda _, c: respond(c, "304 Not Modified")
        self.assertEqual(driver.ask("check")["mirrors"][0]["cause"], "none")
        driver.ask(f"now {NOW + 86400}")  # the note has expired
        view = driver.ask("check")
        self.failed({**view, "sequence": 1}, "status")
        self.assertNotIn("if-none-match", mirror.requests[-1].fields)
        driver.ask(f"now {NOW + 86400 + 90000}")
        self.assertIn("updates_stale", driver.ask("check")["alarms"])

    def test_bundles_that_are_not_the_one(self):
        files, name, content = self.release(2)
        payload = self.payload(2)
        for wrong in (wire.envelope(payload, [wire.Key()]), wire.message(payload), self.release(3)[2], b"x", b"",
                      content + b"\0"):
            bad = self.mirror(Files({**files.files, name: wrong}))
            driver = self.driver(bad)
            self.failed(driver.ask("check"), "bundle")
            asked = len(bad.requests)
            self.assertEqual(driver.ask("check")["refused"], [])
            self.assertEqual(len(bad.requests), asked + 1)  # not downloaded from there again
            driver.close()
            # Nor does one mirror's lie keep the bundle of another away.
            self.installed(self.driver(bad, self.mirror(files)).ask("check"))

    def test_a_bundle_that_is_refused_is_left_alone(self):
        files, name, _ = self.release(2, product="other")
        mirror = self.mirror(files)
        driver = self.driver(mirror)
        view = driver.ask("check")
        self.assertEqual((view["stage"], view["refused"], view["alarms"]),
                         ("refused", [[name.removesuffix(".bundle"), 303]], ["update_refused"]))
        driver.close()
        again = self.driver(mirror)
        self.assertEqual(again.ask("check")["stage"], "refused")
        self.assertEqual([r.path for r in mirror.requests], [NOTE, "/rules/" + name, NOTE])
        mirror.answer = self.release(3)[0]
        self.installed(again.ask("check"), 3)

    def test_failing_mirrors_are_left_alone_for_longer_and_longer(self):
        mirror = self.mirror(lambda _, c: respond(c, "500 Oh"))
        driver = self.driver(mirror)
        waits, now = [], NOW
        for _ in range(12):
            view = driver.ask("check-due")
            waits.append(view["mirrors"][0]["note_retry_at"] - now)
            before = len(mirror.requests)
            driver.ask(f"now {now + waits[-1] - 1}")
            driver.ask("check-due")
            self.assertEqual(len(mirror.requests), before)
            now += waits[-1]
            driver.ask(f"now {now}")
        self.assertEqual(waits[:4], [45, 90, 180, 360])
        self.assertEqual(waits[-1], 10800)


if __name__ == "__main__":
    Driver.program = sys.argv.pop(1)
    unittest.main(verbosity=2)
