# SPDX-License-Identifier: BSD-3-Clause
"""File formats, link types and what may stand between a link header and IP."""

import struct

import tracefile
from case import MAC, Case, eth, eth_ip, rfc3339
from packets import A4, A6, B4, B6, HELLO, ping, tcp, udp


def dialogue(case, wrap4, wrap6, interface=0, tag=0):
    """A datagram and its answer over IPv4 and over IPv6: four packets, two flows."""
    for label, a, b, wrap in ((f"v4-{tag}", A4, B4, wrap4), (f"v6-{tag}", A6, B6, wrap6)):
        sport, dport = 40000 + tag, 50000 + tag
        case.flow(label, a, b, sport, dport, first=rfc3339(len(case.records) * 0.01 + 0.01),
                  last=rfc3339(len(case.records) * 0.01 + 0.02))
        case.ip(label, udp(a, b, sport, dport), wrap, interface=interface)
        case.ip("-" + label, udp(b, a, dport, sport, HELLO * 2), wrap, interface=interface)
    return case


def before(head):
    return lambda packet: head + packet


# ---- link types: (name, number, header of IPv4, header of IPv6, what it is) ----

def sll(ethertype):
    return struct.pack(">HHH6s2xH", 0, 1, 6, MAC[6:], ethertype)


def sll2(ethertype):
    return struct.pack(">HHIHBB6s2x", ethertype, 0, 3, 1, 4, 6, MAC[6:])


LINKS = (
    ("ethernet", 1, MAC + b"\x08\x00", MAC + b"\x86\xdd", "Ethernet, microseconds"),
    ("linux-sll", 113, sll(0x0800), sll(0x86DD), "Linux cooked capture (any device)"),
    ("linux-sll2", 276, sll2(0x0800), sll2(0x86DD), "Linux cooked capture version 2"),
    ("raw-101", 101, b"", b"", "raw IP, LINKTYPE_RAW"),
    ("raw-12", 12, b"", b"", "raw IP, as DLT_RAW of most systems is numbered"),
    ("loop", 108, b"\0\0\0\x02", b"\0\0\0\x18", "OpenBSD loopback: family in network order"),
    ("ppp", 9, b"\xff\x03\x00\x21", b"\xff\x03\x00\x57", "PPP with address and control"),
    ("ppp-serial", 50, b"\xff\x03\x00\x21", b"\xff\x03\x00\x57", "PPP in HDLC-like framing"),
)


def link_types():
    for name, number, head4, head6, what in LINKS:
        case = Case(f"link-{name}", f"a trace of link type {number}: {what}.", link=number)
        yield dialogue(case, before(head4), before(head6))


def link_null():
    case = Case("link-null", "BSD loopback: the address family has the byte order of the writer, "
                "and AF_INET6 another number on each system (10, 24, 28, 30); an unknown family "
                "(AF_UNIX) is dropped by name.", link=0)
    for tag, family in enumerate((10, 24, 28, 30)):
        dialogue(case, before(struct.pack("<I", 2)), before(struct.pack("<I", family)), tag=tag)
    dialogue(case, before(struct.pack(">I", 2)), before(struct.pack(">I", 30)), tag=4)
    case.drop("unsupported_link", struct.pack("<I", 1) + bytes(40))
    case.tshark("it does not know AF_INET6 of Linux (10) in a null header", -2, -147)
    return case


def link_ppp_short():
    case = Case("link-ppp-short", "PPP without address and control fields, and with its protocol "
                "in one byte (RFC 1661 6.5, 6.6); LCP is dropped by name.", link=9)
    dialogue(case, before(b"\x00\x21"), before(b"\x00\x57"), tag=0)
    dialogue(case, before(b"\x21"), before(b"\x57"), tag=1)
    case.drop("ppp_not_ip", bytes.fromhex("ff03c021") + bytes.fromhex("0101000405dc"))
    return case


# ---- files ----

def file_formats():
    both = (before(MAC + b"\x08\x00"), before(MAC + b"\x86\xdd"))
    yield dialogue(Case("file-pcap-big-endian", "a pcap file written on a big-endian machine.",
                        big=True), *both)
    yield dialogue(Case("file-gzip", "a trace compressed by gzip.", suffix="pcap.gz"), *both)
    yield dialogue(Case("file-zstd", "a trace compressed by zstd.", suffix="pcap.zst"), *both)
    yield dialogue(Case("file-pcapng-big-endian", "a big-endian pcapng file.", suffix="pcapng",
                        interfaces=[(1, 6)], big=True), *both)
    case = Case("file-empty", "a pcap file that holds its header only: no packet, no flow, no "
                "error.")
    yield case
    case = Case("file-truncated", "the last record ends before its bytes do, as in a trace of a "
                "program that was killed: what came before it is exported, one line says so, and "
                "the exit status is 0.", cut=20)
    dialogue(case, *both)
    case.drop("not counted", bytes(60))
    case.drops = {}
    case.expect["stderr"] = "input.pcap"
    yield case


