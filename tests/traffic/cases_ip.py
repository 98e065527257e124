# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 and IPv6 as they should be: options, extension headers, fragments, transports."""

import struct

from scapy.layers.inet import ICMP, IPOption_NOP, IPOption_RR, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest
from scapy.layers.sctp import SCTP, SCTPChunkInit
from scapy.packet import Raw

from case import Case, eth
from packets import A4, A6, B4, B6, HELLO, ip, ping, tcp, udp


def ipv4_options():
    case = Case("ipv4-options", "IPv4 headers with options, up to the longest of 60 bytes: ports "
                "are read behind them.")
    record_route = IPOption_RR(routers=["0.0.0.0"] * 9)
    for tag, options in enumerate(([IPOption_NOP()] * 4, [record_route, IPOption_NOP()])):
        label, port = f"options-{tag}", 40000 + tag
        case.flow(label, A4, B4, port, 50000)
        case.ip(label, ip(A4, B4, UDP(sport=port, dport=50000) / Raw(HELLO), options=options))
        case.ip("-" + label, udp(B4, A4, 50000, port))
    return case


# ---- IPv6 extension headers ----

def fragment_header(next_header, offset, more, ident=99):
    return struct.pack(">BBHI", next_header, 0, offset | more, ident)


HOP, ROUTING, AUTH, DEST = 0, 43, 51, 60
EXTENSIONS = {  # what follows the next header byte
    HOP: bytes.fromhex("00010400000000"),  # PadN
    ROUTING: bytes([2, 4, 0, 0, 0, 0, 0]) + bytes.fromhex("20010db8") + bytes(11) + b"\x02",
    AUTH: bytes.fromhex("040000000000010000000100") + bytes(11),
    DEST: bytes.fromhex("00010400000000"),
}


def with_extensions(packet, *numbers):
    """The IPv6 packet with these extension headers in front of its transport."""
    payload, following = packet[40:], packet[6]
    for number in reversed(numbers):
        payload, following = bytes([following]) + EXTENSIONS[number] + payload, number
    return ip(A6, B6, payload, proto=following)


CHAINS = (("hop-by-hop", 41000, (HOP,)), ("routing", 41001, (ROUTING,)),
          ("destination", 41002, (DEST,)), ("auth", 41003, (AUTH,)),
          ("chain", 41004, (HOP, DEST, ROUTING, AUTH, DEST)))


def ipv6_extensions():
    case = Case("ipv6-extensions", "IPv6 extension headers: hop-by-hop, routing, destination "
                "options, authentication, a fragment header on a packet that is whole (RFC 6946), "
                "and all in a chain. Protocol and ports are those of the transport; no next header "
                "(59) is a flow of its own.")
    for label, port, numbers in CHAINS:
        case.flow(label, A6, B6, port, 50000)
        case.ip(label, with_extensions(udp(A6, B6, port, 50000), *numbers))
        case.ip("-" + label, udp(B6, A6, 50000, port))
    case.flow("atomic", A6, B6, 41005, 50000)
    whole = udp(A6, B6, 41005, 50000)[40:]
    case.ip("atomic", ip(A6, B6, fragment_header(17, 0, 0) + whole, proto=44))
    case.flow("none", A6, B6, proto=59)
    case.ip("none", ip(A6, B6, b"\x3b\0\x01\x04\0\0\0\0" + HELLO, proto=60))
    return case


# ---- fragments ----

def pieces4(packet, cuts):
    """The fragments of an IPv4 packet, its payload cut at `cuts` (multiples of 8)."""
    payload, src, dst = packet[20:], A4, B4
    bounds = [0, *cuts, len(payload)]
    return [ip(src, dst, payload[a:b], proto=packet[9], frag=a // 8, id=packet[5],
               flags="MF" if b < len(payload) else 0)
            for a, b in zip(bounds, bounds[1:])]


def pieces6(packet, cuts, ident):
    payload, proto = packet[40:], packet[6]
    bounds = [0, *cuts, len(payload)]
    return [ip(A6, B6, fragment_header(proto, a, b < len(payload), ident) + payload[a:b], proto=44)
            for a, b in zip(bounds, bounds[1:])]


def big(version, sport, ident):
    if version == 4:
        return pieces4(udp(A4, B4, sport, 50000, HELLO * 6, id=ident), (40, 80))
    return pieces6(udp(A6, B6, sport, 50000, HELLO * 6), (40, 80), ident)


def fragments(version):
    src, dst = (A4, B4) if version == 4 else (A6, B6)
    case = Case(f"fragments-ipv{version}", "a later fragment has the ports of its first one when "
                "that came before it; those that came earlier, without a first one, or long after "
                "it, are in a flow with ports 0. Overlapping fragments are metered as they are.")
    case.flow("order", src, dst, 40001, 50000)
    case.flow("early", src, dst, 0, 0)
    for piece in big(version, 40001, 1):
        case.ip("order", piece)
    # the last one overtakes the first: it has no ports yet, the middle one has
    case.flow("swapped", src, dst, 40002, 50000)
    first, middle, last = big(version, 40002, 2)
    case.ip("early", last)
    case.ip("swapped", first)
    case.ip("swapped", middle)
    # the first one never comes
    for piece in big(version, 40003, 3)[1:]:
        case.ip("early", piece)
    # two datagrams interleaved
    case.flow("one", src, dst, 40004, 50000)
    case.flow("two", src, dst, 40005, 50000)
    for one, two in zip(big(version, 40004, 4), big(version, 40005, 5)):
        case.ip("one", one)
        case.ip("two", two)
    overlapping(case, version, src, dst)
    # 20 s later nobody remembers the first one
    case.flow("late", src, dst, 40007, 50000)
    first, middle, _ = big(version, 40007, 7)
    case.ip("late", first, at=1)
    case.ip("early", middle, at=21)
    return case


