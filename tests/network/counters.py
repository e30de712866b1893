"""Reads what the dataplane counts, as `sluisctl counters -o json` prints it."""

import json
import os
import subprocess
from pathlib import Path

PROTOCOLS = ["dns", "tls", "quic", "http", "ip"]
SIDES = ["inside", "outside"]
# How many times as long as usual programs may take, where they are sanitized (scripts/tsan, scripts/asan).
PATIENCE = int(os.environ.get("SLUIS_PATIENCE", "1"))


class LayoutError(Exception):
    """What sluisctl printed is not what this program reads."""


def sluisctl_beside(dataplane):
    """The sluisctl of the build, or of the installation, that a sluis-dataplane is of."""
    folder = Path(dataplane).resolve().parent
    for path in (folder.parent / "control/cli/sluisctl", folder / "sluisctl", folder.parent / "bin/sluisctl"):
        if path.exists():
            return path
    raise LayoutError(f"there is no sluisctl beside {dataplane}")


def read(sluisctl, runtime):
    """All that is counted: {"total": counts, "workers": [counts, …], …}; None while no dataplane counts there."""
    if not (Path(runtime) / "counters").exists():
        return None
    done = subprocess.run([sluisctl, "counters", "-o", "json", "--runtime", runtime], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30 * PATIENCE)
    if done.returncode != 0:
        raise LayoutError(f"sluisctl counters: exit status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def difference(after, before):
    """What was counted between two readings of the same counts."""
    if isinstance(after, dict):
        return {key: difference(value, before.get(key, {} if isinstance(value, dict) else 0))
                for key, value in after.items() if not isinstance(value, str)}
    return after - before


def by_side(counts, key):
    """(inside, outside) of rx_frames, tx_bytes, …"""
    return tuple(counts[f"{key}_{side}"] for side in SIDES)


def account(counts):
    """(what came in or was made, what went out, is held or was dropped): equal at rest."""
    came = sum(by_side(counts, "rx_frames")) + counts["injected_frames"]
    went = sum(by_side(counts, "tx_frames")) + counts["held_frames"] + sum(counts["drops"].values())
    return came, went


def summary(counts):
    """What was counted, in words: names by protocol and verdict, frames dropped by reason."""
    words = []
    for verdict in ("blocked", "allowed"):
        for protocol in PROTOCOLS:
            if count := counts[f"names_{verdict}"][protocol]:
                words.append(f"{count} {protocol} {verdict}")
    dropped = [f"{count} {reason}" for reason, count in counts["drops"].items() if count]
    if dropped:
        words.append("dropped: " + ", ".join(dropped))
    return "; ".join(words)
