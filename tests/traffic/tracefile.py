# SPDX-License-Identifier: BSD-3-Clause
"""Writers of trace files, with every choice that a reader must cope with: byte order, resolution
of time, link types, several interfaces. A record is (time in ns, bytes, wire length, interface).
"""

import struct

MAGIC_US, MAGIC_NS = 0xA1B2C3D4, 0xA1B23C4D
SNAPLEN = 262144


def pcap(records, link=1, ns=False, big=False):
    order = ">" if big else "<"
    out = [struct.pack(order + "IHHiIII", MAGIC_NS if ns else MAGIC_US, 2, 4, 0, 0, SNAPLEN, link)]
    for time_ns, data, wire_len, _ in records:
        fraction = time_ns % 10**9
        out.append(struct.pack(order + "IIII", time_ns // 10**9,
                               fraction if ns else fraction // 1000, len(data), wire_len))
        out.append(data)
    return b"".join(out)


def _pad(data):
    return data + bytes(-len(data) % 4)


def _block(order, kind, body):
    total = 12 + len(body)
    return struct.pack(order + "II", kind, total) + body + struct.pack(order + "I", total)


def pcapng(records, interfaces, big=False):
    """`interfaces` is [(link type, if_tsresol)]: 6 for microseconds, 9 for nanoseconds."""
    order = ">" if big else "<"
    out = [_block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for link, resolution in interfaces:
        option = struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
        out.append(_block(order, 1, struct.pack(order + "HHI", link, 0, SNAPLEN) + option))
    for time_ns, data, wire_len, interface in records:
        stamp = time_ns // 10 ** (9 - interfaces[interface][1])
        head = struct.pack(order + "IIIII", interface, stamp >> 32, stamp & 0xFFFFFFFF, len(data),
                           wire_len)
        out.append(_block(order, 6, head + _pad(data)))
    return b"".join(out)