def refused_files():
    """Files that cannot be read: one line that names the file, exit status 1, no record."""
    good = dialogue(Case("", ""), before(b""), before(b"")).records
    for name, why, content in (
            ("zero", "a file without a byte.", b""),
            ("text", "a file that is no capture.", b"# not a capture, but a page of text\n" * 9),
            ("header-cut", "a pcap file that ends inside its header.", tracefile.pcap(good)[:20]),
            ("link-unknown", "a link type that the probe does not know (USB).",
             tracefile.pcap(good, link=189)),
            ):
        case = Case("refused-" + name, why + " One line names the file, the exit status is 1, "
                    "nothing is exported.")
        case.refuse(content)
        yield case


def file_ns():
    """Times that only nanoseconds tell apart."""
    for name, more in (("file-pcap-ns", {"ns": True}),
                       ("file-pcapng-ns", {"suffix": "pcapng", "interfaces": [(1, 9)]})):
        case = Case(name, "times in nanoseconds come out in nanoseconds.", **more)
        case.flow("a", A4, B4, 40000, 50000, first=rfc3339(0.000000001), last=rfc3339(1.123456789))
        case.ip("a", udp(A4, B4, 40000, 50000), at=0.000000001)
        case.ip("-a", udp(B4, A4, 50000, 40000), at=1.123456789)
        yield case


def file_two_interfaces():
    case = Case("file-pcapng-interfaces", "two interfaces in one pcapng file, each with its own "
                "link type and resolution of time; their packets alternate.", suffix="pcapng",
                interfaces=[(1, 6), (101, 9)])
    case.flow("a", A4, B4, 40000, 50000, first=rfc3339(0.000001), last=rfc3339(0.300000007))
    case.flow("b", A6, B6, 40000, 50000)
    case.ip("a", udp(A4, B4, 40000, 50000), at=0.000001, interface=0)
    case.ip("b", udp(A6, B6, 40000, 50000), before(b""), at=0.1, interface=1)
    case.ip("-b", udp(B6, A6, 50000, 40000), at=0.2, interface=0)
    case.ip("-a", udp(B4, A4, 50000, 40000), before(b""), at=0.300000007, interface=1)
    return case


# ---- between Ethernet and IP ----

def vlan_tags(*ids, first=0x8100):
    return b"".join(struct.pack(">HH", 0x8100 if i else first, vid) for i, vid in enumerate(ids))


def vlan():
    case = Case("vlan", "VLAN tags: one, QinQ (802.1ad), four, a priority tag, and more than the "
                "bound. The outermost id keys the flow, so equal addresses in two VLANs are two "
                "flows; the inner ids do not.")
    stacks = (("one", vlan_tags(10), 10, 0), ("two", vlan_tags(20, 10, first=0x88A8), 20, 10),
              ("four", vlan_tags(30, 3, 2, 1), 30, 3), ("untagged", b"", 0, 0))
    for label, tags, vid, inner in stacks:
        case.flow(label, A4, B4, 40000, 50000, vlan=vid, vlan_inner=inner)
        case.ip(label, udp(A4, B4, 40000, 50000), eth(0x0800, tags))
        case.ip("-" + label, udp(B4, A4, 50000, 40000), eth(0x0800, tags))
    case.flow("six", A6, B6, 40000, 50000, vlan=10, vlan_inner=0)
    case.ip("six", udp(A6, B6, 40000, 50000), eth(0x86DD, vlan_tags(10)))
    # a priority tag has id 0 (priority 5 here): the flow is that of untagged packets
    case.ip("untagged", udp(A4, B4, 40000, 50000), eth(0x0800, vlan_tags(0xA000)))
    # another inner id, the priority bits set: still the flow of VLAN 20
    case.ip("two", udp(A4, B4, 40000, 50000), eth(0x0800, vlan_tags(0xE014, 11, first=0x88A8)))
    deep = udp(A4, B4, 40000, 50000)
    case.drop("vlan_depth", eth(0x0800, vlan_tags(*range(1, 13)))(deep))
    case.tshark("it has no bound on VLAN tags", 1, len(deep))
    return case


def mpls_labels(*labels):
    return b"".join(struct.pack(">I", label << 12 | (i == len(labels) - 1) << 8 | 64)
                    for i, label in enumerate(labels))


