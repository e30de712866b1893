"""Who asks a script for its help gets that, and nothing is built, installed or run: scripts_test.py ROOT"""

import os
import pathlib
import subprocess
import sys
import unittest


def run(script, *arguments):
    return subprocess.run([script, *arguments], cwd=script.parent, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20)


class Scripts(unittest.TestCase):
    def test_each_answers_help(self):
        scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and os.access(path, os.X_OK)]
        self.assertGreater(len(scripts), 10)
        for script in scripts:
            for option in ("-h", "--help"):
                with self.subTest(script=script.name, option=option):
                    done = run(script, option)
                    self.assertEqual((0, ""), (done.returncode, done.stderr))
                    self.assertIn(f"scripts/{script.name}", done.stdout)
                    self.assertTrue(all(line.startswith("#") for line in done.stdout.splitlines()), done.stdout)

    def test_what_install_does_not_know_is_refused(self):
        for arguments in (["--tset"], ["--test", "--bench"]):
            done = run(ROOT / "scripts/install", *arguments)
            self.assertEqual((2, 1), (done.returncode, done.stderr.count("\n")), done.stderr)

    def test_what_firmware_does_not_know_is_refused(self):
        done = run(ROOT / "scripts/firmware", "bulid")
        self.assertEqual((2, "scripts/firmware: bulid is none of boards, build, test, unit\n"), (done.returncode, done.stderr))


if __name__ == "__main__":
    ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
