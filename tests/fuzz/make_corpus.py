#!/usr/bin/env python3
"""Writes corpus/: a few small inputs for each fuzz target, from the captures and samples of the tests."""

import pathlib
import struct
import sys
import tempfile
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent
TESTS = FOLDER.parent
sys.path.insert(0, str(TESTS))
from protobuf_fields import field  # noqa: E402

LIMIT = 8192  # bytes of a capture that becomes an input


def save(target, name, data):
    folder = FOLDER / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def frames(path):
    """Yields (microseconds, frame) of a classic pcap file with Ethernet frames; nothing for another file."""
    data = path.read_bytes()
    orders = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}
    if len(data) < 24 or data[:4] not in orders:
        return
    order = orders[data[:4]]
    if struct.unpack(order + "I", data[20:24])[0] != 1:
        return
    at = 24
    while at + 16 <= len(data):
        seconds, micros, length, _ = struct.unpack(order + "4I", data[at : at + 16])
        yield seconds * 10**6 + micros, data[at + 16 : at + 16 + length]
        at += 16 + length


def ports_and_payload(frame):
    """Protocol number, both ports and payload of a plain IPv4 packet with TCP or UDP."""
    if frame[12:14] != b"\x08\x00" or frame[23] not in (6, 17):
        return None
    header = 14 + 4 * (frame[14] & 15)
    end = 14 + int.from_bytes(frame[16:18], "big")
    size = 8 if frame[23] == 17 else 4 * (frame[header + 12] >> 4)
    ports = struct.unpack(">2H", frame[header : header + 4])
    return frame[23], ports, frame[header + size : end]


def pipeline_input(path):
    """Frames with a byte of choices each: the side of the first frame's sender is inside."""
    out, last, client = b"", None, None
    for time, frame in frames(path):
        delta = 0 if last is None else max(time - last, 1).bit_length() - 1
        last = time
        client = client or frame[6:12]
        outside = frame[6:12] != client
        out += bytes([min(delta, 25) << 2 | outside]) + struct.pack(">H", len(frame)) + frame
    return out


def from_captures():
    for path in sorted(TESTS.glob("captures/*/input.pcap")) + sorted(TESTS.glob("captures/known/*.pcap")):
        if path.stat().st_size > LIMIT:
            continue
        own = path.name == "input.pcap"
        name = path.parent.name if own else path.stem
        if (data := pipeline_input(path)) and (own or len(data) < 1500):
            save("pipeline", name, data)
        if own and len(data) < 1000:
            save("capture_reader", name, path.read_bytes())
        for count, (_, frame) in enumerate(frames(path)):
            if count == 0 and len(frame) < 400:
                save("decode", name, b"\2" + frame)
            parts = ports_and_payload(frame)
            if parts and parts[2] and len(parts[2]) < 600:
                from_payload(f"{name}-{count}", *parts)
    for path in sorted(TESTS.glob("captures/*/*.pcapng")):
        if path.stat().st_size < 3000:
            save("capture_reader", path.parent.name + "-" + path.stem, path.read_bytes())


def from_payload(name, protocol, ports, payload):
    if protocol == 17 and 53 in ports:
        save("dns_message", name, payload)
    if protocol == 6 and payload[:4] in (b"GET ", b"POST", b"CONN", b"HEAD"):
        save("http_request", name, payload)


