#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write the expect.json of a captured case: `captured.py CASE_DIR MANIFEST.tsv`.

The flows come from tshark's fields, grouped here by address pair, ports, protocol and VLAN; the
protocol names from the manifest of what was launched (see manifest_add in netns.sh). Only for
captures shorter than the timeouts, so that a flow is one record.
"""

import ipaddress
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pcap"))
import truth  # noqa: E402  (its folder must be on the path first)
from check_manifest import is_of, read_manifest  # noqa: E402

FIELDS = (
    "frame.protocols", "frame.time_epoch", "vlan.id", "ip.src", "ip.dst", "ip.len", "ip.proto",
    "ipv6.src", "ipv6.dst", "ipv6.plen", "tcp.srcport", "tcp.dstport", "tcp.flags", "udp.srcport",
    "udp.dstport",
)
SHORTEST_TIMEOUT_S = 30
FIN, RST = 0x01, 0x04
PROTO_NAMES = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}


def final_proto(protocols):
    """The transport: the first layer of frame.protocols that is one (extension headers skipped)."""
    for layer in protocols:
        if layer in PROTO_NAMES:
            return PROTO_NAMES[layer]
    raise SystemExit(f"captured.py: no known transport in {':'.join(protocols)}")


def packet_of(row):
    """(key oriented as the packet, bytes, tcp flags) of an IP packet; the layer below else."""
    r = dict(zip(FIELDS, row))
    protocols = r["frame.protocols"].split(":")
    if "ip" in protocols:
        src, dst, length = r["ip.src"], r["ip.dst"], int(r["ip.len"])
    elif "ipv6" in protocols:
        src, dst, length = r["ipv6.src"], r["ipv6.dst"], 40 + int(r["ipv6.plen"])
    else:
        return protocols[-1], 0, 0
    proto = final_proto(protocols)
    name = {6: "tcp", 17: "udp"}.get(proto)
    sport = int(r[name + ".srcport"]) if name else 0
    dport = int(r[name + ".dstport"]) if name else 0
    flags = int(r["tcp.flags"], 16) if proto == 6 else 0
    return (src, sport, dst, dport, proto, int(r["vlan.id"] or 0)), length, flags


def new_flow(key):
    src, sport, dst, dport, proto, vlan = key
    return {"src_ip": src, "src_port": sport, "dst_ip": dst, "dst_port": dport, "proto": proto,
            "vlan": vlan, "packets": 0, "rev_packets": 0, "bytes": 0, "rev_bytes": 0,
            "tcp_flags": 0, "rev_tcp_flags": 0}


def group(rows):
    flows, drops = {}, {}
    for row in rows:
        key, length, flags = packet_of(row)
        if isinstance(key, str):
            drops[key] = drops.get(key, 0) + 1
            continue
        turned = (key[2], key[3], key[0], key[1], *key[4:])
        rev = "rev_" if turned in flows and key not in flows else ""
        flow = flows[turned] if rev else flows.setdefault(key, new_flow(key))
        flow[rev + "packets"] += 1
        flow[rev + "bytes"] += length
        flow[rev + "tcp_flags"] |= flags
    return list(flows.values()), drops


def end_reason(flow):
    either = flow["tcp_flags"] | flow["rev_tcp_flags"]
    both = flow["tcp_flags"] & flow["rev_tcp_flags"]
    return "end" if both & FIN or either & RST else "forced"


def name_flows(flows, manifest):
    """Set l7_proto where a launched program says it; a launched flow must be in the capture."""
    for launched in manifest:
        hits = [f for f in flows if is_of(f, launched)]
        if not hits:
            raise SystemExit(f"captured.py: not in the capture: {' '.join(launched)}")
        for flow in hits if launched[-1] != "-" else ():
            flow["l7_proto"] = launched[-1]


def main():
    if len(sys.argv) != 3:
        print("usage: captured.py CASE_DIR MANIFEST.tsv", file=sys.stderr)
        return 2
    case = Path(sys.argv[1])
    trace = str(next(case.glob("input.*")))
    rows, _ = truth.tshark_lines(trace, FIELDS)
    times = [float(r[1]) for r in rows]
    if max(times) - min(times) >= SHORTEST_TIMEOUT_S:
        raise SystemExit("captured.py: the capture is longer than the idle timeout")
    flows, drops = group(rows)
    for flow in flows:
        flow["end_reason"] = end_reason(flow)
    name_flows(flows, read_manifest(sys.argv[2]))
    flows.sort(key=lambda f: (f["proto"], ipaddress.ip_address(f["src_ip"]).packed,
                              f["src_port"], f["dst_port"], f["dst_ip"]))
    t = truth.truth(trace)
    head = {"exit": 0, "packets": t.packets, "ip_packets": t.ip_packets, "ip_bytes": t.ip_bytes,
            "drops": drops, "flows_exact": True}
    body = ",\n  ".join(json.dumps(f) for f in flows)
    text = json.dumps(head)[:-1] + f', "flows": [\n  {body}\n]}}\n'
    (case / "expect.json").write_text(text, encoding="utf-8")
    print(f"{case / 'expect.json'}: {len(flows)} flows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
