"""Sockets of another network namespace, in this process."""

import contextlib
import ctypes
import os
import socket

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING, SO_RCVBUFFORCE = 263, 23, 33


@contextlib.contextmanager
def inside(name):
    """Sockets made within stay in that namespace; the calling thread comes back."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{name}", "rb") as there:
        enter(libc, there)
        try:
            yield
        finally:
            enter(libc, home)


def enter(libc, file):
    if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def raw_socket(name, interface):
    """All frames of an interface: those that arrive are read, those that are written leave."""
    with inside(name):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        raw.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        raw.bind((interface, ETH_P_ALL))
        return raw


def tcp_socket(name, address):
    """Not yet connected. `address`: whose family it is to have."""
    with inside(name):
        return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
