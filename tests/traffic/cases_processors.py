# SPDX-License-Identifier: BSD-3-Clause
"""Processors: what they say of connections, bursts, cuts and tunnels, by the packets themselves."""

import struct

from case import START_NS, Case, eth, eth_ip, rfc3339
from packets import A4, A6, B4, B6, ip, tcp, udp
from scapy.layers.inet import TCP
from scapy.packet import Raw

START_MS = START_NS // 10**6
SYN_OPTIONS = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]
ACK_OPTIONS = [("NOP", None), ("NOP", None), ("Timestamp", (2, 1))]
EMPTY = [0] * 8


def exactly(value):
    """A list in an expectation means one of its members."""
    return [value]


def segment(src, dst, ports, bits, seq, ack, data=b"", **fields):
    options = SYN_OPTIONS if "S" in bits else ACK_OPTIONS
    layer = TCP(sport=ports[0], dport=ports[1], flags=bits, seq=seq, ack=ack, options=options,
                window=fields.pop("window", 500))
    return ip(src, dst, layer / Raw(data) if data else layer, **fields)


def connection():
    case = Case("processors-tcp", "a TCP connection with options, a changing TTL and a handshake "
                "of 30 ms, over IPv4 and IPv6; one SYN without an answer, of which nothing is "
                "listed; a datagram.",
                options="--no-dpi --processors basicplus,tcprtt,pstats,phists,nettisa")
    for tag, (a, b) in enumerate(((A4, B4), (A6, B6))):
        port, base_s, v6 = 40001 + tag, 10 * tag, tag == 1
        there, back = (port, 80), (80, port)
        df = {} if v6 else {"flags": "DF"}
        header = 40 if v6 else 20
        sizes = [100, 1300, 50]
        times = [base_s + s for s in (0.040, 0.060, 0.100)]
        case.flow(str(tag), a, b, port, 80, 6, end_reason="end",
                  ttl=64, ttl_min=63, ttl_max=64, rev_ttl=57, rev_ttl_min=57, rev_ttl_max=57,
                  ip_flags=0 if v6 else 64, rev_ip_flags=0, tcp_window=64240, rev_tcp_window=65160,
                  tcp_options=1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8,
                  rev_tcp_options=1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8,
                  tcp_mss=1460, rev_tcp_mss=1460, tcp_syn_bytes=header + 40, tcp_rtt=30000,
                  ppi_pkt_lengths=exactly(sizes), ppi_pkt_flags=exactly([24, 24, 24]),
                  ppi_pkt_directions=exactly([1, -1, 1]),
                  ppi_pkt_times=exactly([START_MS + round(t * 1000) for t in times]),
                  s_phists_sizes=exactly([0, 0, 1, 1, 0, 0, 0, 0]),
                  d_phists_sizes=exactly([0, 0, 0, 0, 0, 0, 0, 1]),
                  s_phists_ipt=exactly([0, 0, 1, 0, 0, 0, 0, 0]), d_phists_ipt=exactly(EMPTY),
                  nts_min=0, nts_max=1300, nts_max_difftimes=40000)
        seq, ack = 2**32 - 1, 7000
        case.ip(str(tag), segment(a, b, there, "S", seq, 0, window=64240, **df), at=base_s)
        case.ip(f"-{tag}", segment(b, a, back, "SA", ack, 0, window=65160, ttl=57),
                at=base_s + 0.020)
        case.ip(str(tag), segment(a, b, there, "A", 0, ack + 1, **df), at=base_s + 0.030)
        case.ip(str(tag), segment(a, b, there, "PA", 0, ack + 1, bytes(100), ttl=63, **df),
                at=times[0])
        case.ip(f"-{tag}", segment(b, a, back, "PA", ack + 1, 100, bytes(1300), ttl=57),
                at=times[1])
        case.ip(str(tag), segment(a, b, there, "PA", 100, ack + 1301, bytes(50), **df),
                at=times[2])
        case.ip(str(tag), segment(a, b, there, "FA", 150, ack + 1301, **df), at=base_s + 0.101)
        case.ip(f"-{tag}", segment(b, a, back, "FA", ack + 1301, 151, ttl=57), at=base_s + 0.102)
    nothing = {k: exactly([]) for k in ("ppi_pkt_lengths", "ppi_pkt_times", "s_phists_sizes")}
    nothing.update({k: exactly(None) for k in ("tcp_rtt", "nts_mean", "tcp_mss")})
    case.flow("scan", A4, B4, 1, 2, 6, tcp_syn_bytes=40, **nothing)
    case.ip("scan", tcp(A4, B4, 1, 2, "S"), at=20)
    case.flow("datagram", A4, B4, 3, 4, ppi_pkt_lengths=exactly([9]),
              ppi_pkt_flags=exactly([0]), s_phists_sizes=exactly([1] + [0] * 7))
    case.ip("datagram", udp(A4, B4, 3, 4, data=bytes(9)), at=20)
    return case


