#!/usr/bin/env python3
"""What real clients make of refusals that say why: an alert, a redirect, the notice page's address, and QUIC's end.

Exit status: 0 all is as it must be; 1 something is not; 2 the lab could not be made; 77 not root.
"""

import argparse
import contextlib
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
import firefox  # noqa: E402
import servers  # noqa: E402
from bridge import Sluis  # noqa: E402
from chromium_log import ChromiumLog  # noqa: E402
from clients import TIMEOUT, Http3, SecondRequest  # noqa: E402
from lab import DNS4, DNS6, NARROW4, QUIC4, QUIC6, WEB4, WEB6, Lab, LabError  # noqa: E402
from quic_wire import QuicWire  # noqa: E402

TRIES = 10
BEYOND = 0.1  # seconds: a browser's wait beyond the round trip
FIREFOX_TRIES, FIREFOX_STARTS = 3, 120  # seconds
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
    """`box`: the process id of the dataplane."""

    def __init__(self, lab, build, box):
        self.lab, self.build, self.box = lab, build, box
        self.wrong = []

    def client(self, *command, status=None, patience=TIMEOUT + 60):
        """Standard output and error of a client's program, and the seconds that it took."""
        start = time.monotonic()
        done = subprocess.run(self.lab.inside("client", [str(part) for part in command]), capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, timeout=patience, cwd=self.lab.directory)
        if status is not None:
            self.expect(done.returncode == status, f"{command[0]} ended with {done.returncode}: {done.stderr[-300:]}")
        return done.stdout, done.stderr, time.monotonic() - start

    def expect(self, right, what):
        if not right:
            self.wrong.append(f"{self.case}: {what}")

    def run(self, prefix="test_"):
        for name in sorted(dir(self)):
            if not name.startswith(prefix):
                continue
            self.case, before = name.removeprefix("test_").replace("_", " "), len(self.wrong)
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
        for family, hosts in (("IPv4", "etc4"), ("IPv6", "etc6")):
            self.http3_ends_at_once(family, hosts)

    def http3_ends_at_once(self, family, hosts):
        ends = []
        with self.quic_seen() as seen:
            for _ in range(TRIES):
                request = Http3("www.tiktok.com", hosts)
                begin = time.time()
                said, lost = self.timed_client(request.command(self.lab.directory))
                ends.append((begin, time.time(), lost))
                answer = request.read(0, said, "")
                self.expect(answer.kind == "refused", answer.text)
        self.judge_ends(f"ngtcp2's client over {family}, to its end", seen, ends)

    def test_http3_in_chromium_ends_at_once_ten_times_of_ten(self):
        packages = self.build / "tests/browser/packages"
        if not shutil.which("chromium") or not (packages / "complete").exists():
            print("      left out: chromium is not installed, or browser.notice has not fetched Playwright yet")
            return
        shutil.copy(BROWSER, packages)
        for family, address in (("IPv4", QUIC4), ("IPv6", f"[{QUIC6}]")):
            self.chromium_ends_at_once(family, address, packages / BROWSER.name)

    def chromium_ends_at_once(self, family, address, script):
        log = self.lab.directory / f"chromium-{family}.json"
        with self.quic_seen() as seen:
            out, err, _ = self.client("env", f"HOME={self.lab.directory}", f"QUIC={address}", f"TIMEOUT={TIMEOUT}",
                                      f"TRIES={TRIES}", f"KEY={servers.key_digest(self.lab.directory)}", f"LOG={log}", f"BOX={self.box}",
                                      "node", script, patience=240)
        try:
            tries = json.loads(out)
        except ValueError:
            return self.expect(False, f"Chromium: {out[-300:]} {err[-700:]}")
        self.expect(tries["allowed"] == "served for www.example.org", f"an allowed name: {tries['allowed']}")
        for each in tries["refused"]:
            self.expect("ERR_QUIC_PROTOCOL_ERROR" in each["what"] or "ERR_CONNECTION" in each["what"], each["what"])
            self.expect(each["end"] - each["begin"] < AT_ONCE, f"its page took {each['end'] - each['begin']:.1f} s")
        said = ChromiumLog(log)
        # Its log's times are whole milliseconds, so that a failure may stand behind the end of its own visit.
        nexts = [each["begin"] for each in tries["refused"][1:]] + [float("inf")]
        ends = [(each["begin"], failure, each["lost"]) for each, following in zip(tries["refused"], nexts)
                for failure in said.failures("tiktok.com") if each["begin"] <= failure < following]
        resent, most = said.resent("tiktok.com"), max(each["lost"] for each in tries["refused"])
        self.expect(resent == 0 or most > BEYOND, f"the first close was not enough: {resent} packets were sent again")
        self.judge_ends(f"Chromium over {family}, to its request's failure", seen, ends)
        print(f"      Chromium over {family}, from navigation to its error page: "
              f"{milliseconds([each['end'] - each['begin'] for each in tries['refused']])}; "
              f"{tries['refused'][0]['what'].splitlines()[0]}")

    def firefox_ends_at_once(self):
        """Of Firefox only what it sends is known."""
        if not shutil.which("firefox-esr"):
            print("      left out: Firefox is not installed (package firefox-esr)")
            return
        for number in range(FIREFOX_TRIES + 1):
            host = "www.tiktok.com" if number else "www.example.org"
            seen = self.seen_of_firefox(self.lab.directory / f"firefox-{number}", host)
            sent, got = ([each.time for each in seen if each.sent == way] for way in (True, False))
            if not sent or not got:
                self.expect(False, f"{host}: {len(sent)} datagrams went and {len(got)} came")
            elif number:
                self.expect(sent[-1] - sent[0] < AT_ONCE, f"it sent for {sent[-1] - sent[0]:.1f} s")
                print(f"      Firefox: the first close came after {1000 * (got[0] - sent[0]):.0f} ms, the last of its {len(sent)} "
                      f"datagrams went after {1000 * (sent[-1] - sent[0]):.0f} ms")
            else:
                self.expect(sum(map(len, (sent, got))) > 8, "an allowed name is not served over HTTP/3")

    def seen_of_firefox(self, folder, host):
        """The datagrams of its visit, from the first one on and for as long as a refusal may take, and longer."""
        wire = QuicWire(self.lab.names["client"], "eth0")
        wire.start()
        with open(self.lab.directory / f"{folder.name}.log", "wb") as log:
            browser = subprocess.Popen(self.lab.inside("client", firefox.visit(folder, host, QUIC4)), stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, cwd=self.lab.directory)
        try:
            end = time.monotonic() + FIREFOX_STARTS
            while not wire.seen and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(3 * AT_ONCE)
        finally:
            browser.terminate()
            browser.wait(60)
            seen = wire.stop()
        return seen

    def timed_client(self, command):
        """What it said, and the seconds for which it or the box wanted to run and had no processor."""
        before = waited(self.box)
        with subprocess.Popen(self.lab.inside("client", command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, cwd=self.lab.directory) as process:
            said = process.stdout.read()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its figures go with it
            return said, waited(process.pid) + waited(self.box) - before

    @contextlib.contextmanager
    def quic_seen(self):
        """The datagrams at the client's interface are there once this has ended."""
        seen, wire = [], QuicWire(self.lab.names["client"], "eth0")
        wire.start()
        try:
            yield seen
        finally:
            seen += wire.stop()

    def judge_ends(self, who, seen, tries):
        """`tries`: (begin, end, lost) of each. A client's time runs from its first datagram on; a round trip takes nothing
        here, so that who needs a second try or a timer is seen. Forgiven is only what a busy machine took from it."""
        self.expect(len(tries) == TRIES, f"{who}: {len(tries)} tries")
        times, answers, losses = [], [], []
        for begin, end, lost in tries:
            sent = [each.time for each in seen if each.sent and begin <= each.time <= end]
            got = [each.time for each in seen if not each.sent and begin <= each.time <= end]
            if not sent or not got:
                self.expect(False, f"{who}: {len(sent)} datagrams went and {len(got)} came")
                continue
            times.append(end - sent[0])
            answers.append(got[0] - sent[0])
            losses.append(lost)
            self.expect(times[-1] < BEYOND + lost, f"{who}: took {1000 * times[-1]:.0f} ms, and lost {1000 * lost:.0f} ms")
        if times:
            print(f"      {who}: {milliseconds(times)}; the first answer came after {milliseconds(answers)}; the machine took "
                  f"{milliseconds(losses)}")


def waited(process):
    """Seconds that its threads were on a processor's queue until now, by the kernel's count."""
    tasks = Path(f"/proc/{process}/task")
    return sum(int((task / "schedstat").read_text().split()[1]) for task in tasks.iterdir()) / 1e9


def milliseconds(times):
    times = sorted(times)
    return f"{times[0] * 1000:.0f} to {times[-1] * 1000:.0f} ms, half within {times[len(times) // 2] * 1000:.0f} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--rules", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True, help="the build's folder, for the packages of tests/browser")
    parser.add_argument("--firefox", action="store_true", help="Firefox instead, which ctest leaves out: half a minute")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("skipped: network namespaces need root; run this as root", file=sys.stderr)
        return 77
    try:
        with Lab() as lab:
            servers.start_all(lab)
            bridge = Telling(lab, options.program.resolve(), options.rules.resolve())
            refusals = Refusals(lab, options.build.resolve(), bridge.daemon.process.pid)
            wrong = refusals.run("firefox_" if options.firefox else "test_") + bridge.stop()
    except (LabError, counters.LayoutError, OSError, subprocess.SubprocessError) as error:
        print(f"the lab failed: {error}", file=sys.stderr)
        return 2
    for fault in wrong:
        print(f"WRONG: {fault}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
