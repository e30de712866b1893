#!/usr/bin/env python3
"""The first fragment of a DNS query whose rest does not come before the capture ends: it is dropped."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

from scapy.all import fragment

capture = Capture()
capture.add(ether() / fragment(dns_query("www.tiktok.com.and.a.long.tail.of.labels.example.com"), fragsize=32)[0])
capture.save()
