"""A service manager's end of sd_notify(3), and single threads that are made to stand still."""

import ctypes
import os
import socket
import time
from contextlib import contextmanager
from pathlib import Path

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # of waitpid: threads too
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class ServiceManager:
    """`environment`: what a service is started with. `heard`: every line so far, with its time."""

    def __init__(self, folder, watchdog_seconds=5):
        self.path = Path(folder) / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.environment = {**os.environ, "NOTIFY_SOCKET": str(self.path),
                            "WATCHDOG_USEC": str(watchdog_seconds * 1_000_000)}
        self.heard = []

    def close(self):
        self.socket.close()

    def listen(self, seconds):
        """The lines that come within this time."""
        end, lines = time.monotonic() + seconds, []
        while (rest := end - time.monotonic()) > 0:
            self.socket.settimeout(rest)
            try:
                lines += self.socket.recv(4096).decode().split("\n")
            except TimeoutError:
                break
        self.heard += lines
        return lines

    def wait_for(self, line, seconds=60):
        """Until this line comes; those before it."""
        end, lines = time.monotonic() + seconds, []
        while line not in lines:
            if time.monotonic() > end:
                raise AssertionError(f"not heard within {seconds} s: {line}; but {self.heard[-5:] + lines}")
            lines += self.listen(0.2)
        return lines


def threads(pid):
    """{id: name} of a process's threads."""
    folder = Path(f"/proc/{pid}/task")
    return {int(task.name): (task / "comm").read_text().strip() for task in folder.iterdir()}


def trace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace request {request:#x}")


@contextmanager
def standing_still(thread):
    """One thread is stopped, and the others of its process are not, as after a hang."""
    trace(PTRACE_SEIZE, thread)
    trace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        trace(PTRACE_DETACH, thread)
