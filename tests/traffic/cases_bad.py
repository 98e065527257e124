# SPDX-License-Identifier: BSD-3-Clause
"""Packets that are cut and packets that lie: nothing is lost without a name."""

import struct

from case import MAC, Case, eth, eth_ip
from packets import A4, A6, B4, B6, HELLO, ip, ping, tcp, udp


def patched(packet, at, new):
    return packet[:at] + new + packet[at + len(new):]


# ---- the snapshot length cuts ----

def truncated():
    case = Case("truncated", "the snapshot length cuts at every header: inside layer 2 or the IP "
                "header a packet is dropped by name, behind it is metered with the length that IP "
                "states; ports are 0 where they were not captured.")
    case.flow("tcp", A4, B4, 40000, 50000, 6)
    case.flow("tcp cut", A4, B4, 0, 0, 6)
    segment = tcp(A4, B4, 40000, 50000, "PA", data=HELLO)
    for cut, label in ((34, "tcp cut"), (36, "tcp cut"), (37, "tcp cut"), (38, "tcp"), (48, "tcp"),
                       (53, "tcp"), (54, "tcp"), (60, "tcp")):
        case.ip(label, segment, cut=cut)
    for cut in (14, 15, 17, 24, 33):
        case.drop("truncated_ip", eth_ip(segment), cut=cut)
    for cut in (1, 6, 13):
        case.drop("truncated_l2", eth_ip(segment), cut=cut)
    case.drop("empty", eth_ip(segment), cut=0)

    case.flow("udp6", A6, B6, 40000, 50000)
    case.flow("udp6 cut", A6, B6, 0, 0)
    datagram = udp(A6, B6, 40000, 50000)
    for cut, label in ((54, "udp6 cut"), (57, "udp6 cut"), (58, "udp6"), (62, "udp6")):
        case.ip(label, datagram, cut=cut)
    for cut in (14, 20, 53):
        case.drop("truncated_ip", eth_ip(datagram), cut=cut)

    case.flow("icmp", A4, B4, 0, 0, 1)
    for cut in (34, 35, 38):
        case.ip("icmp", ping(A4, B4), cut=cut)
    return case


def truncated_shims():
    case = Case("truncated-shims", "the snapshot length cuts inside what stands between Ethernet "
                "and IP, and inside IPv4 options and IPv6 extension headers.")
    packet = udp(A4, B4, 40000, 50000)
    for tags, kind, shim, cuts in (
            (b"\x81\0\0\x05", 0x0800, b"", (15, 17)),  # VLAN
            (b"", 0x8847, bytes.fromhex("00064040000c8140"), (15, 20)),  # two MPLS labels
            (b"", 0x8864, bytes.fromhex("11000001002f0021"), (16, 20)),  # PPPoE
            ):
        for cut in cuts:
            case.drop("truncated_l2", eth(kind, tags)(shim + packet), cut=cut)
    snap = MAC + struct.pack(">H", 8 + len(packet)) + bytes.fromhex("aaaa030000000800")
    case.drop("truncated_l2", snap + packet, cut=16)
    case.drop("truncated_l2", snap + packet, cut=20)

    # the addresses are there, the ports are behind options that are not
    case.flow("options", A4, B4, 0, 0)
    long_header = patched(ip(A4, B4, bytes(40) + packet[20:], proto=17), 0, b"\x4f")
    case.ip("options", long_header, cut=14 + 40)
    # which transport it is was not captured either
    case.flow("extension", A6, B6, 0, 0, None)
    case.ip("extension", ip(A6, B6, b"\x11\0\x01\x04\0\0\0\0" + udp(A6, B6, 1, 2)[40:], proto=0),
            cut=14 + 44)
    return case


# ---- lies ----

