#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends one UDP packet for each of N flows out of an interface: live_blast.py INTERFACE N

The flows differ in addresses (198.18.0.0/15, RFC 2544) and ports, and come in a random but fixed
order; the frames go to a station that nobody is."""

import random
import socket
import struct
import sys
import time

PAYLOAD = b"ftprobe live test"
BATCH = 64
# A batch a millisecond: as many packets as a probe on a busy machine still reads.
BATCH_S = 0.001


def checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def frame(n):
    src, dst = 0xC6120000 | (n & 0xFF), 0xC6130000 | (n >> 8 & 0xFF)
    udp = struct.pack("!HHHH", 1024 + (n >> 16), 20000 + n % 40000, 8 + len(PAYLOAD), 0) + PAYLOAD
    head = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), n & 0xFFFF, 0, 64, 17, 0, src, dst)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return bytes.fromhex("020000000002020000000001" "0800") + head + udp


def main():
    interface, count = sys.argv[1], int(sys.argv[2])
    order = list(range(count))
    random.Random(1).shuffle(order)
    frames = [frame(n) for n in order]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((interface, 0))
        began = time.monotonic()
        for i, data in enumerate(frames):
            if i % BATCH == 0:
                ahead = began + i / BATCH * BATCH_S - time.monotonic()
                if ahead > 0:
                    time.sleep(ahead)
            s.send(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
