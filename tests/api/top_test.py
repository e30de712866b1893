"""sluisctl top and --watch: on a terminal of 80 columns and 24 rows, and in a pipe."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

from control_box import TIMEOUT, ControlBox

BUILD = None
OK, FAILED, USAGE, UNREACHABLE, REFUSED = range(5)
ROWS, COLUMNS = 24, 80


class Terminal:
    """A program on a pseudo-terminal. `read` returns what it has written since."""

    def __init__(self, command):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)

    def read_until(self, condition, timeout=TIMEOUT):
        text, end = b"", time.monotonic() + timeout
        while not condition(text):
            assert time.monotonic() < end, text
            if select.select([self.master], [], [], 0.1)[0]:
                text += os.read(self.master, 65536)
        return text.decode()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)


def screens(text):
    """What each screen shows, as lines. The terminal puts a return of its own before each line feed."""
    return [re.split(r"\r+\n", re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", part)) for part in text.split("\x1b[H")[1:]]


class TopTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.box = ControlBox(BUILD, cls.temporary.name + "/box")
        cls.box.start_control()
        cls.box.start_dataplane()

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()
        cls.temporary.cleanup()

    def command(self, *arguments):
        return [str(pathlib.Path(BUILD) / "control/cli/sluisctl"), *arguments, "--runtime", str(self.box.runtime)]

    def run_command(self, *arguments):
        return subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT)

    def terminal(self, *arguments):
        made = Terminal(self.command(*arguments))
        self.addCleanup(made.close)
        return made

    def test_fits_a_terminal_and_leaves_it_as_it_was(self):
        terminal = self.terminal("top", "--interval", "0.2")
        text = terminal.read_until(lambda seen: seen.count(b"\x1b[H") >= 3 and seen.endswith(b"\x1b[J"))
        self.assertTrue(text.startswith("\x1b[?1049h\x1b[?25l"), "the other screen, no cursor")
        for lines in screens(text):
            self.assertLessEqual(len(lines), ROWS)
            self.assertTrue(all(len(line) <= COLUMNS for line in lines), lines)
            self.assertTrue(any(line.startswith("pair0 inside") for line in lines), lines)
            self.assertTrue(any(line.startswith("busy") for line in lines), lines)
        os.write(terminal.master, b"q")
        text = terminal.read_until(lambda seen: b"\x1b[?1049l" in seen)
        self.assertIn("\x1b[?25h", text)
        self.assertEqual(OK, terminal.process.wait(TIMEOUT))
        self.assertEqual(terminal.before, termios.tcgetattr(terminal.slave))

    def test_a_signal_ends_it_in_order(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                terminal = self.terminal("top", "--interval", "0.2")
                terminal.read_until(lambda seen: b"busy" in seen)
                terminal.process.send_signal(number)
                terminal.read_until(lambda seen: b"\x1b[?1049l" in seen)
                self.assertEqual(OK, terminal.process.wait(TIMEOUT))
                self.assertEqual(terminal.before, termios.tcgetattr(terminal.slave))

    def test_once_is_plain_text(self):
        done = self.run_command("top", "--once", "--interval", "0.2")
        self.assertEqual((OK, ""), (done.returncode, done.stderr))
        self.assertNotRegex(done.stdout, r"[\x00-\x09\x0b-\x1f\x7f]")
        self.assertIn("dropped frames, a second: none", done.stdout)
        self.assertRegex(done.stdout, r"\Asluis \S+: inline, 1 of 1 workers move; rules factory,")

    def test_json_for_scripts(self):
        rates = json.loads(self.run_command("top", "--once", "-o", "json", "--interval", "0.2").stdout)
        self.assertEqual(["inside", "outside"], [port["side"] for port in rates["ports"]])
        self.assertEqual({"dns", "tls", "quic", "http"}, set(rates["names"]))
        self.assertGreater(rates["seconds"], 0.1)
        self.assertTrue(0 <= rates["workers"][0]["busy_ratio"] <= 1)
        self.assertEqual(0, rates["ports"][0]["rx_frames"])

    def test_says_when_nobody_answers(self):
        done = subprocess.run([self.command("top")[0], "top", "--runtime", self.temporary.name], capture_output=True,
                              text=True, timeout=TIMEOUT)
        self.assertEqual((UNREACHABLE, 1), (done.returncode, done.stderr.count("\n")))

    def test_every_command_that_shows_can_watch(self):
        for command in (["status"], ["stats"], ["ruleset", "show"], ["counters"], ["dataplane", "state"], ["mode", "show"]):
            with self.subTest(command=command):
                terminal = self.terminal(*command, "--watch=0.2")
                clear = b"\x1b[H\x1b[2J"
                terminal.read_until(lambda seen: seen.count(clear) >= 2)
                terminal.process.terminate()
                terminal.process.wait(TIMEOUT)

    def test_watching_in_a_pipe_has_no_control_characters(self):
        process = subprocess.Popen(self.command("status", "-o", "json", "--watch", "0.2"), stdout=subprocess.PIPE, text=True)
        text = ""
        while text.count("\n}\n") < 3:
            text += process.stdout.readline()
        process.terminate()
        process.wait(TIMEOUT)
        process.stdout.close()
        self.assertNotIn("\x1b", text)
        for part in text.strip().split("\n\n{")[:2]:
            self.assertEqual("0", json.loads(part if part.startswith("{") else "{" + part)["version"][0])

    def test_knows_wrong_usage(self):
        for arguments in (["status", "--watch=0"], ["status", "--watch=x"], ["top", "--interval", "0"], ["trace", "--watch"],
                          ["top", "-o", "xml"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(USAGE, self.run_command(*arguments).returncode)


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
