"""The rows of the demo: every request, and what must become of it."""

import subprocess
from dataclasses import dataclass

from clients import Curl, Dig, Http3, OpenSsl, SecondRequest, bulk
from lab import DNS6, NARROW4, QUIC4, WEB6
from names import CLOAK, LONG_ANSWER, SERVICE_CLOAK

SERVED, REFUSED = "served", "refused"
TLS12, TLS13 = ("--tls-max", "1.2"), ("--tlsv1.3",)
HTTP1 = ("--http1.1",)


@dataclass(frozen=True)
class Row:
    ask: object
    must_be: str
    section: str


def dns_rows():
    for name in ("www.example.org", "nottiktok.com", "tiktok.com.evil.example"):
        yield Dig(name), SERVED
    yield Dig("www.example.org", "AAAA", server=DNS6), SERVED
    yield Dig("www.example.org", "HTTPS"), SERVED
    yield Dig("www.example.org", tcp=True), SERVED
    yield Dig(LONG_ANSWER, "TXT", buffer=4096), SERVED
    yield Dig(LONG_ANSWER, "TXT", server=DNS6, tcp=True), SERVED
    for type_ in ("A", "AAAA", "HTTPS", "TXT"):
        yield Dig("www.tiktok.com", type_), REFUSED
    yield Dig("www.tiktok.com", edns=False), REFUSED
    yield Dig("wWw.TiKtOk.CoM"), REFUSED
    for id_ in ("0x7f01", "0xd33a"):  # a first bit of 1 is a QUIC long header's too
        yield Dig("www.tiktok.com", id=id_), REFUSED
    yield Dig("tiktok.com", server=DNS6), REFUSED
    yield Dig("www.tiktok.com", tcp=True), REFUSED
    yield Dig("www.tiktok.com", "AAAA", server=DNS6, tcp=True), REFUSED
    yield Dig("v16-tiktokcdn-com.akamaized.net"), REFUSED
    yield Dig("tnc16-alisg.isnssdk.com"), REFUSED
    yield Dig(CLOAK), REFUSED
    yield Dig(CLOAK, "AAAA", server=DNS6, tcp=True), REFUSED
    yield Dig(SERVICE_CLOAK, "HTTPS"), REFUSED


def tls_rows():
    yield Curl("https://www.example.org/", options=TLS13, note="1.3"), SERVED
    yield Curl("https://www.example.org/", options=(*TLS12, *HTTP1), note="1.2, HTTP/1.1"), SERVED
    yield Curl("https://www.example.org/", address=WEB6, note="IPv6"), SERVED
    yield Curl("https://nottiktok.com:8443/", note="port 8443"), SERVED
    yield Curl("https://tiktok.com.evil.example/"), SERVED
    yield bulk("https://www.example.org/bulk"), SERVED
    yield Curl("https://www.example.org/", address=NARROW4, note="MTU 150"), SERVED
    yield OpenSsl("www.example.org", padding=6000, note="6 KB hello"), SERVED
    yield OpenSsl("", note="no server name"), SERVED
    yield Curl("https://www.tiktok.com/", options=TLS13, note="1.3"), REFUSED
    yield Curl("https://www.tiktok.com/", options=(*TLS12, *HTTP1), note="1.2, HTTP/1.1"), REFUSED
    yield Curl("https://www.tiktok.com/", address=WEB6, note="IPv6"), REFUSED
    yield Curl("https://m.tiktok.com:8443/", note="port 8443"), REFUSED
    yield Curl("https://p16.tiktokcdn.com/"), REFUSED
    yield Curl("https://www.tiktok.com/", address=NARROW4, note="MTU 150"), REFUSED
    yield OpenSsl("www.tiktok.com", padding=6000, note="6 KB hello"), REFUSED
    yield OpenSsl("www.tiktok.com", address=WEB6, padding=6000, note="6 KB hello, IPv6"), REFUSED
    yield OpenSsl("WWW.TikTok.COM", note="mixed case"), REFUSED


def http_rows():
    yield Curl("http://www.example.org/"), SERVED
    yield Curl("http://www.brussels.example/", address=WEB6, note="IPv6"), SERVED
    yield Curl("http://nottiktok.com:8080/", note="port 8080"), SERVED
    yield bulk("http://www.example.org/bulk"), SERVED
    yield SecondRequest("www.brussels.example"), SERVED
    yield Curl("http://www.tiktok.com/"), REFUSED
    yield Curl("http://www.tiktok.com/", address=WEB6, note="IPv6"), REFUSED
    yield Curl("http://www.tiktok.com:8080/", note="port 8080"), REFUSED
    yield Curl("http://www.tiktok.com/", address=NARROW4, note="MTU 150"), REFUSED
    yield Curl("http://www.example.org/", host="m.tiktok.com", note="Host differs"), REFUSED
    yield SecondRequest("www.tiktok.com"), REFUSED


def quic_rows():
    yield Http3("www.example.org"), SERVED
    yield Http3("www.example.org", hosts="etc6", note="IPv6"), SERVED
    yield Http3("tiktok.com.evil.example"), SERVED
    yield Http3("www.tiktok.com"), REFUSED
    yield Http3("www.tiktok.com", hosts="etc6", note="IPv6"), REFUSED
    yield Http3("p16.tiktokcdn.com"), REFUSED
    if ngtcp2_has_version_2():  # Debian 13's
        yield Http3("www.example.org", options=("-v", "v2"), note="QUIC v2"), SERVED
        yield Http3("www.tiktok.com", options=("-v", "v2"), note="QUIC v2"), REFUSED
    if curl_has_http3():  # Debian 13's; its post-quantum hello needs two datagrams
        over_quic = {"address": QUIC4, "options": ("--http3-only",), "note": "curl"}
        yield Curl("https://www.example.org/", **over_quic), SERVED
        yield Curl("https://www.tiktok.com/", **over_quic), REFUSED


def ngtcp2_has_version_2():
    return '"v2"' in said_by("gtlsclient", "--help")


def curl_has_http3():
    return "HTTP3" in said_by("curl", "--version")


def said_by(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout


def all_rows():
    for section in (dns_rows, tls_rows, http_rows, quic_rows):
        for ask, must_be in section():
            yield Row(ask, must_be, section.__name__)
