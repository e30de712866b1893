"""A model of an HTTP server as the oracle: it takes every spelling of a Host that some real server takes."""

import re

from tls_server import normal

HOST = re.compile(rb"^[ \t]*host[ \t\x0b\x0c]*:[ \t\x0b\x0c]*(\S+)[ \t\x0b\x0c]*\r*$", re.IGNORECASE)
REQUEST = re.compile(rb"^\s*([!-~]+)[ \t]+(\S*)")


HEAD_END = re.compile(rb"\n\r*\n")


def http_names(stream):
    """Names of every request head in the stream that is complete, bodies not told from heads."""
    ends = [found.end() for found in HEAD_END.finditer(stream)]
    stream = stream[: ends[-1] if ends else 0]
    return {normal(text.rsplit(b"@", 1)[-1]).strip("[]") for text in authorities(stream)}


def authorities(stream):
    for line in stream.split(b"\n"):
        host, request = HOST.match(line), REQUEST.match(line)
        if host:
            yield host.group(1)
        elif request and request.group(1).upper() == b"CONNECT":
            yield request.group(2)
        elif request and b"://" in request.group(2):
            yield re.split(rb"[/?#]", request.group(2).split(b"://", 1)[1])[0]