def from_tunnels():
    """A DNS query in each tunnel whose header has more to read than its packet's type."""
    frame = next(data for _, data in frames(TESTS / "captures/dns-query/input.pcap"))
    packet = frame[14 : 14 + int.from_bytes(frame[16:18], "big")]
    ppp = b"\xff\3\0\x21" + packet
    in_ip = {
        "ah": (51, b"\x11\4" + bytes(22) + packet[20:]),
        "etherip": (97, b"\x30\0" + frame),
        "l2tpv3": (115, b"\0\0\0\x09" + bytes(4) + frame),
        "gre-routes": (47, b"\x40\0\x08\0" + bytes(4) + b"\0\1\0\4abcd" + bytes(4) + packet),
        "wccp": (47, b"\0\0\x88\x3e\0\1\2\3" + packet),
        "erspan2": (47, b"\x10\0\x88\xbe" + bytes(4) + b"\x10" + bytes(7) + frame),
        "erspan3": (47, b"\x10\0\x22\xeb" + bytes(4) + b"\x20" + bytes(10) + b"\1" + bytes(8) + frame),
        "pptp": (47, b"\x30\x81\x88\x0b" + bytes(12) + ppp),
        "eoip": (47, b"\x20\1\x64\0" + bytes(4) + frame),
    }
    in_udp = {
        "l2tp": (1701, b"\x4b\2\0\0\0\1\0\1\0\0\0\0\0\x02zz" + ppp),
        "gtp": (2152, b"\x34\xff" + struct.pack(">H", len(packet) + 8) + bytes(7) + b"\x85\1\0\0\0" + packet),
        "teredo": (3544, b"\0\1\1\1zz" + bytes(9) + bytes(8) + b"\x60" + bytes(39)),
        "lisp": (4341, bytes(8) + packet),
        "vxlan-gpe": (4790, b"\x0c\0\0\5\0\0\1\0\0\1\1\x40" + packet),
        "gue": (6080, b"\1\x2f\0\0zzzz\0\0\x08\0" + packet),
    }
    for name, (protocol, data) in in_ip.items():
        save("decode", f"tunnel-{name}", b"\2" + frame[:14] + ipv4(packet, protocol, data))
    for name, (port, data) in in_udp.items():
        datagram = struct.pack(">4H", 5556, port, 8 + len(data), 0) + data
        save("decode", f"tunnel-{name}", b"\2" + frame[:14] + ipv4(packet, 17, datagram))
    tags = b"".join(b"\x81\0" + struct.pack(">H", vlan) for vlan in (0, 0, 1, 0, 2, 0, 3, 4, 0))
    save("decode", "tags", b"\2" + frame[:12] + tags + frame[12:])


def ipv4(like, protocol, data):
    """An IPv4 packet with the addresses of another one."""
    header = bytearray(like[:20])
    header[2:4] = struct.pack(">H", 20 + len(data))
    header[6:8], header[9], header[10:12] = b"\0\0", protocol, b"\0\0"
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header[10:12] = struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    return bytes(header) + data


def from_samples():
    for path in sorted(TESTS.glob("unit/data/tls/*.bin")):
        data = path.read_bytes()
        if len(data) < 700:
            save("tls_record", path.stem, b"\x05" + data)
            save("client_hello", path.stem, data[9 : 5 + int.from_bytes(data[3:5], "big")])
    for path in sorted(TESTS.glob("unit/data/quic/rfc*.bin")):
        save("quic_header", path.stem, path.read_bytes())
        save("quic_initial", path.stem, path.read_bytes())


