"""How the cost of a frame grows: with flows, rules, frame size, the share of inspected frames, and under attack."""
import json
import subprocess

import plot

CLIFF = 2.0  # more than so many times the cost, where the axis goes one step on, is a cliff
NOISE = 1.25  # and so many times what the step explains, where cost may be in proportion to the axis

# name: (option of pipeline_bench, values, classes, label, log axis)
SWEEPS = {
    "flows": ("--flows", [1_000, 10_000, 100_000, 1_000_000], ["tcp-64", "imix"], "settled flows", True),
    "rules": ("--rules", [54, 500, 5_000, 50_000, 200_000], ["dns-questions"], "rules", True),
    "size": ("--size", [60, 128, 256, 512, 1024, 1514], ["imix", "mixed"], "frame, bytes", False),
    "inspected": ("--inspected", [10, 50, 100, 200, 400, 800], ["mixed"], "inspected frames, per mille", False),
}
IN_PROPORTION = {"size", "inspected"}  # each byte, each inspected frame may cost the same; to look up more may not
ATTACKS = ["syn-flood", "initial-flood", "forged-flood", "fragments"]


def pipeline_bench(program, *arguments):
    run = subprocess.run([program, "--json", *map(str, arguments)], text=True, capture_output=True, timeout=3600)
    if run.returncode != 0:
        raise RuntimeError(f"pipeline_bench {' '.join(map(str, arguments))}: {run.stderr[-1000:]}")
    return json.loads(run.stdout)


def sweep(program, name, rounds, most=None):
    """{class: [(x, cycles a frame), …]}"""
    option, values, classes, _, _ = SWEEPS[name]
    series = {traffic_class: [] for traffic_class in classes}
    for value in values:
        if most is not None and value > most:
            continue
        for row in pipeline_bench(program, "--rounds", rounds, option, value, *classes)["rows"]:
            series[row["class"]].append((value, row["cycles_per_frame"]))
    return series


def under_attack(program, rounds):
    """The same for floods, over the frames that came at line rate: tables are empty, fill up, stay full."""
    rows = pipeline_bench(program, "--rounds", rounds, *ATTACKS)["rows"]
    return {row["class"]: list(enumerate(row["samples"], start=1)) for row in rows}


def cliffs(series, in_proportion=False):
    """Steps at which the cost jumps by more than it may."""
    found = []
    for name, line in series.items():
        for (x, before), (next_x, after) in zip(line, line[1:]):
            allowed = max(CLIFF, NOISE * next_x / x) if in_proportion else CLIFF
            if after > before * allowed:
                found.append(f"{name}: {before:.0f} → {after:.0f} cycles from {x:g} to {next_x:g}")
    return found


def draw(folder, name, series):
    _, _, _, label, log_x = SWEEPS.get(name, (None, None, None, "rounds of 200,000 frames", False))
    path = folder / f"growth-{name}.svg"
    path.write_text(plot.lines(f"Cost by {label}", label, "cycles/frame", series, log_x))
    return path
