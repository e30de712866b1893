"""Rows E096 to E113: DNS. The receiver is a resolver that reads any question, or a client that takes any answer."""

import struct

import dns_wire
import frames
import judge
import tls_wire
from dns_wire import (
    A,
    AAAA,
    BLOCKED,
    CNAME,
    DNAME,
    HTTPS,
    NXDOMAIN,
    RRSIG,
    SVCB,
    Message,
    edns,
    framed,
    message,
    name,
    query,
    question,
    record,
    response,
    service,
)
from framework import ALLOWED_NAME, FORBIDDEN_NAME, Capture, Tcp, Variant, row
from oracle import TcpReceiver, UdpReceiver, TLS_OVER_TCP
from udp_flow import Flow, udp_variant

RESOLVER, CLIENT = UdpReceiver(dns_wire.payload_names), UdpReceiver(dns_wire.payload_names, towards_server=False)
TCP_RESOLVER = TcpReceiver(dns_wire.stream_names)
BOTH = (4, 6)
HARMLESS = "cdn.example.net"
ADDRESS = b"\xc6\x33\x64\x07"
ENCRYPTED_DNS = '[policy]\nenforce = ["encrypted-dns"]\n'
port53 = Flow(port=53, client_port=50053)


def injected_messages(outcome):
    """DNS messages that the box sent to the client."""
    for out in outcome.injected:
        for found in dns_frames(out):
            payload = (
                found.transport[8:]
                if found.protocol == frames.UDP
                else found.transport[4 * (found.transport[12] >> 4) :]
            )
            if found.protocol == frames.UDP:
                yield payload
            elif payload:
                yield from dns_wire.stream_messages(payload)


def dns_frames(out):
    return judge.decode(out.data) if not out.to_server else []


def well_formed(asked):
    """A check: the box has answered `asked` with a refusal that clients understand (RFC 8914)."""

    def check(outcome):
        if not outcome.mode.forbidden:
            return []
        wanted, answers = Message(asked), [Message(data) for data in injected_messages(outcome)]
        if not answers:
            return ["no refusal for the client"]
        return [problem for answer in answers[:1] for problem in differences(wanted, answer)]

    return check


def differences(asked, answer):
    if answer.ident != asked.ident or not answer.is_response() or answer.flags & 0xF != NXDOMAIN:
        yield f"ID {answer.ident:04x}, flags {answer.flags:04x}"
    if answer.questions != asked.questions:
        yield f"question {answer.questions} for {asked.questions}"
    if (asked.options() is None) != (answer.options() is None):
        yield "EDNS in one of question and refusal"
    elif answer.options() is not None and answer.options().get(15, b"")[:2] != struct.pack(">H", BLOCKED):
        yield f"no extended error 15: {answer.options()}"


def asking(family, label, data, flow=port53, check=True, **how):
    """One query by UDP, refused well."""
    check = well_formed(data) if check else None
    return udp_variant(family, label, flow.send(data), receiver=RESOLVER, check=check, **how)


def by_tcp(family, label, data, cuts=(), order=None, asked=None, port=53, check=True):
    tcp = Tcp(Capture(family), port=port).connect()
    tcp.pieces(data, cuts, order)
    return Variant(
        label, tcp.capture, receiver=TCP_RESOLVER, refusal="", check=well_formed(asked or data[2:]) if check else None
    )


@row("E096", families=BOTH)
def other_ports(mode, family):
    for port in (1253, 5353, 5300, 443, 9953, 65353):
        yield asking(family, f"port {port}", query(mode.name), Flow(port=port))
    yield asking(family, "port 1253, with EDNS", query(mode.name, HTTPS, [edns()]), Flow(port=1253))
    yield asking(family, "an ID with its first bit set", query(mode.name, ident=0xC300), Flow(port=1253))


@row("E097", families=BOTH)
def over_tcp(mode, family):
    data = framed(query(mode.name))
    yield by_tcp(family, "one segment", data)
    yield by_tcp(family, "with EDNS", framed(query(mode.name, AAAA, [edns()])))
    yield by_tcp(family, "behind another query", framed(query(HARMLESS, ident=7)) + data, asked=data[2:])


