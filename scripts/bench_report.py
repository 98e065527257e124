#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One table, one JSON file and one picture of what flowbench and bench_probe.py wrote:
bench_report.py --json FILE --svg FILE [--markdown FILE] FLOW_JSON PROBE_JSON."""

import argparse
import json
import os
import sys
from pathlib import Path

from bench_svg import picture

LOAD_NOISY = 1.5


def merge(flow, probe):
    machine = dict(flow["machine"], load_after=round(os.getloadavg()[0], 2))
    machine["noisy"] = machine["load_before"] > LOAD_NOISY
    return {"machine": machine, "captures": probe["captures"], "rows": flow["rows"] + probe["rows"],
            "ratios": flow["ratios"] + probe["ratios"]}


def speed(ns):
    """Millions a second."""
    return f"{1000 / ns:.1f}" if ns < 1000 else f"{1000 / ns:.3f}"


def row_line(row):
    note = "; ".join(filter(None, [
        "VOID" if row["void"] else "", "noisy" if row.get("noisy") else "", row["text"],
        row["note"], said(row)]))
    if "ns" not in row:
        return [row["name"], "", "", "", "", "void", note]
    return [row["name"], f"{row['ns']:.1f}", speed(row["ns"]), "", "",
            "void" if row["void"] else "", note]


def said(row):
    """A peer's totals, and how it was asked."""
    if not row.get("totals"):
        return ""
    totals = ", ".join(f"{v} {k}" for k, v in row["totals"].items() if k != "unknown_sets")
    return f"CPU time {row.get('cpu_ns', 0):.0f} ns, {row['tries']} tries; {totals} by {row['how']}"


def ratio_cells(ratio):
    value = f"{ratio['value']:.2f}" if "value" in ratio else ""
    floor = ""
    if ratio.get("floor"):
        floor = ("<= " if ratio["at_most"] else ">= ") + f"{ratio['floor']:g}"
    return [value, floor, ratio["verdict"]]


def lines(result):
    out = [["row", "ns", "M/s", "ratio", "floor", "", ""]]
    for row in result["rows"]:
        ratios = [r for r in result["ratios"] if r["row"] == row["name"]]
        line = row_line(row)
        for i, ratio in enumerate(ratios):
            cells = ratio_cells(ratio)
            if i == 0 and not line[5]:
                line[3:6] = cells
                out.append(line)
            else:
                if i == 0:
                    out.append(line)
                out.append(["", "", "", *cells, ratio["text"]])
        if not ratios:
            out.append(line)
        elif not row["void"]:
            line[6] = f"{ratios[0]['text']}; {line[6]}"
    return out


def markdown(result):
    """For docs/performance.md: the machine, rows, ratios."""
    out = [machine_line(result["machine"]), "",
           "| row | ns | least | most | |", "|---|---|---|---|---|"]
    for row in result["rows"]:
        marks = [word for word in ("void", "noisy") if row.get(word)]
        if "ns" in row:
            out.append(f"| `{row['name']}` | {row['ns']:.1f} | {row['least_ns']:.1f} | "
                       f"{row['most_ns']:.1f} | {', '.join(marks)} |")
    out += ["", "| ratio | value | floor | |", "|---|---|---|---|"]
    for ratio in result["ratios"]:
        value, floor, verdict = ratio_cells(ratio)
        out.append(f"| {ratio['text']} | {value} | {floor} | {verdict} |")
    return "\n".join(out) + "\n"


def machine_line(m):
    return (f"{m['cpu']}, {m['ghz']:.2f} GHz, {m['cores']} cores, pages of the tables "
            f"{m['pages']}, load {m['load_before']:.2f} before and {m['load_after']:.2f} after"
            + (": NOISY" if m["noisy"] else ""))


def print_table(result):
    print(machine_line(result["machine"]))
    table = lines(result)
    widths = [max(len(line[i]) for line in table) for i in range(6)]
    for line in table:
        cells = [line[0].ljust(widths[0])] + [line[i].rjust(widths[i]) for i in range(1, 5)]
        print("  ".join([*cells, line[5].ljust(widths[5]), line[6]]).rstrip())
    floors = [r for r in result["ratios"] if r.get("floor")]
    counted = {v: sum(r["verdict"] == v for r in floors) for v in ("ok", "below", "void")}
    print(f"{len(floors)} floors: {counted['ok']} ok, {counted['below']} below, "
          f"{counted['void']} void")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", required=True)
    parser.add_argument("--svg", required=True)
    parser.add_argument("--markdown")
    parser.add_argument("flow")
    parser.add_argument("probe")
    a = parser.parse_args()
    result = merge(json.loads(Path(a.flow).read_text()), json.loads(Path(a.probe).read_text()))
    Path(a.json).write_text(json.dumps(result, indent=1) + "\n")
    Path(a.svg).write_text(picture(result))
    if a.markdown:
        Path(a.markdown).write_text(markdown(result))
    print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
