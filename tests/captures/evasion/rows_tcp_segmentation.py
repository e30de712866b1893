"""Rows of the group "TCP segmentation"."""

from framework import Capture, Tcp, Variant, row


def connection(family, **fields):
    return Tcp(Capture(family), **fields).connect()


def name_at(data, mode):
    """Where the host name begins."""
    return data.index(mode.name.encode())


@row("E001")
def split_first_bytes(mode, family):
    for cut in (1, 2, 3, 5):
        tcp = connection(family)
        tcp.pieces(mode.hello(), [cut])
        yield Variant(f"cut at {cut}", tcp.finish())
