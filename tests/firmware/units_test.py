"""The services' unit files: systemd understands them, and each is hardened at least so much.

Usage: units_test.py UNITS-FOLDER [TEST…]     the folder that CMake wrote them to
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

UNITS = Path()
BOARDS = Path(__file__).resolve().parents[2] / "boards"
PROGRAMS = ("sluis-dataplane", "sluis-control", "sluis-guard")

# The exposure that `systemd-analyze security` may find at most, 0 to 100 (100: nothing is forbidden).
# The dataplane is root with access to devices and to the machine's network interfaces: that is its work.
THRESHOLDS = {"sluis-control": 20, "sluis-rules": 12, "sluis-setup": 26, "sluis-dataplane": 30,
              "sluis-guard": 26}


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)


def system_calls(name):
    """Those of a name in SystemCallFilter=, which may be a set that holds others."""
    if not name.startswith("@"):
        return {name}
    lines = map(str.strip, run("systemd-analyze", "syscall-filter", name).stdout.splitlines()[1:])
    return set().union(*(system_calls(line) for line in lines if line and not line.startswith("#")))


def allowed_system_calls(unit):
    """What a unit's filters leave, of which the first is a list of what is allowed."""
    allowed = set()
    for refuses, names in re.findall(r"(?m)^SystemCallFilter=(~?)(.+)$", unit.read_text()):
        named = set().union(*map(system_calls, names.split()))
        allowed = allowed - named if refuses else allowed | named
    return allowed


class UnitsTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-units.")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        # The programs may not be installed here; all else of the files stays as it is.
        for unit in sorted(UNITS.glob("*.service")):
            text = re.sub(r"^(Exec\w+=)/\S*/(sluis\S*|setup-board)", r"\1/bin/true", unit.read_text(), flags=re.M)
            (self.folder / unit.name).write_text(text)
        self.units = sorted(self.folder.glob("*.service"))
        self.assertEqual(sorted(THRESHOLDS), [unit.stem for unit in self.units])

    def test_systemd_understands_every_line(self):
        checked = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *self.units)
        ours = [line for line in checked.stderr.splitlines() if "sluis-" in line]
        self.assertEqual([], ours)
        self.assertEqual(0, checked.returncode, checked.stderr)

    def test_a_wrong_line_is_found(self):
        unit = self.folder / "sluis-control.service"
        unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHouse=yes"))
        self.assertIn("ProtectHouse", run("systemd-analyze", "verify", "--man=no", unit).stderr)

    def test_each_is_hardened(self):
        for unit in self.units:
            with self.subTest(unit.stem):
                threshold = THRESHOLDS[unit.stem]
                found = run("systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", unit)
                self.assertEqual(0, found.returncode, found.stdout + found.stderr)

    def test_no_process_requires_another(self):
        for name in PROGRAMS:
            text = (self.folder / f"{name}.service").read_text()
            for line in text.splitlines():
                if re.match(r"(Requires|Requisite|BindsTo|PartOf|Upholds)=", line):
                    for other in PROGRAMS:
                        self.assertNotIn(other, line)
            self.assertIn("Restart=always", text)
            self.assertIn("Type=notify", text)
            self.assertRegex(text, r"(?m)^WatchdogSec=\d+$")

    def test_a_program_may_give_up_what_its_unit_gave_it(self):
        for name in PROGRAMS:
            allowed = allowed_system_calls(self.folder / f"{name}.service")
            self.assertEqual(set(), {"capget", "capset", "prctl", "seccomp"} - allowed, name)
            self.assertNotIn("mount", allowed, name)

    def test_the_dataplane_may_keep_modes(self):
        """It is of the group, and has no power over files."""
        self.assertEqual("1770", self.modes_of_folders()["/var/lib/sluis"])

    def modes_of_folders(self):
        return dict(line.split()[1:3] for line in
                    (BOARDS / "common/systemd/sluis.tmpfiles").read_text().splitlines() if line.startswith("d "))

    def test_a_units_start_leaves_folders_as_they_were_made(self):
        """Its one mode goes to every folder that it names."""
        modes = self.modes_of_folders()
        compared = set()
        for unit in self.units:
            text = unit.read_text()
            for kind, parent in (("State", "/var/lib"), ("Runtime", "/run")):
                mode = re.search(rf"(?m)^{kind}DirectoryMode=0?(\d+)$", text)
                for name in " ".join(re.findall(rf"(?m)^{kind}Directory=(.+)$", text)).split():
                    folder = f"{parent}/{name}"
                    self.assertEqual(mode and mode[1], modes[folder].lstrip("0"), f"{unit.name}: {folder}")
                    compared.add(folder)
        self.assertEqual({"/var/lib/sluis", "/run/sluis"}, compared)

    def test_users_and_folders_go_together(self):
        """Each user and group that a unit or a folder names is made."""
        sysusers = (BOARDS / "common/systemd/sluis.sysusers").read_text()
        made = {line.split()[1] for line in sysusers.splitlines() if line[:2] in ("u ", "g ")} | {"root"}
        named = set()
        for unit in self.units:
            for value in re.findall(r"(?m)^(?:User|Group|SupplementaryGroups)=(.+)$", unit.read_text()):
                named.update(value.split())
        for line in (BOARDS / "common/systemd/sluis.tmpfiles").read_text().splitlines():
            if line.startswith("d "):
                named.update(line.split()[3:5])
        self.assertEqual(set(), named - made)


if __name__ == "__main__":
    UNITS = Path(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
