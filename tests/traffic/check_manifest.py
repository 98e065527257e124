#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Do the flows that tests launched carry the names of their programs' protocols?

  check_manifest.py MANIFEST.tsv FLOWS.jsonl [--threshold 0.99]

The manifest is what run_clients of netns.sh wrote, the flows are the output of `ftprobe -o json`
over the same time. Each launched flow must be there; the share of those that carry the expected
name (alone, or as a part of a name such as TLS.Google) must reach the threshold.
"""

import argparse
import json
import sys
from pathlib import Path


def read_manifest(path):
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def is_of(flow, launched):
    """Either direction: a probe that starts late sees an answer first."""
    _, proto, src, sport, dst, dport, _ = launched
    if flow["proto"] != int(proto):
        return False
    ends = ((flow["src_ip"], flow["src_port"]), (flow["dst_ip"], flow["dst_port"]))
    for client, server in (ends, ends[::-1]):
        if client[0] == src and server == (dst, int(dport)) and int(sport) in (0, client[1]):
            return True
    return False


def main():
    parser = argparse.ArgumentParser(description="Compare flows with a manifest of what ran.")
    parser.add_argument("--threshold", type=float, default=0.99, metavar="SHARE")
    parser.add_argument("manifest")
    parser.add_argument("flows")
    args = parser.parse_args()
    with open(args.flows, encoding="utf-8") as file:
        flows = [json.loads(line) for line in file if line.strip()]
    named = total = missing = 0
    for launched in read_manifest(args.manifest):
        what, expected = "\t".join(launched), launched[-1]
        found = [f for f in flows if is_of(f, launched)]
        if not found:
            print("no flow of: " + what)
            missing += 1
        for flow in found if expected != "-" else ():
            total += 1
            if expected in flow["l7_proto"].split("."):
                named += 1
            else:
                print(f"{flow['l7_proto']} instead of: {what}")
    share = named / total if total else 0.0
    print(f"{named} of {total} launched flows carry their name ({100 * share:.2f} %), "
          f"{missing} missing")
    return 1 if missing or share < args.threshold else 0


if __name__ == "__main__":
    sys.exit(main())
