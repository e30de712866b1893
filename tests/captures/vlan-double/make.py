#!/usr/bin/env python3
"""DNS behind two VLAN tags."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

from scapy.all import Dot1Q

capture = Capture()
tagged = Ether(src=INSIDE, dst=OUTSIDE, type=0x88A8) / Dot1Q(vlan=100, type=0x8100) / Dot1Q(vlan=7)
capture.add(tagged / dns_query("www.tiktok.com"))
capture.save()