@row("E098", families=BOTH)
def over_tcp_split(mode, family):
    data = framed(query(mode.name, extra=[edns()]))
    yield by_tcp(family, "after the length", data, [2])
    yield by_tcp(family, "in the length", data, [1])
    yield by_tcp(family, "in the name", data, [20])
    yield by_tcp(family, "byte by byte", data, range(1, len(data)))
    yield by_tcp(family, "three, backwards", data, [2, 22], (2, 1, 0))
    many = b"".join(framed(query(HARMLESS, ident=i)) for i in range(19))
    yield by_tcp(
        family, "twenty pipelined, it is the last", many + data, range(100, len(many + data), 100), asked=data[2:]
    )
    yield by_tcp(
        family,
        "behind a long message",
        framed(query(HARMLESS, extra=[edns((12, bytes(9000)))])) + data,
        range(1400, 9000, 1400),
        asked=data[2:],
    )


@row("E099", families=BOTH)
def repeated(mode, family):
    data = query(mode.name)
    again = [port53.datagram(data, after=after) for after in (0, 1000000, 1000000)]
    yield udp_variant(family, "three times", again, receiver=RESOLVER, check=well_formed(data))
    others = [Flow(port=53, client_port=50053 + i).datagram(query(mode.name, ident=i)) for i in range(5)]
    yield udp_variant(family, "five ports", others, receiver=RESOLVER)


@row("E100", families=BOTH)
def odd_spelling(mode, family):
    mixed = "".join(c.upper() if i % 2 else c for i, c in enumerate(mode.name))
    yield asking(family, "mixed case", query(mixed))
    yield asking(family, "upper case", query(mode.name.upper(), AAAA))
    if mode.forbidden:
        for label, head in (
            ("a label of 63 bytes", b"\x3f" + b"a" * 63),
            ("a dot in a label", b"\x03a.b"),
            ("a NUL in a label", b"\x03a\0b"),
            ("bytes above 127", b"\x04\xff\xfe\x80\x2e"),
            ("a newline in a label", b"\x03a\nb"),
            ("100 labels", b"\1a" * 100),
        ):
            yield asking(family, f"{label} below it", message([question(head + name(mode.name))]))


@row("E101", families=BOTH)
def pointers(mode, family):
    host, domain = mode.name.split(".", 1)
    ahead = message(
        [question(bytes([len(host)]) + host.encode() + struct.pack(">H", 0xC000 | 12 + 1 + len(host) + 6))]
    ) + name(domain)
    yield asking(family, "forward, behind the question", ahead, check=False)
    at_end = message([question(b"\xc0\x12")]) + name(mode.name)
    yield asking(family, "the whole name behind", at_end, check=False)
    chain = message([question(b"\xc0\x12")]) + b"\xc0\x14" + name(mode.name)
    yield asking(family, "two pointers", chain, check=False)
    yield by_tcp(family, "forward, over TCP", framed(ahead), check=False)


def refused_twice(outcome):
    """Whatever the name is: no query with a number of questions other than one (RFC 9619) comes to the server."""
    return [
        f"frame {out.number} came out"
        for out in outcome.out
        if out.to_server and out.number is not None and out.number > 1
    ]


@row("E102", families=BOTH)
def odd_counts(mode, family):
    one, other = question(mode.name), question(HARMLESS)
    for label, questions in (
        ("two questions, it is the first", [one, other]),
        ("two questions, it is the second", [other, one]),
    ):
        yield udp_variant(
            family, label, port53.send(message(questions)), receiver=RESOLVER, allowed="FORMERR", check=refused_twice
        )
    none = message([one], counts=(0, 0, 0, 0))
    yield udp_variant(
        family, "no question counted", port53.send(none), receiver=RESOLVER, allowed="FORMERR", check=refused_twice
    )
    yield asking(family, "trailing bytes", query(mode.name) + b"behind the message", allowed="PASS")
    yield asking(family, "trailing zeros", query(mode.name) + bytes(300), allowed="PASS")
    for opcode in (1, 2, 4, 5, 6):
        yield asking(
            family, f"opcode {opcode}", query(mode.name, flags=0x0100 | opcode << 11), check=False, allowed="PASS"
        )
    yield asking(family, "class CH", message([question(mode.name, klass=3)]), check=False, allowed="PASS")
    yield asking(family, "reserved bits", query(mode.name, flags=0x0170), allowed="PASS")
    junk = [*port53.send(b"\x1d\x0c\x01\x00junk", invalid=True), *port53.send(query(mode.name))]
    yield udp_variant(family, "junk first", junk, receiver=RESOLVER, allowed="PASS")


