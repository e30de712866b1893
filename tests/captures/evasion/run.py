#!/usr/bin/env python3
"""Every row of the evasion matrix through sluis-inspect. Standard library only (rows of QUIC: python3-cryptography).

run.py [--inspect PROGRAM] [--row E001]... [--group NAME] [--verbose] [--readme] [--save FOLDER]
    Prints each row, what the box did in each mode, and pass or fail. Exit status 1 on any failure.
    --readme writes the results to README.md beside this file; --save keeps the captures of the rows.
"""

import argparse
import collections
import importlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import framework  # noqa: E402
import judge  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
START = 1679900400  # 27 March 2023, 07:00 UTC
APART = 100000  # seconds between the times of two captures
MARK = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x88\xb5"  # an EtherType for experiments; before each capture
FILES_AT_ONCE = 200


class Job:
    """One capture, with one timing."""

    def __init__(self, row, variant, mode, gap, extra=()):
        self.row, self.variant, self.mode, self.gap, self.extra = row, variant, mode, gap, list(extra)
        self.written, self.findings = [], []

    @property
    def label(self):
        return f"{self.variant.label}, {'one burst' if self.gap == framework.BURST else 'apart'}"

    def frames(self, number):
        """Times in microseconds and bytes; the first marks where this capture begins."""
        now = (START + number * APART) * 10**6
        yield now, MARK + struct.pack(">I", number) + bytes(42)
        now += 100000
        for sent in self.variant.capture.sent:
            now += sent.after or self.gap
            yield now, sent.data
        for data in self.extra:
            now += 20000
            yield now, data

    def outcome(self):
        return judge.Outcome(self.row, self.variant, self.mode, self.written, self.findings)


def write_pcap(path, timed):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for time, data in timed:
            file.write(struct.pack("<IIII", time // 10**6, time % 10**6, len(data), len(data)) + data)


def read_pcap(path):
    data = pathlib.Path(path).read_bytes()
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack_from(">I", data, at + 8)[0]
        yield data[at + 16 : at + 16 + length]
        at += 16 + length


def inspect(program, jobs, config):
    """Gives every job what came out for it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        names = [str(folder / f"{number}.pcap") for number in range(len(jobs))]
        for number, (job, name) in enumerate(zip(jobs, names)):
            write_pcap(name, job.frames(number))
        written = folder / "written"
        command = [program, "--json", "--write", str(written)]
        if config:
            (folder / "sluis.toml").write_text(config)
            command += ["--config", str(folder / "sluis.toml")]
        environment = {"SLUIS_RULES": str(ROOT / "control/rules"), **os.environ}
        done = subprocess.run(command + names, capture_output=True, timeout=600, env=environment, check=False)
        if done.returncode != 0 or done.stderr:
            raise SystemExit(f"sluis-inspect: status {done.returncode}: {done.stderr.decode(errors='replace')}")
        distribute(jobs, read_pcap(written), done.stdout.decode("ascii").splitlines())


def distribute(jobs, written, lines):
    current = None
    for frame in written:
        if frame.startswith(MARK):
            current = jobs[struct.unpack_from(">I", frame, len(MARK))[0]]
        else:
            current.written.append(frame)
    for line in lines:
        finding = json.loads(line)
        number = int((float(finding["time"]) - START) // APART)
        jobs[number].findings.append(finding)


def inspect_all(program, jobs):
    by_config = collections.defaultdict(list)
    for job in jobs:
        by_config[job.variant.config].append(job)
    for config, same in by_config.items():
        for begin in range(0, len(same), FILES_AT_ONCE):
            inspect(program, same[begin : begin + FILES_AT_ONCE], config)


def make_jobs(row):
    for forbidden in (True, False):
        mode = framework.Mode(forbidden)
        for gap in (framework.SPACED, framework.BURST):
            for variant in row.variants(mode):
                yield Job(row, variant, mode, gap)


def second_round(program, jobs):
    """What servers would say to resets that they cannot take yet, and what the box does then."""
    again = []
    for job in jobs:
        frame = judge.challenge(job.outcome())
        if frame is not None:
            again.append((job, Job(job.row, job.variant, job.mode, job.gap, [frame])))
    inspect_all(program, [job for _, job in again])
    for job, repeated in again:
        job.written, job.findings = repeated.written, repeated.findings
        job.written = [frame for frame in job.written if frame not in repeated.extra]


class Result:
    """A row's: what the box did, and failures, by mode (True: the forbidden name)."""

    def __init__(self):
        self.actions = {True: collections.Counter(), False: collections.Counter()}
        self.failures = {True: [], False: []}
        self.runs = 0

    def add(self, job):
        outcome = job.outcome()
        self.runs += 1
        self.actions[job.mode.forbidden][outcome.summary()] += 1
        self.failures[job.mode.forbidden] += [f"{job.label}: {failure}" for failure in judge.judge(outcome)]

    def did(self, forbidden):
        return "; ".join(action for action, _ in self.actions[forbidden].most_common())

    @property
    def failed(self):
        return bool(self.failures[True] or self.failures[False])


def run_row(program, row, save=None):
    jobs = list(make_jobs(row))
    inspect_all(program, jobs)
    second_round(program, jobs)
    result = Result()
    for number, job in enumerate(jobs):
        result.add(job)
        if save:
            name = f"{row.number}-{number}-{'forbidden' if job.mode.forbidden else 'allowed'}.pcap"
            write_pcap(pathlib.Path(save) / name, job.frames(0))
    return result


def show(row, result, verbose):
    print(f"{row.number} {'FAIL' if result.failed else 'pass'}  {row.name}  [{result.runs} runs]")
    for forbidden, mode in ((True, "forbidden"), (False, "allowed")):
        print(f"     {mode}: {result.did(forbidden)}")
        failures = result.failures[forbidden]
        for failure in failures if verbose else failures[:3]:
            print(f"       FAIL {failure}")
        if len(failures) > 3 and not verbose:
            print(f"       and {len(failures) - 3} more")


def program_path(given):
    if given:
        return given
    for folder in sorted(ROOT.glob("build/*")):
        path = folder / "control/cli/inspect/sluis-inspect"
        if path.exists():
            return str(path)
    raise SystemExit("no sluis-inspect under build/: give --inspect")


def chosen_rows(arguments):
    for path in sorted(HERE.glob("rows_*.py")):
        importlib.import_module(path.stem)
    for row in framework.matrix().values():
        if arguments.row and row.number not in arguments.row:
            continue
        if arguments.group and row.group != arguments.group:
            continue
        if row.generators:
            yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inspect", help="the sluis-inspect program")
    parser.add_argument("--row", action="append", help="only this row; may be given again")
    parser.add_argument("--group", help="only rows of this group")
    parser.add_argument("--verbose", action="store_true", help="every failure")
    parser.add_argument("--readme", action="store_true", help="write README.md")
    parser.add_argument("--save", help="a folder for the captures")
    arguments = parser.parse_args()
    program, results = program_path(arguments.inspect), {}
    for row in chosen_rows(arguments):
        results[row.number] = run_row(program, row, arguments.save)
        show(row, results[row.number], arguments.verbose)
        sys.stdout.flush()
    failed = [number for number, result in results.items() if result.failed]
    print(f"{len(results)} rows, {sum(result.runs for result in results.values())} runs, {len(failed)} rows failed")
    if arguments.readme:
        import readme

        readme.write(results)
    if not results or failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
