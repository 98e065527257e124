#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long packets wait for a lane that has nothing else to do:

    live_idle.py send INTERFACE FILE         sends UDP packets now and then, writes when
    live_idle.py flood INTERFACE N           sends N of them, a thousand a second
    live_idle.py compare WHAT FILE RECORDS   each flow begins when the lane has seen its packet
"""

import datetime
import json
import random
import socket
import struct
import sys
import time

PACKETS = 100
FIRST_PORT = 20000
HALF_US = 900


def packet(port):
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, bytes([10, 0, 0, 1]),
                     bytes([10, 0, 0, 2]))
    return bytes(12) + b"\x08\x00" + ip + struct.pack("!HHHH", port, 9999, 8, 0)


def send(interface, path):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    sent = {}
    for i in range(PACKETS):
        time.sleep(0.02 + 0.02 * random.random())
        sent[FIRST_PORT + i] = time.time_ns()
        wire.send(packet(FIRST_PORT + i))
    with open(path, "w", encoding="ascii") as file:
        json.dump(sent, file)


def flood(interface, n):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((interface, 0))
    for _ in range(int(n)):
        wire.send(packet(FIRST_PORT))
        time.sleep(0.001)


def nanoseconds(text):
    whole, _, rest = text.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int(rest.ljust(9, "0") or 0)


def compare(what, path, records):
    with open(path, encoding="ascii") as file:
        sent = {int(port): at for port, at in json.load(file).items()}
    late = []
    with open(records, encoding="utf-8") as file:
        for record in map(json.loads, file):
            late.append((nanoseconds(record["first"]) - sent[record["src_port"]]) / 1000)
    late.sort()
    if len(late) != PACKETS:
        sys.exit(f"{what}: {len(late)} of {PACKETS} packets were seen")
    half, almost_all = late[len(late) // 2], late[len(late) * 9 // 10]
    print(f"{what}: seen after {late[0]:.0f} us at least, {half:.0f} half of them, "
          f"{almost_all:.0f} nine of ten, {late[-1]:.0f} all")
    if late[0] < -1000 or half > HALF_US:
        sys.exit(1)


if __name__ == "__main__":
    {"send": send, "flood": flood, "compare": compare}[sys.argv[1]](*sys.argv[2:])
