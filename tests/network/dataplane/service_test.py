"""What sluis-dataplane and sluis-control tell a service manager: ready only when they serve, and a watchdog that starves
when any one worker, the main thread or the thread for jobs hangs.

Usage: service_test.py SLUIS-DATAPLANE RULES [TEST…]
"""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from dataplane import Dataplane, counters
from service_manager import ServiceManager, standing_still, threads

PROGRAM, RULES = "", ""
FED = "WATCHDOG=1"
MISSED = 4  # seconds in which a watchdog that is fed once a second is fed


class ServiceTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-service.")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)
        self.manager = ServiceManager(self.directory)
        self.addCleanup(self.manager.close)

    def assert_starves(self, thread):
        """While the thread stands still nothing feeds the watchdog; afterwards it is fed again."""
        self.manager.wait_for(FED)
        with standing_still(thread):
            self.manager.listen(1.5)  # one that was under way
            self.assertNotIn(FED, self.manager.listen(MISSED))
        self.manager.wait_for(FED)


class DataplaneTest(ServiceTest):
    def start(self):
        pairs = [("net_null0,no-rx=1", "net_null1,no-rx=1", "workers = 2")]
        box = Dataplane(PROGRAM, RULES, self.directory, pairs, environment=self.manager.environment)
        self.enterContext(box)
        return box

    def worker_threads(self, box):
        """DPDK names them by their lcores: rte-worker-0, since 23.03 dpdk-worker0."""
        found = sorted(thread for thread, name in threads(box.process.pid).items()
                       if "-worker" in name)
        self.assertEqual(2, len(found), threads(box.process.pid))
        return found

    def test_is_ready_when_every_worker_runs_and_says_when_it_ends(self):
        box = self.start()
        self.manager.wait_for("READY=1")
        for worker in counters.read(box.sluisctl, box.runtime)["workers"]:
            self.assertGreater(worker["heartbeat"], 0)
        self.manager.wait_for(FED)
        self.manager.listen(1)
        status = [line for line in self.manager.heard if line.startswith("STATUS=")]
        self.assertEqual(["STATUS=forwarding; workers: 2, pairs: 1, links up: 2 of 2"], status)
        box.process.send_signal(signal.SIGTERM)
        self.manager.wait_for("STOPPING=1")

    def test_says_nothing_when_it_does_not_start(self):
        with self.assertRaisesRegex(AssertionError, "ended with 1"):
            box = Dataplane(PROGRAM, self.directory / "none", self.directory, [("net_null0", "net_null1", "")],
                            environment=self.manager.environment)
            self.enterContext(box)
        self.assertEqual([], self.manager.listen(0.2))

    def test_one_worker_that_hangs_starves_the_watchdog(self):
        box = self.start()
        for number, thread in enumerate(self.worker_threads(box)):
            self.assert_starves(thread)
            self.assertIn(f"STATUS=not forwarding: no move of worker {number}; workers: 2, pairs: 1, links up: 2 of 2",
                          self.manager.heard)

    def test_a_main_thread_that_hangs_does_too(self):
        self.assert_starves(self.start().process.pid)


class ControlTest(ServiceTest):
    def start(self):
        config = self.directory / "sluis.toml"
        config.write_text(f"""[[pair]]
inside = "net_null0"
outside = "net_null1"
[rules]
compiled = "{self.directory}/compiled"
[runtime]
directory = "{self.directory}"
[control]
store = "{self.directory}/store"
audit_file = "{self.directory}/audit.jsonl"
policy = "{self.directory}/policy.toml"
policy_state = "{self.directory}/policy"
[events]
numbers_file = "{self.directory}/numbers.json"
[history]
file = "{self.directory}/history.db"
""")
        program = counters.sluisctl_beside(PROGRAM).parent.parent / "main" / "sluis-control"
        with open(self.directory / "log", "wb") as log:
            process = subprocess.Popen([program, "--config", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env=self.manager.environment)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_is_ready_when_its_sockets_are_there_and_says_when_it_ends(self):
        process = self.start()
        before = self.manager.wait_for("READY=1")
        self.assertTrue((self.directory / "control-ro.sock").is_socket(), before)
        self.manager.wait_for(FED)
        self.assertIn("STATUS=serving", self.manager.heard)
        process.send_signal(signal.SIGTERM)
        self.manager.wait_for("STOPPING=1")
        self.assertEqual(0, process.wait(30))

    def test_an_event_loop_that_hangs_starves_the_watchdog(self):
        self.assert_starves(self.start().pid)


if __name__ == "__main__":
    PROGRAM, RULES = (os.path.abspath(argument) for argument in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