@row("E103", families=BOTH)
def edns_options(mode, family):
    for label, options in (
        ("padding", [(12, bytes(400))]),
        ("a cookie", [(10, bytes(range(8)))]),
        ("client subnet", [(8, b"\0\1\x18\0\xc0\0\2")]),
        ("all, and unknown ones", [(10, bytes(8)), (8, b"\0\1\0\0"), (65001, b"x" * 100), (12, bytes(40))]),
    ):
        yield asking(family, label, query(mode.name, extra=[edns(*options)]))
    yield asking(family, "a record before OPT", query(mode.name, extra=[record("x.example", A, ADDRESS), edns()]))


def answered(family, label, data, asked=HARMLESS, kind=A, flow=port53, **how):
    """A query for a harmless name, and its answer."""
    return udp_variant(family, label, [*flow.send(query(asked, kind)), *flow.answer(data)], receiver=CLIENT, **how)


@row("E104", families=BOTH)
def leads_to(mode, family):
    alias = record(HARMLESS, CNAME, name(mode.name))
    address = record(mode.name, A, ADDRESS)
    yield answered(family, "CNAME", response(HARMLESS, [alias, address]), check=well_formed(query(HARMLESS)))
    middle = [
        record(HARMLESS, CNAME, name("a.example")),
        record("a.example", CNAME, name(mode.name)),
        record(mode.name, CNAME, name("b.example")),
        record("b.example", A, ADDRESS),
    ]
    yield answered(family, "amid a chain", response(HARMLESS, middle))
    yield answered(family, "amid a chain, in another order", response(HARMLESS, middle[::-1]))
    packed = record(b"\xc0\x0c", CNAME, name(mode.name))
    at = len(query(HARMLESS)) + len(packed) - len(name(mode.name))
    yield answered(
        family, "compressed", response(HARMLESS, [packed, record(struct.pack(">H", 0xC000 | at), A, ADDRESS)])
    )
    domain = mode.name.split(".", 1)[1]
    yield answered(
        family,
        "DNAME",
        response(
            HARMLESS,
            [
                record("example.net", DNAME, name(domain)),
                record(HARMLESS, CNAME, name("cdn." + domain)),
                record(mode.name, A, ADDRESS),
            ],
        ),
    )
    yield answered(family, "addresses of the name itself", response(HARMLESS, [address]))
    yield answered(
        family, "from another port", response(HARMLESS, [alias, address]), flow=Flow(port=5353, client_port=50053)
    )
    yield answered(family, "without a question", message([], [alias, address], flags=0x8180), check=None)
    tcp = Tcp(Capture(family), port=53).connect()
    tcp.send(framed(query(HARMLESS)))
    tcp.server_ack()
    tcp.answer(framed(response(HARMLESS, [alias, address])))
    tcp.acknowledge()
    yield Variant(
        "over TCP", tcp.capture, refusal="", receiver=TcpReceiver(dns_wire.stream_names, towards_server=False)
    )


ECH = (5, b"\0\x10\xfe\x0d" + bytes(12))


def no_ech(outcome):
    """The answer that came has no `ech` any more, and is otherwise what the server sent."""
    failures = []
    for out in outcome.injected:
        for found in dns_frames(out):
            data = (
                found.transport[8:]
                if found.protocol == frames.UDP
                else found.transport[4 * (found.transport[12] >> 4) + 2 :]
            )
            keys = list(Message(data).service_keys()) if data else []
            if not found.checksum_holds() or 5 in keys or 1 not in keys or not max(keys) >= 65280:
                failures.append(f"parameters {keys}, checksum {found.checksum_holds()}")
    return failures if outcome.injected else ["the answer was not changed"]


