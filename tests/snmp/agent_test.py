#!/usr/bin/env python3
"""A box's figures by SNMP: a real snmpd that starts `sluisctl snmp`, real clients, and the MIB: agent_test.py BUILD"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "api"))
from control_box import ControlBox, free_port, wait_for  # noqa: E402

BUILD = None
ARC = ".1.3.6.1.4.1.8072.9999.9999.7583"
MIB = ROOT / "control" / "snmp" / "SLUIS-MIB.txt"
V3 = ["-v3", "-u", "noc", "-a", "SHA-256", "-x", "AES", "-A", "authentication"]
SECRET = ["-l", "authPriv", *V3, "-X", "encryption"]
SYSTEM = ".1.3.6.1.2.1.1"


class AgentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="sluis-snmp-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.box = ControlBox(BUILD, cls.folder / "box")
        cls.addClassCleanup(cls.box.__exit__)
        cls.control = cls.box.start_control()
        cls.box.start_dataplane()
        cls.port = free_port(socket.SOCK_DGRAM)
        cls.environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(cls.folder / "state"), "SNMPCONFPATH": str(cls.folder),
                           "MIBDIRS": f"{HERE / 'mibs'}:{MIB.parent}", "MIBS": "SLUIS-MIB"}
        cls.start_agent()

    @classmethod
    def start_agent(cls):
        """As control/snmp/README.md has it, but for the port and where the box is. The communities and the user without
        encryption are there to be refused: rouser says priv."""
        configuration = cls.folder / "agent.conf"
        configuration.write_text(f"""
