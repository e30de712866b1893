#!/usr/bin/env python3
"""A ClientHello in one segment, with a forbidden name; then one with another name."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
for port, name in ((50000, "www.tiktok.com"), (50001, "www.example.com")):
    connection = TcpConversation(capture, client_port=port)
    connection.connect()
    connection.send(client_hello(name))
capture.save()
