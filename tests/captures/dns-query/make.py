#!/usr/bin/env python3
"""DNS over UDP, IPv4 and IPv6: forbidden names of several types, and others, with identifiers of all kinds."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
capture.add(ether() / dns_query("www.tiktok.com", ident=0x0102))
capture.add(ether() / dns_query("example.com", ident=0x0304, port=50054))
capture.add(ether() / dns_query("WwW.TikTok.COM", ident=0xF506, port=50055, qtype="HTTPS"))
capture.add(ether() / dns_query("nottiktok.com", ident=0xC708, port=50056))
capture.add(ether() / dns_query("tiktok.com", ident=0x0A09, port=50057, client="2001:db8::10", server="2001:db8:1::53"))
capture.save()