def mpls():
    case = Case("mpls", "MPLS with one label and with three, IPv4 and IPv6; a payload that is "
                "neither IP nor a frame, and more labels than the bound, are dropped by name.")
    for tag, labels in enumerate(((100,), (100, 200, 300))):
        stack = mpls_labels(*labels)
        dialogue(case, before(eth(0x8847)(stack)), before(eth(0x8847)(stack)), tag=tag)
    multicast = before(eth(0x8848)(mpls_labels(100)))
    dialogue(case, multicast, multicast, tag=2)
    case.drop("mpls_not_ip", eth(0x8847)(mpls_labels(100) + b"\x10\0\0\0" + bytes(40)))
    deep = udp(A4, B4, 1, 2)
    case.drop("mpls_depth", eth(0x8847)(mpls_labels(*range(16, 40)) + deep))
    case.tshark("it has no bound on MPLS labels", 1, len(deep))
    return case


def eompls():
    case = Case("mpls-ethernet", "Ethernet over MPLS, with the control word of RFC 4448 and "
                "without. The first IP header of the frame is inside, and keys the flow.")
    heads = (eth(0x8847)(mpls_labels(100) + bytes(4)), eth(0x8847)(mpls_labels(100, 200)))
    for tag, head in enumerate(heads):
        dialogue(case, before(head + MAC + b"\x08\x00"), before(head + MAC + b"\x86\xdd"), tag=tag)
    case.tshark("it must be told what a label carries", -case.ip_packets, -case.ip_bytes)
    return case


def pppoe():
    case = Case("pppoe", "PPPoE sessions with IPv4 and IPv6, in a VLAN too; discovery and LCP are "
                "dropped by name.")

    def session(protocol, tags=b""):
        return lambda p: eth(0x8864, tags)(
            struct.pack(">BBHHH", 0x11, 0, 1, len(p) + 2, protocol) + p)

    dialogue(case, session(0x0021), session(0x0057))
    case.flow("vlan", A4, B4, 40000, 50000, vlan=7)
    case.ip("vlan", udp(A4, B4, 40000, 50000), session(0x0021, vlan_tags(7)))
    case.drop("ppp_not_ip", session(0xC021)(bytes.fromhex("0901000c0102030400000000")))
    case.drop("pppoe_discovery", eth(0x8863)(bytes.fromhex("1109000000040101000000000000")))
    return case


def frame_802_3(payload):
    return MAC + struct.pack(">H", len(payload)) + payload


def llc_snap():
    case = Case("llc-snap", "802.3 frames: SNAP with IP is metered, what else LLC carries "
                "(spanning tree, IPX, a SNAP protocol of Cisco) is dropped by name.")

    def snap(ethertype):
        return lambda p: frame_802_3(b"\xaa\xaa\x03\0\0\0" + ethertype.to_bytes(2, "big") + p)

    dialogue(case, snap(0x0800), snap(0x86DD))
    case.drop("llc", frame_802_3(bytes.fromhex("424203") + bytes(35)))  # spanning tree
    case.drop("llc", frame_802_3(b"\xff\xff\x00\x1e" + bytes(30)))  # IPX without LLC
    case.drop("llc", frame_802_3(bytes.fromhex("aaaa0300000c2000") + bytes(20)))  # CDP
    return case


def not_ip():
    case = Case("not-ip", "frames that carry no IP: ARP, LLDP, an unknown EtherType, one without "
                "a byte captured. None makes a flow, each has a name.")
    arp = struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, MAC[6:], bytes([192, 0, 2, 1]),
                      bytes(6), bytes([192, 0, 2, 2]))
    case.drop("arp", eth(0x0806)(arp))
    case.drop("arp", eth(0x0806, vlan_tags(5))(arp + bytes(18)))
    case.drop("unsupported_ethertype", eth(0x88CC)(bytes.fromhex("0207040200000000010403"
                                                                  "0568656c6c060200780000")))
    case.drop("unsupported_ethertype", eth(0x88B5)(b"local experiment"))
    case.drop("empty", b"", wire=60)
    case.flow("a", A4, B4, 40000, 50000)
    case.ip("a", udp(A4, B4, 40000, 50000))
    return case


def bpf():
    case = Case("bpf", "`--bpf`: what the expression does not match is counted as filtered.",
                options="--bpf 'udp port 53'")
    case.flow("dns", A4, B4, 40000, 53)
    case.ip("dns", udp(A4, B4, 40000, 53))
    case.ip("-dns", udp(B4, A4, 53, 40000))
    others = (udp(A4, B4, 40000, 54), tcp(A4, B4, 40000, 53, "S"), ping(A4, B4))
    for packet in others:
        case.drop("filter", eth_ip(packet))
    case.tshark("the case filters", len(others), sum(map(len, others)))
    return case


def cases():
    yield from link_types()
    yield from (link_null(), link_ppp_short())
    yield from file_formats()
    yield from refused_files()
    yield from file_ns()
    yield from (file_two_interfaces(), vlan(), mpls(), eompls(), pppoe(), llc_snap(), not_ip(),
                bpf())
