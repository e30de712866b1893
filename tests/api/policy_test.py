"""The policy through the API: what is in force and why, what would change, what is refused, and who changed it. The
policy's clock is set by the test."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

from control_box import ControlBox, wait_for

BUILD = None
CONTROL = "tests/api/sluis-control-by-file-clock"
MARCH_27, SEPTEMBER_27 = 1679868000, 1695765600  # in Brussels
ZONES = """[policy]
time_zone = "Europe/Brussels"
[[zone]]
name = "tablets"
devices = "tablets.csv"
  [[zone.rule]]
  mode = "enforce"
  from = 2023-03-27
  review_by = 2023-09-27
[[zone]]
name = "visitors"
vlans = [20]
language = "nl"
  [[zone.rule]]
  mode = "monitor"
[[zone]]
name = "everybody"
[[allow]]
name = "www.tiktok.com"
owner = "press office"
reason = "our own"
until = 2023-06-01
"""
JOB_TOML = {"Content-Type": "application/toml"}


class PolicyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = ControlBox(BUILD, folder.name + "/box", control=CONTROL)
        self.addCleanup(self.box.__exit__)
        os.environ["SLUIS_TEST_CLOCK"] = str(self.box.folder / "clock")
        self.set_clock(MARCH_27 - 3600)
        self.box.write("tablets.csv", b"Owner,Wi-Fi MAC\nJan Peeters,00:00:5e:00:53:01\n")
        self.box.start_control()
        self.box.wait_for_ruleset(lambda r: r["compiled_digest"])

    def set_clock(self, seconds, synchronised=1):
        self.box.write("clock.new", f"{seconds} {synchronised}\n".encode()).rename(self.box.folder / "clock")

    def refused(self, answer, status, field=None):
        self.assertEqual((answer.status, answer.type), (status, "application/problem+json"), answer)
        self.assertEqual(answer.json().get("field"), field, answer)

    def post(self, text, query="", **headers):
        return self.box.ask("POST", "/v1/policy" + query, text.encode(), headers={**JOB_TOML, **headers})

    def install(self, text=ZONES, query=""):
        job = self.box.finish(self.post(text, query))
        self.assertEqual(job["state"], "done", job)

    def policy(self):
        return self.box.get("/v1/policy").json()

    def modes(self):
        """{zone: mode of "tiktok"}"""
        return {zone["name"]: mode["mode"] for zone in self.policy()["zones"] for mode in zone["categories"]
                if mode["category"] == "tiktok"}

    def sluisctl(self, *arguments):
        return subprocess.run([self.box.build / "control/cli/sluisctl", *map(str, arguments), "--runtime",
                               self.box.runtime], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def test_without_a_policy_it_says_so(self):
        policy = self.policy()
        self.assertEqual((policy["origin"], policy["zones"], policy["alarms"]), ("none", [], []))
        self.assertEqual(self.box.get("/v1/explain?name=www.tiktok.com").json()["verdict"], "block")

    def test_a_posted_policy_is_in_force_and_recorded(self):
        self.install(query="?comment=CHG-1")
        policy = self.policy()
        self.assertEqual((policy["origin"], policy["time_zone"], policy["next_change"], policy["clock_held"]),
                         ("file", "Europe/Brussels", MARCH_27, False))
        self.assertEqual([(zone["name"], zone["devices"], zone["language"]) for zone in policy["zones"]],
                         [("tablets", 1, ""), ("visitors", 0, "nl"), ("everybody", 0, "")])
        mode = policy["zones"][0]["categories"][0]
        self.assertEqual((mode["mode"], mode["state"], mode["from"], mode["line"]), ("off", "not_yet", MARCH_27, 6))
        self.assertEqual((mode["review_by"], mode["until"]), (SEPTEMBER_27, 0))
        mode = policy["zones"][1]["categories"][0]
        self.assertEqual((mode["from"], mode["review_by"], mode["until"]), (0, 0, 0))
        self.assertEqual([each["name"] for each in policy["allowed"]], ["www.tiktok.com"])
        self.assertEqual((self.box.folder / "policy.toml").read_text(), ZONES)
        records = [each["audit"] for each in self.box.audit()]
        self.assertEqual([(each["what"], each["stage"], each["comment"]) for each in records],
                         [("policy.install", "begun", "CHG-1"), ("policy.install", "done", "CHG-1")])
        self.assertRegex(records[0]["who"], r"^uid \d+, pid \d+$")
        self.assertEqual((records[1]["before"]["sha256"], records[1]["after"]["sha256"]), (None, policy["sha256"]))
        self.assertNotIn("Peeters", (self.box.folder / "policy/last-good").read_text(errors="replace"))

    def test_the_etag_is_the_policys_and_its_phases(self):
        none = self.box.get("/v1/policy").headers["ETag"]
        self.install()
        first = self.box.get("/v1/policy").headers["ETag"]
        self.assertNotEqual(first, none)
        self.refused(self.post(ZONES, **{"If-Match": none}), 412, "if-match")
        same = self.box.ask("GET", "/v1/policy", headers={"If-None-Match": first})
        self.assertEqual(same.status, 304)
        self.set_clock(MARCH_27)
        wait_for("the next phase", lambda: self.box.get("/v1/policy").headers["ETag"] != first)
        self.assertEqual(self.modes(), {"tablets": "enforce", "visitors": "monitor", "everybody": "off"})
        job = self.box.finish(self.post(ZONES, **{"If-Match": self.box.get("/v1/policy").headers["ETag"]}))
        self.assertEqual(job["state"], "done", job)

    def test_a_dry_run_says_what_would_change(self):
        self.install()
        before = self.box.get("/v1/policy").headers["ETag"]
        other = ZONES.replace('"monitor"', '"enforce"').replace("www.tiktok.com", "m.tiktok.com")
        job = self.box.finish(self.post(other, "?dry_run=1"))
        self.assertEqual((job["kind"], job["state"]), ("policy.dry_run", "done"))
        lines = job["message"].splitlines()
        for wanted in ("zone visitors: tiktok: monitor -> enforce", "no longer allowed: www.tiktok.com",
                       "allowed: m.tiktok.com until 2023-06-01T00:00:00+02:00", "next change: 2023-03-27T00:00:00+02:00"):
            self.assertIn(wanted, lines)
        self.assertEqual(self.box.get("/v1/policy").headers["ETag"], before)
        self.assertEqual((self.box.folder / "policy.toml").read_text(), ZONES)
        self.assertEqual(len(self.box.audit()), 2)

    def test_what_is_wrong_is_refused_with_every_place(self):
        self.install()
        for text, wanted in (("[[zone]]\nnaem = 'x'\nvlans = [5000]\n", ["policy.toml:2:1: ", "policy.toml:3:10: "]),
                             ("[[zone]\n", ["policy.toml:1:"]),
                             ('[[zone]]\nname = "x"\ndevices = "../passwd"\n', ["policy.toml:3:11: "]),
                             ('[[zone]]\nname = "x"\ndevices = "none.csv"\n', ["none.csv"]),
                             ('[[zone]]\nname = "x"\n[[zone.rule]]\ncategories = ["tiktak"]\nmode = "off"\n',
                              ["policy.toml:3:1: category 'tiktak'"]),
                             ("\xff", ["policy.toml:1:1: "])):
            job = self.box.finish(self.post(text))
            self.assertEqual((job["state"], job["error"]["name"]), ("failed", "policy_wrong"), job)
            for each in wanted:
                self.assertIn(each, job["error"]["message"])
        self.assertEqual((self.box.folder / "policy.toml").read_text(), ZONES)
        self.assertEqual(self.policy()["alarms"], [])

    def test_requests_that_are_wrong_are_refused(self):
        self.refused(self.box.ask("POST", "/v1/policy", ZONES.encode(), socket="ro", headers=JOB_TOML), 403)
        self.refused(self.box.ask("POST", "/v1/policy", b"{}", headers={"Content-Type": "application/json"}), 415,
                     "content-type")
        self.refused(self.box.ask("POST", "/v1/policy", b"", headers=JOB_TOML), 411, "content-length")
        self.refused(self.box.ask("POST", "/v1/policy", b" " * ((1 << 20) + 1), headers=JOB_TOML), 413, "content-length")
        self.refused(self.post(ZONES, "?dry_run=yes"), 400, "dry_run")
        self.refused(self.post(ZONES, "?comment=" + "x" * 501), 400, "comment")
        self.assertEqual(self.policy()["origin"], "none")

    def test_what_cannot_be_recorded_is_not_done(self):
        (self.box.folder / "audit.jsonl").mkdir()
        job = self.box.finish(self.post(ZONES))
        self.assertEqual((job["state"], job["error"]["name"]), ("failed", "audit_unwritable"))
        self.assertFalse((self.box.folder / "policy.toml").exists())

    def test_explains_by_zones(self):
        self.install()
        ask = lambda query: self.box.get("/v1/explain?" + query)  # noqa: E731
        self.refused(ask("name=m.tiktok.com"), 400, "client")
        base = "name=m.tiktok.com&client=10.0.0.1"
        for query, verdict, zone in ((base, "allow", "everybody"),
                                     (base + "&vlan=20", "monitor", "visitors"),
                                     (base + "&vlan=100,20", "monitor", "visitors"),
                                     (base + "&mac=00-00-5e-00-53-01", "allow", "tablets"),
                                     (base + "&mac=00-00-5e-00-53-01&at=2023-03-27", "block", "tablets"),
                                     (base.replace("m.", "x.www.") + "&vlan=20", "allow", "visitors")):
            found = ask(query).json()
            self.assertEqual((found["verdict"], found["zone"]), (verdict, zone), query)
        found = ask(base + "&vlan=20").json()
        self.assertEqual((found["by"], found["rules"][0]["mode"], found["rules"][0]["enforced"]),
                         (["VLAN 20"], "monitor", False))
        self.assertEqual(ask(base.replace("m.", "www.")).json()["allowed"]["reason"], "our own")
        self.assertEqual(self.box.get("/v1/explain?" + base, accept="application/x-protobuf").status, 200)
        for query, field in (("&client=x", "client"), ("&client=10.0.0.1&vlan=4095", "vlan"),
                             ("&client=10.0.0.1&vlan=1,2,3", "vlan"), ("&client=10.0.0.1&vlan=1,", "vlan"),
                             ("&client=10.0.0.1&mac=1", "mac"), ("&client=10.0.0.1&at=soon", "at")):
            self.refused(ask("name=m.tiktok.com" + query), 400, field)

    def test_metrics_have_dates_and_modes_and_no_names(self):
        self.install()
        self.set_clock(MARCH_27)
        wait_for("the phase", lambda: self.modes()["tablets"] == "enforce")
        body = self.box.get("/metrics").body
        done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        lines = body.decode().splitlines()
        for wanted in ('sluis_policy_mode{zone="tablets",category="tiktok"} 2',
                       'sluis_policy_mode{zone="visitors",category="tiktok"} 1',
                       f'sluis_policy_from_timestamp_seconds{{zone="tablets",category="tiktok"}} {MARCH_27}',
                       f'sluis_policy_review_timestamp_seconds{{zone="tablets",category="tiktok"}} {SEPTEMBER_27}',
                       f"sluis_policy_clock_timestamp_seconds {MARCH_27}", "sluis_policy_clock_held 0",
                       "sluis_policy_next_change_timestamp_seconds 1685570400",
                       'sluis_hand_over_offers_total{result="taken"} 0', "sluis_hand_over_reachable 0"):
            self.assertIn(wanted, lines)
        # A date that a rule does not have is in no sample, and not in 1970.
        for absent in ("sluis_policy_until_timestamp_seconds{", 'sluis_policy_from_timestamp_seconds{zone="visitors"',
                       'sluis_policy_review_timestamp_seconds{zone="visitors"'):
            self.assertNotIn(absent, body.decode())
        self.assertNotIn("tiktok.com", body.decode())
        self.assertNotIn("00:00:5e", body.decode())

    def test_a_clock_that_is_held_is_an_alarm(self):
        self.install()
        self.set_clock(MARCH_27, 0)
        wait_for("the alarm", lambda: "policy_clock" in {each["name"] for each in self.policy()["alarms"]})
        self.assertEqual(self.modes()["tablets"], "off")
        self.assertIn("policy_clock", {each["name"] for each in self.box.get("/v1/status").json()["alarms"]})
        self.assertIn(b"\nsluis_policy_clock_held 1\n", self.box.get("/metrics").body)

    def test_device_lists_and_sighup_are_followed(self):
        self.install()
        self.box.write("tablets.csv", b"Owner,Wi-Fi MAC\nJan Peeters,00:00:5e:00:53:01\nAn,00:00:5e:00:53:02\n")
        wait_for("both tablets", lambda: self.policy()["zones"][0]["devices"] == 2)
        # What changes without a trace is read again on SIGHUP.
        path = self.box.folder / "tablets.csv"
        seen = path.stat()
        with path.open("r+b") as file:
            file.seek(-2, os.SEEK_END)
            file.write(b"1")
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        self.box.started[0].send_signal(signal.SIGHUP)
        wait_for("one tablet", lambda: self.policy()["zones"][0]["devices"] == 1)

    def test_sluisctl_installs_shows_and_explains(self):
        shown = self.sluisctl("policy", "status")
        self.assertEqual((shown.returncode, shown.stdout),
                         (0, "no policy: [policy] of the configuration holds for everybody\n"), shown)
        path = self.box.write("next.toml", ZONES.encode())
        dry = self.sluisctl("policy", "install", path, "--dry-run")
        self.assertEqual(dry.returncode, 0, dry)
        self.assertIn("zone visitors: tiktok: off -> monitor\n", dry.stdout)
        self.assertFalse((self.box.folder / "policy.toml").exists())
        done = self.sluisctl("policy", "install", path, "--comment", "ours")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertIn("3 zones are in force", done.stdout)
        shown = self.sluisctl("policy", "status")
        self.assertRegex(shown.stdout, r"visitors +tiktok +monitor +by the rule at line 14\n")
        self.assertEqual(json.loads(self.sluisctl("policy", "status", "-o", "json").stdout)["origin"], "file")
        found = self.sluisctl("explain", "m.tiktok.com", "--client", "10.0.0.1", "--vlan", "20")
        self.assertEqual(found.returncode, 0, found)
        self.assertTrue(found.stdout.startswith("m.tiktok.com: monitor\n  zone visitors: VLAN 20\n"), found.stdout)
        wrong = self.box.write("wrong.toml", b"[[zone]]\nnaem = 'x'\nvlans = [5000]\n")
        refused = self.sluisctl("policy", "install", wrong)
        self.assertEqual((refused.returncode, refused.stdout), (4, ""), refused)
        self.assertGreaterEqual(refused.stderr.count("refused: policy_wrong: "), 2)
        self.assertEqual(self.sluisctl("explain", "m.tiktok.com").returncode, 4)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
