"""What a box takes in at a start, and what it says of the rest: all of it or nothing.

Usage: enrol_test.py BUILD-FOLDER [TEST…]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/api")]
from certificates import SERVER, Authority, pem  # noqa: E402
from control_box import ControlBox  # noqa: E402

BUILD = None
COMMON = ROOT / "boards/common"
ENROL = COMMON / "root/usr/libexec/sluis/enrol"


class EnrolTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-enrol.")
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        self.etc, self.efi = self.root / "etc/sluis", self.root / "efi/enrol"
        for folder in (self.etc, self.efi, self.root / "data", self.root / "run", self.root / "bin", self.root / "keys"):
            folder.mkdir(parents=True)
        (self.root / "etc/machine-id").write_text("new\n")
        self.stand_in("systemctl", f'echo "$*" >>{self.root}/said')
        self.stand_in("chown", "exit 0")
        self.stand_in("sluis-control", f'exec {BUILD}/control/main/sluis-control "$@"')
        authority = Authority("fleet")
        for name in ("box", "other"):
            authority.issue(self.root / "keys", name, "box.example", usage=SERVER, names=["box.example"])
        self.ca = pem(authority.certificate)
        self.config = ControlBox(BUILD, self.root / "box").config_text(f"""
[api]
listen = ["127.0.0.1:9443"]
certificate = "{self.etc}/api/box.pem"
key = "{self.etc}/api/box.key"
client_ca = "{self.etc}/api/clients.pem"
""").encode()

    def stand_in(self, name, text):
        file = self.root / "bin" / name
        file.write_text(f"#!{shutil.which('sh')}\n{text}\n")
        file.chmod(0o755)

    def enrol(self, files=()):
        for name, content in dict(files).items():
            (self.efi / name).parent.mkdir(exist_ok=True)
            (self.efi / name).write_bytes(content)
        done = subprocess.run([ENROL, self.root], env={**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"},
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((0, ""), (done.returncode, done.stderr), done)
        return done.stdout

    def files(self, folder):
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    def key(self, name):
        return (self.root / "keys" / name).read_bytes()

    def whole(self, **changes):
        return {"sluis.toml": self.config, "api/box.pem": self.key("box.pem"), "api/box.key": self.key("box.key"),
                "api/clients.pem": self.ca, "network/50-management.network": b"[Match]\n",
                **{name.replace("__", "/").replace("_", "."): content for name, content in changes.items()}}

    def test_takes_in_what_is_right(self):
        said = self.enrol(self.whole())
        self.assertEqual(self.whole(), self.files(self.etc))
        self.assertEqual({}, self.files(self.efi))
        self.assertEqual(sorted(self.whole()), sorted(line.removeprefix("enrolled: ") for line in said.splitlines()[1:]))
        self.assertIn("try-restart sluis-dataplane", (self.root / "said").read_text())
        self.assertEqual(["machine-id"], [path.name for path in (self.root / "data").iterdir()])
        self.assertEqual("", self.enrol())

    def test_takes_in_nothing_of_what_is_wrong(self):
        """What the box had stays, and what it was to get, too."""
        self.enrol(self.whole())
        (self.root / "said").unlink()
        for changes, said in (({"api__box_key": self.key("other.key")}, "is not the key of"),
                              ({"api__box_pem": b"garbage"}, "is no PEM file"),
                              ({"api__clients_pem": b""}, "is no PEM file"),
                              ({"sluis_toml": b""}, "there is no [[pair]]"),
                              ({"sluis_toml": self.config + b"[["}, "table header"),
                              ({"sluis_toml": self.config + b"# \xff"}, "utf-8"),
                              ({"sluis_toml": self.config.replace(b"inside", b"insied")}, 'the nearest known one is "inside"')):
            with self.subTest(said):
                wrong = self.whole(**changes)
                self.assertRegex(self.enrol(wrong), r"\nrefused: sluis.toml: .*\. Nothing was taken in\n$")
                self.assertEqual(self.whole(), self.files(self.etc))
                left = self.files(self.efi)
                self.assertIn(said, left.pop("refused.txt").decode())
                self.assertEqual(wrong, left)
        self.assertFalse((self.root / "said").exists())
        self.enrol(self.whole(api__box_key=self.key("box.key")))
        self.assertEqual({}, self.files(self.efi))

    def test_a_new_certificate_is_checked_with_the_configuration_that_the_box_has(self):
        self.enrol(self.whole())
        self.assertIn("is not the key of", self.enrol({"api/box.pem": self.key("other.pem")}))
        self.assertEqual(self.key("box.pem"), (self.etc / "api/box.pem").read_bytes())
        self.enrol({"api/box.key": self.key("other.key")})
        self.assertEqual((self.key("other.pem"), {}), ((self.etc / "api/box.pem").read_bytes(), self.files(self.efi)))

    def test_what_was_new_goes_again(self):
        self.enrol(self.whole(api__box_key=self.key("other.key")))
        self.assertEqual({}, self.files(self.etc))

    def test_a_power_cut_amid_it_is_made_good(self):
        """After the first files were taken in, with or without the rest still there."""
        self.enrol(self.whole())
        for rest in ({}, {"api/box.pem": self.key("other.pem"), "api/box.key": self.key("other.key")}):
            before = self.root / "data/enrol/before/api"
            before.mkdir(parents=True)
            (before / "box.pem").write_bytes(self.key("box.pem"))
            (before / "new.pem.none").touch()
            for name in ("box.pem", "new.pem"):
                (self.etc / "api" / name).write_bytes(self.key("other.pem"))
            (self.etc / "api/box.key.new").write_bytes(b"half")
            (before / "box.key").write_bytes(self.key("box.key"))
            self.enrol(rest)
            self.assertEqual({**self.whole(), **rest}, self.files(self.etc))
            self.assertFalse((self.root / "data/enrol").exists())

    def test_names_may_have_spaces(self):
        names = ["api/of the office.pem", "devices/list [1].csv", "network/-n.network"]
        self.enrol({**self.whole(), **{name: b"x" for name in names}})
        self.assertEqual({}, self.files(self.efi))
        self.assertEqual({*self.whole(), *names}, set(self.files(self.etc)))

    def test_says_what_it_does_not_know(self):
        names = ["SLUIS.TXT", "api/box.crt", "api/._box.pem", "api/deep/box.pem"]
        (self.efi / "api/deep").mkdir(parents=True)
        said = self.enrol({**self.whole(), "README.txt": b"", **{name: b"x" for name in names}})
        for name in names:
            self.assertIn(f"refused: {name}: it is nothing that a box is enrolled with", said)
        left = self.files(self.efi)
        self.assertEqual(len(names), len(left["refused.txt"].splitlines()))
        self.assertEqual({"README.txt", "refused.txt", *names}, set(left))
        self.assertEqual(self.whole(), self.files(self.etc))

    def test_says_all_that_it_refused(self):
        self.enrol({"box.backup": b"none", "sluis.toml": b"["})
        said = self.files(self.efi)["refused.txt"].decode()
        self.assertRegex(said, r"^box.backup: it is no backup.*\nsluis.toml: sluis-control: .*\n$")
        self.enrol(self.whole())
        self.assertEqual(["box.backup"], [line.split(":")[0] for line in self.files(self.efi)["refused.txt"].decode().splitlines()])

    def test_a_factory_reset_forgets_what_was_kept(self):
        before = self.root / "data/enrol/before/api"
        before.mkdir(parents=True)
        (before / "box.key").write_bytes(self.key("box.key"))
        (self.root / "data/factory-reset").touch()
        subprocess.run(["sh", "-uec", f". {COMMON}/initrd-data && forget_all {self.root}/data"], check=True, timeout=20)
        self.assertEqual([], list((self.root / "data").iterdir()))


if __name__ == "__main__":
    BUILD = Path(sys.argv.pop(1)).resolve()
    unittest.main()