def by_hand():
    save("quic_frame", "crypto", b"\0\0\x01\x06\0\x04abcd\x02\0\0\0\0\x1c\0\0\0")
    save("quic_frame", "acknowledgment", b"\x03\x40\xff\x01\x02\x01\x01\x02\x01\x01\x01\x06\x40\x10\x01x")
    save("name", "text", b"WWW.TikTok.com.:443")
    save("name", "wire", b"\x03www\x06tik.ok\x03com\0")
    save("compiled_set", "empty", b"\0" + bytes(300))
    save("compiled_set", "short", b"\x01SLUIS")
    save("stream_prefix", "proxy-1", b"PROXY TCP4 192.0.2.1 198.51.100.1 50000 443\r\n")
    save("stream_prefix", "proxy-2", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x15" + bytes(12) + b"\x02\0\x06a.test")
    save("stream_prefix", "socks-4a", b"\x04\x01\x01\xbb\0\0\0\x01\0a.test\0")
    save("stream_prefix", "socks-5", b"\x05\x01\x02\x01\x02me\x02pw\x05\x01\0\x03\x06a.test\x01\xbb")
    save("stream_prefix", "hello", b"STARTTLS\r\n\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03")
    # RFC 7541, C.3.1 and C.4.1, behind the length of each block.
    save("hpack", "plain", b"\x03" + bytes.fromhex("828684410f7777772e6578616d706c652e636f6d"))
    save("hpack", "huffman", b"\x03" + bytes.fromhex("828684418cf1e3c2e5f23a6ba0ab90f4ff"))
    headers = bytes.fromhex("828684410f7777772e6578616d706c652e636f6d")
    save("http2_frame", "settings", bytes(3) + b"\x04\0" + bytes(4) + len(headers).to_bytes(3, "big") + b"\x01\x04\0\0\0\x01" + headers)


def steps(*rows):
    """Steps of four bytes: four numbers, or three, of which the middle one has two bytes."""
    return b"".join(struct.pack(">4B" if len(row) == 4 else ">BHB", *row) for row in rows)


def message_orders():
    """How the targets send a message that must not get through."""
    for kind, name in enumerate(("tls", "tls-records", "dns", "http")):
        head = bytes([kind, 40])
        # What to do (2: a segment, 1: with other bytes, 0: an acknowledgment), offset, length, milliseconds.
        save("tcp_stream", f"{name}-whole", head + steps((2, 0, 255, 1)))
        save("tcp_stream", f"{name}-reversed", head + steps((2, 20, 255, 1), (0, 0, 0, 0), (2, 0, 20, 9), (0, 0, 0, 0)))
        save("tcp_stream", f"{name}-conflict", head + steps((2, 0, 20, 1), (1, 10, 20, 1), (2, 10, 255, 1)))
        save("tcp_stream", f"{name}-overlap", head + steps((2, 5, 30, 1), (2, 0, 10, 1), (0, 0, 0, 0), (2, 8, 255, 1)))
    for version in range(3):
        head = bytes([version])
        # What to do (5: CRYPTO bytes, and send; 3: CRYPTO bytes; 2: frames that follow; 1: other bytes; 0: an answer).
        save("quic_connection", f"whole-{version}", head + steps((5, 0, 255)))
        save("quic_connection", f"datagrams-{version}", head + steps((5, 50, 255), (0, 0, 0), (5, 0, 50)))
        save("quic_connection", f"frames-{version}", head + steps((3, 90, 255), (2, 0, 3)) + b"\0\1\0" + steps((5, 0, 90)))
        save("quic_connection", f"conflict-{version}", head + steps((5, 0, 60), (1, 30, 60), (5, 30, 255)))
    save("reassembly_buffer", "in-order", steps((16, 0, 10), (16, 10, 20), (16, 5, 30), (4, 12, 0), (16, 23, 4)))
    save("reassembly_buffer", "holes", steps((16, 60, 8), (16, 130, 70), (20, 61, 3), (0, 0, 0), (16, 0, 60), (16, 68, 62)))


def texts():
    save("http_head", "get", b"GET /v1/explain?name=www.tiktok.com&x=%41 HTTP/1.1\r\nHost: box\r\nAccept: */*;q=0.1\r\n\r\n")
    save("http_head", "post", b'POST /v1/ruleset HTTP/1.1\r\nHost: box\r\nContent-Length: 5\r\nContent-Type: application/'
         b'octet-stream\r\nIf-Match: "1"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n')
    save("http_head", "old", b"GET http://box HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    save("http_head", "accept", b"application/json;q=0.5, text/*, */*;q=0")
    save("notice_request", "sinkholed", b"GET http://www.tiktok.com/@u?x HTTP/1.1\r\nHost: www.tiktok.com\r\nAccept-Language: "
         b"nl-BE,nl;q=0.9,*;q=0.1\r\nCookie: a\r\n\r\n")
    save("notice_request", "page", b"HEAD /fr HTTP/1.0\naccept-language:de;q=0\nAccept-Language: en;q=1.\n\nrest")
    save("notice_request", "languages", b"fr;q=0.001, nl ;q=1.000,\tDE-at; q=0.5,*;q=0,en;q=1.001,x")
    save("notice_request", "quality", b"0.999")
    save("notice_request", "http2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    save("mirror_answer", "head", b'HTTP/1.1 302 Found\r\nLocation: x\r\n\r\nHTTP/1.1 206 Partial Content\r\nETag: W/"a"\r\n'
         b"Content-Length: 5\r\nContent-Range: bytes 5-9/10\r\nRetry-After: 7\r\n\r\n")
    save("mirror_answer", "url", b"https://[2001:db8::1]:8443/rules/%20x")
    save("mirror_answer", "window", b"22:00-04:30")
    save("update_records", "memory", b'{"fresh":1806134400,"refused":[{"sha256":"' + b"ab" * 32 + b'","sequence":7,"code":901,'
         b'"name":"self_test_failed","message":"x"}]}')
    save("update_records", "probation", b'{"watched":{"sha256":"' + b"ab" * 32 + b'","by_health":true,"had_dataplane":true,'
         b'"pid":7,"started":9,"before":{"frames":1,"drops":2},"begin":{"names":3}},"last":{"cause":"healthy","message":"m",'
         b'"sequence":6,"sha256":"","ended":5}}')
    save("config", "empty", b"")
    save("config", "pairs", b'[[pair]]\ninside = "01:00.0"\noutside = "net_af_packet0,iface=eth1"\nworkers = 2\n')
    save("config", "tables", b'[policy]\nenforce = ["tiktok"]\nquic_ports = [443, 8443]\n[refusal]\nmode = "sinkhole"\n'
         b'sinkhole_ipv4 = "192.0.2.1"\nsinkhole_ipv6 = "2001:db8::1"\n[eal]\nhugepages = false\n[frames]\nmtu = 1500\n')
    head = b'category = "tiktok"\ndefault = "on"\ncomment = "c"\nsource = "s"\n'
    save("rule_source", "names", head + b'suffix = [ { name = "tiktok.com", comment = "c" } ]\n'
         b'exact = [ { name = "a.example", comment = "c", source = "t" } ]\n')
    save("rule_source", "regex", head + b"[[regex]]\nname = 'r'\ncomment = 'c'\npattern = ['^v[0-9]+', '\\.a\\.b$']\n")
    save("name_regex", "set", b"(a|b[^.]*)\\.com$\nwww.a.com\nb.com\nxcom\n")
    save("name_regex", "two-names", b"b[^.]*\\.com$\nb\ncom\n")  # one match over both, if a set could hold the newline
    save("name_regex", "dots", b"^.*tik[\\w-]?tok$\nwww.tik-tok\ntiktok\na.tik\ntok\n")
    query = b"AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB"  # RFC 8484, section 4.1.1
    save("doh_query", "rfc8484", b"/dns-query?dns=" + query)
    save("doh_query", "encoded", b"/q?a=%3D&d%6Es=" + query.replace(b"d", b"%64") + b"==&dns=AA")
    save("doh_query", "alpn", b"\3doq\2h2\3dot")


def zone_table(zones, masks):
    """A zone table (dataplane/interface/zone_table.h) of a little-endian machine; the target seals it."""
    names = b"".join(name.ljust(32, b"\0") + b"nl".ljust(16, b"\0") for name in zones)
    parts = [names, bytes(len(zones)), struct.pack("<IHH", 0, 6, 0), b"tiktok",
             struct.pack("<Q", masks["vlan"]) * 4096, b"pair0".ljust(16, b"\0") + struct.pack("<Q", masks["pair"]),
             struct.pack("<IIQIIQ", 0, 0, masks["rest"], 0x0A000000, 0, masks["address"]),
             struct.pack("<QQQQQQ", 0, 0, masks["rest"], 1 << 61, 1, masks["address"]),
             struct.pack("<Q", masks["device"]), struct.pack("<QQ", 0x0200_0000_0001_0000, 0x0200_0000_0002_0000)]
    body, sections = b"", b""
    for part in parts:
        sections += struct.pack("<II", 224 + len(body), len(part))
        body += part + bytes(-len(part) % 8)
    return bytes(56) + b"a" * 64 + struct.pack("<QQQ", 1, masks["rest"], masks["rest"]) + sections + body


def policies():
    for path in sorted((TESTS.parent / "control/policy/examples").iterdir()):
        save("policy_source" if path.suffix == ".toml" else "device_list", path.stem, path.read_bytes())
    rules = (b"[[zone.rule]]\nmode = 'off'\nuntil = 2023-03-26T02:30:00\n"
             b"[[zone.rule]]\nmode = 'monitor'\nfrom = 2024-01-01T00:00:00Z\n")
    save("policy_source", "all-keys", b"[policy]\ntime_zone = 'Europe/Brussels'\n[[zone]]\nname = 'a'\n"
         b"vlans = [1, '2-4', 'untagged']\nprefixes = ['10.0.0.0/8', '::1']\npairs = ['p']\ndevices = 'd.csv'\nlanguage = 'nl'\n" + rules +
         b"[[allow]]\nname = 'a.example'\nowner = 'o'\nreason = 'r'\nuntil = 2023-01-01\n")
    save("policy_source", "contradiction", b"[[zone]]\nname = 'a'\n[[zone.rule]]\nmode = 'off'\n"
         b"[[zone.rule]]\nmode = 'enforce'\n[[zone]]\nname = 'b'\n")
    save("device_list", "quotes", b'\xef\xbb\xbfName;"Wi-Fi ""MAC"""\r\n"a\nb";"00005e005301"\r\n;0000.5e00.5302')
    save("device_list", "no-header", b"00-00-5e-00-53-01\tx\nda:a1:19:00:00:01\t\n\nN/A\n")
    save("device_list", "wrong", b"MAC\n\"00:00")


def zone_tables():
    ones = dict.fromkeys(("vlan", "pair", "address", "device", "rest"), 1)
    save("zone_table", "two", b"\0" + zone_table([b"wifi", b"default"], dict.fromkeys(ones, 3) | {"rest": 2}))
    save("zone_table", "one", b"\0" + zone_table([b"all"], ones))
    save("zone_table", "no-default", b"\0" + zone_table([b"a", b"b"], ones))
    save("zone_table", "short", b"\1SLUISSZ1" + bytes(16))


def bundles():
    """Bundles and key sets of tests/bundle's own encoder, behind the byte that chooses the reader. Public keys only."""
    sys.path.insert(0, str(TESTS / "bundle"))
    import wire

    bundle = wire.bundle(7, created=1, limits=wire.limits(9, 10**6, 10**3), min_sequence=3)
    plain = wire.bundle(8, blobs=[wire.blob(wire.RULE_TEXT, compression=0)], tests=[wire.self_test(dns_name=b"\1a\0")])
    key, other = wire.Key(), wire.Key()
    keys = wire.key_set(1, [key], [other], floor_reset=5, revoked=[bytes(32)])
    save("bundle", "envelope", b"\0" + wire.envelope(bundle, [key, other]))
    save("bundle", "bundle", b"\1" + bundle)
    save("bundle", "bundle-plain", b"\1" + plain)
    save("bundle", "key-set", b"\2" + keys)
    save("bundle", "note", b"\4" + wire.freshness(7, bytes(32), 1800000000, 1800003600))
    datagram = (TESTS / "unit/data/quic/quic_initial_www_google_com.bin").read_bytes()
    save("bundle", "quic-hello", b"\5" + struct.pack(">H", len(datagram)) + datagram)
    save("bundle", "signature", b"\6" + wire.der(wire.der_number(1 << 255), wire.der_number(7)))
    note = wire.message(7, bytes(32), 1800000000, 1800003600, bytes(8))
    message = wire.message(1, wire.message(bytes(32), 7, 3, 1), b"", 1, 1810000000, 3, 3, 1, 7, b"", 600, note)
    save("bundle", "state", b"\3SLUISST1" + struct.pack(">I", zlib.crc32(message)) + message)


def sized(message):
    return struct.pack(">H", len(message)) + message


def api_messages():
    bodies = {"ruleset": (0, b'{"sequence": 7, "comment": "CHG-1"}'), "config": (1, b'{"comment": "\\u00e9"}'),
              "trace": (2, b'{"client": "192.0.2.0/24", "port": 443, "protocol": "tcp", "vlan": 0, "payload": true}'),
              "firmware": (3, b"{}"), "mode": (4, b'{"pair": "pair0", "mode": "wire", "reason": "x", "duration_seconds": 60}'),
              "install": (5, b'{"source": "https://mirror.example/7.raucb"}'), "nested": (4, b'{"pair":' + b"[" * 200),
              "reset": (6, b'{"confirm": "forget"}'), "backup": (7, b'{"keys": true, "comment": "nightly"}'),
              "twice": (4, b'{"mode": "wire", "mode": "inline"}')}
    for name, (kind, body) in bodies.items():
        save("api_message", name, bytes([kind]) + body)
    save("api_message", "ruleset-protobuf", b"\0" + field(1, 7) + field(2, b"CHG-1"))
    save("api_message", "mode-protobuf", b"\4" + field(1, b"pair0") + field(2, b"wire") + field(3, b"x") + field(4, 60))
    frame = next(data for _, data in frames(TESTS / "captures/tls-hello/input.pcap"))
    for name, asked in {"client": b'{"client": "10.0.0.0/8", "port": 443}', "host": b'{"host": "2001:db8::/32"}',
                        "vlan": b'{"vlan": 0, "protocol": "tcp", "snap": 9216, "frames": 100000}', "any": b"{}",
                        "wrong": b'{"server": "10.0.0.1/8"}'}.items():
        save("trace_filter", name, sized(asked) + frame)
    save("trace_filter", "command", sized(field(1, field(1, bytes(4)) + field(2, 8)) + field(4, 443) + field(5, 6)) + frame)


def shared_memory():
    """What the dataplane shares (dataplane/interface): the targets give each a header that is right."""
    event = (struct.pack("<QQ6BH4H", 1806134400 * 10**9, 7, 2, 2, 1, 0, 1, 1, 14, 20, 0, 0, 0) + bytes([10, 21, 0, 9]) + bytes(12)
             + bytes([198, 51, 100, 20]) + bytes(12) + struct.pack("<2H", 50000, 443) + b"\2\0\0\0\0\1\4\0\0\0\0\2"
             + b"wifi".ljust(32, b"\0") + b"tiktok".ljust(32, b"\0") + b"tiktok.com".ljust(64, b"\0")
             + b"www.tiktok.com".ljust(255, b"\0") + b"\6").ljust(512, b"\0")
    save("event_record", "hello", event)
    save("event_record", "odd", event.replace(b"www.tiktok.com", b"a\n\xff\xc3\"\\\x1b[2J\x7f"))
    save("event_record", "monitored", event[:17] + b"\1" + event[18:])
    frame = next(data for _, data in frames(TESTS / "captures/tls-hello/input.pcap"))
    findings = b"".join([event, event])
    body = findings + frame[:100].ljust(104, b"\0")
    record = struct.pack("<3I4BQQ8B", 64 + len(body), len(frame), 100, 0, 0, 1, 1, 1806134400 * 10**9, 7, 2, 0, 1, 2, 1, 0, 0, 6)
    records = (record + bytes([1, 0, 0, 0] * 4)).ljust(64, b"\0") + body
    lane = bytes(24) + b"demo".ljust(16, b"\0") + bytes(24)
    save("trace_reader", "two", b"\0" + bytes(64) + lane + records + records)
    save("trace_reader", "short", b"\0" + bytes(64) + lane + records[:300])
    save("trace_reader", "none", b"\1" + b"SLUSTRC1".ljust(200, b"\0"))
    save("counters_file", "two-workers", b"\0" + bytes(20) + struct.pack("<I", 2) + bytes(100))
    save("counters_file", "short", b"\1SLUSCNT1")


def commands():
    """Requests of dataplane/interface/command.proto, and answers to them."""
    state, offer, wire_mode = field(1, b""), field(2, field(1, 1)), field(10, field(1, b"pair0") + field(2, b"wire") + field(4, b"x"))
    save("command_message", "requests", sized(state) + sized(offer) + sized(wire_mode) + sized(field(11, b"")) + sized(field(12, b"")))
    save("command_message", "trace", sized(field(3, field(1, field(1, bytes(4)) + field(2, 8)))))
    save("command_message", "answer", field(1, 1) + field(3, field(1, 7) + field(2, b"ab") + field(8, field(1, b"pair0") + field(10, b"wire"))))
    save("command_message", "refusal", field(1, 7) + field(2, b"no rules"))


def kept_files():
    pair = b'{"pair":"pair0","passage":"bypassed","cause":"hung","since":5,"policy":"open","failures":2,"hangs":1}'
    save("kept_file", "guard", b'\0{"pid":812,"started":5,"pairs":[' + pair + b"]}")
    save("kept_file", "journal", b'\1{"stage":"confirming","before":"ab","after":"cd","who":"uid 0","confirm_seconds":300}')
    row = (b'{"zone":"wifi","category":"sibling","rule":"capcut.com","first_day":"2026-03-26","last_day":"2026-03-27",'
           b'"ip":0,"dns":3,"tls":4,"quic":0,"http":0}')
    days = b'[{"date":"2026-03-27","numbers":[{"zone":"wifi","category":"tiktok","devices":41,"at_most":41}]}]'
    save("kept_file", "numbers", b'\2{"version":1,"presence":' + days + b',"would_block":{"since":5,"rows":[' + row + b"]}}")
    kept = field(1, b"first") + field(2, b"wire") + field(3, b"uid 0") + field(4, b"x") + field(5, 5) + field(6, 60) + field(7, 60)
    save("kept_file", "modes", b"\3" + field(1, kept))
    for name, text in {"ipv4": b"192.0.2.7:601", "ipv6": b"[2001:db8::7]:6514", "name": b"collector.example:6514",
                       "bare-ipv6": b"::1:80", "port": b"[::1]:65536"}.items():
        save("collector_address", name, text)


def client_certificates():
    """Made for this, and for nothing else; nobody has their keys."""
    sys.path.insert(0, str(TESTS / "api"))
    from cryptography.hazmat.primitives import serialization
    from certificates import Authority

    authority = Authority("fuzz")
    with tempfile.TemporaryDirectory() as folder:
        for name, unit in {"reader": None, "admin": "sluis-admin", "odd": "sluis-admin\n"}.items():
            certificate = authority.issue(pathlib.Path(folder), name, "a\n\u00e9", unit=unit)
            save("client_certificate", name, certificate.public_bytes(serialization.Encoding.DER))


if __name__ == "__main__":
    from_captures()
    from_tunnels()
    from_samples()
    by_hand()
    message_orders()
    texts()
    policies()
    zone_tables()
    bundles()
    api_messages()
    shared_memory()
    commands()
    kept_files()
    client_certificates()
