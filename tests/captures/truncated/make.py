#!/usr/bin/env python3
"""The file was cut within its second packet: what is before it was read, and the error says where."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
capture.add(ether() / dns_query("www.tiktok.com"))
capture.add(ether() / dns_query("example.com"))
capture.save()
path = pathlib.Path(__file__).resolve().parent / "input.pcap"
path.write_bytes(path.read_bytes()[:-10])