def overlapping(case, version, src, dst):
    """A second fragment that overlaps the first by 8 bytes and claims other data for them."""
    case.flow("overlap", src, dst, 40006, 50000)
    if version == 4:
        datagram = udp(src, dst, 40006, 50000, HELLO * 4, id=6)[20:]
        rest = ip(src, dst, b"\xff" * 8 + datagram[40:], proto=17, id=6, frag=4)
        first = ip(src, dst, datagram[:40], proto=17, id=6, flags="MF")
    else:
        datagram = udp(src, dst, 40006, 50000, HELLO * 4)[40:]
        rest = ip(src, dst, fragment_header(17, 32, 0, 6) + b"\xff" * 8 + datagram[40:], proto=44)
        first = ip(src, dst, fragment_header(17, 0, 1, 6) + datagram[:40], proto=44)
    case.ip("overlap", first)
    case.ip("overlap", rest)


def fragments_same_id():
    case = Case("fragments-vlan", "two datagrams of one identification in two VLANs are not one: "
                "each later fragment has the ports of the first one of its own VLAN.")
    tags = {v: b"\x81\0" + v.to_bytes(2, "big") for v in (1, 2)}
    packets = {v: pieces4(udp(A4, B4, 40000 + v, 50000, HELLO * 6, id=9), (40, 80))
               for v in (1, 2)}
    for v in (1, 2):
        case.flow(str(v), A4, B4, 40000 + v, 50000, vlan=v)
    for i in range(3):
        for v in (1, 2):
            case.ip(str(v), packets[v][i], eth(0x0800, tags[v]))
    return case


# ---- transports ----

def sctp(src, dst, sport, dport):
    return ip(src, dst, SCTP(sport=sport, dport=dport) / SCTPChunkInit(
        init_tag=1, a_rwnd=65535, n_out_streams=1, n_in_streams=1, init_tsn=1))


def protocols():
    case = Case("protocols", "one flow of each kind of transport, in both directions: ports where "
                "there are any (TCP, UDP, SCTP), else 0. ICMP is keyed by its addresses: two echo "
                "identifiers, an answer and an error are one flow.")
    for a, b in ((A4, B4), (A6, B6)):
        v = "6" if ":" in a else "4"
        case.flow("tcp" + v, a, b, 40000, 50000, 6)
        case.ip("tcp" + v, tcp(a, b, 40000, 50000, "S"))
        case.ip("-tcp" + v, tcp(b, a, 50000, 40000, "SA"))
        case.flow("udp" + v, a, b, 40000, 50000, 17)
        case.ip("udp" + v, udp(a, b, 40000, 50000))
        case.ip("-udp" + v, udp(b, a, 50000, 40000))
        case.flow("sctp" + v, a, b, 40000, 50000, 132)
        case.ip("sctp" + v, sctp(a, b, 40000, 50000))
        case.ip("-sctp" + v, sctp(b, a, 50000, 40000))
    icmp(case)
    for number, what, body in ((2, "igmp", bytes.fromhex("1164ee9b00000000")),
                               (50, "esp", struct.pack(">II", 0x1234, 1) + bytes(32)),
                               (89, "ospf", bytes.fromhex("0201002c0a0000010000000000000000") +
                                bytes(28)),
                               (253, "experiment", HELLO)):
        case.flow(what, A4, B4, 0, 0, number)
        case.ip(what, ip(A4, B4, body, proto=number))
        case.ip("-" + what, ip(B4, A4, body, proto=number))
    case.flow("esp6", A6, B6, 0, 0, 50)
    case.ip("esp6", ip(A6, B6, struct.pack(">II", 0x1234, 1) + bytes(32), proto=50))
    # ports that are equal, and addresses that are: direction is that of the first packet
    case.flow("same ports", A4, B4, 5000, 5000)
    case.ip("same ports", udp(A4, B4, 5000, 5000))
    case.ip("-same ports", udp(B4, A4, 5000, 5000))
    case.flow("loop", A4, A4, 5001, 5002)
    case.ip("loop", udp(A4, A4, 5001, 5002))
    case.ip("-loop", udp(A4, A4, 5002, 5001))
    return case


def icmp(case):
    case.flow("icmp", A4, B4, 0, 0, 1, icmp_type=8, icmp_code=0)
    case.ip("icmp", ping(A4, B4, ident=7))
    case.ip("-icmp", ping(B4, A4, True, ident=7))
    case.ip("icmp", ping(A4, B4, ident=8))
    unreachable = ICMP(type=3, code=3) / Raw(udp(A4, B4, 40000, 50000)[:28])
    case.ip("-icmp", ip(B4, A4, unreachable))
    case.flow("icmp6", A6, B6, 0, 0, 58, icmp_type=128, icmp_code=0)
    case.ip("icmp6", ip(A6, B6, ICMPv6EchoRequest(id=7, data=HELLO)))
    case.ip("-icmp6", ip(B6, A6, ICMPv6EchoReply(id=7, data=HELLO)))


def cases():
    return (ipv4_options(), ipv6_extensions(), fragments(4), fragments(6), fragments_same_id(),
            protocols())
