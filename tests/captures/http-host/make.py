#!/usr/bin/env python3
"""A forbidden Host, an absolute URI with one, and a harmless request."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from wire import *  # noqa: E402,F403

capture = Capture()
requests = (
    b"GET /a HTTP/1.1\r\nHost: www.tiktok.com:80\r\n\r\n",
    b"GET http://www.tiktok.com/ HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
)
for number, request in enumerate(requests):
    connection = TcpConversation(capture, port=8080, client_port=50000 + number)
    connection.connect()
    connection.send(request)
capture.save()