@row("E105", families=BOTH)
def service_bindings(mode, family):
    for label, kind in (("HTTPS", HTTPS), ("SVCB", SVCB)):
        for mode_label, priority in (("alias", 0), ("service", 1)):
            data = service(priority, mode.name, *([(1, b"\x02h3"), (4, ADDRESS)] if priority else []))
            yield answered(
                family, f"{label}, {mode_label}", response(HARMLESS, [record(HARMLESS, kind, data)], kind), kind=kind
            )
    beside = [record(HARMLESS, HTTPS, service(1, "."))]
    extra = [record(mode.name, A, ADDRESS)]
    yield answered(family, "the target's address beside it", response(HARMLESS, beside, HTTPS, extra), kind=HTTPS)


@row("E065", families=BOTH)
def stripped_answers(mode, family):
    """Whatever the mode: these answers are about another name."""
    data = service(1, ".", (1, b"\x02h2"), (4, ADDRESS), ECH)
    answer = response(HARMLESS, [record(HARMLESS, HTTPS, data)], HTTPS)
    yield answered(
        family, "ech in an HTTPS answer", answer, kind=HTTPS, blocked="PASS", needs=(), check=no_ech, rewritten=True
    )
    tcp = Tcp(Capture(family), port=53).connect()
    tcp.send(framed(query(HARMLESS, HTTPS)))
    tcp.server_ack()
    tcp.answer(framed(answer))
    tcp.acknowledge()
    yield Variant(
        "ech in an answer over TCP",
        tcp.capture,
        refusal="",
        receiver=TcpReceiver(dns_wire.stream_names, towards_server=False),
        blocked="PASS",
        needs=(),
        check=no_ech,
        rewritten=True,
    )
    signed = response(
        HARMLESS, [record(HARMLESS, HTTPS, data), record(HARMLESS, RRSIG, struct.pack(">H", HTTPS) + bytes(40))], HTTPS
    )
    yield answered(family, "ech with a signature stays", signed, kind=HTTPS, blocked="PASS", needs=())
    yield answered(
        family,
        "ech stays by policy",
        answer,
        kind=HTTPS,
        blocked="PASS",
        needs=(),
        config="[policy]\nstrip_ech = false\n",
    )


