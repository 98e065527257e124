#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the seed corpus of ft_fuzz: lives of flows, one file a way to begin or end.

usage: ft_corpus.py FOLDER
"""

import struct
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import packet_corpus as packets  # noqa: E402

LISTS, BURSTS, SLICES, TUNNELS = 0x08, 0x10, 0x20, 0x80
SYN, ACK, FIN, RST = 2, 16, 17, 4
BACK = 0x80


def frame(host, flags=ACK, reverse=False, data=b""):
    ports = (80, 1000) if reverse else (1000, 80)
    tcp = struct.pack(">HHIIBBHHH", *ports, 1, 2, 0x50, flags, 100, 0, 0) + data
    addresses = [bytes([10, 0, 0, host]), bytes([10, 0, 1, 1])]
    if reverse:
        addresses.reverse()
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 7, 0, 64, 6, 0, *addresses)
    return packets.eth(0x0800, ip + tcp)


def connection(host):
    return [(0, frame(host, SYN)), (1, frame(host, SYN | ACK, True)), (1, frame(host, data=b"x")),
            (2, frame(host, FIN)), (1, frame(host, FIN, True)), (1, frame(host, ACK))]


LIVES = {
    "connection": (0, connection(1) + connection(1)),
    "connection_bursts": (BURSTS, connection(1) + connection(2)),
    "reset": (0, connection(1)[:3] + [(1, frame(1, RST)), (20, frame(1, SYN))]),
    "idle": (0, [(0, frame(1)), (13, frame(2)), (13, frame(1))]),
    "active": (BURSTS, [(9, frame(1, data=b"y" * (n % 3))) for n in range(12)]),
    "slices": (SLICES, [(9, frame(1 + n % 2, reverse=n % 3 == 0)) for n in range(24)]),
    "slices_bursts": (SLICES | BURSTS, [(8, frame(1 + n % 5)) for n in range(40)]),
    "overflow": (0, [(2, frame(n)) for n in range(60)]),
    "overflow_slices": (SLICES | BURSTS, [(3, frame(n % 37)) for n in range(80)]),
    "lists": (LISTS | SLICES | BURSTS, connection(1) + [(9, frame(n % 5)) for n in range(30)]),
    "expired_other": (BURSTS, [(4, frame(1)), (4, frame(2)), (4, frame(1, data=b"z" * 11)),
                               (4, frame(2)), (4, frame(2, data=b"z" * 11)), (4, frame(1))]),
    "between": (BURSTS | SLICES, [(n % 14, frame(n % 6), 0xe0 + n % 4) for n in range(40)]),
    "expired": (SLICES, [(4, frame(1, data=b"z" * 12)) for _ in range(6)]),
    "back": (SLICES, [(9, frame(1)), (BACK | 20, frame(1)), (BACK | 127, frame(2)), (127, frame(1)),
                      (120, frame(3)), (BACK | 9, frame(1))]),
    "tunnels": (TUNNELS, [(5, packets.eth(0x0800, p)) for p in packets.TUNNELLED.values()]),
    "tunnels_plain": (0, [(5, packets.eth(0x0800, p)) for p in packets.TUNNELLED.values()]),
    "headers": (SLICES | BURSTS, [(6, p) for link, some in packets.PLAIN.values()
                                  if link == "ethernet" for p in some]),
    "raw": (1 | TUNNELS, [(7, p) for link, some in packets.PLAIN.values() if link == "raw"
                          for p in some]),
}


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (first, life) in LIVES.items():
        data = bytes([first])
        for step, packet, *missing in life:
            data += packets.be16(len(packet)) + bytes([*(missing or [3]), step]) + packet
        (folder / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
