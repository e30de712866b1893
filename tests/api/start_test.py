"""sluis-control that cannot start, and what --check finds of that: one line, and nothing written.

Usage: start_test.py BUILD_FOLDER [TEST…].
"""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from certificates import SERVER, Authority, pem
from control_box import ControlBox, wait_for

BUILD = ""


class Start(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-start.")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name) / "box"
        self.box = ControlBox(BUILD, self.folder)
        self.addCleanup(self.box.__exit__)

    def run_control(self, *arguments, config=None):
        return subprocess.run([self.box.build / "control/main/sluis-control", "--config", config or self.box.config, *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def assert_refused(self, message, *arguments, config=None):
        done = self.run_control(*arguments, config=config)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        ours = [line for line in done.stderr.splitlines() if line.startswith("sluis-control: ")]
        self.assertEqual(1, len(ours), done.stderr)
        self.assertIn(message, ours[0])

    def assert_nothing_written(self):
        for name in ("compiled", "zones", "store", "audit.jsonl", "policy"):
            self.assertFalse((self.folder / name).exists(), name)

    def changed(self, was, becomes):
        path = self.folder / "changed.toml"
        path.write_text(self.box.config.read_text().replace(was, becomes))
        return path

    def test_it_makes_its_runtime_directory(self):
        self.box.runtime.rmdir()
        self.box.start_control()
        self.assertEqual(0o755, self.box.runtime.stat().st_mode & 0o7777)

    def test_it_may_have_as_many_descriptors_as_clients_take(self):
        log = "sluis-control"
        for hard, warned in ((4096, False), (128, True)):
            with self.subTest(hard):
                process = self.box.start_in(["prlimit", f"--nofile=64:{hard}"], self.box.control, "--config", self.box.config)
                wait_for("sluis-control serves", lambda: self.box.is_serving(process))
                self.assertEqual(min(hard, 1536), resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[0])
                self.assertEqual(warned, "few_descriptors" in self.box.log_text(log))
                self.assertEqual(0, self.box.stop(process))

    def test_a_second_one(self):
        first = self.box.start_control()
        wait_for("rules are compiled", self.box.compiled.exists)
        other = self.folder / "other"
        other.mkdir()
        config = self.changed(f'compiled = "{self.box.compiled}"', f'compiled = "{other}/compiled"')
        self.assert_refused(f"control-ro.sock: another sluis-control (pid {first.pid}) listens there; stop it", config=config)
        self.assertEqual([], os.listdir(other))
        self.assertEqual(0, self.run_control("--check", config=config).returncode, "its next configuration")
        self.assertTrue(self.box.is_serving(first))

    def test_what_is_in_the_way(self):
        path = self.box.socket("rw")
        for make, what in ((path.mkdir, "a directory is in the way; remove it"), (path.touch, "a file that is no socket is in the way; remove it")):
            with self.subTest(what):
                make()
                self.assert_refused(f"{path}: {what}")
                self.assertEqual([path.name], os.listdir(self.box.runtime))
                path.rmdir() if path.is_dir() else path.unlink()
        self.assert_nothing_written()

    def test_the_sockets_of_another_one_stay(self):
        first = self.box.start_control()
        for which in ("ro", "rw"):
            self.box.socket(which).unlink()
            self.box.socket(which).touch()
        self.assertEqual(0, self.box.stop(first))
        self.assertEqual(["control-ro.sock", "control-rw.sock"], sorted(os.listdir(self.box.runtime)))

    def test_a_port_that_is_taken(self):
        files = self.folder / "tls"
        files.mkdir()
        root = Authority("root")
        root.issue(files, "box", "box", usage=SERVER)
        (files / "ca.pem").write_bytes(pem(root.certificate))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            https = f'\n[api]\nlisten = ["127.0.0.1:{port}"]\ncertificate = "{files}/box.pem"\n'
            https += f'key = "{files}/box.key"\nclient_ca = "{files}/ca.pem"\n'
            config = self.folder / "https.toml"
            config.write_text(self.box.config.read_text() + https)
            self.assert_refused(f"127.0.0.1:{port}: cannot be listened on: Address already in use; stop what has the port", config=config)
            self.assert_nothing_written()
            self.assertEqual([], os.listdir(self.box.runtime))
            config.write_text(self.box.config.read_text() + https.replace("127.0.0.1", "192.0.2.77"))
            for check in ([], ["--check"]):
                self.assert_refused("192.0.2.77:", *check, config=config)

    def test_what_a_check_finds(self):
        cases = [('board = "testboard"', 'board = "testboard"\nread_group = "sluis-nosuch"', '[control] read_group: there is no group "sluis-nosuch"'),
                 ('board = "testboard"', 'board = "testboard"\nadmin_group = "sluis-nosuch"', '[control] admin_group: there is no group'),
                 (f'store = "{self.folder}/store"', 'store = "/etc/passwd"', "store_unusable: /etc/passwd is no folder"),
                 (f'directory = "{self.box.runtime}"', 'directory = "/proc/run"', "[runtime] directory: /proc holds no files"),
                 ("[control]\n", '[api]\nlisten = ["127.0.0.1:1"]\n[control]\n', "listen of [api] needs certificate, key and client_ca"),
                 ("[control]\n", '[[zone]]\nname = "a"\n[control]\n', 'unknown list of tables "zone"; it belongs in policy.toml')]
        for was, becomes, message in cases:
            for check in (["--check"], []):
                with self.subTest(message, check=check):
                    self.assert_refused(message, *check, config=self.changed(was, becomes))
        self.assert_nothing_written()

    def test_one_that_is_stopped_is_said_not_to_answer(self):
        process = self.box.start_control()
        process.send_signal(signal.SIGSTOP)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        done = subprocess.run([self.box.build / "control/cli/sluisctl", "status", "--runtime", self.box.runtime],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        process.send_signal(signal.SIGCONT)
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn("sluis-control has not answered within 10 s", done.stderr)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=2)