@row("E106", families=BOTH)
def fragmented_answers(mode, family):
    many = [record(HARMLESS, CNAME, name(mode.name))] + [
        record(mode.name, A, bytes([10, 0, i // 250, i % 250])) for i in range(90)
    ]
    data = response(HARMLESS, many, extra=[edns()])
    asked = port53.send(query(HARMLESS))
    for label, cuts, order in (
        ("in order", (1024, 2048), ()),
        ("backwards", (1024, 2048), (2, 1, 0)),
        ("amid the name", (48,), ()),
    ):
        yield udp_variant(family, label, [*asked, *port53.answer(data, cuts=cuts, order=order)], receiver=CLIENT)


@row("E107", families=BOTH)
def truncated(mode, family):
    """The query by UDP is refused already; one whose answer is truncated comes again over TCP."""
    data = query(mode.name)
    capture = Capture(family)
    ports = (50053, 53)
    capture.udp(query(HARMLESS), ports=ports)
    capture.udp(response(HARMLESS, [], flags=0x8380), False, ports=ports)
    tcp = Tcp(capture, port=53, client_port=50153).connect()
    tcp.send(framed(data))
    yield Variant("the query over TCP", tcp.capture, receiver=TCP_RESOLVER, refusal="", check=well_formed(data))
    cut = response(HARMLESS, [record(HARMLESS, CNAME, name(mode.name))], flags=0x8380)
    yield answered(family, "a truncated answer that names it", cut)


def encrypted(names):
    """A receiver for whom all encrypted DNS counts as forbidden."""
    return lambda stream: {FORBIDDEN_NAME for found in names(stream) if "." in found and found != ALLOWED_NAME} | names(
        stream
    )


def policy(mode):
    return {"config": ENCRYPTED_DNS, "blocked": "BLOCK"} if mode.forbidden else {}


@row("E108", families=BOTH, note="By the category encrypted-dns: ALPN dot and doq, and the ports of DoT and DoQ.")
def dot_and_doq(mode, family):
    server = "resolver.example" if mode.forbidden else ALLOWED_NAME
    receiver = TcpReceiver(encrypted(TLS_OVER_TCP.names))
    for label, port, extra in (
        ("DoT", 853, b""),
        ("DoT, with ALPN", 853, tls_wire.alpn("dot")),
        ("ALPN dot on port 443", 443, tls_wire.alpn("dot")),
    ):
        tcp = Tcp(Capture(family), port=port).connect()
        tcp.send(tls_wire.record(tls_wire.client_hello(server, after=extra)))
        yield Variant(label, tcp.finish(), receiver=receiver, **policy(mode))
    from quic_wire import crypto, initial
    from quic_case import ID, QuicReceiver

    quic = QuicReceiver()
    read = quic.read
    quic.read = lambda arrivals, system: encrypted(lambda _: read(arrivals, system))(None)
    for label, port, protocol in (
        ("DoQ", 853, "doq"),
        ("DoQ on 784", 784, "doq"),
        ("DoQ on 8853", 8853, "doq"),
        ("ALPN doq on port 443", 443, "doq"),
        ("a draft's ALPN", 853, "doq-i03"),
    ):
        hello = tls_wire.client_hello(server, before=tls_wire.alpn(protocol), after=tls_wire.TRANSPORT_PARAMETERS)
        yield udp_variant(
            family, label, Flow(port=port).send(initial(ID, crypto(0, hello))), receiver=quic, **policy(mode)
        )


@row("E109", families=BOTH, note="By the category encrypted-dns.")
def doh_by_name(mode, family):
    receiver = TcpReceiver(encrypted(TLS_OVER_TCP.names))
    for server in ("dns.google", "mozilla.cloudflare-dns.com", "dns.quad9.net") if mode.forbidden else (ALLOWED_NAME,):
        tcp = Tcp(Capture(family)).connect()
        tcp.send(tls_wire.record(tls_wire.client_hello(server, before=tls_wire.alpn("h2"))))
        yield Variant(server, tcp.finish(), receiver=receiver, **policy(mode))
    resolver = UdpReceiver(encrypted(dns_wire.payload_names))
    for canary in (
        ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com") if mode.forbidden else (ALLOWED_NAME,)
    ):
        data = query(canary, extra=[edns()])
        yield udp_variant(
            family, f"query {canary}", port53.send(data), receiver=resolver, check=well_formed(data), **policy(mode)
        )


@row(
    "E110",
    families=BOTH,
    note="There is no name on the wire: passed, or refused by policy (require_server_name).",
)
def doh_by_address(mode, family):
    tcp = Tcp(Capture(family)).connect()
    tcp.send(tls_wire.record(tls_wire.client_hello(before=tls_wire.alpn("h2"))))
    yield Variant("no server name", tcp.finish(), blocked="PASS", needs=())


@row("E111", families=BOTH, note="By the category encrypted-dns.")
def designated_resolvers(mode, family):
    asked = "_dns.resolver.arpa" if mode.forbidden else ALLOWED_NAME
    receiver = UdpReceiver(encrypted(dns_wire.payload_names))
    for label, kind in (("SVCB", SVCB), ("HTTPS", HTTPS)):
        data = query(asked, kind, [edns()])
        yield udp_variant(family, label, port53.send(data), receiver=receiver, check=well_formed(data), **policy(mode))


@row(
    "E112",
    families=BOTH,
    note="The name stands in the request's target, or nowhere: a list of addresses is not there yet.",
)
def http_dns(mode, family):
    tcp = Tcp(Capture(family), port=80).connect()
    tcp.send(b"GET /139450/d?host=%s&ip=1.2.3.4 HTTP/1.1\r\nHost: 203.107.1.66\r\n\r\n" % mode.name.encode())
    tcp.server_ack()
    tcp.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    yield Variant("by address", tcp.capture, blocked="PASS", needs=(), refusal="")


@row("E113", families=BOTH)
def local_names(mode, family):
    for label, port, data in (
        ("mDNS", 5353, query("printer.local")),
        ("LLMNR", 5355, query("fileserver")),
        ("NBNS", 137, query("EEEFFDEM", 32)),
    ):
        flow = Flow(port=port, client_port=port)
        yield udp_variant(family, label, flow.send(data), receiver=RESOLVER, needs=())
