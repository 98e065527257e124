# SPDX-License-Identifier: BSD-3-Clause
"""Small packets with fixed fields, in bytes, for the builders of cases (scapy fills checksums)."""

import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # "No route found" and the like

from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.packet import Raw  # noqa: E402

A4, B4 = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8::1", "2001:db8::2"
HELLO = b"hello, flow probe"


def is6(address):
    return ":" in address


def ip(src, dst, payload, proto=None, ttl=64, **fields):
    """An IP packet; `payload` a scapy layer, or bytes of the protocol `proto`."""
    layer = Raw(payload) if isinstance(payload, bytes) else payload
    if is6(src):
        number = {} if proto is None else {"nh": proto}
        return bytes(IPv6(src=src, dst=dst, hlim=ttl, **number, **fields) / layer)
    number = {} if proto is None else {"proto": proto}
    return bytes(IP(src=src, dst=dst, ttl=ttl, **{"id": 1, **number, **fields}) / layer)


def udp(src, dst, sport, dport, data=HELLO, **fields):
    return ip(src, dst, UDP(sport=sport, dport=dport) / Raw(data), **fields)


def tcp(src, dst, sport, dport, flags, seq=1, ack=1, data=b"", **fields):
    layer = TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack if "A" in flags else 0,
                window=65535)
    return ip(src, dst, layer / Raw(data) if data else layer, **fields)


def ping(src, dst, reply=False, ident=7, seq=1, data=HELLO):
    """ICMP echo of IPv4."""
    return ip(src, dst, ICMP(type=0 if reply else 8, id=ident, seq=seq) / Raw(data))
