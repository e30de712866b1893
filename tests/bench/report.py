"""Rows of results: what they mean, how they are printed, and whether they got worse."""
import json
import pathlib
import platform
import resource
import statistics
import subprocess
import os

KEPT = pathlib.Path(__file__).with_name("last.json")
WORSE = 0.05


def to_keep(value):
    """Five digits, whatever the size: less would hide or make a change of some per cent."""
    return float(f"{value:.5g}")


def compared(work, against, ratios, goal=None, better="higher"):
    return {"work": work, "against": against, "ratio": to_keep(statistics.median(ratios)),
            "spread": [to_keep(min(ratios)), to_keep(max(ratios))], "goal": goal, "better": better}


def measured(work, value, unit, spread=None, goal=None, better="higher"):
    row = {"work": work, "value": to_keep(value), "unit": unit}
    if spread:
        row["spread"] = [to_keep(end) for end in spread]
    if goal is not None:
        row["goal"] = goal
    return row | {"better": better}


def figure(row):
    return row.get("ratio", row.get("value"))


def meets(row):
    if row.get("goal") is None:
        return None
    return figure(row) <= row["goal"] if row["better"] == "lower" else figure(row) >= row["goal"]


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
               platform.processor())
    release = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line)

    def output(*command):
        try:
            return subprocess.run(command, text=True, capture_output=True).stdout.strip()
        except OSError:
            return ""
    model = "-".join(line.split(":", 1)[1].strip() for line in list(open("/proc/cpuinfo"))[:8]
                     if line.split("\t")[0] in ("cpu family", "model", "stepping"))
    return {"cpu": cpu, "cpu_model": model, "cores": os.cpu_count(), "system": release.get("PRETTY_NAME", "").strip('"'),
            "kernel": platform.release(), "dpdk": output("pkg-config", "--modversion", "libdpdk"),
            "compiler": output("g++", "-dumpfullversion"),
            "commit": output("git", "-C", str(KEPT.parent), "describe", "--always", "--dirty")}


class Others:
    """What share of one core other programs took since this was made, and the machine's host: processes that have ended
    since count as ours."""

    def __init__(self):
        self.begun = self.measure()

    @staticmethod
    def measure():
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, open("/proc/stat").readline().split()[1:9])
        ticks = os.sysconf("SC_CLK_TCK")
        ours = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        busy = (user + nice + system + irq + softirq) / ticks
        return [busy - ours, steal / ticks, (user + nice + system + idle + iowait + irq + softirq + steal) / ticks]

    def shares(self):
        others, stolen, all_time = (now - then for now, then in zip(self.measure(), self.begun))
        all_time = max(all_time, 1 / os.sysconf("SC_CLK_TCK"))
        of_a_core = os.cpu_count() / all_time
        return max(others, 0) * of_a_core, stolen * of_a_core


def regressions(rows, kept):
    """Rows that are more than 5 % worse than the last kept result of the same processor, in words."""
    before = {(row["work"], row.get("against")): row for row in kept.get("rows", [])}
    found = []
    for row in rows:
        old = before.get((row["work"], row.get("against")))
        if old is None or not figure(old) or not figure(row):
            continue
        change = figure(row) / figure(old)
        worse = change - 1 if row["better"] == "lower" else 1 / change - 1
        if worse > WORSE:
            found.append(f"{row['work']}: {figure(old):g} → {figure(row):g}, {worse:.0%} worse than {kept['machine']['commit']}")
    return found


def missing(rows, kept):
    """The work of kept rows that are not among these."""
    here = {(row["work"], row.get("against")) for row in rows}
    return [row["work"] + (f" against {row['against']}" if "against" in row else "")
            for row in kept["rows"] if (row["work"], row.get("against")) not in here]


def read_kept(this_machine):
    """The last kept result, or {} and why nothing is compared with it."""
    if not KEPT.exists():
        return {}, "compared with no earlier result: none is kept"
    kept = json.loads(KEPT.read_text())
    for part in ("cpu", "cpu_model", "cores"):
        theirs, ours = kept["machine"].get(part), this_machine[part]
        if theirs != ours:
            return {}, f"compared with no earlier result: the kept one has {part} {theirs}, this machine {ours}"
    return kept, ""


def table(rows):
    lines = [f"{'work':34}{'against':18}{'result':>14}  {'spread':18}{'goal':>10}"]
    for row in rows:
        result = f"{row['ratio']:.2f} ×" if "ratio" in row else f"{row['value']:.4g} {row['unit']}"
        spread = "{:.4g} … {:.4g}".format(*row["spread"]) if "spread" in row else ""
        goal = "" if row.get("goal") is None else f"{'≤' if row['better'] == 'lower' else '≥'} {row['goal']:g}"
        mark = {None: "", True: "  met", False: "  not met"}[meets(row)]
        lines.append(f"{row['work']:34}{row.get('against', ''):18}{result:>14}  {spread:18}{goal:>10}{mark}")
    return "\n".join(lines)