def lies_ipv4():
    case = Case("lies-ipv4", "IPv4 headers that lie: a total length longer than the frame, shorter "
                "than the header, 0 (as segmentation offload leaves it: the rest of the frame "
                "counts), a header length that is too small (dropped) or goes beyond the packet, "
                "another version (dropped). Bytes are counted as stated.")
    good = udp(A4, B4, 40000, 50000)
    case.flow("ports", A4, B4, 40000, 50000)
    case.flow("no ports", A4, B4, 0, 0)
    for label, stated in (("ports", 1000), ("ports", 65535), ("ports", 28), ("ports", 24),
                          ("no ports", 22), ("no ports", 20), ("no ports", 19), ("no ports", 4)):
        case.ip(label, patched(good, 2, stated.to_bytes(2, "big")), n=stated)
    case.ip("ports", patched(good, 2, b"\0\0"))
    # padding of Ethernet is not of the packet
    short = udp(A4, B4, 40000, 50000, b"x")
    case.ip("ports", short, lambda p: eth_ip(p) + bytes(17))
    case.ip("ports", patched(short, 2, b"\0\0") + bytes(17))
    # 60 bytes of header in a packet of 45
    case.ip("no ports", patched(good, 0, b"\x4f"))
    for first in (0x44, 0x40):
        case.drop("bad_ip_header", eth_ip(patched(good, 0, bytes([first]))))
    for first in (0x55, 0x05, 0xF5):
        case.drop("bad_ip_version", eth(0x0800)(patched(good, 0, bytes([first]))))
    return case


def lies_ipv6():
    case = Case("lies-ipv6", "IPv6 headers that lie: a payload length longer than the frame or "
                "shorter than the transport, extension headers that go beyond the packet, another "
                "version (dropped). Bytes are 40 and the stated payload length.")
    good = udp(A6, B6, 40000, 50000)
    case.flow("ports", A6, B6, 40000, 50000)
    case.flow("no ports", A6, B6, 0, 0)
    for label, stated in (("ports", 1000), ("ports", 65535), ("ports", 8), ("ports", 4),
                          ("no ports", 2)):
        case.ip(label, patched(good, 4, stated.to_bytes(2, "big")), n=40 + stated)
    # hop-by-hop, routing and destination headers of 2048 bytes: each is all that can be known
    for number in (0, 43, 60):
        case.flow(f"extension {number}", A6, B6, 0, 0, number)
        case.ip(f"extension {number}",
                ip(A6, B6, b"\x11\xff" + bytes(6) + good[40:], proto=number))
    for first in (0x50, 0x00):
        case.drop("bad_ip_version", eth(0x86DD)(patched(good, 0, bytes([first]))))
    return case


def lies_l4():
    case = Case("lies-l4", "transport headers that lie inside sound IP: a UDP length that is too "
                "long, too short or 0, a TCP data offset below 5 or beyond the packet, a transport "
                "shorter than its header. Each packet has its flow, with the ports that it has.")
    case.flow("udp", A4, B4, 40000, 50000)
    case.flow("tcp", A4, B4, 40000, 50000, 6)
    case.flow("tcp6", A6, B6, 40000, 50000, 6)
    good = udp(A4, B4, 40000, 50000)
    for stated in (0, 1, 7, 8, 9, 1000, 65535):
        case.ip("udp", patched(good, 24, stated.to_bytes(2, "big")))
    segment = tcp(A4, B4, 40000, 50000, "A", data=HELLO)
    segment6 = tcp(A6, B6, 40000, 50000, "A", data=HELLO)
    for offset in (0x00, 0x40, 0xA0, 0xF0):
        case.ip("tcp", patched(segment, 32, bytes([offset])))
        case.ip("tcp6", patched(segment6, 52, bytes([offset])))
    for number, label in ((17, "udp"), (6, "tcp")):
        case.ip(label, ip(A4, B4, good[20:24], proto=number))  # the ports and no more
    for number in (6, 17, 132, 1, 58):
        case.flow(f"short {number}", A4, B4, 0, 0, number)
        case.ip(f"short {number}", ip(A4, B4, b"\x9c\x40\xc3", proto=number))
        case.ip(f"short {number}", ip(A4, B4, b"", proto=number))
    return case


def lies_shims():
    case = Case("lies-shims", "lengths that lie below IP are not believed: a PPPoE length and an "
                "802.3 length that are too short or too long change nothing.")
    case.flow("a", A4, B4, 40000, 50000)
    packet = udp(A4, B4, 40000, 50000)
    for length in (2, 1400):
        case.ip("a", packet, lambda p, n=length: eth(0x8864)(
            struct.pack(">BBHHH", 0x11, 0, 1, n, 0x0021) + p))
    snap = MAC + (1500).to_bytes(2, "big") + bytes.fromhex("aaaa030000000800")
    case.ip("a", packet, lambda p: snap + p)
    case.tshark("it believes the shorter PPPoE length", -1, -len(packet))
    return case


def cases():
    return (truncated(), truncated_shims(), lies_ipv4(), lies_ipv6(), lies_l4(), lies_shims())
