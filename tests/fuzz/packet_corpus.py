#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the seed corpus of packet_fuzz: one file a header that the parser knows.

usage: packet_corpus.py FOLDER
"""

import struct
import sys
from pathlib import Path

LINKS = ("ethernet", "raw", "null", "loop", "sll", "sll2", "ppp", "ppp_ether")
MACS = bytes.fromhex("020000000001020000000002")
TUNNELS = 0x80


def be16(*values):
    return struct.pack(f">{len(values)}H", *values)


def eth(ethertype, rest):
    return MACS + be16(ethertype) + rest


def tcp(data=b""):
    return struct.pack(">HHIIBBHHH", 1000, 80, 1, 2, 0x50, 0x18, 100, 0, 0) + data


def udp(src, dst, data=b"", length=None):
    return be16(src, dst, len(data) + 8 if length is None else length, 0) + data


def ipv4(protocol, data, ident=7, fragment=0, options=b""):
    return struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0,
                       20 + len(options) + len(data), ident, fragment, 64, protocol, 0,
                       bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])) + options + data


def ipv6(following, data):
    return (struct.pack(">IHBB", 0x60000000, len(data), following, 64)
            + bytes.fromhex("fd" + "00" * 14 + "01" + "fd" + "00" * 14 + "02") + data)


def ext(following, words=0):
    return bytes([following, words, 1, 4 + 8 * words]) + bytes(4 + 8 * words)


def frag6(following, offset, more):
    return bytes([following, 0]) + be16(offset << 3 | more) + bytes([0, 0, 0, 9])


def gre(ethertype, data, flags=0, optional=b""):
    return ipv4(47, be16(flags, ethertype) + optional + data)


INNER = ipv4(6, tcp(b"x"))
INNER_ETH = eth(0x0800, INNER)
INNER6 = ipv6(17, udp(5, 6, b"y"))
WLAN = bytes.fromhex("0801" + "0000" + "02" * 18 + "0000" + "aaaa030000000800")

# name: (link, packets)
PLAIN = {
    "tcp": ("ethernet", [eth(0x0800, ipv4(6, tcp(b"GET /")))]),
    "options": ("raw", [ipv4(17, udp(53, 53, b"q"), options=b"\x94\x04\0\0")]),
    "vlans": ("ethernet", [eth(0x88a8, be16(10, 0x8100, 20, 0x0800) + INNER)]),
    "mpls": ("ethernet", [eth(0x8847, bytes.fromhex("0001004000020140") + INNER)]),
    "eompls": ("ethernet", [eth(0x8847, bytes.fromhex("0002014000000001") + INNER_ETH)]),
    "pppoe": ("ethernet", [eth(0x8864, bytes.fromhex("1100000100640021") + INNER)]),
    "snap": ("ethernet", [eth(60, bytes.fromhex("aaaa030000000800") + INNER)]),
    "pbb": ("ethernet", [eth(0x88e7, bytes(4) + INNER_ETH)]),
    "trill": ("ethernet", [eth(0x22f3, bytes.fromhex("004400010002ffffffff") + INNER_ETH)]),
    "shims": ("ethernet", [
        eth(0x8926, be16(1, 2, 0x892f, 3, 4, 0x8909, 0x101, 1, 2, 0x0800) + INNER)]),
    "nsh": ("ethernet", [eth(0x894f, bytes.fromhex("0fc20103000001ff") + INNER_ETH)]),
    "arp": ("ethernet", [eth(0x0806, bytes(28))]),
    "null": ("null", [bytes([2, 0, 0, 0]) + INNER, bytes([0, 0, 0, 30]) + INNER6]),
    "loop": ("loop", [bytes([0, 0, 0, 2]) + INNER]),
    "sll": ("sll", [be16(0, 1, 6, 0, 0, 0, 0, 0x0800) + INNER]),
    "sll2": ("sll2", [be16(0x86dd) + bytes(18) + INNER6]),
    "ppp": ("ppp", [bytes.fromhex("ff030021") + INNER, bytes.fromhex("0f000800") + INNER]),
    "ppp_ether": ("ppp_ether", [bytes.fromhex("1100000100640057") + INNER6]),
    "ipv6_chain": ("raw", [ipv6(0, ext(60) + ext(43, 1) + ext(6) + tcp())]),
    "icmp": ("raw", [
        ipv4(1, bytes.fromhex("08000000abcd0001")), ipv6(58, bytes([128]) + bytes(7))]),
    "sctp": ("raw", [ipv4(132, be16(1, 2) + bytes(12))]),
    "dccp": ("raw", [ipv4(33, be16(1, 2, 0x0400) + bytes(10))]),
    "fragments": ("raw", [
        ipv4(17, udp(1000, 53, bytes(8), 80), fragment=0x2000),
        ipv4(17, bytes(16), fragment=0x2002), ipv4(17, bytes(32), fragment=0x0004)]),
    "fragments6": ("raw", [
        ipv6(44, frag6(60, 0, 1) + ext(17) + udp(1000, 53, bytes(8), 80)),
        ipv6(44, frag6(60, 4, 0) + bytes(16))]),
}

TUNNELLED = {
    "gre": gre(0x0800, INNER, 0xb000, bytes(12)),
    "gre_routes": gre(0x0800, INNER, 0x4000, bytes(4) + bytes.fromhex("080000040a00000100000000")),
    "pptp": gre(0x880b, be16(4 + len(INNER), 1, 0, 1) + bytes.fromhex("ff030021") + INNER, 0x3001),
    "erspan2": gre(0x88be, bytes(4) + be16(0x1005, 0x1123, 0, 0) + INNER_ETH, 0x1000),
    "erspan3": gre(0x22eb, bytes(4) + be16(0x2005, 1, 0, 0, 0, 1) + bytes(8) + INNER_ETH, 0x1000),
    "ipip": ipv4(4, INNER),
    "6in4": ipv4(41, INNER6),
    "vxlan": ipv4(17, udp(9, 4789, be16(0x0800, 0, 1, 0) + INNER_ETH)),
    "vxlan_gpe": ipv4(17, udp(9, 4790, be16(0x0c00, 1, 1, 0) + INNER)),
    "geneve": ipv4(17, udp(9, 6081, be16(0x0100, 0x6558, 1, 0, 1, 2) + INNER_ETH)),
    "gtpu": ipv4(17, udp(
        9, 2152, be16(0x34ff, len(INNER) + 8, 0, 1, 0, 0x85, 0x110, 0x100) + INNER)),
    "l2tp2": ipv4(17, udp(9, 1701, be16(0x4002, 12 + len(INNER), 1, 2, 0xff03, 0x0021) + INNER)),
    "l2tp3": ipv4(115, be16(0, 7, 1, 2) + INNER_ETH),
    "capwap": ipv4(17, udp(9, 5247, be16(0x0010, 0, 0, 0) + INNER_ETH)),
    "capwap_wlan": ipv4(17, udp(9, 5247, be16(0x0010, 0x0300, 0, 0) + WLAN + INNER)),
    "teredo": ipv4(17, udp(9, 3544, be16(1, 0) + bytes(9) + be16(0, 1, 2, 3) + INNER6)),
    "nested": gre(0x0800, gre(0x86dd, ipv6(17, udp(9, 4789, be16(0x0800, 0, 1, 0) + INNER_ETH)))),
}

# name: (transport, port of the server, (direction, payload)...); read by processors_fuzz
TALKS = {
    "http": (6, 80, (0, b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\n"
                        b"Referer: http://b/\r\n\r\n"),
             (1, b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: text/html\r\n"
                 b"Set-Cookie: id=1; Path=/\r\nSet-Cookie: n=2\r\n\r\nbody"),
             (0, b"POST /c HTTP/1.1\r\nHost: a.example\r\n\r\n"),
             (1, b"HTTP/1.1 100 Continue\r\n\r\n"), (1, b"HTTP/1.1 404 no\r\n\r\n")),
    "rtsp": (6, 554, (0, b"SETUP rtsp://a/b RTSP/1.0\r\nUser-Agent: x\r\n\r\n"),
             (1, b"RTSP/1.0 200 OK\r\nServer: s\r\nContent-Type: application/sdp\r\n\r\n")),
    "sip": (17, 5060, (0, b"INVITE sip:bob@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=1\r\n"
                          b"v: SIP/2.0/TCP b\r\nFrom: \"A\" <sip:a@a>;tag=1\r\nt: sips:b@b\r\n"
                          b"Call-ID: 1@a\r\nCSeq: 1 INVITE\r\nUser-Agent: x (y)\r\n\r\n"),
            (1, b"SIP/2.0 180 Ringing\r\nf: <sip:a@a>\r\ni: 1@a\r\nCSeq: 1 INVITE\r\n"
                b"To: <tel:1>\r\n\r\n")),
    "smtp": (6, 25, (1, b"220 mx ESMTP\r\n"), (0, b"EHLO client\r\n"), (1, b"250-mx\r\n250 x\r\n"),
             (0, b"MAIL FROM:<a@b>\r\n"), (1, b"250 ok\r\n"), (0, b"RCPT TO:<c@d>\r\n"),
             (1, b"550 SPAM\r\n"), (0, b"DATA\r\n"), (1, b"354 go\r\n"), (0, b"text\r\n.\r\n"),
             (0, b"STARTTLS\r\n"), (1, b"220 go\r\n")),
    "ssdp": (17, 1900, (0, b"NOTIFY * HTTP/1.1\r\nLOCATION: http://1.2.3.4:80/\r\nNT: urn:a:b\r\n"
                           b"SERVER: s\r\n\r\n"),
             (0, b"M-SEARCH * HTTP/1.1\r\nST: urn:c\r\nUSER-AGENT: u\r\n\r\n"),
             (0, b"NOTIFY * HTTP/1.1\r\nLOCATION: http://[::1]:8/\r\nNT: urn:d\r\n\r\n")),
    "mqtt": (6, 1883, (0, b"\x10\x0d\0\4MQTT\5\xc2\0\x3c\0\0\0"), (1, b"\x20\3\1\0\0"),
             (0, b"\x33\x07\0\3a/b\0\1\x30\x80\1\0\1c" + bytes(40)), (0, bytes(85)),
             (0, b"\xe0\0")),
}


def talk(transport, port, *said):
    """Packets of a flow, with sequence numbers that go on."""
    seq = [7, 9]
    for direction, data in said:
        ports = (40000, port)[::-1 if direction else 1]
        if transport == 6:
            segment = struct.pack(">HHIIBBHHH", *ports, seq[direction], 2, 0x50, 0x18, 100, 0, 0)
        else:
            segment = udp(*ports, data)[:8]
        seq[direction] += len(data)
        yield direction, ipv4(transport, segment + data)


def write_talk(folder, name, packets):
    data = bytes([LINKS.index("raw")])
    for direction, packet in packets:
        data += be16(len(packet)) + bytes([0, 2 + direction]) + packet
    (folder / name).write_bytes(data)


# hellos of TLS, and Initials of QUIC that hide them (v1; v2 in two halves, the second one first)
CLIENT_HELLO = bytes.fromhex(
    "0100004f03030000000000000000000000000000000000000000000000000000000000000000000002130101"
    "000024000000080006000003612e62001000050003026833003900000a0a0000002b0003020304")
SERVER_HELLO = bytes.fromhex("0200002e0303" + "00" * 35 + "130100" + "0006002b00020304")
QUIC_V1 = bytes.fromhex(
    "c400000001088394c8f03e51570802a1a200406cb459685d46f4119ac97da3278ca54c95c68877c3221010fe"
    "ab50171bb176bf6e9a2600b40c75e46e440b77597c1727fb11f4f774e80268f331e3ba7ea4dbd08b32083a51"
    "aa405bfdf9008cd55d41b47cda36b441acb419ee9efe8b549119be46bfa783a2714120b523e3decc")
QUIC_V2 = [bytes.fromhex(part) for part in (
    "da6b3343cf088394c8f03e51570802a1a200404422e190855ad1a2b1cbcff242c749cf43a27a8717cb4fccc1"
        "4dbc54a443244d41dc25b53c5b9f185dc050bb1063812cc51237417add6d5f38fcad6cb03eb077c134b6ea0b",
    "d86b3343cf088394c8f03e51570802a1a20040459ecd100dd4acde2e455e2932ded0ebf2ac191160f59125b0"
        "f080ea5a76504e72a38c3dae673977ef2b97e5089b8e3d307e6b0b99aad89cac6e870a65183a7a664408cdb4"
        "78")]


def tls_record(data):
    return b"\x16\x03\x01" + be16(len(data)) + data


def segment(seq, data):
    return ipv4(6, struct.pack(">HHIIBBHHH", 1000, 443, seq, 2, 0x50, 0x18, 100, 0, 0) + data)


def session(port, *payloads):
    return [ipv4(17, udp(1000, port, data)) for data in payloads]


def split(data, at):
    return [segment(1, data[:at]), segment(1 + at, data[at:])]


# name: (packets, their directions)
TWO_SIDED = {
    "tls": ([segment(1, tls_record(CLIENT_HELLO)), segment(1, tls_record(SERVER_HELLO))], "01"),
    "tls_split": (split(tls_record(CLIENT_HELLO[:30]) + tls_record(CLIENT_HELLO[30:]), 20)[::-1]
                  + split(tls_record(SERVER_HELLO), 30), "0011"),
    "quic": (session(443, QUIC_V1, bytes.fromhex("f0000000010002a1a208") + bytes(24),
                     bytes.fromhex("e0000000010002a1a20401020304") + QUIC_V1,
                     bytes.fromhex("8000000000000001020304"), b"\x40" + bytes(20)), "01110"),
    "quic_split": (session(443, *QUIC_V2), "00"),
    "wg": (session(51820, b"\1\0\0\0" + bytes(144), b"\2\0\0\0" + bytes(88),
                   b"\4\0\0\0" + bytes(28), b"\3\0\0\0" + bytes(60)), "0101"),
    "ovpn": (session(1194, b"\x38" + bytes(13), b"\x40" + bytes(25), b"\x28" + bytes(21),
                     b"\x20" + bytes(13) + b"\x16\0\0\0\0\1", b"\x48" + bytes(600)), "01000"),
    "ssa": (session(9, *[bytes(60 + i % 4) for i in range(40)]), "01" * 20),
    "scitags": ([ipv6(17, udp(5, 6))[:1] + b"\x0a\x2a\x38" + ipv6(17, udp(5, 6))[4:]] * 2, "01"),
}


def write(folder, name, link, packets, flags):
    data = bytes([LINKS.index(link) | flags])
    for packet in packets:
        data += be16(len(packet)) + bytes([0, 1]) + packet
    (folder / name).write_bytes(data)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (link, packets) in PLAIN.items():
        write(folder, name, link, packets, 0)
    for name, packet in TUNNELLED.items():
        write(folder, "tunnel_" + name, "raw", [packet], TUNNELS)
    for name, said in TALKS.items():
        write_talk(folder, "talk_" + name, talk(*said))
    for name, (packets, directions) in TWO_SIDED.items():
        data = bytes([LINKS.index("raw")])
        for packet, direction in zip(packets, directions, strict=True):
            data += be16(len(packet)) + bytes([0, int(direction)]) + packet
        (folder / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
