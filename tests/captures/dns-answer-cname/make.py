#!/usr/bin/env python3
"""An answer that leads to a forbidden name is replaced."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

from scapy.all import DNSRR

capture = Capture()
query = dns_query("cdn.example.com", ident=0x1111)
capture.add(ether() / query)
records = DNSRR(rrname="cdn.example.com", type="CNAME", rdata="www.tiktok.com", ttl=60) / DNSRR(
    rrname="www.tiktok.com", type="A", rdata="203.0.113.9", ttl=60)
message = DNS(id=0x1111, qr=1, rd=1, ra=1, qd=query[DNS].qd, an=records, ancount=2)
capture.add(ether(False) / IP(src=SERVER, dst=CLIENT) / UDP(sport=53, dport=50053) / message)
capture.save()
