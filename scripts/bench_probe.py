#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The whole probe on a capture file, on one core, beside a loop that only counts, a plain loop with
nDPI, and other programs on PATH: bench_probe.py --build DIR --dir TMP --json FILE [--short]."""

import argparse
import json
import mmap
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench_ipfix import Collector

TRIES = 5
PEER_SECONDS = 8.0  # a peer's tries are fewer than the others' where they would take longer
PEER_TIMEOUT = 60
DPI_PACKETS = 8  # of a flow to nDPI
# Captures: packets and flows. nDPI costs so much that the rows with it have a smaller one, with as
# many packets a flow.
LARGE, MIDDLE, SMALL = ("5000000", "200000"), ("1000000", "40000"), ("500000", "20000")
TABLE_FLOWS = 400000
WARM_BYTES = 160 << 20  # the probe's tables, and what it sends
PAGE_BYTES = 4096
SPREAD_NOISY = 25.0
SHARE_MIN = 0.85  # of its core that a program must have had, for the wall clock to tell its speed


class Run:
    """One program's times and what it said of its packets. What counts is the wall clock, unless
    others took the core: then it is the CPU time, and the row says so."""

    def __init__(self, name, text, packets):
        self.name, self.text, self.packets = name, text, packets
        self.wall, self.cpu = [], []
        self.totals, self.how, self.void = {}, "", ""

    def check(self, what, given, got):
        if given != got and not self.void:
            self.void = f"{given} {what} given, {got} accounted"

    def share(self):
        return statistics.median(c / w for c, w in zip(self.cpu, self.wall))

    def seconds(self):
        return self.wall if self.share() >= SHARE_MIN else self.cpu

    def result(self):
        out = {"name": self.name, "text": self.text, "unit": "packet", "totals": self.totals,
               "how": self.how, "void": bool(self.void), "note": self.void, "tries": len(self.wall)}
        if self.wall:
            ns = sorted(s / self.packets * 1e9 for s in self.seconds())
            out["ns"] = round(statistics.median(ns), 3)
            out["least_ns"], out["most_ns"] = round(ns[0], 3), round(ns[-1], 3)
            out["cpu_ns"] = round(statistics.median(self.cpu) / self.packets * 1e9, 3)
            out["noisy"] = 100 * (ns[-1] - ns[0]) > SPREAD_NOISY * out["ns"]
            if self.share() < SHARE_MIN:
                out["noisy"] = True
                out["note"] += f"CPU time: it had {100 * self.share():.0f} % of its core"
        return out


def warm_memory():
    """Free memory of a virtual machine may be the host's, and to get it back takes as much time as
    all else: what a program takes first is touched and freed just before it is started."""
    with mmap.mmap(-1, WARM_BYTES, flags=mmap.MAP_PRIVATE) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, WARM_BYTES, PAGE_BYTES):
            memory[at] = 1


class Bench:
    """Programs on one capture, one after the other."""

    def __init__(self, arguments, size):
        self.build, self.dir = Path(arguments.build).resolve(), Path(arguments.dir).resolve()
        cores = sorted(os.sched_getaffinity(0))
        self.core, self.other = cores[-1], cores[0]
        self.pcap = self.dir / f"traffic-{size[0]}.pcap"
        self.tries = 3 if arguments.short else TRIES
        made = subprocess.run([self.tool("pcap_make"), self.pcap, *size], check=True,
                              stdout=subprocess.PIPE, text=True)
        self.given = json.loads(made.stdout)

    def row(self, name, text):
        return Run(name, text, self.given["packets"])

    def tool(self, name):
        return self.build / "tests" / "bench" / name

    def run(self, command, timeout=None):
        """Runs it on one core; (stdout and stderr, wall, CPU time)."""
        words = ["taskset", "-c", str(self.core), *map(str, command)]
        warm_memory()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=self.dir, timeout=timeout, errors="replace", check=False)
        wall = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if done.returncode:
            raise RuntimeError(f"{command[0]}: exit status {done.returncode}: "
                               f"{done.stdout.strip()[-200:]}")
        return done.stdout, wall, cpu

    def timed(self, run, command, timeout=None):
        output, wall, cpu = self.run(command, timeout)
        run.wall.append(wall)
        run.cpu.append(cpu)
        return output

    # ---- our own loops

    def count(self, run):
        run.totals = json.loads(self.timed(run, [self.tool("pcap_count"), self.pcap]))
        run.how = "its own counters"
        run.check("packets", self.given["packets"], run.totals["packets"])
        run.check("bytes", self.given["bytes"], run.totals["bytes"])

    def plain_ndpi(self, run):
        run.totals = json.loads(self.timed(run, [self.tool("pcap_ndpi"), self.pcap, TABLE_FLOWS,
                                                 DPI_PACKETS]))
        run.how = "its own counters"
        for what in ("packets", "ip_bytes", "flows"):
            run.check(what, self.given[what], run.totals[what])

    # ---- the probe

    def probe(self, run, *more):
        stats = self.dir / "stats.json"
        with Collector(self.other) as collector:
            self.timed(run, [self.build / "app" / "ftprobe", "-q", "-r", self.pcap, "-o",
                             f"ipfix:udp://127.0.0.1:{collector.port}", "--max-flows", TABLE_FLOWS,
                             "--stats-json", stats, *more])
            # read once; later runs must have sent the same records, and nothing been lost
            first = not run.totals
            got = collector.sums(first)
        run.how = "the records that its collector got, and --stats-json"
        counted = json.loads(stats.read_text())
        run.totals = got if first else run.totals
        output, = counted["outputs"].values()
        run.check("messages sent", output["sent_messages"], got["messages"])
        run.check("records sent", self.given["flows"], output["sent"])
        run.check("packets metered", self.given["packets"], counted["metered_packets"])
        run.check("packets exported", self.given["packets"], run.totals["packets"])
        run.check("bytes exported", self.given["ip_bytes"], run.totals["ip_bytes"])
        run.check("flows exported", self.given["flows"], run.totals["records"])

    # ---- others: each returns packets and flows as it tells them

    def softflowd(self, run, program):
        with Collector(self.other) as collector:
            self.timed(run, [program, "-r", self.pcap, "-n", f"127.0.0.1:{collector.port}",
                             "-v", "10", "-b", "-m", TABLE_FLOWS, "-c", "none"], PEER_TIMEOUT)
            run.totals = collector.sums()
        run.how = "the IPFIX records that its collector got of both directions"

    def nfpcapd(self, run, program):
        out = self.dir / "nfpcapd"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        # a file a day, so that there is one
        self.timed(run, [program, "-r", self.pcap, "-l", out, "-t", "86400"], PEER_TIMEOUT)
        text = subprocess.run(["nfdump", "-R", str(out), "-I"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        run.totals = {"packets": number(r"^Packets: (\d+)", text),
                      "records": number(r"^Flows: (\d+)", text)}
        run.how = "nfdump -I (one record for each direction)"

    def ndpi_reader(self, run, program):
        text = self.timed(run, [program, "-i", self.pcap, "-T", DPI_PACKETS, "-U",
                                DPI_PACKETS], PEER_TIMEOUT)
        run.totals = {"packets": number(r"IP packets:\s+(\d+)", text),
                      "records": number(r"Unique flows:\s+(\d+)", text)}
        run.how = "its own summary"

    def ipfixprobe(self, run, program):
        with Collector(self.other) as collector:
            self.timed(run, [program, "-i", f"pcap;file={self.pcap}", "-s",
                             "cache;size=19;active=3600;inactive=3600", "-o",
                             f"ipfix;host=127.0.0.1;port={collector.port};udp"], PEER_TIMEOUT)
            run.totals = collector.sums()
        run.how = "the IPFIX records that its collector got"


def number(pattern, text):
    match = re.search(pattern, text, re.M)
    return int(match.group(1)) if match else -1


def peer(bench, name, method):
    """None when it is not there."""
    program = shutil.which(name)
    if not program:
        return None
    run = bench.row("peer_" + name, f"{name}, {bench.given['packets']} packets")
    try:
        for _ in range(bench.tries):
            method(run, program)
            if sum(run.cpu) + run.cpu[-1] > PEER_SECONDS:
                break
    except (RuntimeError, OSError, subprocess.SubprocessError) as e:
        run.void = str(e).splitlines()[0]
        return run
    run.check("packets", bench.given["packets"], run.totals["packets"])
    return run


def ratio(over, under, name, text, floor):
    """over's time in terms of under's: how many times as fast the probe is."""
    out = {"name": name, "text": text, "row": under.name, "floor": floor, "at_most": False,
           "verdict": "void"}
    if over.wall and under.wall and not over.void and not under.void:
        value = statistics.median(over.seconds()) / statistics.median(under.seconds())
        out["value"] = round(value, 3)
        out["verdict"] = "" if not floor else "ok" if value >= floor else "below"
    return out


LIMITS = ["--set", f"dpi.packets_tcp={DPI_PACKETS}", "--set", f"dpi.packets_udp={DPI_PACKETS}",
          "--set", "dpi.extra=no"]


def measure_basic(bench):
    """The large capture, without nDPI."""
    count = bench.row("pcap_count", "libpcap reads, and only counts")
    basic = bench.row("probe_pcap", "ftprobe -r --no-dpi to IPFIX/UDP, one core")
    # in turn, so that both meet the same machine
    for _ in range(bench.tries):
        bench.count(count)
        bench.probe(basic, "--no-dpi")
    runs = [count, basic]
    ratios = [ratio(count, basic, "pcap_count", "loop that counts / ftprobe -r", 0.9)]
    softflowd = peer(bench, "softflowd", bench.softflowd)
    if softflowd:
        runs.append(softflowd)
        ratios.append(ratio(softflowd, basic, softflowd.name, "softflowd / probe_pcap", 10))
    return runs, ratios


def measure_dpi(bench):
    """The plain loop with nDPI against the probe with it, in turn."""
    size = f"{bench.given['packets']} packets"
    plain = bench.row("pcap_ndpi", f"libpcap, parse, look up, nDPI: a plain loop, {size}")
    dpi = bench.row("probe_pcap_dpi", f"ftprobe -r with nDPI to IPFIX/UDP, one core, {size}")
    for _ in range(bench.tries):
        bench.plain_ndpi(plain)
        bench.probe(dpi, *LIMITS)
    return [plain, dpi], [ratio(plain, dpi, "pcap_ndpi",
                                "plain loop with nDPI / ftprobe -r with nDPI", 0.9)]


def measure_peers(bench):
    """The small capture: peers without a floor, which would take a minute for the large one."""
    peers = [p for p in (peer(bench, "nfpcapd", bench.nfpcapd),
                         peer(bench, "ipfixprobe", bench.ipfixprobe),
                         peer(bench, "ndpiReader", bench.ndpi_reader)) if p]
    basic = bench.row("probe_pcap_small", "ftprobe -r --no-dpi, the capture of the peers")
    dpi = bench.row("probe_pcap_dpi_small", "ftprobe -r with nDPI, the capture of the peers")
    for _ in range(bench.tries if peers else 0):
        bench.probe(basic, "--no-dpi")
        bench.probe(dpi, *LIMITS)
    ratios = []
    for p in peers:
        ours = dpi if p.name == "peer_ndpiReader" else basic
        ratios.append(ratio(p, ours, p.name, f"{p.name[5:]} / {ours.name}", 0))
    return [basic, dpi, *peers] if peers else [], ratios


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--json", required=True)
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    runs, ratios, captures = [], [], []
    for size, measure in ((LARGE, measure_basic), (MIDDLE, measure_dpi), (SMALL, measure_peers)):
        bench = Bench(arguments, SMALL if arguments.short else size)
        captures.append(bench.given)
        more_runs, more_ratios = measure(bench)
        bench.pcap.unlink()
        runs += more_runs
        ratios += more_ratios
    Path(arguments.json).write_text(json.dumps(
        {"captures": captures, "rows": [r.result() for r in runs],
         "ratios": ratios}, indent=1))
    wrong = [r for r in runs if r.void and not r.name.startswith("peer_")]
    for r in wrong:
        print(f"ftprobe: {r.name}: {r.void}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
