#!/usr/bin/env python3
"""A ClientHello in small segments that arrive last one first."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
connection = TcpConversation(capture)
connection.connect()
hello = client_hello("www.tiktok.com")
for start in reversed(range(0, len(hello), 40)):
    connection.segment(hello[start : start + 40], flags="PA", offset=start)
capture.save()
