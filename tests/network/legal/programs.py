"""Legal traffic of real programs: OpenSSL's renegotiation and HelloRetryRequest, ngtcp2's Retry and migration."""

import subprocess

from cases import ALLOWED, FORBIDDEN, Case
from clients import Http3
from lab import WEB4
from legal_lab import PLAIN_QUIC4, RETRY4
from servers import make_hosts
from tls_client import Refused

RETRYING, RENEGOTIATING = 4450, 4451  # ports
SECONDS = 15


def start_all(lab):
    start_openssl(lab, "retrying", RETRYING, ["-groups", "P-384"])
    start_openssl(lab, "renegotiating", RENEGOTIATING, ["-tls1_2", "-client_renegotiation"])
    (lab.directory / "pages").mkdir()
    (lab.directory / "pages" / "index.html").write_text("a page\n")
    start_quic(lab, "quic-retry", RETRY4, ["--validate-addr"])
    start_quic(lab, "quic-plain", PLAIN_QUIC4, [])


def start_openssl(lab, name, port, options):
    server = lab.start(name, "server", ["openssl", "s_server", "-accept", f"{WEB4}:{port}", "-rev",
                                        "-cert", "server.pem", "-key", "server.key", *options])
    server.wait_for(lambda: lab.listens("server", "tcp", port, WEB4), 10, "listening")


def start_quic(lab, name, address, options):
    make_hosts(lab.directory / f"etc-{name}", address)
    server = lab.start(name, "server", ["gtlsserver", "--quiet", "-d", f"{lab.directory}/pages", *options, address,
                                        "443", "server.key", "server.pem"])
    server.wait_for(lambda: lab.listens("server", "udp", 443, address), 10, "listening")


def openssl(ground, name, port, options, commands):
    """Runs s_client. `commands`: shell that writes to its standard input."""
    words = ["openssl", "s_client", "-connect", f"{WEB4}:{port}", "-servername", name, "-CAfile", "ca.pem", "-msg",
             "-verify_return_error", *options]
    done = run(ground, ["sh", "-c", f"({commands}) | {' '.join(words)} 2>&1"])
    if "errno=104" in done.stdout:
        raise Refused
    assert "Verification: OK" in done.stdout, last_lines(done.stdout)
    return done.stdout


def run(ground, command):
    return subprocess.run(ground.lab.inside("client", command), capture_output=True, text=True, errors="replace",
                          timeout=SECONDS, cwd=ground.lab.directory, stdin=subprocess.DEVNULL, check=False)


def last_lines(text):
    return "\n".join(text.strip().splitlines()[-5:])


def hellos(said):
    return sum(line.startswith(">>>") and line.endswith("ClientHello") for line in said.splitlines())


def retry_request(ground, name):
    said = openssl(ground, name, RETRYING, ["-groups", "X25519:P-384"], "sleep 0.3; echo Q")
    assert hellos(said) == 2, f"{hellos(said)} hellos"
    return "two hellos"


def renegotiation(ground, name):
    said = openssl(ground, name, RENEGOTIATING, ["-tls1_2"], "sleep 0.3; echo R; sleep 0.5; echo Q")
    assert "RENEGOTIATING" in said and hellos(said) == 2, last_lines(said)
    assert "fatal" not in said, last_lines(said)
    return "two handshakes"


def quic(server, must_say, *options):
    def play(ground, name):
        client = Http3(name, hosts=f"etc-{server}", options=options)
        done = run(ground, client.command(ground.lab.directory))
        answer = client.read(done.returncode, done.stdout, done.stderr)
        if answer.kind == "refused":
            raise Refused
        assert answer.kind == "served", answer.text
        assert must_say in done.stdout + done.stderr, f"the client did not say {must_say!r}"
        return answer.text

    return play


def all_cases():
    both = (ALLOWED, FORBIDDEN)
    moves = ("--change-local-addr=100ms", "--delay-stream=400ms")
    yield Case("HelloRetryRequest", retry_request, both)
    yield Case("TLS 1.2 renegotiation", renegotiation, both)
    yield Case("QUIC Retry", quic("quic-retry", "Retry"), both)
    yield Case("QUIC migration", quic("quic-plain", "PATH_CHALLENGE", *moves), both)
    yield Case("QUIC NAT rebinding", quic("quic-plain", "PATH_CHALLENGE", *moves, "--nat-rebinding"), both)
