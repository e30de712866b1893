#!/usr/bin/env python3
"""One pcapng with two sections, big-endian first, and interfaces of eight link types."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

import pathlib

BIG, LITTLE = ">", "<"


def block(order, kind, body):
    body = body.ljust((len(body) + 3) // 4 * 4, b"\0")
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order, packets):
    data = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    for link_type, _ in packets:
        nanoseconds = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0)
        data += block(order, 1, struct.pack(order + "HHI", link_type, 0, 100 * len(packets) + link_type) + nanoseconds)
    for interface, (_, packet) in enumerate(packets):
        time = START * 10**9 + interface
        head = struct.pack(order + "5I", interface, time >> 32, time & 0xFFFFFFFF, len(packet), len(packet))
        data += block(order, 6, head + packet)
    return data


def query(label, **options):
    return bytes(dns_query(label + ".example.com", **options))


first = [
    (1, bytes(ether() / dns_query("ethernet.example.com"))),
    (101, query("raw")),
    (0, struct.pack("<I", 2) + query("null")),
    (113, bytes.fromhex("0004 0001 0006 020000000001 0000 0800") + query("sll")),
]
second = [
    (276, bytes.fromhex("86dd 0000 00000001 0001 04 06 020000000001 0000")
     + query("sll2", client="2001:db8::10", server="2001:db8::53")),
    (229, query("ipv6", client="2001:db8::10", server="2001:db8::53")),
    (9, bytes.fromhex("ff030021") + query("ppp")),
    (51, bytes.fromhex("1100 0001") + struct.pack(">H", len(query("pppoe")) + 2) + b"\0\x21" + query("pppoe")),
]
path = pathlib.Path(__file__).resolve().parent / "input.pcapng"
path.write_bytes(section(BIG, first) + section(LITTLE, second))
