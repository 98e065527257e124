# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels: the same trace keyed by its outer headers, and with --tunnels by its inner ones."""

import struct

from case import MAC, Case, eth_ip
from packets import A4, A6, B4, B6, HELLO, ip, tcp, udp

# inside: a datagram over IPv4, one over IPv6, each in a frame or bare
C4, D4 = "198.51.100.1", "198.51.100.2"
C6, D6 = "2001:db8:ffff::1", "2001:db8:ffff::2"
GRE, IPIP, SIX_IN_FOUR = 47, 4, 41
TUNNEL_DEPTH = 4  # how many the probe opens
ARP = MAC + b"\x08\x06" + bytes.fromhex("0001080006040001") + bytes(20)


def gre(kind, payload, key=None, seq=None, checksum=False):
    """RFC 2784 and 2890: checksum, key and sequence number where their bits say so."""
    flags = (0x8000 if checksum else 0) | (0x2000 if key is not None else 0) | \
        (0x1000 if seq is not None else 0)
    head = struct.pack(">HH", flags, kind)
    optional = (b"" if key is None else key.to_bytes(4, "big")) + \
        (b"" if seq is None else seq.to_bytes(4, "big"))
    if checksum:
        words = head + bytes(4) + optional + payload
        words += bytes(len(words) % 2)
        total = sum(struct.unpack(f">{len(words) // 2}H", words))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        head += struct.pack(">HH", ~total & 0xFFFF, 0)
    return head + optional + payload


def kind_of(packet):
    return 0x86DD if packet[0] >> 4 == 6 else 0x0800


def erspan2(frame):
    return gre(0x88BE, struct.pack(">HHI", 0x1000 | 10, 100, 3) + frame, seq=1)


def erspan3(frame, platform=False):
    tail = 1 if platform else 0
    head = struct.pack(">HHIHH", 0x2000 | 10, 100, 123456, 0, tail)
    return gre(0x22EB, head + (bytes(8) if platform else b"") + frame, seq=1)


def vxlan(frame, vni=42):
    return struct.pack(">II", 0x08000000, vni << 8) + frame


def vxlan_gpe(payload, following):
    """following: 1 IPv4, 2 IPv6, 3 Ethernet."""
    return struct.pack(">BHBI", 0x0C, 0, following, 42 << 8) + payload


