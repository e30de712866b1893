#!/usr/bin/env python3
"""sluis-control that pulls from nginx and caddy, and from a mirror that stalls; killed wherever it hurts:
control_test.py BUILD"""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "bundle"), str(TESTS / "api")]
import certificates  # noqa: E402
import wire  # noqa: E402
from control_box import ControlBox, free_port, wait_for  # noqa: E402
from mirror import Files, Mirror, respond  # noqa: E402

BUILD = None
KILLS = 12


class PullingBox(ControlBox):
    """A box whose key set has a freshness key, and whose rules come from `mirrors`."""

    def __init__(self, folder, ca, mirrors, *, updates=""):
        urls = json.dumps(list(mirrors))
        super().__init__(BUILD, folder, extra_config=f"""
[updates]
mirrors = {urls}
ca = "{ca}"
directory = "{folder}/updates"
{updates}
""")
        self.fresh = wire.Key()
        self.write("factory.keyset", wire.envelope(wire.key_set(1, [self.root], [self.rule], freshness=[self.fresh]),
                                                   [self.root], wire.KEY_SET))

    def release(self, sequence, **changes):
        """A mirror's files with this bundle as the newest."""
        changes.setdefault("blobs", [wire.blob(wire.RULE_TEXT + f"# {sequence}\n" + "# filling\n" * 50_000, compression=0)])
        content = self.bundle(sequence, **changes)
        digest = hashlib.sha256(payload_of(content)).digest()
        now = int(time.time())
        note = wire.envelope(wire.freshness(sequence, digest, now - 100 + sequence, now + 86400), [self.fresh], wire.FRESHNESS)
        return {digest.hex() + ".bundle": content, "newest.note": note}

    def check(self):
        return self.finish(self.ask("POST", "/v1/updates/check"))

    def updates(self):
        return self.get("/v1/updates").json()

    def kill(self, process):
        self.started.remove(process)
        process.kill()
        process.wait()


def payload_of(envelope):
    """Field 1 of an envelope."""
    assert envelope[0] == 10
    length = shift = 0
    at = 1
    while True:
        length |= (envelope[at] & 127) << shift
        shift += 7
        at += 1
        if envelope[at - 1] < 128:
            return envelope[at:at + length]


