#!/usr/bin/env python3
"""Runs the benchmarks and prints the table, or the same as JSON. scripts/bench calls this; see its head."""
import argparse
import json
import pathlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import growth
import latency
import peers
import plot
import ports
import report

# A flow's insertion and its removal are in the goals of hellos, and so all frames of hello-…-alone.
GOALS = {"dns-questions": 8.0, "hello-1-alone": 4.0, "hello-2-alone": 1.5, "quic-1": 0.5, "quic-2": 0.25}
BUSY = 0.1  # of a core's time: what one neighbour takes shows, however many cores there are
FAILURES = (ports.BenchError, RuntimeError, OSError, subprocess.SubprocessError, ports.counters.LayoutError)


def in_words(found, blocked):
    """What a peer found of the names that we blocked, by protocol."""
    if not found:
        return ""
    counts = (f"{protocol} {number} of {blocked[protocol]}" for protocol, number in found.items())
    return "; of the forbidden names it found " + ", ".join(counts) + " (answers' names, half of DNS, it does not read)"


class Bench:
    def __init__(self, arguments):
        build = pathlib.Path(arguments.build)
        self.pipeline_bench = build / "tests/bench/pipeline_bench"
        self.traffic_pcap = build / "tests/bench/traffic_pcap"
        self.dataplane = build / "dataplane/sluis-dataplane"
        self.rules = arguments.rules
        self.core = arguments.core
        self.results = pathlib.Path(arguments.results)
        self.quick = arguments.quick
        self.runs = 3 if arguments.quick else 7
        self.frames = 500_000 if arguments.quick else 1_000_000
        self.suricata_root = arguments.suricata_root
        self.remarks = []

    def pipeline(self):
        """Without ports: rows of cycles and messages a second, and what growth costs."""
        result = growth.pipeline_bench(self.pipeline_bench, "--rounds", self.runs)
        rows, hertz = [], result["tsc_hertz"]
        for row in result["rows"]:
            name = row["class"]
            if "message" in row:
                per_cycles = row["messages_per_second"] * row["cycles_per_frame"] / 1e6
                rows.append(report.measured(name, row["messages_per_second"] / 1e6, f"M {row['message']}s/s",
                                            sorted(per_cycles / end for end in row["spread"]), GOALS.get(name)))
                rows += [self.own_segments(row, phase, hertz) for phase in row.get("phases", ())
                         if phase["name"] == "ClientHello"]
            else:
                goal = 60 if name in ("tcp-64", "imix", "quic-data") else None
                rows.append(report.measured(name, row["cycles_per_frame"], "cycles/frame", row["spread"], goal, "lower"))
        rows.append(report.measured("memory of a worker's tables", result["pipeline_mebibytes"], "MiB", better="lower"))
        self.remarks.append(f"cycles are of the time stamp counter, {hertz / 1e9:.2f} GHz")
        return rows

    @staticmethod
    def own_segments(row, phase, hertz):
        """Of a hello's frames, those that hold it."""
        name = f"{row['class']}, its own segments"
        cycles = phase["cycles_per_frame"] * phase["frames"] / row["messages"]
        return report.measured(name, hertz / cycles / 1e6, "M hellos/s", None, GOALS.get(name))

    def grown(self):
        """How cost grows, and whether two workers do twice the work."""
        rows = []
        for name in growth.SWEEPS:
            series = growth.sweep(self.pipeline_bench, name, 3, 50_000 if self.quick and name == "rules" else None)
            growth.draw(self.results, name, series)
            found = growth.cliffs(series, name in growth.IN_PROPORTION)
            self.remarks += [f"cliff over {name}, {cliff}" for cliff in found]
        rows.append(self.stretched("--flows", "tcp-64", 1_000, 1_000_000, 1.15))
        rows.append(self.stretched("--rules", "dns-questions", 54, 50_000 if self.quick else 200_000, 2.5))
        for name in ("mixed", "dns-questions", "hello-1"):
            rows.append(report.compared(f"{name}, with an office's policy and events", "without", self.office(name), 1.1,
                                        "lower"))
        series = growth.under_attack(self.pipeline_bench, self.runs)
        growth.draw(self.results, "attack", series)
        self.remarks += [f"cliff under attack, {cliff}" for cliff in growth.cliffs(series)]
        return rows + self.two_workers()

    def two_workers(self):
        """By the clock: what keeps one of two threads from its core counts."""
        if len(os.sched_getaffinity(0)) < 2:
            self.remarks.append("two workers: not measured, there is one core only")
            return []
        ratios = []
        for _ in range(self.runs):
            one, two = (growth.pipeline_bench(self.pipeline_bench, "--rounds", 3, "--threads", threads, "mixed")["rows"][0]
                        for threads in (1, 2))
            ratios.append(two["frames_per_second_by_the_clock"] / one["frames_per_second_by_the_clock"])
        return [report.compared("mixed, two workers", "one", ratios, 1.8)]

    def office(self, name):
        """How much more a frame costs with zones, a hundred thousand devices, and events: alternating runs."""
        with_it, without = ([], [])
        for _ in range(self.runs):
            for options, samples in (((), without), (("--office",), with_it)):
                row = growth.pipeline_bench(self.pipeline_bench, "--rounds", 1, *options, name)["rows"][0]
                samples.append(row["cycles_per_frame"])
        return [most / least for most, least in zip(with_it, without)]

    def stretched(self, option, name, few, many, goal):
        """What a frame costs with many of something against few: alternating runs."""
        ratios = []
        for _ in range(self.runs):
            low, high = (growth.pipeline_bench(self.pipeline_bench, "--rounds", 1, option, count, name)["rows"][0]
                         for count in (few, many))
            ratios.append(high["cycles_per_frame"] / low["cycles_per_frame"])
        return report.compared(f"{name}, {many:,} {option[2:]}", f"{few:,}", ratios, goal, "lower")

    def over_ports(self, folder):
        """Against testpmd macswap on the same files and ports, and against peers on the same capture."""
        rows = []
        for name, goal in (("tcp-64", 0.6), ("mixed", 0.7)):
            traffic = ports.Traffic(self.traffic_pcap, folder, name, self.frames, both=name == "mixed")
            reference, own, memory = [], [], []
            for _ in range(self.runs):
                reference.append(ports.testpmd_cycles(traffic, "macswap", self.core))
                run = ports.sluis_run(traffic, self.dataplane, self.rules, self.core)
                own.append(run.cycles)
                memory.append(run.mebibytes)
            rows.append(report.compared(name, "testpmd-macswap", [a / b for a, b in zip(reference, own)], goal))
            rows.append(report.measured(f"{name} over net_pcap", report.statistics.median(own), "cycles/frame",
                                        (min(own), max(own)), better="lower"))
        rows.append(report.measured("memory of sluis-dataplane, one worker", max(memory), "MiB", goal=512,
                                    better="lower"))
        return rows + self.against_peers(traffic)

    def against_peers(self, traffic):
        """Over net_pcap, libpcap's reading is in our cycles a frame as in the peers'. Each run of one follows one of
        ours."""
        hertz = growth.pipeline_bench(self.pipeline_bench, "--rounds", 1, "tcp-64")["tsc_hertz"]
        reading = hertz / report.statistics.median(peers.reading_rate(traffic, self.core) for _ in range(3))
        rows = [report.measured(f"{traffic.name}, read by libpcap", reading, "cycles/frame", better="lower")]
        for peer in (peers.Ndpi(), peers.Suricata(self.suricata_root)):
            if why := peer.why_not():
                self.remarks.append(f"not compared with {peer.name}: {why}")
                continue
            pairs = []
            for _ in range(min(3, self.runs)):
                run = ports.sluis_run(traffic, self.dataplane, self.rules, self.core)
                try:
                    pairs.append((run.cycles, hertz / peer.rate(traffic, self.core)))
                except FAILURES as error:
                    self.remarks.append(f"{peer.name} FAILED: {error}")
                    break
            else:
                rows += self.beside(peer, traffic.name, pairs, reading)
                self.remarks.append(f"{peer.name} is version {peer.version()}" + in_words(peer.found(), run.blocked))
        return rows

    @staticmethod
    def beside(peer, name, pairs, reading):
        """Of pairs of our cycles a frame and the peer's: the ratio, with what it takes to read them and without."""
        return [report.compared(name, peer.name, [other / own for own, other in pairs], peer.goal),
                report.compared(f"{name}, less the reading", peer.name,
                                [(other - reading) / (own - reading) for own, other in pairs])]

    def latency(self):
        ratios = latency.ratios(self.dataplane, self.rules, self.core, self.runs)
        return [report.compared("latency at low load, p50", "testpmd-io", ratios, 1.1, "lower")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rules", required=True, help="a compiled set")
    parser.add_argument("--results", required=True, help="folder for the table, the JSON and the plots")
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--suricata-root")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=["pipeline", "grown", "ports", "latency"])
    return parser.parse_args()


def main():
    arguments = parse()
    if arguments.keep and (arguments.only or arguments.quick):
        sys.exit("compare.py: --keep is for a whole run: leave --only and --quick out")
    for number in (signal.SIGTERM, signal.SIGHUP):  # processes, folders and namespaces go as they do at an interrupt
        signal.signal(number, lambda *_: sys.exit(130))
    bench = Bench(arguments)
    bench.results.mkdir(parents=True, exist_ok=True)
    parts = arguments.only or ["pipeline", "grown", "ports", "latency"]
    rows = []
    machine, meanwhile = report.machine(), report.Others()
    with tempfile.TemporaryDirectory(prefix="sluis-bench-", dir="/dev/shm") as name:
        for part in parts:
            print(f"measuring: {part}", file=sys.stderr, flush=True)
            try:
                rows += bench.over_ports(pathlib.Path(name)) if part == "ports" else getattr(bench, part)()
            except FAILURES as error:
                bench.remarks.append(f"{part} FAILED: {error}")
    others, stolen = meanwhile.shares()
    machine["others"] = f"{others:.0%}"
    if others + stolen > BUSY:
        bench.remarks.append(f"other programs took {others:.0%} of a core meanwhile, and the machine's host {stolen:.0%}: "
                             "figures against others are rough")
    kept, why_not = report.read_kept(machine)
    bench.remarks += [why_not] if why_not else []
    if kept and not arguments.only:
        bench.remarks += [f"not measured, but kept: {work}" for work in report.missing(rows, kept)]
    result = {"machine": machine, "rows": rows, "remarks": bench.remarks,
              "regressions": report.regressions(rows, kept)}
    lines = [", ".join(f"{key} {value}" for key, value in machine.items()), "", report.table(rows), ""]
    lines += bench.remarks + [f"REGRESSION: {line}" for line in result["regressions"]]
    (bench.results / "table.txt").write_text("\n".join(lines) + "\n")
    (bench.results / "results.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    if rows:
        (bench.results / "goals.svg").write_text(plot.bars(rows, f"Goals reached on {machine['cpu']}"))
    failed = any("FAILED" in remark for remark in bench.remarks)
    if arguments.keep and failed:
        print("compare.py: nothing kept, since not everything could be measured", file=sys.stderr)
    elif arguments.keep:
        report.KEPT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(result, ensure_ascii=False) if arguments.json else "\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
