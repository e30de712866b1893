#!/usr/bin/env python3
"""Captured on the client, whose card computes checksums: the client's frames hold only the pseudo-header's sum."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403


capture = Capture()
connection = TcpConversation(capture)
connection.connect()
connection.send(client_hello("www.tiktok.com"))
for packet in capture.frames:
    if packet[IP].src == CLIENT:
        size = len(bytes(packet[TCP]))
        header = bytes(map(int, CLIENT.split("."))) + bytes(map(int, SERVER.split("."))) + struct.pack(">HH", 6, size)
        total = sum(struct.unpack(">6H", header))
        packet[TCP].chksum = (total & 0xFFFF) + (total >> 16)
capture.save()
