#!/usr/bin/env python3
"""Golden tests of sluis-inspect over captures. Standard library only.

run.py --inspect PROGRAM golden FOLDER
    FOLDER holds input.pcap (or input.pcapng) and expected.jsonl: one object a line for each finding, in order, with
    only the keys that matter; findings that are equal in every key count once. Optional: sluis.toml (--config), rules.toml (--rules), expected-status (exit status, 0
    without it), expected-stderr (a line that standard error must hold; nothing may be there without it), and
    expected-written (one frame a line, in hexadecimal, for what --write must hold).
run.py --inspect PROGRAM known CAPTURE [PROTOCOL:NAME ...]
    Each name must be found.

Of every capture: what is written is, but for frames that the box made, what was read, byte for byte, and where
nothing was blocked there is no frame that was not read.
"""

import argparse
import collections
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

LONGEST = 16000 + 14  # no port receives more; a longer segment was joined, and is sent in parts

KEYS = ["time", "protocol", "name", "verdict", "reason", "rule", "category", "source", "destination", "vlan"]


def read_pcap(data):
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link_type = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        yield link_type, data[at + 16 : at + 16 + length]
        at += 16 + length


def read_pcapng(data):
    order, links, at = "<", [], 0
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, total = struct.unpack_from(order + "II", data, at)
        body = data[at + 8 : at + total - 4]
        if kind == 1:
            links.append(struct.unpack_from(order + "H", body)[0])
        elif kind == 6:
            interface, length = struct.unpack_from(order + "I8xI", body)
            yield links[interface], body[20 : 20 + length]
        at += total


def frames(path):
    """Frames of a capture as (link type, bytes)."""
    data = path.read_bytes()
    reader = read_pcapng if data[:4] == b"\x0a\x0d\x0d\x0a" else read_pcap
    return list(reader(data))


class Failure(Exception):
    pass


def inspect(program, capture, options=()):
    """Runs the program; returns its exit status, findings, standard error and the frames it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        written = pathlib.Path(folder) / "written.pcap"
        command = [program, "--json", "--write", str(written), *options, str(capture)]
        done = subprocess.run(command, capture_output=True, timeout=120)
        sent = [frame for _, frame in frames(written)] if written.exists() else []
    lines = done.stdout.decode("ascii").splitlines()
    return done.returncode, [json.loads(line) for line in lines], done.stderr.decode(errors="replace"), sent


def check_findings(findings):
    for finding in findings:
        if list(finding) != KEYS:
            raise Failure(f"keys of {finding}")
        if finding["verdict"] == "block" and finding["reason"] == "none":
            raise Failure(f"a block without a reason: {finding}")


def check_written(capture, findings, sent):
    """The bridge is a cable for what it does not block."""
    read = frames(capture)
    if any(link_type != 1 or len(data) > LONGEST for link_type, data in read):
        return
    extra = collections.Counter(sent) - collections.Counter(frame for _, frame in read)
    if extra and all(finding["verdict"] == "allow" for finding in findings):
        raise Failure(f"{sum(extra.values())} frames were sent that were not read: {[f.hex() for f in extra][:3]}")


def distinct(findings):
    """One message may hold a name more than once: in its question, and as the owner of its answers."""
    return list({json.dumps(finding): finding for finding in findings}.values())


def matches(expected, found):
    return all(key in found and found[key] == value for key, value in expected.items())


def check_golden(program, folder):
    capture = next(path for path in (folder / "input.pcap", folder / "input.pcapng") if path.exists())
    options = []
    for option, name in (("--config", "sluis.toml"), ("--rules", "rules.toml")):
        if (folder / name).exists():
            options += [option, str(folder / name)]
    status, found, errors, sent = inspect(program, capture, options)
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines() if line]
    check_findings(found)
    found = distinct(found)
    listing = "\n".join(json.dumps(finding) for finding in found)
    if len(found) != len(expected):
        raise Failure(f"{len(found)} findings, {len(expected)} expected:\n{listing}")
    for number, pair in enumerate(zip(expected, found), 1):
        if not matches(*pair):
            raise Failure(f"finding {number} is {pair[1]}\nexpected {pair[0]}")
    wanted_status = int(optional_text(folder / "expected-status") or 0)
    if status != wanted_status:
        raise Failure(f"exit status {status}, expected {wanted_status}: {errors}")
    check_errors(errors, optional_text(folder / "expected-stderr"))
    wanted_sent = optional_text(folder / "expected-written")
    if wanted_sent is not None and [frame.hex() for frame in sent] != wanted_sent.split():
        raise Failure("written:\n" + "\n".join(frame.hex() for frame in sent) + "\nexpected:\n" + wanted_sent)
    check_written(capture, found, sent)


def optional_text(path):
    return path.read_text().strip() if path.exists() else None


def check_errors(errors, wanted):
    if wanted is None and errors:
        raise Failure(f"standard error is not empty: {errors}")
    if wanted is not None and (wanted not in errors or len(errors.splitlines()) != 1):
        raise Failure(f"standard error is not one line with {wanted!r}: {errors}")


def check_known(program, capture, names):
    status, found, errors, sent = inspect(program, capture)
    if status != 0:
        raise Failure(f"exit status {status}: {errors}")
    check_errors(errors, None)
    check_findings(found)
    seen = {f"{finding['protocol']}:{finding['name']}" for finding in found}
    missing = [name for name in names if name not in seen]
    if missing:
        listing = "\n".join(json.dumps(finding) for finding in found)
        raise Failure(f"not found: {', '.join(missing)}; found:\n{listing}")
    check_written(capture, found, sent)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspect", required=True, help="the sluis-inspect program")
    parser.add_argument("mode", choices=["golden", "known"])
    parser.add_argument("path", type=pathlib.Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    try:
        if arguments.mode == "golden":
            check_golden(arguments.inspect, arguments.path)
        else:
            check_known(arguments.inspect, arguments.path, arguments.names)
    except Failure as failure:
        sys.exit(f"{arguments.path}: {failure}")


if __name__ == "__main__":
    main()