agentAddress udp:127.0.0.1:{cls.port}
createUser noc SHA-256 authentication AES encryption
rouser noc priv {ARC}
pass_persist {ARC} {BUILD}/control/cli/sluisctl snmp --runtime {cls.box.runtime}
""")
        log = open(cls.folder / "snmpd.log", "wb")
        cls.agent = subprocess.Popen(["snmpd", "-f", "-Lo", "-C", "-c", configuration, "-p", cls.folder / "pid"],
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=cls.environment)
        log.close()
        cls.addClassCleanup(cls.end_agent)
        wait_for("snmpd answers", lambda: "sluisControlAnswers" in cls.ask("snmpget", SECRET, "1.1.0"))

    @classmethod
    def end_agent(cls):
        cls.agent.terminate()
        cls.agent.wait(30)

    @classmethod
    def ask(cls, program, who, *below, arc=ARC):
        """What it printed. `below`: of the arc."""
        oids = [f"{arc}.{each}" if each else arc for each in below]
        done = subprocess.run([program, *who, "-t", "5", "-r", "1", f"udp:127.0.0.1:{cls.port}", *oids], env=cls.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120)
        return done.stdout + done.stderr

    def walk(self):
        """{"sluisFlows.0": "Gauge32: 0"}"""
        text = self.ask("snmpwalk", SECRET, "")
        lines = [line.removeprefix("SLUIS-MIB::").split(" = ", 1) for line in text.splitlines()
                 if "No more variables" not in line]
        return {line[0]: line[1] for line in lines if len(line) == 2}

    def test_the_mib_is_well_formed(self):
        self.assertEqual(self.lint(MIB.read_text()), "")
        self.assertIn("sluisFlow", self.lint(MIB.read_text().replace("sluisFlows,", "sluisFlow,")), "smilint looks")

    def lint(self, text):
        (self.folder / "smi.conf").write_text(f"path {HERE / 'mibs'}\n")
        (self.folder / "SLUIS-MIB").write_text(text)
        done = subprocess.run(["smilint", "-c", self.folder / "smi.conf", "-s", "-l", "4", self.folder / "SLUIS-MIB"],
                              capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def test_a_walk_shows_what_the_api_says(self):
        shown = self.walk()
        status = self.box.get("/v1/status").json()
        self.assertEqual(shown["sluisControlAnswers.0"], "INTEGER: true(1)")
        self.assertIn(status["version"], shown["sluisVersion.0"])
        self.assertEqual(shown["sluisDataplaneRuns.0"], "INTEGER: true(1)")
        self.assertEqual(shown["sluisMovingWorkers.0"], f"Gauge32: {status['dataplane']['workers']}")
        self.assertIn("development_keys", shown["sluisAlarmNames.0"])
        self.assertEqual(shown["sluisRuleSequence.0"], "STRING: 1")
        age = int(shown["sluisRuleAge.0"].split()[1])
        self.assertTrue(3600 <= age < 3600 + 600, age)
        self.assertTrue(shown["sluisFramesDropped.0"].startswith("Counter64: "), shown)
        self.assertIn("pair0", shown["sluisPortPair.1"])
        self.assertEqual((shown["sluisPortSide.1"], shown["sluisPortSide.2"]), ("INTEGER: inside(1)", "INTEGER: outside(2)"))
        self.assertEqual(shown["sluisPortMode.2"], "INTEGER: inline(1)")

    def test_every_object_of_the_mib_is_there(self):
        names = {name for name in MIB.read_text().split() if name.startswith("sluis")}
        objects = {line.split()[0] for line in MIB.read_text().splitlines()
                   if line.startswith("sluis") and line.endswith("OBJECT-TYPE")}
        shown = {name.split(".")[0] for name in self.walk()}
        self.assertEqual(objects - shown, {"sluisPortTable", "sluisPortEntry", "sluisPortIndex"})
        self.assertLessEqual(objects, names)

    def test_only_who_is_known_and_encrypts_is_answered(self):
        refused = {"v1": ["-v1", "-c", "public"], "v2c": ["-v2c", "-c", "public"],
                   "without encryption": ["-l", "authNoPriv", *V3], "without a password": ["-l", "noAuthNoPriv", *V3],
                   "another password": [*SECRET[:-1], "something else"],
                   "another user": [*SECRET, "-u", "somebody"]}
        for how, who in refused.items():
            with self.subTest(how):
                text = self.ask("snmpwalk", [*who, "-t", "1"], "")
                self.assertNotIn("sluis", text.replace("SLUIS-MIB::sluis = No", "").replace("sluis-snmp", ""), text)

    def test_nothing_else_is_shown_and_nothing_can_be_set(self):
        self.assertNotIn("Linux", self.ask("snmpwalk", SECRET, "", arc=SYSTEM))
        done = subprocess.run(["snmpset", *SECRET, f"udp:127.0.0.1:{self.port}", ARC + ".1.2.0", "s", "x"],
                              env=self.environment, capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)

    def test_odd_objects_are_answered(self):
        longest = ".".join(["4294967295"] * (128 - ARC.count(".")))
        odd = ["0", "1", "1.2", "1.2.1", "1.2.0.0", "4.1.1.1.1", "4.1.1.2.0", "4.1.1.2.4294967295", "9.9", longest]
        for below in odd:
            with self.subTest(below[:40]):
                text = self.ask("snmpget", [*SECRET, "-Ir"], below)  # the MIB's ranges are not to keep it from asking
                self.assertIn("No Such", text)
        for below in odd:
            self.ask("snmpgetnext", [*SECRET, "-Ir"], below)
        self.ask("snmpbulkwalk", [*SECRET, "-Cr1000"], "")
        self.assertIn("true(1)", self.ask("snmpget", SECRET, "1.1.0"))

    def test_without_sluis_control_it_says_so(self):
        self.box.stop(self.control)
        try:
            wait_for("it is seen", lambda: list(self.walk()) == ["sluisControlAnswers.0"])
            self.assertEqual(self.walk(), {"sluisControlAnswers.0": "INTEGER: false(2)"})
        finally:
            type(self).control = self.box.start_control()
        wait_for("it is back", lambda: "sluisVersion.0" in self.walk())


if __name__ == "__main__":
    missing = [program for program in ("snmpd", "snmpwalk", "smilint") if not shutil.which(program)]
    if missing:
        sys.exit(f"agent_test.py: {missing} are missing: scripts/install --test")
    BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
