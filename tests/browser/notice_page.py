"""The notice page of a real sluis-control, looked at by Chromium: starts both, and hands over to notice_test.mjs.

Exit status 77, which ctest shows as skipped, without node, npm, a registry or Chromium.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "api"))
from control_box import ControlBox  # noqa: E402

NOTICE = """
[notice]
listen = ["127.0.0.1:{port}"]
office = "Stad Voorbeeld"
from = 2023-03-27
review_by = 2023-09-27
until = 2024-12-31
rule_link = "https://intranet.voorbeeld.example/regel"
help_desk = "Helpdesk ICT, 02 345 67 89, elke werkdag van 8 tot 17 uur"
help_desk_link = "mailto:helpdesk@voorbeeld.example"
"""


def skip(why):
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


def main():
    build = pathlib.Path(sys.argv[1])
    chromium = shutil.which("chromium")
    for program, path in (("chromium", chromium), ("node", shutil.which("node")), ("npm", shutil.which("npm"))):
        if path is None:
            skip(f"{program} is not installed")
    packages = build / "tests/browser/packages"
    fetch(packages)
    pictures = build / "tests/browser/pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, ControlBox(build, folder + "/box",
                                                             extra_config=NOTICE.format(port=port)) as box:
        box.start_control()
        # Modules are looked for beside the file: it runs from where the packages are.
        test = shutil.copy(HERE / "notice_test.mjs", packages)
        environment = {**os.environ, "NOTICE": f"http://127.0.0.1:{port}", "CHROMIUM": chromium, "PICTURES": str(pictures)}
        sys.exit(subprocess.run(["node", "--test", "--test-reporter=spec", test], env=environment, timeout=500).returncode)


if __name__ == "__main__":
    main()
