#!/usr/bin/env python3
"""What people see when a name is refused, by a real box, a real notice page and real Chromium: takes the pictures of
control/notice/README.md, and fails if anything else comes than they are said to show. As root, in namespaces:

    refusal_pictures.py BUILD [FOLDER]      FOLDER: where the pictures go; by default BUILD/tests/browser/pictures
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "api"), str(HERE.parent / "network")]
import servers  # noqa: E402
from bridge import Sluis  # noqa: E402
from chromium_run import ChromiumRun  # noqa: E402
from control_box import ControlBox  # noqa: E402
from lab import DNS4, QUIC4, WEB4, Lab, run  # noqa: E402
from notice_page import NOTICE  # noqa: E402

PAGE4, PAGE6 = "192.0.2.10", "2001:db8::10"
NOTICE_NAME = "notice.example"
# A name that is mapped was looked up elsewhere, or long ago: what is refused is the connection.
RESOLVER = f"MAP www.tiktok.com {WEB4}, MAP m.tiktok.com {QUIC4}, MAP {NOTICE_NAME} {PAGE4}"
BY_DEFAULT = [
    {"name": "dns", "url": "https://tiktok.com/", "expect": "ERR_NAME_NOT_RESOLVED"},
    {"name": "https", "url": "https://www.tiktok.com/", "expect": "ERR_CONNECTION_RESET"},
    {"name": "quic", "url": "https://m.tiktok.com/", "expect": "ERR_QUIC_PROTOCOL_ERROR"},
    {"name": "app", "url": "https://www.tiktok.com/", "isApp": True, "expect": "ERR_CONNECTION_RESET"},
]
TELLING = f"""
[refusal]
mode = "sinkhole"
sinkhole_ipv4 = "{PAGE4}"
sinkhole_ipv6 = "{PAGE6}"
http = "redirect"
notice_url = "http://{NOTICE_NAME}/"
"""
BY_CHOICE = [
    {"name": "sinkhole", "url": "http://tiktok.com/", "locale": "nl-BE", "expect": "TikTok is op dit netwerk geblokkeerd",
     "at": "http://tiktok.com/"},
    {"name": "redirect", "url": "http://www.tiktok.com/", "locale": "fr-BE", "expect": "TikTok est bloqué sur ce réseau",
     "at": f"http://{NOTICE_NAME}/"},
    {"name": "sinkhole-https", "url": "https://tiktok.com/", "expect": "ERR_CONNECTION_REFUSED"},
]


class Refusing(Sluis):
    def __init__(self, lab, build, rules, refusal):
        self.refusal = refusal
        super().__init__(lab, build / "dataplane/sluis-dataplane", rules)

    def config(self, rules):
        return super().config(rules) + self.refusal


class NoticeBox(ControlBox):
    def __init__(self, build, lab):
        self.lab = lab
        super().__init__(build, lab.directory / "box",
                         extra_config=NOTICE.replace("127.0.0.1:{port}", f'{PAGE4}:80", "[{PAGE6}]:80'))

    def start(self, program, *arguments):
        return self.start_in(self.lab.inside("server", []), program, *arguments)


class NoticeLab(Lab):
    """With the notice page of a real sluis-control where the servers are."""

    def __init__(self, build):
        super().__init__()
        self.page = NoticeBox(build, self)

    def build(self):
        super().build()
        for address in (f"{PAGE4}/24", f"{PAGE6}/64"):
            run(self.inside("server", ["ip", "address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else [])]))
        servers.start_all(self)
        self.page.start_control()
        (self.directory / "resolv.conf").write_text(f"nameserver {DNS4}\noptions timeout:2 attempts:1\n")

    def tear_down(self):
        self.page.__exit__()
        super().tear_down()


def take(lab, browser, shots):
    """What came of each, by name."""
    command = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
               str(lab.directory / "resolv.conf"), *browser.command("refusal_pictures.mjs")]
    environment = {**os.environ, **browser.environment(), "HOME": str(lab.directory), "SHOTS": json.dumps(shots),
                   "RESOLVER": RESOLVER, "QUIC_HOST": "m.tiktok.com", "KEY": servers.key_digest(lab.directory)}
    done = subprocess.run(lab.inside("client", command), env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def judge(shots, seen):
    wrong = 0
    for shot in shots:
        came = seen[shot["name"]]
        what = came.get("error") or came["heading"]
        right = shot["expect"] in what and came.get("url", "") == shot.get("at", "")
        wrong += not right
        print(f"{'ok' if right else 'WRONG':5} {shot['name']}: {shot['url']}: {what} {came.get('url', '')}\n      {came['text'][:300]}")
    return wrong


def main():
    if os.geteuid() != 0:
        print("skipped: network namespaces need root", file=sys.stderr)
        return 77
    build = pathlib.Path(sys.argv[1]).resolve()
    browser = ChromiumRun(build)
    if len(sys.argv) > 2:
        browser.pictures = pathlib.Path(sys.argv[2]).resolve()
    wrong = 0
    with tempfile.NamedTemporaryFile(suffix=".rules") as rules:
        run([str(build / "control/cli/sluisctl"), "rules", "compile", "-o", rules.name], timeout=300)
        for refusal, shots in (("", BY_DEFAULT), (TELLING, BY_CHOICE)):
            with NoticeLab(build) as lab:
                bridge = Refusing(lab, build, rules.name, refusal)
                wrong += judge(shots, take(lab, browser, shots)) + len(bridge.stop())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
