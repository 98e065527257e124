#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compare the L7 names of ftprobe with those of Debian's ndpiReader (the same libndpi).

  l7_compare.py --ftprobe BIN [--threshold 0.99] TRACE_OR_DIR...

Flows are matched by their unordered 5-tuple; ports count for TCP and UDP only (ndpiReader shows
none for others). ndpiReader opens some tunnels unasked: a flow that is not among the outer ones
is looked for among those of `ftprobe --tunnels`. Differing flows are listed; exit status 1 when
the share of equal names over all traces is below the threshold.
"""

import argparse
import csv
import ipaddress
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import run_cases  # noqa: E402  (its folder must be on the path first)

NDPI_TIMEOUT_S = 120


def flow_key(proto, src, sport, dst, dport):
    if proto not in (6, 17):
        sport = dport = 0
    ends = sorted(((ipaddress.ip_address(src).packed, sport),
                   (ipaddress.ip_address(dst).packed, dport)))
    return (proto, *ends)


def ndpi_flows(trace):
    """[(key, name, text)] of ndpiReader; -v 2, for without it unknown flows are left out."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-l7-") as tmp:
        out = Path(tmp) / "flows.csv"
        run = subprocess.run(["ndpiReader", "-i", str(trace), "-v", "2", "-C", str(out)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                             errors="replace", timeout=NDPI_TIMEOUT_S, check=False)
        if not out.exists():
            last = (run.stderr.strip().splitlines() or ["no message"])[-1]
            raise run_cases.Failure(f"ndpiReader wrote nothing ({last})")
        with out.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = list(csv.reader(file, quoting=csv.QUOTE_NONE))
    if not rows:
        return []
    column = {name.lstrip("#"): i for i, name in enumerate(rows[0])}
    flows = []
    for row in rows[1:]:
        proto, src, sport, dst, dport, name = (row[column[c]] for c in (
            "protocol", "src_ip", "src_port", "dst_ip", "dst_port", "ndpi_proto"))
        try:
            key = flow_key(int(proto), src, int(sport), dst, int(dport))
        except ValueError:  # some IPv6 addresses come out shortened twice
            key = None
        flows.append((key, name, f"proto {proto} {src}:{sport} {dst}:{dport}"))
    return flows


def probe_names(probe, trace, options):
    run = run_cases.run_probe(probe, trace, options)
    run_cases.check_exit(run, 0)
    names = defaultdict(set)
    for f in run_cases.parse_flows(run.stdout):
        names[flow_key(f["proto"], f["src_ip"], f["src_port"], f["dst_ip"], f["dst_port"])].add(
            f["l7_proto"])
    return names


def compare(probe, trace):
    """(equal, total, lines on what differs) of one trace."""
    outer = probe_names(probe, trace, [])
    inner = probe_names(probe, trace, ["--tunnels"])
    equal, differing = 0, []
    flows = ndpi_flows(trace)
    for key, name, text in flows:
        ours = outer.get(key) or inner.get(key)
        if ours is None:
            differing.append(f"{text}: {name}, no such flow in ftprobe")
        elif name in ours:
            equal += 1
        else:
            differing.append(f"{text}: {name}, ftprobe says {' '.join(map(str, sorted(ours)))}")
    return equal, len(flows), differing


def traces_of(names):
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from run_cases.foreign_traces(path)
        elif path.exists():
            yield path
        else:
            print(f"skipped: {name} does not exist")


def parse_args():
    parser = argparse.ArgumentParser(
        description="Compare L7 names of ftprobe with those of ndpiReader.")
    parser.add_argument("--ftprobe", metavar="BIN", default=os.environ.get("FTPROBE"),
                        help="the binary (default: $FTPROBE)")
    parser.add_argument("--threshold", type=float, default=0.99, metavar="SHARE",
                        help="least share of equal names over all traces (default: 0.99)")
    parser.add_argument("traces", nargs="+", metavar="TRACE_OR_DIR")
    args = parser.parse_args()
    if not args.ftprobe:
        parser.error("say --ftprobe BIN, or set FTPROBE")
    return args


def main():
    args = parse_args()
    if not shutil.which("ndpiReader"):
        print("l7_compare.py: ndpiReader is not installed: apt install libndpi-bin",
              file=sys.stderr)
        return 1
    equal = total = broken = 0
    for trace in traces_of(args.traces):
        try:
            good, count, differing = compare(args.ftprobe, trace)
        except run_cases.Failure as err:
            print(f"FAIL {trace}: {err}")
            broken += 1
            continue
        print(f"{trace}: {good} of {count} equal")
        for line in differing:
            print("     " + line)
        equal += good
        total += count
    share = equal / total if total else 0.0
    print(f"{equal} of {total} names equal: {100 * share:.2f} %, at least "
          f"{100 * args.threshold:.2f} % wanted; {broken} traces failed")
    # with no trace at all (their folder does not exist here) nothing was proved, nor failed
    return 1 if broken or (total and share < args.threshold) else 0


if __name__ == "__main__":
    sys.exit(main())
