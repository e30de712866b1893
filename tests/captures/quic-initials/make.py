#!/usr/bin/env python3
"""A hello over two Initials, the second part first; the server acknowledges before it has all."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
ident = bytes.fromhex("8394c8f03e515708")
hello = client_hello_message("www.tiktok.com")
capture.add(udp(quic_initial(ident, crypto_frame(90, hello[90:]))))
acknowledgment = b"\x02\x00\x00\x00\x00"
capture.add(udp(quic_initial(b"\x01\x02\x03\x04", acknowledgment, server=True, source=b"serv", keys_from=ident), False))
capture.add(udp(quic_initial(ident, crypto_frame(0, hello[:90]), number=1)))
capture.save()
