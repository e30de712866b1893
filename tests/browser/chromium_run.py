"""What tests of pages share: the packages of npm that the lock file names, and node over a system's Chromium."""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def skip(why):
    """ctest shows it as skipped."""
    print(f"skipped: {why}")
    sys.exit(77)


def fetch(folder):
    """axe-core and Playwright's library, without a browser of its own; in exactly the locked versions."""
    lock = (HERE / "package-lock.json").read_bytes()
    if (folder / "complete").exists() and (folder / "complete").read_bytes() == lock:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True,
                          text=True, timeout=300)
    if done.returncode != 0:
        skip("npm cannot fetch the locked packages: " + " ".join(done.stderr.split())[-300:])
    (folder / "complete").write_bytes(lock)


class ChromiumRun:
    def __init__(self, build):
        build = pathlib.Path(build)
        self.chromium = shutil.which("chromium")
        for program, path in (("chromium", self.chromium), ("node", shutil.which("node")), ("npm", shutil.which("npm"))):
            if path is None:
                skip(f"{program} is not installed")
        self.packages = build / "tests/browser/packages"
        fetch(self.packages)
        self.pictures = build / "tests/browser/pictures"
        self.pictures.mkdir(parents=True, exist_ok=True)

    def environment(self):
        return {"CHROMIUM": self.chromium, "PICTURES": str(self.pictures)}

    def command(self, name, *options):
        """Runs a script of this folder. Modules are looked for beside a file: it runs from where the packages are."""
        return ["node", *options, shutil.copy(HERE / name, self.packages)]

    def test(self, name, **environment):
        """The exit status of one test file."""
        return subprocess.run(self.command(name, "--test", "--test-reporter=spec"),
                              env={**os.environ, **environment, **self.environment()}, timeout=500).returncode
