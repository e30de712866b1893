"""A backup from a box to another one: sluisctl fetches it, scripts/flash checks it, a start opens it and puts it back.

Usage: backup_test.py BUILD-FOLDER [TEST…]     as root (exit status 77: skipped)
"""

import gzip
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/api")]
from certificates import CLIENT, SERVER, Authority, pem  # noqa: E402
from control_box import ControlBox, free_port  # noqa: E402

BUILD = None
COMMON = ROOT / "boards/common"
ENROL = COMMON / "root/usr/libexec/sluis/enrol"
OPEN = COMMON / "root/usr/libexec/sluis/open-backup"
MIB = 1 << 20
POLICY = '[policy]\ntime_zone = "Europe/Brussels"\n[[zone]]\nname = "annex"\nvlans = [210]\n'
# Programs of the box that this machine does not have, or must not run.
STAND_INS = {"systemctl": 'echo "systemctl $*" >>"$SAID"', "chown": 'echo "chown $*" >>"$SAID"', "sluis-control": "exit 0"}


def run(*command, **more):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, **more)


class BackupTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="sluis-backup.")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        cls.start_box(cls.folder)
        cls.backup, cls.whole = cls.folder / "box.backup", cls.folder / "whole.backup"
        for file, options in ((cls.backup, ()), (cls.whole, ("--keys",))):
            done = cls.make(file, *options)
            assert done.returncode == 0, done

    @classmethod
    def start_box(cls, folder):
        """Its configuration in a folder of its own, as /etc/sluis is one."""
        etc = folder / "etc"
        (etc / "api").mkdir(parents=True)
        authority = Authority("fleet")
        authority.issue(etc / "api", "box", "box.example", usage=SERVER, names=["box.example"])
        authority.issue(folder, "admin", "admin", unit="sluis-admin")
        authority.issue(folder, "reader", "reader")
        cls.ca = folder / "ca.pem"
        cls.ca.write_bytes(pem(authority.certificate))
        cls.box = ControlBox(BUILD, folder / "box")
        cls.addClassCleanup(cls.box.__exit__)
        cls.port = free_port()
        (etc / "sluis.toml").write_text(cls.box.config_text(f"""
[api]
listen = ["127.0.0.1:{cls.port}"]
certificate = "{etc}/api/box.pem"
key = "{etc}/api/box.key"
client_ca = "{cls.ca}"
"""))
        (etc / "policy.toml").write_text(POLICY)
        (etc / "sluis.toml.new").write_text("half of it")
        (etc / "elsewhere").symlink_to("/etc/passwd")
        cls.etc, cls.box.config = etc, etc / "sluis.toml"
        cls.box.start_control()
        cls.box.start_dataplane()
        cls.box.finish(cls.box.post_bundle(cls.box.bundle(7)))

    @classmethod
    def make(cls, file, *options, client="admin"):
        return run(cls.box.build / "control/cli/sluisctl", "backup", file, *options, "--server", f"127.0.0.1:{cls.port}",
                   "--server-name", "box.example", "--cert", cls.folder / f"{client}.pem", "--key", cls.folder / f"{client}.key",
                   "--ca", cls.ca)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="sluis-backup.", dir=self.folder)
        self.addCleanup(temporary.cleanup)
        self.place = Path(temporary.name)

    def parts(self, backup):
        """{name: bytes} of the outer archive, and of what is signed."""
        with tarfile.open(backup) as outer:
            parts = {member.name: outer.extractfile(member).read() for member in outer}
        with tarfile.open(fileobj=io.BytesIO(parts["content.tar.gz"])) as inner:
            return parts, {member.name: inner.extractfile(member).read() for member in inner}

    def write(self, parts):
        made = self.place / "made.backup"
        with tarfile.open(made, "w") as archive:
            for name, content in parts.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return made

    def open(self, backup, *options):
        return run(OPEN, *options, backup, self.place / "opened")

    # What is in it

    def test_holds_what_is_the_boxs_own(self):
        _, content = self.parts(self.whole)
        self.assertEqual(content["etc-sluis/sluis.toml"], (self.etc / "sluis.toml").read_bytes())
        self.assertEqual(content["etc-sluis/policy.toml"].decode(), POLICY)
        self.assertEqual(content["etc-sluis/api/box.key"], (self.etc / "api/box.key").read_bytes())
        self.assertEqual(content["machine-id"], Path("/etc/machine-id").read_bytes())
        self.assertTrue([name for name in content if name.startswith("var-lib-sluis/rules/store/")], sorted(content))
        self.assertIn("var-lib-sluis/rules/state", content)
        self.assertIn(b"ruleset.install", content["var-lib-sluis/audit.jsonl"])
        for name in ("etc-sluis/elsewhere", "etc-sluis/sluis.toml.new", "var-lib-sluis/rules/lock"):
            self.assertNotIn(name, content)

    def test_holds_the_counts_of_one_moment(self):
        _, content = self.parts(self.whole)
        (self.place / "history.db").write_bytes(content["var-lib-sluis/history.db"])
        with sqlite3.connect(self.place / "history.db") as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])

    def test_holds_private_keys_only_when_asked(self):
        parts, content = self.parts(self.backup)
        about = json.loads(content["about.json"])
        self.assertEqual(about["left_out"], ["etc-sluis/api/box.key"])
        self.assertNotIn("etc-sluis/api/box.key", content)
        self.assertNotIn(b"PRIVATE KEY", b"".join([*parts.values(), *content.values()]))
        self.assertEqual(json.loads(self.parts(self.whole)[1]["about.json"])["left_out"], [])

    def test_is_for_admins_and_on_record(self):
        refused = self.make(self.place / "x", client="reader")
        self.assertEqual((refused.returncode, (self.place / "x").exists()), (4, False), refused)
        records = [line["audit"] for line in self.box.audit() if line["audit"]["what"] == "backup.make"]
        self.assertEqual([(each["stage"], each["after"]["keys"]) for each in records[:4]],
                         [("begun", False), ("done", False), ("begun", True), ("done", True)])

    def test_is_written_for_its_owner_and_over_no_other_file(self):
        self.assertEqual(self.whole.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.make(self.whole).returncode, 1)

    # Who signed it

    def test_opens_by_its_signers_authority(self):
        done = self.open(self.whole, "--ca", self.ca)
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual((self.place / "opened/etc-sluis/policy.toml").read_text(), POLICY)
        self.assertFalse((self.place / "opened.parts").exists())

    def test_refuses_what_was_changed(self):
        parts, _ = self.parts(self.whole)
        content = bytearray(parts["content.tar.gz"])
        content[len(content) // 2] ^= 1
        other = self.place / "other"
        other.mkdir()
        Authority("stranger").issue(other, "box", "box.example", usage=SERVER)
        for changed, said in (({**parts, "content.tar.gz": bytes(content)}, "signature is wrong"),
                              ({**parts, "signature": b"x"}, "signature is wrong"),
                              ({**parts, "signature": b""}, "it has no signature"),
                              ({**parts, "certificate.pem": (other / "box.pem").read_bytes()}, "signature is wrong"),
                              ({**parts, "certificate.pem": b"x"}, "no certificate"),
                              ({"content.tar.gz": parts["content.tar.gz"]}, "no backup")):
            done = self.open(self.write(changed))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)
            self.assertFalse((self.place / "opened").exists())

    def signed_by(self, authority, content, usage=SERVER):
        """As a box makes it, whose certificate is this authority's."""
        signer = self.place / "signer"
        shutil.rmtree(signer, ignore_errors=True)
        signer.mkdir()
        authority.issue(signer, "box", "box.example", usage=usage)
        (signer / "over").write_bytes(b"sluis-backup-v1\0" + content)
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", signer / "box.key", signer / "over"], check=True,
                                   capture_output=True).stdout
        return self.write({"content.tar.gz": content, "certificate.pem": (signer / "box.pem").read_bytes(), "signature": signature})

    def test_refuses_a_strangers(self):
        made = self.signed_by(Authority("fleet"), self.parts(self.whole)[0]["content.tar.gz"])
        done = self.open(made, "--ca", self.ca)
        self.assertIn("is none that", done.stderr)
        self.assertFalse((self.place / "opened").exists())
        self.assertEqual(self.open(made).returncode, 0)

    def test_refuses_what_no_box_has(self):
        for name in ("../../etc/passwd", "/etc/passwd", "etc-sluis/../../x", "usr/bin/sh"):
            inner = io.BytesIO()
            with tarfile.open(fileobj=inner, mode="w:gz") as archive:
                archive.addfile(tarfile.TarInfo(name), io.BytesIO())
            done = self.open(self.signed_by(Authority("fleet"), inner.getvalue()))
            self.assertIn("what no box has", done.stderr, done)

    def packed(self, *members):
        """A content.tar.gz of (name, kind, what a link goes to or a file holds)."""
        inner = io.BytesIO()
        with tarfile.open(fileobj=inner, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
            for name, kind, what in (("about.json", tarfile.REGTYPE, b'{\n "format": 1,\n "made": ""\n}\n'), *members):
                member = tarfile.TarInfo(name)
                member.type = kind
                if kind == tarfile.REGTYPE:
                    member.size = len(what)
                    archive.addfile(member, io.BytesIO(what))
                else:
                    member.linkname = what
                    archive.addfile(member)
        return inner.getvalue()

    def test_refuses_what_is_no_file(self):
        """Links lead out of the folder, and who reads a pipe waits for ever."""
        name = "etc-sluis/x"
        for kind, what in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "about.json"), (tarfile.FIFOTYPE, ""),
                           (tarfile.CHRTYPE, ""), (tarfile.DIRTYPE, "")):
            done = self.open(self.signed_by(Authority("fleet"), self.packed((name, kind, what))))
            self.assertIn("what no box has", done.stderr, done)
        about = self.open(self.signed_by(Authority("fleet"), self.packed(("about.json", tarfile.SYMTYPE, "/dev/zero"))))
        self.assertIn("what no box has", about.stderr, about)
        self.assertFalse((self.place / "opened").exists())
        good = self.open(self.signed_by(Authority("fleet"), self.packed((name, tarfile.REGTYPE, b"good"))))
        self.assertEqual((good.returncode, (self.place / "opened" / name).read_text()), (0, "good"), good)

    def test_takes_nothing_but_bytes_before_the_signature(self):
        parts, _ = self.parts(self.whole)
        for part in parts:
            for kind, what in ((tarfile.SYMTYPE, "/dev/zero"), (tarfile.FIFOTYPE, "")):
                made = self.write({name: content for name, content in parts.items() if name != part})
                with tarfile.open(made, "a") as archive:
                    member = tarfile.TarInfo(part)
                    member.type, member.linkname = kind, what
                    archive.addfile(member)
                done = self.open(made)
                self.assertIn(f"it has no {part}", done.stderr, done)
        packed = self.place / "packed.backup"
        packed.write_bytes(gzip.compress(self.whole.read_bytes()))
        self.assertIn("no backup of a box", self.open(packed).stderr)

    def test_refuses_more_than_a_box_has(self):
        """128 MiB: in a file, or in one with a hole, of which the archive holds next to nothing."""
        large = self.packed(("etc-sluis/x", tarfile.REGTYPE, bytes(130 * MIB)))
        self.assertIn("more than a box has", self.open(self.signed_by(Authority("fleet"), large)).stderr)
        (self.place / "etc-sluis").mkdir()
        (self.place / "etc-sluis/x").touch()
        os.truncate(self.place / "etc-sluis/x", 1 << 40)
        (self.place / "about.json").write_text('{\n "format": 1\n}\n')
        run("tar", "-c", "-z", "-S", "-C", self.place, "-f", self.place / "hole", "about.json", "etc-sluis/x")
        done = self.open(self.signed_by(Authority("fleet"), (self.place / "hole").read_bytes()))
        self.assertIn("more than a box has", done.stderr, done)

    def test_refuses_what_was_cut_off(self):
        done = self.open(self.signed_by(Authority("fleet"), self.packed(("etc-sluis/x", tarfile.REGTYPE, os.urandom(9000)))[:-30]))
        self.assertIn("is damaged", done.stderr, done)

    def test_people_sign_no_backups(self):
        """Where one authority issues certificates for boxes and for people."""
        authority = Authority("both")
        ca = self.place / "both.pem"
        ca.write_bytes(pem(authority.certificate))
        done = self.open(self.signed_by(authority, self.packed(), usage=CLIENT), "--ca", ca)
        self.assertIn("issued for a server", done.stderr, done)
        self.assertIn("none.pem: no such file", self.open(self.whole, "--ca", self.place / "none.pem").stderr)
        self.assertEqual(self.open(self.signed_by(authority, self.packed()), "--ca", ca).returncode, 0)

    def test_its_signature_serves_for_nothing_else(self):
        parts, _ = self.parts(self.whole)
        run("openssl", "x509", "-in", self.etc / "api/box.pem", "-noout", "-pubkey", "-out", self.place / "key.pem")
        (self.place / "signature").write_bytes(parts["signature"])
        (self.place / "content").write_bytes(parts["content.tar.gz"])
        bare = run("openssl", "dgst", "-sha256", "-verify", self.place / "key.pem", "-signature", self.place / "signature",
                   self.place / "content")
        self.assertEqual((bare.returncode, bare.stdout.strip()), (1, "Verification failure"), bare)

    # Where it goes

    def new_unit(self, enrolled):
        """A root as a new unit's first start has it, with files on its EFI partition."""
        for folder in ("efi/enrol", "etc/sluis", "data", "run", "bin"):
            (self.place / folder).mkdir(parents=True, exist_ok=True)
        (self.place / "etc/machine-id").write_text("new\n")
        for name, text in STAND_INS.items():
            (self.place / "bin" / name).write_text(f"#!{shutil.which('sh')}\n{text}\n")
            (self.place / "bin" / name).chmod(0o755)
        for name, source in enrolled.items():
            target = self.place / "efi/enrol" / name
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)

    def enrol(self):
        environment = {**os.environ, "PATH": f"{self.place}/bin:{os.environ['PATH']}", "SAID": f"{self.place}/said"}
        done = run(ENROL, self.place, env=environment)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def initrd(self, *steps):
        factory = self.place / "factory"
        for folder in ("etc-sluis", "var-lib-sluis", "rauc"):
            (factory / folder).mkdir(parents=True, exist_ok=True)
            (factory / folder / "of-the-factory").write_text("")
        data = self.place / "data"
        calls = " && ".join(steps or [f"forget_all {data}", f"put_back {data}", f"fill_from_factory {data} {factory}"])
        done = run("sh", "-uec", f". {COMMON}/initrd-data && {calls}")
        self.assertEqual(done.returncode, 0, done)

    def held(self):
        return {str(path.relative_to(self.place / "data")) for path in (self.place / "data").rglob("*") if path.is_file()}

    def test_a_new_unit_takes_the_boxs_place(self):
        self.new_unit({"box.backup": self.whole})
        self.initrd()
        self.assertIn("etc-sluis/of-the-factory", self.held())
        said = self.enrol()
        self.assertIn("restored from box.backup: starting again", said)
        self.assertFalse((self.place / "efi/enrol/box.backup").exists())
        self.assertIn("systemctl --no-block reboot", (self.place / "said").read_text())
        self.initrd()
        content = self.parts(self.whole)[1]
        del content["about.json"]
        self.assertEqual(self.held(), {*content, "rauc/of-the-factory"})
        for name, bytes_ in content.items():
            self.assertEqual((self.place / "data" / name).read_bytes(), bytes_, name)
        self.assertNotIn("starting again", self.enrol())

    def test_another_boards_is_refused(self):
        self.assertEqual(json.loads(self.parts(self.whole)[1]["about.json"])["board"], "testboard")
        self.new_unit({"box.backup": self.whole})
        board = self.place / "usr/libexec/sluis/board"
        board.parent.mkdir(parents=True)
        board.write_text('BOARD="other"\nHUGEPAGES="1"\n')
        self.assertIn("refused: box.backup: it is of the board testboard, and this is other", self.enrol())
        self.assertFalse([path for path in (self.place / "data").iterdir() if path.name.startswith("restore")])
        board.write_text('BOARD="testboard"\n')
        self.assertIn("restored from box.backup", self.enrol())

    def test_keys_are_enrolled_beside_it(self):
        self.new_unit({"box.backup": self.backup, "api/box.key": self.etc / "api/box.key"})
        self.enrol()
        self.assertTrue((self.place / "efi/enrol/api/box.key").exists())
        self.initrd()
        self.assertEqual(self.enrol(), "to be enrolled: api/box.key\nenrolled: api/box.key\n")

    def test_a_damaged_one_changes_nothing(self):
        self.new_unit({"box.backup": self.whole})
        self.initrd()
        before = self.held()
        file = self.place / "efi/enrol/box.backup"
        file.write_bytes(file.read_bytes()[:-20000])
        said = self.enrol()
        self.assertIn("refused: box.backup: ", said)
        self.assertTrue((self.place / "efi/enrol/refused.txt").read_text())
        self.assertTrue(file.exists())
        self.initrd()
        self.assertEqual(self.held() - {"machine-id"}, before)

    def test_a_power_cut_at_any_moment_is_made_good(self):
        """While the initrd moves parts: after each of them it is begun anew."""
        self.new_unit({"box.backup": self.whole})
        self.initrd()
        self.enrol()
        data = self.place / "data"
        whole = self.place / "whole"
        shutil.copytree(data, whole)
        steps = ["rm -rf {d}/etc-sluis", "mv {d}/restore/etc-sluis {d}/", "rm -rf {d}/var-lib-sluis", "mv {d}/restore/var-lib-sluis {d}/",
                 "rm -f {d}/machine-id", "mv {d}/restore/machine-id {d}/", "rm -rf {d}/restore"]
        outcomes = set()
        for cut in range(len(steps) + 1):
            shutil.rmtree(data)
            shutil.copytree(whole, data)
            if cut:
                self.initrd(*[step.format(d=data) for step in steps[:cut]])
            self.initrd()
            outcomes.add(frozenset(self.held()))
        self.assertEqual(len(outcomes), 1)
        self.assertNotIn("etc-sluis/of-the-factory", outcomes.pop())

    def test_a_factory_reset_forgets_it_all(self):
        self.new_unit({"box.backup": self.whole})
        self.enrol()
        self.initrd()
        (self.place / "efi/enrol/factory-reset").write_text("")
        self.assertIn("factory reset: starting again", self.enrol())
        self.initrd()
        self.assertEqual(self.held(), {f"{folder}/of-the-factory" for folder in ("etc-sluis", "var-lib-sluis")} | {"rauc/of-the-factory"})

    # scripts/flash

    def flash(self, *options):
        image, disk = self.place / "box.img", self.place / "disk"
        esp = self.place / "esp"
        esp.write_bytes(bytes(8 * MIB))
        subprocess.run(["mkfs.vfat", esp], check=True, capture_output=True)
        subprocess.run(["mmd", "-i", esp, "::enrol"], check=True)
        image.write_bytes(bytes(MIB) + esp.read_bytes() + bytes(MIB))
        subprocess.run(["sfdisk", "-q", image], input="label: gpt\nstart=2048, size=16384, name=esp\nstart=18432, size=1024, name=rootfs-a\n",
                       text=True, check=True, capture_output=True)
        disk.write_bytes(bytes(10 * MIB))
        device = run("losetup", "--find", "--show", disk).stdout.strip()
        self.addCleanup(run, "losetup", "--detach", device)
        return run(ROOT / "scripts/flash", "--overwrite", *options, image, device), device

    def test_flash_lays_it_onto_the_disk(self):
        done, device = self.flash("--restore", self.backup, "--ca", self.ca)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("not in it, for its private key: etc-sluis/api/box.key", done.stdout)
        self.assertRegex(done.stdout, r"the backup is of 20\d\d-")
        run("mcopy", "-i", f"{device}@@{MIB}", "::enrol/box.backup", self.place / "read")
        self.assertEqual((self.place / "read").read_bytes(), self.backup.read_bytes())

    def test_flash_writes_nothing_for_a_strangers(self):
        stranger = self.place / "stranger.pem"
        stranger.write_bytes(pem(Authority("other").certificate))
        for options, said in ((("--restore", self.backup, "--ca", stranger), "is none that"),
                              (("--restore", self.backup), "needs --ca"),
                              (("--restore", self.ca, "--ca", self.ca), "no backup of a box")):
            done, device = self.flash(*options)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)
            with open(device, "rb") as file:
                self.assertEqual(file.read(2 * MIB), bytes(2 * MIB))


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: loop devices need root", file=sys.stderr)
        sys.exit(77)
    BUILD = sys.argv.pop(1)
    unittest.main()
