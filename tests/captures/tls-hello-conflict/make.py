#!/usr/bin/env python3
"""One byte range twice, first with a harmless name and then with a forbidden one: both sides are reset."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
connection = TcpConversation(capture)
connection.connect()
harmless, forbidden = client_hello("www.example.org"), client_hello("www.tiktok0.com".replace("0", "k"))
connection.segment(harmless[:-20], flags="PA")
connection.segment(forbidden, flags="PA")
capture.save()
