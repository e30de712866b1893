"""The configuration through the API: what a change would do, what it does to both programs, and that it is undone when it
does not work, when nobody confirms it, and whenever sluis-control is killed in its middle."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from control_box import ControlBox, wait_for

BUILD = None
KILLS = 12


class Supervisor:
    """Starts the dataplane again whenever it ends, as systemd does."""

    def __init__(self, box):
        self.box, self.ended = box, False
        self.process = box.start_dataplane()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended:
            self.process.wait()
            if not self.ended:
                time.sleep(0.2)
                self.process = self.box.start("dataplane/sluis-dataplane", "--config", self.box.config)

    def stop(self):
        self.ended = True


class ConfigurationTest(unittest.TestCase):
    # A machine with other work may need long for a start: only where none comes is the limit a short one.
    RESTART_LIMITS = {"test_what_does_not_come_up_is_undone": "8s"}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        limit = self.RESTART_LIMITS.get(self._testMethodName, "100s")
        self.box = ControlBox(BUILD, folder.name + "/box", extra_config=f'restart_limit = "{limit}"\n')
        self.addCleanup(self.box.__exit__)
        self.former = self.box.config.read_text()
        self.control = self.box.start_control()

    def start_dataplane(self, supervised=True):
        os.environ.pop("NOTIFY_SOCKET", None)
        os.environ.pop("INVOCATION_ID", None)
        if not supervised:
            return self.box.start_dataplane()
        os.environ["INVOCATION_ID"] = "test"
        self.addCleanup(os.environ.pop, "INVOCATION_ID", None)
        supervisor = Supervisor(self.box)
        self.addCleanup(supervisor.stop)
        return supervisor

    def etag(self):
        return self.box.get("/v1/config").headers["ETag"]

    def put(self, text, query="", etag=None):
        return self.box.ask("PUT", "/v1/config" + query, text,
                            headers={"Content-Type": "application/toml", "If-Match": etag or self.etag()})

    def plan(self, text):
        answer = self.put(text, "?dry_run=1")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def refused(self, answer, status, field=None):
        self.assertEqual((answer.status, answer.type), (status, "application/problem+json"), answer)
        self.assertEqual(answer.json().get("field"), field, answer)
        return answer.json()["detail"]

    def state(self):
        done = subprocess.run([self.box.build / "control/cli/sluisctl", "dataplane", "state", "-o", "json", "--runtime",
                               self.box.runtime], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def config(self):
        return self.box.get("/v1/config").json()

    def settled(self):
        """Once no change is on its way: the file's text."""
        def look():
            try:
                return self.config()["change"] is None
            except OSError:
                return False  # it starts again

        wait_for("no change is on its way", look)
        return self.box.config.read_text()

    def with_limit(self, flows):
        return self.former.replace("flows = 1024", f"flows = {flows}")

    def with_mode(self, mode):
        return self.former.replace("[[pair]]", f'[[pair]]\nmode = "{mode}"')

    def sluisctl(self, *arguments):
        return subprocess.run([self.box.build / "control/cli/sluisctl", *map(str, arguments), "--runtime",
                               self.box.runtime], capture_output=True, text=True, timeout=120)

    def test_a_text_needs_to_be_right_and_to_replace_what_is_known(self):
        self.start_dataplane()
        put = lambda **headers: self.box.ask("PUT", "/v1/config", self.former,  # noqa: E731
                                             headers={"Content-Type": "application/toml", **headers})
        self.refused(put(), 428, "if-match")
        self.refused(put(**{"If-Match": '"0123"'}), 412, "if-match")
        self.refused(self.put(""), 411, "content-length")
        self.refused(self.put("x" * (1 << 20) + "x"), 413, "content-length")
        for text, field, words in ((self.former + "[limits2]\n", "limits2", "unknown table"),
                                   (self.former.replace("small_streams", "smal_streams"), "limits.smal_streams",
                                    'the nearest known one is "small_streams"'),
                                   (self.with_limit('"many"'), "limits.flows", "is no integer"),
                                   (self.former.replace("board =", "bord ="), "control.bord", '"board"'),
                                   (self.former + "[api]\ncertificate = \"/x\"\n", "api", "needs certificate"),
                                   (self.former.replace("[[pair]]", "[[pair]]\nmode = 5"), "pair.mode", '"wire" or "closed"'),
                                   ("not toml", None, "1:"), (self.former.replace("net_null0", "0000:ff:1f.7"), None, "pair0")):
            with self.subTest(words):
                self.assertIn(words, self.refused(self.put(text), 422, field))
        line = self.former.splitlines().index("small_streams = 256") + 1
        detail = self.put(self.former.replace("small_streams", "smal_streams")).json()["detail"]
        self.assertIn(f":{line}:1:", detail)
        for query, field in (("?dry_run=2", "dry_run"), ("?confirm_timeout=0", "confirm_timeout"),
                             ("?confirm_timeout=x", "confirm_timeout"), ("?comment=" + "x" * 501, "comment")):
            self.refused(self.put(self.former, query), 400, field)
        self.assertEqual(self.box.config.read_text(), self.former)
        self.assertFalse(self.config()["has_previous"])

    def test_a_plan_says_what_is_lost(self):
        self.assertFalse(self.plan(self.former)["dataplane_checked"])
        self.start_dataplane()
        same = self.plan(self.former + "# a comment\n")
        self.assertEqual((same["changes"], same["frames_lost"], same["dataplane_checked"], same["notes"]), ([], False, True, []))
        live = self.plan(self.with_mode("wire"))
        self.assertEqual(live["changes"], [{"key": "pair.pair0.mode", "before": '"inline"', "after": '"wire"',
                                            "process": "sluis-dataplane", "taken_up": "live"}])
        self.assertEqual((live["frames_lost"], live["dataplane_restart"], live["control_restart"]), (False, False, False))
        restart = self.plan(self.with_limit(2048))
        self.assertEqual([(c["key"], c["taken_up"]) for c in restart["changes"]], [("limits.flows", "restart")])
        self.assertEqual((restart["frames_lost"], restart["dataplane_restart"], restart["control_restart"]), (True,) * 3)
        control = self.plan(self.former.replace("testboard", "otherboard"))
        self.assertEqual([(c["key"], c["process"]) for c in control["changes"]], [("control.board", "sluis-control")])
        self.assertEqual((control["frames_lost"], control["control_restart"]), (False, True))
        self.assertEqual(self.box.config.read_text(), self.former)

    def test_a_live_key_is_taken_up_without_another_start(self):
        supervisor = self.start_dataplane()
        before = self.state()
        text = self.with_mode("monitor") + "[policy]\nstrip_ech = false\n"
        job = self.box.finish(self.put(text, "?comment=CHG-1"))
        self.assertEqual(job["state"], "done", job)
        self.assertIn("no frame was lost", job["message"])
        self.assertEqual(self.settled(), text)
        after = self.state()
        self.assertEqual((after["pid"], after["mode"], after["generation"]), (before["pid"], "monitor", before["generation"] + 1))
        self.assertEqual(after["config_digest"], self.config()["sha256"])
        self.assertIsNone(supervisor.process.poll())
        self.assertIsNone(self.control.poll(), "it starts again as the same process")
        self.assertEqual((self.box.folder / "sluis.toml.previous").read_text(), self.former)
        self.assertFalse((self.box.folder / "sluis.toml.change").exists())
        records = [record["audit"] for record in self.box.audit() if record["audit"]["what"] == "config.put"]
        self.assertEqual([(r["stage"], r["comment"]) for r in records], [("begun", "CHG-1"), ("done", "CHG-1")])

    def test_another_start_is_asked_for_and_waited_for(self):
        self.start_dataplane()
        pid = self.state()["pid"]
        job = self.box.finish(self.put(self.with_limit(2048)))
        self.assertEqual(job["state"], "done", job)
        self.assertIn("has started again with it", job["message"])
        self.assertNotEqual(self.state()["pid"], pid)
        self.assertEqual(self.settled(), self.with_limit(2048))
        wait_for("metrics", lambda: b'sluis_flow_table_capacity{pair="pair0"} 2048' in self.box.get("/metrics").body)

    def test_without_a_supervisor_nothing_is_ended(self):
        process = self.start_dataplane(supervised=False)
        self.assertIn("by hand", self.plan(self.with_limit(2048))["notes"][0])
        job = self.box.finish(self.put(self.with_limit(2048)))
        self.assertIn("started by hand", job["message"])
        self.settled()
        self.assertIsNone(process.poll())
        wait_for("an alarm", lambda: "config_not_in_use" in {a["name"] for a in self.box.get("/v1/status").json()["alarms"]})

    def test_what_does_not_come_up_is_undone(self):
        self.start_dataplane()
        broken = self.former.replace(f'compiled = "{self.box.compiled}"', f'compiled = "{self.box.folder}/nothing"')
        job = self.box.finish(self.put(broken))
        self.assertEqual((job["state"], job["error"]["name"]), ("failed", "config_undone"), job)
        self.assertIn("has not come up with it within 8 s", job["error"]["message"])
        self.assertEqual(self.settled(), self.former)
        wait_for("the former one runs", lambda: (self.state() or {}).get("config_digest") == self.config()["sha256"])

    def test_what_sluis_control_cannot_run_by_is_undone(self):
        self.start_dataplane()
        job = self.box.finish(self.put(self.former.replace('board = "testboard"', 'board = "testboard"\nread_group = "nobody-has-this"')))
        self.assertEqual(job["state"], "done", job)
        wait_for("the file is back", lambda: self.box.config.read_text() == self.former)
        wait_for("it serves", lambda: self.box.is_serving(self.control))
        self.assertEqual(self.settled(), self.former)

    def test_a_change_that_nobody_confirms_is_undone(self):
        self.start_dataplane()
        job = self.box.finish(self.put(self.with_mode("wire"), "?confirm_timeout=3"))
        self.assertIn("undone in 3 s unless", job["message"])
        change = self.config()["change"]
        self.assertEqual(change["stage"], "confirming")
        self.assertIn("config_change_pending", {a["name"] for a in self.box.get("/v1/status").json()["alarms"]})
        self.assertEqual(self.state()["mode"], "wire")
        second = self.box.finish(self.put(self.with_mode("closed")))
        self.assertEqual(second["error"]["name"], "change_pending")
        self.assertEqual(self.settled(), self.former)
        self.assertEqual(self.state()["mode"], "inline")
        self.assertIn("nobody has confirmed", [r["audit"] for r in self.box.audit()][-1]["outcome"])

    def test_a_change_that_is_confirmed_stays_and_can_be_undone(self):
        self.start_dataplane()
        self.box.finish(self.put(self.with_mode("wire"), "?confirm_timeout=60"))
        self.assertEqual(self.box.finish(self.box.ask("POST", "/v1/config/confirm"))["state"], "done")
        self.assertEqual(self.box.finish(self.box.ask("POST", "/v1/config/confirm"))["error"]["name"], "not_pending")
        self.assertEqual(self.settled(), self.with_mode("wire"))
        self.assertEqual(self.box.finish(self.box.ask("POST", "/v1/config/undo"))["state"], "done")
        self.assertEqual((self.settled(), self.state()["mode"]), (self.former, "inline"))
        self.box.finish(self.put(self.with_mode("closed"), "?confirm_timeout=60"))
        self.assertEqual(self.box.finish(self.box.ask("POST", "/v1/config/undo"))["state"], "done")
        self.assertEqual((self.settled(), self.state()["mode"]), (self.former, "inline"))

    def kill_control(self):
        self.box.started.remove(self.control)
        self.control.send_signal(signal.SIGKILL)
        self.control.wait(60)

    def begin(self, text, query):
        """A request of which nobody waits for the answer."""
        etag = self.etag()

        def ask():
            try:
                self.put(text, query, etag)
            except (OSError, ValueError):
                pass  # killed meanwhile

        thread = threading.Thread(target=ask)
        thread.start()
        return thread

    def kill_while_changing(self, text, query, chance, longest):
        request = self.begin(text, query)
        time.sleep(chance.uniform(0, longest))
        self.kill_control()
        request.join()
        self.control = self.box.start_control()
        return self.settled()

    def test_killed_at_any_moment_a_change_is_whole_or_not_there(self):
        self.start_dataplane()
        chance = random.Random(20230327)
        for number in range(KILLS):
            text = self.with_mode(("wire", "monitor", "closed")[number % 3])
            former = self.settled()
            found = self.kill_while_changing(text, "", chance, 0.1)
            self.assertIn(found, (former, text), number)
            wait_for("the dataplane runs by the file",
                     lambda: (self.state() or {}).get("config_digest") == self.config()["sha256"])

    def test_killed_at_any_moment_what_nobody_confirms_is_undone(self):
        self.start_dataplane()
        chance = random.Random(20230331)
        for number in range(KILLS):
            found = self.kill_while_changing(self.with_mode("wire"), "?confirm_timeout=2", chance, 2.5)
            self.assertEqual(found, self.former, number)
            wait_for("the dataplane runs by the file", lambda: (self.state() or {}).get("mode") == "inline")

    def test_killed_while_the_dataplane_starts_again(self):
        self.start_dataplane()
        chance = random.Random(20230927)
        for number in range(KILLS // 3):
            text = self.with_limit(2048 + 1024 * number)
            found = self.kill_while_changing(text, "?confirm_timeout=20", chance, 1.5)
            self.assertEqual(found, self.former, number)
            wait_for("the dataplane runs by the file",
                     lambda: (self.state() or {}).get("config_digest") == self.config()["sha256"])

    def test_sluisctl_puts_and_undoes(self):
        self.start_dataplane()
        shown = self.sluisctl("config", "show")
        self.assertEqual((shown.returncode, shown.stdout), (0, self.former))
        file = self.box.write("next.toml", self.with_mode("wire").encode())
        plan = self.sluisctl("config", "put", file, "--dry-run")
        self.assertEqual(plan.stdout, 'pair.pair0.mode: "wire" instead of "inline" (sluis-dataplane, live)\n'
                                      "no frame is lost\n", plan)
        stale = self.sluisctl("config", "put", file, "--if-match", '"x"')
        self.assertEqual(stale.returncode, 4, stale)
        self.assertIn("412 Precondition Failed: if-match", stale.stderr)
        done = self.sluisctl("config", "put", file, "--confirm-timeout", 60, "--comment", "for a look")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.sluisctl("config", "confirm").returncode, 0)
        self.assertEqual(self.sluisctl("config", "confirm").returncode, 4)
        self.assertEqual(self.sluisctl("config", "undo").returncode, 0)
        self.assertEqual(self.settled(), self.former)
        wrong = self.box.write("wrong.toml", b"[limit]\n")
        refused = self.sluisctl("config", "put", wrong)
        self.assertEqual(refused.returncode, 4, refused)
        self.assertIn('422 Unprocessable Content: limit: ', refused.stderr)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
