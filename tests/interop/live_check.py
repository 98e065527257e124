#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the live tests compare:

  live_check.py sums DUMP.pcap FLOWS.jsonl   the records' packets and bytes against tshark's
  live_check.py flows A.jsonl B.jsonl        the same flows, whatever their order and times
  live_check.py lossless STATS.json          nothing lost by ports, received = metered + dropped
  live_check.py stat STATS.json KEY...       prints one counter
"""

import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pcap"))
import truth  # noqa: E402  (of the pcap cases)

PORT_LOSSES = ("missed", "no_mbuf", "errors", "kernel_drops")


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def load(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sums(dump, flows):
    wanted, got = truth.truth(dump), records(flows)
    packets = sum(f["packets"] + f["rev_packets"] for f in got)
    octets = sum(f["bytes"] + f["rev_bytes"] for f in got)
    print(f"{len(got)} flows, {packets} packets, {octets} bytes; "
          f"tcpdump: {wanted.ip_packets} packets, {wanted.ip_bytes} bytes")
    return packets > 0 and (packets, octets) == (wanted.ip_packets, wanted.ip_bytes)


def key(flow):
    return tuple(flow[k] for k in ("src_ip", "dst_ip", "src_port", "dst_port", "proto", "packets",
                                   "rev_packets", "bytes", "rev_bytes", "l7_proto"))


def same_flows(a, b):
    first, second = (Counter(map(key, records(p))) for p in (a, b))
    for name, more in (("first", first - second), ("second", second - first)):
        for flow, n in more.items():
            print(f"only in the {name}: {n} x {flow}")
    print(f"{sum(first.values())} and {sum(second.values())} flows")
    return bool(first) and first == second


def port_list(stats):
    ports = stats["ports"]
    return list(ports.items()) if isinstance(ports, dict) else [(p["name"], p) for p in ports]


def lossless(path):
    stats = load(path)
    good = stats["rx_packets"] == stats["metered_packets"] + sum(stats["dropped"].values())
    ports = port_list(stats)
    for name, port in ports:
        for what in PORT_LOSSES:
            if port[what]:
                print(f"{name}: {what} {port[what]}")
                good = False
    return good and bool(ports)


def stat(path, *keys):
    value = load(path)
    for k in keys:
        value = value[k]
    print(value)
    return True


def main():
    commands = {"sums": sums, "flows": same_flows, "lossless": lossless, "stat": stat}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return 0 if commands[sys.argv[1]](*sys.argv[2:]) else 1


if __name__ == "__main__":
    sys.exit(main())
