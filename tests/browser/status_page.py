"""The status page of a real sluis-control and sluis-dataplane in Chromium, over mutual TLS, with a reader's and an
admin's certificate: fills a history, starts them, and hands over to status_test.mjs.

Exit status 77, which ctest shows as skipped, without node, npm, a registry or Chromium.
"""

import pathlib
import sqlite3
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "api"))
from certificates import SERVER, Authority, pem  # noqa: E402
from chromium_run import ChromiumRun  # noqa: E402
from control_box import ControlBox, free_port, wait_for  # noqa: E402

HOSTILE = "<img src=x onerror=alert(1)>"
API = """
[api]
listen = ["127.0.0.1:{port}"]
certificate = "{folder}/server.pem"
key = "{folder}/server.key"
client_ca = "{folder}/ca.pem"
admin_unit = "network"
"""
POLICY = """
[policy]
time_zone = "UTC"
[[zone]]
name = "wifi"
vlans = [20]
  [[zone.rule]]
  categories = ["tiktok"]
  mode = "enforce"
  from = 2023-03-27
  review_by = 2023-09-27
[[zone]]
name = "guests"
  [[zone.rule]]
  categories = ["tiktok"]
  mode = "monitor"
"""


def fill_history(path):
    """30 days of a school: the store is sluis-control's own, which it made at its first start."""
    today = int(time.time()) // 86400
    connection = sqlite3.connect(path)
    rows = []
    for back in range(30):
        base = 40 if (today - back) % 7 in (2, 3) else 400  # 1970-01-01 was a Thursday
        for protocol, share in (("dns", 5), ("tls", 3), ("quic", 2)):
            rows.append((today - back, "wifi", "tiktok", protocol, base * share + 7 * back, 0))
            rows.append((today - back, "guests", "tiktok", protocol, 0, base * share // 2))
        rows.append((today - back, HOSTILE, "tiktok", "http", back, 0))
    connection.executemany("INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("UPDATE fact SET value = value - 31 * 86400 WHERE name = 'since'")
    connection.commit()
    connection.close()


def main():
    build = pathlib.Path(sys.argv[1])
    run = ChromiumRun(build)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, ControlBox(build, folder + "/box") as box:
        authority = Authority("fleet")
        authority.issue(box.folder, "server", "box", usage=SERVER)
        authority.issue(box.folder, "reader", "prometheus")
        authority.issue(box.folder, "admin", "ansible", unit="network")
        (box.folder / "ca.pem").write_bytes(pem(authority.certificate))
        box.config.write_text(box.config_text(API.format(port=port, folder=box.folder)))
        box.write("policy.toml", POLICY.encode())
        control = box.start_control()
        wait_for("history has its file", lambda: box.get("/v1/history").status == 200)
        box.stop(control)
        fill_history(box.folder / "history.db")
        box.start_control()
        box.start_dataplane()
        box.write("next.bundle", box.bundle(2))
        box.write("wrong.bundle", b"no bundle")
        # Of nobody the browser trusts: what is tested is what becomes of clients' certificates.
        sys.exit(run.test("status_test.mjs", SITE=f"https://127.0.0.1:{port}", FOLDER=str(box.folder), HOSTILE=HOSTILE))


if __name__ == "__main__":
    main()
