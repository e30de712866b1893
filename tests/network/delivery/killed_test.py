"""sluis-control is killed at random moments of installs, policy posts and phase changes, while traffic runs: no frame is
lost, and after each restart one whole state is in force.
Usage: killed_test.py BUILD [TEST…]"""

import itertools
import random
import sys
import tempfile
import threading
import time
import unittest

from delivery_box import START, DeliveryBox, problems, wait_for

BUILD = None
KILLS = 30
HOUR = 3600
SETS = [["b.example"], ["a.example"], ["a.example", "c.example"]]  # by the sequence's remainder; the factory's is 1
ALLOWED = "a.example"


def policy_text(mode, allows):
    """`mode` for everybody at even hours of the clock's day, "monitor" at odd ones."""
    rules = []
    for hour in range(48):
        rules.append(f"""  [[zone.rule]]
  mode = "{mode if hour % 2 == 0 else "monitor"}"
  from = @{START + hour * HOUR}
  until = @{START + (hour + 1) * HOUR}
""")
    text = '[[zone]]\nname = "everybody"\n' + "".join(rules)
    if allows:
        text += f'[[allow]]\nname = "{ALLOWED}"\nowner = "o"\nreason = "r"\nuntil = 2100-01-01T00:00:00Z\n'
    return with_dates(text)


def with_dates(text):
    """TOML has no seconds since 1970."""
    words = []
    for line in text.splitlines():
        key, at, seconds = line.partition("@")
        words.append(key + time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(seconds))) if at else line)
    return "\n".join(words) + "\n"


class KilledTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.box = DeliveryBox(BUILD, folder.name + "/box")
        self.addCleanup(self.box.__exit__)
        self.chance = random.Random(20230327)
        self.policies = {policy_text(mode, allows): (mode, allows)
                         for mode in ("enforce", "off") for allows in (False, True)}
        self.sequences, self.hour, self.clock_lock = itertools.count(2), 0, threading.Lock()

    def names_of(self, sequence):
        return SETS[sequence % len(SETS)]

    def act(self):
        """One change, which may be cut off anywhere."""
        what = self.chance.choice(["install", "confirm", "rollback", "policy", "policy", "clock"])
        try:
            if what == "install":
                sequence = next(self.sequences)
                self.box.post_bundle(self.box.rules(sequence, *self.names_of(sequence)), "?probation=0")
            elif what in ("confirm", "rollback"):
                self.box.ask("POST", f"/v1/ruleset/{what}")
            elif what == "policy":
                self.box.post_policy(self.chance.choice(list(self.policies)))
        except OSError:
            pass  # it was killed meanwhile
        if what == "clock":
            with self.clock_lock:
                self.hour += 1
                self.box.set_clock(START + self.hour * HOUR + 1)

    def check_state(self):
        """What the dataplane does is what one bundle, one policy and one phase say."""
        self.box.wait_until_in_use()
        wait_for("the clock is followed",
                 lambda: self.box.get("/v1/policy").json()["time"] == START + self.hour * HOUR + 1)
        self.box.wait_until_in_use()
        rules = self.box.get("/v1/ruleset").json()
        refused = self.names_of(rules["sequence"])
        path = self.box.folder / "policy.toml"
        policy = self.box.get("/v1/policy").json()
        self.assertEqual(policy["origin"], "file" if path.exists() else "none")
        if path.exists():
            self.assertIn(path.read_text(), self.policies, "a whole one")
            mode, allows = self.policies[path.read_text()]
            mode = mode if self.hour % 2 == 0 else "monitor"
            refused = [name for name in refused if not allows or name != ALLOWED]
        else:
            mode = "enforce"
        self.box.wait_for_verdicts(refused if mode == "enforce" else [], refused if mode == "monitor" else [])
        wait_for("there is no alarm", lambda: not self.box.alarms() - {"development_keys"})

    def test_control_is_killed_at_any_point(self):
        self.box.set_clock(START + 1)
        control = self.box.start_control()
        dataplane = self.box.start_dataplane()
        self.check_state()
        for number in range(KILLS):
            actions = [threading.Thread(target=self.act) for _ in range(2)]
            for action in actions:
                action.start()
            time.sleep(self.chance.uniform(0, 1.2))
            control.kill()
            for action in actions:
                action.join()
            self.box.stop(control)
            self.assertIsNone(dataplane.poll(), "the dataplane goes on")
            control = self.box.start_control()
            if number % 3 == 2:
                self.check_state()
        self.check_state()
        self.assertEqual(self.box.status()["dataplane"]["pid"], dataplane.pid)
        accounts = self.box.end_dataplane(dataplane)
        self.assertEqual([], problems(accounts))
        for account in accounts:
            self.assertEqual(account["drops"], account["drop.rule"], account)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
