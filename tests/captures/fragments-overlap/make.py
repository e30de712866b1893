#!/usr/bin/env python3
"""A DNS query in fragments, the second of which overlaps the first: the datagram is dropped."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

from scapy.all import fragment

capture = Capture()
whole = dns_query("www.tiktok.com.and.a.long.tail.of.labels.example.com")
parts = fragment(whole, fragsize=32)
for part in parts:
    if part[IP].frag == 4:
        part[IP].frag = 3
    capture.add(ether() / part)
capture.save()