def bursts():
    case = Case("processors-bursts", "bursts: three packets within less than a second each make "
                "one, two do not; packets without payload are not looked at.",
                options="--no-dpi --processors bstats")
    # start of the burst, packets, seconds between them
    groups = [(0, 3, 0.5), (10, 2, 0.1), (20, 4, 0.999)]
    real = [g for g in groups if g[1] >= 3]
    case.flow("a", A4, B4, 40001, 50000,
              sbi_brst_packets=exactly([n for _, n, _ in real]),
              sbi_brst_bytes=exactly([10 * n for _, n, _ in real]),
              sbi_brst_time_start=exactly([START_MS + 1000 * at for at, _, _ in real]),
              sbi_brst_time_stop=exactly(
                  [START_MS + round(1000 * (at + (n - 1) * step)) for at, n, step in real]),
              dbi_brst_packets=exactly([]), dbi_brst_time_stop=exactly([]))
    for start, n, step in groups:
        for i in range(n):
            case.ip("a", udp(A4, B4, 40001, 50000, data=bytes(10)), at=start + i * step)
            case.ip("-a", udp(B4, A4, 50000, 40001, data=b""), at=start + i * step)
    return case


def cuts():
    case = Case("processors-cuts", "every record tells of its own packets: processors begin anew "
                "with the next one of the flow after a cut by the active timeout, also when they "
                "were done with the one before.",
                options="--active-timeout 10 --processors pstats,mpls,basicplus")
    for i in range(2):
        case.flow(str(i), A4, B4, 40001, 50000, end_reason=("active", "forced")[i],
                  first=rfc3339(10 * i), mpls_label_1=16 + i, ttl_min=50 + i, ttl_max=60 + i,
                  ppi_pkt_lengths=exactly([20 + i] * 30))
        for n in range(40):
            stack = struct.pack(">I", (16 + i) << 12 | 1 << 8 | 64)
            case.ip(str(i), udp(A4, B4, 40001, 50000, data=bytes(20 + i), ttl=50 + i + n % 11),
                    lambda p, stack=stack: eth(0x8847)(stack + p), at=10 * i + n * 0.2)
    return case


def around():
    case = Case("processors-tunnel", "the addresses of the innermost tunnel, of both IP versions, "
                "told as the flow's forward direction saw them; labels around a tunnel and in it.",
                options="--no-dpi --tunnels --processors tunnel,mpls")
    inner = udp("198.51.100.1", "198.51.100.2", 1, 2)

    def add(label, packet, wrap=eth_ip, **more):
        case.flow(label, "198.51.100.1", "198.51.100.2", 1, 2, **more)
        case.ip(label, packet, wrap, n=len(inner), outer=len(packet))

    add("four", ip(A4, B4, inner, proto=4), tunnel_type="ipip", outer_src_ip=A4, outer_dst_ip=B4,
        mpls_label_1=exactly(None))
    keyed = struct.pack(">HHI", 0x2000, 0x0800, 5) + inner
    nested = ip(A6, B6, keyed, proto=47)
    add("nested", ip(A4, B4, nested, proto=41), tunnel_type="gre", tunnel_id=5, outer_src_ip=A6,
        outer_dst_ip=B6)
    stack = struct.pack(">I", 77 << 12 | 1 << 8 | 64)
    labelled = struct.pack(">HHI", 0x2000, 0x8847, 6) + stack + inner
    add("labelled", ip(A4, B4, labelled, proto=47), tunnel_type="gre", tunnel_id=6,
        outer_src_ip=A4, mpls_label_1=77)
    return case


def cases():
    yield from (connection(), bursts(), cuts(), around())
