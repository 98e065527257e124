#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What tshark says of a trace: the second opinion that the pcap cases are held against.

A packet is IP by its outermost IP header (behind Ethernet, VLAN, MPLS, PPP, ...); its length is
that header's `ip.len`, or 40 + `ipv6.plen`. Where both headers are in one packet (a tunnel),
`frame.protocols` says which one is outside.
"""

import shutil
import subprocess
import sys
from collections import namedtuple

Truth = namedtuple("Truth", "packets ip_packets ip_bytes cut_short")

FIELDS = ("frame.protocols", "ip.len", "ip.dst", "ip.bogus_ip_length", "ipv6.plen", "ipv6.dst")
TSHARK_TIMEOUT_S = 120


class TruthError(Exception):
    """tshark is missing or could not read the trace at all."""


def have_tshark():
    return shutil.which("tshark") is not None


def _outer_ip_len(row):
    """The length of the outermost IP packet of one row of FIELDS; None where it is not IP."""
    protocols, ip_len, ip_dst, ip_bogus, plen, ip6_dst = row
    stack = protocols.split(":")
    first4 = stack.index("ip") if "ip" in stack else len(stack)
    first6 = stack.index("ipv6") if "ipv6" in stack else len(stack)
    if first4 < first6:
        # A header cut before its addresses gives ip.len but no flow; a total length smaller
        # than the header stops tshark before the addresses too, yet such a packet has a flow.
        if ip_len and (ip_dst or ip_bogus):
            return int(ip_len)
        return None
    if first6 < first4 and plen and ip6_dst:
        return 40 + int(plen)
    return None


def tshark_lines(path, fields, extra=()):
    """Rows of fields, first occurrence each, and whether the file ends in a cut record."""
    cmd = ["tshark", "-n", "-r", path, *extra, "-T", "fields", "-E", "occurrence=f"]
    for field in fields:
        cmd += ["-e", field]
    run = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         errors="replace", timeout=TSHARK_TIMEOUT_S, check=False)
    cut_short = "cut short" in run.stderr
    if run.returncode and not cut_short:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise TruthError("tshark: " + last)
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    return [r + [""] * (len(fields) - len(r)) for r in rows], cut_short


def truth(path):
    rows, cut_short = tshark_lines(path, FIELDS)
    lengths = [n for n in map(_outer_ip_len, rows) if n is not None]
    return Truth(len(rows), len(lengths), sum(lengths), cut_short)


def main():
    if len(sys.argv) < 2:
        print("usage: truth.py TRACE...: packets, IP packets and IP bytes as tshark sees them",
              file=sys.stderr)
        return 2
    for path in sys.argv[1:]:
        t = truth(path)
        print(f"{path}: packets {t.packets}, ip_packets {t.ip_packets}, ip_bytes {t.ip_bytes}"
              + (", cut short" if t.cut_short else ""))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TruthError as err:
        print(err, file=sys.stderr)
        sys.exit(1)
