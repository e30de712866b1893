"""A box that pulls, played by update_driver, and the mirrors that a test makes for it."""

import hashlib
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "bundle"), str(TESTS / "api")]
import certificates  # noqa: E402
import wire  # noqa: E402
from mirror import Files, Mirror  # noqa: E402

NOW = 3810000000  # of the driver; certificates are held against the real clock
PATIENCE = 120  # seconds for one order: above every bound of the driver
NOTE = "/rules/newest.note"


class Driver:
    program = None  # update_driver

    def __init__(self, folder, keys, ca, mirrors, *, proxy="", install="auto", window="", sequence=1, environment=None):
        self.process = subprocess.Popen(
            [Driver.program, folder, keys, ca, proxy, install, window, str(sequence), *mirrors], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, **(environment or {})})

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def read(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        assert ready, "no answer in time"
        return json.loads(self.process.stdout.readline())

    def ask(self, line):
        self.send(line)
        return self.read()

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class MirrorCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="sluis-mirrors-")
        cls.folder = pathlib.Path(cls.scratch.name)
        authority = certificates.Authority("mirrors")
        (cls.folder / "ca.pem").write_bytes(certificates.pem(authority.certificate))
        authority.issue(cls.folder, "right", "mirror", usage=certificates.SERVER)
        authority.issue(cls.folder, "expired", "mirror", usage=certificates.SERVER, begin=certificates.now() - 9 *
                        certificates.DAY, end=certificates.now() - certificates.DAY)
        certificates.Authority("somebody else").issue(cls.folder, "foreign", "mirror", usage=certificates.SERVER)
        authority.issue(cls.folder, "client", "mirror", usage=certificates.CLIENT)
        cls.root, cls.rule, cls.fresh = wire.Key(), wire.Key(), wire.Key()
        cls.keys = cls.folder / "first.keyset"
        cls.keys.write_bytes(wire.envelope(wire.key_set(1, [cls.root], [cls.rule], freshness=[cls.fresh]), [cls.root],
                                           wire.KEY_SET))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def setUp(self):
        self.state = tempfile.mkdtemp(dir=self.folder)

    def mirror(self, answer, certificate="right"):
        made = Mirror(self.folder / certificate if certificate else None, answer)
        self.addCleanup(made.close)
        return made

    def driver(self, *mirrors, **options):
        made = Driver(self.state, self.keys, options.pop("ca", self.folder / "ca.pem"),
                      [m if isinstance(m, str) else m.url for m in mirrors], **options)
        self.addCleanup(lambda: made.process.poll() is not None or made.kill())
        return made

    def payload(self, sequence, **changes):
        # Incompressible, so that a transfer has a middle.
        filling = "# " + hashlib.sha512(str(sequence).encode()).hexdigest() * 4000 + "\n"
        return wire.bundle(sequence, blobs=[wire.blob(wire.RULE_TEXT + filling, compression=0)], **changes)

    def note(self, sequence, payload, *, issued=NOW - 60, expires=NOW + 86400, key=None):
        return wire.envelope(wire.freshness(sequence, hashlib.sha256(payload).digest(), issued, expires),
                             [key or self.fresh], wire.FRESHNESS)

    def release(self, sequence, **changes):
        """A mirror's files, the name of the bundle, and its content."""
        payload = self.payload(sequence, **changes)
        note = self.note(sequence, payload, issued=NOW - 60 + sequence)
        name, content = hashlib.sha256(payload).hexdigest() + ".bundle", wire.envelope(payload, [self.rule])
        return Files({"newest.note": note, name: content}), name, content

    def downloads(self):
        return sorted(path.suffix for path in pathlib.Path(self.state).iterdir() if path.name != "memory")

    def failed(self, view, cause, mirror=0):
        self.assertEqual(view["mirrors"][mirror]["cause"], cause, view)
        self.assertEqual(view["stage"], "failing", view)
        self.assertEqual(view["sequence"], 1)

    def installed(self, view, sequence=2):
        self.assertEqual((view["stage"], view["sequence"]), ("up_to_date", sequence), view)
        self.assertEqual(self.downloads(), [])
