"""A model of a TLS server as the oracle: it joins records and reads every server name that a hello holds, kindly."""

import re

HANDSHAKE_LIMIT = 1 << 17


def hello_names(message):
    """Normalised names in the ClientHello that `message` begins with; none when it is not complete."""
    if len(message) < 4 or message[0] != 1:
        return set()
    size = int.from_bytes(message[1:4], "big")
    if len(message) < 4 + size:
        return set()
    return {normal(name) for name in raw_names(message[4 : 4 + size])}


def normal(name):
    """As servers compare names: case folded, without a port, a final dot, or what follows a NUL."""
    text = name.decode("latin-1").split("\0")[0].strip().lower()
    text = re.sub(r":\d*$", "", text)
    return text[:-1] if text.endswith(".") else text


def raw_names(body):
    at = 34  # legacy_version and random
    try:
        at += 1 + body[at]
        at += 2 + int.from_bytes(body[at : at + 2], "big")
        at += 1 + body[at]
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    except IndexError:
        return
    at += 2
    while at + 4 <= min(end, len(body)):
        kind, length = int.from_bytes(body[at : at + 2], "big"), int.from_bytes(body[at + 2 : at + 4], "big")
        if kind == 0:
            yield from server_names(body[at + 4 : at + 4 + length])
        at += 4 + length


def server_names(data):
    at = 2
    while at + 3 <= len(data):
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        if data[at] == 0:
            yield data[at + 3 : at + 3 + length]
        at += 3 + length


def handshake_bytes(stream):
    """The handshake bytes of a stream of records; other records are skipped, and what is no record ends it."""
    result, at = b"", 0
    while at + 5 <= len(stream) and 20 <= stream[at] <= 24 and stream[at + 1] == 3:
        length = int.from_bytes(stream[at + 3 : at + 5], "big")
        if stream[at] == 22:
            result += stream[at + 5 : at + 5 + length]
        at += 5 + length
    return result


def stream_names(stream):
    """Names of every ClientHello that begins at any record of the stream: STARTTLS, CONNECT and a second hello after a
    HelloRetryRequest included."""
    names = set()
    for match in re.finditer(rb"\x16\x03[\x00-\xff]", stream, re.DOTALL):
        names |= hello_names(handshake_bytes(stream[match.start() :]))
    return names
