"""Real clients. Each is a request that knows its command line and can read what the program said."""

import re
from dataclasses import dataclass

from lab import DNS4, WEB4
from servers import BULK_BYTES

TIMEOUT = 5  # seconds that a client waits when nobody answers; a refusal must come long before


@dataclass(frozen=True)
class Answer:
    """What a client got, in words. `kind`: "served", "refused", or "other" for all that a row may never end with."""
    text: str
    kind: str


@dataclass(frozen=True)
class Dig:
    name: str
    type: str = "A"
    server: str = DNS4
    tcp: bool = False
    edns: bool = True
    buffer: int = 1232
    id: str = ""  # of the message; by default dig takes any

    @property
    def question(self):
        return f"{self.type} {self.name}"

    @property
    def protocol(self):
        return ("DNS, TCP" if self.tcp else "DNS, UDP") + (", IPv6" if ":" in self.server else "") + (
            "" if self.edns else ", no EDNS") + (f", ID {self.id}" if self.id else "")

    counted_as = "dns"

    def command(self, _directory):
        extra = ["+tcp"] if self.tcp else ["+notcp", "+ignore"]
        extra += [f"+bufsize={self.buffer}"] if self.edns else ["+noedns"]
        extra += [f"+qid={int(self.id, 16)}"] if self.id else []
        return ["dig", "-r", f"@{self.server}", self.name, self.type, "+tries=1", f"+time={TIMEOUT}", *extra]

    def read(self, status, out, err):
        rcode = re.search(r"status: (\w+)", out)
        if status or not rcode:
            reason = next((line for line in out.splitlines() if line.startswith(";;")), err.strip())
            return Answer(reason.lstrip("; "), "other")
        if f"\n;{self.name}." not in out:
            return Answer("an answer to another question", "other")
        rcode, answers = rcode[1], int(re.search(r"ANSWER: (\d+)", out)[1])
        error = re.search(r"^; EDE: (\d+) \(([^)]*)\)", out, re.MULTILINE)
        text = f"{rcode}, EDE {error[1]} ({error[2]})" if error else rcode
        if rcode == "NOERROR" and answers:
            return Answer(f"{text}, {answers} record{'s' if answers > 1 else ''}", "served")
        explained = error is not None and error[1] == "15"
        has_opt = "OPT PSEUDOSECTION" in out
        as_asked = explained if self.edns else not has_opt
        return Answer(text, "refused" if rcode == "NXDOMAIN" and as_asked else "other")


@dataclass(frozen=True)
class Curl:
    """GET of https:// or http:// from a fixed address, whatever the name resolves to."""
    url: str
    address: str = WEB4
    options: tuple = ()
    note: str = ""
    size: int = 0  # bytes to be served; 0: whatever "served for NAME" comes to
    host: str = ""  # a Host header other than the URL's

    @property
    def question(self):
        return f"{self.url} Host: {self.host}" if self.host else self.url

    @property
    def protocol(self):
        return ("HTTP/3" if self.counted_as == "quic" else self.counted_as.upper()) + (
            f", {self.note}" if self.note else "")

    @property
    def counted_as(self):
        if "--http3-only" in self.options:
            return "quic"
        return "tls" if self.url.startswith("https:") else "http"

    def command(self, directory):
        address = f"[{self.address}]" if ":" in self.address else self.address
        host = ["-H", f"Host: {self.host}"] if self.host else []
        return ["curl", "-q", "-sS", "-m", str(TIMEOUT), "--noproxy", "*", "--cacert", f"{directory}/ca.pem",
                "--connect-to", f"::{address}:", "-o", "/dev/null",
                "-w", "%{http_code} %{size_download} HTTP/%{http_version}\\n", *self.options, *host, self.url]

    def read(self, status, out, err):
        lines = out.split("\n")
        code, size, version = lines[0].split() if status == 0 and lines[0] else ("", "", "")
        if code == "200" and (not self.size or self.size == int(size)):
            return Answer(f"200, {size} bytes, {version}", "served")
        if status == 7 and "QUIC connection has been shut down" in err:  # curl does not say by what error
            return Answer("QUIC: shut down", "refused")
        if status in (35, 55, 56) and ("reset by peer" in err or "errno 104" in err or "SSL_ERROR_SYSCALL" in err):
            return Answer("connection reset", "refused")
        return Answer(f"{code or 'exit ' + str(status)}: {err.strip() or out.strip()}", "other")


