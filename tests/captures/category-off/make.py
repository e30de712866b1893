#!/usr/bin/env python3
"""A policy that enforces another category, and not this one."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
capture.add(ether() / dns_query("www.tiktok.com"))
capture.add(ether() / dns_query("dns.google"))
capture.save()
