#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run the pcap cases: `ftprobe -r` on each trace, its output against what is expected.

  run_cases.py --ftprobe BIN [CASE...]     the cases beside this script, or the folders named
  run_cases.py --ftprobe BIN --foreign DIR all traces below DIR, against tshark
  run_cases.py --truth [CASE...]           no probe: the expectations themselves against tshark

README.md of this folder says what a case is made of. Exit status: 0 when nothing failed.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import truth  # noqa: E402  (its folder must be on the path first)

HERE = Path(__file__).resolve().parent
PROBE_TIMEOUT_S = 120
FOREIGN_SUFFIXES = (".pcap", ".pcapng", ".cap")
COMPRESSED_SUFFIXES = (".gz", ".zst")
END_REASONS = {"idle", "active", "end", "forced", "slice", "overflow"}
CONTRACT_KEYS = (
    "schema flow_id community_id src_ip dst_ip src_port dst_port proto ip_version vlan icmp_type "
    "icmp_code packets rev_packets bytes rev_bytes l2_bytes rev_l2_bytes first last tcp_flags "
    "rev_tcp_flags end_reason l7_proto l7_app_id l7_master_id l7_category l7_guessed server_name"
).split()
SCHEMA = HERE.parent.parent / "docs" / "flow.schema.json"
KNOWN_KEYS = set(json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"])
EXPECT_KEYS = {
    "exit", "packets", "ip_packets", "ip_bytes", "flow_bytes", "drops", "flows", "flows_exact",
    "stderr", "tshark",
}

Run = namedtuple("Run", "exit stdout stderr stats_text")


class Failure(Exception):
    """One thing that a case got wrong, said in a line."""


# ---- running the probe ---------------------------------------------------------------------------

def run_probe(probe, trace, options, extra=()):
    """One run; options of the case first, so that `extra` (as --lanes) has the last word."""
    with tempfile.TemporaryDirectory(prefix="ftprobe-case-") as tmp:
        stats = Path(tmp) / "stats.json"
        cmd = [probe, "-r", str(trace), *options, *extra, "-o", "json", "--stats-json", str(stats)]
        try:
            done = subprocess.run(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=PROBE_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as err:
            raise Failure(f"did not end within {PROBE_TIMEOUT_S} s") from err
        except OSError as err:
            raise Failure(f"cannot run {probe}: {err.strerror}") from err
        text = stats.read_bytes() if stats.exists() else None
    return Run(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"), text)


def parse_flows(stdout):
    flows = []
    for number, line in enumerate(stdout.split(b"\n")[:-1], 1):
        try:
            flow = json.loads(line.decode("utf-8"))
        except ValueError as err:
            raise Failure(f"output line {number} is not JSON: {err}") from err
        if not isinstance(flow, dict):
            raise Failure(f"output line {number} is not a JSON object")
        missing = [k for k in CONTRACT_KEYS if k not in flow]
        if missing:
            raise Failure(f"output line {number} lacks the key(s) {' '.join(missing)}")
        if flow["end_reason"] not in END_REASONS:
            raise Failure(f"output line {number}: unknown end_reason {flow['end_reason']!r}")
        flows.append(flow)
    if stdout and not stdout.endswith(b"\n"):
        raise Failure("the last output line has no end")
    return flows


def parse_stats(text):
    if text is None:
        raise Failure("--stats-json wrote no file")
    try:
        stats = json.loads(text)
        for key in ("rx_packets", "metered_packets", "dropped", "flows", "outputs"):
            stats[key]  # pylint: disable=pointless-statement
    except (ValueError, TypeError) as err:
        raise Failure(f"--stats-json is not a JSON object: {err}") from err
    except KeyError as err:
        raise Failure(f"--stats-json has no {err}") from err
    return stats


# ---- checks: each raises Failure -----------------------------------------------------------------

def equal(what, got, want):
    if got != want:
        raise Failure(f"{what} is {got}, expected {want}")


def check_exit(run, want):
    if run.exit != want:
        last = (run.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
        raise Failure(f"exit status is {run.exit}, expected {want} ({last})")


def flow_sums(flows):
    packets = sum(f["packets"] + f["rev_packets"] for f in flows)
    return packets, sum(f["bytes"] + f["rev_bytes"] for f in flows)


def check_identities(stats, flows):
    """Nothing is lost silently: packets, flows and records each add up."""
    dropped = sum(stats["dropped"].values())
    equal("rx_packets less metered_packets less all drops",
          stats["rx_packets"] - stats["metered_packets"] - dropped, 0)
    equal("packets in flows, against metered_packets", flow_sums(flows)[0],
          stats["metered_packets"])
    table = stats["flows"]
    ended = sum(table["ended"].values())
    equal("flows created less active less ended", table["created"] - table["active"] - ended, 0)
    if not stats["outputs"]:
        raise Failure("--stats-json names no output")
    for name, out in stats["outputs"].items():
        after = out["sent"] + out["in_doubt"] + sum(out["dropped"].values()) + out["queued"]
        equal(f"output {name}: sent, in doubt, dropped and queued", after, out["offered"])
    if len(stats["outputs"]) == 1:
        equal("records sent", next(iter(stats["outputs"].values()))["sent"], len(flows))


def flow_matches(flow, want):
    """A list as expected value means one of its members."""
    for key, value in want.items():
        allowed = value if isinstance(value, list) else [value]
        if key not in flow or flow[key] not in allowed:
            return False
    return True


def short(flow, keys=("src_ip", "src_port", "dst_ip", "dst_port", "proto", "vlan", "packets",
                      "rev_packets", "bytes", "rev_bytes", "end_reason", "l7_proto")):
    return " ".join(f"{k}={flow[k]}" for k in keys if k in flow)


def assign(flows, wants):
    """Match flows and expectations one to one (Kuhn's augmenting paths: an expectation is a
    subset of keys, so the first flow that fits it may be the only one that fits another)."""
    fits = [[i for i, f in enumerate(flows) if flow_matches(f, w)] for w in wants]
    owner = {}

    def place(w, seen):
        for i in fits[w]:
            if i in seen:
                continue
            seen.add(i)
            if i not in owner or place(owner[i], seen):
                owner[i] = w
                return True
        return False

    missing = [w for w in range(len(wants)) if not place(w, set())]
    return missing, [f for i, f in enumerate(flows) if i not in owner]


def check_flows(flows, expect):
    wants = expect.get("flows", [])
    missing, extra = assign(flows, wants)
    exact = expect.get("flows_exact", False)
    lines = [f"no flow like: {short(wants[w], wants[w].keys())}" for w in missing]
    if exact or missing:
        lines += [f"{'not expected' if exact else 'left over'}: {short(f)}" for f in extra[:20]]
    if missing or (exact and extra):
        raise Failure("flows differ\n      " + "\n      ".join(lines))


def check_drops(stats, expect):
    """With drops given, they are all of them."""
    if "drops" not in expect:
        return
    got = {k: v for k, v in stats["dropped"].items() if v}
    equal("dropped", got, expect["drops"])


def canonical(flows):
    """The flows as a sorted list of text, without flow_id: what must not depend on lanes."""
    rest = [{k: v for k, v in f.items() if k != "flow_id"} for f in flows]
    return sorted(json.dumps(f, sort_keys=True) for f in rest)


def check_again(probe, trace, options, first):
    again = run_probe(probe, trace, options)
    if again.stdout != first.stdout:
        raise Failure("a second run gives other bytes")
    equal("exit status of a second run", again.exit, first.exit)


def check_lanes(probe, trace, options, want):
    """Two lanes must find the same flows as one, and meter the same packets."""
    flows, stats = want
    run = run_probe(probe, trace, options, ("--lanes", "2"))
    two, two_stats = parse_flows(run.stdout), parse_stats(run.stats_text)
    check_identities(two_stats, two)
    differ = set(canonical(flows)) ^ set(canonical(two))
    if differ or len(flows) != len(two):
        sample = [short(json.loads(t)) for t in sorted(differ)[:4]]
        raise Failure(f"--lanes 2: {len(two)} flows, {len(flows)} with one lane; differing: "
                      + "; ".join(sample))
    for key in ("rx_packets", "metered_packets", "dropped"):
        equal(f"--lanes 2: {key}", two_stats[key], stats[key])


# ---- cases ---------------------------------------------------------------------------------------

def load_case(folder):
    """(trace, options, expectation) of a case; an incomplete case is a failure, not a skip."""
    folder = Path(folder)
    if not (folder / "README.md").is_file():
        raise Failure("no README.md")
    traces = [p for p in folder.glob("input.*") if p.is_file()]
    if len(traces) != 1:
        raise Failure(f"{len(traces)} input files, expected 1")
    try:
        options = shlex.split((folder / "options").read_text(encoding="utf-8"))
        expect = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise Failure(f"cannot read the case: {err}") from err
    unknown = set(expect) - EXPECT_KEYS
    if unknown:
        raise Failure(f"expect.json has unknown key(s) {' '.join(sorted(unknown))}")
    for flow in expect.get("flows", []):
        wrong = set(flow) - KNOWN_KEYS
        if wrong:
            raise Failure(f"expect.json: flow with unknown key(s) {' '.join(sorted(wrong))}")
    return traces[0], options, expect


def check_expectation(expect):
    """An expectation must agree with itself before it may judge a probe."""
    if expect.get("exit", 0):
        return
    for key in ("packets", "ip_packets", "ip_bytes"):
        if key not in expect:
            raise Failure(f"expect.json lacks {key}")
    if "drops" in expect:
        equal("expect.json: ip_packets and drops together",
              expect["ip_packets"] + sum(expect["drops"].values()), expect["packets"])
    wants = expect.get("flows", [])
    counted = ("packets", "rev_packets", "bytes", "rev_bytes")
    if expect.get("flows_exact") and all(k in f for f in wants for k in counted):
        packets, octets = flow_sums(wants)
        equal("expect.json: packets of its flows", packets, expect["ip_packets"])
        equal("expect.json: bytes of its flows", octets,
              expect.get("flow_bytes", expect["ip_bytes"]))


def run_case(probe, folder):
    trace, options, expect = load_case(folder)
    check_expectation(expect)
    run = run_probe(probe, trace, options)
    check_exit(run, expect.get("exit", 0))
    if "stderr" in expect and expect["stderr"].lower() not in run.stderr.lower():
        raise Failure(f"stderr does not say {expect['stderr']!r}")
    if run.exit:
        equal("lines of output of a failed run", run.stdout.count(b"\n"), 0)
        return "refused as expected"
    flows, stats = parse_flows(run.stdout), parse_stats(run.stats_text)
    equal("rx_packets", stats["rx_packets"], expect["packets"])
    equal("metered_packets", stats["metered_packets"], expect["ip_packets"])
    check_drops(stats, expect)
    check_identities(stats, flows)
    equal("bytes in flows", flow_sums(flows)[1], expect.get("flow_bytes", expect["ip_bytes"]))
    check_flows(flows, expect)
    check_again(probe, trace, options, run)
    check_lanes(probe, trace, options, (flows, stats))
    return f"{expect['packets']} packets, {len(flows)} flows"


def truth_case(folder):
    """The expectation of a case against tshark."""
    trace, _, expect = load_case(folder)
    check_expectation(expect)
    if expect.get("exit", 0):
        return "not for tshark: the probe refuses it"
    got = truth.truth(str(trace))
    differs = expect.get("tshark", {})
    for key in ("packets", "ip_packets", "ip_bytes"):
        equal(f"{key}, as tshark sees them,", getattr(got, key), differs.get(key, expect[key]))
    return (f"{got.packets} packets, {got.ip_packets} of IP, {got.ip_bytes} bytes"
            + (f" (differs: {differs['why']})" if differs else ""))


# ---- foreign traces ------------------------------------------------------------------------------

def foreign_traces(top):
    found = []
    for path in sorted(Path(top).rglob("*")):
        name = path.name
        for suffix in COMPRESSED_SUFFIXES:
            name = name.removesuffix(suffix)
        if name.endswith(FOREIGN_SUFFIXES) and path.is_file():
            found.append(path)
    return found


def run_foreign(probe, trace, options=()):
    want = truth.truth(str(trace))
    options = list(options)
    run = run_probe(probe, trace, options)
    check_exit(run, 0)
    flows, stats = parse_flows(run.stdout), parse_stats(run.stats_text)
    check_identities(stats, flows)
    equal("rx_packets", stats["rx_packets"], want.packets)
    equal("packets in flows", flow_sums(flows)[0], want.ip_packets)
    equal("bytes in flows", flow_sums(flows)[1], want.ip_bytes)
    check_again(probe, trace, options, run)
    check_lanes(probe, trace, options, (flows, stats))
    tunnels = run_probe(probe, trace, options, ("--tunnels",))
    check_exit(tunnels, 0)
    inner, inner_stats = parse_flows(tunnels.stdout), parse_stats(tunnels.stats_text)
    check_identities(inner_stats, inner)
    equal("metered_packets with --tunnels", inner_stats["metered_packets"], want.ip_packets)
    check_lanes(probe, trace, options + ["--tunnels"], (inner, inner_stats))
    return f"{want.packets} packets, {len(flows)} flows, {want.ip_bytes} bytes"


# ---- main ----------------------------------------------------------------------------------------

def run_all(named_jobs):
    """(name, function) pairs: a line each, the tally last."""
    passed = failed = 0
    for name, job in named_jobs:
        try:
            print(f"ok   {name}: {job()}", flush=True)
            passed += 1
        except (Failure, truth.TruthError) as err:
            print(f"FAIL {name}: {err}", flush=True)
            failed += 1
        except (KeyError, TypeError, AttributeError) as err:
            print(f"FAIL {name}: malformed output: {type(err).__name__} {err}", flush=True)
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def case_folders(names):
    if names:
        return [Path(n) for n in names]
    return sorted(p for p in HERE.iterdir() if p.is_dir() and p.name != "__pycache__")


def parse_args():
    parser = argparse.ArgumentParser(
        description="Run pcap cases through ftprobe and compare with what is expected.")
    parser.add_argument("--ftprobe", metavar="BIN", default=os.environ.get("FTPROBE"),
                        help="the binary (default: $FTPROBE)")
    parser.add_argument("--foreign", metavar="DIR", help="all traces below DIR, against tshark")
    parser.add_argument("--truth", action="store_true",
                        help="compare the expectations with tshark; runs no probe")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="folders (default: all)")
    args = parser.parse_args()
    if not args.truth and not args.ftprobe:
        parser.error("say --ftprobe BIN, or set FTPROBE")
    return args


def main():
    args = parse_args()
    if (args.truth or args.foreign) and not truth.have_tshark():
        print("run_cases.py: tshark is not installed: apt install tshark", file=sys.stderr)
        return 1
    if args.foreign:
        if not Path(args.foreign).is_dir():
            print(f"skipped: foreign traces: {args.foreign} does not exist")
            return 0
        top = Path(args.foreign)
        return run_all([(str(t.relative_to(top)), lambda t=t: run_foreign(args.ftprobe, t))
                        for t in foreign_traces(top)])
    folders = case_folders(args.cases)
    if args.truth:
        return run_all([(f.name, lambda f=f: truth_case(f)) for f in folders])
    return run_all([(f.name, lambda f=f: run_case(args.ftprobe, f)) for f in folders])


if __name__ == "__main__":
    sys.exit(main())
