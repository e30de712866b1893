"""What is in force reaches the dataplane by itself: bundles, policies and their phases, restarts of either process.
Usage: live_test.py BUILD [TEST…]"""

import json
import subprocess
import sys
import tempfile
import unittest

from delivery_box import START, DeliveryBox, problems, wait_for

BUILD = None
DAY = 86400
ZONES = """
[[zone]]
name = "office"
prefixes = ["192.0.2.0/24"]
  [[zone.rule]]
  mode = "monitor"
  until = 2023-03-27T00:00:00Z
  [[zone.rule]]
  mode = "enforce"
  from = 2023-03-27T00:00:00Z
  review_by = 2023-09-27T00:00:00Z
[[zone]]
name = "everybody"
"""
MARCH_27 = 1679875200
SEPTEMBER_27 = 1695772800
ALLOW = """
[[allow]]
name = "b.example"
owner = "press office"
reason = "our own"
until = 2023-04-01T00:00:00Z
"""
APRIL_1 = 1680307200


class LiveTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = DeliveryBox(BUILD, folder.name + "/box")
        self.addCleanup(self.box.__exit__)

    def start(self):
        self.control = self.box.start_control()
        self.dataplane = self.box.start_dataplane()
        self.box.wait_until_in_use()

    def install_policy(self, text):
        job = self.box.finish(self.box.post_policy(text))
        self.assertEqual(job["state"], "done", job)
        self.box.wait_until_in_use()

    def end(self):
        accounts = self.box.end_dataplane(self.dataplane)
        self.assertEqual([], problems(accounts))
        self.assertTrue(accounts)
        for account in accounts:
            self.assertEqual(account["drops"], account.get("drop.rule", 0), account)

    def sluisctl(self, *arguments):
        return subprocess.run([self.box.build / "control/cli/sluisctl", *map(str, arguments), "--runtime",
                               self.box.runtime], capture_output=True, text=True, timeout=120)

    def test_a_bundle_is_in_force_without_a_restart(self):
        self.start()
        self.box.wait_for_verdicts(["a.example"])
        self.box.install(2, "b.example", "c.example")
        self.box.wait_until_in_use()
        self.box.wait_for_verdicts(["b.example", "c.example"])
        job = self.box.finish(self.box.ask("POST", "/v1/ruleset/rollback"))
        self.assertEqual(job["state"], "done", job)
        self.box.wait_for_verdicts(["a.example"])
        status = self.box.wait_until_in_use()
        self.assertEqual(status["dataplane"]["pid"], self.dataplane.pid)
        self.assertLessEqual(status["hand_over"]["generation"], 4)
        self.assertNotIn("rules_not_in_use", self.box.alarms())
        self.end()

    def test_phases_follow_the_clock(self):
        self.start()
        self.install_policy(ZONES)
        self.box.wait_for_verdicts([], ["a.example"])
        policy = self.box.get("/v1/policy").json()
        self.assertEqual((policy["origin"], policy["next_change"], policy["time"]), ("file", MARCH_27, START))
        self.box.set_clock(MARCH_27 - 1)
        self.box.wait_for_verdicts([], ["a.example"])
        self.box.set_clock(MARCH_27)
        self.box.wait_for_verdicts(["a.example"])
        self.box.set_clock(SEPTEMBER_27)
        wait_for("the review is overdue", lambda: "policy_review_overdue" in self.box.alarms())
        self.box.wait_for_verdicts(["a.example"])
        self.box.set_clock(0)
        wait_for("the clock is not followed", lambda: "policy_clock" in self.box.alarms())
        self.assertTrue(self.box.get("/v1/policy").json()["clock_held"])
        self.box.wait_for_verdicts(["a.example"])
        self.box.set_clock(SEPTEMBER_27 + DAY, synchronised=False)
        self.box.stop(self.control)
        self.control = self.box.start_control()
        self.box.wait_until_in_use()
        self.assertIn("policy_clock", self.box.alarms())
        self.box.wait_for_verdicts(["a.example"])
        self.end()

    def test_allowed_names_pass_until_their_end(self):
        self.box.write("factory.bundle", self.box.rules(1, "a.example", "b.example"))
        self.start()
        self.box.set_clock(MARCH_27)
        self.install_policy(ZONES + ALLOW)
        self.box.wait_for_verdicts(["a.example"])
        answer = self.box.get("/v1/explain?name=www.b.example&client=192.0.2.17").json()
        self.assertEqual((answer["verdict"], answer["allowed"]["owner"]), ("allow", "press office"))
        self.box.set_clock(APRIL_1)
        self.box.wait_for_verdicts(["a.example", "b.example"])
        self.assertIn("policy_allow_ended", self.box.alarms())
        self.assertNotIn(b"b.example", self.box.get("/metrics").body)
        self.end()

    def test_a_dataplane_that_starts_alone_has_rules_and_zones(self):
        self.start()
        self.box.set_clock(MARCH_27)
        self.install_policy(ZONES)
        self.box.wait_for_verdicts(["a.example"])
        state = self.box.status()["hand_over"]
        self.control.kill()
        self.box.stop(self.control)
        self.end()
        self.dataplane = self.box.start("dataplane/sluis-dataplane", "--config", self.box.config)
        alone = wait_for("the dataplane answers", lambda: self.state_of_dataplane())
        self.assertEqual((alone["rules_digest"], alone["zones_digest"]), (state["rules_digest"], state["zones_digest"]))
        self.control = self.box.start_control()
        status = self.box.wait_until_in_use()
        self.assertEqual(status["hand_over"]["generation"], 1, "nothing was to be offered")
        self.box.wait_for_verdicts(["a.example"])

    def state_of_dataplane(self):
        done = self.sluisctl("dataplane", "state", "-o", "json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def test_tables_for_other_rules_are_left_and_put_right(self):
        self.start()
        self.box.set_clock(MARCH_27)
        self.install_policy(ZONES)
        old_zones = (self.box.folder / "zones").read_bytes()
        self.box.install(2, "b.example")
        self.box.wait_until_in_use()
        self.box.stop(self.control)
        self.end()
        self.box.write("zones", old_zones)
        self.dataplane = self.box.start("dataplane/sluis-dataplane", "--config", self.box.config)
        alone = wait_for("the dataplane answers", lambda: self.state_of_dataplane())
        self.assertEqual(alone["zones_digest"], "")
        self.assertIn("event=zones_not_used", self.box.log_text("sluis-dataplane"))
        self.control = self.box.start_control()
        self.box.wait_until_in_use()
        self.box.wait_for_verdicts(["b.example"])

    def test_a_dataplane_that_restarted_or_was_given_something_else_is_put_right(self):
        self.start()
        self.box.set_clock(MARCH_27)
        self.install_policy(ZONES)
        other = self.box.write("other.toml", b'category = "tiktok"\ndefault = "on"\ncomment = "c"\nsource = "s"\n'
                                             b'suffix = [ { name = "c.example", comment = "c" } ]\n')
        compiled = self.box.folder / "other.rules"
        done = subprocess.run([self.box.build / "control/cli/sluisctl", "rules", "compile", "-o", compiled, other],
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        generation = self.box.status()["hand_over"]["generation"]
        offered = self.sluisctl("dataplane", "offer", "--rules", compiled)
        self.assertEqual(offered.returncode, 0, offered.stderr)
        wait_for("something else was noticed", lambda: self.box.status()["hand_over"]["generation"] > generation + 1)
        self.box.wait_until_in_use()
        self.box.wait_for_verdicts(["a.example"])
        self.end()
        wait_for("the end is noticed", lambda: not self.box.status()["hand_over"]["reachable"])
        self.assertIn("dataplane_down", self.box.alarms())
        self.box.compiled.write_bytes(compiled.read_bytes())
        self.dataplane = self.box.start("dataplane/sluis-dataplane", "--config", self.box.config)
        wait_for("the dataplane is put right", lambda: self.box.get("/healthz").status == 200)
        wait_for("its rules are those in force",
                 lambda: (s := self.box.status()["hand_over"])["rules_in_use"] and s["zones_in_use"])
        self.box.wait_for_verdicts(["a.example"])
        self.end()

    def test_a_broken_policy_is_refused_and_the_last_good_one_stays(self):
        self.start()
        self.box.set_clock(MARCH_27)
        self.box.write("policy.toml", ZONES.encode())
        wait_for("the policy is in force", lambda: self.box.get("/v1/policy").json()["origin"] == "file")
        self.box.wait_until_in_use()
        self.box.wait_for_verdicts(["a.example"])
        sha256 = self.box.get("/v1/policy").json()["sha256"]
        self.box.write("policy.toml", ZONES.replace("enforce", "enforec").encode())
        wait_for("the alarm", lambda: "policy_refused" in self.box.alarms())
        messages = [a["message"] for a in self.box.status()["alarms"] if a["name"] == "policy_refused"]
        self.assertRegex(messages[0], r"policy\.toml:9:10: .*enforec")
        self.box.stop(self.control)
        self.control = self.box.start_control()
        self.box.wait_until_in_use()
        policy = self.box.get("/v1/policy").json()
        self.assertEqual((policy["origin"], policy["sha256"]), ("last_good", sha256))
        self.box.wait_for_verdicts(["a.example"])
        (self.box.folder / "policy.toml").unlink()
        wait_for("no policy is in force", lambda: self.box.get("/v1/policy").json()["origin"] == "none")
        self.box.wait_until_in_use()
        self.end()


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
