"""Modes of a port pair through the API: who may set them, where they show, and what outlives which process."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from control_box import ControlBox, wait_for

BUILD = None


class ModesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = ControlBox(BUILD, folder.name + "/box")
        self.addCleanup(self.box.__exit__)
        self.control = self.box.start_control()
        self.dataplane = self.box.start_dataplane()

    def post(self, change, socket="rw"):
        return self.box.ask("POST", "/v1/mode", json.dumps(change), socket=socket,
                            headers={"Content-Type": "application/json"})

    def set_mode(self, mode, **more):
        return self.box.finish(self.post({"pair": "pair0", "mode": mode, "reason": "CHG-4711", **more}))

    def mode(self):
        return self.box.get("/v1/status").json()["modes"][0]

    def alarms(self):
        return {alarm["name"]: alarm["message"] for alarm in self.box.get("/v1/status").json()["alarms"]}

    def kill(self, process):
        self.box.started.remove(process)
        process.send_signal(signal.SIGKILL)
        process.wait(60)

    def sluisctl(self, *arguments):
        return subprocess.run([self.box.build / "control/cli/sluisctl", *map(str, arguments), "--runtime",
                               self.box.runtime], capture_output=True, text=True, timeout=60)

    def test_a_mode_shows_wherever_it_matters(self):
        self.assertEqual((self.mode()["mode"], self.mode()["cause"]), ("inline", "configuration"))
        self.assertNotIn("pair_not_inline", self.alarms())
        job = self.set_mode("wire")
        self.assertEqual((job["kind"], job["state"], job["message"]), ("mode.set", "done", "pair0 is wire"))
        shown = self.mode()
        self.assertEqual((shown["pair"], shown["mode"], shown["cause"], shown["reason"]),
                         ("pair0", "wire", "command", "CHG-4711"))
        self.assertRegex(shown["author"], r"^uid \d+, pid \d+$")
        self.assertGreater(shown["since"], 1_600_000_000)
        self.assertIn("pair0 is wire (command) by uid", self.alarms()["pair_not_inline"])
        self.assertEqual({port["mode"] for port in self.box.get("/v1/ports").json()["ports"]}, {"wire"})
        lines = self.box.get("/metrics").body.decode().splitlines()
        for wanted in ('sluis_pair_mode{pair="pair0",mode="wire"} 1', 'sluis_pair_mode{pair="pair0",mode="inline"} 0',
                       'sluis_pair_mode_transitions_total{pair="pair0",cause="command"} 1',
                       'sluis_pair_mode_transitions_total{pair="pair0",cause="expiry"} 0'):
            self.assertIn(wanted, lines)
        records = [record["audit"] for record in self.box.audit()]
        self.assertEqual([(r["what"], r["stage"], r["comment"]) for r in records],
                         [("mode.set", "begun", "CHG-4711"), ("mode.set", "done", "CHG-4711")])
        self.assertEqual((records[1]["before"]["mode"], records[1]["after"]["mode"]), ("inline", "wire"))

    def test_what_is_wrong_is_refused_with_its_field(self):
        good = {"pair": "pair0", "mode": "wire", "reason": "x"}
        for change, field in (({}, "pair"), ({"mode": "open"}, "mode"), ({"mode": ""}, "mode"), ({"reason": ""}, "reason"),
                              ({"reason": "x" * 256}, "reason"), ({"duration_seconds": -1}, "duration_seconds"),
                              ({"duration_seconds": 2592001}, "duration_seconds"), ({"until": 5}, "until"),
                              ({"pair": 5}, "pair")):
            with self.subTest(change):
                answer = self.post({**good, **change} if change else {})
                self.assertEqual((answer.status, answer.json().get("field")), (400, field), answer)
        self.assertIn('the nearest known one is "wire"', self.post({**good, "mode": "wir"}).json()["detail"])
        self.assertEqual(self.post(good, socket="ro").status, 403)
        unknown = self.box.finish(self.post({**good, "pair": "pair9"}))
        self.assertEqual((unknown["state"], unknown["error"]["name"]), ("failed", "no_such_pair"))
        self.assertEqual(self.mode()["mode"], "inline")
        self.assertEqual(self.box.audit(), [])

    def test_a_mode_outlives_both_programs_and_is_said_for_ever(self):
        self.set_mode("closed")
        since = self.mode()["since"]
        self.kill(self.dataplane)
        self.kill(self.control)
        self.box.start_control()
        self.box.start_dataplane()
        self.assertEqual((self.mode()["mode"], self.mode()["since"]), ("closed", since))
        self.assertIn("pair_not_inline", self.alarms())
        self.set_mode("inline")
        self.assertNotIn("pair_not_inline", self.alarms())

    def test_a_change_for_a_time_returns_without_sluis_control(self):
        self.set_mode("monitor")
        self.set_mode("wire", duration_seconds=3)
        self.assertGreater(self.mode()["until"], 0)
        self.kill(self.control)
        self.box.start_control()
        wait_for("the time is over", lambda: self.mode()["mode"] == "monitor")
        self.assertEqual(self.mode()["cause"], "expiry")

    def events(self, kind):
        done = self.sluisctl("events", "--types", kind, "-o", "json")
        return [json.loads(line)[kind] for line in done.stdout.splitlines()]

    def test_what_the_box_does_by_itself_is_an_event(self):
        self.set_mode("monitor")
        wait_for("the mode was seen", lambda: [e for e in self.events("alarm") if e["name"] == "pair_not_inline"])
        self.set_mode("wire", duration_seconds=2)
        wait_for("the time is over", lambda: self.mode()["cause"] == "expiry")
        told = wait_for("the event", lambda: [e for e in self.events("audit") if e["what"] == "mode.change"])
        self.assertEqual(len(told), 1, told)
        after = told[0]["after"]
        self.assertEqual((told[0]["who"], after["pair"], after["mode"], after["cause"], after["since"]),
                         ("sluis-dataplane", "pair0", "monitor", "expiry", self.mode()["since"]))
        self.assertIn(f'\nsluis_pair_mode_since_timestamp_seconds{{pair="pair0"}} {after["since"]}\n',
                      self.box.get("/metrics").body.decode())

    def test_what_the_guard_did_is_an_event_also_when_it_is_over(self):
        pair = {"pair": "pair0", "passage": "dataplane", "cause": "forwarding", "since": 1700000000, "policy": "open",
                "method": "kernel-bridge", "trouble": "", "failures": 0, "hangs": 0}
        self.guard_says(pair)
        wait_for("the guard was seen", lambda: self.box.get("/v1/status").json()["guard"]["pairs"])
        time.sleep(2.5)  # between two looks
        self.guard_says({**pair, "since": 1700000009, "former": "bypassed", "former_cause": "hung",
                         "former_since": 1700000008, "failures": 1, "hangs": 1})
        told = wait_for("the events", lambda: [e for e in self.events("audit") if e["what"] == "passage.change"])
        self.assertEqual([(e["who"], e["outcome"], e["after"]["since"]) for e in told],
                         [("sluis-guard", "pair0: bypassed (hung)", 1700000008),
                          ("sluis-guard", "pair0: dataplane (forwarding)", 1700000009)])

    def guard_says(self, pair):
        (self.box.runtime / "guard.new").write_text(json.dumps({"pid": os.getpid(), "started": 1, "pairs": [pair]}))
        (self.box.runtime / "guard.new").rename(self.box.runtime / "guard.json")

    def test_without_a_dataplane_it_fails_and_says_so(self):
        self.box.stop(self.dataplane)
        job = self.set_mode("wire")
        self.assertEqual((job["state"], job["error"]["name"]), ("failed", "dataplane_unreachable"))

    def test_a_mode_that_cannot_be_kept_is_set_and_said(self):
        (self.box.folder / "modes").mkdir()
        job = self.set_mode("wire")
        self.assertEqual(job["state"], "done")
        self.assertIn("not kept", job["message"])
        self.assertIn("modes_not_kept", self.alarms())

    def test_sluisctl_sets_and_shows(self):
        done = self.sluisctl("mode", "set", "pair0", "monitor", "--reason", "for a look", "--for", 600)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "pair0 is monitor\n", ""))
        shown = self.sluisctl("mode", "show")
        self.assertRegex(shown.stdout, r"^pair0 +monitor +command +since \S+ until \S+, by uid \d+, pid \d+: for a look\n$")
        self.assertEqual(json.loads(self.sluisctl("mode", "show", "-o", "json").stdout)["modes"][0]["mode"], "monitor")
        self.assertIn("pair0 is monitor (command)", self.sluisctl("status").stdout)
        self.assertEqual(self.sluisctl("mode", "set", "pair0", "open", "--reason", "x").returncode, 2)
        self.assertEqual(self.sluisctl("mode", "set", "pair0", "wire").returncode, 2)
        self.assertEqual(self.sluisctl("mode", "set", "other", "wire", "--reason", "x").returncode, 4)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
