"""What sluis-control answers on its two sockets, and what its jobs do to the store, the compiled set and the audit
record."""

import json
import subprocess
import sys
import tempfile
import unittest

from control_box import ControlBox, wait_for, wire

BUILD = None


class EndpointsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = ControlBox(BUILD, folder.name + "/box")
        self.addCleanup(self.box.__exit__)

    def refused(self, answer, status, field=None):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.type, "application/problem+json", answer)
        self.assertEqual(answer.json().get("field"), field, answer)

    def test_without_a_dataplane_it_says_so(self):
        self.box.start_control()
        status = self.box.get("/v1/status").json()
        self.assertFalse(status["dataplane"]["running"])
        self.assertIn("dataplane_down", {alarm["name"] for alarm in status["alarms"]})
        for path in ("/v1/ports", "/v1/stats", "/v1/stats/drops", "/healthz"):
            self.refused(self.box.get(path), 503)
        self.assertIn(b"\nsluis_dataplane_up 0\n", self.box.get("/metrics").body)

    def test_with_a_dataplane_it_shows_its_counters_and_notices_its_end(self):
        self.box.start_control()
        dataplane = self.box.start_dataplane()
        status = self.box.get("/v1/status").json()
        self.assertEqual(status["dataplane"]["pid"], dataplane.pid)
        self.assertEqual((status["dataplane"]["workers"], status["dataplane"]["moving_workers"]), (1, 1))
        self.assertEqual(status["dataplane"]["rule_digest"], self.box.get("/v1/ruleset").json()["compiled_digest"])
        self.assertEqual([(p["pair"], p["side"]) for p in self.box.get("/v1/ports").json()["ports"]],
                         [("pair0", "inside"), ("pair0", "outside")])
        first = self.box.get("/v1/stats").json()["total"]["heartbeat"]
        wait_for("the heartbeat moves", lambda: self.box.get("/v1/stats").json()["total"]["heartbeat"] > first)
        counters = json.loads(subprocess.run(
            [self.box.build / "control/cli/sluisctl", "counters", "-o", "json", "--runtime", self.box.runtime],
            capture_output=True, check=True, text=True, timeout=60).stdout)
        reasons = {r["reason"]: r["meaning"] for r in self.box.get("/v1/stats/drops").json()["reasons"]}
        self.assertEqual(reasons, {k: v for k, v in counters["reasons"].items() if k != "none"})
        self.box.stop(dataplane)
        self.assertFalse(self.box.get("/v1/status").json()["dataplane"]["running"])
        self.refused(self.box.get("/healthz"), 503)

    def test_metrics_are_as_prometheus_wants_them(self):
        self.box.start_control()
        self.box.start_dataplane()
        text = self.box.get("/metrics").body
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        lines = text.decode().splitlines()
        names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(name.startswith("sluis_") for name in names), names)
        samples = [line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")]
        self.assertEqual(len(samples), len(set(samples)))
        self.assertNotIn("tiktok.com", text.decode())
        for wanted in ('sluis_names_total{protocol="quic",verdict="blocked"} 0', "sluis_ruleset_sequence 1",
                       'sluis_drops_total{reason="no_frame",kind="resource"} 0'):
            self.assertIn(wanted, lines)

    def test_installs_confirms_and_rolls_back(self):
        self.box.start_control()
        before = self.box.wait_for_ruleset(lambda r: r["compiled_digest"]).json()
        self.assertEqual((before["in_force"], before["sequence"]), ("factory", 1))
        other = wire.RULE_TEXT.replace("tiktokcdn.com", "tiktokv.com")
        bundle = self.box.bundle(7, min_sequence=5, blobs=[wire.blob(other)])
        done = self.box.finish(self.box.post_bundle(bundle, "?comment=from%20the%20test"))
        self.assertEqual(done["state"], "done", done)
        after = self.box.wait_for_ruleset(lambda r: r["sequence"] == 7).json()
        self.assertTrue(after["pending"])
        self.assertNotEqual(after["compiled_digest"], before["compiled_digest"])
        again = self.box.finish(self.box.post_bundle(self.box.bundle(8)))
        self.assertEqual((again["state"], again["error"]["name"]), ("failed", "already_pending"))
        self.assertEqual(self.box.finish(self.box.ask("POST", "/v1/ruleset/confirm"))["state"], "done")
        self.assertEqual(self.box.wait_for_ruleset(lambda r: not r["pending"]).json()["floor"], 5)
        self.box.finish(self.box.post_bundle(self.box.bundle(9)))
        self.box.finish(self.box.ask("POST", "/v1/ruleset/rollback"))
        back = self.box.wait_for_ruleset(lambda r: r["sequence"] == 7 and r["rolled_back_sha256"]).json()
        self.assertEqual(back["in_force"], "current")
        self.box.wait_for_ruleset(lambda r: r["compiled_digest"] == after["compiled_digest"])

        records = [r["audit"] for r in self.box.audit()]
        self.assertEqual([(r["what"], r["stage"]) for r in records],
                         [("ruleset.install", "begun"), ("ruleset.install", "done"), ("ruleset.install", "begun"),
                          ("ruleset.install", "failed"), ("ruleset.confirm", "begun"), ("ruleset.confirm", "done"),
                          ("ruleset.install", "begun"), ("ruleset.install", "done"), ("ruleset.rollback", "begun"),
                          ("ruleset.rollback", "done")])
        self.assertEqual(records[1]["comment"], "from the test")
        self.assertRegex(records[1]["who"], r"^uid \d+, pid \d+$")
        self.assertEqual((records[1]["before"]["sequence"], records[1]["after"]["sequence"]), (0, 7))

    def test_a_dry_run_changes_nothing(self):
        self.box.start_control()
        before = self.box.wait_for_ruleset(lambda r: r["sequence"] == 1).json()
        good = self.box.finish(self.box.post_bundle(self.box.bundle(2), "?dry_run=1"))
        self.assertEqual((good["kind"], good["state"]), ("ruleset.dry_run", "done"))
        bad = self.box.finish(self.box.post_bundle(self.box.bundle(2, keys=[wire.Key()]), "?dry_run=1"))
        self.assertEqual((bad["state"], bad["error"]["code"]), ("failed", 201))
        self.assertEqual(self.box.get("/v1/ruleset").json()["current"], before["current"])
        self.assertEqual(self.box.audit(), [])
        self.refused(self.box.post_bundle(self.box.bundle(2), "?dry_run=yes"), 400, "dry_run")

    def test_rolls_back_what_nobody_confirms(self):
        self.box.start_control()
        self.box.wait_for_ruleset(lambda r: r["sequence"] == 1)
        for wrong in ("-1", "1.5", "2592001", "x", ""):
            self.refused(self.box.post_bundle(self.box.bundle(2), f"?probation={wrong}"), 400, "probation")
        self.assertEqual(self.box.finish(self.box.post_bundle(self.box.bundle(2), "?probation=3"))["state"], "done")
        pending = self.box.wait_for_ruleset(lambda r: r["sequence"] == 2).json()
        self.assertEqual(pending["probation_end"], pending["pending_since"] + 3)
        self.box.wait_for_ruleset(lambda r: r["sequence"] == 1 and not r["pending"] and not r["probation_end"])
        last = self.box.audit()[-1]["audit"]
        self.assertEqual((last["who"], last["what"]), ("sluis-control", "ruleset.probation_over"))
        self.assertEqual((last["before"]["sequence"], last["after"]["sequence"]), (2, 0))

    def test_nothing_is_changed_on_a_wrong_belief(self):
        self.box.start_control()
        stale = self.box.wait_for_ruleset(lambda r: r["sequence"] == 1).headers["ETag"]
        self.assertEqual(self.box.finish(self.box.post_bundle(self.box.bundle(2), headers={"If-Match": stale}))["state"],
                         "done")
        fresh = self.box.wait_for_ruleset(lambda r: r["sequence"] == 2).headers["ETag"]
        self.assertNotEqual(stale, fresh)
        for path in ("/v1/ruleset/confirm", "/v1/ruleset/rollback"):
            self.refused(self.box.ask("POST", path, headers={"If-Match": stale}), 412, "if-match")
        job = self.box.finish(self.box.ask("POST", "/v1/ruleset/confirm", b'{"sequence": 3}',
                                           headers={"Content-Type": "application/json"}))
        self.assertEqual((job["state"], job["error"]["name"]), ("failed", "changed_meanwhile"))
        self.assertTrue(self.box.get("/v1/ruleset").json()["pending"])
        job = self.box.finish(self.box.ask("POST", "/v1/ruleset/confirm", b'{"sequence": 2}',
                                           headers={"Content-Type": "application/json", "If-Match": fresh}))
        self.assertEqual(job["state"], "done")

    def test_nothing_is_changed_that_cannot_be_recorded(self):
        self.box.start_control()
        self.box.wait_for_ruleset(lambda r: r["sequence"] == 1)
        (self.box.folder / "audit.jsonl").mkdir()
        job = self.box.finish(self.box.post_bundle(self.box.bundle(2)))
        self.assertEqual((job["state"], job["error"]["name"]), ("failed", "audit_unwritable"))
        self.assertIsNone(self.box.get("/v1/ruleset").json()["current"])

    def test_takes_up_what_others_install(self):
        self.box.start_control()
        before = self.box.wait_for_ruleset(lambda r: r["compiled_digest"]).json()
        path = self.box.write("new.bundle", self.box.bundle(4, blobs=[
            wire.blob(wire.RULE_TEXT.replace("tiktokcdn.com", "tiktokv.com"))]))
        subprocess.run([self.box.build / "control/cli/sluisctl", "rules", "install", path, "--store",
                        self.box.folder / "store", "--factory", self.box.folder / "factory.bundle", "--factory-keys",
                        self.box.folder / "factory.keyset", "--board", "testboard"], check=True, capture_output=True,
                       timeout=60)
        self.box.wait_for_ruleset(
            lambda r: r["sequence"] == 4 and r["compiled_digest"] != before["compiled_digest"])

    def test_firmware_is_asked_for_by_an_address_only(self):
        self.box.start_control()

        def post(body, path="/v1/firmware", **more):
            return self.box.ask("POST", path, json.dumps(body).encode(), headers={"Content-Type": "application/json"}, **more)

        for source in ("", "/data/box.raucb", "file:///data/box.raucb", "https://", "https:///x", "http://me:secret@a.example/",
                       "https://a.example/a b", "https://a.example/\u00e9", "https://a.example/" + "x" * 2000, 5):
            with self.subTest(source):
                self.refused(post({"source": source}), 400, "source")
        self.refused(post({"source": "https://a.example/", "comment": "x" * 501}), 400, "comment")
        self.refused(post({"source": "https://a.example/", "url": "x"}), 400, "url")
        for path in ("/v1/firmware", "/v1/firmware/confirm", "/v1/firmware/restart"):
            self.assertEqual(post({"source": "https://a.example/"}, path, socket="ro").status, 403)
        self.assertNotEqual(self.box.get("/v1/firmware").json()["trouble"], "")
        for path, body in (("", {"source": "https://user.example/x@y"}), ("/confirm", {}), ("/restart", {"comment": "x"})):
            job = self.box.finish(post(body, "/v1/firmware" + path))
            self.assertEqual(job["error"]["name"], "no_rauc", job)
        self.assertFalse((self.box.runtime / "restart-box").exists())

    def test_a_factory_reset_needs_its_word(self):
        self.box.start_control()

        def post(body, **more):
            return self.box.ask("POST", "/v1/factory-reset", json.dumps(body).encode(),
                                headers={"Content-Type": "application/json"}, **more)

        for confirm in ("", "yes", "Forget", " forget"):
            self.refused(post({"confirm": confirm}), 400, "confirm")
        self.refused(post({}), 400, "confirm")
        self.assertEqual(post({"confirm": "forget"}, socket="ro").status, 403)
        self.assertEqual(self.box.finish(post({"confirm": "forget"}))["error"]["name"], "no_rauc")
        self.assertFalse((self.box.runtime / "reset-box").exists())

    def test_a_backup_needs_a_certificate(self):
        self.box.start_control()
        self.refused(self.box.get("/v1/backup", socket="rw"), 404)
        job = self.box.finish(self.box.ask("POST", "/v1/backup", b"{}", headers={"Content-Type": "application/json"}))
        self.assertEqual(job["error"]["name"], "not_signed", job)
        self.refused(self.box.get("/v1/backup", socket="rw"), 404)
        self.assertEqual([line["audit"]["stage"] for line in self.box.audit() if line["audit"]["what"] == "backup.make"],
                         ["begun", "failed"])

    def test_explains_names(self):
        self.box.start_control()
        self.box.wait_for_ruleset(lambda r: r["compiled_digest"])
        found = self.box.get("/v1/explain?name=WWW.TikTok.com.").json()
        self.assertEqual((found["name"], found["verdict"]), ("www.tiktok.com", "block"))
        self.assertEqual([(r["rule"], r["category"], r["enforced"], r["comment"]) for r in found["rules"]],
                         [("tiktok.com", "tiktok", True, "the site")])
        self.assertEqual(self.box.get("/v1/explain?name=example.org").json()["verdict"], "allow")
        self.assertEqual(self.box.get("/v1/explain?name=%ff%00%22").status, 200)
        self.refused(self.box.get("/v1/explain"), 400, "name")
        self.refused(self.box.get("/v1/explain?name=" + "a" * 2000), 400, "name")
        # Without a policy they make no difference, and are said to be wrong all the same.
        for field, value in (("client", "192.0.2.256"), ("vlan", "4095"), ("vlan", "1,2,3"), ("mac", "02:00"), ("at", "noon")):
            self.refused(self.box.get(f"/v1/explain?name=example.org&{field}={value}"), 400, field)
        good = "client=2001:db8::1&vlan=20,7&mac=02:00:00:00:00:09&at=2026-03-27"
        self.assertEqual(self.box.get("/v1/explain?name=example.org&" + good).json()["verdict"], "allow")

    def test_the_configuration_is_read_strictly(self):
        for line, complaint in (("[api]\ncertificat = 'x'", 'unknown key "certificat" in [api]; the nearest known one is '
                                                             '"certificate"'),
                                ("[api]\ncertificate = '/x'", "[api] needs certificate, key and client_ca together"),
                                ("[contol]\n", 'unknown table "contol"')):
            path = self.box.write("wrong.toml", self.box.config_text(line).encode())
            done = subprocess.run([self.box.build / "control/main/sluis-control", "--check", "--config", path],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done)
            self.assertIn(complaint, done.stderr)
        dataplane = subprocess.run([self.box.build / "dataplane/sluis-dataplane", "--check", "--config", path],
                                   capture_output=True, text=True, timeout=60)
        self.assertIn('unknown table "contol"', dataplane.stderr)

    def test_a_second_one_does_not_take_the_sockets(self):
        self.box.start_control()
        done = subprocess.run([self.box.build / "control/main/sluis-control", "--config", self.box.config],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another sluis-control", done.stderr)
        self.assertEqual(self.box.get("/v1/status").status, 200)

    def test_begins_again_after_a_kill(self):
        process = self.box.start_control()
        self.box.wait_for_ruleset(lambda r: r["sequence"] == 1)
        self.assertEqual(self.box.post_bundle(self.box.bundle(2)).status, 202)
        process.kill()
        process.wait()
        self.box.start_control()
        rules = self.box.wait_for_ruleset(lambda r: r["compiled_digest"]).json()
        self.assertIn((rules["sequence"], rules["pending"]), [(1, False), (2, True)])


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
