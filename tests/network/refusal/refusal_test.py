#!/usr/bin/env python3
"""What real clients make of refusals that say why: an alert, a redirect, the notice page's address, and QUIC's end.

Exit status: 0 all is as it must be; 1 something is not; 2 the lab could not be made; 77 not root.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import counters  # noqa: E402
import servers  # noqa: E402
from bridge import Sluis  # noqa: E402
from clients import TIMEOUT, Http3, SecondRequest  # noqa: E402
from lab import DNS4, DNS6, NARROW4, QUIC4, WEB4, WEB6, Lab, LabError  # noqa: E402

AT_ONCE = 1.5  # seconds: who has to wait for a timer takes longer, a busy machine does not
PAGE4, PAGE6 = NARROW4, WEB6  # where the lab's web server stands for the notice page
NOTICE_URL = f"http://{PAGE4}/nl"
BROWSER = Path(__file__).resolve().parent / "http3_failure.mjs"


class Telling(Sluis):
    def config(self, rules):
        return super().config(rules) + f"""
[refusal]
mode = "sinkhole"
sinkhole_ipv4 = "{PAGE4}"
sinkhole_ipv6 = "{PAGE6}"
dns_text = "Blocked here"
tls = "alert"
http = "redirect"
notice_url = "{NOTICE_URL}"
"""


class Refusals:
    def __init__(self, lab, build):
        self.lab, self.build = lab, build
        self.wrong = []

    def client(self, *command, status=None):
        """Standard output and error of a client's program, and the seconds that it took."""
        start = time.monotonic()
        done = subprocess.run(self.lab.inside("client", [str(part) for part in command]), capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=TIMEOUT + 60, cwd=self.lab.directory)
        if status is not None:
            self.expect(done.returncode == status, f"{command[0]} ended with {done.returncode}: {done.stderr[-300:]}")
        return done.stdout, done.stderr, time.monotonic() - start

    def expect(self, right, what):
        if not right:
            self.wrong.append(f"{self.case}: {what}")

    def run(self):
        for name in sorted(dir(self)):
            if not name.startswith("test_"):
                continue
            self.case, before = name[5:].replace("_", " "), len(self.wrong)
            getattr(self, name)()
            print(f"{'ok' if len(self.wrong) == before else 'WRONG':5} {self.case}", flush=True)
        return self.wrong

    def curl(self, url, address, *options):
        return self.client("curl", "-q", "-sS", "-m", TIMEOUT, "--noproxy", "*", "--cacert", "ca.pem", "--connect-to",
                           f"::{address}:", *options, url)

    def test_http_clients_are_redirected(self):
        for options in ((), ("-X", "POST", "-d", "x=" + "y" * 3000), ("--http1.0",), ("-I",)):
            out, err, seconds = self.curl("http://www.tiktok.com/@u", WEB4, "-o", "/dev/null", "-w",
                                          "%{http_code} %{redirect_url}", *options)
            self.expect(out == f"303 {NOTICE_URL}", f"{options}: {out} {err}")
            self.expect(seconds < AT_ONCE, f"took {seconds:.1f} s")

    def test_the_redirect_leads_to_the_page(self):
        out, err, _ = self.client("curl", "-q", "-sSL", "-m", TIMEOUT, "--noproxy", "*", "--resolve",
                                  f"www.tiktok.com:80:{WEB4}", "http://www.tiktok.com/", status=0)
        self.expect(out == f"served for {PAGE4}\n", f"{out} {err}")

    def test_a_second_request_is_reset(self):
        """And curl, as it does when a connection that it uses again dies, asks once more over another one."""
        out, err, _ = self.client(*SecondRequest("www.tiktok.com").command(self.lab.directory))
        self.expect(out == "200 1\n303 1\n", f"{out} {err}")

    def test_tls_clients_get_an_alert(self):
        for version in ("-tls1_2", "-tls1_3"):
            for name in ("www.tiktok.com", "m.tiktok.com"):
                out, err, seconds = self.client("openssl", "s_client", version, "-connect", f"{WEB4}:443", "-servername", name)
                self.expect("SSL alert number 49" in out + err, f"{version}: {(out + err)[-400:]}")
                self.expect(seconds < AT_ONCE, f"took {seconds:.1f} s")

    def test_curl_names_the_alert(self):
        _, err, seconds = self.curl("https://www.tiktok.com/", WEB4)
        self.expect("access denied" in err, err)
        self.expect(seconds < AT_ONCE, f"took {seconds:.1f} s")

    def test_an_allowed_name_is_served(self):
        for url in ("http://www.example.org/", "https://www.example.org/"):
            out, err, _ = self.curl(url, WEB4)
            self.expect(out == "served for www.example.org\n", f"{out} {err}")

    def test_dns_leads_to_the_page(self):
        for server in (DNS4, DNS6):
            for type_, expected in (("A", [PAGE4]), ("AAAA", [PAGE6]), ("HTTPS", []), ("TXT", []), ("MX", [])):
                for tcp in ("+notcp", "+tcp"):
                    out, _, _ = self.client("dig", "-r", f"@{server}", "www.tiktok.com", type_, tcp, "+tries=1", "+nocookie")
                    answers = re.findall(r"^www\.tiktok\.com\.\s+\d+\s+IN\s+" + type_ + r"\s+(\S+)$", out, re.M)
                    self.expect("status: NOERROR" in out and answers == expected, f"{type_} {tcp}: {out}")
                    self.expect("EDE: 15 (Blocked): (Blocked here)" in out, f"{type_} {tcp}: {out}")

    def test_the_sinkhole_answers_for_the_refused_name(self):
        for address in (PAGE4, f"[{PAGE6}]"):
            out, err, _ = self.curl("http://www.tiktok.com/@u", address)
            self.expect(out == "served for www.tiktok.com\n", f"{address}: {out} {err}")
            _, err, _ = self.curl("https://www.tiktok.com/", address)
            self.expect("access denied" in err or "reset" in err, f"{address}: {err}")

    def test_http3_ends_at_once_ten_times_of_ten(self):
        times = []
        for _ in range(10):
            request = Http3("www.tiktok.com")
            out, err, seconds = self.client(*request.command(self.lab.directory))
            answer = request.read(0, out, err)
            self.expect(answer.kind == "refused", answer.text)
            self.expect(seconds < AT_ONCE, f"took {seconds:.1f} s")
            times.append(seconds)
        print(f"      ngtcp2's client, from its start to its end: {milliseconds(times)}")

    def server_key(self):
        """What Chromium knows a certificate by that no public authority has signed: SHA-256 of its public key."""
        key = subprocess.run(["openssl", "pkey", "-in", self.lab.directory / "server.key", "-pubout", "-outform", "DER"],
                             capture_output=True, check=True).stdout
        return base64.b64encode(hashlib.sha256(key).digest()).decode()

    def test_http3_in_chromium_ends_at_once_ten_times_of_ten(self):
        packages = self.build / "tests/browser/packages"
        if not shutil.which("chromium") or not (packages / "complete").exists():
            print("      left out: chromium is not installed, or browser.notice has not fetched Playwright yet")
            return
        shutil.copy(BROWSER, packages)
        out, err, _ = self.client("env", f"HOME={self.lab.directory}", f"QUIC={QUIC4}", f"TIMEOUT={TIMEOUT}",
                                  f"KEY={self.server_key()}", "node", packages / BROWSER.name)
        try:
            tries = json.loads(out)
        except ValueError:
            return self.expect(False, f"Chromium: {out[-300:]} {err[-700:]}")
        self.expect(tries["allowed"] == "served for www.example.org", f"an allowed name: {tries['allowed']}")
        self.expect(len(tries["refused"]) == 10, "not ten tries")
        for each in tries["refused"]:
            self.expect("ERR_QUIC_PROTOCOL_ERROR" in each["error"] or "ERR_CONNECTION" in each["error"], each["error"])
            self.expect(each["milliseconds"] < 1000 * AT_ONCE, f"took {each['milliseconds']:.0f} ms")
        print(f"      Chromium, from navigation to its error: "
              f"{milliseconds([each['milliseconds'] / 1000 for each in tries['refused']])}; "
              f"{tries['refused'][0]['error'].splitlines()[0]}")


def milliseconds(times):
    times = sorted(times)
    return f"{times[0] * 1000:.0f} to {times[-1] * 1000:.0f} ms, half within {times[len(times) // 2] * 1000:.0f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--rules", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True, help="the build's folder, for the packages of tests/browser")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root; run this as root", file=sys.stderr)
        return 77
    try:
        with Lab() as lab:
            servers.start_all(lab)
            bridge = Telling(lab, options.program.resolve(), options.rules.resolve())
            wrong = Refusals(lab, options.build.resolve()).run() + bridge.stop()
    except (LabError, counters.LayoutError, OSError, subprocess.SubprocessError) as error:
        print(f"the lab failed: {error}", file=sys.stderr)
        return 2
    for fault in wrong:
        print(f"WRONG: {fault}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