class WebServer:
    """A real web server over a folder; ends what it started."""

    def __init__(self, kind, scratch, certificate):
        self.folder = scratch / kind
        self.published = 0
        self.root = self.folder / "rules"
        self.root.mkdir(parents=True)
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}/rules/"
        places = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(self.folder))
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(getattr(self, kind)(certificate), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, env={**os.environ, **places})
        wait_for(f"{kind} listens", self.listens)

    def listens(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def nginx(self, certificate):
        config = self.folder / "nginx.conf"
        temporary = "\n".join(f"{each}_temp_path {self.folder}/{each};"
                              for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config.write_text(f"""
daemon off; master_process off; pid {self.folder}/pid; error_log {self.folder}/errors;
events {{}}
http {{
    access_log {self.folder}/requests;
    {temporary}
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{self.port} ssl;
        ssl_certificate {certificate}.pem;
        ssl_certificate_key {certificate}.key;
        root {self.folder};
    }}
}}
""")
        return [shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-p", str(self.folder), "-c", str(config)]

    def caddy(self, certificate):
        config = self.folder / "Caddyfile"
        config.write_text(f"""
{{
    admin off
    auto_https off
}}
https://127.0.0.1:{self.port} {{
    bind 127.0.0.1
    tls {certificate}.pem {certificate}.key
    root * {self.folder}
    encode gzip
    file_server
}}
""")
        return ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]

    def publish(self, files):
        """The note last, as the README says; each in place of the former at once. Servers make entity tags of a file's
        size and second: two releases of one second would be one."""
        self.published += 1
        second = time.time() - 1000 + self.published
        for name, content in files.items():
            (self.folder / "new").write_bytes(content)
            os.utime(self.folder / "new", (second, second))
            (self.folder / "new").rename(self.root / name)

    def close(self):
        self.process.terminate()
        self.process.wait(30)


class PullingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluis-pulling-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        authority = certificates.Authority("mirrors")
        self.ca = self.folder / "ca.pem"
        self.ca.write_bytes(certificates.pem(authority.certificate))
        authority.issue(self.folder, "mirror", "mirror", usage=certificates.SERVER)

    def box(self, *mirrors, **options):
        made = PullingBox(self.folder / "box", self.ca, mirrors, **options)
        self.addCleanup(made.__exit__)
        return made

    def server(self, kind):
        made = WebServer(kind, self.folder, self.folder / "mirror")
        self.addCleanup(made.close)
        return made

    def mirror(self, answer):
        made = Mirror(self.folder / "mirror", answer)
        self.addCleanup(made.close)
        return made

    def test_from_nginx_and_caddy(self):
        nginx, caddy = self.server("nginx"), self.server("caddy")
        box = self.box(nginx.url, caddy.url)
        box.start_control()
        box.wait_for_ruleset(lambda r: r["compiled_digest"])
        for server in (nginx, caddy):
            server.publish(box.release(2))
        job = box.check()
        self.assertEqual(job["state"], "done", job)
        rules = box.wait_for_ruleset(lambda r: r["sequence"] == 2).json()
        self.assertEqual((rules["pending"], rules["confirmed_by"], rules["newest_sequence"]), (True, "health", 2))
        records = [line["audit"] for line in box.audit()]
        self.assertEqual([(r["who"], r["what"], r["stage"]) for r in records],
                         [("updates", "ruleset.install", "begun"), ("updates", "ruleset.install", "done")])
        # The next one waits for the end of the probation; caddy alone has it, and nginx is not lost for that.
        caddy.publish(box.release(3))
        self.assertEqual(box.check()["state"], "done")
        view = box.updates()
        self.assertEqual((view["stage"], view["newest_sequence"]), ("waits_for_probation", 3), view)
        self.assertEqual([m["cause"] for m in view["mirrors"]], ["none", "none"], view)
        box.finish(box.ask("POST", "/v1/ruleset/confirm"))
        box.wait_for_ruleset(lambda r: r["sequence"] == 3)
        self.assertEqual(box.check()["state"], "done")
        self.assertEqual(box.updates()["stage"], "up_to_date")
        requests = (nginx.folder / "requests").read_text()
        self.assertIn(' 304 ', requests)
        metrics = box.get("/metrics").body.decode()
        self.assertIn('sluis_updates_newest_sequence 3', metrics)
        self.assertIn('sluis_ruleset_probations_total{cause="confirmed"} 1', metrics)
        self.assertNotIn("127.0.0.1", metrics)
        done = subprocess.run(["promtool", "check", "metrics"], input=metrics.encode(), capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_asks_somebody(self):
        nginx = self.server("nginx")
        box = self.box(nginx.url, updates='install = "ask"')
        box.start_control()
        box.wait_for_ruleset(lambda r: r["compiled_digest"])
        nginx.publish(box.release(2))
        sluisctl = [box.build / "control/cli/sluisctl", "updates"]
        run = lambda *words: subprocess.run([*sluisctl, *words, "--runtime", box.runtime], capture_output=True,
                                            text=True, timeout=120)
        checked = run("check")
        self.assertEqual(checked.returncode, 0, checked)
        self.assertIn("waits_for_somebody", checked.stdout)
        self.assertIn("update_waits", {a["name"] for a in box.get("/v1/status").json()["alarms"]})
        self.assertEqual(box.get("/v1/ruleset").json()["sequence"], 1)
        self.assertEqual(run("install", "--sequence", "7").returncode, 4)
        installed = run("install", "--sequence", "2", "--comment", "CHG-4711")
        self.assertEqual(installed.returncode, 0, installed)
        rules = box.wait_for_ruleset(lambda r: r["sequence"] == 2).json()
        self.assertEqual((rules["pending"], rules["confirmed_by"]), (True, "somebody"))
        record = box.audit()[-1]["audit"]
        self.assertRegex(record["who"], r"^uid \d+")
        self.assertRegex(record["comment"], r"^pulled, 2 [0-9a-f]{64}: CHG-4711$")
        shown = run("status")
        self.assertIn("up_to_date", shown.stdout)
        self.assertIn(nginx.url, shown.stdout)
        self.assertEqual(run("install").returncode, 4)  # nothing waits

    def test_a_bundle_that_fails_its_tests_is_fetched_once(self):
        box = self.box("https://127.0.0.1:9/")
        bad = box.release(2, tests=[wire.self_test("example.com", rule="tiktok.com")])
        mirror = self.mirror(Files(bad))
        text = box.config.read_text().replace("https://127.0.0.1:9/", mirror.url)
        box.config.write_text(text)
        process = box.start_control()
        box.wait_for_ruleset(lambda r: r["compiled_digest"])
        box.check()
        self.assertEqual([r["name"] for r in box.updates()["refused"]], ["self_test_failed"])
        box.stop(process)
        box.start_control()
        box.wait_for_ruleset(lambda r: r["compiled_digest"])
        box.check()
        self.assertEqual(box.updates()["stage"], "refused")
        self.assertEqual(len([r for r in mirror.requests if r.path.endswith(".bundle")]), 1)
        self.assertIn("update_refused", {a["name"] for a in box.get("/v1/status").json()["alarms"]})

    def test_a_mirror_that_stalls_holds_up_nothing(self):
        box = self.box("https://127.0.0.1:9/")
        files = Files(box.release(2))
        reached = threading.Event()

        def stall(request, connection):
            if request.path.endswith(".note"):
                return files(request, connection)
            respond(connection, "200 OK", (), b"x", length=1_000_000)
            reached.set()
            time.sleep(60)

        mirror = self.mirror(stall)
        box.config.write_text(box.config.read_text().replace("https://127.0.0.1:9/", mirror.url))
        process = box.start_control()
        box.wait_for_ruleset(lambda r: r["compiled_digest"])
        box.ask("POST", "/v1/updates/check")
        self.assertTrue(reached.wait(60))
        wait_for("it is seen", lambda: box.updates()["stage"] == "downloading")
        self.assertEqual(box.get("/v1/status").status, 200)
        self.assertEqual(box.finish(box.post_bundle(box.bundle(5)))["state"], "done")
        self.assertEqual(box.finish(box.ask("POST", "/v1/ruleset/confirm"))["state"], "done")
        answers = [box.ask("POST", "/v1/updates/check").status for _ in range(6)]
        self.assertEqual((answers[0], answers[-1]), (202, 503))
        self.assertEqual(box.stop(process), 0)  # and its end, either

    def test_killed_wherever_it_hurts(self):
        box = self.box("https://127.0.0.1:9/")
        files = Files({})

        def slowly(request, connection):
            class Slow:
                @staticmethod
                def sendall(data):
                    for begin in range(0, len(data), 50_000):
                        connection.sendall(data[begin:begin + 50_000])
                        time.sleep(0.05)
            files(request, Slow)

        mirror = self.mirror(slowly)
        box.config.write_text(box.config.read_text().replace("https://127.0.0.1:9/", mirror.url))
        sequence = 1
        chance = random.Random(4711)
        for _ in range(KILLS):
            process = box.start_control()
            box.wait_for_ruleset(lambda r: r["compiled_digest"])
            if box.get("/v1/ruleset").json()["sequence"] == sequence:
                sequence += 1
                files.files = box.release(sequence)
            box.ask("POST", "/v1/updates/check")
            time.sleep(chance.uniform(0, 1.5))
            box.kill(process)
            self.look_right_after_a_kill(box, sequence)
        box.start_control()
        box.wait_for_ruleset(lambda r: r["compiled_digest"])
        if box.get("/v1/ruleset").json()["sequence"] == sequence:
            sequence += 1
            files.files = box.release(sequence)
        self.assertEqual(box.check()["state"], "done")
        rules = box.wait_for_ruleset(lambda r: r["sequence"] == sequence).json()
        self.assertEqual((rules["pending"], rules["confirmed_by"]), (True, "health"))
        self.assertEqual(box.check()["state"], "done")
        # What a kill left half written goes once it is a minute old.
        left = [p.name for p in (box.folder / "updates").iterdir()]
        self.assertEqual([name for name in left if not re.fullmatch(r"memory\.\w{6}", name)], ["memory"])
        self.assertTrue(any("range" in request.fields for request in mirror.requests), "no transfer was resumed")

    def look_right_after_a_kill(self, box, sequence):
        status = json.loads(subprocess.run(
            [box.build / "control/cli/sluisctl", "rules", "status", "-o", "json", "--store", box.folder / "store",
             "--factory", box.folder / "factory.bundle", "--factory-keys", box.folder / "factory.keyset", "--board",
             "testboard"], check=True, capture_output=True, text=True, timeout=60).stdout)
        self.assertLessEqual(status["sequence"], sequence)
        self.assertFalse({"state_rebuilt", "bundle_unusable"} & {a["alarm"] for a in status["alarms"]}, status)
        record = box.folder / "store/state.probation"
        if status["pending"]:  # who is to confirm it was not lost
            self.assertTrue(json.loads(record.read_text())["watched"]["by_health"])
            subprocess.run(
                [box.build / "control/cli/sluisctl", "rules", "confirm", "--store", box.folder / "store", "--factory",
                 box.folder / "factory.bundle", "--factory-keys", box.folder / "factory.keyset", "--board", "testboard"],
                check=True, capture_output=True, timeout=60)

    @unittest.skipUnless(os.environ.get("SLUIS_WITH_DATAPLANE", "1") == "1", "a dataplane is for another run")
    def test_a_dataplane_that_dies_takes_the_bundle_with_it(self):
        nginx = self.server("nginx")
        box = self.box(nginx.url)
        box.start_control()
        dataplane = box.start_dataplane()
        nginx.publish(box.release(2))
        self.assertEqual(box.check()["state"], "done")
        box.wait_for_ruleset(lambda r: r["sequence"] == 2 and r["pending"])
        time.sleep(3)  # a dataplane that lives changes nothing
        self.assertTrue(box.get("/v1/ruleset").json()["pending"])
        box.started.remove(dataplane)
        dataplane.kill()
        dataplane.wait()
        rules = box.wait_for_ruleset(lambda r: r["sequence"] == 1 and not r["pending"]).json()
        self.assertEqual((rules["last_probation"]["cause"], rules["last_probation"]["sequence"]), ("dataplane_gone", 2))
        last = box.audit()[-1]["audit"]
        self.assertEqual((last["who"], last["what"]), ("sluis-control", "ruleset.probation_over"))
        self.assertTrue(last["outcome"].startswith("dataplane_gone: "), last)
        self.assertIn('sluis_ruleset_probations_total{cause="dataplane_gone"} 1', box.get("/metrics").body.decode())
        box.check()
        self.assertEqual(box.updates()["stage"], "rolled_back")
        self.assertIn("update_rolled_back", {a["name"] for a in box.get("/v1/status").json()["alarms"]})


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
