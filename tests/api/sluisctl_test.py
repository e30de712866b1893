"""sluisctl against sluis-control: on the box and from elsewhere, and the exit statuses that scripts rely on."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from certificates import SERVER, Authority, pem
from control_box import TIMEOUT, ControlBox, free_port, wait_for, wire

BUILD = None
OK, FAILED, USAGE, UNREACHABLE, REFUSED = range(5)


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

    def test_says_which_group_may_ask(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be somebody else")
        program = shutil.copy(pathlib.Path(BUILD) / "control/cli/sluisctl", self.box.runtime)  # where others may look
        for folder in (self.temporary.name, self.box.folder):
            os.chmod(folder, 0o711)
        for group, command in (("read_group", ["status"]), ("admin_group", ["ruleset", "rollback"])):
            done = subprocess.run([program, *command, "--runtime", self.box.runtime], user="nobody", group="nogroup", extra_groups=[],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT)
            self.expect(done, UNREACHABLE, f"Permission denied; run as root, or as a member of {group} of [control]")

    def test_knows_wrong_usage(self):
        self.expect(self.run_command("status", "--server", "box"), USAGE, "--cert is missing")
        self.expect(self.run_command("status", "--cert", "x"), USAGE, "--cert is for a --server")
        self.assertEqual(self.run_command("status", "-o", "xml").returncode, USAGE)
        self.expect(self.run_command("ruleset"), USAGE, "ruleset needs a command behind it: show, install, confirm, rollback")
        self.expect(self.run_command("config", "--runtime", "x"), USAGE, "config needs a command behind it: show, ")
        self.expect(self.run_command("ruleset", "shw"), USAGE, 'unknown command "shw"; the nearest known one is "show"')
        self.expect(self.run_command(), USAGE, "say which command; see --help")
        self.expect(self.run_command("--verbose"), USAGE, 'unknown option "--verbose"')
        missing = self.local("ruleset", "install", self.folder / "nothing")
        self.expect(missing, FAILED, f"sluisctl: 101 file_unreadable: {self.folder}/nothing: cannot be read: No such file or "
                    "directory")

    def test_survives_a_server_that_is_none(self):
        odd = b'{"alarms": 3, "dataplane": [], "ruleset": {"sequence": "\x1b[2J"}}'
        for answer in (b"", b"junk", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n\r\n[1]",
                       b"HTTP/1.1 200 OK\r\n\r\n{}", b"HTTP/1.1 999 No\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n\r\n" + odd):
            with self.subTest(answer=answer):
                self.ask_a_server_that_answers(answer, "status")

    def test_every_command_survives_answers_of_other_shapes(self):
        odd = {name: [{"\x1b[2J": None}, 3] for name in
               "pairs modes zones slots mirrors rules rows days reasons workers ports alarms".split()}
        odd |= dict.fromkeys("id since until percent sequence total dataplane current last".split(), "\x1b[2J")
        odd |= dict.fromkeys("state mode message verdict compatible toml sha256 error".split(), -1e300)
        for command in ("stats", "events", "presence", "report would-block", "ruleset show", "mode show", "config show",
                        "updates status", "firmware status", "explain a.example", "top --once", "policy status",
                        "mode set pair0 wire --reason x", "ruleset rollback", "updates check"):
            for status, body in ((200, json.dumps(odd)), (202, json.dumps(odd)), (404, "[[3]]")):
                with self.subTest(command, status=status):
                    self.ask_a_server_that_answers(b"HTTP/1.1 %d X\r\n\r\n%s" % (status, body.encode()), *command.split())

    def ask_a_server_that_answers(self, answer, *command):
        with tempfile.TemporaryDirectory() as folder:
            servers = [self.serve_odd(f"{folder}/control-{which}.sock", answer) for which in ("ro", "rw")]
            done = self.run_command(*command, "--runtime", folder)
            for server in servers:
                server.shutdown(socket.SHUT_RDWR)
                server.close()
        self.assertIn(done.returncode, (OK, FAILED, UNREACHABLE, REFUSED), done)
        self.assertNotIn("\x1b", done.stdout + done.stderr)

    @staticmethod
    def serve_odd(path, answer):
        def serve():
            try:
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)
            except OSError:
                pass

        server = socket.create_server(path, family=socket.AF_UNIX)
        threading.Thread(target=serve, daemon=True).start()
        return server


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
