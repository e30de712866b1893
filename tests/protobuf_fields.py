"""Protobuf's encoding, for tests that write messages no program of ours would."""


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def octets(value):
    return value.encode() if isinstance(value, str) else value


def field(number, value):
    """One field, whatever its value: a number, or bytes or text behind their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = octets(value)
    return varint(number << 3 | 2) + varint(len(value)) + value
