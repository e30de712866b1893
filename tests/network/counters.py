"""Reads what the dataplane counts: the file that it maps, laid out by dataplane/interface/counters.h."""

import re
import struct
from pathlib import Path

MAGIC = b"SLUSCUN1"
HEADER = struct.Struct("<8sIIIIIIQQ64s")
PROTOCOLS = ["none", "dns", "tls", "quic", "http"]
SIDES = ["inside", "outside"]
REASON_SLOTS = 96
# WorkerCounters, all of 64-bit numbers: (member, length of the array)
MEMBERS = [("rx_frames", 2), ("rx_bytes", 2), ("tx_frames", 2), ("tx_bytes", 2), ("injected_frames", 1),
           ("held_frames", 1), ("drops", REASON_SLOTS), ("blocks", REASON_SLOTS), ("errors", REASON_SLOTS),
           ("names_allowed", 8), ("names_blocked", 8), ("names_monitored", 8), ("handed_over", 1), ("flows", 1),
           ("flows_inserted", 1), ("flows_settled", 1), ("flows_evicted", 1), ("flows_expired", 1),
           ("quic_connections", 1), ("fragments_held", 1), ("heartbeat", 1), ("busy_cycles", 1),
           ("total_cycles", 1)]
BLOCK_BYTES = -(-8 * sum(length for _, length in MEMBERS) // 64) * 64  # alignas(64)

SOURCE = Path(__file__).resolve().parents[2]


class LayoutError(Exception):
    """The file is not laid out as this program reads it."""


def reasons():
    """The names of all reasons, in the order of their numbers."""
    text = (SOURCE / "dataplane/verdict/reason.h").read_text()
    return re.findall(r"^    X\((\w+),", text, re.MULTILINE)


def find(directory):
    """The counters' file in a run-time directory, or None while there is none."""
    path = Path(directory) / "counters"
    return path if path.exists() else None


def read(file):
    """The counts of each worker: a list of {member: list of numbers}. `file`: open for reading bytes."""
    file.seek(0)
    data = file.read()
    magic, version, size, offset, workers, *_ = HEADER.unpack_from(data)
    if magic != MAGIC or version != 1 or size != BLOCK_BYTES:
        raise LayoutError(f"{file.name}: {magic!r} version {version} with {size} bytes a block; "
                          f"expected {MAGIC!r} version 1 with {BLOCK_BYTES}")
    blocks = []
    for worker in range(workers):
        position = offset + worker * size
        block = {}
        for member, length in MEMBERS:
            block[member] = list(struct.unpack_from(f"<{length}Q", data, position))
            position += 8 * length
        blocks.append(block)
    return blocks


def total(blocks):
    """All workers' counts, summed."""
    return {member: [sum(values) for values in zip(*(block[member] for block in blocks))] for member, _ in MEMBERS}


def difference(after, before):
    return {member: [a - b for a, b in zip(after[member], before[member])] for member in after}


def account(counts):
    """(what came in or was made, what went out, is held or was dropped): equal at rest."""
    came = sum(counts["rx_frames"]) + sum(counts["injected_frames"])
    went = sum(counts["tx_frames"]) + sum(counts["held_frames"]) + sum(counts["drops"])
    return came, went


def summary(counts):
    """What was counted, in words: names by protocol and verdict, frames dropped by reason."""
    words = []
    for verdict in ("blocked", "allowed"):
        for protocol, count in zip(PROTOCOLS, counts[f"names_{verdict}"]):
            if count:
                words.append(f"{count} {protocol} {verdict}")
    dropped = [f"{count} {reason}" for reason, count in zip(reasons(), counts["drops"]) if count]
    if dropped:
        words.append("dropped: " + ", ".join(dropped))
    return "; ".join(words)