@dataclass(frozen=True)
class SecondRequest:
    """Two HTTP/1.1 requests over one connection: the first for an allowed host, the second for `host`."""
    host: str
    address: str = WEB4
    counted_as = "http"
    protocol = "HTTP, 2nd request"

    @property
    def question(self):
        return f"… then Host: {self.host}"

    def command(self, _directory):
        common = ["-sS", "-m", str(TIMEOUT), "--noproxy", "*", "--connect-to", f"::{self.address}:", "-o", "/dev/null",
                  "-w", "%{http_code} %{num_connects}\\n"]
        url = "http://www.example.org/"
        return ["curl", "-q", *common, url, "--next", *common, "-H", f"Host: {self.host}", url]

    def read(self, status, out, err):
        first, *rest = out.split("\n")
        if first != "200 1":
            return Answer(f"first request: {first} {err.strip()}", "other")
        if rest[0] == "200 0":
            return Answer("200, then 200", "served")
        if status in (52, 56) and "reset by peer" in err:
            return Answer("200, then connection reset", "refused")
        return Answer(f"200, then exit {status}: {err.strip()}", "other")


@dataclass(frozen=True)
class OpenSsl:
    """A TLS handshake with any server name, and with a ClientHello as long as is asked for."""
    name: str
    address: str = WEB4
    port: int = 443
    padding: int = 0  # bytes of ALPN names that fill up the ClientHello
    options: tuple = ()
    note: str = ""
    counted_as = "tls"

    @property
    def question(self):
        return self.name or self.address

    @property
    def protocol(self):
        return "TLS" + (f", {self.note}" if self.note else "")

    def command(self, directory):
        names = [f"{number:03d}{'x' * 196}" for number in range(self.padding // 200)]
        server_name = ["-servername", self.name] if self.name else ["-noservername"]
        address = f"[{self.address}]" if ":" in self.address else self.address
        return ["openssl", "s_client", "-connect", f"{address}:{self.port}", *server_name,
                "-alpn", ",".join(["http/1.1", *names]), "-CAfile", f"{directory}/ca.pem", "-verify_return_error",
                *self.options]

    def read(self, status, out, err):
        if status == 0 and "Verification: OK" in out:
            version = re.search(r"^New, (TLSv[\d.]+)", out, re.MULTILINE)
            length = re.search(r"written (\d+) bytes", out)
            return Answer(f"{version[1] if version else 'TLS'}, {length[1]} bytes sent", "served")
        if "errno=104" in out + err:
            return Answer("connection reset", "refused")
        return Answer(f"exit {status}: {(err.strip().splitlines() or ['?'])[-1]}", "other")


@dataclass(frozen=True)
class Http3:
    """GET over QUIC by ngtcp2's client. It announces no name but one that it has looked up: see servers.make_hosts."""
    name: str
    hosts: str = "etc4"
    options: tuple = ()
    note: str = ""
    counted_as = "quic"

    @property
    def question(self):
        return f"https://{self.name}/"

    @property
    def protocol(self):
        return "HTTP/3" + (f", {self.note}" if self.note else "")

    def command(self, directory):
        client = ["gtlsclient", f"--timeout={TIMEOUT}s", f"--handshake-timeout={TIMEOUT}s", "--no-quic-dump",
                  "--exit-on-all-streams-close", *self.options, self.name, "443", f"https://{self.name}/"]
        return ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', f"{directory}/{self.hosts}",
                *client]

    def read(self, status, out, err):
        said = out + err
        served = re.search(r"body (\d+) bytes", said)
        if "[:status: 200]" in said and served:
            return Answer(f"200, {served[1]} bytes, HTTP/3", "served")
        close = re.search(r"frm rx .* CONNECTION_CLOSE\(0x1[cd]\) error_code=(\w+)\(0x([0-9a-f]+)\)", said)
        if close:
            return Answer(f"QUIC: {close[1]}", "refused" if int(close[2], 16) == 2 else "other")
        last = [line for line in said.splitlines() if line.strip()]
        return Answer(f"exit {status}: {last[-1] if last else 'nothing'}", "other")


def bulk(url, **more):
    """The server's large file, which must arrive whole."""
    return Curl(url, size=BULK_BYTES, **more)
