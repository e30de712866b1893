"""sluisctl against sluis-control: on the box and from elsewhere, and the exit statuses that scripts rely on."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from certificates import SERVER, Authority, pem
from control_box import TIMEOUT, ControlBox, wait_for, wire

BUILD = None
OK, FAILED, USAGE, UNREACHABLE, REFUSED = range(5)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SluisctlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.port = free_port()
        cls.box = ControlBox(BUILD, cls.temporary.name + "/box")
        cls.folder = cls.box.folder
        authority = Authority("fleet")
        authority.issue(cls.folder, "server", "box.example", usage=SERVER, names=["box.example"])
        authority.issue(cls.folder, "reader", "reader")
        authority.issue(cls.folder, "admin", "admin", unit="sluis-admin")
        Authority("other").issue(cls.folder, "stranger", "stranger")
        (cls.folder / "ca.pem").write_bytes(pem(authority.certificate))
        cls.box.config.write_text(cls.box.config_text(f"""
[api]
listen = ["127.0.0.1:{cls.port}"]
certificate = "{cls.folder}/server.pem"
key = "{cls.folder}/server.key"
client_ca = "{cls.folder}/ca.pem"
"""))
        cls.box.start_control()
        cls.box.start_dataplane()

    @classmethod
    def tearDownClass(cls):
        cls.box.__exit__()
        cls.temporary.cleanup()

    def run_command(self, *arguments):
        return subprocess.run([pathlib.Path(BUILD) / "control/cli/sluisctl", *map(str, arguments)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * TIMEOUT)

    def local(self, *arguments):
        return self.run_command(*arguments, "--runtime", self.box.runtime)

    def remote(self, client, *arguments, name="box.example"):
        return self.run_command(*arguments, "--server", f"127.0.0.1:{self.port}", "--server-name", name, "--cert",
                                self.folder / f"{client}.pem", "--key", self.folder / f"{client}.key", "--ca",
                                self.folder / "ca.pem")

    def expect(self, done, status, error=None):
        self.assertEqual(done.returncode, status, done)
        if status == OK:
            self.assertEqual(done.stderr, "", done)
        else:
            self.assertEqual(done.stderr.count("\n"), 1, done)
            self.assertIn(error, done.stderr)
        return done.stdout

    def test_shows_the_same_here_and_from_elsewhere(self):
        for command in (["status"], ["stats", "--drops"], ["ruleset", "show"]):
            with self.subTest(command=command):
                here = json.loads(self.expect(self.local(*command, "-o", "json"), OK))
                there = json.loads(self.expect(self.remote("reader", *command, "-o", "json"), OK))
                self.assertEqual(here, there)
                self.assertNotIn("{", self.expect(self.local(*command), OK))

    def test_prints_tables_for_people(self):
        status = self.expect(self.local("status"), OK)
        self.assertIn("1 of 1 workers move", status)
        self.assertIn("port       pair0 outside: link up", status)
        self.assertIn("ALARM development_keys: ", status)
        self.assertRegex(self.expect(self.local("stats"), OK), r"rx_frames_inside +0\n")
        self.assertIn("worker 0 of pair0: moves, ", self.expect(self.local("stats"), OK))

    def test_installs_and_rolls_back(self):
        bundle = self.box.write("new.bundle", self.box.bundle(5))
        self.assertIn("would be installed", self.expect(self.local("ruleset", "install", bundle, "--dry-run"), OK))
        done = self.remote("admin", "ruleset", "install", bundle, "--comment", "50 % & more = über")
        self.assertIn("sequence 5 with 2 rules is installed, on probation", self.expect(done, OK))
        self.assertEqual(self.box.audit()[-1]["audit"]["comment"], "50 % & more = über")
        self.expect(self.local("ruleset", "confirm", "--sequence", 4), REFUSED, "changed_meanwhile")
        self.expect(self.local("ruleset", "confirm", "--sequence", 5), OK)
        self.expect(self.local("ruleset", "confirm"), REFUSED, "1104 not_pending")
        failed = self.local("ruleset", "install", bundle, "-o", "json")
        self.expect(failed, REFUSED, "401 sequence_equal")
        self.assertEqual(json.loads(failed.stdout)["state"], "failed")
        self.expect(self.remote("admin", "ruleset", "rollback"), OK)

    def test_says_who_is_refused(self):
        forged = self.box.write("forged.bundle", self.box.bundle(50, keys=[wire.Key()]))
        self.expect(self.local("ruleset", "install", forged), REFUSED, "201 signature_unknown_key")
        self.expect(self.remote("reader", "ruleset", "rollback"), REFUSED, "403 Forbidden")

    def test_says_that_there_is_no_firmware_to_look_after(self):
        wait_for("RAUC was looked for", lambda: "no-bus" in self.box.get("/v1/firmware").json()["trouble"])
        self.expect(self.local("firmware", "status"), FAILED, "RAUC does not answer on this machine")
        self.assertIn("slots", json.loads(self.expect(self.local("firmware", "status", "-o", "json"), OK)))
        for command in (["install", "https://a.example/box.raucb"], ["confirm", "--comment", "x"], ["restart"]):
            self.expect(self.local("firmware", *command), REFUSED, "no_rauc")
            self.expect(self.remote("reader", "firmware", *command), REFUSED, "403 Forbidden")
        self.expect(self.local("firmware", "install", "box.raucb"), REFUSED, "https://")

    def test_says_what_it_cannot_reach(self):
        self.expect(self.run_command("status", "--runtime", self.folder / "nowhere"), UNREACHABLE, "start sluis-control")
        self.expect(self.remote("reader", "status", name="other.example"), UNREACHABLE, 'not for "other.example"')
        self.expect(self.remote("stranger", "status"), UNREACHABLE, "127.0.0.1")
        self.expect(self.run_command("status", "--server", f"127.0.0.1:{free_port()}", "--cert",
                                     self.folder / "reader.pem", "--key", self.folder / "reader.key", "--ca",
                                     self.folder / "ca.pem"), UNREACHABLE, "cannot be reached")

    def test_knows_wrong_usage(self):
        self.expect(self.run_command("status", "--server", "box"), USAGE, "--cert is missing")
        self.expect(self.run_command("status", "--cert", "x"), USAGE, "--cert is for a --server")
        self.assertEqual(self.run_command("status", "-o", "xml").returncode, USAGE)
        self.assertEqual(self.run_command("ruleset").returncode, USAGE)
        self.expect(self.local("ruleset", "install", self.folder / "nothing"), FAILED, "101 file_unreadable")

    def test_survives_a_server_that_is_none(self):
        folder = self.folder / "false"
        folder.mkdir()
        for answer in (b"", b"junk", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
                       b"HTTP/1.1 200 OK\r\n\r\n[1]", b"HTTP/1.1 200 OK\r\n\r\n{}", b"HTTP/1.1 999 No\r\n\r\n{}",
                       b'HTTP/1.1 200 OK\r\n\r\n{"alarms": 3, "dataplane": [], "ruleset": {"sequence": "\x1b[2J"}}'):
            with self.subTest(answer=answer), socket.socket(socket.AF_UNIX) as server:
                path = folder / "control-ro.sock"
                path.unlink(missing_ok=True)
                server.bind(str(path))
                server.listen()
                thread = threading.Thread(target=self.answer_once, args=(server, answer))
                thread.start()
                done = self.run_command("status", "--runtime", folder)
                thread.join()
                self.assertIn(done.returncode, (OK, FAILED, UNREACHABLE, REFUSED), done)
                self.assertNotIn("\x1b", done.stdout + done.stderr)

    @staticmethod
    def answer_once(server, answer):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(answer)


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
