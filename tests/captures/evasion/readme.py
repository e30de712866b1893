"""Writes README.md: what the box did with each row."""

import pathlib

import framework

HEAD = """Ways around the box, and what it does with them
===============================================
Written by `run.py --readme`; do not edit. Each row of `matrix.tsv` (published ways) and `found.tsv` (ways found by
trying) is a set of captures, run through `sluis-inspect` in two modes: the client wants a forbidden name, or an allowed
one. In the first, no receiver may be able to put the name together, whichever of the frames that may be lost or
discarded arrive, and whichever copy of overlapping bytes it keeps; in the second it must be able to, from unchanged
frames. `WRITING.md` shows how a row is written; `linux_test.py` holds
the model of the receiver against the kernel's TCP.

| row | name | forbidden name: asked | done | allowed name: asked | done | runs | result |
|---|---|---|---|---|---|---|---|
"""
NOT_RUN = "no capture"


def cell(text):
    return text.replace("|", "\\|")


def line(row, result):
    if result is None:
        asked = [row.blocked, NOT_RUN, row.allowed, NOT_RUN]
        return f"| {row.number} | {cell(row.name)} | {' | '.join(map(cell, asked))} | 0 | |\n"
    verdict = "**fail**" if result.failed else "pass"
    asked = [row.blocked, result.did(True), row.allowed, result.did(False)]
    return f"| {row.number} | {cell(row.name)} | {' | '.join(map(cell, asked))} | {result.runs} | {verdict} |\n"


def write(results):
    rows = framework.matrix().values()
    text, group = HEAD, ""
    for row in rows:
        if row.group != group:
            group = row.group
            text += f"| | **{group}** | | | | | | |\n"
        text += line(row, results.get(row.number))
    notes = [(row.number, note) for row in rows for note in row.notes]
    text += "\nNotes\n-----\n" + "".join(f"- {number}: {note.rstrip('.')}.\n" for number, note in notes)
    failed = sum(result.failed for result in results.values())
    text += f"\n{len(results)} rows run, {len(results) - failed} pass, {failed} fail.\n"
    (pathlib.Path(__file__).resolve().parent / "README.md").write_text(text, encoding="utf-8")
