"""History through the API and sluisctl: outages of a real dataplane, over restarts of sluis-control and damage."""

import csv
import io
import json
import subprocess
import sys
import tempfile
import unittest

from control_box import ControlBox, wait_for

BUILD = None


class HistoryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = ControlBox(BUILD, folder.name + "/box")
        self.addCleanup(self.box.__exit__)
        self.control = self.box.start_control()

    def report(self):
        answer = self.box.get("/v1/report")
        return answer.json() if answer.status == 200 else {"outages": [], "rulesets": []}

    def outages(self, what, ended):
        return [each for each in self.report()["outages"] if each["what"] == what and (each["ended"] != 0) == ended]

    def alarms(self):
        return {alarm["name"]: alarm["message"] for alarm in self.box.get("/v1/status").json()["alarms"]}

    def sluisctl(self, *arguments):
        return subprocess.run([self.box.build / "control/cli/sluisctl", *map(str, arguments), "--runtime",
                               self.box.runtime], capture_output=True, text=True, timeout=60)

    def test_outages_and_rules_are_on_record_over_restarts(self):
        wait_for("a missing dataplane is on record", lambda: self.outages("dataplane", False))
        self.box.start_dataplane()
        wait_for("it is over", lambda: self.outages("dataplane", True))
        change = {"pair": "pair0", "mode": "monitor", "reason": "=CHG <4711>"}
        self.box.finish(self.box.ask("POST", "/v1/mode", json.dumps(change), headers={"Content-Type": "application/json"}))
        wait_for("the mode is on record", lambda: self.outages("mode", False))
        since = self.box.get("/v1/history").json()["since"]
        self.box.stop(self.control)
        self.box.start_control()
        self.assertEqual(self.box.get("/v1/history").json()["since"], since)
        self.assertEqual([each["detail"] for each in self.outages("mode", False)], ["monitor (command): =CHG <4711>"])
        self.assertEqual([each["sequence"] for each in self.report()["rulesets"]][-1], 1)
        self.check_sluisctl()
        self.assertNotIn("history_unsaved", self.alarms())

    def check_sluisctl(self):
        shown = self.sluisctl("report", "evaluation")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("monitor (command): =CHG <4711>", shown.stdout)
        self.assertEqual(json.loads(self.sluisctl("report", "evaluation", "-o", "json").stdout)["outages"], self.report()["outages"])
        rows = list(csv.DictReader(io.StringIO(self.sluisctl("report", "evaluation", "-o", "csv", "--from", "2026-01-01").stdout)))
        self.assertIn(("mode pair0", "monitor (command): =CHG <4711>"), [(row["about"], row["detail"]) for row in rows])
        page = self.sluisctl("report", "evaluation", "-o", "html").stdout
        self.assertTrue(page.startswith("<!DOCTYPE html>"))
        self.assertIn("=CHG &lt;4711&gt;", page)
        for arguments, status, why in ((["--from", "yesterday"], 2, "write a day"), (["--from", "2026-02-30"], 4, "from: write a day"),
                                       (["--to", "2020-01-01", "--from", "2026-01-01"], 4, "after the last one")):
            refused = self.sluisctl("report", "evaluation", *arguments)
            self.assertEqual(refused.returncode, status, refused)
            self.assertIn(why, refused.stderr)

    def test_what_is_asked_for_wrongly_is_refused(self):
        for query, field in (("by=week", "by"), ("from=x", "from"), ("to=2026-02-30", "to"), ("from=2026-02-02&to=2026-02-01", "from"),
                             ("from=1970-01-01&to=2026-02-01", "from"), ("by=minute&from=2026-02-01", "from"), ("until=1", "until")):
            answer = self.box.get("/v1/history?" + query)
            self.assertEqual((answer.status, answer.json()["field"]), (400, field), answer)

    def test_a_damaged_file_harms_history_alone(self):
        self.box.stop(self.control)
        path = self.box.folder / "history.db"
        path.write_bytes(b"x" * path.stat().st_size)
        for journal in self.box.folder.glob("history.db-*"):  # of a sluis-control that was cut off: it would mend the file
            journal.unlink()
        self.box.start_control()
        self.assertIn("history.db.broken", wait_for("an alarm", lambda: self.alarms().get("history_damaged")))
        self.assertEqual(self.box.get("/v1/history").status, 200)
        metrics = self.box.get("/metrics").body.decode().splitlines()
        self.assertTrue({"sluis_history_damages_total 1", "sluis_history_put_aside 1"} <= set(metrics), metrics)
        (self.box.folder / "history.db.broken").unlink()
        wait_for("the alarm ends", lambda: "history_damaged" not in self.alarms())
        self.assertIn("sluis_history_put_aside 0", self.box.get("/metrics").body.decode().splitlines())

    def test_a_file_that_cannot_be_made_is_an_alarm(self):
        self.box.stop(self.control)
        path = self.box.folder / "history.db"
        for each in self.box.folder.glob("history.db*"):
            each.unlink()
        path.mkdir()
        self.box.start_control()
        self.assertIn(str(path), wait_for("an alarm", lambda: self.alarms().get("history_unsaved")))
        answer = self.box.get("/v1/history")
        self.assertEqual((answer.status, answer.type), (503, "application/problem+json"), answer)
        path.rmdir()
        wait_for("it goes on", lambda: "history_unsaved" not in self.alarms())
        self.assertEqual(self.box.get("/v1/history").status, 200)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
