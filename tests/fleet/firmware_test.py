#!/usr/bin/env python3
"""The playbook for firmware against boxes that only play their part of the control API: real ones need a machine each
(tests/firmware has one). firmware_test.py"""

import http.server
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import jinja2.nativetypes
import yaml

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "api"))
import certificates  # noqa: E402

FLEET = TESTS.parent / "scripts" / "fleet"
PLAYBOOKS = FLEET / "ansible_collections/sluis/fleet/playbooks"
STATUS = {"version": "1.3", "dataplane": {"running": True, "workers": 1, "moving_workers": 1},
          "ruleset": {"in_force": "current", "sequence": 7}, "alarms": [],
          "hand_over": {"rules_in_use": True, "zones_in_use": True, "trouble": ""}}


class PlayedBox:
    """`fate`: good, falls_back (the new slot is never good), refused (RAUC knows no such signer), or no_rauc."""

    def __init__(self, folder, fate):
        self.fate, self.log, self.jobs = fate, [], []
        self.started, self.running = 100, "A"
        self.versions = {"A": "1.3", "B": "1.2"}
        box = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(200, box.get(self.path))

            def do_POST(self):
                order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                box.log.append(self.path)
                box.jobs.append(box.do(self.path, order))
                self.answer(202, box.jobs[-1], Location=f"/v1/jobs/{len(box.jobs) - 1}")

            def answer(self, status, content, **fields):
                body = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": len(body), **fields}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "box.pem", folder / "box.key")
        context.load_verify_locations(folder / "people.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, path):
        if path == "/v1/status":
            return {**STATUS, "control_started": self.started}
        if path.startswith("/v1/jobs/"):
            return self.jobs[int(path.rsplit("/", 1)[1])]
        slots = [{"name": f"rootfs.{n}", "boot_name": name, "version": self.versions[name],
                  "boot_status": "good", "state": ""} for n, name in enumerate("AB")]
        return {"trouble": "no RAUC answers" if self.fate == "no_rauc" else "", "version": self.versions[self.running],
                "boot_slot": self.running, "primary": "rootfs.0", "slots": slots}

    def do(self, path, order):
        job = {"state": "done", "error": None, "message": "done"}
        if path == "/v1/firmware":
            if self.fate == "refused":
                error = {"code": 0, "name": "failed", "message": "signature verification failed"}
                return {**job, "state": "failed", "error": error}
            self.versions["B"] = order["source"].rsplit("-", 1)[1].removesuffix(".raucb")
        elif path == "/v1/firmware/restart":
            self.started += 1
            self.running = "A" if self.fate == "falls_back" else "B"
        return job


class FirmwareTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="sluis-fleet-firmware-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        boxes, people = certificates.Authority("boxes"), certificates.Authority("people")
        (self.folder / "boxes.pem").write_bytes(certificates.pem(boxes.certificate))
        (self.folder / "people.pem").write_bytes(certificates.pem(people.certificate))
        boxes.issue(self.folder, "box", "box", usage=certificates.SERVER)
        people.issue(self.folder, "me", "me", unit="sluis-admin")

    def roll_out(self, fates):
        """The report, and the boxes."""
        boxes = {f"box{n}": PlayedBox(self.folder, fate) for n, fate in enumerate(fates)}
        for box in boxes.values():
            self.addCleanup(box.server.server_close)
            self.addCleanup(box.server.shutdown)
        hosts = {name: {"ansible_host": "127.0.0.1", "sluis_port": box.port} for name, box in boxes.items()}
        every = {"sluis_ca": f"{self.folder}/boxes.pem", "sluis_cert": f"{self.folder}/me.pem",
                 "sluis_key": f"{self.folder}/me.key"}
        (self.folder / "boxes.json").write_text(json.dumps({"boxes": {"hosts": hosts, "vars": every}}))
        environment = {**os.environ, "ANSIBLE_CONFIG": str(FLEET / "ansible.cfg"), "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                       "SLUIS_FLEET_REPORT": str(self.folder / "report"), "PYTHONDONTWRITEBYTECODE": "1"}
        variables = {"source": "https://updates.example/box-1.4.raucb", "version": "1.4", "settle": 0, "patience": 5,
                     "patience_after": 5, "batches": [1, "100%"]}
        done = subprocess.run(["ansible-playbook", "-i", self.folder / "boxes.json", "sluis.fleet.firmware", "-e",
                               json.dumps(variables)], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=200)
        rows = json.loads((self.folder / "report").read_text())["boxes"]
        self.assertEqual(done.returncode == 0, all(row["stage"] == "confirmed" for row in rows),
                         done.stdout + done.stderr)
        return {row["box"]: row for row in rows}, boxes

    def test_every_box_runs_it(self):
        report, boxes = self.roll_out(["good", "good", "good"])
        self.assertEqual({row["firmware"] for row in report.values()}, {"1.4"})
        for box in boxes.values():
            self.assertEqual(box.log, ["/v1/firmware", "/v1/firmware/restart"])

    def test_a_box_that_falls_back_stops_it(self):
        report, boxes = self.roll_out(["falls_back", "good", "good"])
        self.assertEqual([report[name]["stage"] for name in boxes], ["failed", "untouched", "untouched"])
        self.assertIn("fell back", report["box0"]["words"])
        self.assertEqual([box.log for box in boxes.values()][1:], [[], []])

    def test_a_box_that_refuses_the_bundle_is_not_restarted(self):
        report, boxes = self.roll_out(["good", "refused", "good"])
        self.assertIn("signature verification failed", report["box1"]["words"])
        self.assertEqual(boxes["box1"].log, ["/v1/firmware"])
        self.assertNotIn("/v1/firmware/restart", boxes["box2"].log)  # of the batch that stopped

    def test_every_roll_out_begins_with_one_box_and_bears_no_sick_one(self):
        """What nobody says in the inventory or on the command line."""
        native = jinja2.nativetypes.NativeEnvironment()
        changing = {}
        for path in sorted(PLAYBOOKS.glob("*.yml")):
            (play,) = yaml.safe_load(path.read_text())
            if "serial" in play:
                batches = native.from_string(play["serial"]).render()
                changing[path.stem] = (batches[0], native.from_string(str(play["max_fail_percentage"])).render())
        self.assertEqual(changing, dict.fromkeys(("configuration", "firmware", "policy", "rules"), (1, 0)))

    def test_a_machine_without_slots_says_so(self):
        report, _ = self.roll_out(["no_rauc", "good"])
        self.assertIn("no RAUC answers", report["box0"]["words"])


if __name__ == "__main__":
    if not shutil.which("ansible-playbook"):
        print("firmware_test.py: needs ansible-playbook (scripts/install --test)", file=sys.stderr)
        sys.exit(77)
    unittest.main()
