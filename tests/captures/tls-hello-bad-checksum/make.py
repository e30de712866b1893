#!/usr/bin/env python3
"""A decoy with a wrong checksum, which no server reads, teaches nothing."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
connection = TcpConversation(capture)
connection.connect()
connection.segment(client_hello("www.example.com"), flags="PA", chksum=0x1234)
connection.send(client_hello("www.tiktok.com"))
capture.save()
