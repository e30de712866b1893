"""A control group with next to no memory: whoever is put into it is killed by the kernel when it next wants some."""

import os
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
LIMIT = 64 << 10  # bytes, beside what its processes had before


class MemoryGroup:
    """Of either version of control groups; FileNotFoundError or OSError where no group can be made."""

    def __init__(self):
        self.unified = (CGROUPS / "cgroup.controllers").exists()
        parent = CGROUPS if self.unified else CGROUPS / "memory"
        if not parent.exists():
            raise FileNotFoundError(parent)
        self.path = parent / f"sluis-faults-{os.getpid()}"
        self.path.mkdir()
        try:
            limit = self.path / ("memory.max" if self.unified else "memory.limit_in_bytes")
            if not limit.exists():
                raise FileNotFoundError(limit)  # the controller is not handed down to this group
            limit.write_text(str(LIMIT))
        except OSError:
            self.path.rmdir()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _ in range(100):  # a process that is gone may be in it still
            try:
                return self.path.rmdir()
            except OSError:
                time.sleep(0.1)
        self.path.rmdir()

    def add(self, process):
        (self.path / "cgroup.procs").write_text(str(process))

    def kills(self):
        text = (self.path / ("memory.events" if self.unified else "memory.oom_control")).read_text()
        return dict(line.split() for line in text.splitlines())["oom_kill"]