def geneve(payload, kind, options=b""):
    return struct.pack(">BBHI", len(options) // 4, 0, kind, 42 << 8) + options + payload


GENEVE_OPTIONS = bytes.fromhex("01028001deadbeef" "0102030200000000" "11111111")


def gtpu(packet, extensions=b""):
    """Extension headers follow sequence number, N-PDU number and the type of the first one."""
    optional = struct.pack(">HB", 7, 0) + extensions if extensions else b""
    flags = 0x34 if extensions else 0x30
    return struct.pack(">BBHI", flags, 255, len(optional) + len(packet), 42) + optional + packet


# a PDU session container (0x85), then a PDCP PDU number (0xc0), then no more
GTPU_EXTENSIONS = b"\x85" + bytes.fromhex("01001fc0") + bytes.fromhex("01012300")


def l2tp(protocol, packet, length=False, sequence=False, offset=None):
    """RFC 2661: a data message with the optional fields that its bits announce."""
    flags = 0x0002 | (0x4000 if length else 0) | (0x0800 if sequence else 0) | \
        (0x0200 if offset is not None else 0)
    tail = struct.pack(">HH", 10, 20) + (struct.pack(">HH", 1, 2) if sequence else b"")
    if offset is not None:
        tail += struct.pack(">H", offset) + bytes(offset)
    tail += b"\xff\x03" + protocol.to_bytes(2, "big") + packet
    return struct.pack(">H", flags) + (struct.pack(">H", 4 + len(tail)) if length else b"") + tail


def capwap(frame):
    """RFC 5415 4.3: header of two words, radio 1, WBID 1, an 802.3 frame (T is 0)."""
    return bytes([0]) + struct.pack(">I", 2 << 19 | 1 << 14 | 1 << 9)[1:] + bytes(4) + frame


def teredo(packet, auth=False, origin=False):
    """RFC 4380 5.1.1: authentication, then origin indication, then IPv6."""
    head = bytes.fromhex("00010000") + bytes(8) + b"\0" if auth else b""
    return head + (bytes.fromhex("0000ffff") + bytes(4) if origin else b"") + packet


def over_ip(proto, src=A4, dst=B4):
    return lambda payload: ip(src, dst, payload, proto=proto)


def over_udp(dport, src=A4, dst=B4, sport=55555):
    return lambda payload: udp(src, dst, sport, dport, payload)


def frame(packet):
    return eth_ip(packet)


def bare(packet):
    return packet


def tunnels():
    """(label, what is around, how the inner packet is dressed, flow around): for each of them an
    IPv4 and an IPv6 datagram go in."""
    yield "gre", over_ip(GRE), lambda p: gre(kind_of(p), p), (GRE, 0, 0)
    yield "gre key seq checksum", over_ip(GRE), \
        lambda p: gre(kind_of(p), p, 42, 7, True), (GRE, 0, 0)
    yield "gre frame", over_ip(GRE), lambda p: gre(0x6558, frame(p), 42), (GRE, 0, 0)
    yield "erspan 2", over_ip(GRE), lambda p: erspan2(frame(p)), (GRE, 0, 0)
    yield "erspan 3", over_ip(GRE), lambda p: erspan3(frame(p)), (GRE, 0, 0)
    yield "erspan 3 platform", over_ip(GRE), lambda p: erspan3(frame(p), True), (GRE, 0, 0)
    yield "vxlan", over_udp(4789), lambda p: vxlan(frame(p)), (17, 55555, 4789)
    yield "vxlan-gpe", over_udp(4790), \
        lambda p: vxlan_gpe(p, 2 if p[0] >> 4 == 6 else 1), (17, 55555, 4790)
    yield "vxlan-gpe frame", over_udp(4790), lambda p: vxlan_gpe(frame(p), 3), (17, 55555, 4790)
    yield "geneve", over_udp(6081), \
        lambda p: geneve(frame(p), 0x6558, GENEVE_OPTIONS), (17, 55555, 6081)
    yield "geneve ip", over_udp(6081), lambda p: geneve(p, kind_of(p)), (17, 55555, 6081)
    yield "gtp-u", over_udp(2152, sport=2152), gtpu, (17, 2152, 2152)
    yield "gtp-u extensions", over_udp(2152, sport=2152), \
        lambda p: gtpu(p, GTPU_EXTENSIONS), (17, 2152, 2152)
    yield "l2tp", over_udp(1701, sport=1701), \
        lambda p: l2tp(0x57 if p[0] >> 4 == 6 else 0x21, p), (17, 1701, 1701)
    yield "l2tp length sequence offset", over_udp(1701, sport=1701), \
        lambda p: l2tp(0x57 if p[0] >> 4 == 6 else 0x21, p, True, True, 4), (17, 1701, 1701)
    yield "capwap", over_udp(5247), lambda p: capwap(frame(p)), (17, 55555, 5247)


def ip_in_ip():
    """(label, outer addresses, protocol): what has its IP version in its protocol number."""
    yield "ipip", A4, B4, 4
    yield "6in4", A4, B4, 6
    yield "4in6", A6, B6, 4
    yield "6in6", A6, B6, 6


class Both:
    """Adds each packet to the trace keyed outside and to the one keyed inside."""

    def __init__(self):
        self.outside = Case("tunnels-outer", "every tunnel that the probe knows, not opened: "
                            "without `--tunnels` flows are keyed by the outermost IP header.")
        self.inside = Case("tunnels-inner", "every tunnel that the probe knows, opened: with "
                           "`--tunnels` flows are keyed by the innermost IP header, and count its "
                           "bytes. What cannot be opened stays with the last header that could: "
                           "ARP inside, a header that lies, a fragment, more layers than the "
                           "bound.", options="--tunnels")
        self.port = 40000

    def outer_flow(self, label, src, dst, proto, sport, dport):
        for case in (self.outside, self.inside):
            case.flow(label, src, dst, sport, dport, proto)

    def add(self, outer_label, outer, inner_label, n):
        """A packet; n is the length of the innermost one."""
        self.outside.ip(outer_label, outer)
        self.inside.ip(inner_label, outer, n=n, outer=len(outer))

    def unopened(self, label, outer):
        self.add(label, outer, label, len(outer))

    def datagram(self, label, six):
        """A new inner flow, and its packet."""
        self.port += 1
        src, dst = (C6, D6) if six else (C4, D4)
        self.inside.flow(label, src, dst, self.port, 50000)
        return udp(src, dst, self.port, 50000)

    def prune(self):
        """Flows that no packet is in were declared for the other of the two traces."""
        for case in (self.outside, self.inside):
            case.flows = {k: f for k, f in case.flows.items() if f["packets"] + f["rev_packets"]}
        return self.outside, self.inside


def deep(both):
    """GRE in GRE in ...: four are opened, the fifth is what the flow is keyed by."""
    both.outside.flow("deep", "203.0.113.10", "203.0.113.20", 0, 0, GRE)
    both.inside.flow("too deep", f"203.0.113.{10 + TUNNEL_DEPTH}", f"203.0.113.{20 + TUNNEL_DEPTH}",
                     0, 0, GRE)
    for layers in (3, 4, 5, 6):
        label = f"deep {layers}"
        stack = [both.datagram(label, False)]  # from the innermost to the outermost
        for host in reversed(range(layers)):
            stack.append(ip(f"203.0.113.{10 + host}", f"203.0.113.{20 + host}",
                            gre(0x0800, stack[-1]), proto=GRE))
        if layers > TUNNEL_DEPTH:
            label = "too deep"
        both.add("deep", stack[-1], label, len(stack[max(layers - TUNNEL_DEPTH, 0)]))


def unopened(both):
    """Tunnels in which there is nothing that can be keyed."""
    both.outer_flow("vxlan unopened", A4, B4, 17, 55556, 4789)
    wrap = over_udp(4789, sport=55556)
    both.unopened("vxlan unopened", wrap(vxlan(ARP)))
    both.unopened("vxlan unopened", wrap(bytes(8) + frame(udp(C4, D4, 1, 2))))  # no I flag
    both.unopened("vxlan unopened", wrap(b"\x08\0\0"))  # shorter than its header
    both.outer_flow("gre unopened", "192.0.2.3", B4, GRE, 0, 0)
    wrap = over_ip(GRE, "192.0.2.3")
    both.unopened("gre unopened", wrap(gre(0x0800, b"\x42" + bytes(30))))  # header of 8 bytes
    both.unopened("gre unopened", wrap(gre(0x88B5, b"unknown payload")))
    both.outer_flow("gtp-u echo", A4, B4, 17, 2153, 2152)
    both.unopened("gtp-u echo", over_udp(2152, sport=2153)(bytes.fromhex("3201000400000000"
                                                                          "00010000")))
    both.outer_flow("ipip fragment", "192.0.2.4", B4, IPIP, 0, 0)
    both.unopened("ipip fragment", ip("192.0.2.4", B4, udp(C4, D4, 1, 2), proto=IPIP, flags="MF"))


def teredo_cases(both):
    """IPv6 only, from a client to a relay and back."""
    both.outer_flow("teredo", A4, B4, 17, 60000, 3544)
    for i, more in enumerate(({}, {"auth": True}, {"origin": True},
                              {"auth": True, "origin": True})):
        packet = both.datagram(f"teredo {i}", True)
        both.add("teredo", over_udp(3544, sport=60000)(teredo(packet, **more)), f"teredo {i}",
                 len(packet))


def two_ways(both):
    """Both directions of a tunnelled connection are one flow."""
    both.inside.flow("two ways", C4, D4, 45000, 80, 6)
    for back, flags, seq in ((False, "S", 1), (True, "SA", 1), (False, "A", 2), (False, "PA", 2)):
        src, dst, sport, dport = (D4, C4, 80, 45000) if back else (C4, D4, 45000, 80)
        packet = tcp(src, dst, sport, dport, flags, seq, 2, HELLO if "P" in flags else b"")
        outer = over_udp(4789, *((B4, A4) if back else (A4, B4)), sport=55557)(
            vxlan(frame(packet)))
        label = "two ways 2" if back else "two ways 1"
        if label not in both.outside.flows:
            both.outside.flow(label, *((B4, A4) if back else (A4, B4)), 55557, 4789)
        both.add(label, outer, "-two ways" if back else "two ways", len(packet))


def both_cases():
    both = Both()
    for label, around, dress, (proto, sport, dport) in tunnels():
        outer_label = f"outer {proto} {sport} {dport}"
        if outer_label not in both.outside.flows:
            both.outer_flow(outer_label, A4, B4, proto, sport, dport)
        for six in (False, True):
            inner_label = f"{label} {'6' if six else '4'}"
            packet = both.datagram(inner_label, six)
            both.add(outer_label, around(dress(packet)), inner_label, len(packet))
    for label, src, dst, version in ip_in_ip():
        proto = IPIP if version == 4 else SIX_IN_FOUR
        both.outer_flow("outer " + label, src, dst, proto, 0, 0)
        packet = both.datagram(label, version == 6)
        both.add("outer " + label, ip(src, dst, packet, proto=proto), label, len(packet))
    teredo_cases(both)
    deep(both)
    unopened(both)
    two_ways(both)
    return both.prune()


def cases():
    return both_cases()
