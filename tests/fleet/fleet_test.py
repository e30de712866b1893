#!/usr/bin/env python3
"""A fleet on one machine, and each playbook of scripts/fleet against it: fleet_test.py [--boxes N] [--show] BUILD"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import fleet as fleets  # noqa: E402
import wire  # noqa: E402

OPTIONS = None
SOON = {"settle": 1, "patience": 4, "patience_after": 40}


def say(text):
    print(f"  {time.monotonic() - BEGUN:5.0f} s  {text}", file=sys.stderr, flush=True)


BEGUN = time.monotonic()


class FleetTest(unittest.TestCase):
    """In the order of the numbers: each roll-out finds the fleet as the former one left it."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="sluis-fleet-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.office = fleets.Office().__enter__()
        cls.addClassCleanup(cls.office.__exit__)
        cls.fleet = fleets.Fleet(OPTIONS.build, cls.scratch.name, OPTIONS.boxes, cls.office)
        cls.addClassCleanup(cls.fleet.stop)
        cls.fleet.enrol()
        say("enrolled")
        cls.fleet.start()
        say(f"{OPTIONS.boxes} boxes forward")
        cls.names = list(cls.fleet.boxes)
        # The first batch is one box, the second two, the last has the others.
        cls.batches = [1, 2, "100%"]

    def play(self, playbook, *options, works, **variables):
        done = self.fleet.play(playbook, *options, **{"batches": self.batches, **SOON, **variables})
        self.assertEqual(done.returncode == 0, works, done.stdout + done.stderr)
        totals = done.stdout.strip().splitlines()[-1].strip()
        say(f"{playbook} {'went' if works else 'stopped'} in {done.seconds:.0f} s: {totals}")
        if OPTIONS.show:
            print(done.stdout[done.stdout.index("PLAY RECAP"):], file=sys.stderr)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
        return self.fleet.report()

    def stages(self, report):
        return {name: report[name]["stage"] for name in self.names}

    def every(self, value):
        return dict.fromkeys(self.names, value)

    def first_only(self, first, others):
        return {**self.every(others), self.names[0]: first}

    def changes(self):
        return {name: box.changes() for name, box in self.fleet.boxes.items()}

    def test_01_every_box_is_well(self):
        report = self.play("check", works=True)
        self.assertEqual(self.stages(report), self.every("well"))
        self.assertEqual({name: report[name]["sequence"] for name in self.names}, self.every(1))
        self.assertEqual(self.changes(), self.every([]))

    def test_02_check_mode_changes_nothing(self):
        bundle = self.fleet.bundle("second", 2)
        self.play("rules", "--check", works=True, bundle=str(bundle))
        self.assertEqual(self.fleet.sequences(), self.every((1, False)))
        self.assertFalse([what for log in self.changes().values() for what in log if what != "ruleset.dry_run"])

    def test_03_rules_reach_every_box(self):
        bundle = self.fleet.folder / "second.bundle"
        digests = {box.get("/v1/status").json()["dataplane"]["rule_digest"] for box in self.fleet.boxes.values()}
        report = self.play("rules", works=True, bundle=str(bundle))
        self.assertEqual(self.stages(report), self.every("confirmed"))
        self.assertEqual(self.fleet.sequences(), self.every((2, False)))
        self.assertEqual([report[name]["batch"] for name in self.names[:4]], [1, 2, 2, 3][:len(self.names)])
        self.assertEqual(len(digests), 1)
        again = self.play("rules", "--limit", self.names[0], works=True, bundle=str(bundle))  # there is nothing left to do
        self.assertIn("already", again[self.names[0]]["words"])

    def test_04_a_bundle_by_a_stranger_stops_at_the_first_box(self):
        bundle = self.fleet.bundle("stranger", 3, keys=[wire.Key()])
        self.stops_at_once(bundle, "signature_unknown_key")

    def test_05_a_bundle_that_fails_its_test_stops_at_the_first_box(self):
        wrong = [wire.self_test("www.example.com", rule="tiktok.com"), wire.self_test("example.org", wire.PASS)]
        self.stops_at_once(self.fleet.bundle("untrue", 3, tests=wrong), "self_test_failed")

    def stops_at_once(self, bundle, error):
        others = {name: log for name, log in self.changes().items() if name != self.names[0]}
        report = self.play("rules", works=False, bundle=str(bundle))
        self.assertEqual(self.stages(report), self.first_only("failed", "untouched"))
        self.assertIn(error, report[self.names[0]]["words"])
        self.assertEqual(self.fleet.sequences(), self.every((2, False)))
        for name, log in others.items():
            self.assertEqual(self.fleet.boxes[name].changes(), log, "nobody asked anything of it")

    def test_06_rules_that_make_a_box_sick_are_taken_back(self):
        """Its dataplane ends while the bundle is on probation, and nobody starts it again."""
        bundle = self.fleet.bundle("third", 3)
        sick = self.fleet.boxes[self.names[0]]

        def end_it():
            fleets.wait_for("the bundle is on probation", lambda: sick.rules() == (3, True), timeout=120)
            sick.stop(sick.processes.pop())

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            ended = pool.submit(end_it)
            report = self.play("rules", works=False, bundle=str(bundle), settle=8, patience_after=8)
            ended.result()
        self.assertEqual(self.stages(report), self.first_only("failed", "untouched"))
        fleets.wait_for("the former rules are in force", lambda: sick.rules() == (2, False))
        self.assertEqual(self.fleet.sequences(), self.every((2, False)))
        sick.processes.append(sick.start_dataplane())

    def test_07_a_box_that_is_down(self):
        """The third box: so of the second batch, half fails."""
        down = self.fleet.boxes[self.names[2]]
        down.stop_both()
        well = {name: box for name, box in self.fleet.boxes.items() if box is not down}
        bundle = str(self.fleet.bundle("fourth", 4))
        report = self.play("rules", works=False, bundle=bundle)
        self.assertEqual(report[self.names[2]]["stage"], "failed")
        self.assertIn("port 8443", report[self.names[2]]["words"])
        self.assertEqual({name: box.rules() for name, box in well.items()},
                         {name: (4 if name == self.names[0] else 2, False) for name in well})
        report = self.play("rules", works=False, bundle=bundle, max_fail=50)
        self.assertEqual({name: box.rules() for name, box in well.items()}, dict.fromkeys(well, (4, False)))
        self.assertEqual(report[self.names[2]]["stage"], "failed")
        self.assertEqual({report[name]["stage"] for name in well}, {"confirmed"})
        down.start_both()
        # What is left, by branch or by name.
        self.play("rules", "--limit", self.names[2], works=True, bundle=bundle)
        self.assertEqual(self.fleet.sequences(), self.every((4, False)))

    def test_08_a_configuration_reaches_every_box(self):
        report = self.play("configuration", works=True)
        self.assertEqual({row["words"] for row in report.values()}, {"it is the box's already"})
        report = self.play("configuration", works=True, office_text="Geweigerd")
        self.assertEqual(self.stages(report), self.every("confirmed"))
        for name, box in self.fleet.boxes.items():
            answer = box.get("/v1/config").json()
            self.assertIn('dns_text = "Geweigerd"', answer["toml"], name)
            self.assertIsNone(answer["change"], name)

    def test_09_a_configuration_that_is_wrong_or_loses_frames_stops_at_the_first_box(self):
        report = self.play("configuration", works=False, office_text="Geweigerd", more="dns_tekst = \"x\"")
        self.assertEqual(self.stages(report), self.first_only("failed", "untouched"))
        self.assertIn("dns_tekst", report[self.names[0]]["words"])
        self.fleet.write("sluis.toml.j2", (self.fleet.folder / "sluis.toml.j2").read_bytes().replace(
            b"flows = 1024", b"flows = 2048"))
        report = self.play("configuration", works=False, office_text="Geweigerd")
        self.assertIn("sluis_may_restart", report[self.names[0]]["words"])
        for name, box in self.fleet.boxes.items():
            self.assertIn("flows = 1024", box.config.read_text(), name)
        self.fleet.write("sluis.toml.j2", fleets.template_of(self.fleet.first).encode())

    def only_third(self, wrong, right):
        """A variable that is wrong for one box of the second batch alone."""
        return "{{ %r if inventory_hostname == %r else %r }}" % (wrong, self.names[2], right)

    def stops_in_the_second_batch(self, report):
        self.assertEqual([report[name]["stage"] for name in self.names[:4]], ["confirmed", "tried", "failed", "untouched"])

    def test_10_one_sick_box_of_a_batch_stops_it_for_the_others(self):
        report = self.play("configuration", works=False, office_text="Nee", more=self.only_third("[frames2]", ""))
        self.stops_in_the_second_batch(report)
        self.assertEqual(["\"Nee\"" in box.config.read_text() for box in self.fleet.boxes.values()],
                         [name == self.names[0] for name in self.names])
        report = self.play("policy", works=False, policy_head=self.only_third("[polcy]", "[policy]"))
        self.stops_in_the_second_batch(report)
        self.assertEqual([box.get("/v1/policy").json()["origin"] for box in self.fleet.boxes.values()],
                         ["file"] + ["none"] * (len(self.names) - 1))

    def test_11_who_is_no_admin_changes_nothing(self):
        folder = self.fleet.folder
        who = {"sluis_cert": f"{folder}/reader.pem", "sluis_key": f"{folder}/reader.key"}
        self.play("check", works=True, **who)
        report = self.play("rules", works=False, bundle=str(self.fleet.bundle("fifth", 5)), **who)
        self.assertEqual(self.stages(report), self.first_only("failed", "untouched"))
        self.assertIn("403", report[self.names[0]]["words"])

    def test_12_a_policy_reaches_every_box(self):
        report = self.play("policy", works=True)
        self.assertEqual(self.stages(report), self.every("confirmed"))
        for name, box in self.fleet.boxes.items():
            policy = box.get("/v1/policy").json()
            self.assertEqual([zone["name"] for zone in policy["zones"]][:2], ["visitors", "everybody"], name)
        report = self.play("policy", works=False, policy_head="[polcy]")
        self.assertEqual(self.stages(report), self.first_only("failed", "untouched"))
        self.assertIn("policy_wrong", report[self.names[0]]["words"])


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--boxes", type=int, default=4, help="at least 4")
    parser.add_argument("--show", action="store_true", help="the report of each run")
    parser.add_argument("build", type=pathlib.Path)
    OPTIONS, rest = parser.parse_known_args()
    if os.geteuid() != 0 or not shutil.which("ansible-playbook"):
        print("fleet_test.py: needs root and ansible-playbook (scripts/install --test)", file=sys.stderr)
        return 77
    unittest.main(argv=[sys.argv[0], *rest], failfast=True)


if __name__ == "__main__":
    sys.exit(main())
