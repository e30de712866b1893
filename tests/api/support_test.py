"""sluisctl support-bundle: what is in it, and what must not be."""

import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

from busy_box import BusyBox, dns_query
from certificates import SERVER, Authority, pem
from control_box import TIMEOUT, wait_for

BUILD = None
POLICY = """
# The list is kept by Ann Author, ann@bxl.example
time_zone = "Europe/Brussels"
[[zone]]
name = "Iris Tower"
client = ["192.0.2.0/24", "2001:db8:7::/48"]
devices = "people.csv"
vlan = [20]
[[allow]]
name = "press.tiktok.com"
owner = "Carla Contact"
reason = "Ms \\"Press\\" Officer asked"
until = "2027-01-01"
[zone.category]
"personal name" = '''x 02:00:5e:10:00:01
y'''
tiktok = { mode = "enforce", from = "2023-03-27" }
"""
SECRETS = ["Ann", "Author", "ann@", "Iris", "192.0.2.", "2001:db8", "people.csv", "press.", "Carla", "Press", "02:00:5e",
           "personal name", "hunter2", "02-00-5e", "0200.5e10", "a-visit", "PRIVATE KEY"]


class SupportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.box = BusyBox(BUILD, cls.temporary.name + "/box", [dns_query("a-visit.tiktok.com", 40000, "192.0.2.7")])
        folder = cls.box.folder
        authority = Authority("fleet")
        authority.issue(folder, "server", "box.example", usage=SERVER, names=["box.example"])
        (folder / "ca.pem").write_bytes(pem(authority.certificate))
        cls.key = (folder / "server.key").read_text().splitlines()[1]
        cls.box.config.write_text(cls.box.config_text(f"""
# hunter2 of 192.0.2.99, Ann
[api]
certificate = "{folder}/server.pem"
key = "{folder}/server.key"
client_ca = "{folder}/ca.pem"
"""))
        cls.box.write("policy.toml", POLICY.encode())
        cls.box.start_control()
        cls.box.start_dataplane()
        change = {"pair": "pair0", "mode": "monitor", "reason": "Ann Author asked for it"}
        job = cls.box.finish(cls.box.ask("POST", "/v1/mode", json.dumps(change), headers={"Content-Type": "application/json"}))
        assert job["state"] == "done", job
        wait_for("what was asked for is among the events",
                 lambda: b"a-visit.tiktok.com" in cls.box.get("/v1/events?follow=0", accept="text/event-stream").body)

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()
        cls.temporary.cleanup()

    def make(self, name, *arguments):
        self.path = self.box.folder / name
        return subprocess.run([pathlib.Path(BUILD) / "control/cli/sluisctl", "support-bundle", "-o", self.path, "--seconds",
                               "0.5", "--policy", self.box.folder / "policy.toml", *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=TIMEOUT)

    def contents(self):
        with tarfile.open(fileobj=io.BytesIO(self.path.read_bytes()), mode="r:gz") as archive:
            self.assertTrue(all(each.isreg() and each.mode == 0o600 for each in archive))
            return {each.name: archive.extractfile(each).read().decode() for each in archive}

    def test_has_what_a_vendor_asks_for(self):
        done = self.make("whole.tar.gz", "--runtime", str(self.box.runtime))
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        files = self.contents()
        listed = {name: int(size) for size, name in re.findall(r"^ *(\d+)  (\S+)$", done.stdout, re.M)}
        self.assertEqual({name: len(text.encode()) for name, text in files.items()}, listed)
        self.assertEqual(0o600, os.stat(self.path).st_mode & 0o777)
        status = json.loads(files["status.json"])
        self.assertTrue(status["dataplane"]["running"])
        self.assertEqual(("monitor", "<left out>"), (status["modes"][0]["mode"], status["modes"][0]["author"]))
        for moment in ("before", "after"):
            self.assertGreater(json.loads(files[f"counts/stats-{moment}.json"])["total"]["rx_frames_inside"], 0)
            self.assertTrue(json.loads(files[f"counts/drops-{moment}.json"])["reasons"])
        before, after = (json.loads(files[f"counts/stats-{moment}.json"])["total"]["heartbeat"]
                         for moment in ("before", "after"))
        self.assertLess(before, after)
        self.assertIn("[[pair]]", files["config/sluis.toml"])
        self.assertIn("net_null", files["config/sluis.toml"])
        self.assertIn("HugePages_Total", files["machine/memory.txt"])
        self.assertIn("\nlo\n", "\n" + files["machine/interfaces.txt"])
        self.assertIn("log/sluis-dataplane.txt", files)

    def test_has_no_client_data(self):
        self.assertEqual(0, self.make("clean.tar.gz", "--runtime", str(self.box.runtime)).returncode)
        files = self.contents()
        for name, text in files.items():
            for secret in (*SECRETS, self.key):
                self.assertNotIn(secret, text, name)
            if not name.startswith("machine/"):
                self.assertIsNone(re.search(r"\b\d{1,3}(\.\d{1,3}){3}\b|\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", text), name)
        policy = files["config/policy.toml"]
        for kept in ('mode = "enforce"', 'from = "2023-03-27"', 'time_zone = "Europe/Brussels"', "vlan = [20]", "[[zone]]"):
            self.assertIn(kept, policy)

    def test_a_box_in_trouble_has_one_too(self):
        done = self.make("trouble.tar.gz", "--runtime", self.temporary.name)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("unreachable", json.loads(self.contents()["status.json"]))

    def test_never_over_another_file(self):
        self.box.write("there.tar.gz", b"mine")
        done = self.make("there.tar.gz", "--runtime", str(self.box.runtime))
        self.assertEqual((1, 1), (done.returncode, done.stderr.count("\n")))
        self.assertEqual(b"mine", self.path.read_bytes())


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
