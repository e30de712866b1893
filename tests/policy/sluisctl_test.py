#!/usr/bin/env python3
"""What `sluisctl policy` prints, and its exit status: sluisctl_test.py SLUISCTL EXAMPLES RULES."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SLUISCTL, EXAMPLES, RULES = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
BRUSSELS, MECHELEN = EXAMPLES / "brussels.toml", EXAMPLES / "mechelen.toml"
# Compiled once: every command opens the rules.
WORK = tempfile.TemporaryDirectory()
COMPILED = pathlib.Path(WORK.name) / "compiled"


def sluisctl(*arguments):
    return subprocess.run([SLUISCTL, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def policy(*arguments):
    return sluisctl("policy", *arguments, "--rules", COMPILED)


def explain(example, *arguments):
    answer = policy("explain", "--policy", example, "-o", "json", *arguments)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


class Check(unittest.TestCase):
    def test_examples_are_right(self):
        for example, counts in ((BRUSSELS, "4 zones, 3 rules, 5 devices and 0 allowed names are right"),
                                (MECHELEN, "1 zone, 1 rule, 0 devices and 0 allowed names are right")):
            answer = policy("check", example)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), example)
            self.assertIn(counts, answer.stdout)
            self.assertIn("alarm: ", answer.stdout)  # both were to be reviewed in 2023

    def test_says_all_that_is_wrong(self):
        file = pathlib.Path(WORK.name) / "wrong.toml"
        file.write_text('[[zone]]\nname = "a"\nvlan = [1]\n[[zone.rule]]\nmode = "on"\n')
        answer = policy("check", file)
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))
        lines = answer.stderr.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[0], f"sluisctl: {file}:3:1: unknown key 'vlan'; the nearest known one is 'vlans'")
        self.assertTrue(lines[1].startswith(f"sluisctl: {file}:5:8: 'on' is no mode"), lines[1])

    def test_knows_the_categories_of_the_rules(self):
        file = pathlib.Path(WORK.name) / "category.toml"
        file.write_text('[[zone]]\nname = "a"\n[[zone.rule]]\ncategories = ["tictok"]\nmode = "enforce"\n')
        answer = policy("check", file)
        self.assertEqual(answer.returncode, 1)
        self.assertIn(f"{file}:3:1: category 'tictok' is not in the rule set; the nearest known one is 'tiktok'",
                      answer.stderr)

    def test_warns(self):
        file = pathlib.Path(WORK.name) / "warn.toml"
        file.write_text('[[zone]]\nname = "a"\nvlans = [1]\n')
        answer = policy("check", file)
        self.assertEqual(answer.returncode, 0)
        self.assertIn("sluisctl: warning: ", answer.stderr)

    def test_wrong_usage(self):
        self.assertEqual(sluisctl("policy").returncode, 2)
        self.assertEqual(sluisctl("policy", "explain", "--name", "a.example").returncode, 2)
        wrong_vlan = policy("explain", "--name", "a.example", "--client", "10.0.0.1", "--vlan", "4095")
        self.assertEqual(wrong_vlan.returncode, 2)


class Show(unittest.TestCase):
    def test_table(self):
        answer = policy("show", "--policy", BRUSSELS, "--at", "2023-03-28")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        lines = answer.stdout.splitlines()
        self.assertEqual(lines[0], "at 2023-03-28T00:00:00+02:00")
        rows = [line.split() for line in lines]
        self.assertIn(["iris-tower-wifi", "tiktok", "enforce"], [row[:3] for row in rows])
        self.assertIn(["service-devices", "tiktok", "off"], [row[:3] for row in rows])
        self.assertIn(["annex-personal", "shared-overseas", "monitor"], [row[:3] for row in rows])
        self.assertIn(["elsewhere", "all", "off"], [row[:3] for row in rows])
        self.assertEqual(lines[-1], "next change: 2023-03-31T00:00:00+02:00")

    def test_json(self):
        shown = json.loads(policy("show", "--policy", BRUSSELS, "--at", "2023-09-28", "-o", "json").stdout)
        self.assertEqual(list(shown), ["policy", "time", "next_change", "zones", "allowed", "alarms"])
        self.assertEqual(shown["time"], "2023-09-28T00:00:00+02:00")
        self.assertEqual([zone["zone"] for zone in shown["zones"]],
                         ["iris-tower-wifi", "service-devices", "annex-personal", "elsewhere"])
        tiktok = next(each for each in shown["zones"][0]["categories"] if each["category"] == "tiktok")
        self.assertEqual((tiktok["mode"], tiktok["state"], tiktok["review_overdue"]), ("enforce", "in_force", True))
        self.assertEqual(tiktok["from"], "2023-03-27T00:00:00+02:00")
        self.assertIsNone(tiktok["until"])
        self.assertEqual([alarm["zone"] for alarm in shown["alarms"]], ["iris-tower-wifi", "annex-personal"])

    def test_says_what_is_no_time(self):
        answer = policy("show", "--policy", BRUSSELS, "--at", "tomorrow")
        self.assertEqual(answer.returncode, 1)
        self.assertIn('"tomorrow" is no time', answer.stderr)

    def test_says_that_there_is_no_policy(self):
        answer = policy("show", "--policy", EXAMPLES / "none.toml")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("No such file", answer.stderr)


class Explain(unittest.TestCase):
    def test_follows_time_and_zone(self):
        rows = [  # example, verdict, zone, what is asked
            (BRUSSELS, "allow", "iris-tower-wifi", ("--vlan", 110, "--at", "2023-03-26T23:59:59")),
            (BRUSSELS, "block", "iris-tower-wifi", ("--vlan", 110, "--at", "2023-03-27")),
            (BRUSSELS, "block", "iris-tower-wifi", ("--vlan", 7, 110, "--at", "2100-01-01")),
            (BRUSSELS, "allow", "service-devices", ("--mac", "00:00:5e:00:53:04", "--at", "2023-03-30")),
            (BRUSSELS, "block", "service-devices", ("--mac", "00:00:5e:00:53:04", "--at", "2023-03-31")),
            (BRUSSELS, "allow", "elsewhere", ("--at", "2023-03-31")),
            (MECHELEN, "block", "city", ("--at", "@0")),
            (MECHELEN, "block", "city", ("--vlan", 9, "--pair", "pair3", "--at", "2023-03-27")),
        ]
        for example, verdict, zone, arguments in rows:
            answer = explain(example, "--name", "https://www.tiktok.com/@x", "--client", "10.9.9.9", *arguments)
            self.assertEqual((answer["name"], answer["verdict"], answer["zone"]["name"]),
                             ("www.tiktok.com", verdict, zone), arguments)
        answer = explain(BRUSSELS, "--name", "tiktok.com", "--client", "10.21.0.1", "--vlan", "210",
                         "--at", "2023-04-01")
        self.assertEqual((answer["verdict"], answer["zone"]["by"]), ("monitor", ["VLAN 210", "prefix 10.21.0.0/16"]))

    def test_table(self):
        answer = policy("explain", "--policy", MECHELEN, "--name", "www.tiktok.com", "--client", "2001:db8::1",
                        "--at", "2023-03-27")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        lines = answer.stdout.splitlines()
        self.assertEqual(lines[0], "www.tiktok.com: block at 2023-03-27T00:00:00+02:00")
        self.assertEqual(lines[1], "  zone city, line 7: everybody")
        self.assertIn("  suffix tiktok.com, category tiktok", lines)
        self.assertIn("    enforce: by the rule at line 11, review by 2023-09-09T00:00:00+02:00", lines)

    def test_says_what_is_wrong(self):
        for arguments, error in ((("--client", "there"), '--client "there" is no address'),
                                 (("--client", "10.0.0.1", "--mac", "1"), '--mac "1" is no MAC address')):
            answer = policy("explain", "--policy", MECHELEN, "--name", "a.example", *arguments)
            self.assertEqual((answer.returncode, answer.stdout), (1, ""))
            self.assertIn(error, answer.stderr)


class Devices(unittest.TestCase):
    def test_check(self):
        answer = sluisctl("policy", "devices", "check", EXAMPLES / "service-devices.csv")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertIn("5 devices in 4 rows, from Wi-Fi MAC and Ethernet MAC: 3 empty cells, 0 duplicates, 0 randomised",
                      answer.stdout)

    def test_says_what_is_wrong(self):
        file = pathlib.Path(WORK.name) / "wrong.csv"
        file.write_text("Name;Wi-Fi MAC\r\nx;00:00:5e:00:53:01\r\ny;here\r\n")
        answer = sluisctl("policy", "devices", "check", file)
        self.assertEqual((answer.returncode, answer.stdout), (1, ""))
        self.assertEqual(answer.stderr,
                         f'sluisctl: {file}:3:3: "here" is no MAC address; write it as aa:bb:cc:dd:ee:ff\n')


if __name__ == "__main__":
    compiled = sluisctl("rules", "compile", "-o", COMPILED, RULES)
    assert compiled.returncode == 0, compiled.stderr
    unittest.main(argv=sys.argv[:1])
